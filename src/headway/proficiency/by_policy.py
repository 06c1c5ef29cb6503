"""What changed a level without new evidence: another policy from a day on, or another school with its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from headway.kit.times import end_of_day, micros
from headway.proficiency.configuration import Book
from headway.proficiency.proposing import basis
from headway.proficiency.types import Chosen, Effective, Standing
from headway.proficiency.working import AT, Moment, Row, determine_all
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class ByPolicy:
    """On `day` a level changed by the rule alone: the same evidence before and after. `school` names a new school.

    `scale` is the one on which `before` stood.
    """

    day: date
    before: Standing
    after: Standing
    scale: dict[str, Any]
    version: int
    school: str = ""


def changes_by_policy(
    m: Moment, *, student: int, target: int, school: str | None, rows: Mapping[str, Row]
) -> list[ByPolicy]:
    """Return the newest change of a level by another policy, and by a change of school, up to the day; often none.

    `rows` are those behind the determination by key. One statement where policies differ by school, else none.
    """
    found = []
    day = _newest_change(m.book, target, school, m.day)
    if day is not None:
        old = replace(m, day=day, book=m.book.until(day))
        found.append(_compared(old, school, replace(m, day=day), school, student, target, rows, ""))
    if m.book.schools_differ:
        came = _school_before(student, school, m.day)
        if came is not None and came[0] != school:
            then = replace(m, day=came[1])
            found.append(_compared(then, came[0], then, school, student, target, rows, came[2]))
    return [one for one in found if one is not None]


def _newest_change(book: Book, target: int, school: str | None, on: date) -> date | None:
    """Return the newest day on which another policy began to hold for a target; None where the first one holds still."""
    for day in sorted({v["in_force_on"] for v in book.versions if v["in_force_on"] <= on}, reverse=True):
        if day.year <= 1900 or not any(v["in_force_on"] < day for v in book.versions):
            return None
        old = book.effective(node=target, school=school, on=day - timedelta(days=1))
        new = book.effective(node=target, school=school, on=day)
        if _different(old, new):
            return day
    return None


def _different(old: Effective, new: Effective) -> bool:
    return (old.policy, old.changes) != (new.policy, new.changes)


def _compared(
    old: Moment, old_school: str | None, new: Moment, new_school: str | None, student: int, target: int,
    rows: Mapping[str, Row], name: str,
) -> ByPolicy | None:  # fmt: skip
    """Determine the evidence from before the day under both policies; None where both say the same."""
    limit = micros(end_of_day(new.day - timedelta(days=1), new.zone))
    own = [row for row in rows.values() if row[AT["observed_us"]] < limit]
    if not own:
        return None
    pair = [(student, target)]
    before, after = (
        determine_all(m, own, pairs=pair, schools={student: school})[0]
        for m, school in ((old, old_school), (new, new_school))
    )
    was, stands = next(before.standings()), next(after.standings())
    if (was.state, was.value) == (stands.state, stands.value):
        return None
    return ByPolicy(new.day, was, stands, before.effective[0].scale, after.effective[0].version_id, name)


def _school_before(student: int, school: str | None, on: date) -> tuple[str, date, str] | None:
    """Return the school before the present one, the day of the change and the present one's name. One statement."""
    spans = [
        (row.starts_on or date.min, row.ends_on or date.max, row.school_class.school)
        for row in rosters.enrollments_of(person_id=student) if row.role == "student" and (row.starts_on or date.min) <= on
    ]  # fmt: skip
    earlier = [span for span in spans if span[2].sourced_id != school and span[1] <= on]
    if not earlier:
        return None
    last = max(earlier, key=lambda span: span[1])
    here = [span for span in spans if span[2].sourced_id == school and span[0] >= last[0]]
    if not here:
        return None
    day = min(span[0] for span in here)
    return last[2].sourced_id, day, here[0][2].name


# What a version changes, for those whom it concerns.


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One policy version beside what held before it. `before` is None for the first policy of all.

    `published_on` is the day on which it was taken in where that came after its day, and people had been told of another
    rule; else None.
    """

    id: int
    name: str
    number: int
    in_force_on: date
    applies: dict[str, str]
    reason: str
    before: Chosen | None
    after: Chosen
    published_on: date | None = None

    @property
    def same(self) -> bool:
        """Whether it changes nothing of rule, requirement, cut and scale."""
        return self.before == self.after


def rule_change(book: Book, version_id: int) -> RuleChange | None:
    """Return what a version changes at the place where it applies; None where there is no such version."""
    version = next((v for v in book.versions if v["id"] == version_id), None)
    return None if version is None else _change(book, version)


def rule_changes(book: Book, *, on: date, days: int) -> list[RuleChange]:
    """Return the versions that come into force within so many days before or after a day, and change something.

    A version that was published after its day is near for so many days from its publication, where it changed the rule that
    people had been told until then.
    """
    near = [v for v in book.versions if abs((max(v["in_force_on"], _recorded(v)) - on).days) <= days]
    found = [_change(book, version) for version in near]
    newest = {(one.name, one.in_force_on): one for one in found if one.before is not None and not one.same}
    return list(newest.values())


def _recorded(version: Mapping[str, Any]) -> date:
    recorded: date = version.get("recorded_on", version["in_force_on"])
    return recorded


def _change(book: Book, version: Mapping[str, Any]) -> RuleChange:
    """Return what a version changed for people: on its day, or on that of its publication where that came later.

    Nothing came before where nobody had been told of another rule: while a district is set up its policy begins with its year.
    """
    day, applies, number = version["in_force_on"], version["applies"], version["recorded_sequence"]
    late = day < _recorded(version)
    if late:
        day, earlier, book = _recorded(version), book.known(number - 1), book.known(number)
        told = any(v["name"] != "start" for v in earlier.versions)
    else:
        earlier = book.until(day)
        told = day.year > 1900 and any(not v["applies"] for v in earlier.versions)
    return RuleChange(
        version["id"], version["name"], version["number"], version["in_force_on"], dict(applies),
        version["body"].get("reason", ""), basis(earlier, applies, day).chosen if told else None,
        basis(book, applies, day).chosen, day if late else None,
    )  # fmt: skip
