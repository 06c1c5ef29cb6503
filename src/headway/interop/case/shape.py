"""The words of CASE 1.1: fields with their types, kinds of association, and addresses by default."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from headway.frameworks.types import (
    CHILD_OF,
    EXACT_MATCH,
    EXEMPLAR,
    HELPS,
    PART_OF,
    PEER,
    PRECEDES,
    RELATED,
    REPLACED_BY,
    SKILL_LEVEL,
    TRANSLATION,
    FrameworkRecord,
    NodeRecord,
)

OURS = "headway"
"""Our own fields travel under this name in the `extensions` object that version 1.1 allows."""

ASSOCIATIONS: Mapping[str, str] = MappingProxyType(
    {
        CHILD_OF: "isChildOf",
        PEER: "isPeerOf",
        PART_OF: "isPartOf",
        EXACT_MATCH: "exactMatchOf",
        PRECEDES: "precedes",
        RELATED: "isRelatedTo",
        REPLACED_BY: "replacedBy",
        EXEMPLAR: "exemplar",
        SKILL_LEVEL: "hasSkillLevel",
        TRANSLATION: "isTranslationOf",
        HELPS: "ext:helps",
    }
)
KINDS: Mapping[str, str] = MappingProxyType({name: kind for kind, name in ASSOCIATIONS.items()})

TEXT, TEXTS, LINK, LINKS, END, DAY, INSTANT, WHOLE, NUMBER, UUID_, OBJECT, OBJECTS = (
    "text",
    "texts",
    "link",
    "links",
    "end",
    "day",
    "instant",
    "whole",
    "number",
    "uuid",
    "object",
    "objects",
)

_COMMON = {"identifier": UUID_, "uri": TEXT, "lastChangeDateTime": INSTANT, "extensions": OBJECT}
_DEFINED = {**_COMMON, "title": TEXT, "description": TEXT}
FIELDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "CFDocument": {
            **_COMMON,
            "frameworkType": TEXT,
            "caseVersion": TEXT,
            "creator": TEXT,
            "title": TEXT,
            "officialSourceURL": TEXT,
            "publisher": TEXT,
            "description": TEXT,
            "subject": TEXTS,
            "subjectURI": LINKS,
            "language": TEXT,
            "version": TEXT,
            "adoptionStatus": TEXT,
            "statusStartDate": DAY,
            "statusEndDate": DAY,
            "licenseURI": LINK,
            "notes": TEXT,
        },
        "CFItems": {
            **_COMMON,
            "fullStatement": TEXT,
            "alternativeLabel": TEXT,
            "CFItemType": TEXT,
            "humanCodingScheme": TEXT,
            "listEnumeration": TEXT,
            "abbreviatedStatement": TEXT,
            "conceptKeywords": TEXTS,
            "conceptKeywordsURI": LINK,
            "notes": TEXT,
            "subject": TEXTS,
            "subjectURI": LINKS,
            "language": TEXT,
            "educationLevel": TEXTS,
            "CFItemTypeURI": LINK,
            "licenseURI": LINK,
            "statusStartDate": DAY,
            "statusEndDate": DAY,
        },
        "CFAssociations": {
            **_COMMON,
            "associationType": TEXT,
            "sequenceNumber": WHOLE,
            "originNodeURI": END,
            "destinationNodeURI": END,
            "CFAssociationGroupingURI": LINK,
            "notes": TEXT,
        },
        "CFConcepts": {**_DEFINED, "keywords": TEXT, "hierarchyCode": TEXT},
        "CFSubjects": {**_DEFINED, "hierarchyCode": TEXT},
        "CFLicenses": {**_DEFINED, "licenseText": TEXT},
        "CFItemTypes": {**_DEFINED, "hierarchyCode": TEXT, "typeCode": TEXT},
        "CFAssociationGroupings": _DEFINED,
        "CFRubrics": {**_DEFINED, "CFRubricCriteria": OBJECTS},
        "CFRubricCriteria": {
            **_COMMON,
            "category": TEXT,
            "description": TEXT,
            "CFItemURI": LINK,
            "weight": NUMBER,
            "position": WHOLE,
            "rubricId": UUID_,
            "CFRubricCriterionLevels": OBJECTS,
        },
        "CFRubricCriterionLevels": {
            **_COMMON,
            "extensions": OBJECTS,
            "description": TEXT,
            "quality": TEXT,
            "score": NUMBER,
            "feedback": TEXT,
            "position": WHOLE,
            "rubricCriterionId": UUID_,
        },
    }
)
"""Every field of every object of a 1.1 package; what must be there is asked for by name."""

DEFINITIONS = ("CFConcepts", "CFSubjects", "CFLicenses", "CFItemTypes", "CFAssociationGroupings")
REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "CFConcepts": ("title", "hierarchyCode"),
        "CFSubjects": ("title", "hierarchyCode"),
        "CFLicenses": ("title", "licenseText"),
        "CFItemTypes": ("title", "description", "hierarchyCode"),
        "CFAssociationGroupings": ("title",),
        "CFRubrics": (),
        "CFRubricCriteria": (),
        "CFRubricCriterionLevels": (),
    }
)
"""Texts that 1.1 demands and older files leave out: they come in as empty texts, and are listed."""

REPEATED = frozenset({"CFDocumentURI", "CFPackageURI"})
"""Members that a package repeats in every object of version 1.0 and that version 1.1 forbids there."""


def framework_identifier(title: str) -> UUID:
    """Return the identifier of a continuum whose file gives none: always the same for the same title."""
    return uuid5(NAMESPACE_URL, f"headway:continuum:{title}")


def item_identifier(title: str, code: str) -> UUID:
    """Return the identifier of an item whose file gives none: always the same for the same title and code."""
    return uuid5(framework_identifier(title), f"item:{code}")


def association_identifier(framework: UUID, kind: str, origin: str, target: str) -> UUID:
    """Return the identifier of a relation whose file gives none: the same for the same ends and kind."""
    return uuid5(framework, f"relation:{kind}:{origin}:{target}")


def rubric_identifier(framework: UUID) -> UUID:
    """Return the identifier of the rubric that holds the descriptors of a continuum that came without one."""
    return uuid5(framework, "rubric")


def document_uri(framework: UUID, base: str = "") -> str:
    """Return the address of a document without one: below `base`, or a name that needs no server."""
    return address("CFDocuments", str(framework), base)


def base_of(framework: FrameworkRecord) -> str:
    """Return what stands before `/CFDocuments/…` in a document's own address, else ""."""
    head, found, tail = framework.uri.rpartition("/CFDocuments/")
    return head if found and tail.lower() == str(framework.uuid) else ""


def address(part: str, identifier: str, base: str) -> str:
    """Return the address of an object by the kind of collection that serves it."""
    return f"{base}/{part}/{identifier}" if base else f"urn:uuid:{identifier}"


def node_uri(node: NodeRecord, base: str) -> str:
    """Return an item's address: its own, or the default."""
    return str(node.extra.get("uri") or address("CFItems", str(node.uuid), base))


def node_link(node: NodeRecord, base: str) -> dict[str, Any]:
    """Return the link that names an item."""
    return {"title": node.label, "identifier": str(node.uuid), "uri": node_uri(node, base)}


def document_link(framework: FrameworkRecord, base: str) -> dict[str, Any]:
    """Return the link that names a document."""
    uri = framework.uri or document_uri(framework.uuid, base)
    return {"title": framework.title, "identifier": str(framework.uuid), "uri": uri}


def outside_link(identifier: str, uri: str = "") -> dict[str, Any]:
    """Return the link to something the package does not hold: by its address, or by its name."""
    usual = f"urn:uuid:{identifier}" if len(identifier) == 36 else quote(identifier, safe=":/?#@")
    return {"title": identifier, "identifier": identifier, "uri": uri or usual}


def default_rubric(framework: FrameworkRecord, base: str, at: str) -> dict[str, Any]:
    """Return the shell of the rubric that holds the descriptors of a continuum that came without one."""
    identifier = str(rubric_identifier(framework.uuid))
    return {
        "identifier": identifier,
        "uri": address("CFRubrics", identifier, base),
        "title": framework.title,
        "lastChangeDateTime": framework.extra.get("lastChangeDateTime", at),
    }


def default_criterion(framework: FrameworkRecord, node: NodeRecord, base: str, at: str) -> dict[str, Any]:
    """Return the criterion of an item that came without one: a level per descriptor, by rank."""
    identifier, rubric = str(uuid5(node.uuid, "criterion")), str(rubric_identifier(framework.uuid))
    changed = node.extra.get("lastChangeDateTime", at)
    levels = []
    for rank, text in enumerate(node.descriptors, start=1):
        level = str(uuid5(node.uuid, f"level {rank}"))
        levels.append(
            {
                "identifier": level,
                "uri": address("CFRubricCriterionLevels", level, base),
                "description": text,
                "score": rank,
                "position": rank,
                "rubricCriterionId": identifier,
                "lastChangeDateTime": changed,
            }
        )
    return {
        "identifier": identifier,
        "uri": address("CFRubricCriteria", identifier, base),
        "category": node.label,
        "CFItemURI": node_link(node, base),
        "rubricId": rubric,
        "lastChangeDateTime": changed,
        "CFRubricCriterionLevels": levels,
    }
