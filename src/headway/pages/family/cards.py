"""A child's report card, as it was issued."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from headway.pages.parts.cards import show


def card(request: HttpRequest, student_id: str, run: int, subject: Any) -> HttpResponse:
    """Show the card; one that was not issued does not exist here."""
    return show(
        request, student=subject.id, run=run, nav="family.home",
        back=f"/family/children/{quote(subject.sourced_id, safe='')}", back_name=subject.name(),
    )  # fmt: skip
