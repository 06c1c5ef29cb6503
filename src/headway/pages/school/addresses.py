"""Addresses that letters do not reach, for who can ask the person for another."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headway.notices import queries as notices
from headway.rosters import queries as rosters


def addresses(request: HttpRequest, subject: list[Any]) -> HttpResponse:
    """Show the bounced addresses of the people of the schools that the viewer leads."""
    found = notices.bounced(viewer=request.viewer, as_of=request.viewer.today)
    people = rosters.people_by_id(person_ids={one.person for one in found}) if found else {}
    context = {"nav": "school.rights", "rows": [(one, people[one.person].name()) for one in found]}
    return render(request, "pages/school/addresses.html", context)
