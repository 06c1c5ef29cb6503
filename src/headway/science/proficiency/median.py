"""The middle piece, in order of level."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters, parameter
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, window: int) -> float:
    """Return the median of the newest `window` levels (0 = all); of an even number the mean of the middle
    two.

    Walks up the distinct levels, of which a scale has few, so that nothing is copied or sorted.
    """
    if stop <= start:
        return math.nan
    first = start
    if window > 0 and stop - window > start:
        first = stop - window
    n = stop - first
    low_rank = (n - 1) // 2
    high_rank = n // 2
    low = math.nan
    high = math.nan
    below = 0
    level = -math.inf
    while below <= high_rank:
        following = math.inf
        count = 0
        for i in range(first, stop):
            if levels[i] > level:
                if levels[i] < following:
                    following = float(levels[i])
                    count = 1
                elif levels[i] == following:
                    count += 1
        if count == 0:
            return math.nan
        if below <= low_rank and low_rank < below + count:
            low = following
        if below <= high_rank and high_rank < below + count:
            high = following
        below += count
        level = following
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 0.0
        # Of equal levels the newest carries the weight; an even number shares it between the middle two.
        for side in range(2):
            wanted = low if side == 0 else high
            for back in range(n):
                i = stop - 1 - back
                if levels[i] == wanted and (low == high or weights[i] == 0.0):
                    weights[i] += 0.5
                    break
    return (low + high) / 2.0


@dataclass(frozen=True, kw_only=True)
class Median(Parameters):
    """How many of the newest pieces are looked at."""

    window: int = parameter(
        0,
        en="Look only at this many of the newest pieces; 0 for all.",
        es="Mirar solo esta cantidad de trabajos recientes; 0 para todos.",
        low=0,
        high=1000,
        whole=True,
    )


def words(chosen: Median, language: str) -> str:
    """Say the rule to a parent."""
    n = chosen.window
    if language == "es":
        which = f"los {n} trabajos más recientes" if n else "todos los trabajos"
        return f"Se ordenan {which} de menor a mayor nivel; el nivel es el del que queda en medio."
    which = f"the {n} newest pieces of work" if n else "all pieces of work"
    return f"Put {which} in order from lowest to highest; the level is the one in the middle."


RULE = Rule(
    key="median",
    version=1,
    kernel=kernel,
    parameters=Median,
    words=words,
    linear=False,
    window=lambda p: int(p.window),
    source="Sample median; half of an even number's middle pair.",
    fails=(
        "Two very different halves give a level in between that was never shown.",
        "Slow to show growth: half of the pieces must have risen.",
    ),
    vectors=(Vector((1, 4, 3), {}, 3.0, "definition"), Vector((1, 2, 4, 4), {}, 3.0, "definition")),
)
