"""Krippendorff's alpha: any number of raters, missing ratings, four levels of measurement or any weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.agreement.coefficients import Agreement, Coefficient, Options, record, sample_of
from headway.science.agreement.distances import (
    LEVELS,
    MOST_EXACT,
    Apart,
    Logarithmic,
    apart,
    by_weights,
    mean_ranks,
    ratio_distance,
)
from headway.science.agreement.resampling import Sample, Totals, draws, percentiles
from headway.science.agreement.table import Patterns, RatingTable, patterns, table
from headway.science.agreement.weights import Weights, weights_of
from headway.science.estimates import EstimateRefused

VERSION = 1
MOST_COINCIDENCES = 40
"""Ordinal values up to which replicates are computed from the table of coincidences."""


def krippendorff_alpha(
    ratings: RatingTable | ArrayLike,
    *,
    level: str = "nominal",
    weights: Weights | None = None,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    replicates: int = 0,
    rng: np.random.Generator | None = None,
    minimum: int | None = None,
) -> Agreement:
    """Compute Krippendorff's alpha, one minus observed over expected disagreement.

    Assumes raters who are alike; ratings missing as `percent_agreement` assumes. Units with one rating are excluded: they
    say nothing about disagreement.

    Parameters: as `fleiss_kappa`; `level`, nominal, ordinal, interval or ratio; `weights`, Gwet's weights of agreement
    in place of a level. Any number of distinct values: memory is linear in the ratings, time n log n.
    Returns: `Agreement`, at most 1; `observed` and `chance` on a scale where the two farthest ratings agree by 0.
    Reasons as `percent_agreement`.
    Raises: `EstimateRefused`: `one_category`, `no_pairs`, `unknown_level`, `not_a_number`, `not_a_ratio`,
    `level_or_weights` where both are given, `under_minimum`.
    Source: Krippendorff, Content Analysis (2004) and Computing Krippendorff's Alpha-Reliability (2011); variance: Gwet
    (2014), equation 5.3.6, for distances in the place of weights, ordinal mean ranks taken as known.
    When not to use: with one frequent level and rare others, where it is low however well raters agree.

    >>> ratings = [[1, 1], [2, 2], [3, 3], [3, 4], [4, 4]]
    >>> round(krippendorff_alpha(ratings, level="interval").value, 4)
    0.9256
    """
    if level not in LEVELS:
        raise EstimateRefused("unknown_level", f"Levels of measurement are: {', '.join(LEVELS)}.", level)
    if weights is not None and level != "nominal":
        raise EstimateRefused("level_or_weights", "Give a level of measurement or weights, not both.")
    data = table(ratings, clusters)
    try:
        unique, units = patterns(data, least=2)
    except EstimateRefused:
        raise EstimateRefused("no_pairs", "No unit has two ratings to compare.") from None
    w = None if weights is None else weights_of(weights, data.values)
    k = len(data.values)
    counts = _tally(unique, unique.frequency, k)
    if np.count_nonzero(counts) < 2:
        raise EstimateRefused(
            "one_category", "All ratings are the same: agreement beyond chance is undefined."
        )
    far = by_weights(w, unique, counts) if w is not None else apart(level, data.values, unique, counts)
    found = _alpha(unique, counts, far, sample_of(data, unique, units, np.empty((len(unique.frequency), 0))))
    chosen = Options(confidence, replicates, rng, minimum)
    name = "Krippendorff's alpha" if w is not None else f"Krippendorff's alpha, {level}"
    weighing = "distance" if weights is None else weights
    if replicates:
        found = _resampled(found, data, unique, far, level, w)
        if found.totals is None:
            return _looped(data, unique, found, chosen, level)
    return record(data, found, chosen, name, weighing)


def _tally(unique: Patterns, times: NDArray[Any], k: int) -> NDArray[np.float64]:
    """Return how often each value occurs where each pattern occurs so many times."""
    found: NDArray[Any] = np.bincount(unique.codes, np.repeat(times, unique.sizes), k)
    return found.astype(np.float64)


def _alpha(unique: Patterns, counts: NDArray[np.float64], far: Apart, sample: Sample) -> Coefficient:
    size, n = unique.sizes.astype(np.float64), float(counts.sum())
    frequency = unique.frequency
    scale = 1 / far.farthest if far.farthest > 0 else 1.0
    within = scale * far.within / (size - 1)
    observed = float(frequency @ within) / n
    expected = scale * float(counts @ far.to_all) / n
    value = 1 - (n - 1) * observed / expected
    agree = size - within
    mean = n / len(sample.of_unit)
    one_by_one = 1 - observed
    chance = 1 - expected / n
    prime = (one_by_one - chance) / (1 - chance)
    seen = (1 - 1 / n) * one_by_one + 1 / n
    own = (agree / mean - seen * (size - mean) / mean - chance) / (1 - chance)
    to_all = unique.sums(1 - scale * far.to_all / n) / mean - chance * (size - mean) / mean
    linearized = own - 2 * (1 - prime) * (to_all - chance) / (1 - chance)
    return Coefficient(value, seen, chance, sample, linearized, None)


def _resampled(
    found: Coefficient,
    data: RatingTable,
    unique: Patterns,
    far: Apart,
    level: str,
    w: NDArray[np.float64] | None,
) -> Coefficient:
    """Return the coefficient with the terms and the function of their sums that its replicates need."""
    size, k = unique.sizes.astype(np.float64), len(data.values)
    within = far.within / (size - 1)
    if w is not None or level == "nominal" or (level == "ratio" and k <= MOST_EXACT):
        if w is None:
            values = data.values
            w = np.eye(k) if level == "nominal" else 1 - ratio_distance(values[:, None], values)
        terms = np.column_stack([within, unique.counts(k)])
        return _with(found, terms, _by_matrix(1 - w))
    if level == "interval":
        x = data.values - data.values[unique.codes].mean()
        return _with(found, np.column_stack([within, size, unique.sums(x), unique.sums(x**2)]), _by_moments)
    if level == "ordinal" and k <= MOST_COINCIDENCES:
        table_of = unique.counts(k)
        one, other = np.triu_indices(k, 1)
        pairs = 2 * table_of[:, one] * table_of[:, other] / (size - 1)[:, None]
        return _with(found, np.column_stack([table_of, pairs]), _by_coincidences(k, one, other))
    return found


def _with(found: Coefficient, terms: NDArray[np.float64], totals: Totals) -> Coefficient:
    return replace(found, sample=replace(found.sample, terms=terms), totals=totals)


def _one_minus(observed: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.full(len(observed), np.nan)
    np.divide(observed, expected, out=found, where=expected > 1e-300)
    return 1 - found


def _by_matrix(far: NDArray[np.float64]) -> Totals:
    def totals(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        counts = sums[:, 1:]
        return _one_minus((counts.sum(axis=1) - 1) * sums[:, 0], ((counts @ far) * counts).sum(axis=1))

    return totals


def _by_moments(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    within, n, first, second = sums.T
    return _one_minus((n - 1) * within, 2 * (n * second - first**2))


def _by_coincidences(k: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> Totals:
    def totals(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        counts, pairs = sums[:, :k], sums[:, k:]
        rank = mean_ranks(counts)
        observed = (pairs * (rank[:, one] - rank[:, other]) ** 2).sum(axis=1)
        n, first = counts.sum(axis=1), (counts * rank).sum(axis=1)
        expected = 2 * (n * (counts * rank**2).sum(axis=1) - first**2)
        return _one_minus((n - 1) * observed, expected)

    return totals


def _looped(
    data: RatingTable, unique: Patterns, found: Coefficient, chosen: Options, level: str
) -> Agreement:
    """Compute each replicate anew: ordinal with many values, whose ranks change, and ratio with many values."""
    if chosen.rng is None:
        raise EstimateRefused("no_generator", "A bootstrap needs a random generator.")
    clusters, k = found.sample.clusters, len(data.values)
    nodes = Logarithmic.of(data.values) if level == "ratio" else None
    size = unique.sizes
    within = apart(level, data.values, unique, np.ones(k)).within / (size - 1) if nodes else None
    values = []
    for block in draws(found.sample, chosen.replicates, chosen.rng, rows=64):
        for row in block:
            times = row if clusters is None else np.bincount(unique.of_unit, row[clusters], len(size))
            counts = _tally(unique, times, k)
            if nodes is not None and within is not None:
                observed, expected = times @ within, counts @ nodes.to_all(counts)
            else:
                far = apart("ordinal", data.values, unique, counts)
                observed, expected = times @ (far.within / (size - 1)), counts @ far.to_all
            values.append(1 - (counts.sum() - 1) * observed / expected if expected > 0 else np.nan)
    drawn = np.array(values)
    interval, more = percentiles(drawn, chosen.confidence)
    if len(np.unique(drawn[np.isfinite(drawn)])) == 1:
        interval, more = None, (*more, "no_spread")
    plain = record(data, found, replace(chosen, replicates=0), f"Krippendorff's alpha, {level}", "distance")
    return replace(
        plain, interval=interval, standard_error=float(np.nanstd(drawn, ddof=1)), reasons=(*plain.reasons, *more),
        method=plain.method.replace("Gwet's variance", f"bootstrap of {chosen.replicates} replicates"),
    )  # fmt: skip
