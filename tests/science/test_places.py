"""Districts that scored the same anchors: intervals cover as they say, false alarms stay below what is stated, few are told."""

from __future__ import annotations

import numpy as np
import pytest

from headway.science.agreement.places import AnchorSums, agreed_share, places_apart

RUNS = 400


def scored(
    rng: np.random.Generator, place: int, *, raters: int = 8, anchors: int = 10, criteria: int = 4, severe: float = 0.0,
    per_anchor: int | None = None, task: int = 0,
) -> tuple[list[list[float]], list[list[float]], np.ndarray]:  # fmt: skip
    """Return rows of departures and of exact agreement of a place, and who agreed (rater, anchor): raters have habits."""
    habit = rng.normal(-severe, 0.3, raters)
    own = rng.normal(0, 0.2, (raters, anchors))
    seen = habit[:, None, None] + own[:, :, None] + rng.normal(0, 0.5, (raters, anchors, criteria))
    departure = np.rint(seen)
    away, exact = departure.mean(axis=2), (departure == 0).mean(axis=2)
    rows: tuple[list[list[float]], list[list[float]]] = ([], [])
    for anchor in range(anchors):
        who = np.arange(raters) if per_anchor is None else rng.choice(raters, per_anchor, replace=False)
        for kept, values in zip(rows, (away, exact), strict=True):
            own_ = values[who, anchor]
            kept.append(
                [task, place, 100 * task + anchor, len(who), len(who) * criteria, own_.sum(), own_ @ own_]
            )
    return *rows, exact


def test_the_interval_of_agreement_covers_what_such_raters_agree() -> None:
    truth = float(np.mean([scored(np.random.default_rng(9), 0, raters=4000)[2].mean()]))
    rng, hits, linked = np.random.default_rng(1), 0, 0
    for _ in range(RUNS):
        found = agreed_share(AnchorSums.of(scored(rng, 0)[1])).interval
        hits += found[0] <= truth <= found[1]
        some = agreed_share(AnchorSums.of(scored(rng, 0, raters=20, per_anchor=4)[1])).interval
        linked += some[0] <= truth <= some[1]
    # Errors of anchors are added up as if they hung together wholly: never narrower than it says.
    assert 0.95 <= hits / RUNS <= 1.0 and 0.95 <= linked / RUNS <= 1.0


def test_where_no_district_differs_one_is_named_as_seldom_as_stated() -> None:
    rng, alarms, covered, of = np.random.default_rng(2), 0, 0, 0
    for _ in range(RUNS):
        rows = [row for place in range(4) for row in scored(rng, place)[0]]
        found = places_apart(AnchorSums.of(rows))
        alarms += any(one.flagged for one in found)
        of += len(found)
        covered += sum(one.severity.interval[0] <= 0 <= one.severity.interval[1] for one in found)
    assert of == 4 * RUNS and found[0].comparisons == 4
    assert alarms / RUNS <= 0.05 and covered / of >= 0.95


def test_few_raters_of_each_anchor_make_no_more_false_alarms() -> None:
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(RUNS):
        rows = [row for place in (0, 1) for row in scored(rng, place, raters=12, per_anchor=3, anchors=6)[0]]
        alarms += any(one.flagged for one in places_apart(AnchorSums.of(rows)))
    assert alarms / RUNS <= 0.05


def test_a_district_that_gives_less_is_found() -> None:
    rng, found_n, low = np.random.default_rng(4), 0, 0
    for _ in range(RUNS):
        rows = [
            row for place in range(3) for row in scored(rng, place, raters=12, severe=0.6 * (place == 1))[0]
        ]
        found = {one.place: one for one in places_apart(AnchorSums.of(rows))}
        found_n += found[1].flagged
        low += found[1].severity.value > 0
    assert found_n / RUNS >= 0.8 and low == RUNS


def test_what_is_compared_are_the_same_anchors_only() -> None:
    rng = np.random.default_rng(5)
    rows = scored(rng, 0, anchors=6)[0] + scored(rng, 1, anchors=5)[0]
    # A hard anchor that one district alone scored changes nothing.
    rows.append([0, 1, 77, 8, 32, -16.0, 32.0])
    found = {one.place: one for one in places_apart(AnchorSums.of(rows))}
    assert (found[0].anchors, found[1].anchors, found[0].comparisons) == (5, 5, 1)
    assert found[0].severity.value == pytest.approx(-found[1].severity.value)
    assert found[0].severity.interval == pytest.approx(
        tuple(-one for one in reversed(found[1].severity.interval))
    )


def test_below_the_least_numbers_nothing_is_told() -> None:
    rng = np.random.default_rng(6)
    few = places_apart(AnchorSums.of(scored(rng, 0, anchors=2)[0] + scored(rng, 1, anchors=2)[0]))
    assert [(one.severity.value, one.severity.reasons, one.flagged) for one in few] == [
        (None, ("too_few_anchors",), False)
    ] * 2
    thin = [scored(rng, place, anchors=3, criteria=1, raters=4)[0] for place in (0, 1)]
    assert {one.severity.reasons for one in places_apart(AnchorSums.of(thin[0] + thin[1]))} == {
        ("under_30_scores",)
    }
    two = scored(rng, 0, raters=2)[0] + scored(rng, 1)[0]
    assert places_apart(AnchorSums.of(two)) == ()
    assert agreed_share(AnchorSums.of(scored(rng, 0, anchors=9)[1])).reasons == ("under_10_pieces",)
    assert agreed_share(AnchorSums.of(scored(rng, 0, raters=2)[1])).reasons == ("raters_too_few",)


def test_several_tasks_share_out_one_rate_of_false_alarms() -> None:
    rng = np.random.default_rng(7)
    rows = [row for task in (0, 1) for place in range(3) for row in scored(rng, place, task=task)[0]]
    found = places_apart(AnchorSums.of(rows))
    assert [one.task for one in found] == [0, 0, 0, 1, 1, 1, None, None, None]
    assert {one.comparisons for one in found} == {9}
    assert found[0].severity.confidence == pytest.approx(1 - 0.05 / 9)


def test_all_the_same_has_no_interval_but_all_right_has_one() -> None:
    same = [[0, place, anchor, 5, 20, 5.0 * place, 5.0 * place] for place in (0, 1) for anchor in range(10)]
    assert {one.severity.reasons for one in places_apart(AnchorSums.of(same))} == {("no_spread",)}
    right = agreed_share(AnchorSums.of([row for row in same if row[1] == 1]))
    assert right.value == 1.0 and right.interval == pytest.approx((0.4782, 1.0), abs=1e-4)
