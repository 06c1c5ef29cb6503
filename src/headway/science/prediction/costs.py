"""What an effect costs: a ratio with Fieller's interval, and none where the effect is not shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import Estimate, EstimateRefused, t_quantile

VERSION = 1
MINIMUM = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CostEffectiveness:
    """Cost per unit of effect, with both parts. The ratio has no value where the effect's interval meets 0
    (`not_shown_to_work`) or lies below it (`works_against`); `ratio_seen` is then still the plain quotient."""

    ratio: Estimate
    cost: Estimate
    effect: Estimate
    ratio_seen: float | None


def cost_effectiveness(
    cost: Floats,
    effect: Floats,
    *,
    compared_cost: Floats | None = None,
    compared_effect: Floats | None = None,
    chance: float = 0.95,
) -> CostEffectiveness:
    """Estimate what one unit of effect costs, beyond what a comparison group costs and gains where there is one.

    Assumes independent units; cost and effect of a unit may go together.

    Parameters: `cost`, `effect`, shape (n,), of the units served, one unit of money and one of effect; `compared_cost`,
    `compared_effect` of the units not served (None: the served units' own means are divided); `chance`, coverage.
    Returns: `CostEffectiveness`. `few_units` warns below 10 of a group.
    Raises: `EstimateRefused("few_units")` below 2 units of a group; `no_spread` where no unit differs from another.
    Source: Fieller (1954), JRSS B 16:175; O'Brien et al. (1994), Medical Care 32:150; degrees of freedom by Satterthwaite, of the
    effect's difference.
    When not to use: across programs whose effect is in different units, or where those served chose themselves.

    >>> found = cost_effectiveness(np.array([100.0, 120, 80, 100]), np.array([1.0, 1.5, 0.8, 0.7]))
    >>> found.ratio.value, [round(x, 1) for x in found.ratio.interval]
    (100.0, [73.9, 185.7])
    """
    groups = [(cost, effect)]
    if compared_cost is not None and compared_effect is not None:
        groups.append((compared_cost, compared_effect))
    sizes = [len(one[0]) for one in groups]
    if min(sizes) < 2:
        raise EstimateRefused("few_units", "Each group needs two units.")
    signs = (1.0, -1.0)
    means = np.array(
        [sum(s * float(one[at].mean()) for s, one in zip(signs, groups, strict=False)) for at in range(2)]
    )
    parts = [np.cov(np.stack(one)) / len(one[0]) for one in groups]
    spread: Floats = np.sum(parts, axis=0)
    if spread[1, 1] <= 0:
        raise EstimateRefused("no_spread", "Every unit has the same effect: its error cannot be told.")
    freedom = spread[1, 1] ** 2 / sum(
        float(one[1, 1]) ** 2 / (n - 1) for one, n in zip(parts, sizes, strict=True)
    )
    t = t_quantile(chance, freedom)
    warned = ("few_units",) if min(sizes) < MINIMUM else ()
    n = sum(sizes)
    ends = [
        (float(m - t * math.sqrt(v)), float(m + t * math.sqrt(v)))
        for m, v in zip(means, np.diag(spread), strict=True)
    ]
    word = "difference of means" if len(groups) > 1 else "mean"
    costs, effects = (
        Estimate(float(mean), end, f"{word}, t interval", n, reasons=warned)
        for mean, end in zip(means, ends, strict=True)
    )
    ratio = _ratio(means, spread, t, ends[1], n, warned)
    seen = float(means[0] / means[1]) if means[1] else None
    return CostEffectiveness(ratio, costs, effects, seen)


def _ratio(
    means: Floats, spread: Floats, t: float, effect: tuple[float, float], n: int, warned: tuple[str, ...]
) -> Estimate:
    method = "ratio of means, Fieller interval"
    if effect[0] <= 0 <= effect[1]:
        return Estimate(None, None, method, n, reasons=(*warned, "not_shown_to_work"))
    if effect[1] < 0:
        return Estimate(None, None, method, n, reasons=(*warned, "works_against"))
    a = means[1] ** 2 - t * t * spread[1, 1]
    b = means[0] * means[1] - t * t * spread[0, 1]
    c = means[0] ** 2 - t * t * spread[0, 0]
    root = math.sqrt(max(0.0, float(b * b - a * c)))
    interval = float((b - root) / a), float((b + root) / a)
    return Estimate(float(means[0] / means[1]), interval, method, n, reasons=warned)
