"""Reading large CSV files by column: numbers and names as arrays, with the place of whatever is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused
from headway.science.files.reading import LARGEST, ScienceRefusal, csv_file

BLOCK = 50_000
"""Rows that are read at a time: a list for each of a million rows would have the collector go through them again and again."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A CSV file by column: cells as text without spaces around them, and the line on which each row ends."""

    file: str
    lines: Sequence[int]
    cells: Mapping[str, list[str]]

    def __len__(self) -> int:
        return len(self.lines)

    def __contains__(self, column: str) -> bool:
        return column in self.cells

    def refuse(self, code: str, message: str, column: str, row: int) -> ScienceRefusal:
        """Return the refusal of one cell."""
        value = self.cells[column][row]
        return ScienceRefusal(code, message, file=self.file, line=self.lines[row], column=column, value=value)

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers, nan where it is empty. Refuses what is no finite number."""
        texts = self.cells[column]
        try:
            found = np.array([text or "nan" for text in texts], dtype=np.float64)
        except ValueError:
            found = np.array([self._number(column, row) for row in range(len(texts))])
        for row in np.flatnonzero(~(np.abs(found) <= LARGEST)).tolist():
            if texts[row] != "":
                code = "out_of_range" if np.isfinite(found[row]) else "not_a_number"
                raise self.refuse(
                    code, f"{column} must be a finite number up to {LARGEST:g}, or empty.", column, row
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
        found, names = self.labels(column)
        if "" in names:
            empty = names.index("")
            names.remove("")
            found = np.where(found == empty, -1, found - (found > empty))
        return found, names

    def labels(self, column: str) -> tuple[NDArray[np.int64], list[str]]:
        """Return a column as numbers of its texts in the order of their first row, the empty one among them, and the texts."""
        known: dict[str, int] = {}
        texts = self.cells[column]
        found = np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int64, len(texts))
        return found, list(known)

    def needed(self, column: str, rows: Iterable[int] | None = None) -> None:
        """Raise `ScienceRefusal("empty_cell")` at the first row (of `rows`) whose cell is empty."""
        texts = self.cells[column]
        if "" in texts:
            for row in range(len(texts)) if rows is None else rows:
                if texts[row] == "":
                    raise self.refuse("empty_cell", f"{column} must not be empty.", column, row)

    def placed(self, refused: EstimateRefused, column: str, row: int | None = None) -> ScienceRefusal:
        """Return a refusal of the science with its place, where it has one."""
        if row is not None:
            return self.refuse(refused.code, str(refused), column, row)
        where: dict[str, Any] = {} if refused.place is None else {"value": str(refused.place)}
        return ScienceRefusal(refused.code, str(refused), file=self.file, **where)


def read_columns(path: Path | str, needed: Sequence[str], optional: Sequence[str] | None = None) -> Columns:
    """Return a CSV file with a header by column: those that are `needed`, and the `optional` ones that it has (None: all).

    Raises `ScienceRefusal` where it cannot be read as such, or has no rows.
    """
    name = str(path)
    with csv_file(path) as reader:
        header = [cell.strip() for cell in next(reader, [])]
        wanted = _wanted(name, header, needed, optional)
        cells: dict[str, list[str]] = {column: [] for column in wanted}
        lines: list[int] = []
        before = reader.line_num
        while block := list(islice(reader, BLOCK)):
            _add(name, block, before, reader.line_num, len(header), wanted, cells, lines)
            before = reader.line_num
    if not lines:
        raise ScienceRefusal("no_rows", f"{name} has no rows.", file=name)
    return Columns(name, lines, cells)


def _add(
    name: str, block: list[list[str]], before: int, after: int, width: int, wanted: Mapping[str, int],
    cells: Mapping[str, list[str]], lines: list[int],
) -> None:  # fmt: skip
    """Add some rows to the columns; they end on the lines from the one after `before` up to `after`."""
    if after - before == len(block):
        ends = list(range(before + 1, after + 1))
    else:
        breaks = (1 + sum(cell.count("\n") for cell in row) for row in block)
        ends = list(accumulate(breaks, initial=before))[1:]
    filled = [at for at, row in enumerate(block) if any(map(str.strip, row))]
    if len(filled) < len(block):
        block, ends = [block[at] for at in filled], [ends[at] for at in filled]
    if set(map(len, block)) - {width}:
        row, line = next((row, line) for row, line in zip(block, ends, strict=True) if len(row) != width)
        message = f"This line has {len(row)} cells, the header {width}."
        raise ScienceRefusal("cells_differ", message, file=name, line=line)
    by_column = list(zip(*block, strict=True)) or [()] * width
    for column, at in wanted.items():
        # The same text is kept once: a student's name stands in many rows.
        cells[column].extend(map(intern, map(str.strip, by_column[at])))
    lines += ends


def _wanted(
    name: str, header: list[str], needed: Sequence[str], optional: Sequence[str] | None
) -> dict[str, int]:
    for column in needed:
        if column not in header:
            message = f"{name} needs the columns: {', '.join(needed)}; {column} is missing."
            raise ScienceRefusal("column_missing", message, file=name, line=1, column=column)
    wanted = header if optional is None else [column for column in (*needed, *optional) if column in header]
    for column in wanted:
        if header.count(column) > 1:
            message = f"{column or 'An empty name'} stands twice in the header."
            raise ScienceRefusal("column_twice", message, file=name, line=1, column=column)
    return {column: header.index(column) for column in wanted}
