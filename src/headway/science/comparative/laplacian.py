"""The information matrix of comparisons: a graph's Laplacian with a few further columns, never held as n x n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_DENSE = 800
"""Items up to which variances come from a dense inverse; beyond, from probes."""
PROBES = 8
MOST_PROBES = 64
MOST_PATIENT = 3000
"""Items up to which a dense inverse takes over where probes do not settle."""
NOISE = 0.01
"""Relative standard error (of the probes) that a standard error may have."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Which items were compared: pairs `one` < `other`, and where each pair stands in a symmetric sparse matrix."""

    n: int
    one: NDArray[np.int64]
    other: NDArray[np.int64]
    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    pair: NDArray[np.int64]

    @classmethod
    def of(cls, n: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> Graph:
        """Return the graph of pairs; a pair may stand more than once."""
        rows, columns = np.concatenate((one, other)), np.concatenate((other, one))
        order = np.lexsort((columns, rows))
        starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=n))))
        return cls(n, one, other, starts, columns[order], np.tile(np.arange(len(one)), 2)[order])

    def differences(self, of: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum over each item's pairs, those where it is `other` subtracted."""
        found = np.bincount(self.one, of, self.n) - np.bincount(self.other, of, self.n)
        return found.astype(np.float64)

    def laplacian(self, weights: NDArray[np.float64], extra: NDArray[np.float64]) -> Laplacian:
        """Return the Laplacian of weighted pairs, with `extra` added to its diagonal."""
        from scipy.sparse import csr_array

        adjacent = csr_array((weights[self.pair], self.columns, self.starts), shape=(self.n, self.n))
        ends = np.bincount(self.one, weights, self.n) + np.bincount(self.other, weights, self.n)
        degree = ends.astype(np.float64) + extra
        return Laplacian(adjacent, degree, not extra.any())


@dataclass(frozen=True, slots=True)
class Laplacian:
    """`degree` on the diagonal minus `adjacent`; singular on constants where `free`."""

    adjacent: Any
    degree: NDArray[np.float64]
    free: bool

    def times(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the matrix times columns."""
        found: NDArray[np.float64] = self.degree[:, None] * x - self.adjacent @ x
        return found

    def solve(self, right: NDArray[np.float64], tolerance: float = 1e-11) -> NDArray[np.float64]:
        """Return the solution for columns, of mean zero where the matrix is free, by conjugate gradients.

        Assumes columns that sum to zero where it is free. Preconditioned by the degrees.

        Source: Hestenes & Stiefel, Journal of Research of the National Bureau of Standards 49 (1952).
        """
        x = np.zeros_like(right)
        # What rounding leaves along the constant direction could never be solved away.
        rest = right - right.mean(axis=0) if self.free else right.copy()
        scaled = rest / self.degree[:, None]
        move = scaled.copy()
        energy = np.einsum("ij,ij->j", rest, scaled)
        start = np.maximum(energy, 1e-300)
        for _ in range(10 * len(self.degree) + 50):
            if (energy <= tolerance**2 * start).all():
                break
            turned = self.times(move)
            along = np.einsum("ij,ij->j", move, turned)
            step = np.divide(energy, along, out=np.zeros_like(energy), where=along > 0)
            x += step * move
            rest -= step * turned
            scaled = rest / self.degree[:, None]
            fresh = np.einsum("ij,ij->j", rest, scaled)
            move *= np.divide(fresh, energy, out=np.zeros_like(energy), where=energy > 0)
            move += scaled
            energy = fresh
        return x - x.mean(axis=0) if self.free else x

    def dense_inverse(self) -> NDArray[np.float64]:
        """Return the (pseudo) inverse, for few items."""
        n = len(self.degree)
        full = np.diag(self.degree) - self.adjacent.toarray()
        if not self.free:
            return np.asarray(np.linalg.inv(full))
        found: NDArray[np.float64] = np.linalg.inv(full + self.degree.mean() / n) - 1 / (
            n * self.degree.mean()
        )
        return found

    def centered_variances(self, rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
        """Return the diagonal of the centered inverse, and the largest relative noise of a standard error.

        With D the degrees and A the adjacency the inverse is D⁻¹ + D⁻¹AD⁻¹ + D⁻¹AD⁻¹AD⁻¹ and a rest. The diagonals of the first
        three are exact; that of the rest, small on any graph where everything is a few steps from everything, is taken from
        random signs (Hutchinson 1990), as many as `NOISE` asks for. Long chains need the dense inverse, up to its limit.
        """
        n = len(self.degree)
        if n <= MOST_DENSE:
            return self._dense_variances(), 0.0
        squares = self.adjacent.multiply(self.adjacent)
        known = (1 + (squares @ (1 / self.degree)) / self.degree) / self.degree
        rows = self._three_terms(np.ones((n, 1)))[:, 0]
        known += rows.sum() / n**2 - 2 * rows / n
        total, square, probes = np.zeros(n), np.zeros(n), 0
        while True:
            signs = rng.integers(0, 2, (n, PROBES)) * 2.0 - 1
            away = signs - signs.mean(axis=0)
            rest = self.solve(away, 1e-6) - self._three_terms(away)
            drawn = signs * (rest - rest.mean(axis=0))
            total += drawn.sum(axis=1)
            square += (drawn**2).sum(axis=1)
            probes += PROBES
            mean = total / probes
            spread = np.sqrt(np.maximum(square / probes - mean**2, 0) / probes)
            variances = known + mean
            noise = float((spread / np.maximum(variances, 1e-3 / self.degree)).max()) / 2
            if noise < NOISE:
                return variances, noise
            if noise > 1 or probes >= MOST_PROBES:
                return (
                    (self._dense_variances(), 0.0) if n <= MOST_PATIENT else (np.maximum(variances, 0), noise)
                )

    def _three_terms(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        degree = self.degree[:, None]
        one = x / degree
        two = (self.adjacent @ one) / degree
        found: NDArray[np.float64] = one + two + (self.adjacent @ two) / degree
        return found

    def _dense_variances(self) -> NDArray[np.float64]:
        inverse = self.dense_inverse()
        inverse -= inverse.mean(axis=0)
        found: NDArray[np.float64] = np.diag(inverse) - inverse.mean(axis=1)
        return found
