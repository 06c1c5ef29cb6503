"""Records of continuums. Items are retired, never deleted: what a student was once rated on stays named."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

__all__ = ["Framework", "FrameworkVersion", "Node", "Relation"]


def new_revision() -> str:
    """Return a mark that no earlier state of a continuum had."""
    return uuid.uuid4().hex


class Framework(models.Model):
    """One continuum, as its newest version says. Identified by `uuid` (CASE document) and named by `key`, its
    title.

    `revision` changes with every import and undo: caches of the tree ask for it. `notice` must be shown
    wherever the text is shown. Everybody may see it where `public`; kept for ever.
    """

    uuid = models.UUIDField(unique=True)
    key = models.CharField(max_length=200, unique=True)
    revision = models.CharField(max_length=32, default=new_revision)
    title = models.CharField(max_length=200)
    title_es = models.CharField(max_length=200, default="")
    kind = models.CharField(max_length=10, default="academic")
    active = models.BooleanField(default=True)
    public = models.BooleanField(default=True)
    language = models.CharField(max_length=40, default="")
    adoption_status = models.CharField(max_length=100, default="")
    graduation_level = models.IntegerField(null=True)
    expected_levels = models.JSONField(default=dict)
    levels = models.JSONField(default=list)
    description = models.TextField(default="")
    creator = models.TextField(default="")
    publisher = models.TextField(default="")
    license_uri = models.TextField(default="")
    license_title = models.TextField(default="")
    notice = models.TextField(default="")
    uri = models.TextField(default="")
    extra = models.JSONField(default=dict)
    leftovers = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["academic", "lifelong"]), name="framework_kind")
        ]


class FrameworkVersion(models.Model):
    """One import that changed a continuum: identified by framework and `number`.

    `package` is the whole package as it came (JSON, compressed), so that any version can be read again;
    `dropped` counts by name what the file said and the records cannot keep.
    """

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    in_force_on = models.DateField()
    recorded_at = models.DateTimeField()
    import_run = models.BigIntegerField(null=True)
    source = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    dropped = models.JSONField(default=dict)
    package = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["framework", "number"], name="framework_version_once")]


class Node(models.Model):
    """One area, competency, target or other item. Identified by `uuid` (CASE item); `code` need not be
    unique.

    Holds from `starts_on` up to, not including, `ends_on`. `position` is the path order over the document.
    Everybody may see what belongs to a public continuum; kept for ever.
    """

    uuid = models.UUIDField(unique=True)
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="nodes")
    code = models.CharField(max_length=200, default="")
    kind = models.CharField(max_length=200, default="")
    is_leaf = models.BooleanField(default=False)
    level = models.IntegerField(null=True)
    depth = models.SmallIntegerField(null=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    position = models.IntegerField(default=0)
    name = models.TextField(default="")
    name_es = models.TextField(default="")
    statement = models.TextField(default="")
    family = models.TextField(default="")
    family_es = models.TextField(default="")
    grades = models.JSONField(default=list)
    descriptors = models.JSONField(default=list)
    requirement = models.JSONField(default=dict)
    evidence = models.TextField(default="")
    extra = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["framework", "code"]), models.Index(fields=["code"])]


class Relation(models.Model):
    """One relation between two items, or from an item to the document or to something not held here.

    Identified by `uuid` within the package that says it (`framework`). An end outside that package keeps its
    identifier and address, and its row where the item is held in another continuum.
    """

    uuid = models.UUIDField()
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="relations")
    kind = models.CharField(max_length=100)
    origin = models.ForeignKey(Node, on_delete=models.SET_NULL, null=True, related_name="leaving")
    target = models.ForeignKey(Node, on_delete=models.SET_NULL, null=True, related_name="arriving")
    origin_identifier = models.CharField(max_length=200, default="")
    target_identifier = models.CharField(max_length=200, default="")
    origin_uri = models.TextField(default="")
    target_uri = models.TextField(default="")
    sequence = models.BigIntegerField(null=True)
    extra = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["framework", "uuid"], name="relation_once")]
        indexes = [
            models.Index(fields=["framework", "kind"]),
            models.Index(
                fields=["origin_identifier"], condition=~Q(origin_identifier=""), name="relation_origin_named"
            ),
            models.Index(
                fields=["target_identifier"], condition=~Q(target_identifier=""), name="relation_target_named"
            ),
        ]
