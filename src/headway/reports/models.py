"""Reports that the district puts together."""

from __future__ import annotations

from django.db import models

__all__ = ["OwnReport"]


class OwnReport(models.Model):
    """One version of a report that the district put together. Identified by `key` and `version`; the newest version holds.

    `sections` are lists of a metric and the columns by which it is told. Never edited: a change is the next version, and a
    report that is withdrawn has a last version that says so. Seen by whoever may see reports; kept for ever.
    """

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=80)
    question = models.CharField(max_length=200, default="")
    sections = models.JSONField()
    withdrawn = models.BooleanField(default=False)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "version"], name="own_report_version_once")]
