"""Item response models by marginal maximum likelihood: how hard items are, how sharply they tell students apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused
from headway.science.facets.ratings import coded

Floats = NDArray[np.float64]
VERSION = 1
MODELS = ("1pl", "2pl", "graded", "partial-credit")
NODES = 61
WIDTH = 6.0
CHUNK = 20_000
"""Response patterns that are turned into numbers at a time."""
MOST_ROUNDS = 2_000
MOST_CATEGORIES = 31
MOST_EXACT = 80
"""Up to so many parameters the information is the slope of the score; beyond, the cross-product of patterns' scores."""
STEEPEST = 20.0


@dataclass(frozen=True, slots=True)
class ItemEstimate:
    """One item. `slope` on the ability of deviation 1; `intercepts`, one for each step (2pl, graded: logit of the step is
    slope x ability + intercept); `difficulties`, where the step is even, in units of the ability scale."""

    item: str
    n: int
    levels: tuple[float, ...]
    slope: float
    slope_error: float
    intercepts: tuple[float, ...]
    intercept_errors: tuple[float, ...]
    difficulties: tuple[float, ...]
    difficulty_errors: tuple[float, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ItemFit:
    """A fitted model: `items`; abilities (posterior mean) with `errors` (posterior deviation) per student.

    In `1pl` and `partial-credit` all slopes are one, and `deviation` of abilities is estimated; else the deviation is 1.
    """

    model: str
    items: tuple[ItemEstimate, ...]
    deviation: float
    deviation_error: float
    students: tuple[str, ...]
    abilities: Floats
    errors: Floats
    interval: float
    log_likelihood: float
    parameters: int
    n: int
    excluded: int
    rounds: int
    converged: bool
    method: str
    reasons: tuple[str, ...]

    @property
    def reliability(self) -> float:
        """Return the share of the abilities' spread that is not error."""
        spread = float(self.abilities.var())
        return spread / (spread + float((self.errors**2).mean()))


@dataclass(slots=True)
class _Data:
    """Distinct patterns of codes (-1 missing), how many students have each, and the steps of each item."""

    codes: NDArray[np.int8]
    weight: Floats
    pattern_of: NDArray[np.int64]
    steps: NDArray[np.int64]

    @property
    def most(self) -> int:
        return int(self.steps.max())


def item_response(
    student: Sequence[Any] | NDArray[Any],
    item: Sequence[Any] | NDArray[Any],
    score: ArrayLike,
    *,
    model: str = "2pl",
    interval: float = 0.95,
    tolerance: float = 1e-5,
) -> ItemFit:
    """Estimate items and abilities.

    Assumes one ability, normal in the population; answers independent given it; answers missing at random.

    Parameters: `student`, `item`, labels per row; `score`, float per row, categories in their order, nan = missing; `model`:
    `1pl` and `partial-credit`, all slopes one and the deviation of abilities free; `2pl` and `graded`, a slope for each item and
    deviation 1; `1pl` and `2pl` take two categories; `interval`, chance of the intervals; `tolerance`, largest move at the end.
    Returns: `ItemFit`. An item with one category in use is left out with a reason; a category that nobody used is closed up.
    Raises: `EstimateRefused` `bad_choice`, `no_rows`, `twice` (a student answered an item twice), `too_few_items`,
    `not_two_categories`, `too_many_categories`.
    Source: Bock & Aitkin (1981); Samejima (1969); Masters (1982); EM with squared steps (Varadhan & Roland 2008).
    When not to use: below some hundred students; where items share a text (local dependence).

    >>> rng = np.random.default_rng(1)
    >>> ability = rng.normal(size=500)
    >>> right = rng.random((500, 4)) < 1 / (1 + np.exp(-(ability[:, None] - [-1, 0, 0.5, 1])))
    >>> rows = np.indices((500, 4)).reshape(2, -1)
    >>> found = item_response(rows[0], rows[1], right.ravel(), model="1pl")
    >>> found.items[0].difficulties[0] < found.items[3].difficulties[0]
    True
    """
    if model not in MODELS:
        raise EstimateRefused("bad_choice", f"Models: {', '.join(MODELS)}.")
    data, students, items, levels, left, n, excluded = _patterns(student, item, score, model)
    shared = model in ("1pl", "partial-credit")
    at = np.linspace(-WIDTH, WIDTH, NODES)
    prior = np.exp(-0.5 * at**2)
    engine = _Engine(data, shared, at, prior / prior.sum())
    vector, log_likelihood, rounds, converged, posterior = engine.estimate(tolerance)
    covariance, reasons = engine.covariance(vector)
    reasons += [f"one_category: {name}" for name in left]
    if not converged:
        reasons.append("not_converged")
    scale = float(vector[-1]) if shared else 1.0
    mean = posterior @ at
    spread = np.sqrt(np.maximum(posterior @ at**2 - mean**2, 0.0))
    records = tuple(engine.item(i, name, levels[i], vector, covariance) for i, name in enumerate(items))
    return ItemFit(
        model, records, scale, float(np.sqrt(covariance[-1, -1])) if shared else 0.0, students, scale * mean[data.pattern_of],
        scale * spread[data.pattern_of], interval, log_likelihood, int(engine.free.sum()), n, excluded, rounds, converged,
        f"{model}, marginal maximum likelihood, EM", tuple(reasons),
    )  # fmt: skip


def _patterns(student: Any, item: Any, score: ArrayLike, model: str) -> tuple[Any, ...]:
    """Return the distinct patterns, the labels of students and items, levels per item, items left out, and counts."""

    value = np.asarray(score, np.float64).ravel()
    (who, students), (what, names) = coded(student), coded(item)
    if not len(who) == len(what) == len(value):
        raise EstimateRefused("lengths_differ", "Students, items and scores have different numbers of rows.")
    known = np.isfinite(value) & (who >= 0) & (what >= 0)
    who, what, value = who[known], what[known], value[known]
    if len(value) == 0:
        raise EstimateRefused("no_rows", "No row has a student, an item and a score.")
    wide = np.full((len(students), len(names)), -1, np.int8)
    levels, kept = [], []
    order = np.argsort(what, kind="stable")
    ends = np.searchsorted(what[order], np.arange(len(names) + 1))
    for place in range(len(names)):
        rows = order[ends[place] : ends[place + 1]]
        used, code = np.unique(value[rows], return_inverse=True)
        if len(used) > MOST_CATEGORIES:
            raise EstimateRefused(
                "too_many_categories", f"The item {names[place]} has {len(used)} different scores."
            )
        if model in ("1pl", "2pl") and len(used) > 2:
            raise EstimateRefused(
                "not_two_categories", f"The item {names[place]} has {len(used)} scores; {model} takes two."
            )
        if len(used) > 1:
            wide[who[rows], place] = code.reshape(-1)
            if int((wide[:, place] >= 0).sum()) < len(rows):
                raise EstimateRefused(
                    "twice", f"A student has two scores on the item {names[place]}: keep one."
                )
            levels.append(tuple(used.tolist()))
            kept.append(place)
    if len(kept) < 2:
        raise EstimateRefused("too_few_items", "At least two items with different scores are needed.")
    answered = np.asarray((wide[:, kept] >= 0).any(axis=1))
    patterns, pattern_of, counts = np.unique(
        wide[answered][:, kept], axis=0, return_inverse=True, return_counts=True
    )
    data = _Data(
        patterns,
        counts.astype(np.float64),
        pattern_of.reshape(-1),
        np.array([len(one) - 1 for one in levels]),
    )
    labels = tuple(name for name, there in zip(students, list(answered), strict=True) if there)
    left = [name for place, name in enumerate(names) if place not in set(kept)]
    return data, labels, [names[place] for place in kept], levels, left, int(known.sum()), int((~known).sum())


class _Engine:
    """EM over a vector: per item a slope (graded) and its steps, and last the slope that all share (partial credit).

    Graded: P(x >= k) = logistic(slope ability + intercept k). Partial credit: logit of step k is slope ability - step k.
    """

    def __init__(self, data: _Data, shared: bool, at: Floats, prior: Floats) -> None:
        self.data, self.shared, self.at, self.prior = data, shared, at, prior
        self.items, self.most = len(data.steps), data.most
        width = self.most + (0 if shared else 1)
        self.width = width
        self.there = np.arange(self.most) < data.steps[:, None]
        own = (
            self.there if shared else np.concatenate((np.ones((self.items, 1), np.bool_), self.there), axis=1)
        )
        self.free = np.append(own.ravel(), shared)

    def parts(self, vector: Floats) -> tuple[Floats, Floats]:
        """Return slopes and steps (item, step) of a vector."""
        table = vector[:-1].reshape(self.items, self.width)
        if self.shared:
            return np.full(self.items, vector[-1]), table
        return table[:, 0], table[:, 1:]

    def start(self) -> Floats:
        """Return a start from the shares of the categories."""
        table = np.zeros((self.items, self.width))
        for i in range(self.items):
            codes, m = self.data.codes[:, i], int(self.data.steps[i])
            share = np.bincount(codes[codes >= 0], self.data.weight[codes >= 0], m + 1)
            if self.shared:
                table[i, :m] = -np.log(share[1:] / share[:-1])
            else:
                above = np.cumsum(share[::-1])[::-1][1:] / share.sum()
                table[i, 0], table[i, 1 : m + 1] = 1.0, 1.2 * np.log(above / (1 - above))
        return np.append(table.ravel(), 1.0 if self.shared else 0.0)

    def chances(self, vector: Floats) -> Floats:
        """Return P(category) by item, category and node; categories that an item lacks have zero."""
        slope, steps = self.parts(vector)
        logit = slope[:, None, None] * self.at
        if self.shared:
            inner = np.where(self.there[:, :, None], logit - steps[:, :, None], -np.inf)
            logs = np.concatenate((np.zeros((self.items, 1, len(self.at))), np.cumsum(inner, axis=1)), axis=1)
            logs -= logs.max(axis=1, keepdims=True)
            found = np.exp(logs)
            return np.asarray(found / found.sum(axis=1, keepdims=True))
        above = np.where(self.there[:, :, None], 1 / (1 + np.exp(-(logit + steps[:, :, None]))), 0.0)
        edge = np.ones((self.items, 1, len(self.at)))
        found = -np.diff(np.concatenate((edge, above, 0 * edge), axis=1), axis=1)
        has = np.arange(self.most + 1)[:, None] <= self.data.steps[:, None, None]
        return np.asarray(np.where(has, np.maximum(found, 1e-12), 0.0))

    def expect(self, vector: Floats, *, keep: bool = False) -> tuple[float, Floats, Floats]:
        """Return log-likelihood, expected counts by item, category and node, and the posteriors where kept."""
        with np.errstate(divide="ignore"):
            logs = np.log(self.chances(vector))
        logs[~np.isfinite(logs)] = 0.0
        codes, weight = self.data.codes, self.data.weight
        counts, total = np.zeros(logs.shape), 0.0
        kept = np.empty((len(codes) if keep else 0, len(self.at)))
        for first in range(0, len(codes), CHUNK):
            part, w = codes[first : first + CHUNK], weight[first : first + CHUNK]
            marks = [(part == k).astype(np.float64) for k in range(1, self.most + 1)]
            # The lowest category is what is left: half the work for right and wrong.
            seen = None if (part >= 0).all() else (part >= 0).astype(np.float64)
            like = (
                logs[:, 0].sum(axis=0) + np.log(self.prior)
                if seen is None
                else seen @ logs[:, 0] + np.log(self.prior)
            )
            like = sum((mark @ (logs[:, k] - logs[:, 0]) for k, mark in enumerate(marks, 1)), like)
            top = like.max(axis=1, keepdims=True)
            posterior = np.exp(like - top)
            whole = posterior.sum(axis=1, keepdims=True)
            posterior /= whole
            total += float(w @ (top + np.log(whole))[:, 0])
            if keep:
                kept[first : first + CHUNK] = posterior
            posterior *= w[:, None]
            counts[:, 0] += posterior.sum(axis=0) if seen is None else seen.T @ posterior
            for k, mark in enumerate(marks, 1):
                found = mark.T @ posterior
                counts[:, k] += found
                counts[:, 0] -= found
        return total, np.maximum(counts, 0.0), kept

    def derivatives(self, vector: Floats) -> tuple[Floats, Floats]:
        """Return P(category) and its logarithm's derivatives (item, category, node, own parameter)."""
        chance, (slope, steps) = self.chances(vector), self.parts(vector)
        found = np.zeros((*chance.shape, self.width))
        if self.shared:
            above = np.flip(np.cumsum(np.flip(chance, 1), 1), 1)[:, 1:]
            reached = np.arange(self.most + 1)[:, None] >= np.arange(1, self.most + 1)
            found[:] = np.transpose(above, (0, 2, 1))[:, None] - reached[None, :, None, :]
            return chance, found * self.there[:, None, None, :]
        above = np.where(
            self.there[:, :, None],
            1 / (1 + np.exp(-(slope[:, None, None] * self.at + steps[:, :, None]))),
            0.0,
        )
        dense = above * (1 - above)
        edge = np.zeros((self.items, 1, len(self.at)))
        both = np.concatenate((edge, dense, edge), axis=1)
        safe = np.maximum(chance, 1e-12)
        found[..., 0] = -np.diff(both, axis=1) * self.at / safe
        for k in range(self.most):
            found[:, k + 1, :, k + 1] = dense[:, k] / safe[:, k + 1]
            found[:, k, :, k + 1] = -dense[:, k] / safe[:, k]
        return chance, found

    def maximize(self, vector: Floats, counts: Floats) -> Floats:
        """Return the next vector: scoring steps for each item, then for the slope that all share."""
        rows = counts.sum(axis=1)
        for _ in range(2):
            chance, slope = self.derivatives(vector)
            score = np.einsum("ikq,ikqp->ip", counts, slope, optimize=True)
            expected = rows[:, None] * chance
            information = np.einsum("ikq,ikqp,ikqs->ips", expected, slope, slope, optimize=True)
            information += (
                np.eye(self.width) * np.where(np.einsum("ipp->ip", information) > 0, 1e-9, 1.0)[:, None, :]
            )
            move = np.linalg.solve(information, score[:, :, None])[:, :, 0]
            move *= np.minimum(1.0, 1.0 / np.maximum(np.abs(move).max(axis=1, keepdims=True), 1e-12))
            table = vector[:-1].reshape(self.items, self.width) + move
            if not self.shared:
                table = self._ordered(vector[:-1].reshape(self.items, self.width), table)
            vector = np.append(table.ravel(), vector[-1])
            if self.shared:
                k = np.arange(self.most + 1)
                mean = np.einsum("ikq,k->iq", self.chances(vector), k)
                spread = np.einsum("ikq,k->iq", self.chances(vector), k * k) - mean**2
                gradient = float(((np.einsum("ikq,k->iq", counts, k) - rows * mean) * self.at).sum())
                curve = float((rows * spread * self.at**2).sum())
                vector[-1] = max(1e-3, vector[-1] + float(np.clip(gradient / max(curve, 1e-9), -0.5, 0.5)))
        return vector

    def _ordered(self, before: Floats, after: Floats) -> Floats:
        """Halve the steps of items whose intercepts would cross or whose slopes would run away."""
        for _ in range(20):
            gaps = np.where(self.there[:, 1:], np.diff(after[:, 1:], axis=1), -1.0)
            wrong = (gaps > -1e-4).any(axis=1) | (np.abs(after[:, 0]) > STEEPEST)
            if not wrong.any():
                return after
            after[wrong] = (before[wrong] + after[wrong]) / 2
        return np.where(wrong[:, None], before, after)

    def estimate(self, tolerance: float) -> tuple[Floats, float, int, bool, Floats]:
        """Climb by EM with squared steps. Return vector, log-likelihood, rounds, convergence and posteriors."""
        vector, rounds, converged = self.start(), 0, False
        before, counts, _ = self.expect(vector)
        while rounds < MOST_ROUNDS and not converged:
            one = self.maximize(vector, counts)
            two = self.maximize(one, self.expect(one)[1])
            rounds += 2
            first, second = one - vector, two - one
            converged = bool(np.abs(second[self.free]).max() < tolerance)
            bend = second - first
            length = -float(np.sqrt(float(first @ first) / max(float(bend @ bend), 1e-300)))
            now, after, _ = self.expect(two)
            vector, counts = two, after
            if not converged and length < -1:
                ahead = one - first - 2 * length * first + length**2 * bend
                if self._sound(ahead):
                    best, jumped, _ = self.expect(ahead)
                    if best > now:
                        vector, counts, now = ahead, jumped, best
            before = now
        total, _, posterior = self.expect(vector, keep=True)
        return vector, max(total, before), rounds, converged, posterior

    def _sound(self, vector: Floats) -> bool:
        if self.shared:
            return bool(vector[-1] > 0)
        table = vector[:-1].reshape(self.items, self.width)
        gaps = np.where(self.there[:, 1:], np.diff(table[:, 1:], axis=1), -1.0)
        return bool((gaps < -1e-4).all() and (np.abs(table[:, 0]) < STEEPEST).all())

    def score(self, vector: Floats) -> Floats:
        """Return the slope of the log-likelihood by Fisher's identity."""
        _, counts, _ = self.expect(vector)
        chance, slope = self.derivatives(vector)
        own = np.einsum("ikq,ikqp->ip", counts, slope, optimize=True)
        if not self.shared:
            return np.append(own.ravel(), 0.0)
        k = np.arange(self.most + 1)
        away = np.einsum("ikq,k->iq", counts, k) - counts.sum(axis=1) * np.einsum("ikq,k->iq", chance, k)
        return np.append(own.ravel(), float((away * self.at).sum()))

    def covariance(self, vector: Floats) -> tuple[Floats, list[str]]:
        """Return the covariance of the vector, zero for what is not estimated, and reasons."""
        places, reasons = np.flatnonzero(self.free), []
        if len(places) <= MOST_EXACT:
            information = np.empty((len(places), len(places)))
            for row, place in enumerate(places.tolist()):
                by = np.zeros(len(vector))
                by[place] = 1e-4
                information[row] = ((self.score(vector - by) - self.score(vector + by)) / 2e-4)[places]
        else:
            information = self._crossed(vector)[np.ix_(places, places)]
            reasons.append("errors_by_cross_product")
        found = np.zeros((len(vector), len(vector)))
        values, vectors = np.linalg.eigh((information + information.T) / 2)
        if values[0] <= 1e-9 * values[-1]:
            reasons.append("information_is_singular")
            values = np.maximum(values, 1e-9 * values[-1])
        found[np.ix_(places, places)] = (vectors / values) @ vectors.T
        return found, reasons

    def _crossed(self, vector: Floats) -> Floats:
        """Return the sum over students of the outer product of their scores."""
        _, _, posterior = self.expect(vector, keep=True)
        chance, slope = self.derivatives(vector)
        k = np.arange(self.most + 1)
        mean = np.einsum("ikq,k->iq", chance, k)
        found = np.zeros((len(vector), len(vector)))
        for first in range(0, len(posterior), CHUNK):
            part = slice(first, first + CHUNK)
            scores = np.zeros((len(posterior[part]), len(vector)))
            for i in range(self.items):
                codes = self.data.codes[part, i]
                for one in range(int(self.data.steps[i]) + 1):
                    rows = codes == one
                    own = posterior[part][rows]
                    scores[rows, i * self.width : (i + 1) * self.width] = own @ slope[i, one]
                    if self.shared:
                        scores[rows, -1] += own @ ((one - mean[i]) * self.at)
            found += (scores * self.data.weight[part, None]).T @ scores
        return found

    def item(
        self, i: int, name: str, levels: tuple[float, ...], vector: Floats, covariance: Floats
    ) -> ItemEstimate:
        """Return one item's record; errors of difficulties by the delta method."""
        begin, m = i * self.width, int(self.data.steps[i])
        n = int(self.data.weight[self.data.codes[:, i] >= 0].sum())
        error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        if self.shared:
            steps, own = vector[begin : begin + m], error[begin : begin + m]
            turned = tuple((-steps).tolist())
            return ItemEstimate(name, n, levels, 1.0, 0.0, turned, tuple(own.tolist()), tuple(steps.tolist()),
                                tuple(own.tolist()), "")  # fmt: skip
        slope, intercepts = float(vector[begin]), vector[begin + 1 : begin + 1 + m]
        difficulties, errors = -intercepts / slope, []
        for k in range(m):
            gradient = np.array([-difficulties[k] / slope, -1 / slope])
            both = np.array([begin, begin + 1 + k])
            errors.append(float(np.sqrt(max(0.0, gradient @ covariance[np.ix_(both, both)] @ gradient))))
        reason = (
            "slope_at_its_bound"
            if abs(slope) > 0.99 * STEEPEST
            else "falls_with_ability"
            if slope < 0
            else ""
        )
        return ItemEstimate(
            name, n, levels, slope, float(error[begin]), tuple(intercepts.tolist()),
            tuple(error[begin + 1 : begin + 1 + m].tolist()), tuple(difficulties.tolist()), tuple(errors), reason,
        )  # fmt: skip


def bounds(value: float, error: float, interval: float) -> tuple[float, float]:
    """Return the interval of one estimate.

    >>> tuple(round(end, 2) for end in bounds(0.0, 1.0, 0.95))
    (-1.96, 1.96)
    """
    z = NormalDist().inv_cdf(0.5 + interval / 2)
    return value - z * error, value + z * error
