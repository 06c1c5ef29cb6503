"""Brings a OneRoster file into the records: read, stage, plan, apply."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from headway.access.models import ImportRun
from headway.access.types import Viewer
from headway.interop.oneroster.read import read
from headway.rosters import actions
from headway.rosters.types import Plan, Progress


def import_roster(
    path: str | Path,
    *,
    actor: Viewer,
    at: datetime,
    accept_removals: bool = False,
    plan_only: bool = False,
    removal_share: float | None = None,
    progress: Progress | None = None,
    name: str = "",
) -> ImportRun | Plan:
    """This will import a OneRoster zip or folder in one transaction or say what it would do (`plan_only`).

    `name` is what the file is called, where it does not lie under its own name.

    Raises `Refusal`: `no_such_file`, `roster_invalid`, `roster_stale`, `too_many_removals`; nothing is
    written then.
    """
    staged = read(path)
    staged.name = name or staged.name
    try:
        if plan_only:
            return actions.plan_roster(
                staged=staged, actor=actor, at=at, removal_share=removal_share, progress=progress
            )
        return actions.import_roster(
            staged=staged,
            actor=actor,
            at=at,
            accept_removals=accept_removals,
            removal_share=removal_share,
            progress=progress,
        )
    finally:
        staged.close()
