"""Measures of one day that count the same students: put together they are one table, and no cell of it is told by one of them."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from headway.analytics.actions import facts_of, figures, figures_together
from headway.analytics.metrics import METRICS
from headway.analytics.together import Table, counts_agree, same_students
from headway.analytics.types import TOTAL, Cell, Figures
from headway.science.disclosure.attack import attack
from headway.science.disclosure.table import table_of

from . import handmade

MEASURES = ("coverage", "chances")


def district(folder: Path, seed: int) -> Path:
    """Write a district of three schools in which shares lie near all or nobody in some groups: some cells protect a bound."""
    rng = random.Random(seed)
    sizes = {"N": rng.randint(60, 130), "S": rng.randint(60, 130), "T": rng.randint(40, 90)}
    people = [
        handmade.student(f"{school}{n}", school, race=rng.choices("ABCD", [8, 4, 2, 0.5])[0], sex=rng.choice("fm"))
        for school, size in sizes.items() for n in range(size)
    ]  # fmt: skip
    likely = {one: rng.choice([0.02, 0.5, 0.98]) for one in "ABCD"}
    scope = [
        {"student": p["student"], "target": "P", "in_plan": True, "at_grade_level": False} for p in people
    ]
    stands = [
        handmade.stands(p["student"], "P", "proficient")
        for p in people
        if rng.random() < likely[str(p["race"])]
    ]
    return handmade.write(
        folder, student=people, target=[handmade.target("P")], scope=scope, determination=stands
    )


def told_of(tables: Mapping[str, Figures]) -> list[tuple[str, ...]]:
    """Return the small cells of which tables of the same students, put together, leave fewer than ten values."""
    first = next(iter(tables.values()))
    known: dict[tuple[str, ...], float] = {cell.part: math.nan for cell in first.cells}
    small: set[tuple[str, ...]] = set()
    for table in tables.values():
        for cell in table.cells:
            if cell.n is not None:
                known[cell.part] = float(cell.n)
            elif cell.withheld == "small":
                small.add(cell.part)
    parts = list(known)
    found = attack(table_of(parts, [known[part] for part in parts], add_totals=False))
    return [
        parts[at] for at, low, high in zip(found.cells, found.low, found.high, strict=True)
        if parts[at] in small and high - low + 1 < 10
    ]  # fmt: skip


def of_districts(folder: Path, seeds: range) -> tuple[int, int]:
    """Return in how many districts measures that are protected one by one tell of a small cell, and in how many together."""
    apart = together = 0
    for seed in seeds:
        with facts_of(district(folder / str(seed), seed)) as engine:
            by = ("school", "race")
            first = figures_together(engine, dict.fromkeys(MEASURES, ()), ("school",), minimum=10)
            found = figures_together(engine, {one: [first[one]] for one in MEASURES}, by, minimum=10)
            alone = {one: figures(engine, one, by, minimum=10, beside=[first[one]]) for one in MEASURES}
        apart += bool(told_of(alone))
        together += bool(told_of(found))
        hidden = [{cell.part for cell in one.cells if cell.n is None} for one in found.values()]
        assert all(one == hidden[0] for one in hidden)
    return apart, together


def test_measures_of_the_same_students_withhold_the_same_cells(tmp_path: Path) -> None:
    apart, together = of_districts(tmp_path, range(25))
    assert apart >= 1, "these districts would not tell whether it makes a difference"
    assert together == 0


@pytest.mark.soak
def test_measures_of_the_same_students_in_two_hundred_districts(tmp_path: Path) -> None:
    apart, together = of_districts(tmp_path, range(200))
    print(
        f"of 200 districts {apart} tell of a small cell where measures are protected one by one, {together} together"
    )
    assert together == 0


def test_states_and_steps_follow_what_the_others_withhold(tmp_path: Path) -> None:
    followed = 0
    for seed in range(12):
        with facts_of(district(tmp_path / str(seed), seed)) as engine:
            wide = figures_together(engine, dict.fromkeys(MEASURES, ()), ("school", "race"), minimum=10)
            told = figures_together(
                engine,
                {"needs": list(wide.values()), "gap_steps": list(wide.values())},
                ("race",),
                minimum=10,
            )
        groups = {c.part[1]: c for c in wide["coverage"].cells if c.part[0] == TOTAL and c.part[1] != TOTAL}
        for cell in told["needs"].cells:
            if cell.part[0] in groups and groups[cell.part[0]].n is None:
                followed += 1
                assert cell.withheld, (seed, cell.part)
        withheld = {name for name, cell in groups.items() if cell.n is None}
        assert {cell.part[0] for cell in told["gap_steps"].cells if cell.n is None} >= withheld - {"unknown"}
    assert followed >= 3


def test_only_tables_with_the_same_numbers_are_one() -> None:
    def table(metric: str, *counts: int) -> Table:
        cells = tuple(
            Cell((name,), n, 0.5, None, "m") for name, n in zip(("A", "B", TOTAL), counts, strict=True)
        )
        return Table(METRICS[metric], ("school",), (), cells)

    one, same, other = table("coverage", 10, 20, 30), table("chances", 10, 20, 30), table("depth", 10, 19, 29)
    assert [[each.one.key for each in group] for group in same_students([one, same, other])] == [
        ["coverage", "chances"],
        ["depth"],
    ]
    shown = Figures("coverage", 1, ("school",), one.cells, "", 10, 0)
    assert counts_agree(shown, same) and not counts_agree(shown, other)
