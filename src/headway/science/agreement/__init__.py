"""Agreement of raters: how often they agree, what is left of it beyond chance, and how sure that is.

Owns percent agreement, Cohen's, Light's, Conger's and Fleiss' kappa, Gwet's AC1 and AC2, Krippendorff's alpha and the intraclass
correlations, each with interval, chance agreement and prevalence. Units are collapsed to their distinct patterns first, so
that a million of them cost little more than a hundred. Leaves the severity of single raters to the many-facet model, and
the spread by task and rater to `generalizability`.
"""

from headway.science.agreement.alpha import krippendorff_alpha
from headway.science.agreement.coefficients import Agreement, fleiss_kappa, gwet_ac, percent_agreement
from headway.science.agreement.cohen import PairwiseKappa, cohen_kappa
from headway.science.agreement.conger import conger_kappa
from headway.science.agreement.intraclass import IntraclassCorrelation, icc
from headway.science.agreement.table import RatingTable

__all__ = [
    "Agreement", "IntraclassCorrelation", "PairwiseKappa", "RatingTable", "cohen_kappa", "conger_kappa", "fleiss_kappa",
    "gwet_ac", "icc", "krippendorff_alpha", "percent_agreement",
]  # fmt: skip
