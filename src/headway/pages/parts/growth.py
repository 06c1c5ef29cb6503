"""Growth on one line: from where a student began to where the student is, per school year; unknown where it is too thin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.frameworks import queries as frameworks
from headway.kit.times import from_micros
from headway.pages.parts import tags
from headway.pages.parts.learning import Learner, counts, standings_of, tree_of
from headway.proficiency import queries
from headway.proficiency.queries import AT, Line, Row
from headway.science.metrics.growth import LEAST_WEEKS, WEEKS_A_YEAR

SETTLING_DAYS = 28
POINTS = 5
LEFT, RIGHT, TOP, FLOOR = 26.0, 312.0, 16.0, 110.0


@dataclass(frozen=True, slots=True)
class Curve:
    """The picture of a line's positions at some days, with the same as a table."""

    label: str
    dots: tuple[tuple[float, float], ...]
    path: str
    grid: tuple[tuple[float, int], ...]
    begins: str
    table: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GrowthView:
    """Growth in words. `rate` None where unknown; `detail` says from what to what, or why not; `n` pieces behind it."""

    rate: float | None
    words: str
    detail: str
    n: int
    curve: Curve | None


def one_decimal(value: float) -> str:
    """Say a number with one decimal, half up, in the reader's language."""
    return number_format(int(abs(value) * 10 + 0.5 + 1e-9) / 10 * (-1 if value < 0 else 1), 1)


def growth_of(learner: Learner, line: Line) -> GrowthView:
    """Return the growth of one student on one line. No statement where policies do not differ by school.

    Position = working level plus the share of its targets that is reached. The baseline is the position four weeks after
    the first piece, when there is enough to stand on. House definition 7: unknown below 12 instructed weeks.
    """
    rows = [row for row in learner.rows if _on(row, line)]
    own = [row for row in rows if counts(row)]
    n = len({row[AT["piece"]] or row[AT["key"]] for row in own})
    if not own or line.position is None:
        return GrowthView(None, _("Unknown"), _("There is no evidence on this line yet."), n, None)
    first = from_micros(min(row[AT["observed_us"]] for row in own)).astimezone(learner.m.zone).date()
    base = first + timedelta(days=SETTLING_DAYS)
    weeks = learner.m.calendar.weeks(base, learner.m.day) if base < learner.m.day else 0.0
    if weeks < LEAST_WEEKS:
        detail = ngettext(
            "%(weeks)s school week since the first pieces; 12 are needed to speak of growth.",
            "%(weeks)s school weeks since the first pieces; 12 are needed to speak of growth.", int(weeks),
        ) % {"weeks": int(weeks)}  # fmt: skip
        return GrowthView(None, _("Unknown"), detail, n, None)
    points = _positions(learner, line, rows, base)
    if len(points) < 2:
        return GrowthView(None, _("Unknown"), _("The first pieces give no level to begin from."), n, None)
    gained = points[-1][1] - points[0][1]
    rate = gained * WEEKS_A_YEAR / weeks
    said = {
        "from": one_decimal(points[0][1]),
        "day": date_format(points[0][0], "M Y"),
        "to": one_decimal(points[-1][1]),
    }
    return GrowthView(
        rate, _("%(rate)s levels a school year") % {"rate": one_decimal(rate)},
        _("from %(from)s in %(day)s to %(to)s; no interval, because the spread of a whole line was not studied yet") % said,
        n, _curve(line, points),
    )  # fmt: skip


def _on(row: Row, line: Line) -> bool:
    return frameworks.node(row[AT["target_id"]]).framework_id == line.framework.id


def _positions(learner: Learner, line: Line, rows: list[Row], base: date) -> list[tuple[date, float]]:
    m, tree = learner.m, tree_of(line)
    span = (m.day - base).days
    found = []
    for n in range(POINTS - 1):
        day = base + timedelta(days=round(span * n / (POINTS - 1)))
        # The book is given and the past lies before now: naming the moment asks nothing of the database.
        then = queries.moment(now=from_micros(0), as_of=day, book=m.book)
        seen = [row for row in rows if row[AT["observed_us"]] < (then.before_us or 0)]
        place = queries.line_of(
            then, tree, student=learner.person.id, grade="", standings=standings_of(then, seen)
        ).position
        if place is not None:
            found.append((day, place))
    if line.position is not None:
        found.append((m.day, line.position))
    return found


def _curve(line: Line, points: list[tuple[date, float]]) -> Curve:
    low, high = int(min(p for _d, p in points)), int(max(p for _d, p in points)) + 1
    first, last = points[0][0], points[-1][0]

    def x(day: date) -> float:
        return round(LEFT + (RIGHT - LEFT - 6) * (day - first).days / max(1, (last - first).days), 1)

    def y(value: float) -> float:
        return round(FLOOR - (FLOOR - TOP) * (value - low) / max(1, high - low), 1)

    dots = tuple((x(day), y(place)) for day, place in points)
    label = _("Level in %(line)s from %(from)s in %(begin)s to %(to)s in %(end)s, at %(n)s days.") % {
        "line": line.framework.title, "from": one_decimal(points[0][1]), "to": one_decimal(points[-1][1]),
        "begin": date_format(first, "M Y"), "end": date_format(last, "M Y"), "n": len(points)}  # fmt: skip
    return Curve(
        label, dots, " ".join(f"{a:g},{b:g}" for a, b in dots), tuple((y(level), level) for level in range(low, high + 1)),
        date_format(first, "M Y"), tuple((tags.day(day), one_decimal(place)) for day, place in points),
    )  # fmt: skip
