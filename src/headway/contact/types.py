"""What crosses the border of contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

SCHOOL, STUDENT, HOME = "school", "student", "home"
WHO = (SCHOOL, STUDENT, HOME)
"""Who does what was agreed."""
CALL, MESSAGE, MEETING = "call", "message", "meeting"
KINDS = (CALL, MESSAGE, MEETING)
"""How school and home were in touch."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One agreement before it is recorded: who does what, by when."""

    who: str
    what: str
    by_on: date | None = None


@dataclass(frozen=True, slots=True)
class AgreementView:
    """Who does what by when. `state` open, done or changed; a changed one says why, and another took its place."""

    id: int
    student: int
    who: str
    what: str
    by_on: date | None
    state: str
    settled_at: datetime | None
    reason: str
    agreed_on: date


@dataclass(frozen=True, slots=True)
class ConferenceView:
    """One conference: when, who was there, who interpreted, what was agreed."""

    id: int
    student: int
    held_on: date
    present: str
    interpreter: str
    language: str
    recorded_by: str
    agreements: tuple[AgreementView, ...]


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of the contact log."""

    id: int
    student: int
    kind: str
    on: date
    with_whom: str
    about: str
    agreed: str
    shared: bool
    written_by: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. `own`: the reader's side wrote it; `until`: up to when its writer may take it back; `text` empty where it
    was taken back."""

    id: int
    text: str
    sender: str
    own: bool
    written_at: datetime
    waits_until: datetime | None
    read_at: datetime | None
    withdrawn: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ThreadView:
    """What a guardian and the teachers of one student wrote to one another; `unread` on the reader's side."""

    student: int
    guardian: int
    guardian_name: str
    messages: tuple[MessageView, ...]
    unread: int
