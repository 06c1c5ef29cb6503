"""Small cells: what is withheld withstands the attack, no smaller choice would, and the attack finds what subtraction finds."""

from __future__ import annotations

import csv
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from headway.science.disclosure.attack import attack
from headway.science.disclosure.crossing import Crossing, told_of
from headway.science.disclosure.suppressing import Suppression, suppress
from headway.science.disclosure.table import Table, TableRefused, table_of
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

# Enrolment by grade of six schools, the "N size example" of the talk on aggregate reporting by Louisiana and Delaware at the
# SLDS P-20W Best Practice Conference 2012: kindergarten to grade 3.
SCHOOLS = {
    "A": (16, 8, 8, 6), "B": (15, 0, 0, 0), "C": (3, 0, 0, 0), "D": (62, 20, 13, 15), "E": (3, 1, 0, 1), "F": (31, 22, 8, 15),
}  # fmt: skip
GRADES = ("K", "1", "2", "3")
NAN = float("nan")


def schools(*, totals: bool) -> Table:
    cells = {
        (school, grade): n for school, row in SCHOOLS.items() for grade, n in zip(GRADES, row, strict=True)
    }
    if totals:
        cells |= {(school, "total"): sum(row) for school, row in SCHOOLS.items()}
        cells |= {
            ("total", grade): sum(row[at] for row in SCHOOLS.values()) for at, grade in enumerate(GRADES)
        }
        cells |= {("total", "total"): sum(map(sum, SCHOOLS.values()))}
    return table_of(list(cells), [float(n) for n in cells.values()], add_totals=True)


def released(table: Table, found: Suppression) -> Table:
    shown = table.counts.copy()
    shown[found.withheld] = np.nan
    return Table(table.labels, shown, table.lines, table.n_own)


def random_table(seed: int, *sizes: int) -> Table:
    rng = np.random.default_rng(seed)
    cells = list(
        product(*[[f"{name}{n}" for n in range(size)] for name, size in zip("abc", sizes, strict=False)])
    )
    return table_of(
        cells, rng.negative_binomial(1.2, 0.05, len(cells)).astype(float).tolist(), add_totals=True
    )


def test_the_louisiana_schools_with_their_totals_are_safe() -> None:
    table = schools(totals=True)
    found = suppress(table)
    small = {table.labels[cell] for cell in found.primary.tolist()}
    assert small == {
        ("A", "1"), ("A", "2"), ("A", "3"), ("C", "K"), ("C", "total"), ("E", "K"), ("E", "1"), ("E", "3"), ("E", "total"),
        ("F", "2"),
    }  # fmt: skip
    after = attack(released(table, found))
    assert after.whole and after.safe(10).all() and not after.recovered.any()
    assert found.optimal and len(found.complementary) == 4 and not len(found.exposed)


def test_where_totals_stay_published_the_rows_that_they_betray_are_named() -> None:
    table = schools(totals=False)
    found = suppress(table)
    assert len(found.primary) == 8 and len(found.complementary) == 5
    assert {table.labels[cell][0] for cell in found.exposed.tolist()} == {"C", "E"}
    after = attack(released(table, found))
    fine = np.array([cell not in set(found.exposed.tolist()) for cell in after.cells.tolist()])
    assert after.safe(10)[fine].all() and not after.recovered.any()
    # As wide as the published totals of 3 and 5 allow.
    assert set(after.high[~fine].tolist()) == {3.0, 5.0} and set(after.low[~fine].tolist()) == {0.0}


@pytest.mark.parametrize("seed", range(6))
def test_no_cell_of_a_random_table_is_recovered_or_narrow(seed: int) -> None:
    table = random_table(seed, 4, 6)
    found = suppress(table)
    after = attack(released(table, found))
    assert len(found.primary) and after.safe(10).all()


@pytest.mark.parametrize("seed", [20, 36, 40, 42])
def test_no_smaller_choice_withstands_the_attack(seed: int) -> None:
    """Against all choices of fewer cells, one by one, on tables of three by three."""
    table = random_table(seed, 3, 3)
    found = suppress(table)
    assert not len(found.exposed) and len(found.complementary)
    inner = np.arange(table.n_own)
    others = np.setdiff1d(inner, found.primary)
    for n in range(len(found.complementary)):
        for more in combinations(others.tolist(), n):
            smaller = Suppression(found.primary, np.array(more, np.int64), np.array([], np.int64), True)
            assert not attack(released(table, smaller)).safe(10).all()


def test_three_dimensions_with_every_total() -> None:
    table = random_table(3, 3, 3, 2)
    # Here the caller publishes the totals, and may withhold them.
    table = Table(table.labels, table.counts, table.lines, len(table.counts))
    after = attack(released(table, suppress(table)))
    assert after.whole and after.safe(10).all()


def test_the_attack_finds_what_subtraction_finds() -> None:
    cells = [("A", "x"), ("A", "y"), ("A", "*"), ("B", "x"), ("B", "y"), ("B", "")]
    found = attack(table_of(cells, [NAN, 8.0, 11.0, NAN, NAN, 4.0], add_totals=False))
    assert found.recovered.tolist() == [True, False, False]
    assert (found.low.tolist(), found.high.tolist()) == ([3.0, 0.0, 0.0], [3.0, 4.0, 4.0])
    # Hidden zeros beside a zero total are no secret; without a total nothing is known.
    zero = attack(table_of([("x",), ("y",), ("total",)], [NAN, NAN, 0.0], add_totals=False))
    assert zero.recovered.all()
    alone = attack(table_of([("x",), ("y",)], [NAN, 3.0], add_totals=False))
    assert alone.high.tolist() == [float("inf")] and alone.safe(10).all()


def test_a_table_without_small_counts_is_shown_whole() -> None:
    found = suppress(table_of([("x",), ("y",)], [10.0, 0.0], add_totals=True))
    assert not len(found.withheld)


@pytest.mark.parametrize(
    ("labels", "counts", "code"),
    [
        ([("x",), ("x",)], [1.0, 2.0], "duplicate_cell"), ([("x",)], [1.5], "not_a_count"), ([("x",)], [-1.0], "not_a_count"),
        ([("x",), ("y",), ("total",)], [1.0, 2.0, 4.0], "totals_differ"), ([("x",), ("x", "y")], [1.0, 2.0], "cells_differ"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_is_refused(
    labels: list[tuple[str, ...]], counts: list[float], code: str
) -> None:
    with pytest.raises(TableRefused) as refused:
        table_of(labels, counts, add_totals=False)
    assert refused.value.code == code


def test_what_cannot_all_be_true_is_refused_by_the_attack() -> None:
    table = table_of([("x",), ("y",), ("total",)], [NAN, 8.0, 5.0], add_totals=False)
    with pytest.raises(TableRefused) as refused:
        attack(table)
    assert refused.value.code == "totals_differ"


def write(path: Path, rows: list[tuple[object, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)
    return path


def test_files_repeat_their_columns_with_withheld_counts_empty(tmp_path: Path) -> None:
    rows = [
        (school, grade, n) for school, row in SCHOOLS.items() for grade, n in zip(GRADES, row, strict=True)
    ]
    answer = run("suppress", [write(tmp_path / "t.csv", [("school", "grade", "count"), *rows])])
    assert [set(row) for row in answer["estimates"]] == [{"school", "grade", "count"}] * 24
    assert (answer["primary"], answer["complementary"], answer["exposed"]) == (8, 5, 5)
    assert sum(row["count"] is None for row in answer["estimates"]) == answer["excluded"] == 13
    other = run("suppress", [tmp_path / "t.csv"], {"minimum": "2"})
    assert other["primary"] == 2


def test_files_say_where_they_are_wrong(tmp_path: Path) -> None:
    head = ("school", "count")
    for rows, options, code, line in (
        ([head, ("A", "x")], {}, "not_a_number", 2), ([head, ("A", "3"), ("A", "4")], {}, "duplicate_cell", 3),
        ([head, ("A", "")], {}, "not_a_count", 2), ([head], {}, "no_rows", None),
        ([("count",), ("3",)], {}, "column_missing", None),
        ([head, ("A", "3")], {"minimum": "1"}, "bad_parameter", None),
    ):  # fmt: skip
        path = write(tmp_path / "t.csv", rows)
        with pytest.raises(ScienceRefusal) as refused:
            run("suppress", [path], options)
        assert (refused.value.code, refused.value.where.get("line")) == (code, line)


def crossed(shown: dict[tuple[str, ...], float], most: float = np.inf) -> Crossing:
    cells = list(product("AB", "xy"))
    return Crossing(cells, [most] * len(cells), shown)


def test_a_crossing_of_which_little_is_shown_tells_nothing() -> None:
    # Nothing limits a cell from above, and none of them has to hold anybody.
    assert told_of(crossed({}), minimum=10, sums=[("A", "total")], cells=[("A", "x")]) == []
    shown = {("A", "total"): 30.0, ("total", "x"): 12.0}
    assert told_of(crossed(shown), minimum=10, sums=[("total", "y")], cells=[("A", "x")]) == []


def test_what_limits_single_cells_tells_of_sums_and_of_the_other_cells() -> None:
    # At most five in each: a sum of two cannot be more than ten, and what is not in one cell is in the other.
    shown = {("A", "total"): 8.0}
    assert told_of(crossed(shown, 5.0), minimum=10, sums=(), cells=[("A", "x")]) == [("A", "x")]
    assert told_of(crossed({}, 5.0), minimum=10, sums=[("B", "total")], cells=()) == []
    assert told_of(crossed({}, 4.0), minimum=10, sums=[("B", "total")], cells=()) == [("B", "total")]


def test_what_cannot_all_be_true_is_refused() -> None:
    shown = {("A", "total"): 30.0, ("total", "x"): 5.0, ("total", "y"): 5.0}
    with pytest.raises(TableRefused) as refused:
        told_of(crossed(shown), minimum=10, sums=(), cells=[("A", "x")])
    assert refused.value.code == "totals_differ"
