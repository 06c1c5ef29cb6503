"""The picture of a table: a dot with its interval for each part, or one bar of states; drawn from the released figures alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from headway.analytics.queries import EXPLAINED, RATIO, STEPS, Metric
from headway.analytics.types import Cell
from headway.pages.reports import words

LEFT, RIGHT, TOP, ROW = 168, 428, 8, 26


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of a picture: places in its units. `low` to `high` None without an interval; `held` for what is withheld."""

    y: int
    label: str
    value: float | None
    low: float | None
    high: float | None
    held: bool
    bound: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One state of a row: from `x`, so wide; `step` its place among the states; `bound` where it is told as one."""

    x: float
    width: float
    step: int
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a template draws. `ticks` are (place, word); `bars` by row where the metric has states: place, label, parts, or in
    words why there are none."""

    height: int
    bottom: int
    ticks: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...]
    bars: tuple[tuple[int, str, tuple[Bar, ...], str], ...] = field(default=())


def dots(metric: Metric, rows: Sequence[tuple[str, Cell]], among: Sequence[Cell]) -> Picture:
    """Return the picture of values; `among` are all cells that share the scale."""
    least, most, step = _scale(metric, among)

    def place(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (min(max(value, least), most) - least) / (most - least), 1)

    marks = []
    for at, (label, cell) in enumerate(rows):
        low, high = cell.interval or (None, None)
        marks.append(
            Mark(
                TOP + ROW * at + ROW // 2, label, None if cell.value is None else place(cell.value),
                None if low is None else place(low), None if high is None else place(high), bool(cell.withheld), cell.coded,
            )
        )  # fmt: skip
    count = round((most - least) / step)
    ticks = tuple(
        (place(least + step * at), words.tick(metric, round(least + step * at, 6), step))
        for at in range(count + 1)
    )
    bottom = TOP + ROW * len(rows)
    return Picture(bottom + 24, bottom, ticks, tuple(marks))


def _scale(metric: Metric, cells: Sequence[Cell]) -> tuple[float, float, float]:
    """Return the ends of a scale and the distance of its ticks: from 0, or below it, to a round number."""
    if metric.kind == RATIO:
        ends = [end for cell in cells for end in (*(cell.interval or ()), cell.value or 0.0)]
        return (0.0, 1.0, 0.25) if max(ends, default=1.0) > 0.25 else (0.0, 0.25, 0.05)
    if metric.kind == STEPS:
        # In points of a share on both sides of zero, the same on each.
        far = max(
            (abs(end) for cell in cells for end in (*(cell.interval or ()), cell.value or 0.0)), default=0.1
        )
        step = next(s for s in (0.05, 0.1, 0.25, 0.5, 1.0) if far / s <= 2)
        return -2 * step, 2 * step, step
    if metric.kind == EXPLAINED:
        return 0.0, 1.0, 0.25
    ends = [
        end for cell in cells for end in (cell.interval or ((cell.value,) if cell.value is not None else ()))
    ]
    most, least = max(ends, default=1.0), min(0.0, min(ends, default=0.0))
    step = next(
        s for s in (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1e9) if (most - least) / s <= 4.5
    )
    return step * -(-least // step) - (step if least % step else 0), step * -(-most // step) or step, step


def bars(rows: Sequence[tuple[str, Cell]]) -> Picture:
    """Return the picture of states: one bar for each part, as far as its states are told."""
    found = []
    for at, (label, cell) in enumerate(rows):
        nearly = words.nearly_all(cell)
        parts = () if cell.withheld or nearly else _parts(cell)
        held = "" if parts else _("nearly all") if nearly else _("withheld")
        found.append((TOP + ROW * at, label, parts, held))
    bottom = TOP + ROW * len(rows)
    ticks = tuple((LEFT + (RIGHT - LEFT) * at / 4, f"{25 * at} %") for at in range(5))
    return Picture(bottom + 24, bottom, ticks, (), tuple(found))


def _parts(cell: Cell) -> tuple[Bar, ...]:
    """Return the states of a row side by side. Rounded shares add up to nearly all: they are drawn to the end of the axis.

    Where a state is told as a bound, it is drawn as far as that goes, and what nobody is told of stays empty, at the end.
    """
    drawn = [
        (step, state) for step, state in enumerate(cell.states) if state.value and state.coded != "at_most"
    ]
    open_end = any(state.coded or state.value is None for state in cell.states)
    unit = (RIGHT - LEFT) / (1.0 if open_end else sum(state.value or 0 for _step, state in drawn) or 1.0)
    x, found = float(LEFT), []
    for step, state in drawn:
        end = x + unit * (state.value or 0)
        # Both ends are rounded, so that neither gaps nor overlaps add up.
        found.append(Bar(round(x, 1), round(round(end, 1) - round(x, 1), 1), step, state.coded))
        x = end
    return tuple(found)
