"""Facts that are put together from others: what stands beside a target in scope is what the other facts say of it."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from headway.analytics import snapshots
from headway.analytics.dictionary import FACTS
from headway.kit.facts import Fact

from .handmade import rated, student, target, write
from .simulated import district

ADULTS, SHOWN = ("teacher", "panel", "moderated"), ("rated", "missed", "too_little")


def rows(folder: Path, fact: str) -> list[dict[str, Any]]:
    return pq.read_table(folder / f"{fact}.parquet").to_pylist()


def by_pair(folder: Path, fact: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows(folder, fact):
        found[row["student"], row["target"]].append(row)
    return found


def expected_taught(folder: Path) -> set[tuple[str, str, str]]:
    people = {row["student"]: row for row in rows(folder, "student")}
    met = [row for row in rows(folder, "rating") if row["purpose"] == "evidence"] + rows(
        folder, "opportunity"
    )
    found = {(people[m["student"]]["school"], people[m["student"]]["grade"], m["target"]) for m in met}
    return {one for one in found if None not in one}


def expected_scope(folder: Path) -> list[dict[str, Any]]:
    """Return the fact, worked out row by row."""
    people, taught = {row["student"]: row for row in rows(folder, "student")}, expected_taught(folder)
    stands, came = by_pair(folder, "determination"), by_pair(folder, "journey")
    ratings, chances = by_pair(folder, "rating"), by_pair(folder, "opportunity")
    found = []
    for row in rows(folder, "scope"):
        key, own = (row["student"], row["target"]), people[row["student"]]
        (now,), (way,) = stands[key] or [{}], came[key] or [{}]
        shown = [one for one in ratings[key] if one["purpose"] == "evidence"]
        given = [one for one in chances[key] if one["purpose"] == "evidence"]
        found.append({
            "student": key[0], "target": key[1], "in_plan": row["in_plan"], "at_grade_level": row["at_grade_level"],
            "state": now.get("state", "no_evidence"), "n_counted": now.get("n_counted", 0),
            "pieces": len({one["piece"] for one in shown if one["status"] in SHOWN and one["kind"] in ADULTS}),
            "offers": len({one["opportunity"] for one in given if one["state"] == "offered"}),
            "deepest": max((one["depth"] for one in [*shown, *given] if one["depth"]), default=None),
            "offered": any(one["state"] in ("offered", "taken", "missed") for one in given),
            "taught": (own["school"], own["grade"], key[1]) in taught,
            **{name: way.get(name) for name in ("first_reached", "tried_again", "reached")},
        })  # fmt: skip
    return sorted(found, key=lambda one: (one["student"], one["target"]))


@pytest.mark.parametrize("together", [1, 7, 2000])
def test_every_cell_is_what_the_other_facts_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(snapshots, "TOGETHER", together)
    folder = district(tmp_path / "d", 5)
    found = rows(folder, "scope")
    assert found == expected_scope(folder) and len(found) > 200
    # Something of each kind is in it, so that no column compares nothing.
    for name, least in (("state", 8), ("pieces", 3), ("offers", 3), ("deepest", 4), ("n_counted", 2)):
        assert len({row[name] for row in found}) >= least, name
    for name in ("offered", "taught"):
        assert {row[name] for row in found} == {True, False}, name
    for name in ("first_reached", "tried_again", "reached"):
        assert {row[name] for row in found} == {True, False, None}, name
    taught = [tuple(row.values()) for row in rows(folder, "taught")]
    assert taught == sorted(expected_taught(folder)) and len(taught) > 40


def test_names_at_the_ends_of_parts_and_with_quotes_are_each_in_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "TOGETHER", 2)
    names = ["Ñu", "O'Hara", "Z", "a", "ab", "b", "𝄞"]
    folder = write(
        tmp_path / "f", student=[student(name) for name in names], target=[target("P")],
        scope=[{"student": name, "target": "P", "in_plan": True, "at_grade_level": True} for name in sorted(names)],
        rating=[rated(name, "P") for name in sorted(names)],
    )  # fmt: skip
    found = [(row["student"], row["pieces"], row["taught"]) for row in rows(folder, "scope")]
    assert found == [(name, 1, True) for name in sorted(names)]


def test_a_text_speaks_of_the_facts_before_it_and_yields_the_columns_of_its_fact(tmp_path: Path) -> None:
    together = [fact for fact in FACTS if fact.text]
    assert {fact.name for fact in together} == {"taught", "scope"}
    folder = write(tmp_path / "none")
    for fact in together:
        assert rows(folder, fact.name) == []
        assert pq.read_schema(folder / f"{fact.name}.parquet").names == [c.name for c in fact.columns]
        later = {one.name for one in FACTS[FACTS.index(fact) + 1 :]}
        assert not later & named(fact), "a fact that is not written yet"


def named(fact: Fact) -> set[str]:
    """Return the words after FROM and JOIN in a text."""
    words = fact.text.split()
    return {after for word, after in pairwise(words) if word in ("FROM", "JOIN")}
