"""Reading large CSV files by column: numbers and names as arrays, with the place of whatever is wrong."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headway.science.files.reading import ScienceRefusal

_LARGEST = 1e30
"""No level, amount or time is larger, and the squares of variances stay numbers."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A CSV file by column: cells as text without spaces around them, and the line of each row."""

    file: str
    lines: NDArray[np.int64]
    cells: dict[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.lines)

    def refuse(self, code: str, message: str, column: str, row: int) -> ScienceRefusal:
        """Return the refusal of one cell."""
        where = {"line": int(self.lines[row]), "column": column, "value": self.cells[column][row]}
        return ScienceRefusal(code, message, file=self.file, **where)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers, nan where it is empty. Refuses what is no finite number."""
        texts = self.cells[column]
        try:
            found = np.array([text or "nan" for text in texts], dtype=np.float64)
        except ValueError:
            found = np.array([self._number(column, row) for row in range(len(texts))])
        for row in np.flatnonzero(~(np.abs(found) <= _LARGEST)).tolist():
            if texts[row] != "":
                code = "out_of_range" if np.isfinite(found[row]) else "not_a_number"
                raise self.refuse(
                    code, f"{column} must be a finite number up to {_LARGEST:g}, or empty.", column, row
                )
        return found

    def _number(self, column: str, row: int) -> float:
        text = self.cells[column][row]
        try:
            return float(text or "nan")
        except ValueError:
            raise self.refuse("not_a_number", f"{column} must be a number or empty.", column, row) from None

    def counts(self, column: str) -> NDArray[np.int64]:
        """Return a column as whole numbers from 0, none of them empty."""
        found = self.numbers(column)
        wrong = np.flatnonzero(~((found >= 0) & (found == np.floor(found)) & (found < 2**53)))
        if len(wrong):
            raise self.refuse(
                "not_a_count", f"{column} must be a whole number from 0.", column, int(wrong[0])
            )
        return found.astype(np.int64)

    def names(self, column: str) -> tuple[NDArray[np.int64], list[str]]:
        """Return a column as numbers of its names in the order of their first row (-1 where empty), and the names."""
        known: dict[str, int] = {}
        texts = self.cells[column]
        found = np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int64, len(texts))
        if "" in known:
            empty = known.pop("")
            found = np.where(found == empty, -1, found - (found > empty))
        return found, list(known)


def read_columns(path: Path | str, needed: Sequence[str]) -> Columns:
    """Return a CSV file with a header by column. Raises `ScienceRefusal` where it cannot be read as such, or has no rows."""
    name = str(path)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            for cells in reader:
                if any(cells):
                    rows.append(cells)
                    lines.append(reader.line_num)
    except OSError as error:
        raise ScienceRefusal("unreadable", f"{name} cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise ScienceRefusal("not_utf8", f"{name} is not UTF-8 (byte {error.start}).", file=name) from error
    except csv.Error as error:
        raise ScienceRefusal("not_csv", f"{name} is not CSV: {error}.", file=name) from error
    _complete(name, header, needed, rows, lines)
    by_column = zip(*rows, strict=True)
    cells_of = {column: tuple(map(str.strip, cells)) for column, cells in zip(header, by_column, strict=True)}
    return Columns(name, np.array(lines, np.int64), cells_of)


def _complete(
    name: str, header: Sequence[str], needed: Sequence[str], rows: Sequence[list[str]], lines: Sequence[int]
) -> None:
    """Refuse a file without the columns that are needed, without rows, or with rows of another width."""
    for column in needed:
        if column not in header:
            message = f"{name} needs the columns: {', '.join(needed)}."
            raise ScienceRefusal("column_missing", message, file=name, line=1, column=column)
    twice = next((column for at, column in enumerate(header) if column in header[:at]), None)
    if twice is not None:
        raise ScienceRefusal(
            "column_twice", f"{name} has the column {twice} twice.", file=name, line=1, column=twice
        )
    for cells, line in zip(rows, lines, strict=True):
        if len(cells) != len(header):
            message = f"This line has {len(cells)} cells, the header {len(header)}."
            raise ScienceRefusal("cells_differ", message, file=name, line=line)
    if not rows:
        raise ScienceRefusal("no_rows", f"{name} has no rows.", file=name)
