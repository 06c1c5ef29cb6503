"""A student's request on a target: I'm ready, or may I show it again; and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from headway.evidence import actions
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts.told import address


def ask(request: HttpRequest, subject: Any) -> HttpResponse:
    """Put the request before the teachers, or take it back; both lead to the first page, which says so."""
    try:
        if request.POST.get("act") == "take_back":
            actions.take_back_request(
                actor=request.viewer, request=_uuid(request.POST.get("request", "")), at=request.moment
            )
            return redirect(address("/student/now", said=_("Your request is taken back.")))
        target = request.POST.get("target", "")
        if not is_whole(target) or len(target) > 18:
            raise Http404
        actions.ask(
            actor=request.viewer, target=int(target), kind=request.POST.get("kind", ""),
            words=request.POST.get("words", "").replace("\0", ""), at=request.moment,
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.code == "too_long":
            return redirect(address("/student/now", fault=_("Say it in fewer words, please.")))
        if refusal.code == "not_open":
            return redirect(address("/student/now", fault=_("This request was answered already.")))
        raise Http404 from refusal
    return redirect(address("/student/now", said=_("Asked. The answer comes here, with its reason and day.")))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
