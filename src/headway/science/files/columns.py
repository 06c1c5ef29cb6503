"""Reading CSV files by column, for files of a million rows: one list a column instead of one mapping a row."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused
from headway.science.files.reading import ScienceRefusal

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
            rows, lines = _rows(reader)
    except OSError as error:
        raise ScienceRefusal("unreadable", f"{name} cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise ScienceRefusal("not_utf8", f"{name} is not UTF-8 (byte {error.start}).", file=name) from error
    except csv.Error as error:
        raise ScienceRefusal("not_csv", f"{name} is not CSV: {error}.", file=name) from error
    for column in needed:
        if column not in header:
            message = f"{name} needs the columns: {', '.join(needed)}; {column} is missing."
            raise ScienceRefusal("column_missing", message, file=name, line=1, column=column)
    twice = [column for column in header if column and header.count(column) > 1]
    if twice:
        raise ScienceRefusal(
            "column_twice", f"{twice[0]} stands twice in the header.", file=name, line=1, column=twice[0]
        )
    width = len(header)
    for cells, line in zip(rows, lines, strict=True):
        if len(cells) != width:
            message = f"This line has {len(cells)} cells, the header {width}."
            raise ScienceRefusal("cells_differ", message, file=name, line=line)
    if not rows:
        raise ScienceRefusal("no_rows", f"{name} has no rows.", file=name)
    by_column = zip(*rows, strict=True)
    return Columns(
        name, {c: [cell.strip() for cell in cells] for c, cells in zip(header, by_column, strict=True)}, lines
    )


def _rows(reader: Any) -> tuple[list[list[str]], Sequence[int]]:
    """Return the rows that are not empty and their lines; rows of one line each need no list of numbers."""
    rows, lines = [], []
    for cells in reader:
        if cells and (cells[0] or any(cell.strip() for cell in cells)):
            rows.append(cells)
            lines.append(reader.line_num)
    return rows, lines


def _number(cell: str) -> float:
    try:
        return float(cell) if cell else math.nan
    except ValueError:
        return math.nan
