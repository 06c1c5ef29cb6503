"""Copies of work: taken without names, kept as anchors, taken out with what is known of a student."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.calibration.masking import Masked, mask
from headway.calibration.models import AgreedScore, AnchorLevel, Sample, SamplePart, SessionWork
from headway.calibration.types import CONVENERS, EXEMPLAR, OPENED, STAFF, NewPart
from headway.evidence import queries as evidence
from headway.kit.refusals import Refusal, Sentence
from headway.rosters import queries as rosters
from headway.tasks import queries as tasks
from headway.tasks.types import TaskView

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
TEXT = "text/plain"
MOST_PARTS = 8


def masked_words(*, student: int, words: str, also: Sequence[str] = ()) -> Masked:
    """Return words of a student as a copy would hold them, with how many places were masked. Four statements."""
    known = rosters.known_around(person_id=student)
    return mask(words, known.names, marks=known.marks, also=also)


def seen_pieces(actor: Viewer, keys: Sequence[str]) -> list[Any]:
    """Return pieces of one student whom the actor may see at school, in the order asked. Raises `Refusal`: `no_such_work`."""
    found = evidence.pieces_named(keys=keys)
    rows = [found[key] for key in dict.fromkeys(keys) if key in found]
    students = {row.student_id for row in rows}
    seen = rosters.visible_ids(actor.at_school(), person_ids=students, as_of=actor.today)
    if not rows or len(rows) != len(set(keys)) or len(students) != 1 or students - seen:
        raise Refusal("no_such_work", "There is no such work that you may see.")
    return rows


def take_sample(
    *, actor: Viewer, key: str, version: UUID, pieces: Sequence[str], files: Mapping[str, NewPart], also: Sequence[str],
    looked: bool, at: datetime,
) -> UUID:  # fmt: skip
    """This will take a frozen copy of one student's work, several pieces as one body of work, without names; returns its uuid.

    `files` are cleaned pictures, or the words of a text file, by the key of the piece that they belong to. A key that is known
    answers with the copy that stands. Written: sample, parts, audit entry. Who may: adults of the school who may see the
    student, and say that they looked at the copy. Raises `Refusal`: `forbidden`, `no_such_work`, `not_looked`, `unknown_task`,
    `cannot_be_masked`, `nothing_to_show`, `too_many`.
    """
    if not actor.is_a(*STAFF):
        raise Refusal("forbidden", "Only adults of the school take copies of work.")
    with transaction.atomic():
        known = Sample.objects.filter(key=key).first()
        if known is not None:
            return known.uuid
        if not looked:
            raise Refusal("not_looked", "Look at the copy first: nobody may be known by it.")
        if len(pieces) > MOST_PARTS:
            raise Refusal("too_many", Sentence("A body of work holds %(most)s pieces.", most=MOST_PARTS))
        rows = seen_pieces(actor, pieces)
        parts = [part for row in rows for part in _parts(row, files, also)]
        return _kept(actor, key, version, rows, parts, at).uuid


def draw_copy(*, actor: Viewer, key: str, version: UUID, piece: Any, at: datetime) -> Sample | None:
    """This will take the copy of one piece of words for second scoring; None where its words do not say it all.

    In the caller's transaction, who has checked that the actor may draw; nobody has looked at it yet.
    """
    if piece.file_digest or piece.link or not piece.words.strip():
        return None
    known = Sample.objects.filter(key=key).first()
    return known or _kept(actor, key, version, [piece], _parts(piece, {}, ()), at)


def _kept(
    actor: Viewer, key: str, version: UUID, rows: Sequence[Any], parts: Sequence[NewPart], at: datetime
) -> Sample:
    if not parts:
        raise Refusal("nothing_to_show", "There are no words and no picture that could be scored.")
    first = rows[0]
    school = rosters.enrolled_school(person_ids=[first.student_id], on=first.handed_in_at.date()).get(
        first.student_id
    )
    made = Sample.objects.create(
        key=key, version_id=published(actor, version).id, student_id=first.student_id, school_id=school,
        piece=first.key if len(rows) == 1 else "", attempt=first.attempt, taken_by_id=actor.person_id, taken_at=at,
    )  # fmt: skip
    _write_parts(made, parts)
    record_act(
        actor=actor,
        act="take_sample",
        kind="sample",
        object_id=made.uuid,
        detail={"parts": len(parts)},
        at=at,
    )
    return made


def _write_parts(sample: Sample, parts: Sequence[NewPart]) -> None:
    SamplePart.objects.bulk_create(
        SamplePart(sample=sample, position=place, words=one.words, file_digest=one.file_digest, file_type=one.file_type,
                   file_size=one.file_size)
        for place, one in enumerate(parts, 1)
    )  # fmt: skip


def _parts(row: Any, files: Mapping[str, NewPart], also: Sequence[str]) -> list[NewPart]:
    """Return what raters see of a piece: its masked words, and its picture or the masked words of its text file."""
    parts = []
    if row.words.strip():
        parts.append(NewPart(masked_words(student=row.student_id, words=row.words, also=also).words))
    if row.file_digest:
        own = files.get(row.key)
        if own is None or (row.file_type not in (*PICTURES, TEXT)):
            raise Refusal(
                "cannot_be_masked",
                "Names cannot be taken out of this kind of file. Use words or a picture of the work in its place.",
            )
        if row.file_type == TEXT:
            own = NewPart(masked_words(student=row.student_id, words=own.words, also=also).words)
        parts.append(own)
    return parts


def published(viewer: Viewer, version: UUID) -> TaskView:
    """Return a published version of a task with its rubric. Three statements. Raises `Refusal("unknown_task")`."""
    found = tasks.task_version(viewer=viewer, version=version)
    if found.published_at is None or not found.criteria:
        raise Refusal("unknown_task", "There is no such task.")
    return found


# Anchors.


def anchor_from_exemplar(
    *, actor: Viewer, task: TaskView, exemplar: UUID, picture: NewPart | None, at: datetime
) -> UUID:
    """This will keep an exemplar of a task, which an adult made, as an anchor; returns the copy's uuid.

    Written: sample, parts, levels, audit entry; once for an exemplar. Who may: who plans sessions. Raises `Refusal`:
    `forbidden`, `unknown_task`, `levels_missing`, `nothing_to_show`.
    """
    _require_keeper(actor)
    found = next((one for one in task.exemplars if one.uuid == exemplar), None)
    if found is None:
        raise Refusal("unknown_task", "There is no such task.")
    if {one.uuid for one in task.criteria} - set(found.levels):
        raise Refusal("levels_missing", "An anchor needs a level on every criterion.")
    parts = [NewPart(found.words)] if found.words.strip() else []
    parts += [picture] if picture is not None else []
    if not parts:
        raise Refusal("nothing_to_show", "There are no words and no picture that could be scored.")
    with transaction.atomic():
        key = f"{EXEMPLAR}{exemplar}"
        known = Sample.objects.filter(key=key).first()
        if known is not None:
            return known.uuid
        made = Sample.objects.create(
            key=key,
            version_id=published(actor, task.uuid).id,
            anchor=True,
            taken_by_id=actor.person_id,
            taken_at=at,
        )
        _write_parts(made, parts)
        keys = dict(made.version.criteria.values_list("uuid", "id"))
        AnchorLevel.objects.bulk_create(
            AnchorLevel(sample=made, criterion_id=keys[uuid], level=level, why=found.why[:1000])
            for uuid, level in found.levels.items()
        )
        record_act(actor=actor, act="keep_anchor", kind="sample", object_id=made.uuid, at=at)
        return made.uuid


def keep_as_anchor(*, actor: Viewer, work: SessionWork, at: datetime) -> None:
    """This will keep a work of a session as an anchor with the levels that were agreed and why; again changes nothing.

    Written: sample, levels, audit entry. Who may: who convenes the session; the caller has checked. Raises `Refusal`:
    `not_revealed`, `levels_missing`.
    """
    if work.session.state not in OPENED:
        raise Refusal("not_revealed", "This is known when the first round is revealed.")
    agreed = list(AgreedScore.objects.filter(work=work))
    if len(agreed) < work.session.version.criteria.count():
        raise Refusal("levels_missing", "An anchor needs a level on every criterion.")
    sample = Sample.objects.select_for_update().get(pk=work.sample_id)
    if sample.anchor:
        return
    sample.anchor = True
    sample.save(update_fields=["anchor"])
    AnchorLevel.objects.bulk_create(
        AnchorLevel(sample=sample, criterion_id=one.criterion_id, level=one.level, why=one.why)
        for one in agreed
    )
    record_act(actor=actor, act="keep_anchor", kind="sample", object_id=sample.uuid, at=at)


def retire_anchor(*, actor: Viewer, sample: UUID, at: datetime) -> None:
    """This will offer an anchor for no new session; those that hold it keep it.

    Written: sample, audit entry. Who may: who plans sessions. Raises `Refusal`: `forbidden`, `no_such_work`.
    """
    _require_keeper(actor)
    with transaction.atomic():
        found = Sample.objects.filter(uuid=sample, anchor=True, retired_at=None)
        if not found.update(retired_at=at):
            raise Refusal("no_such_work", "There is no such work that you may see.")
        record_act(actor=actor, act="retire_anchor", kind="sample", object_id=sample, at=at)


def _require_keeper(actor: Viewer) -> None:
    if not actor.is_a(*CONVENERS):
        raise Refusal(
            "forbidden", "Only coaches, principals and the district plan sessions and keep anchors."
        )


# With a student's record.


def erase_samples(*, student: int) -> None:
    """This will remove every copy of a student's work, wherever it was used, with the scores about it. In the caller's
    transaction, which erases the events about the student and is audited there."""
    Sample.objects.filter(student_id=student).delete()


def follow(joining: Any) -> None:
    """This will move copies, and what people planned, scored and wrote, with a merge or back with its split.

    Somebody who rates in a session, or answered a survey, as both people keeps both places. For
    `rosters.actions.register_follower`.
    """
    from headway.calibration import models

    columns: tuple[tuple[Any, str], ...] = (
        (Sample, "student_id"), (Sample, "taken_by_id"), (models.CalibrationSession, "made_by_id"),
        (models.SessionRater, "person_id"), (models.DiscussionNote, "written_by_id"), (AgreedScore, "said_by_id"),
        (models.CapacityAnswered, "person_id"),
    )  # fmt: skip
    if joining.of is not None:
        for model in dict.fromkeys(model for model, _ in columns):
            joining.put_back(model)
        return
    for model, column in columns:
        rows = model.objects.filter(**{column: joining.person.pk})
        if model is models.SessionRater:
            both = models.SessionRater.objects.filter(person=joining.into).values("session_id")
            rows = rows.exclude(session_id__in=both)
        if model is models.CapacityAnswered:
            both = models.CapacityAnswered.objects.filter(person=joining.into).values("wave")
            rows = rows.exclude(wave__in=both)
        joining.move(list(rows.order_by("id")), column)
