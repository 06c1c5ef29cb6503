"""What crosses the border of rosters: rows of a staged roster, and the plan of an import.

No part of this file needs the web framework, so that a reader of a standard can be used alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from headway.kit.refusals import Finding

BULK, DELTA, ABSENT = "bulk", "delta", "absent"
KINDS = ("orgs", "terms", "courses", "classes", "persons", "grants", "links", "enrollments", "demographics")
"""The kinds of staged rows, in the order in which an import applies them."""

CONSENT, DEPENDENT = "consent", "dependent"
BASES = (CONSENT, DEPENDENT)
"""Why a parent goes on after a student has come of age: the student's own consent, or that the student depends on them."""


@dataclass(frozen=True, slots=True)
class Majority:
    """The district's rule: `age` in years; `parents_keep` is `none` (only by consent) or `dependents` (also by dependence)."""

    age: int
    parents_keep: str


Progress = Callable[[str, int, int], None]
"""Told the kind of rows, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class OrgRow:
    """One organization as a file says it; `parent` is a sourcedId or None."""

    sourced_id: str
    deleted: bool
    line: int
    name: str
    kind: str
    identifier: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class TermRow:
    """One academic session as a file says it."""

    sourced_id: str
    deleted: bool
    line: int
    title: str
    kind: str
    starts_on: date
    ends_on: date
    parent: str | None
    school_year: int


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One course as a file says it."""

    sourced_id: str
    deleted: bool
    line: int
    title: str
    code: str
    org: str | None
    grades: list[str]
    subjects: list[str]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class as a file says it; `terms` are sourcedIds."""

    sourced_id: str
    deleted: bool
    line: int
    title: str
    code: str
    kind: str
    school: str
    course: str | None
    terms: list[str]
    grades: list[str]
    periods: list[str]
    location: str
    subjects: list[str]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person as a file says it, without roles."""

    sourced_id: str
    deleted: bool
    line: int
    given_name: str
    family_name: str
    middle_name: str
    preferred_given_name: str
    preferred_family_name: str
    identifier: str
    master_identifier: str
    username: str
    email: str
    grade: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One role of one person in one organization as a file says it.

    `said` is the file's word; `role` the role it gives here, or "" where it gives none.
    """

    person: str
    org: str
    role: str
    said: str
    starts_on: date | None
    ends_on: date | None
    deleted: bool
    line: int


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One link from the row of `person` to the other person `agent`."""

    person: str
    agent: str
    line: int


@dataclass(frozen=True, slots=True)
class EnrollmentRow:
    """One enrollment as a file says it."""

    sourced_id: str
    deleted: bool
    line: int
    person: str
    school_class: str
    role: str
    is_primary: bool
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class DemographicsRow:
    """One person's demographics as a file says them; None means that the file says nothing."""

    sourced_id: str
    deleted: bool
    line: int
    birth_on: date | None
    sex: str
    american_indian_or_alaska_native: bool | None
    asian: bool | None
    black_or_african_american: bool | None
    native_hawaiian_or_other_pacific_islander: bool | None
    white: bool | None
    two_or_more_races: bool | None
    hispanic_or_latino: bool | None
    country_of_birth: str
    state_of_birth: str
    city_of_birth: str
    public_school_residence_status: str
    english_learner: bool | None
    economically_disadvantaged: bool | None
    disability: bool | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A sourcedId that the files name but do not hold: it must stand in the records already."""

    kind: str
    sourced_id: str
    file: str
    line: int
    column: str


class Staged(Protocol):
    """A roster that was read and found sound, waiting outside the database.

    `modes` says for each kind whether the file tells everything (bulk), changes (delta) or nothing
    (absent). In a delta of `grants`, `grants_by_person` says that a listed person's grants are complete.
    `newest` is the latest time of change that the files name, or "". Rows come in the order of their
    sourcedIds.
    """

    name: str
    digest: str
    version: str
    modes: dict[str, str]
    files: dict[str, str]
    newest: str
    grants_by_person: bool
    repairs: list[Finding]
    warnings: list[Finding]

    def counts(self) -> dict[str, int]:
        """Return how many rows of each kind were read."""
        ...

    def rows(self, kind: str) -> Iterator[Any]:
        """Return the rows of a kind."""
        ...

    def holds(self, kind: str, sourced_ids: Iterable[str]) -> set[str]:
        """Return those of the given sourcedIds that the files hold and do not delete."""
        ...

    def twins(self, sourced_ids: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return people's sourcedIds (and lines) that differ from a given one in case or leading zeros."""
        ...

    def grants_of(self, people: Iterable[str]) -> set[tuple[str, str, str]]:
        """Return (person, org, role) of the grants that the files hold for these people."""
        ...

    def links_of(self, people: Iterable[str]) -> set[tuple[str, str]]:
        """Return (person, agent) of the links on the rows of these people."""
        ...

    def said_roles(self, sourced_ids: Iterable[str]) -> dict[str, str]:
        """Return the file's word for the family role of each given person."""
        ...

    def references(self) -> Iterator[Reference]:
        """Return what the files name but do not hold."""
        ...

    def close(self) -> None:
        """Remove the staged rows."""
        ...


@dataclass(slots=True)
class Tally:
    """What an import does to one kind of rows; `active` counts the rows that stood before."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    ended: int = 0
    reactivated: int = 0
    active: int = 0
    removed: int = 0

    def removal_share(self) -> float:
        """Return the share of standing rows that would be ended before their own end, 0 to 1."""
        return self.removed / self.active if self.active else 0.0


@dataclass(slots=True)
class Plan:
    """What an import would do or did: a tally per kind, warnings to read, repairs that were made.

    `named` says of a plan by kind and word of the tally who and what the first of those rows are about, and in
    which role where they have one.
    """

    name: str
    version: str
    modes: dict[str, str]
    tallies: dict[str, Tally] = field(default_factory=dict)
    warnings: list[Finding] = field(default_factory=list)
    repairs: list[Finding] = field(default_factory=list)
    named: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def removal_share(self) -> float:
        """Return the largest share of people or enrollments that would be ended, 0 to 1."""
        return max(
            (self.tallies[k].removal_share() for k in ("persons", "enrollments") if k in self.tallies),
            default=0.0,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        shown = ("new", "changed", "unchanged", "ended", "reactivated")
        return {
            "name": self.name,
            "version": self.version,
            "modes": dict(self.modes),
            "counts": {
                kind: {word: getattr(tally, word) for word in shown} for kind, tally in self.tallies.items()
            },
            "removal_share": round(self.removal_share(), 4),
            "warnings": [warning.as_dict() for warning in self.warnings],
            "repairs": [repair.as_dict() for repair in self.repairs],
        }


# The next school year.


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chooses about the next school year; None and empty leave the proposal as it stands.

    `starts_on` and `ends_on` are the first and last day; `last_grade` is the grade that leaves; `retained` are sourcedIds
    of students who stay in their grade; `with_students` enrolls students in a class that goes on teaching their grade.
    """

    starts_on: date | None = None
    ends_on: date | None = None
    last_grade: str = ""
    retained: tuple[str, ...] = ()
    with_students: bool = True


@dataclass(frozen=True, slots=True)
class Session:
    """One academic session of the next year, with the title of the one that it follows."""

    before: str
    title: str
    kind: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Group:
    """One thing that a roll of the year does, by its key, with the names of everybody or everything it happens to."""

    key: str
    names: tuple[str, ...]


GROUPS = (
    "classes", "staff_go_on", "students_go_on", "promoted", "retained", "other_school", "needs_school", "no_grade",
    "leavers", "roles_over", "roles_go_on", "restrictions",
)  # fmt: skip
"""The keys of the groups of a year's plan, in the order in which they are read."""


@dataclass(frozen=True, slots=True)
class YearPlan:
    """What the roll of a year would do or did: the sessions, the grade that leaves, and groups of names."""

    before: str
    title: str
    year: int
    starts_on: date
    ends_on: date
    last_grade: str
    sessions: tuple[Session, ...]
    groups: tuple[Group, ...]

    def counts(self) -> dict[str, int]:
        """Return how many names stand behind each key."""
        return {group.key: len(group.names) for group in self.groups}

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return {
            "before": self.before,
            "title": self.title,
            "year": self.year,
            "starts_on": self.starts_on.isoformat(),
            "ends_on": self.ends_on.isoformat(),
            "last_grade": self.last_grade,
            "sessions": [
                {
                    "before": one.before,
                    "title": one.title,
                    "kind": one.kind,
                    "starts_on": one.starts_on.isoformat(),
                    "ends_on": one.ends_on.isoformat(),
                }
                for one in self.sessions
            ],
            "counts": self.counts(),
            "names": {group.key: list(group.names) for group in self.groups},
        }


GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{n:02d}" for n in range(1, 13)))
"""The codes of grades in the order of a school."""
