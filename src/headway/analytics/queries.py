"""Questions about snapshots and what was released from them. Needs no engine, so that pages can ask."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

from django.conf import settings

from headway.analytics.metrics import (
    EXPLAINED,
    GROUPS,
    MEAN,
    METRICS,
    RATE,
    RATIO,
    STATES,
    STEPS,
    WAIT,
    Metric,
)
from headway.analytics.types import Snapshot

__all__ = [
    "EXPLAINED",
    "GROUPS",
    "MEAN",
    "METRICS",
    "RATE",
    "RATIO",
    "STATES",
    "STEPS",
    "WAIT",
    "Metric",
    "folder",
    "newest",
    "read",
    "snapshots",
]

MANIFEST = "manifest.json"


def folder() -> Path:
    """Return where the snapshots of this home lie."""
    home: Path = settings.HOME
    return home / "snapshots"


def snapshots() -> list[Snapshot]:
    """Return the snapshots that there are, newest taken first."""
    found = [read(path.parent) for path in folder().glob(f"[!.]*/{MANIFEST}")]
    return sorted(found, key=lambda one: one.taken_at, reverse=True)


def newest(as_of: date | None = None) -> Snapshot | None:
    """Return the newest snapshot of a day (None: the one of the latest day), None where there is none."""
    found = [one for one in snapshots() if as_of is None or one.as_of == as_of]
    return max(found, key=lambda one: (one.as_of, one.taken_at), default=None)


def read(path: Path) -> Snapshot:
    """Return what a folder of a snapshot says of itself."""
    said = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    return Snapshot(
        said["name"], date.fromisoformat(said["as_of"]), datetime.fromisoformat(said["taken_at"]), said["through"],
        said["rows"], said["digests"], said["schema"], said["version"],
    )  # fmt: skip
