"""The likelihood of comparisons with ties and order, and the climb to its top."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.comparative.comparisons import Comparisons
from headway.science.comparative.laplacian import Graph, Laplacian
from headway.science.estimates import EstimateRefused

MOST_STEPS = 60
CONVERGED = 1e-10


@dataclass(frozen=True, slots=True)
class Model:
    """Comparisons collapsed to distinct pairs and orders: `wins` of `one`, of `other`, and `tied`; `side` 1 where `one` stood
    first, -1 where `other`, 0 neither."""

    graph: Graph
    wins: NDArray[np.float64]
    losses: NDArray[np.float64]
    tied: NDArray[np.float64]
    side: NDArray[np.float64]
    ties: bool
    halved: bool
    order: bool
    prior: float

    @classmethod
    def of(cls, pairs: Comparisons, ties: bool, order: bool, prior: float) -> Model:
        up = pairs.winner < pairs.loser
        one, other = np.where(up, pairs.winner, pairs.loser), np.where(up, pairs.loser, pairs.winner)
        side = (
            np.where(pairs.first == one, 1, np.where(pairs.first == other, -1, 0))
            if order
            else np.zeros_like(one)
        )
        key = (one * pairs.n_items + other) * 3 + side + 1
        keys, place = np.unique(key, return_inverse=True)
        place = place.reshape(-1)

        def tally(which: NDArray[np.bool_]) -> NDArray[np.float64]:
            return np.bincount(place[which], pairs.count[which], len(keys)).astype(np.float64)

        wins, losses, tied = tally(up & ~pairs.tie), tally(~up & ~pairs.tie), tally(pairs.tie)
        some = bool(tied.any())
        if some and ties and not (wins.any() or losses.any()):
            raise EstimateRefused("all_ties", "Every comparison is a tie.")
        if some and not ties:
            wins, losses, tied = wins + tied / 2, losses + tied / 2, np.zeros_like(tied)
        if order and not side.any():
            raise EstimateRefused("no_order", "No comparison says which item stood first.")
        pair = keys // 3
        graph = Graph.of(pairs.n_items, pair // pairs.n_items, pair % pairs.n_items)
        return cls(
            graph,
            wins,
            losses,
            tied,
            (keys % 3 - 1).astype(np.float64),
            some and ties,
            some and not ties,
            order,
            prior,
        )

    def chances(
        self, ability: NDArray[np.float64], further: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return log denominators and the chances that `one` wins, `other` wins, and of a tie."""
        return outcome_chances(
            ability[self.graph.one] - ability[self.graph.other] + self.advantage(further) * self.side,
            self.nu(further),
        )

    def advantage(self, further: NDArray[np.float64]) -> float:
        return float(further[0]) if self.order else 0.0

    def nu(self, further: NDArray[np.float64]) -> float:
        return float(further[-1]) if self.ties else -math.inf

    def log_likelihood(self, ability: NDArray[np.float64], further: NDArray[np.float64]) -> float:
        apart = ability[self.graph.one] - ability[self.graph.other] + self.advantage(further) * self.side
        below = self.chances(ability, further)[0]
        total = float((self.wins - self.losses) @ apart / 2 - (self.wins + self.losses + self.tied) @ below)
        if self.ties:
            total += self.nu(further) * float(self.tied.sum())
        if self.prior:
            total -= 2 * self.prior * float(np.logaddexp(ability / 2, -ability / 2).sum())
        return total

    def fit(self) -> Fit:
        """Climb by Newton's method, each step by conjugate gradients, halved where it would descend."""
        n = self.graph.n
        ability, further = np.zeros(n), np.zeros(int(self.order) + int(self.ties))
        if self.ties:
            further[-1] = math.log(max(float(self.tied.sum() / (self.wins + self.losses).sum()), 1e-6))
        reached = self.log_likelihood(ability, further)
        for _ in range(MOST_STEPS):
            slope, slopes, info, border, corner = self._derivatives(ability, further)
            largest = max(float(np.abs(slope).max()), float(np.abs(slopes).max(initial=0.0)))
            if largest < CONVERGED * max(1.0, math.sqrt(float(self.wins.sum() / n))):
                break
            step, steps = _newton(info, border, corner, slope, slopes)
            scale = 1.0
            while scale > 1e-8:
                tried = self.log_likelihood(ability + scale * step, further + scale * steps)
                if tried >= reached - 1e-9 * abs(reached):
                    break
                scale /= 2
            ability, further, reached = ability + scale * step, further + scale * steps, tried
            if np.abs(further).max(initial=0.0) > 30 or np.abs(ability).max() > 500:
                raise EstimateRefused("no_maximum", "The likelihood has no maximum; a prior gives it one.")
        info, border, corner = self._derivatives(ability, further)[2:]
        return Fit(ability, further, info, border, corner, reached)

    def _derivatives(
        self, ability: NDArray[np.float64], further: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], Laplacian, NDArray[np.float64], NDArray[np.float64]]:
        """Return the slope by ability and by further parameters, and the information in three blocks."""
        graph, n = self.graph, self.graph.n
        _, wins, losses, tied = self.chances(ability, further)
        total = self.wins + self.losses + self.tied
        surprise = (self.wins - self.losses - total * (wins - losses)) / 2
        weight = total * (wins + losses - (wins - losses) ** 2) / 4
        slope = graph.differences(surprise)
        extra = np.zeros(n)
        if self.prior:
            at_zero = 1 / (1 + np.exp(-ability))
            slope += self.prior * (1 - 2 * at_zero)
            extra += 2 * self.prior * at_zero * (1 - at_zero)
        info = graph.laplacian(weight, extra)
        mixed = -total * (wins - losses) * tied / 2
        columns: list[NDArray[np.float64]] = []
        slopes: list[float] = []
        if self.order:
            columns.append(weight * self.side)
            slopes.append(float(surprise @ self.side))
        if self.ties:
            columns.append(mixed)
            slopes.append(float((self.tied - total * tied).sum()))
        border: NDArray[np.float64] = (
            np.array([graph.differences(column) for column in columns]).reshape(-1, n).T
        )
        corner = np.zeros((len(columns), len(columns)))
        if self.order:
            corner[0, 0] = float(weight @ self.side**2)
        if self.ties:
            corner[-1, -1] = float((total * tied * (1 - tied)).sum())
        if self.order and self.ties:
            corner[0, 1] = corner[1, 0] = float(mixed @ self.side)
        return slope, np.array(slopes), info, border, corner


def outcome_chances(
    apart: NDArray[np.float64], nu: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return log(e^(d/2) + e^(-d/2) + ν) and the chances of winning, losing and a tie at distance d; `nu` is log ν."""
    half = apart / 2
    below = np.logaddexp(half, -half)
    if nu > -math.inf:
        below = np.logaddexp(below, nu)
    return below, np.exp(half - below), np.exp(-half - below), np.exp(nu - below)


@dataclass(frozen=True, slots=True)
class Fit:
    """The maximum, with the information there."""

    ability: NDArray[np.float64]
    further: NDArray[np.float64]
    info: Laplacian
    border: NDArray[np.float64]
    corner: NDArray[np.float64]
    log_likelihood: float

    def centered_errors(
        self, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Return standard errors of centered abilities and of further parameters, and the noise of the former."""
        variances, noise = self.info.centered_variances(rng)
        spread, inverse = self._further()
        if len(inverse):
            spread = spread - spread.mean(axis=0)
            variances = variances + np.einsum("ij,jk,ik->i", spread, inverse, spread)
        return np.sqrt(variances), np.sqrt(np.diag(inverse)).astype(np.float64), noise

    def errors_against(self, reference: int, centered: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return standard errors of differences to one item: one further column of the inverse."""
        n = len(self.ability)
        unit = np.zeros((n, 1))
        unit[reference] = 1
        column = self.info.solve(unit - 1 / n if self.info.free else unit)[:, 0]
        if not self.info.free:
            column = column - self.info.solve(np.full((n, 1), 1 / n))[:, 0]
        spread, inverse = self._further()
        column = column - column.mean()
        if len(inverse):
            spread = spread - spread.mean(axis=0)
            column = column + spread @ inverse @ spread[reference]
        square = centered**2 + centered[reference] ** 2 - 2 * column
        square[reference] = 0
        found: NDArray[np.float64] = np.sqrt(np.maximum(square, 0))
        return found

    def _further(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if not len(self.further):
            return self.border, self.corner
        spread = self.info.solve(self.border)
        left = _told_apart(self.corner - self.border.T @ spread, self.corner)
        return spread, np.linalg.inv(left).astype(np.float64)


def _told_apart(left: NDArray[np.float64], corner: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the items leave of the information on order and ties. Raises `EstimateRefused("no_maximum")` for nothing."""
    if not np.linalg.eigvalsh(left)[0] > 1e-9 * max(float(np.diag(corner).max()), 1e-12):
        message = "Order or ties cannot be told apart from the items; leave them out."
        raise EstimateRefused("no_maximum", message)
    return left


def _newton(
    info: Laplacian,
    border: NDArray[np.float64],
    corner: NDArray[np.float64],
    slope: NDArray[np.float64],
    slopes: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    solved = info.solve(np.column_stack([slope, border]), 1e-9)
    if not len(slopes):
        return solved[:, 0], slopes
    left = _told_apart(corner - border.T @ solved[:, 1:], corner)
    steps = np.linalg.solve(left, slopes - border.T @ solved[:, 0])
    return solved[:, 0] - solved[:, 1:] @ steps, steps.astype(np.float64)
