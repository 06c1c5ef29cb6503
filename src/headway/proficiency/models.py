"""Policies in force and the projection of determinations."""

from __future__ import annotations

from django.db import models

from headway.frameworks.models import Framework, Node
from headway.rosters.models import Person

__all__ = ["Configuration", "Determination", "PolicyVersion", "Tally"]


class Configuration(models.Model):
    """One imported policy file, whole. Never edited: a changed file is a new row. The newest known one holds."""

    digest = models.CharField(max_length=64)
    body = models.JSONField()
    recorded_at = models.DateTimeField()
    recorded_sequence = models.BigIntegerField()
    import_run = models.BigIntegerField(null=True)
    withdrawn = models.BooleanField(default=False)


class PolicyVersion(models.Model):
    """One policy from a day on: where it applies, its rule, requirement and scale. Identified by name and number."""

    configuration = models.ForeignKey(Configuration, on_delete=models.PROTECT, related_name="policies")
    name = models.CharField(max_length=190)
    number = models.IntegerField()
    in_force_on = models.DateField()
    applies = models.JSONField(default=dict)
    body = models.JSONField()
    recorded_sequence = models.BigIntegerField()
    withdrawn = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "number"], name="policy_version")]


class Determination(models.Model):
    """What the standing ratings of one student on one target amount to today, under the policy in force.

    A projection: `value` and `engine_value` in hundredths, `progress` as filled of required pieces. `through_sequence`
    says how much of the ledger it has seen. Who may see it: who may see the student.
    """

    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    target = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    value = models.IntegerField(null=True)
    state = models.SmallIntegerField()
    n_counted = models.IntegerField()
    n_total = models.IntegerField()
    filled = models.IntegerField()
    required = models.IntegerField()
    depth = models.SmallIntegerField(null=True)
    decided = models.BooleanField(default=False)
    since_decision = models.IntegerField(default=0)
    engine_value = models.IntegerField(null=True)
    engine_state = models.SmallIntegerField()
    last_observed_us = models.BigIntegerField()
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    level = models.SmallIntegerField(default=0)
    proposed_level = models.SmallIntegerField(default=0)
    through_sequence = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["student", "target"], name="determination_once")]


class Tally(models.Model):
    """How many targets of one level of one continuum a student has reached and has evidence on: a summary projection.

    Counts the targets that are in force on every day; those with a first or last day are counted when asked. It lets an
    overview of thousands of students read a row for each instead of a row for each target. Who may see it: who may see
    the student.
    """

    student = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="+")
    level = models.SmallIntegerField()
    reached = models.IntegerField()
    seen = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["student", "framework", "level"], name="tally_once")]
