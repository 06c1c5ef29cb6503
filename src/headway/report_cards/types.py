"""What crosses the border of report cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RunView:
    """One run: a school and a term. `as_of` and `through` from the day on which it was frozen, else None."""

    id: int
    school: int
    school_name: str
    school_sourced_id: str
    term: str
    starts_on: date
    ends_on: date
    as_of: date | None
    through: int | None
    frozen_at: datetime | None

    @property
    def frozen(self) -> bool:
        return self.as_of is not None


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment on one student in one area, with its translation. `machine`: nobody has checked the translation yet."""

    id: int
    student: int
    framework: int
    text: str
    language: str
    author: str
    written_at: datetime
    translation: str
    translation_language: str
    machine: bool
    checked_by: str


@dataclass(frozen=True, slots=True)
class Written:
    """One comment as an adult hands it in: the text with its language, a translation into the other language or none, and
    whether that is machine text which nobody has checked."""

    text: str
    language: str
    translation: str = ""
    machine: bool = False


@dataclass(frozen=True, slots=True)
class SayingView:
    """One sentence of a teacher's own bank."""

    id: int
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class IncompleteView:
    """One area in which a student still owes evidence: who looks after it, and until when. `settled`: how it ended."""

    id: int
    student: int
    framework: int
    owner: int
    owner_name: str
    reason: str
    expires_on: date
    settled: str
    settled_at: datetime | None
    settled_reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Comments that a class still owes in one area: students' row keys."""

    school_class: int
    class_id: str
    title: str
    teachers: tuple[str, ...]
    framework: int
    students: tuple[int, ...]
    n: int


@dataclass(frozen=True, slots=True)
class Board:
    """How far a run is: comments written of all that are asked, what is missing by class, what nobody has checked with the
    class where that is done, and the incompletes that stand, those whose day has passed first."""

    asked: int
    written: int
    missing: tuple[Missing, ...]
    unchecked: tuple[tuple[CommentView, str], ...]
    incompletes: tuple[IncompleteView, ...]
    expired: tuple[IncompleteView, ...]
    cards: int
    students: int


@dataclass(frozen=True, slots=True)
class CardView:
    """One card. `issue` counts from 1, 0 is a proof that was never issued; `change` says what a reissue changed."""

    run: int
    student: int
    issue: int
    content: Mapping[str, Any]
    digest: str
    as_of: date
    through: int
    issued_at: datetime
    issued_by: str
    change: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What freezing did: cards made, and cards that were there already."""

    made: int
    kept: int


@dataclass(frozen=True, slots=True)
class StatementView:
    """A family's statement that goes with each later card."""

    text: str
    said_by: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Contested:
    """A family's statement beside an item of the record that was not amended. `target` is a row key, or None."""

    student: int
    amendment: UUID
    kind: str
    item: str
    target: int | None
    text: str
    said_by: str
    written_at: datetime
