"""What to rate: a class and its targets, or the work that waits."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from headway.access.types import Viewer
from headway.frameworks import queries as frameworks
from headway.pages.parts.groups import line_and_level
from headway.pages.teacher import undoing
from headway.pages.teacher.stack import MOST_TARGETS, classes_of
from headway.proficiency import queries
from headway.response import queries as response
from headway.response.types import ToRate
from headway.rosters import queries as rosters

SHOWN = 20


def choose(request: HttpRequest) -> HttpResponse:
    """Ask for class and targets, and list the work that waits."""
    viewer: Viewer = request.viewer
    m = queries.moment(now=request.moment, book=request.book)
    classes = classes_of(viewer)
    chosen = next(
        (c for c in classes if c.sourced_id == request.GET.get("class")), classes[0] if classes else None
    )
    language = get_language() or "en"
    groups: dict[str, list[dict[str, Any]]] = {}
    if chosen is not None:
        for node in queries.class_targets(m, chosen):
            groups.setdefault(line_and_level(node), []).append(
                {"id": node.id, "name": node.called(language), "code": node.code}
            )
    members = rosters.members(class_ids=[c.id for c in classes], as_of=m.day, viewer=viewer)
    stack = response.to_rate(m, {s for listed in members.values() for s in listed})
    pieces = [one for one in stack if one.chance is None]
    people = rosters.people_by_id(person_ids={s for one in pieces[:SHOWN] for s in one.students})
    context = {
        "nav": "teacher.rate", "classes": classes, "chosen": chosen, "groups": groups, "most": MOST_TARGETS,
        "pieces": [{"key": p.key, "title": p.title, "at": p.at, "name": ", ".join(people[s].name() for s in p.students),
                    "targets": ", ".join(frameworks.node(t).called(language) for t in p.targets)} for p in pieces[:SHOWN]],
        "more": max(0, len(pieces) - SHOWN), "pieces_n": len(pieces), "nothing_n": len(stack) - len(pieces),
        "mend": _mended(request), "onward": _onward(request, pieces, members, classes),
        "student": request.GET.get("student", ""),
        **undoing.toast(request.GET.get("saved", "")), "here": "/teacher/rate",
        "nothing_chosen": bool(request.GET.get("begin")) and not request.GET.getlist("target"),
    }  # fmt: skip
    return render(request, "pages/teacher/choose.html", context)


def _onward(
    request: HttpRequest, pieces: list[ToRate], members: dict[int, list[int]], classes: list[Any]
) -> dict[str, Any] | None:
    """Return the oldest work that waits when a stack is done; the next after a piece that was skipped. None where none waits."""
    if not request.GET.get("done"):
        return None
    past = next((n for n, one in enumerate(pieces) if one.key == request.GET.get("after")), None)
    found = pieces if past is None else pieces[past + 1 :] + pieces[:past]
    if not found:
        return None
    where = next((c for c in classes if found[0].students[0] in members[c.id]), None)
    people = rosters.people_by_id(person_ids=found[0].students)
    query = {"piece": found[0].key, **({"class": where.sourced_id} if where else {})}
    return {
        "url": f"/teacher/rate?{urlencode(query)}", "title": found[0].title, "n": len(found),
        "name": ", ".join(people[one].name() for one in found[0].students),
    }  # fmt: skip


def _mended(request: HttpRequest) -> str:
    """Return the address under which what was just rated can be mended; nothing before a stack was finished."""
    if not request.GET.get("done"):
        return ""
    classes = request.GET.getlist("class")
    return "/teacher/rated" + (f"?{urlencode({'class': classes[0]})}" if len(classes) == 1 else "")
