"""Which cells of a table are withheld: the small ones, and as few others as keep the small ones from being worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from headway.science.disclosure.attack import attack
from headway.science.disclosure.table import Table, TableRefused

VERSION = 1
SECONDS = 30.0
"""How long one choice of cells may be improved; what is then best is taken if it withstands the attack."""
ROUNDS = 400
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Suppression:
    """What is withheld of a table: indices of cells, ascending.

    `primary` are the small cells and those that were asked for, `complementary` the others. `exposed` are withheld cells that
    stay narrower than asked for, because a sum that is known elsewhere is itself too small: such a table is not to be
    published with that sum. `optimal`: whether no smaller choice withstands the attack.
    """

    primary: NDArray[np.int64]
    complementary: NDArray[np.int64]
    exposed: NDArray[np.int64]
    optimal: bool

    @property
    def withheld(self) -> NDArray[np.int64]:
        """Return all cells that are withheld, ascending."""
        return np.sort(np.concatenate([self.primary, self.complementary]))


def suppress(
    table: Table, *, minimum: int = 10, also: Sequence[int] = (), kept: Sequence[int] = ()
) -> Suppression:
    """Choose the fewest cells to withhold so that every withheld one keeps `minimum` possible values and may reach `minimum`.

    Assumes that an attacker knows every shown cell, every sum of the table, those known elsewhere included, and that counts
    are not negative. Cells that the caller did not list cannot be withheld. A zero is shown: it tells of nobody.

    Parameters: `table` with every count (persons); `minimum` the smallest count that is shown, 2 or more; `also`, cells of the
    caller's that are withheld whatever their size, for a reason of their own, and protected as the small ones are; `kept`,
    cells that are known from elsewhere, so that withholding them protects nobody: they are shown unless they are small or `also`.
    Returns: `Suppression`.
    Raises: `ValueError` for a minimum below 2; `TableRefused`: `not_a_count` for a count that is missing, `not_protected`
    where no choice was found in time that withstands the attack: then nothing is to be published.
    Source: Fischetti and Salazar, "Solving the cell suppression problem on tabular data with linear constraints", Management
    Science 47 (2001), the capacity constraints of section 4; here the width of the interval is asked for too, and the choice
    is tested by the attack with whole persons. Costs: 1 a cell, 2 a total, less than one cell in all for their sizes.
    When not to use: for percents and for several releases of one table, which are further equations.

    >>> from headway.science.disclosure.table import table_of
    >>> cells = [["A", "x"], ["A", "y"], ["A", "z"], ["B", "x"], ["B", "y"], ["B", "z"]]
    >>> found = suppress(table_of(cells, [4, 40, 33, 21, 30, 52], add_totals=True))
    >>> found.primary.tolist(), len(found.complementary)
    ([0], 3)
    """
    if minimum < 2:
        raise ValueError("minimum is 2 or more")
    if np.isnan(table.counts).any():
        raise TableRefused(
            "not_a_count", "Every cell needs its count.", int(np.flatnonzero(np.isnan(table.counts))[0])
        )
    small = (table.counts > 0) & (table.counts < minimum)
    own = np.arange(len(table.counts)) < table.n_own
    small[list(also)] = True
    known = np.zeros(len(own), np.bool_)
    known[list(kept)] = True
    own &= ~known | small
    primary = np.flatnonzero(small & own)
    if not len(primary):
        nothing = np.array([], np.int64)
        return Suppression(primary, nothing, nothing, True)
    return _Search(table, minimum, primary, own).run()


class _Search:
    """The choice of cells, made better by what an attacker can still work out."""

    def __init__(
        self, table: Table, minimum: int, primary: NDArray[np.int64], own: NDArray[np.bool_]
    ) -> None:
        self.table, self.minimum, self.primary = table, minimum, primary
        self.n = len(table.counts)
        self.may = own
        self.limit = float(table.counts.max(initial=0) + 2 * minimum)
        # Capacity: how far a cell may seem to fall (to zero) and to rise (as far as matters).
        self.fall, self.rise = table.counts.copy(), np.full(self.n, self.limit * max(4, self.n))
        self.rows: list[NDArray[np.float64]] = []
        self.least: list[float] = []
        self._reach: dict[int, tuple[float, float]] = {}
        self.optimal = True
        self._never_alone()

    def run(self) -> Suppression:
        """Choose, attack, and forbid what the attack broke, until it breaks nothing."""
        for _ in range(ROUNDS):
            chosen = self._choose()
            if not self._cuts(chosen) and not self._broken(chosen):
                hidden = np.flatnonzero(chosen > 0.5)
                others = np.setdiff1d(hidden, self.primary)
                return Suppression(self.primary, others, self._exposed(hidden), self.optimal)
        raise TableRefused(
            "not_protected", "No choice of cells was found that withstands the attack; publish nothing of it."
        )

    def _asked(self, cell: int) -> tuple[float, float]:
        """Return how far a cell has to rise, and how wide its interval has to be; less where not even hiding all gives that."""
        if cell not in self._reach:
            self._reach[cell] = self._reaches(cell, self.may.astype(np.float64))[0]
        up, down = self._reach[cell]
        value = float(self.table.counts[cell])
        rise = min(max(self.minimum - value, 0.0), up)
        return rise, min(self.minimum - 1.0, up + down)

    def _never_alone(self) -> None:
        """No cell is withheld alone in a sum: its value would be the difference."""
        lines = self.table.lines
        for row in range(lines.shape[0]):
            cells = lines.indices[lines.indptr[row] : lines.indptr[row + 1]]
            for cell in cells.tolist():
                if self.may[cell]:
                    cut = np.zeros(self.n)
                    cut[[one for one in cells.tolist() if one != cell]] = 1.0
                    self._forbid(cut, cell, 1.0)

    def _forbid(self, cut: NDArray[np.float64], cell: int, asked: float) -> None:
        """Keep `cut @ x >= asked` where the cell is withheld; what the caller cannot withhold does not help."""
        cut = np.where(self.may, np.minimum(cut, asked), 0.0)
        if not cut.any():
            return
        cut[cell] -= asked
        self.rows.append(cut)
        self.least.append(0.0)

    def _choose(self) -> NDArray[np.float64]:
        counts = self.table.counts
        sums = np.array(["total" in label for label in self.table.labels])
        cost = 1.0 + sums + counts / (counts.sum() * 2.0 + 1.0) / self.n
        lower = np.zeros(self.n)
        lower[self.primary] = 1.0
        found = milp(
            cost, constraints=LinearConstraint(np.array(self.rows), np.array(self.least), np.inf) if self.rows else (),
            integrality=np.ones(self.n), bounds=Bounds(lower, self.may.astype(np.float64)), options={"time_limit": SECONDS},
        )  # fmt: skip
        if found.x is None:
            raise TableRefused(
                "not_protected", "No choice of cells withstands the attack; publish nothing of it."
            )
        self.optimal &= found.status == 0
        chosen: NDArray[np.float64] = np.round(found.x)
        return chosen

    def _cuts(self, chosen: NDArray[np.float64]) -> bool:
        """Forbid this choice where a withheld cell is narrower than asked for; whether there was one."""
        before = len(self.rows)
        for cell in np.flatnonzero(chosen > 0.5).tolist():
            rise, width = self._asked(cell)
            (up, down), (by_up, by_down) = self._reaches(cell, chosen)
            if up < rise - _CLOSE:
                self._forbid(by_up, cell, rise)
            elif up + down < width - _CLOSE:
                self._forbid(by_up + by_down, cell, width)
        return len(self.rows) > before

    def _reaches(
        self, cell: int, chosen: NDArray[np.float64]
    ) -> tuple[tuple[float, float], tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return how far a cell can rise and fall under a choice, and what each cell's being withheld is worth for it."""
        up, by_up = self._far(cell, chosen, 1.0)
        down, by_down = self._far(cell, chosen, -1.0)
        return (up, down), (by_up, by_down)

    def _far(self, cell: int, chosen: NDArray[np.float64], sign: float) -> tuple[float, NDArray[np.float64]]:
        free = np.flatnonzero(chosen > 0.5)
        cost = np.zeros(self.n)
        cost[cell] = -sign
        bounds = np.column_stack([-self.fall * chosen, self.rise * chosen])
        found = linprog(
            cost,
            A_eq=self.table.lines,
            b_eq=np.zeros(self.table.lines.shape[0]),
            bounds=bounds,
            method="highs",
        )
        if found.x is None or not len(free):
            raise TableRefused(
                "not_protected", "The attack on this table has no answer; publish nothing of it."
            )
        # The dual prices bound the attacker under every choice: a cell that is shown lets nothing through.
        worth = np.abs(found.lower.marginals) * self.fall + np.abs(found.upper.marginals) * self.rise
        return float(-found.fun), worth

    def _broken(self, chosen: NDArray[np.float64]) -> bool:
        """Attack with whole persons; where that breaks a cell, ask for another choice, which withholds something else."""
        shown = self.table.counts.copy()
        hidden = np.flatnonzero(chosen > 0.5)
        shown[hidden] = np.nan
        found = attack(Table(self.table.labels, shown, self.table.lines, self.table.n_own))
        for cell, low, high in zip(found.cells.tolist(), found.low, found.high, strict=True):
            rise, width = self._asked(cell)
            value = self.table.counts[cell]
            if high - value < rise - _CLOSE or high - low < width - _CLOSE:
                others = np.where((chosen < 0.5) & self.may, 1.0, 0.0)
                if not others.any():
                    raise TableRefused(
                        "not_protected", "Even with every cell withheld this table tells too much."
                    )
                self.rows.append(others)
                self.least.append(1.0)
                return True
        return False

    def _exposed(self, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        full = [
            cell for cell in hidden.tolist()
            if self._asked(cell) != (max(self.minimum - float(self.table.counts[cell]), 0.0), self.minimum - 1.0)
        ]  # fmt: skip
        return np.array(full, np.int64)
