"""Habits: the highest level shown in more than one setting; never a mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headway.science.proficiency.parameters import Argument, Parameters, parameter
from headway.science.proficiency.registry import Rule
from headway.science.proficiency.values import Values


def kernel(levels: Values, weights: Values, start: int, stop: int, places: Values, settings: int) -> float:
    """Return the highest level that was shown, or surpassed, in at least `settings` distinct settings.

    `places` is the setting of each piece, -1 where it was not noted: such a piece can show a level, but does
    not add a setting to those that were named.
    """
    if len(weights) > 0:
        for i in range(start, stop):
            weights[i] = 0.0
    level = math.inf
    while True:
        following = -math.inf
        for i in range(start, stop):
            if levels[i] < level and levels[i] > following:
                following = float(levels[i])
        if following == -math.inf:
            return math.nan
        level = following
        distinct = 0
        for i in range(start, stop):
            if levels[i] >= level and places[i] >= 0:
                seen = False
                for j in range(start, i):
                    if levels[j] >= level and places[j] == places[i]:
                        seen = True
                        break
                if not seen:
                    distinct += 1
        if distinct >= settings or settings <= 1:
            break
    if len(weights) > 0:
        count = 0
        for i in range(start, stop):
            if levels[i] == level:
                count += 1
        for i in range(start, stop):
            if levels[i] == level:
                weights[i] = 1.0 / count
    return level


@dataclass(frozen=True, kw_only=True)
class Profile(Parameters):
    """In how many settings, and within how many weeks of instruction."""

    settings: int = parameter(
        2,
        en="In how many different settings a level must be shown.",
        es="En cuántos entornos distintos debe mostrarse un nivel.",
        low=1,
        high=20,
        whole=True,
    )
    window_weeks: int = parameter(
        9,
        en="How many weeks of instruction are looked back; 0 for all.",
        es="Cuántas semanas de clase se miran hacia atrás; 0 para todas.",
        low=0,
        high=200,
        whole=True,
    )

    def arguments(self) -> tuple[Argument, ...]:
        """Return `settings`; the window is cut before the loop, by instructed days."""
        return (self.settings,)


def words(chosen: Profile, language: str) -> str:
    """Say the rule to a parent."""
    n, weeks = chosen.settings, chosen.window_weeks
    if language == "es":
        where = "al menos un entorno" if n == 1 else f"al menos {n} entornos distintos"
        when = f" en las últimas {weeks} semanas de clase" if weeks else ""
        return f"Es el nivel más alto que se ha visto en {where}{when}; no es un promedio."
    where = "at least one setting" if n == 1 else f"at least {n} different settings"
    when = f" in the last {weeks} weeks of school" if weeks else ""
    return f"This is the highest level seen in {where}{when}; it is not an average."


RULE = Rule(
    key="profile",
    version=1,
    kernel=kernel,
    parameters=Profile,
    words=words,
    linear=False,
    columns=("setting",),
    all_kinds=True,
    source="House rule for lifelong-learning skills: a profile of what was shown where, never a mean.",
    fails=(
        "Observers who do not note the setting make a habit look unshown.",
        "Absence, lateness and missing work are no evidence for it.",
    ),
    vectors=(),
)
