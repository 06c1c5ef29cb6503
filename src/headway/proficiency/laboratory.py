"""The rule laboratory: another policy on the school's own data, determined beside what stands. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.proficiency import policies, projecting
from headway.proficiency.types import REACHED, Effective, Move, Standing, Trial, crossing, said
from headway.proficiency.working import Moment, determine_all, moment, rows_of, schools_of
from headway.rosters import queries as rosters

EDGE = 5
"""Within so many hundredths of a cut a determination sits on the edge."""

PART = 500
"""So many students are determined at once: what a trial holds in memory does not grow with the district."""


def try_policy(
    body: Mapping[str, Any], *, name: str = "trial", at: datetime, students: Sequence[int] | None = None
) -> Trial:
    """Return who would move in and out of proficient, and who sits on the edge, if this file were in force today.

    A policy whose day lies ahead is tried as if it had come. Only what another policy would hold for is determined, of all
    students or of some; nothing is written, not even for a moment. Raises `Refusal("policy_invalid")`.
    """
    policies.check(body, name, at=at)
    today = moment(now=at).day.isoformat()
    trial = dict(body)
    trial["policy"] = [{**p, "in_force": min(str(p["in_force"]), today)} for p in body.get("policy", [])]
    now = moment(now=at)
    then = replace(now, book=now.book.with_file(trial, sequence=evidence.head()[0] + 1))
    before = projecting.standing_today(now, students=students)
    schools = schools_of(then, {student for student, _ in before})
    changed, versions = _changed(now, then, {(target, schools[student]) for student, target in before})
    after = dict(before)
    for part in _parts({student for student, target in before if (target, schools[student]) in changed}):
        rows = rows_of(then, students=part, targets=sorted({target for target, _ in changed}))
        for group in determine_all(then, rows):
            after.update({(s.student, s.target): s for s in group.standings()
                          if s.n_total and (s.target, schools.get(s.student)) in changed})  # fmt: skip
    cuts: dict[tuple[int, str | None], Effective] = {}
    rows = []
    # What no other policy would hold for is compared with itself: it is counted nowhere.
    compared = {pair: s for pair, s in after.items() if (pair[1], schools.get(pair[0])) in changed}
    for pair, stands in compared.items():
        place = (pair[1], schools.get(pair[0]))
        if place not in cuts:
            cuts[place] = then.book.effective(node=place[0], school=place[1], on=then.day)
        edge, was = _edge(cuts[place], stands), before.get(pair)
        if edge or said(was) != said(stands):
            rows.append(Move(pair[0], pair[1], was, stands, crossing(was, stands), edge, cuts[place].scale))
    return Trial(
        n=len(compared), students=Counter(student for student, _ in compared), rows=tuple(rows),
        moved_in=sum(row.moved == "in" for row in rows), moved_out=sum(row.moved == "out" for row in rows),
        edge=sum(row.edge for row in rows), day=then.day, at=at, against=tuple(sorted(versions)),
        pieces=_median(stands.n_counted for stands in compared.values()),
    )  # fmt: skip


def _parts(students: Iterable[int]) -> Iterator[list[int]]:
    listed = sorted(students)
    for start in range(0, len(listed), PART):
        yield listed[start : start + PART]


def _changed(
    now: Moment, then: Moment, places: set[tuple[int, str | None]]
) -> tuple[set[tuple[int, str | None]], set[tuple[str, int]]]:
    """Return the (target, school) for which another policy would hold, and the versions that hold for them now."""
    found, versions = set(), set()
    for target, school in places:
        old = now.book.effective(node=target, school=school, on=now.day)
        new = then.book.effective(node=target, school=school, on=then.day)
        if (old.policy, old.changes) != (new.policy, new.changes):
            found.add((target, school))
            versions.add((old.name, old.number))
    return found, versions


def _median(values: Iterable[int]) -> int:
    found = sorted(values)
    return found[len(found) // 2] if found else 0


def _edge(effective: Effective, s: Standing) -> bool:
    cut = effective.policy.scale.proficient
    if cut is None or s.value is None or s.state not in ("not_yet", *REACHED):
        return False
    slack = 50 if effective.policy.cut == "nearest" else 0
    return abs(s.value - (round(cut * 100) - slack)) <= EDGE


def as_data(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON data: every determination that changes or sits on the edge, by student and target."""
    people = rosters.people_by_id(person_ids={row.student for row in trial.rows})
    order = sorted(
        trial.rows, key=lambda row: (people[row.student].sourced_id, frameworks.node(row.target).position)
    )
    rows = [
        {
            "student": people[row.student].sourced_id, "target": frameworks.node(row.target).reference,
            "before": None if row.before is None or row.before.value is None else row.before.value / 100,
            "before_state": row.before.state if row.before else "no_evidence",
            "after": None if row.after.value is None else row.after.value / 100, "after_state": row.after.state,
            "moved": row.moved, "edge": row.edge,
        }
        for row in order
    ]  # fmt: skip
    return {"n": trial.n, "rows": rows, "moved_in": trial.moved_in, "moved_out": trial.moved_out, "edge": trial.edge,
            "day": trial.day}  # fmt: skip
