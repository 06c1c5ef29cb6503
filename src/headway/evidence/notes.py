"""Notes of a substitute about a class or one of its students: written and taken back on the day, read by who teaches there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.evidence import ledger
from headway.evidence.models import Note
from headway.kit.refusals import Refusal, Sentence
from headway.kit.times import micros
from headway.rosters import queries as rosters

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class NoteView:
    """One note that stands. `school_class`, `student` and `by` are row keys; no student: about the class."""

    uuid: UUID
    school_class: int
    student: int | None
    words: str
    by: int
    on: date


def write(
    *, actor: Viewer, school_class: int, student: int | None, words: str, key: str, at: datetime
) -> UUID:
    """This will note what a substitute saw, about the class or one student; a known key answers with the note that stands.

    Written: event, note, audit entry. Who may: who stands in for the class today, about students whom no court keeps them
    away from. Raises `Refusal`: `forbidden`, `no_such_person`, `text_missing`, `text_too_long`, `key_missing`,
    `key_conflict`.
    """
    words = words.strip()
    if not words:
        raise Refusal("text_missing", "Write the note.")
    if len(words) > LONGEST:
        raise Refusal("text_too_long", Sentence("A note has at most %(most)s characters.", most=LONGEST))
    if not 1 <= len(key) <= 100:
        raise Refusal("key_missing", "A note is sent with a key of 1 to 100 characters.")
    with transaction.atomic():
        head = ledger.lock()
        where = _stood_in(actor, school_class)
        here = {person.id: person for person in rosters.students_met(viewer=actor, class_id=school_class)}
        if student is not None and student not in here:
            raise Refusal("no_such_person", "There is no such student in the class.")
        known = Note.objects.filter(key=key).first()
        if known is not None:
            said = (actor.person_id, school_class, student, words)
            if (known.written_by_id, known.school_class_id, known.student_id, known.words) != said:
                raise Refusal("key_conflict", "This form was already sent with other words.")
            return known.uuid
        own, subject = uuid4(), None if student is None else here[student].uuid
        body = {"note": str(own), "class": str(where.uuid), "as": "substitute", "words": words}
        sequence, _, _ = ledger.append(
            [ledger.Draft("noted", body, subject, actor.person)], at_us=micros(at), head=head
        )
        Note.objects.create(
            uuid=own, key=key, school_class_id=school_class, student_id=student, words=words,
            written_by_id=actor.person_id, written_on=actor.today, written_at=at, sequence=sequence,
        )  # fmt: skip
        _record(actor, "write_note", where, subject, at)
        return own


def withdraw(*, actor: Viewer, note: UUID, at: datetime) -> None:
    """This will take a note back on the day on which it was written; a second time changes nothing.

    Written: event, note, audit entry. Who may: its writer. Raises `Refusal`: `unknown_note`, `too_late`.
    """
    with transaction.atomic():
        head = ledger.lock()
        found = Note.objects.select_related("student", "school_class").filter(uuid=note).first()
        if found is None or found.written_by_id != actor.person_id:
            raise Refusal("unknown_note", "There is no such note of yours.")
        if found.withdrawn_at is not None:
            return
        if found.written_on != actor.today:
            raise Refusal("too_late", "A note is taken back on its own day only.")
        subject = found.student.uuid if found.student else None
        draft = ledger.Draft("note_withdrawn", {"note": str(note)}, subject, actor.person)
        sequence, _, _ = ledger.append([draft], at_us=micros(at), head=head)
        Note.objects.filter(pk=found.pk).update(withdrawn_at=at, sequence=sequence)
        _record(actor, "withdraw_note", found.school_class, subject, at)


def mark_read(*, actor: Viewer, note: UUID, at: datetime) -> None:
    """This will put a note away for the actor alone; it stays where the class and the student are.

    Written: the reader and an audit entry; no event, because it says nothing about learning. Who may: teachers whose
    scope holds the class and the student. Raises `Refusal("unknown_note")`.
    """
    with transaction.atomic():
        if not actor.is_a(Role.TEACHER) or find(viewer=actor, note=note) is None:
            raise Refusal("unknown_note", "There is no such note.")
        row = Note.objects.select_related("student", "school_class").get(uuid=note)
        if not row.read_by.filter(pk=actor.person_id).exists():
            row.read_by.add(actor.person_id)
            _record(actor, "read_note", row.school_class, row.student.uuid if row.student else None, at)


def _stood_in(actor: Viewer, school_class: int) -> Any:
    """Return the class if the actor stands in for it today; refuse otherwise."""
    own = rosters.classes_stood_in(person_id=actor.person_id or 0, as_of=actor.today)
    found = next((one for one in own if one.id == school_class), None)
    if found is None or not actor.is_a(Role.TEACHER):
        raise Refusal("forbidden", "Only who stands in for the class today writes notes on it.")
    return found


def _record(actor: Viewer, act: str, where: Any, subject: UUID | None, at: datetime) -> None:
    if subject is None:
        record_act(actor=actor, act=act, kind="class", object_id=where.sourced_id, at=at)
    else:
        record_act(actor=actor, act=act, kind="person", object_id=subject, at=at)


def own_notes(*, viewer: Viewer, school_class: int) -> list[NoteView]:
    """Return what the viewer noted in the class today and did not take back, newest first. One statement."""
    rows = Note.objects.filter(
        written_by_id=viewer.person_id or 0,
        school_class_id=school_class,
        written_on=viewer.today,
        withdrawn_at=None,
    )
    return [_view(row) for row in rows.order_by("-pk")]


def of_classes(
    *, viewer: Viewer, classes: Iterable[int], since: date | None = None, unread: bool = False, limit: int = 100
) -> list[NoteView]:  # fmt: skip
    """Return the notes on classes and their students, newest first, without students whom the viewer may not see.

    `unread` leaves out what the viewer has put away. Two statements, one where nothing is noted.
    """
    rows = Note.objects.filter(school_class_id__in=list(classes), withdrawn_at=None)
    if since is not None:
        rows = rows.filter(written_on__gte=since)
    if unread:
        rows = rows.exclude(read_by=viewer.person_id or 0)
    return _seen(viewer, [_view(row) for row in rows.order_by("-pk")[:limit]])


def about(*, viewer: Viewer, student: int, limit: int = 12) -> list[NoteView]:
    """Return the notes about a student, newest first; none unless the viewer sees the student for the work at school.

    Two statements, one where nothing is noted.
    """
    rows = Note.objects.filter(student_id=student, withdrawn_at=None).order_by("-pk")[:limit]
    return _seen(viewer, [_view(row) for row in rows])


def find(*, viewer: Viewer, note: UUID) -> NoteView | None:
    """Return the note that stands under this name if the viewer may open its class and see its student; else None."""
    row = Note.objects.select_related("school_class").filter(uuid=note, withdrawn_at=None).first()
    if row is None or not rosters.class_in_scope(viewer=viewer, reference=row.school_class.sourced_id):
        return None
    return next(iter(_seen(viewer, [_view(row)])), None)


def as_data(*, student: int) -> list[dict[str, object]]:
    """Return the notes about a student as plain data, oldest first, those taken back with them."""
    fields = ("uuid", "words", "written_on", "written_at", "withdrawn_at")
    rows = Note.objects.filter(student_id=student).order_by("pk")
    return [
        {**{name: row[name] for name in fields}, "written_as": "substitute", "by": row["written_by__sourced_id"]}
        for row in rows.values(*fields, "written_by__sourced_id")
    ]  # fmt: skip


def _seen(viewer: Viewer, found: Sequence[NoteView]) -> list[NoteView]:
    """Leave out notes about students whom the viewer does not see because of the work at school."""
    named = {one.student for one in found if one.student is not None}
    school = viewer.at_school()
    seen = rosters.visible_ids(school, person_ids=named, as_of=viewer.today) if named else set()
    return [one for one in found if one.student is None or one.student in seen]


def _view(row: Note) -> NoteView:
    return NoteView(
        row.uuid, row.school_class_id, row.student_id, row.words, row.written_by_id, row.written_on
    )
