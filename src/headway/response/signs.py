"""The signs that a student needs a response: one function for each reason, over all students at once.

Days are days in the school's zone, counted to the end of the day asked about: what happened on 1 September is 21 days
old on 22 September. Where a limit of days must not run through a break, `Clock` counts instructed days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from headway.evidence.queries import Waiting
from headway.frameworks import queries as frameworks
from headway.kit.times import end_of_day, from_micros, micros
from headway.plans.types import PaceRow
from headway.proficiency import queries as proficiency
from headway.proficiency.queries import AT, Moment, Row, Standing
from headway.proficiency.types import REACHED
from headway.response.types import Need
from headway.rosters import queries as rosters
from headway.science.codes import Override, Purpose, Status

DAY = timedelta(days=1)
ASIDE = ("excused", "not_taught", "individual_goal")
OPEN = ("not_yet", "too_little")
LEAST_TARGETS = 3
_EARLIEST = date(1951, 1, 1)
_PART = 10_000
_STUDENT, _OBSERVED, _STATUS = AT["student_id"], AT["observed_us"], AT["status"]


def began(students: Sequence[int], day: date) -> dict[int, date | None]:
    """Return since when each student is in a class (None: nobody said), of those who are in one on the day.

    The earliest beginning that is known among the enrollments that hold on the day; without any, of the roles of a
    student that do. So the first day of a year begins anew for everybody, and a change of one class does not. One
    statement per 10,000, and another for those without a class.
    """
    found: dict[int, date | None] = {}
    for start in range(0, len(students), _PART):
        part = students[start : start + _PART]
        found |= rosters.student_since(person_ids=part, on=day)
    return found


class Clock:
    """Counts school days: `days` of the district's settings are calendar days of school weeks, 7 to 5 instructed days."""

    def __init__(self, m: Moment) -> None:
        self.m = m

    def school_days(self, since: date) -> int:
        """Return the instructed days after a day, up to and with the day asked about."""
        return self.m.today - replace(self.m, day=since).today

    def limit(self, days: int) -> date:
        """Return the newest day that lies `days` or more back: whose instructed days since then reach 5/7 of `days`."""
        day = self.m.day
        while self.school_days(day) * 7 < days * 5 and day > _EARLIEST:
            day -= DAY
        return day


@dataclass(frozen=True)
class View:
    """What the reasons are read from: the rating rows and standings of the students who are here."""

    m: Moment
    began: Mapping[int, date | None]
    rows: Sequence[Row]
    standings: Mapping[tuple[int, int], Standing]
    away: Mapping[int, datetime] = field(default_factory=dict)

    @cached_property
    def clock(self) -> Clock:
        """The clock of school days."""
        return Clock(self.m)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The section `response` of the district's settings."""
        return dict(self.m.book.settings["response"])

    @cached_property
    def limit(self) -> date:
        """The newest day that lies `no_evidence_days` back, in school time."""
        return self.clock.limit(int(self.settings["no_evidence_days"]))

    @cached_property
    def lately_us(self) -> int:
        """The instant after which something happened lately: the end of `limit`."""
        return micros(end_of_day(self.limit, self.m.zone))

    @cached_property
    def session(self) -> date | None:
        """The first day of the newest session of the calendar that has begun."""
        return max((s[0] for s in self.m.calendar.sessions if s[0] <= self.m.day), default=None)

    def day(self, observed_us: int) -> date:
        """Return the day of an instant in the school's zone."""
        return from_micros(observed_us).astimezone(self.m.zone).date()


def no_evidence(view: View) -> Iterator[Need]:
    """Nothing was observed for `no_evidence_days`.

    Evidence is a rating with a level, for evidence or practice, by anybody; a missed chance, a decision and work of which
    there was too little are none. The clock starts anew with evidence, with an excused event or a chance noted as away
    (the student was not there), with the enrollment, and with the session of the calendar. It counts instructed days, 5
    for 7 days of the setting (21 days: 15 school days), so it stands still in breaks and weekends; without a calendar
    every weekday is instructed. Students whose enrollment (where nobody said when, the session) began less than
    `new_student_days` calendar days ago are left out. `since`: the day on which the clock started, None where nothing is
    known; `school_days` since then; `evidence` 1 where it was evidence that started it, else 0: say "last evidence on"
    only then.
    """
    last: dict[int, int] = {}
    away = {student: micros(at) for student, at in view.away.items()}
    for row in view.rows:
        student, observed = row[_STUDENT], row[_OBSERVED]
        if row[_STATUS] == Status.EXCUSED:
            away[student] = max(observed, away.get(student, observed))
        elif (
            row[_STATUS] == Status.RATED
            and row[AT["purpose"]] in (Purpose.EVIDENCE, Purpose.PRACTICE)
            and row[AT["override"]] == Override.NONE
        ):
            last[student] = max(observed, last.get(student, observed))
    newest = view.m.day - int(view.settings["new_student_days"]) * DAY
    for student, known in view.began.items():
        start = known or view.session
        if start is not None and start > newest:
            continue
        seen = view.day(last[student]) if student in last else None
        excused = view.day(away[student]) if student in away else None
        days = [day for day in (start, view.session, seen, excused) if day is not None]
        since = max(days, default=None)
        if since is None:
            yield Need(student, "no_evidence")
        elif since <= view.limit:
            detail = {"school_days": view.clock.school_days(since), "evidence": int(since == seen)}
            yield Need(student, "no_evidence", None, since, detail)


def stuck(view: View) -> Iterator[Need]:
    """On a target in force that is not proficient, the last `stuck_pieces` counted pieces show no gain.

    No gain: the newest piece is not above the first of them. Pieces, their levels and order are the policy's. The newest
    lies within `no_evidence_days` of school time (what was laid aside is no response for this week) and below proficient
    (where only depth or another setting is missing, nobody is stuck). `since`: the first piece of the longest run up to
    now whose every piece is at or above the newest, at least `stuck_pieces` long; `tries` its length; `level` of the
    newest.
    """
    least = max(2, int(view.settings["stuck_pieces"]))
    pairs = [
        pair for pair, s in view.standings.items()
        if s.state in OPEN and s.n_total >= least and (s.last_observed_us or 0) >= view.lately_us
        and frameworks.node(pair[1]).holds(view.m.day)
    ]  # fmt: skip
    if not pairs:
        return
    for group in proficiency.determine_all(view.m, view.rows, pairs=pairs):
        pieces = group.worked.pieces
        rated = pieces.ratings.status[pieces.row] == Status.RATED
        levels, offsets = pieces.segments.levels, pieces.segments.offsets
        enough = group.effective[0].scale.get("proficient", np.inf)
        for at, (student, target) in enumerate(group.pairs):
            own = np.arange(offsets[at], offsets[at + 1])
            own = own[rated[own]]
            run = _flat_run(levels[own].tolist(), least)
            seen = pieces.ratings.observed[pieces.row[own]]
            if run and levels[own[-1]] < enough and seen.max() >= view.lately_us:
                detail = {"tries": run, "level": float(levels[own[-1]])}
                yield Need(student, "stuck", target, view.day(int(seen[-run])), detail)


def _flat_run(levels: Sequence[float], least: int) -> int:
    """Return the length of the run without gain at the end; 0 where there is none of `least` pieces."""
    if len(levels) < least or levels[-1] > levels[-least] + 1e-9:
        return 0
    run = least
    while run < len(levels) and levels[-run - 1] >= levels[-1] - 1e-9:
        run += 1
    return run


def missed_chances(view: View) -> Iterator[Need]:
    """`missed_chances.count` or more chances were missed within its `days`.

    Calendar days, the day asked about included. A chance is a piece: one that counts on several targets is missed once.
    `target` where all were on one; `since` the oldest of them; `chances` how many.
    """
    said = {"count": 3, "days": 30, **view.settings["missed_chances"]}
    after = micros(end_of_day(view.m.day - int(said["days"]) * DAY, view.m.zone))
    missed: dict[int, list[Row]] = {}
    for row in view.rows:
        if row[_STATUS] == Status.MISSED and row[_OBSERVED] >= after:
            missed.setdefault(row[_STUDENT], []).append(row)
    for student, rows in missed.items():
        chances = len({row[AT["piece"]] for row in rows})
        if chances >= said["count"]:
            targets = {row[AT["target_id"]] for row in rows}
            since = view.day(min(row[_OBSERVED] for row in rows))
            yield Need(student, "missed_chances", _only(targets), since, {"chances": chances})


def ready_to_advance(view: View) -> Iterator[Need]:
    """A level of a continuum is complete, and a person may confirm the move.

    Either a target on a continuum proposes its next level (`level`, `proposed_level`), or every target in force at one
    level of a continuum, at least three, is proficient or beyond, with evidence on one of them within `no_evidence_days`
    of school time (`continuum`, `level`, `targets`): of several such levels the highest. Targets that are excused, not
    taught or an individual goal are set aside. `since`: the newest evidence.
    """
    woods = frameworks.remembered()
    sizes: dict[tuple[int, int], int] = {}
    for tree in woods.trees.values():
        for node in tree.targets(on=view.m.day) if tree.framework.active else ():
            if node.level is not None:
                sizes[node.framework_id, node.level] = sizes.get((node.framework_id, node.level), 0) + 1
    reached: dict[tuple[int, int, int], list[int]] = {}
    aside: dict[tuple[int, int, int], int] = {}
    for (student, target), s in view.standings.items():
        node = woods.node(target)
        if not node.holds(view.m.day):
            continue
        if s.proposed_level > 0:
            since = view.day(s.last_observed_us) if s.last_observed_us else None
            detail = {"level": s.level, "proposed_level": s.proposed_level}
            yield Need(student, "ready_to_advance", target, since, detail)
        if node.level is not None:
            key = (student, node.framework_id, node.level)
            if s.state in REACHED:
                reached.setdefault(key, []).append(s.last_observed_us or 0)
            elif s.state in ASIDE:
                aside[key] = aside.get(key, 0) + 1
    best: dict[tuple[int, int], Need] = {}
    for (student, continuum, level), seen in sorted(reached.items()):
        asked = sizes.get((continuum, level), 0) - aside.get((student, continuum, level), 0)
        if len(seen) == asked >= LEAST_TARGETS and max(seen) >= view.lately_us:
            detail = {"continuum": continuum, "level": level, "targets": asked}
            best[student, continuum] = Need(student, "ready_to_advance", None, view.day(max(seen)), detail)
    yield from best.values()


def waiting(view: View, pieces: Iterable[Waiting]) -> Iterator[Need]:
    """Work has waited for a rating for `ready_waiting_days` calendar days or more.

    `target` where all of it is for one; `since` the day on which the oldest came in; `pieces` how many wait that long,
    `days` how long the oldest does.
    """
    newest = view.m.day - int(view.settings["ready_waiting_days"]) * DAY
    late: dict[int, list[Waiting]] = {}
    for piece in pieces:
        if piece.handed_in_at.astimezone(view.m.zone).date() <= newest:
            late.setdefault(piece.student, []).append(piece)
    for student, own in late.items():
        since = min(piece.handed_in_at for piece in own).astimezone(view.m.zone).date()
        targets = {target for piece in own for target in piece.target_ids}
        detail = {"pieces": len(own), "days": (view.m.day - since).days}
        yield Need(student, "waiting", _only(targets), since, detail)


def behind(paces: Iterable[PaceRow]) -> Iterator[Need]:
    """A plan is behind: `filled` of `required` pieces, `lately` so many in the weeks that make the pace, and `margin_weeks`
    (below zero) where there is a finish at all."""
    for row in paces:
        if row.state == "behind":
            detail: dict[str, float] = {"filled": row.filled, "required": row.required, "lately": row.n}
            if row.margin_weeks is not None:
                detail["margin_weeks"] = row.margin_weeks
            yield Need(row.student, "behind", None, None, detail)


def _only(targets: set[int]) -> int | None:
    return next(iter(targets)) if len(targets) == 1 else None
