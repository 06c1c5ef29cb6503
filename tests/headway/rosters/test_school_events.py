"""P16, school events by CSV: every fault by its place, nothing twice, undo, erasure, the record, a merge."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from headway.access.models import AuditEntry, ImportChange, ImportRun
from headway.access.types import SYSTEM, Role, Viewer
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.project.commands.people import erase
from headway.rosters import actions, queries
from headway.rosters.models import Person, SchoolClass, SchoolEvent

from ..plans.school import build, student

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
HEAD = ("student", "kind", "at", "outcome", "sensitivity")
GOOD = [
    ("u1", "attendance", "2026-10-05", "absent", "ordinary"),
    ("u1", "attendance", "2026-10-06T08:30:00-06:00", "late", "ordinary"),
    ("u1", "referral", "2026-10-06", "counselor", ""),
    ("u2", "discipline", "2026-10-07", "", "sensitive"),
]


@pytest.fixture(autouse=True)
def school(tmp_path: Path) -> None:
    build(tmp_path)


def bring(*rows: tuple[str, ...], actor: Viewer = SYSTEM, **how):
    given = [{k: v for k, v in zip(HEAD, row, strict=True) if v} for row in rows]
    lines = list(range(2, len(rows) + 2))
    return actions.import_events(
        actor=actor, rows=given, lines=lines, name="e.csv", digest="0" * 64, at=NOW, **how
    )


def test_p16_a_plan_counts_and_writes_nothing_then_the_rows_come_once() -> None:
    found = bring(*GOOD, plan_only=True)
    said = {"attendance": 2, "discipline": 1, "referral": 1}
    assert found == {"plan": True, "rows": 4, "new": 4, "known_before": 0, "sensitive": 2, "kinds": said}
    assert not SchoolEvent.objects.exists() and not ImportRun.objects.filter(kind="events").exists()
    run = bring(*GOOD)
    assert (run["new"], run["status"]) == (4, "applied")
    rows = list(
        SchoolEvent.objects.filter(student=student("u1")).values_list("kind", "at", "outcome", "sensitive")
    )
    # A day without a time is its noon in the district's zone.
    assert rows == [
        ("attendance", datetime(2026, 10, 5, 18, tzinfo=UTC), "absent", False),
        ("attendance", datetime(2026, 10, 6, 14, 30, tzinfo=UTC), "late", False),
        ("referral", datetime(2026, 10, 6, 18, tzinfo=UTC), "counselor", True),
    ]
    again = bring(*GOOD, ("u2", "attendance", "2026-10-08", "absent", "ordinary"))
    assert (again["new"], again["known_before"]) == (1, 4)
    entry = AuditEntry.objects.filter(act="import_events").earliest("pk")
    assert "u1" not in str(entry.detail) and entry.detail["new"] == 4


def test_p16_every_fault_is_named_by_its_place_and_nothing_is_written() -> None:
    with pytest.raises(Refusal) as refusal:
        bring(
            ("u1", "attendance", "2026-10-05", "absent", "ordinary"),
            ("zz", "attendance", "2026-10-05", "absent", "ordinary"),
            ("", "Office Referral", "soon", "x" * 191, "secret"),
            ("u1", "", "", "", ""),
            ("u2", "attendance", "1850-01-01", "a\nb", ""),
            ("u1", "attendance", "2026-10-05", "absent", ""),
        )
    found = refusal.value
    assert found.code == "events_invalid" and not SchoolEvent.objects.exists()
    assert [(one.code, one.line, one.column, one.value) for one in found.findings] == [
        ("unknown_student", 3, "student", "zz"),
        ("required", 4, "student", None),
        ("unknown_word", 4, "kind", "Office Referral"),
        ("not_a_time", 4, "at", "soon"),
        ("too_long", 4, "outcome", "x" * 40 + "…"),
        ("unknown_word", 4, "sensitivity", "secret"),
        ("required", 5, "kind", None),
        ("required", 5, "at", None),
        ("out_of_range", 6, "at", "1850-01-01"),
        ("control_character", 6, "outcome", "a\nb"),
        ("row_twice", 7, "student", "u1"),
    ]


def test_p16_only_the_district_brings_them() -> None:
    with pytest.raises(Refusal) as refusal:
        bring(*GOOD, actor=Viewer(roles=frozenset({Role.PRINCIPAL, Role.TEACHER})))
    assert refusal.value.code == "forbidden"


def test_p16_taking_back_removes_what_that_file_brought() -> None:
    first = bring(*GOOD[:2])
    second = bring(*GOOD)
    actions.undo_events(run_id=second["run"], actor=SYSTEM, at=NOW)
    assert set(SchoolEvent.objects.values_list("made_by_run", flat=True)) == {first["run"]}
    with pytest.raises(Refusal) as refusal:
        actions.undo_events(run_id=second["run"], actor=SYSTEM, at=NOW)
    assert refusal.value.code == "already_undone"


def test_p16_the_kinds_are_counted_in_two_statements(django_assert_num_queries) -> None:
    bring(*GOOD)
    with django_assert_num_queries(2):
        found = queries.kinds_of_events()
    assert [(one.kind, one.n, one.sensitive, one.students, one.outcomes) for one in found] == [
        ("attendance", 2, 0, 1, (("absent", 1), ("late", 1))),
        ("discipline", 1, 1, 1, ()),
        ("referral", 1, 1, 1, (("counselor", 1),)),
    ]


def test_p16_the_record_holds_them_and_erasure_removes_them_and_every_copy() -> None:
    bring(*GOOD)
    assert [row["kind"] for row in record_of("u1", now=NOW)["school_events"]] == [
        "attendance",
        "attendance",
        "referral",
    ]
    Person.objects.filter(sourced_id="u1").update(active=False)
    one = Person.objects.get(sourced_id="u1")
    run = actions.merge_people(
        actor=SYSTEM, person_id=one.id, into_id=student("u2"), reason="one child", at=NOW
    )
    assert SchoolEvent.objects.filter(student=student("u2")).count() == 4
    actions.split_people(actor=SYSTEM, person_id=one.id, reason="two", at=NOW)
    assert SchoolEvent.objects.filter(student=one).count() == 3
    assert ImportChange.objects.filter(run=run, model="SchoolEvent").exists()
    erase("u1", "asked for")
    assert SchoolEvent.objects.values_list("kind", flat=True).get() == "discipline"
    assert not ImportChange.objects.filter(model="SchoolEvent").exists()


def test_p16_an_event_of_a_merged_student_goes_to_the_one_who_stays() -> None:
    k1 = SchoolClass.objects.get(sourced_id="k1")
    newcomer = actions.add_provisional_student(
        actor=SYSTEM, class_id=k1.id, given_name="Ben", family_name="Ortiz", at=NOW
    )
    actions.merge_people(actor=SYSTEM, person_id=newcomer.id, into_id=student("u2"), reason="x", at=NOW)
    bring((newcomer.sourced_id, "attendance", str(date(2026, 10, 5)), "absent", ""))
    assert SchoolEvent.objects.get().student_id == student("u2")
