"""Snapshots: every fact of one consistent read, as Parquet files in one folder that appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection

from headway import __version__
from headway.analytics.dictionary import FACTS, schema_digest
from headway.analytics.engine import duck
from headway.analytics.queries import MANIFEST, folder
from headway.analytics.types import Snapshot
from headway.evidence import queries as evidence
from headway.kit.disk import digest_of, keep_names, write_whole
from headway.kit.facts import DAY, INSTANT, NUMBER, TEXT, WHOLE, YES_NO, Fact, Read, Reading
from headway.kit.times import from_micros
from headway.proficiency import queries as proficiency
from headway.rosters import queries as rosters

PART = 250
"""So many students are read at a time: what one part holds is what memory holds."""
TOGETHER = 2000
"""Of so many students facts are put together at a time."""
ARROW = {
    TEXT: pa.string(), WHOLE: pa.int64(), NUMBER: pa.float64(), YES_NO: pa.bool_(), DAY: pa.date32(),
    INSTANT: pa.timestamp("us", tz="UTC"),
}  # fmt: skip
Progress = Callable[[str, int, int], None]


def take(*, at: datetime, as_of: date | None = None, progress: Progress | None = None) -> Snapshot:
    """This will write a snapshot of the facts of a day (None: of today) and return what it holds.

    All facts come from one consistent read: writers go on beside it and are not in it. The folder has its name only when
    every file is on the disk. Where somebody was erased meanwhile, it is taken again without them. `progress` is told fact,
    students done and of how many.
    """
    while True:
        found = _take(at, as_of, progress)
        # An erasure from now on finds the folder and removes it; one that came before is seen here.
        if not evidence.events_since(sequence=found.through, kinds=("erasure",)):
            return found
        shutil.rmtree(folder() / found.name, ignore_errors=True)


def _take(at: datetime, as_of: date | None, progress: Progress | None) -> Snapshot:
    with one_read():
        m = proficiency.moment(now=at, as_of=as_of)
        people = rosters.every_student()
        students = sorted(people, key=people.__getitem__)
        before = None if m.before_us is None else from_micros(m.before_us)
        reading = Reading(m.day, before, at, students, people, m)
        name = f"{m.day.isoformat()}_{at:%Y%m%dT%H%M%S%fZ}"
        part = folder() / f".{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True, mode=0o700)
        try:
            rows = {fact.name: _fact(part, fact, reading, progress) for fact in FACTS}
            found = Snapshot(
                name, m.day, at, evidence.head()[0], rows,
                {fact.name: _digest(_path(part, fact)) for fact in FACTS}, schema_digest(), __version__,
            )  # fmt: skip
            _write_manifest(part, found)
            part.rename(folder() / name)
            keep_names(folder())
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    return found


@contextmanager
def one_read() -> Iterator[None]:
    """Read everything as it stood at one instant. Blocks no writer; inside a transaction there is one already."""
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "BEGIN DEFERRED"
            if connection.vendor == "sqlite"
            else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        )
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _fact(part: Path, fact: Fact, reading: Reading, progress: Progress | None) -> int:
    written = 0 if fact.read is None else _write(part, fact, fact.read, reading, progress)
    if fact.text:
        written = put_together(part, fact, [reading.names[student] for student in reading.students])
    return written


def _write(part: Path, fact: Fact, read: Read, reading: Reading, progress: Progress | None) -> int:
    written = 0
    with pq.ParquetWriter(_path(part, fact), schema(fact), compression="zstd") as writer:
        for some in _parts(fact, len(reading.students), PART):
            table = _table(fact, read(replace(reading, students=reading.students[some])))
            if table.num_rows:
                writer.write_table(table.sort_by([(name, "ascending") for name in fact.order]))
            written += table.num_rows
            if progress is not None:
                progress(fact.name, some.stop, len(reading.students))
    return written


def put_together(part: Path, fact: Fact, students: Sequence[str]) -> int:
    """This will write a fact by its text from those before it, and return its rows; `students` sorted.

    What a few thousand students have is joined in memory at a time: of all of them at once it would not fit.
    """
    written, whole = 0, part / f"{fact.name}.whole"
    with pq.ParquetWriter(whole, schema(fact), compression="zstd") as writer:
        for some in _parts(fact, len(students), TOGETHER):
            all_of_them = some.stop - some.start == len(students)
            ends = None if all_of_them else (students[some.start], students[some.stop - 1])
            with duck(part, students=ends) as facts:
                table = facts.table(fact.text).cast(schema(fact))
            if table.num_rows:
                writer.write_table(table)
            written += table.num_rows
    whole.replace(_path(part, fact))
    return written


def _parts(fact: Fact, n: int, size: int) -> Iterator[slice]:
    # Students come in the order of their names, so parts that are sorted each make a file that is sorted.
    if fact.order[0] != "student" or fact.name == "student":
        size = n or 1
    for start in range(0, max(1, n), size):
        yield slice(start, min(start + size, n))


def _path(part: Path, fact: Fact) -> Path:
    return part / f"{fact.name}.parquet"


@cache
def schema(fact: Fact) -> pa.Schema:
    """Return the columns of a fact as Parquet holds them, each with its meaning."""
    return pa.schema(
        [
            pa.field(c.name, ARROW[c.type], metadata={"meaning": c.meaning, "unit": c.unit, "sensitivity": c.sensitivity})
            for c in fact.columns
        ]
    )  # fmt: skip


def _table(fact: Fact, rows: Iterable[Sequence[Any]]) -> pa.Table:
    columns: list[Any] = list(zip(*rows, strict=True)) or [()] * len(fact.columns)
    if fact.text:
        # What the text puts beside these stays empty until then.
        columns += [[None] * len(columns[0])] * (len(fact.columns) - len(columns))
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema(fact), strict=True)], schema=schema(fact)
    )  # fmt: skip


def _digest(path: Path) -> str:
    """Wait until a file is on the disk, and return its digest."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return digest_of(path)


def _write_manifest(part: Path, found: Snapshot) -> None:
    text = json.dumps(
        {
            "name": found.name, "as_of": found.as_of.isoformat(), "taken_at": found.taken_at.isoformat(),
            "through": found.through, "rows": found.rows, "digests": found.digests, "schema": found.schema,
            "version": found.version,
        },
        indent=1,
    )  # fmt: skip
    write_whole(part / MANIFEST, text.encode())
