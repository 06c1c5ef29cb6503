"""Taking back at once what a stack just saved or returned: a signed note in the address says what that was."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

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
    """Return a signed note of what was `said` and done: `keys` of ratings, `returned` sequences, or the span that `closed`.

    `place` is the address of what it was done to, where that is one place: an undo opens it again. `undone` marks a note
    that says what was taken back.
    """
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
    return {
        "toast": words, "toast_token": token if any(found.get(kind) for kind in KINDS) else "",
        "toast_undone": "yes" if found.get("undone") else "",
    }  # fmt: skip


def undo(request: HttpRequest) -> HttpResponse:
    """Withdraw what was just saved, take a return back, or open chances again; all of it stays in the ledger.

    The place of what was taken back is opened, not that at which the teacher is by now: the correction belongs there.
    """
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
    place = str(found.get("place") or back)
    try:
        undone = _take_back(request, found)
    except Refusal:
        # It was undone before, or changed since: nothing is left to undo.
        return redirect(place)
    if not undone:
        return redirect(back)
    token = note(viewer, {"said": str(found.get("said", "")), "undone": True})
    return redirect(f"{place}{'&' if '?' in place else '?'}{urlencode({'saved': token})}")


def _take_back(request: HttpRequest, found: dict[str, Any]) -> bool:
    """Take back what a note says was done; return whether it says anything that can be. Raises `Refusal`."""
    viewer: Viewer = request.viewer
    if found.get("returned"):
        work.undo_returns(actor=viewer, sequences=found["returned"], at=request.moment)
    elif found.get("closed"):
        first, last = found["closed"]
        closed = [one.uuid for one in evidence.chances_between(first=first, last=last)]
        actions.reopen_opportunities(
            actor=viewer, opportunities=closed, reason="undone at once", at=request.moment
        )
    elif found.get("keys"):
        actions.withdraw_ratings(actor=viewer, keys=found["keys"], reason="undone at once", at=request.moment)
    else:
        return False
    return True
