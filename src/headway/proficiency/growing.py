"""Growth of one student on one line, from where the student began to where the student is (house definition 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from headway.frameworks.types import Tree
from headway.kit.times import from_micros
from headway.proficiency.lines import Line, position_of, working_on
from headway.proficiency.types import Standing
from headway.proficiency.working import (
    AT,
    Moment,
    Pair,
    Row,
    determine_all,
    determine_days,
    moment,
    schools_of,
)
from headway.science.codes import Kind, Override, Purpose, Status
from headway.science.metrics.growth import LEAST_WEEKS, WEEKS_A_YEAR

ADULTS = (int(Kind.TEACHER), int(Kind.PANEL), int(Kind.MODERATED))
_TARGET = AT["target_id"]
_KIND, _PURPOSE, _STATUS, _OVERRIDE = (AT[name] for name in ("kind", "purpose", "status", "override"))
_COUNTS = (int(Purpose.EVIDENCE), int(Status.RATED), int(Override.NONE))
SETTLING_DAYS = 28
POINTS = 5


@dataclass(frozen=True, slots=True)
class LineGrowth:
    """Growth on a line in levels per school year. `rate` None where unknown, and `reason` says why: `no_evidence`,
    `too_early`, `no_beginning`. `weeks` instructed since the baseline, `points` (day, position), `n` pieces."""

    rate: float | None
    reason: str
    weeks: float
    points: tuple[tuple[date, float], ...]
    n: int


def counts(row: Row) -> bool:
    """Whether a row is a rating by an adult that may count: evidence, with a level, no decision."""
    return row[_KIND] in ADULTS and (row[_PURPOSE], row[_STATUS], row[_OVERRIDE]) == _COUNTS


def standings_of(m: Moment, rows: Sequence[Row]) -> dict[Pair, Standing]:
    """Return what rows in view amount to, by (student, target): the same kernel as every save and look-back."""
    return {
        (s.student, s.target): s for group in determine_all(m, rows) for s in group.standings() if s.n_total
    }


def growth_on(
    m: Moment, tree: Tree, line: Line, *, student: int, rows: Sequence[Row], points: int = POINTS
) -> LineGrowth:
    """Return the growth of one student on one line. No statement where policies do not differ by school.

    Position = working level plus the share of its targets that is reached. The baseline is the position four weeks after
    the first piece, when there is enough to stand on. Unknown below 12 instructed weeks. `rows` are the student's rating
    rows at the moment.
    """
    own = [row for row in rows if row[_TARGET] in tree.nodes]
    pieces = [row for row in own if counts(row)]
    n = len({row[AT["piece"]] or row[AT["key"]] for row in pieces})
    if not pieces or line.position is None:
        return LineGrowth(None, "no_evidence", 0.0, (), n)
    first = from_micros(min(row[AT["observed_us"]] for row in pieces)).astimezone(m.zone).date()
    base = first + timedelta(days=SETTLING_DAYS)
    weeks = m.calendar.weeks(base, m.day) if base < m.day else 0.0
    if weeks < LEAST_WEEKS:
        return LineGrowth(None, "too_early", weeks, (), n)
    found = _positions(m, tree, line, student, own, base, points)
    if len(found) < 2:
        return LineGrowth(None, "no_beginning", weeks, (), n)
    rate = (found[-1][1] - found[0][1]) * WEEKS_A_YEAR / weeks
    return LineGrowth(rate, "", weeks, tuple(found), n)


def _positions(
    m: Moment, tree: Tree, line: Line, student: int, rows: list[Row], base: date, points: int
) -> list[tuple[date, float]]:
    span = (m.day - base).days
    # The book is given and the past lies before now: naming a moment asks nothing of the database.
    days = [
        moment(now=from_micros(0), as_of=base + timedelta(days=round(span * n / (points - 1))), book=m.book)
        for n in range(points - 1)
    ]
    spoken: dict[date, dict[int, tuple[bool, bool]]] = {then.day: {} for then in days}
    schools = [schools_of(then, [student])[student] for then in days]
    for moments, group in determine_days(days, rows, schools=schools):
        for then, (_student, target), said in zip(moments, group.pairs, group.speaks(), strict=True):
            spoken[then.day][target] = said
    found = []
    for then in days:
        place = position_of(working_on(tree, then.day, spoken[then.day])[1])
        if place is not None:
            found.append((then.day, place))
    if line.position is not None:
        found.append((m.day, line.position))
    return found
