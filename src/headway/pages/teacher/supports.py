"""What is sensitive about a student, for teachers, advisors and leaders: own targets, English, consents. A reading is traced."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal
from headway.pages.parts import tags
from headway.pages.parts.asked import day_of_form, look_back
from headway.pages.parts.profile import do, key_of, said, uuid_of, withdraw_consent
from headway.pages.parts.supports import status_words
from headway.pages.parts.supports import supports as held
from headway.pages.parts.told import address, told
from headway.pages.teacher.profile import NAV, day_of
from headway.proficiency import queries
from headway.profiles import actions
from headway.profiles import queries as profiles


def supports(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show it, or do what a form asks."""
    fault, viewer = "", request.viewer
    here = f"/teacher/students/{quote(subject.sourced_id, safe='')}/supports"
    if request.method == "POST":
        try:
            return redirect(address(here, said=do(request, subject, ACTS)))
        except Refusal as refusal:
            fault = said(refusal)
    actions.note_reading(actor=viewer, student_id=subject.id, at=request.moment)
    look = look_back(request)
    m = queries.moment(now=request.moment, as_of=look.as_of, book=request.book)
    levels, missing = _levels(request, m, subject)
    context = {
        "nav": NAV, "student": subject, "look": look, "keep": {},
        "said": "" if fault else told(request, "said"), "fault": fault or missing,
        "supports": held(m, subject, viewer=viewer, at_school=True), "points": _points(request, subject),
        "statuses": status_words().items(), "ends": True, "withdraws": True,
        "key": f"page-{uuid4()}", "result_key": f"page-{uuid4()}", "levels": levels, "code": _code(request),
        "form": {name: request.POST.get(name, "") for name in ("words", "starts", "review", "source", "instrument", "given_by")},
        "line_url": f"/teacher/students/{quote(subject.sourced_id, safe='')}",
    }  # fmt: skip
    return render(request, "pages/teacher/supports.html", context, status=422 if fault else 200)


def _points(request: HttpRequest, student: Any) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the decision points at which the viewer decides about the student: key, name, options."""
    language = get_language() or "en"
    points = profiles.decision_points(request.book)
    reads = set(profiles.reads_as(request.viewer, student=student.id, seen=True)) if points else set()
    return [
        (one.key, one.name.get(language, one.name["en"]),
         [(key, name.get(language, name["en"])) for key, name in one.options.items()])
        for one in points.values() if reads & set(one.who)
    ]  # fmt: skip


def _code(request: HttpRequest) -> str:
    return (request.POST.get("code") or request.GET.get("code", "")).strip()


def _levels(request: HttpRequest, m: Any, student: Any) -> tuple[list[dict[str, Any]], str]:
    """Return the levels of the target that a code names, each with the words of the continuum; and why there are none."""
    code = _code(request)
    if not code:
        return [], ""
    found = frameworks.find_targets([code], on=m.day, at=frameworks.remembered_stamp())[code]
    if isinstance(found, Finding):
        return [], _("No target has this code today.")
    scale = queries.effective_for(m, student=student.id, target=found.id).scale
    language, sent = get_language() or "en", request.POST.getlist("descriptor")
    texts = (
        found.descriptors if len(found.descriptors) == len(scale["levels"]) else [""] * len(scale["levels"])
    )
    return [
        {"n": n, "mark": tags.draw("level", round(level["value"] * 100), scale), "name": tags.level_name(level, language),
         "text": text, "sent": sent[n - 1] if len(sent) >= n else "", "target": found.called(language)}
        for n, (level, text) in enumerate(zip(scale["levels"], texts, strict=True), 1)
    ], ""  # fmt: skip


def _modify(request: HttpRequest, student: Any) -> str:
    today = request.viewer.today
    found = frameworks.find_targets([_code(request)], on=today, at=frameworks.remembered_stamp())[
        _code(request)
    ]
    if isinstance(found, Finding):
        raise Refusal("unknown_target", "No target has this code today.")
    review = day_of_form(request, "review")
    if review is None and request.POST.get("review", "").strip():
        raise Refusal("day_passed", "Give a day.")
    actions.modify_target(
        actor=request.viewer, student_id=student.id, key=key_of(request), target=found.id, words=request.POST.get("words", ""),
        descriptors=request.POST.getlist("descriptor"), starts_on=day_of(request, "starts"), review_on=review,
        at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Saved. The target is the student’s own from that day on, and counts as none of the continuum.")


def _end(request: HttpRequest, student: Any) -> str:
    actions.end_modification(
        actor=request.viewer, modification=uuid_of(request, "modification"), reason=request.POST.get("reason", ""),
        at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Ended. From today the target of the continuum is asked for again.")


def _status(request: HttpRequest, student: Any) -> str:
    actions.set_language_status(
        actor=request.viewer, student_id=student.id, key=key_of(request), status=request.POST.get("status", ""),
        source=request.POST.get("source", ""), starts_on=day_of(request, "starts"), at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Recorded.")


def _consent(request: HttpRequest, student: Any) -> str:
    actions.record_consent(
        actor=request.viewer, student_id=student.id, key=key_of(request), instrument=request.POST.get("instrument", ""),
        given_by=request.POST.get("given_by", ""), given_on=day_of(request, "starts"), at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Recorded.")


def _result(request: HttpRequest, student: Any) -> str:
    actions.record_result(
        actor=request.viewer, consent=uuid_of(request, "consent"), key=key_of(request), on=day_of(request, "on"),
        words=request.POST.get("words", ""), at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Recorded.")


def _decide(request: HttpRequest, student: Any) -> str:
    point, _sep, option = request.POST.get("decided", "").partition(":")
    actions.record_decision(
        actor=request.viewer, student_id=student.id, key=key_of(request), point=point, option=option,
        on=day_of(request, "on"), reason=request.POST.get("reason", ""), at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Recorded.")


def _take_back(request: HttpRequest, student: Any) -> str:
    actions.withdraw_decision(actor=request.viewer, decision=uuid_of(request, "decision"), at=request.moment)
    return _("Taken back.")


ACTS = {
    "modification": _modify, "end_modification": _end, "status": _status, "consent": _consent,
    "withdraw_consent": withdraw_consent, "result": _result, "decision": _decide, "withdraw_decision": _take_back,
}  # fmt: skip
