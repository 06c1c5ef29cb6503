"""Growth: how far a student has moved from where he or she began. Zero is a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import Kind, Override, Purpose, Status
from headway.science.pieces import Pieces
from headway.science.proficiency.decisions import newest
from headway.science.rounding import TOLERANCE

LEAST_WEEKS = 12.0
WEEKS_A_YEAR = 36.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Levels gained since the baseline, per segment, and per instructed year; nan where unknown. `reason`
    says why.

    `baseline` in levels; `weeks` instructed between baseline and now; `standard_error` of the growth in
    levels.
    """

    value: NDArray[np.float64]
    per_year: NDArray[np.float64]
    baseline: NDArray[np.float64]
    weeks: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    reason: NDArray[np.str_]


def baselines(pieces: Pieces) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each segment's stored baseline (purpose `baseline`, the newest) and its rating row; nan and -1
    for none."""
    ratings = pieces.ratings
    told = (ratings.purpose == Purpose.BASELINE) & (ratings.status == Status.RATED)
    told &= (ratings.override == Override.NONE) & (ratings.kind != Kind.SELF) & (ratings.kind != Kind.PEER)
    value = np.full(pieces.segments.count, np.nan)
    row = np.full(pieces.segments.count, -1, np.int64)
    rows = np.flatnonzero(told)
    if len(rows):
        at, which = newest(ratings, rows)
        value[at], row[at] = ratings.level[which], which
    return value, row


def growth(
    pieces: Pieces,
    now: NDArray[np.float64],
    *,
    today: int | None = None,
    error_now: NDArray[np.float64] | None = None,
    error_baseline: float = 0.0,
    weeks_a_year: float = WEEKS_A_YEAR,
) -> Growth:
    """Compute level now minus baseline, and the same per instructed year.

    Assumes `now` on the baseline's own scale. Without a stored baseline the first piece is one.

    Parameters: `now`, determined values per segment; `today`, the instructed day asked about (None: of the
    newest piece); `error_now`, standard errors; `error_baseline`, of the baseline.
    Returns: `Growth`; reasons `one_state` (nothing to compare), `too_soon` (under 12 instructed weeks),
    `no_value`, or "".
    Source: house definition 7; SE² = SE²_now + SE²_baseline.
    When not to use: across areas without a linking study; a baseline that is the larger of an old baseline
    and an old level biases growth down.
    """
    count = pieces.segments.count
    base, base_row = baselines(pieces)
    sizes = pieces.counts
    first = pieces.segments.offsets[:-1]
    has = sizes > 0
    stored = base_row >= 0
    start_row = base_row.copy()
    start_row[has & ~stored] = pieces.row[first[has & ~stored]]
    base[has & ~stored] = pieces.segments.levels[first[has & ~stored]]
    last_row = np.full(count, -1, np.int64)
    last_row[has] = pieces.row[pieces.segments.offsets[1:][has] - 1]
    two = has & (stored | (sizes >= 2))
    days = pieces.ratings.instructed.astype(np.float64)
    ends = (
        np.where(last_row >= 0, days[last_row] if len(days) else 0.0, np.nan)
        if today is None
        else np.full(count, today)
    )
    starts = np.where(start_row >= 0, days[start_row] if len(days) else 0.0, np.nan)
    weeks = (ends - starts) / 5
    reason = np.where(
        ~two, "one_state", np.where(np.isnan(now), "no_value", np.where(weeks < LEAST_WEEKS, "too_soon", ""))
    )
    known = reason == ""
    value = np.where(known, now - base, np.nan)
    rate = np.full(count, np.nan)
    np.divide(value * weeks_a_year, weeks, out=rate, where=known & (weeks > 0))
    error = np.full(count, np.nan) if error_now is None else np.sqrt(error_now**2 + error_baseline**2)
    return Growth(value, rate, base, weeks, np.where(known, error, np.nan), reason)


def growth_from_stored_or_first(pieces: Pieces) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (growth, baseline) by Building 21's definition: latest piece minus stored baseline, else minus
    the first of two.

    Exactly zero is growth of zero, not missing.

    Source: Building 21 / Slate; its own code drops skills whose growth is 0, which overstates.
    """
    base, _ = baselines(pieces)
    sizes, offsets, levels = pieces.counts, pieces.segments.offsets, pieces.segments.levels
    has = sizes > 0
    latest = np.full(len(sizes), np.nan)
    latest[has] = levels[offsets[1:][has] - 1]
    from_first = np.isnan(base) & (sizes >= 2)
    base[from_first] = levels[offsets[:-1][from_first]]
    return latest - base, base


def parent_growth(
    values: NDArray[np.float64], parent: NDArray[np.int64], count: int, *, needs_share: float = 0.5
) -> NDArray[np.float64]:
    """Return the mean growth of each parent's children, known where at least `needs_share` of them have
    growth.

    Parameters: `values`, nan = unknown, 0 is known; `parent`, 0 to `count` - 1, -1 for none.
    Source: Building 21 / Slate: a competency's growth is the mean of its skills' if half of them have one.

    >>> parent_growth(np.array([0.0, 1.0, np.nan]), np.array([0, 0, 0]), 1).tolist()
    [0.5]
    """
    under = parent >= 0
    known = under & ~np.isnan(values)
    n = np.bincount(parent[known], minlength=count)
    of = np.bincount(parent[under], minlength=count)
    mean = np.full(count, np.nan)
    np.divide(np.bincount(parent[known], values[known], count), n, out=mean, where=n > 0)
    return np.where((n > 0) & (n >= needs_share * of - TOLERANCE), mean, np.nan)


def next_baseline(baseline: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the larger of old baseline and old performance level; nan only where both are unknown.

    Source: Building 21 / Slate. Marks growth down: a good day becomes the line that the next level must pass.
    """
    return np.fmax(baseline, level)
