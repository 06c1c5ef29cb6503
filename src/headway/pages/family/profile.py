"""A child's profile as the family reads it and adds to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from headway.pages.parts.profile import show, withdraw_consent
from headway.profiles.types import FAMILY


def profile(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show what is said of the child, or add to it; a consent is withdrawn here too."""
    return show(
        request, student=subject, reads=(FAMILY,), template="pages/family/profile.html", nav="family.home", at_home=True,
        here=f"/family/children/{quote(subject.sourced_id, safe='')}/profile", acts={"withdraw_consent": withdraw_consent},
        more={"withdraws": True},
    )  # fmt: skip
