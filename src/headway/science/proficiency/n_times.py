"""The level counts once it was shown n times."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters, parameter
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, n: int, level: float) -> float:
    """Return the mean of the levels at or above `level` when there are at least `n` of them; no value
    otherwise."""
    total = 0.0
    count = 0
    for i in range(start, stop):
        if levels[i] >= level - 1e-9:
            total += levels[i]
            count += 1
    reached = count > 0 and count >= n
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 1.0 / count if reached and levels[i] >= level - 1e-9 else 0.0
    if not reached:
        return math.nan
    return total / count


@dataclass(frozen=True, kw_only=True)
class NTimes(Parameters):
    """How often, and which level."""

    n: int = parameter(
        3,
        en="How many pieces must reach the level.",
        es="Cuántos trabajos deben alcanzar el nivel.",
        low=1,
        high=100,
        whole=True,
    )
    level: float = parameter(
        3.0, en="The level that they must reach.", es="El nivel que deben alcanzar.", low=0, high=1000
    )


def words(chosen: NTimes, language: str) -> str:
    """Say the rule to a parent."""
    n, level = chosen.n, f"{chosen.level:g}"
    if language == "es":
        times = "1 vez" if n == 1 else f"{n} veces"
        return (
            f"Hay un nivel cuando el {level} o más se ha mostrado {times}; el valor es el "
            f"promedio de esos trabajos."
        )
    times = "once" if n == 1 else f"{n} times"
    return (
        f"There is a level once {level} or higher was shown {times}; the value is the average of "
        f"those pieces."
    )


RULE = Rule(
    key="n-times",
    version=1,
    kernel=kernel,
    parameters=NTimes,
    words=words,
    linear=False,
    least=lambda p: int(p.n),
    no_value_is_not_yet=True,
    source="Canvas LMS, outcome result analytics, `n_mastery` (rows a3 to a9, b5).",
    fails=(
        "Pieces below the level never count: any number of them changes nothing.",
        "There is no value at all until the level was reached n times.",
    ),
    vectors=tuple(
        Vector(
            levels,
            {"n": n, "level": 3, "decimals": 2},
            value,
            f"Canvas LMS outcome result analytics tests, {row}",
        )
        for levels, n, value, row in (
            ((3.0, 1.0), 3, None, "a3"),
            ((3.0, 1.0, 2.0), 3, None, "a4"),
            ((4.0, 5.0, 1.0, 3.0, 2.0, 3.0), 3, 3.75, "a5"),
            ((1.0, 2.0), 1, None, "a6"),
            ((1.0, 2.0, 3.0), 1, 3.0, "a7"),
            ((1.0, 2.0, 3.0, 4.0), 1, 3.5, "a8"),
            ((4.0, 5.0, 1.0, 3.0, 3.0), 3, 3.75, "a9"),
        )
    ),
)
