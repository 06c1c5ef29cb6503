"""From the sums of a group to its figure: the science on the rows that the engine gave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headway.analytics.asking import question
from headway.analytics.metrics import MEAN, RATE, RATIO, STATES, Metric
from headway.analytics.types import Cell, Engine, State
from headway.science import sums
from headway.science.equity.shares import share

Part = tuple[str, ...]


def cells(engine: Engine, metric: Metric, by: Sequence[str], *, school: str | None = None) -> list[Cell]:
    """Return the figure of every part that has students, in the order of parts. Nothing is withheld yet.

    `by` are columns beside those that the metric keeps apart; a cell's `part` holds those first, then `by`.
    """
    names = tuple(dict.fromkeys([*metric.apart, *by]))
    rows = engine.rows(question(metric, by, school=school))
    if metric.kind == STATES:
        return [_in_states(metric, part, own) for part, own in _grouped(rows, names)]
    found = (_summed(metric, tuple(row[name] for name in names), row) for row in rows if row["n"])
    return [one for one in found if one.n]


def _grouped(
    rows: Iterable[Mapping[str, Any]], names: Sequence[str]
) -> list[tuple[Part, list[Mapping[str, Any]]]]:
    found: dict[Part, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return list(found.items())


def _summed(metric: Metric, part: Part, row: Mapping[str, Any]) -> Cell:
    n = int(row["n"])
    if metric.kind == MEAN:
        known = int(row["known"])
        found = sums.mean(n=known, total=float(row["total"] or 0), squares=float(row["squares"] or 0))
        return Cell(part, known, found.value, found.interval, found.method, found.reasons, of=n)
    assert metric.kind in (RATIO, RATE)
    given = {
        name: float(row[name] or 0)
        for name in ("hits", "chances", "hits_hits", "hits_chances", "chances_chances")
    }
    found = (sums.share if metric.kind == RATIO else sums.rate)(n=n, **given)
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
