"""Several tables of one day are sums over one crossing of their columns: what they tell together, and one part cut out of one.

A report about some students is no table of its own. It is cut out of a table that holds the whole, so that nothing between the
two is a difference; and that table is held beside the others whose students it crosses.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

from headway.analytics.asking import question
from headway.analytics.metrics import METRICS
from headway.analytics.types import TOTAL, Cell, Figures
from headway.science.disclosure.crossing import Crossing, told_of
from headway.science.disclosure.releases import Label
from headway.science.disclosure.table import TableRefused

Table = tuple[tuple[str, ...], Sequence[Cell]]
"""The columns of a table's parts, and its cells as they would leave."""


def cut(figures: Figures, column: str, value: str, *, place: str) -> Figures:
    """Return the figures of one part of a column, cut out of those that left the gate; by `place` where no column is left.

    Gaps between parts of the column itself are left out: they compare with students who are not in it. The text is the one
    that counts this part alone.
    """
    at = figures.names.index(column)
    rest = tuple(name for name in figures.names if name != column)
    keep = figures.names[-1] != column
    cells = tuple(
        replace(
            cell, part=(cell.part[:at] + cell.part[at + 1 :]) or (TOTAL,), gap=cell.gap if keep else None,
            gap_interval=cell.gap_interval if keep else None,
        )
        for cell in figures.cells if cell.part[at] == value
    )  # fmt: skip
    text = question(METRICS[figures.metric], rest, only=(column, value))
    hidden = sum(bool(cell.withheld) for cell in cells)
    return replace(figures, names=rest or (place,), cells=cells, text=text, hidden_n=hidden)


def columns_crossed(names: tuple[str, ...], apart: set[str], beside: Iterable[Figures]) -> tuple[str, ...]:
    """Return the columns over which a table and those beside it are sums; none where those beside it have no further one.

    `apart` are columns whose parts make tables of their own.
    """
    found = dict.fromkeys(
        name for each in (names, *(one.names for one in beside)) for name in each if name not in apart
    )
    return tuple(found) if set(found) - set(names) else ()


def to_withhold(
    names: tuple[str, ...],
    told: Sequence[Cell],
    beside: Sequence[Figures],
    crossed: Mapping[Label, int],
    columns: tuple[str, ...],
    *,
    n_apart: int,
    minimum: int,
) -> set[int]:
    """Return cells of a table to withhold as well, because with those beside it they tell what neither tells alone.

    `crossed` are students by the first `n_apart` columns of the table, then `columns`. Told is a small part of any of the
    tables that keeps fewer than `minimum` values, or a cell of the crossing of which somebody could say that it holds somebody,
    and fewer than `minimum`. What the tables beside it tell without this one is not its matter.
    """
    apart = names[:n_apart]
    tables: list[Table] = [(names, told), *((one.names, one.cells) for one in beside)]
    more: set[int] = set()
    for label in dict.fromkeys(cell.part[:n_apart] for cell in told):
        counts = {part[n_apart:]: n for part, n in crossed.items() if part[:n_apart] == label}
        own = [_within(table, apart, label, columns) for table in tables]
        places = {
            _spread(told[at].part, names, columns): at
            for at in range(len(told))
            if told[at].part[:n_apart] == label
        }
        inner = {part for part in places if _is_inner(part, names, columns)}
        try:
            blamed = _blamed(own, counts, inner, minimum)
        except TableRefused:
            # What cannot be attacked is not believed.
            blamed = sorted(inner)
        for one in blamed:
            shown = [part for part in inner if told[places[part]].n is not None and places[part] not in more]
            if shown:
                nearest = min(shown, key=lambda part: (-_shared(part, one), told[places[part]].n or 0, part))
                more.add(places[nearest])
    return more


def _is_inner(part: Label, names: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a part of a table is none of its sums."""
    return all(word != TOTAL for word, name in zip(part, columns, strict=True) if name in names)


class _Own:
    """A table within one label of the columns kept apart: students by place in the crossing, None where withheld.

    `small` are parts that are withheld because they are; `whole` says that the numbers are those of the label, and not of all
    labels together, which limit them only.
    """

    def __init__(self, places: tuple[int, ...], cells: Mapping[Label, Cell], whole: bool) -> None:
        self.places, self.whole = places, whole
        self.shown = {part: cell.n for part, cell in cells.items()}
        self.small = {part for part, cell in cells.items() if cell.withheld == "small"}

    def holds(self, cell: Label) -> bool:
        return self.at(cell) in self.shown

    def at(self, cell: Label) -> Label:
        """Return of a cell of the crossing the part of this table that counts it."""
        return tuple(word if place in self.places else TOTAL for place, word in enumerate(cell))


def _within(table: Table, apart: Sequence[str], label: Label, columns: Sequence[str]) -> _Own:
    names, cells = table
    wanted = {name: word for name, word in zip(apart, label, strict=True) if name in names}
    own = {
        _spread(cell.part, names, columns): cell
        for cell in cells if all(cell.part[names.index(name)] == word for name, word in wanted.items())
    }  # fmt: skip
    whole = all(name in names or word == TOTAL for name, word in zip(apart, label, strict=True))
    return _Own(tuple(place for place, name in enumerate(columns) if name in names), own, whole)


def _spread(part: Label, names: Sequence[str], columns: Sequence[str]) -> Label:
    own = dict(zip(names, part, strict=True))
    return tuple(own.get(name, TOTAL) for name in columns)


def _shared(one: Label, other: Label) -> int:
    return sum(a == b != TOTAL for a, b in zip(one, other, strict=True))


def _blamed(
    tables: Sequence[_Own], counts: Mapping[Label, int], inner: set[Label], minimum: int
) -> list[Label]:
    """Return what is told of with the cells `inner` of the first table, and is not told of without them."""
    words = [
        sorted({part[place] for one in tables for part in one.shown} - {TOTAL})
        for place in range(len(next(iter(counts))))
    ]
    # Zeros are shown: who reads the tables knows which cells are empty.
    cells = [cell for cell in product(*words) if all(one.holds(cell) for one in tables)]
    most = [_most(cell, tables) for cell in cells]
    beside = _known(tables[1:], ())
    known = _known(tables[:1], ()) | beside
    sums = {part for one in tables if one.whole for part in one.small}
    few = [part for part, n in counts.items() if 0 < n < minimum]
    found = told_of(Crossing(cells, most, known), minimum=minimum, sums=sorted(sums), cells=sorted(few))
    if not found:
        return []
    without = _known(tables[:1], inner) | beside
    again = told_of(
        Crossing(cells, most, without), minimum=minimum, sums=[one for one in found if one in sums],
        cells=[one for one in found if one not in sums],
    )  # fmt: skip
    return [one for one in found if one not in again]


def _known(tables: Sequence[_Own], but: Collection[Label]) -> dict[Label, float]:
    """Return what tables show, but for some parts."""
    shown = {part: n for one in tables if one.whole for part, n in one.shown.items() if part not in but}
    return {part: float(n) for part, n in shown.items() if n is not None}


def _most(cell: Label, tables: Sequence[_Own]) -> float:
    """Return how many students a cell can hold at most, by the tables of all labels together."""
    limits = [n for one in tables if not one.whole if (n := one.shown.get(one.at(cell))) is not None]
    return float(min(limits, default=math.inf))
