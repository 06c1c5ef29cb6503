"""Writing a template of a plan, or its next version: targets ticked and put in order, with weeks and pieces."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.learning import language
from headway.pages.parts.told import address
from headway.plans import actions
from headway.plans import queries as plans
from headway.plans.types import VersionView
from headway.proficiency import queries

PIECES = "2"


@dataclass(frozen=True, slots=True)
class Field:
    """One target in the form, with what stands or was typed."""

    id: str
    name: str
    code: str
    on: bool
    place: str
    week: str
    pieces: str


def write(request: HttpRequest) -> HttpResponse:
    """Offer a continuum's level and what the newest version asks; keep what was ticked as a version."""
    m = queries.moment(now=request.moment, book=request.book)
    held = _held(request)
    lines = [one for one in frameworks.frameworks(at=frameworks.remembered_stamp()) if one.active]
    line = next((one for one in lines if str(one.id) == request.GET.get("line", "")), None)
    line = line or next((one for one in lines if held and one.id == _home(held)), lines[0] if lines else None)
    tree = frameworks.tree(line.id, at=frameworks.remembered_stamp()) if line is not None else None
    nodes = tree.targets(on=m.day) if tree is not None else ()
    levels = sorted({node.level for node in nodes if node.level})
    level = _level(request, levels, held)
    shown = [node for node in nodes if level is None or node.level == level]
    inside = [item.target for item in held.items] if held is not None else []
    listed = [
        *(frameworks.node(target) for target in inside),
        *(node for node in shown if node.id not in set(inside)),
    ]
    fault = ""
    if request.method == "POST":
        fault = _keep(request, {str(node.id) for node in listed}, held)
        if not fault:
            name = request.POST.get("name", "").strip()
            return redirect(address("/teacher/plans/template", plan=name, said=_("The template is kept.")))
    context = {
        "nav": "teacher.plans", "held": held, "lines": [{"id": one.id, "name": one.called(language())} for one in lines],
        "line": line, "levels": levels, "level": level, "fault": fault, "name": request.POST.get("name", ""),
        "rows": _fields(request, listed, held),
    }  # fmt: skip
    return render(request, "pages/teacher/write_plan.html", context, status=422 if fault else 200)


def _held(request: HttpRequest) -> VersionView | None:
    name = request.GET.get("plan", "")
    try:
        return plans.newest_version(name) if name else None
    except Refusal as refusal:
        raise Http404 from refusal


def _home(held: VersionView) -> int:
    return frameworks.node(held.items[0].target).framework_id


def _level(request: HttpRequest, levels: list[int], held: VersionView | None) -> int | None:
    text = request.GET.get("level", "")
    if is_whole(text) and len(text) < 4 and int(text) in levels:
        return int(text)
    if held is not None and frameworks.node(held.items[0].target).level in levels:
        return frameworks.node(held.items[0].target).level
    return levels[0] if levels else None


def _fields(request: HttpRequest, listed: list[NodeView], held: VersionView | None) -> list[Field]:
    sent = request.POST if request.method == "POST" else None
    stands = {item.target: item for item in held.items} if held is not None else {}
    found = []
    for place, node in enumerate(listed, 1):
        key, item = str(node.id), stands.get(node.id)
        on, week = item is not None, str(item.due_week or "") if item else ""
        values = (on, str(place), week, str(item.pieces) if item else PIECES)
        if sent is not None:
            values = (key in sent.getlist("target"), sent.get(f"place-{key}", ""), sent.get(f"week-{key}", ""),
                      sent.get(f"pieces-{key}", ""))  # fmt: skip
        found.append(Field(key, node.called(language()), node.code, *values))
    return found


def _keep(request: HttpRequest, offered: set[str], held: VersionView | None) -> str:
    """Make the version; returns what is wrong."""
    sent, chosen, weeks = request.POST, [], {}
    name = sent.get("name", "").strip()
    if held is None and plans.find_template(name) is not None:
        return _("A template of this name is there already: open it and write its next version.")
    if held is not None and name != held.plan:
        return _("This form was sent before with other content. Open it anew.")
    for key in dict.fromkeys(sent.getlist("target")):
        if key not in offered:
            return _("Choose a target of the list.")
        place, week, pieces = (sent.get(f"{word}-{key}", "").strip() for word in ("place", "week", "pieces"))
        if not all(is_whole(text) and len(text) < 6 for text in (place, pieces, week or "1")):
            return _("Place, week and pieces are whole numbers.")
        chosen.append((int(place), int(key), int(pieces)))
        if week:
            weeks[int(key)] = int(week)
    chosen.sort(key=lambda one: one[0])
    try:
        actions.make_template(
            actor=request.viewer,
            key=name,
            items=[one[1:] for one in chosen],
            due_weeks=weeks,
            at=request.moment,
        )
    except Refusal as refusal:
        return refused.why(refusal)
    return ""
