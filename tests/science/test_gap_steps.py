"""The split of a gap over steps: adds up, finds the planted step, finds nothing where nothing is, holds its chance."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.science.equity.steps import chain, gap_steps, gap_steps_among, reached, shapley
from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

from .simulations import hits, holds

SHARE = st.floats(0, 1)
FIVE = st.lists(SHARE, min_size=5, max_size=5)


@given(FIVE, FIVE)
@settings(max_examples=40, deadline=None)
def test_parts_are_means_over_all_orders_and_add_up(high: list[float], low: list[float]) -> None:
    a, b = np.array(high), np.array(low)
    parts = np.zeros(5)
    for order in itertools.permutations(range(5)):
        now = b.copy()
        for step in order:
            before = reached(now)
            now[step] = a[step]
            parts[step] += reached(now) - before
    assert shapley(reached, a, b) == pytest.approx(parts / 120, abs=1e-12)
    assert shapley(reached, a, b).sum() == pytest.approx(float(reached(a) - reached(b)), abs=1e-12)


def test_two_steps_by_hand() -> None:
    """p q - r s splits into (p - r)(q + s)/2 and (q - s)(p + r)/2."""
    found = shapley(chain, np.array([0.9, 0.5]), np.array([0.6, 0.4]))
    assert found == pytest.approx([0.3 * 0.9 / 2, 0.1 * 1.5 / 2])


TRUE = (np.array([0.9, 0.85, 0.5, 0.6, 0.6]), np.array([0.9, 0.85, 0.5, 0.2, 0.6]))


def counts(rng: np.random.Generator, shares: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Send n students through the named process."""
    entered, passed = [n], [int(rng.binomial(n, shares[0]))]
    for step in (1, 2):
        entered.append(passed[-1])
        passed.append(int(rng.binomial(entered[-1], shares[step])))
    entered.append(entered[2] - passed[2])
    passed.append(int(rng.binomial(entered[-1], shares[3])))
    entered.append(passed[-1])
    passed.append(int(rng.binomial(entered[-1], shares[4])))
    return np.array(entered), np.array(passed)


def drawn(rng: np.random.Generator):
    found = gap_steps(
        counts(rng, TRUE[0], 400), counts(rng, TRUE[1], 300), rule=reached, replicates=400, rng=rng
    )
    truth = [*shapley(reached, *TRUE), float(reached(TRUE[0]) - reached(TRUE[1]))]
    return [(one.interval, true) for one, true in zip((*found.steps, found.gap), truth, strict=True)]


def schooled(rng: np.random.Generator):
    sides = []
    for shares in TRUE:
        rows = [counts(rng, np.clip(shares + rng.normal(0, 0.06, 5), 0.02, 0.98), 60) for _ in range(15)]
        sides.append((np.array([row[0] for row in rows]), np.array([row[1] for row in rows])))
    found = gap_steps(sides[0], sides[1], rule=reached)
    assert found.about == "schools and cohorts like these"
    truth = [*shapley(reached, *TRUE), float(reached(TRUE[0]) - reached(TRUE[1]))]
    return [(one.interval, true) for one, true in zip((*found.steps, found.gap), truth, strict=True)]


def alike(rng: np.random.Generator, shares: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Send twelve tasks of each of n students through the process; tasks of one student are much alike at every step."""
    own = np.stack([rng.beta(4 * share, 4 * (1 - share), n) for share in shares], axis=1)
    entered, passed = np.zeros((n, 5), np.int64), np.zeros((n, 5), np.int64)
    entered[:, 0] = 12
    for step in range(5):
        if step:
            entered[:, step] = passed[:, step - 1] if step != 3 else entered[:, 2] - passed[:, 2]
        passed[:, step] = rng.binomial(entered[:, step], own[:, step])
    return entered, passed


def by_student(rng: np.random.Generator):
    found = gap_steps_among(alike(rng, TRUE[0], 150), alike(rng, TRUE[1], 110), replicates=600, rng=rng)
    truth = [*shapley(reached, *TRUE), float(reached(TRUE[0]) - reached(TRUE[1]))]
    return [(one.interval, true) for one, true in zip((*found.steps, found.gap), truth, strict=True)]


def test_intervals_hold_their_chance_where_the_tasks_of_a_student_are_alike() -> None:
    assert holds(hits(by_student, 150, 6), 150)
    # Taken for tasks of as many students, they would not: that the tasks are alike is what the interval is about.
    rng, held = np.random.default_rng(7), 0
    for _ in range(60):
        sides = [tuple(one.sum(axis=0) for one in alike(rng, shares, 100)) for shares in TRUE]
        found = gap_steps(sides[0], sides[1], rule=reached, replicates=300, rng=rng)
        held += found.gap.interval[0] <= float(reached(TRUE[0]) - reached(TRUE[1])) <= found.gap.interval[1]
    assert held < 55


def test_parts_among_students_add_up_and_a_step_of_few_students_warns() -> None:
    rng = np.random.default_rng(8)
    sides = alike(rng, TRUE[0], 60), alike(rng, TRUE[1], 40)
    found = gap_steps_among(*sides, replicates=100)
    assert sum(one.value for one in found.steps) == pytest.approx(found.gap.value, abs=1e-12)
    assert found.gap.value == found.reference - found.group
    assert (found.gap.n, found.steps[0].n, found.gap.reasons) == (100, 100, ())
    few = gap_steps_among(sides[0], (sides[1][0][:6], sides[1][1][:6]), replicates=100)
    assert few.gap.reasons == ("small_step",)
    with pytest.raises(EstimateRefused, match="nobody of a group"):
        gap_steps_among(sides[0], (sides[1][0] * 0, sides[1][1] * 0))


def test_intervals_hold_their_chance() -> None:
    assert holds(hits(drawn, 150, 1), 150)
    assert holds(hits(schooled, 60, 2), 60, slack=0.03)


@pytest.mark.soak
@pytest.mark.parametrize("draw", [drawn, schooled, by_student])
def test_intervals_hold_their_chance_closely(draw) -> None:
    assert holds(hits(draw, 1000, 3), 1000, slack=0.025)


def test_the_planted_step_is_found_and_no_other() -> None:
    rng = np.random.default_rng(4)
    right, wrong = 0, 0
    for _ in range(40):
        found = gap_steps(
            counts(rng, TRUE[0], 500), counts(rng, TRUE[1], 500), rule=reached, replicates=300, rng=rng
        )
        seen = [
            one.interval is not None and not one.interval[0] <= 0 <= one.interval[1] for one in found.steps
        ]
        right += seen[3]
        wrong += sum(seen) - seen[3]
    assert right == 40 and wrong / 160 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 160)


def test_fewer_than_ten_schools_are_no_cluster() -> None:
    rng = np.random.default_rng(5)
    rows = [counts(rng, TRUE[0], 60) for _ in range(4)]
    side = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    found = gap_steps(side, side, rule=reached)
    assert found.about == "these students" and "few_schools" in found.gap.reasons
    assert found.gap.value == 0 and all(one.value == 0 for one in found.steps)


def test_refusals() -> None:
    for entered, passed, code in (([10, 5], [5, 6], "not_a_count"), ([10, 0], [0, 0], "nobody_entered"),
                                  ([5] * 13, [5] * 13, "too_many_steps")):  # fmt: skip
        side = np.array(entered), np.array(passed)
        with pytest.raises(EstimateRefused) as caught:
            gap_steps(side, side)
        assert caught.value.code == code


# On files.

NAMED = ("group,step,entered,passed\nA,offered,100,90\nA,handed-in,90,80\nA,first,80,40\nA,re-assessed,40,20\nA,then,20,10\n"
         "B,then,15,8\nB,offered,100,90\nB,handed-in,90,60\nB,first,60,30\nB,re-assessed,30,15\n")  # fmt: skip


def ask(tmp_path, text: str, **options: str):
    path = tmp_path / "steps.csv"
    path.write_text(text, encoding="utf-8")
    return run("gap-steps", [path], options)


def test_the_named_process(tmp_path) -> None:
    found = ask(tmp_path, NAMED, reference="A")
    assert found["formula"] == "offered x handed-in x [first + (1 - first) x re_assessed x then]"
    shares = [0.9 * 80 / 90 * (0.5 + 0.5 * 0.5 * 0.5), 0.9 * 60 / 90 * (0.5 + 0.5 * 0.5 * 8 / 15)]
    assert found["value"] == pytest.approx(shares[0] - shares[1], abs=1e-12)
    assert sum(row["value"] for row in found["estimates"]) == pytest.approx(found["value"], abs=1e-15)
    assert [row["step"] for row in found["estimates"]] == [
        "offered",
        "handed-in",
        "first",
        "re-assessed",
        "then",
    ]
    assert ask(tmp_path, NAMED, reference="B")["value"] == pytest.approx(-found["value"], abs=1e-12)


def test_any_other_names_are_a_chain(tmp_path) -> None:
    text = (
        "group,step,entered,passed\nA,enrolled,50,45\nA,attended,45,40\nB,enrolled,40,30\nB,attended,30,21\n"
    )
    found = ask(tmp_path, text, reference="A", seed="4")
    assert (
        found["value"] == pytest.approx(40 / 50 - 21 / 40, abs=1e-12)
        and found["formula"] == "enrolled x attended"
    )
    assert found == ask(tmp_path, text, reference="A", seed="4") and found["n"] == 90


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (NAMED.replace("B,then,15,8\n", ""), "nobody_entered", None),
        (NAMED + "B,then,15,8\n", "duplicate_cell", 12),
        (NAMED.replace("A,then,20,10\n", "").replace("B,then,15,8\n", ""), "process_incomplete", None),
        (NAMED.replace("B,first,60,30", "B,first,60,61"), "not_a_count", 10),
        (NAMED.replace("B,first,60,30", "B,,60,30"), "cell_missing", 10),
    ],
)
def test_wrong_files_are_refused(tmp_path, text: str, code: str, line: int | None) -> None:
    with pytest.raises(ScienceRefusal) as caught:
        ask(tmp_path, text)
    assert caught.value.code == code and caught.value.where.get("line") == line
