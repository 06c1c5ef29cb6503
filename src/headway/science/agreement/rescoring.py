"""Everyday ratings scored a second time, blind: how many it takes to find inflation, and where it lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from headway.science.estimates import Estimate, EstimateRefused

VERSION = 1
SPREAD = 0.65
"""Deviation, in levels, of the difference between two ratings of one piece that is taken before there are data: two raters'
and two remainders' spread of definition 2, √(2 × (0.25² + 0.35²)) = 0.61, and rounding to whole levels."""
FEWEST = 10
_NORMAL = NormalDist()


def rescore_sample(
    inflation: float, *, deviation: float = SPREAD, false_alarm: float = 0.05, power: float = 0.8
) -> int:
    """Return how many pieces of a school must be scored again to find that its ratings are too high, or too low.

    Assumes differences that are roughly normal, one per piece, pieces drawn at random from the school's.

    Parameters: `inflation` to be found, levels, above 0; `deviation` of the differences, levels; `false_alarm`, the chance
    that a school without inflation is named, 0 to 1; `power`, the chance that one with it is, 0 to 1.
    Returns: pieces, 10 or more.
    Raises: `EstimateRefused("bad_plan")`.
    Source: Guenther, The American Statistician 35 (1981), 243: the normal sample size plus z² / 2 for Student's test.
    When not to use: where the same piece is scored by several; more pieces tell more than more scores.

    >>> rescore_sample(0.5), rescore_sample(0.25)
    (16, 55)
    """
    if not (inflation > 0 and deviation > 0 and 0 < false_alarm < 1 and 0 < power < 1):
        raise EstimateRefused("bad_plan", "Inflation and spread are above 0, chances between 0 and 1.")
    alarm, found = _NORMAL.inv_cdf(1 - false_alarm / 2), _NORMAL.inv_cdf(power)
    return max(FEWEST, math.ceil(((alarm + found) * deviation / inflation) ** 2 + alarm**2 / 2))


def findable_inflation(
    pieces: int, *, deviation: float = SPREAD, false_alarm: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest inflation, in levels, that so many pieces of a school find; the other way round of `rescore_sample`.

    Raises: `EstimateRefused("too_few_pieces")` below 10.

    >>> round(findable_inflation(16), 2), round(findable_inflation(100), 2)
    (0.49, 0.18)
    """
    alarm, found = _NORMAL.inv_cdf(1 - false_alarm / 2), _NORMAL.inv_cdf(power)
    if pieces < FEWEST:
        raise EstimateRefused("too_few_pieces", f"{pieces} pieces are too few; at least {FEWEST} are asked.")
    return (alarm + found) * deviation / math.sqrt(pieces - alarm**2 / 2)


@dataclass(frozen=True, slots=True)
class SchoolGap:
    """One school: `gap` of local above second ratings in levels, and `beside` what it differs by from all other schools;
    `flagged` where the gap's interval at the stated chance of a false alarm leaves out zero."""

    school: str
    gap: Estimate
    beside: Estimate
    flagged: bool


def school_gaps(
    local: ArrayLike,
    second: ArrayLike,
    school: Sequence[str],
    pieces: ArrayLike,
    *,
    false_alarm: float = 0.05,
) -> tuple[SchoolGap, ...]:
    """Compare local ratings with blind second ones, school by school.

    Assumes that pieces were drawn at random within each school and second raters did not know the first rating or the school.
    A piece counts once, with the mean of its differences.

    Parameters: `local` and `second`, levels per score; `school` and `pieces` (whole numbers) per score; `false_alarm`, the
    chance that one school without a gap is flagged: with many schools some will be.
    Returns: one `SchoolGap` per school in order of name, never of size; below 10 pieces withheld (`under_10_pieces`).
    Source: Student's interval over pieces; Welch's for the difference from the others; house definition 17 for the minimum.
    When not to use: to rank schools, or with pieces that somebody chose.

    >>> n = 24
    >>> found = school_gaps([3, 4] * n, [3, 3] * n, ["a"] * n + ["b"] * n, np.arange(2 * n) // 2)
    >>> found[0].gap.value, found[0].flagged, found[0].beside.reasons
    (0.5, True, ('no_spread',))
    """
    difference = np.asarray(local, np.float64) - np.asarray(second, np.float64)
    known, of = np.unique(np.asarray(pieces, np.int64), return_inverse=True)
    at = of.reshape(-1)
    means = np.bincount(at, difference, len(known)) / np.maximum(1, np.bincount(at, minlength=len(known)))
    owner = np.empty(len(known), object)
    owner[at] = np.asarray(school, object)
    return tuple(_gap(str(name), means[owner == name], means[owner != name], false_alarm)
                 for name in sorted(set(owner.tolist())))  # fmt: skip


def _gap(name: str, own: np.ndarray, rest: np.ndarray, false_alarm: float) -> SchoolGap:
    n = len(own)
    if n < FEWEST:
        held = Estimate(None, None, "mean difference over pieces", n, reasons=("under_10_pieces",))
        return SchoolGap(name, held, held, False)
    # Loaded here: planning a sample needs no beta function, and is asked by pages.
    from headway.science import sums

    chance = 1 - false_alarm
    found = sums.mean(n=n, total=float(own.sum()), squares=float(own @ own), chance=chance)
    gap = Estimate(
        found.value, found.interval, "mean difference over pieces, Student's interval", n, 0, found.reasons,
        confidence=chance,
    )  # fmt: skip
    flagged = found.interval is not None and not found.interval[0] <= 0 <= found.interval[1]
    beside = sums.mean_gap(_sums(own), _sums(rest), chance=chance)
    return SchoolGap(name, gap, beside, flagged)


def _sums(values: np.ndarray) -> dict[str, float]:
    return {"known": len(values), "total": float(values.sum()), "squares": float(values @ values)}
