"""What must be shown before a level is spoken of: pieces, depth, dates, raters, tasks, settings,
observers, pieces that certify."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.ledger import MISSING
from headway.science.pieces import Pieces

Asked = int | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is asked; 0 asks nothing. Each may be one number, or an array with one number per segment.

    `pieces`; `at_depth` pieces (one where only `depth` is named) at `depth` or deeper; first and last piece
    at least `days_apart` calendar days apart; that many distinct `raters`, `tasks`, `settings`,
    `observer_types` (kinds of rater); so many `certifying_pieces`: rated by a rubric that is whole for the target.
    """

    pieces: Asked = 0
    depth: Asked = 0
    at_depth: Asked = 0
    days_apart: Asked = 0
    raters: Asked = 0
    tasks: Asked = 0
    settings: Asked = 0
    observer_types: Asked = 0
    certifying_pieces: Asked = 0

    def of(self, segment: int) -> Requirement:
        """Return the requirement of one segment."""
        return Requirement(
            **{
                f.name: int(np.ravel(getattr(self, f.name))[segment])
                if np.ndim(getattr(self, f.name))
                else getattr(self, f.name)
                for f in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class Met:
    """Which parts are met, per segment; `missing` names those asked for and not met yet with (have, need)."""

    filled: NDArray[np.int64]
    required: NDArray[np.int64]
    met: NDArray[np.bool_]
    parts: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]

    def missing(self, segment: int) -> dict[str, tuple[int, int]]:
        """Return what one segment still lacks: name to (have, need)."""
        found = {name: (int(have[segment]), int(need[segment])) for name, (have, need) in self.parts.items()}
        return {name: pair for name, pair in found.items() if pair[0] < pair[1]}


def met(pieces: Pieces, asked: Requirement, *, completing: NDArray[np.int64], fills: str) -> Met:
    """Compare the pieces of every segment with what is asked.

    `completing` = how many overrides `completes` each segment has: with `fills="remaining"` one of them fills
    all that remains, with `"one"` each fills one piece. An identifier that was not noted adds nothing to
    those that were named. Nothing but rated pieces fills `certifying_pieces`: an override has no rubric.
    """
    count = pieces.segments.count
    have = pieces.counts + completing
    need = np.broadcast_to(np.asarray(asked.pieces, np.int64), (count,))
    if fills == "remaining":
        have = np.where(completing > 0, np.maximum(have, need), have)
    parts = {"pieces": (have, need)}
    for name, measure in (
        ("depth", _deep),
        ("days_apart", _span),
        ("raters", _raters),
        ("tasks", _tasks),
        ("settings", _settings),
        ("observer_types", _observers),
        ("certifying_pieces", _certifying),
    ):
        wanted = np.asarray(getattr(asked, name), np.int64)
        if not wanted.any():
            continue
        wanted = np.broadcast_to(wanted, (count,))
        if name == "depth":
            shown = _deep(pieces, wanted)
            wanted = np.where(wanted > 0, np.maximum(np.asarray(asked.at_depth, np.int64), 1), 0)
        else:
            shown = measure(pieces, wanted)
        if fills == "remaining" and name != "certifying_pieces":
            shown = np.where(completing > 0, np.maximum(shown, wanted), shown)
        parts["at_depth" if name == "depth" else name] = (shown, wanted)
    done = np.ones(count, np.bool_)
    for shown, wanted in parts.values():
        done &= shown >= wanted
    required = np.maximum(need, 1)
    return Met(np.minimum(have, required), required, done, parts)


def _deep(pieces: Pieces, depth: NDArray[np.int64]) -> NDArray[np.int64]:
    index = pieces.segments.index()
    deep = pieces.ratings.depth[pieces.row] >= depth[index]
    return np.bincount(index[deep], minlength=pieces.segments.count)


def _span(pieces: Pieces, _: Any) -> NDArray[np.int64]:
    dated = pieces.ratings.observed[pieces.row] != MISSING
    days = pieces.ratings.day[pieces.row].astype(np.int64)
    index = pieces.segments.index()
    first = np.full(pieces.segments.count, np.iinfo(np.int64).max)
    last = np.full(pieces.segments.count, np.iinfo(np.int64).min)
    np.minimum.at(first, index[dated], days[dated])
    np.maximum.at(last, index[dated], days[dated])
    return np.where(last >= first, last - first, 0)


def distinct(index: NDArray[np.int64], values: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Count the distinct named values (0 or more) of each segment; unnamed ones together are one where none
    is named."""
    named = values >= 0
    at, what = index[named], values[named]
    order = np.lexsort((what, at))
    at, what = at[order], what[order]
    new = np.ones(len(at), np.bool_)
    new[1:] = (at[1:] != at[:-1]) | (what[1:] != what[:-1])
    found = np.bincount(at[new], minlength=count)
    return np.maximum(found, np.bincount(index, minlength=count) > 0)


def _raters(pieces: Pieces, _: Any) -> NDArray[np.int64]:
    rows = np.flatnonzero(pieces.position >= 0)
    return distinct(pieces.ratings.segment[rows], pieces.ratings.rater[rows], pieces.segments.count)


def _observers(pieces: Pieces, _: Any) -> NDArray[np.int64]:
    rows = np.flatnonzero(pieces.position >= 0)
    return distinct(pieces.ratings.segment[rows], pieces.ratings.kind[rows], pieces.segments.count)


def _tasks(pieces: Pieces, _: Any) -> NDArray[np.int64]:
    return distinct(pieces.segments.index(), pieces.ratings.task[pieces.row], pieces.segments.count)


def _settings(pieces: Pieces, _: Any) -> NDArray[np.int64]:
    return distinct(pieces.segments.index(), pieces.ratings.setting[pieces.row], pieces.segments.count)


def _certifying(pieces: Pieces, _: Any) -> NDArray[np.int64]:
    index = pieces.segments.index()
    return np.bincount(index[pieces.ratings.certifying[pieces.row]], minlength=pieces.segments.count)
