"""Reading: sound rosters come back staged; every fault is named by file, line, column and value."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from headway.interop.oneroster.read import read
from headway.kit.refusals import Refusal
from headway.rosters.types import Staged

from .small_roster import (
    ENROLLMENTS,
    ROSTER_11,
    ROSTER_12,
    USERS_11,
    changed,
    delta,
    folder,
    zipped,
)


def codes(path: Path) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        read(path).close()
    assert refusal.value.code == "roster_invalid"
    return [finding.code for finding in refusal.value.findings]


def first(path: Path, code: str):
    with pytest.raises(Refusal) as refusal:
        read(path).close()
    found = [finding for finding in refusal.value.findings if finding.code == code]
    assert found, [str(finding) for finding in refusal.value.findings]
    return found[0]


def everything(staged: Staged) -> dict[str, list]:
    kinds = (
        "orgs",
        "terms",
        "courses",
        "classes",
        "persons",
        "grants",
        "links",
        "enrollments",
        "demographics",
    )
    found = {}
    for kind in kinds:
        rows = [
            {name: getattr(row, name) for name in row.__slots__ if name != "line"}
            for row in staged.rows(kind)
        ]
        found[kind] = sorted(rows, key=str)
    staged.close()
    return found


def test_the_reader_runs_without_a_web_framework() -> None:
    code = "import sys; import headway.interop.oneroster.read; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_of_1_1_is_staged(tmp_path: Path) -> None:
    staged = read(folder(tmp_path / "r", ROSTER_11))
    assert staged.counts() == {
        "orgs": 3,
        "terms": 3,
        "courses": 2,
        "classes": 3,
        "persons": 8,
        "grants": 10,
        "links": 2,
        "enrollments": 8,
        "demographics": 2,
    }
    assert not staged.repairs
    assert {warning.code for warning in staged.warnings} == {"role_by_hand_only"}
    dee = next(row for row in staged.rows("persons") if row.sourced_id == "u4")
    assert dee.family_name == "=SUM(A1)"
    staged.close()


def test_a_zip_of_1_2_in_a_nested_folder_is_staged(tmp_path: Path) -> None:
    staged = read(zipped(tmp_path / "r.zip", ROSTER_12, inside="export/"))
    roles = {(row.person, row.role, row.said) for row in staged.rows("grants")}
    assert ("T1", "teacher", "teacher") in roles and ("T1", "family", "parent") in roles
    assert ("a1", "", "districtAdministrator") in roles
    staged.close()


@pytest.mark.parametrize(
    "bent", ["bom", "crlf", "reordered", "metadata", "no last newline", "header case", "shuffled", "quoted"]
)
def test_the_same_roster_in_another_dress_means_the_same(tmp_path: Path, bent: str) -> None:
    plain = everything(read(folder(tmp_path / "plain", ROSTER_11)))
    roster: dict[str, str | bytes] = dict(ROSTER_11)
    for name, text in ROSTER_11.items():
        lines = text.splitlines()
        if bent == "bom":
            roster[name] = b"\xef\xbb\xbf" + text.encode()
        elif bent == "crlf":
            roster[name] = text.replace("\n", "\r\n")
        elif bent == "reordered" and name == "orgs.csv":
            roster[name] = "\n".join(",".join(reversed(line.split(","))) for line in lines)
        elif bent == "metadata" and name == "orgs.csv":
            roster[name] = "\n".join([lines[0] + ",metadata.color", *[line + ",red" for line in lines[1:]]])
        elif bent == "no last newline":
            roster[name] = text.rstrip("\n")
        elif bent == "header case" and name != "manifest.csv":
            roster[name] = "\n".join([lines[0].upper(), *lines[1:]])
        elif bent == "shuffled" and name != "manifest.csv":
            roster[name] = "\n".join([lines[0], *reversed(lines[1:])])
        elif bent == "quoted" and name == "orgs.csv":
            roster[name] = "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in lines)
    staged = read(folder(tmp_path / "bent", roster))
    listed = {repair.code for repair in staged.repairs}
    assert listed == {
        "bom": {"byte_order_mark"},
        "reordered": {"header_order"},
        "header case": {"header_case"},
    }.get(bent, set())
    assert everything(staged) == plain


def test_repairs_are_listed_and_never_silent(tmp_path: Path) -> None:
    roster = changed(
        ROSTER_11,
        "users.csv",
        "u1,,,true,s1,student,ana,,Ana,Abeyta",
        "u1,,,TRUE,s1,student,ana,, Ana ,Nun\u0303ez",
    )
    staged = read(folder(tmp_path / "r", roster))
    assert {(one.code, one.line, one.column) for one in staged.repairs} == {
        ("case", 2, "enabledUser"),
        ("trimmed", 2, "givenName"),
        ("composed", 2, "familyName"),
    }
    ana = next(row for row in staged.rows("persons") if row.sourced_id == "u1")
    assert (ana.given_name, ana.family_name) == ("Ana", "Nu\u00f1ez")
    staged.close()


# One fixture per fault: file, text that is replaced, what stands instead, and the finding.
CELLS = [
    ("enrollments.csv", "2026-09-15", "46280", "spreadsheet_date", 4, "beginDate"),
    ("enrollments.csv", "2026-09-15", "15/09/2026", "ambiguous_date", 4, "beginDate"),
    ("enrollments.csv", "2026-09-15", "9/15/26", "ambiguous_date", 4, "beginDate"),
    ("enrollments.csv", "2026-09-15", "0000-00-00", "no_such_day", 4, "beginDate"),
    ("enrollments.csv", "2026-09-15", "2026-02-31", "no_such_day", 4, "beginDate"),
    ("enrollments.csv", "2026-09-15", "2026-09-15T00:00:00Z", "not_a_day", 4, "beginDate"),
    ("enrollments.csv", "2026-09-15,2026-10-15", "2026-09-15,2026-09-01", "ends_before_start", 4, "endDate"),
    ("enrollments.csv", "2026-09-15,2026-10-15", "2027-09-15,", "outside_session", 4, "beginDate"),
    ("enrollments.csv", "u2,student", "u2,pupil", "unknown_value", 3, "role"),
    ("enrollments.csv", "e2,,,k1,s1,u2", "e2,,,k1,s1,U2", "unknown_reference", 3, "userSourcedId"),
    ("enrollments.csv", "e2,,,k1,s1,u2", "e2,,,k9,s1,u2", "unknown_reference", 3, "classSourcedId"),
    ("enrollments.csv", "e2,,,k1,s1,u2", "e2,,,k1,s2,u2", "other_school", 3, "schoolSourcedId"),
    ("enrollments.csv", "e2,,,k1,s1,u2", "e1,,,k1,s1,u2", "duplicate_id", 3, "sourcedId"),
    (
        "enrollments.csv",
        "e2,,,k1,s1,u2,student,false",
        "e2,,,k1,s1,u2,student,maybe",
        "not_true_or_false",
        3,
        "primary",
    ),
    ("enrollments.csv", "e2,,,k1,s1,u2", "e2,gone,,k1,s1,u2", "unknown_value", 3, "status"),
    ("enrollments.csv", "e2,,,k1,s1,u2", "e2,tobedeleted,,k1,s1,u2", "manifest_lies", 3, "status"),
    ("enrollments.csv", "e2,,,k1,s1,u2", "e2,,yesterday,k1,s1,u2", "not_a_time", 3, "dateLastModified"),
    ("users.csv", "u2,,,true,s1", "u2,,,true,s9", "unknown_reference", 3, "orgSourcedIds"),
    ("users.csv", "u2,,,true,s1", ",,,true,s1", "required_value", 3, "sourcedId"),
    ("users.csv", "student,ben", "headmaster,ben", "unknown_value", 3, "role"),
    ("users.csv", "student,ben", "student,", "required_value", 3, "username"),
    ("users.csv", "Ben,Ortiz", "Ben,", "required_value", 3, "familyName"),
    ("users.csv", "Ben,Ortiz", "B\u200ben,Ortiz", "invisible_character", 3, "givenName"),
    ("users.csv", "Ben,Ortiz", "Ben\u202e,Ortiz", "invisible_character", 3, "givenName"),
    ("users.csv", "Ben,Ortiz", "Be\tn,Ortiz", "control_character", 3, "givenName"),
    ("users.csv", "Ben,Ortiz", '"Be\r\nn",Ortiz', "line_break", 3, "givenName"),
    ("users.csv", "Ben,Ortiz", "B\ufffdn,Ortiz", "lost_character", 3, "givenName"),
    ("users.csv", "Ben,Ortiz", "B" * 10_000 + ",Ortiz", "too_long", 3, "givenName"),
    ("users.csv", "9002,,,,p1,05", "9002,,,,u2,05", "own_guardian", 3, "agentSourcedIds"),
    ("users.csv", "9002,,,,p1,05", "9002,,,,p7,05", "unknown_reference", 3, "agentSourcedIds"),
    ("users.csv", "9002,,,,p1,05", "9002,,,,p1,K", "unknown_grade", 3, "grades"),
    ("users.csv", "9002,,,,p1,05", "9002,,,,p1,13", "unknown_grade", 3, "grades"),
    ("users.csv", "9002,,,,p1,05", "9002,,,,p1,-1", "unknown_grade", 3, "grades"),
    ("users.csv", "9002,,,,p1,05", "9002,,,,p1,5", "unknown_grade", 3, "grades"),
    ("users.csv", "u2,,,", "1.23E+15,,,", "spreadsheet_number", 3, "sourcedId"),
    ("users.csv", "u2,,,", " u2,,,", "space_around", 3, "sourcedId"),
    ("users.csv", "u2,,,", "U1,,,", "suspicious_twin", 3, "sourcedId"),
    (
        "academicSessions.csv",
        "2026-08-10,2026-12-20",
        "2026-12-20,2026-08-10",
        "ends_before_start",
        3,
        "endDate",
    ),
    ("academicSessions.csv", "semester,2026-08-10", "quarter,2026-08-10", "unknown_value", 3, "type"),
    ("academicSessions.csv", "y27,2027\nt2", "y27,26-27\nt2", "not_a_year", 3, "schoolYear"),
    (
        "academicSessions.csv",
        "y27,,,2026-2027,schoolYear,2026-08-10,2027-06-01,,",
        "y27,,,2026-2027,schoolYear,2026-08-10,2027-06-01,t1,",
        "parent_loop",
        None,
        "parentSourcedId",
    ),
    ("classes.csv", '"t1,t2"', '"t1,,t2"', "empty_in_list", 2, "termSourcedIds"),
    ("classes.csv", '"t1,t2"', '"t1,t9"', "unknown_reference", 2, "termSourcedIds"),
    (
        "courses.csv",
        "c2,,,y27,Reading 5,RE5,05,d1",
        "c2,,,y27,Reading 5,RE5,05,",
        "required_value",
        3,
        "orgSourcedId",
    ),
    ("demographics.csv", "u2,,,", "u77,,,", "unknown_reference", 3, "sourcedId"),
    ("demographics.csv", "2016-03-01,male", "2016-03-01,boy", "unknown_value", 3, "sex"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line", "column"), CELLS, ids=[f"{c[3]}-{c[2][:20]!r}" for c in CELLS]
)
def test_a_cell_at_fault_is_named(
    tmp_path: Path, file: str, old: str, new: str, code: str, line: int | None, column: str
) -> None:
    found = first(folder(tmp_path / "r", changed(ROSTER_11, file, old, new)), code)
    assert (found.file, found.column) == (file, column)
    assert line is None or found.line == line


TEXTS = [
    ("utf16 little", USERS_11.encode("utf-16-le"), "utf16"),
    ("utf16 big with mark", b"\xfe\xff" + USERS_11.encode("utf-16-be"), "utf16"),
    ("windows 1252", USERS_11.replace("Ortiz", "Nu\u00f1ez").encode("cp1252"), "not_utf8"),
    (
        "mixed encodings",
        USERS_11.replace("Abeyta", "\u00c1beyta").encode() + "x,\u00f1\n".encode("cp1252"),
        "not_utf8",
    ),
    ("nul", USERS_11.replace("Ben", "B\0en").encode(), "nul"),
    ("lone carriage returns", USERS_11.replace("\n", "\r").encode(), "lone_carriage_return"),
    ("carriage return in quotes", USERS_11.replace("Ben", '"B\ren"').encode(), "lone_carriage_return"),
    ("unclosed quote", USERS_11.replace("Ben", '"Ben').encode(), "broken_quotes"),
    ("text after quote", USERS_11.replace("Ben", '"Be"n').encode(), "broken_quotes"),
    ("quote mid-field", USERS_11.replace("Ben", 'B"e"n').encode(), "stray_quote"),
    ("trailing comma", USERS_11.replace("9002,,,,p1,05,", "9002,,,,p1,05,,").encode(), "wrong_width"),
    ("short row", USERS_11.replace("9002,,,,p1,05,", "9002,,,,p1").encode(), "wrong_width"),
    ("duplicate header", USERS_11.replace("middleName", "givenName").encode(), "duplicate_column"),
    ("empty header", USERS_11.replace("middleName", "").encode(), "empty_column"),
    ("missing column", USERS_11.replace("familyName", "surname").encode(), "missing_column"),
    ("semicolons", USERS_11.replace(",", ";").encode(), "wrong_delimiter"),
    ("tabs", USERS_11.replace(",", "\t").encode(), "wrong_delimiter"),
    ("empty file", b"", "empty_file"),
    ("endless line", USERS_11.encode() + b"x" * (3 << 20), "line_too_long"),
]


@pytest.mark.parametrize(("content", "code"), [text[1:] for text in TEXTS], ids=[text[0] for text in TEXTS])
def test_a_file_at_fault_is_named(tmp_path: Path, content: bytes, code: str) -> None:
    found = first(folder(tmp_path / "r", {**ROSTER_11, "users.csv": content}), code)
    assert found.file == "users.csv"


MANIFESTS = [
    ("missing", None, "manifest_missing"),
    ("version", ROSTER_11["manifest.csv"].replace("1.1", "2.0"), "wrong_version"),
    ("no version", ROSTER_11["manifest.csv"].replace("oneroster.version,1.1\n", ""), "wrong_version"),
    ("absent but here", ROSTER_11["manifest.csv"].replace("orgs,bulk", "orgs,absent"), "manifest_lies"),
    ("bulk but not here", ROSTER_11["manifest.csv"] + "file.roles,bulk\n", None),
    ("neither", ROSTER_11["manifest.csv"].replace("orgs,bulk", "orgs,full"), "unknown_value"),
    ("delta without status", ROSTER_11["manifest.csv"].replace("orgs,bulk", "orgs,delta"), "required_value"),
]


@pytest.mark.parametrize(("text", "code"), [one[1:] for one in MANIFESTS], ids=[one[0] for one in MANIFESTS])
def test_a_manifest_at_fault_is_named(tmp_path: Path, text: str | None, code: str | None) -> None:
    roster = {**ROSTER_11, "manifest.csv": text}
    if text is None:
        del roster["manifest.csv"]
    path = folder(tmp_path / "r", roster)
    if code is None:
        read(path).close()
    else:
        assert code in codes(path)


def test_an_announced_file_must_be_there(tmp_path: Path) -> None:
    roster = dict(ROSTER_11)
    del roster["enrollments.csv"]
    assert "missing_file" in codes(folder(tmp_path / "r", roster))


def test_identifiers_rounded_by_a_spreadsheet_are_named(tmp_path: Path) -> None:
    roster = {
        name: text.replace("u1,", "12345678901234500,").replace("u2,", "22345678901234500,")
        for name, text in ROSTER_11.items()
    }
    assert codes(folder(tmp_path / "r", roster)).count("spreadsheet_number") >= 2


def test_lost_leading_zeros_are_named(tmp_path: Path) -> None:
    roster = changed(changed(ROSTER_11, "users.csv", "u2,,,", "00123,,,"), "users.csv", "u3,,,", "123,,,")
    assert "suspicious_twin" in codes(folder(tmp_path / "r", roster))


def test_a_parent_deleted_under_live_children_is_named(tmp_path: Path) -> None:
    header = ENROLLMENTS.splitlines()[0]
    users = USERS_11.splitlines()[0]
    found = first(
        folder(
            tmp_path / "r",
            delta(
                users=f"{users}\nu1,tobedeleted,2026-09-01,,,,,,,,,,,,,,,\n",
                enrollments=f"{header}\ne1,active,2026-09-01,k1,s1,u1,student,false,,\n",
            ),
        ),
        "parent_deleted",
    )
    assert (found.file, found.line, found.value) == ("enrollments.csv", 2, "u1")


def test_a_role_that_ends_before_it_begins_is_named(tmp_path: Path) -> None:
    roster = changed(ROSTER_12, "roles.csv", "2026-08-10,2027-06-01", "2027-08-10,2027-06-01")
    found = first(folder(tmp_path / "r", roster), "ends_before_start")
    assert (found.file, found.line, found.column) == ("roles.csv", 10, "endDate")


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_refused_or_read_and_never_crashes(tmp_path: Path, seed: int) -> None:
    noise = random.Random(seed)
    shards = [
        b"\0",
        b"\r",
        b"\n",
        b'"',
        b",",
        b"\xff\xfe",
        b"\xc3",
        b"\xe2\x80\x8b",
        b"0000-00-00",
        b"1E+15",
        b"",
        b"=x",
    ]
    for turn in range(40):
        roster: dict[str, str | bytes] = {name: text.encode() for name, text in ROSTER_12.items()}
        for _ in range(noise.randint(1, 4)):
            name = noise.choice(sorted(roster))
            text = roster[name]
            assert isinstance(text, bytes)
            at = noise.randrange(len(text))
            roster[name] = text[:at] + noise.choice(shards) + text[at + noise.randint(0, 6) :]
        try:
            read(folder(tmp_path / f"{turn}", roster)).close()
        except Refusal as refusal:
            assert refusal.code == "roster_invalid" and refusal.findings


def test_odd_sessions_are_warnings(tmp_path: Path) -> None:
    roster = changed(
        ROSTER_11, "academicSessions.csv", "2026-08-10,2027-06-01,,2027", "2026-08-10,2027-07-15,,2027"
    )
    roster = changed(roster, "academicSessions.csv", "2027-01-05", "2026-12-01")
    staged = read(folder(tmp_path / "r", roster))
    assert {"crosses_july", "overlapping_sessions"} <= {warning.code for warning in staged.warnings}
    staged.close()


def test_names_of_the_world_are_data(tmp_path: Path) -> None:
    roster = changed(ROSTER_11, "users.csv", "Ben,Ortiz", "\u0130pek,D\u2019Angelo-\u5c0f\u6797")
    roster = changed(roster, "users.csv", "Cy,O'Neil", "@cy,+\U0001f469\u200d\U0001f680")
    staged = read(folder(tmp_path / "r", roster))
    names = {row.sourced_id: (row.given_name, row.family_name) for row in staged.rows("persons")}
    assert names["u2"] == ("\u0130pek", "D\u2019Angelo-\u5c0f\u6797")
    assert names["u3"] == ("@cy", "+\U0001f469\u200d\U0001f680")
    staged.close()


def test_a_header_without_rows_is_a_warning(tmp_path: Path) -> None:
    roster = {**ROSTER_11, "demographics.csv": ROSTER_11["demographics.csv"].splitlines()[0]}
    staged = read(folder(tmp_path / "r", roster))
    assert "no_rows" in {warning.code for warning in staged.warnings}
    staged.close()


def test_more_than_a_thousand_faults_end_the_reading(tmp_path: Path) -> None:
    rows = "".join(f"x{n},,,k1,s1,u1,pupil,false,,\n" for n in range(1_500))
    found = codes(folder(tmp_path / "r", {**ROSTER_11, "enrollments.csv": ENROLLMENTS + rows}))
    assert len(found) == 1_001 and found[-1] == "too_many_findings"


def test_a_delta_may_name_rows_it_does_not_hold(tmp_path: Path) -> None:
    header = ENROLLMENTS.splitlines()[0]
    staged = read(
        folder(
            tmp_path / "r", delta(enrollments=f"{header}\ne9,active,2026-09-01,k1,s1,u3,student,false,,\n")
        )
    )
    assert {(one.kind, one.sourced_id) for one in staged.references()} == {
        ("classes", "k1"),
        ("orgs", "s1"),
        ("persons", "u3"),
    }
    staged.close()


def test_no_such_path() -> None:
    with pytest.raises(Refusal) as refusal:
        read("/nowhere/roster.zip")
    assert refusal.value.code == "no_such_file"


def test_every_code_stands_in_the_reference() -> None:
    root = Path(__file__).resolve().parents[4]
    reference = (root / "docs" / "reference" / "roster.md").read_text()
    sources = [
        *(root / "src/headway/interop/oneroster").glob("*.py"),
        *(root / "src/headway/rosters").glob("*ing.py"),
    ]
    text = "\n".join(source.read_text() for source in sources)
    said = set(re.findall(r"""(?:fault|Fault|warn|repair|Finding|Refusal)\(\s*"([a-z_0-9]+)\"""", text))
    said -= {"more", "too_many_findings", "shared_"}  # "shared_" is completed by a column
    assert len(said) > 60
    assert sorted(code for code in said if f"`{code}`" not in reference) == []
