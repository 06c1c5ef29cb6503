"""The bank: tasks found by words, target, depth, language and standing; a new task is begun here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.learning import language
from headway.pages.parts.told import told
from headway.pages.tasks.words import depths, languages, standings, typed
from headway.tasks import actions
from headway.tasks import queries as tasks
from headway.tasks.types import BankRow, TaskText

NAV = "tasks.bank"
ASKED = ("search", "target", "depth", "language", "standing", "sort")


def bank(request: HttpRequest) -> HttpResponse:
    """List what was searched for, and the reader's own drafts."""
    asked = {name: typed(request.GET.get(name, ""))[:200] for name in ASKED}
    asked["certifies"] = "1" if request.GET.get("certifies") else ""
    target, fault = _target(asked["target"])
    number = request.GET.get("page", "1")
    found = tasks.bank(
        viewer=request.viewer, search=asked["search"], target=target, depth=_depth(asked["depth"]),
        language=asked["language"] if asked["language"] in languages() else "",
        standing=asked["standing"] if asked["standing"] in standings() else "", certifies=bool(asked["certifies"]),
        sort=asked["sort"], page=int(number) if is_whole(number) and len(number) < 6 else 1,
    )  # fmt: skip
    context = {
        "nav": NAV, "asked": asked, "verdicts": tasks.verdicts_asked(viewer=request.viewer),
        "found": found, "rows": [_row(one) for one in found.rows],
        "drafts": [_row(one) for one in tasks.drafts(viewer=request.viewer)], "fault": fault, "said": told(request, "said"),
        "depths": depths(), "languages": languages(), "standings": standings(), "areas": _areas(),
        "searched": any(value for name, value in asked.items() if name != "sort"),
        "keep": urlencode({name: value for name, value in asked.items() if value}),
        "sorts": {"title": _("name"), "newest": _("newest first"), "depth": _("depth"), "time": _("time")},
    }  # fmt: skip
    return render(request, "pages/tasks/bank.html", context)


def new(request: HttpRequest) -> HttpResponse:
    """Begin a task: its name, for whom it is written, its language; the rest stands in the editor."""
    schools = tasks.schools_for(request.viewer)
    for_district = bool(tasks.district_for(request.viewer))
    sent = request.POST
    form = {"key": typed(sent.get("key", f"task-{uuid4()}"))[:190], "title": " ".join(typed(sent.get("title", "")).split()),
            "school": sent.get("school", ""), "language": sent.get("language", language())}  # fmt: skip
    error = ""
    if request.method == "POST":
        try:
            school = next((one.id for one in schools if one.sourced_id == form["school"]), None)
            text = TaskText(title=form["title"], language=form["language"])
            version = actions.draft_task(
                actor=request.viewer, key=form["key"], text=text, school=school, at=request.moment
            )
            return redirect(f"/tasks/{tasks.task_version(viewer=request.viewer, version=version).task}/edit")
        except Refusal as refusal:
            error = refused.why(refusal)
    context = {
        "nav": NAV,
        "form": form,
        "schools": schools,
        "for_district": for_district,
        "languages": languages(),
        "error": error,
    }
    return render(request, "pages/tasks/new.html", context, status=422 if error else 200)


def targets() -> list[tuple[str, str]]:
    """Return every target in force by the name that an input takes, with what it is called."""
    return [
        (node.reference, node.called(language()))
        for one in frameworks.frameworks(at=frameworks.remembered_stamp())
        for node in frameworks.tree(one.id, at=frameworks.remembered_stamp()).targets()
    ]


def _areas() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return by continuum its areas and competencies, to search by; a single target is typed."""
    found = []
    for one in frameworks.frameworks(at=frameworks.remembered_stamp()):
        tree = frameworks.tree(one.id, at=frameworks.remembered_stamp())
        items = [
            tree.nodes[key]
            for key in tree.order
            if not tree.nodes[key].is_leaf and tree.nodes[key].holds(None)
        ]
        found.append((one.called(language()), [(node.reference, node.called(language())) for node in items]))
    return found


def _target(text: str) -> tuple[int | None, str]:
    """Return the item that a text names, 0 where it names none, and then what is wrong."""
    if not text:
        return None, ""
    try:
        return frameworks.target_by_reference(text, any_item=True).id, ""
    except Refusal as refusal:
        return 0, refused.said(refusal)


def _depth(text: str) -> int | None:
    return int(text) if text in ("1", "2", "3", "4") else None


def _row(one: BankRow) -> dict[str, Any]:
    nodes = [frameworks.node(target) for target in one.targets]
    return {
        "task": one, "standing": standings()[one.standing], "depth": depths()[one.depth],
        "language": languages().get(one.language, one.language),
        "targets": [(node.label, node.called(language())) for node in nodes],
    }  # fmt: skip
