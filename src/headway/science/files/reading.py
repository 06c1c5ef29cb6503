"""Reading CSV files and options: what every question on files shares."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from headway.science.ledger import MISSING

LARGEST = 1e30
"""No level, amount or time is larger, and the squares of variances stay numbers."""


class ScienceRefusal(Exception):
    """A file or an option that cannot be used, or a question that the data cannot answer; `code` names
    which."""

    def __init__(self, code: str, message: str, **where: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.where = code, message, where

    def as_mapping(self) -> dict[str, Any]:
        """Return code, message and where known file, line, column and value."""
        return {"code": self.code, "message": self.message, **self.where}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file, with what is needed to point at it."""

    file: str
    number: int
    cells: Mapping[str, str]

    def refuse(self, code: str, message: str, column: str) -> ScienceRefusal:
        """Return the refusal of one cell."""
        return ScienceRefusal(
            code, message, file=self.file, line=self.number, column=column, value=self.cells.get(column, "")
        )

    def number_in(self, column: str) -> float | None:
        """Return a cell as a number, None where it is empty or not there."""
        text = self.cells.get(column, "")
        if text == "":
            return None
        try:
            value = float(text)
        except ValueError:
            raise self.refuse("not_a_number", f"{column} must be a number or empty.", column) from None
        if not abs(value) <= LARGEST:
            raise self.refuse("not_a_number", f"{column} must be a finite number up to {LARGEST:g}.", column)
        return value

    def whole_in(self, column: str, least: int, most: int) -> int:
        """Return a cell as a whole number within limits, 0 where it is empty or not there."""
        value = self.number_in(column)
        if value is not None and (value % 1 or not least <= value <= most):
            raise self.refuse(
                "out_of_range", f"{column} must be a whole number from {least} to {most}, or empty.", column
            )
        return int(value or 0)

    def word_in(self, column: str, words: Any) -> int:
        """Return the code of a word, 0 where the cell is empty."""
        text = self.cells.get(column, "")
        if text == "":
            return 0
        try:
            return int(words.of(text))
        except ValueError as error:
            raise self.refuse("unknown_word", f"{column}: {error}", column) from None

    def instant_in(self, column: str) -> int:
        """Return a cell as microseconds since 1970, `MISSING` where it is empty; a time without zone is taken
        as UTC."""
        text = self.cells.get(column, "")
        if text == "":
            return int(MISSING)
        try:
            when = (
                datetime.combine(date.fromisoformat(text), datetime.min.time())
                if len(text) == 10
                else datetime.fromisoformat(text)
            )
        except ValueError:
            message = f"{column} must be a day (2026-11-12) or a time (2026-11-12T09:30:00Z)."
            raise self.refuse("not_a_time", message, column) from None
        since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@contextmanager
def csv_file(path: Path | str) -> Iterator[Any]:
    """Open a CSV file and give its reader. Raises `ScienceRefusal` where it cannot be read as such, also while it is read."""
    name = str(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield csv.reader(file, strict=True)
    except OSError as error:
        raise ScienceRefusal("unreadable", f"{name} cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise ScienceRefusal("not_utf8", f"{name} is not UTF-8 (byte {error.start}).", file=name) from error
    except csv.Error as error:
        raise ScienceRefusal("not_csv", f"{name} is not CSV: {error}.", file=name) from error


def read(path: Path | str, needed: Sequence[str]) -> list[Line]:
    """Return the rows of a CSV file with a header. Raises `ScienceRefusal` where it cannot be read as
    such."""
    name = str(path)
    with csv_file(path) as rows:
        header = [cell.strip() for cell in next(rows, [])]
        lines = [(rows.line_num, cells) for cells in rows if any(cell.strip() for cell in cells)]
    twice = next((column for at, column in enumerate(header) if column and column in header[:at]), "")
    if twice:
        raise ScienceRefusal("column_twice", f"{twice} stands twice.", file=name, line=1, column=twice)
    missing = [column for column in needed if column not in header]
    if missing:
        raise ScienceRefusal(
            "column_missing",
            f"{name} needs the columns: {', '.join(missing)}.",
            file=name,
            line=1,
            column=missing[0],
        )
    for number, cells in lines:
        if len(cells) != len(header):
            message = f"This line has {len(cells)} cells, the header {len(header)}."
            raise ScienceRefusal("cells_differ", message, file=name, line=number)
    return [
        Line(name, number, dict(zip(header, (c.strip() for c in cells), strict=True)))
        for number, cells in lines
    ]


def only(paths: Sequence[Path | str], name: str) -> Path | str:
    """Return the one file that a question takes."""
    if len(paths) != 1:
        raise ScienceRefusal("one_file", f"{name} takes one file; {len(paths)} were given.")
    return paths[0]


def whole(options: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """Return an option that is a whole number within limits. Raises `ScienceRefusal` `bad_parameter`."""
    text = str(options.get(name, default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ScienceRefusal(
            "bad_parameter", f"--{name} is a whole number from {least:,} to {most:,}.", value=text
        )
    return int(text)


def share(options: Mapping[str, Any], name: str, default: float) -> float:
    """Return an option that lies between 0 and 1, both excluded. Raises `ScienceRefusal` `bad_parameter`."""
    text = str(options.get(name, default))
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise ScienceRefusal(
            "bad_parameter", f"--{name} is a number between 0 and 1, such as 0.95.", value=text
        )
    return value


def one_of(options: Mapping[str, Any], name: str, known: Sequence[str], default: str) -> str:
    """Return an option that is one of some words. Raises `ScienceRefusal` `bad_parameter`."""
    text = str(options.get(name, default))
    if text not in known:
        raise ScienceRefusal("bad_parameter", f"--{name} is one of: {', '.join(known)}.", value=text)
    return text
