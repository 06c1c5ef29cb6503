"""Reports about some students: cut out of tables of all, and beside every other report no more of a small group is told."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from headway.analytics import actions
from headway.analytics.actions import cut, facts_of, figures
from headway.analytics.types import Engine, Figures
from headway.science.disclosure import TOTAL

from . import handmade

COLUMNS = ("school", "grade", "english_learner")
SERVED = {"N": ("06", "07"), "S": ("07",), "T": ("08",), "U": ("06", "08")}
"""Schools and their grades: where a school has one grade only, a report of that grade and one of that school are nearly alike."""
Student = tuple[str, str, str]


def people_of(seed: int) -> list[Student]:
    """School, grade and whether they learn English, of each student of a district: of every kind a few or many."""
    rng = random.Random(seed)
    return [
        (school, grade, learns)
        for school, grades in SERVED.items() for grade in grades for learns in ("yes", "no")
        for _ in range(rng.randint(1, 9) if rng.random() < 0.15 else rng.randint(10, 60))
    ]  # fmt: skip


def home(folder: Path, people: Sequence[Student]) -> Path:
    rows = [
        handmade.student(f"u{at:03}", school, grade, english_learner=learns == "yes")
        for at, (school, grade, learns) in enumerate(people)
    ]
    scope = [
        {"student": row["student"], "target": "P", "in_plan": True, "at_grade_level": False} for row in rows
    ]
    # Of three students two were rated.
    stands = [handmade.stands(row["student"], "P", "proficient") for at, row in enumerate(rows) if at % 3]
    return handmade.write(
        folder, student=rows, target=[handmade.target("P")], scope=scope, determination=stands
    )


def tables(
    engine: Engine, pair: tuple[str, str] = ("grade", "english_learner")
) -> tuple[list[Figures], Figures]:
    """The tables of reports about all students, and the one that reports about one part of a column are cut out of."""
    first = figures(engine, "coverage", ("school",), minimum=10)
    whole = [figures(engine, "coverage", ("school", one), minimum=10, beside=[first]) for one in pair]
    return [first, *whole], figures(engine, "coverage", pair, minimum=10, beside=whole)


class Attacker:
    """One who writes all reports side by side: whole persons in each cell of the crossing, and every shown sum an equation."""

    def __init__(self, people: Sequence[Student], read: Sequence[Figures]) -> None:
        words = [sorted({one[at] for one in people}) for at in range(3)]
        # A part that a table does not list is empty, which everybody sees.
        there = [(one.names, {cell.part for cell in one.cells}) for one in read]
        self.cells = [
            cell for cell in itertools.product(*words)
            if all(tuple(dict(zip(COLUMNS, cell, strict=True))[n] for n in names) in parts for names, parts in there)
        ]  # fmt: skip
        shown = [
            (self.row(one.names, cell.part), cell.n)
            for one in read
            for cell in one.cells
            if cell.n is not None
        ]
        self.left, self.right = np.array([row for row, _ in shown]), np.array([float(n) for _, n in shown])

    def row(self, names: Sequence[str], part: Sequence[str]) -> list[float]:
        wanted = dict(zip(names, part, strict=True))
        said = [dict(zip(COLUMNS, cell, strict=True)) for cell in self.cells]
        return [float(all(one[n] == w or w == TOTAL for n, w in wanted.items())) for one in said]

    def between(self, names: Sequence[str], part: Sequence[str]) -> tuple[int, int]:
        """The least and the most that a part can be."""
        cost, ends = np.array(self.row(names, part)), []
        for sign in (1.0, -1.0):
            found = milp(
                sign * cost, constraints=LinearConstraint(self.left, self.right, self.right),
                integrality=np.ones(len(cost)), bounds=Bounds(0, 1000),
            )  # fmt: skip
            assert found.x is not None
            ends.append(round(sign * found.fun))
        return ends[0], ends[1]


def told(people: Sequence[Student], whole: Sequence[Figures], crossed: Figures) -> list[tuple[str, ...]]:
    """What the reports of some students give away beside those of all: small parts that these alone do not give away."""
    every, before = Attacker(people, [*whole, crossed]), Attacker(people, whole)
    found = []
    for one in (*whole, crossed):
        for cell in one.cells:
            if cell.withheld == "small":
                (low, high), (least, most) = (
                    every.between(one.names, cell.part),
                    before.between(one.names, cell.part),
                )
                if (high - low + 1 < 10 or high < 10) and most - least + 1 >= 10 and most >= 10:
                    found.append(cell.part)
    for cell in every.cells:
        if 0 < people.count(cell) < 10:
            (low, high), (least, most) = every.between(COLUMNS, cell), before.between(COLUMNS, cell)
            if low >= 1 and high < 10 and not (least >= 1 and most < 10):
                found.append(cell)
    return found


def released(folder: Path, seed: int) -> tuple[list[tuple[str, ...]], Figures]:
    people = people_of(seed)
    with facts_of(home(folder / str(seed), people)) as engine:
        whole, crossed = tables(engine)
    return told(people, whole, crossed), crossed


def in_districts(folder: Path, monkeypatch: pytest.MonkeyPatch, n: int) -> tuple[int, int, int, int, int]:
    """In how many of n districts something is told, without and with all tables attacked together; cells withheld; all cells."""
    held = [released(folder / "held", seed) for seed in range(n)]
    monkeypatch.setattr(actions, "columns_crossed", lambda *given: ())
    alone = [released(folder / "alone", seed) for seed in range(n)]
    leaks = [sum(bool(given_away) for given_away, _ in each) for each in (alone, held)]
    hidden = [sum(one.hidden_n for _, one in each) for each in (alone, held)]
    return *leaks, *hidden, sum(len(one.cells) for _, one in held)


def test_reports_of_some_and_of_all_together_tell_of_no_small_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, held, hidden_alone, hidden, cells = in_districts(tmp_path, monkeypatch, 12)
    assert (alone > 1, held) == (True, 0)
    assert hidden_alone < hidden < cells / 2


@pytest.mark.soak
def test_reports_of_some_and_of_all_together_tell_of_no_small_group_in_two_hundred_districts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, held, hidden_alone, hidden, cells = in_districts(tmp_path, monkeypatch, 200)
    print(
        f"districts in which a report of some tells of a small group beside those of all: {alone} where each table is protected"
        f" beside its sums, {held} where all are attacked together; withheld {hidden_alone} and {hidden} of {cells} cells"
    )
    assert alone > 20 and held == 0


def of(cells: dict[Student, int]) -> list[Student]:
    return [cell for cell, n in cells.items() for _ in range(n)]


PLAIN = of({
    ("A", "06", "yes"): 13, ("A", "07", "yes"): 2, ("A", "06", "no"): 30, ("A", "07", "no"): 28,
    ("B", "07", "yes"): 10, ("B", "07", "no"): 50, ("C", "08", "yes"): 20, ("C", "08", "no"): 40,
})  # fmt: skip
"""Every school, every grade and every sum of two columns has ten students or more. Of grade 7 twelve learn English; ten of them
are in B, which has no other grade: the other two are in A."""


def test_two_of_a_school_are_not_what_a_grade_has_more_than_another_school(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with facts_of(home(tmp_path, PLAIN)) as engine:
        whole, crossed = tables(engine)
        monkeypatch.setattr(actions, "columns_crossed", lambda *given: ())
        _, plain = tables(engine)
    assert all(cell.n for one in whole for cell in one.cells)
    assert ("A", "07", "yes") in told(PLAIN, whole, plain) and not plain.hidden_n
    assert told(PLAIN, whole, crossed) == []
    shown = {cell.part: cell.n for cell in crossed.cells}
    # The grades themselves are told as they are in the reports of all; withheld are two parts of two grades.
    assert (shown["07", TOTAL], shown["07", "yes"], crossed.hidden_n) == (90, None, 4)


def test_figures_of_a_grade_are_the_cells_of_the_reports_of_all(tmp_path: Path) -> None:
    with facts_of(home(tmp_path, people_of(3))) as engine:
        (_, by_grade, _), crossed = tables(engine)
        other = figures(engine, "coverage", ("english_learner", "grade"), minimum=10, beside=[crossed])
        for grade in ("06", "07", "08"):
            own = cut(by_grade, "grade", grade, place="school")
            assert own.names == ("school",)
            assert [(c.part[0], c.n, c.value, c.withheld) for c in own.cells] == [
                (c.part[0], c.n, c.value, c.withheld) for c in by_grade.cells if c.part[1] == grade
            ]
            assert own.hidden_n == sum(bool(c.withheld) for c in own.cells)
            for learns in (TOTAL, "yes", "no"):
                one = next(
                    c for c in cut(crossed, "grade", grade, place="school").cells if c.part == (learns,)
                )
                same = next(
                    c
                    for c in cut(other, "english_learner", learns, place="school").cells
                    if c.part == (grade,)
                )
                assert (one.n, one.value, one.withheld) == (same.n, same.value, same.withheld)


def test_the_text_of_a_grade_counts_that_grade(tmp_path: Path) -> None:
    with facts_of(home(tmp_path, PLAIN)) as engine:
        (_, by_grade, _), crossed = tables(engine)
        for own in (
            cut(by_grade, "grade", "08", place="school"),
            cut(crossed, "grade", "08", place="school"),
        ):
            rows = {tuple(row[name] for name in own.names): row for row in engine.rows(own.text)}
            assert {cell.part for cell in own.cells} == {*rows, (TOTAL,)}
            for cell in own.cells:
                if cell.part != (TOTAL,):
                    row = rows[cell.part]
                    assert (cell.n, cell.value) == (row["n"], round(row["hits"] / row["chances"], 2))


def test_a_gap_is_told_among_the_students_of_a_report_and_not_with_others(tmp_path: Path) -> None:
    with facts_of(home(tmp_path, PLAIN)) as engine:
        (_, by_grade, by_english), crossed = tables(engine)
    assert any(cell.gap is not None for cell in by_english.cells)
    assert all(cell.gap is None for cell in cut(by_english, "english_learner", "yes", place="school").cells)
    assert any(cell.gap is not None for cell in cut(crossed, "grade", "08", place="school").cells)
    # Where all of a report are told by state, nothing else tells them apart.
    assert cut(by_grade, "grade", "08", place="school").cells[0].part == (TOTAL,)


def test_areas_are_held_apart_beside_a_school_of_one_grade(tmp_path: Path) -> None:
    """An area has a table of its own: grade 7 less the school that has no other grade is no group of two either."""
    people = of({("A", "06", "no"): 40, ("A", "07", "no"): 2, ("B", "07", "no"): 30, ("C", "06", "no"): 20})
    with facts_of(home(tmp_path, people)) as engine:
        first = figures(engine, "coverage", ("school",), minimum=10)
        beside = [
            figures(engine, "coverage", ("school", one), minimum=10, beside=[first])
            for one in ("grade", "area")
        ]
        own = figures(engine, "coverage", ("grade", "area"), minimum=10, beside=beside)
    assert own.names == ("area", "grade")
    shown = {cell.part: cell.n for cell in own.cells}
    grades = {cell.part[1]: cell.n for cell in beside[0].cells if cell.part[0] == TOTAL}
    assert shown["M:P", "07"] is grades["07"] is None and shown["M:P", TOTAL] == 92
