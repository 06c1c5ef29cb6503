"""Acts on facts and figures: take a snapshot, open its facts, ask for a metric. Loads the engine; pages do not."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq

from headway.analytics import gate, queries
from headway.analytics.asking import question
from headway.analytics.engine import duck as facts_of
from headway.analytics.estimating import tables, with_gaps
from headway.analytics.inquiring import inquire
from headway.analytics.metrics import EXPLAINED, METRICS, STEPS
from headway.analytics.releases import Key, Shown
from headway.analytics.releases import known as known_releases
from headway.analytics.releases import note as note_releases
from headway.analytics.snapshots import take as take_snapshot
from headway.analytics.types import TOTAL, Cell, Engine, Figures

__all__ = ["facts_of", "figures", "forget", "known_releases", "note_releases", "take_snapshot", "tidy"]

KEPT_DAYS = 30


def figures(
    engine: Engine,
    metric: str,
    by: tuple[str, ...],
    *,
    minimum: int,
    earlier: Mapping[Key, list[Shown]] | None = None,
    beside: Figures | None = None,
) -> Figures:
    """Return one metric by columns and by every sum over them, protected as one table, and against `earlier` releases of it.

    `beside` are the figures of the same metric by fewer of the columns, released on the same day: what they show is shown here
    and what they withhold is withheld, so that no second table tells what the first one withholds.

    A student is in one school and one grade, but in several continuums: across those nothing is a sum of students, so each
    is protected as a table of its own. A cell's part names them first.
    """
    one = METRICS[metric]
    if one.kind in (STEPS, EXPLAINED):
        return inquire(engine, one, by, minimum=minimum)
    several = (*one.apart, *(name for name in by if name in one.parts and name not in one.apart))
    names = (*several, *(name for name in by if name not in several))
    found: list[Cell] = []
    sums: dict[tuple[str, ...], Mapping[str, float]] = {}
    for shown, cell, given in tables(engine, one, [name for name in names if name not in one.apart]):
        own = dict(zip([*one.apart, *shown], cell.part, strict=True))
        part = tuple(own.get(name, TOTAL) for name in names)
        found.append(replace(cell, part=part))
        sums[part] = given
    found = with_gaps(one, found, sums, names[-1])
    before = (earlier or {}).get((one.key, one.version, names), ())
    told = gate.protect(
        one, found, minimum=minimum, kept_apart=len(several), earlier=[each.release for each in before],
        elsewhere=_elsewhere(found, names, set(several) - set(one.apart), beside),
    )  # fmt: skip
    hidden = sum(bool(cell.withheld) for cell in told)
    return Figures(one.key, one.version, names, tuple(told), question(one, names), minimum, hidden)


def _elsewhere(
    found: Iterable[Cell], names: tuple[str, ...], loose: set[str], beside: Figures | None
) -> list[bool | None]:
    """Return of each cell whether the figures beside show it, None where it is not in them; `loose` columns tell tables apart."""
    if beside is None:
        return []
    known = {cell.part: not cell.withheld for cell in beside.cells}
    at = [names.index(name) for name in beside.names]
    rest = [place for place, name in enumerate(names) if place not in at and name not in loose]
    return [
        known.get(tuple(cell.part[place] for place in at)) if all(cell.part[place] == TOTAL for place in rest) else None
        for cell in found
    ]  # fmt: skip


def forget(students: Iterable[str]) -> int:
    """This will remove every snapshot that holds one of the students (sourcedIds); return how many.

    For erasure: a snapshot of the same day is made anew without them. What was released from it names nobody, and goes too.
    What a killed process left half written is nobody's and goes in any case.
    """
    for part in queries.folder().glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)
    wanted, gone = set(students), 0
    for one in queries.snapshots():
        path = queries.folder() / one.name
        held = pq.read_table(path / "student.parquet", columns=["student"]).column("student").to_pylist()
        if wanted.intersection(held):
            shutil.rmtree(path)
            gone += 1
    return gone


def tidy(*, at: datetime) -> int:
    """This will remove snapshots that are kept no longer; return how many.

    Of one day the newest is kept; of days, the last thirty with a snapshot, and before those the last of each month. One that
    was taken within the last hour stays: somebody may be releasing from it.
    """
    newest: dict[date, str] = {}
    for one in queries.snapshots():
        newest.setdefault(one.as_of, one.name)
    days = sorted(newest, reverse=True)
    months: dict[tuple[int, int], date] = {}
    for day in days:
        months.setdefault((day.year, day.month), day)
    kept = {newest[day] for day in (*days[:KEPT_DAYS], *months.values())}
    old = at - timedelta(hours=1)
    gone = [one.name for one in queries.snapshots() if one.name not in kept and one.taken_at < old]
    for name in gone:
        shutil.rmtree(queries.folder() / name)
    for part in queries.folder().glob(".*.part"):
        # What a killed process left.
        if datetime.fromtimestamp(part.stat().st_mtime, UTC) < old:
            shutil.rmtree(part)
    return len(gone)
