"""`headway import roster` and `import framework`: files of other systems, plans, removals, refusals, what is dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..interop.case.coherence_map import package as coherence_map
from ..interop.oneroster.small_roster import ROSTER_11, ROSTER_12, changed, zipped
from .district import SHARED, SHEET, Home, dated, day, roster_folder, roster_zip, sheet

SAMPLES = SHARED / "data" / "case-opensalt-samples"
COHERENCE = SHARED / "data" / "coherence-map-ccss-math" / "coherence-map.json"


# Rosters.


def test_a_foreign_roster_of_1_1_then_the_folder_of_1_2(blank: Home, tmp_path: Path) -> None:
    path = roster_zip(tmp_path / "sis.zip")
    before = blank.dump()
    plan = blank.json("import", "roster", path, "--plan")
    assert plan["plan"] is True and blank.dump() == before
    found = blank.json("import", "roster", path)
    assert (found["kind"], found["status"], found["version"]) == ("roster", "applied", "1.1")
    made = {
        name: found["counts"][name]["new"] for name in ("persons", "enrollments", "orgs", "terms", "classes")
    }
    assert made == {"persons": 8, "enrollments": 8, "orgs": 3, "terms": 3, "classes": 3}
    assert blank.rows("SELECT COUNT(*) FROM headway_person") == [(8,)]

    again = blank.json("import", "roster", path)
    assert again["counts"]["persons"] == {
        "new": 0,
        "changed": 0,
        "unchanged": 8,
        "ended": 0,
        "reactivated": 0,
    }

    twelve = blank.json("import", "roster", roster_folder(tmp_path / "folder"))
    assert twelve["version"] == "1.2" and twelve["counts"]["persons"]["new"] == 0
    # 1.2 brings the preferred names and the master identifiers that 1.1 has no column for: the same eight people.
    assert twelve["counts"]["persons"]["changed"] == 8
    assert blank.rows("SELECT preferred_given_name FROM headway_person WHERE sourced_id = 'u1'") == [
        ("Anita",)
    ]


def test_a_roster_that_ends_many_must_be_meant(district: Home, fresh: Home, tmp_path: Path) -> None:
    lines = dated(ROSTER_12)["users.csv"].splitlines(keepends=True)
    without = roster_folder(
        tmp_path / "less", users="".join(line for line in lines if not line.startswith("u3,"))
    )
    (without / "roles.csv").write_text(
        "".join(x for x in dated(ROSTER_12)["roles.csv"].splitlines(True) if ",u3," not in x)
    )
    kept = "".join(x for x in dated(ROSTER_12)["enrollments.csv"].splitlines(True) if ",u3," not in x)
    (without / "enrollments.csv").write_text(kept)
    before = fresh.dump()
    errors = fresh.refused("import", "roster", without)
    assert [error["code"] for error in errors] == ["too_many_removals"] * len(errors)
    assert fresh.dump() == before
    plan = fresh.json("import", "roster", without, "--plan")
    assert plan["plan"] is True and fresh.dump() == before
    found = fresh.json("import", "roster", without, "--accept-removals")
    assert found["counts"]["persons"]["ended"] == 1
    assert fresh.rows("SELECT active FROM headway_person WHERE sourced_id = 'u3'") == [(0,)]
    # The history stays, and a person who returns is the same person.
    assert fresh.rows("SELECT COUNT(*) FROM headway_rating WHERE key = 'k11'") == [(1,)]
    back = fresh.json("import", "roster", roster_folder(tmp_path / "all"))
    assert back["counts"]["persons"]["reactivated"] == 1 and back["counts"]["persons"]["new"] == 0


USERS = dated(ROSTER_11)["users.csv"]


@pytest.mark.parametrize(
    ("name", "change", "wanted"),
    [
        ("quotes", {"users.csv": USERS.replace("O'Neil", '"O\'Neil')}, ("broken_quotes", "users.csv", 4, None, None)),
        ("latin", {"users.csv": USERS.replace("Ana,", "Añá,").encode("cp1252")}, ("not_utf8", "users.csv", 2, None, None)),
        (
            "reference",
            changed(dated(ROSTER_11), "enrollments.csv", "e2,,,k1,s1,u2", "e2,,,k1,s1,nobody"),
            ("unknown_reference", "enrollments.csv", 3, "userSourcedId", "nobody"),
        ),
        (
            "day",
            changed(dated(ROSTER_11), "enrollments.csv", f"false,{day(70)}", "false,2026-02-31"),
            ("no_such_day", "enrollments.csv", 4, "beginDate", "2026-02-31"),
        ),
        ("manifest", {"manifest.csv": None}, ("manifest_missing", None, None, None, None)),
    ],
)  # fmt: skip
def test_a_bad_roster_is_named_and_changes_nothing(
    name: str, change: dict[str, Any], wanted: tuple[Any, ...], empty: Home, tmp_path: Path
) -> None:
    files = {key: text for key, text in {**dated(ROSTER_11), **change}.items() if text is not None}
    before = empty.dump()
    errors = empty.refused("import", "roster", zipped(tmp_path / f"{name}.zip", files))
    found = [tuple(error[key] for key in ("code", "file", "line", "column", "value")) for error in errors]
    matches = [one for one in found if all(w is None or w == g for w, g in zip(wanted, one, strict=True))]
    assert matches, found
    assert empty.dump() == before


def test_rosters_that_are_no_rosters(empty: Home, tmp_path: Path) -> None:
    assert [e["code"] for e in empty.refused("import", "roster", tmp_path / "nothing.zip")] == [
        "no_such_file"
    ]
    unsafe = zipped(tmp_path / "unsafe.zip", {**dated(ROSTER_11), "../evil.csv": "x"})
    assert "unsafe_path" in [e["code"] for e in empty.refused("import", "roster", unsafe)]
    (tmp_path / "text.zip").write_text("not a zip")
    assert "not_a_zip" in [e["code"] for e in empty.refused("import", "roster", tmp_path / "text.zip")]


def test_progress_is_shown_on_a_terminal_only(blank: Home, tmp_path: Path) -> None:
    import os
    import pty
    import subprocess

    from .district import HEADWAY

    master, slave = pty.openpty()
    command = [
        str(HEADWAY),
        "import",
        "roster",
        str(roster_zip(tmp_path / "sis.zip")),
        "--json",
        "--home",
        str(blank.path),
    ]
    process = subprocess.Popen(command, env=blank.env(), stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    out, _ = process.communicate(timeout=120)
    shown = os.read(master, 100_000).decode()
    os.close(master)
    assert process.returncode == 0 and json.loads(out)["run"] == 1
    assert "\r" in shown and " of " in shown


# Continuums.


@pytest.mark.shared
def test_the_coherence_map_comes_in_whole_and_goes_out_again(blank: Home, tmp_path: Path) -> None:
    source = coherence_map(COHERENCE)
    path = tmp_path / "math.json"
    path.write_text(json.dumps(source))
    before = blank.dump()
    plan = blank.json("import", "framework", path, "--plan")
    assert plan["plan"] is True and blank.dump() == before
    found = blank.json("import", "framework", path)
    assert (found["added"], found["relations_added"], found["dropped"]) == (691, 1590, {})
    assert blank.rows("SELECT COUNT(*) FROM headway_node") == [(691,)]

    key = source["CFDocument"]["title"]
    written = blank.call("export", "framework", key, "--as", "case")
    package = json.loads(written.out)
    assert {item["identifier"]: item["fullStatement"] for item in package["CFItems"]} == {
        item["identifier"]: item["fullStatement"] for item in source["CFItems"]
    }
    assert len(package["CFAssociations"]) == len(source["CFAssociations"]) == 1590
    _valid(package)
    (tmp_path / "again.json").write_text(written.out)
    assert _unchanged(blank, tmp_path / "again.json")
    (tmp_path / "again.csv").write_text(blank.call("export", "framework", key, "--as", "csv").out)
    assert _unchanged(blank, tmp_path / "again.csv")


def _unchanged(home: Home, path: Path) -> bool:
    plan = home.json("import", "framework", path, "--plan")
    return not any(plan.get(name) for name in ("added", "changed", "retired"))


def _valid(package: dict[str, Any]) -> None:
    import jsonschema

    official = SHARED / "data" / "case-schemas-opencase" / "official" / "case-v1p1-cfpackage.json"
    faults = jsonschema.Draft201909Validator(json.loads(official.read_text())).iter_errors(package)
    assert [f"{list(e.path)}: {e.message[:200]}" for e in faults] == []


@pytest.mark.shared
@pytest.mark.parametrize("name", ["EmptyExternal", "ItemTypeTest", "SmartLevel", "Utf8Test"])
def test_each_opensalt_sample_comes_in_with_what_was_dropped(name: str, blank: Home) -> None:
    path = SAMPLES / f"{name}Framework.json"
    source = json.loads(path.read_text())
    found = blank.json("import", "framework", path)
    # Every member of these packages has a place here: nothing is dropped, and the result says so.
    assert found["dropped"] == {}
    assert found["added"] == len(source["CFItems"])
    assert found["relations_added"] == len(source["CFAssociations"])
    package = json.loads(blank.call("export", "framework", source["CFDocument"]["title"]).out)
    _valid(package)
    for part in ("CFItems", "CFAssociations"):
        written = {one["identifier"]: one for one in package[part]}
        for one in source[part]:
            same = {
                key: value
                for key, value in one.items()
                if key not in ("uri", "lastChangeDateTime") and value != ""
            }
            assert {key: written[one["identifier"]].get(key) for key in same} == same, part


@pytest.mark.shared
def test_what_has_no_room_is_counted_by_name(blank: Home, tmp_path: Path) -> None:
    source = json.loads((SAMPLES / "SmartLevelFramework.json").read_text())
    for one in source["CFItems"][:3]:
        one["CFDocumentURI"] = {
            "title": "x",
            "identifier": source["CFDocument"]["identifier"],
            "uri": "https://server/d",
        }
        one["notes"] = None
    path = tmp_path / "package.json"
    path.write_text(json.dumps(source))
    dropped = blank.json("import", "framework", path)["dropped"]
    assert dropped == {"CFItems.CFDocumentURI": 3, "CFItems.notes (null)": 3}


@pytest.mark.shared
@pytest.mark.parametrize("name", ["sample_case.csv", "test_items.csv"])
def test_a_foreign_sheet_is_refused_column_by_column(name: str, empty: Home) -> None:
    errors = empty.refused("import", "framework", SAMPLES / name)
    header = (SAMPLES / name).read_text().splitlines()[0].replace('"', "").split(",")
    assert [e["column"] for e in errors if e["code"] == "unknown_column"] == header
    assert {(e["file"], e["line"]) for e in errors} == {(name, 1)}
    assert [e["column"] for e in errors if e["code"] == "missing_column"] == ["row", "code", "name"]


def test_the_spreadsheet_its_versions_and_its_faults(blank: Home, tmp_path: Path) -> None:
    path = sheet(tmp_path / "math.csv")
    before = blank.dump()
    plan = blank.json("import", "framework", path, "--plan")
    assert plan["plan"] is True and blank.dump() == before
    found = blank.json("import", "framework", path)
    assert (found["framework"], found["version"], found["added"]) == ("MATH", 1, 8)
    text = blank.call("export", "framework", "MATH", "--as", "csv").out
    # A cell that a spreadsheet would run is text: it goes out behind an apostrophe and comes in without.
    assert "'=SUM of parts" in text and "Partes iguales" in text
    assert blank.rows("SELECT statement FROM headway_node WHERE code = 'A2'") == [("=SUM of parts",)]
    again = sheet(
        tmp_path / "next.csv",
        SHEET.replace("Splits a whole", "Splits any whole").replace(
            "target,A3,CA,Comparing,,,,2,,,,A1,,\n", ""
        ),
    )
    found = blank.json("import", "framework", again)
    assert (found["version"], found["added"], found["changed"], found["retired"]) == (2, 0, 1, 1)

    for old, new, place in (
        ("competency,CB,AR", "competency,CB,NOWHERE", (8, "parents", "NOWHERE")),
        ("Tenths,,,,2", "Tenths,,,,9", (9, "depth", "9")),
    ):
        errors = blank.refused("import", "framework", sheet(tmp_path / "bad.csv", SHEET.replace(old, new)))
        assert [(e["file"], e["line"], e["column"], e["value"]) for e in errors] == [("bad.csv", *place)]
    circle = sheet(
        tmp_path / "circle.csv",
        SHEET.replace(
            "target,A1,CA,Equal parts,Partes iguales,Splits a whole,,2,with help,alone,explains,,,",
            "target,A1,CA,Equal parts,,,,2,,,,A2,,",
        ),
    )
    assert blank.refused("import", "framework", circle)
    assert blank.rows("SELECT COUNT(*) FROM headway_frameworkversion") == [(2,)]
    assert [e["code"] for e in blank.refused("export", "framework", "NOTHING")] == ["unknown_framework"]
    assert [e["code"] for e in blank.refused("export", "framework", "MATH", "--as", "pdf")] == [
        "unknown_form"
    ]


def test_an_evidence_that_moves_with_a_new_version_is_determined_in_the_same_import(
    fresh: Home, tmp_path: Path
) -> None:
    # The target A3 splits off into B1: what stood on A3 is carried, and nothing differs from a replay afterwards.
    text = SHEET.replace(
        "target,A3,CA,Comparing,,,,2,,,,A1,,\n", "target,A3,CA,Comparing,,,,2,,,,A1,B1,{ended}\n"
    )
    found = fresh.json("import", "framework", sheet(tmp_path / "split.csv", text))
    assert found["determinations_changed"] >= 1
    assert fresh.json("verify")["ok"] is True
    back = fresh.json("import", "undo", found["run"])
    assert back["status"] == "undone" and fresh.json("verify")["ok"] is True
