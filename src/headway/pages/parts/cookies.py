"""The two cookies of a class device: that its browser is one, and which child is there. Signed; no script reads them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

DEVICE, CHILD = "class_device", "class_child"


def read(request: HttpRequest) -> tuple[str, str]:
    """Return the secrets of the device and of the visit; one that is missing or altered is empty."""
    return (
        request.get_signed_cookie(DEVICE, default="", salt=DEVICE),
        request.get_signed_cookie(CHILD, default="", salt=CHILD),
    )


def keep_device(response: HttpResponse, secret: str, *, until: datetime) -> None:
    """Let the browser keep that it is a class device, no longer than the device holds."""
    _keep(response, DEVICE, secret, expires=until)
    response.delete_cookie(CHILD, samesite="Lax")


def keep_child(response: HttpResponse, secret: str) -> None:
    """Let the browser keep which child is there, until it is closed."""
    _keep(response, CHILD, secret)


def forget_child(response: HttpResponse) -> None:
    """Let the browser forget the child."""
    response.delete_cookie(CHILD, samesite="Lax")


def forget_device(response: HttpResponse) -> None:
    """Let the browser forget that it was a class device."""
    response.delete_cookie(DEVICE, samesite="Lax")
    response.delete_cookie(CHILD, samesite="Lax")


def _keep(response: HttpResponse, name: str, secret: str, expires: datetime | None = None) -> None:
    response.set_signed_cookie(
        name,
        secret,
        salt=name,
        expires=expires,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
