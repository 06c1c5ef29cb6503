"""The works of a session: anchors, copies that were taken, work of one's own students, a sample of everyday ratings."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.calibration import actions, queries
from headway.calibration.types import PLANNED, RESCORING, SessionView
from headway.evidence import queries as evidence
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.calibration import words
from headway.pages.calibration.index import saved
from headway.pages.calibration.rubric import rubric_of
from headway.pages.calibration.session import findable
from headway.pages.calibration.words import nav
from headway.pages.parts import files, refused
from headway.pages.parts.asked import day_of_form
from headway.rosters import queries as rosters

MOST_PIECES = 60
SEALED = "sandbox; default-src 'none'"


def works(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Show what is in a session to who convenes it, and offer what can be put in."""
    fault = ""
    if request.method == "POST":
        try:
            return redirect(_act(request, session))
        except Refusal as refusal:
            fault = refused.said(refusal)
    if not subject.convened and subject.state != PLANNED:
        raise Http404
    rubric = rubric_of(request, subject.version)
    inside = queries.works_of(session=subject) if subject.convened else []
    there = {one.uuid for one in inside}
    free = [one for one in queries.samples(viewer=request.viewer, version=subject.version)
            if one.uuid not in there and not one.retired]  # fmt: skip
    classes = rosters.classes_of(viewer=request.viewer)
    chosen = next(
        (one for one in classes if one.sourced_id == request.GET.get("class")),
        classes[0] if classes else None,
    )
    context = {
        "nav": nav(request), "session": subject, "task": rubric.task, "inside": inside, "fault": fault,
        "done": saved(request),
        "anchors": [one for one in free if one.anchor], "copies": [one for one in free if not one.anchor],
        "classes": classes, "chosen": chosen, "pieces": _pieces(request, chosen, rubric.task.targets) if chosen else [],
        "changeable": subject.state == PLANNED, "rescoring": subject.kind == RESCORING, "kinds": words.kinds(),
        "base": f"/calibration/{session}/works", "per_school": 16, "findable": findable(16),
        "since": request.POST.get("since", ""),
    }  # fmt: skip
    return render(request, "pages/calibration/works.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, session: UUID) -> str:
    who: dict[str, Any] = {"actor": request.viewer, "session": session, "at": request.moment}
    sent, here = request.POST, f"/calibration/{session}/works"
    if is_whole(out := sent.get("out", "")):
        actions.take_out(**who, number=int(out[:6]))
    elif sent.get("act") == "draw":
        per_school = sent.get("per_school", "")
        since = day_of_form(request, "since")
        if not is_whole(per_school) or not 1 <= int(per_school[:4]) <= 400 or since is None:
            raise Refusal("days_missing", "Say from which day on, and how many works of each school.")
        actions.draw_rescoring(**who, per_school=int(per_school[:4]), since=since)
        return f"{here}?done=drawn"
    else:
        chosen = []
        for one in sent.getlist("sample"):
            try:
                chosen.append(UUID(one))
            except ValueError:
                raise Refusal("no_such_work", "There is no such work that you may see.") from None
        actions.put_in(**who, samples=chosen)
    return f"{here}?done=saved"


def _pieces(request: HttpRequest, school_class: Any, targets: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return the newest work on the task's targets of the class's students, with who made it. Four statements."""
    today: date = request.viewer.today
    people = {
        one.id: one
        for one in rosters.students_in_class(class_id=school_class.id, as_of=today, viewer=request.viewer)
    }
    wanted, found = set(targets), []
    for piece in evidence.pieces_of(students=list(people)):
        if wanted & {one.id for one in piece.targets.all()} and piece.student_id in people:
            found.append({
                "key": piece.key, "title": piece.title, "name": people[piece.student_id].name(), "at": piece.handed_in_at,
                "student": piece.student_id,
            })  # fmt: skip
    return found[:MOST_PIECES]


def picture(
    request: HttpRequest, session: UUID, number: int, position: int, subject: SessionView
) -> HttpResponse:
    """Give a picture of a work by its number: to who convenes the session, to its raters once it is revealed."""
    return hand(queries.part_file(session=subject, position=position, number=number))


def hand(found: tuple[str, str] | None) -> HttpResponse:
    """Hand out a cleaned picture under a name that says nothing."""
    path = files.path_of(found[0]) if found else None
    if found is None or path is None or not path.is_file() or found[1] not in files.IMAGES:
        raise Http404
    response = FileResponse(
        path.open("rb"), filename="work" + files.EXTENSIONS[found[1]], content_type=found[1]
    )
    response["Content-Security-Policy"] = SEALED
    response["Cache-Control"] = "private, no-store"
    return response
