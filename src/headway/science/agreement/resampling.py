"""Intervals of what is computed from sums over units: Student's t on linearized values, and the bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Totals = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From sums (replicates × terms) to the value of each replicate, nan where it is undefined."""
BLOCK = 4_000_000
"""Numbers held at once while replicates are drawn."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is sampled: rows of terms with how many units show each, and the units' own rows and clusters.

    `terms` rows × terms; `frequency` units per row; `of_unit` row of each unit; `clusters` cluster of each unit or None.
    """

    terms: NDArray[np.float64]
    frequency: NDArray[np.int64]
    of_unit: NDArray[np.int64]
    clusters: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Units, or clusters where there are any: what is drawn with replacement."""
        if self.clusters is None:
            return len(self.of_unit)
        return int(self.clusters.max()) + 1


def standard_error(sample: Sample, linearized: NDArray[np.float64]) -> float:
    """Return the standard error of a mean of linearized values, one per row; nan for fewer than two units.

    Between clusters their sums of deviations vary; without clusters each unit is one.

    Source: Gwet (2014), chapter 5; clusters: Binder, International Statistical Review 51 (1983), with G / (G - 1).
    """
    units = len(sample.of_unit)
    if sample.n < 2:
        return math.nan
    mean = float(sample.frequency @ linearized) / units
    if sample.clusters is None:
        return math.sqrt(float(sample.frequency @ (linearized - mean) ** 2) / (units * (units - 1)))
    away = np.bincount(sample.clusters, (linearized - mean)[sample.of_unit], sample.n)
    return math.sqrt(float(away @ away) * sample.n / (sample.n - 1)) / units


def t_interval(
    value: float, error: float, n: float, confidence: float, least: float, most: float = 1.0
) -> tuple[float, float] | None:
    """Return value ± t(n - 1) standard errors, cut at the least and most that the value can be; `n` need not be whole.

    >>> low, high = t_interval(0.77544, 0.14295, 12, 0.95, -1.0)
    >>> round(low, 3), high
    (0.461, 1.0)
    """
    if n < 2 or not math.isfinite(error) or not math.isfinite(value):
        return None
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return max(least, value - half), min(most, value + half)


def bootstrap(
    sample: Sample, value: Totals, replicates: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw units (or whole clusters) with replacement and return the value of each replicate, nan where undefined.

    Assumes a value that depends on the data by sums over units only. Units with the same row are drawn together, as
    multinomial counts, so that the cost grows with distinct rows and not with units.

    Parameters: `replicates`, 1 or more; `rng`, the only source of chance.
    Source: Efron & Tibshirani (1993), chapter 6; clusters drawn whole: Davison & Hinkley (1997), section 3.8.

    >>> rows = Sample(np.array([[0.0], [1.0]]), np.array([50, 50]), np.repeat([0, 1], 50))
    >>> found = bootstrap(rows, lambda totals: totals[:, 0] / 100, 200, np.random.default_rng(1))
    >>> bool(abs(found.std() - 0.05) < 0.01)
    True
    """
    terms = sample.terms
    if sample.clusters is not None:
        terms = np.stack(
            [np.bincount(sample.clusters, column[sample.of_unit], sample.n) for column in terms.T], axis=1
        )
    return np.concatenate([value(drawn @ terms) for drawn in draws(sample, replicates, rng)])


def draws(
    sample: Sample, replicates: int, rng: np.random.Generator, rows: int | None = None
) -> Iterator[NDArray[np.float64]]:
    """Yield how often each row (each cluster where there are any) is drawn: replicates × rows, in blocks."""
    n = sample.n
    width = n if sample.clusters is not None else len(sample.frequency)
    few = sample.clusters is None and width * 8 <= n
    share = sample.frequency / n if few else None
    step = max(1, min(rows or replicates, BLOCK // max(width, 1)))
    for start in range(0, replicates, step):
        count = min(step, replicates - start)
        if share is not None:
            yield rng.multinomial(n, share, size=count).astype(np.float64)
            continue
        drawn = np.empty((count, width))
        for row in drawn:
            which = rng.integers(0, n, n)
            row[:] = np.bincount(
                which if sample.clusters is not None else sample.of_unit[which], minlength=width
            )
        yield drawn


def percentiles(
    found: NDArray[np.float64], confidence: float
) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """Return the central interval of the replicates, and `replicates_undefined` where some have no value.

    None where fewer than half of them have one.
    """
    known = found[np.isfinite(found)]
    reasons = ("replicates_undefined",) if len(known) < len(found) else ()
    if len(known) * 2 < len(found) or len(known) == 0:
        return None, reasons
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return (float(low), float(high)), reasons
