"""Which tasks an address may name: what is published, and drafts of those who write them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from headway.access.types import Viewer
from headway.tasks import queries as tasks
from headway.tasks.types import TaskView


def task(viewer: Viewer, task: UUID, **_: Any) -> TaskView | None:
    """Return the version of a task that is offered, or the only draft for who writes it."""
    return tasks.find_task(viewer=viewer, task=task)


def published(viewer: Viewer, task: UUID, **_: Any) -> TaskView | None:
    """Return the version of a task that is offered; a task that is a draft only has none."""
    found = tasks.find_task(viewer=viewer, task=task)
    return found if found is not None and found.published_at is not None else None


def version(viewer: Viewer, task: UUID, number: int, **_: Any) -> TaskView | None:
    """Return one version of a task by its number."""
    found = tasks.versions(viewer=viewer, task=task)
    return next((one for one in found if one.number == number), None)


def draft(viewer: Viewer, task: UUID, **_: Any) -> TaskView | None:
    """Return the draft of a task for those who write it."""
    found = tasks.versions(viewer=viewer, task=task)
    return next((one for one in found if one.published_at is None), None)
