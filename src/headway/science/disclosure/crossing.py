"""What several tables of the same persons tell together: each is a sum over a crossing of columns that nobody publishes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from headway.science.disclosure import TOTAL
from headway.science.disclosure.releases import Label
from headway.science.disclosure.table import TableRefused

VERSION = 1
_CLOSE = 1e-6
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crossing:
    """What is known of a crossing of columns.

    `cells` are the labels that may hold somebody, without `TOTAL`: what is not among them is known to be empty; `most` persons
    in each, inf where nothing is known; `shown` persons of each sum that some table shows, `TOTAL` standing for the columns
    that it adds up.
    """

    cells: Sequence[Label]
    most: Sequence[float]
    shown: Mapping[Label, float]


def told_of(
    crossing: Crossing, *, minimum: int, sums: Collection[Label], cells: Collection[Label]
) -> list[Label]:
    """Return the small sums and the small cells of the crossing that everything shown together tells of.

    Assumes an attacker who knows every shown sum and which cells are empty, and counts in shares of persons: the ends are
    those of linear programs, drawn in to whole persons.

    Parameters: `minimum`, persons; `sums`, those with fewer persons, which some table withholds; `cells` of the crossing with
    fewer, and somebody in them.
    Returns: of `sums` those left with fewer than `minimum` values, or that cannot reach it; of `cells` those in which there is
    surely somebody and surely not `minimum`.
    Raises: `TableRefused("totals_differ")` where what is shown cannot all be true.
    Source: Fellegi, JASA 67 (1972), on the crossing in place of a table.
    When not to use: for persons who are counted in several cells.

    >>> cells = [("A", "7"), ("A", "8"), ("B", "7")]
    >>> shown = {("A", "total"): 15.0, ("total", "7"): 12.0, ("B", "total"): 10.0}
    >>> told_of(Crossing(cells, [math.inf] * 3, shown), minimum=10, sums=(), cells=[("A", "7")])
    [('A', '7')]
    """
    asked = [*sums, *cells]
    if not asked or not crossing.cells:
        return []
    search, found = _Search(crossing, asked, minimum), []
    for at, label in enumerate(asked):
        strict = at < len(sums)
        for sign in (1.0, -1.0):
            if not search.is_free(at, strict):
                search.move(at, sign)
        if not search.is_free(at, strict):
            found.append(label)
    return found


class _Search:
    """How low and how high each asked sum was seen so far: one program shows the ends of many."""

    def __init__(self, crossing: Crossing, asked: Sequence[Label], minimum: int) -> None:
        self.minimum = minimum
        words = [
            {word: code for code, word in enumerate(sorted(set(own)))}
            for own in zip(*crossing.cells, strict=True)
        ]
        self.words = words
        self.codes = np.array(
            [[own[word] for own, word in zip(words, cell, strict=True)] for cell in crossing.cells]
        )
        self.bounds = np.column_stack([np.zeros(len(crossing.cells)), np.array(crossing.most, np.float64)])
        self.left = self._rows(list(crossing.shown))
        self.right = np.array(list(crossing.shown.values()), np.float64)
        self.asked = self._rows(asked)
        self.low, self.high = np.full(len(asked), np.inf), np.full(len(asked), -np.inf)

    def _rows(self, labels: Sequence[Label]) -> csr_array:
        """Return a row for each label: 1 for each cell that it adds up."""
        rows = np.zeros((len(labels), len(self.codes)))
        for at, label in enumerate(labels):
            own = np.ones(len(self.codes), np.bool_)
            for place, word in enumerate(label):
                if word != TOTAL:
                    own &= self.codes[:, place] == self.words[place].get(word, -1)
            rows[at, own] = 1.0
        return csr_array(rows)

    def move(self, at: int, sign: float) -> None:
        """Move an asked sum as far up (1) or down (-1) as it goes, and keep where all the asked ones are then."""
        cost = -sign * self.asked[[at], :].toarray().ravel()
        only = {"A_eq": self.left, "b_eq": self.right} if len(self.right) else {}
        found = linprog(cost, bounds=self.bounds, method="highs", **only)
        if found.status == 2:
            raise TableRefused("totals_differ", "What the tables show cannot all be true.")
        if found.x is None:
            # Nothing limits it.
            self.high[at] = np.inf
            return
        seen: Floats = self.asked @ found.x
        self.low, self.high = np.minimum(self.low, seen), np.maximum(self.high, seen)

    def is_free(self, at: int, strict: bool) -> bool:
        """Return whether what was seen of an asked sum shows that nothing tells of it."""
        if math.isinf(self.low[at]):
            return False
        low = math.ceil(self.low[at] - _CLOSE)
        high = self.high[at] if math.isinf(self.high[at]) else math.floor(self.high[at] + _CLOSE)
        if strict:
            return bool(high - low + 1 >= self.minimum and high >= self.minimum)
        return bool(low < 1 or high >= self.minimum)
