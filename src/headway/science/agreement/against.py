"""How one reading of student work stands to another: a rater's to the anchors', to the peers', or that of all raters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science import sums
from headway.science.agreement.alpha import krippendorff_alpha
from headway.science.agreement.coefficients import PERCENT_MINIMUM, Agreement, percent_agreement
from headway.science.agreement.cohen import cohen_kappa
from headway.science.agreement.conger import conger_kappa
from headway.science.agreement.table import RatingTable
from headway.science.estimates import USUAL_MINIMUM, Estimate, EstimateRefused

VERSION = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """`exact` and `adjacent` (within one level) agreement with `chance` beside it, `kappa` (quadratic weights) and `alpha`
    (ordinal), each with interval and n or the reason why it is withheld; `pieces` and `scores` that were compared."""

    exact: Estimate
    adjacent: Estimate
    kappa: Estimate
    alpha: Estimate
    chance: float | None
    pieces: int
    scores: int


def against(
    mine: ArrayLike, theirs: ArrayLike, pieces: ArrayLike, criteria: ArrayLike, *, confidence: float = 0.95,
    clusters: ArrayLike | None = None,
) -> Reading:  # fmt: skip
    """Compare one rater's levels with another reading of the same work, pair by pair.

    Assumes that neither saw the other's. Levels of one piece are not independent of each other: pieces are drawn, whole.

    Parameters: `mine` and `theirs`, levels, one entry per pair (a score beside each of several peers' is several pairs);
    `pieces` and `criteria`, whole numbers per pair; `confidence`, coverage of the intervals, 0 to 1; `clusters`, whole
    numbers per pair, what is drawn where several pieces are one work (a work that several sessions scored); None: the pieces.
    Returns: `Reading`. Reasons for withholding: `under_10_pieces`, `under_30_scores` (different scores, whatever the pairs),
    `one_category`.
    Source: house definition 17; coefficients as `percent_agreement`, `cohen_kappa` and `krippendorff_alpha`. Where we differ:
    where all agree, or none, the interval is Clopper and Pearson's over pieces, not a point.
    When not to use: to rank raters.

    >>> mine = np.tile([1, 2, 3, 4], 10)
    >>> found = against(mine, np.where(np.arange(40) == 0, 2, mine), np.arange(40) // 4, np.arange(40) % 4)
    >>> found.exact.value, found.adjacent.value, found.pieces, found.scores
    (0.975, 1.0, 10, 40)
    """
    one, other = np.asarray(mine, np.float64), np.asarray(theirs, np.float64)
    which, line = np.asarray(pieces, np.int64), np.asarray(criteria, np.int64)
    rated = np.column_stack([one, other]) if len(one) else np.empty((0, 2))
    scores = len(np.unique(np.column_stack([which, line]), axis=0)) if len(one) else 0
    drawn = which if clusters is None else np.asarray(clusters, np.int64)
    return _reading(
        RatingTable.of_matrix(rated, clusters=drawn), len(np.unique(drawn)), scores, confidence,
        lambda data: cohen_kappa(data, weights="quadratic", confidence=confidence),
    )  # fmt: skip


def among(
    raters: ArrayLike, levels: ArrayLike, pieces: ArrayLike, criteria: ArrayLike, *, confidence: float = 0.95,
    clusters: ArrayLike | None = None,
) -> Reading:  # fmt: skip
    """Say how all raters of some work agree with each other; kappa is Conger's, of any number of named raters.

    Assumes and returns as `against`, of all pairs of raters who scored the same; a score that one rater alone gave says
    nothing. Parameters: one entry per score: `raters`, `pieces`, `criteria` as whole numbers, `levels`; `clusters` as `against`.
    Source: house definition 17.
    When not to use: to rank raters or schools.

    >>> at = np.arange(80)
    >>> found = among(at // 40, np.tile([1, 2, 3, 4], 20), at % 40 // 4, at % 4)
    >>> found.exact.value, found.kappa.value, found.scores
    (1.0, 1.0, 40)
    """
    who, given = np.asarray(raters, np.int64), np.asarray(levels, np.float64)
    which, line = np.asarray(pieces, np.int64), np.asarray(criteria, np.int64)
    if not len(who):
        return _reading(RatingTable.of_matrix(np.empty((0, 2))), 0, 0, confidence, conger_kappa)
    pairs, first, unit, n = np.unique(
        np.column_stack([which, line]), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    drawn = (which if clusters is None else np.asarray(clusters, np.int64))[first][n >= 2]
    kept = (n >= 2)[unit.reshape(-1)]
    places = np.cumsum(n >= 2) - 1
    pairs = pairs[n >= 2]
    data = RatingTable.of_rows(
        places[unit.reshape(-1)][kept], np.unique(who[kept], return_inverse=True)[1].reshape(-1), given[kept],
        n_units=len(pairs), clusters=drawn,
    )  # fmt: skip
    return _reading(
        data, len(np.unique(drawn)), len(pairs), confidence,
        lambda one: conger_kappa(one, weights="quadratic", confidence=confidence),
    )  # fmt: skip


def _reading(
    data: RatingTable, pieces: int, scores: int, confidence: float, kappa: Callable[[RatingTable], Agreement]
) -> Reading:
    if pieces < PERCENT_MINIMUM:
        exact, near, third, fourth = (_withheld(name, pieces, "under_10_pieces") for name in _NAMES)
        return Reading(exact, near, third, fourth, None, pieces, scores)
    found = percent_agreement(data, confidence=confidence)
    exact, near = (
        Estimate(
            value, _certain(value, interval, pieces, confidence), name, scores, 0, found.reasons, confidence=confidence
        )
        for name, value, interval in (
            (_NAMES[0], found.value, found.interval), (_NAMES[1], found.within_one, found.within_one_interval),
        )
    )  # fmt: skip
    if scores < USUAL_MINIMUM:
        third, fourth = (_withheld(name, scores, "under_30_scores") for name in _NAMES[2:])
    else:
        third = _told(_NAMES[2], scores, lambda: kappa(data))
        fourth = _told(
            _NAMES[3], scores, lambda: krippendorff_alpha(data, level="ordinal", confidence=confidence)
        )
    return Reading(exact, near, third, fourth, found.chance, pieces, scores)


def _certain(
    value: float | None, interval: tuple[float, float] | None, pieces: int, confidence: float
) -> tuple[float, float] | None:
    """Return the interval; where all or none agree, and nothing varies, the exact one of so many pieces."""
    return sums.exact(value * pieces, pieces, confidence) if value in (0.0, 1.0) else interval


_NAMES = (
    "percent agreement",
    "agreement within one level",
    "kappa, quadratic weights",
    "Krippendorff's alpha, ordinal",
)


def _withheld(method: str, n: int, reason: str) -> Estimate:
    return Estimate(None, None, method, n, reasons=(reason,))


def _told(method: str, n: int, ask: Callable[[], Agreement]) -> Estimate:
    try:
        found = ask()
    except EstimateRefused as refused:
        return _withheld(method, n, refused.code)
    return Estimate(
        found.value, found.interval, method, n, found.excluded, found.reasons, confidence=found.confidence
    )


def leaning(mine: ArrayLike, theirs: ArrayLike, pieces: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """Return by how many levels one reading lies above another, on average of pieces.

    Assumes pieces independent of each other, each counted once with the mean of its differences.

    Parameters: as `against`.
    Returns: `Estimate` in levels, positive where `mine` is higher; Student's interval over pieces; below 10 pieces withheld
    (`under_10_pieces`).
    Source: house definition 17 for the least number; `headway.science.sums.mean`.
    When not to use: as a rater's severity, which needs the many-facet model where raters score different work.

    >>> found = leaning([2, 3] * 10, [2, 2] * 10, np.arange(20) // 2)
    >>> found.value, found.n
    (0.5, 10)
    """
    known, means = _by_piece(np.asarray(mine, np.float64) - np.asarray(theirs, np.float64), pieces)
    if len(known) < PERCENT_MINIMUM:
        return _withheld("mean difference over pieces", len(known), "under_10_pieces")
    found = sums.mean(n=len(known), total=float(means.sum()), squares=float(means @ means), chance=confidence)
    return Estimate(
        found.value, found.interval, "mean difference over pieces, Student's interval", len(known), 0, found.reasons,
        confidence=confidence,
    )  # fmt: skip


def farthest(
    mine: ArrayLike, theirs: ArrayLike, pieces: ArrayLike, *, most: int = 3
) -> tuple[tuple[int, float], ...]:
    """Return the pieces on which two readings lie farthest apart, as (piece, mean distance in levels), farthest first.

    Pieces without a difference are never among them; ties go by the piece's number. Parameters: as `against`.

    >>> farthest([1, 4, 3], [3, 3, 3], [5, 6, 7])
    ((5, 2.0), (6, 1.0))
    """
    distance = np.abs(np.asarray(mine, np.float64) - np.asarray(theirs, np.float64))
    known, means = _by_piece(distance, pieces)
    order = np.lexsort((known, -means))[:most]
    return tuple((int(known[at]), float(means[at])) for at in order.tolist() if means[at] > 0)


def confusion(mine: ArrayLike, theirs: ArrayLike, levels: ArrayLike) -> NDArray[np.int64]:
    """Return how often each level of `mine` (rows) met each level of `theirs` (columns), in the order of `levels`.

    >>> confusion([1, 2, 2], [1, 1, 2], [1, 2]).tolist()
    [[1, 0], [1, 1]]
    """
    scale = np.asarray(levels, np.float64)
    one = np.searchsorted(scale, np.asarray(mine, np.float64))
    other = np.searchsorted(scale, np.asarray(theirs, np.float64))
    return np.bincount(one * len(scale) + other, minlength=len(scale) ** 2).reshape(len(scale), len(scale))


def _by_piece(
    values: NDArray[np.float64], pieces: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    known, of = np.unique(np.asarray(pieces, np.int64), return_inverse=True)
    at = of.reshape(-1)
    return known, np.bincount(at, values, len(known)) / np.maximum(1, np.bincount(at, minlength=len(known)))
