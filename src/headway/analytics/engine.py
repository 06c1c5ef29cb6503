"""The columnar engine: runs a text over the facts of a snapshot. The only module that speaks to DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from headway.analytics.asking import literal

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
def duck(*folders: Path) -> Iterator[Duck]:
    """Open the facts of snapshots; of several, each fact is all of them together, as a state reads its districts.

    Nothing is loaded from outside and nothing is written: no extension is fetched, no other file is opened.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET autoload_known_extensions = false")
        for name in sorted({path.stem for path in folders[0].glob("*.parquet")}):
            paths = ", ".join(literal(str(folder / f"{name}.parquet")) for folder in folders)
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{paths}])")
        yield Duck(connection)
