"""From the rows of a file to plans: every fault is named with its line, column and value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from headway.access.types import Viewer
from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.rosters import queries as rosters

COLUMNS = ("plan", "student", "target", "pieces", "starts", "ends")
MOST_PIECES = 999
FIRST, LAST = date(1951, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan before it is written; `differences` None: those that the student's standing plan has."""

    student: int
    starts_on: date
    ends_on: date
    differences: dict[str, Any] | None


@dataclass(slots=True)
class Wanted:
    """One student's plan as a file has it: `items` pieces by target, in the order of the rows; `line` of its first row."""

    student: int
    starts_on: date
    ends_on: date
    line: int
    items: dict[UUID, int] = field(default_factory=dict)
    lines: dict[UUID, int] = field(default_factory=dict)


def read(
    rows: Sequence[Mapping[str, Any]], *, lines: Sequence[int], name: str, actor: Viewer, today: date
) -> dict[str, list[Wanted]]:
    """Return the plans of each name, in the order of the file. Raises `Refusal("plans_invalid")` with every fault."""
    reader = _Reader(rows, lines, name, actor, today)
    found = reader.read()
    if reader.findings:
        n = len(reader.findings)
        raise Refusal(
            "plans_invalid",
            Sentence.counted(n, "%(n)s fault; nothing was written.", "%(n)s faults; nothing was written."),
            reader.findings,
        )
    return found


class _Reader:
    def __init__(
        self, rows: Sequence[Mapping[str, Any]], lines: Sequence[int], name: str, actor: Viewer, today: date
    ) -> None:
        self.rows, self.lines, self.name = rows, lines, name
        self.findings: list[Finding] = []
        self.line = 0
        named = {_text(row, "student") for row in rows} - {""}
        people = {text: key for text, (key, _) in rosters.people_references(sourced_ids=named).items()}
        seen = rosters.visible_ids(actor, person_ids=set(people.values()), as_of=today)
        self.students = {text: key for text, key in people.items() if key in seen}
        self.stamp = frameworks.stamp()
        self._targets: dict[tuple[str, date], NodeView | Finding] = {}
        self._days: dict[str, date | None] = {}

    def read(self) -> dict[str, list[Wanted]]:
        found: dict[str, dict[int, Wanted]] = {}
        for row, line in zip(self.rows, self.lines, strict=True):
            self.line = line
            for unknown in row.keys() - set(COLUMNS):
                self._fault("unknown_field", "This column is not known here.", str(unknown), row[unknown])
            plan = self._filled(row, "plan", limit=190)
            student = self._student(row)
            starts_on, ends_on = self._day(row, "starts"), self._day(row, "ends")
            if starts_on and ends_on and ends_on < starts_on:
                self._fault("ends_before_start", "The last day lies before the first.", "ends", row["ends"])
                continue
            pieces = self._pieces(row)
            target = self._target(row, starts_on, ends_on)
            if plan and student and starts_on and ends_on and target and pieces:
                own = found.setdefault(plan, {})
                one = own.setdefault(student, Wanted(student, starts_on, ends_on, self.line))
                self._join(one, row, starts_on, ends_on, target, pieces)
        return {plan: list(own.values()) for plan, own in found.items()}

    def _join(
        self,
        one: Wanted,
        row: Mapping[str, Any],
        starts_on: date,
        ends_on: date,
        target: NodeView,
        pieces: int,
    ) -> None:
        for column, day, first in (("starts", starts_on, one.starts_on), ("ends", ends_on, one.ends_on)):
            if day != first:
                self._fault(
                    "days_differ", Sentence(
                        "Line %(line)s gives this plan of the student the day %(first)s.",
                        line=one.line, first=first,
                    ), column,
                    row[column],
                )  # fmt: skip
        if target.uuid in one.items:
            self._fault(
                "target_twice", Sentence(
                    "The target stands in line %(line)s of this plan too.",
                    line=one.lines[target.uuid],
                ), "target",
                row["target"],
            )  # fmt: skip
        one.items.setdefault(target.uuid, pieces)
        one.lines.setdefault(target.uuid, self.line)

    def _student(self, row: Mapping[str, Any]) -> int | None:
        text = self._filled(row, "student", limit=255)
        if text and text not in self.students:
            self._fault("unknown_student", "No student of the roster has this identifier.", "student", text)
        return self.students.get(text)

    def _target(
        self, row: Mapping[str, Any], starts_on: date | None, ends_on: date | None
    ) -> NodeView | None:
        text = self._filled(row, "target", limit=500)
        if not text or starts_on is None or ends_on is None:
            return None
        # A target may begin during the plan, or end during it.
        found = self._named(text, starts_on)
        if isinstance(found, Finding) and found.code == "retired_target":
            later = self._named(text, ends_on)
            found = later if isinstance(later, NodeView) else found
        if isinstance(found, Finding):
            self._fault(found.code, found.message, "target", text)
            return None
        return found

    def _named(self, text: str, day: date) -> NodeView | Finding:
        if (text, day) not in self._targets:
            self._targets[text, day] = frameworks.find_targets([text], on=day, at=self.stamp)[text]
        return self._targets[text, day]

    def _pieces(self, row: Mapping[str, Any]) -> int | None:
        text = self._filled(row, "pieces")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_PIECES):
            self._fault(
                "out_of_range",
                Sentence("A whole number from 1 to %(most)s.", most=MOST_PIECES),
                "pieces",
                text,
            )
            return None
        return int(text)

    def _day(self, row: Mapping[str, Any], name: str) -> date | None:
        text = self._filled(row, name)
        if not text:
            return None
        if text not in self._days:
            try:
                self._days[text] = date.fromisoformat(text) if len(text) == 10 else None
            except ValueError:
                self._days[text] = None
        found = self._days[text]
        if found is None:
            self._fault("not_a_day", "Write the day as 2026-11-12.", name, text)
        elif not FIRST <= found <= LAST:
            self._fault(
                "out_of_range",
                Sentence("A day from %(first)s to %(last)s.", first=FIRST, last=LAST),
                name,
                text,
            )
            return None
        return found

    def _filled(self, row: Mapping[str, Any], name: str, limit: int = 190) -> str:
        text = _text(row, name)
        if not text:
            self._fault("required", "This cell must be filled.", name, None)
        elif len(text) > limit or "\x00" in text:
            self._fault(
                "too_long",
                Sentence("At most %(most)s characters, without NUL.", most=limit),
                name,
                text[:40] + "…",
            )
            return ""
        return text

    def _fault(self, code: str, message: str, column: str, value: object) -> None:
        self.findings.append(
            Finding(code, message, self.name, self.line, column, None if value is None else str(value))
        )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()
