"""What the viewer rated in the last days: ticked together, moved, re-dated or withdrawn in one act, and taken back in one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language

from headway.access.types import Viewer
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.kit.times import micros
from headway.pages.parts import tags
from headway.pages.parts.feedback import STATUS
from headway.pages.parts.told import address, told
from headway.pages.teacher.correcting import chosen_keys, corrected, goals
from headway.pages.teacher.stack import chosen_classes, classes_of
from headway.proficiency import queries
from headway.profiles import queries as profiles
from headway.rosters import queries as rosters

BACK = timedelta(days=14)


def rated(request: HttpRequest) -> HttpResponse:
    """Show what the viewer rated of late in a class, on one target where the address names one; correct what was chosen."""
    viewer: Viewer = request.viewer
    own = classes_of(viewer)
    reference = request.GET.get("class", "")
    classes = chosen_classes(viewer, [reference] if reference else [])
    m = queries.moment(now=request.moment, book=request.book)
    members = rosters.members(class_ids=[c.id for c in classes], as_of=m.day, viewer=request.viewer)
    students = sorted({s for listed in members.values() for s in listed})
    since = micros(request.moment - BACK)
    found = [
        one
        for one in evidence.ratings_by(rater=viewer.person_id or 0, since_us=since, students=students)
        if not profiles.begins_or_ends(one.key)
    ]
    wanted = request.GET.get("target", "")
    target = int(wanted) if is_whole(wanted) and len(wanted) < 19 else None
    # By day, as the page says it: what was recorded last may have been observed long before.
    shown = sorted((one for one in found if target in (None, one.target)), key=lambda one: -one.observed_us)
    query = {name: request.GET[name] for name in ("class", "target") if request.GET.get(name)}
    fault = ""
    if request.method == "POST":
        mine = {one.key for one in shown}
        done = corrected(request, [key for key in chosen_keys(request) if key in mine])
        if "fault" not in done:
            return redirect(address("/teacher/rated", **query, **done))
        fault = done["fault"]
    language = get_language() or "en"
    nodes = {one: frameworks.node(one) for one in dict.fromkeys(each.target for each in found)}
    # A target whose ratings were all moved stays chosen, with none.
    listed = [*nodes.values(), *_emptied(target, nodes)]
    context = {
        "nav": "teacher.rate",
        "rows": _rows(request, m, shown, nodes, all_of=target is not None), "classes": own, "chosen": reference,
        "on": [{"id": str(node.id), "name": node.called(language), "n": sum(one.target == node.id for one in found)}
               for node in listed],
        "target": str(target or ""), "goals": goals((nodes[one.target] for one in shown), on=m.day, but=target),
        "today": m.day,
        "here": "/teacher/rated" + (f"?{urlencode(query)}" if query else ""), "all": target is not None,
        "said": told(request, "said"), "fault": fault or told(request, "fault"), "act": request.GET.get("act", ""),
        "sent": request.POST,
    }  # fmt: skip
    return render(request, "pages/teacher/rated.html", context, status=422 if fault else 200)


def _rows(
    request: HttpRequest, m: queries.Moment, shown: list[evidence.Rated], nodes: dict[int, Any], *, all_of: bool
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the ratings as the page lists them: ticked as they were sent, else all where all are of one target."""
    people = rosters.people_by_id(person_ids={one.student for one in shown})
    titles = evidence.piece_titles(keys={one.piece for one in shown if one.piece})
    ticked = set(chosen_keys(request)) if request.method == "POST" else {one.key for one in shown if all_of}
    return [{**_row(m, one, people, nodes, titles), "ticked": one.key in ticked} for one in shown]


def _row(
    m: queries.Moment,
    one: evidence.Rated,
    people: dict[int, Any],
    nodes: dict[int, Any],
    titles: dict[str, str],
) -> dict[str, Any]:
    node = nodes[one.target]
    scale = m.book.effective(node=node.id, school=None, on=m.day).scale
    state = "level" if one.level is not None else STATUS[one.status]
    return {
        "piece": titles.get(one.piece, ""),
        "key": one.key, "name": people[one.student].name(), "student": people[one.student].sourced_id,
        "target": node.called(get_language() or "en"),
        "mark": tags.draw(state, one.level, scale), "words": tags.say(state, one.level, scale), "held": one.held,
        "observed": one.observed_us,
    }  # fmt: skip


def _emptied(target: int | None, nodes: dict[int, Any]) -> list[Any]:
    """Return the chosen target where nothing is rated on it any more; none where nothing or no target is chosen."""
    try:
        return [frameworks.node(target)] if target is not None and target not in nodes else []
    except Refusal:
        return []
