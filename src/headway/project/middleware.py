"""What every request passes: measurement, protective headers, and the viewer with language and zone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import connection
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from headway.access import queries as accounts
from headway.access.types import Viewer
from headway.kit.naming import speaking
from headway.kit.times import now
from headway.pages.parts import cookies
from headway.proficiency import queries as proficiency
from headway.rosters import queries as rosters

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)


def measure(next_handler: Handler) -> Handler:
    """With HEADWAY_BENCH=1 every answer says how long it took and how many statements it made."""
    if not settings.BENCH:
        return next_handler

    def handle(request: HttpRequest) -> HttpResponse:
        count = 0

        def counted(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            nonlocal count
            count += 1
            return execute(sql, params, many, context)

        began, cpu = time.perf_counter(), time.thread_time()
        with connection.execute_wrapper(counted):
            response = next_handler(request)
        response["Server-Timing"] = (
            f"total;dur={(time.perf_counter() - began) * 1000:.2f}, "
            f"cpu;dur={(time.thread_time() - cpu) * 1000:.2f}"
        )
        response["X-Statements"] = str(count)
        return response

    return handle


def headers(next_handler: Handler) -> Handler:
    """Protective headers on every answer, errors included; nothing of a signed-in person stays in a cache."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = next_handler(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=(), usb=()")
        if request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return handle


def no_nul(next_handler: Handler) -> Handler:
    """Drop NUL characters, which no text of a person holds and one of the two databases cannot keep; no address holds one."""

    def without(given: QueryDict) -> QueryDict:
        found = given.copy()
        for name, values in given.lists():
            found.setlist(name, [value.replace("\0", "") for value in values])
        return found

    def handle(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise SuspiciousOperation("An address holds a NUL character.")
        if "%00" in request.META.get("QUERY_STRING", ""):
            request.GET = without(request.GET)
        form = request.method == "POST" and not request.path.startswith("/api/")
        if form and any("\0" in value for _, values in request.POST.lists() for value in values):
            request.POST = without(request.POST)
        return next_handler(request)

    return handle


def by_token(request: HttpRequest) -> Viewer:
    """Return the viewer of a bearer token; nobody where it is missing, unknown, ended, or its account is."""
    word, _, secret = request.headers.get("Authorization", "").partition(" ")
    if word.lower() != "bearer" or not secret.strip():
        return Viewer()
    found = accounts.token_owner(secret.strip(), at=request.moment)
    if found is None:
        return Viewer()
    account, scopes = found
    return rosters.viewer_for(account, request.moment.astimezone(request.zone).date(), scopes)


def by_device(request: HttpRequest) -> Viewer:
    """Return the viewer of a browser that is open as a class device: nobody, with the device; else nobody at all."""
    secret, visit = cookies.read(request)
    device = accounts.find_device(secret, visit, at=request.moment) if secret else None
    return Viewer(device=device, today=request.moment.astimezone(request.zone).date()) if device else Viewer()


def viewer(next_handler: Handler) -> Handler:
    """Put the viewer on the request; speak the viewer's language in the district's zone."""

    def find(request: HttpRequest) -> Viewer:
        if request.path.startswith("/api/"):
            return by_token(request)
        account = getattr(request, "user", None)
        if account is None or not account.is_authenticated:
            return by_device(request)
        return rosters.viewer_for(account, request.moment.astimezone(request.zone).date())

    def handle(request: HttpRequest) -> HttpResponse:
        request.moment = now()
        if request.path.startswith((settings.STATIC_URL, "/healthz")):
            request.viewer = Viewer()
            return next_handler(request)
        book = proficiency.book()
        request.book, request.zone = book, book.zone
        request.viewer = SimpleLazyObject(lambda: find(request))
        language = request.COOKIES.get("language") or translation.get_language_from_request(request)
        if language not in book.languages:
            language = book.languages[0]
        with speaking(language, book.renaming(language)), timezone.override(book.zone):
            response = next_handler(request)
            if hasattr(response, "render") and not response.is_rendered:
                response.render()
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
        return response

    return handle
