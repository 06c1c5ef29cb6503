"""Comparisons of items, and whether they place every item on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Comparisons of items numbered from 0, one row each.

    `winner`, `loser`: of a tie, either way round. `tie`; `judge`, -1 where not noted; `first`, the item that stood first
    (left, at home), -1 where neither or not noted; `count`, how many such comparisons the row stands for.
    """

    n_items: int
    winner: NDArray[np.int64]
    loser: NDArray[np.int64]
    tie: NDArray[np.bool_]
    judge: NDArray[np.int64]
    first: NDArray[np.int64]
    count: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        winner: ArrayLike,
        loser: ArrayLike,
        *,
        n_items: int | None = None,
        tie: ArrayLike | None = None,
        judge: ArrayLike | None = None,
        first: ArrayLike | None = None,
        count: ArrayLike | None = None,
    ) -> Comparisons:
        """Return comparisons; raises `EstimateRefused`: `no_comparisons`, `same_item`, `columns_differ`, `not_a_count`."""
        won, lost = np.asarray(winner, np.int64), np.asarray(loser, np.int64)
        m = len(won)
        if m == 0:
            raise EstimateRefused("no_comparisons", "There are no comparisons.")
        columns: dict[str, NDArray[Any]] = {
            "tie": np.zeros(m, np.bool_) if tie is None else np.asarray(tie, np.bool_),
            "judge": np.full(m, -1) if judge is None else np.asarray(judge, np.int64),
            "first": np.full(m, -1) if first is None else np.asarray(first, np.int64),
            "count": np.ones(m) if count is None else np.asarray(count, np.float64),
        }
        if any(len(column) != m for column in (lost, *columns.values())):
            raise EstimateRefused("columns_differ", "Every column needs one entry per comparison.")
        if not (np.isfinite(columns["count"]).all() and (columns["count"] >= 0).all()):
            raise EstimateRefused("not_a_count", "A count is zero or more.")
        if not columns["count"].any():
            raise EstimateRefused("no_comparisons", "There are no comparisons.")
        same = np.flatnonzero(won == lost)
        if len(same):
            raise EstimateRefused("same_item", "An item is compared with another one.", int(same[0]))
        n = int(max(won.max(), lost.max())) + 1 if n_items is None else n_items
        return cls(n, won, lost, columns["tie"], columns["judge"], columns["first"], columns["count"])

    def only(self, rows: NDArray[Any]) -> Comparisons:
        """Return some of the rows, of the same items."""
        return Comparisons(
            self.n_items, self.winner[rows], self.loser[rows], self.tie[rows], self.judge[rows], self.first[rows],
            self.count[rows],
        )  # fmt: skip


def closeness(pairs: Comparisons, centered: NDArray[np.float64]) -> float:
    """Return the mean squared distance of compared items over that of any two: 1 when paired at random, less when near."""
    every = 2 * float(centered.var(ddof=1)) if len(centered) > 1 else 0.0
    if every <= 0:
        return 1.0
    apart = (centered[pairs.winner] - centered[pairs.loser]) ** 2
    return float(apart @ pairs.count / pairs.count.sum()) / every


def must_have_maximum(pairs: Comparisons, names: Sequence[str] | None) -> None:
    """Refuse comparisons that leave some items without a place: `disconnected`, `perfect_record` (Ford 1957)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    there = pairs.count > 0
    won, lost, tie = pairs.winner[there], pairs.loser[there], pairs.tie[there]
    beats = csr_array(
        (np.ones(len(won) + tie.sum()), (np.append(won, lost[tie]), np.append(lost, won[tie]))),
        (pairs.n_items,) * 2,
    )
    groups, of = connected_components(beats, directed=False)
    if groups > 1:
        small = np.flatnonzero(of == np.bincount(of).argmin()).tolist()
        message = (
            f"Items fall into {groups} groups that were never compared; one of them: {_named(small, names)}."
        )
        raise EstimateRefused("disconnected", message, _named(small, names))
    groups, of = connected_components(beats, directed=True, connection="strong")
    if groups == 1:
        return
    apart = of[won] != of[lost]
    beaten = np.bincount(of[lost[apart]], minlength=groups) > 0
    told = []
    best = np.flatnonzero(~beaten[of]).tolist()
    if best:
        told.append(f"never lost to the others: {_named(best, names)}")
    wins = np.bincount(of[won[apart]], minlength=groups) > 0
    worst = np.flatnonzero(~wins[of]).tolist()
    if worst:
        told.append(f"never won against the others: {_named(worst, names)}")
    message = f"Some items have no place on the scale, they {'; they '.join(told)}. A prior gives them one."
    raise EstimateRefused("perfect_record", message, _named(best or worst, names))


def _named(items: Sequence[int], names: Sequence[str] | None) -> str:
    shown = [str(names[item]) if names else str(item) for item in items[:5]]
    return ", ".join(shown) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
