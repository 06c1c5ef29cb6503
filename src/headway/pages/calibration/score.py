"""The blind round: the work on the left, the rubric on the right, one work after the other in an order of one's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.calibration import actions, queries
from headway.calibration.types import ROUND_2, SCORING, Given, SeatView, SessionView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.calibration.index import saved
from headway.pages.calibration.rubric import Rubric, rubric_of
from headway.pages.calibration.words import nav
from headway.pages.calibration.works import hand
from headway.pages.parts import refused


def own_works(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """List the viewer's works in their own order with what is saved; hand the round in."""
    fault = ""
    if request.method == "POST":
        try:
            actions.hand_in_round(actor=request.viewer, session=session, at=request.moment)
            return redirect(f"/calibration/{session}/score?done=handed")
        except Refusal as refusal:
            fault = refused.said(refusal)
    seats = queries.own_seats(session=subject)
    context = {
        "nav": nav(request), "session": subject, "seats": seats, "fault": fault, "done": saved(request),
        "saved_n": sum(one.saved for one in seats), "second": subject.state == ROUND_2, "scoring": subject.state in SCORING,
        "next": next((one.place for one in seats if not one.saved), None),
        "whole": all(one.saved for one in seats) or subject.state == ROUND_2,
    }  # fmt: skip
    return render(request, "pages/calibration/own_works.html", context, status=422 if fault else 200)


def score(request: HttpRequest, session: UUID, place: int, subject: SessionView) -> HttpResponse:
    """Show one work without whose it is, and the rubric; keep what the viewer gives it at once."""
    seat = queries.seat(viewer=request.viewer, session=subject, place=place)
    if seat is None:
        raise Http404
    fault, rubric = "", rubric_of(request, subject.version)
    if request.method == "POST":
        try:
            given = _read(request, rubric)
            actions.save_scores(
                actor=request.viewer, session=session, place=place, given=given, at=request.moment
            )
            return redirect(_onward(subject, session, place))
        except Refusal as refusal:
            fault = refused.said(refusal)
    context = {
        "nav": nav(request), "session": subject, "seat": seat, "base": f"/calibration/{session}/score",
        "task": rubric.task, "rubric": rubric, "fault": fault,
        "criteria": [_criterion(request, rubric, seat, one) for one in rubric.task.criteria],
        "second": subject.state == ROUND_2, "closed": subject.submitted or subject.state not in SCORING,
        "back": place - 1 if place > 1 else None, "skip": place + 1 if place < seat.of_n else None,
    }  # fmt: skip
    return render(request, "pages/calibration/score.html", context, status=422 if fault else 200)


def _read(request: HttpRequest, rubric: Rubric) -> dict[UUID, Given]:
    given = {}
    for one in rubric.task.criteria:
        level = request.POST.get(f"level-{one.position}", "")
        if is_whole(level) and len(level) < 7:
            comment = request.POST.get(f"comment-{one.position}", "").replace("\r\n", "\n").strip()
            given[one.uuid] = Given(int(level), comment)
    if not given:
        raise Refusal("nothing_given", "Choose a level on at least one criterion.")
    return given


def _criterion(request: HttpRequest, rubric: Rubric, seat: SeatView, one: Any) -> dict[str, Any]:
    own = seat.given.get(one.uuid)
    chosen = request.POST.get(f"level-{one.position}", str(own.level) if own else "")
    return {
        "position": one.position, "name": one.name,
        "comment": request.POST.get(f"comment-{one.position}", own.comment if own else ""),
        "options": [
            {"level": level.level, "mark": level.mark, "name": level.name, "words": one.descriptors.get(level.level, ""),
             "chosen": str(level.level) == chosen}
            for level in rubric.levels
        ],
    }  # fmt: skip


def _onward(subject: SessionView, session: UUID, place: int) -> str:
    """Return the next work that is not saved whole, after this one and then from the beginning; the list where all are."""
    left = [one.place for one in queries.own_seats(session=subject) if not one.saved]
    later = [one for one in left if one > place]
    if not left:
        return f"/calibration/{session}/score"
    return f"/calibration/{session}/score/{(later or left)[0]}"


def picture(
    request: HttpRequest, session: UUID, place: int, position: int, subject: SessionView
) -> HttpResponse:
    """Give a picture of the work at a place of the viewer's own order."""
    return hand(queries.part_file(session=subject, position=position, place=place))
