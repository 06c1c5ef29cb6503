"""Accommodations, and the dated status of English learners."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from headway.access.types import Viewer
from headway.evidence import actions as ledger
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency.queries import Book
from headway.profiles import queries
from headway.profiles.models import Accommodation, LanguageStatus
from headway.profiles.types import LANGUAGE_STATUSES
from headway.profiles.writing import begin, check_begun, check_key, standing, tell, words_of, writes_as


def add_accommodation(
    *,
    actor: Viewer,
    student_id: int,
    key: str,
    choice: str,
    words: str,
    starts_on: date,
    at: datetime,
    book: Book,
) -> UUID:
    """This will say what helps a student to reach the same target, from a day on: a line of the district's list, own words, or
    both. Ratings count as ever.

    Written: event, line, audit entry. Who may: teachers, advisors and leaders who see the student. Raises `Refusal`:
    `no_such_person`, `forbidden`, `unknown_word`, `day_ahead`, `text_missing`, `text_too_long`, `reads_like_a_diagnosis`,
    `key_missing`, `key_conflict`.
    """
    said = queries.settings(book)
    if choice and choice not in said.accommodations:
        raise Refusal(
            "unknown_word",
            Sentence("One of: %(known)s.", known=", ".join(said.accommodations)),
        )
    text = words_of(words, 300, said.labels, needed=not choice)
    with transaction.atomic():
        ledger.lock()
        written_as = writes_as(actor, student_id, school_only=True)
        row = begin(
            Accommodation, "accommodation", actor=actor, student=student_id, key=check_key(key), at=at,
            choice=choice, words=text, starts_on=check_begun(actor, starts_on), written_as=written_as,
        )  # fmt: skip
        return row.uuid


def end_accommodation(*, actor: Viewer, accommodation: UUID, at: datetime) -> None:
    """This will end an accommodation today. Written: event, line, audit entry.

    Who may: as in `add_accommodation`. Raises `Refusal`: `no_such_entry`, `no_such_person`, `forbidden`.
    """
    with transaction.atomic():
        ledger.lock()
        row = standing(Accommodation, accommodation, ends_on=None)
        writes_as(actor, row.student_id, school_only=True)
        row.ends_on = max(actor.today, row.starts_on)
        tell(row, "accommodation", actor=actor, at=at)


def set_language_status(
    *,
    actor: Viewer,
    student_id: int,
    key: str,
    status: str,
    source: str,
    starts_on: date,
    at: datetime,
    book: Book,
) -> UUID:
    """This will say what a student is as an English learner from a day on, and end the status before it on that day.

    Written: events, rows, audit entries. Who may: as in `add_accommodation`. Raises `Refusal`: `no_such_person`, `forbidden`,
    `unknown_word`, `day_ahead`, `day_before_last`, `text_missing`, `text_too_long`, `reads_like_a_diagnosis`, `key_missing`,
    `key_conflict`.
    """
    if status not in LANGUAGE_STATUSES:
        raise Refusal(
            "unknown_word",
            Sentence("A status is one of: %(known)s.", known=", ".join(LANGUAGE_STATUSES)),
        )
    text = words_of(source, 200, queries.settings(book).labels)
    with transaction.atomic():
        ledger.lock()
        written_as = writes_as(actor, student_id, school_only=True)
        check_begun(actor, starts_on)
        rows = LanguageStatus.objects.select_for_update().filter(student_id=student_id, ends_on=None)
        before = rows.exclude(key=key).first()
        if before is not None and not LanguageStatus.objects.filter(key=key).exists():
            if starts_on < before.starts_on:
                raise Refusal("day_before_last", "The status that stands began later than that day.")
            before.ends_on = starts_on
            tell(before, "language_status", actor=actor, at=at)
        row = begin(
            LanguageStatus, "language_status", actor=actor, student=student_id, key=check_key(key), at=at,
            status=status, source=text, starts_on=starts_on, written_as=written_as,
        )  # fmt: skip
        return row.uuid
