"""The worker: plans what the day asks for, and does one job after the other."""

from __future__ import annotations

import os
import time
from collections import Counter

from django.db import close_old_connections

import headway.calibration.jobs
import headway.plans.jobs  # noqa: F401  registers how a template is given to a cohort
from headway.jobs import actions as jobs
from headway.jobs import queries
from headway.kit.times import now
from headway.notices import jobs as notices
from headway.reports import jobs as reports

PAUSE_SECONDS = 15


def once() -> dict[str, object]:
    """Do everything that is due, then stop. Returns how many parts of jobs came to which end."""
    ends: Counter[str] = Counter()
    at = now()
    notices.plan(at=at)
    reports.plan(at=at)
    jobs.forget_done(at=at)
    while (end := jobs.run_next(at=now())) is not None:
        ends[end] += 1
    return {
        "copy": queries.is_copy(),
        **{word: ends[word] for word in ("done", "part", "later", "failed", "lost")},
    }


def until_stopped(*, with_parent: bool) -> None:
    """Work until stopped; `with_parent` ends with the process that started it, however that one ended."""
    parent = os.getppid()
    while not with_parent or os.getppid() == parent:
        close_old_connections()
        once()
        time.sleep(PAUSE_SECONDS)
