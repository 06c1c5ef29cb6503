"""Continuums of the district: which there are, what a new version would change, and one of them whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.frameworks import actions
from headway.frameworks import queries as continuums
from headway.frameworks.types import Preview
from headway.interop.case import exchange
from headway.kit.refusals import Refusal
from headway.pages.district import staging
from headway.pages.district.imports import refused
from headway.pages.parts.news import asks
from headway.pages.parts.sheets import named
from headway.proficiency import actions as proficiency

LISTED = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One continuum as a line of the list."""

    view: Any
    name: str
    targets_n: int
    levels: str
    version: int
    in_force_on: date | None


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the tree as the page draws it."""

    node: Any
    depth: int
    name: str
    before: list[tuple[str, str]]
    pieces: str


def frameworks(request: HttpRequest) -> HttpResponse:
    """List the continuums; a file that is handed in shows what it would change, and is applied after a yes."""
    if request.method == "POST":
        return _apply(request) if request.POST.get("token") else _preview(request)
    versions, language, day = continuums.all_versions(), get_language() or "en", request.viewer.today
    rows = []
    for view in continuums.frameworks(active=False):
        targets = continuums.tree(view.id, at=continuums.remembered_stamp()).targets(on=day)
        own = versions.get(view.id, ())
        levels = sorted({node.level for node in targets if node.level is not None})
        said = f"{levels[0]}–{levels[-1]}" if len(levels) > 1 else str(levels[0]) if levels else ""
        rows.append(
            Row(
                view,
                view.called(language),
                len(targets),
                said,
                own[-1].number if own else 0,
                own[-1].in_force_on if own else None,
            )
        )
    context = {"nav": "district.frameworks", "rows": rows, "done": request.GET.get("done", "")[:12],
               "moved": request.GET.get("moved", "")[:12]}  # fmt: skip
    return render(request, "pages/district/frameworks.html", context)


def framework(request: HttpRequest, key: str, subject: Any) -> HttpResponse:
    """Show a continuum whole, hand it out as a file (`?form=case` or `csv`), or publish it."""
    if request.method == "POST":
        actions.set_framework(
            subject.id, actor=request.viewer, at=request.moment, public=request.POST.get("public") == "yes"
        )  # fmt: skip
        return redirect(request.path)
    if request.GET.get("form") in exchange.FORMS:
        return _file(subject, request.GET["form"])
    tree, language, day = continuums.tree(subject.id), get_language() or "en", request.viewer.today
    rows = list(tree.walk(on=day))
    before = continuums.prerequisites(node.id for _depth, node in rows if node.is_leaf)
    items = [
        Item(node, min(depth, 3), node.called(language), [_earlier(earlier, language) for earlier in before.get(node.id, ())],
             ", ".join(asks(node.requirement)))
        for depth, node in rows
    ]  # fmt: skip
    targets = [node for _depth, node in rows if node.is_leaf]
    context = {
        "nav": "district.frameworks", "view": subject, "name": subject.called(language), "areas": _areas(items),
        "versions": list(reversed(continuums.versions(subject.id))), "targets_n": len(targets),
        "bare_n": sum(not node.descriptors for node in targets), "entry_n": sum(not before.get(node.id) for node in targets),
    }  # fmt: skip
    return render(request, "pages/district/framework.html", context)


def _areas(items: list[Item]) -> list[dict[str, Any]]:
    """Return the items below each area of the first depth, so that a long continuum opens area by area."""
    found: list[dict[str, Any]] = []
    for item in items:
        if item.depth == 0 and not item.node.is_leaf:
            found.append({"name": item.name, "rows": [], "n": 0})
            continue
        if not found:
            found.append({"name": "", "rows": [], "n": 0})
        found[-1]["rows"].append(item)
        found[-1]["n"] += item.node.is_leaf
    return found


def _earlier(node_id: int, language: str) -> tuple[str, str]:
    node = continuums.node(node_id)
    return node.label, node.called(language)


def _file(subject: Any, form: str) -> HttpResponse:
    body = exchange.export_framework(subject.key, form)
    kind, end = ("application/json", "json") if form == "case" else ("text/csv; charset=utf-8", "csv")
    name = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in subject.key)[:60]
    return named(HttpResponse(body, content_type=kind), f"{name}.{end}")


def _preview(request: HttpRequest) -> HttpResponse:
    try:
        staged = staging.keep(request, kind="framework", at=request.moment)
    except Refusal as refusal:
        return _show(request, refused(refusal), 422)
    try:
        in_force_on = _day(request)
        plan = exchange.import_framework(
            staged.path, actor=request.viewer, at=request.moment, in_force_on=in_force_on, plan_only=True, file=staged.name
        )  # fmt: skip
    except Refusal as refusal:
        staged.discard()
        return _show(request, {"name": staged.name, **refused(refusal)}, 422)
    assert isinstance(plan, Preview)
    context = {"name": staged.name, "token": staged.token, "plan": plan, "in_force": request.POST.get("in_force", ""),
               "lists": _lists(plan), "dropped": sorted(plan.dropped.items())}  # fmt: skip
    return _show(request, context)


def _apply(request: HttpRequest) -> HttpResponse:
    try:
        staged = staging.find(request, kind="framework")
        package = exchange.read_package(staged.path, file=staged.name)
        run, moved = proficiency.adopt_framework(
            package, actor=request.viewer, at=request.moment, in_force_on=_day(request)
        )  # fmt: skip
    except Refusal as refusal:
        return _show(request, refused(refusal), 409)
    staged.discard()
    return redirect(f"/district/frameworks?done={run.pk}&moved={moved}")


def _day(request: HttpRequest) -> date | None:
    text = request.POST.get("in_force", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refusal("not_a_day", "Write the day as in 2026-11-12.") from error


def _lists(plan: Preview) -> list[dict[str, Any]]:
    carried = tuple(f"{old} → {new}" for old, new in plan.carried)
    named = (
        (_("Added"), plan.added),
        (_("Changed"), plan.changed),
        (_("Retired"), plan.retired),
        (_("Evidence carried on"), carried),
    )
    return [
        {"name": name, "n": len(rows), "rows": rows[:LISTED], "more": len(rows) - LISTED}
        for name, rows in named
        if rows
    ]


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(
        request,
        "pages/district/frameworks_plan.html",
        {"nav": "district.frameworks", **context},
        status=status,
    )
