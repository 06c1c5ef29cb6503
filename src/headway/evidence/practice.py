"""Questions about how adults assess, counted from what stands: by adult, for whoever puts them together and names none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from headway.evidence.models import Offer, Rating
from headway.kit.times import micros
from headway.science.codes import Override, Purpose, Status
from headway.science.pieces import COUNTED_KINDS
from headway.tasks.types import COMMON, VALIDATED

_BANK = r"^task-[0-9a-f-]{36}-v[0-9]+$"
"""What a rating calls a task of the bank, as `tasks.types.rated_on` writes it."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What one adult's standing ratings and decisions of a time say: how many ratings, of them by a rubric of the bank and with
    words; how many decisions, of them with a reason, and the pieces of work that stood before all of them."""

    ratings: int = 0
    by_rubric: int = 0
    commented: int = 0
    decisions: int = 0
    reasoned: int = 0
    pieces: int = 0


def practice(*, since: datetime, until: datetime) -> dict[int, Practice]:
    """Return how each adult (row key) rated and decided between two instants. Two statements, one row for each adult."""
    between = Rating.objects.filter(
        to_sequence=None, rater__isnull=False, observed_us__gt=micros(since), observed_us__lte=micros(until)
    )
    found = {row[0]: Practice(*row[1:]) for row in _rated(between)}
    for rater, decisions, reasoned, pieces in _decided(between):
        was = found.get(rater, Practice())
        found[rater] = Practice(was.ratings, was.by_rubric, was.commented, decisions, reasoned, pieces or 0)
    return found


def _rated(between: QuerySet[Rating]) -> QuerySet[Rating, tuple[Any, ...]]:
    rows = between.filter(
        kind__in=COUNTED_KINDS, status=Status.RATED, purpose=Purpose.EVIDENCE, override=Override.NONE
    )
    return rows.order_by().values_list("rater_id").annotate(
        n=Count("id"),
        rubric=Count("id", filter=Q(task__startswith="task-", task__regex=_BANK)),
        words=Count("id", filter=~Q(comment="")),
    )  # fmt: skip


def _decided(between: QuerySet[Rating]) -> QuerySet[Rating, tuple[Any, ...]]:
    # The segment index answers it: the ratings of one student on one target.
    before = Rating.objects.filter(
        student=OuterRef("student"), target=OuterRef("target"), observed_us__lte=OuterRef("observed_us"), to_sequence=None,
        kind__in=COUNTED_KINDS, status=Status.RATED, purpose=Purpose.EVIDENCE, override=Override.NONE,
    )  # fmt: skip
    pieces = before.order_by().values("student").annotate(n=Count("piece", distinct=True)).values("n")
    rows = between.filter(override__in=(Override.COMPLETES, Override.DECIDES)).annotate(
        before=Coalesce(Subquery(pieces, output_field=IntegerField()), 0)
    )
    return rows.order_by().values_list("rater_id").annotate(
        n=Count("id"), reasoned=Count("id", filter=~Q(comment="")), pieces=Sum("before")
    )  # fmt: skip


def given_from_bank(*, since: datetime, until: datetime) -> dict[int, tuple[int, int]]:
    """Return by adult (row key) how many of the tasks that they gave between two instants are validated or common tasks of the
    bank now, of how many. One statement, one row for each adult."""
    rows = Offer.objects.filter(given_at__gt=since, given_at__lte=until, given_by__isnull=False)
    checked = Q(task_version__task__standing__in=(VALIDATED, COMMON))
    return {
        who: (good, n)
        for who, good, n in rows.order_by().values_list("given_by_id").annotate(
            good=Count("id", filter=checked), n=Count("id")
        )
    }  # fmt: skip
