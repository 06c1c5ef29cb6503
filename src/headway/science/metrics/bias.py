"""By how much a rule overstates or lags behind: printed beside it in the rule laboratory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

from headway.science.proficiency.parameters import Parameters
from headway.science.proficiency.registry import Rule

_NORMAL = NormalDist()


@cache
def expected_order_statistics(n: int) -> tuple[float, ...]:
    """Return the expected values of n sorted standard normal draws, largest first.

    Parameters: `n`, 1 to 100. Source: E[Z(k)] = ∫ z n C(n-1, k-1) Φ^(n-k) (1-Φ)^(k-1) φ dz, by the trapezoid
    rule on [-9, 9], which for such integrands is accurate to about 1e-12 (David & Nagaraja 2003, chapter 3).

    >>> [round(x, 4) for x in expected_order_statistics(2)]
    [0.5642, -0.5642]
    """
    steps = 3600
    width = 18 / steps
    points = [-9 + width * i for i in range(steps + 1)]
    below = [_NORMAL.cdf(z) for z in points]
    density = [_NORMAL.pdf(z) for z in points]
    return tuple(
        sum(
            z * n * math.comb(n - 1, k - 1) * p ** (n - k) * (1 - p) ** (k - 1) * d
            for z, p, d in zip(points, below, density, strict=True)
        )
        * width
        for k in range(1, n + 1)
    )


def selection_bias(best: int, of: int) -> float:
    """Return how many standard errors of one piece the mean of the `best` of `of` pieces overstates a steady
    student.

    Assumes a student whose true level does not move, and independent normal errors.
    Source: house definition 4.

    >>> round(selection_bias(1, 3), 2), round(selection_bias(2, 4), 2), round(selection_bias(3, 6), 2)
    (0.85, 0.66, 0.7)
    """
    return sum(expected_order_statistics(of)[:best]) / best


@dataclass(frozen=True, slots=True)
class Bias:
    """By how much a rule misses the present level of a student, over so many pieces; None where there is no figure.

    `luck`: overstatement of a steady student, in standard errors of one piece. `lag`: value less present level of a student
    who gains `step` levels with each piece and is rated without error, in levels; negative where the rule pulls down.
    """

    pieces: int
    step: float
    luck: float | None
    lag: float | None


def rule_bias(rule: Rule, chosen: Parameters, *, pieces: int, asked: int = 0, step: float = 0.25) -> Bias:
    """Return what bias a rule with its parameters carries over `pieces` pieces.

    Assumes a steady student with independent normal errors for `luck`, and a student whose level rises evenly for `lag`;
    the rule's own loop gives the lag.

    Parameters: `pieces`, 1 or more (above 100 taken as 100); `asked`, the pieces that the requirement asks for, which
    `best-n` without a number of its own takes; `step`, levels per piece.
    Returns: `Bias`; luck is exact for rules with weights that do not look at the levels (none), the median (none), the
    highest and the best n; no figure for rules that count how often a level was reached, or that fit a curve.
    Source: house definition 4.

    >>> from headway.science.proficiency.registry import parameters, rule
    >>> rule_bias(rule("mean"), parameters("mean"), pieces=4).lag
    -0.375
    >>> round(rule_bias(rule("highest"), parameters("highest"), pieces=3).luck, 2)
    0.85
    """
    n = min(max(pieces, 1), 100)
    best = min(getattr(chosen, "n", 0) or asked or n, n) if rule.key == "best-n" else 0
    if not (rule.linear or rule.key in ("highest", "best-n", "median")):
        return Bias(n, step, None, None)
    levels = [-step * (n - 1 - i) for i in range(n)]
    arguments = (best,) if best else rule.arguments(chosen)
    lag = rule.kernel(levels, [], 0, n, *arguments)
    luck = selection_bias(best or 1, n) if rule.key in ("highest", "best-n") else 0.0
    return Bias(n, step, luck, None if math.isnan(lag) else float(lag))
