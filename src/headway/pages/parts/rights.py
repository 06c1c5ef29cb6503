"""The rights about a student's record, for family and student: what they are, what was asked, what left the school."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.parts import refused, tags
from headway.pages.parts.contested import contested_words
from headway.pages.parts.sheets import named
from headway.pages.parts.told import address, told
from headway.rights import actions, queries
from headway.rights.types import (
    AMENDED,
    GIVEN,
    RECORD,
    REFUSED,
    WITHDRAWN,
    DisclosureView,
    Item,
    RequestView,
)
from headway.rosters import queries as rosters
from headway.rosters.types import CONSENT


@dataclass(frozen=True, slots=True)
class Shown:
    """One request in words: what it is about, how it stands, and what its clock says while it runs."""

    one: RequestView
    about: str
    stands: str
    clock: str
    late: bool


@dataclass(frozen=True, slots=True)
class Left:
    """One line of the list of disclosures in words."""

    one: DisclosureView
    what: str
    to_whom: str
    purpose: str


def said(refusal: Refusal) -> str:
    """Return the sentence for a refusal of rights, in the reader's language."""
    return {
        "answered": _("This request was answered already."),
        "asked_already": _("This was asked already, and the answer is still to come."),
        "correction_missing": _("Correct the entry first; then name the correction here."),
        "day_ahead": _("Record the outcome when the day of the hearing has come."),
        "day_passed": _("Give today or a day to come."),
        "forbidden": _("Only the district hands a record over."),
        "hearing_open": _("Wait for the outcome of the hearing."),
        "no_hearing": _("No hearing on this request waits for you."),
        "no_such_guardianship": _("This adult does not care for this student."),
        "no_such_item": _("Choose an entry from the list."),
        "no_such_request": _("There is no such request."),
        "not_listed": _("The list of disclosures cannot be written, so nothing leaves the school."),
        "not_of_age": _("Until the student has come of age, the family sees the record anyhow."),
        "not_refused": _("This follows only when an amendment was refused."),
        "reason_missing": _("Say why, or what was corrected: the family reads it."),
        "receiver_missing": _("Say who gets the record: the family reads it in its list."),
        "text_missing": _("Say what is wrong, and what would be right."),
        "too_many": _("Many requests wait already; wait for their answers."),
    }.get(refusal.code) or refused.said(refusal)


# Words.


def about(one: RequestView) -> str:
    """Say what a request is about."""
    if one.kind == RECORD:
        return _("The whole record")
    name = "" if one.target is None else frameworks.node(one.target).called(get_language() or "en")
    return contested_words(one.kind, name)


def entries(request: HttpRequest, student: int) -> dict[str, str]:
    """Return the entries of a student's record that may be contested, in words, by what a form calls them."""
    items = queries.items_of(student=student, zone=request.book.zone)
    return {f"{one.kind}:{one.item}": _item(one, request.book) for one in items}


def titles(request: HttpRequest, student: int, requests: Sequence[RequestView]) -> dict[str, str]:
    """Return what requests are about as it stood when they were asked, in words, by the identifier of the request."""
    found = queries.asked_about(requests, student=student, zone=request.book.zone)
    return {str(name): _item(one, request.book) for name, one in found.items()}


def shown(one: RequestView, named: Mapping[str, str] = MappingProxyType({})) -> Shown:
    """Return a request in words; `named` are `titles` and `entries`, where the page has them."""
    return Shown(
        one,
        named.get(str(one.uuid)) or named.get(f"{one.kind}:{one.item}") or about(one),
        _stands(one),
        _clock(one),
        one.state == "asked" and one.days_left < 0,
    )


def waiting_said(running: Sequence[RequestView]) -> str:
    """Say in one sentence how many requests run, or how many of them are overdue."""
    late = sum(one.state == "asked" and one.days_left < 0 for one in running)
    if late:
        return ngettext("%(n)s answer is overdue.", "%(n)s answers are overdue.", late) % {"n": late}
    if not running:
        return _("No request waits for an answer.")
    return ngettext("%(n)s request waits.", "%(n)s requests wait.", len(running)) % {"n": len(running)}


def _stands(one: RequestView) -> str:
    if one.hearing_outcome == AMENDED:
        return _("Amended after a hearing")
    if one.hearing_outcome == REFUSED:
        return _("Not amended, also after a hearing")
    if one.hearing_open:
        if one.hearing_on is not None:
            return _("Refused; the hearing is on %(day)s") % {"day": tags.day(one.hearing_on)}
        return _("Refused; a hearing was asked for")
    return {
        GIVEN: _("Handed over"), AMENDED: _("Amended"), REFUSED: _("Refused"), WITHDRAWN: _("Taken back"),
    }.get(one.state, _("Waits for an answer"))  # fmt: skip


def _clock(one: RequestView) -> str:
    if one.state != "asked":
        return ""
    day = tags.day(one.due_on)
    if one.days_left < 0:
        return _("The answer was due by %(day)s.") % {"day": day}
    if one.days_left == 0:
        return _("The answer is due today.")
    return ngettext(
        "The answer is due by %(day)s: %(n)s day left.", "The answer is due by %(day)s: %(n)s days left.", one.days_left
    ) % {"day": day, "n": one.days_left}  # fmt: skip


def listed(rows: Iterable[DisclosureView]) -> list[Left]:
    """Return the list of disclosures in words."""
    names = {
        "record": _("The whole record"), "determinations": _("Levels of every target"), "results": _("Results of a term"),
        "levels": _("Levels, read by another system"), "grades": _("Marks for a gradebook"),
    }  # fmt: skip
    purposes = {
        "request of the family": _("request of the family"), "read with a token": _("read with a token"),
    }  # fmt: skip
    return [
        Left(
            one,
            names.get(one.what, one.what),
            one.to_whom or _("receiver not said"),
            purposes.get(one.purpose, one.purpose),
        )
        for one in rows
    ]


def _item(one: Item, book: Any) -> str:
    if one.kind == "report_card":
        return _("Report card: %(term)s") % {"term": one.title}
    name = frameworks.node(one.target).called(get_language() or "en") if one.target else ""
    level = ""
    if one.level is not None and one.target:
        level = (
            f", {tags.say('level', one.level, book.effective(node=one.target, school=None, on=one.on).scale)}"
        )
    elif one.status:
        level = f", {tags.state_words().get(one.status, one.status)}"
    return f"{contested_words(one.kind, name)}{level}, {tags.day(one.on)}"


# The page.


def show(
    request: HttpRequest, *, student: Any, template: str, here: str, nav: str, back: str
) -> HttpResponse:
    """Show the rights about a student to whom they belong, or do what a form asks."""
    fault, viewer = "", request.viewer
    if request.method == "POST":
        try:
            act = ACTS.get(request.POST.get("act", ""))
            if act is None:
                raise Refusal("unknown_word", "Choose what to do.")
            return redirect(address(here, said=act(request, student)))
        except Refusal as refusal:
            fault = said(refusal)
    sent = request.method == "POST" and request.POST.get("act") == "ask"
    named, requests = entries(request, student.id), queries.requests_of(viewer=viewer, student=student.id)
    called = {**named, **titles(request, student.id, requests)}
    context = {
        "nav": nav, "student": student, "back": back, "fault": fault, "said": "" if fault else told(request, "said"),
        "requests": [shown(one, called) for one in requests],
        "left": listed(queries.disclosures_of(student=student.id)), "items": named.items(),
        "days": queries.answer_days(request.book), "rule": queries.majority(request.book),
        "key": request.POST.get("key", "") if sent else f"page-{uuid4()}", "record_key": f"page-{uuid4()}",
        "form": {"item": request.POST.get("item", ""), "words": request.POST.get("words", "")} if sent else {},
        **_majority(student, viewer),
    }  # fmt: skip
    return render(request, template, context, status=422 if fault else 200)


def _majority(student: Any, viewer: Any) -> dict[str, Any]:
    """Return what a student who has come of age decides: who of the adults may go on."""
    if not queries.of_age(student=student.id, on=viewer.today):
        return {"of_age": False}
    if viewer.person_id != student.id:
        return {"of_age": True, "adults": None}
    standing = {
        one.guardian_id: one
        for one in rosters.kept_care(student_person_id=student.id)
        if one.basis == CONSENT and one.ends_on is None
    }
    adults = rosters.carers_of(student_person_id=student.id, as_of=viewer.today)
    return {"of_age": True, "adults": [(adult, standing.get(adult.id)) for adult in adults]}


def _ask(request: HttpRequest, student: Any) -> str:
    kind, _sep, item = request.POST.get("item", "").partition(":")
    actions.ask(
        actor=request.viewer, student_id=student.id, key=request.POST.get("key", "").replace("\0", "")[:100], kind=kind,
        item=item[:200], words=request.POST.get("words", ""), at=request.moment, book=request.book,
    )  # fmt: skip
    return _("Asked. The day by which it is answered stands with it.")


def _withdraw(request: HttpRequest, student: Any) -> str:
    actions.withdraw(actor=request.viewer, request=uuid_of(request), at=request.moment)
    return _("Taken back.")


def _hearing(request: HttpRequest, student: Any) -> str:
    actions.ask_hearing(actor=request.viewer, request=uuid_of(request), at=request.moment)
    return _("Asked. The school sets a day for the hearing.")


def _state(request: HttpRequest, student: Any) -> str:
    text = request.POST.get("text", "").replace("\0", "")
    actions.state(actor=request.viewer, request=uuid_of(request), text=text, at=request.moment)
    if not text.strip():
        return _("The statement stands no more.")
    return _("Saved. The statement stands with the entry wherever it is shown or sent.")


def _keep(request: HttpRequest, student: Any) -> str:
    adult = adult_of(request, student)
    actions.let_go_on(actor=request.viewer, student_id=student.id, guardian_id=adult, at=request.moment)
    return _("Recorded. The adult sees the record as before, until it is ended.")


def _end(request: HttpRequest, student: Any) -> str:
    adult = adult_of(request, student)
    actions.end_going_on(actor=request.viewer, student_id=student.id, guardian_id=adult, at=request.moment)
    return _("Ended. The adult sees the record no more.")


ACTS: Mapping[str, Any] = {
    "ask": _ask, "withdraw": _withdraw, "hearing": _hearing, "state": _state, "keep_on": _keep, "end_keep": _end,
}  # fmt: skip


def adult_of(request: HttpRequest, student: Any) -> int:
    """Return the adult of a student whom a form names. Raises `Refusal("no_such_guardianship")`."""
    wanted = request.POST.get("adult", "")
    for adult in rosters.carers_of(student_person_id=student.id, as_of=request.viewer.today):
        if adult.sourced_id == wanted:
            return int(adult.id)
    raise Refusal("no_such_guardianship", "This adult does not care for this student.")


def uuid_of(request: HttpRequest) -> UUID:
    """Return the request that a form names. Raises `Refusal("no_such_request")`."""
    try:
        return UUID(request.POST.get("request", ""))
    except ValueError as error:
        raise Refusal("no_such_request", "There is no such request.") from error


def as_file(request: HttpRequest, student: Any, record: Mapping[str, Any]) -> HttpResponse:
    """Return a record as one file to save."""
    body = json.dumps(record, ensure_ascii=False, indent=1, default=_plain)
    response = named(
        HttpResponse(body, content_type="application/json; charset=utf-8"), f"record-{student.uuid}.json"
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
