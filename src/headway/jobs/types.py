"""What crosses the border of jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a long job that is done: where to go on, and how much of how much is done. Every part is a transaction."""

    place: int
    done_n: int
    of_n: int


class NotNow(Exception):
    """The job is put off until an instant; nothing went wrong."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


@dataclass(frozen=True, slots=True)
class Given:
    """What a kind of job is given: its arguments, the place that its last part left, how much was done, and the instant."""

    arguments: dict[str, Any]
    place: int
    done_n: int
    at: datetime


Work = Callable[[Given], Step | None]
"""Does one part of a job; returns None at its end."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of a kind are done. `outside`: the effect leaves the installation, so that no transaction holds it and none
    is done in a restored copy."""

    work: Work
    outside: bool


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as a page shows it. `state` waiting, running, done or failed."""

    id: int
    kind: str
    key: str
    state: str
    due_at: datetime
    tries: int
    done_n: int
    of_n: int
    said: str
    changed_at: datetime
