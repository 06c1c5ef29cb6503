"""Packs of tasks: the bank's tasks as a file for other districts, and a pack looked at before it is taken in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.kit.refusals import Refusal
from headway.pages.district import staging
from headway.pages.district.imports import refused
from headway.pages.parts import files
from headway.pages.parts.refused import said
from headway.pages.parts.sheets import named
from headway.pages.parts.told import address, told
from headway.tasks import actions
from headway.tasks import queries as tasks
from headway.tasks.types import PackPlan


def packs(request: HttpRequest) -> HttpResponse:
    """Show both ways; give the file that was asked for, show what a file would bring, take it in after a yes."""
    if request.method != "POST":
        return _show(request, {"said": told(request, "said")})
    if request.POST.get("act") == "export":
        return _file(request)
    staged = None
    try:
        if request.POST.get("token"):
            staged = staging.find(request, kind="tasks")
            found = _import(request, staged, plan_only=False)
            staged.discard()
            words = _("Taken in: %(new)s new, %(version)s as a next version.") % {
                "new": found.count("new"), "version": found.count("version")}  # fmt: skip
            return redirect(address("/district/task-packs", said=words))
        staged = staging.keep(request, kind="tasks", at=request.moment)
        plan = _import(request, staged, plan_only=True)
        return _show(request, {"name": staged.name, "token": staged.token, **_planned(plan)})
    except Refusal as refusal:
        if staged is not None:
            staged.discard()
        return _show(request, {"name": staged.name if staged else "", **refused(refusal)}, 422)


def _import(request: HttpRequest, staged: staging.Staged, *, plan_only: bool) -> PackPlan:
    pack = tasks.read_pack(staged.path.read_bytes(), file=staged.name)
    # What does not fit was named on the page before the yes.
    return actions.import_pack(
        actor=request.viewer,
        pack=pack,
        at=request.moment,
        store=files.store,
        matching=True,
        plan_only=plan_only,
    )


def _planned(plan: PackPlan) -> dict[str, Any]:
    rows = [(one, _what(one.what), [said(fault) for fault in one.faults]) for one in plan.tasks]
    fits = plan.count("new") + plan.count("version")
    return {"plan": plan, "rows": rows, "fits": fits, "left_out": plan.count("left_out")}


def _what(what: str) -> str:
    return {
        "new": _("new"),
        "version": _("next version"),
        "same": _("here already"),
        "left_out": _("left out"),
    }[what]


def _file(request: HttpRequest) -> HttpResponse:
    try:
        data = actions.export_pack(
            actor=request.viewer, license=request.POST.get("license", "").replace("\0", ""), at=request.moment,
            content=lambda digest: files.path_of(digest).read_bytes(),
        )  # fmt: skip
    except Refusal as refusal:
        return _show(request, {"fault": said(refusal), "license": request.POST.get("license", "")}, 422)
    return named(HttpResponse(data, content_type="application/json"), f"tasks-{request.viewer.today}.json")


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    offered = tasks.bank(viewer=request.viewer).total
    return render(
        request,
        "pages/district/packs.html",
        {"nav": "district.home", "offered": offered, **context},
        status=status,
    )
