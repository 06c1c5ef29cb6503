"""A rater who leans for one group is found; one who does not is named no more often than stated; a real gap is not severity."""

from __future__ import annotations

import numpy as np
import pytest

from headway.science.agreement.by_group import common_leaning, leaning_by_group
from headway.science.equity.pooling import pooled_means, steadied

RATERS, STUDENTS = 8, 100


def scored(seed: int, lean: float = 0.0, gap: float = 0.0, everybody: float = 0.0, noise: float = 0.5):
    """Return rater, student, group and departure from the mean of the others; rater 0 leans, the group's real level differs."""
    rng = np.random.default_rng(seed)
    group = np.arange(STUDENTS) < 40
    level = rng.normal(2.5, 0.8, STUDENTS) + gap * group
    given = level + rng.normal(0, noise, (RATERS, STUDENTS)) + rng.normal(0, 0.3, RATERS)[:, None]
    given[0] += lean * group
    given += everybody * group
    departure = given - (given.sum(axis=0) - given) / (RATERS - 1)
    who, pupil = (one.ravel() for one in np.meshgrid(range(RATERS), range(STUDENTS), indexing="ij"))
    return who, pupil, group[pupil], departure.ravel()


def test_a_leaning_of_half_a_level_is_found_and_the_others_are_not_named() -> None:
    found = power = others = 0.0
    for seed in range(200):
        leans = leaning_by_group(*scored(seed, lean=0.5))
        low, _high = leans[0].found.interval
        power += low > 0
        found += leans[0].found.value / 200
        others += sum(one.found.interval[0] > 0 or one.found.interval[1] < 0 for one in leans[1:])
    # The others do differ by a seventh of it: the one who leans is a part of what they are compared with.
    assert power / 200 > 0.85 and others / 1400 < 0.08
    # Shrinkage takes a part of it, and says so; before it, it is what was planted.
    assert 0.3 < found < 0.5
    raw = np.mean([leaning_by_group(*scored(seed, lean=0.5))[0].raw for seed in range(100)])
    assert raw == pytest.approx(0.5, abs=0.03)
    assert leans[0].found.reasons == ("borrows_from_other_raters",)


def test_where_nobody_leans_nobody_is_named_more_often_than_stated() -> None:
    alarms = sum(
        one.found.interval[0] > 0 or one.found.interval[1] < 0
        for seed in range(250)
        for one in leaning_by_group(*scored(seed))
    )
    assert alarms / (250 * RATERS) < 0.05


def test_a_real_gap_between_groups_is_not_read_as_severity() -> None:
    leans = leaning_by_group(*scored(5, gap=-1.0))
    assert [one.raw for one in leans] == pytest.approx([one.raw for one in leaning_by_group(*scored(5))])


def test_intervals_cover_leanings_that_are_spread_as_assumed() -> None:
    rng, hits, of = np.random.default_rng(7), 0, 0
    for _ in range(200):
        true = rng.normal(0, 0.25, 10)
        who, pupil = np.repeat(np.arange(10), 40), np.tile(np.arange(40), 10)
        departure = rng.normal(0, 0.5, 400) + np.where(pupil < 15, true[who], 0.0)
        for one in leaning_by_group(who, pupil, pupil < 15, departure):
            hits += one.found.interval[0] <= true[one.rater] <= one.found.interval[1]
            of += 1
    assert 0.93 <= hits / of <= 0.97


def test_raters_who_are_compared_with_one_another_have_nothing_in_common() -> None:
    """Why a figure of all needs a second reading by others: what everybody does cancels among colleagues."""
    assert common_leaning(*scored(1, everybody=0.5)).value == pytest.approx(0.0, abs=1e-9)
    rng = np.random.default_rng(2)
    hits = alarms = 0
    for _ in range(400):
        who, pupil = np.repeat(np.arange(5), 60), np.tile(np.arange(60), 5)
        shared = rng.normal(0, 0.4, 60)[pupil]
        quiet = shared + rng.normal(0, 0.5, 300)
        found = common_leaning(who, pupil, pupil < 20, quiet)
        alarms += found.interval[0] > 0 or found.interval[1] < 0
        found = common_leaning(who, pupil, pupil < 20, quiet + 0.5 * (pupil < 20))
        hits += found.interval[0] > 0
    assert 0.03 <= alarms / 400 <= 0.075 and hits / 400 > 0.85


def test_too_little_is_withheld_with_its_reason() -> None:
    who, pupil, inside, departure = scored(3)
    few = leaning_by_group(who, pupil, pupil < 9, departure)
    assert {one.found.reasons for one in few} == {("too_few_in_group",)} and few[0].raw is None
    assert leaning_by_group(who, pupil, pupil < 95, departure)[0].found.reasons == ("too_few_others",)
    assert leaning_by_group(who, pupil, pupil < 12, departure, minimum=15)[0].found.value is None
    two = who < 2
    plain = leaning_by_group(who[two], pupil[two], inside[two], departure[two])[0]
    assert plain.found.reasons == ("few_raters",) and plain.found.value == pytest.approx(plain.raw)
    assert leaning_by_group(who, pupil, inside, np.zeros(len(who)))[0].found.reasons == ("no_spread",)
    assert common_leaning(who[two], pupil[two], inside[two], departure[two]).reasons == ("raters_too_few",)
    assert common_leaning(who, pupil, pupil < 9, departure).reasons == ("too_few_in_group",)
    assert leaning_by_group([], [], [], []) == ()


def test_what_is_steadied_is_what_means_of_groups_are_steadied_by() -> None:
    means, sizes = np.array([2.0, 3.0, 3.2, 2.8]), np.array([10, 200, 300, 250])
    value, low, high = steadied(means, 1.0 / np.sqrt(sizes), 0.95)
    found = pooled_means(means, sizes, 1.0)
    assert [(one.value, *one.interval) for one in found] == list(
        zip(value.tolist(), low.tolist(), high.tolist(), strict=True)
    )
