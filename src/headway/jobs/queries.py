"""Questions about background work. Read only."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db.models import Count

from headway.jobs.models import Job
from headway.jobs.types import JobView


def is_copy() -> bool:
    """Whether this home was restored from a backup and not released since: then nothing leaves it."""
    return bool(settings.COPY_MARK.exists())


def counts() -> dict[tuple[str, str], int]:
    """Return how many jobs there are by kind and state. One statement."""
    rows = Job.objects.order_by("kind", "state").values_list("kind", "state").annotate(n=Count("id"))
    return {(kind, state): n for kind, state, n in rows}


def unfinished(*, limit: int = 100) -> list[JobView]:
    """Return jobs that failed, then those that are worked on or tried again, the newest change first. One statement."""
    rows = Job.objects.filter(state="failed") | Job.objects.filter(state="running")
    rows |= Job.objects.filter(state="waiting", tries__gt=0)
    return [_view(row) for row in rows.order_by("state", "-changed_at", "-id")[:limit]]


def known(*, keys: Iterable[str]) -> set[str]:
    """Return those of the keys under which there is a job. One statement."""
    return set(Job.objects.filter(key__in=list(keys)).values_list("key", flat=True))


def is_waiting(*, kind: str) -> bool:
    """Return whether work of a kind is due or under way. One statement."""
    return Job.objects.filter(kind=kind, state__in=("waiting", "running")).exists()


def find(*, key: str) -> JobView | None:
    """Return a job by its key, or None."""
    row = Job.objects.filter(key=key).first()
    return None if row is None else _view(row)


def _view(row: Job) -> JobView:
    return JobView(row.pk, row.kind, row.key, row.state, row.due_at, row.tries, row.done_n, row.of_n, row.said,
                   row.changed_at)  # fmt: skip
