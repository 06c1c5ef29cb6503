"""Item response: a published table, known truth recovered, intervals that cover, and what is refused."""

import numpy as np
import pytest

from headway.science import item_response as module
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal
from headway.science.item_response import EstimateRefused, item_response

# Law School Admission Test, section 7, 1,000 persons (Bock & Lieberman, Psychometrika 35, 1970): frequencies of the patterns
# 00000, 00001, 00010, … 11111. Slopes and intercepts as widely printed (Bock & Aitkin 1981; R mirt), to three decimals.
LSAT7 = "12 19 1 7 3 19 3 17 10 5 3 7 7 23 8 28 7 39 11 34 14 51 15 90 6 25 7 35 18 136 32 308"


def lsat7():
    patterns = np.repeat(np.arange(32), np.array(LSAT7.split(), int))
    score = (patterns[:, None] >> np.arange(4, -1, -1)) & 1
    rows = np.indices(score.shape).reshape(2, -1)
    return rows[0], rows[1] + 1, score.ravel()


def simulated(seed, model, students=800, items=6, k=4):
    rng = np.random.default_rng(seed)
    theta, slope = (
        rng.normal(size=students),
        rng.uniform(0.7, 2.0, items) if model in ("2pl", "graded") else np.ones(items),
    )
    if model in ("1pl", "2pl"):
        k = 2
    steps = (
        np.sort(rng.normal(0, 0.3, (items, k - 1)), axis=1)
        + np.linspace(-1, 1, k - 1) * (k > 2)
        + rng.normal(0, 0.5, (items, 1))
    )
    eta = (
        slope[None, :, None] * (theta[:, None, None] * (1.3 if model in ("1pl", "partial-credit") else 1.0))
        - steps * slope[:, None]
    )
    if model == "graded":
        score = (rng.logistic(size=(students, items, 1)) < eta).sum(axis=2)
    else:
        logs = np.concatenate((np.zeros((students, items, 1)), np.cumsum(eta, axis=2)), axis=2)
        chance = np.exp(logs - logs.max(axis=2, keepdims=True))
        chance /= chance.sum(axis=2, keepdims=True)
        score = (rng.random((students, items, 1)) > np.cumsum(chance, axis=2)).sum(axis=2)
    rows = np.indices(score.shape).reshape(2, -1)
    return (rows[0], rows[1], score.ravel().astype(float)), theta, slope, steps


def test_lsat7():
    assert len(lsat7()[0]) == 5000
    found = item_response(*lsat7())
    assert [one.slope for one in found.items] == pytest.approx([0.988, 1.081, 1.706, 0.765, 0.736], abs=0.003)
    assert [one.intercepts[0] for one in found.items] == pytest.approx(
        [1.856, 0.808, 1.804, 0.486, 1.855], abs=0.003
    )
    assert found.log_likelihood == pytest.approx(-2658.805, abs=0.002)
    rasch = item_response(*lsat7(), model="1pl")
    assert [one.difficulties[0] for one in rasch.items] == pytest.approx(
        [-1.868, -0.791, -1.461, -0.522, -1.993], abs=0.002
    )
    assert rasch.deviation == pytest.approx(1.011, abs=0.002) and rasch.log_likelihood == pytest.approx(
        -2664.901, abs=0.002
    )


def test_two_categories_are_two_models_only():
    pairs = (("2pl", "graded"), ("1pl", "partial-credit"))
    for one, other in pairs:
        assert item_response(*lsat7(), model=one).log_likelihood == pytest.approx(
            item_response(*lsat7(), model=other).log_likelihood
        )


@pytest.mark.parametrize("model", module.MODELS)
def test_recovery_and_coverage(model):
    z = []
    for seed in range(8):
        data, theta, slope, steps = simulated(seed, model)
        found = item_response(*data, model=model)
        assert found.converged
        for i, one in enumerate(found.items):
            z += list((np.array(one.difficulties) - steps[i]) / np.array(one.difficulty_errors))
            if one.slope_error > 0:
                z.append((one.slope - slope[i]) / one.slope_error)
        if model in ("1pl", "partial-credit"):
            z.append((found.deviation - 1.3) / found.deviation_error)
    assert 0.89 < np.mean(np.abs(z) < 1.96) <= 0.995
    assert np.corrcoef(found.abilities, theta[[int(name) for name in found.students]])[0, 1] > 0.6


@pytest.mark.parametrize("model", ["2pl", "graded", "partial-credit"])
def test_the_score_is_the_slope_of_the_likelihood(model):
    data, *_ = simulated(3, model, students=120, items=4)
    codes, *_ = module._patterns(*data, model)
    at = np.linspace(-6, 6, 61)
    engine = module._Engine(
        codes, model == "partial-credit", at, np.exp(-0.5 * at**2) / np.exp(-0.5 * at**2).sum()
    )
    vector = engine.start() * 0.9
    score = engine.score(vector)
    for place in np.flatnonzero(engine.free):
        by = np.zeros(len(vector))
        by[place] = 1e-5
        slope = (engine.expect(vector + by)[0] - engine.expect(vector - by)[0]) / 2e-5
        assert score[place] == pytest.approx(slope, abs=1e-4)


def test_missing_answers_and_the_cross_product(monkeypatch):
    (student, item, score), *_ = simulated(4, "2pl", students=1500)
    whole = item_response(student, item, score)
    gone = np.random.default_rng(1).random(len(score)) < 0.2
    part = item_response(student, item, np.where(gone, np.nan, score))
    assert part.excluded == gone.sum() and part.n == (~gone).sum()
    for one, other in zip(whole.items, part.items, strict=True):
        assert other.slope == pytest.approx(one.slope, abs=5 * one.slope_error)
        assert other.slope_error > 0.9 * one.slope_error
    monkeypatch.setattr(module, "MOST_EXACT", 3)
    crossed = item_response(student, item, score)
    assert "errors_by_cross_product" in crossed.reasons
    for one, other in zip(whole.items, crossed.items, strict=True):
        assert other.slope_error == pytest.approx(one.slope_error, rel=0.25)


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([("a", "i", 1), ("a", "j", 0)], {"model": "3pl"}, "bad_choice"),
        ([("a", "i", np.nan)], {}, "no_rows"),
        ([("a", "i", 1), ("a", "i", 0), ("b", "j", 1), ("a", "j", 0)], {}, "twice"),
        ([("a", "i", 1), ("b", "i", 0)], {}, "too_few_items"),
        ([("a", "i", 1), ("b", "i", 0), ("c", "i", 2)], {}, "not_two_categories"),
    ],
)
def test_refusals(rows, options, code):
    with pytest.raises(EstimateRefused) as caught:
        item_response(*map(list, zip(*rows, strict=True)), **options)
    assert caught.value.code == code


def test_on_files(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(
        "student,item,score\n" + "".join(f"{s},{i},{x}\n" for s, i, x in zip(*lsat7(), strict=True)), "utf-8"
    )
    answer = run("item-response", [path], {"model": "2pl"})
    assert (
        answer["estimates"][2]["slope"] == pytest.approx(1.706, abs=0.003) and len(answer["students"]) == 1000
    )
    path.write_text("student,item,score\na,i,x\n", "utf-8")
    with pytest.raises(ScienceRefusal) as caught:
        run("item-response", [path])
    assert (caught.value.code, caught.value.where["line"]) == ("not_a_number", 2)
