"""What a design would give with other numbers of tasks and raters: coefficients, error variances, intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused
from headway.science.generalizability.components import GStudy

VERSION = 1
PERSONS = ("p", "person", "persons", "student", "students")


@dataclass(frozen=True, slots=True)
class DStudy:
    """Coefficients of a decision study, variances in squared units of the score.

    `generalizability` (Eρ²) for ranking, by the relative error; `dependability` (Φ) for a standard, by the absolute error;
    each with its interval, None where none can be given. `universe` variance of true scores. Standard errors of a score
    are the square roots of the error variances.
    """

    object: tuple[str, ...]
    sizes: Mapping[str, float]
    universe: float
    relative_error: float
    absolute_error: float
    generalizability: float
    dependability: float
    generalizability_interval: tuple[float, float] | None
    dependability_interval: tuple[float, float] | None
    confidence: float
    method: str
    n: int
    reasons: tuple[str, ...]


def d_study(
    study: GStudy,
    sizes: Mapping[str, float] | None = None,
    *,
    object_of: Sequence[str] | None = None,
    confidence: float = 0.95,
    replicates: int = 10_000,
    rng: np.random.Generator | None = None,
) -> DStudy:
    """Compute generalizability and dependability for given numbers of levels of each facet.

    Assumes the components of `study`, those below 0 taken as 0, and levels drawn at random from the same universe.

    Parameters: `sizes`, levels of each facet that is not the object of measurement (nested: per level of what it is nested
    in); those of a balanced study where not given; `object_of`, facets that are measured, else the one named p, person or
    student, else the first of the design. If it is nested and what it is nested in is not measured too, students are
    compared within. `rng`, for the interval of a balanced study; without it that has none.
    Returns: `DStudy`. Reasons: those of the study, `within:FACET`, `no_universe_variance`.
    Raises: `EstimateRefused`: `unknown_facet`, `sizes_needed` where an unbalanced study has no one number, `bad_size`.
    Source: Brennan (2001), sections 4.1 and 7.3: relative error sums every effect of the object with other facets,
    absolute error every effect with other facets, each over the numbers of those facets' levels. Interval when balanced:
    generalized pivots (Weerahandi, JASA 88, 1993), mean squares times degrees over chi-square, for p x r Feldt's exact
    one (1965); else delta method on the logit.
    When not to use: for numbers of levels far outside those of the study.

    >>> from headway.science.generalizability import g_study
    >>> p, r = np.divmod(np.arange(12), 3)
    >>> found = g_study("p x r", {"p": p, "r": r}, [1, 2, 2, 2, 3, 4, 4, 4, 5, 3, 5, 4]).d_study(r=6)
    >>> round(found.generalizability, 4), round(found.dependability, 4)
    (0.9632, 0.9231)
    """
    measured = _measured(study, object_of)
    around = frozenset[str]().union(*(study.design.within[name] for name in measured)) - measured
    numbers = _sizes(study, sizes or {}, measured | around)
    weights = _weights(study, measured, around, numbers)
    values = np.array([each.value for each in study.components])
    universe, relative, absolute = (float(row @ values) for row in weights)
    reasons = [*study.reasons, *(f"within:{name}" for name in sorted(around))]
    if universe <= 0:
        reasons.append("no_universe_variance")
    intervals, how = _intervals(study, weights, values, confidence, replicates, rng)
    return DStudy(
        tuple(sorted(measured)), numbers, universe, relative, absolute, _ratio(universe, relative),
        _ratio(universe, absolute), intervals[0], intervals[1], confidence,
        f"components by {study.method.split(';')[0]}; {how}", study.n, tuple(reasons),
    )  # fmt: skip


def _measured(study: GStudy, given: Sequence[str] | None) -> frozenset[str]:
    persons = [name for name in study.design.facets if name.casefold() in PERSONS]
    names = frozenset(given or [*persons, *study.design.facets][:1])
    unknown = names - set(study.design.facets)
    if unknown or names == set(study.design.facets):
        raise EstimateRefused(
            "unknown_facet", f"The object of measurement is a facet of the design: {sorted(names)}."
        )
    return names


def _sizes(study: GStudy, given: Mapping[str, float], kept: frozenset[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in given:
        if name not in study.design.facets or name in kept:
            raise EstimateRefused("unknown_facet", f"{name} is no facet whose number can be chosen.", name)
    for name in study.design.facets:
        if name in kept:
            continue
        size = given.get(name, study.sizes[name] if study.complete else None)
        if size is None:
            raise EstimateRefused("sizes_needed", f"The study is not balanced; say how many of {name}.", name)
        if not size > 0:
            raise EstimateRefused("bad_size", f"{name} needs a number above 0.", name)
        found[name] = float(size)
    return found


def _weights(
    study: GStudy, measured: frozenset[str], around: frozenset[str], numbers: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return for universe, relative and absolute error variance what each component counts."""
    found = np.zeros((3, len(study.components)))
    for at, effect in enumerate(study.design.effects):
        others = effect.indices - measured - around
        share = 1 / math.prod(numbers[name] for name in others)
        if not others:
            found[0, at] = float(bool(effect.indices & measured))
            continue
        found[1, at] = share if effect.indices & measured else 0.0
        found[2, at] = share
    return found


def _ratio(universe: float, error: float) -> float:
    return universe / (universe + error) if universe + error > 0 else math.nan


def _intervals(
    study: GStudy,
    weights: NDArray[np.float64],
    values: NDArray[np.float64],
    confidence: float,
    replicates: int,
    rng: np.random.Generator | None,
) -> tuple[list[tuple[float, float] | None], str]:
    if study.solution is not None:
        if rng is None:
            return [None, None], "no interval asked for"
        drawn = _pivots(study, replicates, rng) @ weights.T
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        found: list[tuple[float, float] | None] = []
        for error in (drawn[:, 1], drawn[:, 2]):
            low, high = np.quantile(drawn[:, 0] / np.maximum(drawn[:, 0] + error, 1e-300), tails)
            found.append((float(low), float(high)))
        return found, f"interval by {replicates} generalized pivots"
    covariance = study.covariance
    return [
        _by_delta(weights[0], error, values, covariance, confidence) for error in (weights[1], weights[2])
    ], "interval by the delta method on the logit"


def _pivots(study: GStudy, replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
    assert study.solution is not None
    ms = np.array([each.mean_square for each in study.components])
    df = np.array([each.df for each in study.components])
    squares = ms * df / rng.chisquare(df, (replicates, len(df)))
    found: NDArray[np.float64] = np.maximum(squares @ study.solution.T, 0)
    return found


def _by_delta(
    true: NDArray[np.float64],
    error: NDArray[np.float64],
    values: NDArray[np.float64],
    covariance: NDArray[np.float64] | None,
    confidence: float,
) -> tuple[float, float] | None:
    """The logit of universe / (universe + error) is the log of their ratio."""
    universe, noise = float(true @ values), float(error @ values)
    if covariance is None or universe <= 0 or noise <= 0:
        return None
    slope = true / universe - error / noise
    spread = float(slope @ covariance @ slope)
    if not spread >= 0:
        return None
    from scipy.special import expit, ndtri

    middle, half = math.log(universe / noise), float(ndtri((1 + confidence) / 2)) * math.sqrt(spread)
    return float(expit(middle - half)), float(expit(middle + half))
