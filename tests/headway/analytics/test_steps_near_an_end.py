"""A gap over steps beside a share that is told as a bound: it would tell the share, so it is withheld."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.analytics.actions import facts_of, figures
from headway.analytics.types import TOTAL, Cell

from .handmade import student, target, write

N, TARGETS = 40, 10


def district(folder: Path, reached: dict[str, int]) -> Path:
    """Write a district of two groups of 20 in which each student reaches so many of ten targets the first time."""
    people = [student(f"s{i:02}", "S0", sex="female" if i % 2 else "male") for i in range(N)]
    rows: dict[str, list[dict[str, object]]] = {
        "scope": [],
        "opportunity": [],
        "journey": [],
        "determination": [],
    }
    for i, person in enumerate(people):
        who, own = person["student"], reached[str(person["sex"])]
        for at in range(TARGETS):
            # One of them falls short at one target, tries again, and one in two is there then: every step has somebody.
            code, first, again = f"T{at}", at < own, at == own
            there = first or (again and i % 4 < 2)
            rows["scope"].append({"student": who, "target": code, "in_plan": True, "at_grade_level": True})
            rows["opportunity"].append({"opportunity": f"{who}{code}", "student": who, "target": code,
                                        "purpose": "evidence", "state": "taken"})  # fmt: skip
            rows["journey"].append({"student": who, "target": code, "first_reached": first, "tried_again": again,
                                    "reached": there, "tries": 1 + again, "days": 7})  # fmt: skip
            rows["determination"].append({"student": who, "target": code, "n_counted": 1, "n_total": 1, "value": 2.5,
                                          "decided": False, "state": "proficient" if there else "not_yet"})  # fmt: skip
    targets = [target(f"T{at}") for at in range(TARGETS)]
    return write(folder, school=[{"school": "S0", "name": "S0"}], student=people, target=targets, **rows)


def told(folder: Path) -> dict[tuple[str, ...], Cell]:
    with facts_of(folder) as engine:
        return {cell.part: cell for cell in figures(engine, "gap_steps", ("sex",), minimum=10).cells}


def test_a_gap_between_shares_in_the_middle_is_told_to_the_tenth_of_a_point(tmp_path: Path) -> None:
    cells = told(district(tmp_path, {"female": 6, "male": 3}))
    assert cells["female", TOTAL].value == pytest.approx(0.3)
    low, high = cells["female", "first"].interval or (0, 0)
    assert low < high and round(low * 1000) == pytest.approx(low * 1000)


@pytest.mark.parametrize(
    "near", [{"female": 9, "male": 3}, {"female": 3, "male": 9}, {"female": 5, "male": 0}]
)
def test_a_gap_beside_nearly_all_or_nearly_nothing_is_withheld(tmp_path: Path, near: dict[str, int]) -> None:
    cells = told(district(tmp_path, near))
    assert {cell.withheld for cell in cells.values()} == {"protects"}
    assert all(cell.value is None and cell.n is None for cell in cells.values())
