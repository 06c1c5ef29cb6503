"""Classes: which continuums and levels each one works on, and who stands in for its teacher."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.frameworks import queries as continuums
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.rosters import actions
from headway.rosters import queries as rosters

SIZE = 100


def classes(request: HttpRequest) -> HttpResponse:
    """List the classes of a school or of all, with the continuums that each works on."""
    schools = rosters.schools()
    school = next((one for one in schools if one.sourced_id == request.GET.get("school")), None)
    page = max(int(p) if is_whole(p := request.GET.get("page", "1")) and len(p) < 7 else 1, 1)
    rows = rosters.school_classes(school_id=school.id if school else None)
    found = list(rows[(page - 1) * SIZE : page * SIZE + 1])
    context = {"nav": "district.roster", "schools": schools, "school": school, "rows": found[:SIZE], "page": page,
               "more": len(found) > SIZE}  # fmt: skip
    return render(request, "pages/district/classes.html", context)


def settings(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Choose a class's continuums and levels, or name a substitute."""
    if request.method != "POST":
        return _show(request, subject, {})
    try:
        if request.POST.get("act") == "substitute":
            _substitute(request, subject)
            return redirect(f"{request.path}?saved=substitute")
        _set(request, subject)
    except Refusal as refusal:
        return _show(request, subject, {"error": refused.said(refusal)}, 422)
    return redirect(f"{request.path}?saved=set")


def _set(request: HttpRequest, subject: Any) -> None:
    known = {view.key for view in continuums.frameworks()}
    keys = [key for key in request.POST.getlist("framework") if key in known]
    allowed = {str(level) for level in _levels()}
    levels = [level for level in request.POST.getlist("level") if level in allowed]
    actions.set_frameworks(
        actor=request.viewer, class_id=subject.id, frameworks=keys, levels=levels, at=request.moment
    )  # fmt: skip


def _substitute(request: HttpRequest, subject: Any) -> None:
    person = rosters.person_by_reference(request.POST.get("person", "").strip())
    try:
        first, last = (date.fromisoformat(request.POST.get(name, "")) for name in ("from", "through"))
    except ValueError as error:
        raise Refusal("not_a_day", "Give the first and the last day.") from error
    actions.name_substitute(
        actor=request.viewer, class_id=subject.id, person_id=person.id, starts_on=first,
        ends_on=last + timedelta(days=1), at=request.moment,
    )  # fmt: skip


def _levels() -> list[int]:
    return sorted({
        node.level for view in continuums.frameworks()
        for node in continuums.tree(view.id, at=continuums.remembered_stamp()).targets() if node.level is not None
    })  # fmt: skip


def _show(request: HttpRequest, subject: Any, more: dict[str, Any], status: int = 200) -> HttpResponse:
    day, language = request.viewer.today, get_language() or "en"
    chosen = {str(level) for level in subject.levels}
    context = {
        "nav": "district.roster", "class": subject, "day": day,
        "teachers": rosters.teachers_of_class(class_id=subject.id, as_of=day),
        "students_n": len(rosters.students_in_class(class_id=subject.id, as_of=day, viewer=None)),
        "frameworks": [(view.key, view.called(language), view.key in subject.frameworks) for view in continuums.frameworks()],
        "levels": [(level, str(level) in chosen) for level in _levels()],
        "substitutes": rosters.substitutes_of(class_id=subject.id, as_of=day),
        "saved": _saved(request.GET.get("saved", "")),
        **more,
    }  # fmt: skip
    return render(request, "pages/district/class.html", context, status=status)


def _saved(what: str) -> str:
    return {
        "set": _("Saved. The grid shows what you chose."),
        "substitute": _("Saved. The substitute sees the class in that time."),
    }.get(what, "")
