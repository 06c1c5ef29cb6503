"""Records, rows and bytes: a package goes into tables, comes out of them, and is kept as it came."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID

from headway.frameworks.models import Framework, Node, Relation
from headway.frameworks.types import FrameworkRecord, NodeRecord, Package, RelationRecord

FRAMEWORK_FIELDS = tuple(f.name for f in fields(FrameworkRecord))
NODE_FIELDS = tuple(f.name for f in fields(NodeRecord))
RELATION_FIELDS = tuple(f.name for f in fields(RelationRecord))
_TUPLES = {"levels", "grades", "descriptors"}
_DATES = {"starts_on", "ends_on"}


def unpack(row: Framework) -> Package:
    """Return a continuum's rows as a package: three statements, items in path order."""
    nodes = list(Node.objects.filter(framework=row).order_by("position", "id"))
    relations = (
        Relation.objects.filter(framework=row)
        .select_related("origin", "target")
        .only(
            "uuid",
            "kind",
            "origin_identifier",
            "target_identifier",
            "origin_uri",
            "target_uri",
            "sequence",
            "extra",
            "origin__uuid",
            "target__uuid",
        )
        .order_by("id")
    )
    return Package(
        framework=framework_record(row),
        nodes=tuple(node_record(n) for n in nodes),
        relations=tuple(relation_record(r) for r in relations),
        leftovers=row.leftovers,
    )


def framework_record(row: Framework) -> FrameworkRecord:
    """Return a continuum's row as a record."""
    return FrameworkRecord(**{name: _tupled(name, getattr(row, name)) for name in FRAMEWORK_FIELDS})


def node_record(row: Node) -> NodeRecord:
    """Return an item's row as a record."""
    return NodeRecord(**{name: _tupled(name, getattr(row, name)) for name in NODE_FIELDS})


def relation_record(row: Relation) -> RelationRecord:
    """Return a relation's row as a record; the rows of its ends, where held, give the identifiers."""
    return RelationRecord(
        uuid=row.uuid,
        kind=row.kind,
        origin=row.origin_identifier or str(row.origin.uuid),
        target=row.target_identifier or str(row.target.uuid),
        origin_uri=row.origin_uri,
        target_uri=row.target_uri,
        sequence=row.sequence,
        extra=row.extra,
    )


def plain(record: FrameworkRecord | NodeRecord | RelationRecord) -> dict[str, Any]:
    """Return a record as JSON data without fields at their defaults, so that adding one changes no digest."""
    found: dict[str, Any] = {}
    for spec in fields(record):
        value = getattr(record, spec.name)
        if isinstance(value, UUID | date):
            value = str(value)
        elif isinstance(value, tuple):
            value = [dict(item) if isinstance(item, Mapping) else item for item in value]
        elif isinstance(value, Mapping):
            value = dict(value)
        if value not in ("", None, False, [], {}):
            found[spec.name] = value
    return found


def to_json(package: Package) -> bytes:
    """Return a package in one canonical form: equal packages give equal bytes."""
    body = {
        "framework": plain(package.framework),
        "nodes": [plain(n) for n in package.nodes],
        "relations": [plain(r) for r in package.relations],
        "leftovers": dict(package.leftovers),
        "dropped": dict(package.dropped),
        "source": package.source,
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def from_bytes(stored: bytes) -> Package:
    """Return the package that `compress` made bytes of."""
    body = json.loads(zlib.decompress(stored))
    return Package(
        framework=FrameworkRecord(**_read(body["framework"])),
        nodes=tuple(NodeRecord(**_read(n)) for n in body["nodes"]),
        relations=tuple(RelationRecord(**_read(r)) for r in body["relations"]),
        leftovers=body["leftovers"],
        dropped=body["dropped"],
        source=body["source"],
    )


def compress(package: Package) -> tuple[bytes, str]:
    """Return a package as compressed bytes, and the digest of its canonical form."""
    body = to_json(package)
    return zlib.compress(body), hashlib.sha256(body).hexdigest()


def _read(found: dict[str, Any]) -> dict[str, Any]:
    for name, value in found.items():
        if name == "uuid":
            found[name] = UUID(value)
        elif name in _DATES:
            found[name] = date.fromisoformat(value)
        else:
            found[name] = _tupled(name, value)
    return found


def _tupled(name: str, value: Any) -> Any:
    return tuple(value) if name in _TUPLES else value
