"""Inequality of what students get or reach: Gini and Theil, the latter split within and between groups."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import Estimate, EstimateRefused, normal_quantile

VERSION = 1
MINIMUM = 10
BUDGET = 20_000_000
"""Values drawn in a bootstrap beyond which the interval is the normal one, which is the same at such sizes."""


@dataclass(frozen=True, slots=True)
class Inequality:
    """Gini (0 equal, towards 1 one has all), Theil's T, and its parts within and between groups, which add up to it.

    `groups`: per group its share of students, of the total, mean and own Theil, by the index of the group.
    """

    gini: Estimate
    theil: Estimate
    within: Estimate | None
    between: Estimate | None
    groups: list[dict[str, float]]


def inequality(
    values: NDArray[np.float64],
    groups: NDArray[np.int64] | None = None,
    *,
    chance: float = 0.95,
    replicates: int = 1000,
    rng: np.random.Generator | None = None,
) -> Inequality:
    """Estimate how unequally an amount is spread over students, and how much of that lies between groups.

    Assumes independent students and amounts with a true zero (minutes, chances offered, pieces, levels above none).

    Parameters: `values`, shape (n,), 0 or more, nan = missing (left out and counted); `groups`, identifiers from 0, -1 =
    missing; `chance`, coverage; `replicates`, 50 or more; `rng`, the only source of chance (None: seed 0).
    Returns: `Inequality`; intervals by the studentized bootstrap, or the normal one of the same standard error where
    `replicates` × n is beyond `BUDGET`. `few_students` warns below 10.
    Raises: `EstimateRefused`: `no_rows`, `negative` (an amount below zero), `nothing_to_share` (a total of zero).
    Source: Cowell (2011), Measuring Inequality, chapter 3 and appendix; influence functions: Davidson (2009), J. Econometrics
    150:30. Gini is the plain one, Σ(2i - n - 1)x / (n Σx), without n/(n - 1).
    When not to use: for scales without a zero; adding 1 to every level changes both figures.

    >>> found = inequality(np.array([1.0, 1, 1, 5]), np.array([0, 0, 1, 1]))
    >>> found.gini.value, round(found.theil.value, 4), round(found.within.value + found.between.value, 4)
    (0.375, 0.3128, 0.3128)
    """
    known = ~np.isnan(values) if groups is None else ~np.isnan(values) & (groups >= 0)
    x, left_out = values[known], int(len(values) - known.sum())
    if not len(x):
        raise EstimateRefused("no_rows", "There is no value.")
    if x.min() < 0:
        raise EstimateRefused("negative", "Inequality is of amounts from 0; there is one below.")
    if x.sum() <= 0:
        raise EstimateRefused("nothing_to_share", "The amounts are all zero.")
    index = np.zeros(len(x), np.int64) if groups is None else np.unique(groups[known], return_inverse=True)[1]
    order = np.argsort(x, kind="stable")
    sample = _Sample(x[order], index[order], int(index.max()) + 1)
    estimates = _intervals(
        sample, chance, replicates, np.random.default_rng(0) if rng is None else rng, left_out
    )
    names = ("gini", "theil", "within", "between") if groups is not None else ("gini", "theil")
    found = dict(zip(names, estimates, strict=False))
    return Inequality(
        found["gini"], found["theil"], found.get("within"), found.get("between"), sample.by_group()
    )


class _Sample:
    """Sorted amounts with their groups; figures and their influence under any weights of the students."""

    def __init__(self, x: NDArray[np.float64], group: NDArray[np.int64], count: int) -> None:
        self.x, self.group, self.count = x, group, count
        self.log = np.zeros(len(x))
        np.log(x, out=self.log, where=x > 0)

    def figures(self, weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Gini, Theil, within, between, and the standard error of each; weights count students."""
        x, n = self.x, float(weight.sum())
        wx = weight * x
        below, mean = np.cumsum(weight), float(wx.sum()) / n
        gini = 2 * float((wx * (below - weight / 2)).sum()) / (n * n * mean) - 1
        # x F(x) - E(X; X <= x) is the same whether those equal to x are counted in both or in neither.
        parts = [(2 * (x * below - np.cumsum(wx)) / n - (1 + gini) * x) / mean]
        share, level = x / mean, math.log(mean)
        theil = float((wx * self.log).sum()) / (n * mean) - level
        parts.append(share * (self.log - level - theil - 1))
        in_group, total = (np.bincount(self.group, one, self.count) for one in (weight, wx))
        group_mean = np.divide(total, in_group, out=np.zeros(self.count), where=in_group > 0)
        group_log = np.log(np.where(group_mean > 0, group_mean, 1.0))
        between = float((total * group_log).sum()) / (n * mean) - level
        moved = share * (group_log[self.group] - level - between) - group_mean[self.group] / mean
        parts += [parts[1] - moved, moved]
        errors = [_error(weight, part, n) for part in parts]
        return np.array([gini, theil, theil - between, between]), np.array(errors)

    def by_group(self) -> list[dict[str, float]]:
        """Return per group its shares, mean and own Theil."""
        n, total = len(self.x), float(self.x.sum())
        rows = []
        for at in range(self.count):
            own = self.x[self.group == at]
            mean = float(own.mean())
            logs = self.log[self.group == at]
            theil = float((own * (logs - math.log(mean))).sum() / own.sum()) if mean > 0 else 0.0
            rows.append({"n": len(own), "share": len(own) / n, "amount_share": float(own.sum()) / total,
                         "mean": mean, "theil": theil})  # fmt: skip
        return rows


def _error(weight: NDArray[np.float64], part: NDArray[np.float64], n: float) -> float:
    """Return the standard error of a figure from each student's influence on it, up to a constant."""
    middle = float((weight * part).sum()) / n
    return math.sqrt(max(0.0, float((weight * part * part).sum()) / n - middle * middle) / n)


def _intervals(
    sample: _Sample, chance: float, replicates: int, rng: np.random.Generator, left_out: int
) -> list[Estimate]:
    n = len(sample.x)
    values, errors = sample.figures(np.ones(n))
    warned = ("few_students",) if n < MINIMUM else ()
    drawn = n * replicates <= BUDGET
    method = "studentized bootstrap of students" if drawn else "normal interval by the influence function"
    tail = (1 - chance) / 2
    pivots = np.zeros((replicates if drawn else 0, 4))
    for row in range(len(pivots)):
        weight = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
        if not weight @ sample.x:
            continue
        # Amounts that a draw left out can be endless beside its mean; they weigh nothing, and such a draw is left out.
        with np.errstate(over="ignore", invalid="ignore"):
            again, its = sample.figures(weight)
        if np.isfinite(its).all():
            np.divide(again - values, its, out=pivots[row], where=its > 1e-12)
    found = []
    for at in range(4):
        value, error = float(values[at]), float(errors[at])
        if n < 3 or error < 1e-12:
            reason = ("few_students",) if n < 3 else (*warned, "no_spread")
            found.append(Estimate(value, None, method, n, left_out, reason))
            continue
        z = normal_quantile(chance)
        low, high = np.quantile(pivots[:, at], [tail, 1 - tail]) if drawn else (-z, z)
        interval = (max(0.0, value - float(high) * error), value - float(low) * error)
        found.append(Estimate(value, interval, method, n, left_out, warned))
    return found
