"""Acts on reports: their release from a snapshot, asked of the engine, led through the gate, kept beside the snapshot.

Loads the engine; pages do not, and read what is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from headway.analytics import actions as figuring
from headway.analytics import queries as analytics
from headway.analytics.types import Engine, Figures, Snapshot
from headway.proficiency import queries as proficiency
from headway.reports.catalog import REPORTS
from headway.reports.queries import as_data, released_in
from headway.reports.types import Released, Report


def release_all(snapshot: Snapshot) -> list[Released]:
    """This will release every report from a snapshot and keep each beside it; return them in the order of the list."""
    folder = analytics.folder() / snapshot.name
    with figuring.facts_of(folder) as engine:
        found = [release(engine, snapshot, report) for report in REPORTS.values()]
    for one in found:
        _keep(released_in(folder, one.report), one)
    return found


def release(engine: Engine, snapshot: Snapshot, report: Report) -> Released:
    """Return one report of a snapshot as it leaves the gate."""
    book = proficiency.remembered_book()
    minimum = int(book.settings["district"]["minimum_cell"])
    rules = {row["rule"]: str(row["version"]) for row in engine.rows(_RULES)}
    schools = {
        row["school"]: row["name"] for row in engine.rows("SELECT school, name FROM school ORDER BY school")
    }
    figures = tuple(
        one for section in report.sections for one in _section(engine, section.metric, section.by, minimum)
    )
    return Released(
        report.key, snapshot.name, snapshot.as_of, snapshot.taken_at, minimum, rules, schools, figures
    )


_RULES = "SELECT rule, MAX(rule_version) AS version FROM determination GROUP BY rule ORDER BY rule"


def _section(engine: Engine, metric: str, by: tuple[str, ...], minimum: int) -> Iterator[Figures]:
    yield figuring.figures(engine, metric, ("school",), minimum=minimum)
    for column in by:
        # The states of a part are told for the district only: by school as well, most of them would be too few.
        whole = analytics.METRICS[metric].kind == analytics.STATES
        yield figuring.figures(engine, metric, (column,) if whole else ("school", column), minimum=minimum)


def _keep(path: Path, released: Released) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(as_data(released), file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
