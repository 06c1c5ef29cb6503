"""Rows that were read wait in a file of their own: memory stays small, nothing touches the records."""

# ruff: noqa: S608 (tables and columns are named by this code, never by a file)

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from headway.interop.oneroster.files import FAMILY
from headway.kit.refusals import Finding
from headway.rosters.types import (
    ClassRow,
    CourseRow,
    DemographicsRow,
    EnrollmentRow,
    GrantRow,
    LinkRow,
    OrgRow,
    PersonRow,
    Reference,
    TermRow,
)

BATCH = 5_000
ROWS: dict[str, Any] = {
    "orgs": OrgRow,
    "terms": TermRow,
    "courses": CourseRow,
    "classes": ClassRow,
    "persons": PersonRow,
    "grants": GrantRow,
    "links": LinkRow,
    "enrollments": EnrollmentRow,
    "demographics": DemographicsRow,
}
IDENTIFIED = tuple(kind for kind in ROWS if kind not in ("grants", "links"))
_FROM_TEXT = {"date": date.fromisoformat, "list": json.loads, "bool": bool}


def folded(sourced_id: str) -> str | None:
    """Return an identifier as a careless tool would write it, or None where that is the same."""
    fold = unicodedata.normalize("NFKC", sourced_id).casefold().lstrip("0")
    return None if fold == sourced_id else fold


class StagedFile:
    """A staged roster in a temporary SQLite file; fulfils `rosters.types.Staged`."""

    def __init__(self, name: str, digest: str) -> None:
        self.name, self.digest, self.version = name, digest, ""
        self.modes: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.newest = ""
        self.grants_by_person = True
        self.repairs: list[Finding] = []
        self.warnings: list[Finding] = []
        self._folder = Path(tempfile.mkdtemp(prefix="headway-roster-"))
        self.sql = sqlite3.connect(self._folder / "staged.sqlite3", isolation_level=None)
        self.sql.execute("PRAGMA journal_mode=OFF")
        self.sql.execute("PRAGMA synchronous=OFF")
        self.sql.execute("PRAGMA cache_size=-16000")
        self.sql.execute("PRAGMA temp_store=FILE")
        for kind, row in ROWS.items():
            columns = ", ".join(f.name for f in fields(row))
            self.sql.execute(f"CREATE TABLE {kind} ({columns}, fold)")
        self.sql.execute("CREATE TABLE class_terms (school_class, term, line)")
        self.sql.execute("CREATE TABLE places (enrollment, school, line)")
        self.faulty: list[tuple[str, str]] = []
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self._inserts: dict[str, str] = {}

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        """Stage one row; `seal` writes what waits."""
        waiting = self._waiting.setdefault(table, [])
        waiting.append(row)
        if len(waiting) >= BATCH:
            self._write(table)

    def seal(self) -> None:
        """Write what waits, and prepare the order in which rows are given out."""
        for table in list(self._waiting):
            self._write(table)
        for kind in IDENTIFIED:
            self.sql.execute(f"CREATE INDEX {kind}_by_id ON {kind} (sourced_id)")
        # A reference to a row that was refused for another fault is not a second fault.
        self.sql.execute("CREATE TABLE faulty (kind, sourced_id)")
        self.sql.executemany("INSERT INTO faulty VALUES (?, ?)", self.faulty)
        self.sql.execute("CREATE INDEX grants_by_person ON grants (person)")
        self.sql.execute("CREATE INDEX links_by_person ON links (person)")
        self.sql.execute("CREATE INDEX class_terms_by_class ON class_terms (school_class)")
        self.sql.execute("CREATE INDEX persons_by_fold ON persons (coalesce(fold, sourced_id))")

    def _write(self, table: str) -> None:
        rows = self._waiting.pop(table, [])
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self.sql.execute("BEGIN")
            self.sql.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            self.sql.execute("COMMIT")

    def counts(self) -> dict[str, int]:
        """Return how many rows of each kind were read."""
        return {kind: self.sql.execute(f"SELECT count(*) FROM {kind}").fetchone()[0] for kind in ROWS}

    def rows(self, kind: str) -> Iterator[Any]:
        """Return the rows of a kind, in the order of their sourcedIds."""
        row_type = ROWS[kind]
        order = {"grants": "person, org, role", "links": "person, agent"}.get(kind, "sourced_id")
        names = [f.name for f in fields(row_type)]
        turned = [(at, turn) for at, turn in enumerate(_turns(row_type)) if turn is not None]
        cursor = self.sql.execute(f"SELECT {', '.join(names)} FROM {kind} ORDER BY {order}")
        while part := cursor.fetchmany(BATCH):
            for values in part:
                listed = list(values)
                for at, turn in turned:
                    if listed[at] is not None:
                        listed[at] = turn(listed[at])
                yield row_type(*listed)

    def holds(self, kind: str, sourced_ids: Iterable[str]) -> set[str]:
        """Return those of the given sourcedIds that the files hold and do not delete."""
        found: set[str] = set()
        for part in _parts(sourced_ids):
            marks = ", ".join("?" * len(part))
            query = f"SELECT sourced_id FROM {kind} WHERE NOT deleted AND sourced_id IN ({marks})"
            found.update(row[0] for row in self.sql.execute(query, part))
        return found

    def twins(self, sourced_ids: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return people's sourcedIds (and lines) that differ from a given one in case or leading zeros."""
        folds = {folded(one) or one: one for one in sourced_ids}
        found = {}
        for part in _parts(folds):
            marks = ", ".join("?" * len(part))
            query = (
                f"SELECT coalesce(fold, sourced_id), sourced_id, line FROM persons "
                f"WHERE coalesce(fold, sourced_id) IN ({marks})"
            )
            for fold, twin, line in self.sql.execute(query, part):
                if twin != folds[fold]:
                    found[folds[fold]] = (twin, line)
        return found

    def grants_of(self, people: Iterable[str]) -> set[tuple[str, str, str]]:
        """Return (person, org, role) of the grants that the files hold for these people."""
        return self._of(people, "SELECT person, org, role FROM grants WHERE NOT deleted AND person IN")

    def links_of(self, people: Iterable[str]) -> set[tuple[str, str]]:
        """Return (person, agent) of the links on the rows of these people."""
        return self._of(people, "SELECT person, agent FROM links WHERE person IN")

    def _of(self, people: Iterable[str], query: str) -> set[Any]:
        found: set[Any] = set()
        for part in _parts(people):
            found.update(self.sql.execute(f"{query} ({', '.join('?' * len(part))})", part))
        return found

    def said_roles(self, sourced_ids: Iterable[str]) -> dict[str, str]:
        """Return the file's word for the family role of each given person."""
        found: dict[str, str] = {}
        for part in _parts(sourced_ids):
            marks, words = ", ".join("?" * len(part)), ", ".join(f"'{word}'" for word in FAMILY)
            query = f"SELECT person, said FROM grants WHERE said IN ({words}) AND person IN ({marks})"
            found.update(self.sql.execute(query, part))
        return found

    def references(self) -> Iterator[Reference]:
        """Return what the files name but do not hold."""
        for row in self.sql.execute(
            'SELECT DISTINCT kind, sourced_id, file, line, "column" FROM outside ORDER BY kind'
        ):
            yield Reference(*row)

    def close(self) -> None:
        """Remove the staged rows."""
        self.sql.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _turns(row_type: Any) -> list[Any]:
    # Annotations are text here: the part before a space or bracket names the plain type.
    return [_FROM_TEXT.get(f.type.split(" ")[0].split("[")[0]) for f in fields(row_type)]


def _parts(values: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
