"""Acts on facts and figures: take a snapshot, open its facts, ask for a metric. Loads the engine; pages do not."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq

from headway.analytics import gate, queries, together
from headway.analytics.asking import question
from headway.analytics.crossing import columns_crossed, cut, to_withhold
from headway.analytics.engine import duck as facts_of
from headway.analytics.estimating import tables, with_gaps
from headway.analytics.inquiring import inquire
from headway.analytics.metrics import EXPLAINED, METRICS, STATES, STEPS, Metric
from headway.analytics.releases import Key, Shown
from headway.analytics.releases import known as known_releases
from headway.analytics.releases import note as note_releases
from headway.analytics.snapshots import take as take_snapshot
from headway.analytics.together import Table
from headway.analytics.types import TOTAL, Cell, Engine, Figures
from headway.science.disclosure.releases import Release

__all__ = [
    "cut", "facts_of", "figures", "figures_together", "forget", "known_releases", "note_releases", "take_snapshot", "tidy",
]  # fmt: skip

KEPT_DAYS = 30


def figures(
    engine: Engine,
    metric: str,
    by: tuple[str, ...],
    *,
    minimum: int,
    earlier: Mapping[Key, list[Shown]] | None = None,
    beside: Sequence[Figures] = (),
) -> Figures:
    """Return one metric by columns and by every sum over them, as `figures_together` does for several."""
    found = figures_together(engine, {metric: beside}, by, minimum=minimum, earlier=earlier)
    return found[metric]


def figures_together(
    engine: Engine,
    asked: Mapping[str, Sequence[Figures]],
    by: tuple[str, ...],
    *,
    minimum: int,
    earlier: Mapping[Key, list[Shown]] | None = None,
) -> dict[str, Figures]:
    """Return metrics by columns and by every sum over them, each protected as one table, and against `earlier` releases of it.

    `asked` names the metrics, each with the figures of the same day beside which it is protected. What those of the same metric
    show is shown here and what they withhold is withheld, so that no second table tells what the first one withholds; where they
    have further columns, all of them together tell no more of a small group than those before this one did. Metrics that count
    the same students are one table: what one of them withholds, all withhold.

    A student is in one school and one grade, but in several continuums: across those nothing is a sum of students, so each
    is protected as a table of its own. A cell's part names them first.
    """
    found: dict[str, Figures] = {}
    numbers = [one for name in asked if (one := METRICS[name]).kind not in (STATES, STEPS, EXPLAINED)]
    for alike in together.same_students([_table(engine, one, by) for one in numbers]):
        before = {table.one.key: _releases(earlier, table) for table in alike}
        own = {
            table.one.key: [one for one in asked[table.one.key] if one.metric == table.one.key]
            for table in alike
        }
        hidden: set[tuple[str, ...]] = set()
        while True:
            told = {
                table.one.key: _protected(
                    engine, table, own[table.one.key], before[table.one.key], minimum, hidden
                )
                for table in alike
            }
            withheld = {cell.part for cells in told.values() for cell in cells if cell.withheld}
            if withheld <= hidden or len(alike) == 1:
                break
            hidden |= withheld
        found |= {table.one.key: _figures(table, told[table.one.key], minimum) for table in alike}
    for name, beside in asked.items():
        one = METRICS[name]
        near = [*beside, *found.values()]
        if one.kind in (STEPS, EXPLAINED):
            found[name] = inquire(engine, one, by, minimum=minimum, beside=near)
        elif one.kind == STATES:
            table = _table(engine, one, by)
            near = [each for each in near if together.counts_agree(each, table)]
            cells = _protected(engine, table, near, _releases(earlier, table), minimum, set())
            found[name] = _figures(table, cells, minimum)
    return {name: found[name] for name in asked}


def _table(engine: Engine, one: Metric, by: tuple[str, ...]) -> Table:
    several = (*one.apart, *(name for name in by if name in one.parts and name not in one.apart))
    names = (*several, *(name for name in by if name not in several))
    found: list[Cell] = []
    sums: dict[tuple[str, ...], Mapping[str, float]] = {}
    for shown, cell, given in tables(engine, one, [name for name in names if name not in one.apart]):
        own = dict(zip([*one.apart, *shown], cell.part, strict=True))
        part = tuple(own.get(name, TOTAL) for name in names)
        found.append(replace(cell, part=part))
        sums[part] = given
    return Table(one, names, several, tuple(with_gaps(one, found, sums, names[-1])))


def _releases(earlier: Mapping[Key, list[Shown]] | None, table: Table) -> list[Release]:
    one = table.one
    return [each.release for each in (earlier or {}).get((one.key, one.version, table.names), ())]


def _figures(table: Table, told: Sequence[Cell], minimum: int) -> Figures:
    one, hidden = table.one, sum(bool(cell.withheld) for cell in told)
    return Figures(
        one.key, one.version, table.names, tuple(told), question(one, table.names), minimum, hidden
    )


def _protected(
    engine: Engine, table: Table, beside: Sequence[Figures], before: Sequence[Release], minimum: int,
    hidden: set[tuple[str, ...]],
) -> list[Cell]:  # fmt: skip
    one, names, several = table.one, table.names, table.several
    elsewhere = _elsewhere(table.cells, names, set(several) - set(one.apart), beside)
    if hidden:
        elsewhere = [
            False if cell.part in hidden else shown
            for cell, shown in zip(table.cells, elsewhere or [None] * len(table.cells), strict=True)
        ]
    columns = () if one.kind == STATES else columns_crossed(names, set(several), beside)
    # Every combination of the columns is asked for, also those that no table shows: only so it is known what would be told.
    crossed = _crossed(engine, one, several, columns) if columns else {}
    while True:
        told = gate.protect(
            one, table.cells, minimum=minimum, kept_apart=len(several), earlier=before, elsewhere=elsewhere
        )
        more = to_withhold(
            names, told, beside, crossed, columns, n_apart=len(several), minimum=minimum
        ) if columns else set()  # fmt: skip
        if not more:
            return told
        elsewhere = [False if at in more else shown for at, shown in enumerate(elsewhere)]


def _crossed(
    engine: Engine, one: Metric, several: Sequence[str], columns: Sequence[str]
) -> dict[tuple[str, ...], int]:
    """Return students by every combination of columns, for each part and the whole of those that tell tables apart."""
    found: dict[tuple[str, ...], int] = {}
    loose = [name for name in several if name not in one.apart]
    for shown, cell, _ in tables(engine, one, [*loose, *columns]):
        if set(columns) <= set(shown):
            own = dict(zip([*one.apart, *shown], cell.part, strict=True))
            found[tuple(own.get(name, TOTAL) for name in (*several, *columns))] = cell.n or 0
    return found


def _elsewhere(
    found: Iterable[Cell], names: tuple[str, ...], loose: set[str], beside: Sequence[Figures]
) -> list[bool | None]:
    """Return of each cell whether the figures beside show it, None where it is in none; `loose` columns tell tables apart."""
    if not beside:
        return []
    known = [(one.names, {cell.part: not cell.withheld for cell in one.cells}) for one in beside]
    told: list[bool | None] = []
    for cell in found:
        own = dict(zip(names, cell.part, strict=True))
        said = [
            cells.get(tuple(own.get(name, TOTAL) for name in columns))
            for columns, cells in known
            if all(own[name] == TOTAL for name in names if name not in columns and name not in loose)
        ]
        told.append(False if False in said else True if True in said else None)
    return told


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
