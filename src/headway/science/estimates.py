"""One estimate as a record, why a question has no answer, and the quantiles that intervals are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

USUAL_MINIMUM = 30
"""Units below which a chance-corrected coefficient is too unsteady to act on (house definition 17)."""
_NORMAL = NormalDist()


class EstimateRefused(ValueError):
    """A question that the data cannot answer; `code` says why, `place` names what stands in the way where it is known."""

    def __init__(self, code: str, message: str, place: object = None) -> None:
        super().__init__(message)
        self.code, self.place = code, place


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, how it was found, how many it rests on and how many were left out.

    `value` and `interval` (low, high) are None where there is none; then `reasons` holds the codes that say why. A reason
    beside a value is a warning. `n` and `excluded` count in the units that `method` names; `standard_error` is nan where
    there is none, `confidence` the chance that the interval is made for, nan where it is not said.
    """

    value: float | None
    interval: tuple[float, float] | None
    method: str
    n: int
    excluded: int = 0
    reasons: tuple[str, ...] = ()
    standard_error: float = math.nan
    confidence: float = math.nan


def enough(n: int, minimum: int | None, usual: int = USUAL_MINIMUM) -> tuple[str, ...]:
    """Return `("under_minimum",)` where `n` is below the usual number, () otherwise.

    Parameters: `minimum`, a policy's own number below which nothing is told; None tells, with the warning.
    Raises: `EstimateRefused("under_minimum")`.

    >>> enough(12, None), enough(40, None)
    (('under_minimum',), ())
    """
    if minimum is not None and n < minimum:
        raise EstimateRefused("under_minimum", f"{n} are too few; at least {minimum} are asked.")
    return ("under_minimum",) if n < usual else ()


def normal_quantile(chance: float) -> float:
    """Return the half-width of a central interval in standard errors.

    Parameters: `chance`, coverage between 0 and 1, both excluded.

    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return _NORMAL.inv_cdf(0.5 + chance / 2)


def t_quantile(chance: float, freedom: float) -> float:
    """Return the half-width of a central interval in standard errors by Student's distribution.

    Parameters: `chance`, coverage between 0 and 1, both excluded; `freedom`, degrees of freedom above 0.

    >>> round(t_quantile(0.95, 2), 3)
    4.303
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + chance / 2))


def percentile_interval(draws: NDArray[np.float64], chance: float) -> tuple[float, float]:
    """Return the central interval of replicates of an estimate (Efron's percentile interval).

    >>> percentile_interval(np.arange(9.0), 0.5)
    (2.0, 6.0)
    """
    tail = (1 - chance) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
