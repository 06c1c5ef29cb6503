"""Whether raters change: drift from window to window, differential functioning between groups of students."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from headway.science.facets import kernels
from headway.science.facets.describing import Described
from headway.science.facets.estimates import Difference, Differences
from headway.science.facets.estimating import State, nodes_of
from headway.science.facets.layout import Layout
from headway.science.facets.ratings import CONTEXT, Codes, Floats, RatingTable
from headway.science.facets.solving import Equations, Solver, bordered_inverse

EXACT = 1_500
"""Up to so many parameters the cells are estimated together with all else; beyond, one step for each rater by itself."""
FEWEST = 5
"""Ratings that a cell needs to be looked at."""


def differences(
    table: RatingTable, laid: Layout, state: State, found: Described, slope: Callable[[float], float], *,
    estimator: str, interval: float, false_alarm: float, nodes: int,
) -> dict[str, Differences]:  # fmt: skip
    """Estimate for each rater and window, or rater and group, how far the rater departs from the rater's own mean there.

    Assumes the main effects of the fitted model. What all raters change in common belongs to the window or group.

    Parameters: as fitted; `slope` turns logits into levels; `false_alarm`, the chance that a cell without change is flagged.
    Returns: by facet `window` and `group`; empty without raters or such columns.
    Source: interaction terms of Eckes, Introduction to Many-Facet Rasch Measurement (2015), section 10.2, by maximum likelihood
    with all main effects free, sums over raters and over windows zero; shrunken by the method of DerSimonian & Laird (1986).
    When not to use: with a handful of ratings a cell: intervals are those of large samples.

    >>> differences(table=None, laid=_No(), state=None, found=None, slope=None, estimator="joint", interval=0.95,
    ...             false_alarm=0.05, nodes=9)
    {}
    """
    answer: dict[str, Differences] = {}
    if "rater" not in laid.facets:
        return answer
    for name in CONTEXT:
        if name not in table.facets or table.count(name) < 2:
            continue
        cells = _Cells(table, laid, name)
        if laid.big >= 0 and laid.small_n + laid.big_n + cells.count > EXACT:
            value, error = _alone(cells, found)
            chi, degrees = float(np.nansum((value / error) ** 2)), int(np.isfinite(value).sum())
        else:
            try:
                value, error, chi, degrees = _together(cells, laid, state, estimator, nodes)
            except np.linalg.LinAlgError:
                # So few ratings that a main effect has none of its own left beside the cells.
                value, error, chi, degrees = (
                    np.full(cells.count, np.nan),
                    np.full(cells.count, np.nan),
                    0.0,
                    0,
                )
        answer[name] = _judged(cells, table, name, value, error, chi, degrees, slope, interval, false_alarm)
    return answer


class _No:
    """A layout without raters."""

    facets: tuple[str, ...] = ()


class _Cells:
    """Cells of rater and window that have ratings: `rater` and `context` per cell, `of` per active rating."""

    def __init__(self, table: RatingTable, laid: Layout, context: str) -> None:
        rater, where = table.codes["rater"][laid.rows], table.codes[context][laid.rows]
        wide = table.count(context)
        keys, of = np.unique(rater * wide + where, return_inverse=True)
        self.of: Codes = of.reshape(-1)
        self.rater, self.context, self.count = keys // wide, keys % wide, len(keys)
        self.n = np.bincount(self.of)
        most = laid.set_steps[laid.sets]
        low = np.bincount(self.of, laid.x) == 0
        high = np.bincount(self.of, most - laid.x) == 0
        windows = np.bincount(self.rater[self.n >= FEWEST], minlength=int(self.rater.max()) + 1)
        lone = windows[self.rater] < 2
        usual = np.where(low | high, "extreme", np.where(lone, "one_window", ""))
        self.reason = np.where(self.n < FEWEST, "too_few_ratings", usual)
        self.used: NDArray[np.bool_] = self.reason == ""


def _together(
    cells: _Cells, laid: Layout, state: State, estimator: str, nodes: int
) -> tuple[Floats, Floats, float, int]:
    """Estimate all cells with all main effects free. Return values and errors as severity, and the test of all."""
    wide, one = _widened(cells, laid, state)
    solver, equations = Solver(wide, population=estimator == "marginal"), Equations.empty(wide)
    first = wide.start["cell"]
    own = np.flatnonzero(cells.used) + first
    is_cell = np.zeros(wide.small_n, np.bool_)
    is_cell[own] = True
    main = solver.places[~np.isin(solver.places, np.arange(first, first + cells.count))]
    held = solver.constraints[:, np.isin(solver.places, main)]
    held = held[np.abs(held).sum(axis=1) > 0]
    value, error = np.full(cells.count, np.nan), np.full(cells.count, np.nan)
    chi, degrees = 0.0, 0
    if len(own) == 0:
        return value, error, chi, degrees
    at, weights = nodes_of(nodes)
    for _ in range(6):
        equations.clear()
        odds = np.exp(np.clip(one.small, -100, 100))
        if estimator == "marginal":
            kernels.marginal_pass(
                wide.offsets, wide.x, wide.elements, wide.sets, wide.places, wide.bases, wide.set_start, wide.set_steps, odds,
                one.small, wide.big, one.big, wide.population, wide.population_at, one.small[wide.population_at],
                wide.spread_at, float(np.exp(one.small[wide.spread_at])), one.theta, one.width, at, weights, True,
                equations.gradient, equations.big_gradient, equations.small, equations.cross, equations.values,
            )  # fmt: skip
        else:
            kernels.joint_pass(
                wide.offsets, wide.x, wide.elements, wide.sets, wide.places, wide.bases, wide.set_start, wide.set_steps, odds,
                one.small, wide.big, one.big, 0.0, np.zeros(len(wide.students), np.bool_), one.theta, equations.gradient,
                equations.big_gradient, equations.small, equations.cross, equations.values,
            )  # fmt: skip
        spread = bordered_inverse(equations.small[np.ix_(main, main)], held)
        across = equations.small[np.ix_(own, main)] @ spread
        schur = equations.small[np.ix_(own, own)] - across @ equations.small[np.ix_(main, own)]
        values, vectors = np.linalg.eigh(schur)
        real = values > 1e-6 * values.max()
        inverse = (vectors[:, real] / values[real]) @ vectors[:, real].T
        move = inverse @ (equations.gradient[own] - across @ equations.gradient[main])
        move = np.clip(move, -1.0, 1.0)
        one.small[own] += move
        one.small[main] += spread @ (equations.gradient[main] - equations.small[np.ix_(main, own)] @ move)
        if np.abs(move).max() < 1e-7:
            break
    if estimator == "joint":
        # Joint estimates are stretched by L / (L - 1) for L ratings a student, their errors are not (Wright & Douglas 1977).
        one.small[own] *= 1 - len(laid.students) / len(laid.x)
    estimate, degrees = one.small[own], int(real.sum())
    chi = float(estimate @ schur @ estimate)
    value[cells.used], error[cells.used] = -estimate, np.sqrt(np.maximum(np.diag(inverse), 0.0))
    error[error < 1e-6] = np.nan
    return value, error, chi, degrees


def _widened(cells: _Cells, laid: Layout, state: State) -> tuple[Layout, State]:
    """Return the layout with one more facet, the cells, everything in one small vector; and its start."""
    start, size, at = {}, {}, 0
    for name in laid.facets:
        start[name], size[name] = at, laid.size[name]
        at += laid.size[name]
    start["cell"], size["cell"] = at, cells.count
    shift = at + cells.count - int(laid.set_start[0])
    elements = np.stack(
        [laid.elements[:, f] - laid.start[name] + start[name] for f, name in enumerate(laid.facets)]
        + [cells.of + at],
        axis=1,
    )
    small = np.zeros(laid.small_n + shift)
    for f, name in enumerate(laid.facets):
        vector = state.big if f == laid.big else state.small
        small[start[name] : start[name] + size[name]] = vector[laid.span(name)]
    small[int(laid.set_start[0]) + shift :] = state.small[int(laid.set_start[0]) :]
    wide = replace(
        laid, elements=np.ascontiguousarray(elements), facets=(*laid.facets, "cell"), start=start, size=size,
        set_start=laid.set_start + shift, population_at=laid.population_at + shift, spread_at=laid.spread_at + shift, big=-1,
        present={**laid.present, "cell": cells.used}, places=np.empty(0, np.int64), bases=np.zeros(len(laid.students), np.int64),
        indptr=np.empty(0, np.int64), indices=np.empty(0, np.int64),
    )  # fmt: skip
    return wide, State(small, np.zeros(0), state.theta.copy(), state.width.copy())


def _alone(cells: _Cells, found: Described) -> tuple[Floats, Floats]:
    """Estimate each rater's cells by one step from the main effects, all other elements held."""
    n = cells.count
    score = np.bincount(cells.of, found.residual, n)
    information = np.maximum(np.bincount(cells.of, found.own, n), 1e-9)
    raters = int(cells.rater.max()) + 1
    rater, used = cells.rater[cells.used], cells.used
    many = np.maximum(1, np.bincount(rater, minlength=raters))[cells.rater]
    step = score / information
    variance = 1 / information
    mean = np.bincount(rater, step[used], raters)[cells.rater] / many
    pooled = np.bincount(rater, variance[used], raters)[cells.rater] / many**2
    value = np.where(used, -(step - mean), np.nan)
    error = np.where(used, np.sqrt(np.maximum(variance * (1 - 2 / many) + pooled, 1e-12)), np.nan)
    return value, error


def _judged(
    cells: _Cells, table: RatingTable, name: str, value: Floats, error: Floats, chi: float, degrees: int,
    slope: Callable[[float], float], interval: float, false_alarm: float,
) -> Differences:  # fmt: skip
    from scipy.stats import chi2, norm

    known = np.isfinite(value) & np.isfinite(error)
    weight = 1 / error[known] ** 2
    scattered = float((value[known] ** 2 * weight).sum())
    between = max(0.0, (scattered - degrees) / float(weight.sum())) if known.any() else 0.0
    p = np.where(known, 2 * norm.sf(np.abs(value / error)), np.nan)
    order = np.argsort(np.where(known, p, 2.0), kind="stable")
    adjusted = np.full(len(p), np.nan)
    worst, count = 0.0, int(known.sum())
    for rank, at in enumerate(order[:count].tolist()):
        worst = max(worst, min(1.0, p[at] * (count - rank)))
        adjusted[at] = worst
    z = NormalDist().inv_cdf(0.5 + interval / 2)
    rows = []
    for at in range(cells.count):
        v, e = float(value[at]), float(error[at])
        pulled = v * between / (between + e * e) if known[at] else np.nan
        rows.append(Difference(
            table.labels["rater"][cells.rater[at]], table.labels[name][cells.context[at]], int(cells.n[at]), v, e, v - z * e,
            v + z * e, pulled, slope(v) if known[at] else np.nan, float(p[at]), float(adjusted[at]),
            bool(known[at] and p[at] < false_alarm), str(cells.reason[at]) or ("" if known[at] else "not_separable"),
        ))  # fmt: skip
    test = float(chi2.sf(chi, degrees)) if degrees else np.nan
    return Differences(name, tuple(rows), float(np.sqrt(between)), chi, degrees, test, false_alarm)
