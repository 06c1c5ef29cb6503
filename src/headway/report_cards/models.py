"""Runs, comments, incompletes, cards as they were frozen, and what families added."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from headway.frameworks.models import Framework, Node
from headway.rosters.models import Org, Person, Term

__all__ = ["CardComment", "CardRun", "FamilyStatement", "Incomplete", "ReportCard", "Saying"]


class CardRun(models.Model):
    """One run of report cards: one school, one term. `as_of` and `through` are set by the first freeze and hold for all
    cards of the run. Kept for ever."""

    school = models.ForeignKey(Org, on_delete=models.PROTECT, related_name="+", db_index=False)
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    as_of = models.DateField(null=True)
    through = models.BigIntegerField(null=True)
    frozen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school", "term"], name="card_run_once")]


class CardComment(models.Model):
    """What an adult wrote about one student in one area for one run, in the language it was written in.

    A translation is typed or pasted by a person; `machine` stays until a person has checked it. A changed text drops its
    translation. Who may see it before it stands on a card: adults who may see the student.
    """

    run = models.ForeignKey(CardRun, on_delete=models.PROTECT, related_name="comments", db_index=False)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    language = models.CharField(max_length=8)
    author = models.CharField(max_length=200)
    written_at = models.DateTimeField()
    translation = models.TextField(default="")
    translation_language = models.CharField(max_length=8, default="")
    machine = models.BooleanField(default=False)
    checked_by = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "student", "framework"], name="card_comment_once")
        ]


class Saying(models.Model):
    """One sentence that a teacher keeps to use again. Names no student; seen by its owner only."""

    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=1000)
    language = models.CharField(max_length=8)
    kept_at = models.DateTimeField()


class Incomplete(models.Model):
    """An area in which a student still owes evidence, with who looks after it and the day on which somebody must decide.

    It never becomes a level by itself: it stands until a person settles it (`completed`, `extended`, `closed`).
    """

    run = models.ForeignKey(CardRun, on_delete=models.PROTECT, related_name="incompletes")
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    expires_on = models.DateField()
    opened_at = models.DateTimeField()
    settled = models.CharField(max_length=10, default="")
    settled_at = models.DateTimeField(null=True)
    settled_reason = models.CharField(max_length=500, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "student", "framework"], condition=Q(settled=""), name="incomplete_stands_once"
            )
        ]


class ReportCard(models.Model):
    """One student's card of one run as it was issued: whole, with the digest of its content. Never changed: a correction is
    the next issue, which names in `change` what was, what is, and why. Who may see it: who may see the student."""

    run = models.ForeignKey(CardRun, on_delete=models.PROTECT, related_name="cards", db_index=False)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    issue = models.SmallIntegerField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    as_of = models.DateField()
    through = models.BigIntegerField()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=200, default="")
    change = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "student", "issue"], name="report_card_issue")]


class FamilyStatement(models.Model):
    """What a family wants to stand on each later card. One stands for a student; an earlier one has `ended_at`.

    With `amendment`, the identifier of a request to amend that was refused, it stands with the contested item (`kind`, `item`,
    `target`) wherever that is shown or sent; one stands for each.
    """

    amendment = models.UUIDField(null=True, db_index=True)
    kind = models.CharField(max_length=12, default="")
    item = models.CharField(max_length=200, default="")
    target = models.ForeignKey(Node, on_delete=models.PROTECT, null=True, related_name="+")
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=2000)
    said_by = models.CharField(max_length=200)
    written_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student"],
                condition=Q(ended_at__isnull=True, amendment__isnull=True),
                name="statement_stands_once",
            ),
            models.UniqueConstraint(
                fields=["amendment"],
                condition=Q(ended_at__isnull=True, amendment__isnull=False),
                name="contested_once",
            ),
        ]
