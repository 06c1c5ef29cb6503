"""Templates of plans, their versions, and the plans of students."""

from __future__ import annotations

from django.db import models

from headway.frameworks.models import Node
from headway.rosters.models import Person

__all__ = ["Plan", "PlanTemplate", "TemplateItem", "TemplateVersion"]


class PlanTemplate(models.Model):
    """One plan that many students may follow. Identified by `key`, the name of the plan in files. Kept for ever."""

    key = models.CharField(max_length=190, unique=True)
    title = models.CharField(max_length=200)
    made_by_run = models.BigIntegerField(null=True)


class TemplateVersion(models.Model):
    """What a template asked from one day on. Identified by template and number; never edited.

    `made_by_run` is the import that made it, null where a person did.
    """

    template = models.ForeignKey(PlanTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    created_at = models.DateTimeField()
    made_by_run = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="template_version")]


class TemplateItem(models.Model):
    """One target of a version, in its place, with the pieces of evidence that the plan asks for.

    `due_week` is the week of the plan by whose end they are due, the first being 1; null where the version gives none.
    """

    version = models.ForeignKey(
        TemplateVersion, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    position = models.IntegerField()
    target = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    pieces = models.SmallIntegerField()
    due_week = models.SmallIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "target"], name="template_item_once")]


class Plan(models.Model):
    """One student's way through one version of a template, from a day to a last day, both included.

    `differences` holds only where it departs from the version, by the target's identifier: `added` [[target, pieces]],
    `removed` [target], `pieces` {target: pieces}, `due` {target: day}, and `why` {target: reason} for what was removed. A
    plan is never edited: another one takes its place and this one has `ended_at`; one plan of a template stands for a
    student. `source` is `page` or `file`; `made_by_run` and `ended_by_run` are the imports, or the acts for many, that
    made and ended it. Who may see it: who may see the student, who reads it too, and the family.
    """

    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, related_name="plans")
    starts_on = models.DateField()
    ends_on = models.DateField()
    differences = models.JSONField(default=dict)
    source = models.CharField(max_length=10, default="page")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    made_by_run = models.BigIntegerField(null=True)
    ended_by_run = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["student", "version"],
                condition=models.Q(ended_at__isnull=True),
                name="plan_stands_once",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="plan_ends_after_start"
            ),
        ]
        indexes = [
            models.Index(fields=["student", "starts_on"], name="plan_by_student"),
            models.Index(
                fields=["made_by_run"], condition=models.Q(made_by_run__isnull=False), name="plan_made_by_run"
            ),
            models.Index(
                fields=["ended_by_run"],
                condition=models.Q(ended_by_run__isnull=False),
                name="plan_ended_by_run",
            ),
        ]
