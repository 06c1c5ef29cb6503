"""Each new piece moves the level by a fixed share; older ones fade."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters, parameter
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, weight: float) -> float:
    """Return acc = (1 - weight) x acc + weight x level, from the oldest piece to the newest."""
    if stop <= start:
        return math.nan
    keep = 1.0 - weight
    value = float(levels[start])
    for i in range(start + 1, stop):
        value = keep * value + weight * levels[i]
    if len(weights) > 0:
        share = 1.0
        for back in range(stop - start - 1):
            weights[stop - 1 - back] = share * weight
            share *= keep
        weights[start] = share
    return value


@dataclass(frozen=True, kw_only=True)
class DecayingAverage(Parameters):
    """The share of each new piece."""

    weight: float = parameter(
        0.65,
        en="Share of each new piece, 0.01 to 0.99.",
        es="Parte de cada nuevo trabajo, de 0,01 a 0,99.",
        low=0.01,
        high=0.99,
    )


def words(chosen: DecayingAverage, language: str) -> str:
    """Say the rule to a parent."""
    new, old = f"{chosen.weight * 100:g}", f"{(1 - chosen.weight) * 100:g}"
    recent = chosen.weight > 0.5  # below, two pieces already show the older one more
    if language == "es":
        return f"Cada nuevo trabajo cuenta un {new} % y el nivel anterior un {old} %, " + (
            "de modo que lo más reciente pesa más y lo antiguo se va desvaneciendo."
            if recent
            else "de modo que lo antiguo se va desvaneciendo poco a poco."
        )
    return f"Each new piece of work counts {new} % and the level before it {old} %, " + (
        "so recent work matters most and old work fades." if recent else "so old work fades slowly."
    )


RULE = Rule(
    key="decaying-average",
    version=1,
    kernel=kernel,
    parameters=DecayingAverage,
    words=words,
    linear=True,
    source="Canvas LMS, outcome result analytics, `standard_decaying_average` (rows b7 to b9); "
    "exponential smoothing.",
    fails=(
        "Depends on the order of dates: a piece with a wrong date moves the level.",
        "With a large weight it is nearly `most-recent` and as restless.",
    ),
    vectors=(
        Vector(
            (2, 3, 4),
            {"weight": 0.65, "decimals": 2},
            3.53,
            "Canvas LMS outcome result analytics tests, b7 and b8",
        ),
        Vector((3,), {"weight": 0.65, "decimals": 2}, 3.0, "Canvas LMS outcome result analytics tests, b9"),
    ),
)
