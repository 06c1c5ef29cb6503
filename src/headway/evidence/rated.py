"""Questions of those who rate about who rated what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from headway.evidence.models import Rating
from headway.science.pieces import COUNTED_KINDS


@dataclass(frozen=True, slots=True)
class Rated:
    """One standing rating by an adult as others who rate read it: who gave it, when, on what. Levels in hundredths."""

    key: str
    student: int
    target: int
    level: int | None
    status: int
    held: bool
    observed_us: int
    recorded_us: int
    rater: int | None
    piece: str


_RATED = ("key", "student_id", "target_id", "level", "status", "held", "observed_us", "recorded_us", "rater_id",
          "piece")  # fmt: skip


def by_others(
    *, rater: int | None, pieces: Sequence[str], students: Sequence[int] = (), targets: Sequence[int] = (),
    since: int = 0, attempt: int = 0,
) -> list[Rated]:  # fmt: skip
    """Return the standing ratings of pieces, else of students on targets, that another person than `rater` gave.

    `since` leaves out what the ledger held by that sequence, `attempt` the ratings of earlier attempts. One statement.
    """
    rows = Rating.objects.filter(
        to_sequence=None, kind__in=COUNTED_KINDS, origin_sequence__gt=since, attempt__gte=attempt
    )
    if pieces:
        rows = rows.filter(piece__in=pieces)
    if students or not pieces:
        rows = rows.filter(student_id__in=students, target_id__in=targets)
    if rater is not None:
        rows = rows.exclude(rater_id=rater)
    return [Rated(*row) for row in rows.order_by("recorded_us", "key").values_list(*_RATED)]


def by(
    *, rater: int, since_us: int, students: Sequence[int], target: int | None = None, limit: int = 500
) -> list[Rated]:
    """Return the standing ratings of students that a person recorded since an instant, the newest first. One statement."""
    rows = Rating.objects.filter(
        rater_id=rater, to_sequence=None, recorded_us__gte=since_us, student_id__in=list(students)
    )
    if target is not None:
        rows = rows.filter(target_id=target)
    return [Rated(*row) for row in rows.order_by("-recorded_us", "key").values_list(*_RATED)[:limit]]


def raters_since(*, students: Sequence[int], since_us: int) -> dict[int, int]:
    """Return how many standing ratings of students each adult recorded since an instant. One statement."""
    rows = Rating.objects.filter(
        student_id__in=list(students), to_sequence=None, recorded_us__gte=since_us, rater_id__isnull=False,
        kind__in=COUNTED_KINDS,
    )  # fmt: skip
    return dict(rows.values_list("rater_id").annotate(n=Count("id")))
