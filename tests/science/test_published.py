"""Published worked examples, exact. Canvas rows: outcome result analytics tests of instructure/canvas-lms
(numbers only)."""

import math

import numpy as np
import pytest

from headway.science.ledger import MISSING, Ratings, Segments
from headway.science.pieces import pieces
from headway.science.proficiency.bulk import evaluate
from headway.science.proficiency.registry import parameters, rule, rules

NOW, DAY = 20_000 * 86_400_000_000, 86_400_000_000
NO = None
CANVAS = [
    ("a1", "highest", None, [3, 1], None, 3.0),
    ("a2", "most-recent", None, [4, 3, 1], [NO, 0, -1], 3.0),
    ("a3", "n-times", 3, [3, 1], None, None),
    ("a4", "n-times", 3, [3, 1, 2], None, None),
    ("a5", "n-times", 3, [4, 5, 1, 3, 2, 3], None, 3.75),
    ("a6", "n-times", 1, [1, 2], None, None),
    ("a7", "n-times", 1, [1, 2, 3], None, 3.0),
    ("a8", "n-times", 1, [1, 2, 3, 4], None, 3.5),
    ("a9", "n-times", 3, [4, 5, 1, 3, NO, 3], None, 3.75),
    ("b1", "weighted-newest", 75, [3], [0], 3.0),
    ("b2", "weighted-newest", 75, [4, 5, 1, 3], [0, -1, -2, -3], 3.75),
    ("b3", "weighted-newest", 65, [3, 2], [0, -1], 2.65),
    ("b4", "weighted-newest", 65, [2.123], None, 2.12),
    ("b5", "n-times", 3, [3, 4, 3], None, 3.33),
    ("b6", "weighted-newest", 65, [2, 3, 4], [0, 1, 2], 3.48),
    ("b7", "decaying-average", 65, [2, 3, 4], [0, 1, 2], 3.53),
    ("b8", "decaying-average", 65, [2, 3, NO, 4], None, 3.53),
    ("b9", "decaying-average", 65, [3], [0], 3.0),
]


@pytest.mark.parametrize(
    ("row", "key", "parameter", "levels", "days", "expected"), CANVAS, ids=[c[0] for c in CANVAS]
)
def test_canvas(row, key, parameter, levels, days, expected):
    given = {"decimals": 2}
    if key == "n-times":
        given |= {"n": parameter, "level": 3}
    elif parameter:
        given |= {"weight": parameter / 100}
    when = None if days is None else [MISSING if day is None else NOW + day * DAY for day in days]
    ratings = Ratings.of(level=[math.nan if level is None else level for level in levels], observed=when)
    value = evaluate(rule(key), pieces(ratings).segments, parameters(key, given))[0]
    assert (None if np.isnan(value) else value) == expected


def test_power_law_keeps_its_published_fault():
    """'Power failure', mrmathman.com, 15 May 2014: 1.9 and 3.07 in a real gradebook; full precision by least
    squares."""
    for levels, published, full in (
        ((3, 3, 1, 3), 1.9, 1.899533607054967),
        ((3, 3, 1, 3, 4, 4), 3.07, 3.067121270577838),
    ):
        value = evaluate(rule("power-law"), Segments.of(levels), parameters("power-law"))[0]
        assert abs(value - published) <= 0.006
        assert abs(value - full) <= 1e-9


@pytest.mark.parametrize("key", list(rules()))
def test_vectors_of_the_registry(key):
    for vector in rule(key).vectors:
        value = evaluate(rule(key), Segments.of(vector.levels), parameters(key, vector.parameters))[0]
        if vector.value is None:
            assert np.isnan(value), vector
        else:
            assert value == pytest.approx(vector.value, abs=1e-9), vector


def test_half_up_as_decimal_text():
    from headway.science.rounding import NO_VALUE, half_up, hundredths

    assert half_up([2.675, 1.005, 0.125, -0.125, 8.4545], 2).tolist() == [2.68, 1.01, 0.13, -0.13, 8.45]
    assert hundredths([2.675, np.nan]).tolist() == [268, NO_VALUE]


def test_two_rules_once_called_by_one_name_differ():
    level = Segments.of([2, 3, 4])
    assert evaluate(rule("weighted-newest"), level, parameters("weighted-newest"))[0] == pytest.approx(3.475)
    assert evaluate(rule("decaying-average"), level, parameters("decaying-average"))[0] == pytest.approx(
        3.5275
    )
