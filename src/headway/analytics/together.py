"""Tables of one day that count the same students: whoever holds two of them holds one table with the cells that either shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headway.analytics.metrics import Metric
from headway.analytics.types import TOTAL, Cell, Figures


@dataclass(frozen=True, slots=True)
class Table:
    """One metric by its columns before the gate: nothing of it leaves. `several` are the columns that keep tables apart."""

    one: Metric
    names: tuple[str, ...]
    several: tuple[str, ...]
    cells: tuple[Cell, ...]


def same_students(tables: Sequence[Table]) -> list[list[Table]]:
    """Return tables in groups that have the same columns, the same parts and the same number of students in each part."""
    found: dict[tuple[object, ...], list[Table]] = {}
    for table in tables:
        key = (table.names, table.several, frozenset((cell.part, cell.n or 0) for cell in table.cells))
        found.setdefault(key, []).append(table)
    return list(found.values())


def counts_agree(shown: Figures, table: Table) -> bool:
    """Whether figures that left the gate count the students of a table: all that both name, and the total among them."""
    if not set(table.names) <= set(shown.names):
        return False
    known = {cell.part: cell.n for cell in shown.cells if cell.n is not None}
    pairs = []
    for cell in table.cells:
        own = dict(zip(table.names, cell.part, strict=True))
        n = known.get(tuple(own.get(name, TOTAL) for name in shown.names))
        if n is not None:
            pairs.append((n, cell.n or 0))
    whole = tuple(TOTAL for _ in shown.names)
    return whole in known and bool(pairs) and all(one == other for one, other in pairs)
