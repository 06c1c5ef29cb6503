"""Digests with their notices, choices, addresses, letters."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from headway.rosters.models import Person

__all__ = ["Digest", "Letter", "MailAddress", "Notice", "NoticeChoice"]


class NoticeChoice(models.Model):
    """What one person chose about notices; an empty hour is the district's. Seen and changed by that person only."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    hour = models.SmallIntegerField(null=True)
    quiet_from = models.SmallIntegerField(null=True)
    quiet_to = models.SmallIntegerField(null=True)
    without = models.JSONField(default=list)
    changed_at = models.DateTimeField()


class MailAddress(models.Model):
    """The address at which one person wants mail. Used from `verified_at` on, and not after it bounced.

    Seen by that person; once it bounced, by the district and the leaders of the person's school. Removed by its owner.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=254, db_index=True)
    asked_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    bounced_why = models.CharField(max_length=200, default="")


class Digest(models.Model):
    """What one person was told on one day: once. `through` is the end of the ledger then, where the next one begins.

    Seen by that person, as far as they may still see whom it is about.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    on = models.DateField()
    made_at = models.DateTimeField()
    through = models.BigIntegerField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "on"], name="digest_once_a_day")]


class Notice(models.Model):
    """One line of a digest: a kind and a number, never a level. `student` is empty where it is about all of a teacher's."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="notices")
    student = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=12)
    n = models.IntegerField()
    on = models.DateField(null=True)


class Letter(models.Model):
    """One mail that goes to one person, once: its marks, not its words, which are written when it goes. Identified by `key`.

    `sending` is committed before the mail server is spoken to. Whoever finds a letter so does not know whether it went, says
    `unknown`, and sends it no second time. Seen by the district.
    """

    key = models.CharField(max_length=100, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=10)
    digest = models.OneToOneField(Digest, on_delete=models.CASCADE, null=True, related_name="letter")
    address = models.CharField(max_length=254)
    state = models.CharField(max_length=10, default="waiting")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    said = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "refused", "unknown", "stopped"]),
                name="letter_state",
            )
        ]
        indexes = [models.Index(fields=["state", "changed_at"], name="letter_by_state")]
