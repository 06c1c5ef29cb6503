"""From ratings to pieces of evidence: which ratings count, which stand for one piece, and why the others do
not.

Rules count pieces, never ratings: the newest attempt stands for its piece, several raters of one attempt
combine by policy, and pieces are ordered by a date, never by the order in which they were entered.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import REASON_OF_PURPOSE, Kind, Override, Purpose, Reason, Status
from headway.science.ledger import Ratings, Segments

COUNTED_KINDS = (Kind.TEACHER, Kind.PANEL, Kind.MODERATED)
"""Who counts unless a policy says otherwise."""

_OF_PURPOSE = np.array([REASON_OF_PURPOSE[one] for one in Purpose], np.int8)
_NOT_COUNTED = {Kind.SELF: Reason.SELF_RATING, Kind.PEER: Reason.PEER_RATING}


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of evidence, sorted by segment and oldest first.

    `segments`: levels and offsets. `row`: the rating that stands for each piece. Per rating: `reason` (a
    `Reason`), `position` (its piece, -1 where it does not count) and `part` (its share of that piece).
    `current`: per segment the continuum level at which pieces were counted, 0 none.
    """

    ratings: Ratings
    segments: Segments
    row: NDArray[np.int64]
    reason: NDArray[np.int8]
    position: NDArray[np.int64]
    part: NDArray[np.float64]
    current: NDArray[np.int16]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many pieces each segment has."""
        return self.segments.sizes


def pieces(
    ratings: Ratings,
    *,
    order: str = "observed",
    same_attempt: str = "mean",
    counted_kinds: Collection[int] = COUNTED_KINDS,
    by_continuum_level: bool = False,
    missed_level: float | None = None,
    window_days: int = 0,
    today: int | NDArray[np.int64] | None = None,
) -> Pieces:
    """Sort out which ratings count, combine those of one attempt, and order the pieces by date.

    Assumes that the ratings were cut at the day asked about. A tie in the policy's date breaks by
    `submitted`, then by client key in byte order.

    Parameters: `order`, observed | submitted | due | recorded; `same_attempt`, mean | lead (the first
    recorded teacher) | moderated (two or more raters wait for a moderated rating); a moderated rating wins
    under each; `counted_kinds`, codes of `Kind`; `by_continuum_level`, only pieces at the highest level on
    the continuum with any evidence count; `missed_level`, what a missed chance counts as (None: nothing);
    `window_days`, only the last so many instructed days up to `today` (an instructed day, or one for each segment; None:
    the newest rating's) count, 0 = all.
    Returns: `Pieces`.
    Source: house rules P2 and P15; Building 21 / Slate for levels on a continuum.

    >>> two = Ratings.of(level=[2, 3], piece=[7, 7], attempt=[1, 2])
    >>> pieces(two).segments.levels.tolist()
    [3.0]
    """
    rows = len(ratings)
    levels = ratings.level
    reason = _OF_PURPOSE[ratings.purpose]
    missed = ratings.status == Status.MISSED
    silent = ratings.status != Status.RATED
    if missed_level is not None:
        levels = np.where(missed, missed_level, levels)
        silent &= ~missed
    reason = np.where(silent, ratings.status, reason)
    acts = ratings.override != Override.NONE
    if acts.any():
        reason = np.where(acts, ratings.override + (Reason.COMPLETES - 1), reason).astype(np.int8)
    for kind in Kind:
        if kind not in counted_kinds:
            reason[(reason == 0) & (ratings.kind == kind)] = _NOT_COUNTED.get(kind, Reason.KIND_NOT_COUNTED)
    reason[(reason == 0) & np.isnan(levels)] = Reason.NO_LEVEL
    current = np.zeros(ratings.count, np.int16)
    if by_continuum_level:
        current = _current(ratings)
        reason[(reason == 0) & (ratings.continuum_level != current[ratings.segment])] = Reason.OTHER_LEVEL
    if window_days > 0 and rows:
        end = np.asarray(ratings.instructed.max() if today is None else today, np.int64)
        last = np.broadcast_to(end, (ratings.count,))[ratings.segment]
        reason[(reason == 0) & (ratings.instructed <= last - window_days)] = Reason.OUTSIDE_WINDOW
    when = getattr(ratings, order)
    rank = ratings.ranks()
    group, kept = _attempts(ratings, np.flatnonzero(reason == 0), reason, when, rank, same_attempt)
    return _ordered(ratings, levels, reason, when, rank, group, kept, current)


def _current(ratings: Ratings) -> NDArray[np.int16]:
    current = np.zeros(ratings.count, np.int16)
    told = ratings.purpose == Purpose.EVIDENCE
    np.maximum.at(current, ratings.segment[told], ratings.continuum_level[told])
    return current


def _attempts(
    ratings: Ratings,
    live: NDArray[Any],
    reason: NDArray[np.int8],
    when: NDArray[np.int64],
    rank: NDArray[np.int64],
    same_attempt: str,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Keep the newest attempt of each piece and combine its raters; return (piece of each kept row, kept
    rows)."""
    segment, piece = ratings.segment[live], ratings.piece[live]
    by_piece = np.lexsort(
        (rank[live], ratings.submitted[live], when[live], ratings.attempt[live], piece, segment)
    )
    live = live[by_piece]
    segment, piece = segment[by_piece], piece[by_piece]
    starts = np.ones(len(live), np.bool_)
    starts[1:] = (segment[1:] != segment[:-1]) | (piece[1:] != piece[:-1])
    group = np.cumsum(starts) - 1
    if len(live) == 0 or group[-1] + 1 == len(live):
        return group, live
    first = np.flatnonzero(starts)
    attempt = ratings.attempt[live]
    newest = np.maximum.reduceat(attempt, first)[group] == attempt
    reason[live[~newest]] = Reason.OLDER_ATTEMPT
    live, group = live[newest], group[newest]
    chosen = _raters(ratings, live, group, reason, rank, same_attempt)
    return group[chosen], live[chosen]


def _raters(
    ratings: Ratings,
    live: NDArray[Any],
    group: NDArray[Any],
    reason: NDArray[np.int8],
    rank: NDArray[np.int64],
    same_attempt: str,
) -> NDArray[np.bool_]:
    """Mark the rows that stand for their attempt: rows are sorted by attempt and date."""
    chosen = np.ones(len(live), np.bool_)
    several = np.bincount(group)[group] > 1
    if not several.any():
        return chosen
    moderated = ratings.kind[live] == Kind.MODERATED
    any_moderated = np.zeros(int(group[-1]) + 1, np.bool_)
    any_moderated[group[moderated]] = True
    settled = several & any_moderated[group]
    if settled.any():
        last = np.full(len(any_moderated), -1, np.int64)
        last[group[moderated]] = np.flatnonzero(moderated)
        out = settled & (np.arange(len(live)) != last[group])
        reason[live[out]] = Reason.REPLACED_BY_MODERATED
        chosen &= ~out
    open_rows = several & ~any_moderated[group]
    if same_attempt == "moderated":
        reason[live[open_rows]] = Reason.AWAITS_MODERATION
        chosen &= ~open_rows
    elif same_attempt == "lead" and open_rows.any():
        at = np.flatnonzero(open_rows)
        who = live[at]
        first = np.lexsort(
            (
                rank[who],
                ratings.submitted[who],
                ratings.recorded[who],
                ratings.kind[who] != Kind.TEACHER,
                group[at],
            )
        )
        lead = np.ones(len(at), np.bool_)
        lead[1:] = group[at][first][1:] != group[at][first][:-1]
        out_rows = at[first[~lead]]
        reason[live[out_rows]] = Reason.NOT_LEAD
        chosen[out_rows] = False
    return chosen


def _ordered(
    ratings: Ratings,
    levels: NDArray[np.float64],
    reason: NDArray[np.int8],
    when: NDArray[np.int64],
    rank: NDArray[np.int64],
    group: NDArray[Any],
    kept: NDArray[Any],
    current: NDArray[np.int16],
) -> Pieces:
    """Return the pieces oldest first; the newest rating of an attempt stands for its piece's date, task and
    depth."""
    rows = len(ratings)
    if len(kept) and len(kept) == group[-1] + 1 and (np.diff(group) > 0).all():
        stands, value, size = kept, levels[kept], np.ones(len(kept))
        member = np.arange(len(kept))
    else:
        starts = np.ones(len(kept), np.bool_)
        starts[1:] = group[1:] != group[:-1]
        first = np.flatnonzero(starts)
        member = np.cumsum(starts) - 1
        size = np.diff(np.append(first, len(kept))).astype(np.float64)
        stands = kept[np.append(first[1:], len(kept)) - 1] if len(first) else kept
        value = np.add.reduceat(levels[kept], first) / size if len(first) else levels[kept]
    by_date = np.lexsort((rank[stands], ratings.submitted[stands], when[stands], ratings.segment[stands]))
    stands, value = stands[by_date], value[by_date]
    place = np.empty(len(by_date), np.int64)
    place[by_date] = np.arange(len(by_date))
    position = np.full(rows, -1, np.int64)
    position[kept] = place[member]
    part = np.zeros(rows)
    part[kept] = (1.0 / size)[member]
    offsets = np.zeros(ratings.count + 1, np.int64)
    np.cumsum(np.bincount(ratings.segment[stands], minlength=ratings.count), out=offsets[1:])
    segments = Segments(value, offsets, {"setting": ratings.setting[stands]})
    return Pieces(ratings, segments, stands, reason, position, part, current)
