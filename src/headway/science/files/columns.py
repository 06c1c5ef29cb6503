"""Reading CSV files by column, for files of a million rows: one list a column instead of one mapping a row."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused
from headway.science.files.reading import ScienceRefusal

BLOCK = 50_000
MOST = 1e100
"""Beyond, squares would leave the range of numbers."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, and the line on which each row ends."""

    file: str
    cells: Mapping[str, list[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    def __contains__(self, column: str) -> bool:
        return column in self.cells

    def refuse(self, code: str, message: str, row: int, column: str) -> ScienceRefusal:
        """Return the refusal of one cell."""
        value = self.cells[column][row]
        return ScienceRefusal(code, message, file=self.file, line=self.lines[row], column=column, value=value)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers, nan where the cell is empty."""
        cells = self.cells[column]
        try:
            found = np.array([float(cell) if cell else math.nan for cell in cells])
        except ValueError:
            found = np.array([_number(cell) for cell in cells])
        for row in np.flatnonzero(~(np.abs(found) <= MOST)).tolist():
            if cells[row]:
                code = "out_of_range" if math.isfinite(found[row]) else "not_a_number"
                message = f"{column} must be a number within {MOST:g} of zero, or empty."
                raise self.refuse(code, message, row, column)
        return found

    def labels(self, column: str) -> tuple[NDArray[np.int64], list[str]]:
        """Return a number for each different text, in the order of their first row, and the texts."""
        place: dict[str, int] = {}
        found = [place.setdefault(cell, len(place)) for cell in self.cells[column]]
        return np.array(found, np.int64), list(place)

    def needed(self, column: str, rows: NDArray[np.int64] | None = None) -> None:
        """Raise `ScienceRefusal("empty_cell")` at the first row (of `rows`) whose cell is empty."""
        cells = self.cells[column]
        if "" not in cells:
            return
        for row in range(len(cells)) if rows is None else rows.tolist():
            if cells[row] == "":
                raise self.refuse("empty_cell", f"{column} must not be empty.", row, column)

    def placed(self, refused: EstimateRefused, column: str, row: int | None = None) -> ScienceRefusal:
        """Return a refusal of the science with its place, where it has one."""
        if row is not None:
            return self.refuse(refused.code, str(refused), row, column)
        where: dict[str, Any] = {} if refused.place is None else {"value": str(refused.place)}
        return ScienceRefusal(refused.code, str(refused), file=self.file, **where)


def columns(path: Path | str, needed: Sequence[str]) -> Columns:
    """Return the columns of a CSV file with a header. Raises `ScienceRefusal` where it cannot be read as such."""
    name = str(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            _check_header(name, header, needed)
            cells, lines = _cells(name, reader, len(header))
    except OSError as error:
        raise ScienceRefusal("unreadable", f"{name} cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise ScienceRefusal("not_utf8", f"{name} is not UTF-8 (byte {error.start}).", file=name) from error
    except csv.Error as error:
        raise ScienceRefusal("not_csv", f"{name} is not CSV: {error}.", file=name) from error
    if not lines:
        raise ScienceRefusal("no_rows", f"{name} has no rows.", file=name)
    return Columns(name, dict(zip(header, cells, strict=True)), lines)


def _check_header(name: str, header: list[str], needed: Sequence[str]) -> None:
    for column in needed:
        if column not in header:
            message = f"{name} needs the columns: {', '.join(needed)}; {column} is missing."
            raise ScienceRefusal("column_missing", message, file=name, line=1, column=column)
    for column in header:
        if header.count(column) > 1:
            message = f"{column or 'An empty name'} stands twice in the header."
            raise ScienceRefusal("column_twice", message, file=name, line=1, column=column)


def _cells(name: str, reader: Any, width: int) -> tuple[list[list[str]], list[int]]:
    """Return the columns and the line on which each row ends, read in blocks: a list for each of a million rows would have
    the garbage collector go through them again and again."""
    cells: list[list[str]] = [[] for _ in range(width)]
    lines: list[int] = []
    before = reader.line_num
    while block := list(islice(reader, BLOCK)):
        if reader.line_num - before == len(block):
            ends = list(range(before + 1, reader.line_num + 1))
        else:
            ends = list(
                accumulate((1 + sum(cell.count("\n") for cell in row) for row in block), initial=before)
            )[1:]
        before = reader.line_num
        filled = [at for at, row in enumerate(block) if any(map(str.strip, row))]
        if len(filled) < len(block):
            block, ends = [block[at] for at in filled], [ends[at] for at in filled]
        for row, line in zip(block, ends, strict=True):
            if len(row) != width:
                message = f"This line has {len(row)} cells, the header {width}."
                raise ScienceRefusal("cells_differ", message, file=name, line=line)
        for column, part in zip(cells, zip(*block, strict=True), strict=False):
            column += map(str.strip, part)
        lines += ends
    return cells, lines


def _number(cell: str) -> float:
    try:
        return float(cell) if cell else math.nan
    except ValueError:
        return math.nan
