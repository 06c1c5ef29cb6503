"""Reports as files: flat rows for CSV, a spreadsheet with a page of notes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

NOTES = ("name", "population", "as_of", "snapshot", "minimum", "rules", "n")


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with one value in each column: parts by their names, lists as words between semicolons."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found.update(value)
        else:
            found[name] = "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return found


def table(rows: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the columns of rows, in the order in which they first come, and the rows with one value in each."""
    found = [flat(row) for row in rows]
    return list(dict.fromkeys(name for row in found for name in row)), found


def xlsx(report: Mapping[str, Any]) -> bytes:
    """Return a report as a spreadsheet: its figures with filters, and what one has to know to read them.

    Nothing is hidden in it: a figure that is withheld is an empty cell beside the reason.
    """
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        columns, rows = table(report["rows"])
        figures = book.add_worksheet("Figures")
        figures.freeze_panes(1, 0)
        figures.write_row(0, 0, columns, head)
        for at, row in enumerate(rows, 1):
            figures.write_row(at, 0, ["" if row.get(name) is None else row[name] for name in columns])
        if rows:
            figures.autofilter(0, 0, len(rows), len(columns) - 1)
        figures.autofit()
        notes = book.add_worksheet("Notes")
        for at, name in enumerate(one for one in NOTES if one in report):
            notes.write(at, 0, name, head)
            value = report[name]
            said = (
                ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
            )
            notes.write(at, 1, said)
        notes.autofit()
    return file.getvalue()
