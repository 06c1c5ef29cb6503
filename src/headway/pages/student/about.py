"""About me: what a student says of themselves, and what others added; the student chooses who reads it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from headway.pages.parts.profile import show
from headway.profiles.types import STUDENT


def about(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show the student's own profile, or add to it."""
    return show(
        request, student=subject, reads=(STUDENT,), template="pages/student/about.html", here="/student/about",
        nav="student.about", at_home=True,
    )  # fmt: skip
