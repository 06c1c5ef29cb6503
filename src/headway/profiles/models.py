"""What is said about a learner: entries of the profile, accommodations, modifications, language status, consents.

Every row is a projection of the ledger: `sequence` is its newest event, whose content is `body()`.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.db import models

from headway.frameworks.models import Node
from headway.rosters.models import Person

__all__ = [
    "Accommodation", "Consent", "DecisionTaken", "LanguageStatus", "Modification", "ProfileEntry", "ScreenerResult",
]  # fmt: skip


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


class Told(models.Model):
    """What every row here has: whom it is about, who wrote it as what, when. Identified by `uuid`; `key` is the client's."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    key = models.CharField(max_length=100, unique=True)
    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    written_as = models.CharField(max_length=10)
    written_at = models.DateTimeField()
    sequence = models.BigIntegerField()

    class Meta:
        abstract = True


class ProfileEntry(Told):
    """One entry of a learner's profile in one field. Never edited: it expires, or its author takes it back.

    Seen by the student, its author, and whom `readers` names (words of `types.READERS`, parted by spaces), until it expires.
    """

    field = models.CharField(max_length=12)
    words = models.CharField(max_length=600)
    target = models.ForeignKey(Node, on_delete=models.PROTECT, null=True, related_name="+")
    readers = models.CharField(max_length=60, default="")
    expires_on = models.DateField()
    next_on = models.DateField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["student", "expires_on"], name="profile_entry_by_student")]

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this entry says."""
        return {
            "entry": str(self.uuid), "field": self.field, "words": self.words, "readers": self.readers.split(),
            "target": None if self.target is None else str(self.target.uuid), "as": self.written_as,
            "expires_on": _iso(self.expires_on), "next_on": _iso(self.next_on), "withdrawn": self.withdrawn_at is not None,
        }  # fmt: skip


class Accommodation(Told):
    """One line of what helps a student to reach the same target, for a span of days (half open). Ratings count as ever.

    `choice` is a key of the district's list; `words` are the school's own. Seen by student, family, teachers, advisor, leaders,
    and by who stands in.
    """

    choice = models.CharField(max_length=60, default="")
    words = models.CharField(max_length=300, default="")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this line says."""
        return {
            "accommodation": str(self.uuid), "choice": self.choice, "words": self.words, "as": self.written_as,
            "starts_on": _iso(self.starts_on), "ends_on": _iso(self.ends_on),
        }  # fmt: skip


class Modification(Told):
    """A target of a student's own in the place of one of the continuum, with one descriptor for each level, for a span of days.

    While it holds, the target is an individual goal and its ratings have the purpose `modified`. One stands for a student and
    target. Seen by student, family, teachers, advisor and leaders; the text of the plan behind it is not kept.
    """

    target = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=500)
    descriptors = models.JSONField(default=list)
    starts_on = models.DateField()
    review_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    reason = models.CharField(max_length=500, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "target"], condition=models.Q(ends_on=None), name="one_modification_stands"
            )
        ]

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this modification says."""
        return {
            "modification": str(self.uuid), "target": str(self.target.uuid), "words": self.words,
            "descriptors": self.descriptors, "as": self.written_as, "starts_on": _iso(self.starts_on),
            "review_on": _iso(self.review_on), "ends_on": _iso(self.ends_on), "reason": self.reason,
        }  # fmt: skip


class LanguageStatus(Told):
    """What a student is as an English learner for a span of days, and by which source. The next status ends the one before.

    Seen by student, family, teachers, advisor and leaders. The roster's yes or no stands in `Demographics`, for counts.
    """

    status = models.CharField(max_length=20)
    source = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student"], condition=models.Q(ends_on=None), name="one_language_status"
            )
        ]

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this status says."""
        return {
            "status": self.status, "source": self.source, "as": self.written_as, "starts_on": _iso(self.starts_on),
            "ends_on": _iso(self.ends_on), "language_status": str(self.uuid),
        }  # fmt: skip


class Consent(Told):
    """Somebody's yes, given on a day, to one screener for a student; it may be withdrawn. Without it no result is recorded.

    Seen by student, family, teachers, advisor and leaders.
    """

    instrument = models.CharField(max_length=200)
    given_by = models.CharField(max_length=200)
    given_on = models.DateField()
    withdrawn_on = models.DateField(null=True)

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this consent says."""
        return {
            "consent": str(self.uuid), "instrument": self.instrument, "given_by": self.given_by, "as": self.written_as,
            "given_on": _iso(self.given_on), "withdrawn_on": _iso(self.withdrawn_on),
        }  # fmt: skip


class ScreenerResult(Told):
    """What a screener found on a day, in words and without a label, under a consent that stood then.

    Seen by whom the consent is seen, while it stands.
    """

    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="results")
    on = models.DateField()
    words = models.CharField(max_length=600)

    def body(self) -> dict[str, Any]:
        """Return what the event about this result says."""
        return {
            "result": str(self.uuid), "consent": str(self.consent.uuid), "on": _iso(self.on), "words": self.words,
            "as": self.written_as,
        }  # fmt: skip


class DecisionTaken(Told):
    """What was decided about a student at a decision point that the district names, on a day, and why.

    `point` and `option` are keys of the district's list. Never edited: its author takes it back. Seen by student, family,
    teachers, advisor and leaders; counted in figures about many, and no level knows it.
    """

    point = models.CharField(max_length=60)
    option = models.CharField(max_length=60)
    on = models.DateField()
    reason = models.CharField(max_length=600)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["student", "on"], name="decision_taken_by_student")]

    def body(self) -> dict[str, Any]:
        """Return what the newest event about this decision says."""
        return {
            "decision": str(self.uuid), "point": self.point, "option": self.option, "on": _iso(self.on),
            "reason": self.reason, "as": self.written_as, "withdrawn": self.withdrawn_at is not None,
        }  # fmt: skip
