"""Acts on reports: their release from a snapshot, asked of the engine, led through the gate, kept beside the snapshot.

Loads the engine; pages do not, and read what is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from headway.analytics import actions as figuring
from headway.analytics import queries as analytics
from headway.analytics.types import Figures, Snapshot
from headway.kit.disk import write_whole
from headway.proficiency import queries as proficiency
from headway.reports.catalog import REPORTS
from headway.reports.queries import as_data, released_in
from headway.reports.types import Released, Section


def release_all(snapshot: Snapshot) -> list[Released]:
    """This will release every report from a snapshot and keep each beside it; return them in the order of the list."""
    folder = analytics.folder() / snapshot.name
    minimum = int(proficiency.remembered_book().settings["district"]["minimum_cell"])
    with figuring.facts_of(folder) as engine:
        rules = {row["rule"]: str(row["version"]) for row in engine.rows(_RULES)}
        schools = {row["school"]: row["name"] for row in engine.rows(_SCHOOLS)}

        earlier = figuring.known_releases()

        @cache
        def ask(metric: str, by: tuple[str, ...]) -> Figures:
            # Several reports hold the same figures; each is asked and protected once.
            return figuring.figures(engine, metric, by, minimum=minimum, earlier=earlier)

        found = [
            Released(
                report.key, snapshot.name, snapshot.as_of, snapshot.taken_at, minimum, rules, schools,
                tuple(ask(section.metric, by) for section in report.sections for by in _columns(section)),
            )
            for report in REPORTS.values()
        ]  # fmt: skip
    # Before they can be read: what is noted and was never shown costs a cell, what was shown and is not noted a child.
    figuring.note_releases((one for each in found for one in each.figures), on=snapshot.as_of)
    for one in found:
        _keep(released_in(folder, one.report), one)
    return found


_RULES = "SELECT rule, MAX(rule_version) AS version FROM determination GROUP BY rule ORDER BY rule"
_SCHOOLS = "SELECT school, name FROM school ORDER BY school"


def _columns(section: Section) -> Iterator[tuple[str, ...]]:
    """Yield by which columns a section asks for its metric."""
    kind = analytics.METRICS[section.metric].kind
    if kind in (analytics.STEPS, analytics.EXPLAINED):
        yield from ((column,) for column in section.by) if section.by else ((),)
        return
    yield ("school",)
    # The states of a part are told for the district only: by school as well, most of them would be too few.
    whole = kind == analytics.STATES
    for column in section.by:
        yield (column,) if whole else ("school", column)


def _keep(path: Path, released: Released) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, json.dumps(as_data(released), ensure_ascii=False).encode())
