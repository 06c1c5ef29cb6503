"""What the fitted model says about each rating, and from it fit, agreement and averages of each element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headway.science.facets import kernels
from headway.science.facets.estimates import Agreement, FacetSummary
from headway.science.facets.estimating import NODES, State, nodes_of
from headway.science.facets.extremes import chances
from headway.science.facets.layout import Categories, Layout
from headway.science.facets.ratings import Codes, Floats


@dataclass(frozen=True, slots=True)
class Described:
    """Per active rating: residual and variance in categories, squared and standardized residual, and their spreads; the
    expected and found agreements with the other raters of the work; per student the posterior mean and deviation."""

    residual: Floats
    variance: Floats
    squared: Floats
    standard: Floats
    kurtosis: Floats
    peaked: Floats
    agreed: Floats
    pairs: Floats
    hits: Floats
    mean: Floats
    deviation: Floats

    @property
    def own(self) -> Floats:
        """Return the information of each rating about its elements, what its student's measure shares taken out."""
        return np.asarray(self.variance - (self.squared - self.residual**2))


def describe(laid: Layout, state: State, *, marginal: bool, nodes: int = NODES) -> Described:
    """Describe every active rating at the estimates: over each student's posterior, or at the student's measure.

    Averages over the posterior have the right expectation: a measure drawn from it stands to the ratings as the true one does.
    """
    n = len(laid.x)
    columns = [np.zeros(n) for _ in range(9)]
    mean, deviation = np.zeros(len(laid.students)), np.zeros(len(laid.students))
    at, weights = nodes_of(nodes) if marginal else (np.zeros(1), np.zeros(1))
    spread = float(np.exp(state.small[laid.spread_at])) if marginal else 0.0
    kernels.describe_pass(
        laid.offsets, laid.x, laid.elements, laid.sets, laid.work, laid.set_start, laid.set_steps,
        np.exp(np.clip(state.small, -100, 100)), state.small, laid.big, state.big, laid.population,
        state.small[laid.population_at], spread, state.theta, state.width, at, weights, *columns, mean, deviation,
    )  # fmt: skip
    r, v, s, z, k, p, agreed, pairs, hits = columns
    return Described(r, v, s, z, k, p, agreed, pairs, hits, mean, deviation)


def warm(laid: Layout, state: State) -> tuple[Floats, Floats]:
    """Return Warm's weighted likelihood estimate of each student, and its standard error."""
    theta, error = state.theta.copy(), np.zeros(len(laid.students))
    kernels.warm_pass(
        laid.offsets, laid.x, laid.elements, laid.sets, laid.set_start, laid.set_steps,
        np.exp(np.clip(state.small, -100, 100)), state.small, laid.big, state.big, theta, error,
    )  # fmt: skip
    return theta, error


def mean_squares(codes: Codes, n: int, found: Described) -> tuple[Floats, Floats, Floats, Floats]:
    """Return infit, its z, outfit and its z for each element, nan where it has no active rating.

    Source: Wright & Masters, Rating Scale Analysis (1982), pages 100 to 101; Wilson-Hilferty for the z.
    """
    count, total = np.bincount(codes, minlength=n), np.bincount(codes, found.variance, n)
    with np.errstate(all="ignore"):
        infit = np.bincount(codes, found.squared, n) / total
        outfit = np.bincount(codes, found.standard, n) / count
        spread_in = np.sqrt(np.bincount(codes, found.peaked, n)) / total
        spread_out = np.sqrt(np.bincount(codes, found.kurtosis, n)) / count
        z = [
            (np.cbrt(square) - 1) * 3 / spread + spread / 3
            for square, spread in ((infit, spread_in), (outfit, spread_out))
        ]
    return infit, z[0], outfit, z[1]


def agreement(found: Described) -> Agreement | None:
    """Return observed and expected exact agreement over all pairs of raters on one work, None where no work had two."""
    pairs = float(found.pairs.sum()) / 2
    if pairs == 0:
        return None
    return Agreement(round(pairs), float(found.hits.sum()) / 2 / pairs, float(found.agreed.sum()) / 2 / pairs)


def average_at(eta: Floats, found: Categories, steps: Sequence[Floats], sets: Codes | None = None) -> Floats:
    """Return the expected rating, in its own units, at each logit: under its own set, or as the mean over all sets."""
    total, used = np.zeros(len(eta)), 0
    for one, levels in enumerate(found.levels):
        if len(levels) < 2:
            continue
        if sets is None:
            total += chances(eta, steps[one]) @ levels
            used += 1
        else:
            rows = np.flatnonzero(sets == one)
            total[rows] = chances(eta[rows], steps[one]) @ levels
    return total if sets is not None else total / max(1, used)


def summary(facet: str, measure: Floats, error: Floats) -> FacetSummary:
    """Return separation, reliability and the test of equality of one facet's elements.

    Source: Wright & Masters (1982), chapter 5; Linacre, A User's Guide to FACETS, "Reliability and chi-square" (the sample's
    figures, n - 1); fixed-effects chi-square after Hedges & Olkin (1985).
    """
    from scipy.stats import chi2

    known = np.isfinite(measure) & np.isfinite(error) & (error > 0)
    m, e = measure[known], error[known]
    n = len(m)
    if n < 2:
        mean, no = float(m.mean()) if n else np.nan, np.nan
        return FacetSummary(facet, n, mean, no, no, no, no, no, no, 0, no)
    observed, mistaken = float(m.var(ddof=1)), float((e**2).mean())
    true = max(0.0, observed - mistaken)
    separation = np.sqrt(true / mistaken)
    weight = 1 / e**2
    square = float(weight @ m**2 - (weight @ m) ** 2 / weight.sum())
    return FacetSummary(
        facet, n, float(m.mean()), float(np.sqrt(observed)), float(np.sqrt(mistaken)), float(separation),
        float((4 * separation + 1) / 3), true / observed if observed > 0 else 0.0, square, n - 1, float(chi2.sf(square, n - 1)),
    )  # fmt: skip


def mean_ease(ease: Mapping[str, Floats], known: Mapping[str, Floats]) -> dict[str, float]:
    """Return the mean easiness of each facet over its elements that have a finite measure."""
    return {
        name: float(values[known[name].astype(bool)].mean()) if known[name].any() else 0.0
        for name, values in ease.items()
    }
