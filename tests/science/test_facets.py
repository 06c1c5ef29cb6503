"""Many-facet Rasch: a published table exactly, known truth recovered, and what is refused."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from headway.science.facets import layout
from headway.science.facets.fitting import facets
from headway.science.facets.linking import connected_sets
from headway.science.facets.ratings import FacetsRefused, rating_table
from headway.science.facets.severity import severity_adjustment
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

# Seven junior scientists (columns of five traits a to e) rated by three seniors: Guilford, Psychometric Methods (1954), page
# 282; the worked example of Linacre's FACETS manual. Measures: joint maximum likelihood with score residuals below 1e-8.
GUILFORD = (
    "55353 97585 33371 73133 97785 35351 77555 "
    "65463 87572 45366 56455 24323 44642 33554 "
    "55573 77575 35555 53331 97777 33353 77757"
)
JUDGES = [0.03967139469913482, 0.24539676041163186, -0.09599417473491087]
EXAMINEES = [-0.07146884716965654, 0.6638322917155375, -0.2554327280911205, -0.48151889979659634, 0.44069691886353507,
             -0.5841311536215752, 0.28802241809987605]  # fmt: skip
TRAITS = [
    -0.27999670983734987,
    -0.147009500459323,
    0.2108555645819363,
    -0.30225116245244776,
    0.5184018081671843,
]
STEPS = [-0.69049377389, -2.35199012085, 0.80932265812, -1.48374584813, 1.71859802477, -0.97889576225, 2.39261569116,
         0.58458913106]  # fmt: skip


def guilford():
    rows = [(str(at % 7 + 1), str(at // 7 + 1), "abcde"[k], float(mark)) for at, cell in enumerate(GUILFORD.split())
            for k, mark in enumerate(cell)]  # fmt: skip
    student, rater, criterion, rating = zip(*rows, strict=True)
    return rating, {"student": student, "rater": rater, "criterion": criterion}


def simulated(
    seed, students=300, raters=12, tasks=3, double=True, sets=1, drift=0.0, functioning=0.0, gap=0.0
):
    """Ratings on 4 categories; rater 0 changes by `drift` in the last window, rater 1 by `functioning` in group 1."""
    rng = np.random.default_rng(seed)
    each = 2 if double else 1
    group = np.arange(students) % 2
    theta = rng.normal(0, 1, students) + gap * group
    severity = rng.normal(0, 0.5, raters)
    difficulty = np.linspace(-0.5, 0.5, tasks)
    steps = np.array([[-1.2, 0.0, 1.2], [-0.6, -0.2, 0.8], [-1.5, 0.4, 1.1]])[:sets]
    student = np.repeat(np.arange(students), tasks * each)
    task = np.tile(np.repeat(np.arange(tasks), each), students)
    rater = np.concatenate([rng.choice(raters, each, replace=False) for _ in range(students * tasks)])
    window = rng.integers(0, 3, len(student))
    eta = theta[student] - severity[rater] - difficulty[task]
    eta = eta - drift * ((rater == 0) & (window == 2)) - functioning * ((rater == 1) & (group[student] == 1))
    logs = np.cumsum(np.concatenate((np.zeros((len(eta), 1)), eta[:, None] - steps[task % sets]), 1), 1)
    chance = np.exp(logs) / np.exp(logs).sum(1, keepdims=True)
    rating = 1.0 + (rng.random(len(eta))[:, None] > np.cumsum(chance, 1)).sum(1)
    columns = {"student": student, "rater": rater, "task": task, "window": window, "group": group[student]}
    return rating, columns, {"student": theta, "rater": severity, "task": difficulty, "steps": steps}


def scores(found, name, truth):
    each = found.elements[name]
    return ((each.measure - each.measure.mean()) - (truth - truth.mean())) / each.standard_error


def only(columns, *names):
    return {name: columns[name] for name in names}


def test_guilford_joint():
    found = facets(*guilford(), estimator="joint")
    for name, wanted in (("rater", JUDGES), ("student", EXAMINEES), ("criterion", TRAITS)):
        assert found.elements[name].measure == pytest.approx(wanted, abs=1e-8)
    assert [each.measure for each in found.thresholds] == pytest.approx(STEPS, abs=1e-8)
    rater, student = found.elements["rater"], found.elements["student"]
    assert rater.total.tolist() == [171, 156, 181] and rater.count.tolist() == [35, 35, 35]
    assert rater.infit == pytest.approx([0.8491842021, 1.4752136948, 0.6724035520], abs=1e-8)
    assert rater.outfit == pytest.approx([0.8801037057, 1.5244106431, 0.6663246482], abs=1e-8)
    assert rater.standard_error == pytest.approx([0.1165962597, 0.1178277833, 0.1164437129], abs=1e-8)
    assert student.outfit[4] == pytest.approx(1.9907701688, abs=1e-8)
    assert found.residual < 1e-8 and found.converged
    assert found.agreement.observed == pytest.approx(33 / 105)
    assert "joint_estimates_stretched" in found.reasons


def test_what_floats_moves_measures_and_nothing_else():
    held = facets(*guilford(), estimator="joint")
    moved = facets(*guilford(), estimator="joint", floating="student")
    shift = moved.elements["student"].measure - held.elements["student"].measure
    assert np.ptp(shift) < 1e-9 and moved.elements["rater"].measure.sum() == pytest.approx(0, abs=1e-9)
    assert moved.elements["rater"].fair_average == pytest.approx(held.elements["rater"].fair_average)
    assert moved.elements["rater"].infit == pytest.approx(held.elements["rater"].infit)


def test_marginal_reproduces_totals_and_is_less_stretched():
    found, joint = facets(*guilford()), facets(*guilford(), estimator="joint")
    assert found.converged and found.residual < 1e-6
    assert np.ptp(found.elements["criterion"].measure) < np.ptp(joint.elements["criterion"].measure)
    twice = facets(*guilford(), nodes=61)
    assert found.elements["rater"].measure == pytest.approx(twice.elements["rater"].measure, abs=1e-6)
    assert found.log_likelihood == pytest.approx(twice.log_likelihood, abs=1e-5)


def test_marginal_likelihood_is_that_of_a_dense_grid():
    """An independent computation: the likelihood on a fixed grid of 401 points, and its slope at the estimates."""
    rating, columns, _ = simulated(5, students=40, raters=4, tasks=2)
    found = facets(rating, only(columns, "student", "rater", "task"))

    def log_likelihood(severity, difficulty, steps, mean, spread):
        grid = np.linspace(-9, 9, 401)
        prior = (
            np.exp(-0.5 * ((grid - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi)) * (grid[1] - grid[0])
        )
        like = np.tile(prior, (40, 1))
        for s, r, t, x in zip(columns["student"], columns["rater"], columns["task"], rating, strict=True):
            logs = np.cumsum(
                np.vstack((np.zeros(401), grid - severity[r] - difficulty[t] - steps[:, None])), 0
            )
            like[s] *= np.exp(logs[int(x) - 1]) / np.exp(logs).sum(0)
        return np.log(like.sum(1)).sum()

    at = [found.elements["rater"].measure, found.elements["task"].measure,
          np.array([each.measure for each in found.thresholds]), found.populations[0].mean, found.student_deviation]  # fmt: skip
    best = log_likelihood(*at)
    assert found.log_likelihood == pytest.approx(best, abs=1e-6)
    for place in range(5):
        for by in (0.02, -0.02):
            other = [np.array(each, float).copy() for each in at]
            other[place].flat[0] += by
            assert log_likelihood(*other) < best


def test_recovery_and_coverage():
    z = {"rater": [], "task": [], "student": [], "steps": []}
    for seed in range(12):
        rating, columns, truth = simulated(seed)
        found = facets(rating, only(columns, "student", "rater", "task"))
        for name in ("rater", "task"):
            z[name].extend(scores(found, name, truth[name]))
        z["steps"] += [(each.measure - true) / each.standard_error
                       for each, true in zip(found.thresholds, truth["steps"][0], strict=True)]  # fmt: skip
        student, shift = found.elements["student"], truth["rater"].mean()
        z["student"].extend((student.measure + shift - truth["student"]) / student.standard_error)
    inside = {name: np.mean(np.abs(each) < 1.96) for name, each in z.items()}
    assert 0.9 < inside["rater"] <= 0.99 and inside["task"] > 0.8 and inside["steps"] > 0.8
    assert 0.93 < inside["student"] < 0.97


@pytest.mark.soak
def test_coverage_at_length():
    z = {"rater": [], "task": []}
    for seed in range(150):
        rating, columns, truth = simulated(seed, sets=3)
        found = facets(rating, only(columns, "student", "rater", "task"), model="partial-credit")
        for name in z:
            z[name].extend(scores(found, name, truth[name]))
    for each in z.values():
        assert 0.93 < np.mean(np.abs(each) < 1.96) < 0.97


def reference(rating, columns, nodes=61):
    """Measures of raters by another way: the marginal likelihood on a fixed grid, maximized as a whole by a quasi-Newton method.

    Nothing is shared with the product: no adaptive quadrature, no expectation step, no sparse equations.
    """
    student, rater, task = (
        np.unique(columns[name], return_inverse=True)[1] for name in ("student", "rater", "task")
    )
    n, raters, tasks = student.max() + 1, rater.max() + 1, task.max() + 1
    x, grid = np.asarray(rating, int) - 1, np.linspace(-6, 6, nodes)
    most = x.max()
    above = (x[:, None] > np.arange(most)).astype(float)

    def negative(at):
        severity, difficulty = at[:raters], at[raters : raters + tasks]
        tau, mean, spread = at[raters + tasks : -2], at[-2], np.exp(at[-1])
        theta = mean + spread * grid
        eta = theta - severity[rater][:, None] - difficulty[task][:, None]
        logs = np.cumsum(eta[:, :, None] - tau, 2)
        top = np.maximum(logs.max(2), 0)
        chance = np.exp(logs - top[:, :, None])
        whole = np.exp(-top) + chance.sum(2)
        chance /= whole[:, :, None]
        said = np.where(
            x > 0, np.take_along_axis(logs, np.maximum(x - 1, 0)[:, None, None], 2)[:, :, 0].T, 0
        ).T
        own = np.zeros((n, nodes))
        np.add.at(own, student, said - top - np.log(whole))
        joint = own - grid**2 / 2
        peak = joint.max(1, keepdims=True)
        weight = np.exp(joint - peak)
        total = weight.sum(1, keepdims=True)
        weight /= total
        beyond = np.cumsum(chance[:, :, ::-1], 2)[:, :, ::-1]
        slope = ((above[:, None, :] - beyond) * weight[student][:, :, None]).sum(1)
        across = (x[:, None] - beyond.sum(2)) * weight[student]
        down = np.concatenate([
            -np.bincount(rater, slope.sum(1), raters), -np.bincount(task, slope.sum(1), tasks), -slope.sum(0),
            [across.sum(), (across * spread * grid).sum()],
        ])  # fmt: skip
        return -(np.log(total) + peak).sum(), -down

    begin = np.zeros(raters + tasks + most + 2)
    found = minimize(
        negative, begin, jac=True, method="L-BFGS-B", options={"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-6}
    )
    return found.x[:raters] - found.x[:raters].mean()


def beside_the_reference(seed, **how):
    rating, columns, truth = simulated(seed, double=False, tasks=4, **how)
    columns = only(columns, "student", "rater", "task")
    rater = facets(rating, columns).elements["rater"]
    ours = rater.measure - rater.measure.mean()
    seen = np.unique(columns["rater"])
    true = truth["rater"][seen] - truth["rater"][seen].mean()
    theirs = reference(rating, columns)
    return [float(np.sqrt(np.mean((each - true) ** 2))) for each in (ours, theirs)], np.abs(
        ours - theirs
    ).max()


def test_raters_are_recovered_as_well_as_by_a_plain_marginal_likelihood():
    (ours, theirs), apart = beside_the_reference(5, students=400, raters=20)
    assert ours == pytest.approx(theirs, rel=0.02) and apart < 0.005


@pytest.mark.soak
def test_raters_are_recovered_as_well_at_the_size_of_a_district():
    """2,000 students, 4 tasks, 200 raters, one rater each: the size at which the reference is stated."""
    (ours, theirs), apart = beside_the_reference(1, students=2000, raters=200)
    print(
        f"RMSE of 200 raters: {ours:.4f}, by a plain marginal likelihood {theirs:.4f}; farthest apart {apart:.5f}"
    )
    assert ours == pytest.approx(theirs, rel=0.02)


def test_partial_credit_finds_each_task_its_thresholds():
    rating, columns, truth = simulated(3, students=1500, sets=3)
    found = facets(rating, only(columns, "student", "rater", "task"), model="partial-credit")
    measured = np.array([each.measure for each in found.thresholds]).reshape(3, 3)
    centered = truth["steps"] - truth["steps"].mean(1, keepdims=True)
    assert np.abs(measured - centered).max() < 0.2
    assert np.abs(scores(found, "rater", truth["rater"])).max() < 4
    one = facets(rating, only(columns, "student", "rater", "task"))
    assert found.log_likelihood > one.log_likelihood + 20


def test_sparse_rows_give_what_dense_ones_give(monkeypatch):
    rating, columns, _ = simulated(8, students=400, raters=40)
    columns = only(columns, "student", "rater", "task")
    both = []
    for most in (10, 10_000):
        monkeypatch.setattr(layout, "DENSE", most)
        monkeypatch.setattr("headway.science.facets.sparse.EXACT", 10)
        both.append([facets(rating, columns, estimator=name) for name in ("marginal", "joint")])
    for sparse, dense in zip(*both, strict=True):
        for name in ("rater", "task", "student"):
            one, other = sparse.elements[name], dense.elements[name]
            assert one.measure == pytest.approx(other.measure, abs=1e-6)
            assert one.standard_error == pytest.approx(other.standard_error, rel=0.02)
        assert sparse.log_likelihood == pytest.approx(dense.log_likelihood, abs=1e-6)


def test_rows_in_another_order_change_nothing():
    rating, columns, _ = simulated(2, students=60)
    order = np.random.default_rng(1).permutation(len(rating))
    one = facets(rating, columns)
    other = facets(rating[order], {name: each[order] for name, each in columns.items()})
    assert one.elements["rater"].measure == pytest.approx(other.elements["rater"].measure, abs=1e-8)
    assert one.agreement == pytest.approx(other.agreement) or one.agreement.pairs == other.agreement.pairs


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["joint", "marginal"]))
def test_totals_are_reproduced(seed, estimator):
    """For any connected ratings: the expected total of every element is its total."""
    rng = np.random.default_rng(seed)
    students, raters = rng.integers(4, 12), rng.integers(2, 5)
    student, rater = (each.ravel() for each in np.meshgrid(np.arange(students), np.arange(raters)))
    rating = rng.integers(0, 4, len(student)).astype(float)
    try:
        found = facets(rating, {"student": student, "rater": rater}, estimator=estimator)
    except FacetsRefused as refused:
        assert refused.code in (
            "all_extreme",
            "one_category",
            "no_repeats",
            "disconnected",
            "no_finite_estimate",
        )
        return
    assert found.residual < 1e-6
    assert np.isfinite(found.elements["rater"].measure).all()


def test_extreme_elements_are_placed_and_said():
    rating, columns, _ = simulated(4, students=50, raters=5, tasks=2)
    top = columns["student"] == 7
    found = facets(np.where(top, 4.0, rating), only(columns, "student", "rater", "task"), estimator="joint")
    student = found.elements["student"]
    assert student.extreme[7] == 1 and student.measure[7] == student.measure.max()
    assert student.standard_error[7] > np.median(student.standard_error) and np.isnan(student.infit[7])
    assert any(reason.startswith("extreme_student") for reason in found.reasons)
    kind = facets(np.where(columns["rater"] == 0, 4.0, rating), only(columns, "student", "rater", "task"))
    rater = kind.elements["rater"]
    assert (
        rater.extreme[0] == 1
        and rater.measure[0] == rater.measure.min()
        and np.isfinite(rater.standard_error[0])
    )


def test_anchored_elements_stay():
    rating, columns, _ = simulated(6)
    columns = only(columns, "student", "rater", "task")
    free = facets(rating, columns)
    for estimator in ("marginal", "joint"):
        held = facets(rating, columns, anchors={"rater": {"0": 0.7, "3": -0.2}}, estimator=estimator)
        assert held.elements["rater"].measure[[0, 3]].tolist() == [0.7, -0.2]
        assert held.elements["rater"].anchored.sum() == 2
    same = dict(zip(free.elements["rater"].labels, free.elements["rater"].measure, strict=True))
    held = facets(rating, columns, anchors={"rater": same})
    assert held.elements["student"].measure == pytest.approx(free.elements["student"].measure, abs=1e-6)
    students = {"0": 1.0, "1": -1.0}
    held = facets(rating, columns, anchors={"student": students}, estimator="joint")
    assert held.elements["student"].measure[:2].tolist() == [1.0, -1.0] and held.residual < 1e-6


def test_disconnected_sets_are_named():
    with pytest.raises(FacetsRefused) as caught:
        facets([1, 2, 2, 1], {"student": list("aabb"), "rater": list("xyzw")})
    assert caught.value.code == "disconnected"
    assert caught.value.details == [
        {"student": ["a"], "rater": ["x", "y"]},
        {"student": ["b"], "rater": ["w", "z"]},
    ]
    assert "student a with rater x, y" in str(caught.value)
    tied = {"student": list("aaabbbccc"), "rater": list("xyzyzwwxy")}
    assert facets([1, 2, 3, 3, 2, 1, 2, 2, 3], tied).n == 9
    apart = {"student": list("aabbccddeeff"), "rater": list("xyxyxyzwzwzw")}
    rating = [1, 2, 2, 3, 3, 1, 2, 2, 3, 1, 1, 2]
    with pytest.raises(FacetsRefused):
        facets(rating, apart, anchors={"rater": {"x": 0}})
    held = facets(rating, apart, anchors={"rater": {"x": 0, "z": 0}})
    assert held.elements["rater"].anchored.sum() == 2


def test_raters_who_never_share_a_task_are_not_compared():
    student = np.repeat(np.arange(6), 4)
    task, rater = np.tile([0, 0, 1, 1], 6), np.tile([0, 1, 2, 3], 6)
    rating = np.random.default_rng(1).integers(1, 5, 24)
    with pytest.raises(FacetsRefused) as caught:
        facets(rating, {"student": student, "rater": rater, "task": task})
    assert caught.value.code == "disconnected" and {"rater", "task"} == set(caught.value.details[0])


def test_three_facets_tied_two_by_two_may_still_be_confounded():
    """Criterion is always rater plus task, modulo 2: every pair meets, and one direction changes no rating."""
    rows = [(s, r, t, (r + t) % 2) for s in range(8) for r in range(2) for t in range(2)]
    rating = np.random.default_rng(2).integers(1, 5, len(rows))
    student, rater, task, criterion = map(list, zip(*rows, strict=True))
    found = facets(rating, {"student": student, "rater": rater, "task": task, "criterion": criterion})
    assert found.converged
    criterion = [r * 2 + (t >= 2) for _, r, t, _ in rows]
    with pytest.raises(FacetsRefused) as caught:
        facets(rating, {"student": student, "rater": rater, "task": task, "criterion": criterion})
    assert caught.value.code == "disconnected"


@pytest.mark.parametrize(
    ("rating", "columns", "options", "code"),
    [
        ([1, 1, 1], {"student": list("aab"), "rater": list("xyx")}, {}, "one_category"),
        ([1, 2], {"rater": list("xy")}, {}, "no_student"),
        ([1, 2], {"student": list("ab")}, {}, "no_facet"),
        ([1, 2], {"student": list("ab"), "rater": list("xx")}, {}, "no_repeats"),
        ([np.nan], {"student": ["a"], "rater": ["x"]}, {}, "no_rows"),
        ([1, 2], {"student": list("aa"), "rater": list("xy")}, {"model": "partial-credit"}, "no_item"),
        ([1, 2], {"student": list("aa"), "rater": list("xy")}, {"model": "other"}, "bad_choice"),
        (
            [1, 2],
            {"student": list("aa"), "rater": list("xy")},
            {"anchors": {"rater": {"q": 1}}},
            "unknown_anchor",
        ),
        (list(range(40)), {"student": ["a"] * 40, "rater": ["x"] * 40}, {}, "too_many_categories"),
        ([1, 2, 1], {"student": list("aa"), "rater": list("xyx")}, {}, "lengths_differ"),
        ([1, 2], {"student": list("aa"), "rater": list("xy"), "room": [1, 2]}, {}, "unknown_facet"),
    ],
)
def test_refusals(rating, columns, options, code):
    with pytest.raises(FacetsRefused) as caught:
        facets(rating, columns, **options)
    assert caught.value.code == code


@pytest.mark.parametrize("estimator", ["marginal", "joint"])
def test_a_planted_change_is_flagged_and_false_alarms_keep_their_rate(estimator):
    alarms, hits, looked = 0, 0, 0
    for seed in range(6):
        rating, columns, _ = simulated(seed, students=400, gap=0.8)
        quiet = facets(rating, columns, estimator=estimator)
        for each in quiet.differences.values():
            alarms += sum(row.flagged for row in each.rows)
            looked += len(each.rows)
        rating, columns, _ = simulated(seed, students=400, gap=0.8, drift=0.5, functioning=0.5)
        loud = facets(rating, columns, estimator=estimator)
        row = next(
            each for each in loud.differences["group"].rows if (each.rater, each.context) == ("1", "1")
        )
        hits += row.flagged and row.value > 0
        assert abs(row.shrunken) <= abs(row.value)
    assert hits >= 3
    assert 0.02 < alarms / looked < 0.09


def test_groups_of_students_have_their_own_means():
    rating, columns, _ = simulated(1, students=800, gap=1.0)
    found = facets(rating, columns)
    low, high = found.populations
    assert (low.n, high.n) == (400, 400) and high.mean - low.mean == pytest.approx(1.0, abs=0.25)
    assert "window" in found.elements, "students stand in several windows, so windows have a main effect"


def test_agreement_is_what_the_model_expects():
    seen, hoped = [], []
    for seed in range(4):
        rating, columns, _ = simulated(seed)
        found = facets(rating, only(columns, "student", "rater", "task")).agreement
        seen.append(found.observed)
        hoped.append(found.expected)
    assert np.mean(seen) == pytest.approx(np.mean(hoped), abs=0.03)


def test_severity_adjustment_keeps_to_its_conditions():
    rating, columns, truth = simulated(11, students=900, raters=6)
    columns = only(columns, "student", "rater", "task")
    found = facets(rating, columns)
    severe, mild = str(int(truth["rater"].argmax())), str(int(truth["rater"].argmin()))
    up = severity_adjustment(found, severe, 2.5, blind=True)
    assert 0 < up.value < up.severity_levels and up.level == 2.5 + up.value and up.n >= 30 and not up.reasons
    assert severity_adjustment(found, mild, 2.5, blind=True).reasons == ("never_lowers",)
    assert severity_adjustment(found, severe, 2.5, blind=False).reasons == ("not_linked",)
    assert severity_adjustment(found, severe, 2.5, blind=True, fewest_linked=10**6).reasons == (
        "too_few_linked",
    )
    assert severity_adjustment(found, severe, 4, blind=True, highest=4).value == 0
    assert (
        "too_uncertain"
        in severity_adjustment(found, severe, 2.5, blind=True, largest_error_levels=1e-3).reasons
    )
    single = facets(*simulated(11, students=300, raters=6, double=False)[:2])
    assert "not_linked" in severity_adjustment(single, severe, 2.5, blind=True).reasons
    with pytest.raises(FacetsRefused):
        severity_adjustment(found, "nobody", 2.5, blind=True)


def test_sets_are_found():
    table = rating_table([1] * 5, {"student": list("aabcc"), "rater": list("xyzwy")})
    assert len(set(connected_sets(table, "student", "rater").tolist())) == 2


def write(tmp_path, text, name="ratings.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def guilford_file(tmp_path):
    rating, columns = guilford()
    rows = zip(columns["student"], columns["rater"], columns["criterion"], rating, strict=True)
    return write(
        tmp_path, "student,rater,criterion,rating\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows)
    )


def test_on_files(tmp_path):
    answer = run("facets", [guilford_file(tmp_path)], {"estimator": "joint", "interval": "0.9"})
    rows = {(row["facet"], row["element"]): row for row in answer["estimates"]}
    assert rows["rater", "2"]["measure"] == pytest.approx(JUDGES[1], abs=1e-8)
    assert rows["rater", "2"]["interval"][1] == pytest.approx(
        JUDGES[1] + 1.6448536 * rows["rater", "2"]["standard_error"]
    )
    assert (answer["n"], answer["excluded"], answer["converged"]) == (105, 0, True)
    anchors = write(tmp_path, "facet,element,measure\nrater,1,0.5\n", "anchors.csv")
    held = run("facets", [guilford_file(tmp_path)], {"anchors": str(anchors)})
    assert next(row for row in held["estimates"] if row["anchored"])["measure"] == 0.5


@pytest.mark.parametrize(
    ("text", "options", "code", "line"),
    [
        ("student,rater\na,b\n", {}, "column_missing", 1),
        ("student,rater,rating\na,b,two\n", {}, "not_a_number", 2),
        ("student,rater,rating\na,b,inf\n", {}, "not_a_number", 2),
        ("student,rater,rating\na,b\n", {}, "cells_differ", 2),
        ("student,rater,rating\n", {}, "no_rows", None),
        ("student,rater,rater,rating\na,b,b,1\n", {}, "column_twice", 1),
        ("student,rater,rating\na,x,1\nb,y,2\n", {}, "disconnected", None),
        ("student,rater,rating\na,x,1\na,y,2\n", {"model": "rsm"}, "bad_parameter", None),
        ("student,rater,rating\na,x,1\na,y,2\n", {"interval": "95"}, "bad_parameter", None),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, text, options, code, line):
    with pytest.raises(ScienceRefusal) as caught:
        run("facets", [write(tmp_path, text)], options)
    assert (caught.value.code, caught.value.where.get("line")) == (code, line)


@pytest.mark.parametrize("seed", range(40))
def test_any_ratings_are_answered_or_refused_in_words(seed):
    """Small, gappy ratings with any of the facets: never an error that says nothing."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 100))
    names = [
        "student",
        *(name for name in ("rater", "task", "criterion", "window", "group") if rng.random() < 0.6),
    ]
    columns = {name: rng.integers(0, rng.integers(1, 9), n) for name in names}
    rating = np.clip(np.round(2 + rng.normal(0, 1.2, n) + columns["student"] / 4), 0, 4)
    rating[rng.random(n) < 0.05] = np.nan
    for model, estimator in product(("rating-scale", "partial-credit"), ("marginal", "joint")):
        try:
            found = facets(rating, columns, model=model, estimator=estimator)
        except FacetsRefused as refused:
            assert len(str(refused)) > 20
            continue
        assert found.used <= found.n and found.n + found.excluded == n
        for each in found.elements.values():
            assert (each.count > 0).all() and (
                each.standard_error[np.isfinite(each.standard_error)] >= 0
            ).all()
