"""The shape of an estimate: a value with its interval, method, number, exclusions and reasons; and its refusal."""

from __future__ import annotations

import math
from dataclasses import dataclass

USUAL_MINIMUM = 30
"""Units below which a chance-corrected coefficient is too unsteady to act on (house definition 17)."""


class EstimateRefused(ValueError):
    """A question that the data cannot answer; `code` says why, `place` names what stands in the way where it is known."""

    def __init__(self, code: str, message: str, place: object = None) -> None:
        super().__init__(message)
        self.code, self.place = code, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One estimate. `interval` is (low, high) with the chance `confidence`, None where none can be given.

    `n` what was counted and `excluded` what was left out, in the units that `method` names; `reasons` are codes of
    what a reader has to know; `standard_error` nan where there is none.
    """

    value: float
    interval: tuple[float, float] | None
    confidence: float
    method: str
    n: int
    excluded: int = 0
    reasons: tuple[str, ...] = ()
    standard_error: float = math.nan


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
