"""Ratings laid out for the compiled passes: which number stands where, which are free, and which sum to zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.ratings import (
    MOST_CATEGORIES,
    STUDENT,
    Codes,
    FacetsRefused,
    Floats,
    RatingTable,
)

DENSE = 100
"""With more elements than this, the largest facet's information is kept in sparse rows."""
NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Categories:
    """Categories in use: `level` holds per set of thresholds the ratings that occur, lowest first; `set_of` each rating's set."""

    levels: tuple[Floats, ...]
    names: tuple[str, ...]
    set_of: Codes
    code: Codes

    @property
    def steps(self) -> Codes:
        """Return the number of thresholds of each set."""
        return np.array([len(each) - 1 for each in self.levels], np.int64)


def categories(table: RatingTable, active: NDArray[np.bool_], by: str | None) -> Categories:
    """Number the categories that occur among the active ratings: in all (`by` None), or for each element of a facet.

    A category that nobody used has no threshold: the ones around it become neighbors. Codes of ratings outside what is in use
    are those of the nearest category.
    """
    count = 1 if by is None else table.count(by)
    set_of = np.zeros(len(table.rating), np.int64) if by is None else table.codes[by]
    code = np.zeros(len(table.rating), np.int64)
    levels = []
    order = np.argsort(set_of, kind="stable")
    ends = np.searchsorted(set_of[order], np.arange(count + 1))
    for one in range(count):
        rows = order[ends[one] : ends[one + 1]]
        used = np.unique(table.rating[rows[active[rows]]])
        if len(used) > MOST_CATEGORIES:
            raise FacetsRefused(
                "too_many_categories",
                f"Ratings have {len(used)} different values; a rating scale has at most {MOST_CATEGORIES} categories.",
            )
        levels.append(used if len(used) else np.zeros(1))
        code[rows] = np.minimum(np.searchsorted(levels[-1], table.rating[rows]), len(levels[-1]) - 1)
    names = ("",) if by is None else table.labels[by]
    return Categories(tuple(levels), tuple(names), set_of, code)


@dataclass(frozen=True, slots=True)
class Layout:
    """Active ratings by student, and the places of all parameters.

    The small vector holds the elements of all facets but the big one, then the steps of each set, the means of the
    populations and the logarithm of their deviation. `elements` holds per rating and facet the place in it, or in the big
    vector for the column `big` (-1: none).
    """

    rows: Codes
    offsets: Codes
    students: Codes
    x: Codes
    elements: Codes
    sets: Codes
    work: Codes
    facets: tuple[str, ...]
    start: Mapping[str, int]
    size: Mapping[str, int]
    set_start: Codes
    set_steps: Codes
    population: Codes
    population_at: Codes
    spread_at: int
    big: int
    fixed: Mapping[str, NDArray[np.bool_]]
    present: Mapping[str, NDArray[np.bool_]]
    centered: tuple[str, ...]
    places: Codes = field(default_factory=lambda: NONE)
    bases: Codes = field(default_factory=lambda: NONE)
    indptr: Codes = field(default_factory=lambda: NONE)
    indices: Codes = field(default_factory=lambda: NONE)

    @property
    def small_n(self) -> int:
        """Length of the small vector."""
        return self.spread_at + 1

    @property
    def big_n(self) -> int:
        """Length of the big vector, 0 without a big facet."""
        return self.size[self.facets[self.big]] if self.big >= 0 else 0

    @property
    def step_places(self) -> Codes:
        """Places of all steps in the small vector."""
        return np.arange(int(self.set_start[0]), int(self.population_at[0]))

    def span(self, facet: str) -> slice:
        """Return the places of a facet's elements in its vector."""
        return slice(self.start[facet], self.start[facet] + self.size[facet])


def lay_out(
    table: RatingTable,
    active: NDArray[np.bool_],
    found: Categories,
    facets: Sequence[str],
    population: Codes,
    fixed: Mapping[str, NDArray[np.bool_]],
    floating: str,
    dense: int = DENSE,
) -> Layout:
    """Lay out the active ratings. `population` is per student; `fixed` marks anchored elements; `floating` is not centered."""
    rows = np.flatnonzero(active)
    student = table.codes[STUDENT][rows]
    students, firsts = np.unique(student, return_index=True)
    size = {name: table.count(name) for name in facets}
    total = sum(size.values())
    big = max(range(len(facets)), key=lambda f: size[facets[f]]) if total > dense else -1
    start, at = {}, 0
    for f, name in enumerate(facets):
        start[name] = 0 if f == big else at
        at += 0 if f == big else size[name]
    elements = np.stack([table.codes[name][rows] + start[name] for name in facets], axis=1)
    set_start = at + np.concatenate(([0], np.cumsum(found.steps)[:-1]))
    at += int(found.steps.sum())
    populations = int(population.max()) + 1
    present = {name: np.bincount(table.codes[name][rows], minlength=size[name]) > 0 for name in facets}
    laid = Layout(
        rows, np.append(firsts, len(rows)), students, found.code[rows], np.ascontiguousarray(elements), found.set_of[rows],
        table.work[rows], tuple(facets), start, size, set_start, found.steps, population[students],
        at + np.arange(populations), at + populations, big, fixed, present,
        tuple(name for name in facets if name != floating and not fixed.get(name, np.zeros(1, np.bool_)).any()),
    )  # fmt: skip
    return laid if big < 0 else _with_rows(laid)


def _with_rows(laid: Layout) -> Layout:
    """Find the places of pairs of one student's ratings in the sparse rows of the big facet."""
    from scipy.sparse import csr_array

    counts = np.diff(laid.offsets)
    bases = np.concatenate(([0], np.cumsum(counts * counts)))
    inside = np.arange(bases[-1]) - np.repeat(bases[:-1], counts * counts)
    width = np.repeat(counts, counts * counts)
    begin = np.repeat(laid.offsets[:-1], counts * counts)
    code = laid.elements[:, laid.big]
    n = laid.big_n
    keys = code[begin + inside // width] * n + code[begin + inside % width]
    del inside, width, begin
    distinct, places = np.unique(keys, return_inverse=True)
    shape = csr_array((np.ones(len(distinct)), (distinct // n, distinct % n)), shape=(n, n))
    shape.sort_indices()
    return replace(
        laid, places=places.reshape(-1).astype(np.int64), bases=bases[:-1],
        indptr=shape.indptr.astype(np.int64), indices=shape.indices.astype(np.int64),
    )  # fmt: skip
