"""Writes OneRoster CSV 1.2 result files: line items, results, score scales, learning objectives, in one zip.

Pure: takes rows, gives bytes. A cell that a spreadsheet would take for a formula stays as it is, because identifiers are
matched byte by byte by the system that reads them.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

_BASE = ("sourcedId", "status", "dateLastModified")
COLUMNS: dict[str, tuple[str, ...]] = {
    "categories": (*_BASE, "title", "weight"),
    "lineItems": (
        *_BASE, "title", "description", "assignDate", "dueDate", "classSourcedId", "categorySourcedId",
        "academicSessionSourcedId", "resultValueMin", "resultValueMax", "schoolSourcedId",
    ),
    "results": (
        *_BASE, "lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate", "comment", "textScore",
        "classSourcedId", "inProgress", "incomplete", "late", "missing",
    ),
    "scoreScales": (*_BASE, "title", "type", "orgSourcedId", "courseSourcedId", "classSourcedId", "scoreScaleValue"),
    "lineItemLearningObjectiveIds": (*_BASE, "lineItemSourcedId", "source", "learningObjectiveId"),
    "lineItemScoreScales": (*_BASE, "title", "lineItemSourcedId", "scoreScaleSourcedId"),
    "resultLearningObjectiveIds": (*_BASE, "resultSourcedId", "source", "learningObjectiveId", "score", "textScore"),
    "resultScoreScales": (*_BASE, "title", "resultSourcedId", "scoreScaleSourcedId"),
}  # fmt: skip
ABSENT = (
    "academicSessions", "classes", "classResources", "courses", "courseResources", "demographics", "enrollments", "orgs",
    "resources", "roles", "userProfiles", "userResources", "users",
)  # fmt: skip


def results_zip(tables: Mapping[str, Sequence[Mapping[str, Any]]], *, system: str) -> bytes:
    """Return the zip of result files: each table of `COLUMNS` as bulk, everything else absent. Same rows, same bytes."""
    files = {f"{name}.csv": _csv(columns, tables.get(name, ())) for name, columns in COLUMNS.items()}
    properties = [("manifest.version", "1.0"), ("oneroster.version", "1.2")]
    properties += sorted(
        [*((f"file.{n}", "bulk") for n in COLUMNS), *((f"file.{n}", "absent") for n in ABSENT)]
    )
    properties.append(("source.systemName", system))
    manifest = [{"propertyName": name, "value": value} for name, value in properties]
    files = {"manifest.csv": _csv(("propertyName", "value"), manifest), **files}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(
                zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text.encode(), zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n", extrasaction="raise", restval="")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    return out.getvalue()
