"""What crosses the border of calibration. Levels are hundredths, as in a rubric; works and raters stand by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from headway.access.types import Role

PLANNED, ROUND_1, REVEALED, ROUND_2, FINISHED, CALLED_OFF = (
    "planned", "round_1", "revealed", "round_2", "finished", "called_off",
)  # fmt: skip
"""States of a session, in their order."""
STATES = (PLANNED, ROUND_1, REVEALED, ROUND_2, FINISHED, CALLED_OFF)
SCORING = (ROUND_1, ROUND_2)
OPENED = (REVEALED, ROUND_2, FINISHED)
"""States in which the first round is no secret any more."""

EVERYBODY, LINKED, PAIRS, TRIADS = "everybody", "linked", "pairs", "triads"
WAYS = (EVERYBODY, LINKED, PAIRS, TRIADS)
"""Who scores what: everybody everything; each work by some, so that all are tied; by two who then agree; by three who do not."""

TOGETHER, RESCORING = "together", "rescoring"
KINDS = (TOGETHER, RESCORING)
"""A session of common scoring, or the blind second scoring of a sample of everyday ratings."""

CONVENERS = (Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
"""Who plans sessions and keeps anchors."""
STAFF = (Role.TEACHER, Role.ADVISOR, *CONVENERS)
"""Who may be a rater."""

EXACT_GOAL, ADJACENT_GOAL = 0.85, 0.95
"""What is aimed at on clear anchors; everyday borderline work cannot reach it."""
FEWEST_ANSWERS = 5
"""Nothing of the survey is shown that rests on fewer answers."""
STATEMENTS = ("task", "descriptors", "feedback", "level", "blind", "supports", "agreement", "bias")
"""What the survey of assessment practice asks about, in its order."""
INDICATORS = ("rubric", "comment", "pieces", "reason", "bank", "sessions")
"""What is counted from the ledger beside it."""
MEANS = ("pieces",)
"""Numbers for each one, not shares."""
CAPACITY_LEVELS = (1, 2, 3, 4)
"""New to me; with help; on my own; could lead it."""
ON_OWN = 3
"""From this level on somebody does it without help."""
ANSWERERS = (Role.TEACHER, Role.ADVISOR, Role.COACH)
"""Who is asked: adults who rate, and who help them."""
EXEMPLAR = "exemplar-"
"""What the key of a copy of a task's exemplar begins with; the exemplar's uuid follows."""
FEWEST_RATERS = 3
"""No figure about raters is shown to others that rests on fewer of them."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as it is planned. `version` is the task's version; `per_work` raters of each work where it is linked
    (0: the fewest that tell each severity)."""

    key: str
    title: str
    purpose: str
    version: UUID
    opens_on: date
    closes_on: date
    kind: str = TOGETHER
    way: str = EVERYBODY
    per_work: int = 0
    moderates: bool = False


@dataclass(frozen=True, slots=True)
class NewPart:
    """One artifact of a copy: words, or a picture by its SHA-256 and type; what it came from stays behind."""

    words: str = ""
    file_digest: str = ""
    file_type: str = ""
    file_size: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """What a rater gave one criterion: the level, and perhaps words."""

    level: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class PartView:
    """One artifact as raters see it; `picture` where it is shown by its place."""

    position: int
    words: str
    picture: bool


@dataclass(frozen=True, slots=True)
class SampleView:
    """One copy: its artifacts, and where it is an anchor its agreed levels by criterion and why. `origin` student or author."""

    uuid: UUID
    number: int
    origin: str
    anchor: bool
    parts: tuple[PartView, ...]
    levels: Mapping[UUID, int]
    why: Mapping[UUID, str]
    taken_at: datetime
    retired: bool


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session as somebody in it, or who convenes it, may know it at any time."""

    id: int
    uuid: UUID
    title: str
    purpose: str
    kind: str
    way: str
    per_work: int
    state: str
    version: UUID
    opens_on: date
    closes_on: date
    moderates: bool
    convener: str
    convened: bool
    works_n: int
    anchors_n: int
    raters_n: int
    done_n: int
    revealed_at: datetime | None = None
    finished_at: datetime | None = None
    rater: int | None = None
    mine_n: int = 0
    mine_done_n: int = 0
    submitted: bool = False

    @property
    def in_it(self) -> bool:
        """Whether the reader scores in it."""
        return self.rater is not None


@dataclass(frozen=True, slots=True)
class RaterRow:
    """One rater as the convener sees them: how many works are saved, never what was given."""

    id: int
    name: str
    school: str
    of_n: int
    done_n: int
    submitted: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class SeatView:
    """One work in a rater's own order: `place` of `of_n`, its artifacts, what the rater gave in this round so far."""

    place: int
    of_n: int
    parts: tuple[PartView, ...]
    given: Mapping[UUID, Given]
    saved: bool
    submitted: bool
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One work on one criterion after the reveal: how many gave each level, never who; `own` is the reader's, `before` the
    reader's first; `anchor` and `agreed` levels where there are any; `asunder` levels between the lowest and the highest."""

    criterion: UUID
    counts: Mapping[int, int]
    asunder: int
    own: int | None
    agreed: int | None
    agreed_why: str = ""
    agreed_by: str = ""
    anchor: int | None = None
    changed_n: int = 0


@dataclass(frozen=True, slots=True)
class MapRow:
    """One work of the map of disagreement. `anchor`: raters scored it as one, not knowing; `kept`: it is one now."""

    number: int
    anchor: bool
    kept: bool
    raters_n: int
    cells: tuple[Cell, ...]

    @property
    def asunder(self) -> int:
        """The levels between lowest and highest where raters stand farthest apart."""
        return max((one.asunder for one in self.cells), default=0)


@dataclass(frozen=True, slots=True)
class NoteView:
    """One note of the discussion about a work, or about a criterion of it."""

    criterion: UUID | None
    words: str
    author: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Precision:
    """What a plan is expected to tell: raters of each work, works of each rater, scores of the least, the largest standard
    error of a severity in levels; `tells` whether severity may be spoken of. `refused` says why there is no plan."""

    per_work: int
    load: tuple[int, int]
    scores: int
    error_levels: float | None
    tells: bool
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ReportView:
    """One stored report: what it says, when it was made, by which version of its figures."""

    made_at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a moderated rating comes from: how many scored the work blind, and when the session was finished."""

    raters_n: int
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class SurveyView:
    """The survey as the reader stands to it: which school year, whether answered, and the schools they may answer for."""

    wave: int
    answered: bool
    schools: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CapacityLine:
    """One line of the map; `kind` is `all`, `school` or `together`. `n` are the answers; `levels` and `help` count them by
    statement, `own` and `wish` are their shares. A figure of a school without value stands with other schools; one of what
    stands together is empty where nothing does."""

    kind: str
    name: str
    n: int = 0
    levels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    help: Mapping[str, int] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    wish: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    indicators: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CapacityView:
    """The capacity map of a school year: lines with the answers told, and figures of the ledger of the year before `until`.
    `least` is how many a figure of the ledger rests on."""

    wave: int
    since: date
    until: date
    least: int
    lines: tuple[CapacityLine, ...]

    @property
    def told(self) -> bool:
        """Whether any answers may be told."""
        return any(one.n for one in self.lines)
