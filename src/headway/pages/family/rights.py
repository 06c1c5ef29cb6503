"""A family's rights about a child's record."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from headway.pages.parts.rights import show


def rights(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show them, or do what a form asks."""
    back = f"/family/children/{quote(subject.sourced_id, safe='')}"
    return show(
        request, student=subject, template="pages/family/rights.html", here=f"{back}/rights", nav="family.home", back=back
    )  # fmt: skip
