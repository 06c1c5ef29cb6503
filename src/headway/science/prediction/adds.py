"""What a measure adds to the prediction of an outcome beyond what is known anyway."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.equity.clusters import LEAST_CLUSTERS
from headway.science.estimates import Estimate, EstimateRefused, normal_quantile, percentile_interval
from headway.science.prediction.areas import Area, area, covariance
from headway.science.prediction.logistic import Logistic, logistic

VERSION = 1
EVENTS = 10
"""Of the rarer outcome for each column: fewer carry the warning `few_events`."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Adds:
    """Two nested models: `baseline` and `full`, the areas under their curves, and what the added columns bring.

    `chi_square`, `freedom`, `p`: the likelihood-ratio test, which decides whether anything is added; `gained`, the difference
    of both areas, says how much.
    """

    baseline: Logistic
    full: Logistic
    chi_square: float
    freedom: int
    p: float
    baseline_area: Estimate
    full_area: Estimate
    gained: Estimate


def adds_beyond(
    outcome: Floats,
    baseline: Floats,
    added: Floats,
    *,
    clusters: NDArray[np.int64] | None = None,
    chance: float = 0.95,
    replicates: int = 500,
    rng: np.random.Generator | None = None,
) -> Adds:
    """Estimate what added columns bring to a logistic prediction beyond the baseline's.

    Assumes independent students, or independent clusters where they are given; complete rows.

    Parameters: `outcome`, shape (n,), 0 or 1; `baseline`, shape (n, p), without a constant, which is added, p may be 0; `added`,
    shape (n, q), q 1 or more; `clusters`, identifiers from 0: the difference's interval is then a bootstrap of clusters, each
    with its own fit; `chance`, coverage; `replicates`, 100 or more; `rng` (None: seed 0).
    Returns: `Adds`. The interval of `gained` is DeLong's, or the bootstrap's; none below 10 clusters (`few_clusters`).
    `few_events` warns below 10 of the rarer outcome per column.
    Raises: `EstimateRefused`: as `logistic`, and `no_added`.
    Source: DeLong et al. (1988), Biometrics 44:837; Hosmer and Lemeshow (1989). The test of nothing is the likelihood ratio, not
    DeLong's, which is blunt between nested models (Demler, Pencina and D'Agostino 2012, Stat. Med. 31:2577).
    When not to use: as a verdict on one student; both areas are of the students fitted, and fall a little on others.

    >>> rng = np.random.default_rng(2)
    >>> x, z = rng.normal(size=(2, 500))
    >>> y = (rng.random(500) < 1 / (1 + np.exp(-x - z))).astype(float)
    >>> found = adds_beyond(y, x[:, None], z[:, None])
    >>> found.p < 0.001 and found.gained.value > 0.03
    True
    """
    from scipy.special import chdtrc

    if added.shape[1] == 0:
        raise EstimateRefused("no_added", "There is no added column.")
    one = np.ones((len(outcome), 1))
    small = np.hstack([one, baseline])
    large = np.hstack([small, added])
    first, second = logistic(small, outcome), logistic(large, outcome)
    chi = max(0.0, 2 * (second.log_likelihood - first.log_likelihood))
    areas = [_areas(fit.scores, outcome) for fit in (first, second)]
    events = min(outcome.sum(), len(outcome) - outcome.sum())
    warned = ("few_events",) if events < EVENTS * (large.shape[1] - 1) else ()
    estimates = [_area(each, chance, clusters is not None) for each in areas]
    value = areas[1].value - areas[0].value
    n = len(outcome)
    if clusters is None:
        variance = areas[0].variance + areas[1].variance - 2 * covariance(areas[0], areas[1])
        gained = _between(value, variance, chance, n, warned)
    else:
        rng = np.random.default_rng(0) if rng is None else rng
        gained = _by_cluster(value, outcome, small, large, clusters, chance, replicates, rng, warned)
    freedom = added.shape[1]
    return Adds(first, second, chi, freedom, float(chdtrc(freedom, chi)), estimates[0], estimates[1], gained)


def _areas(scores: Floats, outcome: Floats) -> Area:
    one = outcome > 0
    return area(scores[one], scores[~one])


def _area(found: Area, chance: float, clustered: bool) -> Estimate:
    n = len(found.above) + len(found.under)
    if clustered or math.isnan(found.variance):
        reason = "interval_of_the_gain_only" if clustered else "one_student"
        return Estimate(found.value, None, "area under the curve", n, reasons=(reason,))
    half = normal_quantile(chance) * math.sqrt(found.variance)
    interval = max(0.0, found.value - half), min(1.0, found.value + half)
    return Estimate(found.value, interval, "area under the curve, DeLong", n)


def _between(value: float, variance: float, chance: float, n: int, warned: tuple[str, ...]) -> Estimate:
    method = "difference of areas, DeLong"
    if math.isnan(variance):
        return Estimate(value, None, method, n, reasons=(*warned, "one_student"))
    half = normal_quantile(chance) * math.sqrt(max(variance, 0.0))
    return Estimate(value, (value - half, value + half), method, n, reasons=warned)


def _by_cluster(
    value: float, outcome: Floats, small: Floats, large: Floats, clusters: NDArray[np.int64], chance: float,
    replicates: int, rng: np.random.Generator, warned: tuple[str, ...],
) -> Estimate:  # fmt: skip
    index = np.unique(clusters, return_inverse=True)[1]
    count, n = int(index.max()) + 1, len(outcome)
    method = f"difference of areas, bootstrap of {count} clusters"
    if count < LEAST_CLUSTERS:
        return Estimate(value, None, method, n, reasons=(*warned, "few_clusters"))
    rows = np.split(np.argsort(index, kind="stable"), np.cumsum(np.bincount(index))[:-1])
    draws = []
    for _ in range(replicates):
        chosen = np.concatenate([rows[at] for at in rng.integers(0, count, count)])
        y = outcome[chosen]
        try:
            fits = [logistic(columns[chosen], y) for columns in (small, large)]
        except EstimateRefused:
            continue
        draws.append(_areas(fits[1].scores, y).value - _areas(fits[0].scores, y).value)
    if len(draws) < 0.9 * replicates:
        return Estimate(value, None, method, n, reasons=(*warned, "unstable"))
    return Estimate(value, percentile_interval(np.array(draws), chance), method, n, reasons=warned)
