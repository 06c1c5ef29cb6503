"""Ratings as columns, and segments as values with offsets: what every rule and metric reads.

A segment is one student on one target. The caller cuts the ratings at a day (`as_of`) and at what was known
(`known_at`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.codes import Kind, Override, Purpose, Reason, State, Status

__all__ = ["MISSING", "Kind", "Override", "Purpose", "Ratings", "Reason", "Segments", "State", "Status"]

MISSING = np.iinfo(np.int64).min
"""A time that is not known: it sorts as the oldest."""

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Ratings:
    """Rating events in view, one row each, in any order; build with `Ratings.of`.

    Shapes: every column has the same length. `count` = number of segments; `segment` = 0 to count - 1.
    Units: `level` in levels (nan unless rated); instants in microseconds since 1970 UTC (`MISSING` where not
    known); `day` = calendar day and `instructed` = instructed day, both counted from any fixed day; `depth` 1
    to 4, 0 unknown; `continuum_level` 0 none; `piece`, `rater`, `task`, `setting` are identifiers, -1 unknown
    (a piece: of its own). `certifying`: rated by a rubric that is whole for the target. `key` breaks the last
    ties: ranks, or the client keys themselves, compared in byte order.
    """

    count: int
    segment: NDArray[np.int64]
    level: NDArray[np.float64]
    status: NDArray[np.int8]
    purpose: NDArray[np.int8]
    kind: NDArray[np.int8]
    override: NDArray[np.int8]
    piece: NDArray[np.int64]
    attempt: NDArray[np.int32]
    observed: NDArray[np.int64]
    submitted: NDArray[np.int64]
    due: NDArray[np.int64]
    recorded: NDArray[np.int64]
    sequence: NDArray[np.int64]
    key: NDArray[Any]
    depth: NDArray[np.int8]
    rater: NDArray[np.int64]
    task: NDArray[np.int64]
    setting: NDArray[np.int64]
    continuum_level: NDArray[np.int16]
    day: NDArray[np.int32]
    instructed: NDArray[np.int32]
    carried: NDArray[np.bool_]
    certifying: NDArray[np.bool_]

    @classmethod
    def of(
        cls, *, level: ArrayLike, segment: ArrayLike | None = None, count: int | None = None, **columns: Any
    ) -> Ratings:
        """Build ratings from the columns that are known; all others take the value that says "nothing
        special".

        Without `piece` every row is a piece of its own; without `key` rows break ties in the order given;
        without `day` the day is that of `observed` in UTC; without `instructed` every weekday is an
        instructed day.

        >>> Ratings.of(level=[2, 3]).count
        1
        """
        levels = np.asarray(level, dtype=np.float64)
        n = len(levels)
        at = np.zeros(n, np.int64) if segment is None else np.asarray(segment, np.int64)
        unknown = set(columns) - set(_COLUMNS)
        if unknown:
            raise ValueError(f"no such column of ratings: {', '.join(sorted(unknown))}")
        made: dict[str, Any] = {}
        for name, (kind, default) in _COLUMNS.items():
            given = columns.get(name)
            if given is not None:
                made[name] = np.asarray(given, dtype=kind)
            elif default is not None:
                made[name] = np.full(n, default, dtype=kind)
        rows = np.arange(n, dtype=np.int64)
        piece = made.get("piece")
        made["piece"] = rows if piece is None else np.where(piece < 0, -1 - rows, piece)
        made["sequence"] = made.get("sequence", rows)
        made["key"] = rows if columns.get("key") is None else np.asarray(columns["key"])
        if "day" not in made:
            known = made["observed"] != MISSING
            made["day"] = np.where(known, made["observed"] // DAY_US, 0).astype(np.int32)
        if "instructed" not in made:
            made["instructed"] = np.asarray(weekdays(made["day"]), dtype=np.int32)
        total = (int(at.max()) + 1 if n else 0) if count is None else count
        if n and (at.min() < 0 or at.max() >= total):
            raise ValueError("segment must lie between 0 and count - 1")
        if count is None and n == 0 and segment is None:
            total = 1
        ratings = cls(count=total, segment=at, level=levels, **made)
        short = [f.name for f in fields(cls) if f.name != "count" and len(getattr(ratings, f.name)) != n]
        if short:
            raise ValueError(f"columns differ in length: {', '.join(short)}")
        return ratings

    def __len__(self) -> int:
        return len(self.segment)

    def take(
        self, rows: NDArray[Any], *, count: int | None = None, segment: NDArray[np.int64] | None = None
    ) -> Ratings:
        """Return some of the rows, in the order given (an index or a mask)."""
        picked = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "count"}
        if segment is not None:
            picked["segment"] = segment
        return Ratings(count=self.count if count is None else count, **picked)

    def one(self, segment: int) -> Ratings:
        """Return the rows of one segment, as segment 0 of 1."""
        rows = np.flatnonzero(self.segment == segment)
        return self.take(rows, count=1, segment=np.zeros(len(rows), np.int64))

    def ranks(self) -> NDArray[np.int64]:
        """Return what breaks ties: the order of the client keys in bytes (of UTF-8, which is the order of
        code points)."""
        if self.key.dtype.kind in "iu":
            return self.key.astype(np.int64, copy=False)
        return np.unique(self.key, return_inverse=True)[1].astype(np.int64, copy=False)

    def with_(self, **columns: Any) -> Ratings:
        """Return the same ratings with some columns replaced."""
        return replace(self, **columns)

    @classmethod
    def joined(cls, parts: Sequence[Ratings]) -> Ratings:
        """Return several sets of rows of the same segments as one; keys must be of one type."""
        merged = {
            f.name: np.concatenate([getattr(p, f.name) for p in parts])
            for f in fields(cls)
            if f.name != "count"
        }
        return cls(count=max(p.count for p in parts), **merged)


_COLUMNS: dict[str, tuple[Any, Any]] = {
    "status": (np.int8, 0),
    "purpose": (np.int8, 0),
    "kind": (np.int8, 0),
    "override": (np.int8, 0),
    "piece": (np.int64, None),
    "attempt": (np.int32, 1),
    "observed": (np.int64, MISSING),
    "submitted": (np.int64, MISSING),
    "due": (np.int64, MISSING),
    "recorded": (np.int64, MISSING),
    "sequence": (np.int64, None),
    "key": (None, None),
    "depth": (np.int8, 0),
    "rater": (np.int64, -1),
    "task": (np.int64, -1),
    "setting": (np.int64, -1),
    "continuum_level": (np.int16, 0),
    "day": (np.int32, None),
    "instructed": (np.int32, None),
    "carried": (np.bool_, False),
    "certifying": (np.bool_, False),
}


def weekdays(day: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how many weekdays lie between 1970-01-01 (a Thursday) and each day, the day itself included on a
    weekday.

    >>> weekdays(np.array([0, 1, 2, 3, 4], np.int32)).tolist()  # Thursday to Monday
    [0, 1, 1, 1, 2]
    """
    monday = day.astype(np.int64) + 3
    return (monday // 7) * 5 + np.minimum(monday % 7, 4) - 3


@dataclass(frozen=True, slots=True)
class Segments:
    """Levels of many segments, oldest first inside each: segment i is `levels[offsets[i]:offsets[i + 1]]`.

    `levels` may be any numeric type (uint8 in a snapshot); `columns` are further values per piece by name.
    """

    levels: NDArray[Any]
    offsets: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, levels: ArrayLike, offsets: ArrayLike | None = None, **columns: Any) -> Segments:
        """Build segments; without `offsets` all levels are one segment."""
        values = np.asarray(levels)
        ends = np.array([0, len(values)], np.int64) if offsets is None else np.asarray(offsets, np.int64)
        if len(ends) == 0 or ends[0] != 0 or ends[-1] != len(values) or (np.diff(ends) < 0).any():
            raise ValueError("offsets must rise from 0 to the number of levels")
        return cls(values, ends, {name: np.asarray(column) for name, column in columns.items()})

    @property
    def count(self) -> int:
        """How many segments there are."""
        return len(self.offsets) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many levels each segment has."""
        return np.diff(self.offsets)

    def index(self) -> NDArray[np.int64]:
        """Return the segment of each level."""
        return np.repeat(np.arange(self.count, dtype=np.int64), self.sizes)

    def where(self, keep: NDArray[np.bool_]) -> Segments:
        """Return the segments with only the marked levels; no segment disappears."""
        before = np.concatenate(([0], np.cumsum(keep, dtype=np.int64)))
        return Segments(
            self.levels[keep], before[self.offsets], {n: c[keep] for n, c in self.columns.items()}
        )
