"""How sure a level is: standard error, interval, the chance that the true level reaches the cut, and its
word."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.judgment import Interval
from headway.science.ledger import Segments
from headway.science.proficiency.bulk import evaluate
from headway.science.proficiency.parameters import Argument, Parameters
from headway.science.proficiency.registry import Rule

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Components:
    """Spread of one rating by its source, as standard deviations in levels. `source` says where the figures
    are from."""

    task: float = 0.40
    rater: float = 0.25
    remainder: float = 0.35
    source: str = "assumed"

    @property
    def single(self) -> float:
        """The standard error of one piece, one task, one rater."""
        return math.sqrt(self.task**2 + self.rater**2 + self.remainder**2)


def standard_errors(
    segments: Segments,
    weights: NDArray[np.float64],
    tasks: NDArray[np.int64],
    raters: NDArray[np.int64],
    components: Components,
) -> NDArray[np.float64]:
    """Compute the standard error of a weighted mean of pieces, per segment.

    Assumes weights that do not depend on the levels and sum to 1. Pieces of one task share the task's error
    and pieces of one rater the rater's; what was not noted counts as one and the same, which can only widen
    the answer.

    Parameters: `weights`, `tasks`, `raters`, one per piece, identifiers -1 where not noted.
    Returns: float64 per segment, in levels; nan for an empty segment.
    Source: SE² = task² Σ_tasks(Σw)² + rater² Σ_raters(Σw)² + remainder² Σw² (generalizability theory, Brennan
    2001, for a p x (t, r) design); never the spread of the student's own few ratings, by which 3, 3, 3 would
    be certain.
    When not to use: for rules that choose by level (highest, mode, best-n …); see `simulated_errors`.

    >>> import numpy as np
    >>> three, w = Segments.of([3.0, 3.0, 3.0]), np.full(3, 1 / 3)
    >>> errors = standard_errors(three, w, np.arange(3), np.zeros(3, int), Components())
    >>> round(float(errors[0]), 4)
    0.3958
    """
    index = segments.index()
    own = np.bincount(index, weights**2, segments.count)
    total = (
        components.task**2 * _shared(index, weights, tasks, segments.count)
        + components.rater**2 * _shared(index, weights, raters, segments.count)
        + components.remainder**2 * own
    )
    return np.where(segments.sizes > 0, np.sqrt(total), np.nan)


def _shared(
    index: NDArray[np.int64], weights: NDArray[np.float64], which: NDArray[np.int64], count: int
) -> NDArray[Any]:
    """Return the sum over groups of the squared sum of weights, per segment."""
    if len(index) == 0:
        return np.zeros(count)
    order = np.lexsort((which, index))
    at, what, weight = index[order], which[order], weights[order]
    new = np.ones(len(at), np.bool_)
    new[1:] = (at[1:] != at[:-1]) | (what[1:] != what[:-1])
    first = np.flatnonzero(new)
    sums = np.add.reduceat(weight, first)
    return np.bincount(at[first], sums**2, count)


def simulated_errors(
    rule: Rule,
    segments: Segments,
    chosen: Parameters,
    tasks: NDArray[np.int64],
    raters: NDArray[np.int64],
    components: Components,
    rng: np.random.Generator,
    *,
    replicates: int = 200,
    arguments: tuple[Argument, ...] | None = None,
) -> NDArray[np.float64]:
    """Compute the standard error of a rule that chooses by level, per segment, by rating again with fresh
    errors.

    Assumes errors of task, rater and remainder around the levels seen, each normal. Unnoted identifiers are
    one.

    Parameters: as `standard_errors`; `rng`, the only source of chance; `replicates`, 50 or more.
    Returns: float64 per segment, in levels; nan where fewer than half of the replicates give a value.
    Source: parametric bootstrap (Efron & Tibshirani 1993, chapter 6).
    When not to use: in bulk over a district: it costs `replicates` evaluations.
    """
    index = segments.index()
    task_of = _dense(index, tasks)
    rater_of = _dense(index, raters)
    values = np.empty((replicates, segments.count))
    levels = segments.levels.astype(np.float64)
    for k in range(replicates):
        noise = rng.normal(0, components.remainder, len(levels))
        if len(levels):
            noise += rng.normal(0, components.task, int(task_of.max()) + 1)[task_of]
            noise += rng.normal(0, components.rater, int(rater_of.max()) + 1)[rater_of]
        drawn = Segments(np.maximum(levels + noise, 1e-3), segments.offsets, segments.columns)
        values[k] = evaluate(rule, drawn, chosen, arguments=arguments)
    known = (~np.isnan(values)).sum(axis=0)
    mean = np.nansum(values, axis=0) / np.maximum(known, 1)
    spread = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / np.maximum(known - 1, 1))
    return np.where(known * 2 > replicates, spread, np.nan)


def _dense(index: NDArray[np.int64], which: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(np.stack((index, which)), axis=1, return_inverse=True)[1].reshape(-1)


def share_at_or_above(value: float, error: float, cut: float, lowest: float, highest: float) -> float:
    """Return P(true level >= cut) with a flat prior on [lowest - 0.5, highest + 0.5].

    >>> round(share_at_or_above(3.0, 0.4, 3.0, 1, 4), 2)
    0.5
    """
    low, high = lowest - 0.5, highest + 0.5
    if error <= 0:
        return float(value >= cut)
    whole = _NORMAL.cdf((high - value) / error) - _NORMAL.cdf((low - value) / error)
    if whole <= 0:
        return float(value >= cut)
    above = _NORMAL.cdf((high - value) / error) - _NORMAL.cdf((min(max(cut, low), high) - value) / error)
    return min(1.0, max(0.0, above / whole))


def band(
    value: float,
    error: float,
    lowest: float,
    highest: float,
    *,
    chance: float = 0.80,
    source: str = "assumed",
) -> Interval:
    """Return the central interval of the true level under the same flat prior.

    >>> band(3.0, 0.4, 1, 4).low < 3.0 < band(3.0, 0.4, 1, 4).high
    True
    """
    low, high = lowest - 0.5, highest + 0.5
    if error <= 0:
        return Interval(value, value, chance, source)
    start, stop = _NORMAL.cdf((low - value) / error), _NORMAL.cdf((high - value) / error)
    tail = (1 - chance) / 2
    ends = []
    for part in (tail, 1 - tail):
        at = start + part * (stop - start)
        ends.append(value + error * _NORMAL.inv_cdf(min(max(at, 1e-12), 1 - 1e-12)))
    return Interval(min(max(ends[0], low), high), min(max(ends[1], low), high), chance, source)


def certainty(share: float) -> str:
    """Return the word for families: sure, fairly_sure or between; as sure that the cut is not reached as that
    it is.

    >>> certainty(0.93), certainty(0.75), certainty(0.5), certainty(0.05)
    ('sure', 'fairly_sure', 'between', 'sure')
    """
    most = max(share, 1 - share)
    return "sure" if most >= 0.90 else "fairly_sure" if most >= 0.70 else "between"
