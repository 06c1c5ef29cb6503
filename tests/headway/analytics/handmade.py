"""Facts written by hand: rows of any fact as a snapshot holds them, cells that are not named left empty."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headway.analytics.dictionary import FACTS, schema_digest
from headway.analytics.snapshots import put_together, schema


def write(folder: Path, **rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write every fact into a folder; those that are not named are empty, and those that have a text are put together."""
    folder.mkdir(parents=True, exist_ok=True)
    unknown = set(rows) - {fact.name for fact in FACTS}
    assert not unknown, unknown
    for fact in FACTS:
        own = rows.get(fact.name, ())
        for row in own:
            assert not set(row) - {c.name for c in fact.columns}, row
        columns = {c.name: [row.get(c.name) for row in own] for c in fact.columns}
        pq.write_table(pa.table(columns, schema=schema(fact)), folder / f"{fact.name}.parquet")
        if fact.text:
            put_together(folder, fact, sorted(row["student"] for row in rows.get("student", ())))
    return folder


def sealed(folder: Path, *, as_of: str = "2026-11-20", schema: str | None = None) -> Path:
    """Write the manifest that says of a folder of facts that it is a snapshot, whole."""
    digests = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")}
    said = {
        "name": folder.name, "as_of": as_of, "taken_at": f"{as_of}T20:00:00+00:00", "through": 1, "digests": digests,
        "rows": {name: pq.read_metadata(folder / f"{name}.parquet").num_rows for name in digests}, "version": "",
        "schema": schema_digest() if schema is None else schema,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(said))
    return folder


def student(name: str, school: str | None = "N", grade: str = "07", **more: Any) -> dict[str, Any]:
    return {"student": name, "school": school, "grade": grade, **more}


def target(code: str, framework: str = "M", **more: Any) -> dict[str, Any]:
    return {
        "target": code,
        "framework": framework,
        "kind": "academic",
        "area": f"{framework}:{code[0]}",
        "name": code,
        **more,
    }


def stands(name: str, code: str, state: str, **more: Any) -> dict[str, Any]:
    counted = state in ("not_yet", "proficient", "beyond")
    return {
        "student": name,
        "target": code,
        "state": state,
        "n_counted": int(counted),
        "n_total": 1,
        "decided": False,
        **more,
    }


def rated(name: str, code: str, **more: Any) -> dict[str, Any]:
    return {
        "student": name, "target": code, "purpose": "evidence", "status": "rated", "kind": "teacher", "override": "none",
        "piece": f"{name}{code}", "attempt": 1, **more,
    }  # fmt: skip
