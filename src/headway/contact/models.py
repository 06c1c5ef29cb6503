"""Conferences, agreements, the contact log, and messages between home and school."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from headway.rosters.models import Person

__all__ = ["Agreement", "Conference", "ContactEntry", "Message", "MessageThread"]


class Conference(models.Model):
    """One talk about a student's learning: the day, who was there, in which language, with which interpreter.

    Identified by the client key of its form. Who may see it: who may see the student, the family with them.
    """

    key = models.CharField(max_length=100, unique=True)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    held_on = models.DateField()
    present = models.CharField(max_length=500)
    interpreter = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=8)
    recorded_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()


class Agreement(models.Model):
    """What somebody will do by a day, as agreed in a conference. Never edited: it is done, or it is changed with a reason and
    another row takes its place. Who may see it: who may see the student, student and family with them."""

    conference = models.ForeignKey(Conference, on_delete=models.CASCADE, related_name="agreements")
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    who = models.CharField(max_length=10)
    what = models.CharField(max_length=500)
    by_on = models.DateField(null=True)
    state = models.CharField(max_length=10, default="open")
    settled_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, default="")
    replaces = models.OneToOneField("self", on_delete=models.CASCADE, null=True, related_name="replaced_by")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "done", "changed"]), name="agreement_state")
        ]


class ContactEntry(models.Model):
    """One dated line about a call, a message or a meeting with a student's home. Never edited.

    Identified by the client key of its form. Who may see it: adults who may see the student; the family where it is
    `shared`; never the student.
    """

    key = models.CharField(max_length=100, unique=True)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    on = models.DateField()
    with_whom = models.CharField(max_length=200)
    about = models.CharField(max_length=1000)
    agreed = models.CharField(max_length=1000, default="")
    shared = models.BooleanField(default=False)
    written_by = models.CharField(max_length=200)
    written_at = models.DateTimeField()


class MessageThread(models.Model):
    """What one guardian and the teachers and advisors of one student write to one another. One for each pair."""

    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["student", "guardian"], name="message_thread_once")]


class Message(models.Model):
    """One message of a thread. Never edited; may be taken back while nobody has read it, for some minutes.

    Identified by the client key of its form. `read_at` is when the other side first opened it. Who may see it: the guardian
    while in care of the student and not kept away by a court, and the student's teachers and advisors.
    """

    key = models.CharField(max_length=100, unique=True)
    thread = models.ForeignKey(MessageThread, on_delete=models.CASCADE, related_name="messages")
    sender = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    from_home = models.BooleanField()
    text = models.CharField(max_length=4000)
    written_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["sender", "written_at"], name="message_by_sender")]
