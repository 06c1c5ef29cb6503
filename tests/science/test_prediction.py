"""What a measure adds, and what an effect costs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal
from headway.science.prediction.adds import adds_beyond
from headway.science.prediction.areas import area, covariance
from headway.science.prediction.costs import cost_effectiveness
from headway.science.prediction.logistic import logistic

from .simulations import hits, holds

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


def ask(tmp_path, name: str, text: str, **options: str):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return run(name, [path], options)


@given(
    st.lists(st.integers(0, 5), min_size=2, max_size=15), st.lists(st.integers(0, 5), min_size=2, max_size=15)
)
@settings(max_examples=40, deadline=None)
def test_an_area_counts_pairs(a: list[int], b: list[int]) -> None:
    wins = np.array([[(x > y) + 0.5 * (x == y) for y in b] for x in a])
    found = area(np.array(a, float), np.array(b, float))
    assert found.value == pytest.approx(wins.mean(), abs=1e-12)
    assert found.above == pytest.approx(wins.mean(axis=1)) and found.under == pytest.approx(wins.mean(axis=0))
    assert covariance(found, found) == pytest.approx(found.variance, abs=1e-15)


@pytest.mark.shared
def test_birthwt(tmp_path) -> None:
    """Hosmer and Lemeshow (1989), appendix 1, by R's glm: coefficients and errors to 1e-6."""
    folder = CASES / "predictive-birthwt-logistic"
    rows = list(csv.DictReader((folder / "birthwt.csv").read_text(encoding="utf-8").splitlines()))
    right = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    names = ("age", "lwt", "race", "smoke", "ptl", "ht", "ui")
    text = (
        "outcome,"
        + ",".join(names)
        + "\n"
        + "".join(",".join([r["low"], *(r[n] for n in names)]) + "\n" for r in rows)
    )
    found = ask(tmp_path, "adds-beyond", text, baseline="age,lwt,factor(race)", added="smoke,ptl,ht,ui")
    assert {r["term"]: r["value"] for r in found["full"]["coefficients"]} == pytest.approx(
        right["coef"], abs=1e-6
    )
    assert {r["term"]: r["standard_error"] for r in found["full"]["coefficients"]} == pytest.approx(
        right["se"], abs=1e-6
    )
    assert found["likelihood_ratio"]["df"] == 4 and found["n"] == 189


def test_a_logistic_model_of_two_groups_is_their_odds() -> None:
    x = np.column_stack([np.ones(50), np.arange(50) % 2])
    y = np.zeros(50)
    y[np.arange(0, 20, 2)], y[np.arange(1, 12, 2)] = 1, 1
    found = logistic(x, y)
    assert found.coefficients == pytest.approx([np.log(10 / 15), np.log(6 / 19) - np.log(10 / 15)], abs=1e-8)
    assert found.errors[1] == pytest.approx(np.sqrt(1 / 10 + 1 / 15 + 1 / 6 + 1 / 19), abs=1e-6)


@pytest.mark.parametrize(
    ("x", "y", "code"),
    [
        ([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1], "separated"), ([0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0], "separated"),
        ([1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 1, 1], "columns_depend"), ([1, 2, 3, 4, 5, 6], [1] * 6, "one_outcome"),
    ],
)  # fmt: skip
def test_models_without_a_best_fit(x: list[int], y: list[int], code: str) -> None:
    with pytest.raises(EstimateRefused) as caught:
        logistic(np.column_stack([np.ones(6), x]), np.array(y, float))
    assert caught.value.code == code


def outcomes(rng: np.random.Generator, n: int, effect: float, schools: int = 0):
    x, z = rng.normal(size=(2, n))
    school = np.arange(n) % max(schools, 1)
    u = rng.normal(0, 0.5, schools)[school] if schools else 0.0
    return (
        (rng.random(n) < 1 / (1 + np.exp(-x - effect * z - u))).astype(float),
        x[:, None],
        z[:, None],
        school,
    )


def test_a_measure_that_adds_nothing_is_seldom_found() -> None:
    rng = np.random.default_rng(1)
    found = [adds_beyond(*outcomes(rng, 200, 0.0)[:3]).p <= 0.05 for _ in range(150)]
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def gain_of(effect: float) -> float:
    y, x, z, _ = outcomes(np.random.default_rng(0), 400_000, effect)
    return (
        area((x + effect * z)[y > 0, 0], (x + effect * z)[y == 0, 0]).value
        - area(x[y > 0, 0], x[y == 0, 0]).value
    )


TRUE_GAIN = gain_of(1.0)


def drawn_gain(rng: np.random.Generator):
    return [(adds_beyond(*outcomes(rng, 400, 1.0)[:3]).gained.interval, TRUE_GAIN)]


def test_intervals_of_the_gain_hold_their_chance() -> None:
    assert holds(hits(drawn_gain, 120, 2), 120)


@pytest.mark.soak
def test_intervals_of_the_gain_hold_their_chance_closely() -> None:
    assert holds(hits(drawn_gain, 1500, 2), 1500)


def test_clusters_of_the_gain() -> None:
    y, x, z, school = outcomes(np.random.default_rng(3), 600, 1.0, 30)
    by_school = adds_beyond(y, x, z, clusters=school, replicates=100)
    assert (
        by_school.gained.interval is not None
        and by_school.gained.interval[0] < by_school.gained.value < by_school.gained.interval[1]
    )
    assert adds_beyond(y, x, z, clusters=school % 5).gained.reasons == ("few_clusters",)


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("outcome,a,b\n1,2,3\n", {"baseline": "a"}, "bad_parameter"), ("outcome,a,b\n2,2,3\n", {"added": "b"}, "not_yes_or_no"),
        ("outcome,a\n1,2\n", {"added": "b"}, "column_missing"), ("outcome,a\n1,2\n", {"added": "a,a"}, "column_twice"),
        ("outcome,a\n1,2\n1,3\n", {"added": "a"}, "one_outcome"),
    ],
)  # fmt: skip
def test_wrong_questions_are_refused(tmp_path, text: str, options: dict[str, str], code: str) -> None:
    with pytest.raises(ScienceRefusal) as caught:
        ask(tmp_path, "adds-beyond", text, **options)
    assert caught.value.code == code


# Costs.


def drawn_ratio(rng: np.random.Generator):
    effect = rng.normal(1, 0.8, 40)
    cost = 100 + 20 * effect + rng.normal(0, 15, 40)
    none, gained = rng.normal(40, 10, 35), rng.normal(0.2, 0.6, 35)
    found = cost_effectiveness(cost, effect, compared_cost=none, compared_effect=gained)
    return [(found.ratio.interval, 80 / 0.8), (found.effect.interval, 0.8)]


def test_fieller_intervals_hold_their_chance() -> None:
    assert holds(hits(drawn_ratio, 300, 4), 300)


@pytest.mark.soak
def test_fieller_intervals_hold_their_chance_closely() -> None:
    assert holds(hits(drawn_ratio, 3000, 5), 3000)


def test_fieller_ends_are_where_the_difference_is_just_zero() -> None:
    """A ratio is in the interval where the mean of cost - ratio × effect has 0 in its t interval of the same freedom."""
    rng = np.random.default_rng(6)
    effect = rng.normal(1, 0.5, 25)
    cost = 100 + rng.normal(0, 20, 25)
    interval = cost_effectiveness(cost, effect).ratio.interval
    assert interval is not None
    from scipy.special import stdtrit

    for end in interval:
        left = cost - end * effect
        assert abs(left.mean()) == pytest.approx(stdtrit(24, 0.975) * left.std(ddof=1) / 5, rel=1e-9)


def test_an_effect_that_is_not_shown_has_no_ratio(tmp_path) -> None:
    spread = np.arange(20) % 5 - 2.0
    for shift, reason in ((0.1, "not_shown_to_work"), (-3.0, "works_against")):
        found = cost_effectiveness(100 + spread, shift + spread)
        assert found.ratio.value is None and found.ratio.interval is None and found.ratio.reasons == (reason,)
        assert found.ratio_seen is not None
    rows = "unit,group,cost,effect\n" + "".join(
        f"{k},{'served' if k % 2 else 'control'},{100 + 30 * (k % 2)},{k % 5}\n" for k in range(40)
    )
    answer = ask(tmp_path, "cost-effectiveness", rows)
    assert answer["value"] is None and answer["reasons"] == ["not_shown_to_work"]
    assert answer["estimates"][0]["reference"] == "control" and answer["estimates"][0]["cost"][
        "value"
    ] == pytest.approx(30)
