"""Figures from sums: their intervals hold the truth as often as they say, and known tests give the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from headway.science.sums import exact, mean, mean_gap, rate, share, share_gap

RUNS = 1_000


def sums_of(hits: np.ndarray, chances: np.ndarray) -> dict[str, float]:
    """Return the sums over students that have a chance."""
    some = chances > 0
    h, c = hits[some].astype(float), chances[some].astype(float)
    return {
        "n": int(some.sum()), "hits": h.sum(), "chances": c.sum(), "hits_hits": h @ h, "hits_chances": h @ c,
        "chances_chances": c @ c,
    }  # fmt: skip


def students(rng: np.random.Generator, n: int, share_of_all: float) -> dict[str, float]:
    """Simulate students who differ in their own share, the one with more chances no likelier to hit."""
    own = rng.beta(4 * share_of_all, 4 * (1 - share_of_all), n)
    chances = rng.integers(1, 25, n)
    return sums_of(rng.binomial(chances, own), chances)


def covered(found, truth: float) -> bool:
    return found.interval is not None and found.interval[0] <= truth <= found.interval[1]


@pytest.mark.parametrize(("n", "truth"), [(15, 0.5), (40, 0.8), (40, 0.95), (300, 0.3)])
def test_a_share_lies_in_its_interval_as_often_as_it_says(n: int, truth: float) -> None:
    rng = np.random.default_rng(1_000 * n + round(100 * truth))
    held = sum(covered(share(**students(rng, n, truth)), truth) for _ in range(RUNS)) / RUNS
    assert 0.93 <= held <= 0.995, held


def test_targets_of_one_student_are_not_taken_as_independent() -> None:
    rng = np.random.default_rng(7)
    given = students(rng, 40, 0.5)
    apart = exact(given["hits"], given["chances"], 0.95)
    found = share(**given).interval
    assert found is not None and found[1] - found[0] > 1.5 * (apart[1] - apart[0])


def test_the_gap_of_two_groups_lies_in_its_interval_and_nothing_is_found_where_nothing_is() -> None:
    rng = np.random.default_rng(11)
    apart = [share_gap(students(rng, 30, 0.7), students(rng, 80, 0.5)) for _ in range(RUNS)]
    alike = [share_gap(students(rng, 30, 0.6), students(rng, 80, 0.6)) for _ in range(RUNS)]
    assert 0.93 <= sum(covered(one, 0.2) for one in apart) / RUNS <= 0.97
    assert 0.93 <= sum(covered(one, 0.0) for one in alike) / RUNS <= 0.97


def test_a_rate_lies_in_its_interval() -> None:
    rng = np.random.default_rng(13)
    held = 0
    for _ in range(RUNS):
        chances = rng.integers(1, 20, 60)
        hits = rng.poisson(chances * rng.gamma(4, 1.5 / 4, 60))
        held += covered(rate(**sums_of(hits, chances)), 1.5)
    assert 0.92 <= held / RUNS <= 0.97, held / RUNS


def test_the_gap_of_two_means_is_that_of_welch() -> None:
    rng = np.random.default_rng(17)
    one, other = rng.normal(3, 1, 12), rng.normal(2, 3, 31)
    found = mean_gap(*({"known": len(x), "total": x.sum(), "squares": x @ x} for x in (one, other)))
    expected = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert found.interval == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_a_share_of_nobody_or_of_one_says_so() -> None:
    assert share(**sums_of(np.array([0]), np.array([0]))).reasons == ("no_chance",)
    one = share(**sums_of(np.array([2]), np.array([3])))
    assert (one.value, one.interval, one.reasons) == (2 / 3, None, ("one_student",))
    assert mean(n=0, total=0, squares=0).reasons == ("nobody_known",)
    both = sums_of(np.array([2]), np.array([3]))
    assert share_gap(both, both).reasons == ("one_student",)


def test_where_all_hit_the_students_are_counted_not_their_chances() -> None:
    given = sums_of(np.full(20, 30), np.full(20, 30))
    assert share(**given).interval == pytest.approx(
        (1 - 0.1684, 1.0), abs=5e-5
    )  # Clopper and Pearson, 20 of 20
