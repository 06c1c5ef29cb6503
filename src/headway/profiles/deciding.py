"""Decisions about a student at the points that the district names."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from headway.access.types import Viewer
from headway.evidence import actions as ledger
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency.queries import Book
from headway.profiles import queries
from headway.profiles.models import DecisionTaken
from headway.profiles.writing import begin, check_begun, check_key, standing, tell, words_of, writes_as

LONGEST = 600


def record_decision(
    *,
    actor: Viewer,
    student_id: int,
    key: str,
    point: str,
    option: str,
    on: date,
    reason: str,
    at: datetime,
    book: Book,
) -> UUID:
    """This will record what was decided about a student at a decision point, and why; a known key answers with what stands.

    Written: event, decision, audit entry. Who may: whom the district names at the point, among the student's teachers, advisor
    and leaders. Raises `Refusal`: `no_such_person`, `forbidden`, `unknown_point`, `unknown_option`, `day_ahead`,
    `text_missing`, `text_too_long`, `reads_like_a_diagnosis`, `key_missing`, `key_conflict`.
    """
    found = queries.decision_points(book).get(point)
    if found is None:
        raise Refusal("unknown_point", "The district names no such decision point.")
    if option not in found.options:
        raise Refusal("unknown_option", Sentence("Choose one of: %(known)s.", known=", ".join(found.options)))
    why = words_of(reason, LONGEST, queries.settings(book).labels)
    with transaction.atomic():
        ledger.lock()
        written_as = writes_as(actor, student_id, school_only=True)
        if not set(queries.reads_as(actor, student=student_id)) & set(found.who):
            raise Refusal("forbidden", "The district lets others decide at this point.")
        row = begin(
            DecisionTaken, "decision_point", actor=actor, student=student_id, key=check_key(key), at=at, point=point,
            option=option, on=check_begun(actor, on), reason=why, written_as=written_as,
        )  # fmt: skip
        return row.uuid


def withdraw_decision(*, actor: Viewer, decision: UUID, at: datetime) -> None:
    """This will take a decision back: it leaves every page and figure and stays in the record; a second time changes nothing.

    Written: event, decision, audit entry. Who may: who recorded it, and leaders. Raises `Refusal`: `no_such_entry`,
    `no_such_person`, `forbidden`.
    """
    with transaction.atomic():
        ledger.lock()
        row = standing(DecisionTaken, decision)
        reads = writes_as(actor, row.student_id, school_only=True)
        if row.written_by_id != actor.person_id and reads != "leader":
            raise Refusal("forbidden", "Who recorded it takes it back, or a leader.")
        if row.withdrawn_at is None:
            row.withdrawn_at = at
            tell(row, "decision_point", actor=actor, at=at)
