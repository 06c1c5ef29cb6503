"""The queue."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

__all__ = ["Job"]


class Job(models.Model):
    """One piece of background work. Identified by `key`: what is put in twice is done once.

    While somebody works on it, `claim` is theirs and holds until `leased_until`; after that, somebody else takes it over.
    `place` is where its next part begins. Seen by the district; finished ones are kept for two weeks.
    """

    key = models.CharField(max_length=190, unique=True)
    kind = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default="waiting")
    due_at = models.DateTimeField()
    claim = models.UUIDField(null=True, unique=True)
    leased_until = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    place = models.BigIntegerField(default=0)
    done_n = models.IntegerField(default=0)
    of_n = models.IntegerField(default=0)
    said = models.CharField(max_length=500, default="")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "failed"]), name="job_state"
            )
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="job_due")]
