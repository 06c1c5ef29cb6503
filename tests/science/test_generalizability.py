"""Generalizability: designs, published components, likelihood against mean squares, decision studies, coverage."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtri, fdtri

from headway.science.estimates import EstimateRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal
from headway.science.generalizability import Design, d_study, g_study
from headway.science.generalizability import factor as factors
from headway.science.generalizability.factor import Symmetric

# Brennan, Generalizability Theory (2001), table 3.2, synthetic data set no. 4: 10 persons, 3 tasks, 4 raters in each task.
BRENNAN = """
5 6 5 5  5 3 4 5  6 7 3 3
9 3 7 7  7 5 5 5  7 7 5 2
3 4 3 3  5 3 3 5  6 5 1 6
7 5 5 3  3 1 4 3  5 3 3 5
9 2 9 7  7 7 3 7  2 7 5 3
3 4 3 5  3 3 6 3  4 5 1 2
7 3 7 7  7 5 5 7  5 5 5 4
5 8 5 7  7 5 5 4  3 2 1 1
9 9 8 8  6 6 6 5  5 8 1 1
4 4 4 3  3 5 6 5  5 7 1 1
"""
SCORES = np.array(BRENNAN.split(), float)
PERSON, ROW = np.divmod(np.arange(120), 12)
TASK, RATER = np.divmod(ROW, 4)
FACETS = {"p": PERSON, "t": TASK, "r": RATER}
PUBLISHED = {"p": 0.4731, "t": 0.3252, "r:t": 0.6475, "pt": 0.5596, "pr:t": 2.3802}


def test_brennan_data_no_4():
    """Page 116; the interval by Satterthwaite's formula written out."""
    found = g_study("p x (r:t)", FACETS, SCORES)
    assert {one.name: one.estimate for one in found.components} == pytest.approx(PUBLISHED, abs=1e-4)
    assert found.balanced and found.reasons == ()
    squares = {one.name: one.mean_square for one in found.components}
    assert squares == pytest.approx(
        {"p": 10.2963, "t": 24.1, "r:t": 8.8556, "pt": 4.6185, "pr:t": 2.3802}, abs=1e-4
    )
    assert found.component("p").estimate == pytest.approx((squares["p"] - squares["pt"]) / 12, rel=1e-12)
    nu = (squares["p"] - squares["pt"]) ** 2 / (squares["p"] ** 2 / 9 + squares["pt"] ** 2 / 18)
    wanted = [nu * found.component("p").estimate / chdtri(nu, tail) for tail in (0.025, 0.975)]
    assert found.component("p").interval == pytest.approx(wanted, rel=1e-9)


def test_labels_of_a_nested_facet_may_be_used_again():
    again = g_study("p x (r:t)", FACETS, SCORES)
    once = g_study("p x (r:t)", FACETS | {"r": TASK * 4 + RATER}, SCORES)
    for one, other in zip(once.components, again.components, strict=True):
        assert one.estimate == pytest.approx(other.estimate, rel=1e-12)


def test_decision_study_of_brennan():
    found = g_study("p x (r:t)", FACETS, SCORES).d_study(r=2, t=3)
    relative = PUBLISHED["pt"] / 3 + PUBLISHED["pr:t"] / 6
    absolute = relative + PUBLISHED["t"] / 3 + PUBLISHED["r:t"] / 6
    assert found.relative_error == pytest.approx(relative, abs=1e-4)
    assert found.absolute_error == pytest.approx(absolute, abs=1e-4)
    assert found.generalizability == pytest.approx(0.4731 / (0.4731 + relative), abs=1e-4)
    assert found.dependability == pytest.approx(0.4731 / (0.4731 + absolute), abs=1e-4)


@pytest.mark.parametrize(
    ("text", "effects"),
    [
        ("p x r", "p r pr"),
        ("p x (r:t)", "p t r:t pt pr:t"),
        ("(p:c) x i", "c i p:c ci pi:c"),
        ("p × i * o", "p i o pi po io pio"),
        ("i:(p x h)", "p h ph i:ph"),
        ("p:c:s", "s c:s p:c:s"),
        ("p x (i:h) x o", "p h o i:h ph po ho pi:h io:h pho pio:h"),
    ],
)
def test_effects_of_designs(text, effects):
    """The seven two- and three-facet designs of Brennan, chapter 3, by their own names."""
    assert " ".join(effect.name for effect in Design.of(text).effects) == effects


def test_long_names_and_a_named_score():
    design = Design.of("level ~ person x (rater:task)")
    assert design.score == "level"
    assert [effect.name for effect in design.effects][-2:] == ["person x task", "person x rater:task"]


@pytest.mark.parametrize(
    "text", ["", "p", "p x", "x p", "p r", "p x p", "(p x r", "p x r)", "p:", "p & r", "p:(r:p)"]
)
def test_no_design(text):
    with pytest.raises(EstimateRefused) as caught:
        Design.of(text)
    assert caught.value.code == "bad_design"


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="prt x:()", max_size=14))
def test_every_text_is_a_design_or_refused(text):
    try:
        design = Design.of(text)
    except EstimateRefused:
        return
    assert design.effects[-1].indices == frozenset(design.facets)


def simulated(rng, persons=30, tasks=4, raters=3, spread=None):
    """Scores of persons by tasks by raters in tasks."""
    s = spread or {"p": 1.0, "t": 0.4, "r:t": 0.3, "pt": 0.6, "pr:t": 0.8}
    p, t, r = (axis.ravel() for axis in np.indices((persons, tasks, raters)))
    y = s["p"] * rng.normal(size=persons)[p] + s["t"] * rng.normal(size=tasks)[t]
    y += s["r:t"] * rng.normal(size=(tasks, raters))[t, r] + s["pt"] * rng.normal(size=(persons, tasks))[p, t]
    return {"p": p, "t": t, "r": r}, y + s["pr:t"] * rng.normal(size=len(p))


DESIGNS = ["p x r", "p x (r:t)", "(p:c) x i", "p x i x o", "i:(p x h)"]


@pytest.mark.parametrize("text", DESIGNS)
def test_likelihood_equals_mean_squares_where_balanced(text):
    """With no estimate below zero the two are one (Searle, Casella & McCulloch 1992, section 6.6)."""
    design = Design.of(text)
    sizes = dict(zip(design.facets, (9, 4, 3), strict=False))
    for seed in range(40):
        rng = np.random.default_rng(seed)
        grid = {
            name: axis.ravel() for name, axis in zip(sizes, np.indices(tuple(sizes.values())), strict=True)
        }
        y = rng.normal(size=len(grid[design.facets[0]]))
        for effect in design.effects[:-1]:
            key = sum(grid[name] * 100**at for at, name in enumerate(sorted(effect.indices)))
            place = np.unique(key, return_inverse=True)[1]
            y = y + 1.5 * rng.normal(size=place.max() + 1)[place]
        squares = g_study(design, grid, y)
        if squares.reasons:
            continue
        fitted = g_study(design, grid, y, estimator="reml")
        wanted = [one.estimate for one in squares.components]
        assert [one.estimate for one in fitted.components] == pytest.approx(wanted, rel=1e-6)
        return
    raise AssertionError("no sample without a negative component")


def test_negative_components_are_shown_and_set_to_zero():
    # Row means that differ less than their own spread would make them.
    y = np.array([[1, 4, 2], [4, 1, 3], [2, 3, 2.5], [3, 2, 2.4]])
    p, r = np.indices(y.shape)
    found = g_study("p x r", {"p": p.ravel(), "r": r.ravel()}, y.ravel())
    one = found.component("p")
    assert one.estimate < 0 and (one.value, one.interval) == (0, None)
    assert "negative_component:p" in found.reasons
    after = found.d_study(r=5)
    assert after.generalizability == 0 and "no_universe_variance" in after.reasons
    fitted = g_study("p x r", {"p": p.ravel(), "r": r.ravel()}, y.ravel(), estimator="reml")
    assert fitted.component("p").estimate == 0 and "zero_component:p" in fitted.reasons


def dense_likelihood(codes, y, variances):
    """-2 restricted log likelihood by the full covariance matrix, without its constant."""
    n = len(y)
    v = variances[-1] * np.eye(n)
    for code, variance in zip(codes, variances, strict=False):
        v += variance * (code[:, None] == code)
    inverse = np.linalg.inv(v)
    one = np.ones(n)
    mean = one @ inverse @ y / (one @ inverse @ one)
    e = y - mean
    return np.linalg.slogdet(v)[1] + math.log(one @ inverse @ one) + e @ inverse @ e


def test_unbalanced_fit_is_the_top_of_the_likelihood():
    rng = np.random.default_rng(4)
    facets, y = simulated(rng, 14, 3, 3)
    keep = rng.random(len(y)) < 0.8
    facets, y = {name: axis[keep] for name, axis in facets.items()}, y[keep]
    found = g_study("p x (r:t)", facets, y)
    assert not found.balanced and not found.complete
    codes = [facets["p"], facets["t"], facets["t"] * 10 + facets["r"], facets["p"] * 10 + facets["t"]]
    best = np.array([one.estimate for one in found.components])
    top = dense_likelihood(codes, y, best)
    for at in range(5):
        for times in (0.999, 1.001):
            moved = best.copy()
            moved[at] *= times
            assert dense_likelihood(codes, y, moved) >= top - 1e-9
    with pytest.raises(EstimateRefused) as caught:
        found.d_study()
    assert caught.value.code == "sizes_needed"
    low, high = found.d_study(r=2, t=3).generalizability_interval
    assert 0 < low < found.d_study(r=2, t=3).generalizability < high < 1


def test_missing_scores_are_left_out_and_said():
    y = SCORES.copy()
    y[[3, 50]] = np.nan
    found = g_study("p x (r:t)", FACETS, y)
    assert (found.n, found.reasons[0], found.balanced) == (118, "missing_scores", False)
    assert found.component("pr:t").estimate == pytest.approx(PUBLISHED["pr:t"], rel=0.1)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_sparse_factor_is_the_dense_one(monkeypatch, compiled):
    rng = np.random.default_rng(8)
    dense = np.where(rng.random((60, 60)) < 0.06, rng.normal(size=(60, 60)), 0)
    dense = dense @ dense.T + np.eye(60)
    columns, rows = np.nonzero(dense)
    pattern = Symmetric(np.concatenate(([0], np.cumsum((dense != 0).sum(axis=0)))), rows, columns)
    right = rng.normal(size=(60, 2))
    wanted = pattern.factored(dense[rows, columns], right)
    monkeypatch.setattr(factors, "MOST_DENSE", 0)
    if not compiled:
        monkeypatch.setattr(factors, "_kernel", lambda name: getattr(factors, name))
    found = pattern.factored(dense[rows, columns], right)
    assert found.log_determinant == pytest.approx(wanted.log_determinant, rel=1e-12)
    assert np.allclose(found.inverse_diagonal, np.diag(np.linalg.inv(dense)), rtol=1e-10)
    assert np.allclose(found.solved, np.linalg.solve(dense, right), rtol=1e-9)


def test_object_of_measurement():
    """Persons in classes: within a class, over classes, or the class means themselves (Brennan 2001, section 5.1)."""
    c, p, i = (axis.ravel() for axis in np.indices((6, 5, 4)))
    rng = np.random.default_rng(3)
    y = rng.normal(size=6)[c] + rng.normal(size=(6, 5))[c, p] + rng.normal(size=4)[i] + rng.normal(size=120)
    found = g_study("(p:c) x i", {"c": c, "p": p, "i": i}, y)
    v = {one.name: one.value for one in found.components}
    inside, over, means = (d_study(found, {"i": 8}, object_of=who) for who in (["p"], ["p", "c"], ["c"]))
    assert inside.universe == v["p:c"] and "within:c" in inside.reasons
    assert inside.relative_error == pytest.approx(v["pi:c"] / 8)
    assert inside.absolute_error == pytest.approx((v["pi:c"] + v["ci"] + v["i"]) / 8)
    assert over.universe == pytest.approx(v["c"] + v["p:c"])
    assert over.relative_error == pytest.approx((v["pi:c"] + v["ci"]) / 8)
    assert means.universe == v["c"]
    assert means.relative_error == pytest.approx(v["p:c"] / 5 + v["ci"] / 8 + v["pi:c"] / 40)


def test_interval_of_a_crossed_design_is_feldts():
    """Feldt (1965): 1 - (1 - value) F for p x r at the numbers of the study."""
    rng = np.random.default_rng(5)
    p, r = (axis.ravel() for axis in np.indices((25, 4)))
    found = g_study("p x r", {"p": p, "r": r}, rng.normal(size=25)[p] + rng.normal(size=100))
    drawn = d_study(found, rng=np.random.default_rng(1), replicates=100_000)
    df1, df2 = 24, 72
    low = 1 - (1 - drawn.generalizability) * fdtri(df1, df2, 0.975)
    high = 1 - (1 - drawn.generalizability) / fdtri(df2, df1, 0.975)
    assert drawn.generalizability_interval == pytest.approx((low, high), abs=0.01)
    assert drawn == d_study(found, rng=np.random.default_rng(1), replicates=100_000)
    assert d_study(found).generalizability_interval is None


def covered(seeds, **more):
    truth, hits = 1 / (1 + 0.36 / 4 + 0.64 / 12), 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        facets, y = simulated(rng, **more)
        low, high = d_study(
            g_study("p x (r:t)", facets, y), rng=rng, replicates=1000
        ).generalizability_interval
        hits += low <= truth <= high
    return hits / seeds


def test_intervals_of_the_coefficient_cover():
    assert covered(150) >= 0.90


@pytest.mark.soak
def test_intervals_of_the_coefficient_cover_at_length():
    assert 0.93 <= covered(2000) <= 0.985


@pytest.mark.soak
def test_likelihood_recovers_many_students():
    rng = np.random.default_rng(6)
    facets, y = simulated(rng, 1500, 8, 6)
    keep = rng.random(len(y)) < 0.3
    found = g_study("p x (r:t)", {name: axis[keep] for name, axis in facets.items()}, y[keep])
    for name, wanted in (("p", 1.0), ("pt", 0.36), ("pr:t", 0.64)):
        assert found.component(name).estimate == pytest.approx(
            wanted, abs=4 * found.component(name).standard_error
        )


@pytest.mark.parametrize(
    ("design", "facets", "y", "code"),
    [
        ("p x r", {"p": [1, 2]}, [1, 2], "unknown_facet"),
        ("p x r", {"p": [1, 1, 2, 2], "r": [1, 1, 1, 2]}, [1, 2, 3, 4], "duplicate_cell"),
        ("p x r", {"p": [1, 1, 1], "r": [1, 2, 3]}, [1, 2, 3], "one_level"),
        (
            "p x r x t",
            {"p": [1, 1, 2, 2, 3, 3], "r": [1, 2] * 3, "t": [1, 2] * 3},
            [1, 2, 2, 3, 4, 4],
            "confounded",
        ),
        ("p x r", {"p": [1, 2], "r": [1, 2]}, [np.nan, np.nan], "no_scores"),
    ],
)
def test_what_cannot_be_told_is_refused(design, facets, y, code):
    with pytest.raises(EstimateRefused) as caught:
        g_study(design, facets, y)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("sizes", "code"), [({"q": 2}, "unknown_facet"), ({"p": 2}, "unknown_facet"), ({"r": 0}, "bad_size")]
)
def test_impossible_sizes_are_refused(sizes, code):
    with pytest.raises(EstimateRefused) as caught:
        d_study(g_study("p x (r:t)", FACETS, SCORES), sizes)
    assert caught.value.code == code


# Files.


@pytest.fixture
def brennan(tmp_path):
    path = tmp_path / "long.csv"
    rows = zip(TASK, PERSON, RATER, SCORES, strict=True)
    path.write_text("Task,Person,Rater,Score\n" + "".join(f"{t},{p},{r},{y:g}\n" for t, p, r, y in rows))
    return [path]


def test_files_answer_as_the_library(brennan):
    found = run("g-study", brennan, {"design": "p x (r:t)"})
    assert {row["effect"]: row["value"] for row in found["estimates"]} == pytest.approx(PUBLISHED, abs=1e-4)
    assert (found["n"], found["balanced"], found["sizes"]) == (120, True, {"p": 10, "r": 4, "t": 3})
    named = run("d-study", brennan, {"design": "person x (rater:task)", "sizes": "rater=2,task=3"})
    short = run("d-study", brennan, {"design": "p x (r:t)", "sizes": "r=2,t=3"})
    assert named["value"] == short["value"] == pytest.approx(0.4479, abs=1e-4)
    assert short["dependability"] == pytest.approx(0.3718, abs=1e-4)
    assert (
        short["interval"] == run("d-study", brennan, {"design": "p x (r:t)", "sizes": "r=2,t=3"})["interval"]
    )


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("g-study", {}, "bad_parameter"),
        ("g-study", {"design": "p x (r:q)"}, "column_missing"),
        ("g-study", {"design": "p x"}, "bad_design"),
        ("g-study", {"design": "p x t"}, "duplicate_cell"),
        ("d-study", {"design": "p x (r:t)", "sizes": "r"}, "bad_parameter"),
        ("d-study", {"design": "p x (r:t)", "sizes": "q=2"}, "unknown_facet"),
        ("d-study", {"design": "p x (r:t)", "object": "q"}, "unknown_facet"),
    ],
)
def test_files_are_refused_by_code(brennan, name, options, code):
    with pytest.raises(ScienceRefusal) as caught:
        run(name, brennan, options)
    assert caught.value.code == code


def test_an_unbalanced_fit_by_another_program():
    """Crossed effects by statsmodels 0.15.0: `mixedlm("y ~ 1", data, groups=one, vc_formula={"p": "0 + C(p)", "r": "0 + C(r)"})`,
    `fit(reml=True, method=["powell", "bfgs"], gtol=1e-10)`, run in November 2026."""
    p, r = (axis.ravel() for axis in np.indices((12, 4)))
    y = (7 * p * p + 3 * r * r + 5 * p * r + (p * 17 + r * 29) % 11) % 10 + 2 * (p % 4) + 3 * r
    keep = (p * 4 + r) % 7 != 3
    found = g_study("p x r", {"p": p[keep], "r": r[keep]}, y[keep])
    wanted = {"p": 6.80786344, "r": 16.25964381, "pr": 8.88422412}
    assert {one.name: one.estimate for one in found.components} == pytest.approx(wanted, rel=2e-6)
