"""Variance components of a design: by expected mean squares where it is balanced, by restricted likelihood where not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused
from headway.science.generalizability.design import Design, Effect

if TYPE_CHECKING:
    from headway.science.generalizability.decision import DStudy

VERSION = 1


@dataclass(frozen=True, slots=True)
class Component:
    """One source of variance, in squared units of the score.

    `estimate` as estimated, below 0 where chance made it so; `value` the same with what is below 0 set to 0; `share` of the
    sum of values. `interval` None where the estimate is not above 0. `df`, `mean_square` nan under restricted likelihood;
    `levels` how many of this effect occur.
    """

    name: str
    estimate: float
    value: float
    share: float
    standard_error: float
    interval: tuple[float, float] | None
    df: float
    mean_square: float
    levels: int


@dataclass(frozen=True, slots=True)
class GStudy:
    """Variance components of a design.

    `sizes` levels of each facet within what it is nested in, None where that differs. `solution` gives components from mean
    squares (balanced), `covariance` their sampling covariance (unbalanced); the other is None.
    """

    design: Design
    components: tuple[Component, ...]
    mean: float
    confidence: float
    method: str
    n: int
    sizes: Mapping[str, int | None]
    reasons: tuple[str, ...]
    solution: NDArray[np.float64] | None
    covariance: NDArray[np.float64] | None

    @property
    def balanced(self) -> bool:
        """Whether components come from mean squares, which needs a score in every cell."""
        return self.solution is not None

    @property
    def complete(self) -> bool:
        """Whether every cell of the design has its score."""
        return math.prod(size or 0 for size in self.sizes.values()) == self.n

    def component(self, name: str) -> Component:
        """Return the component of an effect. Raises `KeyError`."""
        return {each.name: each for each in self.components}[name]

    def d_study(self, **sizes: float) -> DStudy:
        """Return what the design would give with other numbers of levels; see `d_study`."""
        from headway.science.generalizability.decision import d_study

        return d_study(self, sizes)


def g_study(
    design: Design | str,
    facets: Mapping[str, ArrayLike],
    score: ArrayLike,
    *,
    confidence: float = 0.95,
    estimator: str = "auto",
) -> GStudy:
    """Estimate the variance components of a design with random facets.

    Assumes random sampling of the levels of every facet, one score per cell, and normal effects for the intervals.

    Parameters: `design`, such as "p x (r:t)"; `facets`, for each facet a label per score (a nested facet's labels may be
    used again under another level); `score` one per row, nan = missing, left out; `estimator`: mean-squares, reml, or auto,
    which takes mean squares where the design is balanced.
    Returns: `GStudy`. Reasons: `negative_component:NAME` where an estimate is below 0 and its value is 0,
    `zero_component:NAME` where the likelihood is largest at 0, `missing_scores`.
    Raises: `EstimateRefused`: `bad_design`, `unknown_facet`, `duplicate_cell`, `one_level`, `confounded` where data cannot tell
    two effects apart, `unbalanced` where mean squares are asked for, `no_scores`, `unknown_estimator`.
    Source: Brennan, Generalizability Theory (2001), sections 3.3, 3.4 and 7.2 (mean squares and their expectations), page
    181 (standard errors), 190 (Satterthwaite intervals); Patterson & Thompson, Biometrika 58 (1971).
    When not to use: with fixed facets, such as the only two genres there are; analyze each level by itself.

    >>> p, r = np.divmod(np.arange(12), 3)
    >>> found = g_study("p x r", {"p": p, "r": r}, [1, 2, 2, 2, 3, 4, 4, 4, 5, 3, 5, 4])
    >>> [(one.name, round(one.estimate, 4)) for one in found.components]
    [('p', 1.3333), ('r', 0.3611), ('pr', 0.3056)]
    """
    plan = Design.of(design) if isinstance(design, str) else design
    if estimator not in ("auto", "mean-squares", "reml"):
        raise EstimateRefused("unknown_estimator", "Estimators are auto, mean-squares and reml.", estimator)
    y = np.asarray(score, np.float64)
    known = np.isfinite(y)
    labels = _labels(plan, facets, known)
    y = y[known]
    if len(y) < 2:
        raise EstimateRefused("no_scores", "There are no scores.")
    reasons = [] if known.all() else ["missing_scores"]
    codes = {effect.name: _codes(effect, plan, labels) for effect in plan.effects}
    sizes = _sizes(plan, labels)
    levels = {name: int(code.max()) + 1 for name, code in codes.items()}
    if levels[plan.effects[-1].name] < len(y):
        raise EstimateRefused(
            "duplicate_cell", "A cell has two scores; name the facet that tells them apart."
        )
    _told_apart(plan, levels, sizes)
    full = all(size is not None for size in sizes.values())
    balanced = full and math.prod(size or 0 for size in sizes.values()) == len(y)
    if estimator == "mean-squares" and not balanced:
        raise EstimateRefused("unbalanced", "Mean squares need a balanced design; use reml.")
    if balanced and estimator != "reml":
        return _by_mean_squares(plan, codes, levels, y, sizes, confidence, reasons)
    from headway.science.generalizability.restricted import by_likelihood

    return by_likelihood(plan, codes, levels, y, sizes, confidence, reasons)


def _labels(
    plan: Design, facets: Mapping[str, ArrayLike], known: NDArray[np.bool_]
) -> dict[str, NDArray[np.int64]]:
    found = {}
    for name in plan.facets:
        if name not in facets:
            raise EstimateRefused("unknown_facet", f"The design names {name}; there is no such column.", name)
        column = np.asarray(facets[name])
        if column.shape != known.shape:
            raise EstimateRefused("unknown_facet", f"{name} needs one label per score.", name)
        found[name] = _dense(column[known])
    return found


def _dense(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return each label's place among the distinct ones; small whole numbers are counted, others sorted."""
    if len(labels) and labels.dtype.kind in "iub":
        low = int(labels.min())
        if int(labels.max()) - low < 4 * len(labels) + 1000:
            key = labels.astype(np.int64) - low
            there = np.bincount(key) > 0
            place = np.cumsum(there) - 1
            return key if there.all() else place[key]
    return np.unique(labels, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _combined(names: list[str], labels: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return one number for each combination of labels that occurs."""
    key = np.zeros(len(next(iter(labels.values()))), np.int64)
    for name in names:
        key = key * (int(labels[name].max()) + 1) + labels[name]
        key = _dense(key)
    return key


def _codes(effect: Effect, plan: Design, labels: Mapping[str, NDArray[np.int64]]) -> NDArray[np.int64]:
    return _combined([name for name in plan.facets if name in effect.indices], labels)


def _sizes(plan: Design, labels: Mapping[str, NDArray[np.int64]]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name in plan.facets:
        outer = _combined([other for other in plan.facets if other in plan.within[name]], labels)
        inner = _combined([name], {name: labels[name]})
        both = _dense(outer * (int(inner.max()) + 1) + inner)
        outside = np.zeros(int(both.max()) + 1, np.int64)
        outside[both] = outer
        counts = np.bincount(outside)
        found[name] = int(counts[0]) if (counts == counts[0]).all() else None
    return found


def _told_apart(plan: Design, levels: Mapping[str, int], sizes: Mapping[str, int | None]) -> None:
    for name, size in sizes.items():
        if size == 1:
            raise EstimateRefused(
                "one_level", f"{name} has one level only; leave it out of the design.", name
            )
    for effect in plan.effects[:-1]:
        for other in plan.effects:
            if effect.indices < other.indices and levels[effect.name] == levels[other.name]:
                message = f"{effect.name} and {other.name} cannot be told apart: each has {levels[effect.name]} levels."
                raise EstimateRefused("confounded", message, effect.name)


def _by_mean_squares(
    plan: Design,
    codes: Mapping[str, NDArray[np.int64]],
    levels: Mapping[str, int],
    y: NDArray[np.float64],
    sizes: Mapping[str, int | None],
    confidence: float,
    reasons: list[str],
) -> GStudy:
    n, effects = len(y), plan.effects
    mean = float(y.mean())
    df = np.array([_degrees(effect, sizes) for effect in effects])
    ms = _sums_of_squares(effects, codes, levels, y - mean) / df
    expected = np.array(
        [
            [n / levels[other.name] if effect.indices <= other.indices else 0.0 for other in effects]
            for effect in effects
        ]
    )
    solution = np.linalg.inv(expected)
    solution[np.abs(solution) < 1e-15] = 0
    estimates = solution @ ms
    errors = np.sqrt((solution**2) @ (2 * ms**2 / (df + 2)))
    spread = (solution**2) @ (ms**2 / df)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = np.where(spread > 0, estimates**2 / spread, np.inf)
    components = components_of(plan, estimates, errors, freedom, df, ms, levels, confidence)
    reasons += [f"negative_component:{each.name}" for each in components if each.estimate < 0]
    return GStudy(
        plan, components, mean, confidence, "expected mean squares; Satterthwaite intervals", n, dict(sizes),
        tuple(reasons), solution, None,
    )  # fmt: skip


def _degrees(effect: Effect, sizes: Mapping[str, int | None]) -> float:
    found = 1
    for name in effect.indices:
        size = sizes[name] or 0
        found *= size - 1 if name in effect.primary else size
    return float(found)


def _sums_of_squares(
    effects: tuple[Effect, ...],
    codes: Mapping[str, NDArray[np.int64]],
    levels: Mapping[str, int],
    centered: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Take each effect's means minus all effects that they contain, from the smallest on: nothing large cancels."""
    n, parts = len(centered), dict[str, NDArray[np.float64]]()
    found = []
    for effect in effects:
        name, count = effect.name, levels[effect.name]
        means: NDArray[np.float64] = np.bincount(codes[name], centered, count).astype(np.float64) * (
            count / n
        )
        shown = np.empty(count, np.int64)
        shown[codes[name]] = np.arange(n)
        for other in effects:
            if other.indices < effect.indices:
                means -= parts[other.name][codes[other.name][shown]]
        parts[name] = means
        found.append(float(means @ means) * n / count)
    return np.array(found)


def components_of(
    plan: Design,
    estimates: NDArray[np.float64],
    errors: NDArray[np.float64],
    freedom: NDArray[np.float64],
    df: NDArray[np.float64],
    ms: NDArray[np.float64],
    levels: Mapping[str, int],
    confidence: float,
) -> tuple[Component, ...]:
    """Return the components as records; `freedom` degrees of freedom of each estimate, `df` those of its mean square."""
    total = float(np.maximum(estimates, 0).sum())
    return tuple(
        Component(
            effect.name, float(estimate), max(0.0, float(estimate)),
            max(0.0, float(estimate)) / total if total > 0 else math.nan, float(error),
            satterthwaite(float(estimate), float(nu), confidence), float(degrees), float(square), levels[effect.name],
        )
        for effect, estimate, error, nu, degrees, square in zip(
            plan.effects, estimates, errors, freedom, df, ms, strict=True
        )
    )  # fmt: skip


def satterthwaite(estimate: float, freedom: float, confidence: float) -> tuple[float, float] | None:
    """Return the interval of a variance whose estimate is spread like chi-square on `freedom` degrees.

    Source: Satterthwaite, Biometrics Bulletin 2 (1946); Brennan (2001), page 190.

    >>> [round(end, 3) for end in satterthwaite(2.0, 10.0, 0.90)]
    [1.092, 5.076]
    """
    if estimate <= 0 or not math.isfinite(freedom) or freedom <= 0:
        return None
    from scipy.special import chdtri

    tail = (1 - confidence) / 2
    low, high = (float(chdtri(freedom, p)) for p in (tail, 1 - tail))
    if low <= 0:
        return None
    return freedom * estimate / low, freedom * estimate / high if high > 0 else math.inf
