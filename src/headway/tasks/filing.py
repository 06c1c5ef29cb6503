"""The validity file of a task: what speaks for and against reading its levels as they are read, added and never rewritten."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal, Sentence
from headway.tasks.models import TaskVersion, ValidityEntry
from headway.tasks.queries import sees
from headway.tasks.types import EVIDENCE_KINDS, WRITERS, NewEntry

LONGEST, REASON = 4000, 1000


def add_validity_entry(*, actor: Viewer, key: str, task: UUID, entry: NewEntry, at: datetime) -> UUID:
    """This will add an entry about one published version to a task's validity file; a known key answers with what stands.

    Written: entry, audit entry. Who may: adults of the schools. Raises `Refusal`: `unknown_task`, `key_missing`,
    `unknown_word`, `nothing_written`, `text_too_long`, `day_ahead`.
    """
    if not 8 <= len(key) <= 190:
        raise Refusal("key_missing", "A form is sent with a key of 8 to 190 characters.")
    with transaction.atomic():
        versions = TaskVersion.objects.select_related("task").filter(
            task__uuid=task, published_at__isnull=False
        )
        row = versions.filter(number=entry.version).first()
        if row is None or not actor.is_a(*WRITERS) or not sees(actor, row):
            raise Refusal("unknown_task", "There is no such task.")
        known = ValidityEntry.objects.filter(key=key).first()
        if known is not None:
            return known.uuid
        made = ValidityEntry.objects.create(
            key=key, version=row, kind=_kind(entry), on=_day(entry, actor, at), words=_words(entry.words, LONGEST),
            written_by_id=actor.person_id, written_by_name=actor.name[:200], written_at=at,
        )  # fmt: skip
        detail = {"kind": made.kind, "version": row.number}
        record_act(actor=actor, act="add_validity_entry", kind="task", object_id=task, detail=detail, at=at)
        return made.uuid


def withdraw_validity_entry(*, actor: Viewer, task: UUID, entry: UUID, reason: str, at: datetime) -> None:
    """This will withdraw an entry: it stays to be read, with who withdrew it and why. Again changes nothing.

    Written: entry, audit entry. Who may: who wrote it, coaches, the district. Raises `Refusal`: `unknown_entry`, `forbidden`,
    `nothing_written`, `text_too_long`.
    """
    with transaction.atomic():
        row = ValidityEntry.objects.select_for_update().filter(uuid=entry, version__task__uuid=task).first()
        if row is None or not actor.is_a(*WRITERS):
            raise Refusal("unknown_entry", "There is no such entry.")
        own = actor.person_id is not None and row.written_by_id == actor.person_id
        if not own and not actor.is_a(Role.COACH, Role.DISTRICT):
            raise Refusal("forbidden", "An entry is withdrawn by who wrote it, a coach or the district.")
        if row.withdrawn_at is not None:
            return
        row.withdrawn_why, row.withdrawn_by_name, row.withdrawn_at = (
            _words(reason, REASON),
            actor.name[:200],
            at,
        )
        row.save(update_fields=["withdrawn_why", "withdrawn_by_name", "withdrawn_at"])
        record_act(actor=actor, act="withdraw_validity_entry", kind="task", object_id=task, at=at)


def _kind(entry: NewEntry) -> str:
    if entry.kind not in EVIDENCE_KINDS:
        raise Refusal("unknown_word", "Choose what kind of evidence this is.")
    return entry.kind


def _day(entry: NewEntry, actor: Viewer, at: datetime) -> date:
    if entry.on is None or entry.on > (actor.today or at.date()):
        raise Refusal("day_ahead", "Give the day of the evidence, today or before.")
    return entry.on


def _words(text: str, most: int) -> str:
    said = text.strip()
    if not said:
        raise Refusal("nothing_written", "Write what was found, or why.")
    if len(said) > most:
        raise Refusal("text_too_long", Sentence("At most %(most)s characters fit here.", most=most))
    return said
