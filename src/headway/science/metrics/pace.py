"""Pace: the rate at which evidence comes in, against the date by which the plan ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

STATES = ("behind", "on_pace", "ahead", "not_enough_data", "no_chance_offered")


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` in pieces per instructed week, `low` and `high` its 80 % interval; weeks instructed.

    `weeks_needed` and `margin_weeks` (time left minus time needed, positive is early) are None where there is
    no finish. `color` red, amber or green: amber while the interval straddles the buffer.
    """

    state: str
    reason: str
    rate: float | None
    low: float | None
    high: float | None
    weeks_needed: float | None
    margin_weeks: float | None
    color: str


def pace(
    *,
    pieces_in_window: float,
    weeks_known: float,
    remaining: float,
    weeks_left: float,
    chances: int,
    window_weeks: float = 8,
    minimum_weeks: float = 4,
    buffer_weeks: float = 2,
) -> Pace:
    """Compute a student's pace in a plan.

    Assumes that evidence arrives independently at a steady rate inside the window.

    Parameters: `pieces_in_window`, weighted pieces in the last `window_weeks` instructed weeks;
    `weeks_known`, instructed weeks since the plan began; `remaining`, pieces still required; `weeks_left`,
    instructed weeks to the plan's end (negative when past); `chances`, opportunities offered inside the
    window.
    Returns: `Pace`; reasons `under_minimum_weeks`, `no_finish_at_this_rate`, `no_chance_offered`, `done`, or
    "".
    Source: house definition 6; interval gamma(U + 1/2) ÷ weeks (Jeffreys prior of a Poisson rate).
    When not to use: for a median of weekly counts, which is 0 for most students.

    >>> pace(pieces_in_window=8, weeks_known=20, remaining=8, weeks_left=10, chances=9).state
    'on_pace'
    """
    if remaining <= 0:
        return Pace(
            "ahead" if weeks_left > buffer_weeks else "on_pace",
            "done",
            None,
            None,
            None,
            0.0,
            weeks_left,
            "green",
        )
    if weeks_known < minimum_weeks:
        return Pace("not_enough_data", "under_minimum_weeks", None, None, None, None, None, "none")
    weeks = min(window_weeks, weeks_known)
    rate = pieces_in_window / weeks
    if pieces_in_window <= 0 and chances <= 0:
        return Pace("no_chance_offered", "no_chance_offered", 0.0, None, None, None, None, "none")
    low, high = (gamma_quantile(p, pieces_in_window + 0.5) / weeks for p in (0.1, 0.9))
    latest = weeks_left - remaining / low if low > 0 else -math.inf
    earliest = weeks_left - remaining / high
    color = "red" if earliest < -buffer_weeks else "green" if latest >= -buffer_weeks else "amber"
    if rate <= 0:
        return Pace("behind", "no_finish_at_this_rate", 0.0, low, high, None, None, color)
    needed = remaining / rate
    margin = weeks_left - needed
    state = "behind" if margin < -buffer_weeks else "ahead" if margin > buffer_weeks else "on_pace"
    return Pace(state, "", rate, low, high, needed, margin, color)


@lru_cache(maxsize=4096)
def gamma_quantile(p: float, shape: float) -> float:
    """Return the quantile of a gamma distribution with scale 1, by bisection on its incomplete integral.

    Parameters: `p` between 0 and 1; `shape` above 0. Accurate to 1e-10.
    Source: series of the lower incomplete gamma function (Abramowitz & Stegun 6.5.29).

    >>> round(gamma_quantile(0.5, 1.0), 6)  # the median of an exponential is ln 2
    0.693147
    """
    low, high = 0.0, shape + 10 * math.sqrt(shape) + 20
    for _ in range(200):
        middle = (low + high) / 2
        if _lower(shape, middle) < p:
            low = middle
        else:
            high = middle
        if high - low < 1e-12 * max(1.0, high):
            break
    return (low + high) / 2


def _lower(shape: float, x: float) -> float:
    if x <= 0:
        return 0.0
    term = total = 1.0 / shape
    k = shape
    while term > total * 1e-16:
        k += 1
        term *= x / k
        total += term
    return min(1.0, total * math.exp(-x + shape * math.log(x) - math.lgamma(shape)))
