"""DINA: the published fraction subtraction figures, known truth recovered, and what is refused."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from headway.science.diagnosis import EstimateRefused, dina
from headway.science.files.names import run
from headway.science.files.reading import ScienceRefusal

CASE = Path(__file__).resolve().parents[3] / "shared" / "cases" / "cdm-dina-fraction-subtraction"


def simulated(seed, students=600, items=12, attributes=3):
    rng = np.random.default_rng(seed)
    needed = rng.random((items, attributes)) < 0.5
    needed[:attributes] = np.eye(attributes, dtype=bool)
    needed[needed.sum(1) == 0, 0] = True
    has = rng.random((students, attributes)) < 0.5
    able = ~(needed[None] & ~has[:, None]).any(2)
    guess, slip = rng.uniform(0.1, 0.3, items), rng.uniform(0.05, 0.25, items)
    right = rng.random(able.shape) < np.where(able, 1 - slip, guess)
    rows = np.indices(right.shape).reshape(2, -1)
    requires = {str(i): [f"a{k}" for k in range(attributes) if needed[i, k]] for i in range(items)}
    return (rows[0], rows[1], right.ravel(), requires), has, guess, slip


@pytest.mark.shared
def test_fraction_subtraction(tmp_path):
    """Tatsuoka (1984), 536 students, 20 items, 8 attributes; figures of de la Torre (2009) as by R CDM 8.2."""
    files = [(CASE / name).read_text("utf-8").splitlines() for name in ("qmatrix.csv", "responses.csv")]
    needed, answers = (list(csv.reader(lines)) for lines in files)
    scores, attributes = tmp_path / "scores.csv", tmp_path / "attributes.csv"
    names = answers[0]
    scores.write_text(
        "student,item,score\n"
        + "".join(
            f"{at},{name},{mark}\n"
            for at, row in enumerate(answers[1:])
            for name, mark in zip(names, row, strict=True)
        ),
        "utf-8",
    )
    attributes.write_text("item,attribute\n" + "".join(
        f"{name},{one}\n" for name, row in zip(names, needed[1:], strict=True)
        for one, mark in zip(needed[0], row, strict=True) if mark == "1"), "utf-8")  # fmt: skip
    answer = run("dina", [scores, attributes])
    wanted = json.loads((CASE / "expected.json").read_text())
    assert answer["log_likelihood"] == pytest.approx(wanted["loglik"], abs=1e-4)
    assert answer["aic"] == pytest.approx(wanted["AIC"], abs=1e-3)
    for row in answer["estimates"]:
        assert row["guess"] == pytest.approx(wanted["items"][row["item"]]["guess"], abs=1e-5)
        assert row["slip"] == pytest.approx(wanted["items"][row["item"]]["slip"], abs=1e-5)
    assert answer["distinct_classes"] == 58 and "classes_not_told_apart" in answer["reasons"]


def test_recovery_and_coverage():
    z = []
    for seed in range(12):
        data, has, guess, slip = simulated(seed)
        found = dina(*data)
        for one in found.items:
            at = int(one.item)
            z += [(one.guess - guess[at]) / one.guess_error, (one.slip - slip[at]) / one.slip_error]
        places = [int(name[1:]) for name in found.attributes]
        assert ((found.mastery > 0.5) == has[:, places]).mean() > 0.85
        assert found.shares.sum() == pytest.approx(1) and found.converged
    assert 0.89 < np.nanmean(np.abs(z) < 1.96) < 0.99


def test_missing_answers_are_no_wrong_ones():
    (student, item, right, requires), *_ = simulated(1)
    gone = np.random.default_rng(2).random(len(right)) < 0.3
    whole, part = (
        dina(student, item, right, requires),
        dina(student, item, np.where(gone, np.nan, right), requires),
    )
    assert part.excluded == gone.sum()
    for one, other in zip(whole.items, part.items, strict=True):
        assert other.slip == pytest.approx(one.slip, abs=5 * one.slip_error)


@pytest.mark.parametrize(
    ("rows", "requires", "code"),
    [
        ([("a", "i", np.nan)], {"i": ["x"]}, "no_rows"),
        ([("a", "i", 2)], {"i": ["x"]}, "not_right_or_wrong"),
        ([("a", "i", 1)], {}, "item_without_attribute"),
        ([("a", "i", 1), ("a", "i", 1)], {"i": ["x"]}, "twice"),
        ([("a", "i", 1)], {"i": [str(k) for k in range(13)]}, "too_many_attributes"),
    ],
)
def test_refusals(rows, requires, code):
    with pytest.raises(EstimateRefused) as caught:
        dina(*map(list, zip(*rows, strict=True)), requires)
    assert caught.value.code == code


def test_one_file_is_not_enough(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("student,item,score\na,i,1\n", "utf-8")
    with pytest.raises(ScienceRefusal) as caught:
        run("dina", [path])
    assert caught.value.code == "two_files"
