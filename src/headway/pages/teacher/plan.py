"""One student's plan, and the ways in which it differs from its template: days, pieces, targets waived and added."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.asked import look_back
from headway.pages.parts.groups import line_and_level
from headway.pages.parts.learning import language
from headway.pages.parts.plan import PlanPage, Row, day_of, differs, plan_page
from headway.pages.parts.told import address, told
from headway.plans import actions
from headway.plans.types import ItemChange

BESIDE = 1
"""Targets of so many levels below and above those of the plan can be added."""


def plan(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show a plan; change it, or take its last change back."""
    look = look_back(request)
    page = plan_page(request, subject, look)
    fault = ""
    if request.method == "POST" and page is not None:
        fault, said = _act(request, page)
        if not fault:
            return redirect(address(request.path, plan=page.plan.plan, said=said))
    may_change = page is not None and not look.past and page.found.followed_on is None
    changing = may_change and bool(request.GET.get("change"))
    context = {
        "nav": "teacher.grid", "student": subject, "student_url": f"/teacher/students/{quote(subject.sourced_id, safe='')}",
        "look": look, "page": page, "fault": fault or told(request, "fault"), "said": told(request, "said"),
        "may_change": may_change, "changing": changing, "tail": f"&as_of={look.as_of}" if look.past else "",
        "keep": {"plan": page.plan.plan} if page else {}, "own_n": sum(row.step.own for row in page.rows) if page else 0,
        **(_form(request, page) if changing and page else {}),
    }  # fmt: skip
    return render(request, "pages/teacher/plan.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, page: PlanPage) -> tuple[str, str]:
    """Do what was asked; returns what is wrong, and what was done."""
    if request.POST.get("state") != str(page.plan.id):
        return _("This plan was changed or ended meanwhile. Look at it anew."), ""
    try:
        if request.POST.get("act") == "undo":
            actions.undo_plan_change(actor=request.viewer, plan=page.plan.id, at=request.moment)
            return "", _("The change is taken back.")
        changes, wrong = _changes(request, page)
        ends_on = day_of(request.POST.get("ends", ""))
        if wrong or ends_on is None:
            return wrong or _("Give the last day of the plan."), ""
        key = actions.change_plan(
            actor=request.viewer, plan=page.plan.id, changes=changes, ends_on=ends_on, at=request.moment
        )
    except Refusal as refusal:
        return refused.why(refusal), ""
    return "", _("Nothing differs from before.") if key == page.plan.id else _("The plan is changed.")


def _changes(request: HttpRequest, page: PlanPage) -> tuple[list[ItemChange], str]:
    sent, found = request.POST, []
    for row in page.rows:
        key = row.step.target
        if row.step.state == "done" or f"pieces-{key}" not in sent:
            continue
        due = sent.get(f"due-{key}", "")
        if due and day_of(due) is None:
            return [], _("%(name)s: give its day as day, month and year.") % {"name": row.name}
        waived = sent.get(f"why-{key}", "") if sent.get(f"waive-{key}") else None
        day = day_of(due)
        # The template's own day moves with the plan's last day; it becomes this student's only where it was typed.
        own = None if day == row.step.template_due_on else day
        found.append(ItemChange(key, _number(sent[f"pieces-{key}"]), own, waived))
    added = sent.get("add", "")
    if added:
        if not is_whole(added) or len(added) > 18:
            return [], _("Choose a target of the list.")
        found.append(
            ItemChange(int(added), _number(sent.get("add-pieces", "")), day_of(sent.get("add-due", "")))
        )
    return found, ""


def _number(text: str) -> int:
    """Return a whole number, and zero for what is none: the act refuses it by name."""
    return int(text) if is_whole(text) and len(text) < 6 else 0


def _form(request: HttpRequest, page: PlanPage) -> dict[str, Any]:
    """Return the fields with what was typed, else with what stands."""
    typed = request.POST if request.method == "POST" else None
    sent = typed if typed is not None else {}
    return {
        "state": page.plan.id if typed is None else typed.get("state", ""),
        "fields": [_field(row, typed) for row in page.rows],
        "more": _more(page, sent.get("add", "")),
        "typed": {"ends": sent.get("ends") or page.plan.ends_on.isoformat(), "add_due": sent.get("add-due", ""),
                  "add_pieces": sent.get("add-pieces", "2")},
    }  # fmt: skip


def _field(row: Row, typed: Any) -> dict[str, Any]:
    step, key = row.step, row.step.target
    asked = {
        "due": step.due_on.isoformat(),
        "pieces": step.pieces,
        "why": step.reason,
        "waived": step.state == "waived",
    }
    if typed is not None and f"pieces-{key}" in typed:
        asked = {"due": typed.get(f"due-{key}", ""), "pieces": typed[f"pieces-{key}"], "why": typed.get(f"why-{key}", ""),
                 "waived": bool(typed.get(f"waive-{key}"))}  # fmt: skip
    template = differs(step, always=True)
    return {"id": str(key), "name": row.name, "state": step.state, "words": row.state, "due_on": step.due_on,
            "added": step.added, "template": template, **asked}  # fmt: skip


def _more(page: PlanPage, chosen: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return targets that can be added, by continuum and level: those beside what the plan asks."""
    inside = {row.step.target for row in page.rows}
    nodes = [frameworks.node(target) for target in inside]
    found: dict[str, list[dict[str, Any]]] = {}
    for home in sorted({node.framework_id for node in nodes}):
        levels = [node.level or 1 for node in nodes if node.framework_id == home]
        tree = frameworks.tree(home, at=frameworks.remembered_stamp())
        for node in tree.targets(on=page.learner.m.day):
            near = min(levels) - BESIDE <= (node.level or 1) <= max(levels) + BESIDE
            if node.id not in inside and near:
                found.setdefault(line_and_level(node), []).append(
                    {"id": node.id, "name": node.called(language()), "on": str(node.id) == chosen}
                )
    return list(found.items())
