"""What issued cards are held against: the record as it is now, and what the ledger says of them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models.functions import Coalesce

from headway.evidence import queries as evidence
from headway.kit.times import end_of_day, micros
from headway.report_cards import composing
from headway.report_cards.models import ReportCard

OF_RATINGS = ("target", "level", "reached", "growth", "pace")
"""What of a card follows from ratings."""


def touched(*, run: int, zone: ZoneInfo, student: int | None = None) -> list[ReportCard]:
    """Return the newest card of each student of a run, or of one, whose ratings of the days of which it speaks came in or ended
    since it was issued. Three statements for 500 cards."""
    rows = ReportCard.objects.filter(run_id=run).annotate(
        who=Coalesce("student__merged_into_id", "student_id")
    )
    if student is not None:
        rows = rows.filter(who=student)
    # The newest issue of each is the last.
    newest = {
        who: (key, through, micros(end_of_day(as_of, zone)))
        for who, key, through, as_of in rows.order_by("issue").values_list("who", "pk", "through", "as_of")
    }
    if not newest:
        return []
    found = set()
    since = min(through for _, through, _ in newest.values())
    for who, begins, ends, observed_us in evidence.changed_after(students=list(newest), sequence=since):
        key, through, limit_us = newest[who]
        if max(begins, ends or 0) > through and observed_us < limit_us:
            found.add(key)
    return list(rows.filter(pk__in=found))


def altered_cards() -> list[tuple[int, int, int]]:
    """Return (run, student, issue) of cards whose content is not that of their digest, or whose digest is not the ledger's."""
    told: dict[tuple[str, str, int], str] = {}
    for body in evidence.bodies_of_kind(kind="card_issued"):
        told[body["run"], body["student"], body["issue"]] = body["digest"]
    found = []
    for row in ReportCard.objects.select_related("student").order_by("id").iterator(chunk_size=200):
        sealed = told.get((str(row.run_id), str(row.student.uuid), row.issue))
        if not sealed == row.digest == composing.digest_of(row.content):
            found.append((row.run_id, row.student_id, row.issue))
    return found
