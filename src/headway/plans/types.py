"""What crosses the border of plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One target of a plan (row key) and the pieces of evidence that the plan asks for on it."""

    target: int
    pieces: int


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a template: what it asks, in order."""

    id: int
    plan: str
    title: str
    number: int
    items: tuple[PlanItem, ...]


@dataclass(frozen=True, slots=True)
class PlanView:
    """One student's plan with its differences applied. `starts_on` and `ends_on` are both inside it; `own` tells
    whether it departs from its template."""

    id: int
    student: int
    plan: str
    title: str
    number: int
    starts_on: date
    ends_on: date
    items: tuple[PlanItem, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """What assigning a version did: plans made, kept as they stood, and ended because a new one took their place."""

    made: int
    kept: int
    ended: int


@dataclass(frozen=True, slots=True)
class PaceRow:
    """The pace of one student in one plan.

    `progress` = `filled` of `required` pieces (None where nothing is asked); `rate` with its 80 % interval `low` to
    `high` in pieces per instructed week; `margin_weeks` positive where early; `n` pieces in the window. `state`, `reason`
    and `color` as in `science.metrics.pace`, and reason `nothing_required` where nothing is asked.
    """

    student: int
    plan: str
    progress: float | None
    filled: int
    required: int
    rate: float | None
    low: float | None
    high: float | None
    weeks_needed: float | None
    margin_weeks: float | None
    state: str
    reason: str
    color: str
    n: int


Items = Mapping[UUID, int]
"""What a plan asks, in order: pieces by the target's identifier."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Where a plan departs from its version, by the target's identifier."""

    added: tuple[tuple[UUID, int], ...] = ()
    removed: tuple[UUID, ...] = ()
    pieces: tuple[tuple[UUID, int], ...] = ()

    @classmethod
    def between(cls, version: Items, own: Items) -> Differences:
        """Return what leads from the items of a version to a student's own; order is no difference."""
        return cls(
            added=tuple((target, pieces) for target, pieces in own.items() if target not in version),
            removed=tuple(target for target in version if target not in own),
            pieces=tuple((t, n) for t, n in own.items() if t in version and version[t] != n),
        )

    @classmethod
    def read(cls, stored: Mapping[str, object]) -> Differences:
        """Return differences as a row holds them."""
        added, removed, pieces = (stored.get(name) or () for name in ("added", "removed", "pieces"))
        assert isinstance(added, list | tuple) and isinstance(removed, list | tuple)
        changed = pieces.items() if isinstance(pieces, Mapping) else ()
        return cls(
            added=tuple((UUID(target), int(n)) for target, n in added),
            removed=tuple(UUID(target) for target in removed),
            pieces=tuple((UUID(target), int(n)) for target, n in changed),
        )

    def stored(self) -> dict[str, object]:
        """Return what a row holds: nothing where there is no difference."""
        found: dict[str, object] = {
            "added": [[str(target), n] for target, n in self.added],
            "removed": [str(target) for target in self.removed],
            "pieces": {str(target): n for target, n in self.pieces},
        }
        return {name: value for name, value in found.items() if value}

    def applied(self, version: Items) -> dict[UUID, int]:
        """Return the items of a plan: those of its version, changed, then those that were added."""
        own = dict(self.pieces)
        found = {target: own.get(target, n) for target, n in version.items() if target not in self.removed}
        found.update((target, n) for target, n in self.added if target not in found)
        return found
