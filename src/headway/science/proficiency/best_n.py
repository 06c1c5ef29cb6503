"""The best pieces, as many as the requirement asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Argument, Parameters, parameter
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, n: int) -> float:
    """Return the mean of the `n` highest levels (0 = all), or of as many as there are; ties keep the most
    recent.

    Walks down the distinct levels, of which a scale has few, so that nothing is copied or sorted.
    """
    size = stop - start
    if size <= 0:
        return math.nan
    wanted = n
    if wanted <= 0 or wanted > size:
        wanted = size
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 0.0
    total = 0.0
    left = wanted
    level = math.inf
    while left > 0:
        following = -math.inf
        count = 0
        for i in range(start, stop):
            if levels[i] < level:
                if levels[i] > following:
                    following = float(levels[i])
                    count = 1
                elif levels[i] == following:
                    count += 1
        if count == 0:
            return math.nan
        if count > left:
            count = left
        total += following * count
        left -= count
        level = following
        if len(weights) > 0:
            for back in range(size):
                i = stop - 1 - back
                if count > 0 and levels[i] == following:
                    weights[i] = 1.0 / wanted
                    count -= 1
    return total / wanted


@dataclass(frozen=True, kw_only=True)
class BestN(Parameters):
    """How many, on which level of a continuum, and what each must at least be."""

    n: int = parameter(
        0,
        en="How many of the best pieces count; 0 for as many as the requirement asks.",
        es="Cuántos de los mejores trabajos cuentan; 0 para los que pida el requisito.",
        low=0,
        high=1000,
        whole=True,
    )
    level: float | None = parameter(
        None,
        en="The level that is being completed; empty for the newest on the continuum.",
        es="El nivel que se está completando; vacío para el más alto del continuo.",
        low=0,
        high=1000,
        optional=True,
    )
    minimum: float = parameter(
        0.0,
        en="What every counted piece must at least be; 0 for no floor.",
        es="Lo mínimo que debe valer cada trabajo contado; 0 si no hay mínimo.",
        low=0,
        high=1000,
    )
    missed_counts: bool = parameter(
        False,
        en="Whether a missed chance counts as a 0 in the average.",
        es="Si una oportunidad perdida cuenta como 0 en el promedio.",
    )

    def arguments(self) -> tuple[Argument, ...]:
        """Return `n`; the rest concerns whether the level is complete, not its value."""
        return (self.n,)


def words(chosen: BestN, language: str) -> str:
    """Say the rule to a parent."""
    n = chosen.n
    if language == "es":
        which = f"los {n} mejores trabajos" if n else "los mejores trabajos, tantos como pide el requisito"
        return f"El nivel es el promedio de {which}; los demás se guardan, pero no cuentan."
    which = f"the {n} best pieces of work" if n else "the best pieces of work, as many as are required"
    return f"The level is the average of {which}; the others are kept but do not count."


RULE = Rule(
    key="best-n",
    version=1,
    kernel=kernel,
    parameters=BestN,
    words=words,
    linear=False,
    source="Building 21 / Slate (github.com/SlateFoundation/slate-cbl): best X ratings per skill, X "
    "= requirement.",
    fails=(
        "Overstates: the best 2 of 4 by 0.66, the best 3 of 6 by 0.70 of the error of one piece.",
        "A level can be reached by trying often enough.",
    ),
    vectors=(
        Vector((7, 9, 8, 9), {"n": 2}, 9.0, "definition"),
        Vector((8, 9), {"n": 5}, 8.5, "Building 21: 8.5 passes for 9"),
    ),
)
