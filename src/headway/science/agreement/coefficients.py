"""Percent agreement, Fleiss' kappa and Gwet's AC1 and AC2: any number of raters, missing ratings, weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.agreement.resampling import (
    Sample,
    Totals,
    bootstrap,
    percentiles,
    standard_error,
    t_interval,
)
from headway.science.agreement.table import Patterns, RatingTable, patterns, table
from headway.science.agreement.weights import Weights, weights_of
from headway.science.estimates import Estimate, EstimateRefused, enough

VERSION = 1
PERCENT_MINIMUM = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Estimate):
    """A coefficient of agreement, with what it is made of.

    `observed` weighted share of agreeing pairs and `chance` the share expected by chance: value is
    (observed - chance) / (1 - chance), and `observed` itself for percent agreement. `categories` with their
    `prevalence`, the share of all ratings; `n_raters`, `n_ratings`; `clusters` counted, 0 where units are independent.
    `n` units that count, `excluded` units that do not.
    """

    observed: float
    chance: float
    categories: tuple[Any, ...]
    prevalence: tuple[float, ...]
    n_raters: int
    n_ratings: int
    clusters: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreeing(Agreement):
    """Percent agreement in its usual three readings: `within_one` agreeing pairs that are at most `within` apart, nan for
    text; `all_agree` the share of units on which all ratings are the same."""

    within: float
    within_one: float
    within_one_interval: tuple[float, float] | None
    all_agree: float


@dataclass(frozen=True, slots=True)
class Options:
    """How the interval is made: by Gwet's variance, or with `replicates` by the bootstrap (clusters whole)."""

    confidence: float = 0.95
    replicates: int = 0
    rng: np.random.Generator | None = None
    minimum: int | None = None


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient on its way to a record: its value and parts, linearized values, and how it follows from totals (None
    where it does not)."""

    value: float
    observed: float
    chance: float
    sample: Sample
    linearized: NDArray[np.float64]
    totals: Totals | None


def percent_agreement(
    ratings: RatingTable | ArrayLike,
    *,
    weights: Weights = "identity",
    within: float = 1.0,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    replicates: int = 0,
    rng: np.random.Generator | None = None,
    minimum: int | None = None,
) -> Agreeing:
    """Compute the share of pairs of ratings of one unit that agree, averaged over units.

    Assumes that missing ratings are missing for reasons that have nothing to do with the rating.

    Parameters: `ratings`, a units × raters matrix (nan, None or empty = missing) or a `RatingTable`; `weights`, see
    `weights_of`; `within`, in rating units, what still counts as adjacent; `clusters`, one per unit, such as the student;
    `confidence` 0 to 1; `replicates` of the bootstrap, 0 for Gwet's variance; `rng`, needed with replicates; `minimum`
    units below which nothing is told (None: told with `under_minimum` below 10).
    Returns: `Agreeing`, shares from 0 to 1; `chance` is Fleiss' (squared prevalences). Reasons `under_minimum`,
    `units_with_one_rating`, `one_unit` (no interval), `few_clusters` (under 10), `replicates_undefined`.
    Raises: `EstimateRefused`: `no_pairs` where no unit has two ratings, `under_minimum`, `too_many_categories`.
    Source: Gwet (2014), equations 5.3.1 and 5.4.1: a unit with one rating counts in the variance and not in the value.
    When not to use: alone. With one frequent level raters agree by chance; read `chance` and `prevalence` beside it.

    >>> found = percent_agreement([[1, 1], [2, 2], [3, 2], [3, 3]])
    >>> found.value, found.within_one, round(found.chance, 3)
    (0.75, 1.0, 0.344)
    """
    data = table(ratings, clusters)
    chosen = Options(confidence, replicates, rng, minimum)
    unique, units = patterns(data)
    found = _percent(data, unique, units, weights_of(weights, data.values))
    base = record(data, found, chosen, "percent agreement", weights, least=0.0, usual=PERCENT_MINIMUM)
    if base.interval is None:
        base = replace(base, interval=_at_an_end(found, chosen))
    near, near_interval = math.nan, None
    if data.values.dtype.kind in "fiub":
        close = (np.abs(data.values[:, None] - data.values) <= within + 1e-9).astype(np.float64)
        adjacent = _percent(data, unique, units, close)
        near = adjacent.value
        near_interval = interval_of(adjacent, chosen, 0.0)[1] or _at_an_end(adjacent, chosen)
    same = unique.counts(len(data.values)).max(axis=1) == unique.sizes
    pairs = unique.sizes >= 2
    alike = float(unique.frequency @ (same & pairs) / (unique.frequency @ pairs))
    return Agreeing(
        **fields_of(base), within=within, within_one=near, within_one_interval=near_interval, all_agree=alike
    )


def fleiss_kappa(
    ratings: RatingTable | ArrayLike,
    *,
    weights: Weights = "identity",
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    replicates: int = 0,
    rng: np.random.Generator | None = None,
    minimum: int | None = None,
) -> Agreement:
    """Compute Fleiss' kappa, for raters that need not be the same from unit to unit.

    Assumes raters who are alike, so that all share one distribution of levels; missing ratings as
    `percent_agreement`.

    Parameters: as `percent_agreement`; the usual minimum is 30 units.
    Returns: `Agreement`, -1 to 1.
    Raises: `EstimateRefused`: `one_category` where all ratings are the same, else as `percent_agreement`.
    Source: Fleiss, Psychological Bulletin 76 (1971); missing ratings, weights and variance: Gwet (2014), sections 2.4,
    4.2 and 5.3.
    When not to use: with a rare level, which lowers it however well raters agree; see `gwet_ac`. Ordered levels need
    weights.

    >>> round(fleiss_kappa([[1, 1, 1], [1, 2, 2], [2, 2, 2], [3, 3, 3]]).value, 4)
    0.7447
    """
    data = table(ratings, clusters)
    w = weights_of(weights, data.values)

    def chance(share: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.einsum("bk,kl,bl->b", share, w, share, optimize=True)
        return found

    found = _chance_corrected(data, w, chance, lambda share: w @ share)
    chosen = Options(confidence, replicates, rng, minimum)
    return record(data, found, chosen, "Fleiss' kappa", weights)


def gwet_ac(
    ratings: RatingTable | ArrayLike,
    *,
    weights: Weights = "identity",
    categories: Sequence[Any] | None = None,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
    replicates: int = 0,
    rng: np.random.Generator | None = None,
    minimum: int | None = None,
) -> Agreement:
    """Compute Gwet's AC1, with other weights than identity AC2.

    Assumes that a rating is either certain or a guess that is even over the categories.

    Parameters: as `fleiss_kappa`; `categories`, all that raters could choose, where some were never chosen: their number
    enters the chance agreement.
    Returns: `Agreement`, -1 to 1.
    Raises: `EstimateRefused`: `one_category`, `unknown_category` for a rating outside `categories`, else as
    `percent_agreement`.
    Source: Gwet, British Journal of Mathematical and Statistical Psychology 61 (2008); Gwet (2014), equations 5.2.1
    and 5.3.4.
    When not to use: to compare studies with different numbers of categories.

    >>> round(gwet_ac([[1, 1, 1], [1, 2, 2], [2, 2, 2], [3, 3, 3]]).value, 4)
    0.7526
    """
    data = _among(table(ratings, clusters), categories)
    q = len(data.values)
    if q < 2:
        raise EstimateRefused(
            "one_category", "All ratings are the same; nothing else could have been chosen."
        )
    w = weights_of(weights, data.values)
    scale = float(w.sum()) / (q * (q - 1))

    def chance(share: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = scale * (share * (1 - share)).sum(axis=1)
        return found

    found = _chance_corrected(data, w, chance, lambda share: scale * (1 - share))
    plain = isinstance(weights, str) and weights == "identity"
    chosen = Options(confidence, replicates, rng, minimum)
    return record(data, found, chosen, "Gwet's AC1" if plain else "Gwet's AC2", weights)


def record(
    data: RatingTable,
    found: Coefficient,
    chosen: Options,
    name: str,
    weights: Weights,
    *,
    least: float = -1.0,
    usual: int = 30,
) -> Agreement:
    """Return a coefficient as a record, its interval made as chosen."""
    units = len(found.sample.of_unit)
    reasons = list(enough(units, chosen.minimum, usual))
    if (data.sizes == 1).any():
        reasons.append("units_with_one_rating")
    error, interval, more = interval_of(found, chosen, least)
    reasons += more
    clustered = found.sample.clusters is not None
    how = f"bootstrap of {chosen.replicates} replicates" if chosen.replicates else "Gwet's variance"
    over = "clusters" if clustered else "units"
    kind = weights if isinstance(weights, str) else "own"
    weighing = "" if kind == "distance" else f", {kind} weights"
    return Agreement(
        value=found.value, interval=interval, confidence=chosen.confidence, standard_error=error,
        method=f"{name}{weighing}; interval by {how} over {over}", n=units,
        excluded=data.n_units - units, reasons=tuple(reasons), observed=found.observed, chance=found.chance,
        categories=tuple(data.values.tolist()), prevalence=tuple(data.prevalence.tolist()),
        n_raters=data.n_raters, n_ratings=len(data.codes), clusters=found.sample.n if clustered else 0,
    )  # fmt: skip


def interval_of(
    found: Coefficient, chosen: Options, least: float
) -> tuple[float, tuple[float, float] | None, list[str]]:
    """Return standard error, interval and the reasons that go with them."""
    sample, reasons = found.sample, []
    if sample.n < 2:
        return math.nan, None, ["one_unit"]
    if sample.clusters is not None and sample.n < 10:
        reasons.append("few_clusters")
    if not chosen.replicates:
        error = standard_error(sample, found.linearized)
        if error == 0:
            return error, None, [*reasons, "no_spread"]
        return error, t_interval(found.value, error, sample.n, chosen.confidence, least), reasons
    if chosen.rng is None or found.totals is None:
        raise EstimateRefused("no_generator", "A bootstrap needs a random generator.")
    drawn = bootstrap(sample, found.totals, chosen.replicates, chosen.rng)
    interval, more = percentiles(drawn, chosen.confidence)
    known = drawn[np.isfinite(drawn)]
    if len(known) and (known == known[0]).all():
        # Where every unit says the same, no draw of units says how sure that is.
        return 0.0, None, [*reasons, *more, "no_spread"]
    return float(known.std(ddof=1)) if len(known) > 1 else math.nan, interval, [*reasons, *more]


def sample_of(
    data: RatingTable, unique: Patterns, units: NDArray[np.int64], terms: NDArray[np.float64]
) -> Sample:
    """Return what is sampled: the patterns with their terms, the units that show them, and the units' clusters."""
    clusters = data.clusters
    if clusters is not None:
        clusters = np.unique(clusters[units], return_inverse=True)[1].reshape(-1)
    return Sample(terms, unique.frequency, unique.of_unit, clusters)


def fields_of(base: Agreement) -> dict[str, Any]:
    """Return the fields of a record, for one that says more."""
    return {name: getattr(base, name) for name in base.__dataclass_fields__}


def pairs_agree(
    counts: NDArray[np.float64], sizes: NDArray[np.int64], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weighted share of agreeing pairs in each pattern, 0 where there is no pair."""
    agreeing = ((counts @ w) * counts).sum(axis=1) - sizes * 1.0
    found = np.zeros(len(sizes))
    np.divide(agreeing, sizes * (sizes - 1.0), out=found, where=sizes >= 2)
    return found


def _percent(
    data: RatingTable, unique: Patterns, units: NDArray[np.int64], w: NDArray[np.float64]
) -> Coefficient:
    sizes = unique.sizes
    counts = unique.counts(len(data.values))
    paired = (sizes >= 2).astype(np.float64)
    _some_pairs(paired)
    agree = pairs_agree(counts, sizes, w)
    share = unique.frequency @ (counts / sizes[:, None]) / len(units)
    value = float(unique.frequency @ agree / (unique.frequency @ paired))
    scale = len(units) / float(unique.frequency @ paired)
    sample = sample_of(data, unique, units, np.stack([paired, agree], axis=1))
    return Coefficient(value, value, float(share @ w @ share), sample, scale * agree, _ratio)


def _at_an_end(found: Coefficient, chosen: Options) -> tuple[float, float] | None:
    """Return the exact interval of a share of 0 or 1: how many units there are says how many could be otherwise unseen."""
    if found.sample.n < 2 or found.value not in (0.0, 1.0):
        return None
    from headway.science.sums import exact

    return exact(found.value * found.sample.n, found.sample.n, chosen.confidence)


def _ratio(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    found = np.full(len(totals), np.nan)
    np.divide(totals[:, 1], totals[:, 0], out=found, where=totals[:, 0] > 0)
    return found


def _chance_corrected(
    data: RatingTable,
    w: NDArray[np.float64],
    chance: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    slope: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Coefficient:
    """Return a coefficient whose chance agreement depends on the shares of categories, by a quadratic form.

    `slope` gives for shares what each category adds, so that shares @ slope is the chance agreement.
    """
    unique, units = patterns(data)
    sizes, n = unique.sizes, len(units)
    counts = unique.counts(len(data.values))
    paired = (sizes >= 2).astype(np.float64)
    _some_pairs(paired)
    agree = pairs_agree(counts, sizes, w)
    shares = counts / sizes[:, None]
    share = unique.frequency @ shares / n
    observed = float(unique.frequency @ agree / (unique.frequency @ paired))
    by_chance = float(chance(share[None])[0])
    if 1 - by_chance < 1e-12:
        raise EstimateRefused(
            "one_category", "All ratings are the same: agreement beyond chance is undefined."
        )
    value = (observed - by_chance) / (1 - by_chance)
    scale = n / float(unique.frequency @ paired)
    own = scale * (agree - by_chance) * paired / (1 - by_chance)
    expected = shares @ slope(share)
    linearized = own - 2 * (1 - value) * (expected - by_chance) / (1 - by_chance)

    def totals(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        seen, pe = _ratio(sums[:, :2]), chance(sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True))
        found = np.full(len(sums), np.nan)
        np.divide(seen - pe, 1 - pe, out=found, where=1 - pe > 1e-12)
        return found

    sample = sample_of(data, unique, units, np.column_stack([paired, agree, shares]))
    return Coefficient(value, observed, by_chance, sample, linearized, totals)


def _some_pairs(paired: NDArray[np.float64]) -> None:
    if not paired.any():
        raise EstimateRefused("no_pairs", "No unit has two ratings to compare.")


def _among(data: RatingTable, categories: Sequence[Any] | None) -> RatingTable:
    if categories is None:
        return data
    wanted = np.unique(np.asarray(categories))
    if data.values.dtype.kind in "fiub" and wanted.dtype.kind in "fiub":
        wanted = wanted.astype(np.float64)
    place = np.searchsorted(wanted, data.values)
    for value, at in zip(data.values.tolist(), place.tolist(), strict=True):
        if at >= len(wanted) or wanted[at] != value:
            raise EstimateRefused("unknown_category", f"{value} is none of the categories.", value)
    return RatingTable(wanted, place[data.codes], data.offsets, data.raters, data.clusters)
