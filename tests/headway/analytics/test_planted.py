"""Simulated districts whose truth is known: what reports say of gaps, steps and predictability holds it, and finds no null."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.analytics.actions import facts_of, figures
from headway.analytics.types import TOTAL, Cell
from headway.science.equity.steps import PROCESS, reached, shapley

from .handmade import student, target, write

SHARES = {"no": np.array([0.9, 0.85, 0.5, 0.6, 0.6]), "yes": np.array([0.9, 0.85, 0.5, 0.2, 0.6])}
"""The process for those who do not learn English and for those who do: they part at being rated again, and nowhere else."""
LEARNERS, RISE, SPREAD = 0.3, 0.4, 0.6
N, TARGETS = 260, 20


def district(folder: Path, seed: int) -> Path:
    """Write the facts of a district of three schools. English learners part at one step and in level; sex says nothing."""
    rng = np.random.default_rng(seed)
    learner, girl = rng.random(N) < LEARNERS, rng.random(N) < 0.5
    people = [
        student(f"s{i:03}", f"S{i % 3}", english_learner=bool(learner[i]), sex="female" if girl[i] else "male")
        for i in range(N)
    ]  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {
        "scope": [], "opportunity": [], "journey": [], "determination": [],
    }  # fmt: skip
    for i, person in enumerate(people):
        who = person["student"]
        shares = SHARES["yes" if learner[i] else "no"]
        # Targets of one student are alike: each student has shares of their own around those of the group.
        own = rng.beta(6 * shares, 6 * (1 - shares))
        value = 2.5 + RISE * learner[i] + rng.normal(0, SPREAD)
        for at in range(TARGETS):
            code = f"T{at}"
            passed = rng.random(5) < own
            rows["scope"].append({"student": who, "target": code, "in_plan": True, "at_grade_level": True})
            if not passed[0]:
                continue
            rows["opportunity"].append({"opportunity": f"{who}{code}", "student": who, "target": code,
                                        "purpose": "evidence", "state": "taken" if passed[1] else "missed"})  # fmt: skip
            if not passed[1]:
                continue
            first, again = bool(passed[2]), bool(not passed[2] and passed[3])
            there = first or (again and bool(passed[4]))
            rows["journey"].append({"student": who, "target": code, "first_reached": first, "tried_again": again,
                                    "reached": there, "tries": 1 + again, "days": 7})  # fmt: skip
            rows["determination"].append({"student": who, "target": code, "n_counted": 1, "n_total": 1, "value": value,
                                          "decided": False, "state": "proficient" if there else "not_yet"})  # fmt: skip
    targets = [target(f"T{at}") for at in range(TARGETS)]
    return write(
        folder,
        school=[{"school": f"S{i}", "name": f"S{i}"} for i in range(3)],
        student=people,
        target=targets,
        **rows,
    )


def told(folder: Path) -> dict[tuple[str, ...], Cell]:
    """Return what the reports say: metric, then the part."""
    found = {}
    with facts_of(folder) as engine:
        for metric, by in (("gap_steps", ("english_learner",)), ("gap_steps", ("sex",)), ("explained_level", ()),
                           ("proficient_share", ("english_learner",)), ("proficient_share", ("sex",))):  # fmt: skip
            for cell in figures(engine, metric, by, minimum=10).cells:
                found[metric, *by, *cell.part] = cell
    return found


def truth() -> dict[tuple[str, ...], float]:
    steps = shapley(reached, SHARES["yes"], SHARES["no"])
    gap = float(reached(SHARES["yes"]) - reached(SHARES["no"]))
    variance = RISE**2 * LEARNERS * (1 - LEARNERS)
    return {
        **{
            ("gap_steps", "english_learner", "yes", name): float(part)
            for name, part in zip(PROCESS, steps, strict=True)
        },
        ("gap_steps", "english_learner", "yes", TOTAL): gap,
        ("proficient_share", "english_learner", "yes"): gap,
        ("explained_level", "english_learner", "group"): variance / (variance + SPREAD**2),
    }


NULLS = [("gap_steps", "sex", "female", name) for name in (TOTAL, *PROCESS)] + [
    ("proficient_share", "sex", "female")
]


def of_runs(
    folder: Path, runs: int
) -> tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float], float]:
    """Return how often intervals hold the truth, how often a null is found, and how often the step that opens is named."""
    true, held, wrong, right = truth(), {}, {}, 0
    for seed in range(runs):
        cells = told(district(folder / str(seed), seed))
        for key, value in true.items():
            cell = cells[key]
            low, high = (cell.gap_interval if key[0] == "proficient_share" else cell.interval) or (
                math.nan,
                math.nan,
            )
            held[key] = held.get(key, 0) + (low <= value <= high)
        for key in NULLS:
            low, high = (
                cells[key].gap_interval if key[0] == "proficient_share" else cells[key].interval
            ) or (0, 0)
            wrong[key] = wrong.get(key, 0) + (low > 0 or high < 0)
        key = ("explained_level", "sex", "group")
        wrong[key] = wrong.get(key, 0) + ("no_more_than_chance" not in cells[key].reasons)
        steps = {name: cells["gap_steps", "english_learner", "yes", name].value or 0 for name in PROCESS}
        right += min(steps, key=steps.__getitem__) == "re_assessed"
    return {k: v / runs for k, v in held.items()}, {k: v / runs for k, v in wrong.items()}, right / runs


def far(chance: float, runs: int) -> float:
    """Three standard errors of a share of so many runs."""
    return 3 * math.sqrt(chance * (1 - chance) / runs)


def test_planted_gaps_steps_and_predictability_are_told_and_nulls_are_not(tmp_path: Path) -> None:
    held, wrong, right = of_runs(tmp_path, 16)
    assert all(share >= 0.95 - far(0.95, 16) for share in held.values()), held
    assert all(share <= 0.05 + far(0.05, 16) for share in wrong.values()), wrong
    assert right >= 15 / 16


@pytest.mark.soak
def test_planted_gaps_steps_and_predictability_in_four_hundred_districts(tmp_path: Path) -> None:
    held, wrong, right = of_runs(tmp_path, 400)
    print("holds the truth:", held, "finds a null:", wrong, "names the step:", right)
    assert all(0.93 <= share <= 0.97 for share in held.values()), held
    assert all(share <= 0.05 + far(0.05, 400) for share in wrong.values()), wrong
    assert right >= 0.99
