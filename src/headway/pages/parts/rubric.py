"""The rubric of a task of the bank with its exemplars, as those read it who write, rate, or were given the task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headway.evidence.types import Chance
from headway.frameworks import queries as frameworks
from headway.pages.parts.learning import language
from headway.tasks import queries as tasks
from headway.tasks.types import TaskView


@dataclass(frozen=True, slots=True)
class Line:
    """One criterion of a rubric on a page: `cells` are (level, its name, the descriptor), from the lowest level up."""

    uuid: Any
    name: str
    target: str
    code: str
    cells: list[tuple[int, str, str]]


def rubric(view: TaskView) -> list[Line]:
    """Return the rubric of a version as a table is drawn from it."""
    return [
        Line(
            one.uuid, one.name, frameworks.node(one.target).called(language()), frameworks.node(one.target).label,
            [(each.level, each.called(language()), one.descriptors.get(each.level, "")) for each in view.levels],
        )
        for one in view.criteria
    ]  # fmt: skip


def read(view: TaskView) -> dict[str, Any]:
    """Return what the templates of a rubric and its exemplars need."""
    names = {level.level: level.called(language()) for level in view.levels}
    criteria = {one.uuid: one.name for one in view.criteria}
    return {
        "rubric": rubric(view), "levels": list(names.values()),
        "exemplars": [
            (one, [(criteria[name], names.get(level, "")) for name, level in one.levels.items() if name in criteria])
            for one in view.exemplars
        ],
    }  # fmt: skip


def of_chance(chance: Chance | None) -> dict[str, Any]:
    """Return what the templates need of the task of the bank that somebody was given; nothing of a task of a teacher's own."""
    if chance is None or chance.version is None:
        return {}
    return read(tasks.version_given(version=chance.version))
