"""What a session says of its rubric and its works, for those who were in it; no rater is named and no school compared."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.calibration import queries
from headway.calibration.types import ADJACENT_GOAL, EXACT_GOAL, OPENED, SessionView
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.calibration.rubric import rubric_of
from headway.pages.calibration.words import nav
from headway.pages.parts import figures


def report(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Show agreement of all, with anchors, by criterion and by area, and the works that lie farthest apart."""
    found = queries.group_report(session=subject)
    rubric = rubric_of(request, subject.version)
    context: dict[str, Any] = {
        "nav": nav(request), "session": subject, "task": rubric.task, "report": found, "opened": subject.state in OPENED,
        "exact_goal": round(100 * EXACT_GOAL), "adjacent_goal": round(100 * ADJACENT_GOAL),
    }  # fmt: skip
    if found is not None and not found.body["withheld"]:
        names = {str(one.uuid): one.name for one in rubric.task.criteria}
        rows = [figures.row(_("All raters"), found.body["all"])]
        if found.body["anchors"]:
            rows.append(figures.row(_("With anchors"), found.body["anchors"]))
        lines = [figures.row(names.get(one["criterion"], ""), one) for one in found.body["criteria"]]
        step, works = 100, queries.map_of(session=subject)
        context |= {
            "rows": rows, "criteria": lines, "areas": [figures.row(area_name(one["area"]), one) for one in found.body["areas"]],
            "heading": _heading(lines, found.body), "second": found.body.get("second") or None,
            "compared": any(cell.counts for one in works for cell in one.cells),
            "wide": [one for one in works[:5] if one.asunder >= step],
        }  # fmt: skip
    return render(request, "pages/calibration/report.html", context)


def area_name(key: str) -> str:
    """Return the name of an area by its row key, in the reader's language."""
    try:
        return frameworks.node(int(key)).called(get_language() or "en")
    except (Refusal, ValueError, KeyError):
        return "–"


def _heading(lines: list[figures.Row], body: Any) -> str:
    known = [(one["exact"]["value"], row.label) for one, row in zip(body["criteria"], lines, strict=True)
             if one["exact"]["value"] is not None]  # fmt: skip
    if not known:
        return _("There is too little to say where you differ.")
    return _("You differ most on “%(criterion)s”.") % {"criterion": min(known)[1]}
