"""Facts written by hand: rows of any fact as a snapshot holds them, cells that are not named left empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headway.analytics.dictionary import FACTS
from headway.analytics.snapshots import schema


def write(folder: Path, **rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write every fact into a folder; those that are not named are empty."""
    folder.mkdir(parents=True, exist_ok=True)
    unknown = set(rows) - {fact.name for fact in FACTS}
    assert not unknown, unknown
    for fact in FACTS:
        own = rows.get(fact.name, ())
        for row in own:
            assert not set(row) - {c.name for c in fact.columns}, row
        columns = {c.name: [row.get(c.name) for row in own] for c in fact.columns}
        pq.write_table(pa.table(columns, schema=schema(fact)), folder / f"{fact.name}.parquet")
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
