"""What crosses the border of notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from headway.access.types import Role

FEEDBACK, ANSWERED, MESSAGES, CARD, CONFERENCE, AGREED, DUE, HANDED_IN, ASKED, REPORTS = (
    "feedback", "answered", "messages", "card", "conference", "agreed", "due", "handed_in", "asked", "reports",
)  # fmt: skip
KINDS = (FEEDBACK, ANSWERED, MESSAGES, CARD, CONFERENCE, AGREED, DUE, HANDED_IN, ASKED, REPORTS)
"""What a notice can be about, in the order in which it is said: feedback first."""
AT_WORK = (MESSAGES, AGREED, HANDED_IN, ASKED)
"""What who teaches a class is told, about all their students together."""
LEADS = (Role.PRINCIPAL, Role.DISTRICT)
"""Who is told that a set of reports came."""

WAITING, SENDING, SENT, REFUSED, UNKNOWN, STOPPED = (
    "waiting",
    "sending",
    "sent",
    "refused",
    "unknown",
    "stopped",
)
"""States of a letter. `sending` is before the server has answered; where nobody heard the answer it becomes `unknown`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say: how many, about whom (row key of a student; None for a teacher's all, and reports), by which day."""

    kind: str
    n: int
    student: int | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What holds for one person: at which hour of the school's day, when it is quiet, and what they do not want to hear."""

    hour: int
    quiet_from: int
    quiet_to: int
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddressView:
    """A person's address for mail. It is used when it was verified and did not bounce."""

    address: str
    asked_at: datetime
    verified_at: datetime | None
    bounced_at: datetime | None
    bounced_why: str

    @property
    def in_use(self) -> bool:
        return self.verified_at is not None and self.bounced_at is None


@dataclass(frozen=True, slots=True)
class DigestView:
    """What one person was told on one day."""

    id: int
    on: date
    made_at: datetime
    is_new: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bounced:
    """An address that letters do not reach, and whose it is (row key)."""

    person: int
    address: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter that did not arrive, or of which nobody knows whether it did. Its words are kept nowhere."""

    id: int
    person: int
    purpose: str
    state: str
    changed_at: datetime
    said: str
