"""The `headway` command as a whole: beginning, usage, refusals, ways in, science, benchmarks, and its reference."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path

import pypdf
import pytest

from . import starter
from .district import HEADWAY, ROOT, Answer, Home, csv_file, environment

REFERENCE = ROOT / "docs" / "reference" / "command-line.md"


def headway(*words: object, code: int | None = None) -> Answer:
    """Run a command without a home of its own."""
    found = Answer(
        *starter.run([str(HEADWAY), *map(str, words)], env=environment(COLUMNS="300", NO_COLOR="1"))
    )
    assert "Traceback" not in found.err, found.err
    assert code is None or found.code == code, (words, found)
    return found


# Beginning, usage, refusals.


def test_a_home_is_begun_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    first = home.json("init", "--name", "Juniper Valley")
    assert (first["username"], first["new"], first["home"]) == ("admin", True, "home")
    assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){3}", first["password"])
    assert home.rows("SELECT name FROM headway_district") == [("Juniper Valley",)]
    secret = (home.path / "keys" / "secret").read_text()
    assert stat.S_IMODE((home.path / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((home.path / "keys" / "secret").stat().st_mode) == 0o600
    before = home.dump()
    again = home.json("init")
    assert (again["password"], again["new"]) == (None, False)
    assert home.dump() == before and (home.path / "keys" / "secret").read_text() == secret
    assert first["password"] not in "".join(home.call("init").out)


def test_the_home_may_come_from_the_environment(empty: Home) -> None:
    done = subprocess.run(
        [str(HEADWAY), "verify", "--json"], env=environment(HEADWAY_HOME=str(empty.path)), capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0 and json.loads(done.stdout)["ok"] is True


@pytest.mark.parametrize(
    "words",
    [
        ("verify",), ("determine",), ("backup", "b.zip"), ("import", "ratings", "r.csv"), ("export", "determinations"),
        ("export", "framework", "MATH"), ("token", "admin", "--scope", "admin"), ("report", "pace"),
    ],
)  # fmt: skip
def test_without_a_home_every_command_refuses(words: tuple[str, ...], tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    assert [e["code"] for e in home.refused(*words)] == ["no_home"]
    assert not home.path.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("nothing",), ("import", "nothing"), ("import", "ratings"), ("verify", "--nothing"), ("import", "undo", "last"),
        ("explain", "--student", "u1"), ("token", "admin"), ("export", "results"), ("demo", "--students", "3"),
        ("science", "proficiency", "x.csv", "--rul", "mean"), ("science", "on-track", "x.csv", "--rule", "mean"),
        ("science", "proficiency", "x.csv", "--rule"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_2_and_says_nothing_on_standard_output(words: tuple[str, ...]) -> None:
    found = headway(*words, "--json", code=2)
    assert found.out == "" and found.err != ""


def test_a_refusal_is_words_without_json_and_one_document_with_it(district: Home, tmp_path: Path) -> None:
    words = ("explain", "--student", "nobody", "--target", "A2")
    said = district.call(*words, code=1)
    assert said.out == "" and said.err.startswith("Refused (no_such_person): ")
    assert [e["code"] for e in district.refused(*words)] == ["no_such_person"]
    # What cannot be written is a refusal too, for every command that writes a file.
    nowhere = tmp_path / "none" / "file.zip"
    for command in (
        ("backup", nowhere), ("heads", nowhere), ("export", "determinations", "--out", nowhere),
        ("export", "results", "--term", "t1", "--out", nowhere),
    ):  # fmt: skip
        errors = district.refused(*command)
        assert [e["code"] for e in errors] == ["file_failed"] and str(tmp_path) not in errors[0]["message"]
    assert not nowhere.parent.exists()


def test_a_database_of_another_program_is_refused(blank: Home) -> None:
    blank.write("DELETE FROM django_migrations WHERE app = 'headway' AND name NOT LIKE '0001%'")
    assert [e["code"] for e in blank.refused("verify")] == ["needs_migration"]


# Ways in.


def test_invitations_and_tokens(fresh: Home) -> None:
    first = fresh.json("invite", "T1")
    assert set(first) == {"username", "password"} and first["username"] == "lopez"
    second = fresh.json("invite", "lopez")
    assert second["username"] == "lopez" and second["password"] != first["password"]
    assert fresh.rows("SELECT COUNT(*) FROM headway_account") == [(2,)]
    assert [e["code"] for e in fresh.refused("invite", "nobody")] == ["no_such_person"]

    token = fresh.json("token", "lopez", "--scope", "ratings.write", "--scope", "ratings.read", "--days", "2")
    assert set(token) >= {"token"} and len(token["token"]) > 40
    ((digest, scopes),) = fresh.rows("SELECT digest, scopes FROM headway_token")
    assert token["token"] not in digest and json.loads(scopes) == ["ratings.read", "ratings.write"]
    # A token needs no password: the account of a person who was never invited cannot be signed in to.
    assert fresh.json("token", "u1", "--scope", "ratings.read")["username"] == "ana"
    ((password,),) = fresh.rows("SELECT password FROM headway_account WHERE username = 'ana'")
    assert password.startswith("!")
    before = fresh.dump()
    for words, code in (
        (("token", "nobody", "--scope", "ratings.read"), "no_such_person"),
        (("token", "u2", "--scope", "everything"), "unknown_scope"),
        (("token", "u2", "--scope", "ratings.read", "--days", "0"), "out_of_range"),
        (("token", "u2", "--scope", "ratings.read", "--days", "99999999999"), "out_of_range"),
    ):
        assert [e["code"] for e in fresh.refused(*words)] == [code]
        assert fresh.dump() == before, words


# Reports.


def test_reports(district: Home) -> None:
    assert [one["name"] for one in district.json("report")["reports"]][:3] == ["pace", "response", "standing"]
    pace = district.json("report", "pace")
    assert (pace["name"], pace["rows"], pace["n"]) == ("pace", [], 0) and pace["snapshot"]
    found = district.json("report", "response")
    known = {"no_evidence", "stuck", "missed_chances", "ready_to_advance", "waiting", "behind"}
    assert found["n"] == len(found["rows"])
    assert all(set(row["reasons"]) <= known and row["student"] for row in found["rows"])
    assert [e["code"] for e in district.refused("report", "gossip")] == ["unknown_report"]
    assert [e["code"] for e in district.refused("report", "pace", "--as-of", "soon")] == ["not_a_day"]
    assert [e["code"] for e in district.refused("report", "pace", "--as-of", "9999-12-31")] == ["not_a_day"]


def test_a_snapshot_and_its_figures(district: Home, tmp_path: Path) -> None:
    taken = district.json("snapshot")
    assert taken["rows"]["student"] >= 1 and "standing" in taken["reports"]
    assert sorted(path.name for path in Path(taken["folder"]).glob("*.parquet")) == sorted(
        f"{n}.parquet" for n in taken["rows"]
    )
    found = district.json("report", "plans")
    assert found["folder"] == taken["name"] and found["minimum"] == 10
    # Nobody has a plan here: its metrics have no figure.
    assert {row["metric"] for row in found["rows"]} == {"needs"}
    district.json("report", "plans", "--as", "json", "--out", str(tmp_path / "plans.json"))
    assert json.loads((tmp_path / "plans.json").read_text(encoding="utf-8"))["rows"] == found["rows"]
    texts = district.json("report", "plans", "--sql")["rows"]
    assert all(row["sql"].startswith("WITH unit AS (") for row in texts)
    earlier = district.json("report", "habits", "--as-of", "2026-09-15")
    assert earlier["as_of"] == "2026-09-15"
    assert [e["code"] for e in district.refused("report", "plans", "--as", "xlsx")] == ["needs_file"]
    assert [e["code"] for e in district.refused("report", "plans", "--as", "pdf")] == ["needs_file"]
    assert [e["code"] for e in district.refused("report", "plans", "--as", "html")] == ["unknown_form"]
    assert [
        e["code"] for e in district.refused("report", "pace", "--as", "pdf", "--out", str(tmp_path / "p.pdf"))
    ] == ["unknown_form"]
    district.json("report", "plans", "--as", "pdf", "--out", str(tmp_path / "plans.pdf"))
    assert (tmp_path / "plans.pdf").read_bytes().startswith(b"%PDF-")
    district.json("report", "plans", "--as", "xlsx", "--out", tmp_path / "plans.xlsx")
    assert (tmp_path / "plans.xlsx").read_bytes()[:2] == b"PK"


def test_snapshots_that_are_named_are_asked_and_joined(district: Home, tmp_path: Path) -> None:
    taken = district.json("snapshot", "--as-of", "2026-09-16")
    folder = taken["folder"]
    kept = district.json("report", "plans", "--as-of", "2026-09-16")
    assert district.json("report", "plans", "--snapshot", folder)["rows"] == kept["rows"]
    two = ("--snapshot", f"north={folder}", "--snapshot", f"south={folder}")
    joined = district.json("report", "plans", *two)
    assert joined["folder"] == f"north={taken['name']}, south={taken['name']}"
    assert {tuple(row["part"]) for row in joined["rows"]} >= {("district",), ("grade",)}
    assert {row["part"]["district"] for row in joined["rows"] if "district" in row["part"]} == {
        "total",
        "north",
        "south",
    }
    same = district.json("report", "comparability", *two)
    assert same["as_of"] == "2026-09-16" and {row["district"] for row in same["rows"]} == {
        "north",
        "south",
        "all",
    }
    assert same["rows"][-1]["why"].startswith("no anchor was scored by three raters")
    texts = district.json("report", "comparability", *two, "--sql")["rows"]
    assert [row["of"] for row in texts] == ["steps", "anchors", "levels"]
    district.json("report", "comparability", *two, "--as", "xlsx", "--out", tmp_path / "same.xlsx")
    assert (tmp_path / "same.xlsx").read_bytes()[:2] == b"PK"
    # The PDF is of the snapshot that is named; once it was of the newest of the home.
    paper = tmp_path / "plans.pdf"
    district.json("report", "plans", "--snapshot", folder, "--as", "pdf", "--out", str(paper))
    said = " ".join(page.extract_text() for page in pypdf.PdfReader(paper).pages)
    assert "16 September 2026" in " ".join(said.split())
    for words, code in (
        (("plans", *two, "--as", "pdf", "--out", str(paper)), "unknown_form"),
        (("plans", "--engine", "spark"), "needs_snapshot"), (("pace", "--snapshot", folder), "live_list"),
        (("plans", "--snapshot", folder, "--as-of", "2026-09-16"), "day_of_snapshot"),
        (("plans", "--snapshot", folder, "--engine", "abacus"), "unknown_engine"),
        (("gossip", "--snapshot", folder), "unknown_report"), (("plans", "--snapshot", "nowhere"), "no_facts"),
        (("comparability",), "needs_districts"), (("comparability", "--snapshot", f"north={folder}"), "needs_districts"),
        (("comparability", *two, "--as", "pdf", "--out", str(paper)), "unknown_form"),
        (("comparability", *two, "--as-of", "2026-09-16"), "day_of_snapshot"),
    ):  # fmt: skip
        assert [e["code"] for e in district.refused("report", *words)] == [code], words


# Science on files, benchmarks, the demonstration.


def test_science_on_files(tmp_path: Path) -> None:
    def refused(*words: object) -> dict[str, object]:
        found = headway("science", *words, "--json", code=1)
        assert found.err == ""
        return found.errors[0]

    names = headway("science", "--json", code=0).data["names"]
    page = (REFERENCE.parent / "science.md").read_text(encoding="utf-8")
    assert len(names) >= 32 and [name for name in names if f"`{name}`" not in page] == []
    assert [line.split()[0] for line in headway("science", code=0).out.splitlines()] == list(names)

    path = csv_file(
        tmp_path / "r.csv", "student,target,level,observed_at", "a,t,2,2026-01-01", "a,t,4,2026-01-03", "a,t,3,2026-01-02",
        "b,t,1,2026-01-01", "b,t,,2026-01-02",
    )  # fmt: skip
    found = headway("science", "proficiency", path, "--rule", "most-recent", "--json", code=0).data
    assert {"name", "estimates", "interval", "n", "excluded", "method", "version", "reasons"} <= set(found)
    assert [(e["student"], e["value"], e["n"]) for e in found["estimates"]] == [("a", 4.0, 3), ("b", 1.0, 1)]
    assert (found["method"], found["n"], found["excluded"]) == ("most-recent", 4, 1)
    one = csv_file(tmp_path / "one.csv", "level,observed_at", "1,2026-01-01", "2,2026-01-02", "4,2026-01-03")
    weighted = headway(
        "science", "proficiency", one, "--rule", "weighted-newest", "--set", "weight=0.6", "--set", "decimals=1", "--json",
        code=0,
    ).data  # fmt: skip
    # 0.6 × 4 + 0.4 × 1.5 = 3.0
    assert weighted["value"] == 3.0 and weighted["method"] == "weighted-newest"

    assert refused("nothing", path)["code"] == "unknown_name"
    assert refused("proficiency", path, "--rule", "best")["code"] == "unknown_rule"
    assert refused("proficiency", path, "--set", "weight=2")["code"] == "bad_parameter"
    assert refused("proficiency", tmp_path / "none.csv")["code"] == "unreadable"
    assert refused("proficiency", path, path)["code"] == "one_file"
    bad = csv_file(tmp_path / "bad.csv", "level,observed_at", "3,2026-01-01", "three,2026-01-02")
    error = refused("proficiency", bad)
    assert (error["code"], error["line"], error["column"], error["value"]) == (
        "not_a_number",
        3,
        "level",
        "three",
    )

    track = csv_file(
        tmp_path / "track.csv", "student,level,expected,graduation,years_left,rate,standard_error,ratings",
        "s1,6,6,9,3,1.5,0.1,20", "s2,4,6,9,3,0.2,0.1,20",
    )  # fmt: skip
    estimates = headway("science", "on-track", track, "--json", code=0).data["estimates"]
    assert [(e["student"], e["grade_level"], e["trajectory"]) for e in estimates] == [
        ("s1", "at", "on"),
        ("s2", "below", "off"),
    ]
    low, high = estimates[0]["interval"]
    assert low < 1.5 < high
    assert refused("on-track", path)["code"] == "column_missing"


def test_benchmarks() -> None:
    assert "rules" in headway("bench", code=0).out.split()
    assert headway("bench", "nothing", "--json", code=1).codes == ["unknown_benchmark"]
    found = headway("bench", "rules", "--rule", "mean", "--ratings", "20000", code=0).data
    assert found["ratings"] == 20_000 and found["value"] > 0


def test_a_small_demonstration(tmp_path: Path) -> None:
    home = Home(tmp_path / "demo")
    found = home.json("demo", "--students", "40", "--no-serve")
    assert found["students"] == 40
    assert {"student", "family", "teacher", "substitute"} <= {login["role"] for login in found["logins"]}
    assert all(login["username"] and login["password"] for login in found["logins"])
    assert home.rows("SELECT COUNT(*) FROM headway_event WHERE kind = 'rating'") == [(found["ratings"],)]
    assert home.json("verify")["ok"] is True
    titles = {title for (title,) in home.rows("SELECT DISTINCT title FROM headway_plantemplate")}
    assert titles and not [title for title in titles if "grade 0" in title], titles
    # A second call answers with the demonstration that stands.
    again = home.json("demo", "--students", "40", "--no-serve")
    assert (again["students"], again["ratings"]) == (40, found["ratings"])
    assert home.rows("SELECT COUNT(*) FROM headway_event WHERE kind = 'rating'") == [(found["ratings"],)]


def test_no_demonstration_over_a_district_of_ones_own(fresh: Home) -> None:
    before = fresh.dump()
    assert fresh.refused("demo", "--students", "40", "--no-serve")
    assert fresh.dump() == before


# The reference says what --help says: every command and option, none invented.

_COMMAND = re.compile(r"^### `headway ([a-z][a-z -]*?)(?= [A-Z\[…-]|`)", re.M)
_OPTION = re.compile(r"--[a-z][a-z-]*")
_PASSED_ON = {"science": {"--rule", "--set"}, "bench": {"--ratings", "--rule", "--threads"}}


def _helped(*command: str) -> tuple[set[str], set[str]]:
    """Return the subcommands and the options that --help shows."""
    text = headway(*command, "--help", code=0).out
    commands = set(re.findall(r"^│ ([a-z][a-z-]*) +\S", text.partition("─ Commands")[2], re.M))
    options = set(re.findall(r"^│ *\*? *(--[a-z-]+)", text.partition("─ Options")[2], re.M)) - {"--help"}
    return commands, options


def _commands() -> dict[str, set[str]]:
    found = {}
    for name in sorted(_helped()[0]):
        inner, options = _helped(name)
        if inner:
            found.update({f"{name} {one}": _helped(name, one)[1] for one in sorted(inner)})
        else:
            found[name] = options
    return found


def test_the_reference_documents_every_command_and_option_and_invents_none() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?=### )", text)
    documented = {}
    for part in parts[1:]:
        found = _COMMAND.match(part)
        assert found, part.splitlines()[0]
        documented[found[1].strip()] = set(_OPTION.findall(re.split(r"(?m)^## ", part)[0]))
    general = set(_OPTION.findall(parts[0]))
    assert general >= {"--home", "--json"}
    real = _commands()
    assert len(real) > 20 and "--accept-removals" in real["import roster"], real
    assert set(documented) == set(real)
    for name, options in real.items():
        said = documented[name] - _PASSED_ON.get(name, set())
        assert said | {"--home", "--json"} == options | {"--home", "--json"}, name
        # What every command takes is said once, at the top, with the commands that do not take it.
        for option in ("--home", "--json"):
            if option not in options:
                assert f"`{name}`" in parts[0], (name, option)
