"""The next school year: a look at what would happen, by name, and the yes that begins it."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.access import queries as access
from headway.kit.refusals import Refusal
from headway.pages.district.imports import listed
from headway.pages.parts.year import lines, session_kind
from headway.rosters import actions
from headway.rosters.types import Choices, YearPlan


def year(request: HttpRequest) -> HttpResponse:
    """Show the plan of the next year as it was chosen; begin the year after a yes to that very plan."""
    given = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {
        "nav": "district.home",
        "given": {name: given.get(name, "")[:2_000] for name in ("starts", "ends", "last_grade", "retain")},
        "alone": given.get("students") == "no",
    }
    try:
        choices = _choices(given)
        plan = actions.plan_year(actor=request.viewer, at=request.moment, choices=choices)
        if request.method == "POST":
            if given.get("seen") != _seal(plan):
                raise Refusal("plan_changed", "The roster changed since you looked. This is the plan now.")
            run = actions.roll_year(actor=request.viewer, at=request.moment, choices=choices)
            return redirect(f"/district/year?done={run.pk}")
    except Refusal as refusal:
        context["refusal"] = refusal
        if refusal.code == "plan_changed":
            context.update(_planned(plan))
    else:
        context.update(_planned(plan))
    context["runs"] = listed(access.import_runs(kind="year-roll"))
    context["done"] = request.GET.get("done", "")[:12]
    refused = "refusal" in context and (request.method == "POST" or context["refusal"].code not in CALM)
    return render(request, "pages/district/year.html", context, status=422 if refused else 200)


CALM = ("year_not_over", "no_year")
"""What is no fault of whoever looks: there is nothing to roll yet."""


def _planned(plan: YearPlan) -> dict[str, Any]:
    sessions = [{"row": one, "kind": session_kind(one.kind)} for one in plan.sessions]
    return {"plan": plan, "lines": lines(plan), "sessions": sessions, "seen": _seal(plan)}


def _seal(plan: YearPlan) -> str:
    return hashlib.sha256(json.dumps(plan.as_dict(), sort_keys=True).encode()).hexdigest()


def _choices(given: Any) -> Choices:
    return Choices(
        starts_on=_day(given.get("starts", "")),
        ends_on=_day(given.get("ends", "")),
        last_grade=given.get("last_grade", "").strip()[:10],
        retained=tuple(dict.fromkeys(word for word in re.split(r"[\s,;]+", given.get("retain", "")) if word)),
        with_students=given.get("students") != "no",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refusal("not_a_day", "Write the day as in 2026-11-12.") from error
