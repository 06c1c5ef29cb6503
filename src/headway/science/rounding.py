"""Rounding half up, as a person rounds decimal text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOLERANCE = 1e-9
"""Two values this close are the same value: binary fractions of decimal levels differ by far less."""


def half_up(values: ArrayLike, decimals: int = 0) -> NDArray[np.float64]:
    """Round values half up (away from zero) to a number of decimals.

    Assumes values of moderate size (below a million), as levels are.

    Parameters: `values`, any shape, float, nan = missing; `decimals`, 0 or more.
    Returns: the same shape; nan stays nan.
    Source: decimal text rounding; a binary 2.675 lies below its decimal text, hence the tolerance of 1e-9.
    When not to use: before a comparison with a cut; the exact value is compared.

    >>> half_up([2.675, 3.5275, 2.123], 2).tolist()
    [2.68, 3.53, 2.12]
    """
    array = np.asarray(values, dtype=np.float64)
    factor = 10.0**decimals
    rounded = np.floor(np.abs(array) * factor + (0.5 + TOLERANCE)) / factor
    return np.asarray(np.copysign(rounded, array))


def hundredths(values: ArrayLike) -> NDArray[np.int32]:
    """Return values as integer hundredths, rounded half up; `NO_VALUE` where there is none.

    >>> hundredths([93 / 11, float("nan")]).tolist()
    [845, -2147483648]
    """
    array = np.asarray(values, dtype=np.float64)
    missing = np.isnan(array)
    rounded = np.copysign(np.floor(np.abs(array) * 100.0 + (0.5 + TOLERANCE)), array)
    if missing.any():
        rounded = np.where(missing, NO_VALUE, rounded)
    return np.asarray(rounded).astype(np.int32)


NO_VALUE: Any = np.iinfo(np.int32).min
"""Stands in integer columns where there is no value."""
