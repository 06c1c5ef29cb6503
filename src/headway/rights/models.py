"""Requests of families, and what left the school."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from headway.frameworks.models import Node
from headway.rosters.models import Person

__all__ = ["Disclosure", "RightsRequest"]


class RightsRequest(models.Model):
    """One request about a student's record: to have it, or to amend an entry (`kind`, `item`, `target`), with its answer.

    A projection of the ledger: `sequence` is its newest event, whose content is `body()`. Identified by `uuid`; `key` is the
    client's. Seen by the student, the family in care, who leads the student's school, and the district. Kept until erased.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=100, unique=True)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    asked_as = models.CharField(max_length=10)
    asked_at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    item = models.CharField(max_length=200, default="")
    target = models.ForeignKey(Node, on_delete=models.PROTECT, null=True, related_name="+")
    words = models.CharField(max_length=2000, default="")
    due_on = models.DateField()
    state = models.CharField(max_length=10)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, default="")
    reason = models.CharField(max_length=2000, default="")
    correction = models.BigIntegerField(null=True)
    hearing_asked_at = models.DateTimeField(null=True)
    hearing_on = models.DateField(null=True)
    hearing_outcome = models.CharField(max_length=10, default="")
    hearing_words = models.CharField(max_length=2000, default="")
    sequence = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["state", "due_on"], name="rights_by_clock")]

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this request says."""
        days = {
            name: getattr(self, name) for name in ("due_on", "hearing_on", "decided_at", "hearing_asked_at")
        }
        texts = (
            "kind",
            "item",
            "words",
            "state",
            "decided_by",
            "reason",
            "correction",
            "hearing_outcome",
            "hearing_words",
        )
        return {
            "request": str(self.uuid), "as": self.asked_as, "target": None if self.target is None else str(self.target.uuid),
            **{name: getattr(self, name) for name in texts},
            **{name: None if value is None else value.isoformat() for name, value in days.items()},
        }  # fmt: skip


class Disclosure(models.Model):
    """One line of the list of disclosures: what about one student left the school in one export (`run`), to whom, for what.

    Written before anything leaves. Seen by the student, the family in care, and the district. Kept as long as the record.
    """

    run = models.UUIDField()
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    what = models.CharField(max_length=20)
    to_whom = models.CharField(max_length=200)
    purpose = models.CharField(max_length=300)
    by_name = models.CharField(max_length=200, default="")
    account = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["student", "run"], name="disclosed_once")]
