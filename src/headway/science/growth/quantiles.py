"""Quantile regression, exact: an interior point that shares its columns over all quantiles, then a corner of the program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused

Floats = NDArray[np.float64]

_SMALL = 3000
_ROUNDS = 60
_PIVOTS = 500


def quantile_regression(columns: Floats, outcome: Floats, quantiles: Floats) -> Floats:
    """Fit conditional quantiles as linear combinations of columns: for each τ the minimum of Σ ρ_τ(y - Xβ).

    Assumes finite values and columns of full rank.

    Parameters: `columns`, shape (n, p), with its own column of ones where an intercept is wanted, n > p; `outcome`, shape (n,);
    `quantiles`, each between 0 and 1, both excluded.
    Returns: coefficients, shape (quantiles, p), each a corner of the linear program (it passes through p observations), whose
    optimality is checked; where several corners are best, one of them.
    Raises: `EstimateRefused`: `few_students` (n <= p), `columns_depend`, `bad_quantile`.
    Source: Koenker and Bassett (1978); interior point: Portnoy and Koenker (1997), Statistical Science 12:279; from one
    quantile to the next: Chernozhukov, Fernández-Val and Melly (2022), Empirical Economics 62:7, algorithm 2, where students
    far from the last quantile enter as two sums, and the signs are checked after.
    When not to use: for the spread of the fitted quantiles; this gives none.

    >>> x = np.column_stack([np.ones(5), np.arange(5.0)])
    >>> quantile_regression(x, np.array([0.0, 1, 2, 3, 9]), np.array([0.5]))[0].round(9).tolist()
    [0.0, 1.0]
    """
    n, p = columns.shape
    if n <= p:
        raise EstimateRefused("few_students", f"{p} coefficients need more than {p} students; there are {n}.")
    if ((quantiles <= 0) | (quantiles >= 1)).any():
        raise EstimateRefused("bad_quantile", "A quantile lies between 0 and 1.")
    basis, triangle = np.linalg.qr(columns)
    diagonal = np.abs(np.diag(triangle))
    if diagonal.min() <= 1e-10 * diagonal.max():
        raise EstimateRefused(
            "columns_depend", "The columns are not independent: one follows from the others."
        )
    basis = np.ascontiguousarray(basis * np.sqrt(n))
    scale = float(np.abs(outcome).max()) or 1.0
    path = _Path(basis, outcome / scale)
    found = np.empty((len(quantiles), p))
    for row in np.argsort(quantiles):
        found[row] = path.fit(float(quantiles[row]))
    back: Floats = np.linalg.solve(triangle, found.T * (np.sqrt(n) * scale)).T
    return back


class _Path:
    """Fits along rising quantiles; each starts from the one before."""

    def __init__(self, x: Floats, y: Floats) -> None:
        self.x, self.y = x, y
        self.n, self.p = x.shape
        self.beta: Floats | None = None
        self.at = 0.5
        self.band = max(30 * self.p, int(4 * np.sqrt(self.n * self.p)))

    def fit(self, tau: float) -> Floats:
        """Return the coefficients of one quantile."""
        if self.n <= _SMALL or self.n <= 2 * self.band:
            self.beta = _solve(self.x, self.y, tau)
            return self.beta
        if self.beta is None:
            # A corner for every so many students is near enough to tell who is far above and who far below.
            step = max(1, self.n // (20 * self.band))
            start = _solve(self.x[::step], self.y[::step], tau)
            if not np.isfinite(start).all():
                start = np.linalg.lstsq(self.x, self.y, rcond=None)[0].astype(np.float64)
            self.beta, self.at = start, tau
        self.beta, self.at = self._from_near(tau, self.beta), tau
        return self.beta

    def _from_near(self, tau: float, beta: Floats) -> Floats:
        residual = self.y - _scores(self.x, beta)
        size = max(self.band, int(3 * abs(tau - self.at) * self.n))
        while 2 * size < self.n:
            low, high = (min(max(int(tau * self.n) + side * size // 2, 0), self.n - 1) for side in (-1, 1))
            ends = np.partition(residual, (low, high))[[low, high]]
            below, above = residual < ends[0], residual > ends[1]
            for _ in range(4):
                found = self._reduced(tau, below, above, beta)
                if not np.isfinite(found).all():
                    break  # Somebody's side was wrong, and the sum falls without end.
                again = self.y - _scores(self.x, found)
                wrong_below, wrong_above = below & (again > 0), above & (again < 0)
                wrong = int(wrong_below.sum() + wrong_above.sum())
                if not wrong:
                    return found
                if wrong > size // 2:
                    break
                below &= ~wrong_below
                above &= ~wrong_above
            size *= 2
        return _solve(self.x, self.y, tau)

    def _reduced(
        self, tau: float, below: NDArray[np.bool_], above: NDArray[np.bool_], near: Floats
    ) -> Floats:
        """Solve for those whose side is open; of the others only the sum of their pull counts."""
        inner = np.flatnonzero(~(below | above))
        push = _sums(np.where(below, tau - 1.0, np.where(above, tau, 0.0)), self.x)
        return _solve(self.x[inner], self.y[inner], tau, push, near)


def _solve(
    x: Floats, y: Floats, tau: float, push: Floats | None = None, near: Floats | None = None
) -> Floats:
    """Return a best corner of Σ ρ_τ(y - xβ) - push β: an interior point takes us near it, pivots reach it.

    `push` is the pull of rows that are known to lie above or below; `near` a point to start from.
    """
    pull = np.zeros(x.shape[1]) if push is None else push
    start: Floats = np.linalg.lstsq(x, y, rcond=None)[0].astype(np.float64) if near is None else near
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # Near the corner entries run to 0.
        near_it = _interior(x, y, tau, pull, start)
    return _corner(x, y, tau, pull, near_it) if np.isfinite(near_it).all() else near_it


def _interior(x: Floats, y: Floats, tau: float, push: Floats, beta: Floats) -> Floats:
    """Minimize by Mehrotra's predictor and corrector on the dual: 0 <= a <= 1, x'a = (1 - τ) x'1 - push."""
    n = len(y)
    whole = x.sum(axis=0)
    target = (1 - tau) * whole - push
    even = float(target @ whole) / max(float(whole @ whole), 1e-300)
    a = np.full(n, min(max(even, 0.02), 0.98))
    s = 1 - a
    r = y - _scores(x, beta)
    start = 0.1 * float(np.abs(r).mean()) + 1e-8
    z, w = np.maximum(-r, 0) + start, np.maximum(r, 0) + start
    for _ in range(_ROUNDS):
        gap, missing = float(a @ z + s @ w), target - _sums(a, x)
        if gap < 1e-9 * float(np.abs(r).sum() + 1e-6) or not np.isfinite(gap):
            break
        q = 1 / (z / a + w / s)
        weighted = x * q[:, None]
        curve = _squares(weighted, x)
        step = _newton(curve, _sums(r, weighted) - missing)
        if step is None:
            break
        da = q * (r - _scores(x, step))
        dz, dw = -z - z * da / a, -w + w * da / s
        by_a, by_z = _room(a, da, s, -da), _room(z, dz, w, dw)
        after = float((a + by_a * da) @ (z + by_z * dz) + (s - by_a * da) @ (w + by_z * dw))
        mu = (after / gap) ** 3 * gap / (2 * n)
        # The second round takes in the products of the first round's steps.
        to_z, to_w = (mu - da * dz) / a, (mu + da * dw) / s
        xi = r + to_z - to_w
        step = _newton(curve, _sums(xi, weighted) - missing)
        if step is None:
            break
        da = q * (xi - _scores(x, step))
        dz, dw = to_z - z - z * da / a, to_w - w + w * da / s
        by_a, by_z = 0.9995 * _room(a, da, s, -da), 0.9995 * _room(z, dz, w, dw)
        a, s = a + by_a * da, s - by_a * da
        z, w, beta = z + by_z * dz, w + by_z * dw, beta + by_z * step
        r = y - _scores(x, beta)
    return beta


def _squares(weighted: Floats, x: Floats) -> Floats:
    """Return weighted' x in pieces too small for the linear algebra to start threads, which cost more than they save here."""
    rows = max(1, 200_000 // x.shape[1] ** 2)
    found = np.zeros((x.shape[1], x.shape[1]))
    for at in range(0, len(x), rows):
        found += weighted[at : at + rows].T @ x[at : at + rows]
    return found


def _scores(x: Floats, beta: Floats) -> Floats:
    """Return x beta, without threads for the same reason."""
    found: Floats = np.einsum("ij,j->i", x, beta)
    return found


def _sums(values: Floats, x: Floats) -> Floats:
    """Return values' x, likewise."""
    found: Floats = np.einsum("i,ij->j", values, x)
    return found


def _newton(curve: Floats, pull: Floats) -> Floats | None:
    """Return the step that makes x'a whole: x' q x step = x' q xi - missing; None where it has none."""
    try:
        found: Floats = np.linalg.solve(curve, pull).astype(np.float64)
    except np.linalg.LinAlgError:
        return None
    return found if np.isfinite(found).all() else None


def _room(first: Floats, step: Floats, second: Floats, other: Floats) -> float:
    """Return how far both may go, 1 at most, before one of their entries is 0."""
    room = 1.0
    for value, by in ((first, step), (second, other)):
        ratio = (by / value).min()
        if ratio < 0:
            room = min(room, -1 / ratio)
    return float(room)


def _corner(x: Floats, y: Floats, tau: float, push: Floats, beta: Floats) -> Floats:
    """Go from a point near the best to a corner, and from corner to corner while the sum falls."""
    p = x.shape[1]
    r = y - _scores(x, beta)
    chosen = _independent(x, np.argsort(np.abs(r), kind="stable"), p)
    if len(chosen) < p:
        return np.full(p, np.nan)
    best, best_sum = beta, _check(y - _scores(x, beta), tau) - float(push @ beta)
    for _ in range(_PIVOTS):
        try:
            inverse: Floats = np.linalg.inv(x[chosen]).astype(np.float64)
        except np.linalg.LinAlgError:
            break
        beta = inverse @ y[chosen]
        r = y - _scores(x, beta)
        r[chosen] = 0.0
        now = _check(r, tau) - float(push @ beta)
        if now <= best_sum + 1e-9 * abs(best_sum):
            best, best_sum = beta, min(now, best_sum)
        slope = np.where(r > 0, tau, tau - 1.0)
        slope[chosen] = 0.0
        dual = -(_sums(slope, x) + push) @ inverse
        over, under = dual - tau, (tau - 1) - dual
        worst = int(np.argmax(np.maximum(over, under)))
        if max(over[worst], under[worst]) <= 1e-9 * len(y):
            return beta
        sign = 1.0 if over[worst] >= under[worst] else -1.0
        entering = _line(
            _scores(x, sign * inverse[:, worst]), r, slope, float(max(over[worst], under[worst])), chosen
        )
        if entering < 0:
            break
        chosen[worst] = entering
    return best


def _line(along: Floats, r: Floats, slope: Floats, gain: float, chosen: NDArray[np.int64]) -> int:
    """Return the row at which the sum stops falling along a direction; -1 where there is none."""
    free = np.ones(len(r), np.bool_)
    free[chosen] = False
    ahead = free & (np.abs(along) > 1e-9)
    ahead &= (r * along > 0) | ((r == 0) & (along > 0))
    rows = np.flatnonzero(ahead)
    if not len(rows):
        return -1
    order = np.argsort(r[rows] / along[rows], kind="stable")
    passed = np.cumsum(np.abs(along[rows[order]]))
    at = int(np.searchsorted(passed, gain))
    return int(rows[order[min(at, len(rows) - 1)]])


def _independent(x: Floats, order: NDArray[np.int64], p: int) -> NDArray[np.int64]:
    """Return the first p rows, in an order, that are independent of each other."""
    chosen: list[int] = []
    span = np.zeros((0, x.shape[1]))
    for row in order.tolist():
        rest = x[row] - (x[row] @ span.T) @ span
        length = float(np.linalg.norm(rest))
        if length > 1e-7 * float(np.linalg.norm(x[row])):
            rest -= (rest @ span.T) @ span
            span = np.vstack([span, rest / np.linalg.norm(rest)])
            chosen.append(row)
            if len(chosen) == p:
                break
    return np.array(chosen, np.int64)


def _check(r: Floats, tau: float) -> float:
    return float((r * np.where(r > 0, tau, tau - 1.0)).sum())
