"""What two releases of one table tell together that neither tells alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from headway.science.disclosure.attack import attack
from headway.science.disclosure.table import Table, TableRefused, table_of

VERSION = 1
Label = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A table as it was shown on one day: `shown` persons by cell, None where withheld; `small`, the cells withheld as small."""

    shown: Mapping[Label, float | None]
    small: frozenset[Label]

    @property
    def withheld(self) -> frozenset[Label]:
        """Return the cells without a number."""
        return frozenset(label for label, count in self.shown.items() if count is None)


def tells_of(one: Release, other: Release, *, minimum: int, cells: Collection[Label] | None = None) -> bool:
    """Return whether a small cell of one release can be worked out with what another release of the same table shows.

    Assumes an attacker who takes a cell that only one of the two releases shows to be the same in both, all such cells
    together or, where that cannot be, those of one sum. Not so where what both releases show moved by `minimum` persons or more
    in a sum that the cell stands in; nor for a small cell that the other release shows: its number is known to have been another.

    Parameters: two `Release`s with labels of one length, in any order of time; `minimum`, persons; `cells`, which small cells
    are looked at (None: all). One that was shown before it became small stays a question of that day: leave it out.
    Returns: True where one of them is left with fewer than `minimum` values, or cannot reach it.
    When not to use: against somebody who knows who came and went between the two days. That is a question about persons.

    >>> from headway.science.disclosure import TOTAL
    >>> yesterday = Release({("a",): None, ("b",): None, ("c",): 40, (TOTAL,): 64}, frozenset({("a",)}))
    >>> today = Release({("a",): None, ("b",): 20, ("c",): None, (TOTAL,): 64}, frozenset({("a",)}))
    >>> tells_of(today, yesterday, minimum=10), tells_of(yesterday, yesterday, minimum=10)
    (True, False)
    """
    asked = one.small if cells is None else one.small.intersection(cells)
    labels = list(one.shown)
    counts = [np.nan if (count := one.shown[label]) is None else float(count) for label in labels]
    if not asked or not one.withheld - one.small:
        return False
    table = table_of(labels, counts, add_totals=False)
    taken = _taken(table, one, other, minimum)
    small = [at for at, label in enumerate(labels) if label in asked]
    for some in _together(table, taken):
        guessed = [some.get(label, count) for label, count in zip(labels, counts, strict=True)]
        try:
            found = attack(table_of(labels, guessed, add_totals=False))
        except TableRefused:
            # The numbers cannot have been the same: the attacker sees that too.
            continue
        open_to = dict(zip(found.cells.tolist(), found.safe(minimum).tolist(), strict=True))
        if not all(open_to[at] for at in small):
            return True
    return False


def _taken(table: Table, one: Release, other: Release, minimum: int) -> dict[Label, float]:
    """Return the cells that the other release alone shows, and that may have been the same: little has moved around them."""
    moved = {}
    for label in table.labels:
        here, there = one.shown.get(label), other.shown.get(label)
        moved[label] = abs(here - there) if here is not None and there is not None else 0.0
    restless: set[Label] = set()
    for row in table.lines.toarray():
        own = [table.labels[at] for at in np.flatnonzero(row)]
        if sum(moved[label] for label in own) >= minimum:
            restless.update(own)
    return {
        label: count
        for label in one.withheld - one.small - restless
        # A zero is never withheld: what is withheld here and nobody there has changed.
        if (count := other.shown.get(label)) and label not in other.small
    }


def _together(table: Table, taken: Mapping[Label, float]) -> Iterator[dict[Label, float]]:
    if taken:
        yield dict(taken)
    for row in table.lines.toarray():
        own = {
            label: taken[label]
            for label in (table.labels[at] for at in np.flatnonzero(row))
            if label in taken
        }
        if own and len(own) < len(taken):
            yield own
