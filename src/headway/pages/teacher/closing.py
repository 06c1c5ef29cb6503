"""Saying that nothing came: *no work*, *excused* or *away*, for the chance at hand or for many, with one undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.evidence import actions as work
from headway.kit.refusals import Refusal
from headway.pages.parts.loop import given_view, state_words
from headway.pages.teacher import undoing
from headway.pages.teacher.stack import Stack
from headway.proficiency import actions

ACTS = ("missed", "excused", "away", "paper")


def close(request: HttpRequest, chances: Sequence[UUID]) -> dict[str, Any]:
    """Close chances, or take their work in from paper, as the form says; return what was done.

    Raises `Refusal`.
    """
    act = request.POST.get("act", "")
    if act not in ACTS:
        raise Refusal("unknown_act", "Choose what to do with them.")
    if act == "paper":
        work.hand_in_on_paper(actor=request.viewer, opportunities=chances, at=request.moment)
        return {"said": _("Handed in on paper: it waits to be rated")}
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    reason = reason or usual_reason(act)
    first, last = actions.close_opportunities(
        actor=request.viewer, opportunities=chances, state=act, reason=reason, at=request.moment, book=request.book
    )  # fmt: skip
    said = ngettext("%(state)s: %(n)s student.", "%(state)s: %(n)s students.", len(chances))
    said = said % {"state": state_words(act), "n": len(chances)}
    return {"closed": [first, last], "said": said}


def usual_reason(act: str) -> str:
    """Return what is said where nobody gave a reason; nothing where one has to be given."""
    return {"missed": _("No work came."), "away": _("Not there.")}.get(act, "")


def refused(refusal: Refusal) -> str:
    """Return a refusal to close in words."""
    return {
        "unknown_opportunity": _("Choose at least one student of the list."),
        "reason_missing": _("Say why they are excused."),
        "not_open": _("One of these was handed in, closed or opened since. Choose again."),
        "unknown_act": _("Choose what to do with them."),
    }.get(refusal.code) or _("This could not be done just now. Please look at the list again.")


def nothing_came(request: HttpRequest, stack: Stack) -> HttpResponse:
    """Show the chance at hand for which nothing came, or close it and go on to the next."""
    fault = ""
    if request.method == "POST":
        try:
            told = close(request, [stack.task.uuid])
            told["said"] = f"{stack.student.name()}: {told['said']}"
            return redirect(onward(request, stack, told))
        except Refusal as refusal:
            fault = refused(refusal)
    context = {
        "nav": "teacher.rate", "stack": stack, "task": given_view(stack.task, request.viewer.today), "asks": stack.task,
        "fault": fault, "skip": stack.skip, "here": stack.here, **undoing.toast(request.GET.get("saved", "")),
        "reason": request.POST.get("reason", ""), "taken": not stack.task.open,
    }  # fmt: skip
    return render(request, "pages/teacher/nothing_came.html", context, status=422 if fault else 200)


def onward(request: HttpRequest, stack: Stack, told: dict[str, Any]) -> str:
    """Return the address of the next in the stack, with a signed note of what was done here that can be undone."""
    token = undoing.note(request.viewer, {**told, "place": stack.here})
    if not stack.next:
        own = {k: v for k, v in stack.query.items() if k == "class"}
        return f"/teacher/rate?{urlencode({'done': '1', 'saved': token, **own}, doseq=True)}"
    return f"{stack.next}&{urlencode({'saved': token})}"
