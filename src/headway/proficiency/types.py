"""What crosses the border of proficiency."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from headway.evidence.types import Receipt
from headway.science.proficiency.policy import Policy


@dataclass(frozen=True, slots=True)
class Effective:
    """The policy that holds for one target (and school) on one day: what the kernel needs and what a page says.

    `alike` is the policy without its requirement: what segments of one kernel call share.
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


@dataclass(frozen=True, slots=True)
class Standing:
    """One student on one target: what a page shows. Values in hundredths; `level` on a continuum, 0 where none."""

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
