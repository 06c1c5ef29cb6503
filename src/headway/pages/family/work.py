"""A child's piece of work with what was said about it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from headway.pages.parts.feedback import FOR_FAMILY
from headway.pages.parts.rubric import of_chance
from headway.pages.parts.work import work_view


def work(request: HttpRequest, student_id: str, key: str, subject: Any) -> HttpResponse:
    """Show the piece, or say that there is none."""
    found = work_view(subject, key, now=request.moment, book=request.book, purposes=FOR_FAMILY)
    if found is None:
        raise Http404
    view, learner = found
    base = f"/family/children/{quote(subject.sourced_id, safe='')}"
    context = {
        "nav": "family.home",
        "work": view,
        "child": subject,
        "names_hidden": True,
        "given": learner.given,
        "base": base,
        "target_url": f"{base}/why/",
        **of_chance(view.task),
    }
    return render(request, "pages/family/work.html", context)
