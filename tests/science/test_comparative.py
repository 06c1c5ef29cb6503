"""Comparative judgement: the published case, ties, order, errors at size, judges, reliability, pairing, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.science.comparative import Comparisons, bradley_terry, propose_pairs, split_half
from headway.science.comparative import laplacian as laplacians
from headway.science.comparative.likelihood import outcome_chances
from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

# Agresti, Categorical Data Analysis (2002), table 10.10, the 1987 American League East: home wins and losses of the row's team
# against the column's. Estimates by BradleyTerry2 1.1-2 for R (Turner & Firth 2012), against Baltimore.
TEAMS = ("Baltimore", "Boston", "Cleveland", "Detroit", "Milwaukee", "New York", "Toronto")
HOME = {
    "Milwaukee": "Detroit 4-3, Toronto 4-2, New York 4-3, Boston 6-1, Cleveland 4-2, Baltimore 6-0",
    "Detroit": "Milwaukee 3-3, Toronto 4-2, New York 4-3, Boston 6-0, Cleveland 6-1, Baltimore 4-3",
    "Toronto": "Milwaukee 2-5, Detroit 4-3, New York 2-4, Boston 4-3, Cleveland 4-2, Baltimore 6-0",
    "New York": "Milwaukee 3-3, Detroit 5-1, Toronto 2-5, Boston 4-3, Cleveland 4-2, Baltimore 6-1",
    "Boston": "Milwaukee 5-1, Detroit 2-5, Toronto 3-3, New York 4-2, Cleveland 5-2, Baltimore 6-0",
    "Cleveland": "Milwaukee 2-5, Detroit 3-3, Toronto 3-4, New York 4-3, Boston 4-2, Baltimore 2-4",
    "Baltimore": "Milwaukee 2-5, Detroit 1-5, Toronto 1-6, New York 2-4, Boston 1-6, Cleveland 3-4",
}
PLAIN = {
    "Boston": (1.1076977054, 0.3338779082),
    "Cleveland": (0.6838527692, 0.3318763991),
    "Detroit": (1.4364084318, 0.3395681875),
    "Milwaukee": (1.5813558767, 0.343255664),
    "New York": (1.2476178451, 0.3358606158),
    "Toronto": (1.2944851239, 0.3366690927),
}
AT_HOME = {
    "Boston": (1.1438026533, 0.3378421889),
    "Cleveland": (0.7046944569, 0.3350014033),
    "Detroit": (1.4753572136, 0.3445518233),
    "Milwaukee": (1.6195549936, 0.3473653061),
    "New York": (1.2813404033, 0.3404033588),
    "Toronto": (1.3271103981, 0.3403222088),
}


def baseball():
    rows = []
    for home, games in HOME.items():
        for game in games.split(", "):
            away, score = game.rsplit(" ", 1)
            wins, losses = map(int, score.split("-"))
            rows += [(home, away, home, wins), (away, home, home, losses)]
    return rows


def comparisons(rows):
    place = {name: at for at, name in enumerate(TEAMS)}
    columns = [[place[row[at]] for row in rows] for at in range(3)]
    return Comparisons.of(columns[0], columns[1], first=columns[2], count=[row[3] for row in rows])


@pytest.mark.parametrize(("order", "published"), [(False, PLAIN), (True, AT_HOME)])
def test_baseball(order, published):
    found = bradley_terry(comparisons(baseball()), order=order, reference=0)
    for at, name in enumerate(TEAMS[1:], 1):
        assert (found.value[at], found.standard_error[at]) == pytest.approx(published[name], abs=1e-6)
    assert (found.value[0], found.standard_error[0]) == (0, 0)
    assert found.centered.sum() == pytest.approx(0, abs=1e-12)
    if order:
        assert found.order == pytest.approx((0.3022606555, 0.1309436425), abs=1e-6)


def drawn(rng, n, m, spread=1.0, tie=-math.inf, advantage=0.0):
    """Comparisons of random pairs by the model itself."""
    truth = rng.normal(0, spread, n)
    one = rng.integers(0, n, m)
    other = (one + rng.integers(1, n, m)) % n
    _, wins, losses, _ = outcome_chances(truth[one] - truth[other] + advantage, tie)
    u = rng.random(m)
    lost = (u >= wins) & (u < wins + losses)
    winner, loser = np.where(lost, other, one), np.where(lost, one, other)
    tied = u >= wins + losses
    return truth, Comparisons.of(winner, loser, n_items=n, tie=tied, first=one, judge=rng.integers(0, 12, m))


def test_the_maximum_is_one_by_definition():
    """Slope by finite differences of the likelihood written out comparison by comparison, with ties and order."""
    _, pairs = drawn(np.random.default_rng(2), 8, 300, 0.8, -0.5, 0.4)
    found = bradley_terry(pairs, order=True)

    def likelihood(x):
        apart = x[pairs.winner] - x[pairs.loser] + x[8] * np.where(pairs.first == pairs.winner, 1, -1)
        below, win, _, tie = outcome_chances(apart, x[9])
        assert np.allclose(np.exp(apart / 2 - below), win)
        return np.log(np.where(pairs.tie, tie, win)).sum()

    best = np.concatenate((found.centered, [found.order[0], found.tie[0]]))
    assert likelihood(best) == pytest.approx(found.log_likelihood, rel=1e-12)
    hessian = np.empty((10, 10))
    step = 1e-3 * np.eye(10)
    for i in range(10):
        slope = (likelihood(best + step[i]) - likelihood(best - step[i])) / 2e-3
        assert slope == pytest.approx(0, abs=1e-4)
        for j in range(10):
            hessian[i, j] = (
                likelihood(best + step[i] + step[j]) - likelihood(best + step[i] - step[j])
                - likelihood(best - step[i] + step[j]) + likelihood(best - step[i] - step[j])
            ) / 4e-6  # fmt: skip
    covariance = np.linalg.pinv(-hessian, rcond=1e-6)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(
        [*found.centered_error, found.order[1], found.tie[1]], rel=1e-3
    )
    ended = bradley_terry(pairs, order=True, reference=3)
    wanted = [covariance[i, i] + covariance[3, 3] - 2 * covariance[i, 3] for i in range(8)]
    assert ended.standard_error**2 == pytest.approx(wanted, rel=1e-3, abs=1e-8)


def test_ties_as_half_wins_are_two_half_comparisons():
    _, pairs = drawn(np.random.default_rng(3), 6, 200, 0.5, -0.5)
    found = bradley_terry(pairs, ties=False)
    plain, tied = ~pairs.tie, pairs.tie
    columns = [
        np.concatenate((a[plain], a[tied], b[tied]))
        for a, b in ((pairs.winner, pairs.loser), (pairs.loser, pairs.winner))
    ]
    count = np.concatenate((np.ones(plain.sum()), np.full(2 * tied.sum(), 0.5)))
    other = bradley_terry(Comparisons.of(*columns, count=count))
    assert found.value == pytest.approx(other.value, abs=1e-9)
    assert found.tie is None and "half wins" in found.method


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_winners_stand_higher_and_names_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    _, pairs = drawn(rng, 7, 120)
    try:
        found = bradley_terry(pairs)
    except EstimateRefused as no:
        assert no.code in ("perfect_record", "disconnected")
        return
    swap = rng.permutation(7)
    other = bradley_terry(Comparisons.of(swap[pairs.winner], swap[pairs.loser], n_items=7))
    assert other.value[swap] == pytest.approx(found.value, abs=1e-8)
    assert other.standard_error[swap] == pytest.approx(found.standard_error, rel=1e-8)
    # The score of each item is what the scale expects of it.
    chance = 1 / (1 + np.exp(found.value[pairs.loser] - found.value[pairs.winner]))
    expected = np.bincount(pairs.winner, chance, 7) + np.bincount(pairs.loser, 1 - chance, 7)
    assert expected == pytest.approx(np.bincount(pairs.winner, minlength=7), abs=1e-7)


@pytest.mark.parametrize("prior", [0.0, 0.5])
def test_probed_errors_are_the_dense_ones(monkeypatch, prior):
    _, pairs = drawn(np.random.default_rng(1), 300, 6000, 0.6, -1.0)
    exact = bradley_terry(pairs, prior=prior, reference=5)
    monkeypatch.setattr(laplacians, "MOST_DENSE", 10)
    monkeypatch.setattr(laplacians, "MOST_PATIENT", 10)
    probed = bradley_terry(pairs, prior=prior, reference=5)
    assert 0 < probed.noise < 0.02 and "standard_errors_by_probes" in probed.reasons
    assert probed.centered_error == pytest.approx(exact.centered_error, rel=0.04)
    assert probed == probed and probed.value == pytest.approx(exact.value, abs=1e-9)
    assert np.delete(probed.standard_error, 5) == pytest.approx(np.delete(exact.standard_error, 5), rel=0.04)


def test_a_long_chain_is_solved_exactly(monkeypatch):
    at = np.arange(59)
    up = at % 2 == 0
    won, lost = np.where(up, at, at + 1), np.where(up, at + 1, at)
    pairs = Comparisons.of(np.concatenate((won, won, lost)), np.concatenate((lost, lost, won)))
    exact = bradley_terry(pairs)
    monkeypatch.setattr(laplacians, "MOST_DENSE", 10)
    assert bradley_terry(pairs).centered_error == pytest.approx(exact.centered_error, rel=1e-9)
    assert np.abs(np.diff(exact.value)) == pytest.approx(math.log(2), abs=1e-7)


def coverage(seeds, **more):
    hits = total = 0
    for seed in range(seeds):
        truth, pairs = drawn(np.random.default_rng(seed), 20, 800, 0.8, **more)
        found = bradley_terry(pairs)
        away = np.abs(found.centered - (truth - truth.mean())) / found.centered_error
        hits, total = hits + (away < 1.96).sum(), total + 20
    return hits / total


def test_intervals_cover():
    assert 0.92 <= coverage(25, tie=-0.7) <= 0.98


@pytest.mark.soak
def test_intervals_cover_at_length():
    assert 0.935 <= coverage(500) <= 0.965
    assert 0.935 <= coverage(500, tie=-0.7) <= 0.965


def test_recovers_order_and_ties():
    truth, pairs = drawn(np.random.default_rng(4), 200, 12_000, 0.8, -0.7, 0.3)
    found = bradley_terry(pairs, order=True)
    assert found.order[0] == pytest.approx(0.3, abs=4 * found.order[1])
    assert found.tie[0] == pytest.approx(-0.7, abs=4 * found.tie[1])
    assert np.corrcoef(truth, found.centered)[0, 1] > 0.95
    assert found.reliability == pytest.approx(np.corrcoef(truth, found.centered)[0, 1] ** 2, abs=0.05)


def test_a_judge_who_tosses_coins_does_not_fit():
    rng = np.random.default_rng(5)
    _, pairs = drawn(rng, 30, 3000, 1.5)
    turned = (pairs.judge == 4) & (rng.random(3000) < 0.5)
    winner, loser = np.where(turned, pairs.loser, pairs.winner), np.where(turned, pairs.winner, pairs.loser)
    found = bradley_terry(Comparisons.of(winner, loser, judge=pairs.judge))
    judges = found.judges
    assert judges.judge[judges.misfit].tolist() == [4]
    assert judges.infit[4] > 1.2 and judges.t[4] > 3
    assert np.delete(judges.infit, 4).mean() == pytest.approx(1, abs=0.1)


def test_split_half_is_what_two_panels_would_give():
    _, pairs = drawn(np.random.default_rng(6), 25, 3000, 1.0)
    found = split_half(pairs, np.random.default_rng(1))
    assert found == split_half(pairs, np.random.default_rng(1))
    assert 0.85 < found.value < 1 and found.n == 12
    nothing = Comparisons.of(pairs.winner, pairs.loser, n_items=25)
    assert split_half(nothing, np.random.default_rng(1)).reasons == ("split_by_comparison",)
    rng = np.random.default_rng(2)
    noise = rng.random(3000) < 0.5
    tossed = Comparisons.of(
        np.where(noise, pairs.winner, pairs.loser),
        np.where(noise, pairs.loser, pairs.winner),
        judge=pairs.judge,
    )
    assert abs(split_half(tossed, np.random.default_rng(1)).value) < 0.5


def test_adaptive_pairs_are_near_new_and_warned_of():
    truth, pairs = drawn(np.random.default_rng(7), 40, 400, 1.5)
    fit = bradley_terry(pairs, prior=0.5)
    chosen = propose_pairs(fit, pairs, 60, np.random.default_rng(1), random_share=0.0)
    assert (chosen == propose_pairs(fit, pairs, 60, np.random.default_rng(1), random_share=0.0)).all()
    assert (chosen[:, 0] != chosen[:, 1]).all()
    met = {tuple(sorted(pair)) for pair in zip(pairs.winner.tolist(), pairs.loser.tolist(), strict=True)}
    assert not met & {tuple(sorted(pair)) for pair in chosen.tolist()}
    often = np.bincount(chosen.ravel(), minlength=40)
    assert often.max() - often.min() <= 3
    apart = np.abs(fit.centered[chosen[:, 0]] - fit.centered[chosen[:, 1]]).mean()
    wild = propose_pairs(fit, pairs, 60, np.random.default_rng(1), random_share=1.0)
    assert apart < 0.7 * np.abs(fit.centered[wild[:, 0]] - fit.centered[wild[:, 1]]).mean()
    assert "adaptive_inflation" not in fit.reasons
    near = np.argsort(truth)
    one, other = near[:-1].repeat(20), near[1:].repeat(20)
    won = np.random.default_rng(3).random(len(one)) < 1 / (1 + np.exp(truth[other] - truth[one]))
    close = Comparisons.of(np.where(won, one, other), np.where(won, other, one))
    assert "adaptive_inflation" in bradley_terry(close, prior=0.5).reasons
    assert "adaptive_inflation" in bradley_terry(pairs, prior=0.5, adaptive=True).reasons


@pytest.mark.parametrize(
    ("ask", "code", "words"),
    [
        (
            lambda: bradley_terry(Comparisons.of([0, 1, 2, 3], [1, 0, 3, 2]), names="abcd"),
            "disconnected",
            "a, b",
        ),
        (
            lambda: bradley_terry(Comparisons.of([0, 1, 2, 3], [1, 2, 1, 1]), names="abcd"),
            "perfect_record",
            "a, d",
        ),
        (lambda: bradley_terry(Comparisons.of([0, 0], [1, 2], n_items=4), names="abcd"), "disconnected", "d"),
        (lambda: bradley_terry(Comparisons.of([0], [1], tie=[True])), "all_ties", "tie"),
        (lambda: bradley_terry(Comparisons.of([0, 1], [1, 0]), order=True), "no_order", "first"),
        (lambda: bradley_terry(Comparisons.of([0, 1], [1, 0]), prior=-1), "bad_prior", "zero or more"),
        (
            lambda: bradley_terry(Comparisons.of([0, 0, 1], [1, 1, 0], first=[0, 0, 0]), order=True),
            "no_maximum",
            "apart",
        ),
        (lambda: Comparisons.of([0], [1], count=[0]), "no_comparisons", "no comparisons"),
        (lambda: Comparisons.of([0], [0]), "same_item", "another"),
        (lambda: Comparisons.of([], []), "no_comparisons", "no comparisons"),
        (lambda: Comparisons.of([0, 1], [1]), "columns_differ", "one entry"),
        (lambda: Comparisons.of([0], [1], count=[-1]), "not_a_count", "zero or more"),
    ],
)
def test_what_has_no_place_is_refused_by_name(ask, code, words):
    with pytest.raises(EstimateRefused, match=words) as caught:
        ask()
    assert caught.value.code == code


def test_a_prior_places_everything():
    pairs = Comparisons.of([0, 0, 2], [1, 1, 3])
    found = bradley_terry(pairs, prior=0.5)
    assert np.isfinite(found.value).all() and np.isfinite(found.standard_error).all()
    assert found.value[0] > found.value[2] > found.value[3] > found.value[1]
    assert "prior" in found.reasons


# Files.


def write(tmp_path, text):
    path = tmp_path / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return [path]


def test_files_answer_as_published(tmp_path):
    games = [",".join(row[:3]) for row in baseball() for _ in range(row[3])]
    plain = write(
        tmp_path,
        "winner,loser\n" + "".join(f"{one},{other}\n" for one, other, _ in (g.split(",") for g in games)),
    )
    found = run("bradley-terry", plain)
    assert (found["reference"], found["n"], found["items"]) == ("Baltimore", 273, 7)
    for row in found["estimates"][1:]:
        assert (row["value"], row["standard_error"]) == pytest.approx(PLAIN[row["item"]], abs=1e-6)
    counted = "winner,loser,first,count\n" + "".join(",".join(map(str, row)) + "\n" for row in baseball())
    found = run("bradley-terry", write(tmp_path, counted), {"reference": "Toronto"})
    assert found["order"]["value"] == pytest.approx(0.3022606555, abs=1e-6)
    boston, toronto = (AT_HOME[name][0] for name in ("Boston", "Toronto"))
    assert found["estimates"][1]["value"] == pytest.approx(boston - toronto, abs=1e-6)
    mean = run("bradley-terry", write(tmp_path, counted), {"reference": "mean"})["estimates"]
    assert [row["value"] for row in mean] == [row["centered"] for row in found["estimates"]]


def test_files_know_judges_and_ties(tmp_path):
    text = "winner,loser,judge,tie\na,b,x,\nb,a,y,0\na,c,x,yes\nc,b,y,no\na,b,,1\nc,a,x,\nb,c,y,0\n"
    found = run("bradley-terry", write(tmp_path, text))
    assert [judge["judge"] for judge in found["judges"]] == ["x", "y"]
    assert found["tie"]["value"] < 0 and found["method"].startswith("Bradley-Terry, Davidson's ties")
    assert found == run("bradley-terry", write(tmp_path, text))
    half = run("bradley-terry", write(tmp_path, text), {"ties": "half"})
    assert half["tie"] is None and "half wins" in half["method"]


@pytest.mark.parametrize(
    ("text", "options", "code", "line"),
    [
        ("winner,loser\na,b\nb,\n", {}, "empty_cell", 3),
        ("winner,loser\na,b\na,a\n", {}, "same_item", 3),
        ("winner,loser,tie\na,b,perhaps\n", {}, "unknown_word", 2),
        ("winner,loser,first\na,b,c\n", {}, "unknown_item", 2),
        ("winner,loser,count\na,b,-2\n", {}, "not_a_count", 2),
        ("winner,loser\na,b\n", {}, "perfect_record", None),
        ("winner,loser\na,b\nb,a\n", {"reference": "c"}, "unknown_item", None),
        ("winner,loser\na,b\nb,a\n", {"prior": "much"}, "bad_parameter", None),
        ("winner,judge\na,b\n", {}, "column_missing", 1),
    ],
)
def test_files_are_refused_at_their_place(tmp_path, text, options, code, line):
    with pytest.raises(ScienceRefusal) as caught:
        run("bradley-terry", write(tmp_path, text), options)
    assert (caught.value.code, caught.value.where.get("line")) == (code, line)
