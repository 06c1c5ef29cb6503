"""Marks for another system's gradebook: the crosswalk with what it loses, and the file of a term."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.interop.gradebook.crosswalk import crosswalks
from headway.interop.gradebook.write import export_grades
from headway.kit.refusals import Refusal
from headway.pages.parts.rights import said
from headway.pages.parts.sheets import named
from headway.rosters import queries as rosters


def gradebook(request: HttpRequest) -> HttpResponse:
    """Show the crosswalk; give the file of a term when asked for, and listed."""
    fault = ""
    if request.method == "POST":
        try:
            return _file(request)
        except Refusal as refusal:
            fault = _said(refusal)
    context = {
        "nav": "district.home", "fault": fault, "terms": sorted(rosters.terms(), key=lambda one: one.starts_on, reverse=True),
        "crosswalks": crosswalks(request.book, get_language() or "en"),
        "form": {name: request.POST.get(name, "") for name in ("term", "to", "purpose")},
    }  # fmt: skip
    return render(request, "pages/district/gradebook.html", context, status=422 if fault else 200)


def _said(refusal: Refusal) -> str:
    return {
        "unknown_term": _("Choose one of the terms."),
        "no_classes": _("No class meets in this term."),
    }.get(refusal.code) or said(refusal)


def _file(request: HttpRequest) -> HttpResponse:
    to: Any = request.POST.get("to", "")
    if not to.strip():
        raise Refusal("receiver_missing", "Say who gets the marks: families read it in their lists.")
    text, counts = export_grades(
        actor=request.viewer, term=request.POST.get("term", ""), to_whom=to, purpose=request.POST.get("purpose", ""),
        now=request.moment, book=request.book,
    )  # fmt: skip
    response = named(
        HttpResponse(text, content_type="text/csv; charset=utf-8"), f"grades-{counts['as_of']}.csv"
    )
    response["Cache-Control"] = "private, no-store"
    return response
