"""Acts on a learner's profile and what stands beside it. Each is one transaction, one event about the student, audited."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.evidence import actions as ledger
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency.queries import Book
from headway.profiles import consenting, deciding, helping, modifying, queries
from headway.profiles.models import (
    Accommodation,
    Consent,
    DecisionTaken,
    LanguageStatus,
    Modification,
    ProfileEntry,
    ScreenerResult,
)
from headway.profiles.types import CHECK_IN, FIELDS, GOALS, READERS, NewEntry, Settings
from headway.profiles.writing import begin, check_key, standing, tell, words_of, writes_as
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters

LONGEST = 600

add_accommodation = helping.add_accommodation
end_accommodation = helping.end_accommodation
set_language_status = helping.set_language_status
modify_target = modifying.modify_target
end_modification = modifying.end_modification
record_consent = consenting.record_consent
withdraw_consent = consenting.withdraw_consent
record_result = consenting.record_result
record_decision = deciding.record_decision
withdraw_decision = deciding.withdraw_decision


def add_entry(*, actor: Viewer, student_id: int, key: str, entry: NewEntry, at: datetime, book: Book) -> UUID:
    """This will add an entry to a student's profile and return its identifier; a known key answers with the entry that stands.

    Written: event, entry, audit entry. Who may: the student, the family in care, teachers, advisors and leaders who see the
    student. Raises `Refusal`: `no_such_person`, `unknown_word`, `reader_not_allowed`, `text_missing`, `text_too_long`,
    `reads_like_a_diagnosis`, `expires_too_late`, `day_passed`, `unknown_target`, `key_missing`, `key_conflict`.
    """
    said = queries.settings(book)
    _check_entry(actor, entry, said)
    words = words_of(entry.words, LONGEST, said.labels)
    expires = entry.expires_on or actor.today + timedelta(days=said.expires_days)
    if not actor.today < expires <= actor.today + timedelta(days=said.longest_days):
        raise Refusal(
            "expires_too_late",
            Sentence(
                "An entry is shown until a day within %(most)s days from today.",
                most=said.longest_days,
            ),
        )
    readers = " ".join(one for one in READERS if one in entry.readers)
    with transaction.atomic():
        ledger.lock()
        written_as = writes_as(actor, student_id, school_only=False)
        row = begin(
            ProfileEntry, "profile_entry", actor=actor, student=student_id, key=check_key(key), at=at,
            field=entry.field, words=words, target_id=entry.target, readers=readers, expires_on=expires,
            next_on=entry.next_on, written_as=written_as,
        )  # fmt: skip
        return row.uuid


def _check_entry(actor: Viewer, entry: NewEntry, said: Settings) -> None:
    """Refuse an entry whose field, readers, day or target do not fit."""
    if entry.field not in FIELDS or not set(entry.readers) <= set(READERS):
        raise Refusal("unknown_word", Sentence("A field is one of: %(known)s.", known=", ".join(FIELDS)))
    if not set(entry.readers) <= set(said.readers[entry.field]):
        raise Refusal("reader_not_allowed", "The district does not let this field be read by all of these.")
    if entry.next_on is not None and (entry.field != CHECK_IN or entry.next_on < actor.today):
        raise Refusal("day_passed", "The next check-in is on a day to come.")
    if entry.target is not None:
        node = frameworks.node(entry.target) if entry.field == GOALS else None
        if node is None or not node.is_leaf:
            raise Refusal("unknown_target", "Only a goal names a target, and it is one of a continuum.")


def withdraw_entry(*, actor: Viewer, entry: UUID, at: datetime) -> None:
    """This will take an entry back: it leaves every page and stays in the record; a second time changes nothing.

    Written: event, entry, audit entry. Who may: its author. Raises `Refusal("no_such_entry")`.
    """
    with transaction.atomic():
        ledger.lock()
        row = standing(ProfileEntry, entry)
        if actor.person_id is None or row.written_by_id != actor.person_id:
            raise Refusal("no_such_entry", "There is no such entry of yours.")
        writes_as(actor, row.student_id, school_only=False)
        if row.withdrawn_at is None:
            row.withdrawn_at = at
            tell(row, "profile_entry", actor=actor, at=at)


def note_reading(*, actor: Viewer, student_id: int, at: datetime) -> None:
    """This will leave a trace that somebody of the school read what is sensitive about a student.

    Written: one audit entry. Who may: the caller has checked.
    """
    subject = rosters.person_uuids(person_ids=[student_id])[student_id]
    record_act(actor=actor, act="read_supports", kind="person", object_id=subject, at=at)


# People who are joined, and erasure.


def follow(joining: rostering.Joining) -> None:
    """This will move what is said of a student, or by them, with a merge or back with its split.

    A modification, or a language status, that the person who stays has too, stays with the other. For
    `rosters.actions.register_follower`.
    """
    if joining.of is not None:
        for model in queries.RECORDS:
            joining.put_back(model)
        return
    into: Any = joining.into
    taken = Modification.objects.filter(student=into, ends_on=None).values("target_id")
    twins: dict[type[Any], Any] = {
        Modification: Modification.objects.filter(student=joining.person, ends_on=None, target_id__in=taken)
    }
    if LanguageStatus.objects.filter(student=into, ends_on=None).exists():
        twins[LanguageStatus] = LanguageStatus.objects.filter(student=joining.person, ends_on=None)
    for model in queries.RECORDS:
        rows = model.objects.filter(student=joining.person).order_by("pk")
        if model in twins:
            rows = rows.exclude(pk__in=list(twins[model].values_list("pk", flat=True)))
        moved = set(rows.values_list("pk", flat=True))
        said = model.objects.filter(Q(pk__in=moved) | Q(written_by=joining.person)).order_by("pk")
        about = [row for row in said if row.pk in moved]
        joining.move(about, "student_id", "written_by_id")
        joining.move([row for row in said if row.pk not in moved], "written_by_id")


def erase_profile(*, student: int) -> None:
    """This will remove everything that is said here of a student. In the caller's transaction, which erases the events about
    the student and is audited there."""
    for model in (
        DecisionTaken,
        ScreenerResult,
        Consent,
        LanguageStatus,
        Modification,
        Accommodation,
        ProfileEntry,
    ):
        model.objects.filter(student_id=student).delete()
