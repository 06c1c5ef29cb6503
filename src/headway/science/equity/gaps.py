"""A gap between two groups: never without both levels, and never only at one cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from headway.science.equity.clusters import (
    LEAST_CLUSTERS,
    clustered_error,
    interval_of_means,
    jackknife_error,
    mean_left_out,
    means_by_cluster,
)
from headway.science.equity.shares import share, share_difference
from headway.science.estimates import Estimate, EstimateRefused, normal_quantile, t_quantile
from headway.science.prediction.areas import Area, area

VERSION = 1
MINIMUM = 10
"""Students of a group below which an answer carries the warning `small_group`."""
MEASUREMENT = "these students"
COHORTS = "schools and cohorts like these"


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap, reference less group, between both levels.

    `difference` in the unit of the values (shares: 0 to 1, times 100: percentage points); `reference` and `group` are the
    levels; `hedges_g` in pooled standard deviations (None for shares); `v` in standard deviations, whatever the cut;
    `about` says what the interval is about; `schools` counted, 0 where none are told; `pooled`, the difference between
    all students of both groups, where `difference` is one of school means.
    """

    difference: Estimate
    reference: Estimate
    group: Estimate
    v: Estimate
    hedges_g: Estimate | None
    about: str
    schools: int
    pooled: float


def gap(
    values: NDArray[np.float64],
    in_reference: NDArray[np.bool_],
    *,
    schools: NDArray[np.int64] | None = None,
    cut: float | None = None,
    chance: float = 0.95,
    minimum: int = MINIMUM,
) -> Gap:
    """Estimate the gap between a reference group and another: in shares where every value is 0 or 1, else in means.

    Assumes students drawn independently, or by school where `schools` are given.

    Parameters: `values`, shape (n,), levels or 0 and 1, nan = missing (left out and counted); `in_reference`, whether each
    student is of the reference group; `schools`, identifiers from 0, -1 = missing; `cut`, take the share at or above it
    instead of the mean (tolerance 1e-9); `chance`, coverage; `minimum`, students per group below which `small_group` warns.
    Returns: `Gap`. Without schools: shares by Newcombe's interval, means by Welch's. Below 10 schools: the plain mean over
    schools of the difference within each, t(G - 1); from 10 schools: all students, jackknife over schools, t(G - 1).
    Raises: `EstimateRefused("empty_group")` where a group has no value.
    Source: house definitions 10 and 11; V: Ho and Haertel (2006), Ho and Reardon (2012), JEBS 37:489.
    When not to use: to rank schools; to say what caused a gap.

    >>> found = gap(np.array([3.0, 4, 2, 3, 1, 2, 3, 2]), np.arange(8) < 4)
    >>> found.difference.value, round(found.v.value, 2), found.reference.value, found.group.value
    (1.0, 1.25, 3.0, 2.0)
    """
    known = ~np.isnan(values) if schools is None else ~np.isnan(values) & (schools >= 0)
    left_out = int(len(values) - known.sum())
    level, reference = values[known], in_reference[known]
    if not reference.any() or reference.all():
        raise EstimateRefused("empty_group", "A gap needs students of both groups.")
    places = area(level[reference], level[~reference])
    told = level if cut is None else (level >= cut - 1e-9).astype(np.float64)
    binary = bool(np.isin(told, (0.0, 1.0)).all())
    warned: tuple[str, ...] = ()
    if min(int(reference.sum()), int((~reference).sum())) < minimum:
        warned = ("small_group",)
    if schools is not None:
        index = np.unique(schools[known], return_inverse=True)[1]
        return _of_schools(told, reference, index, places, chance, left_out, binary, warned)
    a, b = told[reference], told[~reference]
    v = _v(places, places.variance, normal_quantile(chance), left_out, "DeLong on the normal scale")
    if binary:
        counts = int(a.sum()), len(a), int(b.sum()), len(b)
        found = share_difference(*counts, chance=chance)
        levels = share(counts[0], counts[1], chance=chance), share(counts[2], counts[3], chance=chance)
        return Gap(
            _with(found, left_out, warned), *levels, v, None, MEASUREMENT, 0, float(a.mean() - b.mean())
        )
    found = welch(a, b, chance=chance)
    g = hedges_g(a, b, chance=chance)
    levels = _mean(a, chance), _mean(b, chance)
    return Gap(_with(found, left_out, warned), *levels, v, g, MEASUREMENT, 0, float(a.mean() - b.mean()))


def welch(a: NDArray[np.float64], b: NDArray[np.float64], *, chance: float = 0.95) -> Estimate:
    """Estimate the difference of two means, first less second, by Welch's t interval.

    Assumes two independent groups; unequal spread is allowed.

    Parameters: `a`, `b`, shape (n,), finite, in one unit; `chance`, coverage.
    Returns: `Estimate`; no interval below two students a group (`one_student`) or without any spread (`no_spread`).
    Source: Welch (1947), Biometrika 34:28; degrees of freedom by Satterthwaite.
    When not to use: for students in schools; see `gap`.

    >>> found = welch(np.array([27.5, 21, 19, 23.6, 17]), np.array([27.1, 22, 20.8, 23.4, 23.4]))
    >>> round(found.value, 2), [round(x, 2) for x in found.interval]
    (-1.72, [-6.82, 3.38])
    """
    value, n = float(a.mean() - b.mean()), len(a) + len(b)
    method = "Welch t interval"
    if min(len(a), len(b)) < 2:
        return Estimate(value, None, method, n, reasons=("one_student",))
    parts = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    total = sum(parts)
    if total <= 0:
        return Estimate(value, None, method, n, reasons=("no_spread",))
    freedom = total**2 / (parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / (len(b) - 1))
    half = t_quantile(chance, freedom) * math.sqrt(total)
    return Estimate(value, (value - half, value + half), method, n)


def hedges_g(a: NDArray[np.float64], b: NDArray[np.float64], *, chance: float = 0.95) -> Estimate:
    """Estimate the difference of two means in pooled standard deviations, without small-sample bias.

    Assumes normal values of equal spread in both groups.

    Parameters: `a`, `b`, shape (n,), finite, in one unit; `chance`, coverage.
    Returns: `Estimate`; its interval is the exact one of the population's difference, by the noncentral t.
    Source: Hedges (1981), JES 6:107, equations 6e and 7; interval: Steiger and Fouladi (1997).
    When not to use: for shares, or where the groups' spreads differ much; see `v`.

    >>> found = hedges_g(np.array([1.0, 2, 3, 4]), np.array([2.0, 3, 4, 7]))
    >>> round(found.value, 3), [round(x, 3) for x in found.interval]
    (-0.732, [-2.275, 0.65])
    """
    freedom, n = len(a) + len(b) - 2, len(a) + len(b)
    method = "Hedges g, noncentral t interval"
    if freedom < 2:
        return Estimate(None, None, method, n, reasons=("one_student",))
    spread = pooled_deviation(a, b)
    if spread == 0:
        return Estimate(None, None, method, n, reasons=("no_spread",))
    d = float(a.mean() - b.mean()) / spread
    root = math.sqrt(len(a) * len(b) / n)
    low, high = _noncentral_t(d * root, freedom, chance)
    return Estimate(_unbiased(freedom) * d, (low / root, high / root), method, n)


def pooled_deviation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the pooled standard deviation of two groups.

    >>> pooled_deviation(np.array([1.0, 3.0]), np.array([2.0, 4.0])) == 2**0.5
    True
    """
    squares = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    return math.sqrt(squares / (len(a) + len(b) - 2))


def _unbiased(freedom: int) -> float:
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)


def _noncentral_t(t: float, freedom: int, chance: float) -> tuple[float, float]:
    """Return the noncentralities under which a t as large, or as small, is as rare as the tail.

    P(T <= t) is the mean of Φ(t s - noncentrality) over s, the root of a chi-square over its freedom, whose density is
    smooth: a sum over evenly spaced points is exact to about ten digits.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    reach = 9 / math.sqrt(2 * freedom)
    s = np.linspace(max(1e-9, 1 - reach), 1 + 1.5 * reach, 2001)
    density = (freedom - 1) * np.log(s) - freedom * s * s / 2
    weight = np.exp(density - density.max())
    weight /= weight.sum()
    far = 40 + 4 * abs(t)

    def end(wanted: float) -> float:
        return float(brentq(lambda nc: weight @ ndtr(t * s - nc) - wanted, t - far, t + far, xtol=1e-10))

    tail = (1 - chance) / 2
    return end(1 - tail), end(tail)


def _mean(values: NDArray[np.float64], chance: float) -> Estimate:
    value, interval = interval_of_means(values, chance)
    reasons = () if interval else ("one_student",)
    return Estimate(value, interval, "mean, t interval", len(values), reasons=reasons)


def _with(found: Estimate, left_out: int, warned: tuple[str, ...]) -> Estimate:
    return Estimate(
        found.value,
        found.interval,
        found.method,
        found.n,
        left_out,
        tuple(dict.fromkeys(warned + found.reasons)),
    )


def _v(places: Area, variance: float, quantile: float, left_out: int, method: str) -> Estimate:
    """Turn the chance that one of A stands above one of B into standard deviations: V = √2 Φ⁻¹(P)."""
    n = len(places.above) + len(places.under)
    if not 0 < places.value < 1:
        return Estimate(None, None, method, n, left_out, ("no_overlap",))
    at = NormalDist().inv_cdf(places.value)
    value = math.sqrt(2) * at
    if math.isnan(variance):
        return Estimate(value, None, method, n, left_out, ("one_student",))
    half = quantile * math.sqrt(2 * variance) / NormalDist().pdf(at)
    return Estimate(value, (value - half, value + half), method, n, left_out)


def _of_schools(
    level: NDArray[np.float64], reference: NDArray[np.bool_], index: NDArray[np.int64], places: Area,
    chance: float, left_out: int, binary: bool, warned: tuple[str, ...],
) -> Gap:  # fmt: skip
    """Estimate the gap of students who come in schools."""
    count, n = int(index.max()) + 1, len(level)
    pooled = float(level[reference].mean() - level[~reference].mean())
    sides = [(level[side], index[side]) for side in (reference, ~reference)]
    if count < LEAST_CLUSTERS:
        means = [means_by_cluster(values, at, count) for values, at in sides]
        found = _of_few(means, n, left_out, warned, chance)
        levels = [_of_means(each, len(side[0]), chance) for each, side in zip(means, sides, strict=True)]
        v = _v(places, math.nan, 0.0, left_out, "few schools: no interval")
        v = Estimate(
            v.value, None, v.method, v.n, left_out, ("few_schools",) if v.value is not None else v.reasons
        )
    else:
        quantile, left = t_quantile(chance, count - 1), [mean_left_out(*side, count) for side in sides]
        method = "all students, jackknife over schools, t(G - 1)"
        found = _jackknifed(pooled, left[0] - left[1], quantile, method, n, left_out, warned)
        levels = [
            _jackknifed(float(values.mean()), each, quantile, method, len(values), 0, ())
            for (values, _), each in zip(sides, left, strict=True)
        ]
        parts = np.empty(n)
        parts[reference] = (places.above - places.value) / len(places.above)
        parts[~reference] = (places.under - places.value) / len(places.under)
        v = _v(
            places,
            clustered_error(parts, index, count) ** 2,
            quantile,
            left_out,
            "DeLong by school, t(G - 1)",
        )
    g = None if binary else _scaled(found, level[reference], level[~reference])
    return Gap(found, levels[0], levels[1], v, g, COHORTS, count, pooled)


def _of_few(
    means: list[NDArray[np.float64]], n: int, left_out: int, warned: tuple[str, ...], chance: float
) -> Estimate:
    """Estimate a gap from school means: within schools that have both groups, or between schools that have one each."""
    both = ~np.isnan(means[0]) & ~np.isnan(means[1])
    if both.sum() >= 2:
        value, interval = interval_of_means((means[0] - means[1])[both], chance)
        one_sided = () if both.all() else ("schools_with_one_group_left_out",)
        method = "mean over schools of the difference within each, t(G - 1)"
        return Estimate(value, interval, method, n, left_out, warned + one_sided)
    a, b = (each[~np.isnan(each)] for each in means)
    found = welch(a, b, chance=chance)
    reasons = tuple("few_schools" if one == "one_student" else one for one in found.reasons)
    return Estimate(
        found.value, found.interval, "Welch t interval on school means", n, left_out, warned + reasons
    )


def _of_means(means: NDArray[np.float64], n: int, chance: float) -> Estimate:
    value, interval = interval_of_means(means[~np.isnan(means)], chance)
    reasons = () if interval else ("few_schools",)
    return Estimate(value, interval, "mean of school means, t(G - 1)", n, reasons=reasons)


def _jackknifed(
    value: float, left: NDArray[np.float64], quantile: float, method: str, n: int, left_out: int, warned: tuple[str, ...]
) -> Estimate:  # fmt: skip
    if np.isnan(left).any():
        return Estimate(value, None, method, n, left_out, (*warned, "one_school_has_the_group"))
    half = quantile * jackknife_error(left)
    return Estimate(value, (value - half, value + half), method, n, left_out, warned)


def _scaled(found: Estimate, a: NDArray[np.float64], b: NDArray[np.float64]) -> Estimate:
    """Put a difference and its interval into pooled standard deviations."""
    freedom, method = len(a) + len(b) - 2, "Hedges g, interval of the difference"
    spread = pooled_deviation(a, b) if freedom >= 2 else 0.0
    if spread == 0 or found.value is None:
        reason = "one_student" if freedom < 2 else "no_spread"
        return Estimate(None, None, method, found.n, found.excluded, (reason,))
    by = _unbiased(freedom) / spread
    interval = None if found.interval is None else (found.interval[0] * by, found.interval[1] * by)
    return Estimate(found.value * by, interval, method, found.n, found.excluded, found.reasons)


def narrowing(reference: tuple[float, float], group: tuple[float, float]) -> str:
    """Say in a code how a gap moved between two times, by what both levels did.

    Parameters: (earlier, later) level of the reference group and of the other, in one unit.
    Returns: `narrowed_as_the_lower_rose`, `narrowed_as_the_higher_fell`, `widened`, `turned` or `unchanged`.
    Source: house definition 10: a gap that narrows because the higher group fell is said in words.

    >>> narrowing((3.0, 2.6), (2.0, 2.0))
    'narrowed_as_the_higher_fell'
    """
    before, after = reference[0] - group[0], reference[1] - group[1]
    if before * after < 0:
        return "turned"
    if math.isclose(abs(before), abs(after), abs_tol=1e-9):
        return "unchanged"
    if abs(after) > abs(before):
        return "widened"
    higher, lower = (reference, group) if before > 0 else (group, reference)
    fell, rose = higher[0] - higher[1], lower[1] - lower[0]
    return "narrowed_as_the_higher_fell" if fell > rose else "narrowed_as_the_lower_rose"
