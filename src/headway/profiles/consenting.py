"""Consents to screeners, and what a screener found while its consent stands."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from headway.access.types import Viewer
from headway.evidence import actions as ledger
from headway.kit.refusals import Refusal
from headway.proficiency.queries import Book
from headway.profiles import queries
from headway.profiles.models import Consent, ScreenerResult
from headway.profiles.writing import begin, check_begun, check_key, standing, tell, words_of, writes_as

LONGEST = 600


def record_consent(
    *,
    actor: Viewer,
    student_id: int,
    key: str,
    instrument: str,
    given_by: str,
    given_on: date,
    at: datetime,
    book: Book,
) -> UUID:
    """This will record who allowed which screener for a student, and when.

    Written: event, consent, audit entry. Who may: teachers, advisors and leaders who see the student. Raises `Refusal`:
    `no_such_person`, `forbidden`, `text_missing`, `text_too_long`, `reads_like_a_diagnosis`, `name_missing`, `day_ahead`,
    `key_missing`, `key_conflict`.
    """
    labels = queries.settings(book).labels
    what = words_of(instrument, 200, labels)
    if not given_by.strip():
        raise Refusal("name_missing", "Say who gave the consent.")
    who = words_of(given_by, 200, ())
    with transaction.atomic():
        ledger.lock()
        written_as = writes_as(actor, student_id, school_only=True)
        row = begin(
            Consent, "consent", actor=actor, student=student_id, key=check_key(key), at=at, instrument=what, given_by=who,
            given_on=check_begun(actor, given_on), written_as=written_as,
        )  # fmt: skip
        return row.uuid


def withdraw_consent(*, actor: Viewer, consent: UUID, at: datetime) -> None:
    """This will withdraw a consent today: what was found under it leaves every page and stays in the record.

    Written: event, consent, audit entry. Who may: the family in care, and teachers, advisors and leaders who see the student.
    Raises `Refusal`: `no_such_entry`, `no_such_person`, `forbidden`.
    """
    with transaction.atomic():
        ledger.lock()
        row = standing(Consent, consent, withdrawn_on=None)
        if writes_as(actor, row.student_id, school_only=False) == "student":
            raise Refusal("forbidden", "The family or the school withdraws a consent.")
        row.withdrawn_on = max(actor.today, row.given_on)
        tell(row, "consent", actor=actor, at=at)


def record_result(
    *, actor: Viewer, consent: UUID, key: str, on: date, words: str, at: datetime, book: Book
) -> UUID:
    """This will record what a screener found, in words and without a label, under a consent that stands.

    Written: event, result, audit entry. Who may: as in `record_consent`. Raises `Refusal`: `consent_missing`,
    `no_such_person`, `forbidden`, `day_ahead`, `before_consent`, `text_missing`, `text_too_long`, `reads_like_a_diagnosis`,
    `key_missing`, `key_conflict`.
    """
    said = words_of(words, LONGEST, queries.settings(book).labels)
    with transaction.atomic():
        ledger.lock()
        found = Consent.objects.filter(uuid=consent).first()
        if found is None:
            raise Refusal("consent_missing", "Record the consent before anything that a screener found.")
        written_as = writes_as(actor, found.student_id, school_only=True)
        if found.withdrawn_on is not None:
            raise Refusal("consent_missing", "The consent was withdrawn: nothing more is recorded under it.")
        if check_begun(actor, on) < found.given_on:
            raise Refusal("before_consent", "The screener was before the consent was given.")
        row = begin(
            ScreenerResult, "screener_result", actor=actor, student=found.student_id, key=check_key(key), at=at,
            consent_id=found.pk, on=on, words=said, written_as=written_as,
        )  # fmt: skip
        return row.uuid
