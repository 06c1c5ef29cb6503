"""School events by CSV: attendance, discipline, referral, schedule, as another system noted them. All of a file, or nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count

from headway.access.actions import record_act
from headway.access.models import ImportChange, ImportRun
from headway.access.types import Viewer
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.kit.times import parse_instant
from headway.rosters.models import District, Person, SchoolEvent
from headway.rosters.recording import BATCH, parts

SENSITIVITIES = ("ordinary", "sensitive")
KIND = re.compile(r"[a-z][a-z0-9_-]{0,39}")
LONGEST = 190
FIRST, LAST = 1951, 2100


def bring(
    *, actor: Viewer, rows: Sequence[Mapping[str, Any]], lines: Sequence[int], name: str, digest: str, at: datetime,
    plan_only: bool,
) -> dict[str, Any]:  # fmt: skip
    """Bring events in, or only count them; see `actions.import_events`."""
    with transaction.atomic():
        reader = _Reader(rows, lines, name)
        found = reader.read()
        if reader.findings:
            n = len(reader.findings)
            raise Refusal(
                "events_invalid",
                Sentence.counted(
                    n, "%(n)s fault; nothing was written.", "%(n)s faults; nothing was written."
                ),
                reader.findings,
            )
        run = ImportRun.objects.create(
            kind="events", name=name[:200], digest=digest, actor=actor.account, at=at
        )
        for part in parts(found, BATCH):
            for one in part:
                one.made_by_run = run.pk
            # An event that is known already, by student, kind, time and outcome, is not there twice.
            SchoolEvent.objects.bulk_create(part, ignore_conflicts=True, batch_size=BATCH)
        made = SchoolEvent.objects.filter(made_by_run=run.pk)
        kinds = dict(made.order_by("kind").values_list("kind").annotate(n=Count("id")))
        new = sum(kinds.values())
        counts = {
            "rows": len(found),
            "new": new,
            "known_before": len(found) - new,
            "sensitive": made.filter(sensitive=True).count(),
            "kinds": kinds,
        }
        if plan_only:
            transaction.set_rollback(True)
            return {"plan": True, **counts}
        run.counts = counts
        run.save(update_fields=["counts"])
        record_act(actor=actor, act="import_events", kind="import", object_id=run.pk, detail=counts, at=at)
        return {"run": run.pk, "kind": run.kind, "name": run.name, "status": run.status, **counts}


def take_back(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """Take an import of events back; see `actions.undo_events`."""
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id, kind="events").first()
        if run is None:
            raise Refusal("no_such_import", Sentence("There is no import of events %(run)s.", run=run_id))
        if run.status != "applied":
            raise Refusal("already_undone", Sentence("Import %(run)s was taken back already.", run=run_id))
        SchoolEvent.objects.filter(made_by_run=run.pk).delete()
        run.status, run.undone_at = "undone", at
        run.save(update_fields=["status", "undone_at"])
        record_act(actor=actor, act="undo_import", kind="import", object_id=run.pk, at=at)
        return run


def erase(*, person_id: int) -> int:
    """Remove every event of a student, and what runs keep of them; returns how many."""
    keys = list(SchoolEvent.objects.filter(student_id=person_id).values_list("pk", flat=True))
    for part in parts(keys):
        ImportChange.objects.filter(model="SchoolEvent", row__in=part).delete()
        SchoolEvent.objects.filter(pk__in=part).delete()
    return len(keys)


class _Reader:
    def __init__(self, rows: Sequence[Mapping[str, Any]], lines: Sequence[int], name: str) -> None:
        self.rows, self.lines, self.name, self.line = rows, lines, name, 0
        self.findings: list[Finding] = []
        self.zone = ZoneInfo(District.objects.get(pk=1).zone)
        self.students: dict[str, int] = {}
        for part in parts({_text(row, "student") for row in rows}):
            people = Person.objects.filter(sourced_id__in=part)
            for sourced_id, key, merged in people.values_list("sourced_id", "id", "merged_into_id"):
                self.students[sourced_id] = merged or key

    def read(self) -> list[SchoolEvent]:
        found: list[SchoolEvent] = []
        seen: dict[tuple[Any, ...], int] = {}
        for row, line in zip(self.rows, self.lines, strict=True):
            self.line = line
            student, kind, at = self._student(row), self._kind(row), self._at(row)
            outcome, sensitive = self._outcome(row), self._sensitive(row)
            if student is None or kind is None or at is None:
                continue
            mark = (student, kind, at, outcome)
            if seen.setdefault(mark, line) != line:
                self._fault(
                    "row_twice",
                    Sentence("Line %(line)s says the same of this student.", line=seen[mark]),
                    "student",
                    row["student"],
                )
            found.append(
                SchoolEvent(student_id=student, kind=kind, at=at, outcome=outcome, sensitive=sensitive)
            )
        return found

    def _student(self, row: Mapping[str, Any]) -> int | None:
        text = _text(row, "student")
        if not text:
            self._fault("required", "This cell must be filled.", "student", None)
        elif text not in self.students:
            self._fault("unknown_student", "Nobody of the roster has this identifier.", "student", text)
        return self.students.get(text)

    def _kind(self, row: Mapping[str, Any]) -> str | None:
        text = _text(row, "kind")
        if not text:
            self._fault("required", "This cell must be filled.", "kind", None)
            return None
        if not KIND.fullmatch(text):
            self._fault(
                "unknown_word",
                "A kind is a word in small letters, as attendance or office_referral.",
                "kind",
                text,
            )
            return None
        return text

    def _at(self, row: Mapping[str, Any]) -> datetime | None:
        text = _text(row, "at")
        if not text:
            self._fault("required", "This cell must be filled.", "at", None)
            return None
        try:
            found = parse_instant(text, self.zone)
        except (ValueError, OverflowError):
            self._fault("not_a_time", "Write a day as 2026-11-12, or a time as RFC 3339.", "at", text)
            return None
        if not FIRST <= found.year <= LAST:
            self._fault(
                "out_of_range",
                Sentence("A time from %(first)s to %(last)s.", first=FIRST, last=LAST),
                "at",
                text,
            )
            return None
        return found

    def _outcome(self, row: Mapping[str, Any]) -> str:
        text = _text(row, "outcome")
        if len(text) > LONGEST:
            self._fault(
                "too_long",
                Sentence("At most %(most)s characters.", most=LONGEST),
                "outcome",
                text[:40] + "…",
            )
        elif any(unicodedata.category(sign) == "Cc" for sign in text):
            self._fault(
                "control_character", "A control character or line break stands in it.", "outcome", text
            )
        return text

    def _sensitive(self, row: Mapping[str, Any]) -> bool:
        text = _text(row, "sensitivity")
        if text and text not in SENSITIVITIES:
            self._fault(
                "unknown_word", "It is ordinary or sensitive; empty is sensitive.", "sensitivity", text
            )
        # What nobody classed is treated as if it could hurt.
        return text != "ordinary"

    def _fault(self, code: str, message: str, column: str, value: str | None) -> None:
        self.findings.append(Finding(code, message, self.name, self.line, column, value))


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) or "").strip()
