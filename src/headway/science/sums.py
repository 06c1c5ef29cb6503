"""A group's figure from sums over its students: shares, rates and means, each with its interval.

Sums are what a table keeps of students: two groups that are added up give the figure of both, on one machine or many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scipy.special import betaincinv

from headway.science.estimates import Estimate, normal_quantile, t_quantile

VERSION = 1


def share(
    *, n: int, hits: float, chances: float, hits_hits: float, hits_chances: float, chances_chances: float,
    chance: float = 0.95,
) -> Estimate:  # fmt: skip
    """Return hits ÷ chances over students, with an interval for what other students of the same schools would show.

    Assumes students independent of each other; what one student has many of (targets) is not taken as independent.

    Parameters: `n` students with a chance; sums over them of `hits` (0 to chances), of `chances`, and of their squares and
    products; `chance`, coverage of the interval, between 0 and 1.
    Returns: `Estimate` in shares from 0 to 1; reasons `no_chance` and `one_student` (a value without an interval).
    Source: Korn and Graubard, Survey Methodology 24 (1998), 193-201: Clopper and Pearson's interval with the effective number
    of chances, from the linearized variance n ÷ (n - 1) × Σ(h - r c)² ÷ (Σc)², made smaller by the squared ratio of the normal
    and Student's quantile; never more than the chances themselves. Where all or none hit, the students are what is counted.
    When not to use: for schools as a sample of schools; here they are the schools.

    >>> found = share(n=4, hits=6, chances=8, hits_hits=10, hits_chances=12, chances_chances=16)
    >>> found.value, found.interval[0] < 0.75 < found.interval[1]
    (0.75, True)
    """
    method = "ratio over students, Korn-Graubard interval"
    found = _ratio(n, hits, chances, hits_hits, hits_chances, chances_chances)
    if found is None:
        return Estimate(None, None, method, n, reasons=("no_chance",))
    value, variance = found
    if n < 2:
        return Estimate(value, None, method, n, reasons=("one_student",))
    if value in (0.0, 1.0):
        size = float(n)
    else:
        size = min(chances, value * (1 - value) / variance if variance > 0 else n)
        size *= (normal_quantile(chance) / t_quantile(chance, n - 1)) ** 2
    low, high = exact(value * size, size, chance)
    return Estimate(value, (low, high), method, n)


def exact(hits: float, size: float, chance: float) -> tuple[float, float]:
    """Return Clopper and Pearson's interval of a share; `hits` and `size` need not be whole.

    Source: Clopper and Pearson, Biometrika 26 (1934), 404-413, by quantiles of the beta distribution.

    >>> tuple(round(x, 4) for x in exact(1, 10, 0.95))
    (0.0025, 0.445)
    """
    tail = (1 - chance) / 2
    low = 0.0 if hits <= 0 else float(betaincinv(hits, size - hits + 1, tail))
    high = 1.0 if hits >= size else float(betaincinv(hits + 1, size - hits, 1 - tail))
    return low, high


def rate(
    *, n: int, hits: float, chances: float, hits_hits: float, hits_chances: float, chances_chances: float,
    chance: float = 0.95,
) -> Estimate:  # fmt: skip
    """Return hits for each chance over students, which may pass 1, with Student's interval. Else as `share`.

    >>> rate(n=3, hits=9, chances=3, hits_hits=27, hits_chances=9, chances_chances=3).value
    3.0
    """
    method = "ratio over students, linearized, Student's interval"
    found = _ratio(n, hits, chances, hits_hits, hits_chances, chances_chances)
    if found is None:
        return Estimate(None, None, method, n, reasons=("no_chance",))
    value, variance = found
    if n < 2:
        return Estimate(value, None, method, n, reasons=("one_student",))
    half = t_quantile(chance, n - 1) * math.sqrt(variance)
    return Estimate(value, (max(0.0, value - half), value + half), method, n)


def _ratio(
    n: float, hits: float, chances: float, hits_hits: float, hits_chances: float, chances_chances: float
) -> tuple[float, float] | None:
    """Return a ratio over students with its linearized variance, which says nothing for one student; None without chances."""
    if n < 1 or chances <= 0:
        return None
    value = hits / chances
    spread = max(0.0, hits_hits - 2 * value * hits_chances + value * value * chances_chances)
    return value, n / max(1.0, n - 1) * spread / chances**2


def _average(n: float, total: float, squares: float) -> tuple[float, float] | None:
    """Return a mean over students with its variance, which says nothing for one student; None without a student."""
    if n < 1:
        return None
    value = total / n
    return value, max(0.0, squares - n * value * value) / max(1.0, n - 1) / n


def mean(*, n: int, total: float, squares: float, chance: float = 0.95) -> Estimate:
    """Return the mean over students with Student's interval, from their number, sum and sum of squares.

    Reasons `nobody_known` and `one_student`.

    >>> found = mean(n=4, total=10.0, squares=30.0)
    >>> found.value, [round(x, 3) for x in found.interval]
    (2.5, [0.446, 4.554])
    """
    method = "mean over students, Student's interval"
    found = _average(n, total, squares)
    if found is None:
        return Estimate(None, None, method, n, reasons=("nobody_known",))
    value, variance = found
    if n < 2:
        return Estimate(value, None, method, n, reasons=("one_student",))
    half = t_quantile(chance, n - 1) * math.sqrt(variance)
    return Estimate(value, (value - half, value + half), method, n)


def share_gap(one: Mapping[str, float], other: Mapping[str, float], *, chance: float = 0.95) -> Estimate:
    """Return the ratio of one group less that of another, a share or hits for each chance, with Student's interval.

    Assumes that no student is in both groups.

    Parameters: `one` and `other` hold `n`, `hits`, `chances`, `hits_hits`, `hits_chances`, `chances_chances`.
    Returns: `Estimate` in the ratio's unit, for shares -1 to 1; reasons `no_chance` and `one_student` where a group
    has too little.
    Source: variances of both linearized ratios added up; degrees of freedom by Satterthwaite.
    When not to use: without both levels beside it.

    >>> a = dict(n=40, hits=30, chances=40, hits_hits=30, hits_chances=30, chances_chances=40)
    >>> b = dict(n=40, hits=20, chances=40, hits_hits=20, hits_chances=20, chances_chances=40)
    >>> found = share_gap(a, b)
    >>> found.value, [round(x, 3) for x in found.interval]
    (0.25, [0.039, 0.461])
    """
    names = ("n", "hits", "chances", "hits_hits", "hits_chances", "chances_chances")
    parts = [_ratio(*(each[name] for name in names)) for each in (one, other)]
    method = "difference of two ratios over students, Student's interval"
    return _difference(parts, (one["n"], other["n"]), method, "no_chance", chance)


def mean_gap(one: Mapping[str, float], other: Mapping[str, float], *, chance: float = 0.95) -> Estimate:
    """Return the mean of one group less that of another, from `known`, `total` and `squares`, with Welch's interval.

    >>> found = mean_gap(dict(known=4, total=10.0, squares=30.0), dict(known=4, total=6.0, squares=10.0))
    >>> found.value
    1.0
    """
    parts = [_average(each["known"], each["total"], each["squares"]) for each in (one, other)]
    method = "difference of two means, Welch t interval"
    return _difference(parts, (one["known"], other["known"]), method, "nobody_known", chance)


def _difference(
    parts: Sequence[tuple[float, float] | None],
    sizes: tuple[float, float],
    method: str,
    empty: str,
    chance: float,
) -> Estimate:
    (one, other), n = parts, sum(sizes)
    if one is None or other is None:
        return Estimate(None, None, method, int(n), reasons=(empty,))
    value, variance = one[0] - other[0], one[1] + other[1]
    if min(sizes) < 2:
        return Estimate(value, None, method, int(n), reasons=("one_student",))
    if variance <= 0:
        return Estimate(value, None, method, int(n), reasons=("no_spread",))
    freedom = variance**2 / (one[1] ** 2 / (sizes[0] - 1) + other[1] ** 2 / (sizes[1] - 1))
    half = t_quantile(chance, freedom) * math.sqrt(variance)
    return Estimate(value, (value - half, value + half), method, int(n))
