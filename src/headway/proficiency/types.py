"""What crosses the border of proficiency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from headway.evidence.types import Receipt
from headway.science.proficiency.policy import Policy

PROFILE_FIELDS = ("strengths", "interests", "languages", "learn_best", "helps", "goals", "check_in")
"""The fields of a learner's profile, as a policy file names them."""
PROFILE_READERS = ("family", "teachers", "advisor", "leaders")
"""Whom an entry of a profile may name as its readers; the student and the author always read it."""
DECIDING = ("teachers", "advisor", "leaders")
"""Who may decide at a decision point, as a policy file names them: a student's own, and those who lead the school."""


@dataclass(frozen=True, slots=True)
class ScaleChange:
    """From a day on another scale holds: `levels` says where each old level stands on it (pairs of hundredths).

    A rating was given on the old scale if it was observed before `day`, or recorded before `sequence`, when the change
    was brought in.
    """

    day: date
    sequence: int
    levels: tuple[tuple[int, int], ...]

    def moves(self, day: date, sequence: int) -> bool:
        """Whether a rating of that day and place in the ledger was given on the old scale."""
        return day < self.day or sequence < self.sequence


@dataclass(frozen=True, slots=True)
class Effective:
    """The policy that holds for one target (and school) on one day: what the kernel needs and what a page says.

    `alike` is the policy without its requirement: what segments of one kernel call share. `changes` are the changes of
    scale up to that day, oldest first.
    """

    version_id: int
    name: str
    number: int
    in_force_on: date
    scale_key: str
    scale: dict[str, Any]
    policy: Policy
    requirement: dict[str, int]
    alike: Policy
    body: dict[str, Any] = field(hash=False, compare=False)
    changes: tuple[ScaleChange, ...] = ()

    def placed(self, level: int, *, day: date, sequence: int) -> int:
        """Return where a rating's level (hundredths) stands on the present scale; the ledger keeps it as it was given."""
        for change in self.changes:
            if change.moves(day, sequence):
                level = dict(change.levels).get(level, level)
        return level


REACHED = ("proficient", "beyond")


class Standing(NamedTuple):
    """One student on one target: what a page shows. Values in hundredths; `level` on a continuum, 0 where none.

    `lacking`: where too little was shown, what is asked (have, need); only where it was determined now, not as it stands stored.
    A tuple, because a page makes some hundreds of them, and a frozen dataclass takes five times as long to make.
    """

    student: int
    target: int
    value: int | None
    state: str
    n_counted: int
    n_total: int
    filled: int
    required: int
    depth: int | None = None
    decided: bool = False
    since_decision: int = 0
    engine_value: int | None = None
    engine_state: str = "no_evidence"
    last_observed_us: int | None = None
    policy: int = 0
    level: int = 0
    proposed_level: int = 0
    lacking: tuple[tuple[str, int, int], ...] = ()

    @property
    def seen(self) -> bool:
        """Whether evidence or a decision speaks of the target; an individual goal is not read as grade level."""
        return self.state != "individual_goal" and (self.n_counted > 0 or self.decided)


def said(standing: Standing | None) -> tuple[str, int | None]:
    """Return what a page says of a standing: its state and value."""
    return ("no_evidence", None) if standing is None else (standing.state, standing.value)


def crossing(was: Standing | None, stands: Standing | None) -> str:
    """Return which way a standing crossed the cut: `in`, `out` or nothing."""
    before, now = (one is not None and one.state in REACHED for one in (was, stands))
    return "in" if now and not before else "out" if before and not now else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One pair of student and target on which a stored row and a replay of the ledger do not agree."""

    student: int
    target: int
    stored: Standing | None
    expected: Standing | None


@dataclass(frozen=True, slots=True)
class Determined:
    """One determination as an interface gives it: by sourcedId and identifier, value in hundredths."""

    student: str
    target: str
    value: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save acknowledges: where in the ledger, and what stands now on the targets that it touched."""

    receipt: Receipt
    determinations: tuple[Determined, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One determination that a trial would change or that sits on the edge of the cut. `moved`: in, out or nothing.

    `scale` is the one on which `after` stands.
    """

    student: int
    target: int
    before: Standing | None
    after: Standing
    moved: str
    edge: bool
    scale: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the laboratory found: `n` determinations compared at one instant, how many of each of `students`, and those of note.

    `against` are the policy versions (name, number) that hold now where the trial would change them; `pieces` is the middle
    number of pieces that counted there.
    """

    n: int
    students: Mapping[int, int]
    rows: tuple[Move, ...]
    moved_in: int
    moved_out: int
    edge: int
    day: date
    at: datetime
    against: tuple[tuple[str, int], ...]
    pieces: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen in the laboratory: a rule with its parameters, what is asked, and the scale with its cut.

    `mapping` says for each level of the scale before (as text) where it stands on the chosen one.
    """

    rule: str
    parameters: dict[str, Any]
    requirement: dict[str, int]
    cut: str
    scale: str
    proficient: float | None
    beyond: float | None
    mapping: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Basis:
    """What holds at a place where a policy would apply: said in whole (`body`), and by the policy of that very place (`own`).

    `name` is that policy's, empty where there is none; `locked` names for each locked key the wider policy that locks it.
    """

    applies: dict[str, str]
    name: str
    own: dict[str, Any]
    body: dict[str, Any]
    locked: dict[str, str]
    chosen: Chosen
