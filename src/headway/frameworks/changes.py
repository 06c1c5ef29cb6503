"""What an import would change: the new package beside the rows that stand, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from headway.frameworks import packing
from headway.frameworks.models import Framework, FrameworkVersion, Node, Relation
from headway.frameworks.types import (
    CHILD_OF,
    REPLACED_BY,
    NodeRecord,
    Package,
    Preview,
    RelationRecord,
    path_order,
)

CHANGED_AT = "lastChangeDateTime"


@dataclass(frozen=True, slots=True)
class Standing:
    """The rows of a continuum before an import: all empty where it is new."""

    framework: Framework | None
    nodes: Mapping[UUID, Node]
    relations: Mapping[UUID, Relation]
    number: int


@dataclass(frozen=True, slots=True)
class Plan:
    """An import worked out: `package` as it came, `merged` with retired items that stay, what differs."""

    package: Package
    merged: Package
    standing: Standing
    in_force_on: date
    added: tuple[NodeRecord, ...]
    changed: tuple[NodeRecord, ...]
    touched: tuple[NodeRecord, ...]
    retired: tuple[NodeRecord, ...]
    relations_added: tuple[RelationRecord, ...]
    relations_changed: tuple[RelationRecord, ...]
    relations_removed: tuple[Relation, ...]
    framework_changed: bool

    @property
    def empty(self) -> bool:
        """Whether nothing at all would change."""
        return not (
            self.framework_changed
            or self.added
            or self.changed
            or self.touched
            or self.retired
            or self.relations_added
            or self.relations_changed
            or self.relations_removed
        )

    def carried(self) -> tuple[tuple[str, str], ...]:
        """Return pairs (old, new) of labels along `replaced_by`: where evidence is carried on."""
        labels = {str(node.uuid): node.label for node in self.merged.nodes}
        return tuple(
            (labels.get(r.origin, r.origin), labels.get(r.target, r.target))
            for r in self.merged.relations
            if r.kind == REPLACED_BY
        )

    def preview(self) -> Preview:
        """Return the plan as what crosses the border."""
        moved = len(self.added) + len(self.changed) + len(self.retired)
        return Preview(
            title=self.package.framework.title,
            new_framework=self.standing.framework is None,
            number=self.standing.number + (not self.empty),
            in_force_on=self.in_force_on,
            added=_labels(self.added),
            changed=_labels(self.changed),
            retired=_labels(self.retired),
            carried=self.carried(),
            unchanged=len(self.merged.nodes) - moved,
            relations_added=len(self.relations_added),
            relations_removed=len(self.relations_removed),
            dropped=dict(self.package.dropped),
        )

    def counts(self) -> dict[str, Any]:
        """Return the figures that an import run keeps."""
        return {
            "framework": self.package.framework.title,
            "version": self.standing.number + (not self.empty),
            "added": len(self.added),
            "changed": len(self.changed),
            "retired": len(self.retired),
            "carried": len(self.carried()),
            "relations_added": len(self.relations_added),
            "relations_removed": len(self.relations_removed),
            "dropped": dict(self.package.dropped),
        }


def stand(framework: Framework | None) -> Standing:
    """Read the rows of a continuum: three statements."""
    if framework is None:
        return Standing(None, {}, {}, 0)
    newest = (
        FrameworkVersion.objects.filter(framework=framework)
        .order_by("-number")
        .values_list("number", flat=True)
    )
    return Standing(
        framework=framework,
        nodes={row.uuid: row for row in Node.objects.filter(framework=framework).order_by("position", "id")},
        relations={
            row.uuid: row
            for row in Relation.objects.filter(framework=framework)
            .select_related("origin", "target")
            .order_by("id")
        },
        number=newest.first() or 0,
    )


def work_out(package: Package, standing: Standing, *, at: datetime, in_force_on: date) -> Plan:
    """Compare a package with what stands: items it no longer has are retired, only relations may go."""
    package = package.settled()
    given = {node.uuid for node in package.nodes}
    kept = [packing.node_record(row) for row in standing.nodes.values() if row.uuid not in given]
    retired = [replace(n, ends_on=in_force_on) for n in kept if n.ends_on is None or n.ends_on > in_force_on]
    retired_by = {n.uuid: n for n in retired}
    nodes = [_dated(node, standing, at, in_force_on) for node in package.nodes]
    nodes += [retired_by.get(n.uuid, n) for n in kept]
    relations, removed = _merged_relations(package, standing, {str(n.uuid) for n in kept}, at)
    merged = replace(package, nodes=tuple(path_order(nodes, relations)), relations=tuple(relations))
    old = {identifier: packing.node_record(row) for identifier, row in standing.nodes.items()}
    position = {identifier: row.position for identifier, row in standing.nodes.items()}
    added, changed, touched = [], [], []
    for rank, node in enumerate(merged.nodes):
        if node.uuid not in old:
            added.append(node)
        elif node.uuid in given and _content(node) != _content(old[node.uuid]):
            changed.append(node)
        elif node.uuid not in retired_by and (rank != position[node.uuid] or node != old[node.uuid]):
            touched.append(node)
    new, other = _changed_relations(relations, standing)
    return Plan(
        package=package,
        merged=merged,
        standing=standing,
        in_force_on=in_force_on,
        added=tuple(added),
        changed=tuple(changed),
        touched=tuple(touched),
        retired=tuple(retired),
        relations_added=tuple(new),
        relations_changed=tuple(other),
        relations_removed=tuple(removed),
        framework_changed=standing.framework is None or _framework_differs(package, standing.framework),
    )


def _dated(node: NodeRecord, standing: Standing, at: datetime, in_force_on: date) -> NodeRecord:
    row = standing.nodes.get(node.uuid)
    if row is None and standing.framework is not None and node.starts_on is None and in_force_on > at.date():
        node = replace(node, starts_on=in_force_on)
    before = None if row is None else packing.node_record(row)
    if CHANGED_AT in node.extra:
        return node
    same = before is not None and _content(before) == _content(node)
    stamp = before.extra.get(CHANGED_AT) if same and before is not None else None
    return replace(node, extra={**node.extra, CHANGED_AT: stamp or at.isoformat(timespec="seconds")})


def _content(record: NodeRecord | RelationRecord) -> dict[str, Any]:
    found = packing.plain(record)
    extra = {name: value for name, value in found.pop("extra", {}).items() if name != CHANGED_AT}
    return {**found, "extra": extra}


def _merged_relations(
    package: Package, standing: Standing, gone: set[str], at: datetime
) -> tuple[list[RelationRecord], list[Relation]]:
    given = {relation.uuid for relation in package.relations}
    merged = [_dated_relation(relation, standing, at) for relation in package.relations]
    removed = []
    for identifier, row in standing.relations.items():
        if identifier in given:
            continue
        record = packing.relation_record(row)
        # A retired item keeps its place and its successors; an item that goes on takes its place from the new
        # package.
        if record.origin in gone or (record.target in gone and record.kind != CHILD_OF):
            merged.append(record)
        else:
            removed.append(row)
    return merged, removed


def _dated_relation(relation: RelationRecord, standing: Standing, at: datetime) -> RelationRecord:
    if CHANGED_AT in relation.extra:
        return relation
    row = standing.relations.get(relation.uuid)
    before = None if row is None else packing.relation_record(row)
    same = before is not None and _content(before) == _content(relation)
    stamp = before.extra.get(CHANGED_AT) if same and before is not None else None
    return replace(relation, extra={**relation.extra, CHANGED_AT: stamp or at.isoformat(timespec="seconds")})


def _changed_relations(
    relations: list[RelationRecord], standing: Standing
) -> tuple[list[RelationRecord], list[RelationRecord]]:
    new, other = [], []
    for relation in relations:
        row = standing.relations.get(relation.uuid)
        if row is None:
            new.append(relation)
        elif packing.relation_record(row) != relation:
            other.append(relation)
    return new, other


def _framework_differs(package: Package, row: Framework) -> bool:
    # The date of the last change alone is no change where the file does not give one.
    before, after = packing.plain(packing.framework_record(row)), packing.plain(package.framework)
    if CHANGED_AT not in package.framework.extra:
        before["extra"] = {k: v for k, v in before.get("extra", {}).items() if k != CHANGED_AT}
        after["extra"] = dict(after.get("extra", {}))
    return before != after or row.leftovers != dict(package.leftovers)


def _labels(nodes: tuple[NodeRecord, ...]) -> tuple[str, ...]:
    return tuple(node.label for node in nodes)
