"""Taking back at once what a stack just saved or returned: a signed note in the address says what that was."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from headway.access.types import Viewer
from headway.evidence import actions as work
from headway.evidence import queries as evidence
from headway.kit.refusals import Refusal
from headway.proficiency import actions

SALT = "headway.rate"
UNDO_SECONDS = 3600
KINDS = ("keys", "returned", "closed")


def note(viewer: Viewer, told: dict[str, Any]) -> str:
    """Return a signed note of what was `said` and done: `keys` of ratings, `returned` sequences, or the span that `closed`."""
    return signing.dumps({**told, "by": str(viewer.account)}, salt=SALT, compress=True)


def said(token: str) -> str:
    """Return what a note says; nothing where it is not ours or too old."""
    if not token:
        return ""
    try:
        return str(signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)["said"])
    except (signing.BadSignature, KeyError):
        return ""


def toast(token: str) -> dict[str, str]:
    """Return what a page shows of a note: its words, and the note again where something can be taken back."""
    words = said(token)
    found = signing.loads(token, salt=SALT) if words else {}
    return {"toast": words, "toast_token": token if any(found.get(kind) for kind in KINDS) else ""}


def undo(request: HttpRequest) -> HttpResponse:
    """Withdraw what was just saved, take a return back, or open chances again; all of it stays in the ledger."""
    viewer: Viewer = request.viewer
    back = request.POST.get("back", "/teacher/rate")
    if not back.startswith("/teacher/"):
        back = "/teacher/rate"
    try:
        found = signing.loads(request.POST.get("saved", ""), salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return redirect(back)
    if found.get("by") != str(viewer.account):
        raise Http404
    try:
        if found.get("returned"):
            work.undo_returns(actor=viewer, sequences=found["returned"], at=request.moment)
        elif found.get("closed"):
            first, last = found["closed"]
            closed = [one.uuid for one in evidence.chances_between(first=first, last=last)]
            actions.reopen_opportunities(
                actor=viewer, opportunities=closed, reason="undone at once", at=request.moment
            )
        elif found.get("keys"):
            actions.withdraw_ratings(
                actor=viewer, keys=found["keys"], reason="undone at once", at=request.moment
            )
    except Refusal:
        # It was undone before, or changed since: nothing is left to undo.
        return redirect(back)
    return redirect(back)
