"""The shape of an answer about facets: what each element, each facet and the whole come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.ratings import Codes, Floats


@dataclass(frozen=True, slots=True)
class ElementEstimates:
    """One facet's elements, one entry for each: measures in logits, averages in units of the rating.

    A student's measure is higher for better work, that of any other element for harder: a severe rater, a difficult task.
    `count` and `total` are over all ratings, also those set aside. `extreme` is -1 or 1 where all ratings were lowest or
    highest. nan where not known: the measure of an element whose ratings were all set aside, the fit of an extreme one.
    """

    facet: str
    labels: tuple[str, ...]
    measure: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    count: Codes
    total: Floats
    observed_average: Floats
    fair_average: Floats
    infit: Floats
    infit_z: Floats
    outfit: Floats
    outfit_z: Floats
    extreme: NDArray[np.int8]
    anchored: NDArray[np.bool_]
    extra: Mapping[str, Floats] = field(default_factory=dict)
    """Students: `weighted_likelihood`, `weighted_likelihood_error`. Raters: `severity_levels`, `severity_levels_error`,
    `agreement`, `expected_agreement`, `compared` (pairs of ratings), `linked` (ratings of work that another rater scored too)."""


@dataclass(frozen=True, slots=True)
class FacetSummary:
    """How far a facet's elements can be told apart. `reliability` is that of separation, not agreement of raters.

    `deviation` of the measures (n - 1), `error` their root mean square standard error, `separation` true deviation over error,
    `strata` (4 separation + 1) / 3, `chi_square` of the hypothesis that all are equal, with `degrees` and `p`.
    """

    facet: str
    n: int
    mean: float
    deviation: float
    error: float
    separation: float
    strata: float
    reliability: float
    chi_square: float
    degrees: int
    p: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """One step into category `category` of a set (a task or criterion, "" for all); `count` of ratings in it."""

    of: str
    category: float
    count: int
    measure: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Population:
    """A normal population of students: by nested window or group, "" for all."""

    of: str
    n: int
    mean: float
    mean_error: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """Exact agreement of raters on the same work: `observed` and, under the model, `expected` share of `pairs`."""

    pairs: int
    observed: float
    expected: float

    @property
    def kappa(self) -> float:
        """Return (observed - expected) / (1 - expected): near 0 where raters agree as the model says."""
        return (self.observed - self.expected) / (1 - self.expected) if self.expected < 1 else np.nan


@dataclass(frozen=True, slots=True)
class Difference:
    """One rater in one window or group: how much more severe than in the rater's others, beside what all raters changed.

    In logits, with `levels` as the change of the expected rating of average work. `shrunken` pulls it to zero by the spread
    of all differences. `flagged` at the stated chance of a false alarm; `p_adjusted` is Holm's over all.
    """

    rater: str
    context: str
    count: int
    value: float
    standard_error: float
    low: float
    high: float
    shrunken: float
    levels: float
    p: float
    p_adjusted: float
    flagged: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Differences:
    """Drift (rater by window) or differential functioning (rater by group), with the test of all at once."""

    facet: str
    rows: tuple[Difference, ...]
    deviation: float
    chi_square: float
    degrees: int
    p: float
    false_alarm: float


@dataclass(frozen=True, slots=True)
class FacetsFit:
    """A fitted many-facet model. `interval` is the chance of all intervals; `reasons` say what a reader must know."""

    model: str
    estimator: str
    interval: float
    floating: str
    elements: Mapping[str, ElementEstimates]
    summaries: Mapping[str, FacetSummary]
    thresholds: tuple[Threshold, ...]
    populations: tuple[Population, ...]
    student_deviation: float
    student_deviation_error: float
    student_reliability: float
    agreement: Agreement | None
    differences: Mapping[str, Differences]
    log_likelihood: float
    parameters: int
    n: int
    used: int
    excluded: int
    converged: bool
    rounds: int
    residual: float
    reasons: tuple[str, ...]

    @property
    def method(self) -> str:
        """Return the name of the method."""
        words = "marginal maximum likelihood" if self.estimator == "marginal" else "joint maximum likelihood"
        return f"many-facet Rasch, {self.model}, {words}"
