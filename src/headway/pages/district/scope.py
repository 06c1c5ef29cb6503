"""What a district's address may name."""

from __future__ import annotations

from typing import Any

from headway.access import queries as access
from headway.access.types import Role, Viewer
from headway.frameworks import queries as frameworks
from headway.rosters import queries as rosters

# Whoever is not of the district learns that the page is for others, never whether the object exists.
NOT_FOR_YOU = object()


def person(viewer: Viewer, person_id: str, **_: Any) -> Any:
    """Return the person of this sourcedId, or None."""
    return rosters.find_person(person_id) if viewer.is_a(Role.DISTRICT) else NOT_FOR_YOU


def student(viewer: Viewer, person_id: str, **_: Any) -> Any:
    """Return the student of this sourcedId, present or gone, or None."""
    if not viewer.is_a(Role.DISTRICT):
        return NOT_FOR_YOU
    return rosters.student_in_scope(viewer=viewer, reference=person_id)


def framework(viewer: Viewer, key: str, **_: Any) -> Any:
    """Return the continuum of this key, or None."""
    return frameworks.find_framework(key) if viewer.is_a(Role.DISTRICT) else NOT_FOR_YOU


def import_run(viewer: Viewer, run_id: int, **_: Any) -> Any:
    """Return the import of this number, or None."""
    return access.find_import(run_id) if viewer.is_a(Role.DISTRICT) else NOT_FOR_YOU


def school_class(viewer: Viewer, class_id: str, **_: Any) -> Any:
    """Return the class of this sourcedId if the viewer teaches it, leads its school or the district; else None."""
    if not viewer.is_a(Role.TEACHER, Role.PRINCIPAL, Role.DISTRICT):
        return NOT_FOR_YOU
    return rosters.class_in_scope(viewer=viewer, reference=class_id)
