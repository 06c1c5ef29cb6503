"""What a rater is told beside others, what a sample of second scores can find, and what a plan promises."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from headway.science import sums
from headway.science.agreement.against import against, among, confusion, farthest, leaning
from headway.science.agreement.alpha import krippendorff_alpha
from headway.science.agreement.coefficients import percent_agreement
from headway.science.agreement.cohen import cohen_kappa
from headway.science.agreement.conger import conger_kappa
from headway.science.agreement.rescoring import findable_inflation, rescore_sample, school_gaps
from headway.science.estimates import EstimateRefused
from headway.science.facets.fitting import facets
from headway.science.facets.planning import least_plan, plan_with
from headway.science.facets.severity import severity_adjustment


def scored(seed: int, raters: int = 8, pieces: int = 20, criteria: int = 5, severe: float = 0.0):
    """Return rater, piece, criterion and level of everybody scoring everything; rater 0 is `severe` by so many levels."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(2.5, 0.8, pieces)
    rater, piece, line = (
        one.ravel() for one in np.meshgrid(range(raters), range(pieces), range(criteria), indexing="ij")
    )
    seen = quality[piece] + rng.normal(0, 0.5, len(rater)) - severe * (rater == 0)
    return rater, piece, line, np.clip(np.rint(seen), 1, 4)


def test_a_reading_is_made_of_the_coefficients_with_pieces_as_clusters() -> None:
    rater, piece, line, level = scored(1)
    mine, theirs = level[rater == 0], level[rater == 1]
    which, lines = piece[rater == 0], line[rater == 0]
    found = against(mine, theirs, which, lines)
    both = np.column_stack([mine, theirs])
    exact = percent_agreement(both, clusters=which)
    assert (found.exact.value, found.exact.interval, found.chance) == (
        exact.value,
        exact.interval,
        exact.chance,
    )
    assert found.adjacent.value == exact.within_one
    assert found.adjacent.interval == (
        exact.within_one_interval if exact.within_one < 1 else sums.exact(20, 20, 0.95)
    )
    assert found.kappa.interval == cohen_kappa(both, weights="quadratic", clusters=which).interval
    assert found.alpha.interval == krippendorff_alpha(both, level="ordinal", clusters=which).interval
    assert (found.pieces, found.scores, found.kappa.n) == (20, 100, 100)


def test_all_raters_together_are_pairs_of_named_raters() -> None:
    rater, piece, line, level = scored(2)
    found = among(rater, level, piece, line)
    matrix = level.reshape(8, 100).T
    assert found.kappa.value == pytest.approx(conger_kappa(matrix, weights="quadratic").value)
    assert found.exact.value == pytest.approx(percent_agreement(matrix).value)
    # A score that one rater alone gave says nothing, and does not count as a score that was compared.
    more = among(*(np.append(a, b) for a, b in zip((rater, level, piece, line), (0, 4, 99, 0), strict=True)))
    assert (more.scores, more.exact.value) == (found.scores, found.exact.value)


def test_what_is_too_little_is_withheld_with_its_reason() -> None:
    rater, piece, line, level = scored(3)
    nine = (rater < 2) & (piece < 9)
    found = among(rater[nine], level[nine], piece[nine], line[nine])
    assert {one.reasons for one in (found.exact, found.adjacent, found.kappa, found.alpha)} == {
        ("under_10_pieces",)
    }
    assert found.exact.value is None and found.chance is None and found.pieces == 9
    one_line = (rater < 2) & (line == 0)
    found = among(rater[one_line], level[one_line], piece[one_line], line[one_line])
    assert found.exact.value is not None and found.kappa.reasons == ("under_30_scores",)
    same = against(np.full(60, 3), np.full(60, 3), np.arange(60) // 3, np.arange(60) % 3)
    # Twenty pieces on which all agree are no proof that all would agree on the next.
    assert same.exact.interval == pytest.approx((0.8316, 1.0), abs=1e-4)
    assert same.exact.value == 1.0 and same.kappa.reasons == ("one_category",) and same.alpha.value is None
    assert among([], [], [], []).exact.reasons == ("under_10_pieces",)
    assert leaning([1], [2], [0]).reasons == ("under_10_pieces",)


def test_many_peers_make_no_more_scores() -> None:
    """Seven pairs per score are seven looks at one score: they do not lift a rater over the least number."""
    mine, theirs, piece = (
        np.full(7 * 20, 2.0),
        np.tile([1, 2, 3, 2, 2, 2, 2], 20),
        np.repeat(np.arange(20), 7),
    )
    found = against(mine, theirs, piece, np.zeros(140))
    assert (found.scores, found.kappa.reasons) == (20, ("under_30_scores",))


def test_the_interval_of_a_leaning_covers_as_it_says() -> None:
    rng, hits = np.random.default_rng(4), 0
    for _ in range(600):
        shift = np.repeat(rng.normal(0.3, 0.4, 15), 5)
        found = leaning(shift + rng.normal(0, 0.6, 75), np.zeros(75), np.repeat(np.arange(15), 5))
        hits += found.interval[0] <= 0.3 <= found.interval[1]
    assert 0.93 <= hits / 600 <= 0.97


def test_the_farthest_pieces_and_where_on_the_scale() -> None:
    assert farthest([1, 1, 2, 4], [3, 3, 2, 3], [7, 7, 8, 9], most=2) == ((7, 2.0), (9, 1.0))
    assert farthest([1], [1], [3]) == ()
    assert confusion([4, 1, 4], [3, 1, 4], [1, 2, 3, 4]).tolist() == [
        [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]]  # fmt: skip


def test_a_sample_finds_what_it_promises_at_its_rate_of_false_alarms() -> None:
    """A school that inflates is found, one that does not is named as often as stated (mission row 13)."""
    n, rng, rounds = rescore_sample(0.5, deviation=0.65), np.random.default_rng(5), 1500
    alarms = found = 0
    for _ in range(rounds):
        honest, high = rng.normal(0, 0.65, n), rng.normal(0.5, 0.65, n)
        gaps = school_gaps(np.append(honest, high), np.zeros(2 * n), ["a"] * n + ["b"] * n, np.arange(2 * n))
        alarms += gaps[0].flagged
        found += gaps[1].flagged
    assert 0.035 <= alarms / rounds <= 0.065
    assert 0.78 <= found / rounds <= 0.85
    assert findable_inflation(n) <= 0.5 < findable_inflation(n - 1)


def test_a_school_that_inflates_by_a_level_is_found_beside_the_others() -> None:
    rng = np.random.default_rng(6)
    school = np.repeat(["a", "b", "c"], 60)
    second = np.clip(np.rint(rng.normal(2.5, 0.8, 180)), 1, 4)
    local = np.clip(second + np.rint(rng.normal(0, 0.4, 180)) + (school == "b"), 1, 4)
    gaps = {one.school: one for one in school_gaps(local, second, school.tolist(), np.arange(180) // 2)}
    assert [one.flagged for one in gaps.values()] == [False, True, False]
    assert gaps["b"].beside.interval[0] > 0.4 and gaps["b"].gap.n == 30
    few = school_gaps(local[:10], second[:10], ["a"] * 10, np.arange(10) // 2)
    assert few[0].gap.reasons == ("under_10_pieces",) and not few[0].flagged


@pytest.mark.parametrize("asked", [(0.0, 0.6, 0.05, 0.8), (0.5, 0.6, 0.0, 0.8), (0.5, 0.6, 0.05, 1.0)])
def test_a_plan_that_cannot_be_is_refused(asked: tuple[float, float, float, float]) -> None:
    inflation, deviation, alarm, power = asked
    with pytest.raises(EstimateRefused) as refused:
        rescore_sample(inflation, deviation=deviation, false_alarm=alarm, power=power)
    assert refused.value.code == "bad_plan"


def test_a_plan_promises_the_precision_that_the_fit_has() -> None:
    plan = plan_with(8, 20, 8, 5, np.random.default_rng(0))
    errors = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        rater, piece, line = (
            one.ravel() for one in np.meshgrid(range(8), range(20), range(5), indexing="ij")
        )
        steps = np.array([-1.2, 0.0, 1.2])
        eta = rng.normal(0, 1, 20)[piece]
        odds = np.exp(
            np.concatenate([np.zeros((len(eta), 1)), np.cumsum(eta[:, None] - steps, axis=1)], axis=1)
        )
        share = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
        level = 1.0 + (rng.random(len(eta))[:, None] > share).sum(axis=1)
        fit = facets(level, {"student": piece, "rater": rater, "criterion": line})
        errors.append(fit.elements["rater"].extra["severity_levels_error"].mean())
    assert np.mean(errors) == pytest.approx(plan.error_levels.mean(), rel=0.15)


def test_the_least_plan_is_enough_and_one_less_is_not() -> None:
    plan = least_plan(200, 400, 4, 3)
    assert plan.tells and plan.design.load.max() - plan.design.load.min() <= 1
    less = plan_with(200, 400, plan.per_piece - 1, 4, np.random.default_rng(3))
    assert not less.tells
    # A small room cannot say enough with fewer than all.
    assert least_plan(5, 6, 4, 3).per_piece == 5


def test_a_severe_rater_is_seen_by_the_model_of_a_session() -> None:
    rater, piece, line, level = scored(7, severe=0.5)
    fit = facets(level, {"student": piece, "rater": rater, "criterion": line})
    found = severity_adjustment(fit, "0", 0.0, blind=True)
    assert (
        found.n == 100
        and found.standard_error <= 0.15
        and not {"too_few_linked", "too_uncertain"} & set(found.reasons)
    )
    assert found.severity_levels == pytest.approx(0.5 * 7 / 8, abs=0.2) and found.interval[0] > 0


def test_planning_loads_no_compiler() -> None:
    program = (
        "import sys\nfor name in ('numba', 'scipy'): sys.modules[name] = None\n"
        "from headway.science.facets.planning import least_plan\n"
        "from headway.science.agreement.rescoring import findable_inflation\n"
        "assert least_plan(8, 20, 5, 1).tells and findable_inflation(20) < 0.5"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert math.isfinite(findable_inflation(12))
