"""The first page of scoring together: what waits for me, what I convene, where we disagree."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.access.types import Role
from headway.calibration import queries
from headway.calibration.types import CALLED_OFF, FINISHED, OPENED, PLANNED, REVEALED, SessionView
from headway.pages.calibration import words
from headway.pages.calibration.words import nav
from headway.pages.parts import figures
from headway.tasks import queries as tasks

MOST_DIFFERENCES, MOST_ENDED = 3, 20


def index(request: HttpRequest) -> HttpResponse:
    """Show the sessions that wait for the viewer, those that they convene, and the criteria on which people agree least."""
    found = queries.sessions(viewer=request.viewer)
    found.sort(key=lambda one: one.state == PLANNED)  # what runs stands before what is planned
    alone = queries.alone_n(sessions=[one for one in found if one.state == REVEALED])
    mine = [one for one in found if queries.waits_for(one, request.viewer.today)]
    context = {
        "nav": nav(request), "heading": _heading(len(mine), found), "mine": mine,
        "convened": [_convened(one, alone.get(one.id, 0)) for one in found if one.convened and not queries.ended(one)],
        "others": [one for one in found if not one.convened and one not in mine and not queries.ended(one)],
        "ended": [one for one in found if one.state == FINISHED or (one.convened and one.state == CALLED_OFF)][:MOST_ENDED],
        "differences": _differences(request, found), "may_plan": queries.may_convene(request.viewer),
        "leads": request.viewer.is_a(Role.PRINCIPAL, Role.DISTRICT), "states": words.states(), "any": bool(found),
        "survey": queries.survey(viewer=request.viewer),
    }  # fmt: skip
    return render(request, "pages/calibration/index.html", context)


def _heading(n: int, found: list[SessionView]) -> str:
    """Say the page's answer: what waits for the reader's scores; else what runs under them; else what this is."""
    if n:
        return ngettext("One session waits for your scores.", "%(n)s sessions wait for your scores.", n) % {
            "n": n
        }
    if not found:
        return _("Score the same work, then talk.")
    runs = sum(one.convened and one.state not in (PLANNED, FINISHED, CALLED_OFF) for one in found)
    if runs:
        return ngettext("One session of yours is running.", "%(n)s sessions of yours are running.", runs) % {
            "n": runs
        }
    return _("No session waits for your scores.")


def _convened(view: SessionView, alone_n: int) -> dict[str, Any]:
    return {"view": view, "state": words.states()[view.state], "next": words.next_step(view, alone_n)}


def _differences(request: HttpRequest, found: list[SessionView]) -> list[dict[str, Any]]:
    """Return the criteria of the newest revealed sessions on which exact agreement is least."""
    rows = []
    for view in [one for one in found if one.state in OPENED][:5]:
        report = queries.group_report(session=view)
        if report is None:
            continue
        names = {
            str(one.uuid): one.name
            for one in tasks.task_version(viewer=request.viewer, version=view.version).criteria
        }
        for one in report.body["criteria"]:
            if one["exact"]["value"] is not None:
                rows.append({"view": view, "name": names.get(one["criterion"], ""), "at": one["exact"]["value"],
                             "exact": figures.figure(one["exact"], percent=True)})  # fmt: skip
    return sorted(rows, key=lambda one: one["at"])[:MOST_DIFFERENCES]


def saved(request: HttpRequest) -> str:
    """Return what the page that led here did, in words; nothing where it did nothing."""
    return {
        "saved": _("Saved."), "opened": _("The blind round is open."), "revealed": _("Revealed: the map shows where you differ."),
        "second": _("The second round is open."), "finished": _("Finished. The reports are being made."),
        "handed": _("Handed in. What you gave stands."), "noted": _("Noted."), "agreed": _("The agreed level is kept."),
        "anchor": _("Kept as an anchor."), "entered": _("The moderated scores are in the ledger."), "off": _("Called off."),
        "taken": _("The copy is in the session."), "choose": _("Choose a piece first."), "drawn": _("The sample is drawn."),
    }.get(request.GET.get("done", ""), "")  # fmt: skip
