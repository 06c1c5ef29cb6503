"""Facts of plans: what is in scope for a student, and the pace of each plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headway.frameworks import queries as frameworks
from headway.kit.facts import NUMBER, TEXT, WHOLE, YES_NO, Column, Fact, Reading, text_of
from headway.plans.queries import plan_targets, rows_for_report
from headway.rosters import queries as rosters


def _scope(reading: Reading) -> Iterator[tuple[Any, ...]]:
    woods = frameworks.remembered()
    of_grade: dict[str, dict[int, None]] = {}
    for tree in woods.trees.values():
        if tree.framework.active:
            for grade, level in tree.framework.expected_levels.items():
                for node in tree.targets(on=reading.day):
                    if (node.level or 1) == level:
                        of_grade.setdefault(grade, {})[node.id] = None
    grades = rosters.grades_of(person_ids=reading.students)
    planned = plan_targets(reading.students, reading.day)
    here = rosters.enrolled_school(person_ids=reading.students, on=reading.day)
    for student in reading.students:
        expected = of_grade.get(grades.get(student, ""), {}) if student in here else {}
        own = planned.get(student, {})
        for target in dict.fromkeys((*own, *expected)):
            node = woods.node(target)
            if node.holds(reading.day):
                yield reading.names[student], node.reference, target in own, target in expected


def _pace(reading: Reading) -> Iterator[tuple[Any, ...]]:
    names = ("student", "plan", "progress", "filled", "required", "rate", "low", "high", "weeks_needed", "margin_weeks",
             "state", "reason", "n")  # fmt: skip
    for row in rows_for_report(reading.moment, reading.students):
        yield tuple(round(row[name], 6) if isinstance(row[name], float) else row[name] or None if name == "reason"
                    else row[name] for name in names)  # fmt: skip


_STUDENT = Column("student", TEXT, "sourcedId of the student")
FACTS = (
    Fact(
        "scope", "one row per student and target that is asked of them on the day",
        "What a student is asked to show: the targets of the plans in force, and those of the level expected for the grade. "
        "Beside each what other facts say of the same student and target, so that nobody has to join by names.",
        (
            _STUDENT, Column("target", TEXT, "the target, as the fact `target` names it"),
            Column("in_plan", YES_NO, "whether a plan asks for it"),
            Column("at_grade_level", YES_NO, "whether it stands at the level that is expected for the grade"),
            Column("state", TEXT, "state in `determination`, no_evidence where there is none"),
            Column("n_counted", WHOLE, "pieces that count, as in `determination`"),
            Column("pieces", WHOLE, "distinct pieces that an adult rated as evidence, missed or short"),
            Column("offers", WHOLE, "chances as evidence that are still offered"),
            Column("deepest", WHOLE, "greatest depth of a chance or rating as evidence", unit="Webb, 1 to 4",
                   missing="no chance, or nobody said"),
            Column("offered", YES_NO, "whether a chance as evidence was offered, taken or missed"),
            Column("taught", YES_NO, "whether it is taught in the student's school and grade, by `taught`"),
            Column("first_reached", YES_NO, "as in `journey`", missing="no adult rated it as evidence"),
            Column("tried_again", YES_NO, "as in `journey`", missing="no adult rated it as evidence"),
            Column("reached", YES_NO, "as in `journey`", missing="no adult rated it as evidence"),
        ),
        ("student", "target"), _scope, text_of("headway.plans", "scope"),
    ),
    Fact(
        "pace", "one row per student and plan in force", "How fast a plan moves, against its dates.",
        (
            _STUDENT, Column("plan", TEXT, "key of the plan"),
            Column("progress", NUMBER, "filled of required", unit="share", missing="nothing is asked"),
            Column("filled", WHOLE, "required pieces that are in"),
            Column("required", WHOLE, "pieces that the plan asks for"),
            Column("rate", NUMBER, "pieces per instructed week in the window", unit="pieces per week", missing="unknown"),
            Column("low", NUMBER, "lower end of its 80 % interval", unit="pieces per week", missing="unknown"),
            Column("high", NUMBER, "upper end", unit="pieces per week", missing="unknown"),
            Column("weeks_needed", NUMBER, "to the end at this rate", unit="instructed weeks",
                   missing="there is no end at this rate"),
            Column("margin_weeks", NUMBER, "before the plan's last day, below zero after it", unit="instructed weeks",
                   missing="unknown"),
            Column("state", TEXT, "behind, on_pace, ahead, not_enough_data or no_chance_offered"),
            Column("reason", TEXT, "why", missing="the rate says it"),
            Column("n", WHOLE, "pieces in the window"),
        ),
        ("student", "plan"), _pace,
    ),
)  # fmt: skip
