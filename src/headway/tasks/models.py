"""Records of the task bank. A published version is never changed; a task is retired, never deleted."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from headway.frameworks.models import Node
from headway.rosters.models import Org, Person
from headway.tasks.types import EVIDENCE_KINDS

__all__ = ["Criterion", "Exemplar", "Task", "TaskVersion", "Validation", "ValidityEntry", "Verdict"]


class Task(models.Model):
    """One performance task through all its versions. Identified by `uuid`; `key` is the client's.

    `school` is the school it comes from, null the district's. `standing` is `local` until colleagues validated the version
    that is offered (`current`), which is null while only a draft is there. Seen by adults of the schools; a draft by those
    who write it. Kept for ever.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    school = models.ForeignKey(Org, on_delete=models.PROTECT, null=True, related_name="+")
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    standing = models.CharField(max_length=10, default="local")
    current = models.ForeignKey("TaskVersion", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(standing__in=["local", "validated", "common", "retired"]), name="task_standing"
            )
        ]


class TaskVersion(models.Model):
    """One version of what a task says. Identified by `uuid`, and by task and `number`; a draft until `published_at`.

    `levels` are the levels of the scale `scale` as they were when it was written, `[{"level", "names"}]` in hundredths, so
    that its rubric can be read when the scale has changed. `origin` says of a version that came in a pack from which district,
    under which license and with which standing there. One draft of a task stands at a time. Seen with its task.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="versions")
    number = models.SmallIntegerField()
    title = models.CharField(max_length=200)
    purpose = models.CharField(max_length=1000, default="")
    prompt = models.TextField(default="")
    materials = models.TextField(default="")
    administration = models.TextField(default="")
    accommodations = models.TextField(default="")
    minutes = models.SmallIntegerField(null=True)
    language = models.CharField(max_length=16, default="en")
    depth = models.SmallIntegerField()
    certifies = models.BooleanField(default=False)
    scale = models.CharField(max_length=60, default="")
    levels = models.JSONField(default=list)
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    origin = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="task_version_once"),
            models.UniqueConstraint(
                fields=["task"], condition=Q(published_at=None), name="one_draft_of_a_task"
            ),
            models.CheckConstraint(condition=Q(depth__gte=1, depth__lte=4), name="task_depth"),
        ]


class Criterion(models.Model):
    """One line of a version's rubric: what is looked at, the target it shows, and what each level looks like.

    Identified by `uuid`; `descriptors` are `[{"level", "words"}]` with levels in hundredths. Seen with its version.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    version = models.ForeignKey(TaskVersion, on_delete=models.CASCADE, related_name="criteria")
    position = models.SmallIntegerField()
    name = models.CharField(max_length=200)
    target = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    descriptors = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="criterion_once")]


class Exemplar(models.Model):
    """One answer that an adult made to show what a level looks like: never a student's work. Identified by `uuid`.

    `levels` are hundredths by the uuid of the criterion. Its file is kept like any that is handed in. Seen with its version,
    and by students to whom the task was given.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    version = models.ForeignKey(TaskVersion, on_delete=models.CASCADE, related_name="exemplars")
    position = models.SmallIntegerField()
    title = models.CharField(max_length=200)
    words = models.TextField(default="")
    link = models.URLField(max_length=500, default="")
    file_name = models.CharField(max_length=200, default="")
    file_type = models.CharField(max_length=100, default="")
    file_digest = models.CharField(max_length=64, default="", db_index=True)
    file_size = models.BigIntegerField(default=0)
    levels = models.JSONField(default=dict)
    why = models.CharField(max_length=1000)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="exemplar_once")]


class Validation(models.Model):
    """One validation of one published version by a team of colleagues. Identified by `uuid`; one is open at a time.

    `wanted` is the standing that it is to give. `outcome` is empty while open, then `validated`, `common` or `sent_back`,
    with the reason. Seen by adults of the schools; what members wrote by nobody but them until each of them has.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    version = models.ForeignKey(TaskVersion, on_delete=models.CASCADE, related_name="validations")
    wanted = models.CharField(max_length=10)
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, default="")
    reason = models.CharField(max_length=1000, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(closed_at=None), name="one_open_validation"
            )
        ]


class Verdict(models.Model):
    """What one member of a validation's team found, given once: null `at` while they have not. Identified by both.

    `answers` are `{criterion of the protocol: {"verdict", "reason"}}`; `areas` and `schools` (sourcedIds) are what the member
    taught, and where, on the day of the verdict.
    """

    validation = models.ForeignKey(Validation, on_delete=models.CASCADE, related_name="verdicts")
    member = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    areas = models.JSONField(default=list)
    schools = models.JSONField(default=list)
    answers = models.JSONField(default=dict)
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["validation", "member"], name="one_verdict_each")]


class ValidityEntry(models.Model):
    """One entry of a task's validity file: evidence of one kind about one published version, found on a day.

    Identified by `uuid`; `key` is the client's. Never changed; withdrawn with a reason, it stays to be read. Seen with its
    task. Names no student. Kept for ever.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    version = models.ForeignKey(TaskVersion, on_delete=models.CASCADE, related_name="validity")
    kind = models.CharField(max_length=20)
    on = models.DateField()
    words = models.TextField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    written_by_name = models.CharField(max_length=200)
    written_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_name = models.CharField(max_length=200, default="")
    withdrawn_why = models.CharField(max_length=1000, default="")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(kind__in=EVIDENCE_KINDS), name="validity_kind")]
