"""Predictability: how well group membership, entry and both foretell an outcome of students who were not used to fit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import Estimate, EstimateRefused
from headway.science.prediction.areas import Area, area

VERSION = 1
MINIMUM = 30
FOLDS = 10
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Predictability:
    """Three figures that stand side by side: by `group`, by `entry` and by `both`; the latter two None without entry.

    Each is a cross-validated R² (share of variance; 0 or below is nothing) or, for an outcome of 0 and 1, an area under the
    curve (0.5 is nothing). `chances` holds, for each, the share of permutations that foretell as well: the chance of such a
    figure where there is nothing. There is no figure "group, given entry": what came before the entry is not taken out.
    """

    measure: str
    group: Estimate
    entry: Estimate | None
    both: Estimate | None
    chances: dict[str, float]


def predictability(
    outcome: NDArray[np.float64],
    groups: NDArray[np.int64],
    entry: NDArray[np.float64] | None = None,
    *,
    chance: float = 0.95,
    folds: int = FOLDS,
    replicates: int = 200,
    rng: np.random.Generator | None = None,
) -> Predictability:
    """Estimate how predictable an outcome is from group membership, from entry, and from both.

    Assumes independent students, and a straight line of the outcome on entry, of one slope in all groups.

    Parameters: `outcome`, shape (n,), in any unit, or 0 and 1; `groups`, identifiers from 0, -1 = missing; `entry`, shape
    (n,); nan = missing: such students are left out of all three figures and counted; `chance`, coverage; `folds`, 2 to 50;
    `replicates`, permutations of the outcome (0: none); `rng`, the only source of chance (None: seed 0).
    Returns: `Predictability`. Intervals of R² are those of the population's, by the noncentral F with the spread of the
    students' own influences; of the area, the same of the distance between both outcomes. `few_students` warns below 30.
    Raises: `EstimateRefused`: `few_students` (below 2 a fold), `one_group`, `no_spread`.
    Source: house definition 12; cross-validation: Stone (1974); null: Ojala and Garriga (2010), JMLR 11:1833; scores are least
    squares, for 0 and 1 Fisher's discriminant. Cost: n log n for each permutation.
    When not to use: to name one group's disadvantage, or to claim a cause.

    >>> rng = np.random.default_rng(1)
    >>> groups = rng.integers(0, 3, 900)
    >>> found = predictability(groups + rng.normal(0, 1, 900), groups)
    >>> found.measure, 0.3 < found.group.value < 0.5, found.chances["group"] < 0.01
    ('r_squared', True, True)
    """
    known = ~np.isnan(outcome) & (groups >= 0)
    if entry is not None:
        known &= ~np.isnan(entry)
    left_out = int(len(outcome) - known.sum())
    rng = np.random.default_rng(0) if rng is None else rng
    data = _prepared(outcome[known], groups[known], None if entry is None else entry[known], folds, rng)
    figures = data.figures(data.y)
    exceeded, n = np.zeros(len(figures)), len(data.y)
    for _ in range(replicates):
        exceeded += data.figures(rng.permutation(data.y)) >= figures
    warned = ("few_students",) if n < MINIMUM else ()
    names = ("group", "entry", "both")[: len(figures)]
    chances = (
        {name: float(1 + x) / (1 + replicates) for name, x in zip(names, exceeded, strict=True)}
        if replicates
        else {}
    )
    found: list[Estimate | None] = []
    for at, value in enumerate(figures.tolist()):
        interval, method = data.interval(at, chance)
        reasons = warned if interval else (*warned, "no_interval")
        found.append(Estimate(value, interval, method, n, left_out, reasons))
    found += [None] * (3 - len(found))
    measure = "auc" if data.binary else "r_squared"
    assert found[0] is not None
    return Predictability(measure, found[0], found[1], found[2], chances)


def _prepared(
    y: NDArray[np.float64], groups: NDArray[np.int64], entry: NDArray[np.float64] | None, folds: int,
    rng: np.random.Generator,
) -> _Data:  # fmt: skip
    if len(y) < 2 * folds:
        raise EstimateRefused("few_students", f"{folds} folds need {2 * folds} students; there are {len(y)}.")
    if y.min() == y.max():
        raise EstimateRefused(
            "no_spread", "Every student has the same outcome: there is nothing to foretell."
        )
    index = np.unique(groups, return_inverse=True)[1]
    if index.max() == 0:
        raise EstimateRefused("one_group", "There is one group: it foretells nothing.")
    if entry is not None and entry.min() == entry.max():
        raise EstimateRefused("no_spread", "Every student has the same entry: it foretells nothing.")
    fold = np.empty(len(y), np.int64)
    fold[rng.permutation(len(y))] = np.arange(len(y)) % folds
    return _Data(y, index, entry, fold, folds)


class _Data:
    """Sums by fold and group, from which every fit without one fold follows."""

    def __init__(
        self, y: NDArray[np.float64], group: NDArray[np.int64], entry: NDArray[np.float64] | None,
        fold: NDArray[np.int64], folds: int,
    ) -> None:  # fmt: skip
        self.binary = bool(np.isin(y, (0.0, 1.0)).all())
        self.y = y if self.binary else y - y.mean()
        self.x = np.zeros(len(y)) if entry is None else (entry - entry.mean()) / entry.std()
        self.models = 1 if entry is None else 3
        self.group, self.fold, self.folds, self.count = group, fold, folds, int(group.max()) + 1
        self.cell = fold * self.count + group
        self.n, self.sx, self.sxx = (self._sums(one) for one in (None, self.x, self.x * self.x))
        self.rows = [np.flatnonzero(fold == at) for at in range(folds)]

    def _sums(self, values: NDArray[np.float64] | None) -> NDArray[np.float64]:
        found = np.bincount(self.cell, values, self.folds * self.count)
        return found.reshape(self.folds, self.count).astype(np.float64)

    def scores(self, y: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return each model's score of every student, fitted without the student's fold; first that of the mean alone."""
        sy, sxy = self._sums(y), self._sums(self.x * y)
        n, sy, sx, sxx, sxy = (one.sum(axis=0) - one for one in (self.n, sy, self.sx, self.sxx, sxy))
        mean = sy.sum(axis=1) / n.sum(axis=1)
        at_group = np.divide(sy, n, out=np.repeat(mean[:, None], self.count, axis=1), where=n > 0)
        found = [mean[self.fold], at_group.reshape(-1)[self.cell]]
        if self.models == 3:
            all_n, all_y, all_x = (one.sum(axis=1) for one in (n, sy, sx))
            up, across = sxy.sum(axis=1) - all_x * all_y / all_n, sxx.sum(axis=1) - all_x**2 / all_n
            slope = np.divide(up, across, out=np.zeros(self.folds), where=across > 1e-12)
            found.append((mean - slope * all_x / all_n)[self.fold] + slope[self.fold] * self.x)
            x_group = np.divide(
                sx, n, out=np.repeat((all_x / all_n)[:, None], self.count, axis=1), where=n > 0
            )
            left = sxx.sum(axis=1) - (x_group * sx).sum(axis=1)
            inner = np.divide(
                (sxy - x_group * sy).sum(axis=1), left, out=np.zeros(self.folds), where=left > 1e-12
            )
            height = at_group - inner[:, None] * x_group
            found.append(height.reshape(-1)[self.cell] + inner[self.fold] * self.x)
        return found

    def figures(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each model's cross-validated R², or its area under the curve as the mean over folds."""
        base, *scores = self.scores(y)
        if not self.binary:
            whole = float(((y - base) ** 2).sum())
            return np.array([1 - float(((y - one) ** 2).sum()) / whole for one in scores])
        areas = [[one.value for one in self._areas(score, y)] for score in scores]
        return np.array([float(np.mean(each)) if each else 0.5 for each in areas])

    def _areas(self, score: NDArray[np.float64], y: NDArray[np.float64]) -> Iterator[Area]:
        for rows in self.rows:
            one = y[rows] > 0
            if one.any() and not one.all():
                yield area(score[rows][one], score[rows][~one])

    def interval(self, at: int, chance: float) -> tuple[tuple[float, float] | None, str]:
        """Return the interval of one model's figure, and how it was found."""
        kind = "AUC" if self.binary else "R²"
        method = f"cross-validated {kind} ({self.folds} folds), robust noncentral F interval"
        found = self._noncentralities(at, chance)
        if found is None:
            return None, method
        low, seen, high, worth = found
        if not self.binary:
            return (low / (low + worth), high / (high + worth)), method
        # The distance between both outcomes is the root of the noncentrality, and AUC = Φ(distance / √2).
        fitted, one = self._fitted(at), self.y > 0
        inside = area(fitted[one], fitted[~one]).value
        if not 0 < inside < 1:
            return None, method
        far = _NORMAL.inv_cdf(inside) / math.sqrt(seen)
        return (_NORMAL.cdf(far * math.sqrt(low)), _NORMAL.cdf(far * math.sqrt(high))), method

    def _noncentralities(self, at: int, chance: float) -> tuple[float, float, float, float] | None:
        """Return the interval of the noncentrality, the one seen, and how many students their influences are worth."""
        parameters = (self.count - 1, 1, self.count)[at]
        n = len(self.y)
        d = self.y - self.y.mean()
        e = self.y - self._fitted(at)
        whole = float((d * d).sum())
        r = 1 - float((e * e).sum()) / whole
        if n <= parameters + 3 or not 1e-12 < r < 1 - 1e-12:
            return None
        influence = (e * e - (1 - r) * d * d) / (whole / n)
        robust = float((influence * influence).mean())
        worth = n * (4 * r * (1 - r) ** 2 * (1 - r / 2)) / robust if robust > 0 else float(n)
        worth = min(max(worth, parameters + 4.0), 4.0 * n)
        f = r / parameters / ((1 - r) / (n - parameters - 1)) * worth / n
        low, high = _noncentral_f(f, parameters, worth - parameters - 1, chance)
        return low, worth * r / (1 - r), high, worth

    def _fitted(self, at: int) -> NDArray[np.float64]:
        """Return the fit of one model to all students."""
        n, sy, sx = (np.bincount(self.group, one, self.count) for one in (None, self.y, self.x))
        if at == 0:
            fitted: NDArray[np.float64] = (sy / n)[self.group]
            return fitted
        x = self.x if at == 1 else self.x - (sx / n)[self.group]
        slope = float((x * self.y).sum()) / max(float((x * x).sum()), 1e-300)
        return slope * x + (self.y.mean() if at == 1 else (sy / n)[self.group])


def _noncentral_f(f: float, first: int, second: float, chance: float) -> tuple[float, float]:
    """Return the noncentralities under which an F as large, or as small, is as rare as the tail; 0 where none is."""
    from scipy.optimize import brentq
    from scipy.special import fdtr, ncfdtr

    tail = (1 - chance) / 2

    def end(wanted: float) -> float:
        if fdtr(first, second, f) <= wanted:
            return 0.0
        high = 10.0 + 2 * first * f
        while ncfdtr(first, second, high, f) > wanted:
            high *= 2
        return float(brentq(lambda nc: ncfdtr(first, second, nc, f) - wanted, 0.0, high, xtol=1e-9))

    return end(1 - tail), end(tail)
