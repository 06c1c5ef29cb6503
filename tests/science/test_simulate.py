"""Planted truths are there, and come back the same for the same seed."""

import numpy as np

from headway.science.simulate import PLANTED, Calendar, Targets, simulate_ratings


def district(seed=1, students=850):
    rng = np.random.default_rng(seed)
    targets = Targets(
        np.repeat(np.arange(3, 10), 12),
        np.tile(np.linspace(-0.3, 0.3, 12), 7),
        np.tile([1, 2, 2, 3], 21).astype(np.int8),
        np.arange(84) - 1,
    )
    return simulate_ratings(
        rng,
        grades=np.arange(students) % 3 + 3,
        targets=targets,
        raters=40,
        calendar=Calendar.weekdays([(19_950, 20_230), (20_315, 20_595), (20_680, 20_760)]),
    )


def test_same_seed_same_district():
    a, b = district(), district()
    for name in a.__slots__:
        left, right = getattr(a, name), getattr(b, name)
        assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f"), name
    assert len(a.level) > 60_000


def test_planted_states_show():
    found = district()
    last = found.day.max()
    of = {name: np.flatnonzero(found.planted == at) for at, name in enumerate(PLANTED)}
    assert all(len(who) for who in of.values())
    assert not (np.isin(found.student, of["silent"]) & (found.day > last - 42)).any()
    for who in of["missed_chances"]:
        assert ((found.student == who) & (found.status == 1) & (found.day > last - 30)).sum() >= 3
    for who in of["stuck"]:
        recent = (found.student == who) & (found.day > last - 56) & (found.status == 0)
        assert recent.sum() >= 3
        assert len(set(found.target[recent])) == 1 and set(found.level[recent]) == {2.0}
    assert set(found.status) == {0, 1}
    assert (
        np.isnan(found.level[found.status == 1]).all() and not np.isnan(found.level[found.status == 0]).any()
    )


def test_severe_raters_give_lower_levels():
    found = district()
    ok = found.status == 0
    residual = found.level[ok] - found.true_level[ok]
    mean = np.bincount(found.rater[ok], residual) / np.bincount(found.rater[ok])
    assert np.corrcoef(mean, found.severity)[0, 1] < -0.5


def test_levels_rise_over_the_years():
    found = district()
    ok = (found.status == 0) & np.isin(found.planted[found.student], [0])
    early, late = ok & (found.day < 20_230), ok & (found.day >= 20_680)
    assert abs(found.level[late].mean() - found.level[early].mean()) < 1
    assert ((found.level[ok] >= 1) & (found.level[ok] <= 4)).all()
