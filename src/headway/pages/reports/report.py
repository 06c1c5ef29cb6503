"""One report: a metric at a time, told apart by one column, as sentence, picture and table of the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from headway.analytics import queries as analytics
from headway.analytics.queries import EXPLAINED, METRICS, STATES, STEPS, Metric
from headway.analytics.types import TOTAL, Cell, Figures
from headway.jobs import queries as job_queries
from headway.pages.reports import charts, words
from headway.pages.reports.scope import Subject
from headway.reports import queries as reports
from headway.reports.types import SNAPSHOT, Released


@dataclass(frozen=True, slots=True)
class Row:
    """One part in the table."""

    label: str
    n: str
    value: str
    interval: str
    states: tuple[tuple[str, str, str], ...]
    gap: str
    held: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture with its rows: one for each continuum where those are kept apart, else one."""

    title: str
    caption: str
    picture: charts.Picture
    rows: tuple[Row, ...]
    widest: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a row of links."""

    value: str
    word: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a released report: the metric, the column and school by which it is told, and its figures."""

    released: Released
    metric: Metric
    own: list[Figures]
    by: str
    figures: Figures
    school: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing tells them apart: states of some students, of which the district alone is told."""
        return bool(self.released.population) and self.metric.kind == STATES

    @property
    def keys(self) -> list[str]:
        """Return the metrics of the report, in its order."""
        return list(dict.fromkeys(one.metric for one in self.released.figures))

    @property
    def columns(self) -> list[str]:
        """Return the columns by which the metric is told."""
        return list(dict.fromkeys(column_of(self.metric, one) for one in self.own))


def report(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Show one metric of a report, told apart by one column, for the district or one school."""
    asked = asked_for(request, subject, name)
    if asked is None:
        context = head_of(subject, None) | {"waiting": job_queries.is_waiting(kind=SNAPSHOT)}
        return render(request, "pages/reports/report.html", context)
    metric, figures, by = asked.metric, asked.figures, asked.by
    panels = panels_of(asked, subject)
    context = head_of(subject, asked.released) | choices_of(asked, subject) | {
        "says": _(metric.says), "formula": _(metric.formula), "fails": _(metric.fails), "panels": panels,
        "states": [words.state_word(metric.key, state) for state in metric.states], "wide": metric.kind == STATES,
        "sentences": sentences_of(asked), "days": reports.days_released(),
        "sql": figures.text, "compared": metric.kind in (STEPS, EXPLAINED),
        "timed": metric.kind != EXPLAINED,
        "gaps": words.gap_title(metric) if any(row.gap for panel in panels for row in panel.rows) else "",
        "held": any(row.held for panel in panels for row in panel.rows), "value_title": words.value_title(metric),
        "part": rows_are(metric, by), "part_by": told_by(asked), "titled": titled(asked),
        "only_district": _only_district(asked, subject),
        "how_summed": words.how_summed(metric), "waiting": False,
        "method": words.method(figures.cells), "instead": _instead(asked, subject),
        "rules": ", ".join(f"{rule} {version}" for rule, version in asked.released.rules.items()),
    }  # fmt: skip
    return render(request, "pages/reports/report.html", context)


def _instead(asked: Asked, subject: Subject) -> list[str] | None:
    """Return by which other columns the metric has figures, where by this one every part is withheld; None where one has."""
    if not _all_held(asked, subject):
        return None
    others = [one for one in asked.columns if one not in ("group", asked.by)]
    key, school = asked.metric.key, asked.school
    return [
        one for one in others if not _all_held(choose(asked.released, subject, key, one, school), subject)
    ]


def _all_held(asked: Asked, subject: Subject) -> bool:
    """Whether every part of a column is withheld, whatever is told of all together."""
    whole = label_of(asked.by, TOTAL, asked.released)
    rows = [row for panel in panels_of(asked, subject) for row in panel.rows if row.label != whole]
    return bool(rows) and all(row.held for row in rows)


def _only_district(asked: Asked, subject: Subject) -> bool:
    """Whether schools are not told apart where the reader may look for them."""
    if asked.is_whole:
        return True
    unplaced = asked.by != "school" and "school" not in asked.figures.names
    return unplaced and (bool(asked.released.population) or not subject.reader.all)


def label_of(by: str, part: str, released: Released) -> str:
    """Say one part of a column; all of them are those of whom the report is."""
    if part == TOTAL and released.population and by not in ("school", "observer", "framework"):
        return _("All of these students")
    return words.part_word(by, part, released.schools)


def head_of(subject: Subject, released: Released | None) -> dict[str, Any]:
    """Return what every page of a report says above: of which students it is, as its figures are."""
    title, question = words.report_words(subject.report, released.population if released else None)
    return {
        "nav": "reports.index", "report": subject.report, "report_title": title, "question": question,
        "mine": subject.reader.all and bool(subject.report.version), "taken": analytics.newest() is not None,
    }  # fmt: skip


def choices_of(asked: Asked, subject: Subject) -> dict[str, Any]:
    """Return the links by which another metric, column or school of a report is asked for."""
    metric, by = asked.metric, asked.by
    return {
        "released": asked.released, "metric": metric, "by": by, "school": asked.school, "title": words.title(metric.key),
        "metrics": [Choice(key, words.title(key), key == metric.key) for key in asked.keys],
        "columns": [
            Choice(one, words.part_titles()[one], one == by)
            for one in asked.columns if one != "group" and not asked.is_whole
        ],
        "schools": _schools(subject, asked.figures, by, asked.school),
    }  # fmt: skip


def asked_for(request: HttpRequest, subject: Subject, name: str) -> Asked | None:
    """Return what the address asks for; what it does not name, or names wrongly, is what the reader sees first."""
    released = released_for(request, name)
    if released is None:
        return None
    keys = [one.metric for one in released.figures]
    key = request.GET.get("metric", "") if request.GET.get("metric") in keys else keys[0]
    return choose(released, subject, key, request.GET.get("by", ""), request.GET.get("school", ""))


def choose(released: Released, subject: Subject, key: str, by: str, school: str) -> Asked:
    """Return one metric of a report by a column and for a school; where it is not told so, as the reader sees it first."""
    metric = METRICS[key]
    own = [one for one in released.figures if one.metric == key]
    columns = list(dict.fromkeys(column_of(metric, one) for one in own))
    by = by if by in columns else _first(metric, own, columns, subject)
    figures = next(one for one in own if column_of(metric, one) == by)
    return Asked(released, metric, own, by, figures, _school(school, subject, figures))


def _first(metric: Metric, own: Sequence[Figures], columns: Sequence[str], subject: Subject) -> str:
    """Return by what a reader sees a metric first: who leads a school sees the own one by a column, where it is told so."""
    if not subject.reader.all:
        for one in own:
            if "school" in one.names and column_of(metric, one) != "school":
                return column_of(metric, one)
    return columns[0]


def whose(asked: Asked) -> str:
    """Say whose figures they are where schools do not stand side by side."""
    if asked.by == "school" and not asked.is_whole:
        return ""
    return words.part_word("school", asked.school, asked.released.schools)


def told_by(asked: Asked) -> str:
    """Say by what the figures are told apart."""
    return "" if asked.is_whole else words.part_by().get(asked.by, "")


def titled(asked: Asked) -> str:
    """Say what the figures are, by what they are told apart, and whose they are."""
    said = [f"{words.title(asked.metric.key)} {told_by(asked)}".strip(), whose(asked)]
    return " · ".join(one for one in said if one)


def released_for(request: HttpRequest, name: str) -> Released | None:
    """Return the report of the day that the address names, else of the newest; None before the first snapshot."""
    try:
        day = date.fromisoformat(request.GET.get("as_of", ""))
    except ValueError:
        day = None
    return (reports.find_released(name, day) if day else None) or reports.find_released(name)


def column_of(metric: Metric, figures: Figures) -> str:
    """Return the column by which figures are told apart: the last that is not the school, else the school.

    A gap over steps, and what foretells an outcome, are told by the column of their groups.
    """
    if metric.kind in (STEPS, EXPLAINED):
        return figures.names[0]
    others = [name for name in figures.names if name not in (*metric.apart, "school")]
    return others[-1] if others else "school"


def _school(asked: str, subject: Subject, figures: Figures) -> str:
    led = [one.sourced_id for one in subject.reader.schools]
    if "school" not in figures.names:
        return TOTAL
    if asked in led or asked == TOTAL:
        return asked
    return TOTAL if subject.reader.all or len(led) != 1 else led[0]


def _schools(subject: Subject, figures: Figures, by: str, chosen: str) -> list[Choice]:
    if by == "school" or "school" not in figures.names:
        return []
    found = [Choice(TOTAL, words.part_word("school", TOTAL, {}), chosen == TOTAL)]
    return found + [
        Choice(one.sourced_id, one.name, chosen == one.sourced_id) for one in subject.reader.schools
    ]


def panels_of(asked: Asked, subject: Subject) -> list[Panel]:
    """Return the pictures of a metric with their rows, as far as the reader sees them."""
    metric, figures, by, school, released = (
        asked.metric,
        asked.figures,
        asked.by,
        asked.school,
        asked.released,
    )
    seen = {TOTAL, *(one.sourced_id for one in subject.reader.schools)}
    if metric.kind in (STEPS, EXPLAINED):
        return _compared(metric, figures, released)
    groups: dict[tuple[str, ...], list[tuple[str, Cell]]] = {}
    at = {name: place for place, name in enumerate(figures.names)}
    for cell in figures.cells:
        if by != "school" and "school" in at and cell.part[at["school"]] != school:
            continue
        if by == "school" and cell.part[at["school"]] not in seen:
            continue
        groups.setdefault(tuple(cell.part[at[name]] for name in metric.apart), []).append(
            (cell.part[at[by]], cell)
        )
    shown = [cell for own in groups.values() for _part, cell in own]
    found = []
    for apart, own in sorted(groups.items()):
        names = [words.part_word(n, v, released.schools) for n, v in zip(metric.apart, apart, strict=True)]
        found.append(_panel(metric, by, names, own, shown, released))
    return found


def _compared(metric: Metric, figures: Figures, released: Released) -> list[Panel]:
    """Return a panel for each group with its steps, or for each column of groups with what foretells the outcome."""
    rows = words.step_words() if metric.kind == STEPS else words.source_words()
    own: dict[str, dict[str, Cell]] = {}
    for cell in figures.cells:
        own.setdefault(cell.part[0], {})[cell.part[1]] = cell
    found = []
    for name, cells in own.items():
        if metric.kind == STEPS:
            title = words.part_word(figures.names[0], name, released.schools)
        else:
            title = words.part_titles()[name]
        told = [(word, cells[key]) for key, word in rows.items() if key in cells]
        said = words.opens_at(metric, title, list(cells.items())) if metric.kind == STEPS else ""
        picture = charts.dots(metric, told, figures.cells)
        table = tuple(row_of(metric, word, cell, released.minimum) for word, cell in told)
        rank = words.part_rank(figures.names[0], name, title)
        found.append((rank, Panel(title, "", picture, table, said)))
    return [panel for _rank, panel in sorted(found, key=lambda pair: pair[0])]


def rows_are(metric: Metric, by: str) -> str:
    """Say what the rows of a table are."""
    if metric.kind == STEPS:
        return _("Step")
    return _("Foretold") if metric.kind == EXPLAINED else words.part_titles()[by]


def _panel(
    metric: Metric,
    by: str,
    apart: Sequence[str],
    own: list[tuple[str, Cell]],
    shown: list[Cell],
    released: Released,
) -> Panel:
    own.sort(key=lambda pair: words.part_rank(by, pair[0], label_of(by, pair[0], released)))
    labeled = [(label_of(by, part, released), cell) for part, cell in own]
    picture = charts.bars(labeled) if metric.kind == STATES else charts.dots(metric, labeled, shown)
    total = next((cell for part, cell in own if part == TOTAL), None)
    caption = words.figure(metric, total) if total is not None else ""
    rows = tuple(row_of(metric, label, cell, released.minimum) for label, cell in labeled)
    return Panel(" · ".join(apart), caption, picture, rows, words.widest(metric, labeled))


def row_of(metric: Metric, label: str, cell: Cell, minimum: int) -> Row:
    held = words.withheld(cell, max(minimum, metric.least)) if cell.withheld else ""
    n = "" if cell.n is None else number_format(cell.n, 0)
    full = words.nearly_all(cell)
    states = tuple(
        (
            words.state_word(metric.key, state.name),
            words.figure(metric, state) or ("" if held or full else _("withheld")),
            words.interval(metric, state),
        )
        for state in cell.states
    )
    value = words.figure(metric, cell)
    said = value or ("" if held or cell.states else words.no_figure(cell))
    if "no_more_than_chance" in cell.reasons:
        said = _("%(value)s, no more than chance") % {"value": said}
    return Row(label, n, said, words.interval(metric, cell), states, words.gap(metric, cell), held)


def sentences_of(asked: Asked) -> list[tuple[str, str]]:
    """Say the figure of the whole; one sentence for each continuum where those are kept apart, beside its name."""
    metric, school = asked.metric, asked.school
    by_school = next((one for one in asked.own if column_of(metric, one) == "school"), None)
    if by_school is None:
        return []
    at = by_school.names.index("school")
    cells = [cell for cell in by_school.cells if cell.part[at] == school]
    if not metric.apart or not cells:
        return [("", words.sentence(metric, cells[0] if cells else None))]
    found = []
    for cell in cells:
        apart = [words.part_word(n, v, {}) for n, v in zip(metric.apart, cell.part, strict=False)]
        found.append((" · ".join(apart), words.sentence(metric, cell)))
    return found
