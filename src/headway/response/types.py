"""What crosses the border of response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from headway.evidence.types import Chance

REASONS = ("no_evidence", "stuck", "missed_chances", "ready_to_advance", "waiting", "behind")
"""Why a person should act, in the order in which lists show them."""


@dataclass(frozen=True, slots=True)
class Need:
    """One reason why one student needs a response now.

    `target` (row key) where it is about one target; `since` the day from which it holds; `detail` the numbers behind it,
    by the names that the question for that reason gives.
    """

    student: int
    reason: str
    target: int | None = None
    since: date | None = None
    detail: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClassNeed:
    """Why a class needs a response: of its `n` students `need_n` have a need and `thin_n` no evidence of late.

    `waiting_n` pieces wait for a rating, the oldest for `oldest_days` (None where none waits).
    """

    school_class: int
    n: int
    need_n: int
    thin_n: int
    waiting_n: int
    oldest_days: int | None


@dataclass(frozen=True, slots=True)
class ToRate:
    """One thing that is to be rated next: a piece (of one student or of a group), or a chance for which nothing came.

    `students` and `targets` are row keys; `at` is when it came in, or was given.
    """

    key: str
    title: str
    students: tuple[int, ...]
    targets: tuple[int, ...]
    at: datetime
    chance: Chance | None = None
