"""Records of scoring together. No row but a copy's names a student, and that only so that it can be erased."""

from __future__ import annotations

import secrets
import uuid

from django.db import models
from django.db.models import Q

from headway.calibration.types import EVERYBODY, KINDS, PLANNED, STATES, TOGETHER, WAYS
from headway.rosters.models import Org, Person
from headway.tasks.models import Criterion, TaskVersion

__all__ = [
    "AgreedScore",
    "AnchorLevel",
    "CalibrationReport",
    "CalibrationSession",
    "CapacityAnswer",
    "CapacityAnswered",
    "CapacityReading",
    "DiscussionNote",
    "Sample",
    "SamplePart",
    "Score",
    "Seat",
    "SessionRater",
    "SessionWork",
]


class Sample(models.Model):
    """One frozen copy of work on a task's version, without names, places and file names; with `anchor`, for good use again.

    Identified by `uuid`; `key` is the client's. `student` is whose it was (null: an adult made it), named nowhere but here.
    Shown by number to raters of its sessions and to who keeps anchors. Removed with what is known of the student.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    version = models.ForeignKey(TaskVersion, on_delete=models.PROTECT, related_name="+")
    student = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    school = models.ForeignKey(Org, on_delete=models.PROTECT, null=True, related_name="+")
    piece = models.CharField(max_length=190, default="")
    attempt = models.SmallIntegerField(default=1)
    anchor = models.BooleanField(default=False)
    taken_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)


class SamplePart(models.Model):
    """One artifact of a copy: masked words, or a cleaned picture. Identified by its copy and `position`."""

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="parts")
    position = models.SmallIntegerField()
    words = models.TextField(default="")
    file_type = models.CharField(max_length=100, default="")
    file_digest = models.CharField(max_length=64, default="", db_index=True)
    file_size = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "position"], name="sample_part_once")]


class AnchorLevel(models.Model):
    """The level that was agreed for an anchor on a criterion, and why. Shown once a session that uses it is revealed."""

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="levels")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    level = models.IntegerField()
    why = models.CharField(max_length=1000, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "criterion"], name="anchor_level_once")]


class CalibrationSession(models.Model):
    """One session in which raters score the same kind of work: planned, scored blind, revealed, perhaps scored again, finished.

    Identified by `uuid`; `key` is the client's. Seen by its raters and who convenes it; leaders read figures by school only.
    Kept, without copies of students who were erased.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=190, unique=True)
    title = models.CharField(max_length=200)
    purpose = models.CharField(max_length=1000, default="")
    version = models.ForeignKey(TaskVersion, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, default=TOGETHER)
    way = models.CharField(max_length=10, default=EVERYBODY)
    per_work = models.SmallIntegerField(default=0)
    moderates = models.BooleanField(default=False)
    seed = models.BigIntegerField()
    opens_on = models.DateField()
    closes_on = models.DateField()
    state = models.CharField(max_length=10, default=PLANNED)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    made_by_name = models.CharField(max_length=200, default="")
    made_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    revealed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=STATES), name="calibration_state"),
            models.CheckConstraint(condition=Q(way__in=WAYS), name="calibration_way"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="calibration_kind"),
        ]


class SessionWork(models.Model):
    """One copy in a session, by number. `as_anchor`: it had agreed levels when the session opened. `local` are
    everyday levels by the uuid of the criterion, where it is scored again."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    session = models.ForeignKey(CalibrationSession, on_delete=models.CASCADE, related_name="works")
    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="uses")
    number = models.SmallIntegerField()
    as_anchor = models.BooleanField(default=False)
    local = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "sample"], name="sample_once_in_session"),
            models.UniqueConstraint(fields=["session", "number"], name="work_number_once"),
        ]


class SessionRater(models.Model):
    """One person who scores in a session, until withdrawn. Identified by both; `number` orders nothing that anybody reads."""

    session = models.ForeignKey(CalibrationSession, on_delete=models.CASCADE, related_name="raters")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    school = models.ForeignKey(Org, on_delete=models.PROTECT, null=True, related_name="+")
    joined_at = models.DateTimeField()
    submitted_1_at = models.DateTimeField(null=True)
    submitted_2_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "person"], name="rater_once_in_session")]


class Seat(models.Model):
    """That a rater scores a work, and where it stands in this rater's own order, which counts from 1."""

    rater = models.ForeignKey(SessionRater, on_delete=models.CASCADE, related_name="seats")
    work = models.ForeignKey(SessionWork, on_delete=models.CASCADE, related_name="seats")
    place = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rater", "work"], name="seat_once"),
            models.UniqueConstraint(fields=["rater", "place"], name="seat_place_once"),
        ]


class Score(models.Model):
    """The level that a rater gave a work on a criterion in a round. Changed until the rater hands the round in, then never.

    Read by the rater alone; others read, after the reveal, how many gave which level.
    """

    seat = models.ForeignKey(Seat, on_delete=models.CASCADE, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    round = models.SmallIntegerField()
    level = models.IntegerField()
    comment = models.CharField(max_length=1000, default="")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["seat", "criterion", "round"], name="score_once"),
            models.CheckConstraint(condition=Q(round__in=[1, 2]), name="score_round"),
        ]


class DiscussionNote(models.Model):
    """One note of the discussion about a work, or one criterion of it. Identified by the client's `key`; never edited."""

    key = models.CharField(max_length=190, unique=True)
    work = models.ForeignKey(SessionWork, on_delete=models.CASCADE, related_name="notes")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, null=True, related_name="+")
    words = models.CharField(max_length=2000)
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    written_by_name = models.CharField(max_length=200)
    written_at = models.DateTimeField()


class AgreedScore(models.Model):
    """The level that those who scored a work agreed on for a criterion, and why. `raters_n` had scored it.

    The newest word stands until the session is finished; each change is audited.
    """

    work = models.ForeignKey(SessionWork, on_delete=models.CASCADE, related_name="agreed")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    level = models.IntegerField()
    why = models.CharField(max_length=1000)
    raters_n = models.SmallIntegerField()
    said_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    said_by_name = models.CharField(max_length=200)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["work", "criterion"], name="agreed_once")]


class CalibrationReport(models.Model):
    """What a session tells: one row for the group (`rater` null), and one for each rater that nobody but the rater reads.

    Made by the worker from the scores; made anew when the session goes on.
    """

    session = models.ForeignKey(CalibrationSession, on_delete=models.CASCADE, related_name="reports")
    rater = models.OneToOneField(SessionRater, on_delete=models.CASCADE, null=True, related_name="report")
    made_at = models.DateTimeField()
    body = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(rater__isnull=True), name="one_report_of_a_group"
            )
        ]


class CapacityAnswer(models.Model):
    """What one adult answered in the survey of a school year, and nothing about whom: no person, no account, no time.

    Identified by a random `id` that is made anew with every further answer of the school, so that neither keys nor the order
    of rows tell who or when. `levels` are 1 to 4 by the key of the statement, `help` the statements with which help is wanted.
    `school` is null for who works at none. Read by nobody: leaders read `CapacityReading`. Kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(Org, on_delete=models.PROTECT, null=True, related_name="+")
    wave = models.SmallIntegerField()
    levels = models.JSONField(default=dict)
    help = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["wave", "school"], name="capacity_answer_school")]


def _unordered() -> int:
    """Return a key that says nothing about what came first."""
    return secrets.randbits(62)


class CapacityAnswered(models.Model):
    """That a person answered the survey of a school year, so that nobody answers twice; not what. Seen by that person alone.

    Identified by both; its own key is random. Follows a merge of two people.
    """

    id = models.BigIntegerField(primary_key=True, default=_unordered, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    wave = models.SmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "wave"], name="capacity_answered_once")]


class CapacityReading(models.Model):
    """What leaders read of a school year's survey: counts of five answers or more, of schools that may be told apart.

    One row for a `wave`. Made anew with an answer, but only where five more or none came to what stands together, so that
    the difference of two days tells of nobody. `lines` are those of `capacity.Line`; `past` says of earlier ones which schools
    they were of, and how many answers.
    """

    wave = models.SmallIntegerField(primary_key=True)
    lines = models.JSONField(default=list)
    past = models.JSONField(default=list)
