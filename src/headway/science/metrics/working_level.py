"""The working level: at which level of a continuum a student works now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

VERSION = 1
OPENS_SHARE = 0.85
"""The share of a level's targets that must be reached before the next level opens."""


@dataclass(frozen=True, slots=True)
class WorkingLevel:
    """`level` None where nothing was shown. `reached` of `targets` at that level; `opens_at` so many open the next.

    `began` is the lowest level with evidence: what lies below it counts as passed, and is not claimed as shown.
    """

    level: int | None
    targets: int
    reached: int
    opens_at: int
    began: int | None
    reason: str


def working_level(
    levels: Sequence[int],
    targets: Sequence[int],
    reached: Sequence[int],
    seen: Sequence[int],
    *,
    opens_share: float = OPENS_SHARE,
) -> WorkingLevel:
    """Find the first level, from the lowest with evidence upward, at which too few targets are reached to go on.

    Assumes levels in rising order, and that a student enters a continuum at the lowest level on which evidence exists.

    Parameters: `levels`, rising numbers; per level how many `targets` are in force, how many are `reached` (proficient
    or beyond) and how many are `seen` (any evidence); `opens_share` above 0 to 1, half-up in favor of the student at
    exact ties (a share of 0.85 of 20 opens at 17).
    Returns: `WorkingLevel`; reasons `no_evidence`, `working`, `top` (every level is passed).
    Source: house rule; "level 7 opens at 8 of 9 targets" is `opens_share` 0.85 of 9, rounded up to 8.
    When not to use: to advance anybody; a person decides that, with the evidence in view.

    >>> working_level([5, 6, 7], [10, 9, 9], [9, 5, 0], [10, 8, 1]).level
    6
    """
    began = next((at for at, n in enumerate(seen) if n > 0), None)
    if began is None:
        return WorkingLevel(None, 0, 0, 0, None, "no_evidence")
    at = began
    while at + 1 < len(levels) and reached[at] >= opens_at(targets[at], opens_share):
        at += 1
    needed = opens_at(targets[at], opens_share)
    reason = "top" if at + 1 == len(levels) and targets[at] and reached[at] >= needed else "working"
    return WorkingLevel(levels[at], targets[at], reached[at], needed, levels[began], reason)


def opens_at(targets: int, share: float) -> int:
    """Return how many of a level's targets open the next one: the share rounded up, all but nothing of an empty level.

    >>> opens_at(9, 0.85), opens_at(20, 0.85), opens_at(1, 0.85), opens_at(0, 0.85)
    (8, 17, 1, 0)
    """
    return -int(-(targets * share - 1e-9) // 1)
