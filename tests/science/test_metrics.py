"""Growth, progress, pace, on track, depth, bias, uncertainty: definitions with their traps."""

import math

import numpy as np
import pytest

from headway.science.ledger import Purpose, Ratings, Segments, State
from headway.science.metrics.bias import rule_bias, selection_bias
from headway.science.metrics.depth import depth_shares
from headway.science.metrics.growth import growth, growth_from_stored_or_first, next_baseline, parent_growth
from headway.science.metrics.on_track import on_track, years_left
from headway.science.metrics.pace import gamma_quantile, pace
from headway.science.metrics.progress import progress
from headway.science.metrics.tries import tries
from headway.science.pieces import pieces
from headway.science.proficiency.determine import determine
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.registry import parameters, rule
from headway.science.uncertainty import Components, band, certainty, share_at_or_above, standard_errors


def test_growth_of_exactly_zero_is_growth():
    """Building 21's own code drops skills whose growth is 0, so that a competency's growth is overstated."""
    found = pieces(
        Ratings.of(level=[8, 9, 8, 8, 9], purpose=[5, 0, 5, 0, 0], segment=[0, 0, 1, 1, 2], count=3)
    )
    values, _ = growth_from_stored_or_first(found)
    assert values[:2].tolist() == [1.0, 0.0]
    assert np.isnan(values[2])
    assert parent_growth(values, np.zeros(3, int), 1).tolist() == [0.5]


def test_parent_growth_needs_half_of_the_skills():
    values = np.array([1.0, np.nan, np.nan])
    assert np.isnan(parent_growth(values, np.zeros(3, int), 1)[0])
    assert parent_growth(values[:2], np.zeros(2, int), 1)[0] == 1.0


def test_growth_is_unknown_before_twelve_instructed_weeks():
    columns = {"level": [2, 3, 2, 3, 3], "instructed": [0, 59, 0, 60, 9], "segment": [0, 0, 1, 1, 2]}
    found = growth(
        pieces(Ratings.of(**columns)),
        np.array([3.0, 2.0, 3.0]),
        error_now=np.full(3, 0.3),
        error_baseline=0.4,
    )
    assert found.reason.tolist() == ["too_soon", "", "one_state"]
    assert found.value[1] == 0.0 and found.per_year[1] == 0.0
    assert found.standard_error[1] == pytest.approx(0.5)


def test_stored_baseline_is_the_line():
    rows = Ratings.of(level=[6, 8], purpose=[Purpose.BASELINE, 0], instructed=[0, 180])
    found = growth(pieces(rows), np.array([8.0]))
    assert (found.value[0], found.per_year[0], found.baseline[0]) == (2.0, 2.0, 6.0)
    assert next_baseline(np.array([6.0, 7.0, np.nan]), np.array([7.0, 6.5, 5.0])).tolist() == [7.0, 7.0, 5.0]


def test_progress_leaves_excused_out_and_missed_adds_nothing():
    rows = Ratings.of(
        level=[3, 3, 3, 3, np.nan, np.nan], segment=[0, 0, 0, 0, 1, 2], status=[0, 0, 0, 0, 2, 1], count=4
    )
    found = progress(
        determine(rows, Policy.from_mapping({"rule": "mean", "requirement": {"pieces": 3}})),
        np.zeros(4, int),
        1,
    )
    assert (found.filled[0], found.required[0]) == (3, 9)


def test_pace_states():
    base = {"remaining": 8, "weeks_left": 10, "chances": 3}
    assert pace(pieces_in_window=8, weeks_known=3, **base).state == "not_enough_data"
    assert pace(pieces_in_window=8, weeks_known=20, **base).state == "on_pace"
    assert pace(pieces_in_window=16, weeks_known=20, **base).state == "ahead"
    assert pace(pieces_in_window=4, weeks_known=20, **base).state == "behind"
    none = pace(pieces_in_window=0, weeks_known=20, **base)
    assert (none.state, none.reason) == ("behind", "no_finish_at_this_rate")
    assert (
        pace(pieces_in_window=0, weeks_known=20, remaining=8, weeks_left=10, chances=0).state
        == "no_chance_offered"
    )


def test_gamma_quantiles():
    """A chi-square of 2 k degrees of freedom is twice a gamma of shape k: tables give 4.60517 (2 df) and
    10.64464 (6 df) at 0.9."""
    assert 2 * gamma_quantile(0.9, 1.0) == pytest.approx(4.60517, abs=1e-5)
    assert 2 * gamma_quantile(0.9, 3.0) == pytest.approx(10.64464, abs=1e-5)


def test_on_track_waits_for_enough_evidence():
    base = {"level": 8.0, "expected": 9.0, "graduation": 11.0, "years_left": 3.0, "ratings": 20}
    assert on_track(rate=1.3, standard_error=0.2, **base).trajectory == "on"
    assert on_track(rate=0.7, standard_error=0.2, **base).trajectory == "off"
    assert on_track(rate=1.0, standard_error=0.2, **base).trajectory == "too_early"
    assert on_track(rate=None, standard_error=None, **base).reason == "no_rate"
    assert on_track(rate=1.3, standard_error=0.2, **base).grade_level == "below"


def test_bias_of_picking_the_best():
    """House definition 4; order statistics of the normal distribution (0.5642, 0.8463, 1.1630)."""
    table = {(1, 2): 0.5642, (1, 3): 0.8463, (1, 5): 1.1630, (2, 4): 0.6632, (3, 6): 0.7035}
    for (best, of), expected in table.items():
        assert selection_bias(best, of) == pytest.approx(expected, abs=1e-4)


def test_depth_leaves_out_targets_without_depth():
    rows = Ratings.of(level=[3, 3, 3, 3], depth=[1, 2, 2, 0], segment=[0, 0, 0, 1], count=2)
    found = depth_shares(pieces(rows), np.zeros(2, int), 1, applies=np.array([True, False]))
    assert found.shares[0].tolist() == pytest.approx([1 / 3, 2 / 3, 0, 0])


def test_three_equal_ratings_are_not_certain():
    parts = Components()
    weights = np.full(3, 1 / 3)
    same = standard_errors(Segments.of([3.0] * 3), weights, np.zeros(3, int), np.zeros(3, int), parts)[0]
    other = standard_errors(Segments.of([3.0] * 3), weights, np.arange(3), np.arange(3), parts)[0]
    assert same == pytest.approx(math.sqrt(0.4**2 + 0.25**2 + 0.35**2 / 3))
    assert other == pytest.approx(parts.single / math.sqrt(3))


@pytest.mark.parametrize(
    ("key", "values", "luck", "lag"),
    [
        # Four pieces, each a quarter of a level above the one before: -0.75, -0.5, -0.25, 0.
        ("mean", {}, 0, -0.375), ("median", {}, 0, -0.375), ("most-recent", {}, 0, 0),
        # -0.75 → -0.5875 → -0.368125 → -0.12884375 with a weight of 0.65; -0.43359375 with one of 0.25.
        ("decaying-average", {"weight": 0.65}, 0, -0.12884375), ("decaying-average", {"weight": 0.25}, 0, -0.43359375),
        ("highest", {}, 1.0294, 0), ("best-n", {"n": 2}, 0.6632, -0.125), ("mode", {}, None, None),
    ],
)  # fmt: skip
def test_the_bias_of_a_rule_over_four_pieces(key, values, luck, lag):
    found = rule_bias(rule(key), parameters(key, values), pieces=4)
    assert found.luck == (None if luck is None else pytest.approx(luck, abs=1e-4))
    assert found.lag == (None if lag is None else pytest.approx(lag, abs=1e-12))


def test_luck_of_a_rule_agrees_with_simulated_steady_students():
    levels = np.random.default_rng(7).normal(0, 1, (20_000, 5))
    told = rule_bias(rule("best-n"), parameters("best-n"), pieces=5, asked=2)
    best = np.sort(levels, axis=1)[:, -2:].mean(axis=1)
    assert told.luck == pytest.approx(best.mean(), abs=0.02)


def test_share_and_band_under_the_flat_prior():
    assert share_at_or_above(3.4, 0.3, 3, 1, 4) > 0.9 > share_at_or_above(3.2, 0.3, 3, 1, 4)
    wide = band(4.0, 0.5, 1, 4)
    assert 0.5 <= wide.low < wide.high <= 4.5
    assert certainty(0.69) == "between"


def test_intervals_cover_the_truth_they_claim_to():
    rng = np.random.default_rng(3)
    parts, hits, n = Components(), 0, 2000
    truth = rng.uniform(0.5, 4.5, n)
    levels = truth[:, None] + rng.normal(0, parts.single, (n, 3))
    errors = standard_errors(
        Segments.of(levels.ravel(), np.arange(0, 3 * n + 1, 3)),
        np.full(3 * n, 1 / 3),
        np.tile(np.arange(3), n),
        np.tile(np.arange(3), n),
        parts,
    )
    for value, error, true in zip(levels.mean(axis=1), errors, truth, strict=True):
        interval = band(float(value), float(error), 1, 4)
        hits += interval.low <= true <= interval.high
    assert 0.77 < hits / n < 0.83


def test_no_interval_below_the_required_count():
    policy = Policy.from_mapping({"rule": "mean", "requirement": {"pieces": 3}})
    assert np.isnan(determine(Ratings.of(level=[3, 3]), policy, components=Components()).standard_error[0])
    assert determine(Ratings.of(level=[3, 3]), policy).state[0] == State.TOO_LITTLE


def test_tries_end_with_the_first_single_rating_that_is_enough() -> None:
    first = tries([3.0, 2.0, 3.5], [10, 20, 30], enough=3.0, until=99)
    assert (first.tries, first.days, first.reached, first.first_reached, first.again) == (
        1,
        0,
        True,
        True,
        True,
    )
    never = tries([2.0, 2.99], [10, 20], enough=3.0, until=99)
    assert (never.first, never.tries, never.days, never.reached) == (2.0, 2, 89, False)
    no_word = tries([4.0], [10], enough=float("inf"), until=10)
    assert (no_word.reached, no_word.again, no_word.days) == (False, False, 0)


def test_years_left_are_whole_grades_and_the_rest_of_the_session() -> None:
    assert years_left(-1, weeks=36) == 14.0
    assert years_left(12, weeks=0) == 0.0
    assert years_left(11, weeks=50) == 2.0
    assert years_left(13, weeks=36) is None
