"""The mathematics standards of the Coherence Map as a CASE 1.1 package: domains, clusters, standards,
prerequisites.
"""

import json
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

CHANGED = "2026-07-15T00:00:00+00:00"
BASE = "https://case.example.org/ims/case/v1p1"
NOTICE = (
    "© 2010 National Governors Association Center for Best Practices and Council of Chief State School "
    "Officers. All rights reserved."
)
# Six clusters of the source name a domain that it does not list; none of them has standards.
UNKNOWN = {"id": "", "grade": "HS", "ordinal": "X"}
GRADES = {"K": ["KG"], "HS": ["09", "10", "11", "12"]}


def identifier(kind: str, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"coherence-map:{kind}:{name}"))


def link(kind: str, name: str, title: str, part: str = "CFItems") -> dict:
    return {
        "title": title,
        "identifier": identifier(kind, name),
        "uri": f"{BASE}/{part}/{identifier(kind, name)}",
    }


def item(kind: str, name: str, code: str, text: str, grade: str) -> dict:
    return {
        "identifier": identifier(kind, name),
        "uri": f"{BASE}/CFItems/{identifier(kind, name)}",
        "fullStatement": text,
        "humanCodingScheme": code,
        "CFItemType": kind.capitalize(),
        "lastChangeDateTime": CHANGED,
        "educationLevel": GRADES.get(grade, [grade.zfill(2)]),
    }


def association(kind: str, origin: dict, target: dict, sequence: int | None = None) -> dict:
    name = identifier(kind, origin["identifier"] + target["identifier"])
    found = {
        "identifier": name,
        "uri": f"{BASE}/CFAssociations/{name}",
        "associationType": kind,
        "originNodeURI": origin,
        "destinationNodeURI": target,
        "lastChangeDateTime": CHANGED,
    }
    return found if sequence is None else {**found, "sequenceNumber": sequence}


def package(path: Path) -> dict:
    """Return the package: 63 domains, 148 clusters, 480 standards, 757 prerequisites, 142 related pairs."""
    source = json.loads(path.read_text())
    title = "Coherence Map: Common Core mathematics"
    document = link("document", "math", title, "CFDocuments")
    license_ = {
        "title": "CCSS public license",
        "identifier": identifier("license", "ccss"),
        "uri": f"{BASE}/CFLicenses/{identifier('license', 'ccss')}",
    }
    items, associations, links = [], [], {}
    domains = {d["id"]: d for d in source["domains"]}
    clusters = {c["id"]: c for c in source["clusters"]}

    def add(kind: str, name: str, code: str, text: str, grade: str, parent: dict, rank: int) -> None:
        items.append(item(kind, name, code, text, grade))
        links[kind, name] = link(kind, name, code)
        associations.append(association("isChildOf", links[kind, name], parent, rank))

    for rank, d in enumerate(source["domains"], 1):
        add("domain", d["id"], f"{d['grade']}.{d['ordinal']}", d["name"], d["grade"], document, rank)
    for rank, c in enumerate(source["clusters"], 1):
        d = domains.get(c["ccmathdomain_id"], UNKNOWN)
        add(
            "cluster",
            c["id"],
            f"{d['grade']}.{d['ordinal']}.{c['ordinal']}",
            c["name"],
            d["grade"],
            links.get(("domain", d["id"]), document),
            rank,
        )
    for rank, s in enumerate(source["standards"], 1):
        c = clusters[s["ccmathcluster_id"]]
        d = domains.get(c["ccmathdomain_id"], UNKNOWN)
        add(
            "standard",
            s["id"],
            f"{d['grade']}.{d['ordinal']}.{c['ordinal']}.{s['ordinal']}",
            s["desc"],
            d["grade"],
            links["cluster", c["id"]],
            rank,
        )
    for edge in source["prerequisite_edges"]:
        associations.append(
            association("precedes", links["standard", edge["from"]], links["standard", edge["to"]])
        )
    for a, b in sorted({tuple(sorted((e["from"], e["to"]))) for e in source["related_edges"]}):
        associations.append(association("isRelatedTo", links["standard", a], links["standard", b]))
    return {
        "CFDocument": {
            "identifier": document["identifier"],
            "uri": document["uri"],
            "title": title,
            "caseVersion": "1.1",
            "creator": "Student Achievement Partners",
            "language": "en",
            "adoptionStatus": "Adopted",
            "licenseURI": license_,
            "lastChangeDateTime": CHANGED,
            "frameworkType": "K-12",
        },
        "CFItems": items,
        "CFAssociations": associations,
        "CFDefinitions": {"CFLicenses": [{**license_, "licenseText": NOTICE, "lastChangeDateTime": CHANGED}]},
    }
