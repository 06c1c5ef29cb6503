"""What a file cannot say stays as it was: identifiers left out, and what a sheet has no column for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from headway.frameworks import packing
from headway.frameworks.changes import CHANGED_AT, Standing
from headway.frameworks.models import Node
from headway.frameworks.types import (
    CHILD_OF,
    EXACT_MATCH,
    HELPS,
    PRECEDES,
    REPLACED_BY,
    FrameworkRecord,
    NodeRecord,
    Package,
    RelationRecord,
)

SHEET = "spreadsheet"
_SHEET_KINDS = {CHILD_OF, PRECEDES, HELPS, EXACT_MATCH, REPLACED_BY}
_SHEET_CANNOT = (
    "creator",
    "publisher",
    "language",
    "license_uri",
    "license_title",
    "notice",
    "adoption_status",
    "uri",
)


def adopt(package: Package, standing: Standing) -> Package:
    """Return the package as it reads on top of what stands; as it is where the continuum is new."""
    if standing.framework is None:
        return package
    if package.made:
        package = _known_identifiers(package, standing.framework.uuid, standing.nodes)
    return _completed(package, standing) if package.source == SHEET else package


def _known_identifiers(package: Package, framework: UUID, nodes: Mapping[UUID, Node]) -> Package:
    own = {node.uuid for node in package.nodes}
    by_code: dict[str, list[UUID]] = defaultdict(list)
    for row in nodes.values():
        by_code[row.code].append(row.uuid)
    renamed = {
        node.uuid: by_code[node.code][0]
        for node in package.nodes
        if node.uuid in package.made
        and node.uuid not in nodes
        and node.code
        and len(by_code[node.code]) == 1
        and by_code[node.code][0] not in own
    }
    if package.framework.uuid in package.made:
        renamed[package.framework.uuid] = framework
    texts = {str(old): str(new) for old, new in renamed.items()}
    return replace(
        package,
        framework=replace(
            package.framework, uuid=renamed.get(package.framework.uuid, package.framework.uuid)
        ),
        nodes=tuple(replace(n, uuid=renamed.get(n.uuid, n.uuid)) for n in package.nodes),
        relations=tuple(
            replace(r, origin=texts.get(r.origin, r.origin), target=texts.get(r.target, r.target))
            for r in package.relations
        ),
    )


def _completed(package: Package, standing: Standing) -> Package:
    assert standing.framework is not None
    before = packing.framework_record(standing.framework)
    given = {str(node.uuid) for node in package.nodes} | {str(package.framework.uuid)}
    return replace(
        package,
        framework=_framework(package.framework, before),
        leftovers=standing.framework.leftovers,
        nodes=tuple(_node(node, standing.nodes.get(node.uuid)) for node in package.nodes),
        relations=_relations(package, standing, given),
    )


def _framework(record: FrameworkRecord, before: FrameworkRecord) -> FrameworkRecord:
    kept = {name: getattr(before, name) for name in _SHEET_CANNOT}
    ours = {**before.extra.get("ours", {}), **record.extra.get("ours", {})}
    extra = {**before.extra, **({"ours": ours} if ours else {})}
    whole = replace(record, extra=extra, **kept)
    return whole if whole == before else replace(whole, extra=_undated(extra))


def _node(node: NodeRecord, row: Node | None) -> NodeRecord:
    if row is None:
        return node
    before = packing.node_record(row)
    extra = dict(before.extra)
    if node.kind != before.kind:
        extra = {name: value for name, value in extra.items() if name not in ("untyped", "CFItemTypeURI")}
    whole = replace(node, grades=before.grades, extra=extra, is_leaf=before.is_leaf)
    return whole if whole == before else replace(whole, extra=_undated(extra))


def _relations(package: Package, standing: Standing, given: set[str]) -> tuple[RelationRecord, ...]:
    held = {
        (r.kind, r.origin, r.target): r for r in map(packing.relation_record, standing.relations.values())
    }
    ranks = _ranks(package.relations), _ranks(tuple(held.values()))
    placed = {origin for kind, origin, _ in held if kind == CHILD_OF}
    orphans = {str(identifier) for identifier in standing.nodes} - placed
    found = []
    for relation in package.relations:
        # An empty cell means "under the document"; an item that came without any parent stays so.
        if (
            relation.kind == CHILD_OF
            and relation.origin in orphans
            and relation.target == str(package.framework.uuid)
        ):
            continue
        known = held.get((relation.kind, relation.origin, relation.target))
        if known is not None:
            same = relation.kind != CHILD_OF or ranks[0][relation.target] == ranks[1][relation.target]
            relation = (
                known if same else replace(known, sequence=relation.sequence, extra=_undated(known.extra))
            )
        found.append(relation)
    # Relations that the form has no column for go on while their item does.
    found += [
        r for r in held.values() if r.kind not in _SHEET_KINDS and (r.origin in given or r.target in given)
    ]
    return tuple(found)


def _ranks(relations: tuple[RelationRecord, ...]) -> dict[str, list[str]]:
    children: dict[str, list[tuple[bool, int, str]]] = defaultdict(list)
    for relation in relations:
        if relation.kind == CHILD_OF:
            children[relation.target].append(
                (relation.sequence is None, relation.sequence or 0, relation.origin)
            )
    return defaultdict(
        list, {parent: [name for *_, name in sorted(found)] for parent, found in children.items()}
    )


def _undated(extra: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in extra.items() if name != CHANGED_AT}
