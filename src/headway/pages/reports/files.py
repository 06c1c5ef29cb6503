"""A report as a file: the released figures as they are shown, and nothing beside them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from headway.pages.parts.sheets import csv_file, named
from headway.pages.reports.report import released_for
from headway.pages.reports.scope import Subject
from headway.reports import queries as reports


def as_csv(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Give the report as CSV."""
    given = _given(request, subject, name)
    columns, rows = reports.table(given["rows"])
    return csv_file(_name(given, "csv"), columns, ([row.get(column) for column in columns] for row in rows))


def as_xlsx(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Give the report as a spreadsheet with a page of notes."""
    given = _given(request, subject, name)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return named(HttpResponse(reports.xlsx(given), content_type=kind), _name(given, "xlsx"))


def as_json(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Give the report as JSON."""
    given = _given(request, subject, name)
    return named(JsonResponse(given), _name(given, "json"))


def _given(request: HttpRequest, subject: Subject, name: str) -> dict[str, Any]:
    released = released_for(request, name)
    if released is None:
        raise Http404
    schools = None if subject.reader.all else {one.sourced_id for one in subject.reader.schools}
    return reports.given(released, schools=schools)


def _name(given: dict[str, Any], form: str) -> str:
    return f"{given['name']}-{given['as_of'].isoformat()}.{form}"
