"""The door: signing in and out, the reader's language, one's own account. One throttle stands before every password."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from headway.access import actions, queries
from headway.access.types import Viewer
from headway.pages.parts import cookies
from headway.pages.parts.context import ASK_AT_FIRST


def _next(request: HttpRequest, fallback: str = "/") -> str:
    target = request.POST.get("next") or request.GET.get("next") or fallback
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe and target.startswith("/") else fallback


def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; after eight failures in a quarter of an hour a name must wait."""
    context = {"next": _next(request), "username": ""}
    if request.method != "POST":
        return render(request, "pages/account/sign_in.html", context)
    username = request.POST.get("username", "").strip()[:190]
    address = request.META.get("REMOTE_ADDR", "")
    keys = [f"n:{username.lower()}", f"a:{address}"]
    moment = request.moment
    context["username"] = username
    if queries.throttled(keys=keys, at=moment):
        context["error"] = _(
            "Too many tries. Wait a quarter of an hour, or ask your school for a new password."
        )
        response = render(request, "pages/account/sign_in.html", context, status=429)
        response["Retry-After"] = "900"
        return response
    account = authenticate(request, username=username, password=request.POST.get("password", ""))
    if account is None:
        actions.note_failure(keys=keys, at=moment)
        context["error"] = _("Name and password do not fit together.")
        return render(request, "pages/account/sign_in.html", context, status=422)
    actions.forget_failures(key=keys[0])
    device = request.viewer.device
    login(request, account)
    if actions.is_first_password(request.POST["password"]):
        # The next page asks for a password of their own, once; whoever has no time now goes on.
        request.session[ASK_AT_FIRST] = True
    response = redirect(_next(request))
    if device is not None:
        # A child must never find an adult's pages: one browser is a class device or somebody's own, not both.
        actor = Viewer(account=account.id, person=account.person, name=account.name or account.username)
        actions.leave_device(actor=actor, device=device, at=moment)
        cookies.forget_device(response)
    if account.language in request.book.languages:
        _remember_language(response, account.language)
    return response


def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("/account/sign-in")


def language(request: HttpRequest) -> HttpResponse:
    """Remember the language that the reader chose."""
    response = redirect(_next(request))
    chosen = request.POST.get("language", "")
    if chosen in request.book.languages:
        _remember_language(response, chosen)
    return response


def _remember_language(response: HttpResponse, code: str) -> None:
    response.set_cookie(
        "language",
        code,
        max_age=365 * 86_400,
        samesite="Lax",
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )


def account(request: HttpRequest) -> HttpResponse:
    """Show one's account and change the password."""
    context: dict[str, object] = {"account": request.user}
    if request.method == "POST":
        user = request.user
        fault = _password_fault(request)
        if fault:
            return render(request, "pages/account/account.html", {**context, "error": fault}, status=422)
        actions.reset_password(
            actor=request.viewer, account=user, at=request.moment, password=request.POST["new"]
        )  # type: ignore[attr-defined,arg-type]
        update_session_auth_hash(request, user)  # type: ignore[arg-type]
        context["saved"] = True
    return render(request, "pages/account/account.html", context)


def _password_fault(request: HttpRequest) -> str | None:
    keys = [f"n:{request.user.get_username().lower()}"]
    moment = request.moment
    if queries.throttled(keys=keys, at=moment):
        return _("Too many tries. Wait a quarter of an hour.")
    if not request.user.check_password(request.POST.get("old", "")):
        actions.note_failure(keys=keys, at=moment)
        return _("The present password is not right.")
    if request.POST.get("new", "") != request.POST.get("again", ""):
        return _("The two new passwords differ.")
    try:
        validate_password(request.POST.get("new", ""), request.user)  # type: ignore[arg-type]
    except ValidationError as error:
        return " ".join(error.messages)
    return None
