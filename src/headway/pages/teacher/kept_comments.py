"""Removing a comment that a teacher kept for use again; keeping one happens where it is written."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from headway.evidence import actions
from headway.kit.numbers import is_whole


def drop(request: HttpRequest) -> HttpResponse:
    """Remove one of the viewer's own kept comments and go back to rating."""
    number, back = request.POST.get("drop", ""), request.POST.get("back", "")
    if is_whole(number) and len(number) < 19:
        actions.drop_comment(actor=request.viewer, number=int(number))
    return redirect(back if back.startswith("/teacher/rate") else "/teacher/rate")
