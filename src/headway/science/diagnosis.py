"""Which attributes a student has, from right and wrong answers: the DINA model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused
from headway.science.facets.ratings import coded

Floats = NDArray[np.float64]
VERSION = 1
MOST_ATTRIBUTES = 12
MOST_ROUNDS = 20_000
EDGE = 1e-9
STARTS = ((0.2, 0.2), (0.1, 0.1), (0.3, 0.1))
"""Guessing and slipping that the climb begins with; the best end counts."""


@dataclass(frozen=True, slots=True)
class DinaItem:
    """One item: the chance to be right without (`guess`) and wrong with (`slip`) all its attributes, errors and intervals."""

    item: str
    n: int
    attributes: tuple[str, ...]
    guess: float
    guess_error: float
    guess_interval: tuple[float, float]
    slip: float
    slip_error: float
    slip_interval: tuple[float, float]
    reason: str


@dataclass(frozen=True, slots=True)
class DinaFit:
    """A fitted DINA model: `classes` (class, attribute) with their `shares`; per student the chance of each attribute
    (`mastery`: student, attribute). `distinct` classes can be told apart by the items; the others share what they have."""

    items: tuple[DinaItem, ...]
    attributes: tuple[str, ...]
    classes: NDArray[np.bool_]
    shares: Floats
    distinct: int
    students: tuple[str, ...]
    mastery: Floats
    log_likelihood: float
    parameters: int
    interval: float
    n: int
    excluded: int
    rounds: int
    converged: bool
    reasons: tuple[str, ...]


def dina(
    student: Sequence[Any] | NDArray[Any],
    item: Sequence[Any] | NDArray[Any],
    correct: ArrayLike,
    requires: Mapping[str, Sequence[str]],
    *,
    interval: float = 0.95,
    tolerance: float = 1e-7,
) -> DinaFit:
    """Estimate guessing and slipping of items, and each student's attributes.

    Assumes an item is answered right by who has all its attributes, but for slips, and wrong by others, but for guesses;
    answers independent given the attributes; answers missing at random.

    Parameters: `student`, `item`, labels per row; `correct`, 0 or 1 per row, nan = missing; `requires`, the attributes of each
    item; `interval`, chance of the intervals; `tolerance`, largest move of a parameter at the end.
    Returns: `DinaFit`. Chances 0 to 1.
    Raises: `EstimateRefused` `no_rows`, `twice`, `not_right_or_wrong`, `item_without_attribute`, `too_many_attributes`.
    Source: Junker & Sijtsma (2001); EM as de la Torre, DINA model and parameter estimation: a didactic, Journal of Educational
    and Behavioral Statistics 34 (2009). Errors from the cross-product of scores over the classes that can be told apart.
    When not to use: below some hundred students; where half an attribute already helps.

    >>> rng = np.random.default_rng(1)
    >>> has = rng.random((400, 2)) < 0.5
    >>> needs = {"a": ["x"], "b": ["y"], "c": ["x", "y"], "d": ["x"], "e": ["y"]}
    >>> able = np.stack([has[:, ["xy".index(one) for one in needs[name]]].all(1) for name in needs], 1)
    >>> right = rng.random(able.shape) < np.where(able, 0.9, 0.2)
    >>> rows = np.indices(right.shape).reshape(2, -1)
    >>> found = dina(rows[0], np.array(list(needs))[rows[1]], right.ravel(), needs)
    >>> bool(abs(found.items[0].guess - 0.2) < 0.1)
    True
    """
    wide, students, items, n, excluded = _table(student, item, correct, requires)
    attributes = tuple(dict.fromkeys(one for name in items for one in requires[name]))
    if len(attributes) > MOST_ATTRIBUTES:
        raise EstimateRefused(
            "too_many_attributes", f"At most {MOST_ATTRIBUTES} attributes; there are {len(attributes)}."
        )
    needed = np.array([[one in requires[name] for one in attributes] for name in items])
    classes = np.array(list(product((False, True), repeat=len(attributes))))
    able = np.array(~(needed[None] & ~classes[:, None]).any(axis=2))
    ideal, group = np.unique(able, axis=0, return_inverse=True)
    patterns, where, weight = np.unique(wide, axis=0, return_inverse=True, return_counts=True)
    model = LatentClasses(patterns, weight.astype(np.float64), ideal, np.bincount(group.reshape(-1)))
    ends = [model.climb(*start, tolerance) for start in STARTS]
    guess, slip, share, log_likelihood, rounds, converged = max(
        ends, key=lambda end: (round(end[3], 6), -end[4])
    )
    posterior = model.posterior(guess, slip, share)[0]
    size = np.bincount(group.reshape(-1))
    spread = np.stack(
        [np.bincount(group.reshape(-1), classes[:, k]) / size for k in range(len(attributes))], axis=1
    )
    errors = model.errors(guess, slip, share)
    reasons = ["classes_not_told_apart"] if len(ideal) < len(classes) else []
    if not converged:
        reasons.append("not_converged")
    records = tuple(
        _item(name, wide[:, i], tuple(requires[name]), (guess[i], slip[i]), errors[:, i], interval)
        for i, name in enumerate(items)
    )
    return DinaFit(
        records, attributes, classes, (share / size)[group.reshape(-1)], len(ideal), students,
        (posterior @ spread)[where.reshape(-1)], log_likelihood, 2 * len(items) + len(classes) - 1, interval, n, excluded, rounds,
        converged, tuple(reasons),
    )  # fmt: skip


def _table(
    student: Any, item: Any, correct: ArrayLike, requires: Mapping[str, Sequence[str]]
) -> tuple[Any, ...]:

    value = np.asarray(correct, np.float64).ravel()
    (who, students), (what, names) = coded(student), coded(item)
    known = np.isfinite(value) & (who >= 0) & (what >= 0)
    if not known.any():
        raise EstimateRefused("no_rows", "No row has a student, an item and an answer.")
    if not np.isin(value[known], (0, 1)).all():
        raise EstimateRefused("not_right_or_wrong", "Answers are 1 (right) or 0 (wrong).")
    lacking = [name for name in names if not requires.get(name)]
    if lacking:
        raise EstimateRefused("item_without_attribute", f"The item {lacking[0]} has no attribute.")
    wide = np.full((len(students), len(names)), -1, np.int8)
    wide[who[known], what[known]] = value[known]
    if int((wide >= 0).sum()) < int(known.sum()):
        raise EstimateRefused("twice", "A student has two answers to one item: keep one.")
    kept = np.asarray((wide >= 0).any(axis=1))
    labels = tuple(name for name, there in zip(students, list(kept), strict=True) if there)
    return wide[kept], labels, list(names), int(known.sum()), int((~known).sum())


class LatentClasses:
    """EM over the classes that the items can tell apart."""

    def __init__(
        self, codes: NDArray[np.int8], weight: Floats, able: NDArray[np.bool_], size: NDArray[np.int64]
    ) -> None:
        self.right, self.seen = (codes == 1).astype(np.float64), (codes >= 0).astype(np.float64)
        self.weight, self.able, self.size = weight, able, size

    def posterior(self, guess: Floats, slip: Floats, share: Floats) -> tuple[Floats, float]:
        """Return the chance of each class by pattern, and the log-likelihood."""
        chance = np.where(self.able, 1 - slip, guess)
        with np.errstate(divide="ignore"):
            logs = (
                self.right @ np.log(chance / (1 - chance)).T
                + self.seen @ np.log(1 - chance).T
                + np.log(share)
            )
        top = logs.max(axis=1, keepdims=True)
        found = np.exp(logs - top)
        whole = found.sum(axis=1, keepdims=True)
        return found / whole, float(self.weight @ (top + np.log(whole))[:, 0])

    def climb(
        self, guess: float, slip: float, tolerance: float
    ) -> tuple[Floats, Floats, Floats, float, int, bool]:
        """Climb from one start; every class of attributes begins with the same share."""
        items = self.able.shape[1]
        g, s, share = np.full(items, guess), np.full(items, slip), self.size / self.size.sum()
        for rounds in range(1, MOST_ROUNDS + 1):
            posterior, log_likelihood = self.posterior(g, s, share)
            weighted = posterior * self.weight[:, None]
            seen, right = weighted.T @ self.seen, weighted.T @ self.right
            with np.errstate(invalid="ignore", divide="ignore"):
                new_g = (right * ~self.able).sum(axis=0) / (seen * ~self.able).sum(axis=0)
                new_s = 1 - (right * self.able).sum(axis=0) / (seen * self.able).sum(axis=0)
            new_g = np.clip(np.where(np.isfinite(new_g), new_g, g), EDGE, 1 - EDGE)
            new_s = np.clip(np.where(np.isfinite(new_s), new_s, s), EDGE, 1 - EDGE)
            new_share = weighted.sum(axis=0) / self.weight.sum()
            moved = max(np.abs(new_g - g).max(), np.abs(new_s - s).max(), np.abs(new_share - share).max())
            g, s, share = new_g, new_s, new_share
            if moved < tolerance:
                return g, s, share, self.posterior(g, s, share)[1], rounds, True
        return g, s, share, log_likelihood, rounds, False

    def errors(self, guess: Floats, slip: Floats, share: Floats) -> Floats:
        """Return standard errors of guessing and slipping, nan at the edges."""
        posterior, _ = self.posterior(guess, slip, share)
        able, other = posterior @ self.able, posterior @ ~self.able
        wrong = self.seen - self.right
        by_guess = other * (self.right / guess - wrong / (1 - guess))
        by_slip = able * (wrong / slip - self.right / (1 - slip))
        real = share > 1e-5
        last = int(np.argmax(share))
        real[last] = False
        by_share = posterior[:, real] / share[real] - (posterior[:, last] / share[last])[:, None]
        inner = np.concatenate(((guess > 1e-4) & (guess < 1 - 1e-4), (slip > 1e-4) & (slip < 1 - 1e-4)))
        scores = np.concatenate((np.concatenate((by_guess, by_slip), axis=1)[:, inner], by_share), axis=1)
        covariance = np.linalg.pinv((scores * self.weight[:, None]).T @ scores, hermitian=True)
        found = np.full(len(inner), np.nan)
        found[inner] = np.sqrt(np.maximum(np.diag(covariance)[: int(inner.sum())], 0.0))
        return found.reshape(2, -1)


def _item(
    name: str,
    column: NDArray[np.int8],
    attributes: tuple[str, ...],
    values: tuple[float, float],
    errors: Floats,
    interval: float,
) -> DinaItem:
    z = NormalDist().inv_cdf(0.5 + interval / 2)
    guess, slip = (float(value) if value > 10 * EDGE else 0.0 for value in values)
    ends = [
        (max(0.0, value - z * error), min(1.0, value + z * error))
        for value, error in zip((guess, slip), errors.tolist(), strict=True)
    ]
    reason = (
        "at_the_edge" if not np.isfinite(errors).all() else "guess_above_right" if guess > 1 - slip else ""
    )
    return DinaItem(name, int((column >= 0).sum()), attributes, guess, float(errors[0]), ends[0], slip, float(errors[1]), ends[1],
                    reason)  # fmt: skip
