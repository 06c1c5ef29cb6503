"""Whom a roster knows by name around a student, and the staff of a district."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q

from headway.access.types import Role
from headway.rosters.models import Enrollment, Guardianship, Person, RoleGrant
from headway.rosters.visibility import STANDS_IN, TEACHES, by_sort_name, holds_on


@dataclass(frozen=True, slots=True)
class Known:
    """What can say who somebody is: `names` as they are said, and `marks` that a system knows them by."""

    names: frozenset[str]
    marks: frozenset[str]


def known_around(*, person_id: int) -> Known:
    """Return the names of a student, of everybody who ever was in their schools, and of the families of those. Three statements.

    For masking: names and marks leave this question only to be taken out of a text.
    """
    own = Enrollment.objects.filter(person_id=person_id)
    schools = set(own.values_list("school_class__school_id", flat=True))
    schools |= {
        key for key in RoleGrant.objects.filter(person_id=person_id).values_list("org_id", flat=True) if key
    }
    there = Enrollment.objects.filter(person_id=OuterRef("pk"), school_class__school_id__in=schools)
    granted = RoleGrant.objects.filter(person_id=OuterRef("pk"), org_id__in=schools)
    cares = Guardianship.objects.filter(
        guardian_id=OuterRef("pk"), student__enrollments__school_class__school_id__in=schools
    )
    people = Person.objects.filter(Q(pk=person_id) | Exists(there) | Exists(granted) | Exists(cares))
    names: set[str] = set()
    marks: set[str] = set()
    for row in people.values_list(
        "given_name", "family_name", "middle_name", "preferred_given_name", "preferred_family_name", "username", "sourced_id",
        "identifier", "master_identifier", "email",
    ):  # fmt: skip
        names.update(name for name in row[:5] if name)
        marks.update(mark for mark in row[5:] if mark)
    return Known(frozenset(names), frozenset(marks))


def staff(
    *, on: date, text: str = "", school_ids: Iterable[int] | None = None, limit: int = 200
) -> list[Person]:
    """Return people who work in schools on the day, by sort name: of these schools, or whose names begin with these words.

    Who may: adults of the schools. One statement.
    """
    roles = [Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT]
    granted = RoleGrant.objects.filter(holds_on(on), person_id=OuterRef("pk"), role__in=roles)
    teaches = Enrollment.objects.filter(holds_on(on), person_id=OuterRef("pk"), role__in=TEACHES)
    if school_ids is not None:
        wanted = list(school_ids)
        granted, teaches = (
            granted.filter(org_id__in=wanted),
            teaches.filter(school_class__school_id__in=wanted),
        )
    found = Person.objects.filter(Exists(granted) | Exists(teaches), active=True, merged_into=None)
    for word in text.split()[:4]:
        found = found.filter(
            Q(given_name__istartswith=word) | Q(family_name__istartswith=word) | Q(preferred_given_name__istartswith=word)
            | Q(preferred_family_name__istartswith=word)
        )  # fmt: skip
    return list(by_sort_name(found)[:limit])


def taught_by(*, person_ids: Iterable[int]) -> dict[int, set[int]]:
    """Return which students these people ever taught, or stood in for: person → students. One statement."""
    mine = Enrollment.objects.filter(person_id__in=list(person_ids), role__in=(*TEACHES, *STANDS_IN))
    classes: dict[int, set[int]] = {}
    for person, school_class in mine.values_list("person_id", "school_class_id"):
        classes.setdefault(school_class, set()).add(person)
    found: dict[int, set[int]] = {}
    rows = Enrollment.objects.filter(school_class_id__in=classes, role="student")
    for student, school_class in rows.values_list("person_id", "school_class_id"):
        for person in classes[school_class]:
            found.setdefault(person, set()).add(student)
    return found
