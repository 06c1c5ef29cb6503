"""Maximum likelihood of many-facet models, joint or marginal, by Newton steps on exact information."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.facets import kernels
from headway.science.facets.layout import Layout
from headway.science.facets.ratings import Floats
from headway.science.facets.solving import Equations, Solver

TOLERANCE = 1e-8
"""Largest score residual, in categories, at which the estimates count as found."""
NODES = 15
MOST_STEPS = 60
ROUGH = 1e-5
"""Residual for each rating above which a step need not be solved sharply."""
RIDGES = (0.0, 0.03, 0.3, 3.0, 30.0, 300.0)
LEAST_SPREAD = float(np.log(0.05))
"""Logarithm of the least deviation of students: below it they do not differ, and it is held there."""
SMALLEST_STEP = 1e-11
"""A step in logits below which nothing moves any more: what then is left of a residual is that of the arithmetic."""


@dataclass(slots=True)
class State:
    """Estimates as easiness in the layout's places; per student the measure (joint) or posterior mean, and its width."""

    small: Floats
    big: Floats
    theta: Floats
    width: Floats
    log_likelihood: float = -np.inf
    rounds: int = 0
    residual: float = np.inf
    converged: bool = False

    def moved(self, small: Floats, big: Floats, share: float) -> State:
        """Return the state a share of a step further."""
        return State(self.small + share * small, self.big + share * big, self.theta.copy(), self.width.copy())


def begin(laid: Layout, values: dict[str, Floats]) -> State:
    """Return a state of zeros, with the anchored elements' easiness in place."""
    small, big = np.zeros(laid.small_n), np.zeros(laid.big_n)
    for f, name in enumerate(laid.facets):
        target = big if f == laid.big else small
        if name in values:
            target[laid.span(name)] = np.where(laid.fixed[name], -values[name], 0.0)
    n = len(laid.students)
    return State(small, big, np.zeros(n), np.ones(n))


def _odds(state: State) -> Floats:
    return np.asarray(np.exp(np.clip(state.small, -100, 100)))


def nodes_of(count: int) -> tuple[Floats, Floats]:
    """Return Gauss-Hermite nodes in units of a width, and log weights for an integral over a density beside 1/sqrt(2π)."""
    at, weight = np.polynomial.hermite_e.hermegauss(count)
    return at, np.log(weight) + at * at / 2 - 0.5 * np.log(2 * np.pi)


def joint(
    laid: Layout,
    state: State,
    fixed: NDArray[np.bool_],
    *,
    prior: float = 0.0,
    tolerance: float = TOLERANCE,
    most: int = MOST_STEPS,
) -> tuple[State, Equations, Solver]:
    """Maximize the joint likelihood of students and all else; return also the equations at the end and what solves them.

    `prior` is the precision that keeps students finite.
    Source: Linacre, Many-Facet Rasch Measurement (1989), chapter 8; the students are solved within each pass, so that the steps
    are Newton's on the profile likelihood, which is concave.
    """
    solver, found = Solver(laid, population=False, pulled=prior > 0), Equations.empty(laid)

    def look(one: State) -> None:
        found.clear()
        one.log_likelihood = kernels.joint_pass(
            laid.offsets, laid.x, laid.elements, laid.sets, laid.places, laid.bases, laid.set_start, laid.set_steps,
            _odds(one), one.small, laid.big, one.big, prior, fixed, one.theta, found.gradient, found.big_gradient,
            found.small, found.cross, found.values,
        )  # fmt: skip

    return _climb(solver, found, state, look, tolerance, most), found, solver


def marginal(
    laid: Layout,
    state: State,
    *,
    nodes: int = NODES,
    tolerance: float = 10 * TOLERANCE,
    most: int = MOST_STEPS,
) -> tuple[State, Equations, Solver]:
    """Maximize the marginal likelihood over normal populations of students; return also the equations at the end
    and what solves them.

    Source: Bock & Aitkin (1981) for the marginal likelihood, Louis (1982) for its observed information, Naylor & Smith (1982)
    for nodes that stand where each student's posterior is.
    """
    solver, found = Solver(laid, population=True, pulled=True), Equations.empty(laid)
    at, weights = nodes_of(nodes)

    def look(one: State) -> None:
        found.clear()
        one.log_likelihood = kernels.marginal_pass(
            laid.offsets, laid.x, laid.elements, laid.sets, laid.places, laid.bases, laid.set_start, laid.set_steps,
            _odds(one), one.small, laid.big, one.big, laid.population, laid.population_at, one.small[laid.population_at],
            laid.spread_at, float(np.exp(one.small[laid.spread_at])), one.theta, one.width, at, weights, True,
            found.gradient, found.big_gradient, found.small, found.cross, found.values,
        )  # fmt: skip

    return _climb(solver, found, state, look, tolerance, most), found, solver


Look = Callable[[State], None]


def _climb(solver: Solver, found: Equations, state: State, look: Look, tolerance: float, most: int) -> State:
    """Take Newton steps, shortened where the likelihood would fall, until every total is reproduced."""
    look(state)
    for rounds in range(1, most + 1):
        state.rounds, state.residual = rounds, solver.residual(found)
        if state.residual < tolerance:
            state.converged = True
            return state
        after, size = _ahead(solver, found, state, look)
        if after is None:
            break
        state, state.rounds = after, rounds
        if size < SMALLEST_STEP:
            break
    state.residual = solver.residual(found)
    state.converged = state.residual < max(tolerance, 1e-6)
    return state


def _ahead(solver: Solver, found: Equations, state: State, look: Look) -> tuple[State | None, float]:
    """Return a state with a likelihood that is no lower, and the size of the step; the equations are then those there.

    Where the information curves the wrong way, as it may far from a marginal maximum, a growing ridge turns the step uphill.
    """
    spread = solver.laid.spread_at
    for ridge in RIDGES:
        small, big = solver.step(found, rough=state.residual > ROUGH * len(solver.laid.x), ridge=ridge)
        if solver.slope(found, small, big) <= 0:
            continue
        largest = max(np.abs(small).max(initial=0.0), np.abs(big).max(initial=0.0))
        share = min(1.0, 2.0 / max(largest, 1e-12), 0.5 / max(abs(small[spread]), 1e-12))
        for _ in range(8):
            after = state.moved(small, big, share)
            floored = after.small[spread] < LEAST_SPREAD
            after.small[spread] = max(after.small[spread], LEAST_SPREAD)
            look(after)
            if after.log_likelihood >= state.log_likelihood - 1e-9 * (1 + abs(state.log_likelihood)):
                if floored:
                    solver.hold(spread)
                return after, largest * share
            share /= 2
        look(state)
    return None, 0.0
