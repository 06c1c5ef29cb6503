"""What crosses the border of rights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

RECORD, RATING, DECISION, REPORT_CARD, OTHER = "record", "rating", "decision", "report_card", "other"
KINDS = (RECORD, RATING, DECISION, REPORT_CARD, OTHER)
ASKED, GIVEN, AMENDED, REFUSED, WITHDRAWN = "asked", "given", "amended", "refused", "withdrawn"
ANSWERS = (AMENDED, REFUSED)
WHATS = (RECORD, "determinations", "results", "grades", "levels")
"""What leaves the school: the whole record, determinations, a term's results or marks, levels read by another system."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the record that may be wrong: a rating, a decision or a report card. `on` is its day.

    `title` is the term of a card, `status` that of a rating without a level.
    """

    kind: str
    item: str
    target: int | None
    on: date
    level: int | None = None
    title: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """An event that may be the correction of an entry; `at` where it is about the student alone."""

    sequence: int
    kind: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request as both sides see it. `days_left` is to the day by which it is answered; below 0 it is late.

    `open` waits for the district: for an answer or for the outcome of a hearing. `statement` stands with the item.
    """

    uuid: UUID
    student: int
    student_name: str
    student_sourced_id: str
    kind: str
    item: str
    target: int | None
    words: str
    asked_by: str
    asked_as: str
    mine: bool
    asked_at: datetime
    due_on: date
    days_left: int
    state: str
    decided_at: datetime | None
    decided_by: str
    reason: str
    correction: int | None
    hearing_asked_at: datetime | None
    hearing_on: date | None
    hearing_outcome: str
    hearing_words: str
    statement: str
    said_by: str

    @property
    def hearing_open(self) -> bool:
        """Whether a hearing was asked for and has no outcome yet."""
        return self.hearing_asked_at is not None and not self.hearing_outcome

    @property
    def open(self) -> bool:
        return self.state == ASKED or self.hearing_open

    @property
    def may_ask_hearing(self) -> bool:
        """Whether the family may ask for a hearing now."""
        return self.state == REFUSED and self.kind != RECORD and self.hearing_asked_at is None

    @property
    def may_state(self) -> bool:
        """Whether the family's statement may be written or changed now."""
        return self.state == REFUSED and self.kind != RECORD and not self.hearing_open


@dataclass(frozen=True, slots=True)
class DisclosureView:
    """One entry of the list: what about the student left the school, to whom, for what, when, by whose act."""

    at: datetime
    what: str
    to_whom: str
    purpose: str
    by: str
