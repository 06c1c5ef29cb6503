"""Looking after the ledger: determine, heads, verify; and the archive that everything can be restored from."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headway.project.archive import SEAL, seal

from .district import POLICY, RATINGS, Home, csv_file, day


def test_the_projection_is_compared_and_rebuilt(fresh: Home) -> None:
    assert fresh.json("determine") == {"differences": [], "n": 0, "applied": False}
    # Counts made from determinations are written anew with them, under row numbers of their own.
    made_anew = ("sqlite_sequence", "headway_tally")
    counts = "SELECT student_id, framework_id, level, reached, seen FROM headway_tally ORDER BY 1, 2, 3"
    sound, counted = fresh.dump(without=made_anew), fresh.rows(counts)
    fresh.write("UPDATE headway_determination SET value = 100, state = 0 WHERE value = 300 AND n_counted = 3")
    found = fresh.json("determine", code=1)
    (difference,) = found["differences"]
    assert (found["n"], difference["student"], difference["target"]) == (1, "u1", "MATH:A1")
    assert " 100 " in difference["stored"] and "proficient 300 " in difference["replayed"]
    assert "u1" in fresh.call("determine", code=1).out
    assert fresh.json("determine", "--apply")["n"] == 1
    assert fresh.json("determine")["n"] == 0
    assert fresh.dump(without=made_anew) == sound and fresh.rows(counts) == counted


def test_another_policy_is_tried_and_nothing_is_written(district: Home, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        POLICY.replace('rule = "mean"', 'rule = "most-recent"').replace("pieces = 1", "pieces = 2", 1)
    )
    before = district.dump()
    found = district.json("determine", "--policy", path)
    assert district.dump() == before
    rows = {(row["student"], row["target"]): row for row in found["rows"]}
    # Two pieces asked: u4 has one and is out; u1 has three on A1, the newest is 4; u2's decision stands.
    assert rows["u4", "MATH:B1"]["moved"] == "out"
    assert (rows["u1", "MATH:A1"]["before"], rows["u1", "MATH:A1"]["after"]) == (3.0, 4.0)
    assert (found["moved_in"], found["moved_out"]) == (
        sum(row["moved"] == "in" for row in found["rows"]), sum(row["moved"] == "out" for row in found["rows"])
    )  # fmt: skip
    assert found["moved_out"] >= 1 and found["edge"] >= 0
    path.write_text(POLICY.replace("pieces", "peaces"))
    assert {e["code"] for e in district.refused("determine", "--policy", path)} == {"unknown_key"}
    assert [e["code"] for e in district.refused("determine", "--policy", tmp_path / "none.toml")] == [
        "unreadable"
    ]
    assert district.dump() == before


def test_kept_heads_find_a_cut_tail_and_an_old_backup(fresh: Home, tmp_path: Path) -> None:
    heads, old = tmp_path / "heads.txt", tmp_path / "old.zip"
    fresh.json("backup", old)
    fresh.json("heads", heads)
    fresh.json(
        "import", "ratings", csv_file(tmp_path / "more.csv", RATINGS, f"n1,u1,B1,3,{day(1)},T1,,,,,,,,")
    )
    line = fresh.json("heads", heads)
    assert set(line) == {"sequence", "hash", "at", "key", "signature"} and line["sequence"] == 14
    assert [json.loads(text)["sequence"] for text in heads.read_text().splitlines()] == [13, 14]
    good = fresh.json("verify", "--heads", heads)
    assert (good["ok"], good["events"], good["heads_checked"], good["breaks"]) == (True, 14, 2, [])
    assert "2 kept heads agree" in fresh.call("verify", "--heads", heads).out

    # The tail is cut and the head moved back with it: without kept heads nothing would show.
    ((seal_13,),) = fresh.rows("SELECT hash FROM headway_event WHERE sequence = 13")
    cut = fresh.copy(tmp_path / "cut")
    cut.write(
        "DELETE FROM headway_payload WHERE event_id = 14", "DELETE FROM headway_event WHERE sequence = 14",
        "DELETE FROM headway_rating WHERE from_sequence = 14",
        f"UPDATE headway_ledgerhead SET sequence = 13, hash = '{seal_13}'",
    )  # fmt: skip
    cut.call("determine", "--apply")
    assert cut.json("verify")["ok"] is True
    found = cut.json("verify", "--heads", heads, code=1)
    assert found["first"]["sequence"] == 14 and found["ok"] is False
    # Last week's backup restored in silence.
    restored = Home(tmp_path / "restored")
    restored.json("restore", old)
    assert restored.json("verify")["ok"] is True
    assert restored.json("verify", "--heads", heads, code=1)["first"]["sequence"] == 14

    altered = json.loads(heads.read_text().splitlines()[0])
    altered["sequence"] = 12
    heads.write_text(json.dumps(altered) + "\n")
    (error,) = fresh.refused("verify", "--heads", heads)
    assert (error["code"], error["file"], error["line"]) == ("bad_signature", "heads.txt", 1)
    for text in ("", "{}", "not json", "\x00"):
        heads.write_text(text)
        assert fresh.refused("verify", "--heads", heads)
    assert fresh.refused("verify", "--heads", tmp_path / "none")[0]["code"] == "heads_invalid"


# The archive.


@pytest.fixture(scope="module")
def archive(district: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    home = district.copy(folder / "home")
    (home.path / "media" / "ab").mkdir()
    (home.path / "media" / "ab" / "piece.bin").write_bytes(b"a child's drawing")
    found = home.json("backup", folder / "backup.zip")
    assert (found["file"], found["events"]) == ("backup.zip", 13)
    assert [e["code"] for e in home.refused("backup", folder / "backup.zip")] == ["file_exists"]
    return folder / "backup.zip"


def test_a_backup_is_what_has_been_restored(archive: Path, district: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "there")
    home.path.mkdir()
    found = home.json("restore", archive)
    assert found["events"] == 13
    assert home.dump() == district.dump()
    assert (home.path / "media" / "ab" / "piece.bin").read_bytes() == b"a child's drawing"
    assert (home.path / "keys" / "secret").read_text() == (district.path / "keys" / "secret").read_text()
    assert home.json("verify")["ok"] is True
    # It is a home to go on with: triggers are in place and ratings come in.
    with pytest.raises(sqlite3.IntegrityError), sqlite3.connect(home.database) as connection:
        connection.execute("UPDATE headway_event SET kind = 'x' WHERE sequence = 2")
    more = home.json(
        "import", "ratings", csv_file(tmp_path / "r.csv", RATINGS, f"n1,u1,B1,3,{day(1)},T1,,,,,,,,")
    )
    assert (more["first"], more["last"]) == (14, 14)
    before = home.dump()
    assert [e["code"] for e in home.refused("restore", archive)] == ["home_not_empty"]
    assert home.dump() == before


def refused(file: Path, folder: Path, *codes: str) -> None:
    """The archive is refused, and nothing is made beside it."""
    folder.mkdir(exist_ok=True)
    errors = Home(folder / "home").refused("restore", file)
    assert [e["code"] for e in errors] == [errors[0]["code"]] and errors[0]["code"] in (
        codes or ("archive_damaged",)
    ), errors
    assert list(folder.iterdir()) == [], "something was touched"


def test_damage_at_any_place_is_refused_before_anything_is_touched(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    chance = random.Random(20)
    # Twenty places by chance, and where a reader of archives does not look: times, the closing comment.
    with zipfile.ZipFile(archive) as opened:
        directory = opened.start_dir
    places = [
        *(chance.randrange(len(whole)) for _ in range(20)),
        10,
        directory + 12,
        len(whole) - 70,
        len(whole) - 1,
    ]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        (tmp_path / "damaged.zip").write_bytes(damaged)
        refused(tmp_path / "damaged.zip", tmp_path / "folder")


def test_a_file_cut_short_or_of_another_kind_is_refused(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    file = tmp_path / "file.zip"
    for content in (
        b"", whole[:1], whole[: len(whole) // 2], whole[:-1], whole[1:], whole + b"x", b"not an archive" * 50, SEAL + b"0" * 64,
    ):  # fmt: skip
        file.write_bytes(content)
        refused(file, tmp_path / "folder")
    refused(tmp_path / "none.zip", tmp_path / "folder", "no_such_file")
    refused(tmp_path, tmp_path / "other", "archive_damaged")


def rewritten(archive: Path, to: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> Path:
    """Write the archive anew with other parts, its digests and its seal made right again: the work of an attacker."""
    import hashlib

    with zipfile.ZipFile(archive) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    change(parts, manifest)
    if isinstance(manifest.get("files"), dict):
        manifest["files"] = {name: hashlib.sha256(body).hexdigest() for name, body in parts.items()}
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in parts.items():
            made.writestr(name, body)
        made.writestr("manifest.json", json.dumps(manifest))
        made.comment = SEAL + b"0" * 64
    seal(to)
    return to


def test_a_well_sealed_archive_is_still_taken_for_hostile(archive: Path, tmp_path: Path) -> None:
    file, folder = tmp_path / "file.zip", tmp_path / "folder"
    for name in (
        "../evil",
        "/etc/evil",
        "media/../../evil",
        "keys/../../evil",
        "media/a\\..\\b",
        "other.py",
        "keys/a/b",
        "headway.sqlite3-wal",
        "tables/../x.copy",
    ):
        refused(rewritten(archive, file, lambda parts, _, name=name: parts.__setitem__(name, b"x")), folder)
    assert not (tmp_path / "evil").exists() and not Path("/etc/evil").exists()

    def other(**values: Any) -> Callable[[dict[str, bytes], dict[str, Any]], None]:
        return lambda _, manifest: manifest.update(values)

    refused(rewritten(archive, file, other(format=99)), folder, "other_format")
    refused(rewritten(archive, file, other(files=["x"])), folder)
    refused(rewritten(archive, file, other(vendor="postgresql")), folder, "other_database")
    refused(rewritten(archive, file, other(events_at_least=14)), folder)
    refused(rewritten(archive, file, other(events_at_least="many")), folder)
    refused(rewritten(archive, file, lambda _, manifest: manifest.clear()), folder)
    refused(
        rewritten(archive, file, lambda parts, _: parts.update({"headway.sqlite3": b"no database"})), folder
    )
    refused(rewritten(archive, file, lambda parts, _: parts.pop("headway.sqlite3")), folder)
    # Control: with nothing changed the same way of writing is accepted.
    home = Home(tmp_path / "home")
    assert home.json("restore", rewritten(archive, file, lambda *_: None))["events"] == 13


def test_an_archive_whose_ledger_does_not_hold_is_refused(archive: Path, tmp_path: Path) -> None:
    def alter(parts: dict[str, bytes], _: dict[str, Any]) -> None:
        database = tmp_path / "inside.sqlite3"
        database.write_bytes(parts["headway.sqlite3"])
        connection = sqlite3.connect(database)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            "UPDATE headway_payload SET body = REPLACE(body, '\"level\":200', '\"level\":400') WHERE event_id = 2"
        )
        connection.commit()
        connection.close()
        parts["headway.sqlite3"] = database.read_bytes()

    file = rewritten(archive, tmp_path / "file.zip", alter)
    folder = tmp_path / "folder"
    folder.mkdir()
    (error,) = Home(folder / "home").refused("restore", file)
    assert error["code"] == "archive_damaged" and "event 2" in error["message"]
    assert list(folder.iterdir()) == []
    shutil.rmtree(folder)


def test_erasure_empties_what_is_known_of_one_student_and_the_chain_holds(fresh: Home) -> None:
    before = fresh.json("verify")
    others = [row for row in fresh.json("export", "determinations") if row["student"] != "u1"]
    found = fresh.json("erase", "u1", "--reason", "asked for by the family")
    assert (found["student"], found["files"]) == ("u1", 0) and found["events"] > 3
    after = fresh.json("verify")
    assert after["ok"] and after["events"] == before["events"] + 1
    assert fresh.json("export", "determinations") == others
    for table in ("rating", "determination", "tally", "piece"):
        assert not fresh.rows(
            f"SELECT 1 FROM headway_{table} WHERE student_id = (SELECT id FROM headway_person WHERE sourced_id = 'u1')"
        )
    assert [e["code"] for e in fresh.refused("erase", "u1", "--reason", " ")] == ["reason_missing"]
    assert [e["code"] for e in fresh.refused("erase", "nobody", "--reason", "x")] == ["no_such_person"]


def test_a_summary_row_that_lies_is_named_and_mended(fresh: Home) -> None:
    fresh.write(
        "UPDATE headway_tally SET reached = reached + 1 WHERE id = (SELECT MIN(id) FROM headway_tally)"
    )
    found = fresh.json("verify", code=1)
    assert (found["n"], found["first"]["what"]) == (1, "tally")
    fresh.json("determine", "--apply")
    assert fresh.json("verify")["ok"]
