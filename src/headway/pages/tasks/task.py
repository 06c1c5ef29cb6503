"""One task: what students read, its rubric, its exemplars, its versions; its writers revise, retire and bring it back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access.types import Role
from headway.calibration import queries as calibration
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.told import address, told
from headway.pages.tasks.bank import NAV
from headway.pages.tasks.words import changes, outcomes, shown, typed
from headway.tasks import actions
from headway.tasks import queries as tasks
from headway.tasks.types import RETIRED, TaskView


def task(request: HttpRequest, task: object, subject: TaskView) -> HttpResponse:
    """Show a task, or revise, retire or restore it."""
    fault = ""
    if request.method == "POST":
        try:
            return redirect(_act(request, subject))
        except Refusal as refusal:
            fault = refused.said(refusal)
    history = tasks.versions(viewer=request.viewer, task=subject.task)
    older = history[1:]
    rows = [
        (one, changes(one, before) if before is not None else [])
        for one, before in zip(history, [*older, None], strict=True)
    ]
    judged = tasks.validations(viewer=request.viewer, task=subject.task)
    context = {
        "nav": NAV, **shown(subject), "blind": _blind(request, subject), "history": rows,
        "said": told(request, "said"), "fault": fault,
        "validations": [(one, outcomes().get(one.outcome, "")) for one in judged],
        "may_give": subject.published_at is not None and subject.standing != RETIRED and request.viewer.is_a(Role.TEACHER),
        "draft": next((one for one in history if one.published_at is None), None),
    }  # fmt: skip
    return render(request, "pages/tasks/task.html", context, status=422 if fault else 200)


def version(request: HttpRequest, task: object, number: int, subject: TaskView) -> HttpResponse:
    """Show one version as it was published."""
    return render(
        request, "pages/tasks/version.html", {"nav": NAV, **shown(subject), "blind": _blind(request, subject)}
    )


def _blind(request: HttpRequest, subject: TaskView) -> bool:
    """Say whether the levels of exemplars would tell the viewer those of an anchor that they score."""
    return calibration.scores_blind(viewer=request.viewer, task=subject.task)


def _act(request: HttpRequest, subject: TaskView) -> str:
    act, own = (
        request.POST.get("act", ""),
        {"actor": request.viewer, "task": subject.task, "at": request.moment},
    )
    if act == "revise":
        actions.revise_task(**own)
        return f"/tasks/{subject.task}/edit"
    if act == "retire":
        actions.retire_task(reason=typed(request.POST.get("reason", "")), **own)
        return address(f"/tasks/{subject.task}", said=_("Retired: the bank offers it no more."))
    if act == "restore":
        actions.restore_task(**own)
        return address(f"/tasks/{subject.task}", said=_("The bank offers it again."))
    raise Refusal("unknown_word", "Choose what to do.")
