"""Answering a student's request: yes with a day, or not yet or no with a reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.evidence import actions
from headway.evidence import queries as evidence
from headway.kit.refusals import Refusal
from headway.pages.parts.loop import answer_words
from headway.pages.parts.told import address
from headway.pages.teacher import student, today
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Tried:
    """An answer that was refused: of which request, what was typed, and why not."""

    request: str
    answer: str
    on: str
    reason: str
    fault: str


def seen_request(viewer: Viewer, request_id: UUID, **_: Any) -> Any:
    """Return the request of this number by a student whom the viewer may see today; else None."""
    found = evidence.find_request(request_id)
    if found is None or not rosters.can_see_student(viewer, found.student, viewer.today):
        return None
    return found


def answer(request: HttpRequest, request_id: UUID, subject: Any) -> HttpResponse:
    """Record the answer and go back to where it was given; a refusal shows that page again, with what was typed beside it."""
    person = rosters.people_by_id(person_ids=[subject.student])[subject.student]
    if request.method != "POST":
        # Whoever looks back or changes the language on a page that shows a refusal asks for this address again.
        return redirect(f"/teacher/students/{person.sourced_id}?{request.GET.urlencode()}".rstrip("?"))
    back = (
        f"/teacher/students/{person.sourced_id}"
        if request.POST.get("back") == "student"
        else "/teacher/today"
    )
    try:
        day = date.fromisoformat(request.POST["on"]) if request.POST.get("on") else None
    except ValueError:
        day = None
    said = request.POST.get("answer", "")
    try:
        actions.answer_request(
            actor=request.viewer, request=request_id, answer=said, on=day, at=request.moment,
            reason=request.POST.get("reason", "").replace("\0", ""),
        )  # fmt: skip
    except Refusal as refusal:
        tried = Tried(
            str(request_id),
            said,
            request.POST.get("on", ""),
            request.POST.get("reason", ""),
            _refused(refusal),
        )
        if request.POST.get("back") == "student":
            return student.student(request, person.sourced_id, person, tried=tried)
        return today.today(request, tried=tried)
    words = f"{person.name()}: {answer_words(said)}"
    return redirect(address(back, **{"said" if request.POST.get("back") == "student" else "saved": words}))


def _refused(refusal: Refusal) -> str:
    return {
        "not_a_day": _("A yes names the day, from today on; nothing was answered."),
        "reason_missing": _("Say why, in words the student and the family can use; nothing was answered."),
        "unknown_word": _("Choose an answer; nothing was answered."),
        "too_long": _("Say it in fewer words, please."),
    }.get(refusal.code) or _("This request was answered or taken back since.")
