"""The district's crosswalk: for each scale, the mark of each level; what it loses, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headway.proficiency.queries import Book


@dataclass(frozen=True, slots=True)
class Step:
    """One level of a scale and the mark that stands for it; an empty mark is none."""

    level: float
    name: str
    mark: str
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """One scale with its marks, from the lowest level."""

    scale: str
    steps: tuple[Step, ...]

    @property
    def any(self) -> bool:
        return any(step.mark for step in self.steps)

    def step(self, level: float) -> Step:
        """Return the step of a level of the scale."""
        return next(one for one in self.steps if one.level == level)


def crosswalk(book: Book, key: str, scale: Mapping[str, Any], language: str = "en") -> Crosswalk:
    """Return the crosswalk of a scale as the policy file says under `[gradebook]`; without marks where it says nothing."""
    said = {float(level): mark for level, mark in book.settings.get("gradebook", {}).get(key, {}).items()}
    levels = [(float(level["value"]), level.get("name") or {}) for level in scale["levels"]]
    steps = []
    for value, names in levels:
        mark = said.get(value, "")
        shares = tuple(v for v, _ in levels if mark and v != value and said.get(v) == mark)
        steps.append(Step(value, names.get(language) or names.get("en") or f"{value:g}", mark, shares))
    return Crosswalk(key, tuple(steps))


def crosswalks(book: Book, language: str = "en") -> list[Crosswalk]:
    """Return the crosswalk of every scale of the district, by key."""
    scales = book.settings["scales"]
    return [crosswalk(book, key, scales[key], language) for key in sorted(scales)]
