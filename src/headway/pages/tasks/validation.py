"""The validation of a task: who judges, one's own verdict, then everybody's, and how it ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.learning import language
from headway.pages.parts.told import address, told
from headway.pages.tasks.bank import NAV
from headway.pages.tasks.words import outcomes, protocol, shown, typed, verdicts
from headway.tasks import actions
from headway.tasks import queries as tasks
from headway.tasks.types import COMMON, LOCAL, SENT_BACK, VALIDATED, Answer, TaskView, ValidationView


def validation(request: HttpRequest, task: object, subject: TaskView) -> HttpResponse:
    """Show how a task is judged; open a validation, ask members, give a verdict, close it."""
    faults: list[tuple[str, str]] = []
    if request.method == "POST":
        try:
            return redirect(address(request.path, said=_act(request, subject)))
        except Refusal as refusal:
            names = {key: name for key, (name, _question) in protocol().items()}
            faults = [
                (
                    one.column,
                    _("%(point)s: %(fault)s")
                    % {"point": names.get(one.column, ""), "fault": refused.said(one)},
                )
                if one.column
                else ("", refused.said(one))
                for one in refusal.findings
            ] or [("", refused.said(refusal))]
    return _page(request, subject, faults)


def _act(request: HttpRequest, subject: TaskView) -> str:
    sent, act = request.POST, request.POST.get("act", "")
    own: dict[str, Any] = {"actor": request.viewer, "at": request.moment}
    if act == "open":
        actions.open_validation(
            key=typed(sent.get("key", ""))[:190], task=subject.task, wanted=sent.get("wanted", ""), **own
        )
        return _("Opened. Ask colleagues of several areas now.")
    own["validation"] = _uuid(sent.get("validation", ""))
    number = sent.get("person", "")
    person = int(number) if is_whole(number) and len(number) < 19 else 0
    if act == "ask":
        actions.ask_member(person=person, **own)
        return _("Asked. The task stands on their page of the bank.")
    if act == "release":
        actions.release_member(person=person, **own)
        return _("Asked no more.")
    if act == "verdict":
        answers = {
            name: Answer(sent.get(f"verdict-{name}", ""), typed(sent.get(f"reason-{name}", "")))
            for name in protocol()
        }
        actions.give_verdict(answers=answers, **own)
        return _("Your verdict is given, and stays.")
    if act == "close":
        outcome = sent.get("outcome", "")
        actions.close_validation(outcome=outcome, reason=typed(sent.get("reason", "")), **own)
        return _("Closed: %(outcome)s.") % {"outcome": outcomes()[outcome]}
    raise Refusal("unknown_word", "Choose what to do.")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Refusal("unknown_validation", "There is no such validation.") from error


def _page(request: HttpRequest, subject: TaskView, faults: list[tuple[str, str]]) -> HttpResponse:
    found = tasks.validations(viewer=request.viewer, task=subject.task)
    now = next((one for one in found if one.closed_at is None), None)
    context = {
        "nav": NAV, **shown(subject), "key": f"validation-{uuid4()}", "team": tasks.team(), "now": now,
        "faults": faults, "said": told(request, "said"), "verdict_words": verdicts(),
        "may_open": now is None and subject.standing in (LOCAL, VALIDATED),
        "wanted": [(code, outcomes()[code]) for code in (VALIDATED, COMMON) if code != subject.standing],
        "points": _points(request, dict(faults)), "reason": request.POST.get("reason", ""),
        "past": [(one, outcomes()[one.outcome], _members(one), _board(one)) for one in found if one.closed_at is not None],
        **(_open(request, now) if now is not None else {}),
    }  # fmt: skip
    return render(request, "pages/tasks/validation.html", context, status=422 if faults else 200)


def _open(request: HttpRequest, now: ValidationView) -> dict[str, Any]:
    """Return what the page says about a validation that is open."""
    who = typed(request.GET.get("who", ""))[:80]
    asked = {one.member for one in now.members}
    looked_for = tasks.colleagues(viewer=request.viewer, text=who) if now.may_lead else []
    return {
        "who": who, "mine": next((one for one in now.members if one.mine), None), "lacks": _lacks(now),
        "choices": [(one, _areas(one.areas)) for one in looked_for if one.person not in asked],
        "open_board": _board(now), "members": _members(now), "wanted_word": outcomes()[now.wanted],
        "closings": [(code, outcomes()[code]) for code in (now.wanted, SENT_BACK)],
    }  # fmt: skip


def _points(request: HttpRequest, wrong: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"key": key, "name": name, "question": question, "chosen": request.POST.get(f"verdict-{key}", ""),
         "reason": request.POST.get(f"reason-{key}", ""), "error": wrong.get(key, "")}
        for key, (name, question) in protocol().items()
    ]  # fmt: skip


def _lacks(now: ValidationView) -> list[str]:
    """Return in words what the team still lacks."""
    said = {"members": _("%(have)s of %(need)s members"), "areas": _("%(have)s of %(need)s areas"),
            "schools": _("%(have)s of %(need)s schools")}  # fmt: skip
    return [said[name] % {"have": have, "need": need} for name, (have, need) in now.lacks.items()]


def _members(one: ValidationView) -> list[tuple[Any, str]]:
    return [(member, _areas(member.areas)) for member in one.members]


def _areas(keys: tuple[str, ...]) -> str:
    """Return the names of areas: of a continuum as its readers call it, of a subject as the roster does."""
    known = {
        one.key: one.called(language()) for one in frameworks.frameworks(at=frameworks.remembered_stamp())
    }
    return ", ".join(known.get(key, key) for key in keys)


def _board(one: ValidationView) -> list[tuple[str, bool, list[tuple[str, str, str]]]]:
    """Return the verdicts point by point, with whether the point stands in the way; nothing before the reader may see them."""
    given = [member for member in one.members if member.answers]
    if not one.open_to_reader or not given:
        return []
    words = verdicts()
    return [
        (name, key in one.stands_in_the_way,
         [(member.name, words[member.answers[key].verdict], member.answers[key].reason) for member in given])
        for key, (name, _question) in protocol().items()
    ]  # fmt: skip
