"""Which records a student's address may name: the own ones, and nobody else's."""

from __future__ import annotations

from typing import Any

from headway.access.types import Role, Viewer
from headway.evidence import queries as evidence
from headway.rosters import queries as rosters
from headway.tasks import queries as tasks


def own_record(viewer: Viewer, **_: Any) -> Any:
    """Return the viewer's own person; for everybody else something that is theirs, so that the door says who it is for."""
    if not viewer.is_a(Role.STUDENT) or viewer.person_id is None:
        return viewer
    return viewer.record


def seen_file(viewer: Viewer, digest: str, **_: Any) -> Any:
    """Return a piece of work, or an earlier attempt, with this file, of a student whom the viewer may see today; an exemplar of
    a task that the viewer may read; else None."""
    held = evidence.work_with_file(digest=digest)
    seen = rosters.visible_ids(viewer, person_ids={student for student, _ in held}, as_of=viewer.today)
    found = next((work for student, work in held if student in seen), None)
    if found is not None:
        return found
    own = {viewer.person_id} if viewer.is_a(Role.STUDENT) and viewer.person_id is not None else set()
    given = evidence.versions_given(students=own | viewer.children)
    return tasks.exemplar_with_file(viewer=viewer, digest=digest, given=given)
