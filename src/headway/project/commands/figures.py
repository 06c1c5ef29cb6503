"""Figures on the command line: snapshots of facts, reports from them, and live lists for a response."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from django.utils import translation

from headway.access.types import SYSTEM
from headway.analytics import queries as facts
from headway.analytics.types import Snapshot
from headway.kit.disk import write_whole
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.plans import queries as plans
from headway.proficiency import queries as proficiency
from headway.reports import queries as reports
from headway.reports.types import Released
from headway.response import queries as response
from headway.rosters import queries as rosters

LIVE = {
    "pace": "How fast each plan moves, against its dates.",
    "response": "Who needs a response, and why.",
}
JOINED = {
    "comparability": "Whether a level means the same within a school, across schools, across joined districts."
}
"""What is asked of joined districts alone: nothing of it is released in a home."""
FORMS = ("csv", "json", "pdf", "xlsx")
FILES = ("pdf", "xlsx")
"""Forms that are no text: they are written to a file."""
Progress = Callable[[str, int, int], None]


def snapshot(*, as_of: date | None, progress: Progress | None = None) -> dict[str, Any]:
    """Write every fact of a day in one consistent read, and release every report from it."""
    taken, released = _taken(as_of, progress)
    return {
        **asdict(taken),
        "folder": str(facts.folder() / taken.name),
        "reports": [one.report for one in released],
    }


def _taken(as_of: date | None, progress: Progress | None) -> tuple[Snapshot, list[Released]]:
    # Loaded here: the engine takes longer to load than most commands take.
    from headway.analytics import actions as analytics
    from headway.reports import actions as releasing

    taken = analytics.take_snapshot(at=now(), as_of=as_of, progress=progress)
    return taken, releasing.release_all(taken)


def report(
    name: str,
    *,
    as_of: date | None,
    form: str = "json",
    out: Path | None = None,
    sql: bool = False,
    snapshots: Sequence[str] = (),
    engine: str = "",
    master: str = "",
) -> dict[str, Any] | str:
    """Return a live list or a released report; without a name, which there are. `sql`: the texts behind its figures.

    `snapshots` are asked in place of the home's own, by the `engine` that is chosen.
    """
    if not name:
        ready = {one.key: one.question for one in reports.every_report().values()}
        return {"reports": [{"name": key, "says": says} for key, says in {**LIVE, **ready, **JOINED}.items()]}
    if form not in FORMS:
        raise Refusal("unknown_form", f"A report is handed out as {', '.join(FORMS)}, not as {form}.")
    if form in FILES and out is None:
        raise Refusal("needs_file", f"As {form} it is written to a file: add --out FILE.")
    if form == "pdf" and name in (*LIVE, *JOINED):
        raise Refusal("unknown_form", f"{name} is handed out as csv, json, xlsx.")
    if form == "pdf" and (len(snapshots) > 1 or any("=" in one for one in snapshots)):
        # What is printed tells schools apart, and districts have no page.
        raise Refusal("unknown_form", "Joined districts are handed out as csv, json, xlsx.")
    if (engine or master) and not snapshots:
        raise Refusal(
            "needs_snapshot", "An engine is chosen for snapshots that you name: add --snapshot FOLDER."
        )
    released: Released | None = None
    if name in JOINED:
        return _written(_compared(as_of, snapshots, engine, master, sql=sql), form, out)
    if snapshots:
        released = _asked(name, as_of, snapshots, engine, master)
    elif name not in LIVE:
        released = _kept(name, as_of)
    found = _live(name, as_of) if released is None else _handed(released, sql=sql)
    if form == "pdf" and out is not None and released is not None:
        write_whole(out, _pdf(released))
        return f"Written to {out.name}."
    return _written(found, form, out)


def _written(found: dict[str, Any], form: str, out: Path | None) -> dict[str, Any] | str:
    """Return a report as data or text, or write it to a file and say so."""
    if form == "json" and out is None:
        return found
    if out is not None and form in FILES:
        write_whole(out, reports.xlsx(found))
        return f"Written to {out.name}."
    text = (
        json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n"
        if form == "json"
        else _csv(found["rows"])
    )
    if out is None:
        return text
    write_whole(out, text.encode())
    return f"Written to {out.name}."


def _live(name: str, as_of: date | None) -> dict[str, Any]:
    at = now()
    m = proficiency.moment(now=at, as_of=as_of)
    students = [p.id for p in rosters.students_visible_to(SYSTEM, as_of=m.day) if p.active]
    rows = (plans if name == "pace" else response).rows_for_report(m, students)
    return {
        "name": name,
        "snapshot": at.isoformat(timespec="seconds"),
        "as_of": m.day,
        "n": len(rows),
        "rows": rows,
    }


def _kept(name: str, as_of: date | None) -> Released:
    """Return a report as it was released from the home's newest snapshot of the day, taken now where there is none."""
    reports.report(name)
    found = reports.find_released(name, as_of)
    if found is None:
        _taken(as_of, None)
        found = reports.find_released(name, as_of)
    assert found is not None
    return found


def _asked(name: str, as_of: date | None, snapshots: Sequence[str], engine: str, master: str) -> Released:
    """Ask a report of snapshots that somebody names; nothing is kept."""
    if name in LIVE:
        raise Refusal(
            "live_list", f"{name} is a list of this home's students as they stand now, and is in no snapshot."
        )
    if as_of is not None:
        raise Refusal("day_of_snapshot", "A snapshot has its own day: leave --as-of out.")
    reports.report(name)
    from headway.analytics.opening import DUCKDB, opened
    from headway.reports import actions as releasing

    with opened(snapshots, engine=engine or DUCKDB, master=master) as found:
        return releasing.release_from(
            found.engine, name, snapshots=found.snapshots, districts=found.districts
        )


def _compared(
    as_of: date | None, snapshots: Sequence[str], engine: str, master: str, *, sql: bool
) -> dict[str, Any]:
    """Ask whether levels mean the same in joined districts; nothing is kept."""
    if as_of is not None:
        raise Refusal("day_of_snapshot", "A snapshot has its own day: leave --as-of out.")
    if len(snapshots) < 2:
        raise Refusal(
            "needs_districts",
            "Comparability is told of joined districts: add --snapshot NAME=FOLDER for each, two or more.",
        )
    from headway.analytics.opening import DUCKDB, opened
    from headway.reports import actions as releasing

    with opened(snapshots, engine=engine or DUCKDB, master=master) as found:
        rows = releasing.compare_districts(found.engine, districts=found.districts, sql=sql)
        names = ", ".join(
            f"{who}={one.name}" for who, one in zip(found.districts, found.snapshots, strict=True)
        )
        taken = min(one.taken_at for one in found.snapshots)
        return {
            "name": "comparability", "snapshot": taken.isoformat(timespec="seconds"), "folder": names,
            "as_of": found.snapshots[0].as_of, "n": len(rows), "rows": rows,
        }  # fmt: skip


def _handed(found: Released, *, sql: bool) -> dict[str, Any]:
    if not sql:
        return reports.given(found)
    texts = reports.texts(found)
    return {
        "name": found.report,
        "snapshot": found.snapshot,
        "as_of": found.as_of,
        "n": len(texts),
        "rows": texts,
    }


def _pdf(released: Released) -> bytes:
    # Loaded here: pages and their words take a second.
    from headway.pages.reports import pdf, scope

    with translation.override(proficiency.book().languages[0]):
        return pdf.printed(released, scope.Subject(reports.report(released.report), scope.reader(SYSTEM)))


def _csv(rows: list[dict[str, Any]]) -> str:
    columns, flat = reports.table(rows)
    text = io.StringIO()
    if flat:
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows(flat)
    return text.getvalue()


def say_snapshot(found: dict[str, Any]) -> str:
    """Say in two lines what a snapshot holds."""
    rows = ", ".join(f"{name} {n:,}" for name, n in found["rows"].items())
    return f"Snapshot of {found['as_of']} in {found['folder']}: {rows}.\nReports released: {', '.join(found['reports'])}."


def say_report(found: dict[str, Any] | str) -> str:
    """Say a list or a report in lines."""
    if isinstance(found, str):
        return found
    if "reports" in found:
        return "\n".join(f"{one['name']:<10} {one['says']}" for one in found["reports"])
    lines = [f"{found['name']} as of {found['as_of']}: {found['n']} rows"]
    lines += [
        "  " + "  ".join(f"{key}={value}" for key, value in reports.flat(row).items())
        for row in found["rows"]
    ]
    return "\n".join(lines)
