"""How events become rating rows: the same few lines for a save, an import and a rebuild from the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from headway.evidence.types import RatingEntry

COLUMNS = (
    "key",
    "from_sequence",
    "to_sequence",
    "origin_sequence",
    "student_id",
    "target_id",
    "level",
    "observed_us",
    "submitted_us",
    "due_us",
    "recorded_us",
    "rater_id",
    "kind",
    "status",
    "purpose",
    "override",
    "piece",
    "attempt",
    "depth",
    "task",
    "setting",
    "continuum_level",
    "comment",
    "held",
    "by_default",
    "language",
    "modification",
)
# `key` is a reserved word on some databases and `kind` is not; all are quoted alike.
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
INSERT = f"INSERT INTO headway_rating ({_NAMES}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"  # noqa: S608
SELECT = f"SELECT {_NAMES} FROM headway_rating"  # noqa: S608
AT = {name: position for position, name in enumerate(COLUMNS)}

Row = tuple[Any, ...]


def row_of(entry: RatingEntry, sequence: int, at_us: int) -> Row:
    """Return the row that a rating event makes."""
    return (
        entry.key,
        sequence,
        None,
        sequence,
        entry.student,
        entry.target,
        entry.level,
        entry.observed_us,
        entry.submitted_us,
        entry.due_us,
        entry.recorded_us if entry.recorded_us is not None else at_us,
        entry.rater,
        entry.kind,
        entry.status,
        entry.purpose,
        entry.override,
        entry.piece or entry.key,
        entry.attempt,
        entry.depth,
        entry.task,
        entry.setting,
        entry.continuum_level,
        entry.comment,
        entry.held,
        entry.by_default,
        entry.language,
        entry.modification,
    )


def amended(row: Row, sequence: int, change: dict[str, Any]) -> Row:
    """Return the row that stands after an amendment: the same rating with some fields changed, from `sequence` on."""
    values = list(row)
    values[AT["from_sequence"]] = sequence
    values[AT["to_sequence"]] = None
    for name, value in change.items():
        values[AT[name]] = value
    return tuple(values)


def insert(rows: Sequence[Row]) -> None:
    """Insert rating rows."""
    with connection.cursor() as cursor:
        cursor.executemany(INSERT, rows)


def end(ends: Iterable[tuple[int, str]]) -> None:
    """End the standing rows of keys: pairs of (sequence, key)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            'UPDATE headway_rating SET to_sequence = %s WHERE "key" = %s AND to_sequence IS NULL', list(ends)
        )


def standing(keys: Sequence[str]) -> dict[str, Row]:
    """Return the standing rows of `keys`."""
    found: dict[str, Row] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(keys), 500):
            part = list(keys[start : start + 500])
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(f'{SELECT} WHERE to_sequence IS NULL AND "key" IN ({marks})', part)
            found.update((row[0], tuple(row)) for row in cursor.fetchall())
    return found


def latest(keys: Sequence[str]) -> dict[str, Row]:
    """Return the last row of each of `keys`, whether it stands or was ended."""
    found: dict[str, Row] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(keys), 500):
            part = list(keys[start : start + 500])
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(f'{SELECT} WHERE "key" IN ({marks}) ORDER BY from_sequence', part)
            found.update((row[0], tuple(row)) for row in cursor.fetchall())
    return found


class Replay:
    """Rebuilds all rating rows from events in order. Holds the standing rows in memory, finished rows are handed out."""

    def __init__(self, students: dict[str, int], targets: dict[str, int]) -> None:
        self.students, self.targets = students, targets
        self.standing: dict[str, Row] = {}
        self.finished: list[Row] = []
        self.last: dict[str, Row] = {}

    def take(self, sequence: int, kind: str, at_us: int, text: str) -> None:
        """Apply one event; kinds that are not about ratings change nothing."""
        if kind == "rating":
            body = json.loads(text)
            if body.get("replaces"):
                self._end(body["replaces"], sequence)
            self.standing[body["key"]] = self._row(body, sequence, at_us)
        elif kind == "amend":
            for key, change in json.loads(text)["changes"].items():
                row = self._end(key, sequence) or self.last.get(key)
                if row is not None and change is not None:
                    self.standing[key] = amended(row, sequence, self._ids(change))
        elif kind in ("merged", "split"):
            body = json.loads(text)
            for key in body["keys"]:
                row = self._end(key, sequence)
                if row is not None:
                    self.standing[key] = amended(row, sequence, {"student_id": self.students[body["to"]]})

    def _end(self, key: str, sequence: int) -> Row | None:
        row = self.standing.pop(key, None)
        if row is not None:
            values = list(row)
            values[AT["to_sequence"]] = sequence
            self.finished.append(tuple(values))
            self.last[key] = row
        return row

    def _ids(self, change: dict[str, Any]) -> dict[str, Any]:
        return {
            ("target_id" if name == "target" else name): (self.targets[value] if name == "target" else value)
            for name, value in change.items()
        }

    def _row(self, body: dict[str, Any], sequence: int, at_us: int) -> Row:
        return (
            body["key"],
            sequence,
            None,
            sequence,
            self.students[body["student"]],
            self.targets[body["target"]],
            body.get("level"),
            body["observed_us"],
            body.get("submitted_us"),
            body.get("due_us"),
            body.get("recorded_us", at_us),
            self.students.get(body.get("rater", "")),
            body.get("kind", 0),
            body.get("status", 0),
            body.get("purpose", 0),
            body.get("override", 0),
            body.get("piece") or body["key"],
            body.get("attempt", 1),
            body.get("depth", 0),
            body.get("task", ""),
            body.get("setting", ""),
            body.get("continuum_level"),
            body.get("comment", ""),
            bool(body.get("held")),
            bool(body.get("by_default")),
            body.get("language", ""),
            body.get("modification", ""),
        )

    def rows(self) -> list[Row]:
        """Return all rows, ended and standing, in the order of (from_sequence, key)."""
        return sorted([*self.finished, *self.standing.values()], key=lambda row: (row[1], row[0]))
