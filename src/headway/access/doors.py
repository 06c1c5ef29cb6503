"""The registry of addresses: each one declares who may open it, on which object, and why.

A page without a door cannot be reached, because the root URL list is made from doors; `tests/house` walks them all.
Anonymous visitors are sent to sign in (an interface answers 401); whoever has no scope on the object gets the bytes of
"does not exist"; whoever has scope but not the role is told so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from headway.access.types import Role, Viewer

View = Callable[..., HttpResponse]
Scope = Callable[..., Any]

ANYONE: frozenset[str] = frozenset({"anyone"})
SIGNED_IN: frozenset[str] = frozenset({"signed in"})
ON_DEVICE: frozenset[str] = frozenset({"class device"})
AT_DEVICE: frozenset[str] = frozenset({"child at a class device"})


AT_HOME = frozenset({Role.FAMILY, Role.STUDENT})
AT_SCHOOL = frozenset(Role) - AT_HOME


@dataclass(frozen=True)
class Door:
    """One address and its rule.

    `who` is ANYONE, SIGNED_IN, ON_DEVICE, AT_DEVICE or a set of roles. `scope(viewer, **parts_of_the_address)` returns the
    object that the view gets as `subject`, or None where the viewer must not learn that it exists. `why` is the reason in one
    sentence.
    """

    route: str
    view: View
    name: str
    who: frozenset[Any]
    why: str
    scope: Scope | None = None
    methods: frozenset[str] = frozenset({"GET", "HEAD"})
    api: bool = False

    def pattern(self) -> URLPattern:
        """Return the URL pattern that leads through the rule to the view."""
        # An interface takes tokens only, which no browser sends by itself: there is no form to protect.
        return path(self.route, csrf_exempt(self.enter) if self.api else self.enter, name=self.name)

    def enter(self, request: HttpRequest, **parts: Any) -> HttpResponse:
        """Apply the rule, then call the view."""
        viewer: Viewer = request.viewer  # type: ignore[attr-defined]
        if self.who is ON_DEVICE or self.who is AT_DEVICE:
            return self._on_device(request, viewer, parts)
        if self.who is not ANYONE and viewer.anonymous:
            return self._sign_in(request)
        if self._is_work(viewer, str(request.method)):
            # Who is at work here acts with what the work opens; the page's frame still knows the whole person.
            request.whole_viewer = viewer
            viewer = request.viewer = viewer.at_school()
        if request.method not in self.methods:
            return HttpResponseNotAllowed(sorted(self.methods))
        if self.scope is not None:
            subject = self.scope(viewer, **parts)
            if subject is None:
                raise Http404
            parts["subject"] = subject
        if self.who is not ANYONE and self.who is not SIGNED_IN and not viewer.is_a(*self.who):
            return self._forbidden(request)
        return self.view(request, **parts)

    def _on_device(self, request: HttpRequest, viewer: Viewer, parts: dict[str, Any]) -> HttpResponse:
        """Open a page of a class device: only in its browser, where nobody is signed in with an account.

        Without a child there, a child's page leads to where children sign in.
        """
        if viewer.device is None or not viewer.anonymous or self.scope is None:
            raise Http404
        subject = self.scope(viewer, **parts)
        if subject is None:
            raise Http404
        if request.method not in self.methods:
            return HttpResponseNotAllowed(sorted(self.methods))
        if self.who is AT_DEVICE and subject.student is None:
            return redirect("/class-device")
        return self.view(request, subject=subject, **parts)

    def _is_work(self, viewer: Viewer, method: str) -> bool:
        """Whether this is an act or a page of adults of the school, and not one that family and students share."""
        if not viewer.is_a(*AT_SCHOOL):
            return False
        if self.api:
            return method == "POST"
        return self.who is not ANYONE and self.who is not SIGNED_IN and self.who.isdisjoint(AT_HOME)

    def _sign_in(self, request: HttpRequest) -> HttpResponse:
        if self.api:
            return _refused("sign_in", "Send a token: Authorization: Bearer …", 401)
        # The whole address is one value: its own `?` and `&` must not end it.
        wanted = quote(request.get_full_path(), safe="/")
        return redirect(f"/account/sign-in?next={wanted}" if request.method == "GET" else "/account/sign-in")

    def _forbidden(self, request: HttpRequest) -> HttpResponse:
        from django.core.exceptions import PermissionDenied

        if self.api:
            return _refused("forbidden", self.why, 403)
        raise PermissionDenied(self.why)


def _refused(code: str, message: str, status: int) -> JsonResponse:
    """Return a refusal in the shape that every refusal of the interface has."""
    one = {"row": None, "key": None, "field": None, "value": None, "code": code, "message": message}
    return JsonResponse({"code": code, "message": message, "errors": [one]}, status=status)


def only(*roles: Role) -> frozenset[Role]:
    """Return the set of roles that a door admits."""
    return frozenset(roles)
