"""What the finished sessions of a year tell together, step by step: within a school, across schools, across districts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from headway.calibration.types import ADJACENT_GOAL, EXACT_GOAL, ReportView
from headway.pages.calibration import words
from headway.pages.parts import figures

LEFT, RIGHT, FIRST, STEP = 150, 424, 32, 26


def shown(report: ReportView) -> dict[str, Any]:
    """Return the steps as lines of a table and of two charts, the schools, and the figures by student group."""
    body = report.body
    steps = [_step(name, body[key]) for key, name in _names().items()]
    common = body["by_group"]
    named = words.by_group(common["named"])
    return {
        "heading": _heading(body), "year": body["year"], "sessions": body["sessions"], "held_sessions": body["held_sessions"],
        "made_at": report.made_at, "steps": steps,
        "charts": [one for one in (_chart(body, "exact", EXACT_GOAL), _chart(body, "adjacent", ADJACENT_GOAL)) if one],
        "schools": [(_step(one["school"], one["within"]), _step(one["school"], one["across"])) for one in body["schools"]],
        "groups": words.by_group(common["groups"]), "named": named, "least": common["least"], "raters": common["raters"],
        "named_raters": common["named_raters"], "named_heading": _named_heading(common["named"]),
    }  # fmt: skip


def _names() -> dict[str, str]:
    return {"anchors": _("With clear anchors"), "within": _("Within a school"), "across": _("Across schools")}


def _step(name: str, found: Mapping[str, Any] | None) -> dict[str, Any]:
    if found is None:
        return {"name": name, "row": None, "why": figures.reason("raters_too_few")}
    return {
        "name": name,
        "row": figures.row(name, found, raters=found["raters"]),
        "sessions": found["sessions"],
    }


def _heading(body: Mapping[str, Any]) -> str:
    """Say the page's answer: across schools where it is known, else within, else that there is too little."""
    for key, said in (
        ("across", _("Raters of different schools gave the same level in %(n)s of their pairs.")),
        ("within", _("Raters of one school gave the same level in %(n)s of their pairs.")),
    ):
        found = figures.figure((body[key] or {}).get("exact"), percent=True)
        if not found.held:
            return said % {"n": found.value}
    return _("There is too little to say how consistent judgement is.")


def _named_heading(rows: list[dict[str, Any]]) -> str:
    found = next((one for one in rows if not one["group"]), None)
    if found is None or found["value"] is None:
        return _("There is too little to compare named with blind ratings.")
    if not figures.beyond(found):
        return _("Named and blind ratings of the same work do not differ beyond chance.")
    size = figures.number(abs(found["value"]), 2)
    if found["value"] > 0:
        return _("Named ratings lie about %(n)s levels above blind ones of the same work.") % {"n": size}
    return _("Named ratings lie about %(n)s levels below blind ones of the same work.") % {"n": size}


def _chart(body: Mapping[str, Any], what: str, goal: float) -> dict[str, Any] | None:
    """Return shares as dots with intervals, the goal on clear anchors as a line; None where nothing is known."""
    known = [
        (name, body[key][what]) for key, name in _names().items() if body[key] and body[key][what]["value"] is not None
    ]  # fmt: skip
    if not known:
        return None

    def x(share: float) -> float:
        return round(LEFT + share * (RIGHT - LEFT), 1)

    marks = [
        {"y": FIRST + STEP * at, "name": name, "x": x(one["value"]), "low": x(one["low"]), "high": x(one["high"])}
        for at, (name, one) in enumerate(known) if one["low"] is not None
    ]  # fmt: skip
    bottom = FIRST + STEP * len(known)
    title = _("The same level") if what == "exact" else _("Within one level")
    return {
        "title": title, "marks": marks, "goal": x(goal), "bottom": bottom, "height": bottom + 22,
        "goal_word": _("goal %(n)s %%") % {"n": round(100 * goal)},
        "ticks": [(x(share), f"{round(100 * share)}\u00a0%") for share in (0.0, 0.25, 0.5, 0.75, 1.0)],
    }  # fmt: skip
