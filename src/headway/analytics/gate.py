"""The gate: no figure about a group leaves without it.

Small groups are withheld, with as few others as keep them from being worked out; shares near all or nobody are told as
bounds; values are rounded as they are shown, so that no digit says more. What is withheld leaves no number behind: not in
a picture, not in a file, not in the order of rows, which is the order of names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from headway.analytics.metrics import RATIO, STATES, Metric
from headway.analytics.types import TOTAL, Cell, State
from headway.science.disclosure.releases import Label, Release, tells_of
from headway.science.disclosure.suppressing import suppress
from headway.science.disclosure.table import TableRefused, table_of
from headway.science.rounding import half_up

VERSION = 1
_BOUNDS = ((20, 0.20), (40, 0.10), (200, 0.05))
_LARGE = 0.02


def nearest_bound(n: int) -> float:
    """Return how near to nobody or to all a share of `n` students may be told: the smaller the group, the coarser.

    Source: the bands of the National Center for Education Statistics, Technical Brief NCES 2011-603, for 10 to 20, 21 to 40,
    41 to 200 and more students, with 2 % above 200.

    >>> nearest_bound(15), nearest_bound(30), nearest_bound(100), nearest_bound(1000)
    (0.2, 0.1, 0.05, 0.02)
    """
    return next((share for most, share in _BOUNDS if n <= most), _LARGE)


def near_an_end(value: float, n: int) -> bool:
    """Whether a share of `n` students lies so near to nobody or to all that only a bound of it may be told."""
    bound = nearest_bound(n)
    return not bound <= value <= 1 - bound


def protect(
    metric: Metric,
    cells: Sequence[Cell],
    *,
    minimum: int,
    kept_apart: int = 0,
    earlier: Sequence[Release] = (),
    elsewhere: Sequence[bool | None] = (),
) -> list[Cell]:
    """Return the cells as they may leave, in their order.

    The first `kept_apart` columns of a part make tables of their own: nothing is added up across them. In the others every
    sum is taken as known, whether it is among the cells or not. `earlier` are releases of the same tables: what they and this
    one tell together is no more than each tells alone. `elsewhere` says of each cell whether another table of the same day
    shows it (True) or withholds it (False): it is shown and withheld here alike. Where no choice of cells withstands the attack,
    nothing of that table leaves.
    """
    found: dict[int, Cell] = {}
    tables: dict[Label, list[int]] = {}
    for at, cell in enumerate(cells):
        tables.setdefault(cell.part[:kept_apart], []).append(at)
    for places in tables.values():
        own = [cells[at] for at in places]
        before = [part for one in earlier if (part := _table_of(one, own[0].part[:kept_apart])).shown]
        try:
            there = [elsewhere[at] for at in places] if elsewhere else [None] * len(places)
            if metric.kind == STATES:
                told = _by_state(metric, own, minimum, kept_apart, before, there)
            else:
                told = _by_number(metric, own, minimum, kept_apart, before, there)
        except TableRefused:
            told = [_hide(cell, "small" if (cell.n or 0) < minimum else "protects") for cell in own]
        found.update(zip(places, told, strict=True))
    return [found[at] for at in range(len(cells))]


def hidden_groups(counts: Mapping[str, int], *, minimum: int) -> set[str]:
    """Return the groups of which nothing is told: the small ones, and as few others as keep them from being worked out."""
    names = [*counts, TOTAL]
    labels, numbers = [(name,) for name in names], [*map(float, counts.values()), float(sum(counts.values()))]
    try:
        return {names[at] for at in _withheld(labels, numbers, minimum, (), ())}
    except TableRefused:
        return set(counts)


def _table_of(release: Release, apart: Label) -> Release:
    """Return of a release the table that the first words of its labels name, without those words."""
    width = len(apart)
    shown = {label[width:] or (TOTAL,): n for label, n in release.shown.items() if label[:width] == apart}
    return Release(
        shown, frozenset(label[width:] or (TOTAL,) for label in release.small if label[:width] == apart)
    )


def _by_number(
    metric: Metric, cells: list[Cell], minimum: int, apart: int, earlier: Sequence[Release],
    elsewhere: Sequence[bool | None],
) -> list[Cell]:  # fmt: skip
    labels = [cell.part[apart:] or (TOTAL,) for cell in cells]
    counts = [float(cell.n or 0) for cell in cells]
    kept = frozenset(at for at, shown in enumerate(elsewhere) if shown)
    more = {at for at, shown in enumerate(elsewhere) if shown is False and counts[at]}
    hidden = _withheld(labels, counts, minimum, more, earlier, kept)
    while metric.kind == RATIO and (told := _told_by_rest(cells, labels, hidden, kept) - more):
        more |= told
        hidden = _withheld(labels, counts, minimum, more, earlier, kept)
    smallest = max(minimum, metric.least)
    return _with_safe_gaps([
        _hide(cell, "small" if count < smallest else "protects") if at in hidden or count < smallest
        else _rounded(metric, cell)
        for at, (cell, count) in enumerate(zip(cells, counts, strict=True))
    ], smallest)  # fmt: skip


def _with_safe_gaps(cells: list[Cell], smallest: int) -> list[Cell]:
    """Return the cells with a gap only where it tells of nobody else: a gap gives the figure of all others away.

    There is none where the total is withheld, where the others are too few, or where a figure beside it is told as a bound.
    """
    whole = {cell.part[:-1]: cell for cell in cells if cell.part[-1:] == (TOTAL,)}
    bound = {cell.part[:-1] for cell in cells if cell.coded}

    def safe(cell: Cell) -> bool:
        total = whole.get(cell.part[:-1])
        if total is None or total.n is None or cell.n is None:
            return False
        return cell.part[:-1] not in bound and total.n - cell.n >= smallest

    return [
        cell if cell.gap is None or safe(cell) else replace(cell, gap=None, gap_interval=None)
        for cell in cells
    ]


def _withheld(
    labels: Sequence[Label],
    counts: Sequence[float],
    minimum: int,
    also: Iterable[int],
    earlier: Sequence[Release],
    kept: frozenset[int] = frozenset(),
) -> set[int]:
    """Return the cells to withhold, so that no earlier release tells of them nor is told of by this one.

    What an earlier release withheld is withheld again where both together would tell of a small cell: as much as it takes, and
    no more than it takes for the releases that are held.
    """
    more = set(also)
    while True:
        hidden = _alone(labels, counts, minimum, more, kept)
        if not earlier:
            return hidden
        own = Release(
            {label: None if at in hidden else counts[at] for at, label in enumerate(labels)},
            frozenset(label for at, label in enumerate(labels) if 0 < counts[at] < minimum),
        )
        telling = [one for one in earlier if _tell_together(own, one, minimum)]
        if not telling:
            return hidden
        again = {
            at for one in telling for at, label in enumerate(labels) if counts[at] and label in one.withheld
        }
        if again <= more:
            raise TableRefused(
                "not_protected", "With what was shown before, no choice of cells protects this table."
            )
        more |= again


def _tell_together(now: Release, before: Release, minimum: int) -> bool:
    return tells_of(before, now, minimum=minimum) or tells_of(
        now, before, minimum=minimum, cells=before.withheld
    )


def _alone(
    labels: Sequence[Label], counts: Sequence[float], minimum: int, also: Iterable[int], kept: frozenset[int]
) -> set[int]:
    if len(labels) < 2:
        return {at for at, count in enumerate(counts) if 0 < count < minimum}
    return set(_chosen(tuple(labels), tuple(counts), minimum, tuple(sorted(also)), tuple(sorted(kept))))


@lru_cache(maxsize=512)
def _chosen(
    labels: tuple[Label, ...], counts: tuple[float, ...], minimum: int, also: tuple[int, ...], kept: tuple[int, ...]
) -> tuple[int, ...]:  # fmt: skip
    """Return the cells to withhold. Kept: metrics of one report count the same students in the same tables."""
    table = table_of(labels, counts, add_totals=True)
    return tuple(suppress(table, minimum=minimum, also=also, kept=kept).withheld.tolist())


def _told_by_rest(
    cells: Sequence[Cell], labels: Sequence[Label], hidden: set[int], kept: frozenset[int]
) -> set[int]:
    """Return cells to withhold as well, so that what is withheld together is not told to be all or nobody by what is left.

    Along each line of the table, the withheld parts together have the rest of the total. Where that rest lies beyond the bound
    for its number, the smallest part that is shown joins it; none of those that are `kept`, which another table shows.
    """
    more: set[int] = set()
    width = len(labels[0])
    by_label = {label: at for at, label in enumerate(labels)}
    for place in range(width):
        lines: dict[Label, list[int]] = {}
        for at, label in enumerate(labels):
            if label[place] != TOTAL:
                lines.setdefault((*label[:place], TOTAL, *label[place + 1 :]), []).append(at)
        for total, parts in lines.items():
            if total not in by_label or by_label[total] in hidden:
                continue
            closed = [at for at in parts if at in hidden | more]
            open_ones = sorted(
                (at for at in parts if at not in hidden | more | kept), key=lambda at: cells[at].n or 0
            )
            while closed and open_ones and _extreme([cells[at] for at in closed]):
                more.add(open_ones[0])
                closed.append(open_ones.pop(0))
    return more


def _extreme(cells: Sequence[Cell]) -> bool:
    chances = sum(cell.chances or 0 for cell in cells)
    value = sum(cell.hits or 0 for cell in cells) / chances if chances else 0.5
    return near_an_end(value, sum(cell.n or 0 for cell in cells))


def _by_state(
    metric: Metric, cells: list[Cell], minimum: int, apart: int, earlier: Sequence[Release],
    elsewhere: Sequence[bool | None],
) -> list[Cell]:  # fmt: skip
    labels, counts, places = [], [], []
    for at, cell in enumerate(cells):
        for which, state in enumerate(cell.states):
            labels.append((*cell.part[apart:], state.name))
            counts.append(float(state.n or 0))
            places.append((at, which))
        labels.append((*cell.part[apart:], TOTAL))
        counts.append(float(cell.n or 0))
        places.append((at, -1))
    # Nobody is told which of the withheld states is small: those that are so today are taken to have been.
    few = {label for label, count in zip(labels, counts, strict=True) if 0 < count < minimum}
    before = [Release(one.shown, one.small | (one.withheld & few)) for one in earlier]
    # How many students a row has is known where another table of the same students shows it.
    rows = {at: elsewhere[which] for at, (which, state) in enumerate(places) if state < 0}
    kept = frozenset(at for at, shown in rows.items() if shown)
    also = [at for at, shown in rows.items() if shown is False and counts[at]]
    hidden = {places[at] for at in _withheld(labels, counts, minimum, also, before, kept)}
    return [_states(metric, cell, at, hidden, max(minimum, metric.least)) for at, cell in enumerate(cells)]


def _states(metric: Metric, cell: Cell, at: int, hidden: set[tuple[int, int]], smallest: int) -> Cell:
    if (at, -1) in hidden or (cell.n or 0) < smallest:
        return _hide(cell, "small" if (cell.n or 0) < smallest else "protects")
    bound = nearest_bound(cell.n or 0)
    if any((state.value or 0) > 1 - bound for state in cell.states):
        # Nearly everybody is in one state: only that is said, as a bound.
        most = max(range(len(cell.states)), key=lambda which: cell.states[which].value or 0)
        return replace(cell, states=tuple(
            State(state.name, None, 1 - bound, None, "at_least") if which == most else State(state.name, None, None, None)
            for which, state in enumerate(cell.states)
        ))  # fmt: skip
    told = tuple(
        State(state.name, None, None, None) if (at, which) in hidden
        else State(state.name, None, bound, None, "at_most") if not state.n
        else replace(state, value=_digits(state.value, 2), interval=_digits_of(state.interval, 2))
        for which, state in enumerate(cell.states)
    )  # fmt: skip
    return replace(cell, states=_with_room(told, cell, bound))


def _with_room(told: tuple[State, ...], cell: Cell, bound: float) -> tuple[State, ...]:
    """Return the states of a row so that each that is told as a bound may be anything from nobody to its bound.

    What the other states leave to 100 % would tell that it is nobody. So the largest that is told is told as a bound too: all
    less what the others have and what the bounds allow. Withheld states that surely have as many students leave that room
    themselves; of each of them one student is known, as a state of nobody is told as a bound.
    """
    bounds = bound * sum(state.coded == "at_most" for state in told)
    open_ones = [which for which, state in enumerate(told) if state.n is not None]
    if not bounds or not open_ones:
        return told
    n = cell.n or 0
    held = [state.n or 0 for state, one in zip(cell.states, told, strict=True) if one.value is None]
    if held and sum(held) - len(held) >= bounds * n:
        return told
    most = max(open_ones, key=lambda which: told[which].n or 0)
    # A share that was rounded down would leave more room than there is.
    others = sum(
        max(told[which].value or 0, (told[which].n or 0) / n) for which in open_ones if which != most
    )
    least = max(0.0, math.floor(100 * (1 - others - bounds - len(held) / n) + 1e-9) / 100)
    return (*told[:most], State(told[most].name, None, least, None, "at_least"), *told[most + 1 :])


def _hide(cell: Cell, why: str) -> Cell:
    states = tuple(State(state.name, None, None, None) for state in cell.states)
    return Cell(cell.part, None, None, None, cell.method, withheld=why, states=states)


def _rounded(metric: Metric, cell: Cell) -> Cell:
    """Return a cell with its numbers as they are shown: shares in whole percent, others in the metric's decimals."""
    places = metric.decimals + (2 if metric.kind == RATIO else 0)
    plain = replace(
        cell,
        # For how many there could be a figure tells, beside n, how many have none: a number that nothing protects.
        of=cell.n,
        hits=None,
        chances=None,
        gap=_digits(cell.gap, places),
        gap_interval=_digits_of(cell.gap_interval, places),
    )
    if metric.kind != RATIO:
        return replace(plain, value=_digits(cell.value, places), interval=_digits_of(cell.interval, places))
    bound = nearest_bound(cell.n or 0)
    if cell.value is not None and metric.decimals == 0 and near_an_end(cell.value, cell.n or 0):
        low = cell.value < bound
        return replace(
            plain, value=bound if low else 1 - bound, interval=None, coded="at_most" if low else "at_least"
        )
    return replace(plain, value=_digits(cell.value, places), interval=_digits_of(cell.interval, places))


def _digits(value: float | None, places: int) -> float | None:
    return None if value is None else float(half_up(value, places))


def _digits_of(interval: tuple[float, float] | None, places: int) -> tuple[float, float] | None:
    return (
        None
        if interval is None
        else (float(half_up(interval[0], places)), float(half_up(interval[1], places)))
    )
