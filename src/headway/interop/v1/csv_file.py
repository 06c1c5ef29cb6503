"""Reads the product's own CSV forms: rows with their line numbers, or every fault of the file itself."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headway.kit.refusals import Finding, Refusal, Sentence

LARGEST = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file whose header is known: `rows` by column name, `lines` where each row begins, `digest` of its bytes."""

    name: str
    digest: str
    rows: list[dict[str, str]]
    lines: list[int]


def read_csv(path: Path, *, known: Sequence[str], needed: Sequence[str], code: str) -> CsvFile:
    """Return the rows of a CSV file in UTF-8 with a header; empty cells are left out.

    Raises `Refusal(code)` with file, line and column of each fault: unreadable, not UTF-8, broken quotes, unknown or
    missing or repeated columns, rows with another number of cells.
    """
    name = path.name
    try:
        if path.stat().st_size > LARGEST:
            raise _refuse(code, [Finding("too_large", "The file has more than 512 MB.", name)])
        data = path.read_bytes()
    except OSError as error:
        raise _refuse(
            code,
            [
                Finding(
                    "unreadable", Sentence("The file cannot be read: %(error)s.", error=error.strerror), name
                )
            ],
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refuse(
            code, [Finding("not_utf8", "The file is not UTF-8; save it as CSV UTF-8.", name, line)]
        ) from error
    rows, lines = _rows(text, name, known, needed, code)
    return CsvFile(name, hashlib.sha256(data).hexdigest(), rows, lines)


def _rows(
    text: str, name: str, known: Sequence[str], needed: Sequence[str], code: str
) -> tuple[list[dict[str, str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    findings: list[Finding] = []
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        findings += _header_faults(header, name, known, needed)
        if findings:
            raise _refuse(code, findings)
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                words = Sentence(
                    "This row has %(n)s cells, the header %(width)s.", n=len(cells), width=len(header)
                )
                findings.append(Finding("wrong_width", words, name, line))
                continue
            rows.append({column: cell for column, cell in zip(header, cells, strict=True) if cell.strip()})
            lines.append(line)
    except csv.Error as error:
        findings.append(
            Finding(
                "not_csv", Sentence("The file is not CSV: %(error)s.", error=error), name, reader.line_num
            )
        )
    if findings:
        raise _refuse(code, findings)
    return rows, lines


def _header_faults(
    header: Sequence[str], name: str, known: Sequence[str], needed: Sequence[str]
) -> list[Finding]:
    if not header:
        return [Finding("empty_file", "The file is empty.", name, 1)]
    faults = [
        Finding(
            "unknown_column",
            Sentence("Known columns are: %(known)s.", known=", ".join(known)),
            name,
            1,
            column or "(empty)",
        )
        for column in header
        if column not in known
    ]
    faults += [
        Finding("duplicate_column", "This column stands twice.", name, 1, column)
        for column in sorted({c for c in header if header.count(c) > 1})
    ]
    faults += [
        Finding("missing_column", "This column must be there.", name, 1, column)
        for column in needed
        if column not in header
    ]
    return faults


def _refuse(code: str, findings: Sequence[Finding]) -> Refusal:
    n = len(findings)
    return Refusal(
        code,
        Sentence.counted(
            n,
            "The file has %(n)s fault; nothing was written.",
            "The file has %(n)s faults; nothing was written.",
        ),
        findings,
    )
