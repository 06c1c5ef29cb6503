"""Growth percentiles: where a student's level lies among students with the same past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused, normal_quantile
from headway.science.growth.quantiles import quantile_regression

VERSION = 1
KNOTS = 4
MINIMUM = 250
TAUS = (np.arange(1, 101) - 0.5) / 100
_BLOCK = 20_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GrowthPercentiles:
    """One percentile per student, 1 to 99, 0 where unknown; `low` and `high` its interval from the error of the current level
    (0 where none was given); `priors` how many earlier levels it rests on; `cohorts` how many students each number of priors
    was fitted to. `reasons`: `small_cohort` (below 250), `few_students` (a cohort too small to fit), `no_standard_error`.
    """

    percentile: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    priors: NDArray[np.int64]
    cohorts: dict[int, int]
    reasons: tuple[str, ...]


def growth_percentile(
    current: Floats,
    priors: Floats,
    *,
    knots: int = KNOTS,
    standard_error: float | None = None,
    chance: float = 0.95,
) -> GrowthPercentiles:
    """Find each student's percentile among students with the same earlier levels.

    Assumes levels of enough different values on one scale per occasion; the percentile needs no scale between occasions.

    Parameters: `current`, shape (n,); `priors`, shape (n, k), the latest first, each in its own unit; nan = missing: a student
    is placed by as many priors in a row as there are, and left out without the first or without a current level; `knots`,
    inner knots of each prior's cubic spline at even quantiles, 0 to 20; `standard_error` of measurement of the current level,
    in its unit; `chance`, coverage of the interval that follows from it.
    Returns: `GrowthPercentiles`.
    Raises: `EstimateRefused`: `few_students` where no cohort is large enough for its columns.
    Source: Betebenner (2009), EM:IP 28(4):42: 100 conditional quantiles (0.005, 0.015 … 0.995) on B-splines with knots at the
    quantiles 0.2, 0.4, 0.6, 0.8 and boundaries a tenth beyond the range; the percentile is how many of them lie below the
    level, 0 as 1 and 100 as 99. Sorted quantiles (Chernozhukov et al. 2010) give the same count.
    When not to use: as growth in itself: half of all students are always below 50; for one student without its interval.

    >>> rng = np.random.default_rng(1)
    >>> prior = rng.normal(0, 1, 1000)
    >>> found = growth_percentile(prior + rng.normal(0, 0.5, 1000), prior[:, None])
    >>> bool(48 <= np.median(found.percentile) <= 52)
    True
    """
    n, most = priors.shape
    have = np.cumprod(~np.isnan(priors), axis=1).sum(axis=1) * ~np.isnan(current)
    percentile, low, high = (np.zeros(n, np.int64) for _ in range(3))
    cohorts, reasons = {}, set()
    for order in range(1, most + 1):
        placed = np.flatnonzero(have == order)
        if not len(placed):
            continue
        cohort = np.flatnonzero(have >= order)
        basis = spline_columns(priors[cohort, :order], knots)
        if len(cohort) < basis.shape[1] + 2:
            reasons.add("few_students")
            have[placed] = 0
            continue
        cohorts[order] = len(cohort)
        if len(cohort) < MINIMUM:
            reasons.add("small_cohort")
        lines = quantile_regression(basis, current[cohort], TAUS)
        rows = np.searchsorted(cohort, placed)
        half = None if standard_error is None else normal_quantile(chance) * standard_error
        percentile[placed], low[placed], high[placed] = _placed(basis[rows], current[placed], lines, half)
    if not cohorts:
        raise EstimateRefused(
            "few_students", "No cohort has enough students with the same number of earlier levels."
        )
    if standard_error is None:
        reasons.add("no_standard_error")
    return GrowthPercentiles(percentile, low, high, have, cohorts, tuple(sorted(reasons)))


def _placed(
    basis: Floats, level: Floats, lines: Floats, half: float | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the quantiles below each level, and below both ends of its interval; a block of students at a time."""
    found = np.zeros((3, len(level)), np.int64)
    near = 1e-9 * (
        1 + float(np.abs(level).max(initial=0))
    )  # A line runs through some levels: these are not above it.
    for start in range(0, len(level), _BLOCK):
        rows = slice(start, start + _BLOCK)
        curves = basis[rows] @ lines.T
        own = level[rows]
        ends = (own,) if half is None else (own, own - half, own + half)
        for at, end in enumerate(ends):
            found[at, rows] = np.clip((curves < (end - near)[:, None]).sum(axis=1), 1, 99)
    return found[0], found[1], found[2]


def spline_columns(priors: Floats, knots: int) -> Floats:
    """Return cubic B-spline columns of each prior, as many as are independent, a constant in their span.

    Parameters: `priors`, shape (n, k), finite; `knots`, inner knots at even quantiles.

    >>> spline_columns(np.arange(20.0)[:, None], 4).shape
    (20, 8)
    """
    from scipy.interpolate import BSpline

    parts = []
    for at in range(priors.shape[1]):
        start, width = float(priors[:, at].min()), float(np.ptp(priors[:, at])) or 1.0
        x = (priors[:, at] - start) / width
        inner = np.unique(np.quantile(x, np.arange(1, knots + 1) / (knots + 1)))
        grid = np.concatenate([[-0.1] * 4, inner, [1.1] * 4])
        columns = BSpline.design_matrix(x, grid, 3).toarray()
        parts.append(columns[:, 1:] if at else columns)
    return _independent(np.concatenate(parts, axis=1))


def _independent(columns: Floats) -> Floats:
    """Leave out columns that others make up: few different levels carry fewer columns than knots ask for."""
    from scipy.linalg import qr

    gram_root = np.linalg.qr(columns, mode="r")
    diagonal, order = qr(gram_root, mode="r", pivoting=True)
    size = np.abs(np.diag(diagonal))
    keep = np.sort(order[: int((size > 1e-9 * size[0]).sum())])
    return columns[:, keep]
