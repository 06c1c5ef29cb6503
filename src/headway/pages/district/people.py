"""One person on the roster: roles, classes, care, a way in, and court restrictions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access import queries as access
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.district.imports import listed
from headway.pages.district.roster import role_name
from headway.pages.parts import refused
from headway.pages.parts.grades import grade_name
from headway.rosters import actions
from headway.rosters import queries as rosters

REASONS = ("court_order", "protective_order", "custody_agreement")


def person(request: HttpRequest, person_id: str, subject: Any) -> HttpResponse:
    """Show a person; invite, restrict an adult or lift a restriction, note that a student left or came back."""
    if request.method != "POST":
        return _show(request, subject, {})
    act = {"invite": _invite, "restrict": _restrict, "lift": _lift, "left": _left, "returned": _returned}.get(
        request.POST.get("act", "")
    )
    if act is None:
        return _show(request, subject, {"error": _("Choose what to do.")}, 422)
    try:
        return act(request, subject)
    except Refusal as refusal:
        return _show(request, subject, {"error": refused.said(refusal)}, 422)


def _invite(request: HttpRequest, subject: Any) -> HttpResponse:
    username, password = actions.invite(actor=request.viewer, person_id=subject.id, at=request.moment)
    # Shown in this answer only, and never kept: the address alone does not show it again.
    return _show(request, subject, {"invited": {"username": username, "password": password}})


def _restrict(request: HttpRequest, subject: Any) -> HttpResponse:
    adult = rosters.person_by_reference(request.POST.get("adult", "").strip())
    reason = request.POST.get("reason", "")
    if reason not in REASONS:
        raise Refusal("unknown_word", "Choose the reason of the restriction.")
    last = _day(request.POST.get("through", ""))
    if last is not None and last < request.viewer.today:
        raise Refusal("not_a_span", "The last day of the restriction lies ahead, or is left open.")
    actions.restrict_guardian(
        actor=request.viewer, student_id=subject.id, guardian_id=adult.id, reason_code=reason,
        at=request.moment, ends_on=None if last is None else last + timedelta(days=1),
    )  # fmt: skip
    return redirect(f"{request.path}?saved=restricted")


def _lift(request: HttpRequest, subject: Any) -> HttpResponse:
    number = request.POST.get("restriction", "")
    own = {one.pk for one in rosters.restrictions_of(person_id=subject.id)}
    if not is_whole(number) or int(number) not in own:
        raise Refusal("no_such_restriction", "There is no such restriction of this person.")
    actions.lift_restriction(actor=request.viewer, restriction_id=int(number), at=request.moment)
    return redirect(f"{request.path}?saved=lifted")


def _left(request: HttpRequest, subject: Any) -> HttpResponse:
    actions.withdraw_student(
        actor=request.viewer, person_id=subject.id, on=_given_day(request), at=request.moment,
        reason=request.POST.get("why", "")[:500],
    )  # fmt: skip
    return redirect(f"{request.path}?saved=left")


def _returned(request: HttpRequest, subject: Any) -> HttpResponse:
    actions.return_student(
        actor=request.viewer, person_id=subject.id, on=_given_day(request), at=request.moment,
        reason=request.POST.get("why", "")[:500],
    )  # fmt: skip
    return redirect(f"{request.path}?saved=returned")


def _given_day(request: HttpRequest) -> date:
    found = _day(request.POST.get("on", ""))
    if found is None:
        raise Refusal("not_a_day", "Say on which day.")
    return found


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal("not_a_day", "Write the day as in 2026-11-12.") from error


def _show(request: HttpRequest, subject: Any, more: dict[str, Any], status: int = 200) -> HttpResponse:
    day = request.viewer.today
    roles = rosters.roles_on(person_ids=[subject.id], as_of=day)[subject.id]
    care = rosters.care_of(person_id=subject.id)
    enrollments = rosters.enrollments_of(person_id=subject.id)
    here = any(role == "student" for role, _org in roles)
    context = {
        "nav": "district.roster", "person": subject, "day": day, "roles": [(role_name(r), org) for r, org in roles],
        "grade": grade_name(subject.grade) if subject.grade else "", "account": access.account_of(subject.uuid),
        "is_student": here or subject.provisional or any(one.role == "student" for one in enrollments),
        "here": here, "runs": listed(access.runs_about(person=subject.uuid)),
        "enrollments": [
            {"row": one, "role": role_name(one.role), "now": _holds(one, day)}
            for one in enrollments
        ],
        "adults": [link for link in care if link.student_id == subject.id and _holds(link, day)],
        "children": [link for link in care if link.guardian_id == subject.id and _holds(link, day)],
        "restrictions": [
            {"row": one, "reason": reason_name(one.reason_code), "now": one.ends_on is None or one.ends_on > day}
            for one in rosters.restrictions_of(person_id=subject.id)
        ],
        "reasons": [(code, reason_name(code)) for code in REASONS],
        "saved": _saved(request.GET.get("saved", "")),
        **more,
    }  # fmt: skip
    return render(request, "pages/district/people.html", context, status=status)


def _holds(row: Any, day: date) -> bool:
    return (row.starts_on is None or row.starts_on <= day) and (row.ends_on is None or row.ends_on > day)


def reason_name(code: str) -> str:
    """Say why an adult is kept from a student."""
    return {"court_order": _("court order"), "protective_order": _("protective order"),
            "custody_agreement": _("custody agreement")}.get(code, code.replace("_", " "))  # fmt: skip


def _saved(what: str) -> str:
    return {
        "restricted": _("The restriction holds on every page from now on."),
        "lifted": _("The restriction ended today."),
        "left": _("The student left. Lists, pace and the way in end with that day; the history stays."),
        "returned": _("The student is back, with the history as it was."),
    }.get(what, "")
