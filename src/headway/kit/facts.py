"""What a package offers to reports: a fact is a table with a stated grain, whose columns say what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any

TEXT, WHOLE, NUMBER, YES_NO, DAY, INSTANT = "text", "whole", "number", "yes_no", "day", "instant"
TYPES = (TEXT, WHOLE, NUMBER, YES_NO, DAY, INSTANT)
OPEN, STUDENT, GROUP, ADULT = "open", "student", "group", "adult"
SENSITIVITIES = (OPEN, STUDENT, GROUP, ADULT)
"""`student` says something of one student; `group` puts a student into a demographic group; `adult` names one who works
here; `open` does none of these."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `unit` where it has one; `missing` says what an empty cell means, "" where none is empty."""

    name: str
    type: str
    meaning: str
    sensitivity: str = STUDENT
    unit: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Reading:
    """What facts are read for: the day and what was known, and the students by row key with their sourcedIds.

    `moment` is what `proficiency` reads levels with; packages below it do not look at it. `before` None: everything so far.
    """

    day: date
    before: datetime | None
    at: datetime
    students: Sequence[int]
    names: Mapping[int, str]
    moment: Any


Read = Callable[[Reading], Iterable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Fact:
    """One table. `grain` says what one row is; `order` are the columns that it is sorted by, and that tell rows apart.

    `read` yields rows in the order of `columns`, not yet sorted; None stands for an empty cell. It is called with a few
    hundred students at a time where the first column of `order` is `student`, else once.

    `text` is SQL in DuckDB's dialect over the facts that stand before this one in a snapshot, "" where `read` says all. It
    yields every column, in order; what `read` gave of the first ones it finds under the fact's own name. It puts together what
    facts say and determines nothing. Where the first column of `order` is `student` it is asked of some students at a time, of
    whose rows alone it may speak.
    """

    name: str
    grain: str
    meaning: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    read: Read | None
    text: str = ""


def text_of(package: str, name: str) -> str:
    """Return the text of a fact, which lies in `NAME.sql` beside the package's modules."""
    return files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8").strip()
