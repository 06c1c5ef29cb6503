"""How consistent judgement is, by session, school and area: for who leads, without a teacher's name and without a rank."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from headway.access.types import Role
from headway.calibration import queries
from headway.calibration.types import ADJACENT_GOAL, EXACT_GOAL, FEWEST_RATERS
from headway.pages.calibration import pooled
from headway.pages.calibration.report import area_name
from headway.pages.calibration.words import nav
from headway.pages.parts import figures
from headway.science.agreement.rescoring import SPREAD, rescore_sample


def consistency(request: HttpRequest) -> HttpResponse:
    """Show finished sessions with agreement of all, within and across schools, by area, and the gap of everyday ratings."""
    found = queries.consistency(viewer=request.viewer)
    together = queries.pooled(viewer=request.viewer)
    context = {
        "pooled": pooled.shown(together) if together is not None else None,
        "nav": nav(request), "sessions": [_session(view, report) for view, report in found],
        "district": request.viewer.is_a(Role.DISTRICT), "fewest": FEWEST_RATERS, "exact_goal": round(100 * EXACT_GOAL),
        "adjacent_goal": round(100 * ADJACENT_GOAL), "half": rescore_sample(0.5), "quarter": rescore_sample(0.25),
        "whole": rescore_sample(1.0), "spread": figures.number(SPREAD, 2), "may_plan": queries.may_convene(request.viewer),
    }  # fmt: skip
    return render(request, "pages/calibration/consistency.html", context)


def _session(view: Any, report: Any) -> dict[str, Any]:
    body = report.body
    if body["withheld"]:
        return {"view": view, "held": True, "made_at": report.made_at, "n": body["raters"]}
    schools = []
    for one in body["schools"]:
        name = one["school"] or _("Other schools together")
        schools.append(
            (figures.row(name, one["within"], raters=one["raters"]), figures.row(name, one["across"]))
        )
    return {
        "view": view, "held": False, "made_at": report.made_at,
        "all": figures.row(_("All raters"), body["all"], raters=body["raters"]),
        "anchors": figures.row(_("With anchors"), body["anchors"]) if body["anchors"] else None, "schools": schools,
        "areas": [figures.row(area_name(one["area"]), one) for one in body["areas"]],
        "gaps": [
            {"school": one["school"] or _("Other schools together"), "gap": figures.figure(one["gap"], levels=True),
             "beside": figures.figure(one["beside"], levels=True), "flagged": one["flagged"],
             "alarm": round(100 * one["false_alarm"])}
            for one in body["gaps"]
        ],
    }  # fmt: skip
