"""What crosses the border of profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from headway.evidence.queries import OwnRating
from headway.proficiency.types import PROFILE_FIELDS, PROFILE_READERS

FIELDS, READERS = PROFILE_FIELDS, PROFILE_READERS
STRENGTHS, INTERESTS, LANGUAGES, LEARN_BEST, HELPS, GOALS, CHECK_IN = FIELDS
STUDENT, FAMILY, TEACHERS, ADVISOR, LEADERS = "student", "family", "teachers", "advisor", "leaders"
"""As what somebody reads about a student."""
ENGLISH_LEARNER, MONITORED, FORMER = "english_learner", "monitored", "former"
LANGUAGE_STATUSES = (ENGLISH_LEARNER, MONITORED, FORMER)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the district says about profiles: `readers` by field are the most that an entry may name; days are whole.

    `accommodations` by key are the sentences by language; `labels` are words that read like a diagnosis;
    `language_targets` maps a continuum's key or an area's code to the language that is its target.
    """

    expires_days: int
    longest_days: int
    readers: Mapping[str, tuple[str, ...]]
    accommodations: Mapping[str, Mapping[str, str]]
    labels: tuple[str, ...]
    language_targets: Mapping[str, str]
    language_continuum: str


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """A point at which a district decides about a student: its name by language, who decides (`READERS` of the school), and
    its options by key, each with its name by language."""

    key: str
    name: Mapping[str, str]
    who: tuple[str, ...]
    options: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What was decided about a student, by keys of the district's list. `mine`: the reader decided it."""

    uuid: UUID
    point: str
    option: str
    on: date
    reason: str
    by: str
    mine: bool


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One entry before it is added. `expires_on` None: after the district's days; `next_on` belongs to a check-in."""

    field: str
    words: str
    readers: tuple[str, ...] = ()
    expires_on: date | None = None
    next_on: date | None = None
    target: int | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of a profile as a reader meets it. `mine`: the reader wrote it; `target` is a row key."""

    uuid: UUID
    field: str
    words: str
    target: int | None
    readers: tuple[str, ...]
    by: str
    written_as: str
    mine: bool
    on: date
    expires_on: date
    next_on: date | None


@dataclass(frozen=True, slots=True)
class Help:
    """One line of what helps: an accommodation (`choice` is its key in the district's list, or empty), or an entry."""

    accommodation: bool
    choice: str
    words: str


@dataclass(frozen=True, slots=True)
class AccommodationView:
    """What makes the same target reachable, from a day."""

    uuid: UUID
    choice: str
    words: str
    starts_on: date
    ends_on: date | None
    by: str


@dataclass(frozen=True, slots=True)
class ModificationView:
    """A target of a student's own in the place of one of the continuum, with its own levels and ratings, newest first.

    `places` are the target and all that ever took its place: it holds for each of them.
    """

    uuid: UUID
    target: int
    places: tuple[int, ...]
    words: str
    descriptors: tuple[str, ...]
    starts_on: date
    review_on: date | None
    ends_on: date | None
    by: str
    ratings: tuple[OwnRating, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class StatusView:
    """What a student is as an English learner, from a day, by which source."""

    status: str
    source: str
    starts_on: date
    ends_on: date | None
    by: str


@dataclass(frozen=True, slots=True)
class ConsentView:
    """Who allowed which screener, when; and what it found while the consent stands, as (day, words)."""

    uuid: UUID
    instrument: str
    given_by: str
    given_on: date
    withdrawn_on: date | None
    by: str
    results: tuple[tuple[date, str], ...]
