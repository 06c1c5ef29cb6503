"""A table of counts with the sums that hold in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from headway.science.disclosure import TOTAL


class TableRefused(ValueError):
    """A table that cannot be protected or attacked; `code` says why, `cell` which cell, None for the whole."""

    def __init__(self, code: str, message: str, cell: int | None = None) -> None:
        super().__init__(message)
        self.code, self.cell = code, cell


@dataclass(frozen=True, slots=True)
class Table:
    """Counts by cell. The first `n_own` cells are the caller's; the others are sums that are known elsewhere.

    `labels[i]` has one entry per dimension, `TOTAL` for a sum over it; `counts` float64, whole numbers from 0 (persons), nan
    where withheld; `lines` a sparse matrix (sums × cells) with `lines @ counts == 0`: each row is one sum, 1 for its parts
    and -1 for itself.
    """

    labels: tuple[tuple[str, ...], ...]
    counts: NDArray[np.float64]
    lines: csr_array
    n_own: int


def table_of(labels: Sequence[Sequence[str]], counts: Sequence[float], *, add_totals: bool) -> Table:
    """Return the table of cells with every sum that holds among them.

    Assumes that a combination which is not listed is empty (zero). With `add_totals`, sums that are not listed are added as
    known: whoever publishes a part may publish the whole elsewhere. Without it, only listed sums hold.

    Parameters: `labels` one sequence of words per cell, all of one length; `counts` persons, whole numbers from 0, nan where
    withheld (then `add_totals` adds no sum over it).
    Raises: `TableRefused`: `cells_differ`, `duplicate_cell`, `not_a_count`, `totals_differ` where a listed total is not the
    sum of its listed parts.
    """
    cells = [tuple(_word(one) for one in label) for label in labels]
    values = [float(one) for one in counts]
    width = len(cells[0]) if cells else 0
    known: dict[tuple[str, ...], int] = {}
    for at, (cell, value) in enumerate(zip(cells, values, strict=True)):
        if len(cell) != width:
            raise TableRefused("cells_differ", "Every cell needs a value in each dimension.", at)
        if cell in known:
            raise TableRefused("duplicate_cell", "This cell stands twice.", at)
        if not (np.isnan(value) or (value >= 0 and value == int(value))):
            raise TableRefused("not_a_count", "A count is a whole number from 0.", at)
        known[cell] = at
    n_own = len(cells)
    if add_totals:
        _add_totals(cells, values, known, width)
    rows: list[tuple[int, list[int]]] = []
    for at, cell in enumerate(cells):
        for place in range(width):
            if cell[place] == TOTAL:
                parts = _parts(cells, cell, place)
                if parts:
                    rows.append((at, parts))
    for at, parts in rows:
        own = [values[one] for one in (*parts, at)]
        if not np.isnan(own).any() and sum(own[:-1]) != own[-1]:
            raise TableRefused(
                "totals_differ", f"This total is {own[-1]:g}; its parts add up to {sum(own[:-1]):g}.", at
            )
    return Table(tuple(cells), np.array(values, np.float64), _matrix(rows, len(cells)), n_own)


def _word(text: str) -> str:
    said = text.strip()
    return TOTAL if said in ("", "*") or said.casefold() == TOTAL else said


def _parts(cells: Sequence[tuple[str, ...]], total: tuple[str, ...], place: int) -> list[int]:
    return [
        at
        for at, cell in enumerate(cells)
        if cell[place] != TOTAL and cell[:place] + cell[place + 1 :] == total[:place] + total[place + 1 :]
    ]


def _add_totals(
    cells: list[tuple[str, ...]], values: list[float], known: dict[tuple[str, ...], int], width: int
) -> None:
    inner = [(cell, value) for cell, value in zip(cells, values, strict=True) if TOTAL not in cell]
    sums: dict[tuple[str, ...], float] = {}
    for cell, value in inner:
        for mask in product((False, True), repeat=width):
            if any(mask):
                total = tuple(TOTAL if hide else word for hide, word in zip(mask, cell, strict=True))
                sums[total] = sums.get(total, 0.0) + value
    for total, value in sums.items():
        if total not in known and not np.isnan(value):
            known[total] = len(cells)
            cells.append(total)
            values.append(value)


def _matrix(rows: Sequence[tuple[int, Sequence[int]]], n: int) -> csr_array:
    at, columns, data = [], [], []
    for number, (total, parts) in enumerate(rows):
        at += [number] * (len(parts) + 1)
        columns += [*parts, total]
        data += [1.0] * len(parts) + [-1.0]
    return csr_array((data, (at, columns)), shape=(len(rows), n))
