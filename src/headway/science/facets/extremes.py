"""Elements whose ratings all lie at one end: no finite measure fits them, so they are set aside and placed afterward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.layout import Categories, categories
from headway.science.facets.ratings import Floats, RatingTable

AWAY = 0.3
"""Categories by which an extreme total is moved inward before it is given a measure (Linacre, A User's Guide to FACETS)."""


@dataclass(frozen=True, slots=True)
class Usable:
    """Which ratings carry information; per facet -1, 0 or 1 where an element has only lowest or highest ratings."""

    active: NDArray[np.bool_]
    ends: Mapping[str, NDArray[np.int8]]
    found: Categories


def usable(
    table: RatingTable, by: str | None, facets: Sequence[str], fixed: Mapping[str, NDArray[np.bool_]]
) -> Usable:
    """Set aside, again and again, the ratings of elements of `facets` that are all lowest or all highest.

    Anchored elements stay. Sets of thresholds with one category in use are set aside too.
    """
    active = np.ones(len(table.rating), np.bool_)
    ends = {name: np.zeros(table.count(name), np.int8) for name in facets}
    while True:
        found = categories(table, active, by)
        most = found.steps[found.set_of]
        keep = active & (most > 0)
        for name in facets:
            codes, n = table.codes[name], table.count(name)
            rows = np.flatnonzero(keep)
            count = np.bincount(codes[rows], minlength=n)
            low = np.bincount(codes[rows], found.code[rows], n) == 0
            high = np.bincount(codes[rows], (most - found.code)[rows], n) == 0
            out = (count > 0) & (low | high) & ~fixed.get(name, np.zeros(n, np.bool_))
            ends[name][out] = np.where(high[out], 1, -1)
            keep &= ~out[codes]
        if (keep == active).all():
            return Usable(active, ends, found)
        active = keep


def expected(eta: Floats, sets: NDArray[np.int64], steps: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return the expected category and its variance at each logit, under the set of thresholds of each."""
    mean, variance = np.zeros(len(eta)), np.zeros(len(eta))
    for one in np.unique(sets).tolist():
        rows = np.flatnonzero(sets == one)
        chance = chances(eta[rows], steps[one])
        k = np.arange(chance.shape[1])
        mean[rows] = chance @ k
        variance[rows] = chance @ (k * k) - mean[rows] ** 2
    return mean, np.maximum(variance, 1e-12)


def chances(eta: Floats, steps: Floats) -> Floats:
    """Return the probability of each category at each logit; `steps` are easiness.

    >>> chances(np.array([0.0]), np.array([1.0, -1.0])).round(3).tolist()
    [[0.212, 0.576, 0.212]]
    """
    logs = np.concatenate((np.zeros((len(eta), 1)), np.cumsum(eta[:, None] + steps, axis=1)), axis=1)
    logs -= logs.max(axis=1, keepdims=True)
    found = np.exp(logs)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def place_outside(
    table: RatingTable,
    found: Categories,
    steps: Sequence[Floats],
    ease: dict[str, Floats],
    missing: Mapping[str, NDArray[np.bool_]],
) -> dict[str, Floats]:
    """Give the elements set aside a measure, all others held, extreme totals moved inward; return their standard errors.

    `ease` (per facet, the student's measure as it is) is filled where `missing`.
    """
    errors = {name: np.full(len(which), np.nan) for name, which in missing.items()}
    have_steps = found.steps[found.set_of] > 0
    for _ in range(3):
        for name, which in missing.items():
            rows = np.flatnonzero(which[table.codes[name]] & have_steps)
            if len(rows) == 0:
                continue
            codes, n, sets = table.codes[name][rows], len(which), found.set_of[rows]
            most = np.bincount(codes, found.steps[sets], n)
            goal = np.clip(np.bincount(codes, found.code[rows], n), AWAY, np.maximum(most - AWAY, AWAY))
            rest = np.sum([ease[other][table.codes[other][rows]] for other in ease if other != name], axis=0)
            for _ in range(60):
                mean, variance = expected(rest + ease[name][codes], sets, steps)
                total = np.maximum(np.bincount(codes, variance, n), 1e-9)
                move = np.clip((goal - np.bincount(codes, mean, n)) / total, -1.0, 1.0)
                ease[name][which] += move[which]
                if np.abs(move[which]).max() < 1e-9:
                    break
            there = which & (np.bincount(codes, minlength=n) > 0)
            errors[name][there] = 1 / np.sqrt(total[there])
    return errors
