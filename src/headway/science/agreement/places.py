"""Places that scored the same anchors: how each agrees with the agreed levels, and how they differ from one another.

Works on sums over the raters of one anchor, so that no row of any rater has to leave the place where it was given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science import sums
from headway.science.agreement.coefficients import PERCENT_MINIMUM
from headway.science.agreement.resampling import t_interval
from headway.science.estimates import USUAL_MINIMUM, Estimate

VERSION = 1
FEWEST_RATERS = 3
"""An anchor counts for a place where so many raters scored it."""
FEWEST_ANCHORS = 3
"""Below so many common anchors a difference would be about the one or two that were chosen."""
AGREED = "mean over raters of an anchor, errors of anchors added up"
APART = "difference over common anchors, raters drawn, errors of anchors added up"
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AnchorSums:
    """Sums over raters, one row for each place and anchor: whole numbers `task`, `place`, `anchor` (of all tasks), `raters`
    and `scores` (raters times criteria); `total` and `squares` of one value of each rater: the mean over the criteria."""

    task: NDArray[np.int64]
    place: NDArray[np.int64]
    anchor: NDArray[np.int64]
    raters: NDArray[np.int64]
    scores: NDArray[np.int64]
    total: Floats
    squares: Floats

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> AnchorSums:
        """Return columns of rows in the order of the fields."""
        table = np.array(rows, np.float64).reshape(-1, 7)
        task, place, anchor, raters, scores = table[:, :5].astype(np.int64).T
        return cls(task, place, anchor, raters, scores, table[:, 5], table[:, 6])

    def only(self, kept: NDArray[np.bool_]) -> AnchorSums:
        """Return the rows where `kept`."""
        return AnchorSums(*(getattr(self, name)[kept] for name in self.__slots__))

    def common(self) -> AnchorSums:
        """Return the rows of anchors that three raters scored in two places or more."""
        enough = self.only(self.raters >= FEWEST_RATERS)
        _, at, n = np.unique(enough.anchor, return_inverse=True, return_counts=True)
        return enough.only((n >= 2)[at.reshape(-1)])

    def variance(self) -> Floats:
        """Return the variance between the raters of each row."""
        left = self.squares - self.total**2 / self.raters
        # What is left of a sum of squares is zero to rounding where all raters gave the same.
        return np.where(left > 1e-9 * np.maximum(1.0, self.squares), left, 0.0) / (self.raters - 1)


@dataclass(frozen=True, slots=True)
class Apart:
    """One place on one task (None: on all): `severity`, by how many levels it gives less than all other places on the same
    anchors, below zero where it gives more; `flagged` where the interval leaves out zero. `anchors`, `raters` (most on
    one anchor) and `scores` behind it; the interval holds for all comparisons of the answer together (`comparisons`)."""

    task: int | None
    place: int
    severity: Estimate
    anchors: int
    raters: int
    scores: int
    comparisons: int
    flagged: bool


def agreed_share(rows: AnchorSums, *, confidence: float = 0.95) -> Estimate:
    """Return the share of scores that agree, of one place on several anchors, raters drawn and anchors as they are.

    Assumes raters of one anchor independent of each other. How one rater's scores of several anchors hang together is not in
    the sums: errors of anchors are added up, as if they hung together wholly, so that the interval covers at least as
    often as it says.

    Parameters: `rows` of one place, whose values are each rater's share of criteria; `confidence`, 0 to 1.
    Returns: `Estimate`, n in anchors. Withheld below 10 anchors (`under_10_pieces`, house definition 17) and where an anchor
    has fewer than three raters (`raters_too_few`). Where nothing varies between raters and all agree, or none: Clopper and
    Pearson's interval of the fewest raters.
    Source: Student's interval; degrees of freedom by Welch and Satterthwaite for errors that hang together wholly.
    When not to use: to say how a place would do on other anchors.

    >>> rows = AnchorSums.of([(0, 0, anchor, 4, 4, 3.0, 3.0) for anchor in range(10)])
    >>> found = agreed_share(rows)
    >>> found.value, [round(one, 2) for one in found.interval]
    (0.75, [0.0, 1.0])
    """
    n = len(rows.anchor)
    if n and int(rows.raters.min()) < FEWEST_RATERS:
        return Estimate(None, None, AGREED, n, reasons=("raters_too_few",))
    if n < PERCENT_MINIMUM:
        return Estimate(None, None, AGREED, n, reasons=("under_10_pieces",))
    value = float(rows.total.sum() / rows.raters.sum())
    weight = rows.raters / rows.raters.sum()
    error, degrees = _added(weight, np.sqrt(rows.variance() / rows.raters), rows.raters - 1.0)
    if error > 0:
        return Estimate(
            value, t_interval(value, error, degrees + 1, confidence, 0.0), AGREED, n, standard_error=error,
            confidence=confidence,
        )  # fmt: skip
    if value in (0.0, 1.0):
        fewest = int(rows.raters.min())
        return Estimate(
            value, sums.exact(value * fewest, fewest, confidence), AGREED, n, confidence=confidence
        )
    return Estimate(value, None, AGREED, n, reasons=("no_spread",))


def places_apart(rows: AnchorSums, *, false_alarm: float = 0.05) -> tuple[Apart, ...]:
    """Compare every place with all other places on the anchors that both scored, task by task and over all tasks.

    Assumes raters drawn at random from those of their place, each of one place; anchors and places are as they are. A rater's
    value is the mean departure from the agreed levels of an anchor: what is hard about an anchor is in both places.

    Parameters: `rows` of all places; `false_alarm`, the chance that anything at all is flagged where no place differs, at
    most: it is shared out evenly (Bonferroni) among the comparisons that can be told.
    Returns: one `Apart` for each place that scored a common anchor of a task, and for all tasks where there are several, in
    order; never in order of size. Withheld: `too_few_anchors` below three common anchors, `under_30_scores` on either side
    (house definition 16), `no_spread` without an interval where all raters gave the same.
    Source: Welch, Biometrika 34 (1947), on each anchor, others as strata by the raters that they have; errors of anchors are
    added up as in `agreed_share`. Anchors weigh by n m / (n + m) raters here and elsewhere.
    When not to use: to rank places, or to adjust a level.

    >>> rows = [(0, place, anchor, 12, 12, 6.0 * place, 9.0) for place in (0, 1) for anchor in range(5)]
    >>> [(one.place, one.severity.value, one.comparisons) for one in places_apart(AnchorSums.of(rows))]
    [(0, 0.5, 1), (1, -0.5, 1)]
    """
    shared = rows.common()
    tasks = np.unique(shared.task).tolist()
    parts: list[tuple[int | None, AnchorSums]] = [(task, shared.only(shared.task == task)) for task in tasks]
    if len(tasks) > 1:
        parts.append((None, shared))
    asked = [_Asked(task, part, place) for task, part in parts for place in np.unique(part.place).tolist()]
    # Of two places each is the other's other: one comparison, told twice.
    pairs = {id(part): len(np.unique(part.place)) == 2 for _, part in parts}
    comparisons = sum(0.5 if pairs[id(one.part)] else 1 for one in asked if not one.reasons)
    chance = 1 - false_alarm / max(1.0, comparisons)
    return tuple(one.answer(chance, math.ceil(comparisons)) for one in asked)


class _Asked:
    """One place beside all others on what both scored: per anchor the difference, its error and degrees of freedom."""

    def __init__(self, task: int | None, part: AnchorSums, place: int) -> None:
        self.task, self.part, self.place = task, part, place
        own = part.only(part.place == place)
        others = part.only((part.place != place) & np.isin(part.anchor, own.anchor))
        order = np.argsort(own.anchor, kind="stable")
        self.own = AnchorSums(*(getattr(own, name)[order] for name in AnchorSums.__slots__))
        at, n = np.searchsorted(self.own.anchor, others.anchor), len(order)
        self.elsewhere = np.bincount(at, others.raters, n)
        share = others.raters / self.elsewhere[at]
        spread = share**2 * others.variance() / others.raters
        mean = np.bincount(at, others.total, n) / self.elsewhere
        here = self.own.variance() / self.own.raters
        self.apart = mean - self.own.total / self.own.raters
        variance = here + np.bincount(at, spread, n)
        below = here**2 / (self.own.raters - 1) + np.bincount(at, spread**2 / (others.raters - 1), n)
        self.error = np.sqrt(variance)
        self.degrees = np.divide(variance**2, below, out=np.ones(n), where=below > 0)
        few = min(int(self.own.scores.sum()), int(others.scores.sum())) < USUAL_MINIMUM
        self.reasons = ("too_few_anchors",) if n < FEWEST_ANCHORS else ("under_30_scores",) if few else ()

    def answer(self, chance: float, comparisons: int) -> Apart:
        n = len(self.own.anchor)
        counts = (n, int(self.own.raters.max(initial=0)), int(self.own.scores.sum()), comparisons)
        if self.reasons:
            held = Estimate(None, None, APART, n, reasons=self.reasons)
            return Apart(self.task, self.place, held, *counts, flagged=False)
        weight = self.own.raters * self.elsewhere / (self.own.raters + self.elsewhere)
        weight = weight / weight.sum()
        value = float(weight @ self.apart)
        error, degrees = _added(weight, self.error, self.degrees)
        interval = t_interval(value, error, degrees + 1, chance, -math.inf, math.inf) if error > 0 else None
        found = Estimate(
            value, interval, APART, n, reasons=() if interval else ("no_spread",), standard_error=error, confidence=chance,
        )  # fmt: skip
        flagged = interval is not None and not interval[0] <= 0 <= interval[1]
        return Apart(self.task, self.place, found, *counts, flagged=flagged)


def _added(weight: ArrayLike, error: Floats, degrees: ArrayLike) -> tuple[float, float]:
    """Return the error of a weighted sum whose parts may hang together wholly, and its degrees of freedom."""
    parts = np.asarray(weight) * error
    total = float(parts.sum())
    if total <= 0:
        return 0.0, 1.0
    return total, float((total / (parts / np.sqrt(degrees)).sum()) ** 2)
