"""The ledger and its projection."""

from __future__ import annotations

import uuid

from django.db import models

from headway.evidence.types import CHANCE
from headway.frameworks.models import Node
from headway.rosters.models import Person, SchoolClass
from headway.tasks.models import TaskVersion

__all__ = [
    "Attempt",
    "Erasure",
    "Event",
    "LedgerHead",
    "Note",
    "Offer",
    "Opportunity",
    "Payload",
    "Piece",
    "Rating",
    "Return",
    "SavedComment",
    "StudentRequest",
]


class Event(models.Model):
    """One acknowledged act about learning. Identified by its gapless `sequence`; never changed, never removed.

    Holds no content: `commitment` = SHA-256 of salt and payload; `hash` chains it to `previous`. `subject` and `author`
    are pseudonyms of the roster; `key_digest` is the digest of the client's key, so that a retry finds its first receipt.
    """

    sequence = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=20)
    subject = models.UUIDField(null=True)
    author = models.UUIDField(null=True)
    key_digest = models.CharField(max_length=64, null=True, unique=True)
    at_us = models.BigIntegerField()
    commitment = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)


class Payload(models.Model):
    """The content of one event, with the salt of its commitment. Never changed; removed only by `erase_payload`."""

    event = models.OneToOneField(Event, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False)
    salt = models.CharField(max_length=32)
    body = models.TextField()


class Erasure(models.Model):
    """Permission to remove one payload, written by the erasing event: the trigger that guards payloads asks for it."""

    sequence = models.BigIntegerField(primary_key=True)
    by = models.BigIntegerField()


class LedgerHead(models.Model):
    """The end of the chain (one row). Locked by every append, so that sequences have no gap and no twin."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)


class Rating(models.Model):
    """One rating as it stood from `from_sequence` until before `to_sequence` (null: still). Rebuilt from the ledger.

    Identified by `key` and `from_sequence`. `origin_sequence` is the event that first recorded it, which a move or a
    release does not change. Levels and continuum levels are hundredths; `…_us` are microseconds since 1970 in UTC.
    """

    key = models.CharField(max_length=190)
    from_sequence = models.BigIntegerField()
    to_sequence = models.BigIntegerField(null=True)
    origin_sequence = models.BigIntegerField()
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    target = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", db_index=False)
    level = models.IntegerField(null=True)
    observed_us = models.BigIntegerField()
    submitted_us = models.BigIntegerField(null=True)
    due_us = models.BigIntegerField(null=True)
    recorded_us = models.BigIntegerField()
    rater = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.SmallIntegerField(default=0)
    status = models.SmallIntegerField(default=0)
    purpose = models.SmallIntegerField(default=0)
    override = models.SmallIntegerField(default=0)
    piece = models.CharField(max_length=190)
    attempt = models.SmallIntegerField(default=1)
    depth = models.SmallIntegerField(default=0)
    task = models.CharField(max_length=190, default="")
    setting = models.CharField(max_length=190, default="")
    continuum_level = models.IntegerField(null=True)
    comment = models.TextField(default="")
    held = models.BooleanField(default=False)
    by_default = models.BooleanField(default=False)
    language = models.CharField(max_length=16, default="")
    modification = models.CharField(max_length=36, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(to_sequence__isnull=True), name="rating_stands_once"
            ),
        ]
        indexes = [
            models.Index(fields=["student", "target", "observed_us"], name="rating_segment"),
            models.Index(
                fields=["to_sequence"], condition=models.Q(to_sequence__isnull=False), name="rating_ended"
            ),
        ]


class HandedIn(models.Model):
    """What one attempt holds, as it was handed in: the newest in its piece, each earlier one in a row of its own."""

    title = models.CharField(max_length=200)
    words = models.TextField(default="")
    link = models.URLField(max_length=500, default="")
    file_name = models.CharField(max_length=200, default="")
    file_type = models.CharField(max_length=100, default="")
    file_digest = models.CharField(max_length=64, default="", db_index=True)
    file_size = models.BigIntegerField(default=0)
    reflection = models.TextField(default="")
    way = models.CharField(max_length=20, default="")
    attempt = models.SmallIntegerField(default=1)
    handed_in_at = models.DateTimeField()

    class Meta:
        abstract = True


class Piece(HandedIn):
    """One piece of a student's work. Identified by `key`, the `evidence` of its ratings; seen by who sees the student."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    targets = models.ManyToManyField(Node, related_name="+")
    handed_in_by = models.UUIDField(null=True)
    rated_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["student", "handed_in_at"])]


class Attempt(HandedIn):
    """One earlier attempt at a piece, as it was handed in. Identified by its piece and number; seen by who sees the piece.

    The newest attempt is the piece itself. A projection of the ledger, which goes when the piece goes.
    """

    piece = models.ForeignKey(Piece, on_delete=models.CASCADE, related_name="attempts")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["piece", "attempt"], name="attempt_once")]


class Offer(models.Model):
    """One task, or bare target, that was given in one act. Identified by `uuid`; `key` is the client's.

    What it says is the same for all who got it; each student's chance is an `Opportunity`. `task_version` is the version of
    the bank that it was given from, null for a task of the teacher's own. Seen by who sees one of them.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    school_class = models.ForeignKey(SchoolClass, on_delete=models.SET_NULL, null=True, related_name="+")
    title = models.CharField(max_length=200)
    words = models.TextField(default="")
    link = models.URLField(max_length=500, default="")
    targets = models.ManyToManyField(Node, related_name="+")
    due_on = models.DateField(null=True)
    depth = models.SmallIntegerField(default=0)
    purpose = models.SmallIntegerField(default=0)
    given_at = models.DateTimeField()
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    task_version = models.ForeignKey(TaskVersion, on_delete=models.PROTECT, null=True, related_name="+")


class Opportunity(models.Model):
    """One recorded chance for one student to show the targets of an offer. Identified by `uuid`; seen by who sees the student.

    A projection of the ledger: `sequence` is the event that brought it into its state. The piece handed in for it has
    the key `piece_key`, and so has a rating that says that it was missed or excused. Students of one offer with the same
    `group` hand in together; 0 works alone.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="opportunities")
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    group = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, default="offered")
    reason = models.CharField(max_length=500, default="")
    changed_at = models.DateTimeField()
    sequence = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["offer", "student"], name="one_chance_per_offer")]
        indexes = [models.Index(fields=["student", "state"])]

    @property
    def piece_key(self) -> str:
        """The key of the piece that answers it."""
        return f"{CHANCE}{self.uuid}"


class Return(models.Model):
    """One attempt that was given back for revision, with what to do. Identified by `sequence`, its event.

    `notes` are words by target (row key as text). It stands until it is taken back; seen by who sees the student.
    """

    sequence = models.BigIntegerField(primary_key=True)
    piece = models.ForeignKey(Piece, on_delete=models.CASCADE, related_name="returns")
    attempt = models.SmallIntegerField()
    words = models.TextField(default="")
    notes = models.JSONField(default=dict)
    returned_at = models.DateTimeField()
    returned_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["piece", "attempt"], name="one_return_per_attempt"),
        ]


class StudentRequest(models.Model):
    """One request of a student on a target: to show it now (`ready`), or again (`show_again`). Identified by `uuid`.

    A projection of the ledger: `sequence` is its newest event. One of a kind is open at a time for a student and target.
    Seen by who sees the student.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    words = models.TextField(default="")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="open")
    answer = models.CharField(max_length=10, default="")
    reason = models.TextField(default="")
    on = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "target", "kind"],
                condition=models.Q(state="open"),
                name="one_open_request",
            ),
        ]
        indexes = [models.Index(fields=["state", "asked_at"])]


class Note(models.Model):
    """One note of a substitute about a class, or one of its students, on a day on which they stood in. Identified by `uuid`.

    A projection of the ledger: `sequence` is its newest event. No evidence and no rating. Seen by its writer on the day,
    and by adults of the school whose scope holds the class and the student; by no student and no family. `read_by` have
    put it away for themselves; `key` is the client's.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    words = models.TextField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    written_on = models.DateField()
    written_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    read_by = models.ManyToManyField(Person, related_name="+")
    sequence = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["school_class", "written_on"])]


class SavedComment(models.Model):
    """One comment that a teacher keeps for use again. Seen and removed by its owner only."""

    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=500)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "text"], name="one_comment_once")]
