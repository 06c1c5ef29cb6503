"""One Newton step, and the standard errors, from an information matrix whose sums are held at zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.layout import Layout
from headway.science.facets.ratings import Floats


@dataclass(slots=True)
class Equations:
    """Gradient and information of one pass, in the layout's places."""

    gradient: Floats
    big_gradient: Floats
    small: Floats
    cross: Floats
    values: Floats

    @classmethod
    def empty(cls, laid: Layout) -> Equations:
        """Return equations of zeros."""
        n, m = laid.small_n, laid.big_n
        return cls(np.zeros(n), np.zeros(m), np.zeros((n, n)), np.zeros((m, n)), np.zeros(len(laid.indices)))

    def clear(self) -> None:
        """Set all to zero."""
        for array in (self.gradient, self.big_gradient, self.small, self.cross, self.values):
            array[:] = 0.0


def free_places(laid: Layout, *, population: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return which places of the small vector are estimated, and which of the big one."""
    free = np.zeros(laid.small_n, np.bool_)
    big = np.zeros(laid.big_n, np.bool_)
    for f, name in enumerate(laid.facets):
        kept = laid.present[name] & ~laid.fixed.get(name, np.zeros(laid.size[name], np.bool_))
        if f == laid.big:
            big[:] = kept
        else:
            free[laid.span(name)] = kept
    free[laid.step_places] = True
    if population:
        free[laid.population_at] = True
        free[laid.spread_at] = True
    return np.flatnonzero(free), big


def sums_to_zero(laid: Layout, places: NDArray[np.int64]) -> Floats:
    """Return one row for each sum that is held at zero, over the free places of the small vector."""
    rows = []
    for f, name in enumerate(laid.facets):
        if name in laid.centered and f != laid.big:
            row = np.zeros(laid.small_n)
            row[laid.span(name)] = laid.present[name]
            rows.append(row)
    for start, steps in zip(laid.set_start.tolist(), laid.set_steps.tolist(), strict=True):
        if steps:
            row = np.zeros(laid.small_n)
            row[start : start + steps] = 1.0
            rows.append(row)
    return np.array(rows).reshape(-1, laid.small_n)[:, places]


def bordered_inverse(information: Floats, constraints: Floats) -> Floats:
    """Return the covariance of estimates whose sums `constraints` are zero: the corner of the bordered inverse.

    Source: Silvey, The Lagrangian multiplier test, Annals of Mathematical Statistics 30 (1959).
    """
    n = len(information)
    return np.asarray(np.linalg.inv(bordered(information, constraints))[:n, :n])


def heft(information: Floats) -> Floats:
    """Return a positive diagonal of the information's own size, to lean on where it curves the wrong way."""
    size = np.abs(np.diag(information))
    return np.diag(np.maximum(size, 0.01 * size.max(initial=1e-6)))


def bordered(information: Floats, constraints: Floats) -> Floats:
    """Return the information with the constraints around it, of like size so that it stays well conditioned."""
    n, c = len(information), len(constraints)
    whole = np.zeros((n + c, n + c))
    scale = max(1.0, float(np.abs(np.diag(information)).mean()))
    whole[:n, :n] = information
    whole[:n, n:] = constraints.T * scale
    whole[n:, :n] = constraints * scale
    return whole


class Solver:
    """Solves for steps, and at the end for variances, of one layout."""

    def __init__(self, laid: Layout, *, population: bool, pulled: bool = False) -> None:
        self.laid, self.pulled = laid, pulled
        self.places, self.big_free = free_places(laid, population=population)
        self.free_big = np.flatnonzero(self.big_free)
        self.constraints = sums_to_zero(laid, self.places)
        self.big_centered = laid.big >= 0 and laid.facets[laid.big] in laid.centered

    def residual(self, found: Equations) -> float:
        """Return the largest score residual: how far any total is from being reproduced."""
        small, big = found.gradient[self.places], found.big_gradient[self.free_big]
        if self.pulled:
            # A prior pulls students to zero and so all elements' sum: what the constraints hold is no residual.
            small = small - self.constraints.T @ np.linalg.lstsq(self.constraints.T, small, rcond=None)[0]
            big = big - big.mean() if self.big_centered else big
        return float(max(np.abs(small).max(initial=0.0), np.abs(big).max(initial=0.0)))

    def hold(self, place: int) -> None:
        """Estimate one place of the small vector no longer."""
        kept = self.places != place
        self.places, self.constraints = self.places[kept], self.constraints[:, kept]

    def covariance(self, found: Equations) -> tuple[Floats, Floats, Floats]:
        """Return the covariance of the small vector, the variances of the big one and what is between, 0 where not free."""
        n, m = self.laid.small_n, self.laid.big_n
        small, big, between = np.zeros((n, n)), np.zeros(m), np.zeros((m, n))
        here = np.ix_(self.places, self.places)
        if self.laid.big < 0:
            small[here] = bordered_inverse(found.small[here], self.constraints)
            return small, big, between
        from headway.science.facets.sparse import Sparse

        small[here], big[self.free_big], between[np.ix_(self.free_big, self.places)] = Sparse(
            self, found
        ).variances()
        return small, big, between

    def slope(self, found: Equations, small: Floats, big: Floats) -> float:
        """Return how steeply the likelihood rises along a step."""
        return float(found.gradient[self.places] @ small[self.places] + found.big_gradient @ big)

    def step(self, found: Equations, *, rough: bool = False, ridge: float = 0.0) -> tuple[Floats, Floats]:
        """Return the Newton step of the small and of the big vector."""
        small, big = np.zeros(self.laid.small_n), np.zeros(self.laid.big_n)
        information = found.small[np.ix_(self.places, self.places)]
        if ridge:
            information = information + ridge * heft(information)
        if self.laid.big < 0:
            right = np.concatenate((found.gradient[self.places], np.zeros(len(self.constraints))))
            solved = np.linalg.solve(bordered(information, self.constraints), right)
            small[self.places] = solved[: len(self.places)]
            return small, big
        from headway.science.facets.sparse import Sparse

        system = Sparse(self, found, ridge)
        small[self.places], big[self.free_big] = system.step(1e-4 if rough else 1e-9)
        return small, big
