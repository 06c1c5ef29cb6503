"""Who and what the rows of a plan are about, in names that somebody who knows the school can check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headway.rosters.models import Org, Person, SchoolClass


def in_names(rows: Mapping[tuple[str, str], Sequence[Any]]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return rows of the roster by the same keys, each as (names with their sourcedIds, role where it has one).

    Three statements for every thousand.
    """
    every = [row for own in rows.values() for row in own]
    people = Person.objects.in_bulk(_keys(every, "person_id", "student_id", "guardian_id"))
    classes = SchoolClass.objects.in_bulk(_keys(every, "school_class_id"))
    orgs = Org.objects.in_bulk(_keys(every, "org_id"))

    def said(kind: str, row: Any) -> str:
        if kind == "persons":
            return _person(row)
        if kind == "links":
            return f"{_person(people[row.guardian_id])} – {_person(people[row.student_id])}"
        if kind == "enrollments":
            return f"{_person(people[row.person_id])}, {classes[row.school_class_id].title}"
        if kind == "grants":
            org = orgs.get(row.org_id)
            return _person(people[row.person_id]) + (f", {org.name}" if org else "")
        if kind == "demographics":
            return _person(people[row.person_id])
        return f"{row.name if kind == 'orgs' else row.title} ({row.sourced_id})"

    return {
        key: [(said(key[0], row), getattr(row, "role", "")) for row in own]
        for key, own in rows.items()
        if own
    }


def _person(one: Person) -> str:
    return f"{one.name()} ({one.sourced_id})"


def _keys(rows: Iterable[Any], *columns: str) -> set[int]:
    return {key for row in rows for column in columns if (key := getattr(row, column, None)) is not None}
