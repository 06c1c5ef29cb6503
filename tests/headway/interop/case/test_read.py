"""Packages from strangers: every hostile or broken file is refused with its place, and reading needs no
Django.
"""

import json
import subprocess
import sys
from copy import deepcopy

import pytest

from headway.interop.case.read import read_case
from headway.kit.refusals import Refusal

WHEN = "2026-01-01T00:00:00Z"


def uuid(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def link(number: int) -> dict:
    return {"title": str(number), "identifier": uuid(number), "uri": f"urn:uuid:{uuid(number)}"}


def item(number: int, **members) -> dict:
    return {
        "identifier": uuid(number),
        "uri": f"urn:uuid:{uuid(number)}",
        "fullStatement": f"Item {number}",
        "lastChangeDateTime": WHEN,
        **members,
    }


def association(number: int, origin: int, target: int, kind: str = "isChildOf") -> dict:
    return {
        "identifier": uuid(number),
        "uri": f"urn:uuid:{uuid(number)}",
        "associationType": kind,
        "originNodeURI": link(origin),
        "destinationNodeURI": link(target),
        "lastChangeDateTime": WHEN,
    }


def package(*items: dict, associations: tuple = (), **members) -> dict:
    document = {
        "identifier": uuid(1),
        "uri": f"urn:uuid:{uuid(1)}",
        "creator": "C",
        "title": "T",
        "lastChangeDateTime": WHEN,
    }
    return {"CFDocument": document, "CFItems": list(items), "CFAssociations": list(associations), **members}


def refusal(body: bytes | dict) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_case(body if isinstance(body, bytes) else json.dumps(body, indent=1).encode(), file="x.json")
    assert all(finding.file == "x.json" for finding in caught.value.findings)
    return caught.value


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (b"", "not_json", 1),
        (b'{\n"CFDocument": \n', "not_json", 3),
        (b'{"CFDocument": {"title": "a",\n "title": "b"}}', "duplicate_key", 1),
        (b'{"CFDocument": {},\n "x": NaN}', "not_a_number", 2),
        (b'{"x": 1e400}', "not_a_number", 1),
        (b'{"x": ' + b"9" * 5000 + b"}", "not_a_number", 1),
        (b"[" * 100_000, "too_deep", None),
        (b'{"x": ' + b"[" * 80 + b"]" * 80 + b"}", "too_deep", None),
        (b'{"x": "\xff"}', "not_text", 1),
        (b'{"x": "\\u0000"}', "bad_character", None),
        (b'{"x": "\\ud800"}', "bad_character", None),
        (b"[]", "not_a_package", None),
        (b'{"CFDocument": []}', "not_a_package", None),
    ],
)
def test_a_file_that_is_no_package_is_refused_with_its_place(body, code, line):
    found = refusal(body)
    assert (found.code, found.findings[0].line) == (code, line)


def test_a_file_over_the_cap_is_refused_and_one_of_50_megabytes_is_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(129 * 1024 * 1024)
    with pytest.raises(Refusal) as caught:
        read_case(path)
    assert caught.value.code == "too_large"
    found = read_case(json.dumps(package(item(2, notes="x" * 50_000_000))).encode())
    assert len(found.nodes[0].extra["notes"]) == 50_000_000


def test_one_identifier_with_two_contents_is_refused_and_a_repetition_is_listed():
    found = refusal(package(item(2), item(2, fullStatement="Other")))
    assert found.findings[0].code == "duplicate_identifier"
    assert found.findings[0].line > 10 and found.findings[0].value == uuid(2)
    assert read_case(json.dumps(package(item(2), item(2))).encode()).dropped == {
        "CFItems (said twice alike)": 1
    }


def test_every_fault_is_named_at_once():
    found = refusal(
        package(
            item(2) | {"identifier": "two"},
            item(3) | {"fullStatement": 7},
            item(4) | {"statusEndDate": "31 Feb"},
            associations=({"identifier": uuid(9)},),
        )
    )
    assert found.code == "bad_package"
    assert {(f.code, f.column) for f in found.findings} >= {
        ("identifier_not_uuid", "CFItems[0].identifier"),
        ("wrong_type", "CFItems[1].fullStatement"),
        ("wrong_type", "CFItems[2].statusEndDate"),
        ("wrong_type", "CFAssociations[0].originNodeURI"),
    }


def test_html_and_missing_language_are_text_and_nothing_else():
    text = "<script>alert(1)</script> **bold** $\\frac12$"
    found = read_case(json.dumps(package(item(2, fullStatement=text))).encode())
    assert found.nodes[0].statement == text and found.framework.language == ""


def test_items_without_a_type_are_named_by_where_they_stand():
    links = (association(10, 2, 1), association(11, 3, 2), association(12, 4, 3))
    found = read_case(json.dumps(package(item(2), item(3), item(4), associations=links)).encode())
    assert [(n.kind, n.is_leaf) for n in found.nodes] == [
        ("area", False),
        ("competency", False),
        ("target", True),
    ]


def test_siblings_go_by_the_sequence_of_their_association():
    links = [association(10 + n, n, 1) | {"sequenceNumber": 9 - n} for n in (2, 3, 4)]
    found = read_case(json.dumps(package(item(2), item(3), item(4), associations=tuple(links))).encode())
    assert [n.statement for n in found.nodes] == ["Item 4", "Item 3", "Item 2"]


def test_any_change_of_type_refuses_or_is_kept_but_never_breaks():
    original = package(
        item(2, educationLevel=["01"], extensions={"headway": {"level": 2}}),
        associations=(association(10, 2, 1),),
        CFRubrics=[
            item(20)
            | {"CFRubricCriteria": [item(21) | {"CFItemURI": link(2), "CFRubricCriterionLevels": [item(22)]}]}
        ],
        CFDefinitions={"CFLicenses": [item(30)]},
    )

    def places(value, path=()):
        yield path
        for key, member in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            yield from places(member, (*path, key))

    for path in list(places(original))[1:]:
        for wrong in (None, 7, -1.5, "", "x", [], {}, [None], [{}], {"headway": 3}, True):
            copy = deepcopy(original)
            spot = copy
            for key in path[:-1]:
                spot = spot[key]
            spot[path[-1]] = wrong
            try:
                read_case(json.dumps(copy).encode())
            except Refusal as found:
                assert found.findings, (path, wrong)


def test_reading_and_writing_load_no_web_framework():
    code = (
        "import sys, headway.interop.case.read, headway.interop.case.write, headway.interop.case.spreadsheet;"
        "print([m for m in sys.modules if m.split('.')[0] in ('django', 'ninja')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
