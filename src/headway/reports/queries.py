"""Questions about released reports. Needs no engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from headway.analytics import queries as analytics
from headway.analytics.queries import GROUPS, Metric
from headway.analytics.types import TOTAL, Cell, Figures, State
from headway.kit.refusals import Refusal, Sentence
from headway.reports.catalog import REPORTS
from headway.reports.models import OwnReport, ReportSet, SetDelivery
from headway.reports.types import Delivery, Released, Report, Section, Set
from headway.reports.writing import flat, table, xlsx
from headway.rosters import queries as rosters

__all__ = [
    "REPORTS",
    "as_data",
    "columns_of",
    "days_over_time",
    "days_released",
    "delivered_since",
    "deliveries",
    "every_report",
    "find_own",
    "find_released",
    "find_withdrawn",
    "flat",
    "given",
    "last_delivered",
    "over_time",
    "populations",
    "read",
    "released_in",
    "report",
    "rows",
    "sets",
    "table",
    "texts",
    "xlsx",
]

FOLDER = "released"
FORMAT = 1
"""How a released report is kept. One of another format, from before or after an upgrade, counts as not released."""


def every_report() -> dict[str, Report]:
    """Return the ready reports, then the district's own that stand, in the order of their titles. One statement."""
    own = [one for one in newest_versions().values() if not one.withdrawn]
    found = dict(REPORTS)
    found |= {one.key: _report(one) for one in sorted(own, key=lambda one: one.title.casefold())}
    return found


def find_own(key: str) -> Report | None:
    """Return a report of the district's own, also one that is withdrawn; None where there is none of this key. One statement."""
    one = newest_versions().get(key)
    return None if one is None else _report(one)


def _report(one: OwnReport) -> Report:
    sections = tuple(Section(metric, tuple(by)) for metric, by in one.sections)
    return Report(
        one.key,
        one.title,
        one.question,
        sections,
        one.version,
        one.made_by,
        one.made_at,
        tuple(one.population),
    )


def newest_versions() -> dict[str, OwnReport]:
    """Return the newest version of each report of the district's own, also of those that are withdrawn. One statement."""
    return {one.key: one for one in OwnReport.objects.order_by("version")}


def find_withdrawn(key: str) -> OwnReport | None:
    """Return a report of the district's own that is withdrawn, as it was last; None where there is none of this key."""
    one = newest_versions().get(key) if key else None
    return one if one is not None and one.withdrawn else None


def sets(*, withdrawn: bool = False) -> dict[str, Set]:
    """Return the newest version of each set of reports by key, in the order of titles; `withdrawn` brings those too.

    One statement.
    """
    newest = {one.key: _set(one) for one in ReportSet.objects.order_by("version")}
    found = [one for one in newest.values() if withdrawn or not one.withdrawn]
    return {one.key: one for one in sorted(found, key=lambda one: one.title.casefold())}


def deliveries(key: str) -> list[Delivery]:
    """Return the comings of a set, newest figures first, each with the set as it stood then. Two statements."""
    stood = {one.version: _set(one) for one in ReportSet.objects.filter(key=key)}
    rows = SetDelivery.objects.filter(key=key).order_by("-as_of")
    return [Delivery(stood[one.version], one.as_of, one.delivered_at) for one in rows]


def last_delivered() -> dict[str, date]:
    """Return the day of the newest figures with which each set came, by key. One statement."""
    return dict(SetDelivery.objects.order_by("as_of").values_list("key", "as_of"))


def delivered_since(*, since: datetime, district: bool) -> list[date]:
    """Return the days of the figures of sets that came since an instant, oldest first; without `district`, of those for schools.

    At most two statements.
    """
    rows = list(SetDelivery.objects.filter(delivered_at__gt=since).order_by("as_of"))
    known = sets() if rows else {}
    return [
        one.as_of for one in rows if one.key in known and (district or known[one.key].for_schools)
    ]  # fmt: skip


def _set(one: ReportSet) -> Set:
    return Set(
        one.key, one.version, one.title, tuple(one.reports), one.comes, one.for_schools, one.withdrawn, one.made_by, one.made_at,
    )  # fmt: skip


def columns_of(metric: Metric) -> tuple[str, ...]:
    """Return by which columns a report may tell a metric, beside the school."""
    if metric.kind == analytics.EXPLAINED:
        return ()
    if metric.kind == analytics.STEPS:
        return GROUPS
    return ("grade", *GROUPS, *(name for name in metric.parts if name not in metric.apart))


def populations() -> dict[str, tuple[str, ...]]:
    """Return of which students a report may be: the parts by column of students. One statement.

    A part of whom nothing is said is none: it would be a report about gaps in the roster.
    """
    yes_no = ("yes", "no")
    return {
        "grade": rosters.grades_taught(), "race": rosters.OF_RACE,
        "sex": ("female", "male", "other", "unspecified"), "english_learner": yes_no,
        "economically_disadvantaged": yes_no, "disability": yes_no,
    }  # fmt: skip


def report(key: str) -> Report:
    """Return a report. Raises `Refusal("unknown_report")`."""
    known = every_report()
    if key not in known:
        raise Refusal("unknown_report", Sentence("Reports are: %(names)s.", names=", ".join(known)))
    return known[key]


def released_in(folder: Path, key: str) -> Path:
    """Return where the released report of a snapshot lies."""
    return folder / FOLDER / f"{key}.json"


def find_released(key: str, as_of: date | None = None) -> Released | None:
    """Return a report as it was released last, of a day (None: of the latest); None where it was not."""
    days = [one for one in analytics.snapshots() if as_of is None or one.as_of == as_of]
    for one in sorted(days, key=lambda one: (one.as_of, one.taken_at), reverse=True):
        path = released_in(analytics.folder() / one.name, key)
        said = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if said.get("format") == FORMAT:
            return read(said)
    return None


def days_released() -> list[date]:
    """Return the days of which reports were released, newest first."""
    found = {one.as_of for one in analytics.snapshots() if (analytics.folder() / one.name / FOLDER).is_dir()}
    return sorted(found, reverse=True)


MOST_DAYS = 12


def days_over_time() -> list[date]:
    """Return the days by which a report is told over time, oldest first: the newest, and the last of each month before it."""
    last: dict[tuple[int, int], date] = {}
    for day in days_released():
        last.setdefault((day.year, day.month), day)
    return sorted(last.values())[-MOST_DAYS:]


def over_time(key: str, metric: str, names: tuple[str, ...]) -> list[tuple[date, Figures]]:
    """Return one metric by columns as it was released on each of `days_over_time`.

    Days of another version of it are left out, and days on which the report was of other students than it is now.
    """
    found: list[tuple[date, Figures]] = []
    now = find_released(key)
    for day in days_over_time():
        released = find_released(key, day)
        same = now is not None and released is not None and released.population == now.population
        for one in released.figures if released is not None and same else ():
            if (one.metric, one.names) == (metric, names):
                found.append((day, one))
    newest = found[-1][1].version if found else 0
    return [(day, one) for day, one in found if one.version == newest]


def as_data(released: Released) -> dict[str, Any]:
    """Return a released report as it is kept."""
    said = asdict(released)
    return {
        **said,
        "format": FORMAT,
        "as_of": released.as_of.isoformat(),
        "taken_at": released.taken_at.isoformat(),
    }


def read(said: dict[str, Any]) -> Released:
    """Return what `as_data` kept."""
    return Released(
        said["report"], said["snapshot"], date.fromisoformat(said["as_of"]), datetime.fromisoformat(said["taken_at"]),
        said["minimum"], said["rules"], said["schools"], tuple(map(_figures, said["figures"])),
        tuple(said.get("population", ())),
    )  # fmt: skip


def _figures(said: dict[str, Any]) -> Figures:
    return Figures(**{**said, "names": tuple(said["names"]), "cells": tuple(map(_cell, said["cells"]))})


def _cell(said: dict[str, Any]) -> Cell:
    return Cell(**{
        **said, "part": tuple(said["part"]), "interval": _pair(said["interval"]),
        "gap_interval": _pair(said["gap_interval"]), "reasons": tuple(said["reasons"]),
        "states": tuple(State(**{**one, "interval": _pair(one["interval"])}) for one in said["states"]),
    })  # fmt: skip


def _pair(said: list[float] | None) -> tuple[float, float] | None:
    return None if said is None else (said[0], said[1])


def given(released: Released, *, schools: set[str] | None = None) -> dict[str, Any]:
    """Return a released report as it is handed out: what one has to know to read it, its `rows`, and the `sql` behind them."""
    found = list(rows(released, schools=schools))
    return {
        "name": released.report, "snapshot": released.taken_at.isoformat(timespec="seconds"), "folder": released.snapshot,
        "as_of": released.as_of, "population": _population(released),
        "minimum": released.minimum, "rules": dict(released.rules), "n": len(found), "rows": found, "sql": texts(released),
    }  # fmt: skip


def texts(released: Released) -> list[dict[str, Any]]:
    """Return the SQL behind each table of a report: its metric, by which columns, the text. It names columns and no student."""
    return [{"metric": one.metric, "by": "+".join(one.names), "sql": one.text} for one in released.figures]


def _population(released: Released) -> dict[str, str]:
    """Return of which students a report is: a column and its part, nothing for all of them."""
    return dict([released.population]) if released.population else {}


def rows(released: Released, *, schools: set[str] | None = None) -> Iterator[dict[str, Any]]:
    """Yield a released report as plain rows, one per figure; `schools` keeps those and the district's own.

    `by` are the columns of the table that a row is of, joined by `+`; `part` names each column and its part, `total` for all
    of them, also the one that the whole report is of; `state` is empty where the metric has none; shares are from 0 to 1;
    nothing stands where a figure is withheld, and `withheld` says why.
    """
    for one in released.figures:
        by = "+".join(one.names)
        for cell in one.cells:
            part = _population(released) | dict(zip(one.names, cell.part, strict=True))
            if schools is not None and part.get("school", TOTAL) not in (TOTAL, *schools):
                continue
            head = {
                "metric": one.metric,
                "version": one.version,
                "by": by,
                "part": part,
                "n": cell.n,
                "of": cell.of,
            }
            tail = {
                "withheld": cell.withheld,
                "coded": cell.coded,
                "method": cell.method,
                "reasons": list(cell.reasons),
            }
            if not cell.states:
                low, high = cell.interval or (None, None)
                row = {**head, "state": "", "value": cell.value, "low": low, "high": high}
                if cell.gap is not None:
                    ends = cell.gap_interval or (None, None)
                    row |= {"gap": cell.gap, "gap_low": ends[0], "gap_high": ends[1]}
                yield {**row, **tail}
            for state in cell.states:
                low, high = state.interval or (None, None)
                why = cell.withheld or ("" if state.value is not None else "protects")
                yield {
                    **head, "n": cell.n, "state": state.name, "value": state.value, "low": low, "high": high, **tail,
                    "withheld": why, "coded": state.coded,
                }  # fmt: skip
