"""What somebody can work out about the withheld cells of a table from everything else that it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from headway.science.disclosure.table import Table, TableRefused

VERSION = 1
MOST_WHOLE = 60
"""With more withheld cells than this an attack looks at shares of persons too: its intervals are then too wide, never too narrow
for the attacker, and the answer says so."""


@dataclass(frozen=True, slots=True)
class Attack:
    """Per withheld cell (`cells`, indices) the least and most that it can be, inf where nothing limits it.

    `whole`: whether the attack knew that persons are whole.
    """

    cells: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    whole: bool

    def safe(self, minimum: int) -> NDArray[np.bool_]:
        """Return which cells keep at least `minimum` different values and reach `minimum`: not even their size is told."""
        found: NDArray[np.bool_] = (self.high - self.low + 1 >= minimum) & (self.high >= minimum)
        return found

    @property
    def recovered(self) -> NDArray[np.bool_]:
        """Return which cells have one value left."""
        found: NDArray[np.bool_] = self.high == self.low
        return found


def attack(table: Table) -> Attack:
    """Find for each withheld cell the least and most that the shown cells, the sums and counting from zero allow.

    Assumes an attacker who knows every shown cell and every sum, and nothing else about the withheld ones.

    Parameters: `table` with nan where withheld.
    Returns: `Attack`, in persons, in the order of the cells.
    Raises: `TableRefused("totals_differ")` where what is shown cannot all be true.
    Source: Fellegi, "On the question of statistical confidentiality", JASA 67 (1972); as linear and integer programs, HiGHS.
    When not to use: it knows one table. Percents and earlier releases are further equations, which it was not given.

    >>> from headway.science.disclosure.table import table_of
    >>> cells = [["A", "x"], ["A", "y"], ["A", "total"]]
    >>> attack(table_of(cells, [float("nan"), 8, 11], add_totals=False)).recovered.tolist()
    [True]
    """
    hidden = np.flatnonzero(np.isnan(table.counts))
    whole = len(hidden) <= MOST_WHOLE
    left = table.lines[:, hidden]
    right = -(table.lines @ np.nan_to_num(table.counts))
    low, high = np.zeros(len(hidden)), np.full(len(hidden), np.inf)
    for place in range(len(hidden)):
        low[place] = _bound(left, right, place, 1.0, whole)
        high[place] = -_bound(left, right, place, -1.0, whole)
    return Attack(hidden, low, high, whole)


def _bound(left: csr_array, right: NDArray[np.float64], place: int, sign: float, whole: bool) -> float:
    n = left.shape[1]
    cost = np.zeros(n)
    cost[place] = sign
    if whole:
        only = LinearConstraint(left, right, right) if len(right) else ()
        found = milp(cost, constraints=only, integrality=np.ones(n), bounds=Bounds(0, np.inf))
    else:
        found = linprog(cost, A_eq=left, b_eq=right, bounds=(0, None), method="highs")
    if found.status == 2:
        raise TableRefused("totals_differ", "What the table shows cannot all be true.")
    if found.status in (3, 4) or found.x is None:
        return -np.inf
    return float(np.round(found.fun)) if whole else float(found.fun)
