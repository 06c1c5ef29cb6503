"""Messages of a guardian with a child's teachers, and the notes that the school shares."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from headway.contact import queries as contact
from headway.pages.parts.messages import kind_words, show


def messages(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show the thread and the shared notes, or write."""
    child, guardian = subject
    words = kind_words()
    entries = contact.entries_of(student=child.id, shared_only=True)
    return show(
        request, student=child, guardian=guardian, home=True, template="pages/family/messages.html", nav="family.home",
        here=f"/family/children/{quote(child.sourced_id, safe='')}/messages",
        more={"entries": [(one, words[one.kind]) for one in entries]},
    )  # fmt: skip
