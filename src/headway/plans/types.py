"""What crosses the border of plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One target of a plan (row key), the pieces of evidence that the plan asks for on it, and the week of the plan by whose
    end they are due (None: the plan's order says it)."""

    target: int
    pieces: int
    due_week: int | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a template: what it asks, in order."""

    id: int
    plan: str
    title: str
    number: int
    items: tuple[PlanItem, ...]

    @property
    def weeks(self) -> int | None:
        """How many weeks the version takes: its last due week; None where not every target has one."""
        weeks = [item.due_week for item in self.items]
        return max((week for week in weeks if week), default=None) if all(weeks) else None


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
class ItemChange:
    """What one target of a student's plan shall be: pieces, day (None: the template's), and why it is waived (None: it is
    not)."""

    target: int
    pieces: int
    due_on: date | None = None
    waived: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One target of a student's plan as it stands on a day.

    `state`: `done` where the pieces asked are in, `late` past its day, `due` until then, `waived`, or `aside` where it is
    excused, not taught, an individual goal, or not in force. `reason` says why it is waived. `template_pieces` and
    `template_due_on` are what the template asks, None for a target that only this student has.
    """

    target: int
    pieces: int
    filled: int
    due_on: date
    state: str
    reason: str
    template_pieces: int | None
    template_due_on: date | None

    @property
    def added(self) -> bool:
        return self.template_pieces is None

    @property
    def own(self) -> bool:
        """Whether it differs from the template."""
        return self.state == "waived" or (self.pieces, self.due_on) != (
            self.template_pieces,
            self.template_due_on,
        )


@dataclass(frozen=True, slots=True)
class Week:
    """One week of a plan: `asked` pieces are due by its end, `filled` are in by then (None where it has not begun)."""

    number: int
    starts_on: date
    ends_on: date
    asked: int
    filled: int | None
    due: tuple[int, ...]
    now: bool


@dataclass(frozen=True, slots=True)
class PlanSteps:
    """A student's plan target by target and week by week. `followed_on` is the day on which another plan takes its place or
    it ends; `undoable` tells whether its last change can be taken back."""

    plan: PlanView
    steps: tuple[Step, ...]
    weeks: tuple[Week, ...]
    followed_on: date | None
    undoable: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Giving:
    """A template that was given to many in one act. `done` of `n` students are worked through; `status` `applied` or
    `undone`."""

    run: int
    plan: str
    number: int
    starts_on: date
    ends_on: date
    n: int
    done: int
    made: int
    kept: int
    ended: int
    status: str
    at: datetime


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
    """Where a plan departs from its version, by the target's identifier; `why` gives the reasons of what was removed."""

    added: tuple[tuple[UUID, int], ...] = ()
    removed: tuple[UUID, ...] = ()
    pieces: tuple[tuple[UUID, int], ...] = ()
    due: tuple[tuple[UUID, date], ...] = ()
    why: tuple[tuple[UUID, str], ...] = ()

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
        due, why = (stored.get(name) or {} for name in ("due", "why"))
        assert isinstance(due, Mapping) and isinstance(why, Mapping)
        return cls(
            added=tuple((UUID(target), int(n)) for target, n in added),
            removed=tuple(UUID(target) for target in removed),
            pieces=tuple((UUID(target), int(n)) for target, n in changed),
            due=tuple((UUID(target), date.fromisoformat(day)) for target, day in due.items()),
            why=tuple((UUID(target), said) for target, said in why.items()),
        )

    def stored(self) -> dict[str, object]:
        """Return what a row holds: nothing where there is no difference."""
        found: dict[str, object] = {
            "added": [[str(target), n] for target, n in self.added],
            "removed": [str(target) for target in self.removed],
            "pieces": {str(target): n for target, n in self.pieces},
            "due": {str(target): day.isoformat() for target, day in self.due},
            "why": {str(target): said for target, said in self.why},
        }
        return {name: value for name, value in found.items() if value}

    def applied(self, version: Items) -> dict[UUID, int]:
        """Return the items of a plan: those of its version, changed, then those that were added."""
        own = dict(self.pieces)
        found = {target: own.get(target, n) for target, n in version.items() if target not in self.removed}
        found.update((target, n) for target, n in self.added if target not in found)
        return found
