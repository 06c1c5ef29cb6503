"""The roster: finding people, and bringing a new roster in after a look at what it would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access.types import Role
from headway.interop.oneroster import apply as oneroster
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.district import staging
from headway.pages.district.imports import refused
from headway.pages.parts.grades import grade_name
from headway.rosters import queries as rosters
from headway.rosters.types import Plan

SIZE = 50
SORTS = ("name", "id", "grade")


@dataclass(frozen=True, slots=True)
class Row:
    """One person as a line of the list."""

    sourced_id: str
    name: str
    grade: str
    roles: list[str]
    schools: list[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of rows in a plan."""

    name: str
    new: int
    changed: int
    unchanged: int
    ended: int
    reactivated: int


def roster(request: HttpRequest) -> HttpResponse:
    """Search people; a file that is handed in shows its plan, and is applied after a yes."""
    if request.method == "POST":
        return _apply(request) if request.POST.get("token") else _plan(request)
    day = request.viewer.today
    text, role, sort = (
        request.GET.get("q", "")[:100],
        request.GET.get("role", ""),
        request.GET.get("sort", "name"),
    )
    schools = rosters.schools()
    school = next((one for one in schools if one.sourced_id == request.GET.get("school")), None)
    page = max(int(p) if is_whole(p := request.GET.get("page", "1")) and len(p) < 7 else 1, 1)
    found = rosters.people_searched(
        text=text, as_of=day, role=role if role in set(Role) else "", school_id=school.id if school else None,
        sort=sort if sort in SORTS else "name", start=(page - 1) * SIZE, size=SIZE,
    )  # fmt: skip
    roles = rosters.roles_on(person_ids=[person.id for person in found.people], as_of=day)
    keep = urlencode({k: v for k in ("q", "role", "school", "sort") if (v := request.GET.get(k))})
    context = {
        "nav": "district.roster", "rows": [_row(person, roles[person.id]) for person in found.people], "n": found.n,
        "q": text, "role": role, "sort": sort, "school": school, "schools": schools, "page": page, "keep": keep,
        "pages": -(-found.n // SIZE), "first": (page - 1) * SIZE + 1, "last": (page - 1) * SIZE + len(found.people),
        "roles": [(one.value, role_name(one.value)) for one in Role if one != Role.SUPPORT],
        "done": request.GET.get("done", "")[:12],
    }  # fmt: skip
    return render(request, "pages/district/roster.html", context)


def role_name(role: str) -> str:
    """Say a role."""
    return {
        "student": _("student"), "family": _("family member"), "teacher": _("teacher"), "advisor": _("advisor"),
        "coach": _("coach"), "principal": _("principal"), "district": _("district"), "substitute": _("substitute"),
        "support": _("support"),
    }.get(role, role)  # fmt: skip


def _row(person: Any, roles: list[tuple[str, str]]) -> Row:
    named = list(dict.fromkeys(role_name(role) for role, _org in roles))
    schools = list(dict.fromkeys(org for _role, org in roles if org))
    grade = (
        grade_name(person.grade) if person.grade and any(role == "student" for role, _org in roles) else ""
    )
    return Row(person.sourced_id, person.sort_name(), grade, named, schools, person.active)


def _plan(request: HttpRequest) -> HttpResponse:
    try:
        staged = staging.keep(request, kind="roster", at=request.moment)
    except Refusal as refusal:
        return _show(request, refused(refusal), 422)
    try:
        plan = _import(request, staged, plan_only=True)
    except Refusal as refusal:
        staged.discard()
        return _show(request, {"name": staged.name, **refused(refusal, staged=staged)}, 422)
    return _show(request, {**_planned(plan), "name": staged.name, "token": staged.token})


def _apply(request: HttpRequest) -> HttpResponse:
    try:
        staged = staging.find(request, kind="roster")
    except Refusal as refusal:
        return _show(request, refused(refusal), 409)
    removals = request.POST.get("removals") == "yes"
    try:
        run: Any = _import(request, staged, accept_removals=removals)
    except Refusal as refusal:
        # The file waits on: where too many would go, the same form asks once more.
        context = {"name": staged.name, **refused(refusal, staged=staged)}
        if refusal.code == "too_many_removals":
            context.update(_planned(_import(request, staged, plan_only=True)), token=staged.token)
        return _show(request, context, 409)
    staged.discard()
    return redirect(f"/district/roster?done={run.pk}")


def _import(request: HttpRequest, staged: staging.Staged, **how: bool) -> Any:
    return oneroster.import_roster(
        staged.path, actor=request.viewer, at=request.moment, name=staged.name, **how  # type: ignore[attr-defined, arg-type]
    )  # fmt: skip


def _planned(plan: Plan | Any) -> dict[str, Any]:
    names = {
        "orgs": _("Schools and offices"), "terms": _("Terms"), "courses": _("Courses"), "classes": _("Classes"),
        "persons": _("People"), "grants": _("Roles"), "links": _("Family links"), "enrollments": _("Enrollments"),
        "demographics": _("Demographics"),
    }  # fmt: skip
    tallies = [
        Tally(names.get(kind, kind), t.new, t.changed, t.unchanged, t.ended, t.reactivated)
        for kind, t in plan.tallies.items()
    ]  # fmt: skip
    removals = [one for one in plan.warnings if one.code == "too_many_removals"]
    return {
        "plan": plan, "tallies": tallies, "lines": _lines(plan, names),
        "warnings": [one for one in plan.warnings if one not in removals][:200],
        "repairs": plan.repairs[:200],
        "asks_removals": bool(removals), "share": round(plan.removal_share() * 100, 1),
        "nothing": not any(t.new or t.changed or t.ended or t.reactivated for t in tallies),
    }  # fmt: skip


def _lines(plan: Plan | Any, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return who and what stands behind each count but the unchanged, what ends first."""
    words = {"ended": _("Ended"), "changed": _("Changed"), "reactivated": _("Back again"), "new": _("New")}
    found = []
    for word, said in words.items():
        for kind, tally in plan.tallies.items():
            n, named = getattr(tally, word), plan.named.get((kind, word), [])
            if n:
                found.append(
                    {
                        "name": names.get(kind, kind),
                        "word": said,
                        "n": n,
                        "named": [f"{one}, {role_name(role)}" if role else one for one, role in named],
                        "more": n - len(named),
                    }
                )
    return found


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(
        request, "pages/district/roster_plan.html", {"nav": "district.roster", **context}, status=status
    )
