"""What crosses the border of tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from headway.access.types import Role
from headway.kit.refusals import Finding

LOCAL, VALIDATED, COMMON, RETIRED = "local", "validated", "common", "retired"
SENT_BACK = "sent_back"
OUTCOMES = (VALIDATED, COMMON, SENT_BACK)
"""How a validation may end."""
YES, CHANGE, NO = "yes", "change", "no"
VERDICTS = (YES, CHANGE, NO)
PROTOCOL = ("aligned", "depth", "rubric", "fair", "bias", "language", "time", "pilot")
"""What every member of a validation judges, in this order."""

ALIGNMENT, PROCESS, OUTSIDE, CONSEQUENCES = "alignment", "process", "outside", "consequences"
EVIDENCE_KINDS = (ALIGNMENT, PROCESS, OUTSIDE, CONSEQUENCES)
"""What a validity file holds: alignment to the targets; how students and raters go about it and how its lines hang together;
relation to measures from outside; what follows from its use."""


def rated_on(task: UUID, number: int) -> str:
    """Return what a rating calls the version of a task that it was given on.

    >>> rated_on(UUID(int=1), 2)
    'task-00000000-0000-0000-0000-000000000001-v2'
    """
    return f"task-{task}-v{number}"


def whole_task(rated: str) -> str:
    """Return the task that a rating names, without its version: two versions of a task share its error.

    >>> whole_task(rated_on(UUID(int=1), 2)), whole_task("Map")
    ('task-00000000-0000-0000-0000-000000000001', 'Map')
    """
    return rated[:_TASK] if _RATED.fullmatch(rated) else rated


_RATED = re.compile(r"task-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-v\d+")
_TASK = len("task-") + 36


@dataclass(frozen=True, slots=True)
class Team:
    """What a team of a validation needs: so many members, of so many areas; for a common task from so many schools."""

    members: int
    areas: int
    schools: int


FLOOR = Team(members=3, areas=2, schools=2)
"""No district asks for less."""
WRITERS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
"""Who reads the bank and writes for it."""
LANGUAGES = ("en", "es")
MOST_CRITERIA = 12
"""How many criteria the rubric of a task has at most."""


class Level(NamedTuple):
    """One level of a scale: `level` in hundredths, its name by language."""

    level: int
    names: Mapping[str, str]

    def called(self, language: str) -> str:
        """Return the name in a language, else in the first that has one."""
        return self.names.get(language) or next(iter(self.names.values()), f"{self.level / 100:g}")


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale that a target is rated on: its key in the policy file, its levels from the lowest up."""

    key: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class NewCriterion:
    """One criterion as it is written: `target` is a row key, `descriptors` are words by level in hundredths.

    `uuid` names the criterion of the draft that it takes the place of; without one it is new.
    """

    name: str
    target: int
    descriptors: Mapping[int, str] = field(default_factory=dict)
    uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewExemplar:
    """One answer that an adult wrote to show what a level looks like; never a student's work.

    A file is named by its SHA-256; `levels` are hundredths by the position of the criterion, which counts from 1.
    """

    title: str
    why: str
    levels: Mapping[int, int]
    words: str = ""
    link: str = ""
    file_name: str = ""
    file_type: str = ""
    file_digest: str = ""
    file_size: int = 0


@dataclass(frozen=True, slots=True)
class TaskText:
    """What one version of a task says, as it is written. `minutes` None: not said; `depth` is 1 to 4."""

    title: str
    purpose: str = ""
    prompt: str = ""
    materials: str = ""
    administration: str = ""
    accommodations: str = ""
    minutes: int | None = None
    language: str = "en"
    depth: int = 2
    certifies: bool = False
    criteria: tuple[NewCriterion, ...] = ()


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One line of a rubric. `target` is a row key; `descriptors` are words by level in hundredths, where written."""

    uuid: UUID
    position: int
    name: str
    target: int
    descriptors: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class ExemplarView:
    """One exemplar: what an adult wrote, and which level it shows on each criterion (by its uuid), with the reason."""

    uuid: UUID
    title: str
    words: str
    link: str
    file_name: str
    file_type: str
    file_digest: str
    file_size: int
    levels: Mapping[UUID, int]
    why: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """One version of a task, whole, with the standing of its task.

    `levels` are those that the version was written for, as (level in hundredths, names by language), from the lowest up.
    `published_at` None: a draft. `current`: this is the version that is offered. `school` is a row key, None for the
    district's own; `may_write`: the reader may revise, publish and retire it. `origin` of a version that came in a pack:
    `district`, `task`, `number`, `standing`, `license`, `digest`.
    """

    task: UUID
    uuid: UUID
    id: int
    number: int
    standing: str
    school: int | None
    school_name: str
    author: str
    title: str
    purpose: str
    prompt: str
    materials: str
    administration: str
    accommodations: str
    minutes: int | None
    language: str
    depth: int
    certifies: bool
    scale: str
    levels: tuple[Level, ...]
    criteria: tuple[CriterionView, ...]
    exemplars: tuple[ExemplarView, ...]
    written_at: datetime
    published_at: datetime | None
    current: bool
    may_write: bool
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def first_written(self) -> tuple[str, int]:
        """The task and number of the version where it was first written: its name in every district that holds it."""
        return self.origin.get("task", str(self.task)), int(self.origin.get("number", self.number))

    @property
    def targets(self) -> tuple[int, ...]:
        """The targets of the criteria, each once, in order (row keys)."""
        return tuple(dict.fromkeys(one.target for one in self.criteria))

    @property
    def missing(self) -> tuple[tuple[CriterionView, Level], ...]:
        """The cells of the rubric that have no descriptor."""
        return tuple((one, level) for one in self.criteria for level in self.levels
                     if not one.descriptors.get(level.level))  # fmt: skip


@dataclass(frozen=True, slots=True)
class BankRow:
    """One task of the bank in a list: its newest published version, or for those who write it a draft (`draft`)."""

    task: UUID
    version: UUID
    number: int
    title: str
    purpose: str
    standing: str
    school_name: str
    depth: int
    minutes: int | None
    language: str
    certifies: bool
    draft: bool
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BankPage:
    """One page of the bank, with how many tasks were found in all."""

    rows: tuple[BankRow, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a member found on one criterion of the protocol."""

    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One member of a team. `given_at` None: not yet; `answers` are empty where the reader may not see them yet."""

    member: int
    name: str
    areas: tuple[str, ...]
    schools: tuple[str, ...]
    given_at: datetime | None
    answers: Mapping[str, Answer]
    mine: bool


@dataclass(frozen=True, slots=True)
class ValidationView:
    """One validation of a version, with its team.

    `lacks` says what the team still lacks as (have, need) by `members`, `areas`, `schools`; `stands_in_the_way` are criteria
    of the protocol that do not carry the standing, where the reader sees all verdicts (`open_to_reader`). `may_lead`: the
    reader may ask members and, where `may_close`, close it.
    """

    uuid: UUID
    task: UUID
    version: UUID
    number: int
    title: str
    wanted: str
    opened_by: str
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None
    outcome: str
    reason: str
    members: tuple[VerdictView, ...]
    lacks: Mapping[str, tuple[int, int]]
    stands_in_the_way: tuple[str, ...]
    open_to_reader: bool
    may_lead: bool
    may_close: bool


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be asked to judge: row key, name, what they teach and where."""

    person: int
    name: str
    areas: tuple[str, ...]
    schools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of an exemplar in a pack: its name, and what is in it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PackedTask:
    """One version of a task in a pack. `targets` are identifiers by criterion with (code, continuum, statement) beside them.

    `text` names no targets (0): they are found by identifier where it comes in. `exemplars` name no file; `files` hold theirs.
    """

    task: UUID
    number: int
    standing: str
    text: TaskText
    targets: tuple[tuple[UUID, str, str, str], ...]
    exemplars: tuple[NewExemplar, ...]
    files: tuple[PackedFile | None, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack of tasks between districts, whole and sound: from which district, under which license."""

    district: str
    license: str
    made_on: str
    digest: str
    tasks: tuple[PackedTask, ...]


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """What an import of a pack does with one task: `new`, `version` (the next of a task that came before), `same`, or
    `left_out` with the faults."""

    title: str
    what: str
    faults: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class PackPlan:
    """What an import of a pack would do, or did."""

    district: str
    license: str
    tasks: tuple[PlannedTask, ...]

    def count(self, what: str) -> int:
        """Return of how many tasks this is so."""
        return sum(one.what == what for one in self.tasks)

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for `--json`."""
        return {
            "district": self.district, "license": self.license,
            **{what: self.count(what) for what in ("new", "version", "same", "left_out")},
            "tasks": [{"title": one.title, "what": one.what, "faults": [fault.as_dict() for fault in one.faults]}
                      for one in self.tasks],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry of a validity file as it is written: about a version by its number, of a day; None where none was given."""

    kind: str
    version: int
    on: date | None
    words: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of a validity file; `may_withdraw` whether the reader may."""

    uuid: UUID
    kind: str
    number: int
    on: date
    words: str
    author: str
    written_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str
    may_withdraw: bool
