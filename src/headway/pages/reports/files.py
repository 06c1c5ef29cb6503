"""A report as a file: the released figures as they are shown, and nothing beside them."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from headway.pages.parts.sheets import safe_cell
from headway.pages.reports.report import asked_for
from headway.pages.reports.scope import Subject
from headway.reports import queries as reports
from headway.reports.types import Released


def as_csv(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Give the report as CSV."""
    released, rows = _found(request, subject, name)
    flat = [reports.flat(row) for row in rows]
    columns = list(dict.fromkeys(column for row in flat for column in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in flat:
        writer.writerow([_text(row.get(column)) for column in columns])
    return _named(
        HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8"), released, "csv"
    )


def as_xlsx(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Give the report as a spreadsheet with a page of notes."""
    released, rows = _found(request, subject, name)
    data = reports.xlsx({**_head(released), "n": len(rows), "rows": rows})
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _named(HttpResponse(data, content_type=kind), released, "xlsx")


def as_json(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Give the report as JSON."""
    released, rows = _found(request, subject, name)
    return _named(JsonResponse({**_head(released), "n": len(rows), "rows": rows}), released, "json")


def _found(request: HttpRequest, subject: Subject, name: str) -> tuple[Released, list[dict[str, Any]]]:
    released = asked_for(request, name)
    if released is None:
        raise Http404
    schools = None if subject.reader.all else {one.sourced_id for one in subject.reader.schools}
    return released, list(reports.rows(released, schools=schools))


def _head(released: Released) -> dict[str, Any]:
    return {
        "name": released.report, "as_of": released.as_of.isoformat(), "snapshot": released.taken_at.isoformat(timespec="seconds"),
        "minimum": released.minimum, "rules": dict(released.rules),
    }  # fmt: skip


def _text(value: Any) -> Any:
    return "" if value is None else safe_cell(value) if isinstance(value, str) else value


def _named(answer: HttpResponse, released: Released, form: str) -> HttpResponse:
    answer["Content-Disposition"] = (
        f'attachment; filename="{released.report}-{released.as_of.isoformat()}.{form}"'
    )
    return answer
