"""What people decided beside the engine: a decision stands until reverted, a status where nothing was
rated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import STATE_OF_STATUS, Override, Purpose, State, Status
from headway.science.ledger import Ratings
from headway.science.pieces import Pieces

_STATE = np.array([STATE_OF_STATUS.get(each, State.NO_EVIDENCE) for each in Status], np.int8)


@dataclass(frozen=True, slots=True)
class Decisions:
    """Per segment: whether a decision stands, its level, and how many pieces are newer."""

    decided: NDArray[np.bool_]
    level: NDArray[np.float64]
    since: NDArray[np.int64]


def newest(
    ratings: Ratings, rows: NDArray[Any], *, then: NDArray[Any] | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (segments, their newest row) among `rows`: by observed date, `then`, submission, key; never by
    entry."""
    rank = ratings.ranks()
    keys = [rank[rows], ratings.submitted[rows], ratings.observed[rows], ratings.segment[rows]]
    if then is not None:
        keys.insert(1, then[rows])
    rows = rows[np.lexsort(keys)]
    segment = ratings.segment[rows]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = segment[1:] != segment[:-1]
    return segment[last], rows[last]


def decisions(pieces: Pieces) -> Decisions:
    """Find the decision that stands in each segment.

    The newest of `decides` and `reverts` by observed date holds; of the same instant the reversal, which
    cannot come before what it takes back. A reversal that ends an individual goal takes no decision back, and
    while a goal stands no decision does.
    """
    ratings, count = pieces.ratings, pieces.segments.count
    decided = np.zeros(count, np.bool_)
    level = np.full(count, np.nan)
    since = np.zeros(count, np.int64)
    rows = np.flatnonzero(ratings.override >= Override.DECIDES)
    if len(rows) == 0:
        return Decisions(decided, level, since)
    goal, ending = goals(ratings)
    at, row = newest(ratings, rows[~np.isin(rows, ending)], then=ratings.override)
    holds = (ratings.override[row] == Override.DECIDES) & ~goal[at]
    at, row = at[holds], row[holds]
    decided[at] = True
    level[at] = ratings.level[row]
    when = np.full(count, np.iinfo(np.int64).max)
    when[at] = ratings.observed[row]
    index = pieces.segments.index()
    newer = ratings.observed[pieces.row] > when[index]
    since = np.bincount(index[newer], minlength=count)
    return Decisions(decided, level, since)


def goals(ratings: Ratings) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    """Return where an individual goal stands, and the rows `reverts` that ended one.

    A reversal ends the goal that stands when it comes, by observed date; of the same instant it comes last.
    """
    standing, ending = np.zeros(ratings.count, np.bool_), np.zeros(0, np.int64)
    begins = (ratings.status == Status.INDIVIDUAL_GOAL) & _told(ratings)
    if not begins.any():
        return standing, ending
    rows = np.flatnonzero(begins | (ratings.override == Override.REVERTS))
    keys = (ratings.ranks(), ratings.submitted, ratings.override, ratings.observed, ratings.segment)
    rows = rows[np.lexsort([key[rows] for key in keys])]
    segment, goal = ratings.segment[rows], begins[rows]
    follows = np.zeros(len(rows), np.bool_)
    follows[1:] = (segment[1:] == segment[:-1]) & goal[:-1]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = segment[1:] != segment[:-1]
    standing[segment[last & goal]] = True
    return standing, rows[follows & ~goal]


def _told(ratings: Ratings) -> NDArray[np.bool_]:
    """Mark the ratings that say a status and nothing else."""
    alone = (ratings.override == Override.NONE) & (ratings.purpose == Purpose.EVIDENCE)
    return np.asarray(alone & (ratings.status != Status.RATED))


def completing(pieces: Pieces) -> NDArray[np.int64]:
    """Count the overrides `completes` of each segment; on a continuum those of its current level (or of
    none)."""
    ratings = pieces.ratings
    rows = np.flatnonzero(ratings.override == Override.COMPLETES)
    if len(rows):
        current = pieces.current[ratings.segment[rows]]
        at = ratings.continuum_level[rows]
        rows = rows[(current == 0) | (at == 0) | (at == current)]
    return np.bincount(ratings.segment[rows], minlength=pieces.segments.count)


def statuses(pieces: Pieces) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the state that the newest status gives (`no_evidence` where there is none), and where an
    individual goal stands.

    An individual goal stands, whatever was rated on the grade-level target, until a later `reverts` ends it: from then
    on it says nothing.
    """
    ratings, count = pieces.ratings, pieces.segments.count
    state = np.full(count, State.NO_EVIDENCE, np.int8)
    rows = np.flatnonzero(_told(ratings))
    standing, _ = goals(ratings)
    if len(rows) == 0:
        return state, standing
    at, row = newest(ratings, rows[ratings.status[rows] != Status.INDIVIDUAL_GOAL])
    state[at] = _STATE[ratings.status[row]]
    state[standing] = State.INDIVIDUAL_GOAL
    return state, standing
