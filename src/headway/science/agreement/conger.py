"""Conger's kappa: Cohen's for any number of raters who each use levels in their own proportions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.agreement.coefficients import Agreement, Coefficient, Options, pairs_agree, record
from headway.science.agreement.resampling import Sample
from headway.science.agreement.table import RatingTable, table
from headway.science.agreement.weights import Weights, weights_of
from headway.science.estimates import EstimateRefused

VERSION = 1
MOST_CELLS = 50_000_000
MOST_KEY = 1 << 40


def conger_kappa(
    ratings: RatingTable | ArrayLike,
    *,
    weights: Weights = "identity",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    replicates: int = 0,
    rng: np.random.Generator | None = None,
    minimum: int | None = None,
) -> Agreement:
    """Compute Conger's kappa of the same raters throughout.

    Assumes two raters or more, each of whom rates most units; missing ratings as `percent_agreement`.

    Parameters: as `fleiss_kappa`, raters told apart.
    Returns: `Agreement`, -1 to 1; for two raters without missing ratings Cohen's kappa.
    Raises: `EstimateRefused`: `two_raters` for fewer, `no_pairs`, `one_category`, `too_many_raters` where raters × levels × units
    are beyond memory, `under_minimum`.
    Source: Conger, Psychological Bulletin 88 (1980); missing ratings, weights and variance: Gwet (2014), sections 2.5 and 5.3.
    When not to use: where raters change from unit to unit; see `fleiss_kappa`.

    >>> found = conger_kappa([[1, 1, 1], [1, 2, 2], [2, 2, 2], [3, 3, 3], [1, 1, 3]])
    >>> round(found.value, 4)
    0.6078
    """
    data = table(ratings, clusters)
    raters = np.unique(data.raters)
    if len(raters) < 2 or raters[0] < 0:
        raise EstimateRefused("two_raters", "Conger's kappa needs two raters who are told apart.")
    found = _kappa(data, raters, weights_of(weights, data.values))
    return record(data, found, Options(confidence, replicates, rng, minimum), "Conger's kappa", weights)


def _kappa(data: RatingTable, raters: NDArray[np.int32], w: NDArray[np.float64]) -> Coefficient:
    k, r = len(data.values), len(raters)
    units = np.flatnonzero(data.sizes > 0)
    chose = np.full((data.n_units, r), -1, np.int64)
    chose[np.repeat(np.arange(data.n_units), data.sizes), np.searchsorted(raters, data.raters)] = data.codes
    shown, of_unit, frequency = _patterns(chose[units], k)
    if len(shown) * r * k > MOST_CELLS:
        raise EstimateRefused(
            "too_many_raters", f"{r} raters and {k} levels in {len(shown)} patterns are too many."
        )
    chosen = (shown[:, :, None] == np.arange(k)).astype(np.float64)
    sizes = (shown >= 0).sum(axis=1)
    paired = (sizes >= 2).astype(np.float64)
    if not paired.any():
        raise EstimateRefused("no_pairs", "No unit has two ratings to compare.")
    agree = pairs_agree(chosen.sum(axis=1), sizes, w)
    terms = np.column_stack([paired, agree, chosen.reshape(len(shown), r * k)])
    sums = frequency @ terms
    observed = float(sums[1] / sums[0])
    chance = float(_chance(sums[None, 2:], r, w)[0])
    if 1 - chance < 1e-12:
        raise EstimateRefused(
            "one_category", "Raters use one level only: agreement beyond chance is undefined."
        )
    value, n = (observed - chance) / (1 - chance), len(units)
    own = n / float(sums[0]) * (agree - chance) * paired / (1 - chance)
    rated = sums[2:].reshape(r, k)
    share = rated / rated.sum(axis=1, keepdims=True)
    slope = (share.sum(axis=0) - share) @ w / (r * (r - 1))
    # A rater's shares are ratios: what a unit adds to them counts only where that rater rated it.
    away = chosen - (shown >= 0)[:, :, None] * share
    expected = np.einsum("pgk,gk,g->p", away, slope, n / rated.sum(axis=1), optimize=True)
    linearized = own - 2 * (1 - value) * expected / (1 - chance)
    clusters = data.clusters
    if clusters is not None:
        clusters = np.unique(clusters[units], return_inverse=True)[1].reshape(-1)

    def totals(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        seen = np.divide(drawn[:, 1], drawn[:, 0], out=np.full(len(drawn), np.nan), where=drawn[:, 0] > 0)
        by_chance = _chance(drawn[:, 2:], r, w)
        found = np.full(len(drawn), np.nan)
        np.divide(seen - by_chance, 1 - by_chance, out=found, where=1 - by_chance > 1e-12)
        return found

    return Coefficient(
        value, observed, chance, Sample(terms, frequency, of_unit, clusters), linearized, totals
    )


def _chance(counts: NDArray[np.float64], r: int, w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the agreement by chance, averaged over pairs of raters, of each row of raters × levels counts."""
    table_of = counts.reshape(len(counts), r, len(w))
    rated = table_of.sum(axis=2, keepdims=True)
    share = np.divide(table_of, rated, out=np.full_like(table_of, np.nan), where=rated > 0)
    total = share.sum(axis=1)
    every = np.einsum("bk,kl,bl->b", total, w, total, optimize=True)
    same = np.einsum("bgk,kl,bgl->b", share, w, share, optimize=True)
    found: NDArray[np.float64] = (every - same) / (r * (r - 1))
    return found


def _patterns(
    chose: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct rows, each unit's row among them, and the units of each."""
    key = np.zeros(len(chose), np.int64)
    for column in chose.T:
        if len(key) and int(key.max()) > MOST_KEY // (k + 1):
            key = np.unique(key, return_inverse=True)[1].reshape(-1)
        key = key * (k + 1) + column + 1
    _, first, of_unit, frequency = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return chose[first], of_unit.reshape(-1), frequency
