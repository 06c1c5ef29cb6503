"""A competency from its skills: a parent never hides its weakest child."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import State
from headway.science.judgment import Determinations
from headway.science.pieces import Pieces
from headway.science.proficiency.policy import Policy
from headway.science.rounding import TOLERANCE, half_up, hundredths


@dataclass(frozen=True, slots=True)
class Pooled:
    """One entry per parent. `weakest` is the segment of the lowest child with a value (-1 none),
    `weakest_value` its value.

    `n_valued` of `n_children` children have a value. `below_floor` where the floor holds the parent back.
    """

    value: NDArray[np.float64]
    shown: NDArray[np.int32]
    state: NDArray[np.int8]
    filled: NDArray[np.int64]
    required: NDArray[np.int64]
    n_counted: NDArray[np.int64]
    n_valued: NDArray[np.int64]
    n_children: NDArray[np.int64]
    weakest: NDArray[np.int64]
    weakest_value: NDArray[np.float64]
    below_floor: NDArray[np.bool_]


def pool(
    children: Determinations,
    parent: NDArray[np.int64],
    count: int,
    policy: Policy,
    *,
    pieces: Pieces | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Pooled:
    """Compute the value and state of every parent from its children.

    Assumes that retired targets were left out by the caller, and that each child has one parent.

    Parameters: `children`, one per segment; `parent`, each segment's parent, 0 to `count` - 1, -1 for none;
    `pieces` and `weights` (of `determine.work`), needed by the rule `pooled-mean`: the mean of all counted
    pieces of the skills, the missed and the completing ones in neither sum.
    Returns: `Pooled`. With the rule `mean` the mean of the children's values; a child below `floor` keeps the
    parent from being proficient, and so does a child that is not determined yet.
    Source: Building 21 / Slate for `pooled-mean`; Sanborn NH ("averages hide") for `weakest`.
    When not to use: across scales; different scales are never averaged.
    """
    rule = policy.parent
    under = parent >= 0
    at = parent[under]
    value = children.value[under]
    valued = ~np.isnan(value)
    n_children = np.bincount(at, minlength=count)
    n_valued = np.bincount(at[valued], minlength=count)
    n_counted = np.bincount(at, children.n_counted[under], count).astype(np.int64)
    if rule.rule == "pooled-mean":
        if pieces is None or weights is None:
            raise ValueError("the rule pooled-mean needs the pieces and weights of the skills")
        total, n = _pooled(children, pieces, weights, parent, count)
    else:
        total = np.bincount(at[valued], value[valued], count).astype(np.float64)
        n = n_valued
    mean = np.divide(total, n, out=np.full(count, np.nan), where=n > 0)
    if rule.decimals is not None:
        mean = half_up(mean, rule.decimals)
    weakest, lowest = _weakest(np.flatnonzero(under)[valued], at[valued], value[valued], count)
    below = np.zeros(count, np.bool_) if rule.floor is None else lowest < rule.floor - TOLERANCE
    state = _state(children.state[under], at, mean, below, n_children, count, policy)
    return Pooled(
        value=mean,
        shown=hundredths(mean),
        state=state,
        filled=np.bincount(at, children.filled[under], count).astype(np.int64),
        required=np.bincount(at, children.required[under], count).astype(np.int64),
        n_counted=n_counted,
        n_valued=n_valued,
        n_children=n_children,
        weakest=weakest,
        weakest_value=lowest,
        below_floor=below,
    )


def _pooled(
    children: Determinations,
    pieces: Pieces,
    weights: NDArray[np.float64],
    parent: NDArray[np.int64],
    count: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    index = pieces.segments.index()
    rows = pieces.row
    counts = (weights > 0) & (parent[index] >= 0) & (pieces.ratings.status[rows] == 0)
    # A teacher's decision stands for its skill as one figure; an individual goal is no grade-level figure.
    ruled = children.decided | np.isnan(children.value)
    counts &= ~ruled[index]
    total = np.bincount(parent[index][counts], pieces.segments.levels[counts], count).astype(np.float64)
    n = np.bincount(parent[index][counts], minlength=count)
    alone = np.flatnonzero(children.decided & (parent >= 0) & ~np.isnan(children.value))
    total += np.bincount(parent[alone], children.value[alone], count)
    return total, n + np.bincount(parent[alone], minlength=count)


def _weakest(
    segment: NDArray[np.int64], at: NDArray[np.int64], value: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    weakest = np.full(count, -1, np.int64)
    lowest = np.full(count, np.nan)
    order = np.lexsort((segment, value, at))
    at, segment, value = at[order], segment[order], value[order]
    first = np.ones(len(at), np.bool_)
    first[1:] = at[1:] != at[:-1]
    weakest[at[first]] = segment[first]
    lowest[at[first]] = value[first]
    return weakest, lowest


def _state(
    child: NDArray[np.int8],
    at: NDArray[np.int64],
    mean: NDArray[np.float64],
    below: NDArray[np.bool_],
    n_children: NDArray[np.int64],
    count: int,
    policy: Policy,
) -> NDArray[np.int8]:
    """Return parents' states: what is excused, not taught or an individual goal asks nothing; all else must
    be determined."""
    aside = np.isin(child, (State.EXCUSED, State.NOT_TAUGHT, State.INDIVIDUAL_GOAL))
    asked = np.bincount(at[~aside], minlength=count)
    open_ones = np.bincount(
        at[np.isin(child, (State.NO_EVIDENCE, State.TOO_LITTLE, State.MISSED))], minlength=count
    )
    complete = np.bincount(at[(child == State.PROFICIENT) | (child == State.BEYOND)], minlength=count)
    slack = 0.5 if policy.cut == "nearest" else 0.0
    exact = mean + TOLERANCE
    state = np.full(count, State.NOT_YET, np.int8)
    if policy.scale.proficient is None:
        state[complete == asked] = State.PROFICIENT
    else:
        state[exact >= policy.scale.proficient - slack] = State.PROFICIENT
    if policy.scale.beyond is not None:
        state[exact >= policy.scale.beyond - slack] = State.BEYOND
    state[below & (state >= State.PROFICIENT)] = State.NOT_YET
    state[open_ones > 0] = State.TOO_LITTLE
    state[(asked == 0) | np.isnan(mean)] = State.NO_EVIDENCE
    state[(open_ones > 0) & np.isnan(mean) & (n_children > 0) & (open_ones < asked)] = State.TOO_LITTLE
    return state
