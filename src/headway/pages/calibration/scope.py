"""Which sessions an address may name, and as whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from headway.access.types import Viewer
from headway.calibration import queries
from headway.calibration.types import SessionView, SurveyView
from headway.kit.refusals import Refusal
from headway.tasks import queries as tasks
from headway.tasks.types import TaskView


def session(viewer: Viewer, session: UUID, **_: Any) -> SessionView | None:
    """Return a session that the viewer rates in or convenes; else None."""
    return queries.find_session(viewer=viewer, session=session)


def convened(viewer: Viewer, session: UUID, **_: Any) -> SessionView | None:
    """Return a session that the viewer convenes; else None."""
    found = queries.find_session(viewer=viewer, session=session)
    return found if found is not None and found.convened else None


def rated(viewer: Viewer, session: UUID, **_: Any) -> SessionView | None:
    """Return a session in which the viewer is a rater: who convenes it has no part in a rater’s own pages."""
    found = queries.find_session(viewer=viewer, session=session)
    return found if found is not None and found.in_it else None


def version(viewer: Viewer, version: UUID, **_: Any) -> TaskView | None:
    """Return a published version of a task; else None."""
    try:
        found = tasks.task_version(viewer=viewer, version=version)
    except Refusal:
        return None
    return found if found.published_at is not None else None


def survey(viewer: Viewer, **_: Any) -> SurveyView | None:
    """Return this year's survey for who is asked; else None."""
    return queries.survey(viewer=viewer)
