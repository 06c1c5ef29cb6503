"""Contact with a student's home: the log, and messages with each guardian."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.contact import actions
from headway.contact import queries as contact
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.asked import day_of_form
from headway.pages.parts.messages import kind_words, show
from headway.pages.parts.told import address, told
from headway.rosters import queries as rosters

NAV = "teacher.grid"


def log(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show the log and the guardians to write to, or note a contact."""
    fault, viewer = "", request.viewer
    here = f"/teacher/students/{quote(subject.sourced_id, safe='')}/contact"
    if request.method == "POST":
        try:
            on = day_of_form(request, "on")
            if on is None:
                raise Refusal("unknown_word", "Give the day.")
            actions.note_contact(
                actor=viewer, student_id=subject.id, key=request.POST.get("key", "")[:100], kind=request.POST.get("kind", ""),
                on=on, with_whom=request.POST.get("with_whom", ""), about=request.POST.get("about", ""),
                agreed=request.POST.get("agreed", ""), shared=request.POST.get("shared") == "1", at=request.moment,
            )  # fmt: skip
            return redirect(address(here, said=_("Noted.")))
        except Refusal as refusal:
            fault = refused.said(refusal)
    words = kind_words()
    guardians = rosters.guardians_of(student_person_id=subject.id, as_of=viewer.today)
    writes = contact.may_write_home(viewer)
    unread = contact.unread(students=[subject.id], home=False) if writes else {}
    context = {
        "nav": NAV, "student": subject, "kinds": words.items(), "said": told(request, "said"), "fault": fault,
        "entries": [(one, words[one.kind]) for one in contact.entries_of(student=subject.id, shared_only=False)],
        "guardians": [(one, unread.get((subject.id, one.id), 0)) for one in guardians], "writes": writes,
        "key": request.POST.get("key") or f"page-{uuid4()}", "today": viewer.today,
        "form": {name: request.POST.get(name, "") for name in ("kind", "on", "with_whom", "about", "agreed", "shared")},
    }  # fmt: skip
    return render(request, "pages/teacher/contact.html", context, status=422 if fault else 200)


def messages(request: HttpRequest, student_id: str, guardian_id: str, subject: Any) -> HttpResponse:
    """Show the messages with one guardian about a student, or write one."""
    student, guardian = subject
    base = f"/teacher/students/{quote(student.sourced_id, safe='')}"
    return show(
        request, student=student, guardian=guardian, home=False, template="pages/teacher/messages.html", nav=NAV,
        here=f"{base}/messages/{quote(guardian.sourced_id, safe='')}", more={},
    )  # fmt: skip
