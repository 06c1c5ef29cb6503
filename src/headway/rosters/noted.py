"""What other systems noted about students, counted: kinds of school events. Single rows are read by the district alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q

from headway.rosters.models import SchoolEvent


@dataclass(frozen=True, slots=True)
class KindOfEvent:
    """One kind of event in the records: how many, how many of them sensitive, about how many students, from when to when."""

    kind: str
    n: int
    sensitive: int
    students: int
    first: datetime
    last: datetime
    outcomes: tuple[tuple[str, int], ...]


def kinds() -> list[KindOfEvent]:
    """Return the kinds of events in the records, by name, each with its most frequent outcomes. Two statements."""
    rows = SchoolEvent.objects.order_by("kind").values("kind")
    counted = rows.annotate(
        n=Count("id"), s=Count("id", filter=Q(sensitive=True)), p=Count("student", distinct=True),
        first=Min("at"), last=Max("at"),
    )  # fmt: skip
    outcomes: dict[str, list[tuple[str, int]]] = {}
    said = SchoolEvent.objects.exclude(outcome="").values_list("kind", "outcome").annotate(n=Count("id"))
    for kind, outcome, n in said.order_by("kind", "-n", "outcome"):
        outcomes.setdefault(kind, []).append((outcome, n))
    return [
        KindOfEvent(row["kind"], row["n"], row["s"], row["p"], row["first"], row["last"],
                    tuple(outcomes.get(row["kind"], ())[:5]))
        for row in counted
    ]  # fmt: skip
