"""Growth over time, quantile regression, growth percentiles and waiting times."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal
from headway.science.growth import quantiles
from headway.science.growth.mixed import mixed_growth
from headway.science.growth.percentiles import growth_percentile
from headway.science.growth.quantiles import quantile_regression
from headway.science.growth.waiting import hazard_ratios, log_rank, waiting

from .simulations import hits, holds

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


def case(name: str, file: str) -> tuple[list[dict[str, str]], dict]:
    folder = CASES / name
    rows = list(csv.DictReader((folder / file).read_text(encoding="utf-8").splitlines()))
    return rows, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def ask(tmp_path, name: str, text: str, **options: str):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return run(name, [path], options)


# Mixed models.


@pytest.mark.shared
def test_sleepstudy(tmp_path) -> None:
    """Belenky et al. (2003), fitted by lme4 1.1 (Bates et al. 2015): variances printed 612.10, 35.07, 654.94."""
    rows, right = case("growth-sleepstudy-lmm", "sleepstudy.csv")
    text = "student,time,level\n" + "".join(f"{r['Subject']},{r['Days']},{r['Reaction']}\n" for r in rows)
    found = ask(tmp_path, "mixed-growth", text)
    assert found["fixed"] == pytest.approx(right["fixed"], abs=1e-3)
    assert [row["standard_error"] for row in found["estimates"]] == pytest.approx(
        [6.824597, 1.545790], abs=1e-3
    )
    for ours, theirs in (("var_intercept", "var_intercept"), ("var_slope", "var_slope"), ("cov", "cov"),
                         ("var_residual", "var_residual")):  # fmt: skip
        assert found[ours] == pytest.approx(right[theirs], rel=1e-4)
    assert found["loglik_reml"] == pytest.approx(right["loglik_REML"], abs=1e-5)
    assert len(found["students"]) == 18 and found["reasons"] == []


def dense(
    student: np.ndarray, time: np.ndarray, y: np.ndarray, spread: np.ndarray, residual: float
) -> tuple[float, float]:
    """Return the restricted log-likelihood and the slope by the covariance matrix itself."""
    z = np.column_stack([np.ones(len(y)), time])
    v = (student[:, None] == student) * (z @ spread @ z.T) + residual * np.eye(len(y))
    inverse = np.linalg.inv(v)
    s = z.T @ inverse @ z
    beta = np.linalg.solve(s, z.T @ inverse @ y)
    r = y - z @ beta
    log = (
        np.linalg.slogdet(v)[1]
        + np.linalg.slogdet(s)[1]
        + r @ inverse @ r
        + (len(y) - 2) * math.log(2 * math.pi)
    )
    return -0.5 * log, beta[1]


def panel(
    rng: np.random.Generator, n: int, schools: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ragged occasions of n students, their levels and their true slopes; slopes around 0.5."""
    student = np.repeat(np.arange(n), rng.integers(2, 6, n))
    time = rng.integers(0, 5, len(student)) + rng.random(len(student))
    school = np.arange(n) % max(schools, 1)
    slope = 0.5 + rng.normal(0, 0.2, n) + (rng.normal(0, 0.15, schools)[school] if schools else 0.0)
    start = 2 + rng.normal(0, 0.6, n) + (rng.normal(0, 0.3, schools)[school] if schools else 0.0)
    level = (start[student] + slope[student] * time) + rng.normal(0, 0.4, len(student))
    return student, time, level, slope, school[student]


def test_likelihood_and_optimum_against_the_covariance_matrix() -> None:
    student, time, level, _, _ = panel(np.random.default_rng(3), 40)
    found = mixed_growth(student, time, level)
    likelihood, slope = dense(student, time, level, found.covariance, found.residual)
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-8)
    assert found.slope.value == pytest.approx(slope, abs=1e-9)
    for at in range(3):
        for by in (0.99, 1.01):
            other = found.covariance.copy()
            other.flat[(0, 1, 3)[at]] *= by
            other[1, 0] = other[0, 1]
            assert dense(student, time, level, other, found.residual)[0] < likelihood


def test_the_scale_of_time_changes_nothing_but_units() -> None:
    student, time, level, _, _ = panel(np.random.default_rng(2), 60)
    years, weeks = mixed_growth(student, time, level), mixed_growth(student, time * 36 + 1000, level)
    assert weeks.slope.value == pytest.approx(years.slope.value / 36, rel=1e-6)
    assert weeks.covariance[1, 1] * 36**2 == pytest.approx(years.covariance[1, 1], rel=1e-4)
    assert weeks.slopes * 36 == pytest.approx(years.slopes, rel=1e-4)


def drawn_lines(schools: int):
    def draw(rng: np.random.Generator):
        student, time, level, slopes, school = panel(rng, 80, schools)
        found = mixed_growth(student, time, level, school=school if schools else None)
        some = rng.integers(0, 80)
        return [
            (found.slope.interval, 0.5),
            ((found.slope_low[some], found.slope_high[some]), float(slopes[some])),
        ]

    return draw


def test_intervals_of_growth_hold_their_chance() -> None:
    for schools, runs in ((0, 60), (16, 25)):
        assert holds(hits(drawn_lines(schools), runs, 3), runs)


@pytest.mark.soak
@pytest.mark.parametrize("schools", [0, 5, 16])
def test_intervals_of_growth_hold_their_chance_closely(schools: int) -> None:
    assert holds(hits(drawn_lines(schools), 500, 4), 500, slack=0.025)


def test_known_variances_are_recovered() -> None:
    rng = np.random.default_rng(5)
    student, time, level, slopes, school = panel(rng, 4000, 40)
    found = mixed_growth(student, time, level, school=school)
    assert found.covariance[1, 1] == pytest.approx(0.04, rel=0.15) and found.residual == pytest.approx(
        0.16, rel=0.05
    )
    assert found.school_covariance is not None and 0.008 < found.school_covariance[1, 1] < 0.05
    assert np.corrcoef(found.slopes, slopes)[0, 1] > 0.75 and not found.singular


def test_few_schools_are_no_level_of_their_own() -> None:
    student, time, level, _, school = panel(np.random.default_rng(6), 90, 4)
    found = mixed_growth(student, time, level, school=school)
    assert found.school_covariance is None and "few_schools" in found.slope.reasons
    assert found.slope.method == "plain mean of schools' lines, t(G - 1)"


def test_a_school_seen_once_is_no_line() -> None:
    student, time, level, _, school = panel(np.random.default_rng(6), 90, 4)
    once = (school != 3) | (
        time == np.repeat([time[student == one].min() for one in range(90)], np.bincount(student))
    )
    time = np.where(school == 3, 1.0, time)
    found = mixed_growth(student[once], time[once], level[once], school=school[once])
    assert "schools_without_two_times_left_out" in found.slope.reasons and abs(found.slope.value - 0.5) < 0.4


@pytest.mark.parametrize(
    ("student", "time", "level", "code"),
    [
        ([0, 0, 1, 1], [0, 1, 0, 1], [1, 2, 3, 4], "few_students"),
        ([0, 1, 2, 3], [1, 1, 1, 1], [1, 2, 3, 4], "one_time"),
        ([0, 1, 2, 3], [1, 2, 1, 2], [1, 2, 3, 4], "few_occasions"),
        ([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], [1, 2, 1, 2, 1, 2], "no_spread"),
    ],
)
def test_growth_that_cannot_be_told(student, time, level, code: str) -> None:
    with pytest.raises(EstimateRefused) as caught:
        mixed_growth(np.array(student), np.array(time, float), np.array(level, float))
    assert caught.value.code == code


# Quantile regression.

ENGEL = {  # Koenker and Bassett (1982), food expenditure on income; quantreg's vignette.
    0.05: (124.8800408, 0.3433610576), 0.25: (95.48353963, 0.4741032082), 0.5: (81.48224742, 0.5601805512),
    0.75: (62.39658553, 0.6440141394), 0.95: (64.10396318, 0.709068517),
}  # fmt: skip


@pytest.mark.shared
def test_engel() -> None:
    rows, _ = case("quantile-engel", "engel.csv")
    x = np.column_stack([np.ones(len(rows)), [float(r["income"]) for r in rows]])
    found = quantile_regression(x, np.array([float(r["foodexp"]) for r in rows]), np.array(list(ENGEL)))
    assert found == pytest.approx(np.array(list(ENGEL.values())), abs=1e-5)


def loss(x: np.ndarray, y: np.ndarray, beta: np.ndarray, tau: float) -> float:
    r = y - x @ beta
    return float((r * np.where(r > 0, tau, tau - 1)).sum())


@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([0.005, 0.25, 0.5, 0.91, 0.995]))
@settings(max_examples=25, deadline=None)
def test_each_fit_is_the_program_solved(seed: int, whole: bool, tau: float) -> None:
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(8, 60)), int(rng.integers(1, 4))
    x = np.column_stack([np.ones(n), rng.normal(size=(n, p))])
    y = x.sum(axis=1) + rng.normal(size=n)
    if whole:
        x, y = (
            np.column_stack([np.ones(n), rng.integers(0, 9, (n, p)) + np.arange(n)[:, None] % 7]),
            np.round(y),
        )
    if np.linalg.matrix_rank(x) < p + 1:
        return
    best = linprog(np.r_[np.zeros(p + 1), np.full(n, tau), np.full(n, 1 - tau)], A_eq=np.hstack([x, np.eye(n), -np.eye(n)]),
                   b_eq=y, bounds=[(None, None)] * (p + 1) + [(0, None)] * (2 * n))  # fmt: skip
    found = quantile_regression(x, y, np.array([tau]))[0]
    assert loss(x, y, found, tau) == pytest.approx(best.fun, rel=1e-9, abs=1e-9)


def test_the_path_gives_what_each_fit_alone_gives(monkeypatch) -> None:
    rng = np.random.default_rng(7)
    x = np.column_stack([np.ones(6000), rng.normal(size=(6000, 3))])
    y = x.sum(axis=1) + (1 + 0.3 * np.abs(x[:, 1])) * rng.normal(size=6000)
    taus = np.array([0.005, 0.1, 0.11, 0.5, 0.52, 0.9, 0.995])
    path = quantile_regression(x, y, taus)
    monkeypatch.setattr(quantiles, "_SMALL", 10_000)
    alone = quantile_regression(x, y, taus)
    assert [loss(x, y, b, t) for b, t in zip(path, taus, strict=True)] == pytest.approx(
        [loss(x, y, b, t) for b, t in zip(alone, taus, strict=True)], rel=1e-12
    )


def test_quantiles_that_cannot_be_fitted() -> None:
    x = np.column_stack([np.ones(5), np.ones(5)])
    for columns, tau, code in (
        (x, 0.5, "columns_depend"),
        (x[:1], 0.5, "few_students"),
        (x, 1.0, "bad_quantile"),
    ):
        with pytest.raises(EstimateRefused) as caught:
            quantile_regression(columns, np.arange(float(len(columns))), np.array([tau]))
        assert caught.value.code == code


# Growth percentiles.


def test_percentiles_are_even_whatever_the_past() -> None:
    rng = np.random.default_rng(8)
    prior = rng.normal(0, 1, 4000)
    found = growth_percentile(
        0.8 * prior + rng.normal(0, 0.5, 4000) * (1 + 0.3 * (prior > 0)), prior[:, None]
    )
    for part in (prior < -1, abs(prior) < 0.3, prior > 1):
        seen = np.bincount(np.minimum(found.percentile[part] // 20, 4), minlength=5) / part.sum()
        assert seen == pytest.approx(np.full(5, 0.2), abs=0.05)
    assert (
        found.percentile.min() >= 1
        and found.percentile.max() <= 99
        and found.reasons == ("no_standard_error",)
    )


def test_a_percentile_is_the_true_chance_below() -> None:
    from scipy.special import ndtr

    rng = np.random.default_rng(9)
    prior = rng.normal(0, 1, 6000)
    own = rng.normal(0, 1, 6000)
    found = growth_percentile(0.8 * prior + 0.5 * own, prior[:, None], standard_error=0.1)
    inner = np.abs(prior) < 1.5
    assert np.abs(found.percentile - 100 * ndtr(own))[inner].mean() < 2
    assert (found.low <= found.percentile).all() and (found.percentile <= found.high).all()


def test_a_scale_of_the_priors_changes_nothing() -> None:
    rng = np.random.default_rng(10)
    priors = rng.normal(0, 1, (500, 2))
    current = priors.sum(axis=1) + rng.normal(0, 0.5, 500)
    one = growth_percentile(current, priors)
    other = growth_percentile(current * 30 + 400, priors * 50 + 500)
    assert (one.percentile == other.percentile).mean() > 0.99
    assert np.abs(one.percentile - other.percentile).max() <= 1


def test_students_are_placed_by_the_priors_they_have(tmp_path) -> None:
    rng = np.random.default_rng(11)
    priors = rng.normal(0, 1, (300, 2)).round(3)
    rows = [[f"s{at}", round(p[0] + rng.normal(0, 0.5), 3), p[0], p[1]] for at, p in enumerate(priors)]
    rows[0][3], rows[1][2], rows[2][1] = "", "", ""
    text = "student,current,prior1,prior2\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    found = ask(tmp_path, "growth-percentile", text, knots="3")
    assert [row["priors"] for row in found["estimates"][:4]] == [1, 0, 0, 2]
    assert found["estimates"][1]["value"] is None and (found["n"], found["excluded"]) == (298, 2)
    assert found["cohorts"] == [{"priors": 1, "n": 298}, {"priors": 2, "n": 297}]


def test_percentiles_of_few_students(tmp_path) -> None:
    levels = np.tile([1.0, 2, 3, 4], 30)
    found = growth_percentile(levels + np.arange(120) % 3, levels[:, None])
    assert "small_cohort" in found.reasons and (found.percentile > 0).all()
    with pytest.raises(ScienceRefusal) as caught:
        ask(tmp_path, "growth-percentile", "student,current,prior1\na,1,2\nb,2,3\n")
    assert caught.value.code == "few_students"
    with pytest.raises(ScienceRefusal) as caught:
        ask(tmp_path, "growth-percentile", "student,current,prior1,prior3\na,1,2,3\n")
    assert (caught.value.code, caught.value.where["column"]) == ("column_missing", "prior3")


# Waiting times.

AML = (  # Miller (1981), Survival Analysis: acute myelogenous leukemia; weeks, + still in remission.
    ("9 13 13+ 18 23 28+ 31 34 45+ 48 161+", "5 5 8 8 12 16+ 23 27 30 33 43 45"),
)


def aml() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cells = [(word, group) for group, words in enumerate(AML[0]) for word in words.split()]
    time = np.array([float(word.rstrip("+")) for word, _ in cells])
    return (
        time,
        np.array([not word.endswith("+") for word, _ in cells]),
        np.array([group for _, group in cells]),
    )


def test_aml() -> None:
    """R survival 3.5: curves, log-rank 3.39639 (p 0.06534), Cox by Efron 0.915532575 (0.5119342752); printed medians 31 (13 to
    none) and 23 (5 to 33) by the log-log interval; restricted means 52.6 (19.83) and 22.7 (4.18)."""
    time, event, group = aml()
    one, two = (waiting(time[group == at], event[group == at]) for at in (0, 1))
    assert one.waiting == pytest.approx(
        [0.909091, 0.818182, 0.715909, 0.613636, 0.490909, 0.368182, 0.184091], abs=1e-6
    )
    assert two.waiting[-4:] == pytest.approx([0.2916667, 0.1944444, 0.0972222, 0.0], abs=1e-7)
    assert (one.median.value, one.median.interval) == (31, (13, math.inf))
    assert (two.median.value, two.median.interval) == (23, (5, 33))
    for found, value, error in ((one, 52.6, 19.83), (two, 22.7, 4.18)):
        interval = found.restricted_mean.interval
        assert found.restricted_mean.value == pytest.approx(value, abs=0.05) and interval is not None
        assert (interval[1] - interval[0]) / 2 / 1.959964 == pytest.approx(error, abs=0.005)
    test = log_rank(time, event, group)
    assert (test.chi_square, test.p) == (pytest.approx(3.39639, abs=1e-5), pytest.approx(0.06534, abs=1e-5))
    cox = hazard_ratios(time, event, group)[0]
    assert cox.value == pytest.approx(0.915532575, abs=1e-8) and cox.interval is not None
    assert (cox.interval[1] - cox.interval[0]) / 2 / 1.959963985 == pytest.approx(0.5119342752, abs=1e-8)


def test_greenwood_without_censoring_is_the_binomial_error() -> None:
    found = waiting(np.arange(1.0, 21), np.ones(20, bool))
    p = found.waiting[:-1]
    assert found.errors[:-1] == pytest.approx(np.sqrt(p * (1 - p) / 20), abs=1e-12)
    assert found.restricted_mean.value == pytest.approx(10.5) and found.median.value == 10.5


def test_those_still_waiting_count() -> None:
    found = waiting(np.array([2.0, 3] + [10.0] * 10), np.array([True, True] + [False] * 10))
    assert found.median.value is None and "half_not_reached" in found.median.reasons
    assert found.restricted_mean.value == pytest.approx((2 + 3 + 100) / 12)


def test_an_entry_that_stands_for_several_is_each_of_them() -> None:
    rng = np.random.default_rng(4)
    wait, ended, counts = rng.integers(0, 9, 40) / 2, rng.random(40) < 0.6, rng.integers(1, 7, 40)
    one, each = (
        waiting(wait, ended, counts=counts),
        waiting(np.repeat(wait, counts), np.repeat(ended, counts)),
    )
    for name in ("times", "at_risk", "events", "waiting", "errors", "low", "high"):
        assert getattr(one, name).tolist() == getattr(each, name).tolist(), name
    assert (one.median, one.restricted_mean) == (
        each.median,
        each.restricted_mean,
    ) and one.median.n == counts.sum()


def drawn_waits(rng: np.random.Generator):
    wait, stop = rng.exponential(10, 80), rng.uniform(0, 30, 80)
    found = waiting(np.minimum(wait, stop), wait <= stop, horizon=15.0)
    at = int(np.searchsorted(found.times, 8.0, "right")) - 1
    return [((found.low[at], found.high[at]), math.exp(-0.8)), (found.median.interval, 10 * math.log(2)),
            (found.restricted_mean.interval, 10 * (1 - math.exp(-1.5)))]  # fmt: skip


def test_intervals_of_waiting_hold_their_chance() -> None:
    assert holds(hits(drawn_waits, 200, 12), 200)


@pytest.mark.soak
def test_intervals_of_waiting_hold_their_chance_closely() -> None:
    assert holds(hits(drawn_waits, 2000, 13), 2000)


def test_waiting_on_files(tmp_path) -> None:
    time, event, group = aml()
    text = "duration,event,group\n" + "".join(
        f"{t},{int(e)},g{g}\n" for t, e, g in zip(time, event, group, strict=True)
    )
    found = ask(tmp_path, "time-to-mastery", text + ",1,g0\n")
    assert found["log_rank"]["chi_square"] == pytest.approx(3.39639, abs=1e-5) and (
        found["n"],
        found["excluded"],
    ) == (23, 1)
    assert found["estimates"][0]["interval"] == [13, None]
    for bad, code in (("duration,event\n-1,1\n", "negative"), ("duration,event\n1,2\n", "not_yes_or_no"),
                      ("duration,event\n,1\n", "no_rows")):  # fmt: skip
        with pytest.raises(ScienceRefusal) as caught:
            ask(tmp_path, "time-to-mastery", bad)
        assert caught.value.code == code


def test_medians_by_the_other_scales() -> None:
    """R survival's default, the log scale: medians 31 (18 to none) and 23 (8 to none) of the same patients."""
    time, event, group = aml()
    found = [waiting(time[group == at], event[group == at], transform="log").median for at in (0, 1)]
    assert [one.interval for one in found] == [(18, math.inf), (8, math.inf)]
    plain = waiting(time[group == 1], event[group == 1], transform="plain")
    assert (
        plain.low[0] == pytest.approx(0.8333333 - 1.959964 * plain.errors[0], abs=1e-6)
        and plain.high[0] == 1.0
    )
    with pytest.raises(EstimateRefused):
        waiting(time, event, transform="logit")


MIXED = {
    "fixed": (1.781823829, 0.485360895),
    "covariance": (0.3391722, 0.0379549, 0.1408390),
    "log_likelihood": -246.6429226,
}
WAIT = {"log_rank": 3.1046926752, "cox": (-0.47214971, 0.08229490)}


def test_against_independent_programs() -> None:
    """statsmodels 0.15.0 (MixedLM, REML) and lifelines 0.30.3 on the data drawn here, November 2026."""
    rng = np.random.default_rng(20)
    student, time = np.repeat(np.arange(60), 4), np.tile(np.arange(4.0), 60)
    level = (
        2
        + 0.5 * time
        + rng.normal(0, 0.6, 60)[student]
        + rng.normal(0, 0.3, 60)[student] * time
        + rng.normal(0, 0.4, 240)
    )
    found = mixed_growth(student, time, level)
    assert (found.intercept.value, found.slope.value) == pytest.approx(MIXED["fixed"], abs=1e-7)
    assert found.covariance.ravel()[[0, 1, 3]] == pytest.approx(MIXED["covariance"], rel=1e-3)
    assert found.log_likelihood == pytest.approx(MIXED["log_likelihood"], abs=1e-5)
    wait, stop, group = (
        np.round(rng.exponential(10, 90), 0),
        np.round(rng.uniform(0, 30, 90), 0),
        np.arange(90) % 3,
    )
    duration, event = np.minimum(wait, stop), wait <= stop
    assert log_rank(duration, event, group).chi_square == pytest.approx(WAIT["log_rank"], abs=1e-8)
    assert [one.value for one in hazard_ratios(duration, event, group)] == pytest.approx(
        WAIT["cox"], abs=1e-5
    )
