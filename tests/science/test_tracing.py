"""Knowledge tracing: the course's worked update, known truth recovered, intervals, and refusals."""

from itertools import pairwise, product

import numpy as np
import pytest

from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal
from headway.science.tracing import EstimateRefused, knowledge_tracing, trace


def simulated(seed, values, students=800, length=8):
    rng = np.random.default_rng(seed)
    known = np.empty((students, length), bool)
    known[:, 0] = rng.random(students) < values[0]
    for at in range(1, length):
        known[:, at] = known[:, at - 1] | (rng.random(students) < values[1])
    right = rng.random(known.shape) < np.where(known, 1 - values[2], values[3])
    rows = np.indices(right.shape).reshape(2, -1)
    return rows[0], ["s"] * right.size, rows[1], right.ravel()


def test_the_worked_update():
    """R. Baker, Big Data and Education, after Corbett & Anderson (1995): .28, .62, .87 in two decimals."""
    steps = trace([0, 1, 1], known=0.4, learn=0.1, slip=0.3, guess=0.2)
    assert [one.posterior for one in steps] == pytest.approx(
        [0.2, 0.5764705882352942, 0.8503464203233257], abs=1e-12
    )
    assert [one.next for one in steps] == pytest.approx(
        [0.28, 0.6188235294117648, 0.8653117782909931], abs=1e-12
    )


def test_the_likelihood_is_the_sum_over_all_histories():
    data = simulated(3, (0.4, 0.2, 0.1, 0.2), students=40, length=5)
    (found,) = knowledge_tracing(*data)
    known, learn, slip, guess = found.values
    answers, total = np.array(data[3]).reshape(40, 5), 0.0
    for row in answers:
        like = 0.0
        for history in product((0, 1), repeat=5):
            chance = known if history[0] else 1 - known
            for before, after in pairwise(history):
                chance *= (1.0 if after else 0.0) if before else (learn if after else 1 - learn)
            for state, mark in zip(history, row, strict=True):
                right = 1 - slip if state else guess
                chance *= right if mark else 1 - right
            like += chance
        total += np.log(like)
    assert found.log_likelihood == pytest.approx(total, abs=1e-8)
    last = trace(answers[0].astype(int), known=known, learn=learn, slip=slip, guess=guess)[-1].next
    assert found.mastery[0] == pytest.approx(last, abs=1e-9)


def test_recovery_and_coverage():
    covered, away = [], []
    for seed in range(15):
        values = np.random.default_rng(900 + seed).uniform([0.1, 0.08, 0.05, 0.1], [0.5, 0.3, 0.2, 0.3])
        (found,) = knowledge_tracing(*simulated(seed, values))
        assert found.converged
        covered += [low <= true <= high for true, (low, high) in zip(values, found.intervals, strict=True)]
        away += list(np.abs(np.array(found.values) - values))
    assert np.mean(covered) > 0.85 and np.mean(away) < 0.02


def test_guessing_and_slipping_stay_below_one_together():
    rng = np.random.default_rng(1)
    rows = np.indices((60, 4)).reshape(2, -1)
    (found,) = knowledge_tracing(
        rows[0], ["s"] * 240, rows[1], rng.random(240) < np.tile([0.9, 0.6, 0.4, 0.1], 60)
    )
    assert found.values[2] + found.values[3] < 1


def test_rows_in_another_order_change_nothing():
    student, skill, position, right = simulated(5, (0.3, 0.2, 0.1, 0.2), students=50)
    order = np.random.default_rng(1).permutation(len(right))
    (one,) = knowledge_tracing(student, skill, position, right)
    (other,) = knowledge_tracing(student[order], skill, position[order], right[order])
    assert one.values == other.values and (one.mastery == other.mastery).all()


def test_on_files(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("student,skill,position,correct\na,s,2,1\na,s,1,0\na,s,3,1\na,s,4,\n", "utf-8")
    given = {"known": "0.4", "learn": "0.1", "slip": "0.3", "guess": "0.2"}
    answer = run("knowledge-tracing", [path], given)
    assert [row["next"] for row in answer["estimates"]] == pytest.approx(
        [0.28, 0.6188235294117648, 0.8653117782909931]
    )
    assert answer["excluded"] == 1
    rows = zip(*simulated(1, (0.3, 0.2, 0.1, 0.2), students=100), strict=True)
    path.write_text(
        "student,skill,position,correct\n" + "".join(f"{a},{b},{c},{int(d)}\n" for a, b, c, d in rows),
        "utf-8",
    )
    answer = run("knowledge-tracing", [path])
    assert len(answer["mastery"]) == 100 and answer["estimates"][0]["learn_interval"][0] < 0.3
    for text, options, code in (
        ("a,s,1,2\n", {}, "not_right_or_wrong"),
        ("a,s,1,2\n", given, "not_right_or_wrong"),
        ("a,s,1,1\na,s,1,0\n", {}, "same_position"),
        ("a,s,,1\n", {}, "no_position"),
        ("a,s,1,1\n", {"known": "0.4"}, "bad_parameter"),
        ("a,s,1,1\n", {**given, "slip": "0.9"}, "out_of_range"),
        ("a,s,1,\n", {}, "no_rows"),
    ):
        path.write_text("student,skill,position,correct\n" + text, "utf-8")
        with pytest.raises(ScienceRefusal) as caught:
            run("knowledge-tracing", [path], options)
        assert caught.value.code == code


def test_chances_out_of_range_are_refused():
    with pytest.raises(EstimateRefused):
        trace([1], known=1.2, learn=0.1, slip=0.1, guess=0.2)
