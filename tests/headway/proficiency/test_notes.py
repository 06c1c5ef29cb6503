"""A substitute's notes through their acts (P8): written once, taken back on the day, never evidence; verify, erase, export."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from headway.access.models import AuditEntry
from headway.access.types import SYSTEM, Viewer
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Event, Note, Payload, Rating
from headway.frameworks import queries as continuums
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.proficiency import actions, queries
from headway.response import queries as response
from headway.rosters import actions as rosters
from headway.rosters import queries as roster
from headway.rosters.models import Enrollment, Restriction

from .conftest import NOW, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("school")]
TODAY = NOW.date()
DAY = timedelta(days=1)


def k1() -> Any:
    return roster.class_by_reference("k1")


def stand_in(*, starts_on: date = TODAY, ends_on: date = TODAY + DAY) -> Viewer:
    """Let the leader of the other school stand in for class k1, and return them as a viewer."""
    boss = roster.find_person("a1")
    rosters.name_substitute(
        actor=SYSTEM, class_id=k1().id, person_id=boss.id, starts_on=starts_on, ends_on=ends_on, at=NOW
    )
    return viewer("a1")


def write(
    actor: Viewer, name: str | None = "u1", *, key: str = "note-0001", words: str = "Calm today."
) -> UUID:
    about = roster.find_person(name).id if name else None
    return evidence.write_note(actor=actor, school_class=k1().id, student=about, words=words, key=key, at=NOW)


def breaks() -> list[str]:
    found = ledger.loop_breaks(target_uuids=lambda ids: continuums.node_uuids(node_ids=ids))
    return [str(one.what) for one in found]


def refused(code: str, act: Any, *values: Any, **said: Any) -> None:
    before = (ledger.head(), Note.objects.count(), AuditEntry.objects.count())
    with pytest.raises(Refusal) as found:
        act(*values, **said)
    assert found.value.code == code
    assert (ledger.head(), Note.objects.count(), AuditEntry.objects.count()) == before, (
        "nothing is half written"
    )


def test_p8_a_note_is_written_once_however_often_it_is_sent_and_says_that_a_substitute_wrote_it() -> None:
    actor = stand_in()
    first = write(actor)
    assert write(actor) == first
    assert write(actor, None, key="note-0002", words="We finished the map.") != first
    told = list(Event.objects.filter(kind="noted").order_by("sequence").values_list("subject", "author"))
    assert told == [(roster.find_person("u1").uuid, actor.person), (None, actor.person)]
    assert all(
        '"as":"substitute"' in body
        for body in Payload.objects.filter(event__kind="noted").values_list("body", flat=True)
    )
    assert AuditEntry.objects.filter(act="write_note").count() == 2
    refused("key_conflict", write, actor, words="Other words.")
    refused("key_conflict", write, actor, "u2")
    assert breaks() == [] and ledger.breaks() == []


def test_p8_a_note_is_refused_in_words_where_it_cannot_be() -> None:
    actor = stand_in()
    refused("text_missing", write, actor, words=" \n")
    refused("text_too_long", write, actor, words="x" * 2_001)
    refused("key_missing", write, actor, key="")
    refused("no_such_person", write, actor, "u4")
    refused("forbidden", write, viewer("T1"))
    refused("forbidden", write, SYSTEM)
    assert write(actor, words="x" * 2_000)


@pytest.mark.parametrize(("begins", "ends"), [(1, 2), (-3, 0)])
def test_p8_the_day_before_and_the_day_after_nothing_is_written(begins: int, ends: int) -> None:
    actor = stand_in(starts_on=TODAY + begins * DAY, ends_on=TODAY + ends * DAY)
    assert not actor.standing_in
    refused("forbidden", write, actor)


def test_p8_nobody_notes_anything_on_a_student_whom_a_court_keeps_apart_from_them() -> None:
    actor, anita = stand_in(), roster.find_person("u1")
    assert "u1" in [one.sourced_id for one in roster.students_met(viewer=actor, class_id=k1().id)]
    Restriction.objects.create(
        student=anita, guardian_id=actor.person_id, reason_code="court", starts_on=TODAY
    )
    assert "u1" not in [one.sourced_id for one in roster.students_met(viewer=actor, class_id=k1().id)]
    refused("no_such_person", write, actor)


def test_p8_a_note_is_taken_back_on_its_day_by_its_writer_only() -> None:
    actor = stand_in(ends_on=TODAY + 3 * DAY)
    own = write(actor)
    refused("unknown_note", evidence.withdraw_note, actor=viewer("T1"), note=own, at=NOW)
    refused("unknown_note", evidence.withdraw_note, actor=actor, note=uuid4(), at=NOW)
    Note.objects.update(written_on=TODAY - DAY)
    refused("too_late", evidence.withdraw_note, actor=actor, note=own, at=NOW)
    Note.objects.update(written_on=TODAY)
    for _ in range(2):
        evidence.withdraw_note(actor=actor, note=own, at=NOW)
    assert Event.objects.filter(kind="note_withdrawn").count() == 1
    assert ledger.own_notes(viewer=actor, school_class=k1().id) == []
    assert write(actor) == own, "a form that is sent again does not bring it back"
    assert ledger.own_notes(viewer=actor, school_class=k1().id) == [] and breaks() == []


def test_p8_teachers_read_notes_each_for_themselves(django_assert_num_queries) -> None:
    actor, teacher = stand_in(), viewer("T1")
    colleague = roster.find_person("T2")
    Enrollment.objects.create(
        sourced_id="co", person=colleague, school_class=k1(), role="teacher", starts_on=TODAY
    )
    second = viewer("T2")
    older, newer = write(actor), write(actor, None, key="note-0002", words="We finished the map.")

    def left(reader: Viewer, **more: Any) -> list[UUID]:
        found = ledger.notes_in(viewer=reader, classes=[k1().id], since=TODAY - 14 * DAY, unread=True, **more)
        return [one.uuid for one in found]

    assert left(teacher) == left(second) == [newer, older]
    for _ in range(2):
        evidence.mark_note_read(actor=teacher, note=older, at=NOW)
    assert (left(teacher), left(second)) == ([newer], [newer, older])
    assert AuditEntry.objects.filter(act="read_note").count() == 1
    about = roster.find_person("u1").id
    assert [one.uuid for one in ledger.notes_about(viewer=teacher, student=about)] == [older]
    refused("unknown_note", evidence.mark_note_read, actor=SYSTEM, note=older, at=NOW)
    for outsider in (actor, viewer("p1"), viewer("u1")):
        refused("unknown_note", evidence.mark_note_read, actor=outsider, note=older, at=NOW)
        assert ledger.notes_about(viewer=outsider, student=about) == []
    where = k1().id
    with django_assert_num_queries(2):
        ledger.notes_in(viewer=second, classes=[where])
    Note.objects.filter(uuid=older).update(written_on=TODAY - 15 * DAY)
    assert left(second) == [newer]


def test_p8_a_note_is_no_evidence_and_changes_no_level(record) -> None:
    record({"level": 3})
    ben = roster.find_person("u1").id
    actor = stand_in()

    def standing() -> Any:
        m = queries.moment(now=NOW)
        return queries.standings(m, students=[ben]), response.needs(m, [ben]), Rating.objects.count()

    before = standing()
    write(actor)
    assert standing() == before
    assert (
        ledger.projection_breaks(
            students={str(key): own for own, key in roster.all_person_uuids().items()},
            targets={str(key): own for key, own in continuums.forest().by_uuid.items()},
        )
        == []
    )


def test_p8_verify_names_each_note_that_is_not_what_its_events_say() -> None:
    actor = stand_in()
    write(actor)
    own = write(actor, None, key="note-0002")
    evidence.withdraw_note(actor=actor, note=own, at=NOW)
    assert breaks() == []
    Note.objects.filter(uuid=own).update(withdrawn_at=None)
    Note.objects.filter(key="note-0001").update(words="Other.", student=roster.find_person("u2"))
    assert sorted(one.rsplit(" in ")[-1] for one in breaks()) == ["about, words", "withdrawn"]
    Note.objects.filter(uuid=own).delete()
    assert f"note {own} is missing" in breaks()


def test_p8_erase_removes_the_notes_on_a_student_and_no_other() -> None:
    actor = stand_in()
    write(actor)
    write(actor, "u2", key="note-0002")
    write(actor, None, key="note-0003")
    anita = roster.find_person("u1")
    actions.erase_learning(actor=SYSTEM, student=anita.id, subject=anita.uuid, reason="asked for", at=NOW)
    assert sorted(Note.objects.values_list("key", flat=True)) == ["note-0002", "note-0003"]
    assert not Payload.objects.filter(event__subject=anita.uuid, event__kind="noted").exists()
    assert breaks() == [] and ledger.breaks() == []


def test_p8_the_record_of_a_student_holds_the_notes_with_their_mark() -> None:
    actor = stand_in()
    write(actor)
    own = write(actor, key="note-0002", words="A slip.")
    write(actor, None, key="note-0003")
    evidence.withdraw_note(actor=actor, note=own, at=NOW)
    found = record_of("u1", now=NOW)["notes"]
    assert [(one["words"], one["written_as"], one["by"], one["withdrawn_at"]) for one in found] == [
        ("Calm today.", "substitute", "a1", None),
        ("A slip.", "substitute", "a1", NOW),
    ]
