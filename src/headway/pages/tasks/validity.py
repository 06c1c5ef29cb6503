"""The validity file of a task: dated evidence by kind, with what sessions of scoring together tell beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.calibration import queries as calibration
from headway.calibration.types import ADJACENT_GOAL, EXACT_GOAL
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import figures, refused
from headway.pages.parts.learning import language
from headway.pages.parts.told import address, told
from headway.pages.tasks.bank import NAV
from headway.pages.tasks.words import evidence_kinds, shown, typed
from headway.tasks import actions
from headway.tasks import queries as tasks
from headway.tasks.types import NewEntry, TaskView


def validity(request: HttpRequest, task: object, subject: TaskView) -> HttpResponse:
    """Show a task's validity file; add an entry, or withdraw one."""
    fault = ""
    if request.method == "POST":
        try:
            return redirect(address(request.path, said=_act(request, subject)))
        except Refusal as refusal:
            fault = refused.said(refusal)
    entries = tasks.validity_file(viewer=request.viewer, task=subject.task)
    kinds = [
        {"key": key, "name": name, "asks": asks, "entries": [one for one in entries if one.kind == key]}
        for key, (name, asks) in evidence_kinds().items()
    ]  # fmt: skip
    context = {
        "nav": NAV, **shown(subject), "kinds": kinds, "fault": fault, "said": told(request, "said"),
        "lacks": [one["name"] for one in kinds if not any(each.withdrawn_at is None for each in one["entries"])],
        "numbers": [one.number for one in tasks.versions(viewer=request.viewer, task=subject.task) if one.published_at],
        "typed": request.POST, "key": request.POST.get("key") or f"validity-{uuid4()}", "today": request.viewer.today,
        "facts": _facts(request, subject),
    }  # fmt: skip
    return render(request, "pages/tasks/validity.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, subject: TaskView) -> str:
    sent, own = request.POST, {"actor": request.viewer, "task": subject.task, "at": request.moment}
    if sent.get("act") == "add":
        number = sent.get("version", "")
        entry = NewEntry(
            sent.get("kind", ""), int(number) if is_whole(number) and len(number) < 5 else 0, _day(sent.get("on", "")),
            typed(sent.get("words", "")),
        )  # fmt: skip
        actions.add_validity_entry(key=typed(sent.get("key", ""))[:190], entry=entry, **own)
        return _("Added. It stays as it is written; it can be withdrawn.")
    if sent.get("act") == "withdraw":
        try:
            entry_id = UUID(sent.get("entry", ""))
        except ValueError as error:
            raise Refusal("unknown_entry", "There is no such entry.") from error
        actions.withdraw_validity_entry(entry=entry_id, reason=typed(sent.get("reason", "")), **own)
        return _("Withdrawn. It stays to be read, with the reason.")
    raise Refusal("unknown_word", "Choose what to do.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _facts(request: HttpRequest, subject: TaskView) -> dict[str, Any] | None:
    """Return what finished sessions of this version tell; None before there is one."""
    found = calibration.of_task(viewer=request.viewer, version=subject.uuid)
    if found is None:
        return None
    body = found.body
    rows = [
        figures.row(name, one, raters=one["raters"])
        for name, one in ((_("All raters"), body["all"]), (_("With anchors"), body["anchors"])) if one
    ]  # fmt: skip
    return {
        "made_at": found.made_at, "rows": rows, "works": body["works"], "sessions": body["sessions"],
        "everyday": body["everyday"], "least": body["least"], "levels": _levels(body, subject),
        "exact_goal": round(100 * EXACT_GOAL), "adjacent_goal": round(100 * ADJACENT_GOAL),
    }  # fmt: skip


def _levels(body: Mapping[str, Any], subject: TaskView) -> list[dict[str, Any]]:
    """Return each level of the scale with its share of the blind scores; empty where nothing may be told."""
    given = {one["level"]: one["n"] for one in body["levels"]}
    total = sum(given.values())
    if not total:
        return []
    return [
        {"name": one.called(language()), "n": given.get(one.level, 0),
         "share": f"{figures.number(100 * given.get(one.level, 0) / total, 0)}\u00a0%"}
        for one in subject.levels
    ]  # fmt: skip
