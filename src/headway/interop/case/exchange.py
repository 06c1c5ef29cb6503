"""Bring a continuum in from a file, and take one out: what the command line and the pages call."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

from headway.access.types import Viewer
from headway.frameworks import actions, queries
from headway.frameworks.types import Package, Preview
from headway.interop.case.read import read_case
from headway.interop.case.spreadsheet import read_spreadsheet, write_spreadsheet
from headway.interop.case.write import write_case
from headway.kit.refusals import Finding, Refusal, Sentence

FORMS = ("case", "csv")


def read_package(source: str | Path | bytes, *, file: str | None = None) -> Package:
    """Return the package of a file by what it holds: JSON is CASE, anything else is the spreadsheet."""
    if isinstance(source, bytes):
        start = source[:64]
    else:
        try:
            with Path(source).open("rb") as opened:
                start = opened.read(64)
        except OSError as error:
            message = Sentence("The file cannot be read: %(error)s.", error=error.strerror)
            raise Refusal("no_file", message, [Finding("no_file", message, Path(source).name)]) from error
    if start.startswith(b"PK"):
        message = "This is a zip or a workbook; save the sheet as CSV, or take the JSON out of the zip."
        raise Refusal("not_a_framework", message, [Finding("not_a_framework", message, file)])
    looks_like_json = start.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"{", b"[")
    return (read_case if looks_like_json else read_spreadsheet)(source, file=file)


def import_framework(
    path: str | Path | bytes,
    *,
    actor: Viewer,
    at: datetime,
    plan_only: bool = False,
    in_force_on: date | None = None,
    file: str | None = None,
) -> actions.ImportRun | Preview:
    """Make a file the newest version of its continuum, or with `plan_only` say what that would
    change.

    Written: what `frameworks.actions.apply_package` writes. Raises `Refusal`: the reader's, and those of the
    act.
    """
    package = read_package(path, file=file)
    return actions.apply_package(package, actor=actor, at=at, in_force_on=in_force_on, plan_only=plan_only)


def export_framework(key: str, form: str, *, at: datetime | None = None) -> str:
    """Return a continuum as text: `case` for a CASE 1.1 package, `csv` for the spreadsheet.

    Raises `Refusal`: `unknown_framework`, `unknown_form`.
    """
    if form not in FORMS:
        raise Refusal(
            "unknown_form",
            Sentence(
                "A continuum goes out as %(known)s, not as %(form)s.", known=" or ".join(FORMS), form=form
            ),
        )
    found = queries.framework_by_key(key)
    package = queries.package(found.id)
    if form == "csv":
        return write_spreadsheet(package)
    changed = at or queries.versions(found.id)[-1].recorded_at
    return json.dumps(write_case(package, at=changed), ensure_ascii=False, indent=2) + "\n"
