"""What a page says after an act, carried in the address: signed, so that nobody else can put words on the page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

_SIGNER = Signer(salt="told")
WORDS = ("said", "saved", "fault")


def address(path: str, **values: object) -> str:
    """Return an address with its values; those of `WORDS` are signed."""
    signed = {name: _SIGNER.sign(value) if name in WORDS else value for name, value in values.items()}
    return f"{path}?{urlencode(signed)}" if signed else path


def told(request: HttpRequest, name: str) -> str:
    """Return the words that this product put into the address, or nothing."""
    try:
        return _SIGNER.unsign(request.GET.get(name, ""))
    except BadSignature:
        return ""
