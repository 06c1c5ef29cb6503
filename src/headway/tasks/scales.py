"""The scale of a target: said by the policies, which stand above this package."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from headway.tasks.types import Scale

_ASKED: list[Callable[[int, date], Scale]] = []


def register_scale(asked: Callable[[int, date], Scale]) -> None:
    """Register the function that says which scale a target (row key) is rated on, on a day. No statement within a request."""
    _ASKED[:] = [asked]


def scale_of(target: int, on: date) -> Scale:
    """Return the scale that a target is rated on, on a day."""
    (asked,) = _ASKED
    return asked(target, on)
