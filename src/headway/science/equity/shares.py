"""Shares and differences of shares, with score intervals, which stay inside 0 to 1 and hold for small groups."""

from __future__ import annotations

import math

from headway.science.estimates import Estimate, EstimateRefused, normal_quantile


def share(affected: int, n: int, *, chance: float = 0.95) -> Estimate:
    """Estimate a share with Wilson's score interval.

    Assumes independent students.

    Parameters: `affected` of `n` students, 0 to n; `chance`, coverage of the interval.
    Returns: `Estimate`, 0 to 1; no value for an empty group (`empty_group`).
    Raises: `EstimateRefused("not_a_count")` where `affected` lies outside 0 to n.
    Source: Wilson (1927), JASA 22; Newcombe (1998), Statistics in Medicine 17:857, method 3.
    When not to use: for students in few schools, whose outcomes go together.

    >>> found = share(81, 263)
    >>> [round(x, 4) for x in found.interval]
    [0.2553, 0.3662]
    """
    _check(affected, n)
    if n == 0:
        return Estimate(None, None, "Wilson score interval", 0, reasons=("empty_group",))
    return Estimate(affected / n, wilson(affected, n, chance), "Wilson score interval", n)


def wilson(affected: float, n: float, chance: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share; exactly 0 or 1 at the ends.

    >>> wilson(0, 20, 0.95)[0], round(wilson(0, 20, 0.95)[1], 4)
    (0.0, 0.1611)
    """
    z = normal_quantile(chance)
    p = affected / n
    middle = 2 * n * p + z * z
    spread = z * math.sqrt(z * z + 4 * n * p * (1 - p))
    low = 0.0 if affected == 0 else (middle - spread) / (2 * (n + z * z))
    high = 1.0 if affected == n else (middle + spread) / (2 * (n + z * z))
    return low, high


def share_difference(affected: int, n: int, other: int, other_n: int, *, chance: float = 0.95) -> Estimate:
    """Estimate the difference of two shares, first less second, with Newcombe's interval.

    Assumes two independent groups of independent students.

    Parameters: `affected` of `n` in the first group, `other` of `other_n` in the second; `chance`, coverage.
    Returns: `Estimate`, -1 to 1 (times 100: percentage points); no value where a group is empty (`empty_group`).
    Raises: `EstimateRefused("not_a_count")` where a count lies outside its group.
    Source: Newcombe (1998), Statistics in Medicine 17:873, method 10, the hybrid of two Wilson intervals.
    When not to use: without both shares beside it; see `gaps.share_gap`.

    >>> found = share_difference(56, 70, 48, 80)
    >>> round(found.value, 4), [round(x, 4) for x in found.interval]
    (0.2, [0.0524, 0.3339])
    """
    _check(affected, n)
    _check(other, other_n)
    method = "Newcombe hybrid score interval"
    if n == 0 or other_n == 0:
        return Estimate(None, None, method, n + other_n, reasons=("empty_group",))
    p, q = affected / n, other / other_n
    (p_low, p_high), (q_low, q_high) = wilson(affected, n, chance), wilson(other, other_n, chance)
    low = p - q - math.hypot(p - p_low, q_high - q)
    high = p - q + math.hypot(p_high - p, q - q_low)
    return Estimate(p - q, (low, high), method, n + other_n)


def _check(affected: int, n: int) -> None:
    if not 0 <= affected <= n:
        raise EstimateRefused("not_a_count", f"{affected} of {n} is not a count of students within a group.")
