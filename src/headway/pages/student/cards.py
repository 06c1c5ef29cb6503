"""A student's own report card, as it was issued."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from headway.pages.parts.cards import show


def card(request: HttpRequest, run: int, subject: Any) -> HttpResponse:
    """Show the card; one that was not issued does not exist here."""
    return show(
        request, student=subject.id, run=run, nav="student.continuum", back="/student/continuum", back_name=_("Continuum")
    )  # fmt: skip
