"""A sparse symmetric factor with the diagonal of its inverse: what a restricted likelihood and its slope need.

SciPy has no sparse factorization of symmetric matrices and no selected inverse. The loops run compiled; below
`MOST_DENSE` columns NumPy's dense ones answer before a compiler would have started.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_DENSE = 400


@dataclass(frozen=True, slots=True)
class Factored:
    """The log determinant of a matrix, the diagonal of its inverse, and the inverse times given columns."""

    log_determinant: float
    inverse_diagonal: NDArray[np.float64]
    solved: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Symmetric:
    """The pattern of a positive definite matrix by columns: `starts`, `rows` (sorted), `columns` of each entry."""

    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def factored(self, values: NDArray[np.float64], right: NDArray[np.float64]) -> Factored:
        """Factor the matrix with these values, in the given order of columns, and solve for `right`.

        Source: Davis, ACM Transactions on Mathematical Software 31 (2005), 587 (up-looking factor LDL'); Takahashi, Fagan
        & Chin (1973), as in Erisman & Tinney, Communications of the ACM 18 (1975), 177 (inverse on the factor's pattern).
        """
        n = len(self.starts) - 1
        if n <= MOST_DENSE:
            dense = np.zeros((n, n))
            dense[self.rows, self.columns] = values
            inverse = np.linalg.inv(dense)
            return Factored(float(np.linalg.slogdet(dense)[1]), np.diag(inverse).copy(), inverse @ right)
        starts, below, scaled, pivots = _kernel("_ldl")(self.starts, self.rows, values)
        solved = _kernel("_solve")(starts, below, scaled, pivots, right)
        return Factored(
            float(np.log(pivots).sum()), _kernel("_inverse_diagonal")(starts, below, scaled, pivots), solved
        )


@lru_cache
def _kernel(name: str) -> Callable[..., Any]:
    import numba

    found: Callable[..., Any] = numba.njit(nogil=True, cache=True)(globals()[name])
    return found


def _ldl(starts: Any, rows: Any, values: Any) -> Any:
    n = len(starts) - 1
    parent = np.full(n, -1, np.int64)
    flag = np.empty(n, np.int64)
    size = np.zeros(n, np.int64)
    for k in range(n):
        flag[k] = k
        for p in range(starts[k], starts[k + 1]):
            i = rows[p]
            while i < k and flag[i] != k:
                if parent[i] == -1:
                    parent[i] = k
                size[i] += 1
                flag[i] = k
                i = parent[i]
    first = np.zeros(n + 1, np.int64)
    for k in range(n):
        first[k + 1] = first[k] + size[k]
    below = np.empty(first[n], np.int64)
    scaled = np.empty(first[n], np.float64)
    pivots = np.empty(n, np.float64)
    work = np.zeros(n, np.float64)
    stack = np.empty(n, np.int64)
    path = np.empty(n, np.int64)
    filled = np.zeros(n, np.int64)
    for k in range(n):
        top = n
        flag[k] = k
        for p in range(starts[k], starts[k + 1]):
            i = rows[p]
            if i > k:
                continue
            work[i] += values[p]
            length = 0
            while flag[i] != k:
                path[length] = i
                length += 1
                flag[i] = k
                i = parent[i]
            while length > 0:
                length -= 1
                top -= 1
                stack[top] = path[length]
        pivot = work[k]
        work[k] = 0.0
        for at in range(top, n):
            i = stack[at]
            y = work[i]
            work[i] = 0.0
            end = first[i] + filled[i]
            for p in range(first[i], end):
                work[below[p]] -= scaled[p] * y
            share = y / pivots[i]
            pivot -= share * y
            below[end] = k
            scaled[end] = share
            filled[i] += 1
        pivots[k] = pivot
    return first, below, scaled, pivots


def _solve(starts: Any, below: Any, scaled: Any, pivots: Any, right: Any) -> Any:
    n, width = right.shape
    x = right.copy()
    for j in range(n):
        for p in range(starts[j], starts[j + 1]):
            for c in range(width):
                x[below[p], c] -= scaled[p] * x[j, c]
    for j in range(n - 1, -1, -1):
        for c in range(width):
            x[j, c] /= pivots[j]
        for p in range(starts[j], starts[j + 1]):
            for c in range(width):
                x[j, c] -= scaled[p] * x[below[p], c]
    return x


def _inverse_diagonal(starts: Any, below: Any, scaled: Any, pivots: Any) -> Any:
    """From the last column on; rows of a column are ascending, and any two of them meet in the factor's pattern."""
    n = len(pivots)
    diagonal = np.empty(n, np.float64)
    inverse = np.zeros(len(below), np.float64)
    for j in range(n - 1, -1, -1):
        low, high = starts[j], starts[j + 1]
        for b in range(low, high):
            column = below[b]
            inverse[b] -= scaled[b] * diagonal[column]
            left, last = starts[column], starts[column + 1]
            for a in range(b + 1, high):
                row = below[a]
                right = last
                at = left
                while at < right:
                    middle = (at + right) // 2
                    if below[middle] < row:
                        at = middle + 1
                    else:
                        right = middle
                left = at + 1
                inverse[a] -= scaled[b] * inverse[at]
                inverse[b] -= scaled[a] * inverse[at]
        total = 1.0 / pivots[j]
        for b in range(low, high):
            total -= scaled[b] * inverse[b]
        diagonal[j] = total
    return diagonal
