"""The newest piece is the level."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int) -> float:
    """Return the newest level."""
    if stop <= start:
        return math.nan
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 0.0
        weights[stop - 1] = 1.0
    return float(levels[stop - 1])


@dataclass(frozen=True, kw_only=True)
class MostRecent(Parameters):
    """Nothing of its own."""


def words(_: MostRecent, language: str) -> str:
    """Say the rule to a parent."""
    if language == "es":
        return "El nivel es el del trabajo más reciente."
    return "The level is the one shown in the newest piece of work."


RULE = Rule(
    key="most-recent",
    version=1,
    kernel=kernel,
    parameters=MostRecent,
    words=words,
    linear=True,
    source="Canvas LMS, outcome result analytics, method `latest` (tests, rows a2).",
    fails=(
        "One bad day is the whole level.",
        "A piece with no date sorts as the oldest and can never be the newest.",
    ),
    vectors=(Vector((1, 4, 3), {}, 3.0, "Canvas LMS outcome result analytics tests, a2"),),
)
