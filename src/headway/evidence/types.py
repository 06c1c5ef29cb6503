"""What crosses the border of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

FIELDS = (
    "key",
    "student",
    "target",
    "level",
    "observed_at",
    "submitted_at",
    "due_at",
    "rater",
    "kind",
    "status",
    "purpose",
    "evidence",
    "attempt",
    "depth",
    "task",
    "continuum_level",
    "override",
    "comment",
    "replaces",
    "setting",
    "recorded_at",
    "held",
    "by_default",
    "language",
    "modification",
)
"""The fields of a rating on every way in: CSV column, JSON member, form field."""

CLASS_DEVICE = "class_device"
"""How a piece came in that a student handed in on a class device."""

CHANCE = "chance-"
"""What the key of a piece begins with that answers an opportunity; the opportunity's uuid follows."""

OFFERED, TAKEN, MISSED, EXCUSED, AWAY, WITHDRAWN = (
    "offered", "taken", "missed", "excused", "away", "withdrawn",
)  # fmt: skip
"""States of an opportunity."""
CLOSED = (MISSED, EXCUSED, AWAY)

READY, SHOW_AGAIN = "ready", "show_again"
REQUESTS = (READY, SHOW_AGAIN)
YES, NOT_YET, NO = "yes", "not_yet", "no"
ANSWERS = (YES, NOT_YET, NO)


@dataclass(frozen=True, slots=True)
class RatingEntry:
    """One rating, checked and resolved, ready for the ledger.

    Levels are integer hundredths; instants are microseconds since 1970 in UTC; `student`, `target`, `rater` are row
    keys of the roster and the framework, and the `…_uuid` beside them is what the ledger stores.
    """

    key: str
    student: int
    student_uuid: UUID
    target: int
    target_uuid: UUID
    observed_us: int
    level: int | None = None
    submitted_us: int | None = None
    due_us: int | None = None
    recorded_us: int | None = None
    rater: int | None = None
    rater_uuid: UUID | None = None
    kind: int = 0
    status: int = 0
    purpose: int = 0
    override: int = 0
    piece: str = ""
    attempt: int = 1
    depth: int = 0
    task: str = ""
    setting: str = ""
    continuum_level: int | None = None
    comment: str = ""
    replaces: str = ""
    held: bool = False
    by_default: bool = False
    language: str = ""
    modification: str = ""

    def body(self) -> dict[str, Any]:
        """Return the payload: what the ledger commits to. Empty fields are left out, so that adding one changes none."""
        full = {
            "key": self.key,
            "student": str(self.student_uuid),
            "target": str(self.target_uuid),
            "level": self.level,
            "observed_us": self.observed_us,
            "submitted_us": self.submitted_us,
            "due_us": self.due_us,
            "recorded_us": self.recorded_us,
            "rater": str(self.rater_uuid) if self.rater_uuid else None,
            "kind": self.kind,
            "status": self.status,
            "purpose": self.purpose,
            "override": self.override,
            "piece": self.piece,
            "attempt": self.attempt,
            "depth": self.depth,
            "task": self.task,
            "setting": self.setting,
            "continuum_level": self.continuum_level,
            "comment": self.comment,
            "replaces": self.replaces,
            "held": self.held or None,
            "by_default": self.by_default or None,
            "language": self.language,
            "modification": self.modification,
        }
        return {name: value for name, value in full.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt at a piece of work as it is handed in. `targets` are row keys; a file is named by its SHA-256.

    `way` is `class_device` where the student handed it in on a class device, else empty.
    `after` is the attempt that the sender had before them (0: none), where they say so: a newer one is not overtaken.
    """

    key: str
    student: int
    student_uuid: UUID
    targets: tuple[int, ...]
    target_uuids: tuple[UUID, ...]
    title: str
    words: str = ""
    link: str = ""
    file_name: str = ""
    file_type: str = ""
    file_digest: str = ""
    file_size: int = 0
    reflection: str = ""
    way: str = ""
    after: int | None = None

    def body(self, *, attempt: int, group: int = 0) -> dict[str, Any]:
        """Return the payload of the event; empty fields are left out."""
        full = {
            "key": self.key, "student": str(self.student_uuid), "targets": [str(one) for one in self.target_uuids],
            "title": self.title, "words": self.words, "link": self.link, "file_name": self.file_name,
            "file_type": self.file_type, "file_digest": self.file_digest, "file_size": self.file_size or None,
            "reflection": self.reflection, "way": self.way, "attempt": attempt, "group": group or None,
        }  # fmt: skip
        return {name: value for name, value in full.items() if value not in (None, "", [])}


@dataclass(frozen=True, slots=True)
class Task:
    """What is given: `targets` are row keys, `purpose` a code of `Purpose` (evidence or practice), `depth` 1 to 4 or 0.

    `groups` are numbers by student (row key): who has the same number hands in together, who has none works alone.
    `version` is the version of a task of the bank that is given; then title, words, targets and depth are the version's.
    """

    key: str
    title: str
    targets: tuple[int, ...]
    words: str = ""
    link: str = ""
    due_on: date | None = None
    depth: int = 0
    purpose: int = 0
    school_class: int | None = None
    groups: Mapping[int, int] = field(default_factory=dict)
    version: UUID | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """One student's opportunity with what its offer says, as other packages read it. `targets` are row keys.

    `version` is the version of a task of the bank that was given, and `rated_on` what ratings call it; None and empty for a
    task of the teacher's own.
    """

    uuid: UUID
    offer: UUID
    student: int
    title: str
    words: str
    link: str
    targets: tuple[int, ...]
    due_on: date | None
    depth: int
    purpose: int
    given_at: datetime
    state: str
    reason: str
    changed_at: datetime
    sequence: int
    school_class: int | None = None
    group: int = 0
    version: UUID | None = None
    rated_on: str = ""

    @property
    def task_name(self) -> str:
        """What a rating of work on it names as its task."""
        return self.rated_on or self.title[:190]

    @property
    def piece_key(self) -> str:
        """The key of the piece that answers it."""
        return f"{CHANCE}{self.uuid}"

    @property
    def open(self) -> bool:
        """Whether a piece may be handed in for it: an absence does not close it."""
        return self.state in (OFFERED, AWAY)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where in the ledger the acknowledged ratings stand: sequences `first` to `last`, and the head after them."""

    first: int
    last: int
    head: str
    replayed: tuple[str, ...] = ()
    written: tuple[tuple[int, int], ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the ledger, a projection or a kept head does not agree with the chain."""

    sequence: int
    what: str
    expected: str
    found: str
    subject: str = ""

    def __str__(self) -> str:
        who = f", about {self.subject}" if self.subject else ""
        return f"event {self.sequence}{who}: {self.what}; expected {self.expected}, found {self.found}"
