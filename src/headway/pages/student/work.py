"""A student's own piece of work, with its ratings and what was said."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from headway.pages.parts.rubric import of_chance
from headway.pages.parts.told import told
from headway.pages.parts.work import work_view


def work(request: HttpRequest, key: str, subject: Any) -> HttpResponse:
    """Show the piece, or say that there is none."""
    found = work_view(subject, key, now=request.moment, book=request.book)
    if found is None:
        raise Http404
    view, _learner = found
    context = {
        "nav": "student.now",
        "work": view,
        "revise": f"/student/hand-in?work={view.piece.uuid}" if view.piece is not None else "",
        "target_url": "/student/continuum?target=",
        "target_tail": "#why",
        "done": request.GET.get("done") == "1",
        "kept_as": told(request, "said"),
        **of_chance(view.task),
    }
    return render(request, "pages/student/work.html", context)
