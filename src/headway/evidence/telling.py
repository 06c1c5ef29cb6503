"""What was said about students' work since a place in the ledger: what a notice counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, F, Min, OuterRef, Q

from headway.evidence.models import Event, LedgerHead, Rating, Return
from headway.kit.times import micros
from headway.science.codes import Override, Purpose, Status
from headway.science.pieces import COUNTED_KINDS

BLOCK = 5_000


def place_at(instant: datetime) -> int:
    """Return the sequence after which every event came later than an instant, looked for from the end of the ledger back.

    Where a ledger was filled from elsewhere, events do not stand in the order of their times; a block of 5,000 that are all
    older ends the search. One statement for each block.
    """
    end = found = LedgerHead.objects.values_list("sequence", flat=True).filter(pk=1).first() or 0
    while end > 0:
        block = Event.objects.filter(sequence__gt=end - BLOCK, sequence__lte=end, at_us__gt=micros(instant))
        first = block.aggregate(first=Min("sequence"))["first"]
        if first is None:
            break
        found, end = first - 1, end - BLOCK
    return found


def feedback_since(*, students: Sequence[int], after: int, observed_from: datetime) -> dict[int, int]:
    """Return on how many pieces each student got feedback after a sequence; students without any are missing.

    Feedback is a standing rating by an adult that was recorded or released since, on an own target too, and an attempt given
    back since. An end of a decision or of an individual goal is none, nor is a held rating, one that only moved, or one of
    long ago that came in by an import. Two statements.
    """
    was_held = Rating.objects.filter(
        student_id=OuterRef("student_id"), target_id=OuterRef("target_id"), key=OuterRef("key"), held=True, to_sequence__gt=after
    )  # fmt: skip
    rated = Rating.objects.filter(
        Q(origin_sequence__gt=after) | Exists(was_held), student_id__in=list(students), to_sequence=None, held=False,
        from_sequence__gt=after, kind__in=COUNTED_KINDS, status=Status.RATED,
        purpose__in=(Purpose.EVIDENCE, Purpose.PRACTICE, Purpose.MODIFIED), observed_us__gte=micros(observed_from),
    ).exclude(override=Override.REVERTS)  # fmt: skip
    pieces = {
        (student, piece or key) for student, piece, key in rated.values_list("student_id", "piece", "key")
    }
    back = Return.objects.filter(
        sequence__gt=after, piece__student_id__in=list(students), attempt=F("piece__attempt")
    )
    pieces |= set(back.values_list("piece__student_id", "piece__key"))
    found: dict[int, int] = {}
    for student, _piece in pieces:
        found[student] = found.get(student, 0) + 1
    return found
