"""Growth on one line: from where a student began to where the student is, per school year; unknown where it is too thin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.pages.parts import tags
from headway.pages.parts.learning import Learner, tree_of
from headway.proficiency import queries
from headway.proficiency.queries import Line

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
    """Return the growth of one student on one line in words and as a picture. No statement where policies do not differ by
    school."""
    found = queries.growth_on(learner.m, tree_of(line), line, student=learner.person.id, rows=learner.rows)
    points = list(found.points)
    if found.rate is None:
        return GrowthView(None, _("Unknown"), unknown(found.reason, found.weeks), found.n, None)
    said = {
        "from": one_decimal(points[0][1]),
        "day": date_format(points[0][0], _("M Y")),
        "to": one_decimal(points[-1][1]),
    }
    return GrowthView(
        found.rate, per_year(found.rate),
        _(
            "from %(from)s in %(day)s to %(to)s, the level and how much of it is reached; "
            "no interval, because the spread of a whole line was not studied yet"
        ) % said,
        found.n, _curve(line, points),
    )  # fmt: skip


def per_year(rate: float) -> str:
    """Say a rate of growth."""
    return _("%(rate)s levels a school year") % {"rate": one_decimal(rate)}


def unknown(reason: str, weeks: float) -> str:
    """Say why growth is unknown."""
    if reason == "no_evidence":
        return _("There is no evidence on this line yet.")
    if reason == "no_beginning":
        return _("The first pieces give no level to begin from.")
    return ngettext(
        "%(weeks)s school week since the first pieces; 12 are needed to speak of growth.",
        "%(weeks)s school weeks since the first pieces; 12 are needed to speak of growth.", int(weeks),
    ) % {"weeks": int(weeks)}  # fmt: skip


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
        "begin": date_format(first, _("M Y")), "end": date_format(last, _("M Y")), "n": len(points)}  # fmt: skip
    return Curve(
        label, dots, " ".join(f"{a:g},{b:g}" for a, b in dots), tuple((y(level), level) for level in range(low, high + 1)),
        date_format(first, _("M Y")), tuple((tags.day(day), one_decimal(place)) for day, place in points),
    )  # fmt: skip
