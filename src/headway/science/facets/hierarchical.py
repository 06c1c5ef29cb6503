"""The hierarchical rater model: each piece of work has a true category, which raters detect well or badly, high or low.

Many-facet Rasch takes two ratings of one piece as two pieces of evidence about the student; with many raters a student would
become arbitrarily sure. Here they are evidence about one true category of that piece, and only pieces tell about the student.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.facets import detection_kernels as kernels
from headway.science.facets.linking import require_links
from headway.science.facets.ratings import (
    MOST_CATEGORIES,
    STUDENT,
    Codes,
    FacetsRefused,
    Floats,
    rating_table,
)

VERSION = 1
METHOD = "hierarchical rater model with signal detection, EM"
NODES = 15
MOST_ROUNDS = 3_000
LARGEST_DETECTION = 12.0
"""Detection at which a rater is as good as always right; it is held there."""
PSEUDO = 1.0
"""Ratings as the average rater's that are lent to a rater who never used a category: the criterion is infinite otherwise."""
MOST_EXACT = 150
"""Up to so many parameters the information is the slope of the score; beyond, the cross-product of students' scores."""


@dataclass(frozen=True, slots=True)
class DetectionRater:
    """One rater: `detection` of true categories, one `criterion` for each boundary between categories.

    `severity_levels` is how far the criteria lie above the middle between categories, in categories. All with errors.
    """

    rater: str
    n: int
    detection: float
    detection_error: float
    interval: tuple[float, float]
    criteria: tuple[float, ...]
    criteria_errors: tuple[float, ...]
    severity_levels: float
    severity_error: float
    reason: str


@dataclass(frozen=True, slots=True)
class DetectionItem:
    """One item: `steps` into each true category in logits, and the `shares` of true categories in the population."""

    item: str
    works: int
    steps: tuple[float, ...]
    step_errors: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HierarchicalFit:
    """A fitted hierarchical rater model. Categories are `levels`, lowest first.

    Per student `theta` in deviations of the population, with `theta_error`; per work (`work_student`, `work_item` as places in
    `students` and `items`) the chance of each true category. `deviation` of students, in logits of the items' steps.
    """

    levels: tuple[float, ...]
    raters: tuple[DetectionRater, ...]
    items: tuple[DetectionItem, ...]
    deviation: float
    deviation_error: float
    students: tuple[str, ...]
    theta: Floats
    theta_error: Floats
    work_student: Codes
    work_item: Codes
    chance: Floats
    interval: float
    log_likelihood: float
    n: int
    excluded: int
    rounds: int
    converged: bool
    method: str
    reasons: tuple[str, ...]

    @property
    def certainty(self) -> float:
        """Return the expected share of works whose likeliest category is the true one."""
        return float(self.chance.max(axis=1).mean())


@dataclass(slots=True)
class _Data:
    students: Codes
    works: Codes
    item: Codes
    rater: Codes
    x: Codes
    raters: int
    items: int
    k: int
    alone: bool


@dataclass(slots=True)
class _Model:
    """`detection` per rater, `criteria` (rater, boundary), `steps` (item, boundary) as difficulties, `slope` of students."""

    detection: Floats
    criteria: Floats
    steps: Floats
    slope: float

    def vector(self) -> Floats:
        return np.concatenate((self.detection, self.criteria.ravel(), self.steps.ravel(), [self.slope]))

    def of(self, vector: Floats) -> _Model:
        r, m, i = len(self.detection), self.criteria.shape[1], len(self.steps)
        criteria = vector[r : r + r * m].reshape(r, m)
        return _Model(vector[:r], criteria, vector[r + r * m : -1].reshape(i, m), float(vector[-1]))

    def sound(self) -> bool:
        ordered = (np.diff(self.criteria, axis=1) > 1e-6).all()
        return bool(
            ordered
            and (self.detection > 0).all()
            and (self.detection <= LARGEST_DETECTION).all()
            and self.slope >= 0
        )


def hierarchical_rater(
    rating: ArrayLike,
    student: Sequence[Any] | NDArray[Any],
    item: Sequence[Any] | NDArray[Any],
    rater: Sequence[Any] | NDArray[Any],
    *,
    interval: float = 0.95,
    nodes: int = NODES,
    tolerance: float = 1e-5,
) -> HierarchicalFit:
    """Estimate how well each rater detects the true category of a piece of work, and which category each piece has.

    Assumes P(rating <= k | true category c) = logistic(criterion(rater, k) - detection(rater) c) with categories 0, 1, …; raters
    independent given the true category; true categories by partial credit with one slope from a standard normal student. With
    one item a student the categories are free shares and nothing is said about students.

    Parameters: `rating`, float per row, each distinct value one category in order, nan = missing; `student`, `item`, `rater`,
    labels per row, None or "" = missing; `interval`, chance of the intervals; `nodes` of the quadrature; `tolerance`, largest
    move of a parameter at the end.
    Returns: `HierarchicalFit`.
    Raises: `FacetsRefused` `no_double_scoring` where no work has two raters, `one_category`, `too_many_categories`,
    `disconnected` with the sets.
    Source: DeCarlo, Kim & Johnson, A hierarchical rater model for constructed responses, with a signal detection rater model,
    Journal of Educational Measurement 48 (2011); as `rm.sdt` of the R package sirt, there with bounds on detection; EM with
    squared steps (Varadhan & Roland 2008); errors from the slope of the score (Fisher's identity).
    When not to use: where nearly all work has one rater; with fewer than about 30 ratings a rater.

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> true = np.repeat(rng.integers(0, 3, 200), 2)
    >>> given = np.clip(true + rng.choice([-1, 0, 0, 0, 1], 400), 0, 2)
    >>> found = hierarchical_rater(given, np.repeat(np.arange(200), 2), ["i"] * 400, ["a", "b"] * 200)
    >>> len(found.raters), found.levels
    (2, (0.0, 1.0, 2.0))
    """
    table = rating_table(rating, {STUDENT: student, "task": item, "rater": rater})
    levels = np.unique(table.rating)
    if len(levels) < 2:
        raise FacetsRefused("one_category", "All ratings are the same: nothing tells categories apart.")
    if len(levels) > MOST_CATEGORIES:
        raise FacetsRefused(
            "too_many_categories", f"At most {MOST_CATEGORIES} categories; there are {len(levels)}."
        )
    if np.bincount(np.unique(table.work, return_inverse=True)[1].reshape(-1)).max() < 2:
        raise FacetsRefused(
            "no_double_scoring", "No piece of work has two raters, so what is true and who is right is open."
        )
    require_links(table, [STUDENT, "rater"], {})
    _, firsts = np.unique(table.work, return_index=True)
    works = np.append(firsts, len(table.work))
    owner = table.codes[STUDENT][firsts]
    students = np.searchsorted(owner, np.arange(table.count(STUDENT) + 1))
    data = _Data(students, works, table.codes["task"][firsts], table.codes["rater"], np.searchsorted(levels, table.rating),
                 table.count("rater"), table.count("task"), len(levels), bool(np.diff(students).max() < 2))  # fmt: skip
    model, log_likelihood, rounds, converged, expected = _estimate(
        data, 1 if data.alone else nodes, tolerance
    )
    covariance, reasons = _covariance(data, model, 1 if data.alone else nodes)
    if not converged:
        reasons.append("not_converged")
    if data.alone:
        reasons.append("one_item_a_student")
    found = _records(data, model, covariance, expected, table.labels["rater"], table.labels["task"], interval)
    return HierarchicalFit(
        tuple(levels.tolist()), found[0], found[1], 0.0 if data.alone else model.slope, float(np.sqrt(covariance[-1, -1])),
        table.labels[STUDENT],
        expected.mean, np.sqrt(expected.spread), owner, data.item, expected.posterior, interval, log_likelihood,
        len(table.rating), table.excluded, rounds, converged, METHOD, tuple(reasons),
    )  # fmt: skip


def _nodes(count: int) -> tuple[Floats, Floats]:
    at, weight = np.polynomial.hermite_e.hermegauss(count)
    return at, weight / weight.sum()


def _rated(model: _Model) -> Floats:
    """Return P(given | true) by rater, true category and given one."""
    true = np.arange(model.criteria.shape[1] + 1)
    below = 1 / (
        1 + np.exp(-(model.criteria[:, None, :] - model.detection[:, None, None] * true[None, :, None]))
    )
    edges = np.concatenate((np.zeros((*below.shape[:2], 1)), below, np.ones((*below.shape[:2], 1))), axis=2)
    return np.asarray(np.maximum(np.diff(edges, axis=2), 1e-12))


def _true(steps: Floats, slope: float, at: Floats) -> Floats:
    """Return P(true | node) by item and node."""
    inner = np.cumsum(slope * at[None, :, None] - steps[:, None, :], axis=2)
    logs = np.concatenate((np.zeros((len(steps), len(at), 1)), inner), axis=2)
    logs -= logs.max(axis=2, keepdims=True)
    found = np.exp(logs)
    return np.asarray(found / found.sum(axis=2, keepdims=True))


class _Expected:
    """Expected counts and posteriors of one pass."""

    def __init__(self, data: _Data, model: _Model, nodes: int) -> None:
        self.at, self.weight = _nodes(nodes)
        self.raters = np.zeros((data.raters, data.k, data.k))
        self.items = np.zeros((data.items, nodes, data.k))
        self.posterior = np.zeros((len(data.item), data.k))
        self.mean, self.spread = np.zeros(len(data.students) - 1), np.zeros(len(data.students) - 1)
        self.log_likelihood = float(kernels.expectation_pass(
            data.students, data.works, data.item, data.rater, data.x, _rated(model), _true(model.steps, model.slope, self.at),
            self.weight, self.raters, self.items, self.posterior, self.mean, self.spread, self.at,
        ))  # fmt: skip


def _start(data: _Data) -> _Model:
    m = data.k - 1
    share = np.bincount(data.x, minlength=data.k) + 1.0
    steps = -np.log(share[1:] / share[:-1])
    criteria = 3.0 * (np.arange(m) + 0.5)
    return _Model(np.full(data.raters, 3.0), np.tile(criteria, (data.raters, 1)), np.tile(steps, (data.items, 1)),
                  0.0 if data.alone else 1.0)  # fmt: skip


def _estimate(data: _Data, nodes: int, tolerance: float) -> tuple[_Model, float, int, bool, _Expected]:
    """Climb by EM; every third step jumps ahead along the last two where the likelihood agrees."""
    unused = np.zeros((data.raters, data.k))
    np.add.at(unused, (data.rater, data.x), 1)
    lent = np.where((unused == 0).any(axis=1), PSEUDO, 0.0)
    model, rounds = _start(data), 0
    expected = _Expected(data, model, nodes)
    while rounds < MOST_ROUNDS:
        one = _maximize(data, model, expected, lent)
        after_one = _Expected(data, one, nodes)
        two = _maximize(data, one, after_one, lent)
        after_two = _Expected(data, two, nodes)
        rounds += 2
        first, second = one.vector() - model.vector(), two.vector() - one.vector()
        if np.abs(second).max() < tolerance:
            return two, after_two.log_likelihood, rounds, True, after_two
        bend = second - first
        length = -float(np.sqrt(float(first @ first) / max(float(bend @ bend), 1e-300)))
        model, expected = two, after_two
        if length < -1:
            ahead = two.of(one.vector() - first - 2 * length * first + length**2 * bend)
            if ahead.sound():
                after = _Expected(data, ahead, nodes)
                if after.log_likelihood > after_two.log_likelihood:
                    model, expected = ahead, after
    return model, expected.log_likelihood, rounds, False, expected


def _maximize(data: _Data, model: _Model, expected: _Expected, lent: Floats) -> _Model:
    """Return the best parameters for expected counts: an ordinal regression for each rater, partial credit for items."""
    pooled = expected.raters.sum(axis=0)
    counts = expected.raters + lent[:, None, None] * pooled / pooled.sum()
    detection, criteria = model.detection.copy(), model.criteria.copy()
    for _ in range(3):
        detection, criteria = _rater_step(detection, criteria, counts)
    steps, slope = _item_step(data, model, expected)
    return _Model(detection, criteria, steps, slope)


def _rater_derivatives(model: _Model) -> tuple[Floats, Floats]:
    """Return P(given | true) and its logarithm's derivatives by detection and criteria (rater, true, given, parameter)."""
    r, m = model.criteria.shape
    true = np.arange(m + 1)
    below = 1 / (
        1 + np.exp(-(model.criteria[:, None, :] - model.detection[:, None, None] * true[None, :, None]))
    )
    dense = below * (1 - below)
    edge = np.concatenate((np.zeros((r, m + 1, 1)), dense, np.zeros((r, m + 1, 1))), axis=2)
    chance = _rated(model)
    found = np.zeros((r, m + 1, m + 1, m + 1))
    found[..., 0] = -np.diff(edge, axis=2) * true[None, :, None] / chance
    for k in range(m):
        found[:, :, k, k + 1] = dense[:, :, k] / chance[:, :, k]
        found[:, :, k + 1, k + 1] = -dense[:, :, k] / chance[:, :, k + 1]
    return chance, found


def _rater_step(detection: Floats, criteria: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return one Fisher scoring step for every rater at once, kept in order and within bounds."""
    model = _Model(detection, criteria, np.zeros((1, criteria.shape[1])), 0.0)
    chance, slope = _rater_derivatives(model)
    score = np.einsum("rkx,rkxp->rp", counts, slope)
    rows = counts.sum(axis=2)[:, :, None] * chance
    information = np.einsum("rkx,rkxp,rkxs->rps", rows, slope, slope, optimize=True)
    information += (
        1e-8 * np.eye(information.shape[1]) * (1 + np.trace(information, axis1=1, axis2=2))[:, None, None]
    )
    move = np.linalg.solve(information, score[:, :, None])[:, :, 0]
    move *= np.minimum(1.0, 2.0 / np.maximum(np.abs(move).max(axis=1, keepdims=True), 1e-12))
    before = (counts * np.log(chance)).sum(axis=(1, 2))
    share = np.ones(len(move))
    for _ in range(12):
        new_d = np.clip(detection + share * move[:, 0], 1e-3, LARGEST_DETECTION)
        new_c = criteria + share[:, None] * move[:, 1:]
        ordered: NDArray[np.bool_] = np.asarray((np.diff(new_c, axis=1) > 1e-4).all(axis=1))
        trial = _Model(new_d, np.where(ordered[:, None], new_c, criteria), model.steps, 0.0)
        fallen = (counts * np.log(_rated(trial))).sum(axis=(1, 2)) < before - 1e-9
        worse: NDArray[np.bool_] = np.asarray(fallen | ~ordered)
        if not worse.any():
            return new_d, new_c
        share[worse] /= 2
    return np.where(worse, detection, new_d), np.where(worse[:, None], criteria, new_c)


def _item_step(data: _Data, model: _Model, expected: _Expected) -> tuple[Floats, float]:
    """Return Newton steps for the items' steps, then for the slope they share."""
    steps, slope, counts = model.steps.copy(), model.slope, expected.items
    k = np.arange(data.k)
    rows = counts.sum(axis=2)
    for _ in range(3):
        true = _true(steps, slope, expected.at)
        above = np.flip(np.cumsum(np.flip(true, 2), 2), 2)[:, :, 1:]
        seen = np.flip(np.cumsum(np.flip(counts, 2), 2), 2)[:, :, 1:].sum(axis=1)
        score = np.einsum("iq,iqk->ik", rows, above) - seen
        both = np.minimum(above[:, :, :, None], above[:, :, None, :])
        spread = np.einsum("iq,iqkl->ikl", rows, both - above[:, :, :, None] * above[:, :, None, :])
        spread += 1e-6 * np.eye(spread.shape[1])
        steps = steps + np.clip(np.linalg.solve(spread, score[:, :, None])[:, :, 0], -1.0, 1.0)
        if data.alone:
            continue
        true = _true(steps, slope, expected.at)
        mean = true @ k
        gradient = float(((counts @ k - rows * mean) * expected.at).sum())
        curve = float((rows * (true @ (k * k) - mean**2) * expected.at**2).sum())
        slope = max(1e-3, slope + float(np.clip(gradient / max(curve, 1e-9), -0.5, 0.5)))
    return steps, slope


def _scores(data: _Data, model: _Model, nodes: int) -> Floats:
    """Return each student's score (student, parameter), in the order of the model's vector."""
    at, weight = _nodes(nodes)
    chance, by_rater = _rater_derivatives(model)
    true = _true(model.steps, model.slope, at)
    m, k = data.k - 1, np.arange(data.k)
    by_item = np.zeros((data.items, len(at), data.k, m + 1))
    above = np.flip(np.cumsum(np.flip(true, 2), 2), 2)[:, :, 1:]
    by_item[..., :m] = above[:, :, None, :] - (k[:, None] >= np.arange(1, data.k))
    by_item[..., m] = (k - (true @ k)[:, :, None]) * at[None, :, None]
    r = np.arange(data.raters)
    rater_at = np.concatenate((r[:, None], data.raters + r[:, None] * m + np.arange(m)), axis=1)
    begin = data.raters * (m + 1)
    i = np.arange(data.items)
    item_at = np.concatenate(
        (begin + i[:, None] * m + np.arange(m), np.full((data.items, 1), begin + data.items * m)), axis=1
    )
    scores = np.zeros((len(data.students) - 1, begin + data.items * m + 1))
    kernels.score_pass(data.students, data.works, data.item, data.rater, data.x, chance, true, weight, by_rater, by_item,
                       rater_at, item_at, scores)  # fmt: skip
    return scores


def _covariance(data: _Data, model: _Model, nodes: int) -> tuple[Floats, list[str]]:
    """Return the covariance in the order of the model's vector, nan where a parameter stands at its bound, and reasons."""
    vector, reasons = model.vector(), []
    free = np.ones(len(vector), np.bool_)
    free[: data.raters] = (model.detection > 2e-3) & (model.detection < LARGEST_DETECTION - 1e-6)
    free[-1] = not data.alone and model.slope > 2e-3
    places = np.flatnonzero(free)
    if len(places) <= MOST_EXACT:
        information = np.empty((len(places), len(places)))
        for row, place in enumerate(places.tolist()):
            by = np.zeros(len(vector))
            by[place] = 1e-4
            ahead, behind = (
                _scores(data, model.of(vector + sign * by), nodes).sum(axis=0)[places] for sign in (1, -1)
            )
            information[row] = (behind - ahead) / 2e-4
        information = (information + information.T) / 2
    else:
        scores = _scores(data, model, nodes)[:, places]
        information = scores.T @ scores
        reasons.append("errors_by_cross_product")
    covariance = np.full((len(vector), len(vector)), np.nan)
    values, vectors = np.linalg.eigh(information)
    if values[0] <= 1e-8 * values[-1]:
        reasons.append("information_is_singular")
        values = np.maximum(values, 1e-8 * values[-1])
    covariance[np.ix_(places, places)] = (vectors / values) @ vectors.T
    return covariance, reasons


def _records(
    data: _Data,
    model: _Model,
    covariance: Floats,
    expected: _Expected,
    raters: Sequence[str],
    items: Sequence[str],
    interval: float,
) -> tuple[tuple[DetectionRater, ...], tuple[DetectionItem, ...]]:
    z, m = NormalDist().inv_cdf(0.5 + interval / 2), data.k - 1
    counts, errors = np.bincount(data.rater, minlength=data.raters), np.sqrt(np.diag(covariance))
    middle = np.arange(m) + 0.5
    found = []
    for r, name in enumerate(raters):
        d, e, c = float(model.detection[r]), float(errors[r]), model.criteria[r]
        at = data.raters + r * m
        severity = float((c / d - middle).mean())
        own = np.array([r, *range(at, at + m)])
        slope = np.array([-float(c.mean()) / d**2, *[1 / (m * d)] * m])
        wobble = float(np.sqrt(slope @ covariance[np.ix_(own, own)] @ slope))
        reason = "always_right" if d >= LARGEST_DETECTION - 1e-6 else "no_detection" if d <= 2e-3 else ""
        found.append(DetectionRater(name, int(counts[r]), d, e, (d - z * e, d + z * e), tuple(c.tolist()),
                                    tuple(errors[at : at + m].tolist()), severity, wobble, reason))  # fmt: skip
    works = np.bincount(data.item, minlength=data.items)
    rows = []
    for i, name in enumerate(items):
        at = data.raters * (m + 1) + i * m
        share = expected.posterior[data.item == i].mean(axis=0)
        rows.append(DetectionItem(name, int(works[i]), tuple(model.steps[i].tolist()), tuple(errors[at : at + m].tolist()),
                                  tuple(share.tolist())))  # fmt: skip
    return tuple(found), tuple(rows)
