"""Messages between home and school as both sides meet them: read, write, take back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from headway.contact import actions
from headway.contact import queries as contact
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused, tags
from headway.pages.parts.told import address, told
from headway.proficiency import queries as proficiency


def kind_words() -> dict[str, str]:
    """Return how home and school were in touch, in words."""
    return {"call": _("Call"), "message": _("Message"), "meeting": _("Meeting")}


def show(
    request: HttpRequest, *, student: Any, guardian: Any, home: bool, template: str, nav: str, here: str, more: dict[str, Any]
) -> HttpResponse:  # fmt: skip
    """Show a thread and note that it was read; or send a message, or take one back. The door has checked who may."""
    fault, viewer, at = "", request.viewer, request.moment
    if request.method == "POST":
        try:
            return redirect(address(here, said=_act(request, student, guardian)))
        except Refusal as refusal:
            fault = refused.said(refusal)
    m = proficiency.moment(now=at, book=request.book)
    thread = contact.thread_of(
        m, student=student.id, guardian=guardian, home=home, reader=viewer.person_id, now=at
    )
    if request.method == "GET" and thread.unread:
        actions.mark_read(actor=viewer, student_id=student.id, guardian_id=guardian.id, at=at)
    context = {
        "nav": nav, "student": student, "guardian": guardian, "thread": thread, "said": told(request, "said"), "fault": fault,
        "rows": [(one, _waits(one)) for one in thread.messages], "key": request.POST.get("key") or f"page-{uuid4()}",
        "text": request.POST.get("text", ""), "quiet": _quiet(contact.read_from(m, at)), **more,
    }  # fmt: skip
    return render(request, template, context, status=422 if fault else 200)


def _act(request: HttpRequest, student: Any, guardian: Any) -> str:
    viewer, at = request.viewer, request.moment
    if request.POST.get("act") == "withdraw":
        number = request.POST.get("message", "")
        actions.withdraw(actor=viewer, message_id=int(number) if is_whole(number) else 0, at=at)
        return _("The message is taken back.")
    actions.write(
        actor=viewer, student_id=student.id, guardian_id=guardian.id, key=request.POST.get("key", "")[:100],
        text=request.POST.get("text", ""), at=at,
    )  # fmt: skip
    return _("The message is sent.")


def _waits(one: Any) -> str:
    """Say from when a message that was written in quiet hours will be read; empty for others."""
    return (
        "" if one.waits_until is None else _("will be read from %(when)s") % {"when": _when(one.waits_until)}
    )


def _quiet(read_from: Any) -> str:
    """Say in quiet hours from when a message written now will be read; empty in office hours."""
    if read_from is None:
        return ""
    return _("The office is closed now. What you write will be read from %(when)s.") % {
        "when": _when(read_from)
    }


def _when(instant: Any) -> str:
    return _("%(time)s on %(day)s") % {
        "time": time_format(instant.timetz(), "G:i"),
        "day": tags.long_day(instant),
    }
