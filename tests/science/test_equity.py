"""Gaps, risk ratios, inequality, predictability, pooling and supports: published figures, properties, known truths."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.science.equity.gaps import Gap, gap, hedges_g, narrowing, welch
from headway.science.equity.inequality import inequality
from headway.science.equity.pooling import pooled_means, pooled_shares
from headway.science.equity.predictability import predictability
from headway.science.equity.risk import Group, ratio, risk_ratios
from headway.science.equity.shares import share, share_difference
from headway.science.equity.supports import expected_change
from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

from .simulations import hits, holds

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


def rounded(interval: tuple[float, float] | None, digits: int = 4) -> list[float]:
    assert interval is not None
    return [round(end, digits) for end in interval]


# Shares: Newcombe (1998), Statistics in Medicine 17:857 table I, and 17:873 table II.


@pytest.mark.parametrize(
    ("affected", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(affected: int, n: int, low: float, high: float) -> None:
    assert rounded(share(affected, n).interval) == [low, high]


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926), ((0, 10, 0, 20), -0.1611, 0.2775), ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0), ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)  # fmt: skip
def test_newcombe(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    assert rounded(share_difference(*counts).interval) == [low, high]


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(EstimateRefused, match="not a count"):
        share(3, 2)
    assert share(0, 0).reasons == ("empty_group",)


# Gaps.


def of(a: list[float], b: list[float], **how: object) -> Gap:
    return gap(np.array(a + b, float), np.arange(len(a) + len(b)) < len(a), **how)


def test_a_gap_says_both_levels_and_does_not_hide_in_its_cut() -> None:
    found = of([4, 3, 3, 2] * 5, [3, 2, 2, 1] * 5)
    assert (found.reference.value, found.group.value, found.difference.value) == (3.0, 2.0, 1.0)
    by_cut = [of([4, 3, 3, 2] * 5, [3, 2, 2, 1] * 5, cut=cut) for cut in (2, 3, 4)]
    assert [one.difference.value for one in by_cut] == [0.25, 0.5, 0.25]
    assert {one.v.value for one in (found, *by_cut)} == {found.v.value}
    pairs = [(x > y) + 0.5 * (x == y) for x in (4, 3, 3, 2) for y in (3, 2, 2, 1)]
    assert found.v.value == pytest.approx(math.sqrt(2) * NormalDist().inv_cdf(np.mean(pairs)), abs=1e-12)


def test_v_of_normal_groups_is_their_distance() -> None:
    """For normal groups of one spread V is the standardized difference (Ho and Haertel 2006)."""
    even = np.array([NormalDist().inv_cdf((k + 0.5) / 2000) for k in range(2000)])
    found = of(list(even + 0.6), list(even))
    assert found.v.value == pytest.approx(0.6, abs=0.002)


def test_hedges_g_against_its_formula() -> None:
    """Borenstein et al. (2009), Introduction to Meta-Analysis, page 27: d 0.5970, J 0.9923, g 0.5924."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    a = (a - a.mean()) / a.std(ddof=1) * 5.5 + 103
    b = (b - b.mean()) / b.std(ddof=1) * 4.5 + 100
    assert hedges_g(a, b).value == pytest.approx(0.5924, abs=5e-5)


def test_welch_against_scipy() -> None:
    from scipy.stats import ttest_ind

    a, b = np.array([27.5, 21, 19, 23.6, 17]), np.array([27.1, 22, 20.8, 23.4, 23.4, 18])
    theirs = ttest_ind(a, b, equal_var=False).confidence_interval(0.9)
    assert welch(a, b, chance=0.9).interval == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_noncentral_interval_of_g() -> None:
    """Under its ends a t of 2.5 with 18 degrees of freedom is as rare as the tails, by SciPy's noncentral t."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 10))
    a = (a - a.mean()) / a.std(ddof=1) + 2.5 * math.sqrt(2 / 10)
    b = (b - b.mean()) / b.std(ddof=1)
    interval = hedges_g(a, b).interval
    assert interval is not None
    from scipy.stats import nct

    for end, tail in zip(interval, (0.975, 0.025), strict=True):
        assert nct.cdf(2.5, 18, end * math.sqrt(5)) == pytest.approx(tail, abs=1e-6)


def test_what_a_gap_cannot_say() -> None:
    with pytest.raises(EstimateRefused):
        of([], [1.0, 2.0])
    assert of([4.0] * 12, [1.0] * 12).v.reasons == ("no_overlap",)
    few = of([3.0, 2.0], [1.0, 2.5])
    assert "small_group" in few.difference.reasons
    alone = of([3.0], [1.0, 2.0])
    assert alone.difference.interval is None and "one_student" in alone.difference.reasons


@given(
    st.lists(st.integers(1, 4), min_size=3, max_size=20), st.lists(st.integers(1, 4), min_size=3, max_size=20)
)
@settings(max_examples=30, deadline=None)
def test_a_gap_turned_round_is_its_opposite(a: list[int], b: list[int]) -> None:
    there, back = (
        of([*map(float, a), 2.5], [*map(float, b), 2.5]),
        of([*map(float, b), 2.5], [*map(float, a), 2.5]),
    )
    assert there.difference.value == pytest.approx(-(back.difference.value or 0), abs=1e-12)
    assert there.v.value == pytest.approx(-(back.v.value or 0), abs=1e-9)


@pytest.mark.parametrize(
    ("reference", "group", "code"),
    [
        ((3.0, 2.6), (2.0, 2.0), "narrowed_as_the_higher_fell"), ((3.0, 3.0), (2.0, 2.4), "narrowed_as_the_lower_rose"),
        ((3.0, 3.2), (2.0, 2.0), "widened"), ((3.0, 2.0), (2.0, 3.0), "turned"), ((3.0, 3.1), (2.0, 2.1), "unchanged"),
        ((2.0, 2.0), (3.0, 2.5), "narrowed_as_the_higher_fell"),
    ],
)  # fmt: skip
def test_how_a_gap_narrows(reference: tuple[float, float], group: tuple[float, float], code: str) -> None:
    assert narrowing(reference, group) == code


def test_few_schools_never_a_sandwich() -> None:
    """With 3 schools a normal sandwich covers 76 % for 95 %; t on school means keeps its chance."""
    schools = np.repeat(np.arange(3), 8)
    values = np.array([1.0, 2, 3, 4, 2, 3, 4, 5] * 3) + schools
    found = gap(values, np.tile(np.arange(8) < 4, 3), schools=schools)
    assert found.difference.method == "mean over schools of the difference within each, t(G - 1)"
    assert (
        found.schools == 3
        and found.about == "schools and cohorts like these"
        and found.v.reasons == ("few_schools",)
    )
    many = gap(np.tile(values, 4), np.tile(np.arange(8) < 4, 12), schools=np.repeat(np.arange(12), 8))
    assert many.difference.method == "all students, jackknife over schools, t(G - 1)"


def schooled(count: int):
    def draw(rng: np.random.Generator):
        at = np.repeat(np.arange(count), 30)
        reference = rng.random(len(at)) < 0.5
        values = rng.normal(0, 0.5, count)[at] + (0.5 + rng.normal(0, 0.3, count)[at]) * reference
        found = gap(values + rng.normal(0, 1, len(at)), reference, schools=at)
        return [(found.difference.interval, 0.5)]

    return draw


def drawn_gap(rng: np.random.Generator):
    a, b = rng.normal(3, 1, 30), rng.normal(2.5, 1, 25)
    found = of(list(a), list(b))
    yes = of(list((a > 3).astype(float)), list((b > 3).astype(float)))
    truth = 0.5 - NormalDist().cdf(-0.5)
    assert found.hedges_g is not None
    return [(found.difference.interval, 0.5), (found.hedges_g.interval, 0.5), (found.v.interval, 0.5),
            (yes.difference.interval, truth)]  # fmt: skip


def test_intervals_of_gaps_hold_their_chance() -> None:
    assert holds(hits(drawn_gap, 150, 1), 150)
    for count in (3, 12):
        assert holds(hits(schooled(count), 150, 2), 150)


@pytest.mark.soak
@pytest.mark.parametrize("draw", [drawn_gap, *map(schooled, (3, 6, 10, 20, 40))])
def test_intervals_of_gaps_hold_their_chance_closely(draw) -> None:
    assert holds(hits(draw, 2000, 3), 2000, slack=0.02)


# Risk ratios.

DISTRICT = (("Native", 60, 4), ("Asian", 400, 12), ("Black", 900, 90), ("Hispanic", 1400, 70), ("Two or more", 150, 9),
            ("White", 4300, 215))  # fmt: skip


def test_the_rule_on_risk_ratios() -> None:
    """Arithmetic of 34 CFR 300.647 on an invented district; figures with pencil: 90/900 ÷ 310/6310."""
    found = {one.name: one for one in risk_ratios([Group(*row) for row in DISTRICT], state_risk=0.07)}
    black = found["Black"]
    assert black.ratio.value == pytest.approx(90 / 900 / (310 / 6310), abs=1e-12)
    assert black.alternate is not None and black.alternate.value == pytest.approx(0.1 / 0.07, abs=1e-12)
    assert black.ratio.interval == pytest.approx((1.6269146232520404, 2.5466576609213765), abs=1e-12)
    assert [name for name, one in found.items() if not one.reportable] == ["Native", "Two or more"]
    assert found["Native"].rule == "not_required" and found["Native"].ratio.reasons == ("under_cell_size",)


def test_a_small_comparison_group_asks_for_the_alternate_ratio() -> None:
    """300.647(b)(5): the alternate risk ratio where the comparison group of the district misses either size."""
    two = [Group("A", 500, 60), Group("B", 25, 2)]
    found = risk_ratios(two)[0]
    assert found.rule == "alternate_risk_ratio" and not found.reportable
    assert found.ratio.reasons == (
        "comparison_under_cell_size",
        "comparison_under_n_size",
        "state_risk_missing",
    )
    known = risk_ratios(two, state_risk=0.06)[0]
    assert known.reportable and known.alternate is not None and known.alternate.value == pytest.approx(2.0)
    assert risk_ratios(two)[1].ratio.reasons == ("under_cell_size", "under_n_size")


def test_ratios_at_their_ends() -> None:
    nobody, score = ratio(0, 40, 5, 50)
    assert (
        nobody.value == 0.0
        and nobody.interval is None
        and score is not None
        and score[0] == 0.0
        and score[1] < 2
    )
    none, score = ratio(5, 40, 0, 50)
    assert (
        none.value is None
        and none.reasons == ("no_comparison_risk",)
        and score is not None
        and score[1] == math.inf
    )
    assert ratio(0, 40, 0, 50)[1] is None
    with pytest.raises(EstimateRefused):
        risk_ratios([Group("A", 3, 4), Group("B", 3, 1)])
    with pytest.raises(EstimateRefused):
        risk_ratios([Group("A", 30, 4)])


def test_score_interval() -> None:
    """Koopman (1984), Biometrics 40:513: 36 of 40 against 16 of 80 gives 2.94 to 7.15."""
    assert rounded(ratio(36, 40, 16, 80)[1], 2) == [2.94, 7.15]


@pytest.mark.shared
def test_risk_ratio_of_the_case(tmp_path) -> None:
    folder = CASES / "equity-risk-ratio"
    expected = json.loads((folder / "expected.json").read_text())
    rows = list(csv.DictReader((folder / "district.csv").read_text(encoding="utf-8").splitlines()))
    path = tmp_path / "district.csv"
    path.write_text(
        "group,n,affected\n" + "".join(f"{r['group']},{r['enrolled']},{r['identified']}\n" for r in rows)
    )
    answer = run("risk-ratio", [path], {"state-risk": "0.07"})
    for row in answer["estimates"]:
        right = expected["groups"][row["group"]]
        assert row["risk"] == pytest.approx(right["risk"], abs=1e-12)
        assert row["comparison_risk"] == pytest.approx(right["comparison_risk"], abs=1e-12)
        assert row["risk_ratio"] == pytest.approx(right["risk_ratio"], abs=1e-12)
        assert row["interval"] == pytest.approx(right["ci95"], abs=1e-12)
        assert row["reportable"] == right["reportable_cell10_n30"]
        assert row["alternate_risk_ratio"] == pytest.approx(
            expected["alternate_risk_ratio"][row["group"]], abs=1e-12
        )


# Inequality.


@given(st.lists(st.integers(0, 30), min_size=2, max_size=40).filter(lambda xs: sum(xs) > 0), st.randoms())
@settings(max_examples=40, deadline=None)
def test_gini_and_theil_by_their_definitions(amounts: list[int], random) -> None:
    x = np.array(amounts, float)
    groups = np.array([random.randint(0, 2) for _ in amounts])
    found = inequality(x, groups, replicates=50)
    assert found.gini.value == pytest.approx(
        np.abs(x[:, None] - x).sum() / (2 * len(x) ** 2 * x.mean()), abs=1e-12
    )
    shares = x[x > 0] / x.mean()
    assert found.theil.value == pytest.approx((shares * np.log(shares)).sum() / len(x), abs=1e-12)
    assert found.within is not None and found.between is not None
    assert found.within.value + found.between.value == pytest.approx(found.theil.value, abs=1e-12)
    means = {g: x[groups == g].mean() for g in set(groups.tolist())}
    between = sum(
        (groups == g).mean() * m / x.mean() * math.log(m / x.mean()) for g, m in means.items() if m > 0
    )
    assert found.between.value == pytest.approx(between, abs=1e-12)


def test_inequality_by_hand_and_its_refusals() -> None:
    assert inequality(np.array([0.0, 0, 0, 10]), replicates=50).gini.value == 0.75
    equal = inequality(np.full(20, 3.0), replicates=50).gini
    assert (
        equal.value == pytest.approx(0.0, abs=1e-15)
        and equal.interval is None
        and equal.reasons == ("no_spread",)
    )
    for values, code in (([-1.0, 2], "negative"), ([0.0, 0], "nothing_to_share"), ([math.nan], "no_rows")):
        with pytest.raises(EstimateRefused) as caught:
            inequality(np.array(values))
        assert caught.value.code == code


LEVELS, CHANCES = np.array([1.0, 2, 3, 4]), np.array([0.1, 0.3, 0.4, 0.2])


def drawn_amounts(rng: np.random.Generator):
    mean = LEVELS @ CHANCES
    gini = (CHANCES[:, None] * CHANCES * np.abs(LEVELS[:, None] - LEVELS)).sum() / 2 / mean
    theil = (CHANCES * LEVELS / mean * np.log(LEVELS / mean)).sum()
    found = inequality(rng.choice(LEVELS, 80, p=CHANCES), replicates=200, rng=rng)
    return [(found.gini.interval, gini), (found.theil.interval, theil)]


def test_intervals_of_inequality_hold_their_chance() -> None:
    assert holds(hits(drawn_amounts, 100, 4), 100)


@pytest.mark.soak
def test_intervals_of_inequality_hold_their_chance_closely() -> None:
    assert holds(hits(drawn_amounts, 600, 4), 600)


# Predictability.


def drawn_outcome(slope: float, entry: float):
    def draw(rng: np.random.Generator):
        groups = rng.integers(0, 4, 300)
        x = rng.normal(0, 1, 300)
        y = slope * groups + entry * x + rng.normal(0, 1, 300)
        found = predictability(y, groups, x, replicates=0, rng=rng)
        assert found.entry is not None and found.both is not None
        of_group, of_entry = slope**2 * 1.25, entry**2
        whole = of_group + of_entry + 1
        return [(found.group.interval, of_group / whole), (found.entry.interval, of_entry / whole),
                (found.both.interval, (of_group + of_entry) / whole)]  # fmt: skip

    return draw


def drawn_yes(rng: np.random.Generator):
    groups = rng.integers(0, 2, 400)
    y = (rng.random(400) < np.where(groups == 1, 0.6, 0.4)).astype(float)
    none = (rng.random(400) < 0.4).astype(float)
    return [(predictability(y, groups, replicates=0).group.interval, 0.6),
            (predictability(none, groups, replicates=0).group.interval, 0.5)]  # fmt: skip


def test_intervals_of_predictability_hold_their_chance() -> None:
    for draw in (drawn_outcome(0.3, 0.5), drawn_outcome(0, 0), drawn_yes):
        assert holds(hits(draw, 120, 5), 120, slack=0.03)


@pytest.mark.soak
@pytest.mark.parametrize(
    "draw", [drawn_outcome(0, 0), drawn_outcome(0.3, 0.5), drawn_outcome(0.2, 1.5), drawn_yes]
)
def test_intervals_of_predictability_hold_their_chance_closely(draw) -> None:
    assert holds(hits(draw, 1000, 6), 1000, slack=0.025)


def found_by_chance(runs: int) -> float:
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(runs):
        groups, y = rng.integers(0, 3, 90), rng.normal(0, 1, 90)
        found += predictability(y, groups, replicates=59, rng=rng).chances["group"] <= 0.05
    return found / runs


def test_nothing_is_not_found() -> None:
    assert found_by_chance(100) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 100)


@pytest.mark.soak
def test_nothing_is_not_found_closely() -> None:
    assert found_by_chance(2000) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 2000)


def test_no_group_effect_is_about_zero_and_a_planted_one_is_found() -> None:
    rng = np.random.default_rng(8)
    groups, x = rng.integers(0, 5, 4000), rng.normal(0, 1, 4000)
    nothing = predictability(rng.normal(0, 1, 4000), groups, x, replicates=40, rng=rng)
    assert abs(nothing.group.value or 0) < 0.005 and abs(nothing.both.value or 0) < 0.005
    planted = predictability(0.4 * groups + x + rng.normal(0, 1, 4000), groups, x, replicates=40, rng=rng)
    assert planted.group.value == pytest.approx(0.32 / 2.32, abs=0.03) and planted.chances["group"] < 0.03
    assert planted.both.value == pytest.approx(1.32 / 2.32, abs=0.03)


def test_cross_validation_against_refitting_without_each_fold() -> None:
    rng = np.random.default_rng(9)
    n, groups = 60, rng.integers(0, 3, 60)
    x = rng.normal(0, 1, n)
    y = groups + x + rng.normal(0, 1, n)
    found = predictability(y, groups, x, folds=5, replicates=0, rng=np.random.default_rng(3))
    order, fold = np.random.default_rng(3).permutation(n), np.empty(n, int)
    fold[order] = np.arange(n) % 5
    columns = np.column_stack([groups == g for g in range(3)] + [x]).astype(float)
    left, base = 0.0, 0.0
    for at in range(5):
        train, test = fold != at, fold == at
        beta = np.linalg.lstsq(columns[train], y[train], rcond=None)[0]
        left += ((y[test] - columns[test] @ beta) ** 2).sum()
        base += ((y[test] - y[train].mean()) ** 2).sum()
    assert found.both is not None and found.both.value == pytest.approx(1 - left / base, abs=1e-10)


def test_what_is_not_predictable_is_refused() -> None:
    groups = np.arange(40) % 2
    for y, g, code in (
        (np.ones(40), groups, "no_spread"), (np.arange(40.0), np.zeros(40, int), "one_group"),
        (np.arange(6.0), groups[:6], "few_students"),
    ):  # fmt: skip
        with pytest.raises(EstimateRefused) as caught:
            predictability(y, g)
        assert caught.value.code == code


# Pooling and supports.


def drawn_groups(rng: np.random.Generator):
    sizes, true = rng.integers(10, 30, 15), rng.normal(3, 0.3, 15)
    means = true + rng.normal(0, 1, 15) / np.sqrt(sizes)
    shares = rng.beta(6, 4, 15)
    found = [*pooled_means(means, sizes, 1.0), *pooled_shares(rng.binomial(sizes, shares), sizes)]
    return [(one.interval, truth) for one, truth in zip(found, (*true, *shares), strict=True)]


def test_pooled_intervals_hold_their_chance_and_are_nearer() -> None:
    shares = hits(drawn_groups, 25, 10)
    assert holds(np.array([shares[:15].mean(), shares[15:].mean()]), 25 * 15, slack=0.02)
    rng = np.random.default_rng(11)
    plain, pooled = 0.0, 0.0
    for _ in range(30):
        true, sizes = rng.normal(3, 0.3, 12), rng.integers(10, 30, 12)
        means = true + rng.normal(0, 1, 12) / np.sqrt(sizes)
        plain += ((means - true) ** 2).sum()
        pooled += sum(
            (one.value - t) ** 2 for one, t in zip(pooled_means(means, sizes, 1.0), true, strict=True)
        )
    assert pooled < 0.9 * plain


def test_below_the_minimum_nothing_is_released_or_lent() -> None:
    sizes = np.array([9, 20, 25, 30])
    with_it = pooled_means(np.array([9.0, 2, 2.2, 2.4]), sizes, 1.0)
    assert with_it[0].value is None and with_it[0].reasons == ("below_minimum",)
    without = pooled_means(np.array([math.nan, 2, 2.2, 2.4]), sizes, 1.0)
    assert [one.value for one in with_it[1:]] == [one.value for one in without[1:]]
    assert all(one.reasons == ("borrows_from_similar_groups",) for one in with_it[1:])
    assert pooled_shares(np.array([3, 8]), np.array([20, 20]))[0].reasons == ("few_groups",)


def test_eight_schools() -> None:
    """Gelman et al. (2013), table 5.3: posterior medians 10, 8, 7, 8, 5, 6, 10, 8; ours are means of the same model."""
    effects, errors = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
    sizes = np.round((1000 / errors) ** 2).astype(int)
    found = [one.value for one in pooled_means(effects, sizes, 1000.0)]
    assert found == pytest.approx([10, 8, 7, 8, 5, 6, 10, 8], abs=1.5)


def drawn_selection(rng: np.random.Generator):
    first = rng.normal(3, 0.8, 400)
    second = 3 + 0.7 * (first - 3) + rng.normal(0, 0.8 * math.sqrt(1 - 0.49), 400)
    chosen = first < 2.5
    found = expected_change(
        float(first[chosen].mean()), 3.0, 0.7, population_spread=0.8, selected=int(chosen.sum())
    )
    return [(found.interval, float((second - first)[chosen].mean()))]


def test_students_chosen_for_low_values_rise_without_support() -> None:
    assert holds(hits(drawn_selection, 300, 12), 300)
    assert expected_change(2.0, 3.0, 1.0).value == 0.0
    assert expected_change(2.0, 3.0, 0.7, population_spread=0.8, selected=40, pairs=50).interval[0] < 0.1
    with pytest.raises(EstimateRefused):
        expected_change(2.0, 3.0, 1.2)


# On files.


def ask(tmp_path, name: str, text: str, **options: str):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return run(name, [path], options)


def test_gap_on_files(tmp_path) -> None:
    text = "group,value,period\n" + "a,3,1\na,4,1\nb,2,1\nb,2,1\na,2,2\na,3,2\nb,2,2\nb,2,2\nb,,2\n"
    found = ask(tmp_path, "gap", text, reference="a")
    assert [row["value"] for row in found["estimates"]] == [1.5, 0.5] and (found["n"], found["excluded"]) == (
        8,
        1,
    )
    assert found["trends"] == [{"group": "b", "trend": "narrowed_as_the_higher_fell"}]
    counts = ask(tmp_path, "gap", "group,n,affected\nA,70,56\nB,80,48\n")
    assert counts["value"] == pytest.approx(0.2) and rounded(tuple(counts["interval"])) == [0.0524, 0.3339]
    assert counts["estimates"][0]["percentage_points"] == pytest.approx(20)
    assert counts["reasons"] == ["reference_is_the_first_group"]


def test_inequality_and_predictability_on_files(tmp_path) -> None:
    found = ask(tmp_path, "inequality", "group,value\na,0\na,0\nb,0\nb,10\n", replicates="100", seed="3")
    assert found["value"] == 0.75 and found["theil"] == pytest.approx(math.log(4))
    rng = np.random.default_rng(1)
    rows = [(g, g + rng.normal(), rng.normal()) for g in rng.integers(0, 2, 60).tolist()]
    text = "group,value,entry\n" + "".join(f"g{g},{y},{x}\n" for g, y, x in rows)
    found, again = (ask(tmp_path, "predictability", text, replicates="20", seed="5") for _ in range(2))
    assert [row["by"] for row in found["estimates"]] == ["group", "entry", "both"] and found == again


@pytest.mark.parametrize(
    ("name", "text", "options", "code", "line"),
    [
        ("gap", "group\na\nb\n", {}, "column_missing", 1),
        ("gap", "group,value\na,1\nb,x\n", {}, "not_a_number", 3),
        ("gap", "group,value\na,1\na,2\n", {}, "one_group", None),
        ("gap", "group,value\na,1\nb,2\n", {"reference": "c"}, "unknown_group", None),
        ("gap", "group,value\na,1\nb,inf\n", {}, "not_a_number", 3),
        ("gap", "group,value\n", {}, "no_rows", None),
        ("gap", "group,value,value\na,1,1\n", {}, "column_twice", 1),
        ("gap", "group,n,affected\na,10,5\nb,10,11\n", {}, "not_a_count", 3),
        ("gap", "group,n,affected,school\na,10,5,x\nb,10,1,x\n", {}, "needs_students", 1),
        ("gap", "group,value\na,1\nb,2,3\n", {}, "cells_differ", 3),
        ("gap", "group,value\na,1\nb,2\n", {"interval": "95"}, "bad_parameter", None),
        ("risk-ratio", "group,n,affected\na,10,5.5\nb,10,1\n", {}, "not_a_count", 2),
        ("risk-ratio", "group,n,affected\na,10,5\nb,10,\n", {}, "not_a_count", 3),
        ("risk-ratio", "group,value\na,1\nb,2\n", {}, "not_yes_or_no", 3),
        ("risk-ratio", "group,n,affected\na,10,5\nb,10,1\n", {"state-risk": "7"}, "not_a_share", None),
        ("inequality", "value\n-1\n2\n", {}, "negative", None),
        ("predictability", "group,value\na,1\nb,2\n", {}, "few_students", None),
    ],
)
def test_wrong_files_are_refused(
    tmp_path, name: str, text: str, options: dict[str, str], code: str, line
) -> None:
    with pytest.raises(ScienceRefusal) as caught:
        ask(tmp_path, name, text, **options)
    assert caught.value.code == code and caught.value.where.get("line") == line


def test_a_group_without_values_does_not_take_the_others_answers_away(tmp_path) -> None:
    found = ask(
        tmp_path, "gap", "group,value,school\na,3,x\na,4,y\nb,2,x\nb,2,y\nc,,x\na,2,\n", reference="a"
    )
    assert [(row["group"], row["value"], row["reasons"]) for row in found["estimates"]][1] == (
        "c",
        None,
        ["empty_group"],
    )
    assert found["estimates"][0]["value"] == 1.5 and (found["n"], found["excluded"]) == (4, 2)
