"""A state reads whether a level means the same: in each district as its leaders do, across districts by common anchors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.analytics.actions import facts_of
from headway.reports.comparing import ACROSS, ALL, TEXTS, compared

from .anchored import TASK, scored, step
from .handmade import write

OTHER = TASK[:-1] + "b"


def asked(tmp_path: Path, **districts: dict[str, Any]) -> list[dict[str, Any]]:
    folders = [write(tmp_path / name, **rows) for name, rows in districts.items()]
    with facts_of(*folders, districts=list(districts)) as facts:
        return compared(facts, list(districts))


def across(rows: list[dict[str, Any]], measure: str) -> dict[str, dict[str, Any]]:
    return {row["district"]: row for row in rows if (row["step"], row["measure"]) == (ACROSS, measure)}


def test_three_steps_stand_beside_one_another(tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        north={**scored(1), "agreement_step": [step("within"), step("across", None), step("all")]},
        south=scored(2),
    )
    told = [(row["step"], row["district"], row["measure"], row["value"], row["why"]) for row in found]
    assert told[:4] == [
        ("with clear anchors", "north", "exact", None, "too little to tell in this district"),
        ("with clear anchors", "south", "exact", None, "too little to tell in this district"),
        ("within a school", "north", "exact", 0.7, ""), ("within a school", "north", "near", 0.7, ""),
    ]  # fmt: skip
    assert {row["step"] for row in found} == {
        "with clear anchors",
        "within a school",
        "across schools",
        ACROSS,
    }
    # All raters together are no step.
    assert sum(row["district"] == "north" for row in found) == 1 + 2 + 2 + 3
    exact = across(found, "exact")
    one = exact["north"]
    assert 0.4 < one["value"] < 0.95 and one["low"] < one["value"] < one["high"]
    assert 0.2 < one["chance"] < 0.4 and (one["anchors"], one["raters"], one["scores"]) == (12, 10, 480)
    assert across(found, "near")["north"]["value"] > one["value"]


def test_shares_and_chance_are_those_of_the_scores(tmp_path: Path) -> None:
    rows = scored(1)
    one = across(asked(tmp_path, north=rows, south=scored(2)), "exact")["north"]
    levels = [(row["level"], row["agreed"]) for row in rows["anchor_level"] for _ in range(row["raters"])]
    assert one["value"] == pytest.approx(sum(a == b for a, b in levels) / len(levels))
    shares = [sum(each.count(level) for each in levels) / (2 * len(levels)) for level in (1.0, 2.0, 3.0, 4.0)]
    assert one["chance"] == pytest.approx(sum(share**2 for share in shares))


def test_a_severe_district_is_named_with_its_rate_of_false_alarms(tmp_path: Path) -> None:
    found = across(asked(tmp_path, north=scored(1), south=scored(2, severe=0.8), west=scored(3)), "severity")
    south = found["south"]
    assert south["flagged"] and 0.3 < south["low"] < south["value"] < south["high"]
    assert (south["false_alarm"], south["comparisons"]) == (0.05, 3)
    # Beside two districts of which one is severe, a usual one may look lenient; never severe.
    assert found["north"]["value"] < 0 and found["west"]["value"] < 0
    assert list(found) == ["north", "south", "west"]


def test_tasks_are_told_one_by_one_and_together(tmp_path: Path) -> None:
    both = {
        name: {
            fact: scored(seed)[fact] + scored(seed + 9, task=OTHER, anchors=4)[fact] for fact in scored(seed)
        }
        for name, seed in (("north", 1), ("south", 2))
    }
    found = [row for row in asked(tmp_path, **both) if row["step"] == ACROSS and row["district"] == "north"]
    told = {(row["task"], row["measure"]): row for row in found}
    assert {task for task, _ in told} == {TASK, OTHER, ALL}
    # Agreement needs ten anchors (definition 17), a difference three.
    assert (
        told[OTHER, "exact"]["why"] == "fewer than 10 common anchors"
        and told[OTHER, "exact"]["chance"] is None
    )
    assert told[OTHER, "severity"]["value"] is not None and told[ALL, "exact"]["anchors"] == 16
    assert told[OTHER, "severity"]["comparisons"] == 3 and told[TASK, "severity"]["title"] == "Task a"


def test_only_the_same_anchors_with_three_raters_are_common(tmp_path: Path) -> None:
    few = scored(2, raters=2)
    apart = scored(2, first=20)
    moved = scored(2, shift=1.0)
    for name, rows in (("few", few), ("apart", apart), ("moved", moved)):
        (one,) = [row for row in asked(tmp_path / name, north=scored(1), south=rows) if row["step"] == ACROSS]
        assert one["value"] is None and one["why"].startswith("no anchor was scored by three raters"), name
    part = across(asked(tmp_path / "part", north=scored(1), south=scored(2, first=11)), "severity")
    assert part["north"]["why"] == "fewer than 3 common anchors" and part["north"]["flagged"] is False


def test_nothing_is_said_of_nothing(tmp_path: Path) -> None:
    found = asked(tmp_path, north={}, south={})
    assert len(found) == 7 and all(row["value"] is None and row["why"] for row in found)
    assert all(text.startswith("SELECT district") for text in TEXTS.values())
