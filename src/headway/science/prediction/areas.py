"""Areas under the curve (AUC): the chance that one of A stands above one of B, ties counted half, with DeLong's variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused


@dataclass(frozen=True, slots=True)
class Area:
    """P(A > B) + ½ P(A = B), and each member's own share of it: `above` for A, `under` for B, whose means it is."""

    value: float
    above: NDArray[np.float64]
    under: NDArray[np.float64]

    @property
    def variance(self) -> float:
        """DeLong's variance of the area; nan where a group has one member."""
        if min(len(self.above), len(self.under)) < 2:
            return float("nan")
        return float(self.above.var(ddof=1) / len(self.above) + self.under.var(ddof=1) / len(self.under))


def area(a: NDArray[np.float64], b: NDArray[np.float64]) -> Area:
    """Compute the chance that a member of A stands above a member of B, ties counted half.

    Assumes finite values and independent members.

    Parameters: `a`, `b`, values of both groups, shape (n,), in one unit.
    Returns: `Area`; its `variance` is DeLong's. Cost n log n.
    Raises: `EstimateRefused("empty_group")`.
    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837; by midranks, Sun and Xu (2014).
    When not to use: for members that come in clusters the variance is too small; sum the shares by cluster.

    >>> area(np.array([2.0, 3.0]), np.array([1.0, 2.0])).value
    0.875
    """
    if not len(a) or not len(b):
        raise EstimateRefused("empty_group", "An area needs members of both groups.")
    ordered_a, ordered_b = np.sort(a), np.sort(b)
    above = (np.searchsorted(ordered_b, a, "left") + np.searchsorted(ordered_b, a, "right")) / (2 * len(b))
    at_most = (np.searchsorted(ordered_a, b, "left") + np.searchsorted(ordered_a, b, "right")) / (2 * len(a))
    return Area(float(above.mean()), above, 1.0 - at_most)


def covariance(first: Area, second: Area) -> float:
    """Return DeLong's covariance of the areas of two scores of the same members.

    >>> one = area(np.array([2.0, 3.0, 5.0]), np.array([1.0, 2.0]))
    >>> covariance(one, one) == one.variance
    True
    """
    found = 0.0
    for x, y in ((first.above, second.above), (first.under, second.under)):
        if len(x) < 2:
            return float("nan")
        found += float(((x - x.mean()) * (y - y.mean())).sum() / (len(x) - 1) / len(x))
    return found
