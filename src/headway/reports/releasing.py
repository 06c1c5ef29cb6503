"""Release reports from a snapshot: asked of the engine, led through the gate, kept beside it.

The engine is loaded where something is released; pages do not release, and read what is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.analytics import queries as analytics
from headway.analytics.types import DISTRICT, Engine, Figures, Snapshot
from headway.kit.disk import write_whole
from headway.proficiency import queries as proficiency
from headway.reports.queries import as_data, every_report, released_in
from headway.reports.queries import report as find
from headway.reports.types import Released, Report, Section


def release_all(snapshot: Snapshot) -> list[Released]:
    """This will release every report from a snapshot and keep each beside it; return them in the order of the list."""
    from headway.analytics import actions as figuring

    folder, reports = analytics.folder() / snapshot.name, list(every_report().values())
    with figuring.facts_of(folder) as engine:
        # Several reports hold the same figures; each is asked and protected once.
        asked: Asked = {}
        ask = _asking(engine, figuring.known_releases(), asked, "school", reports)
        found = [_released(report, engine, ask, [snapshot], ()) for report in reports]
    # Before they can be read: what is noted and was never shown costs a cell, what was shown and is not noted a child. Noted are
    # the whole tables, also those of which a report shows one part.
    figuring.note_releases(asked.values(), on=snapshot.as_of)
    for one in found:
        _keep(released_in(folder, one.report), one)
    return found


def release_from(
    engine: Engine, report: str, *, snapshots: Sequence[Snapshot], districts: Sequence[str] = ()
) -> Released:
    """This will ask one report of an engine that is open on snapshots, through the gate; it is kept nowhere.

    Where `districts` name the snapshots, figures are told apart by district in the place of school.
    """
    ask = _asking(engine, {}, {}, DISTRICT if districts else "school", list(every_report().values()))
    return _released(find(report), engine, ask, snapshots, districts)


Ask = Callable[[str, tuple[str, ...]], Figures]
Asked = dict[tuple[str, tuple[str, ...]], Figures]
"""Whole tables by metric and columns, as they left the gate."""
_ORDER = ("grade", *analytics.GROUPS)
_LATER = (analytics.STATES, analytics.STEPS, analytics.EXPLAINED)
"""Kinds that follow what the others withhold of the same students."""


def _asking(
    engine: Engine, earlier: Mapping[Any, Any], asked: Asked, place: str, reports: Sequence[Report]
) -> Ask:
    """Return what asks each table once, after those that it is protected beside, and keeps it in `asked`.

    Whatever `reports` tell by the same columns is asked together, whichever of them is asked for: some of it counts the same
    students.
    """
    from headway.analytics import actions as figuring

    minimum = int(proficiency.remembered_book().settings["district"]["minimum_cell"])
    wanted = _wanted(reports, place)

    def ask(metric: str, by: tuple[str, ...]) -> Figures:
        if (metric, by) not in asked:
            metrics = [one for one in dict.fromkeys([*wanted.get(by, ()), metric]) if (one, by) not in asked]
            beside = {one: [ask(*other) for other in _before(one, by, place, wanted)] for one in metrics}
            found = figuring.figures_together(engine, beside, by, minimum=minimum, earlier=earlier)
            asked.update({(one, by): figures for one, figures in found.items()})
        return asked[metric, by]

    return ask


def _wanted(reports: Sequence[Report], place: str) -> dict[tuple[str, ...], list[str]]:
    """Return which metrics reports tell by which columns, and by those of the tables beside which these are protected."""
    found: dict[tuple[str, ...], dict[str, None]] = {}
    due = [
        (section.metric, by)
        for report in reports for section in report.sections for by in _tables(section, report.population, place)
    ]  # fmt: skip
    while due:
        metric, by = due.pop()
        if metric not in found.setdefault(by, {}):
            found[by][metric] = None
            due += [(metric, one) for one in _beside(by, place)]
    return {by: sorted(metrics) for by, metrics in found.items()}


def _before(
    metric: str, by: tuple[str, ...], place: str, wanted: Mapping[tuple[str, ...], Sequence[str]]
) -> list[tuple[str, tuple[str, ...]]]:
    """Return the tables that a table is protected beside: its own by fewer columns, and what withholds before it does."""
    found = [(metric, one) for one in _beside(by, place)]
    if analytics.METRICS[metric].kind in _LATER and len(by) == 1 and by != (place,):
        # What is told by the same columns is asked in one go with it.
        wider = (place, *by)
        found += [(one, wider) for one in wanted.get(wider, ()) if analytics.METRICS[one].kind not in _LATER]
    return found


def _beside(by: tuple[str, ...], place: str) -> list[tuple[str, ...]]:
    """Return the tables beside which one is protected: those with which it shares sums."""
    if len(by) < 2:
        return []
    one, other = by
    if one == place:
        return [(place,)]
    if other in _ORDER and _ORDER.index(one) > _ORDER.index(other):
        # The same table the other way round.
        return [(other, one)]
    return [(place, one), (place, other)]


def _released(
    report: Report, engine: Engine, ask: Ask, snapshots: Sequence[Snapshot], districts: Sequence[str]
) -> Released:
    place = DISTRICT if districts else "school"
    figures = tuple(
        one for section in report.sections for one in _told(section, report.population, ask, place)
    )
    names = ", ".join(one.name for one in snapshots)
    if districts:
        names = ", ".join(f"{who}={one.name}" for who, one in zip(districts, snapshots, strict=True))
    return Released(
        report.key, names, snapshots[0].as_of, min(one.taken_at for one in snapshots), figures[0].minimum,
        {row["rule"]: str(row["version"]) for row in engine.rows(_RULES)},
        {row["school"]: row["name"] for row in engine.rows(_SCHOOLS)}, figures, report.population,
    )  # fmt: skip


_RULES = "SELECT rule, MAX(rule_version) AS version FROM determination GROUP BY rule ORDER BY rule"
_SCHOOLS = "SELECT school, name FROM school ORDER BY school"


def _told(section: Section, population: Sequence[str], ask: Ask, place: str) -> Iterator[Figures]:
    """Yield the figures of a section; those of some students by place, and by each column for the district."""
    whole = (ask(section.metric, by) for by in _tables(section, population, place))
    if not population:
        yield from whole
        return
    from headway.analytics import actions as figuring

    column, value = population
    yield from (figuring.cut(one, column, value, place=place) for one in whole)


def _tables(section: Section, population: Sequence[str], place: str) -> Iterator[tuple[str, ...]]:
    """Yield the columns of the tables that a section shows, or out of which it cuts what it shows of some students."""
    if not population:
        yield from _columns(section, place)
        return
    column = population[0]
    by_state = analytics.METRICS[section.metric].kind == analytics.STATES
    yield (column,) if by_state else (place, column)
    yield from ((column, one) for one in section.by)


def _columns(section: Section, place: str) -> Iterator[tuple[str, ...]]:
    """Yield by which columns a section asks for its metric: by place, and by place and part."""
    kind = analytics.METRICS[section.metric].kind
    if kind in (analytics.STEPS, analytics.EXPLAINED):
        yield from ((column,) for column in section.by) if section.by else ((),)
        return
    yield (place,)
    # The states of a part are told for the district only: by school as well, most of them would be too few.
    whole = kind == analytics.STATES
    for column in section.by:
        yield (column,) if whole else (place, column)


def _keep(path: Path, released: Released) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, json.dumps(as_data(released), ensure_ascii=False).encode())
