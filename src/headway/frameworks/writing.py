"""Rows of an import: written set by set with their before-images, and put back from those."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models.deletion import ProtectedError, RestrictedError

from headway.access.models import ImportChange, ImportRun
from headway.frameworks import packing
from headway.frameworks.changes import CHANGED_AT, Plan
from headway.frameworks.checks import Outside
from headway.frameworks.models import Framework, FrameworkVersion, Node, Relation, new_revision
from headway.frameworks.types import NodeRecord, RelationRecord
from headway.kit.refusals import Refusal, Sentence

# Rows go in this order when they are made, and the other way round when they are taken away.
_MODELS: tuple[type[models.Model], ...] = (Framework, FrameworkVersion, Node, Relation)
_BATCH = 500


def write(plan: Plan, outside: Outside, *, run: ImportRun, at: datetime, body: bytes, digest: str) -> None:
    """Write a plan: continuum, version, items, relations, and the rows as they stood before."""
    images = _Images(run)
    framework = _write_framework(plan, images, at)
    version = FrameworkVersion.objects.create(
        framework=framework,
        number=plan.standing.number + 1,
        in_force_on=plan.in_force_on,
        recorded_at=at,
        import_run=run.id,
        source=plan.package.source,
        digest=digest,
        dropped=dict(plan.package.dropped),
        package=body,
    )
    images.made(version)
    rows = _write_nodes(plan, framework, images)
    _write_relations(plan, framework, rows, outside, images)
    _link_from_outside(plan, framework, rows, images)
    images.save()


def restore(run: ImportRun) -> None:
    """Put back what an import changed and take away what it made. Raises `Refusal("import_in_use")`."""
    found: dict[str, list[ImportChange]] = {}
    for change in run.changes.order_by("id"):
        found.setdefault(change.model, []).append(change)
    try:
        for model in reversed(_MODELS):
            made = [c.row for c in found.get(model.__name__, ()) if c.before is None]
            for start in range(0, len(made), _BATCH):
                model._default_manager.filter(pk__in=made[start : start + _BATCH]).delete()
    except (ProtectedError, RestrictedError) as error:
        raise Refusal(
            "import_in_use",
            Sentence(
                "Import %(run)s of %(name)s cannot be taken back: records depend on its items.",
                run=run.id,
                name=run.name,
            ),
        ) from error
    for model in _MODELS:
        upsert(model, [_row(model, c.before) for c in found.get(model.__name__, ()) if c.before is not None])
    touched = [c.row for c in found.get(Framework.__name__, ())]
    Framework.objects.filter(pk__in=touched).update(revision=new_revision())


def upsert(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Write rows that carry their keys: those that exist are overwritten, the others come back."""
    if rows:
        names = [field.name for field in model._meta.concrete_fields if not field.primary_key]
        model._default_manager.bulk_create(
            rows, update_conflicts=True, update_fields=names, unique_fields=["id"]
        )


def image(row: models.Model) -> dict[str, Any]:
    """Return a row as JSON data."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {
        name: str(value) if isinstance(value, UUID | date | datetime) else value
        for name, value in values.items()
    }


def _row(model: type[models.Model], before: dict[str, Any]) -> models.Model:
    return model(
        **{
            field.attname: field.to_python(before[field.attname])
            for field in model._meta.concrete_fields
            if field.attname in before
        }
    )


class _Images:
    """Before-images in the making."""

    def __init__(self, run: ImportRun) -> None:
        self.run, self.rows = run, list[ImportChange]()

    def made(self, *rows: models.Model) -> None:
        self.rows += [ImportChange(run=self.run, model=type(row).__name__, row=row.pk) for row in rows]

    def stood(self, *rows: models.Model) -> None:
        self.rows += [
            ImportChange(run=self.run, model=type(row).__name__, row=row.pk, before=image(row))
            for row in rows
        ]

    def save(self) -> None:
        ImportChange.objects.bulk_create(self.rows)


def _write_framework(plan: Plan, images: _Images, at: datetime) -> Framework:
    record, row = plan.package.framework, plan.standing.framework
    extra = dict(record.extra)
    extra.setdefault(CHANGED_AT, at.isoformat(timespec="seconds"))
    values = {name: getattr(record, name) for name in packing.FRAMEWORK_FIELDS}
    values |= {
        "key": record.title,
        "extra": extra,
        "levels": [dict(level) for level in record.levels],
        "expected_levels": dict(record.expected_levels),
        "leftovers": dict(plan.package.leftovers),
        "revision": new_revision(),
    }
    if row is None:
        row = Framework.objects.create(**values)
        images.made(row)
        return row
    images.stood(row)
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    return row


def _write_nodes(plan: Plan, framework: Framework, images: _Images) -> dict[str, int]:
    position = {node.uuid: rank for rank, node in enumerate(plan.merged.nodes)}
    standing = plan.standing.nodes
    retired = {node.uuid: node for node in plan.retired}
    new = [_fill(Node(), node, framework, position) for node in plan.added]
    Node.objects.bulk_create(new)
    images.made(*new)
    other = {node.uuid: node for node in (*plan.changed, *plan.touched)} | retired
    images.stood(*(standing[identifier] for identifier in other))
    upsert(
        Node, [_fill(standing[identifier], node, framework, position) for identifier, node in other.items()]
    )
    return {str(row.uuid): row.pk for row in (*standing.values(), *new)}


def _fill(row: Node, node: NodeRecord, framework: Framework, position: dict[UUID, int]) -> Node:
    for name in packing.NODE_FIELDS:
        value = getattr(node, name)
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    row.requirement, row.extra = dict(node.requirement), dict(node.extra)
    row.framework, row.position = framework, position[node.uuid]
    return row


def _write_relations(
    plan: Plan, framework: Framework, rows: dict[str, int], outside: Outside, images: _Images
) -> None:
    gone = list(plan.relations_removed)
    images.stood(*gone)
    for start in range(0, len(gone), _BATCH):
        Relation.objects.filter(pk__in=[row.pk for row in gone[start : start + _BATCH]]).delete()
    new = [_fill_relation(Relation(), r, framework, rows, outside) for r in plan.relations_added]
    Relation.objects.bulk_create(new)
    images.made(*new)
    standing = plan.standing.relations
    images.stood(*(standing[r.uuid] for r in plan.relations_changed))
    upsert(
        Relation,
        [_fill_relation(standing[r.uuid], r, framework, rows, outside) for r in plan.relations_changed],
    )


def _fill_relation(
    row: Relation, record: RelationRecord, framework: Framework, rows: dict[str, int], outside: Outside
) -> Relation:
    row.uuid, row.kind, row.sequence, row.extra = (
        record.uuid,
        record.kind,
        record.sequence,
        dict(record.extra),
    )
    row.framework = framework
    row.origin_uri, row.target_uri = record.origin_uri, record.target_uri
    row.origin_id = rows.get(record.origin, outside.rows.get(record.origin))
    row.target_id = rows.get(record.target, outside.rows.get(record.target))
    # An end in this package goes by its row; any other keeps the identifier that the package gave it.
    row.origin_identifier = "" if record.origin in rows else record.origin
    row.target_identifier = "" if record.target in rows else record.target
    return row


def _link_from_outside(plan: Plan, framework: Framework, rows: dict[str, int], images: _Images) -> None:
    # Packages that came earlier may speak of items that come only now.
    if not plan.added:
        return
    loose = Relation.objects.exclude(framework=framework)
    found: dict[int, Relation] = {}
    for end in ("origin", "target"):
        for row in _loose(loose, end):
            key = rows.get(getattr(row, f"{end}_identifier"))
            if key is None:
                continue
            if row.pk not in found:
                images.stood(row)
                found[row.pk] = row
            setattr(found[row.pk], f"{end}_id", key)
    upsert(Relation, list(found.values()))


def _loose(rows: models.QuerySet[Relation], end: str) -> Iterable[Relation]:
    return rows.filter(**{f"{end}__isnull": True}).exclude(**{f"{end}_identifier": ""})
