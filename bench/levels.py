"""Levels of a state from a file of ratings: `python -m bench.levels [--ratings N] [--rule KEY] [--no-peer]`.

A tenth as many segments as ratings (100,000 students with 100 targets for 10,000,000 segments), `student`, `target`, `level` and
`observed_at`, sorted as a snapshot is. Each rule is determined in a process of its own, from the Parquet file to one of
determinations, after a small run that fetches the compiled loop: seconds, CPU seconds, peak resident memory of the whole process,
and how many times as long as reading the three columns in the same minute. DuckDB answers the same two questions in the same run
by window functions and by `arg_max`, file to file. The files lie in a temporary folder and are removed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.baseline import machine, peak_mib, timed
from headway.analytics.bulk import ALONE, ROWS, ahead, determine_in_bulk
from headway.science.proficiency.policy import Policy
from headway.science.proficiency.registry import keys

STUDENTS = 1000
"""So many students are written at a time."""
TARGETS = 100
NOT_LEVELS_ALONE = ("profile", "best-n")
DECAYING = """
COPY (
  SELECT student, target, COUNT(*) AS n,
    SUM(level * CASE WHEN back = n - 1 THEN 1 ELSE 0.65 END * POWER(0.35, back)) AS value
  FROM (
    SELECT student, target, level,
      COUNT(*) OVER (PARTITION BY student, target) AS n,
      ROW_NUMBER() OVER (PARTITION BY student, target ORDER BY observed_at DESC) - 1 AS back
    FROM read_parquet('{ratings}')
  )
  GROUP BY student, target
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""
LATEST = """
COPY (
  SELECT student, target, COUNT(*) AS n, ARG_MAX(level, observed_at) AS value
  FROM read_parquet('{ratings}')
  GROUP BY student, target
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""
PEERS = {"decaying-average": DECAYING, "most-recent": LATEST}


def write(path: Path, ratings: int) -> None:
    """Write ratings of a thousand students at a time; of a segment there are 4 to 16, on average ten."""
    rng = np.random.default_rng(1)
    schema = pa.schema([("student", pa.int32()), ("target", pa.int16()), ("level", pa.uint8()),
                        ("observed_at", pa.timestamp("us", tz="UTC"))])  # fmt: skip
    written, first = 0, 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while written < ratings:
            sizes = rng.integers(4, 17, STUDENTS * TARGETS)
            which = np.repeat(np.arange(STUDENTS * TARGETS), sizes)[: ratings - written]
            at = 1_780_000_000_000_000 + np.arange(len(which)) * 60_000_000
            columns = [
                (first + which // TARGETS).astype(np.int32), (which % TARGETS).astype(np.int16),
                rng.integers(1, 5, len(which), dtype=np.uint8), at,
            ]  # fmt: skip
            arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=1 << 20)
            written, first = written + len(which), first + STUDENTS


def read(path: Path) -> int:
    """Read the three columns as the determination does, and do nothing with them."""
    return sum(batch.num_rows for batch in ahead(pq.ParquetFile(path).iter_batches(ROWS, columns=[*ALONE])))


def ours(path: Path, small: Path, key: str) -> dict[str, Any]:
    """Return the figures of one rule."""
    policy = Policy.from_mapping({"rule": key})
    out = path.with_name(f"{key}.out")
    determine_in_bulk(small, policy, out=out)
    floor, _, rows = timed(lambda: read(path))
    wall, cpu, n = timed(lambda: determine_in_bulk(path, policy, out=out))
    peak = peak_mib()
    value = pq.read_table(out, columns=["value"])["value"].to_numpy()
    out.unlink()
    return {
        "figure": f"levels by {key}", "unit": "s", "value": round(wall, 2), "cpu_s": round(cpu, 2), "ratings": rows,
        "determinations": n, "peak_mib": peak, "floor_reading_s": round(floor, 2),
        "multiple_of_floor": round(wall / floor, 1), "check": round(float(np.nansum(value)), 2),
    }  # fmt: skip


def peer(path: Path, key: str) -> dict[str, Any]:
    """Return what DuckDB's own SQL takes for one rule, with its defaults."""
    import duckdb

    out = path.with_name(f"{key}.peer")
    with duckdb.connect(":memory:", config={"temp_directory": str(path.parent / "spill")}) as connection:
        text = PEERS[key].format(ratings=path, out=out)
        wall, cpu, _ = timed(lambda: connection.execute(text))
        peak = peak_mib()
        (check,) = connection.execute(
            f"SELECT ROUND(SUM(FLOOR(CAST(value AS DOUBLE) * 100 + 0.5 + 1e-9) / 100), 2) FROM read_parquet('{out}')"
        ).fetchone()
    out.unlink()
    return {"figure": f"DuckDB's SQL, {key}", "unit": "s", "value": round(wall, 2), "cpu_s": round(cpu, 2),
            "peak_mib": peak, "check": check, "duckdb": duckdb.__version__}  # fmt: skip


def main() -> None:
    """Write the files once and take each figure in a process of its own, so that memory is that figure's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=10_000_000)
    parser.add_argument("--rule", default="", choices=["", *keys()])
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--of", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of:
        what, _, folder = given.of.partition(":")
        path = Path(folder) / "ratings.parquet"
        done = (
            peer(path, given.rule)
            if what == "peer"
            else ours(path, path.with_name("small.parquet"), given.rule)
        )
        print(json.dumps(done))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "ratings.parquet", given.ratings)
        write(Path(folder) / "small.parquet", 1_100_000)
        base = machine(Path(folder))
        for key in [given.rule] if given.rule else [key for key in keys() if key not in NOT_LEVELS_ALONE]:
            for what in ("ours", "peer")[: 2 if key in PEERS and not given.no_peer else 1]:
                command = [sys.executable, "-m", "bench.levels", "--rule", key, "--of", f"{what}:{folder}"]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                print(json.dumps(json.loads(said) | base), flush=True)


if __name__ == "__main__":
    main()
