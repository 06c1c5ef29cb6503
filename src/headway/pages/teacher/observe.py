"""A quick observation from Today: one student, one target, one level, in ten seconds."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.proficiency import actions
from headway.rosters import queries as rosters


def observe(request: HttpRequest) -> HttpResponse:
    """Record the observation and go back to Today, with what was saved or why not."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    found = re.search(r"\(([^()]+)\)\s*$", request.POST.get("student", ""))
    person = rosters.student_in_scope(viewer=viewer, reference=found[1]) if found else None
    if person is None:
        return _back(fault=_("Choose a student from the list that opens as you type; nothing was saved."))
    target = request.POST.get("target", "")
    try:
        node = frameworks.node(int(target)) if target.isdigit() and len(target) < 19 else None
        if node is None:
            return _back(fault=_("Choose a target; nothing was saved."))
        row = {
            "key": request.POST.get("key", "")[:100], "student": person.sourced_id, "target": str(node.uuid),
            "level": request.POST.get("level", ""), "observed_at": request.moment.isoformat(),  # type: ignore[attr-defined]
            "comment": request.POST.get("comment", "").strip(), "depth": str(node.depth) if node.depth else "",
        }  # fmt: skip
        actions.record_rows(
            actor=viewer, rows=[row], at=request.moment, book=request.book, source="observation"
        )  # type: ignore[attr-defined]
    except Refusal as refusal:
        fault = refusal.findings[0].message if refusal.findings else refusal.message
        return _back(fault=_("Nothing was saved: %(why)s") % {"why": fault})
    return _back(saved=f"{person.name()}, {node.called(get_language() or 'en')}")


def _back(**said: str) -> HttpResponse:
    return redirect(f"/teacher/today?{urlencode(said)}")
