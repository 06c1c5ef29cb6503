"""The plain average of all pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int) -> float:
    """Return the mean level."""
    n = stop - start
    if n <= 0:
        return math.nan
    total = 0.0
    for i in range(start, stop):
        total += levels[i]
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 1.0 / n
    return total / n


@dataclass(frozen=True, kw_only=True)
class Mean(Parameters):
    """Nothing of its own."""


def words(_: Mean, language: str) -> str:
    """Say the rule to a parent."""
    if language == "es":
        return "El nivel es el promedio de todos los trabajos; los antiguos cuentan igual que los nuevos."
    return "The level is the average of all pieces of work; old ones count as much as new ones."


RULE = Rule(
    key="mean",
    version=1,
    kernel=kernel,
    parameters=Mean,
    words=words,
    linear=True,
    source="Arithmetic mean; Building 21 / Slate uses it for a competency's performance level (1 decimal).",
    fails=(
        "A slow start follows the student for years.",
        "An average can name a level that was never shown.",
    ),
    vectors=(
        Vector((8, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8), {}, 93 / 11, "Building 21 boundary: 93 / 11 = 8.4545…"),
    ),
)
