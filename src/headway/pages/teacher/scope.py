"""Which classes and students a teacher's address may name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from headway.access.types import Role, Viewer
from headway.contact import queries as contact
from headway.evidence import queries as evidence
from headway.plans import queries as plans
from headway.report_cards import queries as report_cards
from headway.rosters import queries as rosters

ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)


def taught_class(viewer: Viewer, class_id: str, **_: Any) -> Any:
    """Return the class of this sourcedId if the viewer teaches it, leads its school or the district; else None."""
    return rosters.class_in_scope(viewer=viewer, reference=class_id)


def class_stood_in(viewer: Viewer, class_id: str, **_: Any) -> Any:
    """Return the class of this sourcedId if the viewer stands in for its teacher today; else None."""
    own = rosters.classes_stood_in(person_id=viewer.person_id or 0, as_of=viewer.today)
    return next((one for one in own if one.sourced_id == class_id), None)


def seen_giving(viewer: Viewer, run_id: int, **_: Any) -> Any:
    """Return the act of this number by which a plan was given to many, if the viewer did it or is the district; else None."""
    return plans.find_giving(viewer=viewer, run=run_id) if run_id < 10**15 else None


def seen_note(viewer: Viewer, note_id: UUID, **_: Any) -> Any:
    """Return the note of this number if the viewer may open its class and see its student today; else None."""
    return evidence.find_note(viewer=viewer, note=note_id)


def seen_student(viewer: Viewer, student_id: str, **_: Any) -> Any:
    """Return the person of this sourcedId if the viewer may see their learning today; else None."""
    return rosters.student_in_scope(viewer=viewer, reference=student_id)


def student_at_school(viewer: Viewer, student_id: str, **_: Any) -> Any:
    """Return the person of this sourcedId if the viewer may see them because of the work at school; else None.

    Whoever sees the student as family only reads the family's pages: for them this one is not there.
    """
    if not viewer.is_a(*ADULTS):
        return seen_student(viewer, student_id)
    return seen_student(viewer.at_school(), student_id)


def commented_class(viewer: Viewer, class_id: str, run: int, **_: Any) -> Any:
    """Return (run, class) if the viewer may open the class and the run is one of its school; else None."""
    school_class = taught_class(viewer, class_id)
    found = report_cards.find_run(run) if school_class is not None else None
    return (found, school_class) if found is not None and found.school == school_class.school_id else None


def student_and_guardian(viewer: Viewer, student_id: str, guardian_id: str, **_: Any) -> Any:
    """Return (student, guardian) if the viewer may see the student today and the guardian cares for them, kept away by no
    court; else None."""
    student = student_at_school(viewer, student_id)
    if student is None:
        return None
    guardian = contact.guardian_of(student=student.id, guardian_id=guardian_id, as_of=viewer.today)
    return None if guardian is None else (student, guardian)
