"""Cohen's kappa of two raters, and of every pair where there are more."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.agreement.coefficients import Agreement, Coefficient, Options, record
from headway.science.agreement.resampling import Sample
from headway.science.agreement.table import RatingTable, table
from headway.science.agreement.weights import Weights, weights_of
from headway.science.estimates import EstimateRefused

VERSION = 1
MOST_RATERS = 50


@dataclass(frozen=True, slots=True)
class PairwiseKappa:
    """Cohen's kappa of each pair of raters (numbers of raters), and `mean`, Light's kappa; `refused` pairs with the code
    of the reason why they have none."""

    pairs: tuple[tuple[int, int, Agreement], ...]
    refused: tuple[tuple[int, int, str], ...]

    @property
    def mean(self) -> float:
        """The mean over pairs that have a kappa, nan where none has. Source: Light, Psychological Bulletin 76 (1971)."""
        if not self.pairs:
            return math.nan
        return sum(found.value or 0.0 for _, _, found in self.pairs) / len(self.pairs)


def cohen_kappa(
    ratings: RatingTable | ArrayLike,
    *,
    weights: Weights = "identity",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    replicates: int = 0,
    rng: np.random.Generator | None = None,
    minimum: int | None = None,
) -> Agreement:
    """Compute Cohen's kappa of two raters who each use levels in their own proportions.

    Assumes the same two raters throughout; units that one of them did not rate are excluded.

    Parameters: as `fleiss_kappa`; exactly two raters.
    Returns: `Agreement`, -1 to 1; `prevalence` over both raters' ratings of the units that count.
    Raises: `EstimateRefused`: `two_raters`, `no_pairs`, `one_category` where both use one level only, `under_minimum`.
    Source: Cohen, Educational and Psychological Measurement 20 (1960); weighted: Psychological Bulletin 70 (1968);
    variance: Gwet (2014), section 5.3, which is that of Fleiss, Cohen & Everitt (1969) with n - 1 in place of n.
    When not to use: with a rare level (see `gwet_ac`), or where raters change from unit to unit (see `fleiss_kappa`).

    >>> found = cohen_kappa([[1, 1]] * 20 + [[1, 2]] * 5 + [[2, 1]] * 10 + [[2, 2]] * 15)
    >>> round(found.value, 4), found.observed, found.chance
    (0.4, 0.7, 0.5)
    """
    data = table(ratings, clusters)
    who = np.unique(data.raters)
    if len(who) != 2 or who[0] < 0:
        message = f"Cohen's kappa compares two raters; there are {data.n_raters}. See conger_kappa."
        raise EstimateRefused("two_raters", message)
    chosen = Options(confidence, replicates, rng, minimum)
    return _of_two(data, int(who[0]), int(who[1]), weights, chosen)


def pairwise_kappa(
    ratings: RatingTable | ArrayLike,
    *,
    weights: Weights = "identity",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    replicates: int = 0,
    rng: np.random.Generator | None = None,
    minimum: int | None = None,
) -> PairwiseKappa:
    """Compute Cohen's kappa of every pair of raters who share units.

    Assumes and returns, for each pair, as `cohen_kappa`. Up to 50 raters.

    Raises: `EstimateRefused("too_many_raters")`.
    Source: Light, Psychological Bulletin 76 (1971), for the mean over pairs.
    When not to use: to rank raters.
    """
    data = table(ratings, clusters)
    who = np.unique(data.raters[data.raters >= 0]).tolist()
    if len(who) > MOST_RATERS:
        raise EstimateRefused(
            "too_many_raters", f"Pairs of up to {MOST_RATERS} raters; there are {len(who)}."
        )
    chosen = Options(confidence, replicates, rng, minimum)
    found, refused = [], []
    for one, other in combinations(who, 2):
        try:
            found.append((one, other, _of_two(data, one, other, weights, chosen)))
        except EstimateRefused as no:
            refused.append((one, other, no.code))
    return PairwiseKappa(tuple(found), tuple(refused))


def _of_two(data: RatingTable, one: int, other: int, weights: Weights, chosen: Options) -> Agreement:
    k = len(data.values)
    unit = np.repeat(np.arange(data.n_units), data.sizes)
    chose = np.full((2, data.n_units), -1, np.int64)
    for row, rater in zip(chose, (one, other), strict=True):
        mine = data.raters == rater
        row[unit[mine]] = data.codes[mine]
    both = np.flatnonzero((chose >= 0).all(axis=0))
    if len(both) == 0:
        raise EstimateRefused("no_pairs", "The two raters have no unit in common.")
    cell = chose[0, both] * k + chose[1, both]
    cells, of_unit, frequency = np.unique(cell, return_inverse=True, return_counts=True)
    clusters = data.clusters
    if clusters is not None:
        clusters = np.unique(clusters[both], return_inverse=True)[1].reshape(-1)
    found = _kappa(cells, frequency, of_unit.reshape(-1), clusters, weights_of(weights, data.values))
    pairs = RatingTable(
        data.values, chose[:, both].ravel(), np.arange(0, 2 * len(both) + 1, 2),
        np.repeat(np.array([0, 1], np.int32), len(both)),
    )  # fmt: skip
    made = record(pairs, found, chosen, "Cohen's kappa", weights)
    return replace(made, excluded=data.n_units - len(both))


def _kappa(
    cells: NDArray[np.int64],
    frequency: NDArray[np.int64],
    of_unit: NDArray[np.int64],
    clusters: NDArray[np.int64] | None,
    w: NDArray[np.float64],
) -> Coefficient:
    k, n = len(w), int(frequency.sum())
    first, second = cells // k, cells % k
    agree = w[first, second]
    p_first = np.bincount(first, frequency, k) / n
    p_second = np.bincount(second, frequency, k) / n
    observed, chance = float(frequency @ agree) / n, float(p_first @ w @ p_second)
    if 1 - chance < 1e-12:
        raise EstimateRefused(
            "one_category", "Both raters use one level only: agreement beyond chance is undefined."
        )
    value = (observed - chance) / (1 - chance)
    expected = ((w @ p_second)[first] + (p_first @ w)[second]) / 2
    linearized = (agree - chance - 2 * (1 - value) * (expected - chance)) / (1 - chance)
    ones = np.eye(k)
    terms = np.column_stack([np.ones(len(cells)), agree, ones[first], ones[second]])

    def totals(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        seen = sums[:, 1] / sums[:, 0]
        each, other = (sums[:, start : start + k] / sums[:, :1] for start in (2, 2 + k))
        by_chance = np.einsum("bk,kl,bl->b", each, w, other, optimize=True)
        found = np.full(len(sums), np.nan)
        np.divide(seen - by_chance, 1 - by_chance, out=found, where=1 - by_chance > 1e-12)
        return found

    return Coefficient(
        value, observed, chance, Sample(terms, frequency, of_unit, clusters), linearized, totals
    )
