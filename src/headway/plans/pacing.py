"""The pace of plans: what has come in, what is still asked, in instructed weeks.

Choices, where the house definitions 5 and 6 leave room:

- A target's `required` is what the plan asks, not what the policy asks. `filled` = min(counted, required); counted are
  the pieces that the policy counts (newest attempt, several raters combined, counted kinds, carried ones with them), and
  overrides `completes`. A missed chance adds nothing, also under a rule that counts it as zero.
- Excused, not taught and individual goals leave both sums, and so do targets that are not in force on the day.
- A piece belongs to the day on which its first attempt was rated: showing it again is no second piece. Each piece of a
  target weighs 1 until the plan's requirement is filled, then 0: work beyond what is asked brings the end no nearer. A
  piece that counts on two targets of the plan fills one place on each.
- The window is the last `window_weeks` x 5 instructed days up to and with the day asked about, and never begins before
  the plan. Weeks known run from the plan's first day, weeks left from the day after to the plan's last day; both ends
  count. Weekends and breaks belong to the instructed day before them.
- A chance is any event in the window that says that something was offered: rated, missed or too little, by somebody who
  counts, as evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from headway.frameworks import queries as frameworks
from headway.plans.types import PaceRow, PlanView
from headway.proficiency import queries as proficiency
from headway.proficiency.queries import Moment, Row
from headway.science.codes import Override, Purpose, Reason, State, Status
from headway.science.ledger import Ratings
from headway.science.metrics.pace import pace
from headway.science.pieces import Pieces
from headway.science.proficiency.decisions import completing

WEEK = 5
DAY = timedelta(days=1)
EPOCH = date(1970, 1, 1).toordinal()
ASIDE = (State.EXCUSED, State.NOT_TAUGHT, State.INDIVIDUAL_GOAL)
OFFERED = (Status.RATED, Status.MISSED, Status.TOO_LITTLE)
# A row of these reasons is evidence of its piece, though a newer one or another rater's stands for it.
_OF_A_PIECE = (Reason.COUNTED, Reason.OLDER_ATTEMPT, Reason.NOT_LEAD, Reason.REPLACED_BY_MODERATED)
Day = tuple[int, int]
"""A day since 1970, and the number of the instructed day on or before it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the ledger holds of one student on one target: `firsts` the days of counted pieces, oldest first; `chances`
    the days of offers; `completes` overrides, `fills_all` where one of them fills all that remains."""

    aside: bool
    firsts: tuple[Day, ...]
    chances: tuple[Day, ...]
    completes: int
    fills_all: bool


NOTHING = Gathered(False, (), (), 0, False)


def paces(m: Moment, plans: Sequence[PlanView], rows: Sequence[Row]) -> list[PaceRow]:
    """Return the pace of each plan, from the rating rows of their students."""
    inside = {item.target for plan in plans for item in plan.items}
    holding = {target for target in inside if frameworks.node(target).holds(m.day)}
    pairs = dict.fromkeys(
        (p.student, item.target) for p in plans for item in p.items if item.target in holding
    )
    found = gather(m, rows, list(pairs))
    lessons = Lessons(m)
    return [_pace(m, plan, holding, found, lessons) for plan in plans]


def _pace(
    m: Moment, plan: PlanView, holding: set[int], found: dict[tuple[int, int], Gathered], lessons: Lessons
) -> PaceRow:
    said = m.book.settings["pace"]
    start, today = plan.starts_on.toordinal() - EPOCH, lessons.through(m.day)
    after = today - WEEK * said["window_weeks"]
    filled = required = recent = chances = 0
    for item in plan.items:
        one = found.get((plan.student, item.target), NOTHING)
        if item.target not in holding or one.aside:
            continue
        counted = item.pieces if one.fills_all else len(one.firsts) + one.completes
        required += item.pieces
        filled += min(counted, item.pieces)
        recent += sum(day >= start and lesson > after for day, lesson in one.firsts[: item.pieces])
        chances += sum(day >= start and lesson > after for day, lesson in one.chances)
    if required == 0:
        return PaceRow(plan.student, plan.plan, None, 0, 0, None, None, None, None, None, "not_enough_data",
                       "nothing_required", "none", 0)  # fmt: skip
    answer = pace(
        pieces_in_window=recent,
        weeks_known=(today - lessons.through(plan.starts_on - DAY)) / WEEK,
        remaining=required - filled,
        weeks_left=(lessons.through(plan.ends_on) - today) / WEEK,
        chances=chances,
        window_weeks=said["window_weeks"],
        minimum_weeks=said["minimum_weeks"],
        buffer_weeks=said["buffer_weeks"],
    )
    return PaceRow(
        student=plan.student, plan=plan.plan, progress=filled / required, filled=filled, required=required,
        rate=answer.rate, low=answer.low, high=answer.high, weeks_needed=answer.weeks_needed,
        margin_weeks=answer.margin_weeks, state=answer.state, reason=answer.reason, color=answer.color, n=recent,
    )  # fmt: skip


class Lessons:
    """Counts instructed days and weeks, as the rules count them; each day is worked out once.

    A week is one of the calendar, Monday to Sunday, in which there is an instructed day.
    """

    def __init__(self, m: Moment) -> None:
        self._m = m
        self._through: dict[date, int] = {}

    def through(self, day: date) -> int:
        """Return how many instructed days there were through a day, from a beginning that all days share."""
        if day not in self._through:
            self._through[day] = replace(self._m, day=day).today
        return self._through[day]

    def taught(self, first: date, last: date) -> list[date]:
        """Return the instructed days from one day to another, both included."""
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return [day for day in days if self.through(day) > self.through(day - DAY)]

    def weeks(self, first: date) -> Iterator[tuple[date, date]]:
        """Yield the first and last instructed day of each week from a day on; none after a year without any."""
        begins, empty = first, 0
        while empty < 53 and begins.year < 2100:
            ends = begins + timedelta(days=6 - begins.weekday())
            taught = self.taught(begins, ends)
            if taught:
                yield taught[0], taught[-1]
            empty = 0 if taught else empty + 1
            begins = ends + DAY


def gather(
    m: Moment, rows: Sequence[Row], pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Gathered]:
    """Return what the rows hold of each pair of student and target."""
    found: dict[tuple[int, int], Gathered] = {}
    for group in proficiency.determine_all(m, rows, pairs=pairs):
        policy, sorted_out = group.effective[0].policy, group.worked.pieces
        ratings = sorted_out.ratings
        offered = np.flatnonzero(
            (ratings.purpose == Purpose.EVIDENCE)
            & (ratings.override == Override.NONE)
            & np.isin(ratings.status, OFFERED)
            & np.isin(ratings.kind, policy.kinds)
        )
        firsts, chances = _by_segment(ratings, first_rows(sorted_out)), _by_segment(ratings, offered)
        columns = (completing(sorted_out).tolist(), np.isin(group.worked.answer.state, ASIDE).tolist())
        for at, (pair, completes, aside) in enumerate(zip(group.pairs, *columns, strict=True)):
            fills_all = completes > 0 and policy.fills == "remaining"
            found[pair] = Gathered(
                aside, tuple(firsts.get(at, ())), tuple(chances.get(at, ())), completes, fills_all
            )
    return found


def first_rows(sorted_out: Pieces) -> NDArray[np.int64]:
    """Return the first rating of every piece that counts, by date; pieces that stand for a missed chance are none."""
    ratings = sorted_out.ratings
    stands = sorted_out.row[ratings.status[sorted_out.row] == Status.RATED]
    if len(stands) == 0:
        return stands
    lowest = int(ratings.piece.min())
    code = ratings.segment.astype(np.int64) * (int(ratings.piece.max()) - lowest + 1) + ratings.piece - lowest
    own = np.flatnonzero(np.isin(sorted_out.reason, _OF_A_PIECE))
    own = own[np.lexsort((ratings.observed[own], code[own]))]
    names, places = np.unique(code[own], return_index=True)
    first = own[places[np.searchsorted(names, code[stands])]]
    return first[np.argsort(ratings.observed[first], kind="stable")]


def _by_segment(ratings: Ratings, rows: NDArray[np.int64]) -> dict[int, list[Day]]:
    found: dict[int, list[Day]] = {}
    columns = (ratings.segment[rows].tolist(), ratings.day[rows].tolist(), ratings.instructed[rows].tolist())
    for segment, day, lesson in zip(*columns, strict=True):
        found.setdefault(segment, []).append((day, lesson))
    return found
