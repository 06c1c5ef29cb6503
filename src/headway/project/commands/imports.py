"""Bringing data in: rosters, continuums, policies, ratings, plans; and taking an import back."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from headway.access.models import ImportRun
from headway.access.types import SYSTEM
from headway.evidence.types import FIELDS
from headway.frameworks import actions as frameworks
from headway.frameworks.types import Preview
from headway.interop.case import exchange
from headway.interop.oneroster import apply as oneroster
from headway.interop.v1.csv_file import CsvFile, read_csv
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.pages.parts.year import group_said
from headway.plans import actions as plans
from headway.proficiency import actions as proficiency
from headway.proficiency.policy_file import read_policy
from headway.rosters import actions as rosters
from headway.rosters.types import Choices, Plan

EVENT_COLUMNS = ("student", "kind", "at", "outcome", "sensitivity")
PLAN_COLUMNS = ("plan", "student", "target", "pieces", "starts", "ends")


def _progress(kind: str, done: int, total: int) -> None:
    """Show how far a long import is, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{kind}: {done:,} of {total:,}   ")
        sys.stderr.flush()


def import_roster(path: Path, *, plan: bool, accept_removals: bool) -> dict[str, Any]:
    """Import a OneRoster zip or folder, or show its plan."""
    found = oneroster.import_roster(
        path, actor=SYSTEM, at=now(), accept_removals=accept_removals, plan_only=plan, progress=_progress
    )
    if isinstance(found, Plan):
        return {"plan": True, **found.as_dict()}
    return run_as_data(found)


def import_framework(path: Path, *, plan: bool, in_force: date | None) -> dict[str, Any]:
    """Import a CASE package or the spreadsheet, or show what it would change; what moves is determined anew."""
    at = now()
    package = exchange.read_package(path, file=path.name)
    if plan:
        found = frameworks.apply_package(package, actor=SYSTEM, at=at, in_force_on=in_force, plan_only=True)
        assert isinstance(found, Preview)
        return {"plan": True, **found.as_dict()}
    run, moved = proficiency.adopt_framework(package, actor=SYSTEM, at=at, in_force_on=in_force)
    return {**run_as_data(run), "determinations_changed": moved}


def import_policy(path: Path) -> dict[str, Any]:
    """Import a policy file."""
    return run_as_data(
        proficiency.import_policy(actor=SYSTEM, body=read_policy(path), name=path.name, at=now())
    )


def import_ratings(path: Path, *, plan: bool) -> dict[str, Any]:
    """Import ratings by CSV, or check them."""
    found = read_csv(
        path, known=FIELDS, needed=("key", "student", "target", "observed_at"), code="ratings_invalid"
    )
    try:
        return proficiency.import_ratings(
            actor=SYSTEM, rows=found.rows, lines=found.lines, name=found.name, digest=found.digest, at=now(),
            plan_only=plan,
        )  # fmt: skip
    except Refusal as refusal:
        raise _in_file(refusal, found) from refusal


def _in_file(refusal: Refusal, found: CsvFile) -> Refusal:
    """Return a refusal whose findings name the file; the ledger counts a key's row, a file has lines."""
    rows = refusal.code == "key_conflict"
    findings = [
        replace(one, file=one.file or found.name, line=found.lines[one.line - 1] if rows and one.line else one.line)
        for one in refusal.findings
    ]  # fmt: skip
    return Refusal(refusal.code, refusal.message, findings)


def import_plans(path: Path, *, plan: bool) -> dict[str, Any]:
    """Import learning plans by CSV, or check them."""
    found = read_csv(path, known=PLAN_COLUMNS, needed=PLAN_COLUMNS, code="plans_invalid")
    return plans.import_plans(
        actor=SYSTEM, rows=found.rows, lines=found.lines, name=found.name, digest=found.digest, at=now(), plan_only=plan
    )  # fmt: skip


def import_events(path: Path, *, plan: bool) -> dict[str, Any]:
    """Import school events by CSV, or check them."""
    found = read_csv(path, known=EVENT_COLUMNS, needed=EVENT_COLUMNS[:3], code="events_invalid")
    return rosters.import_events(
        actor=SYSTEM, rows=found.rows, lines=found.lines, name=found.name, digest=found.digest, at=now(), plan_only=plan
    )  # fmt: skip


def year_roll(*, plan: bool, choices: Choices) -> dict[str, Any]:
    """Roll the school year, or show by name what that would do."""
    at = now()
    if plan:
        return {"plan": True, **rosters.plan_year(actor=SYSTEM, at=at, choices=choices).as_dict()}
    return run_as_data(rosters.roll_year(actor=SYSTEM, at=at, choices=choices))


def say_year(found: dict[str, Any]) -> str:
    """Say in sentences what rolling the year would do, with the names behind each; or what it did."""
    if not found.get("plan"):
        return "\n".join([f"Import {found['run']}: {found['name']} has begun.", *_said(found["counts"], {})])
    lines = [
        f"Plan: nothing was written. {found['before']} would be followed by {found['title']}, "
        f"{found['starts_on']} to {found['ends_on']}:"
    ]
    lines += [
        f"  {one['title']} ({one['kind']}): {one['starts_on']} to {one['ends_on']}"
        for one in found["sessions"]
    ]
    return "\n".join([*lines, *_said(found["counts"], found["names"])])


def _said(counts: dict[str, int], names: dict[str, list[str]]) -> list[str]:
    lines = []
    for key, n in counts.items():
        lines += [group_said(key, n)] if n else []
        lines += [f"    {name}" for name in names.get(key, ())]
    return lines


def undo_import(run_id: int) -> dict[str, Any]:
    """Take an import back, whatever its kind."""
    run = ImportRun.objects.filter(pk=run_id).first() if 0 < run_id < 2**63 else None
    if run is None:
        raise Refusal("no_such_import", f"There is no import {run_id}.")
    at = now()
    if run.kind in ("roster", "year-roll", "left", "returned"):
        return run_as_data(rosters.undo_import(run_id=run_id, actor=SYSTEM, at=at))
    if run.kind == "events":
        return run_as_data(rosters.undo_events(run_id=run_id, actor=SYSTEM, at=at))
    if run.kind in ("merged", "split"):
        raise Refusal("undo_blocked", "Persons are joined and split by `headway person`.")
    if run.kind == "framework":
        return run_as_data(proficiency.undo_framework(run_id=run_id, actor=SYSTEM, at=at))
    if run.kind == "policy":
        return run_as_data(proficiency.undo_policy(run_id=run_id, actor=SYSTEM, at=at))
    if run.kind == "ratings":
        return run_as_data(proficiency.undo_ratings(run_id=run_id, actor=SYSTEM, at=at))
    return run_as_data(plans.undo_plans(run_id=run_id, actor=SYSTEM, at=at))


def run_as_data(run: ImportRun) -> dict[str, Any]:
    """Return an import run as plain data."""
    return {"run": run.pk, "kind": run.kind, "name": run.name, "status": run.status, **run.counts}


def say_import(found: dict[str, Any]) -> str:
    """Say in lines what an import did, or would do."""
    lines = [
        "Plan: nothing was written."
        if found.get("plan")
        else f"Import {found['run']}."
        if found.get("run")
        else "Done."
    ]
    for name, value in found.items():
        if name in ("plan", "run") or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            lines.append(f"  {name}:")
            lines += [f"    {key}: {_short(inner)}" for key, inner in value.items()]
        else:
            lines.append(f"  {name}: {_short(value)}")
    return "\n".join(lines)


def _short(value: Any, limit: int = 20) -> str:
    if isinstance(value, list | tuple):
        shown = "; ".join(str(one) for one in value[:limit])
        return shown + (f"; … and {len(value) - limit} more" if len(value) > limit else "")
    if isinstance(value, dict):
        return ", ".join(f"{inner} {key}" for key, inner in value.items() if inner) or "nothing"
    return str(value)
