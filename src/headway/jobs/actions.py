"""Acts on background work: put a job in, work on the next one, try a failed one again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.jobs import queries
from headway.jobs.models import Job
from headway.jobs.types import Given, Kind, NotNow, Step, Work
from headway.kit.refusals import Refusal

LEASE = timedelta(seconds=60)
"""So long a part of a job belongs to who took it; a worker that died is succeeded after it."""
MOST_TRIES = 5
KEPT = timedelta(days=14)

_KINDS: dict[str, Kind] = {}
_log = logging.getLogger("headway")


class _TakenOver(Exception):
    """Somebody else has the job since: what was done for it here is rolled back."""


def register(kind: str, work: Work, *, outside: bool = False) -> None:
    """Register how jobs of a kind are done."""
    _KINDS[kind] = Kind(work, outside)


def put(
    *, kind: str, jobs: Mapping[str, dict[str, Any]], at: datetime, due_at: datetime | None = None
) -> None:
    """This will put jobs in, arguments by key; a key that is known stays as it is. In the caller's transaction, if any."""
    rows = [
        Job(key=key, kind=kind, arguments=arguments, due_at=due_at or at, made_at=at, changed_at=at)
        for key, arguments in jobs.items()
    ]
    Job.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def run_next(*, at: datetime) -> str | None:
    """This will do one part of the job that is due first; returns `done`, `part`, `later`, `failed` or `lost`, None without one.

    What a part writes and the mark that it is done are one transaction, and only who still holds the claim can set the mark:
    the effect is there once, whoever was killed. Work whose effect leaves the installation keeps its own marks; a restored
    copy does none.
    """
    row = _claim(at)
    try:
        return None if row is None else _run(row, at)
    except _TakenOver:
        return "lost"


def _run(row: Job, at: datetime) -> str:
    kind = _KINDS[row.kind]
    given = Given(dict(row.arguments), row.place, row.done_n, at)
    try:
        if kind.outside:
            return _mark(row, kind.work(given), at)
        with transaction.atomic():
            return _mark(row, kind.work(given), at)
    except NotNow as put_off:
        return _leave(
            row, state="waiting", due_at=put_off.until, tries=row.tries - 1, said="", at=at, word="later"
        )
    except _TakenOver:
        raise
    except Refusal as refusal:
        return _fail(row, refusal.message, at)
    except Exception as error:
        # What an exception says may hold somebody's words: the log has it, the page does not.
        _log.exception("job %s", row.key)
        return _fail(
            row,
            f"It ended in a fault of the program ({type(error).__name__}); the server’s log says more.",
            at,
        )


def _claim(at: datetime) -> Job | None:
    """Take the job that is due first, in one UPDATE: of two who try, one changes the row."""
    free = Q(state="waiting", due_at__lte=at) | Q(state="running", leased_until__lte=at)
    Job.objects.filter(state="running", leased_until__lte=at, tries__gte=MOST_TRIES).update(
        state="failed", claim=None, leased_until=None, said="The worker ended in the middle of it, each time.", changed_at=at
    )  # fmt: skip
    copy = queries.is_copy()
    own = [name for name, kind in _KINDS.items() if not (copy and kind.outside)]
    due = Job.objects.filter(free, kind__in=own).order_by("due_at", "id")
    while True:
        claim = uuid4()
        taken = Job.objects.filter(free, pk__in=due.values("pk")[:1]).update(
            state="running", claim=claim, leased_until=at + LEASE, tries=F("tries") + 1, changed_at=at
        )
        if taken:
            return Job.objects.get(claim=claim)
        if not due.exists():
            return None


def _mark(row: Job, step: Step | None, at: datetime) -> str:
    if step is None:
        return _leave(row, state="done", said="", done_n=max(row.of_n, row.done_n), at=at, word="done")
    # A part that was done begins the count of tries anew.
    return _leave(row, state="waiting", due_at=at, tries=0, said="", place=step.place, done_n=step.done_n, of_n=step.of_n,
                  at=at, word="part")  # fmt: skip


def _leave(row: Job, *, at: datetime, word: str, **values: Any) -> str:
    """Let a job go with these values. Raises `_TakenOver` where the claim is another's."""
    own = Job.objects.filter(pk=row.pk, claim=row.claim)
    if not own.update(claim=None, leased_until=None, changed_at=at, **values):
        raise _TakenOver
    return word


def _fail(row: Job, said: str, at: datetime) -> str:
    over = row.tries >= MOST_TRIES
    return _leave(
        row, state="failed" if over else "waiting", due_at=at + timedelta(minutes=4 ** (row.tries - 1)), said=said[:500],
        at=at, word="failed",
    )  # fmt: skip


def try_again(*, actor: Viewer, job_id: int, at: datetime) -> None:
    """This will put a failed job back in, from the part where it stopped. Written: job, audit entry.

    Who may: the district. Raises `Refusal`: `forbidden`, `no_such_job`.
    """
    if not actor.is_a(Role.DISTRICT):
        raise Refusal("forbidden", "Only the district tries a job again.")
    with transaction.atomic():
        found = Job.objects.filter(pk=job_id, state="failed")
        if not found.update(state="waiting", due_at=at, tries=0, changed_at=at):
            raise Refusal("no_such_job", "There is no such failed job.")
        record_act(actor=actor, act="try_job_again", kind="job", object_id=job_id, at=at)


def forget_done(*, at: datetime) -> None:
    """This will remove jobs that were done more than two weeks ago."""
    Job.objects.filter(state="done", changed_at__lt=at - KEPT).delete()
