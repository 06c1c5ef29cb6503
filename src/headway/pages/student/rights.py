"""A student's rights about their own record."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from headway.pages.parts.rights import show


def rights(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show them, or do what a form asks."""
    return show(
        request, student=subject, template="pages/student/rights.html", here="/student/rights", nav="student.about",
        back="/student/about",
    )  # fmt: skip
