"""The sheet of a conference as the family reads it, with what was agreed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headway.contact import queries as contact
from headway.pages.parts.asked import look_back
from headway.pages.parts.conference import sheet
from headway.pages.parts.learning import language


def conference(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show the sheet in the reader's language."""
    look = look_back(request)
    held = contact.conferences_of(student=subject.id)
    context = {
        "nav": "family.home", "child": subject, "look": look, "keep": {},
        "sheet": sheet(request, subject, look, language=language(), held=held),
    }  # fmt: skip
    return render(request, "pages/family/conference.html", context)
