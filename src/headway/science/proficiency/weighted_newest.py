"""The newest piece against the plain average of the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters, parameter
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, weight: float) -> float:
    """Return newest x weight + mean of the rest x (1 - weight); a single piece is itself."""
    n = stop - start
    if n <= 0:
        return math.nan
    if n == 1:
        if len(weights) > 0:
            weights[start] = 1.0
        return float(levels[start])
    total = 0.0
    for i in range(start, stop - 1):
        total += levels[i]
    if len(weights) > 0:
        for i in range(start, stop - 1):
            weights[i] = (1.0 - weight) / (n - 1)
        weights[stop - 1] = weight
    return levels[stop - 1] * weight + total / (n - 1) * (1.0 - weight)


@dataclass(frozen=True, kw_only=True)
class WeightedNewest(Parameters):
    """The share of the newest piece."""

    weight: float = parameter(
        0.65,
        en="Share of the newest piece, 0.01 to 0.99.",
        es="Parte del trabajo más reciente, de 0,01 a 0,99.",
        low=0.01,
        high=0.99,
    )


def words(chosen: WeightedNewest, language: str) -> str:
    """Say the rule to a parent."""
    new, old = f"{chosen.weight * 100:g}", f"{(1 - chosen.weight) * 100:g}"
    if language == "es":
        return (
            f"El trabajo más reciente cuenta un {new} %; el promedio de todos los anteriores, "
            f"el {old} % restante."
        )
    return (
        f"The newest piece of work counts {new} %; the average of all earlier ones counts the other {old} %."
    )


RULE = Rule(
    key="weighted-newest",
    version=1,
    kernel=kernel,
    parameters=WeightedNewest,
    words=words,
    linear=True,
    source="Canvas LMS, outcome result analytics, `decaying_average`, shown to teachers as weighted "
    "average (rows b1 to b6).",
    fails=(
        "Known elsewhere as `decaying average` too: the two give different levels (2, 3, 4 at 65 %: "
        "3.48 against 3.53).",
        "Among the older pieces a fresh one counts no more than one from years ago.",
    ),
    vectors=(
        Vector((3,), {"weight": 0.75, "decimals": 2}, 3.0, "Canvas LMS outcome result analytics tests, b1"),
        Vector(
            (3, 1, 5, 4),
            {"weight": 0.75, "decimals": 2},
            3.75,
            "Canvas LMS outcome result analytics tests, b2",
        ),
        Vector(
            (2, 3), {"weight": 0.65, "decimals": 2}, 2.65, "Canvas LMS outcome result analytics tests, b3"
        ),
        Vector(
            (2.123,), {"weight": 0.65, "decimals": 2}, 2.12, "Canvas LMS outcome result analytics tests, b4"
        ),
        Vector(
            (2, 3, 4), {"weight": 0.65, "decimals": 2}, 3.48, "Canvas LMS outcome result analytics tests, b6"
        ),
    ),
)
