"""Among the newest pieces each counts twice as much as the one before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters, parameter
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, window: int) -> float:
    """Return the mean of the newest `window` levels with weights 1, 2, 4, 8 … to the newest."""
    if stop <= start:
        return math.nan
    first = start
    if stop - window > start:
        first = stop - window
    total = 0.0
    sum_of_weights = 0.0
    weight = 1.0
    for i in range(first, stop):
        total += weight * levels[i]
        sum_of_weights += weight
        weight *= 2.0
    if len(weights) > 0:
        for i in range(start, first):
            weights[i] = 0.0
        weight = 1.0
        for i in range(first, stop):
            weights[i] = weight / sum_of_weights
            weight *= 2.0
    return total / sum_of_weights


@dataclass(frozen=True, kw_only=True)
class DoublingWeights(Parameters):
    """How many of the newest pieces are looked at."""

    window: int = parameter(
        5,
        en="How many of the newest pieces count, 1 to 20.",
        es="Cuántos de los trabajos más recientes cuentan, de 1 a 20.",
        low=1,
        high=20,
        whole=True,
    )


def words(chosen: DoublingWeights, language: str) -> str:
    """Say the rule to a parent."""
    n = chosen.window
    if language == "es":
        return f"Cuentan los {n} trabajos más recientes, y cada uno el doble que el anterior."
    return f"The {n} newest pieces of work count, each twice as much as the one before it."


RULE = Rule(
    key="doubling-weights",
    version=1,
    kernel=kernel,
    parameters=DoublingWeights,
    words=words,
    linear=True,
    window=lambda p: int(p.window),
    source="Weights 1, 2, 4, 8, 16 over the last five scores, as gradebooks offer them.",
    fails=(
        "The newest piece alone carries more than half of the weight.",
        "Older evidence drops out without notice.",
    ),
    vectors=(
        Vector((1, 2, 3, 3, 4), {}, (1 + 4 + 12 + 24 + 64) / 31, "definition"),
        Vector((4, 1, 1, 1, 1, 1), {}, 1.0, "definition: the sixth newest is outside the window"),
    ),
)
