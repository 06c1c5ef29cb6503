"""The engine of many machines: the same texts on Apache Spark. The only module that speaks to it.

A text is DuckDB's; sqlglot says it in Spark's dialect, which keeps where empty cells are sorted. What the session is told
is what figures depend on; memory, workers and the like are Spark's own settings (`spark-defaults.conf`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headway.analytics.bulk import SEGMENT, columns_of, determined
from headway.analytics.joining import facts_in, joined
from headway.kit.refusals import Refusal
from headway.science.proficiency.policy import Policy

try:
    import sqlglot
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.pandas.types import from_arrow_schema
except ImportError as missing:
    raise Refusal(
        "no_spark", "Spark is not installed with this copy of the product: install headway[spark]."
    ) from missing

HERE = "local[*]"
"""The master that is this machine alone."""
FIGURES = {
    # A sum that does not fit is an error, as on DuckDB, and never another number.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}


class Spark:
    """One session over the facts of one folder, or of several that are joined."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def rows(self, text: str) -> list[dict[str, Any]]:
        """Return the rows of an answer, by column."""
        return [row.asDict() for row in self._session.sql(said(text)).collect()]


@lru_cache(maxsize=1024)
def said(text: str) -> str:
    """Return a text in Spark's dialect."""
    (found,) = sqlglot.transpile(
        text, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    return found


@contextmanager
def session(master: str = HERE, settings: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """Begin a session on a master and end it. Raises `Refusal`: `no_java`, `no_master`."""
    builder = SparkSession.builder.appName("headway").master(master)
    for name, value in {**FIGURES, **(settings or {})}.items():
        builder = builder.config(name, value)
    # Workers run the Python of this process, where nobody says which.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        begun = builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise Refusal(
            "no_java", "Spark did not start: it needs Java 17 or newer, found by JAVA_HOME."
        ) from error
    begun.sparkContext.setLogLevel("ERROR")
    try:
        yield begun
    finally:
        begun.stop()


def opened(begun: SparkSession, *folders: Path, districts: Sequence[str] = ()) -> Spark:
    """Open the facts of snapshots in a session, as `duck` does; the folders must be seen by every worker at the same path."""
    own = begun.newSession()
    for fact in facts_in(folders, districts):
        for at, folder in enumerate(folders, 1):
            name = f"{fact}_{at}" if districts else fact
            path = folder / f"{fact}.parquet"
            # Told the columns, Spark starts no job of its own for each file to find them.
            columns = from_arrow_schema(pq.read_schema(path))
            own.read.schema(columns).parquet(path.as_uri()).createOrReplaceTempView(name)
        if districts:
            own.sql(f"CREATE TEMPORARY VIEW {fact} AS {said(joined(fact, folders, districts))}")
    return Spark(own)


@contextmanager
def spark(*folders: Path, districts: Sequence[str] = (), master: str = HERE) -> Iterator[Spark]:
    """Open the facts of snapshots on a cluster, and end the session after."""
    with session(master) as begun:
        yield opened(begun, *(folder.resolve() for folder in folders), districts=districts)


def determine_on_spark(
    begun: SparkSession, ratings: Path, policy: Policy, *, as_of: date | None = None
) -> DataFrame:
    """Return the determinations of the fact `rating`, made on the workers; a row is as `determine_in_bulk` writes it.

    A student's ratings come together on one worker, sorted as a snapshot holds them; workers need this product installed.
    """
    schema = pq.read_schema(ratings)
    names = columns_of([*schema.names])
    if "status" not in names:
        raise Refusal(
            "needs_whole_fact",
            "Levels alone have no order that survives a cluster: take the whole fact of ratings.",
        )
    columns = from_arrow_schema(pa.schema([schema.field(name) for name in names]))
    rows = begun.read.schema(columns).parquet(ratings.resolve().as_uri())
    together = rows.repartition("student").sortWithinPartitions(*SEGMENT, "observed_at", "sequence")

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in determined(batches, policy, as_of=as_of):
            # Spark takes no dictionaries.
            words = batch.column("state").cast(pa.string())
            yield batch.set_column(batch.schema.get_field_index("state"), "state", words)

    return together.mapInArrow(
        work, "student string, target string, value double, state string, n_counted bigint, n_total bigint"
    )
