"""A change of scale: every level that was given before needs a place on the new one, or the change is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Sentence
from headway.kit.times import from_micros
from headway.proficiency.configuration import Book
from headway.proficiency.levels import keeps_level, on_scale, same_levels
from headway.proficiency.working import moment, schools_of

COLUMNS = ("student_id", "target_id", "level", "observed_us", "origin_sequence")


@dataclass(frozen=True, slots=True)
class Placed:
    """One level of a former scale: where it stands on the new one (None: nowhere), and how many ratings gave it."""

    old: int
    new: int | None
    n: int


def placed(body: Mapping[str, Any], *, at: datetime) -> list[Placed]:
    """Return where every level that was given stands after a policy file that changes a scale; empty where none changes."""
    now = moment(now=at)
    book = now.book.with_file(body, sequence=evidence.head()[0] + 1)
    day = max([now.day, *(date.fromisoformat(p["in_force"]) for p in body.get("policy", []) if "scale" in p)])
    moved = _moved(now.book, book, day)
    if not moved:
        return []
    rows = evidence.rating_rows(columns=COLUMNS, targets=sorted(moved), held=True)
    schools = schools_of(now, {row[0] for row in rows}) if book.schools_differ else {}
    found: dict[tuple[int, int | None], int] = {}
    for student, target, level, observed, sequence in rows:
        if level is None:
            continue
        school = schools.get(student)
        seen = from_micros(observed).astimezone(now.zone).date()
        before = now.book.effective(node=target, school=school, on=min(seen, day)).scale
        after = book.effective(node=target, school=school, on=day)
        if same_levels(before, after.scale):
            continue
        new = after.placed(level, day=seen, sequence=sequence)
        mapped = any(level in dict(change.levels) for change in after.changes)
        stands = mapped if not keeps_level(before, after.scale, level) else True
        place = new if stands and on_scale(after.scale, new) else None
        found[level, place] = found.get((level, place), 0) + 1
    return [Placed(old, new, n) for (old, new), n in sorted(found.items(), key=lambda one: one[0][0])]


def _moved(before: Book, after: Book, day: date) -> set[int]:
    """Return the targets whose scale is another one after the change, in some school."""
    schools = {v["applies"].get("school") for v in after.versions} | {None}
    targets = [node.id for tree in frameworks.remembered().trees.values() for node in tree.targets()]
    return {
        target for target in targets for school in schools
        if not same_levels(
            before.effective(node=target, school=school, on=day).scale,
            after.effective(node=target, school=school, on=day).scale,
        )
    }  # fmt: skip


def without_place(body: Mapping[str, Any], name: str, *, at: datetime) -> list[Finding]:
    """Return a fault for every level that was given and has no place on the new scale."""
    return [
        Finding("no_place", Sentence(
            "%(n)s standing ratings gave level %(old)s, which has no place on the new scale; "
            "name its new level in map.",
            n=one.n, old=f"{one.old / 100:g}",
        ), name, None, "map", f"{one.old / 100:g}")
        for one in placed(body, at=at) if one.new is None
    ]  # fmt: skip
