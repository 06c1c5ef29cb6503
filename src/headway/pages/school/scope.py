"""Which schools a principal's address may name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headway.access.types import Role, Viewer
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
