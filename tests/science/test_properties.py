"""Properties that hold for every rule and any evidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.science.ledger import Ratings, Segments
from headway.science.proficiency.bulk import evaluate
from headway.science.proficiency.determine import determine, work
from headway.science.proficiency.explain import explain
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.registry import parameters, rule, rules

KEYS = list(rules())
levels_of = st.lists(st.sampled_from([0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]), min_size=1, max_size=12)


@st.composite
def events(draw, segments=3):
    n = draw(st.integers(0, 25))
    of = lambda *values: draw(st.lists(st.sampled_from(values), min_size=n, max_size=n))  # noqa: E731
    status, override = of(0, 0, 0, 0, 1, 2, 3, 4), of(0, 0, 0, 0, 0, 1, 2, 3)
    level = [
        value if (s == 0 and o == 0) or o == 2 else np.nan
        for value, s, o in zip(of(1, 2, 3, 4), status, override, strict=True)
    ]
    return {
        "segment": of(*range(segments)),
        "level": level,
        "status": status,
        "override": override,
        "purpose": of(0, 0, 0, 0, 1, 5),
        "kind": of(0, 0, 0, 1, 2, 3, 4),
        "piece": of(*range(8)),
        "attempt": of(1, 2),
        "observed": of(1, 2, 3),
        "submitted": of(1, 2),
        "recorded": of(1, 2, 3),
        "depth": of(0, 1, 2, 3),
        "rater": of(-1, 0, 1),
        "task": of(-1, 0, 1),
        "setting": of(-1, 0, 1, 2),
        "key": [f"k{i:02}" for i in draw(st.permutations(range(n)))],
    }


POLICIES = [
    {"rule": key, "requirement": {"pieces": 2}, "same_attempt": same, "order": order}
    for key, same, order in zip(
        KEYS, ["mean", "lead", "moderated"] * 4, ["observed", "submitted", "recorded", "due"] * 3, strict=True
    )
]


@pytest.mark.parametrize("policy", POLICIES, ids=KEYS)
@given(columns=events(), data=st.data())
@settings(max_examples=25, deadline=None)
def test_entry_order_changes_nothing(policy, columns, data):
    n = len(columns["level"])
    order = np.array(data.draw(st.permutations(range(n))), int)
    shuffled = {name: np.array(column)[order] for name, column in columns.items()}
    if n == 0:
        columns = {"level": []}
        shuffled = columns
    chosen = Policy.from_mapping(policy)
    a, b = (determine(Ratings.of(count=3, **c), chosen) for c in (columns, shuffled))
    for name in a.__slots__:
        assert np.array_equal(
            getattr(a, name), getattr(b, name), equal_nan=getattr(a, name).dtype.kind == "f"
        ), name


@pytest.mark.parametrize("policy", POLICIES, ids=KEYS)
@given(columns=events())
@settings(max_examples=25, deadline=None)
def test_many_at_once_equal_one_by_one(policy, columns):
    if not columns["level"]:
        return
    chosen, ratings = Policy.from_mapping(policy), Ratings.of(count=3, **columns)
    bulk = determine(ratings, chosen)
    today = int(ratings.instructed.max())
    for segment in range(3):
        one = determine(ratings.one(segment), chosen, today=today)
        for name in bulk.__slots__:
            assert np.array_equal(
                getattr(bulk, name)[segment],
                getattr(one, name)[0],
                equal_nan=name in ("value", "engine_value", "standard_error"),
            ), name


@pytest.mark.parametrize("key", KEYS)
@given(levels=levels_of)
@settings(max_examples=40, deadline=None)
def test_weights_sum_to_one_and_reproduce_the_value(key, levels):
    weights = np.zeros(len(levels))
    segment = Segments.of(np.array(levels, float), setting=np.arange(len(levels)) % 3)
    value = evaluate(rule(key), segment, parameters(key), weights=weights)[0]
    assert (weights >= 0).all() and (weights <= 1 + 1e-12).all()
    if np.isnan(value):
        assert weights.sum() == 0
        return
    assert weights.sum() == pytest.approx(1)
    if rule(key).reproduces:
        assert weights @ levels == pytest.approx(value)


@given(columns=events(segments=1))
@settings(max_examples=60, deadline=None)
def test_explanations_agree_with_determinations(columns):
    if not columns["level"]:
        return
    ratings, policy = (
        Ratings.of(count=1, **columns),
        Policy.from_mapping({"rule": "mean", "requirement": {"pieces": 2}}),
    )
    judged, one = explain(ratings, policy), determine(ratings, policy).of(0)
    assert (judged.value, judged.state, judged.n_counted) == (one["value"], one["state"], one["n_counted"])
    assert len(judged.counted) + len(judged.excluded) == len(ratings)
    if judged.counted:
        assert sum(c.weight for c in judged.counted) == pytest.approx(1)
        assert sum(c.weight * c.level for c in judged.counted) == pytest.approx(judged.engine_value)


@pytest.mark.parametrize(
    "key", ["highest", "mean", "decaying-average", "weighted-newest", "most-recent", "best-n"]
)
@given(levels=levels_of)
@settings(max_examples=30, deadline=None)
def test_one_more_good_piece_never_lowers_progress_or_level(key, levels):
    policy = Policy.from_mapping(
        {"rule": key, "requirement": {"pieces": 4}, **({"parameters": {"n": 3}} if key == "best-n" else {})}
    )
    before = work(Ratings.of(level=levels), policy).answer
    after = work(Ratings.of(level=[*levels, 4]), policy).answer
    assert after.progress[0] >= before.progress[0]
    assert after.value[0] >= before.value[0] - 1e-12


@pytest.mark.parametrize("key", KEYS)
def test_compiled_equals_interpreted_to_the_bit(key):
    rng = np.random.default_rng(7)
    sizes = rng.integers(0, 14, 500)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    levels = rng.integers(1, 9, offsets[-1]) / 2
    segments = Segments.of(levels, offsets, setting=rng.integers(-1, 4, offsets[-1]))
    given_ = parameters(key, {"n": 3} if key == "best-n" else {})
    weights = np.zeros((2, len(levels)))
    slow = evaluate(rule(key), segments, given_, weights=weights[0], compiled=False)
    fast = evaluate(rule(key), segments, given_, weights=weights[1], compiled=True)
    assert slow.tobytes() == fast.tobytes()
    assert weights[0].tobytes() == weights[1].tobytes()
