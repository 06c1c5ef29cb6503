"""Writing a task: drafts, versions, exemplars; publishing, retiring. Each act is one transaction, audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.kit.refusals import Refusal
from headway.tasks import queries
from headway.tasks.models import Criterion, Exemplar, Task, TaskVersion, Validation
from headway.tasks.types import LOCAL, OUTCOMES, RETIRED, WRITERS, NewExemplar, Scale, TaskText
from headway.tasks.wording import LENGTHS, WHY, check_exemplar, check_whole, checked

WORDS = (*LENGTHS, "minutes", "language", "depth", "certifies")
CONTENT = ("title", "words", "link", "file_name", "file_type", "file_digest", "file_size", "levels", "why")


def draft_task(*, actor: Viewer, key: str, text: TaskText, at: datetime, school: int | None = None) -> UUID:
    """This will begin a task with a draft of its first version and return the draft; a known key answers with its newest version.

    Written: task, version, criteria, audit entry. Who may: adults of a school for their school; coaches and the district for
    any, or for the district (`school` None). Raises `Refusal`: `forbidden`, `no_such_school`, `key_missing`, `task_invalid`.
    """
    if not actor.is_a(*WRITERS):
        raise Refusal("forbidden", "Only adults of the schools write for the bank.")
    if not 8 <= len(key) <= 190:
        raise Refusal("key_missing", "A form is sent with a key of 8 to 190 characters.")
    with transaction.atomic():
        known = Task.objects.filter(key=key).first()
        if known is not None:
            return (
                queries.writable(actor, known).versions.order_by("-number").values_list("uuid", flat=True)[0]
            )
        if school not in {one.id for one in queries.schools_for(actor)} | queries.district_for(actor):
            raise Refusal("no_such_school", "Choose a school for which you write.")
        scale = checked(text, on=_day(actor, at))
        task = Task.objects.create(key=key, school_id=school, made_by_id=actor.person_id, made_at=at)
        version = new_version(actor, task, text, scale, at)
        record_act(actor=actor, act="draft_task", kind="task", object_id=task.uuid, at=at)
        return version.uuid


def write_draft(*, actor: Viewer, version: UUID, text: TaskText, at: datetime) -> None:
    """This will put other words into a draft. Criteria that are not named again go, and with them what exemplars say of them.

    Written: version, criteria, exemplars, audit entry. Who may: who writes the task. Raises `Refusal`: `unknown_task`,
    `version_published`, `task_invalid`.
    """
    with transaction.atomic():
        row = _draft(actor, version)
        scale = checked(text, on=_day(actor, at))
        _put(row, text, scale)
        row.written_by_id, row.written_at = actor.person_id, at
        row.save()
        _put_criteria(row, text)
        record_act(actor=actor, act="write_draft", kind="task", object_id=row.task.uuid, at=at)


def revise_task(*, actor: Viewer, task: UUID, at: datetime) -> UUID:
    """This will begin the next version of a task as a copy of the one that is offered; a draft that stands is returned as it is.

    The offered version goes on until the draft is published. Written: version, criteria, exemplars, audit entry. Who may: who
    writes the task. Raises `Refusal`: `unknown_task`, `task_retired`.
    """
    with transaction.atomic():
        row = _task(actor, task)
        draft = row.versions.filter(published_at=None).first()
        if draft is not None:
            return draft.uuid
        if row.standing == RETIRED:
            raise Refusal("task_retired", "This task is retired. Bring it back first.")
        old = queries.view_of(actor, row.current)
        text = queries.text_of(old)
        version = new_version(actor, row, text, Scale(old.scale, old.levels), at)
        place = {one.position: str(one.uuid) for one in version.criteria.all()}
        was = {str(one.uuid): one.position for one in old.criteria}
        for one in row.current.exemplars.order_by("position"):
            said = {name: getattr(one, name) for name in CONTENT}
            said["levels"] = {place[was[name]]: level for name, level in one.levels.items()}
            Exemplar.objects.create(version=version, position=one.position, **said)
        record_act(actor=actor, act="revise_task", kind="task", object_id=row.uuid,
                   detail={"version": version.number}, at=at)  # fmt: skip
        return version.uuid


def discard_draft(*, actor: Viewer, version: UUID, at: datetime) -> None:
    """This will throw a draft away, and with the only draft of a task the task; published versions stay.

    Written: audit entry. Who may: who writes the task. Raises `Refusal`: `unknown_task`, `version_published`.
    """
    with transaction.atomic():
        row = _draft(actor, version)
        task = row.task
        row.delete()
        if task.current_id is None:
            task.delete()
        record_act(actor=actor, act="discard_draft", kind="task", object_id=task.uuid, at=at)


def publish_task(*, actor: Viewer, version: UUID, at: datetime) -> None:
    """This will publish a draft: from now on it is what the bank offers, it never changes, and its standing is local.

    A validation of the version before, still open, ends as sent back. Written: version, task, audit entry. Who may: who writes
    the task. Raises `Refusal`: `unknown_task`, `version_published`, `task_retired`, `task_incomplete`, `task_invalid` where a
    target ended since, `rubric_incomplete` with the cells that are missing.
    """
    with transaction.atomic():
        row = _draft(actor, version)
        if row.task.standing == RETIRED:
            raise Refusal("task_retired", "This task is retired. Bring it back first.")
        view = queries.view_of(actor, row)
        scale = checked(queries.text_of(view), on=_day(actor, at))
        if scale is not None:
            _put_scale(row, scale)
        check_whole(queries.view_of(actor, row))
        row.published_at = at
        row.save()
        Validation.objects.filter(version__task=row.task, closed_at=None).update(
            closed_at=at, closed_by_id=actor.person_id, outcome=OUTCOMES[-1], reason=""
        )
        Task.objects.filter(pk=row.task_id).update(current=row, standing=LOCAL)
        record_act(actor=actor, act="publish_task", kind="task", object_id=row.task.uuid,
                   detail={"version": row.number}, at=at)  # fmt: skip


def retire_task(*, actor: Viewer, task: UUID, reason: str, at: datetime) -> None:
    """This will retire a task: it is offered no more, and stays readable where it was given.

    Written: task, audit entry with the reason. Who may: who writes the task. Raises `Refusal`: `unknown_task`,
    `reason_missing`, `not_published`; one that is retired already stays so.
    """
    said = reason.strip()
    if not said or len(said) > WHY:
        raise Refusal("reason_missing", "Say why, in one sentence.")
    with transaction.atomic():
        row = _task(actor, task)
        if row.current is None:
            raise Refusal("not_published", "This task was never published; throw the draft away instead.")
        if row.standing != RETIRED:
            Task.objects.filter(pk=row.pk).update(standing=RETIRED)
            record_act(
                actor=actor,
                act="retire_task",
                kind="task",
                object_id=row.uuid,
                detail={"reason": said},
                at=at,
            )


def restore_task(*, actor: Viewer, task: UUID, at: datetime) -> None:
    """This will bring a retired task back, with the standing that its version had.

    Written: task, audit entry. Who may: who writes the task. Raises `Refusal("unknown_task")`; one that is offered stays so.
    """
    with transaction.atomic():
        row = _task(actor, task)
        if row.standing == RETIRED:
            Task.objects.filter(pk=row.pk).update(standing=queries.earned(row.current_id))
            record_act(actor=actor, act="restore_task", kind="task", object_id=row.uuid, at=at)


def add_exemplar(*, actor: Viewer, version: UUID, made: NewExemplar, at: datetime) -> UUID:
    """This will add an exemplar that an adult made to a draft.

    Written: exemplar, audit entry. Who may: who writes the task. Raises `Refusal`: `unknown_task`, `version_published`,
    `exemplar_invalid`.
    """
    with transaction.atomic():
        row = _draft(actor, version)
        view = queries.view_of(actor, row)
        check_exemplar(made, view)
        names = {one.position: str(one.uuid) for one in view.criteria}
        said = {name: getattr(made, name) for name in CONTENT if name != "levels"}
        last = row.exemplars.order_by("-position").values_list("position", flat=True).first() or 0
        found = Exemplar.objects.create(
            version=row,
            position=last + 1,
            levels={names[at_]: level for at_, level in made.levels.items()},
            **said,
        )
        record_act(actor=actor, act="add_exemplar", kind="task", object_id=row.task.uuid, at=at)
        return found.uuid


def remove_exemplar(*, actor: Viewer, version: UUID, exemplar: UUID, at: datetime) -> None:
    """This will take an exemplar out of a draft; earlier versions keep theirs. What is not there stays so.

    Written: exemplar, audit entry. Who may: who writes the task. Raises `Refusal`: `unknown_task`, `version_published`.
    """
    with transaction.atomic():
        row = _draft(actor, version)
        if row.exemplars.filter(uuid=exemplar).delete()[0]:
            record_act(actor=actor, act="remove_exemplar", kind="task", object_id=row.task.uuid, at=at)


def _task(actor: Viewer, name: UUID) -> Task:
    row = Task.objects.select_for_update().filter(uuid=name).first()
    return queries.writable(actor, row)


def _draft(actor: Viewer, version: UUID) -> TaskVersion:
    row = TaskVersion.objects.filter(uuid=version).first()
    task = Task.objects.select_for_update().filter(pk=row.task_id).first() if row is not None else None
    queries.writable(actor, task)
    row = TaskVersion.objects.filter(uuid=version).select_related("task").first()
    if row is None:
        raise Refusal("unknown_task", "There is no such task.")
    if row.published_at is not None:
        raise Refusal("version_published", "A published version is never changed; write the next one.")
    return row


def _day(actor: Viewer, at: datetime) -> date:
    return actor.today if actor.today.year > 1 else at.date()


def new_version(actor: Viewer, task: Task, text: TaskText, scale: Scale | None, at: datetime) -> TaskVersion:
    """Write the next version of a task as a draft, in the caller's transaction, which has checked the text."""
    last = task.versions.order_by("-number").values_list("number", flat=True).first() or 0
    row = TaskVersion(task=task, number=last + 1, written_by_id=actor.person_id, written_at=at)
    _put(row, text, scale)
    row.save()
    _put_criteria(row, text)
    return row


def _put(row: TaskVersion, text: TaskText, scale: Scale | None) -> None:
    for name in WORDS:
        value: Any = getattr(text, name)
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    _put_scale(row, scale or Scale("", ()))


def _put_scale(row: TaskVersion, scale: Scale) -> None:
    row.scale = scale.key
    row.levels = [{"level": one.level, "names": dict(one.names)} for one in scale.levels]


def _put_criteria(row: TaskVersion, text: TaskText) -> None:
    """Write the criteria of a version in their order; one that keeps its name keeps its row, so that exemplars hold."""
    standing = {one.uuid: one for one in row.criteria.all()}
    kept = [one.uuid for one in text.criteria if one.uuid in standing]
    row.criteria.exclude(uuid__in=kept).delete()
    _drop_levels(row.exemplars.all(), {str(one) for one in kept})
    # Two rows never share a position, not even between two statements: those that stay step aside first.
    for number, name in enumerate(kept, 1):
        Criterion.objects.filter(uuid=name).update(position=-number)
    for number, one in enumerate(text.criteria, 1):
        descriptors = [
            {"level": level, "words": words.strip()}
            for level, words in sorted(one.descriptors.items())
            if words.strip()
        ]
        said = {
            "position": number,
            "name": one.name.strip(),
            "target_id": one.target,
            "descriptors": descriptors,
        }
        if one.uuid in standing:
            Criterion.objects.filter(uuid=one.uuid).update(**said)
        else:
            Criterion.objects.create(version=row, **said)


def _drop_levels(exemplars: Sequence[Exemplar], kept: set[str]) -> None:
    for one in exemplars:
        levels = {name: level for name, level in one.levels.items() if name in kept}
        if levels != one.levels:
            one.levels = levels
            one.save(update_fields=["levels"])
