"""Reading a large CSV file by columns: a list for each column that is needed, not a mapping for each line."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, islice
from operator import itemgetter
from pathlib import Path
from sys import intern

import numpy as np
from numpy.typing import NDArray

from headway.science.files.reading import ScienceRefusal

CHUNK = 50_000
"""Rows that are read at a time: rows are turned into columns before the next are read."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A file's columns as texts without outer spaces, and the number of the line that each row stands on.

    In a file with line breaks inside cells the numbers are those counted back from the end of the rows read together.
    """

    file: str
    lines: Sequence[int]
    cells: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.lines)

    def refuse(self, code: str, message: str, column: str, row: int) -> ScienceRefusal:
        """Return the refusal of one cell."""
        value = self.cells[column][row]
        return ScienceRefusal(code, message, file=self.file, line=self.lines[row], column=column, value=value)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers, nan where it is empty. Raises `ScienceRefusal` `not_a_number` with its place."""
        texts = self.cells[column]
        try:
            found = np.array([text or "nan" for text in texts], np.float64)
        except ValueError:
            found = None
        bad = range(len(texts)) if found is None else np.flatnonzero(~np.isfinite(found)).tolist()
        for row in bad:
            if texts[row] == "":
                continue
            try:
                fine = math.isfinite(float(texts[row]))
            except ValueError:
                fine = False
            if not fine:
                raise self.refuse("not_a_number", f"{column} must be a finite number or empty.", column, row)
        assert found is not None
        return found


def read_columns(path: Path | str, needed: Sequence[str], optional: Sequence[str] = ()) -> Columns:
    """Return the columns of a CSV file with a header. Raises `ScienceRefusal` where it cannot be read as such."""
    name = str(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(rows, [])]
            wanted = _wanted(name, header, needed, optional)
            cells: dict[str, list[str]] = {column: [] for column in wanted}
            lines: list[int] = []
            while part := list(islice(rows, CHUNK)):
                _add(name, part, rows.line_num, len(header), wanted, cells, lines)
    except OSError as error:
        raise ScienceRefusal("unreadable", f"{name} cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise ScienceRefusal("not_utf8", f"{name} is not UTF-8 (byte {error.start}).", file=name) from error
    except csv.Error as error:
        raise ScienceRefusal("not_csv", f"{name} is not CSV: {error}.", file=name) from error
    if not lines:
        raise ScienceRefusal("no_rows", f"{name} has no rows.", file=name)
    return Columns(name, lines, cells)


def _add(
    name: str,
    part: list[list[str]],
    end: int,
    width: int,
    wanted: dict[str, int],
    cells: dict[str, list[str]],
    lines: list[int],
) -> None:
    """Add some rows to the columns; `end` is the line that the last of them ends on."""
    numbers = list(range(end - len(part) + 1, end + 1))
    if set(map(len, part)) != {width}:
        for row, number in zip(part, numbers, strict=True):
            if len(row) != width and any(cell.strip() for cell in row):
                message = f"This line has {len(row)} cells, the header {width}."
                raise ScienceRefusal("cells_differ", message, file=name, line=number)
        full = [len(row) == width and any(map(str.strip, row)) for row in part]
        part, numbers = list(compress(part, full)), list(compress(numbers, full))
    lines.extend(numbers)
    for column, at in wanted.items():
        # The same text is kept once: a student's name stands in many rows.
        cells[column].extend(map(intern, map(str.strip, map(itemgetter(at), part))))


def _wanted(name: str, header: list[str], needed: Sequence[str], optional: Sequence[str]) -> dict[str, int]:
    missing = [column for column in needed if column not in header]
    if missing:
        message = f"{name} needs the columns: {', '.join(missing)}."
        raise ScienceRefusal("column_missing", message, file=name, line=1, column=missing[0])
    twice = [column for column in (*needed, *optional) if header.count(column) > 1]
    if twice:
        message = f"{name} has the column {twice[0]} more than once."
        raise ScienceRefusal("column_twice", message, file=name, line=1, column=twice[0])
    return {column: header.index(column) for column in (*needed, *optional) if column in header}
