"""Whether all elements stand on one scale: which sets of them no rating ties together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.ratings import STUDENT, FacetsRefused, RatingTable

MOST_NAMED = 10
MOST_RANKED = 1_500
"""Up to so many elements the rank of the whole design is looked at too; beyond, pairs of facets."""


def connected_sets(table: RatingTable, first: str, second: str) -> NDArray[np.int64]:
    """Return for each element of `first`, then of `second`, the number of its set: what ratings tie together.

    Assumes a table without missing elements.

    Parameters: two facets of the table.
    Returns: int64 per element of `first` and then of `second`, sets numbered from 0.
    Source: Eckes, Introduction to Many-Facet Rasch Measurement (2015), section 8.2; components of a bipartite graph.
    When not to use: to tell whether three facets are tied apart; `require_links` also looks at all at once.

    >>> from headway.science.facets.ratings import rating_table
    >>> two = rating_table([1, 2], {"student": ["a", "b"], "rater": ["x", "y"]})
    >>> connected_sets(two, "student", "rater").tolist()
    [0, 1, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, m = table.count(first), table.count(second)
    edges = (table.codes[first], table.codes[second] + n)
    graph = coo_array((np.ones(len(table.rating), np.int8), edges), shape=(n + m, n + m))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def require_links(
    table: RatingTable, facets: Collection[str], anchored: Mapping[str, NDArray[np.bool_]]
) -> None:
    """Refuse ratings whose elements do not stand on one scale.

    Raises: `FacetsRefused` `disconnected` with `details`, one mapping of facet to labels for each set; or `confounded` where
    every two facets are tied, and yet all together leave some differences open.
    """
    for first, second in combinations(facets, 2):
        _require_pair(table, first, second, anchored)
    if len(facets) > 2:
        _require_rank(table, [name for name in facets if name != STUDENT], anchored)


def _require_pair(
    table: RatingTable, first: str, second: str, anchored: Mapping[str, NDArray[np.bool_]]
) -> None:
    found = connected_sets(table, first, second)
    count, n = int(found.max()) + 1, table.count(first)
    if count == 1:
        return
    held = np.zeros(count, np.bool_)
    if first in anchored:
        held[found[:n][anchored[first]]] = True
    if second in anchored:
        held[found[n:][anchored[second]]] = True
    if held.all():
        return
    sets = []
    sizes = np.bincount(found, minlength=count)
    for one in np.argsort(-sizes, kind="stable")[:MOST_NAMED].tolist():
        members = {first: np.flatnonzero(found[:n] == one), second: np.flatnonzero(found[n:] == one)}
        sets.append({name: [table.labels[name][at] for at in places] for name, places in members.items()})
    told = "; ".join(f"{at}) {_named(one)}" for at, one in enumerate(sets, 1))
    more = f"; and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
    raise FacetsRefused(
        "disconnected",
        f"No rating ties these {count} sets together, so that their {first}s and {second}s cannot be compared: {told}{more}. "
        "Let some work be scored across the sets, or anchor an element in each.",
        sets,
    )


def _named(members: Mapping[str, list[str]]) -> str:
    texts = []
    for name, labels in members.items():
        shown = ", ".join(labels[:4]) + (f" … ({len(labels)})" if len(labels) > 4 else "")
        texts.append(f"{name} {shown}")
    return " with ".join(texts)


def _require_rank(table: RatingTable, facets: list[str], anchored: Mapping[str, NDArray[np.bool_]]) -> None:
    """Look at the equations of all facets at once, students taken out, for a direction that changes no rating."""
    from scipy.sparse import csr_array

    from headway.science.facets.kernels import least_pivot

    sizes = [table.count(name) for name in facets]
    starts = np.concatenate(([0], np.cumsum(sizes)))
    total = int(starts[-1])
    if total > MOST_RANKED:
        return
    n = len(table.rating)
    columns = np.stack([table.codes[name] + starts[at] for at, name in enumerate(facets)], axis=1).ravel()
    ones = csr_array(
        (np.ones(len(columns)), columns, np.arange(0, len(columns) + 1, len(facets))), shape=(n, total)
    )
    students = csr_array(
        (np.ones(n), table.codes[STUDENT], np.arange(n + 1)), shape=(n, table.count(STUDENT))
    )
    crossed = (students.T @ ones).tocsr()
    counts = np.bincount(table.codes[STUDENT], minlength=table.count(STUDENT))
    scaled = csr_array((crossed.data / np.repeat(counts, np.diff(crossed.indptr)), crossed.indices, crossed.indptr),
                       shape=crossed.shape)  # fmt: skip
    information = (ones.T @ ones - crossed.T @ scaled).toarray()
    free = np.ones(total, np.bool_)
    for at, name in enumerate(facets):
        part = slice(starts[at], starts[at + 1])
        if name in anchored and anchored[name].any():
            free[part] = ~anchored[name]
        else:
            information[part, part] += 1.0
    scale = 1 / np.sqrt(np.maximum(np.diag(information), 1e-12))
    scaled_all = (information * scale[:, None] * scale)[np.ix_(free, free)]
    if len(scaled_all) == 0 or least_pivot(scaled_all.copy()) > 1e-3:
        return
    values, vectors = np.linalg.eigh(scaled_all)
    if values[0] > 1e-9:
        return
    loose = np.abs(vectors[:, 0]) > 0.05 * np.abs(vectors[:, 0]).max()
    which = np.flatnonzero(free)[loose]
    named = {
        name: [table.labels[name][at - starts[f]] for at in which if starts[f] <= at < starts[f + 1]]
        for f, name in enumerate(facets)
    }
    named = {name: labels for name, labels in named.items() if labels}
    raise FacetsRefused(
        "confounded",
        f"The ratings cannot tell these elements apart, although every two facets are tied: {_named(named)}. "
        "Leave out one of the facets, or let them be scored in other combinations.",
        [named],
    )
