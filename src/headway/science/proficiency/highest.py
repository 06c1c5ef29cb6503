"""The best piece is the level."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int) -> float:
    """Return the highest level; of equal ones the newest carries the weight."""
    if stop <= start:
        return math.nan
    best = start
    for i in range(start, stop):
        if levels[i] >= levels[best]:
            best = i
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 0.0
        weights[best] = 1.0
    return float(levels[best])


@dataclass(frozen=True, kw_only=True)
class Highest(Parameters):
    """Nothing of its own."""


def words(_: Highest, language: str) -> str:
    """Say the rule to a parent."""
    if language == "es":
        return "El nivel es el más alto que se ha mostrado hasta ahora."
    return "The level is the highest one shown so far."


RULE = Rule(
    key="highest",
    version=1,
    kernel=kernel,
    parameters=Highest,
    words=words,
    linear=False,
    source="Canvas LMS, outcome result analytics, method `highest` (tests, row a1).",
    fails=(
        "Luck counts: the best of n pieces overstates the level, by more the more pieces there are.",
        "A level never falls, even when the work does.",
    ),
    vectors=(Vector((3, 1), {}, 3.0, "Canvas LMS outcome result analytics tests, a1"),),
)
