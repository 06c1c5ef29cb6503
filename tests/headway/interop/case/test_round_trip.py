"""What comes in goes out unchanged, and what goes out is valid."""

import json
import time
from datetime import UTC, datetime

import pytest

from headway.access.types import SYSTEM
from headway.frameworks import queries
from headway.interop.case.exchange import export_framework, import_framework
from headway.interop.case.read import read_case
from headway.interop.case.write import write_case

from .coherence_map import package as coherence_package

AT = datetime(2026, 8, 3, 12, tzinfo=UTC)
SAMPLES = ("EmptyExternalFramework", "ItemTypeTestFramework", "SmartLevelFramework", "Utf8TestFramework")


@pytest.mark.shared
@pytest.mark.django_db
def test_the_coherence_map_comes_in_and_goes_out_unchanged(shared, faults_of, ordered, capsys):
    original = coherence_package(shared / "coherence-map-ccss-math" / "coherence-map.json")
    assert faults_of(original) == []
    began = time.perf_counter()
    run = import_framework(json.dumps(original).encode(), actor=SYSTEM, at=AT)
    seconds = time.perf_counter() - began
    with capsys.disabled():
        print(f"\n691 items and {len(original['CFAssociations'])} associations imported in {seconds:.2f} s")
    assert run.counts["added"] == 691
    out = json.loads(export_framework("Coherence Map: Common Core mathematics", "case"))
    assert ordered(out) == ordered(original)

    view = queries.framework_by_key("Coherence Map: Common Core mathematics")
    tree = queries.tree(view.id)
    assert "National Governors" in view.notice
    assert len([n for n in tree.nodes.values() if n.is_leaf and n.kind == "Standard"]) == 480
    assert sum(map(len, tree.before.values())) == 757
    again = import_framework(json.dumps(out).encode(), actor=SYSTEM, at=AT)
    assert (again.counts["added"], again.counts["changed"], again.counts["version"]) == (0, 0, 1)


@pytest.mark.shared
@pytest.mark.django_db
@pytest.mark.parametrize("name", SAMPLES)
def test_each_opensalt_sample_comes_in_and_its_export_is_valid(shared, faults_of, ordered, name):
    path = shared / "case-opensalt-samples" / f"{name}.json"
    original = json.loads(path.read_text())
    import_framework(path, actor=SYSTEM, at=AT)
    out = json.loads(export_framework(original["CFDocument"]["title"], "case"))
    assert faults_of(out) == []
    assert ordered(out["CFItems"]) == ordered(original["CFItems"])
    assert ordered(out["CFAssociations"]) == ordered(original["CFAssociations"])
    assert {**original["CFDocument"], "caseVersion": "1.1"} == out["CFDocument"]


def whole() -> dict:
    """One package that says something in every place of version 1.1."""

    def at(number: int) -> str:
        return f"{number:08d}-0000-4000-8000-000000000000"

    def obj(number: int, **members) -> dict:
        return {
            "identifier": at(number),
            "uri": f"https://x.org/things/{number}",
            "lastChangeDateTime": "2024-05-01T10:00:00.123Z",
            **members,
        }

    def link(number: int, title: str = "link") -> dict:
        return {"title": title, "identifier": at(number), "uri": f"https://x.org/things/{number}"}

    levels = [
        obj(
            40 + n,
            description=f"Shows {n}",
            quality=f"Q{n}",
            score=n * 1.5,
            feedback="f",
            position=n,
            rubricCriterionId=at(31),
        )
        for n in (1, 2, 3)
    ]
    return {
        "CFDocument": obj(
            1,
            creator="C",
            title="Whole",
            publisher="P",
            description="D",
            subject=["Math"],
            subjectURI=[link(60)],
            language="en",
            version="3",
            adoptionStatus="Draft",
            notes="n",
            statusStartDate="2024-01-01",
            statusEndDate="2030-01-01",
            licenseURI=link(61, "L"),
            officialSourceURL="https://x.org",
            frameworkType="T",
            caseVersion="1.1",
            extensions={"vendor": {"a": [1]}},
        ),
        "CFItems": [
            obj(
                2,
                fullStatement="<b>Top</b> & $x^2$",
                humanCodingScheme="A",
                CFItemType="Domain",
                language="en",
            ),
            obj(
                3,
                fullStatement="Leaf",
                humanCodingScheme="A.1",
                alternativeLabel="Outcome",
                listEnumeration="i",
                abbreviatedStatement="Short",
                conceptKeywords=["k"],
                conceptKeywordsURI=link(62),
                notes="n",
                subject=["S"],
                subjectURI=[link(60)],
                educationLevel=["KG", "01"],
                CFItemTypeURI=link(63, "Standard"),
                licenseURI=link(61, "L"),
                statusStartDate="2024-01-01",
                statusEndDate="2025-01-01",
                extensions={"vendor": True},
            ),
            obj(4, fullStatement="Replacement"),
        ],
        "CFAssociations": [
            obj(
                10,
                associationType="isChildOf",
                sequenceNumber=1,
                originNodeURI=link(2, "t"),
                destinationNodeURI=link(1),
            ),
            obj(
                11, associationType="isChildOf", originNodeURI=link(3, "A.1"), destinationNodeURI=link(2, "A")
            ),
            obj(
                12,
                associationType="replacedBy",
                originNodeURI=link(3),
                destinationNodeURI=link(4),
                notes="split",
                CFAssociationGroupingURI=link(64),
                extensions={"v": 1},
            ),
            obj(13, associationType="ext:helps", originNodeURI=link(3), destinationNodeURI=link(4)),
            obj(14, associationType="ext:vendor.kind", originNodeURI=link(3), destinationNodeURI=link(4)),
            obj(
                15,
                associationType="exactMatchOf",
                originNodeURI=link(3),
                destinationNodeURI={
                    "title": "Elsewhere",
                    "identifier": "not-a-uuid",
                    "uri": "https://y.org/1",
                    "targetType": "ext:other",
                },
            ),
        ],
        "CFDefinitions": {
            "CFConcepts": [obj(62, title="c", keywords="a|b", hierarchyCode="1", description="d")],
            "CFSubjects": [obj(60, title="Math", hierarchyCode="1")],
            "CFLicenses": [obj(61, title="L", licenseText="All rights")],
            "CFItemTypes": [obj(63, title="Standard", description="d", hierarchyCode="1", typeCode="S")],
            "CFAssociationGroupings": [obj(64, title="g", description="d")],
            "extensions": {"x": 1},
        },
        "CFRubrics": [
            obj(
                30,
                title="R",
                description="rd",
                CFRubricCriteria=[
                    obj(
                        31,
                        category="cat",
                        description="d",
                        CFItemURI=link(3, "A.1"),
                        weight=0.5,
                        position=1,
                        rubricId=at(30),
                        CFRubricCriterionLevels=levels,
                    ),
                    obj(32, category="without an item"),
                ],
            )
        ],
        "extensions": {"package": "vendor"},
    }


@pytest.mark.shared
@pytest.mark.django_db
def test_every_field_of_version_1_1_survives(faults_of, ordered):
    original = whole()
    assert faults_of(original) == []
    import_framework(json.dumps(original).encode(), actor=SYSTEM, at=AT)
    out = json.loads(export_framework("Whole", "case"))
    assert ordered(out) == ordered(original)
    leaf = queries.target_by_reference("A.1", on=datetime(2024, 6, 1, tzinfo=UTC).date())
    assert leaf.descriptors == ("Shows 1", "Shows 2", "Shows 3")
    assert leaf.grades == ("KG", "01")


@pytest.mark.shared
def test_an_older_package_is_read_leniently_and_written_strictly(faults_of):
    original = whole()
    del original["CFDocument"]["caseVersion"]
    original["CFDocument"]["CFPackageURI"] = {"title": "p", "identifier": "x", "uri": "y"}
    first = original["CFItems"][0]
    first |= {
        "CFDocumentURI": {"title": "d", "identifier": "x", "uri": "y"},
        "vendorField": {"kept": 1},
        "educationLevel": "KG",
        "notes": None,
    }
    del first["lastChangeDateTime"]
    original["CFItems"][1]["CFItemTypeURI"] = "https://x.org/type"
    original["CFAssociations"][4]["associationType"] = "is aligned to"
    original["CFDefinitions"]["CFItemTypes"][0].pop("hierarchyCode")
    package = read_case(json.dumps(original).encode())
    assert dict(package.dropped) == {
        "CFAssociations.associationType (is aligned to kept as ext:)": 1,
        "CFDocument.CFPackageURI": 1,
        "CFItemTypes.hierarchyCode (missing)": 1,
        "CFItems.CFDocumentURI": 1,
        "CFItems.educationLevel (one text made a list)": 1,
        "CFItems.lastChangeDateTime (missing)": 1,
        "CFItems.notes (null)": 1,
    }
    out = write_case(package, at=AT)
    assert faults_of(out) == []
    item = next(i for i in out["CFItems"] if i["identifier"] == first["identifier"])
    assert item["extensions"]["headway"]["unknown"] == {"vendorField": {"kept": 1}}
    assert item["lastChangeDateTime"] == "2026-08-03T12:00:00+00:00"
    again = read_case(json.dumps(out).encode())
    assert write_case(again, at=AT) == out
    assert again.dropped == {}
