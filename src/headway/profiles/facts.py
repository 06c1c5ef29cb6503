"""Facts of profiles: decisions at the points that the district names. What is said of a learner in words is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headway.kit.facts import DAY, TEXT, Column, Fact, Reading
from headway.profiles.models import DecisionTaken


def _decisions(reading: Reading) -> Iterator[tuple[Any, ...]]:
    rows = DecisionTaken.objects.filter(
        student_id__in=reading.students, on__lte=reading.day, withdrawn_at=None
    )
    for name, student, point, option, on, decided_as in rows.values_list(
        "uuid", "student_id", "point", "option", "on", "written_as"
    ):
        yield reading.names[student], point, on, str(name), option, decided_as


FACTS = (
    Fact(
        "decision", "one row per decision about a student that stands", "What was decided at the points that the district names.",
        (
            Column("student", TEXT, "sourcedId of the student"),
            Column("point", TEXT, "key of the decision point in the policy file"),
            Column("on", DAY, "day of the decision"),
            Column("decision", TEXT, "identifier of the decision"),
            Column("option", TEXT, "key of what was decided"),
            Column("decided_as", TEXT, "teacher, advisor or leader"),
        ),
        ("student", "point", "on", "decision"), _decisions,
    ),
)  # fmt: skip
