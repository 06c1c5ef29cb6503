"""Releases of several days: together they tell no more than each alone, and nothing is forgotten."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from headway.analytics import gate, releases
from headway.analytics.metrics import METRICS
from headway.analytics.types import Cell, Figures
from headway.science.disclosure import TOTAL
from headway.science.disclosure.attack import attack
from headway.science.disclosure.releases import Release
from headway.science.disclosure.table import TableRefused, table_of

from .test_gate import PACE, SHARE, cell, in_states, random_district, summed

DAY = date(2026, 10, 1)


def figures(cells: Sequence[Cell], metric: str = "proficient_share") -> Figures:
    return Figures(metric, METRICS[metric].version, ("school", "race"), tuple(cells), "", 10, 0)


def released(cells: list[Cell], earlier: list[Release]) -> tuple[list[Cell], Release]:
    told = gate.protect(SHARE, cells, minimum=10, earlier=earlier)
    return told, releases.shown(figures(told), on=DAY).release


def next_day(cells: list[Cell], seed: int) -> list[Cell]:
    """The same district after some came and some left: a part changes by up to three students."""
    rng = random.Random(seed)
    inner = [one for one in cells if TOTAL not in one.part]
    moved = [cell(max(1, (one.n or 0) + rng.choice([0, 0, 0, 0, -2, -1, 1, 3])), *one.part) for one in inner]
    return summed(moved)


def told_of(day: Release, other: Release, small: set[tuple[str, ...]]) -> bool:
    """An attacker of our own: take over what only the other day shows, and look what is left of the small cells."""

    def restless(label: tuple[str, ...]) -> bool:
        """Whether what both days show moved by ten students or more, in the row or in the column of a cell or of a total."""
        for place in range(len(label)):
            line = [
                one
                for one in day.shown
                if all(one[at] == word for at, word in enumerate(label) if at != place)
            ]
            both = [(day.shown[one], other.shown.get(one)) for one in line]
            if sum(abs(here - there) for here, there in both if here is not None and there is not None) >= 10:
                return True
        return False

    guessed = {
        label: other.shown.get(label)
        if count is None and label not in small and label not in other.small and not restless(label)
        else count
        for label, count in day.shown.items()
    }
    labels = list(guessed)
    try:
        found = attack(
            table_of(labels, [np.nan if guessed[one] is None else guessed[one] for one in labels], add_totals=False)
        )  # fmt: skip
    except TableRefused:
        return False
    return any(
        labels[at] in small and high - low + 1 < 10
        for at, low, high in zip(found.cells, found.low, found.high, strict=True)
    )


def days_of(seed: int, *, held: bool) -> tuple[bool, int, int]:
    """Release three days; whether two tell of a small cell that neither shows, and how many cells were withheld of how many."""
    cells, ledger, small, hidden, all_n = random_district(seed), [], [], 0, 0
    for day in range(3):
        cells = next_day(cells, 100 * seed + day) if day else cells
        told, release = released(cells, ledger if held else [])
        ledger.append(release)
        small.append({one.part for one in cells if 0 < (one.n or 0) < 10})
        hidden += sum(bool(one.withheld) for one in told)
        all_n += len(told)
    leak = any(
        told_of(
            ledger[i], ledger[j], small[i] & (set(ledger[i].withheld) if i < j else set(ledger[j].withheld))
        )
        for i in range(3)
        for j in range(3)
        if i != j
    )
    return leak, hidden, all_n


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 8, 13, 21])
def test_days_together_tell_no_more_than_each_alone(seed: int) -> None:
    assert not days_of(seed, held=True)[0]


@pytest.mark.soak
def test_days_together_tell_no_more_than_each_alone_in_two_hundred_districts() -> None:
    alone = [days_of(seed, held=False) for seed in range(200)]
    held = [days_of(seed, held=True) for seed in range(200)]
    print(
        f"districts in which two days together tell of a small cell: {sum(one[0] for one in alone)} without the ledger,"
        f" {sum(one[0] for one in held)} with it; withheld {sum(one[1] for one in alone)} and"
        f" {sum(one[1] for one in held)} of {sum(one[2] for one in held)} cells"
    )
    assert sum(one[0] for one in alone) > 10 and not any(one[0] for one in held)


def test_a_part_that_protected_one_yesterday_is_not_shown_today_for_another() -> None:
    # Yesterday b hides a. Today c is the smaller of both, and would hide a, while b is shown: together they tell a.
    first = summed([cell(4, "a"), cell(20, "b"), cell(24, "c"), cell(90, "d")])
    told, yesterday = released(first, [])
    assert {one.part for one in told if one.withheld} == {("a",), ("b",)}
    second = summed([cell(4, "a"), cell(25, "b"), cell(20, "c"), cell(90, "d")])
    assert {one.part for one in released(second, [])[0] if one.withheld} == {("a",), ("c",)}
    held = {one.part for one in released(second, [yesterday])[0] if one.withheld}
    assert ("b",) in held and ("a",) in held


def test_a_small_part_that_has_grown_is_not_told_of_in_yesterdays_release() -> None:
    first = summed([cell(8, "a"), cell(20, "b"), cell(90, "d")])
    _, yesterday = released(first, [])
    second = summed([cell(12, "a"), cell(20, "b"), cell(90, "d")])
    assert not any(one.withheld for one in released(second, [])[0])
    assert {one.part for one in released(second, [yesterday])[0] if one.withheld} == {("a",), ("b",)}


def test_where_nothing_moved_nothing_more_is_withheld() -> None:
    for seed in range(6):
        cells = random_district(seed)
        told, release = released(cells, [])
        again, _ = released(cells, [release])
        assert again == told


def test_states_of_two_days_tell_no_small_state() -> None:
    def day(counts: dict[str, int]) -> list[Cell]:
        return [in_states((TOTAL,), counts)]

    def states(cells: list[Cell], earlier: list[Release]) -> set[str]:
        told = gate.protect(PACE, cells, minimum=10, earlier=earlier)
        return {one.name for one in told[0].states if one.n is None and not one.coded}

    first = day({"behind": 4, "no_chance_offered": 15, "not_enough_data": 18, "on_pace": 40, "ahead": 30})
    assert states(first, []) == {"behind", "no_chance_offered"}
    before = releases.shown(
        Figures("pace", 1, (), tuple(gate.protect(PACE, first, minimum=10)), "", 10, 0), on=DAY
    ).release
    second = day({"behind": 4, "no_chance_offered": 19, "not_enough_data": 16, "on_pace": 40, "ahead": 30})
    assert states(second, []) == {"behind", "not_enough_data"}
    assert {"behind", "no_chance_offered"} <= states(second, [before])


def test_the_ledger_keeps_what_was_withheld_differently_and_forgets_after_a_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "folder", lambda: tmp_path / "snapshots")
    assert releases.known() == {}
    key = ("proficient_share", 1, ("school", "race"))
    one = figures(gate.protect(SHARE, summed([cell(4, "a"), cell(20, "b"), cell(24, "c")]), minimum=10))
    other = figures(gate.protect(SHARE, summed([cell(4, "a"), cell(24, "b"), cell(20, "c")]), minimum=10))
    releases.note([one], on=DAY)
    releases.note([one], on=DAY + timedelta(days=1))
    releases.note([other], on=DAY + timedelta(days=2))
    held = releases.known()[key]
    assert [each.on for each in held] == [DAY + timedelta(days=1), DAY + timedelta(days=2)]
    assert held[1].release == releases.shown(other, on=DAY).release
    assert held[1].release.small == {("a",)} and held[1].release.withheld == {("a",), ("c",)}
    releases.note([other], on=DAY + timedelta(days=releases.DAYS + 2))
    assert [each.on for each in releases.known()[key]] == [DAY + timedelta(days=releases.DAYS + 2)]
    assert "4" not in {str(n) for each in held for n in each.release.shown.values()}
