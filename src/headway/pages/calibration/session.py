"""One session: for who convenes it what it needs next, for a rater what is to be done; and who scores in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.calibration import actions, queries
from headway.calibration.types import (
    FINISHED,
    OPENED,
    PLANNED,
    RESCORING,
    REVEALED,
    ROUND_1,
    RaterRow,
    SessionView,
)
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.calibration import words
from headway.pages.calibration.index import saved
from headway.pages.calibration.rubric import rubric_of
from headway.pages.calibration.words import nav
from headway.pages.parts import figures, refused
from headway.pages.parts.asked import day_of_form
from headway.proficiency import actions as proficiency
from headway.rosters import queries as rosters
from headway.science.agreement.rescoring import SPREAD, findable_inflation, rescore_sample
from headway.science.estimates import EstimateRefused

FOUND_SHOWN = 60


def session(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Show where a session stands; move it on where the viewer convenes it, leave it where they rate."""
    fault = ""
    if request.method == "POST":
        try:
            return redirect(_act(request, session, subject))
        except Refusal as refusal:
            fault = refused.said(refusal)
    rubric = rubric_of(request, subject.version)
    rows = queries.raters(session=subject) if subject.convened else []
    asks = subject.state == REVEALED or (subject.convened and subject.state == ROUND_1)
    alone_n = queries.alone_n(sessions=[subject])[subject.id] if asks else 0
    context = {
        "nav": nav(request), "session": subject, "task": rubric.task, "rubric": rubric, "fault": fault,
        "done": saved(request), "alone_n": alone_n, "none": alone_n >= subject.works_n,
        "state": words.states()[subject.state], "next": words.next_step(subject, alone_n), "way": words.ways()[subject.way],
        "kind": words.kinds()[subject.kind], "rescoring": subject.kind == RESCORING, "raters": rows,
        "waits": queries.waits_for(subject, request.viewer.today),
        "opened": subject.state in OPENED, "ended": queries.ended(subject),
        "precision": _precision(subject) if subject.convened and subject.state == PLANNED else None,
        "missing_n": subject.raters_n - subject.done_n, "today": request.viewer.today,
        "reported": queries.group_report(session=subject) is not None,
    }  # fmt: skip
    return render(request, "pages/calibration/session.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, session: UUID, subject: SessionView) -> str:
    """Do what the form asks; return where to go."""
    who: dict[str, Any] = {"actor": request.viewer, "session": session, "at": request.moment}
    here, act, sent = f"/calibration/{session}", request.POST.get("act", ""), request.POST
    if act == "leave" and subject.rater is not None:
        actions.withdraw_rater(**who, rater=subject.rater)
        return "/calibration/?done=saved"
    if not subject.convened:
        raise Http404
    if act == "open":
        actions.open_session(**who, looked="looked" in sent)
        return f"{here}?done=opened"
    if act == "extend":
        day = day_of_form(request, "closes_on")
        if day is None:
            raise Refusal("days_missing", "Give the first and the last day.")
        actions.extend_session(**who, closes_on=day)
        return f"{here}?done=saved"
    if act == "reveal":
        actions.reveal(**who, without="without" in sent)
        return f"{here}/map?done=revealed"
    if act == "second":
        actions.open_second_round(**who)
        return f"{here}?done=second"
    if act == "finish":
        actions.finish(**who)
        return f"{here}?done=finished"
    if act == "moderated":
        actions.enter_moderated(**who, record=lambda actor, rows: proficiency.record_rows(
            actor=actor, rows=rows, at=request.moment, book=request.book, source="calibration"))  # fmt: skip
        return f"{here}?done=entered"
    if act == "off":
        actions.call_off(**who)
        return f"{here}?done=off"
    raise Http404


def _precision(subject: SessionView) -> dict[str, Any]:
    found = queries.expected(session=subject)
    usual = queries.usual_way(raters=subject.raters_n, works=subject.works_n)
    told: dict[str, Any] = {
        "found": found, "why": figures.reason(found.refused) if found.refused else "", "usual": words.ways()[usual],
        "other": usual != subject.way and subject.way in ("everybody", "linked"),
        "error": "" if found.error_levels is None else figures.number(found.error_levels, 2),
    }  # fmt: skip
    if subject.kind == RESCORING:
        told["half"], told["quarter"] = rescore_sample(0.5), rescore_sample(0.25)
        told["spread"] = figures.number(SPREAD, 2)
    return told


def findable(per_school: int) -> str:
    """Say which inflation so many works of a school find; nothing below ten."""
    try:
        return figures.number(findable_inflation(per_school), 2)
    except EstimateRefused:
        return ""


def raters(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Show who scores in a session; invite people of several schools, let somebody leave."""
    fault = ""
    if request.method == "POST":
        try:
            return redirect(_change_raters(request, session))
        except Refusal as refusal:
            fault = refused.said(refusal)
    school, text = request.GET.get("school", ""), request.GET.get("search", "")
    wanted = [int(school)] if is_whole(school) and len(school) < 10 else None
    found = rosters.staff(on=request.viewer.today, text=text, school_ids=wanted, limit=FOUND_SHOWN)
    there = queries.raters(session=subject)
    known = queries.rater_people(session=subject)
    places = rosters.schools_of_staff(person_ids=[one.id for one in found], on=request.viewer.today)
    names = {one.id: one.name for one in rosters.schools()}
    alike = Counter(one.name() for one in found)
    context = {
        "nav": nav(request), "session": subject, "raters": there, "fault": fault, "done": _left(request, there),
        "standing_n": len(known), "leaving": _leaving(request, subject, there),
        "schools": sorted(names.items(), key=lambda one: one[1]),
        "chosen": school, "search": text, "key": f"raters-{uuid4()}", "may_invite": subject.state in (PLANNED, ROUND_1),
        "found": [
            {
                "id": one.id, "name": one.name(), "known_as": one.sourced_id if alike[one.name()] > 1 else "",
                "school": ", ".join(sorted(names.get(key, "") for key in places.get(one.id, ()))),
            }
            for one in found if one.id not in known
        ],
        "full": len(found) == FOUND_SHOWN, "before": subject.state not in (FINISHED, *OPENED),
    }  # fmt: skip
    return render(request, "pages/calibration/raters.html", context, status=422 if fault else 200)


def _leaving(request: HttpRequest, subject: SessionView, there: Sequence[RaterRow]) -> dict[str, Any] | None:
    """Return whom the page asks about before they leave, and what goes with them; None where it asks about nobody."""
    asked = request.GET.get("leave", "")
    one = next((one for one in there if str(one.id) == asked and not one.withdrawn), None)
    if one is None or subject.state not in (PLANNED, ROUND_1):
        return None
    if subject.state == PLANNED:
        said = _("The session is not open yet: nothing is lost, and you can invite %(name)s again.")
    elif one.submitted:
        said = ngettext(
            "%(name)s has handed in %(n)s work. These scores are removed and cannot be brought back.",
            "%(name)s has handed in %(n)s works. These scores are removed and cannot be brought back.", one.done_n,
        )  # fmt: skip
    elif one.done_n:
        said = ngettext(
            "%(name)s has saved %(n)s work. These scores are removed and cannot be brought back.",
            "%(name)s has saved %(n)s works. These scores are removed and cannot be brought back.", one.done_n,
        )  # fmt: skip
    else:
        said = _("%(name)s has saved no whole work. What was begun is removed and cannot be brought back.")
    return {"id": one.id, "name": one.name, "said": said % {"name": one.name, "n": one.done_n}}


def _left(request: HttpRequest, there: Sequence[RaterRow]) -> str:
    """Say that the rater whom the last act let leave has left; nothing where it was another act."""
    if "left" not in request.GET:
        return ""
    one = next((one for one in there if str(one.id) == request.GET["left"] and one.withdrawn), None)
    if one is None:
        return _("The rater has left the session.")
    return _("%(name)s has left the session; their scores are removed.") % {"name": one.name}


def _change_raters(request: HttpRequest, session: UUID) -> str:
    """Let one rater leave or invite people, as the form asks; return where to go."""
    who: dict[str, Any] = {"actor": request.viewer, "session": session, "at": request.moment}
    here, leaves = f"/calibration/{session}/raters", request.POST.get("leaves", "")
    if is_whole(leaves):
        actions.withdraw_rater(**who, rater=int(leaves[:18]))
        return f"{here}?left={leaves[:18]}"
    people = [int(one[:18]) for one in request.POST.getlist("person") if is_whole(one)]
    actions.invite(**who, people=people)
    kept = {name: request.GET[name] for name in ("search", "school") if name in request.GET}
    return f"{here}?{urlencode(kept)}" if kept else here
