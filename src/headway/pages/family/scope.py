"""Which children a family's address may name: those in care today, whom no court keeps apart."""

from __future__ import annotations

from typing import Any

from headway.access.types import Role, Viewer
from headway.rosters import queries as rosters


def own_family(viewer: Viewer, **_: Any) -> Any:
    """Return the children in the viewer's care today; for everybody else something that is theirs, so that the door speaks."""
    if not viewer.is_a(Role.FAMILY) or viewer.person_id is None:
        return viewer
    return rosters.children_of(guardian_person_id=viewer.person_id, as_of=viewer.today)


def child(viewer: Viewer, student_id: str, **_: Any) -> Any:
    """Return the child of this sourcedId if it is in the viewer's care; else None.

    Whoever sees the student in another role learns from the door that the page is the family's.
    """
    found = rosters.student_in_scope(viewer=viewer, reference=student_id)
    if found is None or (viewer.is_a(Role.FAMILY) and found.id not in viewer.children):
        return None
    return found


def child_and_self(viewer: Viewer, student_id: str, **_: Any) -> Any:
    """Return (child, the viewer as its guardian) where `child` holds; else what `child` says."""
    found = child(viewer, student_id)
    if found is None or not viewer.is_a(Role.FAMILY) or viewer.person_id is None:
        return found
    return found, rosters.people_by_id(person_ids=[viewer.person_id])[viewer.person_id]
