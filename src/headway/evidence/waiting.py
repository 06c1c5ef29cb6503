"""Work that was handed in and not rated yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q

from headway.evidence.models import Piece, Rating, Return
from headway.kit.times import micros
from headway.science.codes import Status
from headway.science.pieces import COUNTED_KINDS

_PART = 10_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """One piece of a student's work that waits for a rating, with the targets it was made for (row keys)."""

    piece_key: str
    student: int
    target_ids: tuple[int, ...]
    title: str
    handed_in_at: datetime


def waiting(students: Iterable[int], *, by: datetime | None = None) -> list[Waiting]:
    """Return the students' pieces whose newest attempt no adult has rated, oldest first. One statement per 10,000.

    `by` asks about an instant: handed in before it, and not rated by then. What counts is a standing rating by an adult
    that names the piece and its attempt or a later one, or any such rating where the piece was marked as rated after it
    was handed in. A held rating is a rating; a missed chance and a student's own rating are none. An attempt that was
    given back for revision waits for the student, not for a rating.
    """
    wanted = list(dict.fromkeys(students))
    found: dict[str, Waiting] = {}
    for start in range(0, len(wanted), _PART):
        for row in _rows(wanted[start : start + _PART], by):
            key, student, title, at, target = row
            before = found[key].target_ids if key in found else ()
            targets = before if target is None else (*before, target)
            found[key] = Waiting(key, student, targets, title, at)
    return sorted(found.values(), key=lambda one: (one.handed_in_at, one.piece_key))


def _rows(students: list[int], by: datetime | None) -> Iterable[tuple[str, int, str, datetime, int | None]]:
    ratings = Rating.objects.filter(
        student_id=OuterRef("student_id"), piece=OuterRef("key"), to_sequence=None, kind__in=COUNTED_KINDS
    ).exclude(status=Status.MISSED)
    unmarked = Q(rated_at=None) | Q(rated_at__lt=F("handed_in_at"))
    returned = Return.objects.filter(piece_id=OuterRef("pk"), attempt__gte=OuterRef("attempt"))
    pieces = Piece.objects.filter(student_id__in=students)
    if by is not None:
        ratings = ratings.filter(observed_us__lt=micros(by))
        unmarked |= Q(rated_at__gte=by)
        pieces = pieces.filter(handed_in_at__lt=by)
        returned = returned.filter(returned_at__lt=by)
    found = pieces.filter(
        ~Exists(ratings.filter(attempt__gte=OuterRef("attempt"))),
        unmarked | ~Exists(ratings),
        ~Exists(returned),
    )
    rows = found.order_by("handed_in_at", "key", "targets__id")
    return rows.values_list("key", "student_id", "title", "handed_in_at", "targets__id")
