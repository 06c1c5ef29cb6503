"""Comparative judgement: which of two pieces is better, asked many times, becomes a scale.

Owns the Bradley-Terry model with ties and order, its standard errors, the fit of judges, the reliability of the scale, and
which pairs to show next. Leaves rubric ratings to the many-facet model.
"""

from headway.science.comparative.comparisons import Comparisons
from headway.science.comparative.pairing import propose_pairs
from headway.science.comparative.reliability import split_half
from headway.science.comparative.scale import BradleyTerry, bradley_terry

__all__ = ["BradleyTerry", "Comparisons", "bradley_terry", "propose_pairs", "split_half"]
