"""One person or two: who was added by hand and may be on the roster, joining two after a look, and splitting them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.evidence import queries as evidence
from headway.kit.refusals import Refusal
from headway.pages.district.roster import role_name
from headway.pages.parts.grades import grade_name
from headway.plans import queries as plans
from headway.rosters import actions
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Side:
    """One of two people side by side: who it is, and how much is held about them."""

    person: Any
    grade: str
    roles: list[str]
    classes: list[str]
    family: list[str]
    ratings: int
    pieces: int
    plans: int


def people(request: HttpRequest) -> HttpResponse:
    """Show proposals and merges; two people side by side where they are named; join, split or tell apart."""
    if request.method != "POST":
        return _show(request)
    act = {"merge": _merge, "split": _split, "apart": _apart}.get(request.POST.get("act", ""))
    try:
        if act is None:
            raise Refusal("unknown_word", "Choose what to do.")
        return act(request)
    except Refusal as refusal:
        return _show(request, refusal, status=422)


def _merge(request: HttpRequest) -> HttpResponse:
    one, other = _named(request, "person"), _named(request, "into")
    actions.merge_people(
        actor=request.viewer, person_id=one.id, into_id=other.id, at=request.moment,
        reason=request.POST.get("why", "")[:500],
    )  # fmt: skip
    return redirect("/district/people?saved=merged")


def _split(request: HttpRequest) -> HttpResponse:
    actions.split_people(
        actor=request.viewer, person_id=_named(request, "person").id, at=request.moment,
        reason=request.POST.get("why", "")[:500],
    )  # fmt: skip
    return redirect("/district/people?saved=split")


def _apart(request: HttpRequest) -> HttpResponse:
    one, other = _named(request, "person"), _named(request, "into")
    actions.tell_apart(actor=request.viewer, person_id=one.id, other_id=other.id, at=request.moment)
    return redirect("/district/people?saved=apart")


def _named(request: HttpRequest, name: str) -> Any:
    given = request.POST if request.method == "POST" else request.GET
    return rosters.row_of_person(given.get(name, "").strip()[:255])


def _show(request: HttpRequest, refusal: Refusal | None = None, *, status: int = 200) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    day = request.viewer.today
    context: dict[str, Any] = {
        "nav": "district.roster", "refusal": refusal, "given": {name: given.get(name, "")[:255] for name in ("person", "into")},
        "matches": [
            {"row": match, "shared": [_shared(word) for word in match.shared],
             "query": urlencode({"person": match.person.sourced_id, "into": match.other.sourced_id})}
            for match in rosters.matches(as_of=day)
        ],
        "merged": rosters.merged_people(), "saved": _saved(request.GET.get("saved", "")),
    }  # fmt: skip
    if given.get("person") and given.get("into"):
        try:
            context["sides"] = [_side(_named(request, name), day) for name in ("person", "into")]
        except Refusal as unknown:
            context["refusal"], status = refusal or unknown, 422
    return render(request, "pages/district/pairs.html", context, status=status)


def _side(person: Any, day: Any) -> Side:
    care = rosters.care_of(person_id=person.id)
    roles = rosters.roles_on(person_ids=[person.id], as_of=day)[person.id]
    return Side(
        person,
        grade_name(person.grade) if person.grade else "",
        [f"{role_name(role)} ({org})" if org else role_name(role) for role, org in roles],
        [one.school_class.title for one in rosters.enrollments_of(person_id=person.id)],
        [(link.guardian if link.student_id == person.id else link.student).name() for link in care],
        len(evidence.standing_keys(student=person.id)),
        len(evidence.pieces_of(students=[person.id])),
        len(plans.plans_of([person.id], day)[person.id]),
    )


def _shared(word: str) -> str:
    return {"grade": _("same grade"), "school": _("same school"), "born": _("born on the same day")}[word]


def _saved(what: str) -> str:
    return {
        "merged": _("Joined. Everything is seen under the one who stays, and can be split again."),
        "split": _("Split. What was theirs is theirs again."),
        "apart": _("Noted: these are two people. They are not proposed again."),
    }.get(what, "")
