"""Files that a spreadsheet opens, and the name that a file is saved by."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula: an apostrophe stands before what looks like one."""
    return "'" + text if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """Give rows as a CSV file of this name; texts are cells that no spreadsheet runs, None is an empty cell."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in row])
    # The mark at the start tells spreadsheets that the text is UTF-8.
    return named(HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8"), name)


def named(answer: HttpResponse, name: str) -> HttpResponse:
    """Return an answer that is saved as a file of this name."""
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
