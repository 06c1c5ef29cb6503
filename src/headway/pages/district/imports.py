"""Imports in words, and taking one back after a look at what that means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from headway.access import queries as access
from headway.kit.refusals import Finding, Refusal
from headway.pages.district.staging import Staged
from headway.plans import actions as plans
from headway.proficiency import actions as proficiency
from headway.rosters import actions as rosters

_UNDO = {
    "roster": rosters.undo_import,
    "year-roll": rosters.undo_import,
    "events": rosters.undo_events,
    "left": rosters.undo_import,
    "returned": rosters.undo_import,
    "framework": proficiency.undo_framework,
    "policy": proficiency.undo_policy,
    "ratings": proficiency.undo_ratings,
    "plans": plans.undo_plans,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """One import as a line of a list."""

    id: int
    kind: str
    kind_name: str
    name: str
    who: str
    at: Any
    status: str
    said: str
    may_undo: bool


def undo(request: HttpRequest, run_id: int, subject: Any) -> HttpResponse:
    """Ask whether an import shall be taken back, and do it."""
    context = {"nav": "district.home", "run": listed([subject])[0]}
    if request.method == "POST":
        act = _UNDO.get(subject.kind)
        if act is None:
            raise Http404
        try:
            act(run_id=run_id, actor=request.viewer, at=request.moment)
        except Refusal as refusal:
            context["refusal"] = refusal
            return render(request, "pages/district/undo.html", context, status=409)
        return redirect(f"/district/?undone={run_id}")
    return render(request, "pages/district/undo.html", context)


def listed(runs: list[Any]) -> list[Imported]:
    """Return imports as lines, with who brought them in. One statement."""
    names = access.account_names(run.actor for run in runs)
    return [
        Imported(
            run.pk, run.kind, kind_name(run.kind), run.name, names.get(run.actor, _("command line")), run.at, run.status,
            said(run.kind, run.counts), run.status == "applied" and run.kind in _UNDO,
        ) for run in runs
    ]  # fmt: skip


def kind_name(kind: str) -> str:
    """Say what an import brought in."""
    return {"roster": _("Roster"), "framework": _("Continuum"), "policy": _("Policies"), "ratings": _("Ratings"),
            "plans": _("Plans"), "year-roll": _("Next school year"),
            "left": _("Left"), "returned": _("Came back"),
            "events": _("School events"), "merged": _("Joined"), "split": _("Split")}.get(kind, kind)  # fmt: skip


def said(kind: str, counts: dict[str, Any]) -> str:
    """Say in a few words what an import did."""
    if kind == "roster":
        tallies = counts.get("counts", {}).values()
        new, changed, ended = (sum(t.get(word, 0) for t in tallies) for word in ("new", "changed", "ended"))
        return _("%(new)s new, %(changed)s changed, %(ended)s ended") % {
            "new": new,
            "changed": changed,
            "ended": ended,
        }
    if kind == "year-roll":
        return (
            _("%(classes)s classes, %(promoted)s students a grade up, %(leavers)s leave") % counts["counts"]
        )
    if kind in ("left", "returned", "merged", "split"):
        return f"{date_format(date.fromisoformat(counts['on']), 'DATE_FORMAT')}: {counts['reason']}"
    if kind == "policy":
        named = ", ".join(counts.get("policies", [])) or _("settings only")
        return _("%(names)s; %(n)s determinations changed") % {
            "names": named,
            "n": counts.get("determinations_changed", 0),
        }
    if kind == "events":
        return _("%(n)s school events, %(known)s known before") % {
            "n": counts["new"],
            "known": counts["known_before"],
        }
    if kind == "ratings":
        return _("%(n)s ratings") % {"n": counts.get("new", counts.get("ratings", 0))}
    words = {
        "added": _("%(n)s added"), "changed": _("%(n)s changed"), "retired": _("%(n)s ended"),
        "relations_added": _("%(n)s relations added"), "relations_removed": _("%(n)s relations removed"),
        "names": _("%(n)s plans"), "new": _("%(n)s new"), "kept": _("%(n)s kept"), "ended": _("%(n)s ended"),
    }  # fmt: skip
    parts = [said % {"n": counts[word]} for word, said in words.items() if counts.get(word)]
    return ", ".join(parts[:4]) or _("nothing changed")


def refused(refusal: Refusal, limit: int = 500, *, staged: Staged | None = None) -> dict[str, Any]:
    """Return what a page shows of a refusal: its sentence, and every fault with its place, in the file as it was handed in."""
    rows: list[Finding] = list(refusal.findings[:limit])
    if staged is not None:
        rows = [replace(one, file=staged.name) if one.file == staged.path.name else one for one in rows]
    return {"refusal": refusal, "findings": rows, "findings_more": max(len(refusal.findings) - limit, 0)}
