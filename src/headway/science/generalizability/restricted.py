"""Variance components by restricted likelihood, for designs with unequal numbers or missing scores; sparse throughout."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused
from headway.science.generalizability.components import GStudy, components_of
from headway.science.generalizability.design import Design
from headway.science.generalizability.factor import Symmetric

SMALLEST = -12.0
"""Logarithm of the least ratio (of standard deviations, to the residual's) that is looked at; below, a component is 0."""
LARGEST = 6.0
"""Logarithm of the largest; a residual that small beside another component is none."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """-2 restricted log likelihood in its parts, with their slopes by the logarithm of each ratio.

    `log_v`, `log_x` log determinants of V and of 1'V⁻¹1, V in units of the residual variance; `rest` the residual sum of
    squares.
    """

    log_v: float
    log_x: float
    rest: float
    log_slope: NDArray[np.float64]
    rest_slope: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Model:
    """Cross-products of the random effects' indicators Z: all that the likelihood needs of the data.

    `pattern` and `values` of Z'Z; `block` the effect of each column; `with_one` Z'1 and `with_y` Z'y.
    """

    pattern: Symmetric
    values: NDArray[np.float64]
    block: NDArray[np.int64]
    with_one: NDArray[np.float64]
    with_y: NDArray[np.float64]
    sum_y: float
    square_y: float
    n: int

    def parts(self, theta: NDArray[np.float64]) -> _Parts:
        """Return the likelihood's parts at ratios `theta`: standard deviations over the residual's.

        Source: Bates, Maechler, Bolker & Walker, Journal of Statistical Software 67 (2015), section 3.4. With C = ΛZ'ZΛ + 1,
        u = C⁻¹ΛZ'1 and v = C⁻¹ΛZ'y, the slopes are 2(q - tr C⁻¹) for log |V|, -2 |u|² for 1'V⁻¹1 and -2 |v - βu|² for the
        sum of squares, each over the columns of one effect.
        """
        each = theta[self.block]
        values = self.values * each[self.pattern.rows] * each[self.pattern.columns]
        values[self.pattern.rows == self.pattern.columns] += 1
        right = np.column_stack([each * self.with_one, each * self.with_y])
        found = self.pattern.factored(values, right)
        u, v = found.solved.T
        ones = self.n - float(right[:, 0] @ u)
        beta = (self.sum_y - float(right[:, 0] @ v)) / ones
        rest = self.square_y - float(right[:, 1] @ v) - beta**2 * ones
        count = len(theta)

        def by_effect(each_column: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.bincount(self.block, each_column, count).astype(np.float64)

        log_slope = 2 * by_effect(1 - found.inverse_diagonal - u**2 / ones)
        rest_slope = -2 * by_effect((v - beta * u) ** 2)
        return _Parts(found.log_determinant, math.log(ones), rest, log_slope, rest_slope)

    def profiled(self, log_theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return -2 restricted log likelihood at the best residual variance, and its slope."""
        at, free = self.parts(np.exp(log_theta)), self.n - 1
        value = at.log_v + at.log_x + free * (1 + math.log(2 * math.pi * at.rest / free))
        return value, at.log_slope + free * at.rest_slope / at.rest

    def slope(self, log_variances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the slope of -2 restricted log likelihood by the logarithms of all components, the residual's last."""
        residual = math.exp(log_variances[-1])
        at = self.parts(np.exp((log_variances[:-1] - log_variances[-1]) / 2))
        slopes = (at.log_slope + at.rest_slope / residual) / 2
        return np.append(slopes, self.n - 1 - at.rest / residual - slopes.sum())


def by_likelihood(
    plan: Design,
    codes: Mapping[str, NDArray[np.int64]],
    levels: Mapping[str, int],
    y: NDArray[np.float64],
    sizes: Mapping[str, int | None],
    confidence: float,
    reasons: list[str],
) -> GStudy:
    """Fit the components; the effect with every index is the residual. Assumes as `g_study`."""
    from scipy.optimize import minimize

    if float(np.ptp(y)) == 0:
        raise EstimateRefused("no_variance", "All scores are the same.")
    effects = plan.effects[:-1]
    counts = [levels[effect.name] for effect in effects]
    spread = float(y.std())
    model = _model([codes[effect.name] for effect in effects], counts, (y - y.mean()) / spread)
    fit = minimize(model.profiled, np.full(len(effects), -0.5), jac=True, method="L-BFGS-B",
                   bounds=[(SMALLEST, LARGEST)] * len(effects), options={"ftol": 1e-13, "gtol": 1e-6})  # fmt: skip
    if fit.x.max() > LARGEST - 0.01:
        raise EstimateRefused(
            "no_residual", "The residual variance is zero: scores follow from the other effects exactly."
        )
    ratios = _polished(model, fit.x)
    theta = np.where(ratios > SMALLEST, np.exp(ratios), 0.0)
    residual = model.parts(theta).rest / (model.n - 1)
    estimates = np.append(theta**2 * residual, residual)
    covariance = _covariance(model, estimates) * spread**4
    estimates *= spread**2
    errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(errors > 0, 2 * (estimates / errors) ** 2, np.nan)
    none = np.full(len(estimates), np.nan)
    components = components_of(plan, estimates, errors, freedom, none, none, levels, confidence)
    reasons += [f"zero_component:{each.name}" for each in components if each.estimate == 0]
    return GStudy(
        plan, components, float(y.mean()), confidence,
        "restricted maximum likelihood; Satterthwaite intervals from its curvature", len(y), dict(sizes), tuple(reasons),
        None, covariance,
    )  # fmt: skip


def _model(codes: list[NDArray[np.int64]], counts: list[int], y: NDArray[np.float64]) -> _Model:
    """Place effects with many levels first: eliminating a student's column touches few others, a task's touches all."""
    from scipy.sparse import csr_array

    n, q = len(y), sum(counts)
    start, block, at = np.zeros(len(counts), np.int64), np.empty(q, np.int64), 0
    for effect in sorted(range(len(counts)), key=lambda each: -counts[each]):
        start[effect] = at
        block[at : at + counts[effect]] = effect
        at += counts[effect]
    columns = np.column_stack([code + begin for code, begin in zip(codes, start, strict=True)])
    z = csr_array(
        (np.ones(columns.size), columns.ravel(), np.arange(0, columns.size + 1, len(codes))), shape=(n, q)
    )
    products = (z.T @ z).tocsc()
    products.sort_indices()
    starts = products.indptr.astype(np.int64)
    pattern = Symmetric(starts, products.indices.astype(np.int64), np.repeat(np.arange(q), np.diff(starts)))
    return _Model(pattern, products.data, block, z.T @ np.ones(n), z.T @ y, float(y.sum()), float(y @ y), n)


def _polished(model: _Model, ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Set to zero what the likelihood sets to zero, and take Newton steps on the others."""
    ratios = ratios.copy()
    for at in np.flatnonzero(ratios < -4).tolist():
        without = ratios.copy()
        without[at] = SMALLEST
        if model.profiled(without)[0] <= model.profiled(ratios)[0] + 1e-8:
            ratios = without
    free = np.flatnonzero(ratios > SMALLEST)

    def slope_at(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return model.profiled(_put(ratios, free, x))[1][free]

    for _ in range(5):
        slope, curvature = slope_at(ratios[free]), _curvature(slope_at, ratios[free])
        if len(free) == 0 or np.linalg.eigvalsh(curvature)[0] <= 0:
            break
        step = np.linalg.solve(curvature, slope)
        if np.abs(step).max() > 0.5:
            break
        ratios = _put(ratios, free, ratios[free] - step)
        if np.abs(step).max() < 1e-7:
            break
    return ratios


def _put(whole: NDArray[np.float64], free: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    found = whole.copy()
    found[free] = at
    return found


def _curvature(
    slope: Callable[[NDArray[np.float64]], NDArray[np.float64]], x: NDArray[np.float64], step: float = 1e-4
) -> NDArray[np.float64]:
    """Return the Hessian by central differences of an exact slope."""
    rows = []
    for at in range(len(x)):
        move = np.zeros(len(x))
        move[at] = step
        rows.append((slope(x + move) - slope(x - move)) / (2 * step))
    found = np.array(rows).reshape(len(x), len(x))
    return (found + found.T) / 2


def _covariance(model: _Model, estimates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse of half the curvature of -2 log likelihood; zero rows for components at zero."""
    free = np.flatnonzero(estimates > 0)
    logs = np.where(estimates > 0, np.log(np.maximum(estimates, 1e-300)), 2 * SMALLEST)
    curvature = _curvature(lambda x: model.slope(_put(logs, free, x))[free], logs[free])
    found = np.zeros((len(estimates), len(estimates)))
    inverse = (
        np.linalg.inv(curvature / 2) if np.linalg.matrix_rank(curvature) == len(free) else np.nan * curvature
    )
    found[np.ix_(free, free)] = inverse * np.outer(estimates[free], estimates[free])
    return found
