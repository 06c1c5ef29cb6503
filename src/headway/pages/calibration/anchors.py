"""The anchors of a task's version: what was agreed and why, for those who keep them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.calibration import actions, queries
from headway.calibration.types import NewPart
from headway.kit.refusals import Refusal
from headway.pages.calibration.index import saved
from headway.pages.calibration.rubric import rubric_of
from headway.pages.calibration.words import nav
from headway.pages.calibration.works import hand
from headway.pages.parts import files, refused
from headway.tasks.types import TaskView


def anchors(request: HttpRequest, version: UUID, subject: TaskView) -> HttpResponse:
    """Show the anchors of a task; take one in from an exemplar that an adult made, or retire one."""
    fault = ""
    if request.method == "POST":
        try:
            _act(request, subject)
            return redirect(f"/calibration/anchors/{version}?done=saved")
        except Refusal as refusal:
            fault = refused.said(refusal)
    rubric = rubric_of(request, version)
    found = queries.samples(viewer=request.viewer, version=version, anchors=True)
    context = {
        "nav": nav(request), "task": subject, "fault": fault, "done": saved(request), "rubric": rubric,
        "base": f"/calibration/anchors/{version}",
        "anchors": [
            {"one": one, "lines": [
                (line.name, rubric.of(one.levels.get(line.uuid)), one.why.get(line.uuid, "")) for line in subject.criteria
            ]} for one in found
        ],
        "exemplars": subject.exemplars,
    }  # fmt: skip
    return render(request, "pages/calibration/anchors.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, task: TaskView) -> None:
    sent: Any = request.POST
    for name in ("retire", "exemplar"):
        try:
            chosen = UUID(sent[name])
        except (KeyError, ValueError):
            continue
        if name == "retire":
            actions.retire_anchor(actor=request.viewer, sample=chosen, at=request.moment)
            return
        found = next((one for one in task.exemplars if one.uuid == chosen), None)
        picture = None
        if found is not None and found.file_type in files.IMAGES:
            kept = files.bare(found.file_digest, found.file_type)
            picture = NewPart("", kept.digest, kept.type, kept.size)
        actions.anchor_from_exemplar(
            actor=request.viewer, task=task, exemplar=chosen, picture=picture, at=request.moment
        )
        return
    raise Refusal("no_such_work", "There is no such work that you may see.")


def picture(
    request: HttpRequest, version: UUID, sample: UUID, position: int, subject: TaskView
) -> HttpResponse:
    """Give a picture of an anchor of this task."""
    return hand(queries.anchor_file(version=version, sample=sample, position=position))
