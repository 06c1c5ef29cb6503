"""What a page says when an act is refused, or a file has faults: the package's own sentence in the reader's language.

A page that knows more than the package, such as which button to press, says it in its own words by the refusal's code.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext

from headway.kit.refusals import Finding, Refusal, Sentence, filled


def said(one: Refusal | Finding | str) -> str:
    """Return the sentence of a refusal or of one fault; English where the catalogue has none."""
    message = one if isinstance(one, str) else one.message
    if not isinstance(message, Sentence):
        return gettext(message) if message else ""
    return filled(gettext(message.text), {name: _shown(value) for name, value in message.values.items()})


def placed(one: Finding) -> str:
    """Return a fault or a warning in one line, with its place and value."""
    return one.placed(said(one))


def why(refusal: Refusal) -> str:
    """Return what is wrong in the place where one thing was handed in: its first fault, else the refusal."""
    return said(refusal.findings[0] if refusal.findings else refusal)


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return [said(one) for one in value]
    if isinstance(value, Sentence):
        return said(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return date_format(value, gettext("j M Y"))
    return value
