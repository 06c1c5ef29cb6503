"""A cohort at a glance: where the students of a school or grade work on each continuum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.frameworks.types import ACADEMIC
from headway.pages.parts.grades import grade_name
from headway.proficiency import queries
from headway.proficiency.queries import CohortLine
from headway.rosters import queries as rosters

HEIGHT, GROUND = 110, 140


@dataclass(frozen=True, slots=True)
class Bar:
    """One level in the chart: its count, its place in the drawing, and how many students are expected there."""

    level: int
    n: int
    expected_n: int
    x: int
    y: int
    height: int
    middle: int
    said_y: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One continuum of the page: the sentence, the chart and the table."""

    name: str
    key: str
    line: CohortLine
    sentence: str
    reached: str
    bars: list[Bar]
    width: int
    bar: int


def cohort(request: HttpRequest, cohort_id: str, subject: Any) -> HttpResponse:
    """Show how many students work at each level of each continuum, against what is expected."""
    m = queries.moment(now=request.moment, book=request.book)
    students = rosters.students_of_school(
        viewer=request.viewer, school_id=subject.school.id, as_of=m.day, grade=subject.grade
    )  # fmt: skip
    found = queries.cohort(m, students=students)
    panels = [_panel(line) for line in found.lines]
    context = {
        "nav": "school.week", "cohort": subject, "n": found.n, "panels": panels, "heading": _heading(found, panels),
        "grade": grade_name(subject.grade) if subject.grade else "", "day": m.day,
        "grades": [{"code": code, "name": grade_name(code)} for code in found.grades] if not subject.grade else [],
    }  # fmt: skip
    return render(request, "pages/school/cohort.html", context)


def _heading(found: Any, panels: list[Panel]) -> str:
    """Say the share that works at or above the expected level, where one is expected."""
    if not any(_expecting(p.line) for p in panels):
        return _("Where students work")
    best = max((p for p in panels if _expecting(p.line)), key=lambda p: p.line.below / _expecting(p.line))
    return _("%(name)s: %(k)s of %(n)s students work below the level for their grade.") % {
        "name": best.name, "k": best.line.below, "n": _expecting(best.line)}  # fmt: skip


def _compared(line: CohortLine) -> bool:
    """Whether a line is set against the grade: habits are reported apart and are no level."""
    return line.framework.kind == ACADEMIC


def _expecting(line: CohortLine) -> int:
    return line.below + line.at + line.above if _compared(line) else 0


def _panel(line: CohortLine) -> Panel:
    top = max([*line.at_level.values(), 1])
    levels = line.levels
    # Twelve levels still read on a phone; fewer have more room.
    step = 26 if len(levels) > 8 else 40
    bars = []
    for place, level in enumerate(levels):
        n = line.at_level.get(level, 0)
        height = round(n / top * HEIGHT)
        x = 8 + place * step
        bars.append(
            Bar(
                level,
                n,
                line.expected.get(level, 0) if _compared(line) else 0,
                x,
                GROUND - height,
                height,
                x + (step - 8) // 2,
                GROUND - height - 5,
            )
        )
    name = line.framework.called(get_language() or "en")
    return Panel(
        name,
        line.framework.key,
        line,
        _sentence(line),
        _reached(line),
        bars,
        16 + len(levels) * step,
        step - 8,
    )


def _sentence(line: CohortLine) -> str:
    n = _expecting(line)
    if not _compared(line):
        said = ngettext(
            "%(n)s student with evidence. Habits are reported apart and never set against a grade.",
            "%(n)s students with evidence. Habits are reported apart and never set against a grade.",
            line.n,
        )
        return said % {"n": line.n}
    if not n:
        said = ngettext(
            "%(n)s student with evidence; no level is expected of a grade here.",
            "%(n)s students with evidence; no level is expected of a grade here.",
            line.n,
        )
        return said % {"n": line.n}
    said = _(
        "Of %(n)s students with evidence, %(below)s work below the level for their grade, %(at)s at it, %(above)s above it."
    )
    return said % {"n": n, "below": line.below, "at": line.at, "above": line.above}


def _reached(line: CohortLine) -> str:
    if not line.judged:
        return ""
    return _("%(share)s %% of targets with evidence are reached (n = %(n)s pairs of student and target).") % {
        "share": round(line.reached / line.judged * 100), "n": number_format(line.judged, 0)}  # fmt: skip
