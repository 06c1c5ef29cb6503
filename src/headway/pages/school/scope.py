"""Which schools a principal's address may name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from headway.access.types import Role, Viewer
from headway.report_cards import queries as report_cards
from headway.rights import queries as rights
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Cohort:
    """A school, or one grade of it."""

    school: Any
    grade: str | None

    @property
    def key(self) -> str:
        """The cohort's name in an address."""
        return f"{self.school.sourced_id}:{self.grade}" if self.grade else self.school.sourced_id


def schools(viewer: Viewer, **_: Any) -> list[Any]:
    """Return the schools that the viewer leads; the list is empty for others, whom the door then turns away."""
    return rosters.schools_led(viewer=viewer)


def cohort(viewer: Viewer, cohort_id: str, **_: Any) -> Cohort | None:
    """Return the school or grade (`SCHOOL` or `SCHOOL:GRADE`) if the viewer leads the school; else None."""
    if not viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        # No scope at all: the door says that the page is for others, whatever the address names.
        return Cohort(None, None)
    led = {school.sourced_id: school for school in rosters.schools_led(viewer=viewer)}
    if cohort_id in led:
        return Cohort(led[cohort_id], None)
    school, _sep, grade = cohort_id.rpartition(":")
    return Cohort(led[school], grade) if school in led and 0 < len(grade) <= 10 else None


def card_run(viewer: Viewer, run: int, **_: Any) -> Any:
    """Return the run of report cards if the viewer leads its school; for people of other roles something, so that the door
    speaks."""
    if not viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return viewer
    found = report_cards.find_run(run)
    return found if found is not None and report_cards.leads(viewer, found) else None


def card_of(viewer: Viewer, run: int, student_id: str, **_: Any) -> Any:
    """Return (run, student) if the viewer leads the run's school and the student is, or was on its day, one of it."""
    found = card_run(viewer, run)
    if found is None or found is viewer:
        return found
    people = report_cards.students_of(found, viewer=viewer, today=viewer.today)
    student = next((one for one in people if one.sourced_id == student_id), None)
    return None if student is None else (found, student)


def right(viewer: Viewer, name: UUID, **_: Any) -> Any:
    """Return the request of this name if the viewer answers for its student; for people of other roles something, so that the
    door speaks."""
    if not viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return viewer
    return rights.find_request(viewer=viewer, name=name)
