"""The columnar engine: runs a text over the facts of snapshots. The only module that speaks to DuckDB."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from headway.analytics.asking import literal
from headway.analytics.joining import facts_in, joined

MEMORY = "1GB"
_WORD = re.compile(r"\w+")


class Duck:
    """One connection to the facts of one folder, or of several that are joined; `views` says by fact what makes it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, views: Mapping[str, Sequence[str]]) -> None:
        self._connection = connection
        self._views = dict(views)

    def rows(self, text: str) -> list[dict[str, Any]]:
        """Return the rows of an answer, by column."""
        self._open(text)
        found = self._connection.execute(text)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def table(self, text: str) -> pa.Table:
        """Return an answer as a table."""
        self._open(text)
        return self._connection.sql(text).to_arrow_table()

    def _open(self, text: str) -> None:
        """Make the facts whose names stand in a text; files that no question is about are not read."""
        for name in _WORD.findall(text):
            for made in self._views.pop(name, ()):
                self._connection.execute(made)


@contextmanager
def duck(
    *folders: Path, districts: Sequence[str] = (), students: tuple[str, str] | None = None
) -> Iterator[Duck]:
    """Open the facts of a snapshot; of several, each fact is all of them together, as a state reads its districts.

    `districts` name the folders where there are several. `students`, the first and the last name, keep the rows of those and
    of the students between them, in a single folder. Nothing is loaded from outside: no extension is fetched, no other
    file is opened. What does not fit into memory waits in a folder that nobody else may read and that goes with the connection.
    """
    facts = facts_in(folders, districts)
    with (
        tempfile.TemporaryDirectory(prefix="headway-facts-") as spill,
        duckdb.connect(":memory:") as connection,
    ):
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        # DuckDB's own choice is a folder where the command was called.
        connection.execute(f"SET temp_directory = {literal(spill)}")
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        yield Duck(connection, {fact: _views(fact, folders, districts, students) for fact in facts})


def _views(
    fact: str, folders: Sequence[Path], districts: Sequence[str], students: tuple[str, str] | None
) -> list[str]:
    paths = [folder / f"{fact}.parquet" for folder in folders]
    if not districts:
        return [f"CREATE VIEW {fact} AS {_rows(paths[0])}{_kept(paths[0], students)}"]
    parts = [f"CREATE VIEW {fact}_{at} AS {_rows(path)}" for at, path in enumerate(paths, 1)]
    return [*parts, f"CREATE VIEW {fact} AS {joined(fact, folders, districts)}"]


def _rows(path: Path) -> str:
    return f"SELECT * FROM read_parquet({literal(str(path))})"


def _kept(path: Path, students: tuple[str, str] | None) -> str:
    if students is None or "student" not in pq.read_schema(path).names:
        return ""
    first, last = students
    return f" WHERE student BETWEEN {literal(first)} AND {literal(last)}"
