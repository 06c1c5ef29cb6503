"""Newton steps and variances where one facet has very many elements: conjugate gradients on sparse rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from headway.science.facets.ratings import Floats

if TYPE_CHECKING:
    from headway.science.facets.solving import Equations, Solver

PROBES = 8
"""Vectors of signs that estimate what is left of the inverse's diagonal beyond its first two orders."""
CHUNK = 64
EXACT = 1_500
"""Up to so many estimates their covariance is inverted whole."""
ACCURATE = 1e-5
"""Of solutions that standard errors are made from."""


class Sparse:
    """The equations of one pass with the big facet in sparse rows, restricted to what is free."""

    def __init__(self, solver: Solver, found: Equations, ridge: float = 0.0) -> None:
        from headway.science.facets.solving import bordered_inverse, heft

        laid, self.solver, self.found = solver.laid, solver, found
        rows = csr_array((found.values, laid.indices, laid.indptr), shape=(laid.big_n, laid.big_n))
        free = solver.free_big
        self.big = rows if len(free) == laid.big_n else csr_array(rows[free][:, free])
        self.cross = found.cross[np.ix_(free, solver.places)]
        self.small = found.small[np.ix_(solver.places, solver.places)]
        self.diagonal = np.maximum(self.big.diagonal(), 1e-9)
        if ridge:
            at = np.arange(len(self.diagonal))
            self.big = csr_array(self.big + csr_array((ridge * self.diagonal, (at, at)), self.big.shape))
            self.diagonal = self.diagonal * (1 + ridge)
            self.small = self.small + ridge * heft(self.small)
        little = 1e-9 * np.diag(np.maximum(np.diag(self.small), 1e-9))
        self.small_inverse = bordered_inverse(self.small + little, solver.constraints)

    def _scaled(self, right: Floats) -> Floats:
        """Return the right side over the diagonal, moved so that its sum is zero where the facet is centered."""
        found: Floats = right / self.diagonal
        if not self.solver.big_centered:
            return found
        share = 1 / self.diagonal
        return np.asarray(found - share / share.sum() * found.sum())

    def step(self, accurate: float) -> tuple[Floats, Floats]:
        """Return the Newton step of the free small and big places, by conjugate gradients that keep sums at zero."""
        n = len(self.solver.places)
        right = np.concatenate(
            (self.found.gradient[self.solver.places], self.found.big_gradient[self.solver.free_big])
        )

        def times(one: Floats) -> Floats:
            return np.concatenate(
                (self.small @ one[:n] + one[n:] @ self.cross, self.big @ one[n:] + self.cross @ one[:n])
            )

        def scaled(one: Floats) -> Floats:
            return np.concatenate((self.small_inverse @ one[:n], self._scaled(one[n:])))

        found = conjugate(times, scaled, right, accurate)
        return found[:n], found[n:]

    def variances(self) -> tuple[Floats, Floats, Floats]:
        """Return the covariance of the small estimates, the variances of the big ones, and the covariance between them.

        Source: block inversion; the diagonal of the sparse block's inverse by its first two Neumann orders, and what is left
        by probing with signs (Bekas, Kokiopoulou & Saad 2007), so that its error is a small part of a small part.
        """
        from headway.science.facets.solving import bordered_inverse

        if len(self.diagonal) + len(self.small) <= EXACT:
            return self._exact()
        solved = np.empty_like(self.cross)
        for first in range(0, self.cross.shape[1], CHUNK):
            part = slice(first, first + CHUNK)
            solved[:, part] = self._solve(self.cross[:, part])
        small = bordered_inverse(self.small - self.cross.T @ solved, self.solver.constraints)
        between = -solved @ small
        return small, self._diagonal() - (between * solved).sum(axis=1), between

    def _exact(self) -> tuple[Floats, Floats, Floats]:
        from headway.science.facets.solving import bordered_inverse

        n, m = len(self.small), len(self.diagonal)
        whole = np.block([[self.small, self.cross.T], [self.cross, self.big.toarray()]])
        held = np.zeros((len(self.solver.constraints) + int(self.solver.big_centered), n + m))
        held[: len(self.solver.constraints), :n] = self.solver.constraints
        if self.solver.big_centered:
            held[-1, n:] = 1.0
        found = bordered_inverse(whole, held)
        return found[:n, :n], np.diag(found)[n:].copy(), found[n:, :n]

    def _solve(self, right: Floats) -> Floats:
        found = np.empty_like(right)
        for column in range(right.shape[1]):
            found[:, column] = conjugate(self.big.__matmul__, self._scaled, right[:, column])
        return found

    def _diagonal(self) -> Floats:
        off = -(
            self.big - csr_array((self.big.diagonal(), (np.arange(len(self.diagonal)),) * 2), self.big.shape)
        )
        first = 1 / self.diagonal
        second = first * first * (off.multiply(off) @ first)

        def orders(one: Floats) -> Floats:
            once = first * one
            twice = first * (off @ once)
            return np.asarray(once + twice + first * (off @ twice))

        left = np.zeros(len(first))
        place = (np.arange(1, len(first) + 1, dtype=np.uint64) * np.uint64(2_654_435_761)) >> np.uint64(7)
        for probe in range(PROBES):
            mixed = (place + np.uint64(probe)) * np.uint64(0x9E3779B97F4A7C15)
            signs = np.where((mixed >> np.uint64(40)) & np.uint64(1), 1.0, -1.0)
            solved = conjugate(self.big.__matmul__, self._scaled, signs)
            left += signs * (solved - orders(signs))
        return np.asarray(np.maximum(first, first + second + left / PROBES))


def conjugate(
    times: Callable[[Floats], Floats],
    scaled: Callable[[Floats], Floats],
    right: Floats,
    accurate: float = ACCURATE,
    most: int = 400,
) -> Floats:
    """Solve by conjugate gradients; `scaled` is near the inverse and keeps to the sums that are held.

    Source: Gould, Hribar & Nocedal, On the solution of equality constrained quadratic problems, SIAM J. Sci. Comput. 23 (2001).
    """
    found = np.zeros_like(right)
    residual = right.copy()
    near = scaled(residual)
    direction, size = near.copy(), float(residual @ near)
    start = abs(size)
    for _ in range(most):
        if abs(size) <= accurate * accurate * start or size <= 0:
            break
        moved = times(direction)
        bend = float(direction @ moved)
        if bend <= 0:
            return found if found.any() else near
        found += size / bend * direction
        residual -= size / bend * moved
        near = scaled(residual)
        before, size = size, float(residual @ near)
        direction = near + size / before * direction
    return found
