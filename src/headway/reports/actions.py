"""Acts on reports: their release from a snapshot, asked of the engine, led through the gate, kept beside the snapshot.

Loads the engine; pages do not, and read what is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from headway.analytics import actions as figuring
from headway.analytics import queries as analytics
from headway.analytics.types import DISTRICT, Engine, Figures, Snapshot
from headway.kit.disk import write_whole
from headway.proficiency import queries as proficiency
from headway.reports.catalog import REPORTS
from headway.reports.queries import as_data, released_in
from headway.reports.types import Released, Report, Section


def release_all(snapshot: Snapshot) -> list[Released]:
    """This will release every report from a snapshot and keep each beside it; return them in the order of the list."""
    folder = analytics.folder() / snapshot.name
    with figuring.facts_of(folder) as engine:
        # Several reports hold the same figures; each is asked and protected once.
        ask = cache(_asking(engine))
        found = [_released(report, engine, ask, [snapshot], ()) for report in REPORTS.values()]
    for one in found:
        _keep(released_in(folder, one.report), one)
    return found


def release_from(
    engine: Engine, report: str, *, snapshots: Sequence[Snapshot], districts: Sequence[str] = ()
) -> Released:
    """This will ask one report of an engine that is open on snapshots, through the gate; it is kept nowhere.

    Where `districts` name the snapshots, figures are told apart by district in the place of school.
    """
    return _released(REPORTS[report], engine, _asking(engine), snapshots, districts)


Ask = Callable[[str, tuple[str, ...]], Figures]


def _asking(engine: Engine) -> Ask:
    minimum = int(proficiency.remembered_book().settings["district"]["minimum_cell"])
    return lambda metric, by: figuring.figures(engine, metric, by, minimum=minimum)


def _released(
    report: Report, engine: Engine, ask: Ask, snapshots: Sequence[Snapshot], districts: Sequence[str]
) -> Released:
    place = DISTRICT if districts else "school"
    figures = tuple(ask(section.metric, by) for section in report.sections for by in _columns(section, place))
    names = ", ".join(one.name for one in snapshots)
    if districts:
        names = ", ".join(f"{who}={one.name}" for who, one in zip(districts, snapshots, strict=True))
    return Released(
        report.key, names, snapshots[0].as_of, min(one.taken_at for one in snapshots), figures[0].minimum,
        {row["rule"]: str(row["version"]) for row in engine.rows(_RULES)},
        {row["school"]: row["name"] for row in engine.rows(_SCHOOLS)}, figures,
    )  # fmt: skip


_RULES = "SELECT rule, MAX(rule_version) AS version FROM determination GROUP BY rule ORDER BY rule"
_SCHOOLS = "SELECT school, name FROM school ORDER BY school"


def _columns(section: Section, place: str) -> Iterator[tuple[str, ...]]:
    """Yield by which columns a section asks for its metric: by place, and by place and part."""
    yield (place,)
    # The states of a part are told for the district only: by school as well, most of them would be too few.
    whole = analytics.METRICS[section.metric].kind == analytics.STATES
    for column in section.by:
        yield (column,) if whole else (place, column)


def _keep(path: Path, released: Released) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, json.dumps(as_data(released), ensure_ascii=False).encode())
