"""Taking out: determinations, explanations, records, results for the student information system."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from .district import POLICY, RATINGS, Home, csv_file, day

COLUMNS = [
    "student", "target", "value", "state", "rule", "rule_version", "parameters", "n_counted", "n_total", "progress",
    "growth", "baseline", "depth", "reasons", "growth_per_year", "decided", "since_decision", "weakest", "weakest_value",
    "standard_error", "continuum_level", "proposed_level", "framework", "kind", "policy", "policy_version",
]  # fmt: skip
# (student, target): value, state, pieces that count, ratings in view. Worked by hand from `good_ratings`.
EXPECTED = {
    ("u1", "MATH:A1"): ("3", "proficient", 3, 3),
    ("u1", "A2"): ("2", "not_yet", 1, 2),
    ("u2", "MATH:A1"): ("", "missed", 0, 1),
    ("u2", "A2"): ("", "excused", 0, 1),
    ("u2", "A3"): ("3", "proficient", 1, 2),
    ("u2", "B1"): ("", "too_little", 0, 1),
    ("u3", "LIFE:A1"): ("6", "proficient", 1, 1),
    ("u4", "B1"): ("4", "beyond", 1, 1),
}


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def targets(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["student"], row["target"]): row for row in rows if row["kind"] == "target"}


def test_determinations_in_three_forms(district: Home, tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    before = district.dump()
    text = district.call("export", "determinations").out
    assert next(csv.reader(io.StringIO(text))) == COLUMNS
    rows = table(text)
    found = {
        pair: (row["value"], row["state"], int(row["n_counted"]), int(row["n_total"]))
        for pair, row in targets(rows).items()
    }
    assert found == EXPECTED
    # Every competency and area above an event has a row, and nobody has two.
    pairs = [(row["student"], row["target"]) for row in rows]
    assert len(pairs) == len(set(pairs)) == 16
    assert {row["target"] for row in rows if row["kind"] != "target"} == {"AR", "CA", "CB", "L"}
    decided = targets(rows)["u2", "A3"]
    assert (decided["decided"], decided["since_decision"], decided["rule"]) == ("true", "0", "mean")
    assert (targets(rows)["u1", "MATH:A1"]["depth"], targets(rows)["u1", "A2"]["depth"]) == ("3", "")
    assert targets(rows)["u1", "MATH:A1"]["progress"] == "1"

    data = json.loads(district.call("export", "determinations", "--as", "json").out)
    assert [list(row) for row in data] == [COLUMNS] * 16 and data == district.json("export", "determinations")
    assert [(row["student"], row["target"], row["state"]) for row in data] == [
        (row["student"], row["target"], row["state"]) for row in rows
    ]
    out = tmp_path / "d.parquet"
    assert district.call("export", "determinations", "--as", "parquet", "--out", out).out.startswith(
        "16 rows"
    )
    assert parquet.read_table(out).to_pylist() == data
    file = tmp_path / "d.csv"
    district.call("export", "determinations", "--out", file)
    assert file.read_text() == text

    for words, code in (
        (("--student", "nobody"), "no_such_person"),
        (("--as-of", "yesterday"), "not_a_day"),
        (("--as-of", "9999-12-31"), "not_a_day"),
        (("--known-at", "2026-99"), "not_a_time"),
        (("--known-at", "9" * 30), "not_a_time"),
    ):
        assert [e["code"] for e in district.refused("export", "determinations", *words)] == [code]
    assert [e["code"] for e in _errors(district, "--as", "parquet")] == ["needs_file"]
    assert [e["code"] for e in _errors(district, "--as", "pdf")] == ["unknown_form"]
    left = {"headway_disclosure", "headway_auditentry"}
    assert {name for name, seal in district.dump().items() if before[name] != seal} == left


def _errors(home: Home, *words: str) -> list[dict[str, Any]]:
    """`--json` would choose the form; so the words on standard error are read."""
    said = home.call("export", "determinations", *words, code=1)
    assert said.out == ""
    return [{"code": said.err.partition("(")[2].partition(")")[0]}]


def test_determinations_of_one_student_another_day_another_knowledge(district: Home) -> None:
    one = targets(district.json("export", "determinations", "--student", "u1"))
    assert set(one) == {("u1", "MATH:A1"), ("u1", "A2")}

    # By the end of the day twenty days ago u1 had shown 2 and 3; nobody else had anything.
    then = targets(district.json("export", "determinations", "--as-of", day(20)))
    assert {pair: (row["value"], row["n_total"]) for pair, row in then.items()} == {
        ("u1", "MATH:A1"): (2.5, 2)
    }
    assert targets(district.json("export", "determinations", "--as-of", day(31))) == {}
    # The ledger's event 1 is the policy; 2 to 4 are the first three ratings.
    known = targets(district.json("export", "determinations", "--known-at", "3"))
    assert {pair: (row["value"], row["n_total"]) for pair, row in known.items()} == {
        ("u1", "MATH:A1"): (2.5, 2)
    }
    assert district.json("export", "determinations", "--known-at", "2020-01-01T00:00:00Z") == []
    assert len(district.json("export", "determinations", "--known-at", "13")) == 16
    both = targets(district.json("export", "determinations", "--known-at", "4", "--as-of", day(20)))
    assert both["u1", "MATH:A1"]["value"] == 2.5


def test_what_was_known_before_a_correction_and_a_policy_stays_known(fresh: Home, tmp_path: Path) -> None:
    row = f"fix,u1,A2,4,{day(2)},T1,,,,,,,misread,,k04"
    fresh.json("import", "ratings", csv_file(tmp_path / "fix.csv", RATINGS + ",replaces", row))
    changed = tmp_path / "policy.toml"
    changed.write_text(POLICY.replace('rule = "mean"', 'rule = "highest"'))
    fresh.json("import", "policy", changed)

    def values(*words: str) -> dict[tuple[str, str], Any]:
        return {
            pair: row["value"]
            for pair, row in targets(fresh.json("export", "determinations", *words)).items()
        }

    before, after = values("--known-at", "13"), values()
    assert (before["u1", "A2"], before["u1", "MATH:A1"]) == (2.0, 3.0)
    assert values("--known-at", "14")["u1", "A2"] == 4.0
    assert (after["u1", "A2"], after["u1", "MATH:A1"]) == (4.0, 4.0)
    assert fresh.json("explain", "--student", "u1", "--target", "A2", "--known-at", "13")["value"] == 2.0
    assert fresh.json("verify")["ok"] is True


def test_a_cell_that_a_spreadsheet_would_run_is_text(fresh: Home) -> None:
    fresh.write("UPDATE headway_person SET sourced_id = '=HYPERLINK(1)' WHERE sourced_id = 'u4'")
    text = fresh.call("export", "determinations").out
    assert "'=HYPERLINK(1)," in text and "\n=HYPERLINK" not in text
    # JSON is read by programs, which match identifiers byte by byte.
    assert {row["student"] for row in fresh.json("export", "determinations")} >= {"=HYPERLINK(1)"}


KEYS = {"counted", "excluded", "depth_shares", "standard_error", "interval", "share", "words", "would_change"}


def test_an_explanation_with_its_reasons(district: Home) -> None:
    found = district.json("explain", "--student", "u1", "--target", "MATH:A1")
    assert set(found) >= KEYS | {"value", "state", "rule", "rule_version", "policy", "policy_version"}
    assert [(c["key"], c["level"], round(c["weight"], 6)) for c in found["counted"]] == [
        ("k01", 2.0, 0.333333), ("k02", 3.0, 0.333333), ("k03", 4.0, 0.333333)
    ]  # fmt: skip
    assert (found["value"], found["state"], found["excluded"]) == (3.0, "proficient", [])
    assert found["depth_shares"] == {"2": 2 / 3, "3": 1 / 3}
    assert found["standard_error"] > 0 and found["interval"]["low"] < 3 < found["interval"]["high"]
    assert 0 < found["share"] < 1
    assert [(c["level"], c["value"]) for c in found["would_change"]] == [
        (1.0, 2.5),
        (2.0, 2.75),
        (3.0, 3.0),
        (4.0, 3.25),
    ]

    practice = district.json("explain", "--student", "u1", "--target", "A2")
    assert [(e["key"], e["level"], e["reason"]) for e in practice["excluded"]] == [("k05", 4.0, "practice")]
    then = district.json("explain", "--student", "u1", "--target", "MATH:A1", "--as-of", day(25))
    assert [c["key"] for c in then["counted"]] == ["k01"]
    known = district.json("explain", "--student", "u1", "--target", "MATH:A1", "--known-at", "3")
    assert [c["key"] for c in known["counted"]] == ["k01", "k02"]
    above = district.json("explain", "--student", "u1", "--target", "CA")
    assert (above["value"], [c["key"] for c in above["counted"]]) == (2.5, ["A1", "A2", "A3"])

    said = district.call("explain", "--student", "u1", "--target", "MATH:A1").out
    assert said.splitlines()[0] == "u1 on A1: proficient, 3" and "weight 0.333  k01" in said
    for words, code in (
        (("--student", "u1", "--target", "A1"), "ambiguous_target"),
        (("--student", "u1", "--target", "NOTHING"), "unknown_target"),
        (("--student", "nobody", "--target", "A2"), "no_such_person"),
        (("--student", "u1", "--target", "A2", "--reader", "press"), "unknown_word"),
        (("--student", "u1", "--target", "A2", "--language", "xx"), "unknown_word"),
    ):
        assert [e["code"] for e in district.refused("explain", *words)] == [code]


def test_a_family_is_told_no_plus_or_minus(district: Home) -> None:
    found = district.json("explain", "--student", "u1", "--target", "MATH:A1", "--reader", "family")
    assert set(found) >= KEYS
    assert (found["standard_error"], found["interval"], found["share"]) == (None, None, None)
    spanish = ("explain", "--student", "u1", "--target", "MATH:A1", "--reader", "family", "--language", "es")
    said = district.call(*spanish).out
    assert "±" not in said and "±" not in json.dumps(found, ensure_ascii=False)
    assert district.json(*spanish)["name"] == "Partes iguales"


def test_a_record_holds_everything_about_one_student(fresh: Home, tmp_path: Path) -> None:
    row = f"fix,u1,A2,4,{day(2)},T1,,,,,,,misread,,k04"
    fresh.json("import", "ratings", csv_file(tmp_path / "fix.csv", RATINGS + ",replaces", row))
    fresh.json(
        "import",
        "ratings",
        csv_file(tmp_path / "held.csv", RATINGS + ",held", f"hold,u1,B1,1,{day(2)},T1,,,,,,,,,true"),
    )
    found = fresh.json("export", "record", "u1")
    assert set(found) >= {
        "person",
        "enrollments",
        "guardians",
        "ratings",
        "work",
        "determinations",
        "events",
        "audit",
    }
    assert (
        found["person"]["sourced_id"] == "u1"
        and len(found["enrollments"]) == 2
        and len(found["guardians"]) == 1
    )
    # Corrected and held ratings are about the student too: nothing is left out.
    assert [r["key"] for r in found["ratings"]] == ["k01", "k02", "k03", "k04", "k05", "fix", "hold"]
    standing = {r["key"]: r for r in found["ratings"]}
    assert standing["k04"]["to_sequence"] == 14 and standing["fix"]["comment"] == "misread"
    assert standing["k03"]["comment"] == "Well, done" and standing["k03"]["rater"] == "T1"
    assert (standing["k05"]["purpose"], standing["hold"]["held"]) == ("practice", True)
    assert [e["sequence"] for e in found["events"]] == [2, 3, 4, 5, 6, 14, 15]
    assert all(e["content"]["key"] for e in found["events"])
    # Nobody else's name or key is in it.
    text = json.dumps(found)
    assert "Ortiz" not in text and "k06" not in text
    assert [e["code"] for e in fresh.refused("export", "record", "nobody")] == ["no_such_person"]
    assert fresh.call("export", "record", "u1").out.startswith("{")


def test_p17_results_go_back_to_the_student_information_system(district: Home, tmp_path: Path) -> None:
    out = tmp_path / "results.zip"
    found = district.json("export", "results", "--term", "t1", "--out", out)
    assert (found["term"], found["line_items"], found["results"]) == ("t1", 5, 7)
    with zipfile.ZipFile(out) as archive:
        files = {name: table(archive.read(name).decode()) for name in archive.namelist()}
    manifest = {row["propertyName"]: row["value"] for row in files["manifest.csv"]}
    assert manifest["oneroster.version"] == "1.2" and manifest["manifest.version"] == "1.0"
    present = {name for name, value in manifest.items() if name.startswith("file.") and value == "bulk"}
    assert {f"file.{name[:-4]}" for name in files if name != "manifest.csv"} == present
    assert {"lineItems.csv", "results.csv", "scoreScales.csv", "resultLearningObjectiveIds.csv"} <= set(files)

    items = {row["sourcedId"]: row for row in files["lineItems.csv"]}
    results = {
        (items[r["lineItemSourcedId"]]["description"], r["studentSourcedId"]): r for r in files["results.csv"]
    }
    told = {pair: (r["scoreStatus"], r["score"], r["textScore"]) for pair, r in results.items()}
    assert told == {
        ("A1", "u1"): ("fully graded", "3.0", "Proficient"),
        ("A2", "u1"): ("fully graded", "2.0", "Developing"),
        ("A1", "u2"): ("not submitted", "", ""),
        ("A2", "u2"): ("exempt", "", ""),
        ("A3", "u2"): ("fully graded", "3.0", "Proficient"),
        # A requirement completed by a teacher is no level: none is made up.
        ("B1", "u2"): ("partially graded", "", ""),
        ("B1", "u4"): ("fully graded", "4.0", "Extending"),
    }
    assert [pair for pair, r in results.items() if r["missing"] == "true"] == [("A1", "u2")]
    assert all(item["academicSessionSourcedId"] == "t1" for item in items.values())
    assert {(item["resultValueMin"], item["resultValueMax"]) for item in items.values()} == {("1", "4")}
    # The scale says what a score means, and every result and line item points at one that is there.
    scales = {row["sourcedId"]: row["scoreScaleValue"] for row in files["scoreScales.csv"]}
    assert set(scales.values()) == {"{Emerging:1},{Developing:2},{Proficient:3},{Extending:4}"}
    for name in ("resultScoreScales.csv", "lineItemScoreScales.csv"):
        assert {row["scoreScaleSourcedId"] for row in files[name]} <= set(scales)
    # The competency travels as the target's CASE identifier.
    known = {str(row[0]) for row in district.rows("SELECT uuid FROM headway_node")}
    objectives = files["resultLearningObjectiveIds.csv"]
    assert {o["learningObjectiveId"].replace("-", "") for o in objectives} <= known
    assert {o["source"] for o in objectives} == {"case"} and len(objectives) == 7
    every = [row["sourcedId"] for name, rows in files.items() if name != "manifest.csv" for row in rows]
    assert len(every) == len(set(every))

    # Twice the same identifiers, so that the other system updates and does not double.
    folder = tmp_path / "folder"
    district.json("export", "results", "--term", "Fall", "--out", folder)
    again = table((folder / "results.csv").read_text())
    assert {row["sourcedId"] for row in again} == {row["sourcedId"] for row in files["results.csv"]}
    assert [e["code"] for e in district.refused("export", "results", "--term", "t9", "--out", out)] == [
        "unknown_term"
    ]
