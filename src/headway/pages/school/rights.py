"""What families ask about records: the requests that run, and one with its answer, hearing and statement."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access.types import Role
from headway.interop.v1.record import record_of
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import tags
from headway.pages.parts.asked import day_of_form
from headway.pages.parts.rights import as_file, entries, said, shown, titles, waiting_said
from headway.pages.parts.told import address, told
from headway.rights import actions, queries
from headway.rights.types import DECISION, RATING, RECORD, REPORT_CARD, Correction, RequestView
from headway.rosters import queries as rosters

NAV = "school.rights"


def rights(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show the requests that wait, the most urgent first, and those that were answered last."""
    waiting = [shown(one) for one in queries.running(viewer=request.viewer)]
    context = {
        "nav": NAV, "waiting": waiting, "closed": [shown(one) for one in queries.closed(viewer=request.viewer)],
        "heading": waiting_said([one.one for one in waiting]), "days": queries.answer_days(request.book),
    }  # fmt: skip
    return render(request, "pages/school/rights.html", context)


def right(request: HttpRequest, name: UUID, subject: RequestView) -> HttpResponse:
    """Show one request, or do what a form asks: answer it, hand the record over, hold the hearing."""
    here, fault = f"/school/rights/{name}", ""
    if request.method == "POST":
        try:
            if request.POST.get("act") == "hand_over":
                return _hand_over(request, subject)
            act = {"answer": _answer, "set_hearing": _set_hearing, "close_hearing": _close_hearing}.get(
                request.POST.get("act", "")
            )
            if act is None:
                raise Refusal("unknown_word", "Choose what to do.")
            return redirect(address(here, said=act(request, subject)))
        except Refusal as refusal:
            fault = said(refusal)
    context = {
        "nav": NAV, "shown": shown(subject, _called(request, subject)), "one": subject, "fault": fault,
        "said": "" if fault else told(request, "said"), "is_record": subject.kind == RECORD,
        "hands_over": request.viewer.is_a(Role.DISTRICT), "corrects": _corrects(subject), "today": request.viewer.today,
        "corrections": [_correction(one) for one in queries.corrections(name=subject.uuid)[:50]] if subject.open else [],
        "hearing_due": subject.hearing_on is not None and subject.hearing_on <= request.viewer.today,
        "form": {name: request.POST.get(name, "") for name in ("act", "reason", "words")},
    }  # fmt: skip
    return render(request, "pages/school/right.html", context, status=422 if fault else 200)


def _called(request: HttpRequest, one: RequestView) -> dict[str, str]:
    return {**entries(request, one.student), **titles(request, one.student, [one])}


def _corrects(one: RequestView) -> str:
    """Return the address where the entry is corrected, or nothing."""
    student = quote(one.student_sourced_id, safe="")
    if one.kind in (RATING, DECISION):
        return f"/teacher/students/{student}?target={one.target}"
    if one.kind == REPORT_CARD:
        return f"/school/report-cards/{one.item}/students/{student}"
    return f"/teacher/students/{student}"


def _correction(one: Correction) -> tuple[int, str]:
    words = {
        "rating": _("a rating was recorded or replaced"), "amend": _("ratings were moved, released or taken back"),
        "card_issued": _("a report card was issued"), "card_comment": _("a comment was written"),
        "card_incomplete": _("an incomplete changed"), "profile_entry": _("an entry of the profile changed"),
    }.get(one.kind, _("the record changed"))  # fmt: skip
    return (
        one.sequence,
        f"{one.sequence}: {words}" if one.at is None else f"{one.sequence}: {words}, {tags.day(one.at)}",
    )


def _answer(request: HttpRequest, one: RequestView) -> str:
    actions.answer(
        actor=request.viewer, request=one.uuid, answer=request.POST.get("answer", ""),
        reason=request.POST.get("reason", ""), correction=_number(request), at=request.moment,
    )  # fmt: skip
    return _("Answered. The family reads it on its page.")


def _hand_over(request: HttpRequest, one: RequestView) -> HttpResponse:
    actions.hand_over(actor=request.viewer, request=one.uuid, at=request.moment)
    student = rosters.people_by_id(person_ids=[one.student])[one.student]
    return as_file(request, student, record_of(student.sourced_id, now=request.moment))


def _set_hearing(request: HttpRequest, one: RequestView) -> str:
    on = day_of_form(request, "on")
    actions.set_hearing(actor=request.viewer, request=one.uuid, on=on or date.min, at=request.moment)
    return _("The day of the hearing stands on the family’s page.")


def _close_hearing(request: HttpRequest, one: RequestView) -> str:
    actions.close_hearing(
        actor=request.viewer, request=one.uuid, outcome=request.POST.get("answer", ""), words=request.POST.get("words", ""),
        correction=_number(request), at=request.moment,
    )  # fmt: skip
    return _("The outcome stands on the family’s page.")


def _number(request: HttpRequest) -> int | None:
    text = request.POST.get("correction", "")
    return int(text) if is_whole(text) and len(text) < 19 else None
