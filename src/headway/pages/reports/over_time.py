"""One metric of a report over the days on which it was released, for all students or one part of them, or a gap step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from headway.analytics.queries import EXPLAINED, STATES, STEPS, Metric
from headway.analytics.types import TOTAL, Cell, Figures
from headway.pages.reports import charts, words
from headway.pages.reports.report import Asked, Choice, Row, asked_for, choices_of, head_of, label_of, row_of
from headway.pages.reports.scope import Subject
from headway.reports import queries as reports
from headway.reports.types import Released


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture with a row for each day: one for each continuum that is kept apart, or for each step of a gap, else one."""

    title: str
    picture: charts.Picture
    rows: tuple[Row, ...]


def over_time(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Show a metric on the last day of each month and today, for the part that the address names."""
    asked = asked_for(request, subject, name)
    context = head_of(subject, asked.released if asked else None)
    if asked is not None:
        days = reports.over_time(name, asked.metric.key, asked.figures.names)
        parts = _parts(asked, subject)
        part = next((one for one in parts if one == request.GET.get("part")), parts[0] if parts else TOTAL)
        panels = [] if asked.metric.kind == EXPLAINED else _panels(asked, days, part)
        context |= choices_of(asked, subject) | {
            "parts": [Choice(one, label_of(asked.by, one, asked.released), one == part) for one in parts],
            "panels": panels, "wide": asked.metric.kind == STATES, "fails": _(asked.metric.fails),
            "states": [words.state_word(asked.metric.key, state) for state in asked.metric.states], "n_days": len(days),
            "value_title": words.value_title(asked.metric), "part": _("Day"), "part_by": "",
            "held": any(row.held for panel in panels for row in panel.rows),
        }  # fmt: skip
    return render(request, "pages/reports/over_time.html", context)


def _parts(asked: Asked, subject: Subject) -> list[str]:
    """Return the parts of the column that a reader may ask for, all of them first."""
    at = asked.figures.names.index(asked.by)
    own = {cell.part[at] for cell in asked.figures.cells}
    if asked.by == "school":
        own &= {TOTAL, *(one.sourced_id for one in subject.reader.schools)}
    named = [(words.part_word(asked.by, one, asked.released.schools), one) for one in own]
    return [one for word, one in sorted(named, key=lambda pair: words.part_rank(asked.by, pair[1], pair[0]))]


def _panels(asked: Asked, days: Sequence[tuple[date, Figures]], part: str) -> list[Panel]:
    metric, released = asked.metric, asked.released
    if metric.kind == STEPS:
        return _by_step(asked, days, part)
    own: dict[tuple[str, ...], list[tuple[str, Cell]]] = {}
    for day, figures in days:
        at = {name: place for place, name in enumerate(figures.names)}
        for cell in figures.cells:
            school = cell.part[at["school"]] if "school" in at and asked.by != "school" else asked.school
            if cell.part[at[asked.by]] == part and school == asked.school:
                apart = tuple(cell.part[at[name]] for name in metric.apart)
                own.setdefault(apart, []).append((date_format(day, "j M Y"), cell))
    among = [cell for rows in own.values() for _day, cell in rows]
    return [_panel(metric, apart, rows, among, released) for apart, rows in sorted(own.items())]


def _by_step(asked: Asked, days: Sequence[tuple[date, Figures]], group: str) -> list[Panel]:
    """Return a panel for the gap of a group and for each step of it; a day on which it was withheld stands in the first."""
    told = {
        step: [(date_format(day, "j M Y"), cell) for day, one in days for cell in one.cells if cell.part == (group, step)]
        for step in words.step_words()
    }  # fmt: skip
    among = [cell for rows in told.values() for _day, cell in rows]
    return [
        Panel(word, charts.dots(asked.metric, rows, among), _rows(asked.metric, rows, asked.released))
        for step, word in words.step_words().items() if (rows := told[step])
    ]  # fmt: skip


def _rows(metric: Metric, rows: Sequence[tuple[str, Cell]], released: Released) -> tuple[Row, ...]:
    return tuple(row_of(metric, label, cell, released.minimum) for label, cell in rows)


def _panel(
    metric: Metric,
    apart: tuple[str, ...],
    rows: list[tuple[str, Cell]],
    among: list[Cell],
    released: Released,
) -> Panel:
    names = [words.part_word(n, v, released.schools) for n, v in zip(metric.apart, apart, strict=True)]
    picture = charts.bars(rows) if metric.kind == STATES else charts.dots(metric, rows, among)
    return Panel(" · ".join(names), picture, _rows(metric, rows, released))
