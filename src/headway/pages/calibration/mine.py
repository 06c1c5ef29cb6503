"""What a rater's own scores tell, to that rater alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from headway.calibration import queries
from headway.calibration.types import ADJACENT_GOAL, EXACT_GOAL, OPENED, SessionView
from headway.pages.calibration import words
from headway.pages.calibration.rubric import Rubric, rubric_of
from headway.pages.calibration.words import nav
from headway.pages.parts import figures

WIDTH, LEFT, RIGHT = 456, 176, 440


def mine(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Show agreement with anchors and colleagues, severity, where on the scale, on which criterion, drift, what to read again."""
    report = queries.own_report(viewer=request.viewer, session=subject)
    rubric = rubric_of(request, subject.version)
    context: dict[str, Any] = {
        "nav": nav(request), "session": subject, "task": rubric.task, "rubric": rubric, "report": report,
        "opened": subject.state in OPENED, "exact_goal": round(100 * EXACT_GOAL), "adjacent_goal": round(100 * ADJACENT_GOAL),
    }  # fmt: skip
    if report is not None:
        context |= _told(report.body, rubric)
    return render(request, "pages/calibration/mine.html", context)


def _told(body: Any, rubric: Rubric) -> dict[str, Any]:
    severity = body["severity"]
    lines = [
        {"name": _name(rubric, one["criterion"]), "leaning": figures.figure(one["leaning"], levels=True), "raw": one["leaning"],
         "exact": figures.figure(one["exact"], percent=True)}
        for one in body["criteria"]
    ]  # fmt: skip
    drift = body["drift"]
    return {
        "body": body, "heading": _heading(severity, body["leaning"]),
        "rows": [figures.row(_("With anchors"), body["anchors"]), figures.row(_("With colleagues"), body["peers"])],
        "severity": figures.figure(severity, levels=True), "leaning": figures.figure(body["leaning"], levels=True),
        "method": severity["method"], "error": "" if severity.get("error") is None else figures.number(severity["error"], 2),
        "criteria": lines, "chart": _chart(lines),
        "scale": [
            (level, [(rubric.levels[at], n) for at, n in enumerate(counts)], sum(counts))
            for level, counts in zip(rubric.levels, body["scale"]["counts"], strict=True)
        ],
        "drift": figures.figure(drift if "value" in drift else {"value": None, "reasons": drift.get("reasons")}, levels=True),
        "drift_flagged": drift.get("flagged"), "windows": drift.get("windows", 1),
        "reread": [
            {"number": one["work"], "distance": figures.number(one["distance"], 1)} for one in body["reread"] if one["work"]
        ],
        "second": body.get("second") or None, "by_group": _by_group(body.get("by_group") or {}),
    }  # fmt: skip


def _by_group(body: Any) -> dict[str, Any] | None:
    """Return departures by student group and named beside blind; None in a report that was made before there were any."""
    if not body:
        return None
    rows, named = words.by_group(body["groups"]), words.by_group(body["named"])
    methods = dict.fromkeys(one["method"] for one in (*rows["told"], *named["told"]))
    return {"rows": rows, "named": named, "least": body["least"], "methods": list(methods)}


def _name(rubric: Rubric, uuid: str) -> str:
    found = rubric.criterion(uuid)
    return found.name if found is not None else ""


def _heading(severity: Any, leaning: Any) -> str:
    """Say the page's answer: severity where it may be spoken of, else that there is too little to say."""
    value, low, high = severity["value"], severity["low"], severity["high"]
    if value is None:
        return _("There is too little to speak of severity.")
    if low is not None and high is not None and low <= 0 <= high:
        return _("You score as your colleagues do.")
    size = figures.number(abs(value), 1)
    if value > 0:
        return _("You score about %(n)s levels more severely than your colleagues.") % {"n": size}
    return _("You score about %(n)s levels more leniently than your colleagues.") % {"n": size}


def _chart(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the leaning on each criterion as dots with intervals around zero; None where nothing is known."""
    known = [one for one in lines if one["raw"]["value"] is not None and one["raw"]["low"] is not None]
    if not known:
        return None
    far = max(0.5, *(max(abs(one["raw"]["low"]), abs(one["raw"]["high"])) for one in known))

    def x(value: float) -> float:
        return round((LEFT + RIGHT) / 2 + value / far * (RIGHT - LEFT) / 2, 1)

    marks = [
        {"y": 22 + 26 * at, "name": one["name"], "x": x(one["raw"]["value"]), "low": x(one["raw"]["low"]),
         "high": x(one["raw"]["high"])}
        for at, one in enumerate(known)
    ]  # fmt: skip
    bottom = 22 + 26 * len(known)
    return {"marks": marks, "zero": x(0), "bottom": bottom, "height": bottom + 22, "ticks": [
        (x(-far), figures.number(-far, 1)), (x(0), "0"), (x(far), figures.number(far, 1, signed=True))]}  # fmt: skip
