"""Progress: how much of the required evidence is in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import State
from headway.science.judgment import Determinations


@dataclass(frozen=True, slots=True)
class Progress:
    """One entry per plan or student: `share` of required pieces that are in (nan where nothing is asked)."""

    filled: NDArray[np.int64]
    required: NDArray[np.int64]
    share: NDArray[np.float64]


def progress(
    determinations: Determinations,
    owner: NDArray[np.int64],
    count: int,
    *,
    in_scope: NDArray[np.bool_] | None = None,
) -> Progress:
    """Compute the share of required pieces that are in, over the targets in plan scope.

    Assumes one determination per target in the plan; a target without any event has one with state
    `no_evidence`.

    Parameters: `owner`, the student (or plan) of each determination, 0 to `count` - 1; `in_scope`, which
    count (None: all).
    Returns: `Progress`, one entry per owner.
    Source: house definition 5: Σ min(counted, required) ÷ Σ required. Excused, not taught and individual
    goals leave both sums; a missed chance adds nothing.
    When not to use: as a sign of quality; a student can be at 1.0 and not proficient.
    """
    aside = np.isin(determinations.state, (State.EXCUSED, State.NOT_TAUGHT, State.INDIVIDUAL_GOAL))
    keep = ~aside if in_scope is None else ~aside & in_scope
    filled = np.bincount(owner[keep], determinations.filled[keep], count).astype(np.int64)
    required = np.bincount(owner[keep], determinations.required[keep], count).astype(np.int64)
    share = np.full(count, np.nan)
    np.divide(filled, required, out=share, where=required > 0)
    return Progress(filled, required, share)
