"""Acts between home and school: record a conference, settle an agreement, note a contact, write. Each is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.contact import queries
from headway.contact.models import Agreement, Conference, ContactEntry, Message, MessageThread
from headway.contact.types import KINDS, WHO, Promise
from headway.evidence import actions as ledger
from headway.kit.refusals import Refusal, Sentence
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters

MOST_PROMISES = 12
MOST_AN_HOUR = 20
LONGEST_MESSAGE = 4000


# Conferences.


def record_conference(
    *, actor: Viewer, student_id: int, key: str, held_on: date, present: str, interpreter: str, language: str,
    promises: Sequence[Promise], at: datetime,
) -> int:  # fmt: skip
    """This will record a conference about a student and what was agreed in it; returns its number.

    A key that is known answers with the conference that stands, so that a retry records once. Written: conference,
    agreements, event, audit entry. Who may: adults who may see the student. Raises `Refusal`: `forbidden`,
    `no_such_person`, `name_missing`, `text_missing`, `text_too_long`, `day_ahead`, `day_passed`, `unknown_word`,
    `too_many`, `key_conflict`.
    """
    if not present.strip():
        raise Refusal("name_missing", "Say who was there.")
    if any(one.who not in WHO for one in promises) or not 1 <= len(key) <= 100:
        raise Refusal(
            "unknown_word", Sentence("What was agreed is done by one of: %(known)s.", known=", ".join(WHO))
        )
    if not promises:
        raise Refusal("text_missing", "Write down at least one agreement: who does what.")
    if any(not one.what.strip() for one in promises):
        raise Refusal("text_missing", "Say what was agreed.")
    if len(promises) > MOST_PROMISES:
        raise Refusal(
            "too_many",
            Sentence("A conference holds %(most)s agreements.", most=MOST_PROMISES),
        )
    if held_on > actor.today:
        raise Refusal("day_ahead", "Record a conference when it has been.")
    for one in promises:
        _not_before(one.by_on, held_on)
    said = {
        "student_id": student_id, "held_on": held_on, "present": _short(present, 500),
        "interpreter": _short(interpreter, 200), "language": language[:8],
    }  # fmt: skip
    agreed = [(one.who, _short(one.what, 500), one.by_on) for one in promises]
    with transaction.atomic():
        person = _seen(actor, student_id)
        known = Conference.objects.filter(key=key).first()
        if known is not None:
            again = [
                (one.who, one.what, one.by_on)
                for one in known.agreements.filter(replaces=None).order_by("id")
            ]
            if again != agreed:
                raise Refusal("key_conflict", "This form was already sent with other words; open it anew.")
            return _same(known, **said)
        row = Conference.objects.create(key=key, **said, recorded_by=actor.name[:200], recorded_at=at)
        made = [
            Agreement(conference=row, student_id=student_id, who=who, what=what, by_on=by_on)
            for who, what, by_on in agreed
        ]
        Agreement.objects.bulk_create(made)
        body = {
            "held_on": held_on.isoformat(), "present": row.present, "interpreter": row.interpreter, "language": row.language,
            "agreed": [{"who": one.who, "what": one.what, "by_on": _iso(one.by_on)} for one in made],
        }  # fmt: skip
        ledger.record_event(actor=actor, kind="conference", body=body, at=at, subject=person.uuid)
        record_act(actor=actor, act="record_conference", kind="person", object_id=person.uuid,
                   detail={"held_on": body["held_on"], "agreed": len(made)}, at=at)  # fmt: skip
        return row.pk


def _not_before(by_on: date | None, held_on: date) -> None:
    """Raises `Refusal("day_passed")` for a due day before the conference in which it was agreed."""
    if by_on is not None and by_on < held_on:
        raise Refusal("day_passed", "What was agreed is due on the day of the conference or later.")


def _same(row: Conference | ContactEntry, **said: Any) -> int:
    """Return the row that a known key names, if the form says the same again."""
    if any(getattr(row, name) != value for name, value in said.items()):
        raise Refusal("key_conflict", "This form was already sent with other words; open it anew.")
    return row.pk


def _short(text: str, most: int) -> str:
    """Return a text without space around it. Raises `Refusal("text_too_long")`: nothing is cut without a word."""
    if len(text.strip()) > most:
        raise Refusal("text_too_long", Sentence("At most %(most)s characters fit here.", most=most))
    return text.strip()


def finish_agreement(*, actor: Viewer, agreement_id: int, at: datetime) -> None:
    """This will mark what was agreed as done. Written: agreement, event, audit entry.

    Who may: adults who may see the student. Raises `Refusal`: `no_such_agreement`.
    """
    with transaction.atomic():
        row = _standing(actor, agreement_id)
        row.state, row.settled_at = "done", at
        row.save(update_fields=["state", "settled_at"])
        _tell(actor, row, {"act": "done", "what": row.what}, at)


def change_agreement(
    *, actor: Viewer, agreement_id: int, what: str, by_on: date | None, reason: str, at: datetime
) -> int:
    """This will put another agreement in the place of one, with the reason; returns its number. An empty `what` keeps the
    words and changes the day.

    Written: agreements, event, audit entry. Who may: adults who may see the student. Raises `Refusal`: `no_such_agreement`,
    `reason_missing`, `nothing_changed`, `day_passed`.
    """
    why = _short(reason, 500)
    if not why:
        raise Refusal("reason_missing", "Say why it is changed.")
    with transaction.atomic():
        row = _standing(actor, agreement_id)
        said = _short(what, 500) or row.what
        if (said, by_on) == (row.what, row.by_on):
            raise Refusal("nothing_changed", "Give other words or another day.")
        _not_before(by_on, row.conference.held_on)
        row.state, row.settled_at, row.reason = "changed", at, why
        row.save(update_fields=["state", "settled_at", "reason"])
        made = Agreement.objects.create(
            conference_id=row.conference_id, student_id=row.student_id, who=row.who, what=said, by_on=by_on, replaces=row
        )  # fmt: skip
        body = {"act": "changed", "was": row.what, "is": said, "by_on": _iso(by_on), "reason": why}
        _tell(actor, row, body, at)
        return made.pk


def _standing(actor: Viewer, agreement_id: int) -> Agreement:
    rows = Agreement.objects.select_for_update(of=("self",)).select_related("student", "conference")
    row = rows.filter(pk=agreement_id, state="open").first()
    if row is None or not _sees(actor, row.student_id):
        raise Refusal("no_such_agreement", "There is no such open agreement.")
    return row


def _tell(actor: Viewer, row: Agreement, body: dict[str, str | None], at: datetime) -> None:
    ledger.record_event(actor=actor, kind="agreement", body=body, at=at, subject=row.student.uuid)
    record_act(
        actor=actor,
        act="settle_agreement",
        kind="person",
        object_id=row.student.uuid,
        detail={"act": body["act"]},
        at=at,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# The contact log.


def note_contact(
    *, actor: Viewer, student_id: int, key: str, kind: str, on: date, with_whom: str, about: str, agreed: str, shared: bool,
    at: datetime,
) -> int:  # fmt: skip
    """This will note a call, a message or a meeting with a student's home; returns its number.

    A key that is known answers with the line that stands. Written: entry, audit entry; no event, because it says nothing
    about learning. Who may: adults who may see the student. Raises `Refusal`: `forbidden`, `no_such_person`, `unknown_word`,
    `name_missing`, `text_missing`, `text_too_long`, `day_ahead`, `key_conflict`.
    """
    if kind not in KINDS or not 1 <= len(key) <= 100:
        raise Refusal("unknown_word", Sentence("A contact is one of: %(known)s.", known=", ".join(KINDS)))
    if not with_whom.strip():
        raise Refusal("name_missing", "Say with whom.")
    if not about.strip():
        raise Refusal("text_missing", "Say what it was about.")
    if on > actor.today:
        raise Refusal("day_ahead", "Note a contact when it has been.")
    said = {
        "student_id": student_id, "kind": kind, "on": on, "with_whom": _short(with_whom, 200),
        "about": _short(about, 1000), "agreed": _short(agreed, 1000), "shared": shared,
    }  # fmt: skip
    with transaction.atomic():
        person = _seen(actor, student_id)
        known = ContactEntry.objects.filter(key=key).first()
        if known is not None:
            return _same(known, **said)
        row = ContactEntry.objects.create(key=key, **said, written_by=actor.name[:200], written_at=at)
        record_act(actor=actor, act="note_contact", kind="person", object_id=person.uuid,
                   detail={"kind": kind, "shared": shared}, at=at)  # fmt: skip
        return row.pk


# Messages.


def write(*, actor: Viewer, student_id: int, guardian_id: int, key: str, text: str, at: datetime) -> int:
    """This will send a message about a student, from the guardian to the school or from the school to the guardian.

    A key that is known answers with the message that stands. Written: thread, message, audit entry; no event, because it
    says nothing about learning. Who may: the guardian while in care and not kept away by a court, and the student's teachers
    and advisors. Raises `Refusal`: `no_such_person`, `text_missing`, `text_too_long`, `too_many`, `key_conflict`.
    """
    home = actor.person_id == guardian_id
    said = text.strip()
    if not said:
        raise Refusal("text_missing", "Write the message.")
    if not 1 <= len(key) <= 100:
        raise Refusal("key_conflict", "The form was not whole; open it anew.")
    if len(said) > LONGEST_MESSAGE:
        raise Refusal(
            "text_too_long",
            Sentence("A message has at most %(most)s characters.", most=LONGEST_MESSAGE),
        )
    with transaction.atomic():
        _require_pair(actor, student_id, guardian_id, home)
        known = Message.objects.select_related("thread").filter(key=key).first()
        if known is not None:
            if (known.sender_id, known.thread.student_id, known.text) != (actor.person_id, student_id, said):
                raise Refusal("key_conflict", "This form was already sent with other words.")
            return known.pk
        made, _ = MessageThread.objects.get_or_create(student_id=student_id, guardian_id=guardian_id)
        # Locked, so that several forms at once are counted one after the other.
        thread = MessageThread.objects.select_for_update().get(pk=made.pk)
        since = at - timedelta(hours=1)
        if Message.objects.filter(sender_id=actor.person_id, written_at__gt=since).count() >= MOST_AN_HOUR:
            raise Refusal(
                "too_many",
                Sentence(
                    "At most %(most)s messages an hour; write the rest in one.",
                    most=MOST_AN_HOUR,
                ),
            )
        row = Message.objects.create(
            key=key[:100], thread=thread, sender_id=actor.person_id, from_home=home, text=said, written_at=at
        )
        student = rosters.people_by_id(person_ids=[student_id])[student_id]
        record_act(actor=actor, act="write_message", kind="person", object_id=student.uuid,
                   detail={"from_home": home}, at=at)  # fmt: skip
        return row.pk


def withdraw(*, actor: Viewer, message_id: int, at: datetime) -> None:
    """This will take back a message that nobody has read, within ten minutes. Its place stays, its words are gone.

    Written: message, audit entry. Who may: its writer. Raises `Refusal`: `no_such_message`, `too_late`.
    """
    with transaction.atomic():
        rows = Message.objects.select_for_update(of=("self",)).select_related("thread__student")
        row = rows.filter(pk=message_id, sender_id=actor.person_id or 0, withdrawn_at=None).first()
        if row is None:
            raise Refusal("no_such_message", "There is no such message of yours.")
        until = row.written_at + timedelta(minutes=queries.WITHDRAW_MINUTES)
        if row.read_at is not None or at >= until:
            raise Refusal("too_late", "It was read, or ten minutes have passed: write another.")
        row.withdrawn_at, row.text = at, ""
        row.save(update_fields=["withdrawn_at", "text"])
        record_act(
            actor=actor, act="withdraw_message", kind="person", object_id=row.thread.student.uuid, at=at
        )


def mark_read(*, actor: Viewer, student_id: int, guardian_id: int, at: datetime) -> int:
    """This will note that the actor's side has opened the other side's messages; returns how many were new.

    Written: messages. Who may: as in `write`. Raises `Refusal("no_such_person")`.
    """
    home = actor.person_id == guardian_id
    with transaction.atomic():
        _require_pair(actor, student_id, guardian_id, home)
        rows = Message.objects.filter(
            thread__student_id=student_id, thread__guardian_id=guardian_id, from_home=not home, read_at=None, withdrawn_at=None
        )  # fmt: skip
        return rows.update(read_at=at)


def _require_pair(actor: Viewer, student_id: int, guardian_id: int, home: bool) -> None:
    """Refuse unless the guardian is in care of the student today, and the actor is that guardian or a teacher or advisor who
    may see the student."""
    cares = {one.id for one in rosters.guardians_of(student_person_id=student_id, as_of=actor.today)}
    school = queries.may_write_home(actor) and _sees(actor, student_id)
    if guardian_id not in cares or not (home or school):
        raise Refusal("no_such_person", "There is nobody to write to.")


# Who may.


def _seen(actor: Viewer, student_id: int) -> Any:
    if not actor.is_a(*queries.ADULTS):
        raise Refusal("forbidden", "Only adults of the school record this.")
    if not _sees(actor, student_id):
        raise Refusal("no_such_person", "There is no such student that you may see.")
    return rosters.people_by_id(person_ids=[student_id])[student_id]


def _sees(actor: Viewer, student_id: int) -> bool:
    """Whether an adult of the school may see the student today: not as a guardian, who has the family's pages."""
    school = actor.at_school()
    return actor.is_a(*queries.ADULTS) and bool(
        rosters.visible_ids(school, person_ids=[student_id], as_of=actor.today)
    )


def follow(joining: rostering.Joining) -> None:
    """This will move conferences, agreements, the contact log and messages with a merge or back with its split.

    A thread with a guardian who writes about the person who stays too stays where it is. For
    `rosters.actions.register_follower`.
    """
    if joining.of is not None:
        for model in (Conference, Agreement, ContactEntry, MessageThread):
            joining.put_back(model)
        return
    for model in (Conference, Agreement, ContactEntry):
        joining.move(list(model.objects.filter(student=joining.person).order_by("id")), "student_id")
    known = MessageThread.objects.filter(student=joining.into).values("guardian_id")
    threads = MessageThread.objects.filter(student=joining.person).exclude(guardian_id__in=known)
    joining.move(list(threads.order_by("id")), "student_id")


def erase_contact(*, student: int) -> None:
    """This will remove every conference, agreement, entry and message about a student. In the caller's transaction, which
    erases the events about the student and is audited there."""
    Conference.objects.filter(student_id=student).delete()
    ContactEntry.objects.filter(student_id=student).delete()
    MessageThread.objects.filter(student_id=student).delete()
