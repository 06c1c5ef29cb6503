"""Reports that the district puts together, and sets of reports that come on their day."""

from __future__ import annotations

from django.db import models

__all__ = ["OwnReport", "ReportSet", "SetDelivery"]


class OwnReport(models.Model):
    """One version of a report that the district put together. Identified by `key` and `version`; the newest version holds.

    `sections` are lists of a metric and the columns by which it is told; `population` is a column of students and the one part
    of it that the figures are of, empty for all. Never edited: a change is the next version, and a report that is withdrawn
    has a last version that says so. Seen by whoever may see reports; kept for ever.
    """

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=80)
    question = models.CharField(max_length=200, default="")
    sections = models.JSONField()
    population = models.JSONField(default=list)
    withdrawn = models.BooleanField(default=False)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "version"], name="own_report_version_once")]


class ReportSet(models.Model):
    """One version of a set of reports that comes on its day. Identified by `key` and `version`; the newest version holds.

    `reports` are keys in order; `comes` is one of `types.COMES`; `for_schools` says whether who leads a school gets it too.
    Never edited: a change is the next version, and a set that is withdrawn has a last version that says so. Seen by whom it
    is for; kept for ever.
    """

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=80)
    reports = models.JSONField()
    comes = models.CharField(max_length=10)
    for_schools = models.BooleanField(default=False)
    withdrawn = models.BooleanField(default=False)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "version"], name="report_set_version_once")]


class SetDelivery(models.Model):
    """One coming of a set: the version that came, and the day of its figures. Identified by `key` and `as_of`.

    Never edited. Seen by whom the version is for; kept for ever, also where the snapshot of the day is kept no longer.
    """

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    as_of = models.DateField()
    delivered_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "as_of"], name="set_delivery_once_a_day")]
