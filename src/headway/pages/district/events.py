"""School events: which kinds there are and how many, and a file looked at before it is taken in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.access import queries as access
from headway.interop.v1.csv_file import read_csv
from headway.kit.refusals import Refusal
from headway.pages.district import staging
from headway.pages.district.imports import listed, refused
from headway.rosters import actions
from headway.rosters import queries as rosters

COLUMNS = ("student", "kind", "at", "outcome", "sensitivity")


def events(request: HttpRequest) -> HttpResponse:
    """Show the kinds of events; a file that is handed in shows its counts, and is taken in after a yes."""
    if request.method != "POST":
        return _show(request, {"done": request.GET.get("done", "")[:12]})
    staged = None
    try:
        if request.POST.get("token"):
            staged = staging.find(request, kind="events")
            found = _import(request, staged, plan_only=False)
            staged.discard()
            return redirect(f"/district/events?done={found['run']}")
        staged = staging.keep(request, kind="events", at=request.moment)
        return _show(
            request,
            {"plan": _import(request, staged, plan_only=True), "name": staged.name, "token": staged.token},
        )
    except Refusal as refusal:
        if staged is not None:
            staged.discard()
        return _show(request, {"name": staged.name if staged else "", **refused(refusal)}, 422)


def _import(request: HttpRequest, staged: staging.Staged, *, plan_only: bool) -> dict[str, Any]:
    try:
        found = read_csv(staged.path, known=COLUMNS, needed=COLUMNS[:3], code="events_invalid")
    except Refusal as refusal:
        named = [replace(one, file=staged.name) for one in refusal.findings]
        raise refusal.at(named) from refusal
    return actions.import_events(
        actor=request.viewer, rows=found.rows, lines=found.lines, name=staged.name, digest=found.digest,
        at=request.moment, plan_only=plan_only,
    )  # fmt: skip


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {
        "nav": "district.home",
        "kinds": rosters.kinds_of_events(),
        "runs": listed(access.import_runs(kind="events")),
        **context,
    }
    return render(request, "pages/district/events.html", context, status=status)
