"""Which pairs to show next: those that tell most, spread so that no item waits and no pair comes twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headway.science.comparative.comparisons import Comparisons
from headway.science.comparative.scale import BradleyTerry
from headway.science.estimates import EstimateRefused

VERSION = 1
NEIGHBORS = 12


def propose_pairs(
    fit: BradleyTerry,
    pairs: Comparisons,
    count: int,
    rng: np.random.Generator,
    *,
    random_share: float = 0.3,
) -> NDArray[np.int64]:
    """Choose pairs of items for the next judgements.

    Assumes that `fit` is of `pairs`. Items with fewer comparisons and larger standard errors come first; each is paired
    with one of its neighbors on the scale that it has not met, by how much the comparison tells. A share of the pairs is
    drawn at random, which keeps the scale connected and bounds the inflation of its reliability.

    Parameters: `count` pairs, 1 or more; `random_share` 0 to 1; `rng`, the only source of chance.
    Returns: int64 (count, 2), items; which stands first is drawn too. Items come about equally often; a pair
    comes again only where its first item has met all others.
    Raises: `EstimateRefused("too_few_items")` for fewer than two items.
    Source: Pollitt, Assessment in Education 19 (2012); the warning: Bramley & Vitello, Assessment in Education 26 (2019).
    When not to use: and then read scale separation reliability as if pairs had been random; pass `adaptive=True`.

    >>> from headway.science.comparative import bradley_terry
    >>> pairs = Comparisons.of([0, 1, 2, 3, 0], [1, 2, 3, 0, 2])
    >>> fit = bradley_terry(pairs)
    >>> propose_pairs(fit, pairs, 2, np.random.default_rng(1)).shape
    (2, 2)
    """
    n = len(fit.centered)
    if n < 2:
        raise EstimateRefused("too_few_items", "Two items make a pair.")
    place = np.argsort(fit.centered, kind="stable")
    rank = np.empty(n, np.int64)
    rank[place] = np.arange(n)
    met = set((np.minimum(pairs.winner, pairs.loser) * n + np.maximum(pairs.winner, pairs.loser)).tolist())
    found: list[tuple[int, int]] = []
    waiting: list[int] = []
    while len(found) < count:
        if len(waiting) < 2:
            # Fewest comparisons first, then the least certain; ties by chance.
            waiting += [
                item
                for item in np.lexsort((rng.random(n), -fit.centered_error, fit.n)).tolist()
                if item not in waiting
            ]
        item = waiting.pop(0)
        other = _partner(item, waiting, rank, fit, met, n, rng, random_share)
        if other in waiting:
            waiting.remove(other)
        met.add(min(item, other) * n + max(item, other))
        found.append((item, other) if rng.random() < 0.5 else (other, item))
    return np.array(found, np.int64).reshape(-1, 2)


def _partner(
    item: int,
    waiting: list[int],
    rank: NDArray[np.int64],
    fit: BradleyTerry,
    met: set[int],
    n: int,
    rng: np.random.Generator,
    random_share: float,
) -> int:
    pool = _not_met(item, waiting, met, n)
    if not len(pool):
        pool = _not_met(item, [other for other in range(n) if other != item], met, n)
    if not len(pool):
        pool = np.array(waiting)
    if rng.random() < random_share:
        return int(rng.choice(pool))
    near = pool[np.argsort(np.abs(rank[pool] - rank[item]), kind="stable")[:NEIGHBORS]]
    chance = 1 / (1 + np.exp(fit.centered[near] - fit.centered[item]))
    tells = chance * (1 - chance) * (fit.centered_error[near] ** 2 + fit.centered_error[item] ** 2)
    return int(near[tells.argmax()])


def _not_met(item: int, others: list[int], met: set[int], n: int) -> NDArray[np.int64]:
    return np.array(
        [other for other in others if min(item, other) * n + max(item, other) not in met], np.int64
    )
