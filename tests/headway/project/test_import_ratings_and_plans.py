"""`headway import ratings`, `import policy`, `import plans`, `import undo`: every fault named, nothing half, all taken back."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from .district import POLICY, RATINGS, SHARED, SHEET, Home, csv_file, day, sheet

EXAMPLE = SHARED / "design" / "policy.example.toml"

# One row for each fault: (row as in the file, code, column, value as it stood).
KEY = "key,student,target,observed_at,level"
FAULTS = [
    (",u1,A2,{d},3", "required", "key", None),
    ("f02,,A2,{d},3", "required", "student", None),
    ("f03,nobody,A2,{d},3", "unknown_student", "student", "nobody"),
    ("f04,u1,NOTHING,{d},3", "unknown_target", "target", "NOTHING"),
    ("f05,u1,A1,{d},3", "ambiguous_target", "target", "A1"),
    ("f06,u1,OLD,{d},3", "retired_target", "target", "OLD"),
    ("f07,u1,CA,{d},3", "unknown_target", "target", "CA"),
    ("f08,u1,A2,{d},5", "outside_scale", "level", "5"),
    ("f09,u1,LIFE:A1,{d},13", "outside_scale", "level", "13"),
    ("f10,u1,A2,{d},2.5", "outside_scale", "level", "2.5"),
    ("f11,u1,A2,{d},=1+2", "not_a_number", "level", "=1+2"),
    ('f12,u1,A2,{d},"3,5"', "not_a_number", "level", "3,5"),
    ("f13,u1,A2,{d},1-Feb", "not_a_number", "level", "1-Feb"),
    ("f14,u1,A2,{d},nan", "not_a_number", "level", "nan"),
    ("f15,u1,A2,{d},1e400", "not_a_number", "level", "1e400"),
    ("f16,u1,A2,{d},3.001", "too_fine", "level", "3.001"),
    ("f17,u1,A2,{d},P", "not_a_number", "level", "P"),
    ("f18,u1,A2,{d},", "level_missing", "level", None),
    ("f19,u1,A2,,3", "required", "observed_at", None),
    ("f20,u1,A2,46338,3", "not_a_time", "observed_at", "46338"),
    ("f21,u1,A2,11/12/2026,3", "not_a_time", "observed_at", "11/12/2026"),
    ("f22,u1,A2,2026-02-31,3", "not_a_time", "observed_at", "2026-02-31"),
    ("f23,u1,A2,0000-00-00,3", "not_a_time", "observed_at", "0000-00-00"),
    ("f24,u1,A2,2090-01-01,3", "observed_in_future", "observed_at", "2090-01-01"),
    ("f25,u1,A2,1900-01-01,3", "out_of_range", "observed_at", "1900-01-01"),
    ("f26,u1,A2,9999-12-31,3", "out_of_range", "observed_at", "9999-12-31"),
    ("twice,u1,A2,{d},3", None, None, None),
    ("twice,u1,A2,{d},3", "key_twice", "key", "twice"),
    ("twice,u1,A2,{d},4", "key_twice", "key", "twice"),
    ("long" + "x" * 200 + ",u1,A2,{d},3", "too_long", "key", "long" + "x" * 36 + "…"),
]  # fmt: skip
MORE = "key,student,target,observed_at,level,rater,kind,status,purpose,attempt,depth,override,comment,replaces,held,submitted_at"
MORE_FAULTS = [
    ("m01,u1,A2,{d},3,nobody,,,,,,,,,,", "unknown_rater", "rater", "nobody"),
    ("m02,u1,A2,{d},3,,tutor,,,,,,,,,", "unknown_word", "kind", "tutor"),
    ("m03,u1,A2,{d},,,,late,,,,,,,,", "unknown_word", "status", "late"),
    ("m04,u1,A2,{d},3,,,,grade,,,,,,,", "unknown_word", "purpose", "grade"),
    ("m05,u1,A2,{d},3,,,,,0,,,,,,", "out_of_range", "attempt", "0"),
    ("m06,u1,A2,{d},3,,,,,1.5,,,,,,", "out_of_range", "attempt", "1.5"),
    ("m07,u1,A2,{d},3,,,,,,5,,,,,", "out_of_range", "depth", "5"),
    ("m08,u1,A2,{d},3,,,,,,,forces,,,,", "unknown_word", "override", "forces"),
    ("m09,u1,A2,{d},3,,,,,,,completes,,,,", "level_not_empty", "level", "3"),
    ("m10,u1,A2,{d},,,,,,,,decides,why,,,", "level_missing", "level", None),
    ("m11,u1,A2,{d},3,,,,,,,decides,,,,", "reason_missing", "comment", None),
    ("m12,u1,A2,{d},3,,,missed,,,,,,,,", "level_not_empty", "level", "3"),
    ("m13,u1,A2,{d},3,,,,,,,,,k04,,", "reason_missing", "comment", None),
    ("m16,u1,A2,{d},3,,,,,,,,,,maybe,", "unknown_word", "held", "maybe"),
    ("m17,u1,A2,{d},3,,,,,,,,,,,yesterday", "not_a_time", "submitted_at", "yesterday"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "faults"), [(KEY, FAULTS), (MORE, MORE_FAULTS)], ids=["values", "words"])
def test_every_fault_of_a_file_is_named_and_nothing_is_written(
    header: str, faults: list[tuple[str, str | None, str | None, str | None]], district: Home, tmp_path: Path
) -> None:
    rows = [row.format(d=day(3)) for row, *_ in faults]
    rows.insert(1, f"sound,u1,A2,{day(3)},3" + "," * (header.count(",") - 4))
    before = district.dump()
    errors = district.refused("import", "ratings", csv_file(tmp_path / "bad.csv", header, *rows))
    found = {(e["line"], e["code"], e["column"], e["value"]) for e in errors}
    assert {e["file"] for e in errors} == {"bad.csv"}
    wanted = {
        (number, code, column, value)
        for number, (_, code, column, value) in zip([2, *range(4, 3 + len(faults))], faults, strict=True)
        if code
    }
    # A level that cannot be read is missing as well; that much may be said beside it.
    beside = {
        (line, "level_missing", "level", None)
        for line, _, column, _ in wanted
        if column in ("level", "status")
    }
    found -= beside - wanted
    assert found == wanted, (sorted(found - wanted, key=str), sorted(wanted - found, key=str))
    assert [e["line"] for e in errors] == sorted(e["line"] for e in errors)
    assert district.dump() == before


def test_a_correction_of_no_rating_or_of_another_students_is_named(district: Home, tmp_path: Path) -> None:
    rows = [f"c0,u1,A2,{day(3)},3,,", f"c1,u1,A2,{day(3)},3,slip,k99", f"c2,u2,A2,{day(3)},3,slip,k04"]
    path = csv_file(tmp_path / "fix.csv", KEY + ",comment,replaces", *rows)
    errors = district.refused("import", "ratings", path)
    assert [(e["code"], e["file"], e["line"], e["column"], e["value"]) for e in errors] == [
        ("unknown_rating", "fix.csv", 3, "replaces", "k99"),
        ("unknown_rating", "fix.csv", 4, "replaces", "k04"),
    ]


def test_a_correction_after_a_faulty_row_is_named_at_its_own_line(district: Home, tmp_path: Path) -> None:
    rows = [f"c0,u1,A2,{day(3)},9,,", f"c1,u1,NOTHING,{day(3)},3,,", f"c2,u1,A2,{day(3)},3,slip,k99"]
    errors = district.refused(
        "import", "ratings", csv_file(tmp_path / "fix.csv", KEY + ",comment,replaces", *rows)
    )
    assert [(e["line"], e["code"]) for e in errors] == [
        (2, "outside_scale"),
        (3, "unknown_target"),
        (4, "unknown_rating"),
    ]


def test_files_that_are_no_ratings(district: Home, tmp_path: Path) -> None:
    good = f"n1,u1,A2,{day(3)},3"
    for name, content, wanted in (
        ("empty", b"", ("empty_file", 1, None)),
        ("latin", f"{KEY}\nn1,u1,A2,{day(3)},3\nn2,se\xf1or,A2,{day(3)},3\n".encode("cp1252"), ("not_utf8", 3, None)),
        ("utf16", f"{KEY}\n{good}\n".encode("utf-16"), ("not_utf8", 1, None)),
        ("width", f"{KEY}\n{good}\n{good},4\n".encode(), ("wrong_width", 3, None)),
        ("quote", f'{KEY}\n{good}\n"n2,u1,A2,{day(3)},3\n'.encode(), ("not_csv", None, None)),
        ("unknown", f"{KEY},grade\n{good},A\n".encode(), ("unknown_column", 1, "grade")),
        ("double", f"{KEY},level\n{good},3\n".encode(), ("duplicate_column", 1, "level")),
        ("semicolon", f"{KEY}\n{good}\n".replace(",", ";").encode(), ("missing_column", 1, "key")),
        ("nul", f"{KEY}\nn\x001,u1,A2,{day(3)},3\n".encode(), ("control_character", 2, "key")),
    ):  # fmt: skip
        path = tmp_path / f"{name}.csv"
        path.write_bytes(content)
        errors = district.refused("import", "ratings", path)
        found = [(e["code"], e["line"], e["column"]) for e in errors]
        code, line, column = wanted
        assert any(f[0] == code and line in (None, f[1]) and f[2] == column for f in found), (name, errors)
        assert {e["file"] for e in errors} == {path.name}
    assert [e["code"] for e in district.refused("import", "ratings", tmp_path / "none.csv")] == ["unreadable"]
    assert [e["code"] for e in district.refused("import", "ratings", tmp_path)] == ["unreadable"]


def test_a_good_file_comes_in_once(fresh: Home, tmp_path: Path) -> None:
    # A byte-order mark, line ends of another system and empty lines change nothing about a row.
    rows = [f"n1,u1,B1,3,{day(3)},T1,,,,,,,,", "", f"n2,u2,B1,2.0,{day(2)},,,,,,,,,"]
    path = tmp_path / "more.csv"
    path.write_bytes(b"\xef\xbb\xbf" + ("\r\n".join([RATINGS, *rows]) + "\r\n").encode())
    before = fresh.dump()
    plan = fresh.json("import", "ratings", path, "--plan")
    assert (plan["plan"], plan["ratings"], plan["new"], plan["known_before"]) == (True, 2, 2, 0)
    assert fresh.dump() == before
    first = fresh.json("import", "ratings", path)
    assert (first["run"], first["ratings"], first["new"], first["first"], first["last"]) == (6, 2, 2, 14, 15)
    assert fresh.rows("SELECT level FROM headway_rating WHERE key LIKE 'n%' ORDER BY key") == [(300,), (200,)]
    evidence = ("headway_importrun", "headway_auditentry", "django_session", "sqlite_sequence")
    written = fresh.dump(without=evidence)
    again = fresh.json("import", "ratings", path)
    assert (again["new"], again["known_before"], again["first"]) == (0, 2, None)
    assert fresh.dump(without=evidence) == written
    # Some known, some new; then a known key with other content, named by its line in the file.
    longer = csv_file(
        tmp_path / "longer.csv", RATINGS, *[row for row in rows if row], f"n3,u3,B1,1,{day(1)},,,,,,,,,"
    )
    mixed = fresh.json("import", "ratings", longer)
    assert (mixed["new"], mixed["known_before"], mixed["first"], mixed["last"]) == (1, 2, 16, 16)
    changed = csv_file(
        tmp_path / "changed.csv", RATINGS, f"n4,u1,B1,3,{day(1)},,,,,,,,,", "", rows[2].replace("2.0", "3")
    )
    before = fresh.dump()
    (error,) = fresh.refused("import", "ratings", changed)
    assert (error["code"], error["file"], error["line"], error["column"], error["value"]) == (
        "key_conflict",
        "changed.csv",
        4,
        "key",
        "n2",
    )
    assert fresh.dump() == before
    assert fresh.json("verify")["ok"] is True
    only = fresh.json("import", "ratings", csv_file(tmp_path / "header.csv", RATINGS))
    assert (only["ratings"], only["new"], only["first"]) == (0, 0, None)


# Policies.


@pytest.mark.shared
def test_the_example_policy_comes_in_whole(blank: Home, tmp_path: Path) -> None:
    found = blank.json("import", "policy", EXAMPLE)
    assert found["policies"] == ["district 1", "portfolio levels 1", "habits 1"]
    ((body,),) = blank.rows("SELECT body FROM headway_configuration ORDER BY id DESC LIMIT 1")
    assert json.loads(body) == json.loads(json.dumps(tomllib.loads(EXAMPLE.read_text()), default=str))
    assert blank.rows("SELECT zone FROM headway_district") == [("America/Denver",)]
    assert [e["code"] for e in blank.refused("import", "policy", EXAMPLE)] == ["nothing_new"]

    # A changed file with a later day adds a version; the older one is kept.
    later = tmp_path / "later.toml"
    later.write_text(
        EXAMPLE.read_text().replace("weight = 0.65", "weight = 0.5").replace("2026-08-01", "2026-08-02")
    )
    assert blank.json("import", "policy", later)["policies"] == [
        "district 2",
        "portfolio levels 2",
        "habits 2",
    ]
    assert blank.rows("SELECT COUNT(*) FROM headway_policyversion WHERE name = 'district'") == [(2,)]


def test_a_faulty_policy_is_named_by_key_and_line(district: Home, tmp_path: Path) -> None:
    def faults(text: str) -> list[tuple[object, ...]]:
        path = tmp_path / "policy.toml"
        path.write_text(text)
        return [
            (e["code"], e["file"], e["line"], e["column"]) for e in district.refused("import", "policy", path)
        ]

    before = district.dump()
    line = POLICY.splitlines().index('rule = "mean"') + 1
    unknown = POLICY.replace('rule = "mean"', 'rule = "mean"\ndecimal = 1', 1)
    assert faults(unknown) == [("unknown_key", "policy.toml", line + 1, "decimal")]
    assert faults("[colors]\nred = 1\n" + POLICY) == [("unknown_key", "policy.toml", 1, "colors")]
    assert faults(POLICY.replace('rule = "mean"', 'rule = "average"')) == [
        ("unknown_rule", "policy.toml", line, "rule")
    ]
    assert faults(POLICY.replace('scale = "four"', 'scale = "five"')) == [
        ("unknown_scale", "policy.toml", line - 1, "scale")
    ]
    assert faults(POLICY.replace("pieces = 1 }", "pieces = -1 }", 1)) == [
        ("not_a_number", "policy.toml", line + 1, "pieces")
    ]
    assert faults(POLICY.replace("America/Denver", "America/Nowhere")) == [
        ("unknown_zone", "policy.toml", 3, "zone")
    ]
    assert [f[0] for f in faults(POLICY + "\n[district]\n")] == ["not_toml"]
    assert district.dump() == before


# Plans, and taking back.

PLANS = "plan,student,target,pieces,starts,ends"


def plan_rows(*students: str) -> list[str]:
    return [
        f"Fractions,{student},{target},2,{day(40)},{day(-40)}"
        for student in students
        for target in ("MATH:A1", "A2")
    ]


def test_plans_and_their_pace(fresh: Home, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "plans.csv", PLANS, *plan_rows("u1", "u2"))
    before = fresh.dump()
    assert fresh.json("import", "plans", path, "--plan")["plan"] is True
    assert fresh.dump() == before
    found = fresh.json("import", "plans", path)
    assert (found["rows"], found["new"], found["kept"], found["ended"]) == (4, 2, 0, 0)
    assert fresh.json("import", "plans", path)["kept"] == 2
    bad = csv_file(
        tmp_path / "bad.csv", PLANS, f"P,u9,A2,1,{day(9)},{day(1)}", f"P,u1,A1,1,{day(9)},{day(1)}",
        f"P,u1,A2,0,{day(9)},{day(1)}", f"Q,u1,A2,1,{day(1)},{day(9)}", f"R,u1,A2,1,,{day(9)}",
    )  # fmt: skip
    before = fresh.dump()
    errors = fresh.refused("import", "plans", bad)
    assert {(e["file"], e["line"], e["code"], e["column"]) for e in errors} >= {
        ("bad.csv", 2, "unknown_student", "student"),
        ("bad.csv", 3, "ambiguous_target", "target"),
        ("bad.csv", 4, "out_of_range", "pieces"),
        ("bad.csv", 6, "required", "starts"),
    }
    assert any(e["line"] == 5 and e["code"] == "ends_before_start" for e in errors)
    assert fresh.dump() == before

    pace = fresh.json("report", "pace")
    assert pace["name"] == "pace" and pace["n"] == len(pace["rows"]) == 2
    rows = {row["student"]: row for row in pace["rows"]}
    wanted = {"student", "progress", "rate", "weeks_needed", "margin_weeks", "state", "reason"}
    assert all(wanted <= set(row) for row in pace["rows"])
    # u1 has two pieces asked of A1 (three there) and one of two on A2: three of four.
    assert rows["u1"]["progress"] == 0.75 and rows["u2"]["progress"] < 0.75
    assert all(
        row["state"] in ("behind", "on_pace", "ahead", "not_enough_data", "no_chance_offered")
        for row in pace["rows"]
    )
    before_the_plan = fresh.json("report", "pace", "--as-of", day(60))
    assert before_the_plan["rows"] == [] and before_the_plan["as_of"] == day(60)


def test_every_kind_of_import_is_taken_back(fresh: Home, tmp_path: Path) -> None:
    runs = ("headway_importrun", "headway_auditentry", "sqlite_sequence", "django_session")
    settled = fresh.dump(without=runs)
    plans = fresh.json("import", "plans", csv_file(tmp_path / "plans.csv", PLANS, *plan_rows("u1")))["run"]
    assert fresh.dump(without=runs) != settled
    assert fresh.json("import", "undo", plans)["status"] == "undone"
    assert fresh.dump(without=runs) == settled
    assert [e["code"] for e in fresh.refused("import", "undo", plans)] == ["already_undone"]

    # What stands on an import keeps it from being taken back, by name.
    blocked = {1: "undo_blocked", 2: "import_in_use", 3: "import_in_use", 4: "undo_blocked"}
    for run, code in blocked.items():
        before = fresh.dump()
        errors = fresh.refused("import", "undo", run)
        assert code in [e["code"] for e in errors], (run, errors)
        assert fresh.dump() == before
    named = fresh.refused("import", "undo", 2)
    assert {e["value"] for e in named} >= {"A1", "A2", "A3", "B1"}, named

    # Ratings go by retractions: the rows stay in the ledger, and nothing counts any more.
    undone = fresh.json("import", "undo", 5)
    assert (undone["kind"], undone["status"]) == ("ratings", "undone")
    assert fresh.rows("SELECT COUNT(*) FROM headway_rating WHERE to_sequence IS NULL") == [(0,)]
    assert fresh.rows("SELECT COUNT(*) FROM headway_event WHERE kind = 'rating'") == [(12,)]
    assert fresh.json("export", "determinations") == []
    assert fresh.json("verify")["ok"] is True
    # A continuum and a policy that nothing was built on go without a trace of rows.
    tables = ("headway_node", "headway_framework", "headway_relation", "headway_frameworkversion")
    kept = {name: digest for name, digest in fresh.dump().items() if name in tables}
    text = SHEET.replace("MATH", "NEW").replace(",Matemáticas", ",")
    new = fresh.json("import", "framework", sheet(tmp_path / "new.csv", text))["run"]
    assert fresh.rows("SELECT COUNT(*) FROM headway_framework") == [(3,)]
    assert fresh.json("import", "undo", new)["status"] == "undone"
    assert {name: digest for name, digest in fresh.dump().items() if name in tables} == kept
    changed = tmp_path / "policy.toml"
    changed.write_text(POLICY.replace('rule = "mean"', 'rule = "highest"'))
    run = fresh.json("import", "policy", changed)["run"]
    assert fresh.json("import", "undo", run)["status"] == "undone"
    assert fresh.json("verify")["ok"] is True


def test_a_roster_is_taken_back_while_nothing_stands_on_it(blank: Home, tmp_path: Path) -> None:
    from .district import roster_folder, roster_zip

    runs = ("headway_importrun", "headway_importchange", "headway_auditentry", "sqlite_sequence")
    nothing = blank.dump(without=runs)
    first = blank.json("import", "roster", roster_zip(tmp_path / "sis.zip"))["run"]
    one = blank.dump(without=runs)
    second = blank.json("import", "roster", roster_folder(tmp_path / "folder"))["run"]
    assert blank.refused("import", "undo", first)
    assert blank.json("import", "undo", second)["status"] == "undone" and blank.dump(without=runs) == one
    assert blank.json("import", "undo", first)["status"] == "undone" and blank.dump(without=runs) == nothing
    assert [e["code"] for e in blank.refused("import", "undo", 99)] == ["no_such_import"]
    assert [e["code"] for e in blank.refused("import", "undo", 10**30)] == ["no_such_import"]
    assert blank.call("import", "undo", "last", code=2).out == ""


def test_ratings_changed_since_are_named_when_their_import_is_taken_back(fresh: Home, tmp_path: Path) -> None:
    row = f"fix,u1,A2,3,{day(2)},,,,,,,,misread,,k04"
    fresh.json("import", "ratings", csv_file(tmp_path / "fix.csv", RATINGS + ",replaces", row))
    errors = fresh.refused("import", "undo", 5)
    assert [(e["code"], e["column"], e["value"]) for e in errors] == [("undo_blocked", "key", "k04")]
