"""How much two ratings agree: 1 for the same, 0 for the farthest apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused

NAMES = ("identity", "linear", "quadratic", "ordinal")
MOST_CATEGORIES = 2000
Weights = str | NDArray[np.float64]


def weights_of(name: Weights | ArrayLike, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the K × K weights of agreement between categories.

    Assumes numeric categories for `linear` and `quadratic`, whose distances are those of the values themselves and
    not of their ranks; `ordinal` uses ranks only.

    Parameters: `name`, one of identity, linear, quadratic, ordinal, or a symmetric K × K array with 1 on its diagonal;
    `values` K categories in order.
    Returns: float64 (K, K), from 0 to 1.
    Raises: `EstimateRefused`: `too_many_categories` beyond 2,000, `unknown_weights`, `not_a_number` for text under other
    weights than identity, `weights_differ` for an array of another shape.
    Source: Gwet, Handbook of Inter-Rater Reliability, 4th ed. (2014), section 3.5; Cohen, Psychological Bulletin 70
    (1968).

    >>> weights_of("quadratic", np.array([1.0, 2.0, 4.0]))[0].round(3).tolist()
    [1.0, 0.889, 0.0]
    """
    k = len(values)
    if k > MOST_CATEGORIES:
        message = f"{k} categories are too many to weigh; see alpha for interval and ratio, or icc."
        raise EstimateRefused("too_many_categories", message)
    if not isinstance(name, str):
        given = np.asarray(name, np.float64)
        if given.shape != (k, k) or not np.allclose(given, given.T) or not np.allclose(np.diag(given), 1):
            raise EstimateRefused(
                "weights_differ", f"Weights are a symmetric {k} × {k} array, 1 on its diagonal."
            )
        return given
    if name not in NAMES:
        raise EstimateRefused("unknown_weights", f"Weights are one of: {', '.join(NAMES)}.", name)
    if name == "identity" or k < 2:
        return np.eye(k)
    if values.dtype.kind not in "fiub":
        raise EstimateRefused("not_a_number", f"Ratings must be numbers for {name} weights.", str(values[0]))
    place = np.arange(k, dtype=np.float64) if name == "ordinal" else values.astype(np.float64)
    apart = np.abs(place[:, None] - place)
    if name != "ordinal":
        apart /= apart.max()
    if name == "quadratic":
        apart = apart**2
    elif name == "ordinal":
        apart = apart * (apart + 1) / 2
    found: NDArray[np.float64] = 1 - apart / apart.max()
    return found
