"""What a question about one class or one person reads does not grow with the district: nobody else is looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.types import SYSTEM, Role, Viewer
from headway.interop.oneroster.apply import import_roster
from headway.rosters import actions, queries
from headway.rosters.models import Person, SchoolClass

from ..interop.oneroster.small_roster import ROSTER_12, folder

pytestmark = pytest.mark.django_db
AT = datetime(2026, 9, 20, 18, tzinfo=UTC)
DAY = date(2026, 9, 20)


@pytest.fixture(autouse=True)
def roster(tmp_path: Path) -> None:
    actions.begin_district(name="Juniper Valley", at=AT)
    import_roster(folder(tmp_path / "r", ROSTER_12), actor=SYSTEM, at=AT)


def teacher() -> Viewer:
    known = SchoolClass.objects.get(sourced_id="k1")
    return Viewer(person_id=1, roles=frozenset({Role.TEACHER}), classes=frozenset({known.pk}), today=DAY)


QUESTIONS: dict[str, Callable[[int, int], Any]] = {
    "students of a class": lambda k, _p: queries.students_in_class(class_id=k, as_of=DAY, viewer=None),
    "teachers of a class": lambda k, _p: queries.teachers_of_class(class_id=k, as_of=DAY),
    "students whom a teacher sees": lambda _k, _p: list(queries.students_visible_to(teacher(), as_of=DAY)),
    "students met": lambda k, _p: queries.students_met(viewer=teacher(), class_id=k),
    "guardians of a student": lambda _k, p: queries.guardians_of(student_person_id=p, as_of=DAY),
    "carers of a student": lambda _k, p: queries.carers_of(student_person_id=p, as_of=DAY),
    "children of a guardian": lambda _k, p: queries.children_of(guardian_person_id=p, as_of=DAY),
}


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="reads the plan of SQLite; the same statements run on PostgreSQL"
)
@pytest.mark.parametrize("name", QUESTIONS)
def test_people_are_found_by_their_key_and_not_one_after_the_other(name: str) -> None:
    # Once a class's list looked at every person of the district: 5 ms where a class of 30 costs less than one.
    class_id = SchoolClass.objects.get(sourced_id="k1").pk
    student = Person.objects.get(sourced_id="u1").pk
    with CaptureQueriesContext(
        connection,
    ) as asked:
        QUESTIONS[name](class_id, student)
    plans = []
    for one in asked.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {one['sql']}")
            plans += [row[3] for row in cursor.fetchall() if "headway_person " in f"{row[3]} "]
    assert plans, "no statement about people"
    assert all("rowid=?" in plan for plan in plans), plans
