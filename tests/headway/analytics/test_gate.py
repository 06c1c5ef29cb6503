"""The gate: what an attacker with every shown number can work out of what is withheld is nothing."""

from __future__ import annotations

import itertools
import json
import math
import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.analytics import gate
from headway.analytics.actions import facts_of, figures
from headway.analytics.metrics import METRICS, Metric
from headway.analytics.types import Cell, State
from headway.science.disclosure import TOTAL
from headway.science.disclosure.attack import attack
from headway.science.disclosure.table import table_of
from headway.science.equity.shares import share as share_of

from . import handmade

SHARE, PACE, GROWTH = METRICS["proficient_share"], METRICS["pace"], METRICS["growth"]


def cell(n: int, *part: str, hits: float | None = None) -> Cell:
    """A part of n students with ten targets each, of which `hits` (None: half) are proficient."""
    own = 5.0 * n if hits is None else hits
    return Cell(part, n, own / (10 * n), (0.1, 0.9), "m", of=n, hits=own, chances=10.0 * n)


def summed(cells: list[Cell]) -> list[Cell]:
    """Add every sum over a table of cells with two columns."""
    found = {one.part: one for one in cells}
    for one in cells:
        for mask in itertools.product((False, True), repeat=len(one.part)):
            part = tuple(TOTAL if hide else word for hide, word in zip(mask, one.part, strict=True))
            if any(mask):
                before = found.get(part)
                hits, n = (
                    (one.hits or 0) + (before.hits or 0 if before else 0),
                    (one.n or 0) + (before.n or 0 if before else 0),
                )
                found[part] = cell(n, *part, hits=hits)
    return list(found.values())


def in_states(part: tuple[str, ...], counts: dict[str, int]) -> Cell:
    n = sum(counts.values())
    states = tuple(
        State(name, counts.get(name, 0), share_of(counts.get(name, 0), n).value, share_of(counts.get(name, 0), n).interval)
        for name in PACE.states
    )  # fmt: skip
    return Cell(part, n, None, None, "m", of=n, states=states)


def attacked(cells: list[Cell], told: list[Cell], minimum: int) -> None:
    """Assert that the shown numbers of students leave each withheld one `minimum` possible values that reach the minimum."""
    shown = [float("nan") if one.withheld else float(one.n or 0) for one in told]
    found = attack(table_of([one.part for one in told], shown, add_totals=False))
    assert not found.recovered.any()
    assert found.safe(minimum).all()
    hidden = [at for at, one in enumerate(told) if one.withheld]
    assert all(at in hidden for at, one in enumerate(cells) if 0 < (one.n or 0) < minimum)


def random_district(seed: int) -> list[Cell]:
    rng = random.Random(seed)
    schools, groups = [f"S{i}" for i in range(rng.randint(2, 6))], [f"g{i}" for i in range(rng.randint(2, 5))]
    cells = []
    for school, group in itertools.product(schools, groups):
        n = rng.choice([0, rng.randint(1, 9), rng.randint(10, 40), rng.randint(40, 300)])
        if n:
            cells.append(cell(n, school, group, hits=float(rng.randint(0, 10 * n))))
    return summed(cells) if cells else random_district(seed + 10_000)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_withheld_can_be_worked_out_in_random_districts(seed: int) -> None:
    cells = random_district(seed)
    attacked(cells, gate.protect(SHARE, cells, minimum=10), 10)


@pytest.mark.soak
def test_nothing_withheld_can_be_worked_out_in_two_hundred_districts() -> None:
    for seed in range(200):
        cells = random_district(seed)
        attacked(cells, gate.protect(SHARE, cells, minimum=10), 10)


def test_a_small_group_takes_another_with_it_so_that_the_total_does_not_tell_it() -> None:
    cells = summed([cell(4, "a"), cell(30, "b"), cell(60, "c")])
    told = {one.part: one for one in gate.protect(SHARE, cells, minimum=10)}
    assert (told[("a",)].withheld, told[("b",)].withheld, told[("c",)].withheld) == ("small", "protects", "")
    assert told[(TOTAL,)].n == 94


def test_what_is_withheld_leaves_no_number_behind() -> None:
    cells = summed([cell(4, "a", hits=37), cell(30, "b", hits=211), cell(60, "c")])
    for one in gate.protect(SHARE, cells, minimum=10):
        said = asdict(one)
        if one.withheld:
            assert [said[name] for name in ("n", "value", "interval", "of", "hits", "chances")] == [None] * 6
        assert said["hits"] is None and said["chances"] is None
    assert "37" not in json.dumps([asdict(one) for one in gate.protect(SHARE, cells, minimum=10)])


def test_where_all_or_nobody_reached_it_only_a_bound_is_told_and_the_smaller_the_coarser() -> None:
    cells = [
        cell(15, "a", hits=150),
        cell(30, "b", hits=0),
        cell(100, "c", hits=990),
        cell(1000, "d", hits=9990),
    ]
    told = gate.protect(SHARE, cells, minimum=10)
    assert [(one.value, one.coded, one.interval) for one in told] == [
        (0.8, "at_least", None), (0.1, "at_most", None), (0.95, "at_least", None), (0.98, "at_least", None),
    ]  # fmt: skip


def test_what_is_withheld_together_is_not_told_to_be_all_or_nobody_by_the_rest() -> None:
    # a and b are withheld together; all of them reached everything, which the total less c and d would tell.
    cells = summed([cell(5, "a", hits=50), cell(12, "b", hits=120), cell(40, "c"), cell(60, "d")])
    told = {one.part: one for one in gate.protect(SHARE, cells, minimum=10)}
    assert told[("c",)].withheld == "protects" and not told[("d",)].withheld


def test_values_are_rounded_as_they_are_shown() -> None:
    one = gate.protect(SHARE, [replace(cell(100, "a", hits=456), interval=(0.4012, 0.5199))], minimum=10)[0]
    assert (one.value, one.interval) == (0.46, (0.40, 0.52))
    grown = gate.protect(
        GROWTH, [Cell(("M",), 20, 1.23456, (1.1, 1.4), "m", of=30)], minimum=10, kept_apart=1
    )[0]
    assert (grown.value, grown.n, grown.of) == (1.23, 20, 20)


def test_small_states_are_withheld_and_never_alone_in_their_row() -> None:
    cells = [
        in_states(("A",), {"behind": 4, "on_pace": 30, "ahead": 26}),
        in_states(("B",), {"behind": 20, "on_pace": 30, "ahead": 50}),
        in_states((TOTAL,), {"behind": 24, "on_pace": 60, "ahead": 76}),
    ]
    told = gate.protect(PACE, cells, minimum=10)
    counts = [[state.n for state in one.states] for one in told]
    assert counts[0][0] is None and sum(n is None for n in counts[0]) >= 2
    assert counts[1][0] is None or counts[2][0] is None
    # Nobody is told as a bound, like nearly nobody.
    none = told[1].states[1]
    assert (none.name, none.n, none.coded) == ("no_chance_offered", None, "at_most")


def test_of_one_row_of_states_alone_the_small_one_is_not_what_the_others_leave() -> None:
    # Once a row without any other was taken for a total that nothing adds up to, and the small state was withheld alone.
    told = gate.protect(PACE, [in_states((TOTAL,), {"behind": 4, "on_pace": 30, "ahead": 26})], minimum=10)
    assert [state.name for state in told[0].states if state.n is None and not state.coded] == [
        "behind",
        "ahead",
    ]


def test_nearly_everybody_in_one_state_is_told_as_a_bound_only() -> None:
    one = gate.protect(PACE, [in_states(("A",), {"on_pace": 50})], minimum=10)[0]
    told = [(state.name, state.value, state.coded) for state in one.states if state.value is not None]
    assert told == [("on_pace", 0.95, "at_least")]


def test_the_largest_state_leaves_room_for_what_is_told_as_a_bound() -> None:
    one = gate.protect(PACE, [in_states(("A",), {"behind": 53, "on_pace": 47})], minimum=10)[0]
    told = {state.name: (state.n, state.value, state.interval, state.coded) for state in one.states}
    # Three states are nobody, each told as 5 % or less: 100 - 47 - 15.
    assert told["behind"] == (None, 0.38, None, "at_least")
    assert told["on_pace"][:2] == (47, 0.47) and told["ahead"] == (None, 0.05, None, "at_most")


def ranges(told: Cell) -> list[tuple[State, int]]:
    """Return the most students that each bounded state may have, by all that is told of a row and whole students."""
    n = told.n or 0

    def least(state: State) -> int:
        if state.value is None:
            return 1
        if state.coded == "at_most":
            return 0
        if state.coded == "at_least":
            return math.ceil(round(state.value * n, 6))
        return next(k for k in range(n + 1) if abs(k / n - state.value) <= 0.005 + 1e-9)

    room = n - sum(least(state) for state in told.states)
    return [
        (state, min(room, math.floor(round((state.value or 0) * n, 6))))
        for state in told.states
        if state.coded == "at_most"
    ]


def test_no_bound_of_a_state_is_narrower_than_it_says_in_random_rows() -> None:
    rng, told_n, raised = random.Random(5), 0, 0
    for _row in range(1500):
        n = rng.choice([rng.randint(10, 45), rng.randint(40, 260), rng.randint(200, 3000)])
        names = rng.sample(PACE.states, rng.randint(2, 4))
        weights = [rng.choice([0.01, 0.05, 0.3, 1.0]) for _name in names]
        own = rng.choices(names, weights, k=n)
        row = in_states(("A",), {name: own.count(name) for name in names})
        told = gate.protect(PACE, [row], minimum=10)[0]
        for state, most in ranges(told):
            bound = gate.nearest_bound(n)
            assert state.value == bound and most >= math.floor(round(bound * n, 6)), (row, told)
            told_n += 1
        for state, true in zip(told.states, row.states, strict=True):
            if state.coded == "at_least":
                assert (true.n or 0) >= (state.value or 0) * n - 1e-6
                raised += 1
    assert told_n > 1000 and raised > 300


def test_continuums_are_tables_of_their_own() -> None:
    cells = [
        Cell((f, s), n, 1.0, None, "m", of=n)
        for f, s, n in (("L", "A", 4), ("L", "B", 30), ("M", "A", 40), ("M", "B", 30))
    ]
    told = gate.protect(GROWTH, cells, minimum=10, kept_apart=1)
    assert [bool(one.withheld) for one in told] == [True, True, False, False]


@pytest.mark.parametrize("metric", [SHARE, GROWTH, PACE])
def test_below_the_least_of_the_metric_there_is_no_figure_even_where_the_district_allows_less(
    metric: Metric,
) -> None:
    one = in_states(("A",), {"on_pace": 4, "ahead": 3}) if metric is PACE else cell(7, "A")
    assert gate.protect(metric, [one], minimum=5)[0].withheld == "small"


def test_no_more_is_withheld_than_half_again_the_fewest_on_small_tables() -> None:
    worst = 0.0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        counts = rng.choice([3, 7, 15, 40, 90], size=(3, 3))
        cells = summed([cell(int(counts[i, j]), f"s{i}", f"g{j}") for i in range(3) for j in range(3)])
        hidden = {one.part for one in gate.protect(SHARE, cells, minimum=10) if one.withheld}
        small = {one.part for one in cells if (one.n or 0) < 10}
        worst = max(worst, len(hidden) / fewest(cells, small)) if small else worst
    assert 1.0 <= worst <= 1.5


def fewest(cells: list[Cell], small: set[tuple[str, ...]]) -> int:
    """Try every choice of cells in the order of its size: the smallest that withstands the attack."""
    parts = [one.part for one in cells]
    others = [part for part in parts if part not in small]
    for more in range(len(others) + 1):
        for chosen in itertools.combinations(others, more):
            hidden = small | set(chosen)
            shown = [float("nan") if one.part in hidden else float(one.n or 0) for one in cells]
            found = attack(table_of(parts, shown, add_totals=False))
            if not found.recovered.any() and found.safe(10).all():
                return len(hidden)
    raise AssertionError("no choice withstands the attack")


def test_tables_that_share_schools_tell_together_no_more_than_alone(tmp_path: Path) -> None:
    """What one breakdown shows of a school another does not withhold: 45 of 200 such tables told of small cells before."""
    shown = 0
    for seed in range(10):
        rng = random.Random(seed)
        sizes = {"N": rng.randint(25, 70), "S": rng.randint(12, 60), "T": rng.randint(3, 30)}
        people = [
            handmade.student(f"{school}{n}", school, rng.choice(["06", "07", "08"]), race=rng.choices("ABC", [8, 3, 1])[0],
                             english_learner=rng.random() < 0.12, disability=rng.random() < 0.15)
            for school, size in sizes.items() for n in range(size)
        ]  # fmt: skip
        scope = [
            {"student": p["student"], "target": "P", "in_plan": True, "at_grade_level": False} for p in people
        ]
        stands = [handmade.stands(p["student"], "P", "proficient") for p in people]
        folder = handmade.write(tmp_path / str(seed), student=people, target=[handmade.target("P")], scope=scope,
                                determination=stands)  # fmt: skip
        with facts_of(folder) as engine:
            first = figures(engine, "coverage", ("school",), minimum=10)
            tables = [
                figures(engine, "coverage", ("school", column), minimum=10, beside=[first])
                for column in ("grade", "race", "english_learner", "disability")
            ]
        margins = {cell.part[0]: cell.n for table in (first, *tables) for cell in table.cells
                   if cell.n is not None and (len(cell.part) == 1 or cell.part[1] == TOTAL)}  # fmt: skip
        for table in tables:
            labels = [cell.part for cell in table.cells]
            known = [
                margins.get(c.part[0]) if c.n is None and c.part[1] == TOTAL else c.n for c in table.cells
            ]
            assert known == [cell.n for cell in table.cells], (
                "a total that one table withholds is shown by another"
            )
            found = attack(table_of(labels, [math.nan if n is None else n for n in known], add_totals=False))
            small = {at for at, cell in enumerate(table.cells) if cell.withheld == "small"}
            narrow = [at for at, low, high in zip(found.cells, found.low, found.high, strict=True)
                      if at in small and high - low + 1 < 10]  # fmt: skip
            assert not narrow, (seed, table.names)
            shown += sum(cell.n is not None for cell in table.cells)
    assert shown > 150


def test_a_gap_is_told_only_where_the_others_may_be_told_of() -> None:
    def told(group: float, n: int, others: int, **how: Any) -> float | None:
        cells = [
            Cell(
                ("yes",),
                n,
                group,
                None,
                "",
                gap=0.2,
                gap_interval=(0.1, 0.3),
                hits=group * n,
                chances=n,
                **how,
            ),
            Cell(
                ("no",),
                others,
                0.5,
                None,
                "",
                gap=-0.2,
                gap_interval=(-0.3, -0.1),
                hits=0.5 * others,
                chances=others,
            ),
            Cell((TOTAL,), n + others, 0.5, None, "", hits=group * n + 0.5 * others, chances=n + others),
        ]
        return gate.protect(SHARE, cells, minimum=10)[0].gap

    assert told(0.7, 40, 40) == 0.2
    # All others are nine students: the gap would tell of them.
    assert told(0.7, 40, 9) is None
    # The group is told as a bound, which its gap would undo.
    assert told(0.0, 40, 40) is None
