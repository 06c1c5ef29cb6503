"""Write a `Package` as a strict CASE 1.1 package. Needs no web framework and no database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from headway.frameworks.types import ACADEMIC, FrameworkRecord, NodeRecord, Package, RelationRecord
from headway.interop.case import rubrics, shape

_OWN_MEMBERS = {"unknown", "ours", "criterion", "untyped", "uri", "lastChangeDateTime", "extensions"}
_UNSAID = (None, "", [], {}, ())


def write_case(package: Package, *, at: datetime, base: str = "") -> dict[str, Any]:
    """Return the package as JSON data that is valid against the official CASE 1.1 CFPackage schema.

    `base` stands before the addresses of objects that have none of their own (default: they are named
    `urn:uuid:…`); `at` is the last change of objects that never had one. Our own fields travel as
    `extensions.headway`.
    """
    base = shape.base_of(package.framework) or base
    stamp = at.isoformat(timespec="seconds")
    nodes = {str(node.uuid): node for node in package.nodes}
    found: dict[str, Any] = {
        "CFDocument": document(package, base=base, stamp=stamp),
        "CFItems": [item(node, base=base, stamp=stamp) for node in package.nodes],
        "CFAssociations": [
            association(r, package.framework, nodes, base=base, stamp=stamp) for r in package.relations
        ],
    }
    definitions = {
        part: value if part == "extensions" else [_stamped(entry, stamp) for entry in value]
        for part, value in package.leftovers.get("CFDefinitions", {}).items()
    }
    shells = package.leftovers.get("CFRubrics", ())
    criteria = [
        _stamped_deep(r, stamp) for r in rubrics.build(package.framework, package.nodes, shells, base, stamp)
    ]
    for name, value in (
        ("CFDefinitions", definitions),
        ("CFRubrics", criteria),
        ("extensions", package.leftovers.get("extensions")),
    ):
        if value:
            found[name] = value
    return found


def document(package: Package, *, base: str, stamp: str) -> dict[str, Any]:
    """Return the CFDocument of a package."""
    framework = package.framework
    found = {
        "identifier": str(framework.uuid),
        "uri": framework.uri or shape.document_uri(framework.uuid, base),
        "caseVersion": "1.1",
        "creator": framework.creator or framework.publisher or framework.title,
        "title": framework.title,
        "lastChangeDateTime": framework.extra.get("lastChangeDateTime", stamp),
        **_said(
            {
                "publisher": framework.publisher,
                "description": framework.description,
                "language": framework.language,
                "adoptionStatus": framework.adoption_status,
            }
        ),
        **_kept(framework.extra),
    }
    texts = {
        entry["identifier"]: entry["licenseText"]
        for entry in package.leftovers.get("CFDefinitions", {}).get("CFLicenses", ())
    }
    licensed = texts.get(framework.extra.get("licenseURI", {}).get("identifier", ""), "")
    ours = _said(
        {
            "title_es": framework.title_es,
            "kind": "" if framework.kind == ACADEMIC else framework.kind,
            "graduation_level": framework.graduation_level,
            "expected_levels": dict(framework.expected_levels),
            "levels": [dict(level) for level in framework.levels],
            "notice": "" if framework.notice == licensed else framework.notice,
        }
    )
    if not framework.creator:
        ours["creator"] = ""
    return _extended(found, ours, framework.extra)


def item(node: NodeRecord, *, base: str, stamp: str) -> dict[str, Any]:
    """Return the CFItem of an item as it stands in a package."""
    found = {
        "identifier": str(node.uuid),
        "fullStatement": node.statement or node.name or node.code,
        "uri": shape.node_uri(node, base),
        "lastChangeDateTime": node.extra.get("lastChangeDateTime", stamp),
        **_said(
            {
                "humanCodingScheme": node.code,
                "abbreviatedStatement": node.name,
                "educationLevel": list(node.grades),
                "CFItemType": "" if node.extra.get("untyped") else node.kind,
                "statusStartDate": node.starts_on and node.starts_on.isoformat(),
                "statusEndDate": node.ends_on and node.ends_on.isoformat(),
            }
        ),
        **_kept(node.extra),
    }
    ours = _said(
        {
            "name_es": node.name_es,
            "family": node.family,
            "family_es": node.family_es,
            "level": node.level,
            "depth": node.depth,
            "requirement": dict(node.requirement),
            "evidence": node.evidence,
        }
    )
    if not node.statement and found["fullStatement"]:
        ours["statement"] = ""
    return _extended(found, ours, node.extra)


def association(
    relation: RelationRecord,
    framework: FrameworkRecord,
    nodes: Mapping[str, NodeRecord],
    *,
    base: str,
    stamp: str,
) -> dict[str, Any]:
    """Return the CFAssociation of a relation as it stands in a package."""
    identifier = str(relation.uuid)
    found = {
        "identifier": identifier,
        "associationType": shape.ASSOCIATIONS.get(relation.kind, relation.kind),
        "uri": relation.extra.get("uri") or shape.address("CFAssociations", identifier, base),
        "originNodeURI": _end(relation.origin, relation.origin_uri, framework, nodes, base),
        "destinationNodeURI": _end(relation.target, relation.target_uri, framework, nodes, base),
        "lastChangeDateTime": relation.extra.get("lastChangeDateTime", stamp),
        **({} if relation.sequence is None else {"sequenceNumber": relation.sequence}),
        **_kept(relation.extra),
    }
    return _extended(found, {}, relation.extra)


def _end(
    identifier: str, uri: str, framework: FrameworkRecord, nodes: Mapping[str, NodeRecord], base: str
) -> dict[str, Any]:
    if identifier in nodes:
        return shape.node_link(nodes[identifier], base)
    if identifier == str(framework.uuid):
        return shape.document_link(framework, base)
    return shape.outside_link(identifier, uri)


def _kept(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extra.items() if name not in _OWN_MEMBERS}


def _said(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in _UNSAID}


def _extended(found: dict[str, Any], ours: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    # What an older file said beyond 1.1 goes where 1.1 has room for it, so that it can come back.
    ours = {**extra.get("ours", {}), **ours}
    if extra.get("unknown"):
        ours["unknown"] = extra["unknown"]
    extensions = {**extra.get("extensions", {}), **({shape.OURS: ours} if ours else {})}
    return {**found, "extensions": extensions} if extensions else found


def _stamped(entry: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    return {**entry, "lastChangeDateTime": entry.get("lastChangeDateTime", stamp)}


def _stamped_deep(value: Any, stamp: str) -> Any:
    found = _stamped(value, stamp)
    for part in ("CFRubricCriteria", "CFRubricCriterionLevels"):
        if part in found:
            found[part] = [_stamped_deep(inner, stamp) for inner in found[part]]
    return found
