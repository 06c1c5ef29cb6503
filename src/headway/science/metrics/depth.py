"""Depth: at which depth of knowledge the evidence was shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.pieces import Pieces

DEPTHS = 4


@dataclass(frozen=True, slots=True)
class Depth:
    """`shares` (owners x depths 1 to 4) of the pieces whose depth is known; `n` of them; `unknown` pieces
    without one."""

    shares: NDArray[np.float64]
    n: NDArray[np.int64]
    unknown: NDArray[np.int64]


def depth_shares(
    pieces: Pieces, owner: NDArray[np.int64], count: int, *, applies: NDArray[np.bool_]
) -> Depth:
    """Compute the share of pieces at each depth.

    Assumes pieces as rules count them: one per piece of evidence, the newest attempt.

    Parameters: `owner`, of each segment, 0 to `count` - 1; `applies`, per segment, false where depth does not
    apply to the target (habits), which leaves both sums.
    Returns: `Depth`; shares are nan where no depth is known.
    Source: house definition 20; Webb's depth of knowledge, 1 to 4.
    """
    index = pieces.segments.index()
    depth = pieces.ratings.depth[pieces.row].astype(np.int64)
    keep = applies[index]
    cells = np.bincount(owner[index[keep]] * (DEPTHS + 1) + depth[keep], minlength=count * (DEPTHS + 1))
    table = cells.reshape(count, DEPTHS + 1)
    n = table[:, 1:].sum(axis=1)
    shares = np.full((count, DEPTHS), np.nan)
    np.divide(table[:, 1:], n[:, None], out=shares, where=n[:, None] > 0)
    return Depth(shares, n, table[:, 0])


def deepest_at_proficient(pieces: Pieces, proficient: float, *, times: int = 1) -> NDArray[np.int8]:
    """Return the greatest depth at which at least `times` pieces of a segment reach `proficient`; 0 where
    none does."""
    index = pieces.segments.index()
    reached = pieces.segments.levels >= proficient - 1e-9
    depth = pieces.ratings.depth[pieces.row]
    deepest = np.zeros(pieces.segments.count, np.int8)
    for level in range(1, DEPTHS + 1):
        n = np.bincount(index[reached & (depth >= level)], minlength=pieces.segments.count)
        deepest[n >= times] = level
    return deepest
