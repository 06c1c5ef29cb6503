"""The conference of a student: the sheet in the language of the home, what was agreed, and recording it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access import queries as access
from headway.contact import actions
from headway.contact import queries as contact
from headway.contact.types import Promise
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.asked import day_of_form, look_back
from headway.pages.parts.conference import agreed, sheet, who_words
from headway.pages.parts.told import address, told
from headway.rosters import queries as rosters

ROWS = 4
LANGUAGES = {"en": "English", "es": "Español"}


def conference(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show the sheet, or record the conference, or settle what was agreed."""
    look, fault = look_back(request), ""
    here = f"/teacher/students/{quote(subject.sourced_id, safe='')}/conference"
    if request.method == "POST":
        try:
            return redirect(address(here, said=_act(request, subject)))
        except Refusal as refusal:
            fault = refused.said(refusal)
    guardians = rosters.guardians_of(student_person_id=subject.id, as_of=request.viewer.today)
    language = _language(request, guardians)
    held = contact.conferences_of(student=subject.id)
    rows = agreed(contact.agreements_open(student=subject.id), look.today)
    context = {
        "nav": "teacher.grid", "student": subject, "look": look, "keep": {"language": language}, "language_of_home": language,
        "languages_of_home": [(code, LANGUAGES.get(code, code)) for code in request.book.languages],
        "sheet": sheet(request, subject, look, language=language, held=held), "open": rows, "who": who_words().items(),
        "rows": _rows(request), "key": request.POST.get("key") or f"page-{uuid4()}", "said": told(request, "said"),
        "fault": fault, "present": request.POST.get("present") or _present(subject, guardians, request.viewer.name),
        "interpreter": request.POST.get("interpreter", ""), "held_on": request.POST.get("held_on") or look.today.isoformat(),
    }  # fmt: skip
    return render(request, "pages/teacher/conference.html", context, status=422 if fault else 200)


def _language(request: HttpRequest, guardians: list[Any]) -> str:
    """Return the language of the sheet: the one chosen; else that in which the first guardian reads here, or that the roster
    gives, where the district speaks it."""
    spoken = request.book.languages
    asked = request.GET.get("language", "")
    if asked in spoken:
        return asked
    read = access.languages_of(persons=[one.uuid for one in guardians])
    told_by_guardians = [read.get(one.uuid, one.language) for one in guardians]
    return next((one for one in told_by_guardians if one in spoken), get_language() or "en")


def _present(student: Any, guardians: list[Any], teacher: str) -> str:
    return ", ".join([student.name(), *(one.name() for one in guardians), teacher])


def _rows(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {"n": str(n), **{name: request.POST.get(f"{name}-{n}", "") for name in ("who", "what", "by")}} for n in range(1, ROWS + 1)
    ]  # fmt: skip


def _act(request: HttpRequest, subject: Any) -> str:
    act, number = request.POST.get("act", ""), request.POST.get("agreement", "")
    key = int(number) if is_whole(number) else 0
    viewer, at = request.viewer, request.moment
    if act == "done":
        actions.finish_agreement(actor=viewer, agreement_id=key, at=at)
        return _("Marked as done.")
    if act == "change":
        actions.change_agreement(
            actor=viewer, agreement_id=key, what=request.POST.get("what", ""), by_on=day_of_form(request, "by"),
            reason=request.POST.get("reason", ""), at=at,
        )  # fmt: skip
        return _("Changed; the earlier words stay beside it.")
    held_on = day_of_form(request, "held_on")
    if held_on is None:
        raise Refusal("unknown_word", "Give the day of the conference.")
    promises = [
        Promise(row["who"], row["what"], day_of_form(request, f"by-{row['n']}"))
        for row in _rows(request) if row["what"].strip() or row["by"]
    ]  # fmt: skip
    actions.record_conference(
        actor=viewer, student_id=subject.id, key=request.POST.get("key", "")[:100], held_on=held_on,
        present=request.POST.get("present", ""), interpreter=request.POST.get("interpreter", ""),
        language=request.POST.get("home_language", "en"), promises=promises, at=at,
    )  # fmt: skip
    return _("The conference is recorded; family and student see what was agreed.")
