"""The header and the rows of one file: by name, of one width, each cell checked."""

from __future__ import annotations

from typing import Any

from headway.interop.oneroster.files import Column, File
from headway.interop.oneroster.notes import Fault, Notes
from headway.kit.refusals import Sentence
from headway.rosters.types import BULK, DELTA

Cells = dict[str, Any]


def header(record: list[str], file: File, notes: Notes) -> list[tuple[int, Column]] | None:
    """Return the file's columns with their places, by name; None where rows could not be understood."""
    if len(record) == 1 and (";" in record[0] or "\t" in record[0]):
        notes.fault("wrong_delimiter", "Values must be separated by commas.", file.name, 1, value=record[0])
        return None
    known = {column.name.lower(): column for column in file.columns}
    found: dict[str, int] = {}
    for at, said in enumerate(record):
        name = said.strip().lower()
        if name in found:
            notes.fault("duplicate_column", "The column stands twice.", file.name, 1, said, said)
        elif not name:
            notes.fault("empty_column", "A column has no name (a comma too many?).", file.name, 1)
        elif name in known:
            found[name] = at
            if said != known[name].name:
                notes.repair(
                    "header_case",
                    Sentence("Read as %(name)s.", name=known[name].name),
                    file.name,
                    1,
                    said,
                    said,
                )
        elif not name.startswith(("metadata.", "ext.", "ext:")):
            notes.warn(
                "unknown_column",
                "The column is not part of OneRoster; it was not read.",
                file.name,
                1,
                said,
                said,
            )
    missing = [column.name for column in file.columns if column.required and column.name.lower() not in found]
    for name in missing:
        notes.fault("missing_column", "A required column is missing.", file.name, 1, name)
    order = [at for column in file.columns if (at := found.get(column.name.lower())) is not None]
    if order != sorted(order):
        notes.repair(
            "header_order",
            "The columns stand in another order than the standard's; read by name.",
            file.name,
            1,
        )
    return None if missing else [(found[name], known[name]) for name in found]


class Row:
    """Turns the records of one file into checked cells."""

    def __init__(
        self, file: File, columns: list[tuple[int, Column]], width: int, mode: str, notes: Notes
    ) -> None:
        self.file, self.columns, self.width, self.mode, self.notes = file, columns, width, mode, notes
        self._at: tuple[int, str, str] = (0, "", "")  # the cell in hand, for repairs
        self.empty = {column.name: None for column in file.columns}
        self.own = next(at for at, column in columns if column.name == "sourcedId")
        self.status = next((at for at, column in columns if column.name == "status"), None)

    def cells(self, line: int, record: list[str]) -> Cells | None:
        """Return the cells by column, or None where the record is not usable."""
        if len(record) != self.width:
            self.notes.fault(
                "wrong_width",
                Sentence(
                    "The line has more values (%(n)s) than the header (%(width)s)."
                    if len(record) > self.width
                    else "The line has fewer values (%(n)s) than the header (%(width)s).",
                    n=len(record),
                    width=self.width,
                ),
                self.file.name,
                line,
            )
            return None
        deleted = self.status is not None and record[self.status] == "tobedeleted"
        cells: Cells = dict(self.empty)
        sound = True
        for at, column in self.columns:
            text = record[at]
            if not text or text.isspace():
                if column.required and (
                    not deleted or column.name == "sourcedId" or self.file.kind == "grants"
                ):
                    self.notes.fault(
                        "required_value", "A value is required here.", self.file.name, line, column.name, text
                    )
                    sound = False
                continue
            try:
                self._at = (line, column.name, text)
                cells[column.name] = column.check(text, self._repair)
            except Fault as fault:
                self.notes.fault(fault.code, fault.message, self.file.name, line, column.name, text)
                sound = False
        return cells if self._status(line, cells) and sound else None

    def sourced_id(self, record: list[str]) -> str:
        """Return what stands where the record's own identifier should."""
        return record[self.own] if self.own < len(record) else ""

    def _repair(self, code: str, message: str) -> None:
        self.notes.repair(code, message, self.file.name, *self._at)

    def _status(self, line: int, cells: Cells) -> bool:
        status = cells["status"]
        if self.mode == DELTA and status is None:
            self.notes.fault(
                "required_value",
                "In a delta every row says whether it is active or tobedeleted.",
                self.file.name,
                line,
                "status",
                "",
            )
            return False
        if self.mode == BULK and status == "tobedeleted":
            self.notes.fault(
                "manifest_lies",
                "The manifest says bulk, but the row is to be deleted, as in a delta.",
                self.file.name,
                line,
                "status",
                status,
            )
            return False
        cells["deleted"] = status == "tobedeleted"
        return True
