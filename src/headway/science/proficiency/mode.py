"""The level shown most often."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters, parameter
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, window: int) -> float:
    """Return the most frequent of the newest `window` levels (0 = all); a tie goes to the level shown more
    recently."""
    if stop <= start:
        return math.nan
    first = start
    if window > 0 and stop - window > start:
        first = stop - window
    best = stop - 1
    most = 0
    for i in range(stop - 1, first - 1, -1):
        # A level that stood in a newer piece was counted there.
        seen = False
        for j in range(i + 1, stop):
            if levels[j] == levels[i]:
                seen = True
                break
        if seen:
            continue
        count = 0
        for j in range(first, i + 1):
            if levels[j] == levels[i]:
                count += 1
        if count > most:
            most = count
            best = i
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 0.0
        for i in range(first, stop):
            if levels[i] == levels[best]:
                weights[i] = 1.0 / most
    return float(levels[best])


@dataclass(frozen=True, kw_only=True)
class Mode(Parameters):
    """How many of the newest pieces are looked at."""

    window: int = parameter(
        0,
        en="Look only at this many of the newest pieces; 0 for all.",
        es="Mirar solo esta cantidad de trabajos recientes; 0 para todos.",
        low=0,
        high=1000,
        whole=True,
    )


def words(chosen: Mode, language: str) -> str:
    """Say the rule to a parent."""
    n = chosen.window
    if language == "es":
        which = f" en los {n} trabajos más recientes" if n else ""
        return f"El nivel es el que se ha mostrado más veces{which}; si hay empate, el más reciente."
    which = f" in the {n} newest pieces of work" if n else ""
    return f"The level is the one shown most often{which}; if two are equal, the more recent one."


RULE = Rule(
    key="mode",
    version=1,
    kernel=kernel,
    parameters=Mode,
    words=words,
    linear=False,
    window=lambda p: int(p.window),
    source="Marzano, R. J. (2010), Formative Assessment and Standards-Based Grading: the pattern of "
    "scores; ties to the newer.",
    fails=("With few pieces or many half steps every level stands once and the rule is only `most-recent`.",),
    vectors=(
        Vector((3, 2, 2, 3), {}, 3.0, "definition: tie to the newer"),
        Vector((4, 2, 2, 3), {}, 2.0, "definition"),
    ),
)
