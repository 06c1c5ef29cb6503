"""How the students of a term stand, each target in one class: what goes back to other systems, whatever the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency import queries as proficiency
from headway.report_cards import queries as report_cards
from headway.rosters import queries as rosters

GRADED = ("not_yet", "proficient", "beyond")
"""The states in which a level is determined; in every other none is sent, and none is made up."""


@dataclass(frozen=True, slots=True)
class TermStanding:
    """A term as of its last day or today: standings by (student, target), the class of each, and what families state."""

    term: Any
    day: date
    m: Any
    place: Mapping[tuple[int, int], Any]
    standing: Mapping[tuple[int, int], Any]
    said: Mapping[tuple[int, int], str]

    @property
    def students(self) -> set[int]:
        """The students of whom something goes out."""
        return {student for student, _ in self.place}


def standing_of_term(*, term: str, now: datetime) -> TermStanding:
    """Return how a term's students stood at its end, or stand today. Raises `Refusal`: `unknown_term`, `no_classes`."""
    found = rosters.find_term(term)
    if found is None:
        raise Refusal(
            "unknown_term",
            Sentence("No academic session has the sourcedId or the only title %(term)s.", term=term),
        )
    today = now.astimezone(proficiency.book().zone).date()
    day = min(today, found.ends_on)
    m = proficiency.moment(now=now, as_of=None if day == today else day)
    classes = rosters.classes_of_term(term_id=found.id)
    if not classes:
        raise Refusal("no_classes", Sentence("No class meets in %(title)s.", title=found.title))
    members = rosters.members(
        class_ids=[c.id for c in classes], as_of=max(min(day, found.ends_on), found.starts_on), viewer=None
    )
    students = sorted({student for listed in members.values() for student in listed})
    standing = proficiency.standings(m, students=students)
    place = _places(classes, members, standing, _raters(students))
    return TermStanding(found, day, m, place, standing, report_cards.contested_targets(students=students))


def reached(scale: Mapping[str, Any], s: Any) -> dict[str, Any]:
    """Return the highest level of a scale that a value reaches."""
    slack = 50 if scale.get("cut") == "nearest" else 0
    levels = scale["levels"]
    found: dict[str, Any] = (
        [lv for lv in levels if s.value >= round(lv["value"] * 100) - slack] or levels[:1]
    )[-1]
    return found


def _raters(students: list[int]) -> dict[tuple[int, int], set[int]]:
    """Return who rated each student on each target."""
    found: dict[tuple[int, int], set[int]] = {}
    for student, target, rater in evidence.rating_rows(
        columns=("student_id", "target_id", "rater_id"), students=students
    ):
        if rater is not None:
            found.setdefault((student, target), set()).add(rater)
    return found


def _places(
    classes: list[Any], members: Mapping[int, list[int]], standing: Mapping[tuple[int, int], Any],
    raters: Mapping[tuple[int, int], set[int]],
) -> dict[tuple[int, int], Any]:  # fmt: skip
    """Put each student and target into one class: where its continuum is worked on, else where the rater teaches."""
    teachers = rosters.teacher_ids(class_ids=[c.id for c in classes])
    attends: dict[int, list[Any]] = {}
    for one in classes:
        for student in members[one.id]:
            attends.setdefault(student, []).append(one)
    found = {}
    for student, target in standing:
        framework = frameworks.node(target).framework
        who = raters.get((student, target), set())
        fitting = [c for c in attends.get(student, ()) if not c.frameworks or framework in c.frameworks]
        if fitting:
            fitting.sort(
                key=lambda c: (
                    framework not in c.frameworks,
                    not (who & teachers.get(c.id, set())),
                    c.sourced_id,
                )
            )
            found[student, target] = fitting[0]
    return found
