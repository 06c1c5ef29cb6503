"""Generalizability: how much of the spread of scores is the students', the tasks', the raters', and what more of each would do.

Owns the grammar of designs, variance components by mean squares or restricted likelihood (G-study), and coefficients and error
variances for other numbers of tasks and raters (D-study). The components of a district's own study take the place of the
assumed ones behind every standard error of a level (`uncertainty.Components`).
"""

from headway.science.generalizability.components import Component, GStudy, g_study
from headway.science.generalizability.decision import DStudy, d_study
from headway.science.generalizability.design import Design

__all__ = ["Component", "DStudy", "Design", "GStudy", "d_study", "g_study"]
