"""Plans of who scores what: tied, balanced, mixed, the same under a seed; and as precise as they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.science.facets import design
from headway.science.facets.design import expected_errors, rating_design
from headway.science.facets.fitting import facets
from headway.science.facets.linking import connected_sets
from headway.science.facets.planning import _first, _least, least_plan, plan_with
from headway.science.facets.ratings import FacetsRefused, rating_table
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal


def plan(*sizes, seed=1, **more):
    return rating_design(*sizes, np.random.default_rng(seed), **more)


def tied(found):
    pieces, count = found.raters_of.shape
    table = rating_table(np.ones(pieces * count), {"student": np.repeat(np.arange(pieces), count),
                                                   "rater": found.raters_of.ravel()})  # fmt: skip
    return int(connected_sets(table, "student", "rater").max()) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 14), st.integers(1, 60), st.integers(2, 4), st.integers(0, 99), st.booleans())
def test_every_plan_is_tied_balanced_and_within_capacity(raters, pieces, count, seed, limited):
    capacity = np.random.default_rng(seed).integers(0, 30, raters) if limited else None
    try:
        found = plan(raters, pieces, count, seed=seed, capacity=capacity)
    except FacetsRefused as refused:
        assert refused.code in (
            "too_few_raters",
            "too_few_pieces",
            "too_little_capacity",
            "no_raters",
            "no_links",
        )
        assert limited or refused.code in ("too_few_raters", "too_few_pieces")
        return
    assert tied(found)
    assert all(len(set(row)) == count for row in found.raters_of.tolist())
    assert found.load.sum() == pieces * count
    if capacity is None:
        assert np.ptp(found.load) <= 1
    else:
        assert (found.load <= capacity).all()
        roomy = found.load[(found.load < np.minimum(capacity, pieces)) & (capacity > 0)]
        assert len(roomy) == 0 or found.load.max() <= roomy.min() + 1


def test_the_least_number_of_pieces_ties_all():
    found = plan(7, 3, 3)
    assert tied(found) and found.load.max() <= 2
    with pytest.raises(FacetsRefused) as caught:
        plan(8, 3, 3)
    assert caught.value.code == "too_few_pieces" and "takes 4 pieces" in str(caught.value)


def test_the_least_number_of_pieces_ties_all_under_every_seed_also_where_loads_are_uneven():
    # Once the last piece found one rater with two scores left and too few others.
    for seed in range(60):
        for raters, pieces, count in ((11, 4, 4), (11, 5, 3), (13, 4, 4), (10, 3, 4)):
            found = plan(raters, pieces, count, seed=seed)
            assert tied(found) and np.ptp(found.load) <= 1


def test_pairs_are_mixed_before_they_repeat():
    found = plan(10, 90, 2)
    assert found.met == 45 and found.repeated <= 4 and (found.partners == 9).all()


def test_the_same_seed_gives_the_same_plan():
    one, other, third = plan(9, 50, 2, seed=3), plan(9, 50, 2, seed=3), plan(9, 50, 2, seed=4)
    assert (one.raters_of == other.raters_of).all() and (one.raters_of != third.raters_of).any()


def test_raters_of_different_schools_meet():
    found = plan(12, 200, 2, school=["a"] * 6 + ["b"] * 6)
    assert found.crossing > 0.9
    assert np.isnan(plan(12, 200, 2).crossing)


def test_expected_errors_are_those_found(monkeypatch):
    found = plan(12, 600, 2)
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(3):
        theta, severity = rng.normal(size=600), rng.normal(0, 0.5, 12)
        eta = np.repeat(theta, 2) - severity[found.raters_of.ravel()]
        logs = np.cumsum(np.concatenate((np.zeros((1200, 1)), eta[:, None] - np.array([-1.2, 0, 1.2])), 1), 1)
        chance = np.exp(logs) / np.exp(logs).sum(1, keepdims=True)
        rating = (rng.random(1200)[:, None] > np.cumsum(chance, 1)).sum(1)
        fit = facets(rating, {"student": np.repeat(np.arange(600), 2), "rater": found.raters_of.ravel()})
        errors.append(fit.elements["rater"].standard_error.mean())
    assert found.standard_error.mean() == pytest.approx(np.mean(errors), rel=0.07)
    exact = expected_errors(found.raters_of, 12, 0.7, 1.0)
    monkeypatch.setattr(design, "EXACT", 1)
    assert expected_errors(found.raters_of, 12, 0.7, 1.0) == pytest.approx(exact, rel=0.12)


@pytest.mark.parametrize(
    ("sizes", "more", "code"),
    [
        ((3, 10, 1), {}, "no_links"),
        ((2, 10, 3), {}, "too_few_raters"),
        ((3, 10, 2), {"capacity": [1, 1, 1]}, "too_little_capacity"),
        ((2, 10, 2), {"capacity": [0, 0]}, "no_raters"),
        ((6_000, 9_000, 2), {}, "too_many_raters"),
    ],
)
def test_refusals(sizes, more, code):
    with pytest.raises(FacetsRefused) as caught:
        plan(*sizes, **more)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "sizes, schools, seed, per_piece, worst",
    [
        ((2, 20, 5), 0, 0, 2, 0.065034), ((8, 20, 4), 3, 0, 4, 0.146772), ((13, 20, 5), 3, 7, 6, 0.138465),
        ((20, 60, 4), 0, 7, 4, 0.14407), ((40, 60, 5), 3, 0, 6, 0.146323), ((60, 120, 5), 3, 7, 5, 0.143032),
        ((60, 120, 4), 0, 0, 6, 0.142529),
    ],
)  # fmt: skip
def test_the_least_plan_is_what_trying_every_number_gave(sizes, schools, seed, per_piece, worst):
    """Values of the search that drew a plan for every half, before it began at the bound below which there is none."""
    school = [str(n % schools) for n in range(sizes[0])] if schools else None
    found = least_plan(*sizes, seed, school=school)
    assert found.per_piece == per_piece and found.tells
    assert float(found.error_levels.max()) == pytest.approx(worst, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 20), st.integers(2, 40), st.integers(1, 6), st.integers(0, 99))
def test_no_plan_tells_below_the_bound_at_which_the_search_begins(raters, pieces, criteria, seed):
    bound = _least(raters, pieces, criteria, 4)
    for k in range(2, bound):
        if pieces * (k - 1) >= raters - 1:
            assert not plan_with(raters, pieces, k, criteria, np.random.default_rng(seed)).tells
    assert least_plan(raters, pieces, criteria, seed).per_piece >= min(bound, raters)


@pytest.mark.parametrize("low, first", [(low, first) for low in (2, 5, 9) for first in range(low, 21)])
def test_the_search_finds_the_first_and_looks_at_few(low, first):
    asked = []

    def holds(k):
        asked.append(k)
        return k >= first

    assert _first(holds, low, 20) == first
    assert len(asked) <= 2 * math.log2(max(2, first - low + 2)) + 2 and all(low <= k < 20 for k in asked)


def test_expected_errors_are_those_of_the_information_written_out():
    found = plan(9, 30, 3, seed=4)
    information, raters = found.information, 9
    shared = information**2 / (3 * information + 1)
    whole = np.zeros((raters, raters))
    for chosen in found.raters_of:
        for a in chosen:
            whole[a, a] += information - shared
            for b in chosen:
                whole[a, b] -= shared * (a != b)
    centered = np.eye(raters) - 1 / raters
    expected = np.sqrt(np.diag(np.linalg.pinv(centered @ whole @ centered)))
    assert expected_errors(found.raters_of, raters, information, 1.0) == pytest.approx(expected, rel=1e-9)


def test_who_met_whom_is_counted_in_blocks_and_beyond_the_exact_alike(monkeypatch):
    whole = plan(12, 40, 3, seed=5)
    monkeypatch.setattr(design, "BLOCK", 50)
    blocks = plan(12, 40, 3, seed=5)
    monkeypatch.setattr(design, "EXACT", 3)
    beyond = plan(12, 40, 3, seed=5)
    pairs = {(a, b) for row in whole.raters_of.tolist() for a in row for b in row if a < b}
    assert (
        whole.met == blocks.met == beyond.met == len(pairs)
        and whole.repeated == blocks.repeated == beyond.repeated
    )
    assert whole.partners.tolist() == blocks.partners.tolist() == beyond.partners.tolist()


def test_on_files(tmp_path):
    path = tmp_path / "raters.csv"
    path.write_text("rater,capacity,school\nann,20,x\nbob,,y\ncy,5,x\n", "utf-8")
    answer = run("rating-design", [path], {"pieces": "20", "per-piece": "2", "seed": "7"})
    assert [row["load"] for row in answer["estimates"]][2] == 5 and len(answer["assignments"]) == 20
    assert all(len(set(row["raters"])) == 2 for row in answer["assignments"])
    for text, options, code in (
        ("rater\nann\nann\n", {"pieces": "9", "per-piece": "2"}, "rater_twice"),
        ("rater,capacity\nann,-1\nbob,2\n", {"pieces": "9", "per-piece": "2"}, "out_of_range"),
        ("rater\nann\nbob\n", {"pieces": "9"}, "bad_parameter"),
        ("rater\nann\nbob\n", {"pieces": "9", "per-piece": "1"}, "no_links"),
        ("name\nann\n", {"pieces": "9", "per-piece": "2"}, "column_missing"),
    ):
        path.write_text(text, "utf-8")
        with pytest.raises(ScienceRefusal) as caught:
            run("rating-design", [path], options)
        assert caught.value.code == code
