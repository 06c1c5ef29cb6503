"""Certified pieces: only what was rated by a whole rubric fills the requirement, and no other determination moves."""

from __future__ import annotations

import numpy as np
import pytest

from headway.science.codes import Override
from headway.science.ledger import Ratings
from headway.science.proficiency.determine import determine
from headway.science.proficiency.explain import explain
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.registry import rules

ASKS = {"pieces": 2, "certifying_pieces": 1}


def policy(**fields) -> Policy:
    return Policy.from_mapping({"rule": "mean", "requirement": ASKS, **fields})


def test_holistic_pieces_never_fill_it_however_many_there_are() -> None:
    j = explain(Ratings.of(level=[3, 4, 4, 4]), policy())
    assert (j.state, j.engine_value, j.missing) == ("too_little", 3.75, {"certifying_pieces": (0, 1)})
    assert "one piece of work on a task of the bank whose rubric may certify" in j.words["en"]
    assert "un trabajo en una tarea del banco cuya rúbrica puede certificar" in j.words["es"]
    # One more piece is thought of as one that certifies, like one that is deep enough where depth is asked.
    assert [(c.level, c.state) for c in j.would_change] == [
        (1.0, "proficient"), (2.0, "proficient"), (3.0, "proficient"), (4.0, "proficient")]  # fmt: skip


def test_one_piece_by_a_whole_rubric_fills_it_and_weighs_no_more() -> None:
    j = explain(Ratings.of(level=[3, 4, 4, 4], certifying=[True, False, False, False]), policy())
    assert (j.state, j.value, j.missing) == ("proficient", 3.75, {})
    assert [c.weight for c in j.counted] == [0.25] * 4


def test_an_older_attempt_and_an_override_fill_nothing() -> None:
    older = Ratings.of(level=[3, 3, 3], piece=[1, 1, 2], attempt=[1, 2, 1], certifying=[True, False, False])
    assert explain(older, policy()).missing == {"certifying_pieces": (0, 1)}
    for fills in ("remaining", "one"):
        completed = Ratings.of(
            level=[3, 3, np.nan], override=[0, 0, int(Override.COMPLETES)], certifying=[False, False, True]
        )
        assert explain(completed, policy(complete={"fills": fills})).missing == {"certifying_pieces": (0, 1)}


def test_each_segment_has_its_own_number() -> None:
    ratings = Ratings.of(level=[3, 3, 3, 3], segment=[0, 0, 1, 1], certifying=[True, False, False, False])
    answer = determine(ratings, policy())
    assert [answer.of(n)["state"] for n in (0, 1)] == ["proficient", "too_little"]


@pytest.mark.parametrize("rule", sorted(key for key in rules() if key not in ("best-n",)))
def test_no_determination_of_another_policy_moves(rule: str) -> None:
    """Whatever certifies, a policy that does not ask for it gives what it gave, number for number."""
    rng = np.random.default_rng(7)
    n = 400
    columns = {
        "level": rng.integers(1, 5, n).astype(float), "segment": np.sort(rng.integers(0, 60, n)), "count": 60,
        "observed": rng.integers(0, 10**15, n), "task": rng.integers(-1, 9, n), "rater": rng.integers(0, 4, n),
        "depth": rng.integers(0, 5, n), "setting": rng.integers(-1, 3, n),
    }  # fmt: skip
    asks = {"pieces": 2, "tasks": 2, "depth": 2}
    for requirement in ({}, asks, {**asks, "certifying_pieces": 0}):
        chosen = Policy.from_mapping({"rule": rule, "requirement": requirement})
        plain = determine(Ratings.of(**columns), chosen)
        marked = determine(Ratings.of(**columns, certifying=rng.integers(0, 2, n).astype(bool)), chosen)
        for name in plain.__slots__:
            np.testing.assert_array_equal(getattr(plain, name), getattr(marked, name), err_msg=name)
