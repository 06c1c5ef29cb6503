"""Acts on rights: ask, answer, hear, state, let a parent go on. Each is one transaction, one event about the student, audited."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.evidence import actions as ledger
from headway.kit.refusals import Refusal, Sentence
from headway.proficiency.queries import Book
from headway.report_cards import actions as report_cards
from headway.report_cards import queries as cards
from headway.rights import disclosing, queries
from headway.rights.models import Disclosure, RightsRequest
from headway.rights.types import (
    AMENDED,
    ANSWERS,
    ASKED,
    GIVEN,
    KINDS,
    OTHER,
    RECORD,
    REFUSED,
    WITHDRAWN,
    RequestView,
)
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters
from headway.rosters.types import CONSENT, DEPENDENT

LONGEST = 2000
MOST_OPEN = 20
disclose = disclosing.disclose
disclose_reading = disclosing.disclose_reading


# What a family asks.


def ask(
    *, actor: Viewer, student_id: int, key: str, kind: str, item: str, words: str, at: datetime, book: Book
) -> UUID:
    """This will ask for the record, or say that an entry of it is wrong, with a day by which it is answered; returns its name.

    A known key answers with the request that stands. Written: event, request, audit entry. Who may: the family in care, and
    the student. Raises `Refusal`: `no_such_person`, `unknown_word`, `no_such_item`, `text_missing`, `text_too_long`,
    `asked_already`, `too_many`, `key_missing`, `key_conflict`.
    """
    if kind not in KINDS:
        raise Refusal("unknown_word", Sentence("A request is one of: %(names)s.", names=", ".join(KINDS)))
    if not 1 <= len(key) <= 100:
        raise Refusal("key_missing", "A form is sent with a key of 1 to 100 characters.")
    said = _words(words, needed=kind != RECORD)
    with transaction.atomic():
        ledger.lock()
        asked_as = _speaks(actor, student_id)
        target = _target(student_id, kind, item, book)
        item = "" if kind in (RECORD, OTHER) else item
        known = RightsRequest.objects.filter(key=key).first()
        if known is not None:
            same = (known.student_id, known.asked_by_id, known.kind, known.item, known.words)
            if same != (student_id, actor.person_id, kind, item, said):
                raise Refusal("key_conflict", "This form was already sent with other words; open it anew.")
            return known.uuid
        _room(student_id, kind, item)
        row = RightsRequest(
            key=key, student_id=student_id, asked_by_id=actor.person_id, asked_as=asked_as, asked_at=at, kind=kind, item=item,
            target_id=target, words=said, due_on=actor.today + timedelta(days=queries.answer_days(book)), state=ASKED,
        )  # fmt: skip
        return _tell(row, "ask_right", actor=actor, at=at).uuid


def _target(student: int, kind: str, item: str, book: Book) -> int | None:
    if kind in (RECORD, OTHER):
        return None
    for one in queries.items_of(student=student, zone=book.zone):
        if (one.kind, one.item) == (kind, item):
            return one.target
    raise Refusal("no_such_item", "There is no such entry in the record.")


def _room(student: int, kind: str, item: str) -> None:
    running = RightsRequest.objects.filter(student_id=student, state=ASKED)
    if kind != OTHER and running.filter(kind=kind, item=item).exists():
        raise Refusal("asked_already", "This was asked already, and the answer is still to come.")
    if running.count() >= MOST_OPEN:
        raise Refusal(
            "too_many", Sentence("%(n)s requests wait already; wait for their answers.", n=MOST_OPEN)
        )


def withdraw(*, actor: Viewer, request: UUID, at: datetime) -> None:
    """This will take back a request that was not answered yet; a second time changes nothing.

    Written: event, request, audit entry. Who may: who asked, while the rights are theirs. Raises `Refusal`:
    `no_such_request`, `answered`.
    """
    with transaction.atomic():
        row = _own(actor, request)
        if row.asked_by_id != actor.person_id:
            raise Refusal("no_such_request", "There is no such request of yours.")
        if row.state == WITHDRAWN:
            return
        if row.state != ASKED:
            raise Refusal("answered", "This request was answered already.")
        row.state = WITHDRAWN
        _tell(row, "withdraw_right", actor=actor, at=at)


def ask_hearing(*, actor: Viewer, request: UUID, at: datetime) -> None:
    """This will ask for a hearing on an amendment that was refused. A second time changes nothing.

    Written: event, request, audit entry. Who may: the family in care, and the student. Raises `Refusal`: `no_such_request`,
    `not_refused`.
    """
    with transaction.atomic():
        row = _own(actor, request)
        if row.kind == RECORD or row.state != REFUSED:
            raise Refusal("not_refused", "A hearing follows an amendment that was refused.")
        if row.hearing_asked_at is None:
            row.hearing_asked_at = at
            _tell(row, "ask_hearing", actor=actor, at=at)


def state(*, actor: Viewer, request: UUID, text: str, at: datetime) -> None:
    """This will let the family's statement stand with the entry that was not amended; an empty text ends it.

    Written: event, statement, audit entry. Who may: the family in care, and the student. Raises `Refusal`: `no_such_request`,
    `not_refused`, `hearing_open`, `text_too_long`.
    """
    with transaction.atomic():
        row = _own(actor, request)
        if row.kind == RECORD or row.state != REFUSED:
            raise Refusal("not_refused", "A statement stands with an entry that was not amended.")
        if row.hearing_asked_at is not None and not row.hearing_outcome:
            raise Refusal("hearing_open", "Wait for the outcome of the hearing.")
        _state(actor, row, text, at)


def _state(actor: Viewer, row: RightsRequest, text: str, at: datetime) -> None:
    report_cards.contest(
        actor=actor, student_id=row.student_id, amendment=row.uuid, kind=row.kind, item=row.item, target=row.target_id,
        text=text, said_by=actor.name, at=at,
    )  # fmt: skip


# What the district answers.


def answer(
    *, actor: Viewer, request: UUID, answer: str, reason: str, at: datetime, correction: int | None = None
) -> None:
    """This will answer a request to amend: `amended`, with the correction that was made, or `refused`, with the reason.

    The correction itself is an act of its own; here it is named by its event. Written: event, request, audit entry. Who may:
    who leads the student's school, and the district. Raises `Refusal`: `no_such_request`, `unknown_word`, `answered`,
    `reason_missing`, `text_too_long`, `correction_missing`.
    """
    with transaction.atomic():
        row = _led(actor, request)
        if row.kind == RECORD and answer != REFUSED:
            raise Refusal("unknown_word", "A request for the record is answered by handing it over.")
        if row.state != ASKED:
            raise Refusal("answered", "This request was answered already.")
        row.reason, row.correction = _decided(row, answer, reason, correction)
        row.state, row.decided_at, row.decided_by = answer, at, actor.name[:200]
        _tell(row, "answer_right", actor=actor, at=at)


def hand_over(*, actor: Viewer, request: UUID, at: datetime) -> RequestView:
    """This will answer a request for the record by handing it over, and enter that in the list of disclosures.

    Written: disclosure, event, request, audit entries; the caller makes the file after it. Handing over again writes the list
    only. Who may: the district. Raises `Refusal`: `no_such_request`, `forbidden`, `answered`, `not_listed`.
    """
    with transaction.atomic():
        row = _led(actor, request)
        if not actor.is_a(Role.DISTRICT):
            raise Refusal("forbidden", "Only the district hands a record over.")
        if row.kind != RECORD or row.state not in (ASKED, GIVEN):
            raise Refusal("answered", "This request was answered already.")
        who = row.asked_by.name() if row.asked_by is not None else row.asked_as
        disclose(
            actor=actor,
            students=[row.student_id],
            what=RECORD,
            to_whom=who,
            purpose="request of the family",
            at=at,
        )
        if row.state == ASKED:
            row.state, row.decided_at, row.decided_by = GIVEN, at, actor.name[:200]
            _tell(row, "answer_right", actor=actor, at=at)
    found = queries.find_request(viewer=actor, name=request)
    assert found is not None
    return found


def set_hearing(*, actor: Viewer, request: UUID, on: date, at: datetime) -> None:
    """This will set the day of a hearing that was asked for, or move it.

    Written: event, request, audit entry. Who may: as in `answer`. Raises `Refusal`: `no_such_request`, `no_hearing`,
    `day_passed`.
    """
    with transaction.atomic():
        row = _heard(actor, request)
        if on < actor.today:
            raise Refusal("day_passed", "Give today or a day to come.")
        row.hearing_on = on
        _tell(row, "set_hearing", actor=actor, at=at)


def close_hearing(
    *, actor: Viewer, request: UUID, outcome: str, words: str, at: datetime, correction: int | None = None
) -> None:
    """This will record the outcome of a hearing: `amended`, with the correction, or `refused`, with the reason.

    An amendment ends the statement that stood. Written: event, request, audit entry. Who may: as in `answer`. Raises
    `Refusal`: as `answer`, and `no_hearing`, `day_ahead`.
    """
    with transaction.atomic():
        row = _heard(actor, request)
        if row.hearing_on is None or row.hearing_on > actor.today:
            raise Refusal("day_ahead", "Record the outcome when the day of the hearing has come.")
        row.hearing_words, row.correction = _decided(row, outcome, words, correction)
        row.hearing_outcome = outcome
        if outcome == AMENDED:
            row.state = AMENDED
            if any(
                one.amendment == row.uuid
                for one in cards.contested(students=[row.student_id]).get(row.student_id, ())
            ):
                _state(actor, row, "", at)
        _tell(row, "close_hearing", actor=actor, at=at)


def _decided(row: RightsRequest, answer: str, reason: str, correction: int | None) -> tuple[str, int | None]:
    if answer not in ANSWERS:
        raise Refusal("unknown_word", Sentence("An answer is one of: %(names)s.", names=", ".join(ANSWERS)))
    said = reason.replace("\0", "").strip()
    if not said:
        raise Refusal("reason_missing", "Say why, or what was corrected: the family reads it.")
    if len(said) > LONGEST:
        raise Refusal("text_too_long", Sentence("At most %(n)s characters fit here.", n=LONGEST))
    if answer == REFUSED:
        return said, None
    known = {one.sequence for one in queries.corrections_of(row)}
    if correction not in known and not (correction is None and row.kind == OTHER):
        raise Refusal("correction_missing", "Correct the entry first, then name the correction.")
    return said, correction


# Coming of age.


def let_go_on(*, actor: Viewer, student_id: int, guardian_id: int, at: datetime) -> None:
    """This will let an adult go on seeing the record of a student who has come of age, from today; again changes nothing.

    The student's consent, or, where the district acts, that the student depends on the adult. Written: event, row, audit
    entry. Who may: the student, and the district. Raises `Refusal`: `no_such_person`, `not_of_age`, `no_such_guardianship`.
    """
    with transaction.atomic():
        ledger.lock()
        basis = _basis(actor, student_id)
        if not queries.of_age(student=student_id, on=actor.today):
            raise Refusal(
                "not_of_age", "Until the student has come of age, the family sees the record anyhow."
            )
        if guardian_id not in {
            one.id for one in rosters.carers_of(student_person_id=student_id, as_of=actor.today)
        }:
            raise Refusal("no_such_guardianship", "This adult does not care for this student.")
        kept = [one for one in rosters.kept_care(student_person_id=student_id) if one.ends_on is None]
        if any(one.guardian_id == guardian_id and one.basis == basis for one in kept):
            return
        row = rostering.keep_care(
            actor=actor, student_id=student_id, guardian_id=guardian_id, basis=basis, at=at
        )
        ledger.record_event(actor=actor, kind="kept_care", body=row.body(), at=at, subject=row.student.uuid)


def end_going_on(*, actor: Viewer, student_id: int, guardian_id: int, at: datetime) -> None:
    """This will end from today what lets an adult go on; where nothing does, nothing changes.

    The student ends a consent, the district dependence. Written: event, row, audit entry. Who may: the student, and the
    district. Raises `Refusal("no_such_person")`.
    """
    with transaction.atomic():
        ledger.lock()
        basis = _basis(actor, student_id)
        for row in rosters.kept_care(student_person_id=student_id):
            if row.ends_on is None and row.guardian_id == guardian_id and row.basis == basis:
                rostering.end_kept_care(actor=actor, row=row, at=at)
                ledger.record_event(
                    actor=actor, kind="kept_care", body=row.body(), at=at, subject=row.student.uuid
                )


def _basis(actor: Viewer, student: int) -> str:
    if queries.speaks_as(actor, student=student) == "student":
        return CONSENT
    if actor.is_a(Role.DISTRICT):
        return DEPENDENT
    raise Refusal("no_such_person", "There is no such student that you may see.")


# Who may, and how it is written.


def _speaks(actor: Viewer, student: int) -> str:
    asked_as = queries.speaks_as(actor, student=student)
    if not asked_as:
        raise Refusal("no_such_person", "There is no such student that you may see.")
    return asked_as


def _own(actor: Viewer, name: UUID) -> RightsRequest:
    """Return a request, locked, about a student for whom the actor speaks."""
    row = _standing(name)
    if not queries.speaks_as(actor, student=row.student_id):
        raise Refusal("no_such_request", "There is no such request of yours.")
    return row


def _led(actor: Viewer, name: UUID) -> RightsRequest:
    """Return a request, locked, about a student for whom the actor answers."""
    row = _standing(name)
    if not queries.leads(actor, student=row.student_id):
        raise Refusal("no_such_request", "There is no such request that you may answer.")
    return row


def _heard(actor: Viewer, name: UUID) -> RightsRequest:
    row = _led(actor, name)
    if row.hearing_asked_at is None or row.hearing_outcome:
        raise Refusal("no_hearing", "No hearing on this request waits for you.")
    return row


def _standing(name: UUID) -> RightsRequest:
    ledger.lock()
    row = RightsRequest.objects.select_for_update().filter(uuid=name).first()
    if row is None:
        raise Refusal("no_such_request", "There is no such request.")
    return row


def _words(text: str, *, needed: bool) -> str:
    said = text.replace("\0", "").strip()
    if needed and not said:
        raise Refusal("text_missing", "Say what is wrong, and what would be right.")
    if len(said) > LONGEST:
        raise Refusal("text_too_long", Sentence("At most %(n)s characters fit here.", n=LONGEST))
    return said


def _tell(row: RightsRequest, act: str, *, actor: Viewer, at: datetime) -> RightsRequest:
    """Append the event that says how the request stands now, and save it, in the caller's transaction."""
    subject = rosters.person_uuids(person_ids=[row.student_id])[row.student_id]
    row.sequence = ledger.record_event(
        actor=actor, kind="rights_request", body=row.body(), at=at, subject=subject
    )
    row.save()
    record_act(actor=actor, act=act, kind="person", object_id=subject, detail={"of": str(row.uuid)}, at=at)
    return row


# People who are joined, and erasure.


def follow(joining: rostering.Joining) -> None:
    """This will move requests and the list of disclosures with a merge or back with its split.

    For `rosters.actions.register_follower`.
    """
    for model in (RightsRequest, Disclosure):
        if joining.of is not None:
            joining.put_back(model)
            continue
        rows: Any = model.objects.filter(student=joining.person)
        if model is Disclosure:
            there = Disclosure.objects.filter(student=joining.into).values("run")
            rows = rows.exclude(run__in=list(there.values_list("run", flat=True)))
        joining.move(list(rows.order_by("pk")), "student_id")


def erase_rights(*, student: int) -> None:
    """This will remove a student's requests, disclosures and what lets adults go on. In the caller's transaction, which erases
    the events about the student and is audited there."""
    RightsRequest.objects.filter(student_id=student).delete()
    Disclosure.objects.filter(student_id=student).delete()
    rostering.erase_kept_care(student=student)
