"""The whole stack, over one class or several: what came in, and for what nothing came, to be closed many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.access.types import Viewer
from headway.evidence import queries as evidence
from headway.kit.refusals import Refusal
from headway.kit.times import micros
from headway.pages.parts.loop import names_of
from headway.pages.parts.told import address, told
from headway.pages.teacher import closing, undoing
from headway.pages.teacher.stack import chosen_classes, classes_of, named
from headway.proficiency import queries
from headway.response import queries as response
from headway.response.types import ToRate
from headway.rosters import queries as rosters

SHOWN = 200
LATELY = timedelta(hours=1)
SHOWS = ("all", "work", "nothing")


def waiting(request: HttpRequest) -> HttpResponse:
    """Show the stack of the chosen classes; close the chosen chances."""
    viewer: Viewer = request.viewer
    own = classes_of(viewer)
    references = [one for one in request.GET.getlist("class") if one]
    classes = chosen_classes(viewer, references)
    m = queries.moment(now=request.moment, book=request.book)
    members = rosters.members(class_ids=[c.id for c in classes], as_of=m.day, viewer=viewer)
    students = {s for listed in members.values() for s in listed}
    stack = response.to_rate(m, students)
    titles = sorted({one.title for one in stack}, key=str.casefold)
    title, show = request.GET.get("title", ""), request.GET.get("show", "all")
    found = [
        one for one in stack
        if title in ("", one.title) and show != ("nothing" if one.chance is None else "work")
    ]  # fmt: skip
    query = {"class": references, "title": title, "show": show if show in SHOWS else "all"}
    here = f"/teacher/rate/waiting?{urlencode(query, doseq=True)}"
    if request.method == "POST":
        return redirect(_close(request, found, here))
    people = rosters.people_by_id(person_ids={s for one in found[:SHOWN] for s in one.students})
    context = {
        "nav": "teacher.rate", "rows": [_row(one, people, references, title) for one in found[:SHOWN]],
        "classes": [(c, not references or c in classes) for c in own], "titles": titles, "title": title, "show": show,
        "n_work": sum(one.chance is None for one in found), "n_nothing": sum(one.chance is not None for one in found),
        "more": max(0, len(found) - SHOWN), "here": here, "fault": told(request, "fault"),
        **undoing.toast(request.GET.get("saved", "")), "raters": _raters(request, students),
        "any_open": any(one.chance for one in found[:SHOWN]),
    }  # fmt: skip
    return render(request, "pages/teacher/waiting.html", context)


def _row(one: ToRate, people: dict[int, Any], references: list[str], title: str) -> dict[str, Any]:
    where: dict[str, Any] = {"class": references} if references else {}
    where |= {"title": title or one.title, **named(one)}
    return {
        "names": ", ".join(sorted(people[s].name() for s in one.students)), "title": one.title,
        "targets": names_of(one.targets), "at": one.at, "due_on": one.chance and one.chance.due_on,
        "chance": str(one.chance.uuid) if one.chance else "", "url": f"/teacher/rate?{urlencode(where, doseq=True)}",
    }  # fmt: skip


def _close(request: HttpRequest, found: list[ToRate], here: str) -> str:
    shown = {str(one.chance.uuid): one.chance.uuid for one in found if one.chance is not None}
    chosen = [shown[text] for text in dict.fromkeys(request.POST.getlist("chance")) if text in shown]
    try:
        token = undoing.note(request.viewer, closing.close(request, chosen))
    except Refusal as refusal:
        signed = address("", fault=closing.refused(refusal))
        return f"{here}&{signed.removeprefix('?')}"
    return f"{here}&{urlencode({'saved': token})}"


def _raters(request: HttpRequest, students: set[int]) -> list[tuple[str, int]]:
    """Return who else rated a teacher's students in the last hour, with how many ratings."""
    if not request.viewer.classes:
        return []
    since = micros(request.moment - LATELY)
    found = evidence.raters_since(students=sorted(students), since_us=since)
    found.pop(request.viewer.person_id or 0, None)
    people = rosters.people_by_id(person_ids=found) if found else {}
    return [(people[one].name(), n) for one, n in found.items() if one in people]
