"""Taking data out: continuums, determinations, results, one student's record, explanations, lists for a response."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from headway.access.types import SYSTEM
from headway.interop.case import exchange
from headway.interop.gradebook.write import export_grades as grades
from headway.interop.oneroster.results import export_results as results
from headway.interop.v1.record import hand_out
from headway.kit.disk import write_whole
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.proficiency import exporting
from headway.proficiency import queries as proficiency
from headway.report_cards import queries as report_cards
from headway.rights import actions as rights
from headway.rosters import queries as rosters

FORMS = ("csv", "json", "parquet")


def known_at_of(text: str | None) -> datetime | int | None:
    """Return what `--known-at` names: an instant, or a sequence of the ledger."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    try:
        found = datetime.fromisoformat(text)
        if not 1950 <= found.year <= 2100:
            raise ValueError(text)
    except ValueError as error:
        raise Refusal(
            "not_a_time", f"--known-at takes a time such as 2026-11-12T09:30:00-07:00, not {text}."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=proficiency.book().zone)


def export_framework(key: str, form: str) -> str:
    """Return a continuum as CASE 1.1 or as the spreadsheet."""
    return exchange.export_framework(key, form)


def export_determinations(
    *, as_of: date | None, known_at: str | None, student: str | None, form: str, out: Path | None,
    to_whom: str = "", purpose: str = "",
) -> str:  # fmt: skip
    """Return (or write) every determination as CSV, JSON or Parquet; first each student's list of disclosures says so."""
    if form not in FORMS:
        raise Refusal("unknown_form", f"Determinations go out as {', '.join(FORMS)}, not as {form}.")
    if form == "parquet" and out is None:
        raise Refusal("needs_file", "Parquet is written to a file: add --out FILE.")
    at = now()
    rows = list(
        proficiency.exported_all(
            as_of=as_of, known_at=known_at_of(known_at), now=at, student=student,
            statements=report_cards.contested_targets(),
        )
    )  # fmt: skip
    people = rosters.person_ids(sourced_ids={row["student"] for row in rows})
    rights.disclose(
        actor=SYSTEM, students=people.values(), what="determinations", to_whom=to_whom, purpose=purpose, at=at
    )
    if form == "parquet":
        return _parquet(rows, out)
    text = _csv(rows) if form == "csv" else json.dumps(rows, ensure_ascii=False)
    if out is None:
        return text
    write_whole(out, text.encode())
    return f"Written to {out.name}."


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, exporting.COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    # A text that a spreadsheet would run as a formula is made text by an apostrophe.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _parquet(rows: Iterable[dict[str, Any]], out: Path | None) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        "value": pa.float64(), "n_counted": pa.int32(), "n_total": pa.int32(), "progress": pa.float64(),
        "growth": pa.float64(), "baseline": pa.float64(), "depth": pa.int8(), "growth_per_year": pa.float64(),
        "decided": pa.bool_(), "since_decision": pa.int32(), "weakest_value": pa.float64(), "standard_error": pa.float64(),
        "rule_version": pa.int32(), "continuum_level": pa.int16(), "proposed_level": pa.int16(), "policy_version": pa.int32(),
    }  # fmt: skip
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in exporting.COLUMNS])
    table = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(table, out, compression="zstd")
    return f"{table.num_rows} rows written to {out.name if out else ''}."


def export_results(term: str, out: Path, *, to_whom: str = "", purpose: str = "") -> dict[str, Any]:
    """Write a term's results for the student information system: a zip, or a folder of the same files."""
    body, counts = results(actor=SYSTEM, term=term, to_whom=to_whom, purpose=purpose, now=now())
    if out.suffix.lower() == ".zip":
        write_whole(out, body)
    else:
        import zipfile

        out.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            archive.extractall(out)
    return {**counts, "written": out.name}


def export_grades(term: str, out: Path, *, to_whom: str = "", purpose: str = "") -> dict[str, Any]:
    """Write a term's marks for another gradebook, by the district's crosswalk."""
    text, counts = grades(
        actor=SYSTEM, term=term, to_whom=to_whom, purpose=purpose, now=now(), book=proficiency.book()
    )
    write_whole(out, text.encode())
    return {**counts, "written": out.name}


def export_record(student: str, *, to_whom: str = "", purpose: str = "") -> dict[str, Any]:
    """Return everything held about one student, when the list of disclosures says that it leaves."""
    return hand_out(actor=SYSTEM, student=student, to_whom=to_whom, purpose=purpose, now=now())


def explain(
    *, student: str, target: str, as_of: date | None, known_at: str | None, reader: str, language: str
) -> dict[str, Any]:
    """Return one determination with its reasons."""
    return proficiency.explained(
        viewer=SYSTEM, student=student, target=target, as_of=as_of, now=now(), known_at=known_at_of(known_at),
        reader=reader, language=language,
    )  # fmt: skip


def _level(change: dict[str, Any], side: str) -> str:
    value = change[side]
    return change[f"{side}_state"].replace("_", " ") + (f", {value:g}" if value is not None else "")


def say_explanation(found: dict[str, Any]) -> str:
    """Say an explanation in lines."""
    shown = found.get("shown", found.get("value"))
    lines = [f"{found['student']} on {found['target']}: {found['state'].replace('_', ' ')}"
             + (f", {shown:g}" if shown is not None else ""), "", found["words"]]  # fmt: skip
    if found.get("would_change_words"):
        lines.append(found["would_change_words"])
    lines += [
        "",
        *(
            f"  counted   {c['level']!s:>5}  weight {c.get('weight', 0):.3f}  {c['key']}"
            for c in found["counted"]
        ),
    ]
    lines += [
        f"  excluded  {e['level']!s:>5}  {e['reason'].replace('_', ' ')}  {e['key']}"
        for e in found.get("excluded", ())
    ]
    if "policy" in found:
        lines += [
            "",
            *(
                f"On {c['day']} by the rule alone: {_level(c, 'before')} → {_level(c, 'after')}"
                + (f", at {c['school']}." if c["school"] else ".")
                for c in found.get("changed_by_policy", ())
            ),
            f"Rule {found['rule']} version {found['rule_version']}, policy {found['policy']} version {found['policy_version']}.",
        ]
    return "\n".join(lines)
