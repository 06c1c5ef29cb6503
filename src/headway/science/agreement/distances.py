"""How far two ratings are apart by Krippendorff's levels of measurement, summed over all pairs without listing them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.agreement.table import Patterns, segment_sums
from headway.science.estimates import EstimateRefused

LEVELS = ("nominal", "ordinal", "interval", "ratio")
MOST_EXACT = 2048
"""Distinct ratio values up to which every pair of them is visited."""
NODES = 20
"""Points per unit of logarithm; the interpolation error is below 1e-16 (see `Logarithmic`)."""
PART = 1 << 16
_ANGLE = np.pi * (np.arange(NODES) + 0.5) / NODES
_NODE = np.cos(_ANGLE)
_SIGN = np.sin(_ANGLE) * (-1.0) ** np.arange(NODES)


@dataclass(frozen=True, slots=True)
class Apart:
    """Sums of squared distances: `within` each pattern, over ordered pairs of its ratings; `to_all` from each value to
    all ratings, weighted by their counts; `farthest` between any two values that occur."""

    within: NDArray[np.float64]
    to_all: NDArray[np.float64]
    farthest: float


def apart(level: str, values: NDArray[Any], unique: Patterns, counts: NDArray[np.float64]) -> Apart:
    """Return the sums of squared distances for a level of measurement.

    Parameters: `values` K distinct ratings, sorted; `unique` patterns of places in `values`; `counts` pairable ratings
    of each value.
    Returns: `Apart`. Linear in the ratings for nominal, ordinal, interval and (beyond 2,048 values) ratio.
    Raises: `EstimateRefused`: `not_a_number`, `not_a_ratio` for values below 0.
    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section E. Ordinal distances there are
    differences of mean ranks, so that ordinal is interval on mean ranks.
    """
    if level == "nominal":
        return _nominal(unique, counts)
    if values.dtype.kind not in "fiub":
        raise EstimateRefused(
            "not_a_number", f"Ratings must be numbers at the {level} level.", str(values[0])
        )
    if level == "ordinal":
        return _interval(mean_ranks(counts), unique, counts)
    if level == "interval":
        return _interval(values, unique, counts)
    if values[0] < 0:
        raise EstimateRefused("not_a_ratio", "At the ratio level ratings are zero or more.", float(values[0]))
    return _ratio(values, unique, counts)


def mean_ranks(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean rank of each value among all ratings; along the last axis.

    >>> mean_ranks(np.array([2.0, 4.0])).tolist()
    [1.0, 4.0]
    """
    found: NDArray[np.float64] = np.cumsum(counts, axis=-1) - counts / 2
    return found


def by_weights(w: NDArray[np.float64], unique: Patterns, counts: NDArray[np.float64]) -> Apart:
    """Return the sums for distances 1 - w."""
    table, far = unique.counts(len(w)), 1 - w
    return Apart(((table @ far) * table).sum(axis=1), far @ counts, 1.0)


def _nominal(unique: Patterns, counts: NDArray[np.float64]) -> Apart:
    """A pattern's codes stand in any order; equal ones are counted after sorting."""
    size = unique.sizes.astype(np.float64)
    which = np.repeat(np.arange(len(size)), unique.sizes)
    key = np.sort(which * len(counts) + unique.codes)
    start = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    run = np.diff(np.concatenate((start, [len(key)]))).astype(np.float64)
    alike = np.bincount(key[start] // len(counts), run**2, len(size))
    return Apart(size**2 - alike, counts.sum() - counts, 1.0)


def _interval(values: NDArray[np.float64], unique: Patterns, counts: NDArray[np.float64]) -> Apart:
    n = counts.sum()
    x = values - counts @ values / n
    size = unique.sizes
    mean = unique.sums(x) / size
    deviation = x[unique.codes] - np.repeat(mean, size)
    within = 2 * size * segment_sums(deviation**2, unique.offsets)
    known = np.flatnonzero(counts)
    return Apart(within, n * x**2 + counts @ x**2, float(x[known[-1]] - x[known[0]]) ** 2)


def _ratio(values: NDArray[np.float64], unique: Patterns, counts: NDArray[np.float64]) -> Apart:
    known = values[counts > 0]
    within = _pairs_within(values, unique)
    farthest = float(ratio_distance(known[0], known[-1]))
    if len(values) <= MOST_EXACT:
        return Apart(within, ratio_distance(values[:, None], values) @ counts, farthest)
    return Apart(within, Logarithmic.of(values).to_all(counts), farthest)


def ratio_distance(one: Any, other: Any) -> Any:
    """Return ((one - other) / (one + other))², 0 where both are 0."""
    total = one + other
    return np.square(np.divide(one - other, np.where(total == 0, 1, total)))


def _pairs_within(values: NDArray[np.float64], unique: Patterns) -> NDArray[np.float64]:
    """Visit each pattern's pairs, by the distance between their places; patterns of one size together."""
    found = np.zeros(len(unique.frequency))
    sizes = unique.sizes
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        if size > MOST_EXACT:
            for row in rows.tolist():
                codes = unique.codes[unique.offsets[row] : unique.offsets[row + 1]]
                tally = np.bincount(codes, minlength=len(values)).astype(np.float64)
                found[row] = tally @ Logarithmic.of(values).to_all(tally)
            continue
        wide = values[unique.codes[unique.offsets[rows][:, None] + np.arange(size)]]
        for step in range(1, size):
            found[rows] += 2 * ratio_distance(wide[:, step:], wide[:, :-step]).sum(axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Logarithmic:
    """Ratio distances among many values, by interpolation between a few nodes.

    With a = ln c, ((c - k) / (c + k))² = tanh²((a - b) / 2), which is analytic within π of the real line. On panels one
    logarithm wide (half width 1/2) 20 Chebyshev nodes leave an error below 12.6^-20, under float64. So the sums over all
    pairs are sums over pairs of nodes, and each value costs its 20 coefficients once.

    `first` node of each positive value's panel and `at` its place there, -1 to 1; `kernel` node × node; `zeros` values that
    are 0.
    """

    first: NDArray[np.int64]
    at: NDArray[np.float64]
    kernel: NDArray[np.float64]
    zeros: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Logarithmic:
        """Return the nodes for distinct values, sorted, zero or more."""
        zeros = int(values[0] == 0)
        a = np.log(values[zeros:])
        span = float(a[-1] - a[0])
        width = min(1.0, span) or 1.0
        panel = np.clip((a - a[0]) / width, 0, max(math.ceil(span / width) - 1, 0)).astype(np.int64)
        used, place = np.unique(panel, return_inverse=True)
        at = 2 * ((a - a[0]) / width - panel) - 1
        nodes = (used[:, None] + (_NODE + 1) / 2).ravel() * width
        kernel = np.tanh((nodes[:, None] - nodes) / 2) ** 2
        return cls(place.reshape(-1) * NODES, at, kernel, zeros)

    def _parts(self) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
        """Yield the values in parts with their nodes and what each node counts for them (barycentric interpolation)."""
        for start in range(0, len(self.at), PART):
            part = slice(start, start + PART)
            away = self.at[part, None] - _NODE
            exact = away == 0
            away[exact] = 1
            share = _SIGN / away
            share[exact.any(axis=1)] = 0
            share[exact] = 1
            share /= share.sum(axis=1, keepdims=True)
            yield part, self.first[part, None] + np.arange(NODES), share

    def to_all(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of distances from each value to all ratings; a zero is 1 from everything but zeros."""
        positive = counts[self.zeros :]
        at_nodes = np.zeros(len(self.kernel))
        for part, nodes, share in self._parts():
            carried = positive[part, None] * share
            at_nodes += np.bincount(nodes.ravel(), carried.ravel(), len(at_nodes))
        potential = self.kernel @ at_nodes
        away = np.empty(len(self.at))
        for part, nodes, share in self._parts():
            away[part] = (share * potential[nodes]).sum(axis=1)
        if not self.zeros:
            return away
        return np.concatenate(([positive.sum()], away + counts[0]))
