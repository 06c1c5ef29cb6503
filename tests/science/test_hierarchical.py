"""The hierarchical rater model: known detection and criteria recovered, intervals that cover, and what is refused."""

import numpy as np
import pytest

from headway.science.facets import hierarchical
from headway.science.facets.hierarchical import hierarchical_rater
from headway.science.facets.ratings import FacetsRefused
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal


def simulated(seed, students=400, items=3, raters=6, each=3, k=4):
    """DeCarlo's model: true categories by partial credit, ratings by detection and criteria."""
    rng = np.random.default_rng(seed)
    theta, detection, shift = (
        rng.normal(size=students),
        rng.uniform(1.5, 4, raters),
        rng.normal(0, 0.3, raters),
    )
    criteria = detection[:, None] * (np.arange(k - 1) + 0.5 + shift[:, None])
    steps = np.linspace(-1, 1, k - 1)[None, :] + np.linspace(-0.3, 0.3, items)[:, None]
    works = [(p, i) for p in range(students) for i in range(items)]
    rows, true = [], []
    for p, i in works:
        logs = np.concatenate(([0.0], np.cumsum(1.2 * theta[p] - steps[i])))
        chance = np.exp(logs - logs.max())
        true.append(rng.choice(k, p=chance / chance.sum()))
        for r in rng.choice(raters, each, replace=False):
            rows.append((p, i, r, int((rng.logistic() + detection[r] * true[-1] > criteria[r]).sum())))
    student, item, rater, rating = (np.array(column) for column in zip(*rows, strict=True))
    truth = {
        "theta": theta,
        "detection": detection,
        "criteria": criteria,
        "steps": steps,
        "true": np.array(true),
    }
    return (rating, student, item, rater), truth


def test_recovery_and_coverage():
    z = {"detection": [], "criteria": [], "steps": []}
    for seed in range(6):
        data, truth = simulated(seed)
        found = hierarchical_rater(*data)
        assert found.converged
        for r, one in enumerate(found.raters):
            z["detection"].append((one.detection - truth["detection"][r]) / one.detection_error)
            z["criteria"] += list(
                (np.array(one.criteria) - truth["criteria"][r]) / np.array(one.criteria_errors)
            )
        for i, one in enumerate(found.items):
            z["steps"] += list((np.array(one.steps) - truth["steps"][i]) / np.array(one.step_errors))
    for each in z.values():
        assert np.mean(np.abs(each) < 1.96) > 0.85
        assert np.abs(np.mean(each)) < 0.5
    right = found.chance.argmax(axis=1) == truth["true"]
    assert right.mean() == pytest.approx(found.certainty, abs=0.06)
    assert np.corrcoef(found.theta, truth["theta"])[0, 1] > 0.8


@pytest.mark.soak
def test_coverage_at_length():
    z = []
    for seed in range(80):
        data, truth = simulated(seed)
        z += [(one.detection - true) / one.detection_error
              for one, true in zip(hierarchical_rater(*data).raters, truth["detection"], strict=True)]  # fmt: skip
    assert 0.93 < np.mean(np.abs(z) < 1.96) < 0.97


def test_the_likelihood_is_that_of_plain_sums():
    """Every combination of true categories and nodes, one student at a time."""
    data, _ = simulated(3, students=30, items=2, raters=3)
    found = hierarchical_rater(*data)
    at, weight = np.polynomial.hermite_e.hermegauss(15)

    def logistic(x):
        return 1 / (1 + np.exp(-x))

    total = 0.0
    for p in range(30):
        at_node = weight / weight.sum()
        for i in range(2):
            steps = np.array(found.items[i].steps)
            logs = np.concatenate((np.zeros((15, 1)), np.cumsum(found.deviation * at[:, None] - steps, 1)), 1)
            true = np.exp(logs) / np.exp(logs).sum(1, keepdims=True)
            like = np.ones(4)
            for x, s, t, r in zip(*data, strict=True):
                if (s, t) == (p, i):
                    one = found.raters[r]
                    edges = (
                        [0.0] * 4,
                        *(logistic(c - one.detection * np.arange(4)) for c in one.criteria),
                        [1.0] * 4,
                    )
                    like *= np.array(edges[x + 1]) - np.array(edges[x])
            at_node = at_node * (true @ like)
        total += np.log(at_node.sum())
    assert found.log_likelihood == pytest.approx(total, abs=1e-6)


def test_a_severe_rater_shows_in_levels():
    data, truth = simulated(5)
    found = hierarchical_rater(*data)
    shift = (truth["criteria"] / truth["detection"][:, None] - np.arange(3) - 0.5).mean(axis=1)
    severity = np.array([one.severity_levels for one in found.raters])
    error = np.array([one.severity_error for one in found.raters])
    assert (np.abs(severity - shift) < 4 * error).all() and np.corrcoef(severity, shift)[0, 1] > 0.9


def test_one_item_says_nothing_about_students():
    data, truth = simulated(6, students=600, items=1)
    found = hierarchical_rater(*data)
    assert "one_item_a_student" in found.reasons and found.deviation == 0
    shares = np.bincount(truth["true"], minlength=4) / 600
    assert found.items[0].shares == pytest.approx(shares, abs=0.06)


def test_a_rater_who_spares_a_category_is_finite():
    (rating, student, item, rater), _ = simulated(7)
    rating = np.where((rater == 0) & (rating == 3), 2, rating)
    found = hierarchical_rater(rating, student, item, rater)
    assert (
        np.isfinite(found.raters[0].criteria).all()
        and found.raters[0].criteria[2] > found.raters[1].criteria[2]
    )


def test_more_parameters_take_their_errors_from_the_cross_product(monkeypatch):
    data, _ = simulated(8, students=500)
    exact = hierarchical_rater(*data)
    monkeypatch.setattr(hierarchical, "MOST_EXACT", 5)
    crossed = hierarchical_rater(*data)
    assert "errors_by_cross_product" in crossed.reasons
    for one, other in zip(exact.raters, crossed.raters, strict=True):
        assert other.detection_error == pytest.approx(one.detection_error, rel=0.35)


@pytest.mark.parametrize(
    ("rating", "student", "rater", "code"),
    [
        ([1, 2, 3], list("abc"), list("xyx"), "no_double_scoring"),
        ([1, 1, 1, 1], list("aabb"), list("xyxy"), "one_category"),
        ([1, 2, 2, 1], list("aabb"), list("xyzw"), "disconnected"),
    ],
)
def test_refusals(rating, student, rater, code):
    with pytest.raises(FacetsRefused) as caught:
        hierarchical_rater(rating, student, ["i"] * len(rating), rater)
    assert caught.value.code == code


def test_on_files(tmp_path):
    (rating, student, item, rater), _ = simulated(9, students=100)
    path = tmp_path / "ratings.csv"
    rows = zip(student, item, rater, rating, strict=True)
    path.write_text(
        "student,item,rater,rating\n" + "".join(f"{p},{i},{r},{x}\n" for p, i, r, x in rows), "utf-8"
    )
    answer = run("hierarchical-rater", [path], {"interval": "0.8"})
    assert len(answer["estimates"]) == 6 and len(answer["works"]) == 300 and answer["n"] == 900
    low, high = answer["estimates"][0]["interval"]
    assert low < answer["estimates"][0]["detection"] < high
    path.write_text("student,item,rater,rating\na,i,x,1\nb,i,y,2\n", "utf-8")
    with pytest.raises(ScienceRefusal) as caught:
        run("hierarchical-rater", [path])
    assert caught.value.code == "no_double_scoring"
