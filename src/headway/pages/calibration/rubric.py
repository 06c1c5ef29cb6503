"""A task's rubric with the marks of its levels, for the pages that score by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from headway.pages.parts import tags
from headway.proficiency import queries as proficiency
from headway.tasks import queries as tasks
from headway.tasks.types import CriterionView, TaskView


@dataclass(frozen=True, slots=True)
class LevelView:
    """One level: hundredths, its rank from 1, its mark (letter, shape, color) and its name."""

    level: int
    rank: int
    mark: SafeString
    name: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """A task with its levels as this reader sees them."""

    task: TaskView
    levels: tuple[LevelView, ...]

    def of(self, level: int | None) -> LevelView | None:
        """Return a level by its hundredths."""
        return next((one for one in self.levels if one.level == level), None)

    def criterion(self, uuid: UUID | str | None) -> CriterionView | None:
        """Return a criterion by its uuid."""
        return next((one for one in self.task.criteria if str(one.uuid) == str(uuid)), None)


def rubric_of(request: HttpRequest, version: UUID) -> Rubric:
    """Return the rubric of a task's version. Three statements.

    A level has the letter of the district's scale where the scale still has it, else the first letter of its name.
    """
    task = tasks.task_version(viewer=request.viewer, version=version)
    language = get_language() or "en"
    known: dict[int, Any] = {}
    if task.criteria:
        m = proficiency.moment(now=request.moment, book=request.book)
        scale = m.book.effective(node=task.criteria[0].target, school=None, on=m.day).scale
        known = {round(one["value"] * 100): one for one in scale["levels"]}
    levels = [
        {"value": one.level / 100, "name": dict(one.names), "letter": known.get(one.level, {}).get("letter")}
        for one in task.levels
    ]
    own = {"levels": levels}
    views = tuple(
        LevelView(round(one["value"] * 100), rank, tags.draw("level", round(one["value"] * 100), own),
                  tags.level_name(one, language))
        for rank, one in enumerate(levels, 1)
    )  # fmt: skip
    return Rubric(task, views)
