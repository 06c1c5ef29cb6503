"""Pages for what does not exist, is not allowed, or went wrong: one calm frame, no detail about a child."""

from __future__ import annotations

import sys
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def _api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/ims/"))


def _answer(request: HttpRequest, status: int, code: str, title: str, text: str) -> HttpResponse:
    if _api(request):
        return JsonResponse({"code": code, "message": text, "errors": []}, status=status)
    return render(request, "pages/public/error.html", {"title": title, "text": text}, status=status)


def missing(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404, in the same words whether a thing is missing or not for this reader; a child is told whom to ask."""
    if request.path.startswith("/class-device"):
        text = _("Ask your teacher: only a teacher of the class opens it, on the page of the class.")
        return _answer(request, 404, "not_found", _("No class is open on this device."), text)
    return _answer(
        request,
        404,
        "not_found",
        _("This page is not here."),
        _("It may have moved, or it is not for your account."),
    )


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403 with the reason that the address declares."""
    return _answer(
        request,
        403,
        "forbidden",
        _("This page is for others."),
        str(exception) if exception and str(exception) else _("Your account does not open it."),
    )


def forbidden_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose protection has expired."""
    return _answer(
        request,
        403,
        "form_expired",
        _("The form had expired."),
        _("Nothing was saved. Go back, load the page again and send it once more."),
    )


def broken(request: HttpRequest) -> HttpResponse:
    """500: nothing was saved. 503 where another save held the database for too long."""
    if _locked(sys.exc_info()[1]):
        answer = _answer(
            request,
            503,
            "busy",
            _("Another save takes long just now."),
            _("Nothing was saved. Please send it again in a few seconds."),
        )
        answer["Retry-After"] = "5"
        return answer
    if _api(request):
        return JsonResponse(
            {"code": "broken", "message": "Something went wrong here; nothing was saved.", "errors": []},
            status=500,
        )
    return HttpResponse(
        "<!doctype html><title>Headway</title><h1>Something went wrong here.</h1><p>Nothing was saved. Please try again.</p>",
        status=500,
    )


def _locked(error: BaseException | None) -> bool:
    return isinstance(error, OperationalError) and "locked" in str(error)


def wrong_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400: the request could not be read."""
    return HttpResponse(
        "<!doctype html><title>Headway</title><h1>This request could not be read.</h1><p>Nothing was saved.</p>",
        status=400,
    )
