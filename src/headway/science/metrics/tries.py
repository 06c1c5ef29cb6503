"""Tries: how a student came to proficient on one target, rating by rating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headway.science.rounding import TOLERANCE

VERSION = 1


@dataclass(frozen=True, slots=True)
class Tries:
    """`first` level; `first_reached`, whether it was enough; `again`, whether there was a second rating; `reached`, whether any
    single rating was enough; `tries` and `days` up to the first that was, else so far."""

    first: float
    first_reached: bool
    again: bool
    reached: bool
    tries: int
    days: int


def tries(levels: Sequence[float], days: Sequence[int], *, enough: float, until: int) -> Tries:
    """Count ratings and days from a student's first rating on a target to the first that is enough.

    Assumes ratings of one student on one target, oldest first, by adults and as evidence.

    Parameters: `levels`, at least one, in levels of the scale; `days`, the day of each as a number; `enough`, the lowest level
    that is proficient, infinite where the scale has none; `until`, the day up to which one looks.
    Returns: `Tries`; `days` from 0.
    Source: house definition: the first single rating at proficient, whatever the rule makes of all of them together.
    When not to use: to say that a student is proficient; that is determined by the rule in force.

    >>> found = tries([2.0, 2.5, 3.0], [0, 7, 30], enough=3.0, until=90)
    >>> found.tries, found.days, found.reached, found.first_reached
    (3, 30, True, False)
    """
    at = next((at for at, level in enumerate(levels) if level >= enough - TOLERANCE), None)
    last, day = (len(levels) - 1, until) if at is None else (at, days[at])
    return Tries(levels[0], at == 0, len(levels) > 1, at is not None, last + 1, day - days[0])
