"""Questions about who needs what now. Read only; each reason is worked out for all students at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from headway.evidence import queries as evidence
from headway.evidence.queries import Waiting
from headway.evidence.types import OFFERED
from headway.frameworks import queries as frameworks
from headway.kit.times import from_micros
from headway.plans import queries as plans
from headway.plans.types import PaceRow
from headway.proficiency import queries as proficiency
from headway.proficiency.queries import Moment, Pair, Standing
from headway.response import signs
from headway.response.types import REASONS, ClassNeed, Need, ToRate
from headway.rosters import queries as rosters

__all__ = ["class_needs", "needs", "pieces_waiting", "rows_for_report", "to_rate", "work_to_rate"]

MOST_CHANCES = 2_000


def needs(
    m: Moment, students: Iterable[int], *, standings: Mapping[Pair, Standing] | None = None,
    paces: Sequence[PaceRow] | None = None, pieces: Sequence[Waiting] | None = None,
) -> list[Need]:  # fmt: skip
    """Return why students need a response at the moment, in the order of students, then of `REASONS`.

    Students who are in no class on the day (and have no role of a student in a school) have left and need nothing. The
    exact meaning of each reason stands with its function in `signs`. `standings`, `paces` and the `pieces` that wait are
    those of the students at the moment where the caller has them. Who may: the caller has checked that the students may be
    seen. At most ten statements for any number of students up to 10,000; two to six more where policies differ by school.
    """
    wanted = list(dict.fromkeys(students))
    began = signs.began(wanted, m.day)
    here = [student for student in wanted if student in began]
    if not here:
        return []
    view = signs.View(
        m=m,
        began=began,
        rows=proficiency.rows_of(m, students=here),
        standings=proficiency.standings(m, students=here) if standings is None else standings,
        away=evidence.away_since(here, by=None if m.before_us is None else from_micros(m.before_us)),
    )
    found = [
        *signs.no_evidence(view),
        *signs.stuck(view),
        *signs.missed_chances(view),
        *signs.ready_to_advance(view),
        *signs.waiting(view, pieces_waiting(m, here) if pieces is None else pieces),
        *signs.behind(plans.pace_of(m, here, rows=view.rows) if paces is None else paces),
    ]
    place = {student: n for n, student in enumerate(wanted)}
    rank = {reason: n for n, reason in enumerate(REASONS)}
    return sorted(found, key=lambda one: (place[one.student], rank[one.reason]))


def pieces_waiting(m: Moment, students: Iterable[int]) -> list[Waiting]:
    """Return the work of students that waits for a rating at the moment, oldest first. One statement."""
    return evidence.waiting(students, by=None if m.before_us is None else from_micros(m.before_us))


def work_to_rate(m: Moment, students: Iterable[int]) -> list[ToRate]:
    """Return the work of students that waits for a rating at the moment, oldest first; a group's piece stands once.

    Two statements.
    """
    pieces = pieces_waiting(m, students)
    groups = evidence.groups_of(pieces=[one.piece_key for one in pieces])
    found: dict[Any, ToRate] = {}
    for one in pieces:
        name = groups.get(one.piece_key, one.piece_key)
        own = ToRate(one.piece_key, one.title, (one.student,), one.target_ids, one.handed_in_at)
        before = found.get(name)
        found[name] = own if before is None else replace(before, students=(*before.students, one.student))
    return list(found.values())


def to_rate(m: Moment, students: Iterable[int]) -> list[ToRate]:
    """Return what is to be rated next: work first, the oldest before the others, then what was due by the day and did not come.

    What was given without a due day is never late. Four statements.
    """
    wanted = list(dict.fromkeys(students))
    offered = evidence.chances_of(wanted, states=(OFFERED,), limit=MOST_CHANCES) if wanted else []
    due = [(one.due_on, one) for one in offered if one.due_on is not None and one.due_on <= m.day]
    due.sort(key=lambda pair: (pair[0], pair[1].given_at, pair[1].sequence))
    return work_to_rate(m, wanted) + [
        ToRate(one.piece_key, one.title, (one.student,), one.targets, one.given_at, one) for _, one in due
    ]


def rows_for_report(m: Moment, students: Sequence[int]) -> list[dict[str, Any]]:
    """Return who needs a response and why, by sourcedId: what `headway report response` prints.

    A student who needs none has no row; a reason stands once.
    """
    reasons: dict[int, dict[str, None]] = {}
    for need in needs(m, students):
        reasons.setdefault(need.student, {})[need.reason] = None
    people = rosters.people_by_id(person_ids=reasons)
    return [
        {"student": people[student].sourced_id, "reasons": list(found)} for student, found in reasons.items()
    ]


THIN_SHARE = 0.25
NEED_SHARE = 1 / 3
"""A class needs a response where so large a share of its students has no evidence of late, or any need at all."""


def class_needs(
    m: Moment, *, needs: Sequence[Need], waiting: Sequence[ToRate], members: Mapping[int, Sequence[int]],
    continuums: Mapping[int, Sequence[str]],
) -> list[ClassNeed]:  # fmt: skip
    """Return which classes need a response at the moment, in the order of `members`; others are missing. No statement.

    `members` are each class's students, `continuums` the keys of the continuums that it works on ([] = all). A need about
    a target or a continuum is the class's where it works on that continuum; one about neither is every class's of the
    student. The piece of a group waits once. Readiness to move up is no need of a class. A class needs a response where a
    third of its students has a need, a quarter has no evidence of late, or work has waited for `ready_waiting_days`.
    """
    by_student: dict[int, list[Need]] = {}
    for need in needs:
        if need.reason != "ready_to_advance":
            by_student.setdefault(need.student, []).append(need)
    pieces: dict[int, list[ToRate]] = {}
    for piece in waiting:
        for student in piece.students:
            pieces.setdefault(student, []).append(piece)
    patience = int(m.book.settings["response"]["ready_waiting_days"])
    found = []
    for key, students in members.items():
        own = frozenset(continuums.get(key, ()))
        mine = {s: [n for n in by_student.get(s, ()) if _of_class(n.target, own)] for s in students}
        late = {
            p.key: p for s in students for p in pieces.get(s, ())
            if not p.targets or any(_of_class(target, own) for target in p.targets)
        }  # fmt: skip
        came = min((p.at for p in late.values()), default=None)
        oldest = None if came is None else (m.day - came.astimezone(m.zone).date()).days
        need_n = sum(bool(one) for one in mine.values())
        thin_n = sum(any(n.reason == "no_evidence" for n in one) for one in mine.values())
        one = ClassNeed(key, len(students), need_n, thin_n, len(late), oldest)
        size = len(students)
        old = oldest is not None and oldest >= patience
        if size and (need_n >= size * NEED_SHARE or thin_n >= size * THIN_SHARE or old):
            found.append(one)
    return found


def _of_class(target: int | None, continuums: frozenset[str]) -> bool:
    return target is None or not continuums or frameworks.node(target).framework in continuums
