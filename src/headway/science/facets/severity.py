"""What a rater's severity may add to a level: only upward, only where double scoring shows it, never by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from headway.science.facets.estimates import FacetsFit
from headway.science.facets.ratings import FacetsRefused

FEWEST_LINKED = 30
LARGEST_ERROR_LEVELS = 0.15


@dataclass(frozen=True, slots=True)
class SeverityAdjustment:
    """`value` is what may be added to a level, in levels, zero or more; `level` the level with it.

    `severity_levels` of the rater against the average one as estimated, `shrunken` toward zero with its `interval`; `n` linked
    ratings. `reasons` say why nothing is added: `not_linked`, `too_few_linked`, `too_uncertain`, `never_lowers`,
    `at_the_highest`.
    """

    value: float
    level: float
    severity_levels: float
    standard_error: float
    shrunken: float
    interval: tuple[float, float] | None
    n: int
    method: str
    reasons: tuple[str, ...]


def severity_adjustment(
    fit: FacetsFit,
    rater: str,
    level: float,
    *,
    blind: bool,
    highest: float = math.inf,
    fewest_linked: int = FEWEST_LINKED,
    largest_error_levels: float = LARGEST_ERROR_LEVELS,
) -> SeverityAdjustment:
    """Say what a severe rater's level would be from an average rater, for a person to decide.

    Assumes that raters are tied by blind double scoring of the same work. Shared students over time do not tie them: students
    grow.

    Parameters: `fit` with raters; `rater`, its label; `level` as given, in units of the rating; `blind`, whether the second
    scores were given without sight of the first; `highest` level there is; `fewest_linked` ratings of work that another rater
    scored too; `largest_error_levels`, largest standard error of the severity, in levels.
    Returns: `SeverityAdjustment`; `value` 0 with a reason wherever a condition fails.
    Raises: `FacetsRefused` `no_facet` without raters, `unknown_rater`.
    Source: house definition 16; shrinkage by the spread between raters (Efron & Morris 1975).
    When not to use: to edit the ledger, to lower a level already given, to decide alone, to rank teachers.

    >>> from headway.science.facets.fitting import facets
    >>> rated = {"student": list("aabbccddeeff"), "rater": ["x", "y"] * 6}
    >>> found = facets([1, 2, 2, 3, 3, 3, 1, 3, 3, 2, 2, 1], rated)
    >>> severity_adjustment(found, "x", 2, blind=True).reasons
    ('too_few_linked', 'too_uncertain')
    """
    if "rater" not in fit.elements:
        raise FacetsRefused("no_facet", "These ratings were fitted without raters.")
    raters = fit.elements["rater"]
    if rater not in raters.labels:
        raise FacetsRefused("unknown_rater", f"No rating names the rater {rater}.", [rater])
    at = raters.labels.index(rater)
    values, errors = raters.extra["severity_levels"], raters.extra["severity_levels_error"]
    value, error, linked = float(values[at]), float(errors[at]), int(raters.extra["linked"][at])
    usual = (raters.extreme == 0) & np.isfinite(values)
    spread = float(values[usual].var(ddof=1)) if usual.sum() > 1 else 0.0
    between = max(0.0, spread - float((errors[usual] ** 2).mean())) if usual.any() else 0.0
    share = between / (between + error**2) if between > 0 else 0.0
    shrunken, narrowed = value * share, error * math.sqrt(share)
    reasons = []
    if not blind or linked == 0:
        reasons.append("not_linked")
    elif linked < fewest_linked:
        reasons.append("too_few_linked")
    if not error <= largest_error_levels or raters.extreme[at] != 0:
        reasons.append("too_uncertain")
    if not reasons and shrunken <= 0:
        reasons.append("never_lowers")
    added = shrunken if not reasons else 0.0
    if level + added > highest:
        added = max(0.0, highest - level)
        reasons.append("at_the_highest")
    z = NormalDist().inv_cdf(0.5 + fit.interval / 2)
    interval = (shrunken - z * narrowed, shrunken + z * narrowed) if math.isfinite(error) else None
    return SeverityAdjustment(
        added, level + added, value, error, shrunken, interval, linked, fit.method, tuple(reasons)
    )
