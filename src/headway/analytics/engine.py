"""The columnar engine: runs a text over the facts of snapshots. The only module that speaks to DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from headway.analytics.asking import literal
from headway.analytics.joining import facts_in, joined

MEMORY = "1GB"


class Duck:
    """One connection to the facts of one folder, or of several that are joined."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, text: str) -> list[dict[str, Any]]:
        """Return the rows of an answer, by column."""
        found = self._connection.execute(text)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def duck(*folders: Path, districts: Sequence[str] = ()) -> Iterator[Duck]:
    """Open the facts of a snapshot; of several, each fact is all of them together, as a state reads its districts.

    `districts` name the folders where there are several. Nothing is loaded from outside: no extension is fetched, no other
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
        for fact in facts:
            paths = [literal(str(folder / f"{fact}.parquet")) for folder in folders]
            if not districts:
                connection.execute(f"CREATE VIEW {fact} AS SELECT * FROM read_parquet({paths[0]})")
                continue
            for at, path in enumerate(paths, 1):
                connection.execute(f"CREATE VIEW {fact}_{at} AS SELECT * FROM read_parquet({path})")
            connection.execute(f"CREATE VIEW {fact} AS {joined(fact, folders, districts)}")
        yield Duck(connection)
