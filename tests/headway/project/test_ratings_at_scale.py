"""Very many ratings come in by CSV through the command line: all of them, determined right, within bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from . import scale
from .district import HEADWAY, POLICY, Home

SIZES = (30_000, pytest.param(100_000, marks=pytest.mark.soak))
STUDENTS, PER_PAIR = 1_000, 4
MOST_MEMORY_MIB = 1_536


def measured(home: Home, *words: object) -> tuple[dict[str, object], float]:
    """Run a command; return its document and the most memory that it, or a child of it, ever held, in MiB."""
    command = [str(HEADWAY), *map(str, words), "--json", "--home", str(home.path)]
    process = subprocess.Popen(command, env=home.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout and process.stderr
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0 and err == b"", (process.returncode, out[:2000], err[-2000:])
    return json.loads(out), usage.ru_maxrss / 1024


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path, list[str]]:
    files = tmp_path_factory.mktemp("scale")
    home = Home(files / "home")
    home.json("init")
    found = home.json("import", "roster", scale.roster(files / "roster", STUDENTS))
    assert found["counts"]["persons"]["new"] == STUDENTS + 40
    sheet, codes = scale.continuum(files / "big.csv", 500)
    assert home.json("import", "framework", sheet)["added"] == 500
    (files / "policy.toml").write_text(POLICY)
    home.json("import", "policy", files / "policy.toml")
    return home, files, codes


@pytest.mark.parametrize("ratings", SIZES)
def test_very_many_ratings_come_in(
    district: tuple[Home, Path, list[str]], tmp_path: Path, ratings: int
) -> None:
    home, files, codes = district[0].copy(tmp_path / "home"), tmp_path, district[2]
    path, pairs = scale.ratings(files / "ratings.csv", ratings, STUDENTS, codes, per_pair=PER_PAIR)
    ((before,),) = home.rows("SELECT COUNT(*) FROM headway_event")
    found, memory = measured(home, "import", "ratings", path)
    assert (found["ratings"], found["new"], found["determinations"]) == (ratings, ratings, pairs)
    assert found["last"] - found["first"] + 1 == ratings
    assert memory < MOST_MEMORY_MIB, f"{memory:.0f} MiB"

    counts = {
        "headway_rating": ratings, "headway_determination": pairs, "headway_event": before + ratings,
        "headway_payload": before + ratings,
    }  # fmt: skip
    assert {name: home.rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in counts} == counts
    assert home.rows("SELECT MAX(sequence) FROM headway_event") == [(before + ratings,)]
    # Every pair has four pieces; the mean of each, worked here from the file, is what stands.
    levels: dict[tuple[str, str], list[int]] = {}
    for line in path.read_text().splitlines()[1:]:
        _, student, target, level, *_ = line.split(",")
        levels.setdefault((student, target), []).append(int(level))
    stored = home.rows(
        "SELECT p.sourced_id, n.code, d.value, d.n_counted, d.n_total FROM headway_determination d"
        " JOIN headway_person p ON p.id = d.student_id JOIN headway_node n ON n.id = d.target_id"
    )
    assert {(s, t): (value, counted, total) for s, t, value, counted, total in stored} == {
        pair: (25 * sum(own), PER_PAIR, PER_PAIR) for pair, own in levels.items()
    }

    checked, memory = measured(home, "verify")
    assert (checked["ok"], checked["events"]) == (True, before + ratings)
    assert memory < MOST_MEMORY_MIB, f"{memory:.0f} MiB"
    again, _ = measured(home, "import", "ratings", path)
    assert (again["new"], again["known_before"]) == (0, ratings)
