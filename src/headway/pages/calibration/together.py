"""After the reveal: the map of where people differ, and one work with what was given, said and agreed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.calibration import actions, queries
from headway.calibration.types import FINISHED, OPENED, ROUND_2, TRIADS, Cell, SessionView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.calibration.index import saved
from headway.pages.calibration.rubric import Rubric, rubric_of
from headway.pages.calibration.words import nav
from headway.pages.parts import refused


def differences(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Show works by criteria with how far apart the scores lie, widest first; before the reveal say when it comes."""
    rubric = rubric_of(request, subject.version)
    rows = queries.map_of(session=subject)
    context = {
        "nav": nav(request), "session": subject, "task": rubric.task, "rubric": rubric, "done": saved(request),
        "opened": subject.state in OPENED, "rows": [_row(rubric, one) for one in rows], "finished": subject.state == FINISHED,
        "wide_n": sum(one.asunder >= 2 * _step(rubric) for one in rows), "steps": _key(rubric),
        "compared": any(cell.counts for one in rows for cell in one.cells),
    }  # fmt: skip
    return render(request, "pages/calibration/map.html", context)


def _step(rubric: Rubric) -> int:
    """Return the distance of two neighboring levels, in hundredths."""
    levels = [one.level for one in rubric.levels]
    return min((b - a for a, b in pairwise(levels)), default=100)


def _key(rubric: Rubric) -> list[int]:
    return list(range(min(4, len(rubric.levels))))


def _row(rubric: Rubric, row: Any) -> dict[str, Any]:
    return {"row": row, "cells": [_cell(rubric, one) for one in row.cells]}


def _cell(rubric: Rubric, cell: Cell) -> dict[str, Any]:
    far = round(cell.asunder / _step(rubric))
    return {
        "cell": cell, "far": far, "shape": min(far, 3), "alone": not cell.counts,
        "counts": [(rubric.of(level), n) for level, n in cell.counts.items()],
        "own": rubric.of(cell.own), "agreed": rubric.of(cell.agreed), "anchor": rubric.of(cell.anchor),
        "criterion": rubric.criterion(cell.criterion),
    }  # fmt: skip


def work(request: HttpRequest, session: UUID, number: int, subject: SessionView) -> HttpResponse:
    """Show one work with how many gave which level, what was said, and what was agreed; keep a note or an agreed level."""
    rows = queries.map_of(session=subject, number=number)
    if not rows:
        raise Http404
    fault = ""
    if request.method == "POST":
        try:
            return redirect(_act(request, session, number))
        except Refusal as refusal:
            fault = refused.said(refusal)
    rubric = rubric_of(request, subject.version)
    notes = queries.notes_of(session=subject, number=number)
    cells = [_cell(rubric, one) for one in rows[0].cells]
    for one in cells:
        one["notes"] = [note for note in notes if note.criterion == one["cell"].criterion]
        one["agreed_level"] = request.POST.get(f"agreed-{one['criterion'].position}", "")
    place = queries.own_place(session=subject, number=number) if subject.in_it else None
    context = {
        "nav": nav(request), "session": subject, "number": number, "base": f"/calibration/{session}/works",
        "row": rows[0], "cells": cells, "rubric": rubric,
        "task": rubric.task, "parts": queries.work_parts(session=subject, number=number), "fault": fault, "done": saved(request),
        "notes": [one for one in notes if one.criterion is None], "key": f"note-{uuid4()}",
        "may_agree": subject.way != TRIADS and subject.state != FINISHED,
        "again": place if subject.state == ROUND_2 and not subject.submitted else None,
        "whole": all(one["agreed"] for one in cells), "steps": _key(rubric),
    }  # fmt: skip
    return render(request, "pages/calibration/work.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, session: UUID, number: int) -> str:
    who: dict[str, Any] = {
        "actor": request.viewer,
        "session": session,
        "number": number,
        "at": request.moment,
    }
    sent, here = request.POST, f"/calibration/{session}/map/{number}"
    act = sent.get("act", "")
    if act == "anchor":
        actions.keep_anchor(**who)
        return f"{here}?done=anchor"
    criterion = _uuid(sent.get("criterion", ""))
    if act == "agree" and criterion is not None:
        level = sent.get("level", "")
        if not is_whole(level) or len(level) > 6:
            raise Refusal("outside_scale", "Choose one of the levels of the rubric.")
        actions.agree(**who, criterion=criterion, level=int(level), why=sent.get("why", ""))
        return f"{here}?done=agreed"
    actions.note(
        **who, criterion=criterion, key=sent.get("key", ""), words=sent.get("words", "").replace("\r\n", "\n")
    )
    return f"{here}?done=noted"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404 from None
