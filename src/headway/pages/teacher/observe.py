"""A quick observation from Today: one student, one target, one level, in ten seconds."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import tags
from headway.pages.parts.profile import rating_fault
from headway.pages.parts.told import address
from headway.pages.teacher import today
from headway.proficiency import actions, queries
from headway.rosters import queries as rosters


def observe(request: HttpRequest) -> HttpResponse:
    """Record the observation and go back to Today with what was saved; a refusal shows its form again, filled, with the fault."""
    if request.method != "POST":
        # Whoever looks back or changes the language on a page that shows a refusal asks for this address again.
        return redirect(f"/teacher/today?{request.GET.urlencode()}".rstrip("?"))
    viewer: Viewer = request.viewer
    found = re.search(r"\(([^()]+)\)\s*$", request.POST.get("student", ""))
    person = rosters.student_in_scope(viewer=viewer, reference=found[1]) if found else _named(request, viewer)
    if person is None:
        return _refused(
            request, "student", _("Choose a student from the list that opens as you type; nothing was saved.")
        )
    target = request.POST.get("target", "")
    try:
        node = frameworks.node(int(target)) if is_whole(target) and len(target) < 19 else None
        if node is None:
            return _refused(request, "target", _("Choose a target; nothing was saved."))
        row = {
            "key": request.POST.get("key", "")[:100], "student": person.sourced_id, "target": str(node.uuid),
            "level": request.POST.get("level", ""), "observed_at": request.moment.isoformat(),
            "comment": request.POST.get("comment", "").strip(), "depth": str(node.depth) if node.depth else "",
        }  # fmt: skip
        actions.record_rows(
            actor=viewer, rows=[row], at=request.moment, book=request.book, source="observation"
        )
    except Refusal as refusal:
        first = refusal.findings[0] if refusal.findings else refusal
        return _refused(request, "", _("Nothing was saved: %(why)s") % {"why": rating_fault(first)})
    level = tags.say("level", round(float(row["level"]) * 100), _scale(request, person, node))
    said = f"{person.name()}, {node.called(get_language() or 'en')}: {level}"
    return redirect(address("/teacher/today", saved=said))


def _refused(request: HttpRequest, field: str, fault: str) -> HttpResponse:
    sent = {name: request.POST.get(name, "") for name in ("student", "target", "level", "comment")}
    return today.today(request, observed=today.Observed(**sent, field=field, fault=fault))


def _named(request: HttpRequest, viewer: Viewer) -> Any:
    """Return the one student in scope whose whole name was typed, or None."""
    text = " ".join(request.POST.get("student", "").split()).casefold()
    day = request.moment.astimezone(request.zone).date()
    found = [p for p in rosters.people_named(viewer, text=text, as_of=day) if p.name().casefold() == text]
    return found[0] if len(found) == 1 else None


def _scale(request: HttpRequest, person: Any, node: Any) -> dict[str, Any]:
    m = queries.moment(now=request.moment, book=request.book)
    return queries.effective_for(m, student=person.id, target=node.id).scale
