"""Background work of reports: a snapshot each night, and one when somebody asks."""

from __future__ import annotations

from datetime import date, datetime

from headway.analytics import queries as analytics
from headway.jobs import actions as jobs
from headway.jobs.queries import known
from headway.jobs.types import Given, Step
from headway.proficiency import queries as proficiency
from headway.reports.types import SNAPSHOT

HOUR = 2
"""From this hour of the day on, in the zone of the school, the snapshot of the day before is due."""


def plan(*, at: datetime) -> None:
    """This will put in the snapshot of the night, once a day; where there is none at all, at once. Two statements."""
    local = at.astimezone(proficiency.book().zone)
    key = f"{SNAPSHOT}-{local.date()}"
    if (local.hour >= HOUR or analytics.newest() is None) and key not in known(keys=[key]):
        jobs.put(kind=SNAPSHOT, jobs={key: {}}, at=at)


def make(given: Given) -> Step | None:
    """This will take a snapshot, release every report from it, let sets come that are due, and remove old snapshots.

    A job that names a day takes it as of that day, and no set comes with it. It writes files, and at the end a row for each
    set that comes; it blocks no writer while it reads.
    """
    # Loaded here: the engine is in memory only while a snapshot is made.
    from headway.analytics import actions as snapshots
    from headway.reports import actions

    day = given.arguments.get("as_of")
    taken = snapshots.take_snapshot(at=given.at, as_of=date.fromisoformat(day) if day else None)
    actions.release_all(taken)
    if not day:
        actions.deliver_due(as_of=taken.as_of, at=given.at)
    snapshots.tidy(at=given.at)
    return None


jobs.register(SNAPSHOT, make, outside=True)
