"""Questions about what home and school said to one another. Read only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from headway.access.types import Role, Viewer
from headway.contact import hours
from headway.contact.models import Agreement, Conference, ContactEntry, Message, MessageThread
from headway.contact.types import AgreementView, ConferenceView, EntryView, MessageView, ThreadView
from headway.proficiency.queries import Moment
from headway.rosters import queries as rosters

ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
WRITERS = (Role.TEACHER, Role.ADVISOR)
"""Who of the school reads and writes messages: the student's own teachers and advisors."""
WITHDRAW_MINUTES = 10

read_from = hours.read_from


# Conferences and agreements.


def conferences_of(*, student: int) -> list[ConferenceView]:
    """Return the conferences about a student with what was agreed, the newest first. Two statements."""
    rows = Conference.objects.filter(student_id=student).prefetch_related("agreements")
    return [_conference(row) for row in rows.order_by("-held_on", "-id")]


def _conference(row: Conference) -> ConferenceView:
    own = sorted(row.agreements.all(), key=lambda one: one.pk)
    return ConferenceView(
        id=row.pk, student=row.student_id, held_on=row.held_on, present=row.present, interpreter=row.interpreter,
        language=row.language, recorded_by=row.recorded_by,
        agreements=tuple(_agreement(one, row.held_on) for one in own),
    )  # fmt: skip


def _agreement(row: Agreement, agreed_on: date) -> AgreementView:
    return AgreementView(
        id=row.pk, student=row.student_id, who=row.who, what=row.what, by_on=row.by_on, state=row.state,
        settled_at=row.settled_at, reason=row.reason, agreed_on=agreed_on,
    )  # fmt: skip


def agreements_open(*, student: int) -> list[AgreementView]:
    """Return what was agreed about a student and is still to be done, the nearest day first. One statement."""
    rows = Agreement.objects.filter(student_id=student, state="open").select_related("conference")
    found = [_agreement(row, row.conference.held_on) for row in rows]
    return sorted(found, key=lambda one: (one.by_on is None, one.by_on or one.agreed_on, one.id))


# The contact log.


def entries_of(*, student: int, shared_only: bool, limit: int = 200) -> list[EntryView]:
    """Return the contact log of a student, the newest first; for the family, `shared_only`. One statement."""
    rows = ContactEntry.objects.filter(student_id=student)
    if shared_only:
        rows = rows.filter(shared=True)
    return [
        EntryView(row.pk, row.student_id, row.kind, row.on, row.with_whom, row.about, row.agreed, row.shared, row.written_by,
                  row.written_at)
        for row in rows.order_by("-on", "-id")[:limit]
    ]  # fmt: skip


# Messages.


def may_write_home(viewer: Viewer) -> bool:
    """Whether the viewer, who may see a student, reads and writes messages for the school."""
    return viewer.is_a(*WRITERS) and viewer.person_id is not None


def thread_of(
    m: Moment, *, student: int, guardian: Any, home: bool, reader: int | None, now: datetime
) -> ThreadView:
    """Return the messages between a guardian and the school about a student, oldest first. One statement.

    `home` tells which side reads. Who may: the caller has checked care, restriction and scope.
    """
    rows = Message.objects.filter(thread__student_id=student, thread__guardian_id=guardian.id)
    messages = tuple(
        _message(m, row, home, reader, now) for row in rows.select_related("sender").order_by("id")
    )
    unread = sum(not one.own and one.read_at is None and not one.withdrawn for one in messages)
    return ThreadView(student, guardian.id, guardian.name(), messages, unread)


def _message(m: Moment, row: Message, home: bool, reader: int | None, now: datetime) -> MessageView:
    until = row.written_at + timedelta(minutes=WITHDRAW_MINUTES)
    mine = row.sender_id == reader and row.read_at is None and row.withdrawn_at is None
    waits = read_from(m, row.written_at) if row.from_home and row.read_at is None else None
    return MessageView(
        id=row.pk, text="" if row.withdrawn_at else row.text, sender=row.sender.name(), own=row.from_home == home,
        written_at=row.written_at, waits_until=waits if waits is not None and waits > now else None, read_at=row.read_at,
        withdrawn=row.withdrawn_at is not None, until=until if mine and now < until else None,
    )  # fmt: skip


def unread(*, students: Iterable[int], home: bool, guardian: int | None = None) -> dict[tuple[int, int], int]:
    """Return how many messages wait for one side, by (student, guardian); pairs without any are missing. One statement.

    For the family, `guardian` is the reader.
    """
    rows = Message.objects.filter(
        thread__student_id__in=list(students), from_home=not home, read_at=None, withdrawn_at=None
    )
    if guardian is not None:
        rows = rows.filter(thread__guardian_id=guardian)
    counted = rows.values_list("thread__student_id", "thread__guardian_id").annotate(n=Count("id"))
    return {(student, who): n for student, who, n in counted.order_by()}


def messages_since(
    *, students: Iterable[int], home: bool, since: datetime, guardian: int | None = None
) -> dict[int, int]:
    """Return how many messages of the other side came since an instant and wait, by student. One statement."""
    rows = Message.objects.filter(
        thread__student_id__in=list(students),
        from_home=not home,
        read_at=None,
        withdrawn_at=None,
        written_at__gt=since,
    )
    if guardian is not None:
        rows = rows.filter(thread__guardian_id=guardian)
    return dict(rows.order_by().values_list("thread__student_id").annotate(n=Count("id")))


def conferences_since(*, students: Iterable[int], since: datetime) -> dict[int, date]:
    """Return the day of the newest conference that was recorded about each student since an instant. One statement."""
    rows = Conference.objects.filter(student_id__in=list(students), recorded_at__gt=since)
    return dict(rows.order_by("held_on").values_list("student_id", "held_on"))


def agreements_due(
    *, students: Iterable[int], who: Sequence[str], first: date, last: date
) -> dict[int, list[date]]:
    """Return the days, from `first` to `last`, by which each student's open agreements of these sides are due. One statement."""
    rows = Agreement.objects.filter(
        student_id__in=list(students), state="open", who__in=list(who), by_on__gte=first, by_on__lte=last
    )
    found: dict[int, list[date]] = {}
    for student, by_on in rows.order_by("by_on").values_list("student_id", "by_on"):
        found.setdefault(student, []).append(by_on)
    return found


def guardian_of(*, student: int, guardian_id: str, as_of: date) -> Any:
    """Return the guardian of this sourcedId who cares for the student on the day, not kept away by a court; else None."""
    found = rosters.guardians_of(student_person_id=student, as_of=as_of)
    return next((one for one in found if one.sourced_id == guardian_id), None)


# Everything about a student.


def as_data(*, student: int) -> dict[str, Any]:
    """Return everything held here about a student as plain data: conferences, agreements, the log, messages."""
    own = {"student_id": student}
    return {
        "conferences": list(Conference.objects.filter(**own).order_by("id").values(
            "held_on", "present", "interpreter", "language", "recorded_by", "recorded_at")),
        "agreements": list(Agreement.objects.filter(**own).order_by("id").values(
            "conference__held_on", "who", "what", "by_on", "state", "settled_at", "reason")),
        "log": list(ContactEntry.objects.filter(**own).order_by("id").values(
            "kind", "on", "with_whom", "about", "agreed", "shared", "written_by", "written_at")),
        "messages": list(Message.objects.filter(thread__student_id=student).order_by("id").values(
            "thread__guardian__sourced_id", "sender__sourced_id", "from_home", "text", "written_at", "read_at",
            "withdrawn_at")),
    }  # fmt: skip


def in_the_way_of_people(person_ids: Sequence[int]) -> list[str]:
    """Return which of the people stand in conferences, the log or messages. For `rosters.actions.register_blocker`."""
    found: set[str] = set()
    for start in range(0, len(person_ids), 500):
        part = person_ids[start : start + 500]
        for model in (Conference, ContactEntry):
            rows = model.objects.filter(student_id__in=part)
            found.update(rows.values_list("student__sourced_id", flat=True).distinct())
        threads = MessageThread.objects.filter(Q(student_id__in=part) | Q(guardian_id__in=part))
        found.update(threads.values_list("student__sourced_id", flat=True).distinct())
        written = Message.objects.filter(sender_id__in=part)
        found.update(written.values_list("sender__sourced_id", flat=True).distinct())
    return [f"home and school wrote about or with {name}" for name in sorted(found)]
