"""A learner's profile as teachers, advisors and leaders read it, with what helps."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.kit.refusals import Refusal
from headway.pages.parts.asked import day_of_form
from headway.pages.parts.profile import key_of, show, uuid_of
from headway.profiles import actions
from headway.profiles import queries as profiles

NAV = "teacher.grid"


def profile(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show what is said of the student to this reader, or add to it; accommodations are begun and ended here."""
    language = get_language() or "en"
    listed = profiles.settings(request.book).accommodations
    return show(
        request, student=subject, reads=profiles.reads_as(request.viewer, student=subject.id, seen=True),
        template="pages/teacher/profile.html", nav=NAV, here=f"/teacher/students/{quote(subject.sourced_id, safe='')}/profile",
        at_home=False, acts={"accommodation": _accommodate, "end_accommodation": _end},
        more={"choices": [(key, words.get(language) or words["en"]) for key, words in listed.items()], "ends": True},
    )  # fmt: skip


def _accommodate(request: HttpRequest, student: Any) -> str:
    actions.add_accommodation(
        actor=request.viewer, student_id=student.id, key=key_of(request), choice=request.POST.get("choice", ""),
        words=request.POST.get("words", ""), starts_on=day_of(request, "starts"), at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Saved. It stands on the page for rating from that day on.")


def _end(request: HttpRequest, student: Any) -> str:
    name = uuid_of(request, "accommodation")
    actions.end_accommodation(actor=request.viewer, accommodation=name, at=request.moment)
    return _("Ended from today.")


def day_of(request: HttpRequest, name: str) -> date:
    """Return the day that a form must give. Raises `Refusal("not_a_day")`."""
    found = day_of_form(request, name)
    if found is None:
        raise Refusal("not_a_day", "Give a day from 1950 to today.")
    return found
