"""Facts of the roster: schools, students with their groups, and who was in which class when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headway.kit.facts import DAY, GROUP, OPEN, TEXT, YES_NO, Column, Fact, Reading
from headway.rosters.models import Demographics, Enrollment
from headway.rosters.queries import GROUPS, LEARNER, enrolled_school, grades_of, race, schools

UNKNOWN = "nothing is said in the roster"
_MEANINGS = {
    "hispanic_or_latino": "of Hispanic or Latino ethnicity",
    "english_learner": "an English learner by the roster",
    "economically_disadvantaged": "economically disadvantaged by the roster",
    "disability": "with a disability by the roster",
}


def _schools(reading: Reading) -> Iterator[tuple[Any, ...]]:
    for school in schools():
        yield school.sourced_id, school.name


def _students(reading: Reading) -> Iterator[tuple[Any, ...]]:
    names = {school.id: school.sourced_id for school in schools()}
    attended = enrolled_school(person_ids=reading.students, on=reading.day)
    grades = grades_of(person_ids=reading.students)
    said = {
        row["person_id"]: row
        for row in Demographics.objects.filter(active=True, person_id__in=reading.students).values("person_id", "sex", *GROUPS)
    }  # fmt: skip
    for student in reading.students:
        own = said.get(student, {})
        yield (
            reading.names[student], names.get(attended.get(student, 0)), grades.get(student) or None,
            own.get("sex") or None, race(own), *(own.get(name) for name in _MEANINGS),
        )  # fmt: skip


def _enrollments(reading: Reading) -> Iterator[tuple[Any, ...]]:
    rows = Enrollment.objects.filter(person_id__in=reading.students, role=LEARNER)
    found = rows.values_list(
        "person_id", "school_class__sourced_id", "school_class__school__sourced_id", "starts_on", "ends_on",
        "sourced_id",
    )  # fmt: skip
    for student, *rest in found:
        yield reading.names[student], *rest


FACTS = (
    Fact(
        "school", "one row per active school", "The schools of the district.",
        (Column("school", TEXT, "sourcedId of the school", OPEN), Column("name", TEXT, "its name", OPEN)),
        ("school",), _schools,
    ),
    Fact(
        "student", "one row per student", "Every student whom the roster knew or somebody rated, with groups for counts.",
        (
            Column("student", TEXT, "sourcedId of the student"),
            Column("school", TEXT, "school on the day", missing="in no school on the day"),
            Column("grade", TEXT, "grade in the roster now", missing=UNKNOWN),
            Column("sex", TEXT, "as the roster says", GROUP, missing=UNKNOWN),
            Column("race", TEXT, "Hispanic or Latino first, then two or more races, then the one race", GROUP, missing=UNKNOWN),
            *(Column(name, YES_NO, meaning, GROUP, missing=UNKNOWN) for name, meaning in _MEANINGS.items()),
        ),
        ("student",), _students,
    ),
    Fact(
        "enrollment", "one row per student and class they were put into", "Who was in which class, from when to when.",
        (
            Column("student", TEXT, "sourcedId of the student"),
            Column("class", TEXT, "sourcedId of the class"),
            Column("school", TEXT, "sourcedId of its school"),
            Column("starts_on", DAY, "first day", missing="nobody said when"),
            Column("ends_on", DAY, "the day after the last", missing="it goes on"),
            Column("enrollment", TEXT, "sourcedId of the enrollment"),
        ),
        ("student", "class", "enrollment"), _enrollments,
    ),
)  # fmt: skip
