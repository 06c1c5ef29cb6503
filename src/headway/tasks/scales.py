"""What the policies say that stand above this package: the scale of a target, and what a team of a validation needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from headway.tasks.types import FLOOR, Scale, Team

_ASKED: list[Callable[[int, date], Scale]] = []
_TEAMS: list[Callable[[], Mapping[str, int]]] = []


def register_scale(asked: Callable[[int, date], Scale]) -> None:
    """Register the function that says which scale a target (row key) is rated on, on a day. No statement within a request."""
    _ASKED[:] = [asked]


def scale_of(target: int, on: date) -> Scale:
    """Return the scale that a target is rated on, on a day."""
    (asked,) = _ASKED
    return asked(target, on)


def register_team(asked: Callable[[], Mapping[str, int]]) -> None:
    """Register the function that says what the district asks of a team beyond the floor. No statement within a request."""
    _TEAMS[:] = [asked]


def team() -> Team:
    """Return what a team needs in this district; never less than the floor."""
    said = _TEAMS[0]() if _TEAMS else {}
    return Team(
        **{name: max(getattr(FLOOR, name), said.get(name, 0)) for name in ("members", "areas", "schools")}
    )
