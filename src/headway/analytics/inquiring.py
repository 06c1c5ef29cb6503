"""Questions that compare groups student by student: at which step a gap opens, and how well a group foretells an outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headway.analytics import gate
from headway.analytics.asking import question
from headway.analytics.metrics import GROUPS, STEPS, Metric
from headway.analytics.together import Table, counts_agree
from headway.analytics.types import TOTAL, UNKNOWN, Cell, Engine, Figures
from headway.science.equity.predictability import predictability
from headway.science.equity.steps import PROCESS, gap_steps_among
from headway.science.estimates import Estimate, EstimateRefused
from headway.science.rounding import half_up

SEED = 20260901
"""Of the draws behind an interval: the same snapshot gives the same figures."""
LIKELY = 0.05
"""A figure that so large a share of permutations reaches is told to be no more than chance."""


def inquire(
    engine: Engine, metric: Metric, by: Sequence[str], *, minimum: int, beside: Sequence[Figures] = ()
) -> Figures:
    """Return the figures of a metric: of the kind `steps` for the groups of one column, of the kind `explained` for all.

    `beside` are figures of the same day: of those that count the same students the same groups are withheld.
    """
    if metric.kind == STEPS:
        return _steps(engine, metric, by[0], max(minimum, metric.least), beside)
    return _explained(engine, metric, max(minimum, metric.least), minimum)


def _steps(engine: Engine, metric: Metric, column: str, smallest: int, beside: Sequence[Figures]) -> Figures:
    text = question(metric, (column,))
    rows = engine.rows(text)
    groups = np.array([row[column] for row in rows])
    entered, passed = _process(rows)
    counts = {str(one): int((groups == one).sum()) for one in np.unique(groups)}
    whole = Table(metric, (column,), (), tuple(
        Cell((name,), n, None, None, "") for name, n in (*counts.items(), (TOTAL, len(rows)))
    ))  # fmt: skip
    near = [one for one in beside if counts_agree(one, whole)]
    hidden = _withheld_in(near, column) if near else gate.hidden_groups(counts, minimum=smallest)
    cells: list[Cell] = []
    for name, n in counts.items():
        if name == UNKNOWN:
            continue
        own = groups == name
        # All others are a group too, and told of by the same gap.
        if name in hidden or len(rows) - n < smallest:
            why = "small" if n < smallest else "protects"
            cells.append(Cell((name, TOTAL), None, None, None, "", withheld=why))
            continue
        try:
            found = gap_steps_among(
                (entered[~own], passed[~own]), (entered[own], passed[own]), rng=np.random.default_rng(SEED)
            )
        except EstimateRefused as refused:
            cells += [
                Cell((name, step), n, None, None, "", (refused.code,), of=n) for step in (TOTAL, *PROCESS)
            ]
            continue
        shares = [(_reached(entered[side], passed[side]), int(side.sum())) for side in (own, ~own)]
        if any(gate.near_an_end(share, size) for share, size in shares):
            # Beside a share that is told as a bound a gap would tell the share.
            cells.append(Cell((name, TOTAL), None, None, None, "", withheld="protects"))
            continue
        told = zip((TOTAL, *PROCESS), (found.gap, *found.steps), strict=True)
        # The science takes the others as the reference; a gap is told as the group less all others, as elsewhere.
        cells += [_cell((name, step), n, one, 2 + metric.decimals, sign=-1) for step, one in told]
    return Figures(metric.key, metric.version, (column, "step"), tuple(cells), text, smallest, _hidden(cells))


def _withheld_in(figures: Sequence[Figures], column: str) -> set[str]:
    """Return the groups of a column that figures withhold for all schools together."""
    return {
        cell.part[one.names.index(column)] for one in figures for cell in one.cells
        if cell.n is None and all(word == TOTAL for name, word in zip(one.names, cell.part, strict=True) if name != column)
    }  # fmt: skip


def _reached(entered: Any, passed: Any) -> float:
    """Return the share of what a group was asked that is reached: the first time, or after trying again."""
    reached = passed[:, PROCESS.index("first")].sum() + passed[:, PROCESS.index("then")].sum()
    return float(reached / max(1, entered[:, 0].sum()))


def _process(rows: Sequence[Any]) -> tuple[Any, Any]:
    of = {name: np.array([row[name] for row in rows], np.int64) for name in
          ("asked", "offered", "rated", "first_reached", "tried_again", "reached_then")}  # fmt: skip
    entered = (of["asked"], of["offered"], of["rated"], of["rated"] - of["first_reached"], of["tried_again"])
    passed = (of["offered"], of["rated"], of["first_reached"], of["tried_again"], of["reached_then"])
    return np.stack(entered, axis=1), np.stack(passed, axis=1)


def _explained(engine: Engine, metric: Metric, smallest: int, minimum: int) -> Figures:
    text = question(metric, GROUPS)
    rows = engine.rows(text)
    outcome = np.array([row["value"] for row in rows], np.float64)
    entry = np.array([np.nan if row["entry"] is None else row["entry"] for row in rows], np.float64)
    cells: list[Cell] = []
    for column in GROUPS:
        groups = _numbered([row[column] for row in rows], minimum)
        known = int(((groups >= 0) & ~np.isnan(entry)).sum())
        cells += _foretold(column, outcome, groups, entry if known >= smallest else None, smallest)
    return Figures(
        metric.key, metric.version, ("group", "from"), tuple(cells), text, smallest, _hidden(cells)
    )


def _numbered(words: Sequence[str], minimum: int) -> Any:
    """Number the groups; small ones and what is unknown are one together, so that n tells of none of them."""
    names, at, n = np.unique(np.array(words, dtype=str), return_inverse=True, return_counts=True)
    few = {
        name
        for name, count in zip(names.tolist(), n.tolist(), strict=True)
        if count < minimum or name == UNKNOWN
    }
    number = [len(names) if name in few else place for place, name in enumerate(names.tolist())]
    return np.array(number, np.int64)[at]


def _foretold(column: str, outcome: Any, groups: Any, entry: Any, smallest: int) -> list[Cell]:
    names = ("group", "entry", "both")
    n = int((groups >= 0).sum()) if entry is None else int(((groups >= 0) & ~np.isnan(entry)).sum())
    if n < smallest:
        return [Cell((column, name), None, None, None, "", withheld="small") for name in names] if n else []
    try:
        found = predictability(outcome, groups, entry, rng=np.random.default_rng(SEED))
    except EstimateRefused as refused:
        return [Cell((column, name), n, None, None, "", (refused.code,), of=n) for name in names]
    cells = []
    for name, one in zip(names, (found.group, found.entry, found.both), strict=True):
        if one is None:
            cells.append(Cell((column, name), n, None, None, found.group.method, ("entry_unknown",), of=n))
            continue
        chance = ("no_more_than_chance",) if found.chances[name] > LIKELY else ()
        # A share of variance below zero is none: the fit foretold worse than the mean does.
        least = 0.0 if found.measure == "r_squared" else -math.inf
        told = replace(one, value=max(least, one.value or 0.0), reasons=(*chance, *one.reasons))
        cells.append(_cell((column, name), one.n, told, 2))
    return cells


def _cell(part: tuple[str, ...], n: int, one: Estimate, places: int, *, sign: int = 1) -> Cell:
    value = None if one.value is None else _rounded(sign * one.value, places)
    ends = None if one.interval is None else sorted(_rounded(sign * end, places) for end in one.interval)
    return Cell(part, n, value, None if ends is None else (ends[0], ends[1]), one.method, one.reasons, of=n)


def _rounded(value: float, places: int) -> float:
    # Without the sign that a zero can have.
    return float(half_up(value, places)) + 0.0


def _hidden(cells: Sequence[Cell]) -> int:
    return sum(bool(cell.withheld) for cell in cells)
