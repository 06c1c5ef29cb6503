"""The file of marks: one row for each student and target of a term, and what each row lost."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

from headway.access.types import Viewer
from headway.frameworks import queries as frameworks
from headway.interop.gradebook.crosswalk import Crosswalk, crosswalk
from headway.interop.term import GRADED, TermStanding, reached, standing_of_term
from headway.kit.times import from_micros
from headway.proficiency.queries import Book
from headway.rights import actions as rights
from headway.rosters import queries as rosters

COLUMNS = (
    "student",
    "class",
    "line_item",
    "title",
    "mark",
    "level",
    "level_name",
    "state",
    "date",
    "comment",
)


def export_grades(
    *, actor: Viewer, term: str, to_whom: str, purpose: str, now: datetime, book: Book
) -> tuple[str, dict[str, Any]]:
    """Return the CSV of a term's marks, as they stood at its end (or stand today), and how many rows lost what.

    A row has no mark where no level is determined, and where the crosswalk names none. Written first: a line for each student in
    the list of disclosures. Raises `Refusal`: `unknown_term`, `no_classes`, `text_too_long`, `not_listed`.
    """
    t = standing_of_term(term=term, now=now)
    known: dict[str, Crosswalk] = {}
    rows, lost = _rows(t, book, known)
    rights.disclose(actor=actor, students=t.students, what="grades", to_whom=to_whom, purpose=purpose, at=now)
    out = io.StringIO(newline="")
    for line in head(t, known):
        out.write(f"# {line}\n")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return out.getvalue(), {"term": t.term.sourced_id, "as_of": t.day, "rows": len(rows), "losses": lost}


def head(t: TermStanding, known: dict[str, Crosswalk]) -> list[str]:
    """Return the lines above the header: what the marks are, and what they do not say."""
    lines = [
        f"{t.term.title}, as of {t.day.isoformat()}. One row for each student and target.",
        "A mark says less than the level it stands for: how many pieces it rests on, growth and pace are not in this file.",
        "Without a mark: nothing determined yet, missed, excused, not taught, an individual goal. None of them is a zero.",
    ]
    for key in sorted(known):
        lines += losses(known[key])
    return [" ".join(line.split()) for line in lines]


def losses(one: Crosswalk) -> list[str]:
    """Say what the crosswalk of a scale sends, and what gets lost, in English: the file has one language."""
    if not one.any:
        return [f"Scale {one.scale}: no marks are set, so none is sent."]
    pairs = ", ".join(f"{step.level:g} = {step.mark or 'no mark'}" for step in one.steps)
    lines = [f"Scale {one.scale}: {pairs}. A value between two levels goes as the lower one."]
    for mark in dict.fromkeys(step.mark for step in one.steps if step.shares):
        shared = " and ".join(f"{step.level:g}" for step in one.steps if step.mark == mark)
        lines.append(f"Scale {one.scale}: levels {shared} become one mark, {mark}.")
    return lines


def _rows(
    t: TermStanding, book: Book, known: dict[str, Crosswalk]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    people = rosters.people_by_id(person_ids=t.students)
    lost = {
        "no_class_for_continuum": len(t.standing) - len(t.place),
        "without_a_mark": 0,
        "between_levels": 0,
        "one_mark_for_several": 0,
    }
    rows = []
    for student, target in t.place:
        school_class, node, s = t.place[student, target], frameworks.node(target), t.standing[student, target]
        effective = t.m.book.effective(node=target, school=school_class.school.sourced_id, on=t.m.day)
        table = known.setdefault(effective.scale_key, crosswalk(book, effective.scale_key, effective.scale))
        row: dict[str, Any] = {
            "student": people[student].sourced_id, "class": school_class.sourced_id, "line_item": node.reference,
            "title": node.called("en"), "mark": "", "level": "", "level_name": "", "state": s.state, "date": _day(s, t),
        }  # fmt: skip
        said = _marked(row, s, effective.scale, table, lost)
        if s.decided:
            said.append("decided by a teacher")
        if (student, target) in t.said:
            said.append(f"the family states: {t.said[student, target]}")
        rows.append({**row, "comment": "; ".join(said)})
        lost["without_a_mark"] += not row["mark"]
    return sorted(rows, key=lambda row: (row["class"], row["line_item"], row["student"])), lost


def _marked(
    row: dict[str, Any], s: Any, scale: dict[str, Any], table: Crosswalk, lost: dict[str, int]
) -> list[str]:
    """Put level and mark into a row where a level is determined; return what the row loses."""
    if s.state not in GRADED or s.value is None:
        return [f"no mark: {s.state.replace('_', ' ')}"]
    level = reached(scale, s)
    step = table.step(float(level["value"]))
    row |= {"mark": step.mark, "level": f"{s.value / 100:g}", "level_name": step.name}
    said = []
    if not step.mark:
        said.append("no mark: none is set for this level")
    if round(step.level * 100) != s.value:
        lost["between_levels"] += 1
        said.append(f"{s.value / 100:g} goes as {step.level:g}")
    if step.shares:
        lost["one_mark_for_several"] += 1
        said.append("the mark also stands for " + " and ".join(f"{one:g}" for one in step.shares))
    return said


def _day(s: Any, t: TermStanding) -> str:
    at = s.last_observed_us
    return "" if not at else from_micros(at).astimezone(t.m.zone).date().isoformat()


def _safe(value: Any) -> Any:
    # A text that a spreadsheet would run as a formula is made text by an apostrophe.
    return "'" + value if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
