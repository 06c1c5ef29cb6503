"""The spreadsheet: what it says, every fault by place, formulas as text, and nothing lost beside CASE."""

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import headway
from headway.access.types import SYSTEM
from headway.frameworks import queries
from headway.frameworks.models import Node, Relation
from headway.interop.case.exchange import export_framework, import_framework, read_package
from headway.interop.case.sheet_cells import columns, shield, unshield
from headway.interop.case.spreadsheet import read_spreadsheet, write_spreadsheet
from headway.interop.case.write import write_case
from headway.kit.refusals import Refusal

from .test_round_trip import whole

AT = datetime(2026, 8, 3, 12, tzinfo=UTC)
LATER = datetime(2027, 8, 3, 12, tzinfo=UTC)
CONTINUUMS = sorted((Path(headway.__file__).parent / "demo" / "continuums").glob("*.csv"))


def sheet(*rows: dict, header: list[str] | None = None) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, header or columns(4), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        [
            {"row": "framework", "name": "Mini", "level": "2"},
            {"row": "level", "code": "1", "name": "One"},
            {"row": "level", "code": "2"},
            {"row": "grade", "code": "KG", "level": "1"},
            *rows,
        ]
    )
    return out.getvalue().encode()


def target(code: str, **cells: str) -> dict:
    return {"row": "target", "code": code, "name": f"Name {code}", **cells}


def test_a_sheet_says_everything_a_continuum_needs():
    found = read_spreadsheet(
        sheet(
            {"row": "area", "code": "A", "name": "Area"},
            target(
                "A.1",
                parents="A",
                level="1",
                depth="2",
                descriptor_1="one",
                descriptor_2="two",
                starts="2026-08-01",
                requirement="pieces=3; days_apart=14",
                evidence="Two talks.",
            ),
            target(
                "A.2",
                parents="A",
                after="A.1",
                helped_by="A.1",
                alignments="NGSS:SEP1; CCSS:K",
                replaced_by="A.1",
                ends="2027-01-01",
            ),
        )
    )
    assert (
        found.framework.title,
        found.framework.graduation_level,
        dict(found.framework.expected_levels),
    ) == ("Mini", 2, {"KG": 1})
    area, one, two = found.nodes
    assert (one.level, one.depth, one.descriptors, one.requirement) == (
        1,
        2,
        ("one", "two"),
        {"pieces": 3, "days_apart": 14},
    )
    assert (one.starts_on, two.ends_on, area.is_leaf, one.is_leaf) == (
        date(2026, 8, 1),
        date(2027, 1, 1),
        False,
        True,
    )
    names = {str(n.uuid): n.code for n in found.nodes} | {str(found.framework.uuid): "document"}
    assert [
        (r.kind, names.get(r.origin, r.origin), names.get(r.target, r.target), r.sequence)
        for r in found.relations
    ] == [
        ("child_of", "A", "document", 1),
        ("child_of", "A.1", "A", 1),
        ("child_of", "A.2", "A", 2),
        ("precedes", "A.1", "A.2", None),
        ("helps", "A.1", "A.2", None),
        ("exact_match", "A.2", "NGSS:SEP1", None),
        ("exact_match", "A.2", "CCSS:K", None),
        ("replaced_by", "A.2", "A.1", None),
    ]


def test_identifiers_that_are_left_out_are_always_the_same():
    body = sheet(target("A.1"))
    assert read_spreadsheet(body).nodes[0].uuid == read_spreadsheet(body).nodes[0].uuid
    assert read_spreadsheet(body).framework.uuid in read_spreadsheet(body).made


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (target("A.1", parents="Z"), "unknown_code", "parents"),
        (target("A.1", level="7"), "unknown_level", "level"),
        (target("A.1", level="one"), "not_a_number", "level"),
        (target("A.1", depth="5"), "not_a_number", "depth"),
        (target("A.1", starts="1/8/2026"), "not_a_day", "starts"),
        (target("A.1", starts="2026-08-01", ends="2026-07-01"), "ends_before_start", "ends"),
        (target("A.1", requirement="pieces"), "bad_requirement", "requirement"),
        (target("A.1", requirement="weeks=3"), "bad_requirement", "requirement"),
        (target("A.1", descriptor_2="two"), "missing_descriptor", "descriptor_1"),
        (target("A.1", identifier="12"), "identifier_not_uuid", "identifier"),
        (target(""), "no_code", "code"),
        ({"row": "", "code": "A"}, "no_row_kind", "row"),
        ({"row": "framework", "name": "Second"}, "second_framework", "row"),
        ({"row": "level", "code": "1"}, "bad_level", "code"),
        ({"row": "grade", "code": "KG", "level": "1"}, "bad_grade", "code"),
        ({"row": "target", "code": "A.1"}, "no_text", "name"),
    ],
)
def test_every_fault_has_its_place(row, code, column):
    with pytest.raises(Refusal) as caught:
        read_spreadsheet(sheet(row), file="mini.csv")
    finding = caught.value.findings[0]
    assert (finding.code, finding.column, finding.line, finding.file) == (code, column, 6, "mini.csv")
    assert finding.value is not None


def test_all_faults_come_at_once_and_lines_count_through_long_cells():
    with pytest.raises(Refusal) as caught:
        read_spreadsheet(
            sheet(target("A.1", statement="two\nlines", level="9"), target("A.1"), target("A.2", after="Q"))
        )
    assert [(f.code, f.line) for f in caught.value.findings] == [("unknown_level", 6)]
    with pytest.raises(Refusal) as caught:
        read_spreadsheet(
            sheet(target("A.1", statement="two\nlines"), target("A.1"), target("A.2", after="Q"))
        )
    assert [(f.code, f.line) for f in caught.value.findings] == [
        ("duplicate_identifier", 8),
        ("unknown_code", 9),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "missing_column"),
        (b"row,code,name\n", "empty_sheet"),
        (b"row,code,name,color\n", "unknown_column"),
        (b"row,code,name,name\n", "duplicate_column"),
        (b"row,code\n", "missing_column"),
        (b"row,code,name\ntarget,A,B\n", "no_framework"),
        (b"row,code,name\nframework,,\n", "no_title"),
        (b'row,code,name\nframework,,"M\n', "not_csv"),
        (b"row,code,name\nframework,,M,x\n", "wrong_width"),
    ],
)
def test_a_broken_sheet_is_refused_by_name(body, code):
    with pytest.raises(Refusal) as caught:
        read_spreadsheet(body)
    assert caught.value.findings[0].code == code


def test_bytes_that_are_no_text_and_workbooks_are_refused():
    for body, code in (
        (b"\xff\xfer\0o\0w\0", "not_text"),
        (b"row\0", "not_text"),
        (b"PK\x03\x04", "not_a_framework"),
    ):
        with pytest.raises(Refusal) as caught:
            read_package(body)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-a", "@x", "\tx", "'=1", "''-", "'plain", "plain", "", "a=b", "'"]
)
def test_cells_that_look_like_formulas_are_text_both_ways(text):
    assert unshield(shield(text)) == text
    assert not shield(text).startswith(("=", "+", "-", "@", "\t"))
    found = read_spreadsheet(sheet(target("A.1", statement=shield(text))))
    assert found.nodes[0].statement == text
    assert read_spreadsheet(write_spreadsheet(found).encode()).nodes == found.nodes


@pytest.mark.parametrize("path", CONTINUUMS, ids=lambda path: path.stem)
def test_the_demonstration_continuums_survive_both_forms(path):
    found = read_spreadsheet(path)
    text = write_spreadsheet(found)
    assert read_spreadsheet(text.encode()).nodes == found.nodes
    through = read_package(json.dumps(write_case(found, at=AT)).encode())
    assert write_spreadsheet(through) == text


@pytest.mark.shared
@pytest.mark.django_db
def test_a_case_continuum_goes_through_the_sheet_without_loss(faults_of, ordered):
    original = whole()
    import_framework(json.dumps(original).encode(), actor=SYSTEM, at=AT)
    before = list(Node.objects.values().order_by("id")), list(Relation.objects.values().order_by("id"))
    text = export_framework("Whole", "csv")
    run = import_framework(text.encode(), actor=SYSTEM, at=LATER)
    assert (run.counts["added"], run.counts["changed"], run.counts["version"]) == (0, 0, 1)
    assert (
        list(Node.objects.values().order_by("id")),
        list(Relation.objects.values().order_by("id")),
    ) == before

    import_framework(text.replace("Replacement", "Better words").encode(), actor=SYSTEM, at=LATER)
    out = json.loads(export_framework("Whole", "case"))
    expected = whole()
    expected["CFItems"][2] |= {
        "fullStatement": "Better words",
        "lastChangeDateTime": "2027-08-03T12:00:00+00:00",
    }
    assert faults_of(out) == []
    assert ordered(out["CFItems"]) == ordered(expected["CFItems"])


@pytest.mark.django_db
def test_a_sheet_without_identifiers_finds_the_items_by_their_codes():
    given = "11111111-1111-4111-8111-111111111111"
    import_framework(sheet(target("A.1", identifier=given), target("A.2")), actor=SYSTEM, at=AT)
    run = import_framework(sheet(target("A.1", evidence="New"), target("A.2")), actor=SYSTEM, at=LATER)
    assert (run.counts["added"], run.counts["changed"], run.counts["retired"]) == (0, 1, 0)
    assert str(queries.target_by_reference("A.1").uuid) == given
