"""Read a CASE package, version 1.0 or 1.1, into a `Package`. Needs no web framework and no database.

Lenient, never silent: what does not fit strict 1.1 is kept aside under its own name and goes out again in the
extensions; what can be told from elsewhere is dropped and counted; what cannot be understood refuses the
file.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from headway.frameworks.types import (
    ACADEMIC,
    CHILD_OF,
    EXTERNAL,
    KINDS,
    FrameworkRecord,
    NodeRecord,
    Package,
    RelationRecord,
)
from headway.interop.case import members, rubrics, shape
from headway.interop.case.cleaning import Reading
from headway.interop.case.safety import load
from headway.kit.refusals import Refusal, Sentence

_ITEM_TEXTS = ("name_es", "family", "family_es", "evidence")
_ITEM_NUMBERS = ("level", "depth")


def read_case(source: str | Path | bytes, *, file: str | None = None) -> Package:
    """Return the package that a file, or bytes, hold.

    Raises `Refusal`: what `safety.load` raises, `not_a_package`, and `bad_package` with a finding per fault.
    """
    value, text = load(source, file=file)
    reading = Reading(text)
    if not isinstance(value, dict) or not isinstance(value.get("CFDocument"), dict):
        reading.fault("not_a_package", "A CASE package is an object with a CFDocument.", "CFDocument")
        raise Refusal("not_a_package", reading.faults[0].message, reading.faults)
    parts = {name: _objects(reading, value, name) for name in ("CFItems", "CFAssociations", "CFRubrics")}
    definitions = members.definitions(reading, value.get("CFDefinitions"))
    framework = _document(reading, value["CFDocument"], definitions)
    base = shape.base_of(framework)
    nodes = _nodes(reading, parts["CFItems"], base)
    relations = _relations(reading, parts["CFAssociations"], framework, nodes, base)
    nodes, shells = rubrics.attach(reading, parts["CFRubrics"], framework, nodes, base)
    if reading.faults:
        raise Refusal(
            "bad_package",
            Sentence("The package has %(n)s faults; nothing was taken in.", n=len(reading.faults)),
            reading.faults,
        )
    package = Package(
        framework=framework,
        nodes=tuple(nodes.values()),
        relations=tuple(relations),
        leftovers=members.leftovers(value, definitions, shells),
        dropped=dict(sorted(reading.dropped.items())),
        source="case",
        file=text.file,
    ).settled()
    return _typed(package)


def _objects(reading: Reading, value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = value.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        reading.fault("wrong_type", Sentence("%(name)s is a list of objects.", name=name), name)
        return []
    return found


def _document(reading: Reading, found: dict[str, Any], definitions: dict[str, Any]) -> FrameworkRecord:
    fits, aside = reading.clean("CFDocument", found)
    title = fits.pop("title", "")
    if not title.strip():
        reading.fault(
            "no_title", "The document has no title; a continuum is known by it.", "CFDocument.title"
        )
    identifier = fits.pop("identifier", None)
    if identifier is None:
        reading.fault(
            "identifier_not_uuid",
            "The document's identifier is not a UUID.",
            "CFDocument.identifier",
            found.get("identifier"),
        )
        identifier = str(shape.framework_identifier(title))
    ours = members.ours_of(fits, aside)
    fits.pop("caseVersion", None)
    aside.pop("caseVersion", None)
    license_ = fits.get("licenseURI", {})
    notice = ours.pop("notice", "") or members.notice(license_, definitions)
    uuid, uri = UUID(identifier), fits.pop("uri", "")
    if uri == shape.document_uri(uuid):
        uri = ""
    kind = ours.pop("kind", ACADEMIC)
    if kind not in KINDS:
        reading.fault("unknown_kind", "A continuum is academic or lifelong.", "extensions.headway.kind", kind)
        kind = ACADEMIC
    known = {
        ours_name: fits.pop(name, "")
        for ours_name, name in (
            ("description", "description"),
            ("creator", "creator"),
            ("publisher", "publisher"),
            ("language", "language"),
            ("adoption_status", "adoptionStatus"),
        )
    }
    # An export of a continuum without a creator says so, because 1.1 demands one.
    if ours.pop("creator", None) == "":
        known["creator"] = ""
    elif not known["creator"]:
        reading.dropped["CFDocument.creator (missing)"] += 1
    members.list_missing(reading, "CFDocument", fits)
    record = FrameworkRecord(
        uuid=uuid,
        title=title,
        kind=kind,
        uri=uri,
        notice=notice,
        license_uri=license_.get("uri", ""),
        license_title=license_.get("title", ""),
        title_es=members.text(ours, "title_es"),
        graduation_level=members.number(ours, "graduation_level"),
        expected_levels=members.levels_by_grade(ours),
        levels=members.levels(ours),
        **known,
        extra=members.extra_of(fits, aside, ours),
    )
    return record


def _nodes(reading: Reading, items: list[dict[str, Any]], base: str) -> dict[str, NodeRecord]:
    nodes: dict[str, NodeRecord] = {}
    for rank, item in enumerate(items):
        node = _node(reading, item, f"CFItems[{rank}]", base)
        if node is None:
            continue
        name = str(node.uuid)
        if name not in nodes:
            nodes[name] = node
        elif nodes[name] == node:
            reading.dropped["CFItems (said twice alike)"] += 1
        else:
            reading.fault(
                "duplicate_identifier",
                "This identifier stands for two items with other content.",
                f"CFItems[{rank}].identifier",
                name,
                name,
            )
    return nodes


def _node(reading: Reading, item: dict[str, Any], where: str, base: str) -> NodeRecord | None:
    fits, aside = reading.clean("CFItems", item)
    identifier = fits.pop("identifier", None)
    if identifier is None:
        reading.fault(
            "identifier_not_uuid",
            "An item's identifier is a UUID.",
            f"{where}.identifier",
            item.get("identifier"),
            str(item.get("identifier")),
        )
        return None
    for name in (
        "fullStatement",
        "humanCodingScheme",
        "abbreviatedStatement",
        "statusStartDate",
        "statusEndDate",
    ):
        if name in aside:
            reading.fault(
                "wrong_type",
                Sentence("%(name)s cannot be read.", name=name),
                f"{where}.{name}",
                aside.pop(name),
                identifier,
            )
    if "fullStatement" not in fits:
        reading.dropped["CFItems.fullStatement (missing)"] += 1
    ours = members.ours_of(fits, aside)
    if fits.get("uri") == shape.address("CFItems", identifier, base):
        del fits["uri"]
    members.list_missing(reading, "CFItems", fits)
    statement = ours.pop("statement", None)
    starts, ends = fits.pop("statusStartDate", None), fits.pop("statusEndDate", None)
    record = NodeRecord(
        uuid=UUID(identifier),
        code=fits.pop("humanCodingScheme", ""),
        name=fits.pop("abbreviatedStatement", ""),
        statement=fits.pop("fullStatement", ""),
        kind=fits.pop("CFItemType", ""),
        grades=tuple(fits.pop("educationLevel", ())),
        starts_on=date.fromisoformat(starts) if starts else None,
        ends_on=date.fromisoformat(ends) if ends else None,
        requirement=members.requirement(ours),
        **{name: members.text(ours, name) for name in _ITEM_TEXTS},
        **{name: members.number(ours, name) for name in _ITEM_NUMBERS},
    )
    if statement == "":
        record = replace(record, statement="")
    return replace(record, extra=members.extra_of(fits, aside, ours))


def _relations(
    reading: Reading,
    found: list[dict[str, Any]],
    framework: FrameworkRecord,
    nodes: dict[str, NodeRecord],
    base: str,
) -> list[RelationRecord]:
    relations: dict[UUID, RelationRecord] = {}
    for rank, item in enumerate(found):
        relation = _relation(reading, item, f"CFAssociations[{rank}]", framework, nodes, base)
        if relation is None:
            continue
        known = relations.setdefault(relation.uuid, relation)
        if known == relation and known is not relation:
            reading.dropped["CFAssociations (said twice alike)"] += 1
        elif known != relation:
            reading.fault(
                "duplicate_identifier",
                "This identifier stands for two associations with other content.",
                f"CFAssociations[{rank}].identifier",
                str(relation.uuid),
                str(relation.uuid),
            )
    return list(relations.values())


def _relation(
    reading: Reading,
    item: dict[str, Any],
    where: str,
    framework: FrameworkRecord,
    nodes: dict[str, NodeRecord],
    base: str,
) -> RelationRecord | None:
    fits, aside = reading.clean("CFAssociations", item)
    origin, target = fits.pop("originNodeURI", None), fits.pop("destinationNodeURI", None)
    name = fits.pop("associationType", "")
    for column, value in (
        ("originNodeURI", origin),
        ("destinationNodeURI", target),
        ("associationType", name),
    ):
        if not value:
            reading.fault(
                "wrong_type",
                Sentence("An association needs its %(column)s.", column=column),
                f"{where}.{column}",
                item.get(column),
                str(item.get("identifier")),
            )
    if not origin or not target or not name:
        return None
    kind = _kind(reading, name)
    identifier = fits.pop("identifier", None)
    if identifier is None:
        aside.pop("identifier", None)
        reading.dropped["CFAssociations.identifier (made)"] += 1
        identifier = str(
            shape.association_identifier(framework.uuid, kind, origin["identifier"], target["identifier"])
        )
    if fits.get("uri") == shape.address("CFAssociations", identifier, base):
        del fits["uri"]
    members.list_missing(reading, "CFAssociations", fits)
    sequence = fits.pop("sequenceNumber", None)
    ours = members.ours_of(fits, aside)
    extra = members.extra_of(fits, aside, ours)
    uris = []
    for column, link in (("originNodeURI", origin), ("destinationNodeURI", target)):
        usual = _usual_link(link["identifier"], framework, nodes, base)
        outside = shape.outside_link(link["identifier"])
        uris.append("" if usual is not None or link["uri"] == outside["uri"] else link["uri"])
        if link != (usual or {**outside, "uri": link["uri"]}):
            extra[column] = link
    return RelationRecord(
        uuid=UUID(identifier),
        kind=kind,
        origin=origin["identifier"],
        target=target["identifier"],
        origin_uri=uris[0],
        target_uri=uris[1],
        sequence=sequence,
        extra=extra,
    )


def _usual_link(
    identifier: str, framework: FrameworkRecord, nodes: dict[str, NodeRecord], base: str
) -> dict[str, Any] | None:
    if identifier in nodes:
        return shape.node_link(nodes[identifier], base)
    return shape.document_link(framework, base) if identifier == str(framework.uuid) else None


def _kind(reading: Reading, name: str) -> str:
    if name in shape.KINDS or name.startswith(EXTERNAL):
        return shape.KINDS.get(name, name)
    reading.dropped[f"CFAssociations.associationType ({name[:40]} kept as ext:)"] += 1
    return EXTERNAL + "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)


def _typed(package: Package) -> Package:
    """Name the kind of items whose file does not; `untyped` remembers it for the way out."""
    held = {str(node.uuid) for node in package.nodes}
    below = {r.origin for r in package.relations if r.kind == CHILD_OF and r.target in held}
    nodes = []
    for node in package.nodes:
        if not node.kind:
            named = node.extra.get("CFItemTypeURI", {}).get("title")
            usual = "target" if node.is_leaf else "competency" if str(node.uuid) in below else "area"
            node = replace(node, kind=named or usual, extra={**node.extra, "untyped": True})
        nodes.append(node)
    return replace(package, nodes=tuple(nodes))
