"""Growth of many students: a line for each, held together by a linear mixed model, at a cost linear in students."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.equity.clusters import LEAST_CLUSTERS, interval_of_means
from headway.science.estimates import Estimate, EstimateRefused, normal_quantile, t_quantile

VERSION = 1
MINIMUM = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MixedGrowth:
    """The common line, how students differ around it, and each student's own line.

    `intercept` at time 0 and `slope` per unit of time, in levels; `covariance` of students' intercepts and slopes, 2 × 2;
    `school_covariance` the same between schools, None without; `residual` variance of one level around its line;
    `log_likelihood` restricted (REML); `singular`: whether a variance is estimated as none. `students` are the identifiers in
    the order of `intercepts`, `slopes`, `slope_low` and `slope_high`, the students' lines and the interval of their slopes.
    """

    intercept: Estimate
    slope: Estimate
    errors: tuple[float, float]
    covariance: Floats
    school_covariance: Floats | None
    residual: float
    log_likelihood: float
    singular: bool
    students: NDArray[np.int64]
    intercepts: Floats
    slopes: Floats
    slope_low: Floats
    slope_high: Floats
    occasions: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a unit's rows say about a line: S = Σ zz', b = Σ zy, with z = (1, time); `n00` … are S's three numbers.

    Once a spread D between units is added, S becomes (I + S D)⁻¹ S and b becomes (I + S D)⁻¹ b: so schools are treated by the
    same step as students, on the sums of theirs.
    """

    s00: Floats
    s01: Floats
    s11: Floats
    b0: Floats
    b1: Floats

    def spread(self, d: Floats) -> tuple[_Sums, Floats, Floats]:
        """Return the sums with a spread D added, log det (I + S D), and what the squares lose: b' D (I + S D)⁻¹ b."""
        d00, d01, d11 = d[0, 0], d[0, 1], d[1, 1]
        m00 = 1 + self.s00 * d00 + self.s01 * d01
        m01 = self.s00 * d01 + self.s01 * d11
        m10 = self.s01 * d00 + self.s11 * d01
        m11 = 1 + self.s01 * d01 + self.s11 * d11
        own, spread = self.s00 * self.s11 - self.s01**2, d00 * d11 - d01**2
        # As a sum of what is not negative this holds where the product of large parts would not.
        det = 1 + self.s00 * d00 + 2 * self.s01 * d01 + self.s11 * d11 + np.maximum(own, 0) * max(spread, 0)
        b0, b1 = (m11 * self.b0 - m01 * self.b1) / det, (m00 * self.b1 - m10 * self.b0) / det
        lost = self.b0 * (d00 * b0 + d01 * b1) + self.b1 * (d01 * b0 + d11 * b1)
        s00 = (m11 * self.s00 - m01 * self.s01) / det
        s01 = (m11 * self.s01 - m01 * self.s11) / det
        s11 = (m00 * self.s11 - m10 * self.s01) / det
        return _Sums(s00, s01, s11, b0, b1), np.log(det), lost

    def by(self, unit: NDArray[np.int64], count: int) -> _Sums:
        """Return the sums of larger units."""
        every = (self.s00, self.s01, self.s11, self.b0, self.b1)
        return _Sums(*(_summed(unit, one, count) for one in every))

    def total(self) -> tuple[Floats, Floats]:
        """Return S and b of all units together."""
        s01 = self.s01.sum()
        return np.array([[self.s00.sum(), s01], [s01, self.s11.sum()]]), np.array(
            [self.b0.sum(), self.b1.sum()]
        )


def mixed_growth(
    student: NDArray[np.int64],
    time: Floats,
    level: Floats,
    *,
    school: NDArray[np.int64] | None = None,
    chance: float = 0.95,
) -> MixedGrowth:
    """Fit a line of level on time with an intercept and a slope of each student's own, by restricted maximum likelihood.

    Assumes levels about normal around each student's line, independent given it, missing at random; students' lines normal
    around the common one, or around their school's where ten schools or more are given.

    Parameters: `student`, `school`, identifiers from 0, -1 = missing, one school a student; `time`, `level`, shape (n,), in any
    units, nan = missing: such rows are left out and counted; `chance`, coverage.
    Returns: `MixedGrowth`. Intervals of the common line: t with one degree less than students (schools); of students' slopes:
    normal, with the errors of the common line and of the spreads in it. Below 10 schools these are no level of
    their own: the slope is then the plain mean of schools' slopes with t(G - 1), and `few_schools` says so.
    Raises: `EstimateRefused`: `few_students` (below 3), `one_time`, `few_occasions` (nobody seen more often than the line needs),
    `no_spread`, `no_residual`, `two_schools`.
    Source: Laird and Ware (1982), Biometrics 38:963; profiled REML criterion: Bates et al. (2015), JSS 67(1), equation 42, here
    from the sums of each student's rows.
    When not to use: for growth that bends, or between tests without a common scale.

    >>> rng = np.random.default_rng(1)
    >>> student, time = np.repeat(np.arange(200), 4), np.tile(np.arange(4.0), 200)
    >>> level = 2 + 0.5 * time + rng.normal(0, 0.5, 200)[student] + rng.normal(0, 0.3, 800)
    >>> found = mixed_growth(student, time, level)
    >>> abs(found.slope.value - 0.5) < 0.05, len(found.slopes)
    (True, 200)
    """
    known = ~np.isnan(time) & ~np.isnan(level) & (student >= 0)
    if school is not None:
        known &= school >= 0
    left_out = int(len(level) - known.sum())
    fit = _Fit(student[known], time[known], level[known], None if school is None else school[known])
    return fit.answer(chance, left_out)


_FAR = 1e5
"""Spread of lines, in residual spreads, beyond which nothing is left to be residual."""
_NEVER = 1e30
"""The criterion where nothing is left to be residual: such a fit is none."""


class _Fit:
    """The fit on a scale where time has mean 0 and spread 1 and the common least-squares line is taken off."""

    def __init__(
        self, student: NDArray[np.int64], time: Floats, level: Floats, school: NDArray[np.int64] | None
    ) -> None:
        self.students, first, unit, self.occasions = np.unique(
            student, return_index=True, return_inverse=True, return_counts=True
        )
        self.n, self.count = len(level), len(self.students)
        if self.count < 3:
            raise EstimateRefused(
                "few_students", f"A line for each student needs 3 students; there are {self.count}."
            )
        if time.min() == time.max():
            raise EstimateRefused("one_time", "Growth needs levels at two times at least.")
        seen = np.stack([np.full(self.count, end) for end in (np.inf, -np.inf)])
        np.minimum.at(seen[0], unit, time)
        np.maximum.at(seen[1], unit, time)
        if (seen[0] == seen[1]).all() or self.n <= self.count + 2:
            raise EstimateRefused(
                "few_occasions", "Growth needs students seen at two times, and rows beyond one each."
            )
        self.middle, self.scale = float(time.mean()), float(time.std())
        t = (time - self.middle) / self.scale
        self.line = np.array([level.mean(), float((t * level).mean())])
        y = level - self.line[0] - self.line[1] * t
        self.squares = float((y * y).sum())
        if self.squares <= 1e-20 * float((level * level).sum() + 1):
            raise EstimateRefused("no_spread", "Every level lies on one line: there is nothing to estimate.")
        self.unit = math.sqrt(self.squares / self.n)
        y, self.squares = y / self.unit, float(self.n)
        sums = [_summed(unit, one, self.count) for one in (t, t * t, y, t * y)]
        self.rows = _Sums(self.occasions.astype(np.float64), *sums)
        self.school = self._schools(school, first, unit)
        self.schools = 0 if self.school is None else int(self.school.max()) + 1
        self.levels = 2 if self.schools >= LEAST_CLUSTERS else 1
        self.theta = self._best()

    def _schools(
        self, school: NDArray[np.int64] | None, first: NDArray[np.int64], unit: NDArray[np.int64]
    ) -> NDArray[np.int64] | None:
        if school is None:
            return None
        if (school[first][unit] != school).any():
            raise EstimateRefused("two_schools", "A student has rows in two schools; a line has one.")
        found: NDArray[np.int64] = np.unique(school[first], return_inverse=True)[1]
        return found

    def _spreads(self, theta: Floats) -> list[Floats]:
        """Return relative covariances of each level from their Cholesky factors."""
        found = []
        for a, b, c in theta.reshape(-1, 3):
            factor = np.array([[a, 0.0], [b, c]])
            found.append(factor @ factor.T)
        return found

    def _reduced(self, theta: Floats) -> tuple[list[_Sums], float, float]:
        """Return the sums with each level's spread added, the sum of log determinants, and the squares that are left."""
        spreads = self._spreads(theta)
        added, logs, lost = self.rows.spread(spreads[0])
        chain, log, squares = [added], float(logs.sum()), self.squares - float(lost.sum())
        if self.levels == 2 and self.school is not None:
            added, logs, lost = added.by(self.school, self.schools).spread(spreads[1])
            chain.append(added)
            log, squares = log + float(logs.sum()), squares - float(lost.sum())
        return chain, log, squares

    def criterion(self, theta: Floats) -> float:
        """Return minus twice the profiled restricted log-likelihood, on this scale."""
        chain, log, squares = self._reduced(theta)
        s, b = chain[-1].total()
        left = squares - float(b @ np.linalg.solve(s, b))
        freedom = self.n - 2
        if left <= 1e-14 * self.n:
            return _NEVER
        return freedom * (1 + math.log(2 * math.pi * left / freedom)) + log + float(np.linalg.slogdet(s)[1])

    def _best(self) -> Floats:
        """Find the relative Cholesky factors that make the criterion least, from several starts' best."""
        from scipy.optimize import minimize

        starts = [np.tile([1.0, 0.0, 0.5], self.levels), np.tile([0.3, 0.0, 0.1], self.levels)]
        start = min(starts, key=self.criterion)
        bounds = [(0.0, _FAR), (-_FAR, _FAR), (0.0, _FAR)] * self.levels
        found = start
        for _ in range(4):
            before = self.criterion(found)
            found = minimize(self._with_slope, found, jac=True, method="L-BFGS-B", bounds=bounds,
                             options={"maxiter": 200, "ftol": 1e-15, "gtol": 1e-7}).x  # fmt: skip
            if before - self.criterion(found) < 1e-9:
                break
        return found

    def _with_slope(self, theta: Floats) -> tuple[float, Floats]:
        """Return the criterion and its slope by central differences."""
        slope = np.empty(len(theta))
        for at in range(len(theta)):
            step = 1e-5 * max(1.0, abs(theta[at]))
            up, down = theta.copy(), theta.copy()
            up[at], down[at] = theta[at] + step, theta[at] - step
            slope[at] = (self.criterion(up) - self.criterion(down)) / (2 * step)
        return self.criterion(theta), slope

    def answer(self, chance: float, left_out: int) -> MixedGrowth:
        """Return the fit in the units of the data."""
        chain, _, squares = self._reduced(self.theta)
        s, b = chain[-1].total()
        common: Floats = np.linalg.solve(s, b).astype(np.float64)
        if np.abs(self.theta).max() >= _FAR or squares - float(b @ common) <= 1e-12 * self.n:
            raise EstimateRefused(
                "no_residual", "Every student's levels lie on a line: nothing is left to tell errors by."
            )
        residual = self.unit**2 * (squares - float(b @ common)) / (self.n - 2)
        back = np.array([[1.0, -self.middle / self.scale], [0.0, 1 / self.scale]])
        spreads = [residual * back @ one @ back.T for one in self._spreads(self.theta)]
        errors = np.sqrt(np.diag(back @ (residual * np.linalg.inv(s)) @ back.T))
        fixed = back @ (self.line + self.unit * common)
        lines, low, high = self._students(residual, back, chance)
        likelihood = -0.5 * (self.criterion(self.theta) + 2 * math.log(self.scale))
        likelihood -= (self.n - 2) * math.log(self.unit)
        singular = any(
            np.linalg.det(one) <= 1e-8 * one[0, 0] * one[1, 1] or min(one[0, 0], one[1, 1]) <= 0
            for one in spreads
        )
        intercept, slope = self._fixed(fixed, errors, chance, left_out, singular, back, chain[0])
        return MixedGrowth(
            intercept, slope, (float(errors[0]), float(errors[1])), spreads[0], spreads[1] if self.levels == 2 else None,
            residual, likelihood, singular, self.students, lines[:, 0], lines[:, 1], low, high, self.occasions,
        )  # fmt: skip

    def _fixed(
        self,
        fixed: Floats,
        errors: Floats,
        chance: float,
        left_out: int,
        singular: bool,
        back: Floats,
        students: _Sums,
    ) -> tuple[Estimate, Estimate]:
        reasons: tuple[str, ...] = ("singular",) if singular else ()
        reasons += ("few_students",) if self.count < MINIMUM else ()
        units = self.schools if self.levels == 2 else self.count
        method, half = f"REML, t with {units - 1} degrees", t_quantile(chance, units - 1) * errors
        found = [
            Estimate(float(value), (float(value - by), float(value + by)), method, self.n, left_out, reasons)
            for value, by in zip(fixed, half, strict=True)
        ]
        if self.school is None or self.levels == 2:
            return found[0], found[1]
        sums = students.by(self.school, self.schools)
        tells = sums.s00 * sums.s11 - sums.s01**2 > 1e-9 * sums.s00 * np.maximum(sums.s11, 1e-300)
        reasons += () if tells.all() else ("schools_without_two_times_left_out",)
        s = np.array([[sums.s00, sums.s01], [sums.s01, sums.s11]]).transpose(2, 0, 1)[tells]
        own = np.linalg.solve(s, np.stack([sums.b0, sums.b1], axis=1)[tells][:, :, None])
        lines = (self.line + self.unit * own[:, :, 0]) @ back.T
        method = "plain mean of schools' lines, t(G - 1)"
        pair = [interval_of_means(lines[:, at], chance) for at in range(2)]
        few = [Estimate(*one, method, self.n, left_out, (*reasons, "few_schools")) for one in pair]
        return few[0], few[1]

    def _students(self, residual: float, back: Floats, chance: float) -> tuple[Floats, Floats, Floats]:
        """Return each student's line, and the interval of its slope, which knows that the spreads are estimates."""
        center, error = self._centers(self.theta)
        variance = residual * np.maximum(error[:, 1, 1], 0.0) + self.unit**2 * self._of_spreads()
        lines = (self.line + self.unit * center) @ back.T
        half = normal_quantile(chance) * np.sqrt(variance) / self.scale
        return lines, lines[:, 1] - half, lines[:, 1] + half

    def _centers(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return students' lines on this scale and their error in residuals, going down from all to schools to students."""
        chain = self._reduced(theta)[0]
        spreads = self._spreads(theta)
        s, b = chain[-1].total()
        center: Floats = np.linalg.solve(s, b)[None].astype(np.float64)
        error: Floats = np.linalg.inv(s)[None].astype(np.float64)
        into = [np.zeros(self.count if self.levels == 1 else self.schools, np.int64)]
        if self.levels == 2 and self.school is not None:
            into.append(self.school)
        for sums, spread, above in zip(reversed(chain), reversed(spreads), into, strict=True):
            center, error = _down(sums, spread, center[above], error[above])
        return center, error

    def _of_spreads(self) -> Floats:
        """Return what each slope's variance gains because the spreads are estimates: its slope on them, by their covariance.

        Source: Kass and Steffey (1989), JASA 84:717, first order.
        """
        k = len(self.theta)
        steps = 0.01 * np.maximum(np.abs(self.theta), 0.1) * np.eye(k)
        around = np.array([[self.criterion(self.theta + sign * step) for step in steps] for sign in (1, -1)])
        curve = np.diag((around.sum(axis=0) - 2 * self.criterion(self.theta)) / np.diag(steps) ** 2)
        for i in range(k):
            for j in range(i):
                corners = [
                    self.criterion(self.theta + x * steps[i] + y * steps[j]) * x * y
                    for x in (1, -1)
                    for y in (1, -1)
                ]
                curve[i, j] = curve[j, i] = sum(corners) / (4 * steps[i, i] * steps[j, j])
        values, vectors = np.linalg.eigh(curve)
        moves = [
            (self._centers(self.theta + step)[0][:, 1] - self._centers(self.theta - step)[0][:, 1])
            / (2 * step.sum())
            for step in steps
        ]
        # A direction in which the criterion does not curve up (a bound) tells no covariance.
        kept = values > 1e-6 * max(float(values.max()), 1e-12)
        along = np.stack(moves, axis=1) @ vectors[:, kept]
        found: Floats = (along**2 @ (2 / values[kept])).astype(np.float64)
        return found


def _summed(unit: NDArray[np.int64], values: Floats, count: int) -> Floats:
    return np.bincount(unit, values, count).astype(np.float64)


def _down(sums: _Sums, spread: Floats, center: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Return lines of units and their error (relative to the residual), from those of the units above them."""
    s = np.array([[sums.s00, sums.s01], [sums.s01, sums.s11]]).transpose(2, 0, 1)
    pull = spread @ s
    b = np.stack([sums.b0, sums.b1], axis=1)
    lines = center + b @ spread - (pull @ center[:, :, None])[:, :, 0]
    stay = np.eye(2) - pull
    return lines, stay @ error @ stay.transpose(0, 2, 1) + spread - pull @ spread
