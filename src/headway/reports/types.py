"""What crosses the border of reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from headway.analytics.types import Figures


@dataclass(frozen=True, slots=True)
class Section:
    """One metric, told apart by some columns one after the other; `()` tells it by school only."""

    metric: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One report: the question that it answers, and its sections in order.

    `version` is 0 for a ready one, whose words stand in the catalogue; a district's own says who put it together and when, in
    the words of whoever did. `population` is a column of students and the one part of it that the figures are of, `()` for all.
    """

    key: str
    title: str
    question: str
    sections: tuple[Section, ...]
    version: int = 0
    made_by: str = ""
    made_at: datetime | None = None
    population: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """A report as it left the gate for one snapshot. `schools` are the names of schools by sourcedId."""

    report: str
    snapshot: str
    as_of: date
    taken_at: datetime
    minimum: int
    rules: Mapping[str, str]
    schools: Mapping[str, str]
    figures: tuple[Figures, ...]
    population: tuple[str, ...] = ()


SNAPSHOT = "snapshot"
"""The kind of background work that takes a snapshot."""

BY_HAND, WEEKLY, MONTHLY = "by_hand", "weekly", "monthly"
COMES = (BY_HAND, WEEKLY, MONTHLY)
"""When a set comes: when somebody sends it, with the first figures of a week, or with the first of a month."""


@dataclass(frozen=True, slots=True)
class Set:
    """Reports that come together, in order, as they stand in one version."""

    key: str
    version: int
    title: str
    reports: tuple[str, ...]
    comes: str
    for_schools: bool
    withdrawn: bool
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One coming of a set: as it stood then, the day of its figures, and when it came."""

    set: Set
    as_of: date
    delivered_at: datetime
