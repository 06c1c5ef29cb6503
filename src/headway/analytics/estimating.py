"""From the sums of a group to its figure: the science on the rows that the engine gave."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headway.analytics.asking import SUMS, head_count, question
from headway.analytics.metrics import GROUPS, MEAN, RATE, RATIO, STATES, WAIT, Metric
from headway.analytics.types import TOTAL, UNKNOWN, Cell, Engine, State
from headway.science import sums
from headway.science.equity.shares import share
from headway.science.growth.waiting import waiting

Part = tuple[str, ...]
Rows = Sequence[Mapping[str, Any]]


def answers(
    engine: Engine, metric: Metric, by: Sequence[str], *, only: tuple[str, str] | None = None
) -> Iterator[tuple[Cell, Mapping[str, float]]]:
    """Yield the figure of every part that has students, in the order of parts, beside the sums behind it, where it has some.

    Nothing is withheld yet. `by` are columns beside those that the metric keeps apart; a cell's `part` holds those first,
    then `by`.
    """
    names = tuple(dict.fromkeys([*metric.apart, *by]))
    rows = engine.rows(question(metric, by, only=only))
    yield from _cells(metric, names, rows, _people(engine, metric, by, only))


def tables(
    engine: Engine, metric: Metric, by: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], Cell, Mapping[str, float]]]:
    """Yield every sum over a table, fewest columns first: which of `by` it is told apart by, and its figures as `answers` does.

    A student is in one school, one grade, one group: over those, sums are added up here. Of what is the metric's own a student
    has several, and each choice of those columns is asked.
    """
    asked: dict[tuple[str, ...], tuple[Rows, Rows]] = {}
    for shown in _subsets(tuple(by)):
        finest = tuple(name for name in by if name in shown or name not in metric.parts)
        if finest not in asked:
            rows = engine.rows(question(metric, finest))
            asked[finest] = rows, _people(engine, metric, finest, None)
        rows, people = asked[finest]
        names, over = (*metric.apart, *shown), set(finest) - set(shown)
        for cell, given in _cells(metric, names, _added(rows, names, over), _added(people, names, over)):
            yield shown, cell, given


def _subsets(by: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the columns of each sum of a table: none of them first, then each alone, then all."""
    found: list[tuple[str, ...]] = [()]
    for column in by:
        found += [(*before, column) for before in found]
    return sorted(found, key=len)


def _people(engine: Engine, metric: Metric, by: Sequence[str], only: tuple[str, str] | None) -> Rows:
    """Return how many students are behind each part, where the rows of the answer do not say it."""
    return engine.rows(head_count(metric, by, only=only)) if metric.kind == WAIT else []


def _added(rows: Rows, names: Part, over: Collection[str]) -> Rows:
    """Return rows with their numbers added up over some columns, in the order of the parts that stay."""
    if not over:
        return rows
    keys = (*names, "state", "wait", "ended")
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys if name in row)
        sums = {name: row[name] or 0 for name in row if name not in keys and name not in over}
        own = found.setdefault(key, {})
        own.update({name: row[name] for name in keys if name in row})
        own.update({name: own.get(name, 0) + number for name, number in sums.items()})
    return sorted(found.values(), key=lambda row: [row[name] for name in names])


def _cells(
    metric: Metric, names: Part, rows: Rows, people: Rows
) -> Iterator[tuple[Cell, Mapping[str, float]]]:
    if metric.kind == STATES:
        for part, own in _grouped(rows, names):
            yield _in_states(metric, part, own), {}
    elif metric.kind == WAIT:
        counted = {tuple(row[name] for name in names): int(row["n"]) for row in people}
        for part, own in _grouped(rows, names):
            yield _waited(part, own, counted[part]), {}
    else:
        for row in rows:
            given = {name: float(row[name] or 0) for name in ("n", *SUMS[metric.kind])}
            cell = _summed(metric, tuple(row[name] for name in names), given)
            if cell.n:
                yield cell, given


def _grouped(
    rows: Iterable[Mapping[str, Any]], names: Sequence[str]
) -> list[tuple[Part, list[Mapping[str, Any]]]]:
    found: dict[Part, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return list(found.items())


def _summed(metric: Metric, part: Part, given: Mapping[str, float]) -> Cell:
    n = int(given["n"])
    if metric.kind == MEAN:
        known = int(given["known"])
        found = sums.mean(n=known, total=given["total"], squares=given["squares"])
        return Cell(part, known, found.value, found.interval, found.method, found.reasons, of=n)
    found = (sums.share if metric.kind == RATIO else sums.rate)(**{**given, "n": n})
    return Cell(
        part, n, found.value, found.interval, found.method, found.reasons, of=n, hits=given["hits"],
        chances=given["chances"],
    )  # fmt: skip


def _in_states(metric: Metric, part: Part, rows: Sequence[Mapping[str, Any]]) -> Cell:
    counts = {str(row["state"]): int(row["n"]) for row in rows}
    n = sum(counts.values())
    states = []
    for name in metric.states:
        found = share(counts.get(name, 0), n)
        states.append(State(name, counts.get(name, 0), found.value, found.interval))
    return Cell(part, n, None, None, "share of students, Wilson interval", (), of=n, states=tuple(states))


def _waited(part: Part, rows: Sequence[Mapping[str, Any]], people: int) -> Cell:
    times = np.array([int(row["times"]) for row in rows])
    waits = np.array([float(row["wait"]) for row in rows])
    ended = np.array([bool(row["ended"]) for row in rows])
    found = waiting(waits, ended, counts=times).median
    interval, reasons = found.interval, found.reasons
    if interval is not None and not math.isfinite(interval[1]):
        interval, reasons = None, (*reasons, "upper_end_not_reached")
    return Cell(
        part, people, found.value, interval, found.method, reasons, of=people, chances=float(times.sum())
    )


def with_gaps(
    metric: Metric, cells: Sequence[Cell], sums_of: Mapping[Part, Mapping[str, float]], by: str
) -> list[Cell]:
    """Return the cells of groups with their gap to all other students of the same total, where both have a figure.

    `sums_of` are the sums of the kind by part; `by` the column of groups, the last of a part. The others are the total less the
    group: students of whom nothing is said are among them.
    """
    if by not in GROUPS or metric.kind not in (RATIO, RATE, MEAN):
        return list(cells)
    found = []
    for cell in cells:
        whole = sums_of.get((*cell.part[:-1], TOTAL))
        own = sums_of.get(cell.part)
        if own is None or whole is None or cell.part[-1] in (TOTAL, UNKNOWN):
            found.append(cell)
            continue
        others = {name: whole[name] - own[name] for name in own}
        gap = (sums.mean_gap if metric.kind == MEAN else sums.share_gap)(own, others)
        found.append(replace(cell, gap=gap.value, gap_interval=gap.interval))
    return found
