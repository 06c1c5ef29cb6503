"""The end of a learning curve through all pieces."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Parameters
from headway.science.proficiency.registry import Rule, Vector
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int) -> float:
    """Return the least-squares line of ln(level) on ln(attempt) at the last attempt; one piece is itself.

    No value where a level is zero or less: it has no logarithm. `weights` receives each piece's share of
    influence, which does not reproduce the value.
    """
    n = stop - start
    if n <= 0:
        return math.nan
    for i in range(start, stop):
        if levels[i] <= 0.0:
            if len(weights) > 0:
                for j in range(start, stop):
                    weights[j] = 0.0
            return math.nan
    if n == 1:
        if len(weights) > 0:
            weights[start] = 1.0
        return float(levels[start])
    mean_x = 0.0
    mean_y = 0.0
    for i in range(start, stop):
        mean_x += math.log(i - start + 1.0)
        mean_y += math.log(levels[i])
    mean_x /= n
    mean_y /= n
    spread = 0.0
    together = 0.0
    for i in range(start, stop):
        from_mean = math.log(i - start + 1.0) - mean_x
        spread += from_mean * from_mean
        together += from_mean * (math.log(levels[i]) - mean_y)
    reach = math.log(float(n)) - mean_x
    if len(weights) > 0:
        total = 0.0
        for i in range(start, stop):
            weights[i] = abs(1.0 / n + reach * (math.log(i - start + 1.0) - mean_x) / spread)
            total += weights[i]
        for i in range(start, stop):
            weights[i] /= total
    return math.exp(mean_y + together / spread * reach)


@dataclass(frozen=True, kw_only=True)
class PowerLaw(Parameters):
    """Nothing of its own."""


def words(_: PowerLaw, language: str) -> str:
    """Say the rule to a parent."""
    if language == "es":
        return (
            "Se traza una curva de aprendizaje por todos los trabajos; el nivel es el punto "
            "donde la curva termina hoy."
        )
    return "A learning curve is drawn through all pieces of work; the level is where the curve stands today."


RULE = Rule(
    key="power-law",
    version=1,
    kernel=kernel,
    parameters=PowerLaw,
    words=words,
    linear=False,
    reproduces=False,
    source="Marzano, R. J. (2006), Classroom Assessment and Grading That Work; Ascender gradebook "
    "help, power law computation.",
    fails=(
        "One low piece in the middle keeps the value below every later piece: 3, 3, 1, 3 gives 1.90.",
        "A level of 0 has no logarithm, so there is no value.",
        "Few teachers can explain it to a parent.",
    ),
    vectors=(
        Vector(
            (3, 3, 1, 3),
            {},
            1.899533607054967,
            "'Power failure', mrmathman.com, 15 May 2014 (published as 1.9)",
        ),
        Vector(
            (3, 3, 1, 3, 4, 4),
            {},
            3.067121270577838,
            "'Power failure', mrmathman.com, 15 May 2014 (published as 3.07)",
        ),
    ),
)
