"""What crosses the border of analytics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from headway.science.disclosure import TOTAL

__all__ = ["DISTRICT", "TOTAL", "UNKNOWN", "Cell", "Engine", "Figures", "Snapshot", "State"]

UNKNOWN = "unknown"
"""The part of those of whom nothing is said."""
DISTRICT = "district"
"""The column by which students of joined districts are told apart, beside those of every student."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent read of every fact. `name` is its folder; `through` the newest event of the ledger in it.

    `rows` by fact; `digests` of the files; `schema` the digest of what the facts' columns are; `version` the product's.
    """

    name: str
    as_of: date
    taken_at: datetime
    through: int
    rows: Mapping[str, int]
    digests: Mapping[str, str]
    schema: str
    version: str


@dataclass(frozen=True, slots=True)
class State:
    """How many of a part's students are in one state, and which share of them with its interval. `coded` as for a cell."""

    name: str
    n: int | None
    value: float | None
    interval: tuple[float, float] | None
    coded: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """The figure of one part of a table. `TOTAL` in `part` stands for all of them together.

    `n` students behind it, `of` students for whom there could be a figure; `hits` of `chances` where the metric has them;
    `states` where it has states; `gap` of a group to all other students, in the metric's own unit. `withheld` says why
    nothing is shown: `small`, or `protects` another that is small. `coded` says that the value is only told as a bound:
    `at_least` or `at_most`. A withheld cell holds no number at all.
    """

    part: tuple[str, ...]
    n: int | None
    value: float | None
    interval: tuple[float, float] | None
    method: str
    reasons: tuple[str, ...] = ()
    of: int | None = None
    hits: float | None = None
    chances: float | None = None
    states: tuple[State, ...] = ()
    gap: float | None = None
    gap_interval: tuple[float, float] | None = None
    withheld: str = ""
    coded: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric by some columns, as it left the gate. `names` are the columns of each cell's part, `text` the SQL behind it.

    `hidden_n` of `cells` are withheld, of parts with fewer students than `minimum` and of those that protect them.
    """

    metric: str
    version: int
    names: tuple[str, ...]
    cells: tuple[Cell, ...]
    text: str
    minimum: int
    hidden_n: int


class Engine(Protocol):
    """What answers a text with rows: DuckDB on one machine, Spark on many."""

    def rows(self, text: str) -> list[dict[str, Any]]:
        """Return the rows of an answer, by column."""
        ...
