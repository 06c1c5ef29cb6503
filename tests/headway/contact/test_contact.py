"""P19: conferences with agreements, the contact log, messages in office hours; and who may read any of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from headway.access.models import AuditEntry
from headway.access.queries import account_of
from headway.access.types import SYSTEM, Viewer
from headway.contact import actions, queries
from headway.contact.models import Conference, ContactEntry, Message
from headway.contact.types import Promise
from headway.evidence import queries as evidence
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.project.commands import erase, verify
from headway.rosters import actions as rosters
from headway.rosters.queries import viewer_for

from ..pages.student.world import NOW, build, client, person

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def viewer(name: str) -> Viewer:
    account = account_of(person(name).uuid)
    if account is None:
        client(name)
        account = account_of(person(name).uuid)
    assert account is not None
    return viewer_for(account, NOW.date())


def conference(key: str = "c1", **more: Any) -> int:
    said = {
        "actor": viewer("T1"), "student_id": person("u1").id, "key": key, "held_on": date(2026, 12, 2),
        "present": "Anita, Pat Abeyta, Maria Lopez", "interpreter": "", "language": "es", "at": NOW,
        "promises": [Promise("home", "Reads aloud", date(2026, 12, 18)), Promise("school", "Sends the text")], **more,
    }  # fmt: skip
    return actions.record_conference(**said)


def note(key: str = "n1", **more: Any) -> int:
    said = {
        "actor": viewer("T1"), "student_id": person("u1").id, "key": key, "kind": "call", "on": date(2026, 12, 1),
        "with_whom": "Pat Abeyta", "about": "Reading at home", "agreed": "", "shared": False, "at": NOW, **more,
    }  # fmt: skip
    return actions.note_contact(**said)


def write(
    who: str, text: str = "Good morning.", key: str = "", at: datetime = NOW, student: str = "u1"
) -> int:
    return actions.write(
        actor=viewer(who), student_id=person(student).id, guardian_id=person("p1").id, key=key or f"{who}-{text}-{at}", text=text,
        at=at,
    )  # fmt: skip


def thread(home: bool, reader: str, now: datetime = NOW) -> Any:
    m = levels.moment(now=now)
    return queries.thread_of(
        m, student=person("u1").id, guardian=person("p1"), home=home, reader=person(reader).id, now=now
    )


def refusal(act: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(Refusal) as refused:
        act(*args, **values)
    return refused.value.code


# Conferences and agreements.


def test_p19_a_conference_is_recorded_once_with_its_agreements_as_an_event_about_the_student() -> None:
    assert conference() == conference()
    (held,) = queries.conferences_of(student=person("u1").id)
    assert [(one.who, one.what, one.by_on, one.state) for one in held.agreements] == [
        ("home", "Reads aloud", date(2026, 12, 18), "open"), ("school", "Sends the text", None, "open"),
    ]  # fmt: skip
    events = [kind for _, kind, *_ in evidence.events_about(subjects=[person("u1").uuid])]
    assert events == ["conference"]
    assert AuditEntry.objects.filter(act="record_conference").count() == 1
    assert refusal(conference, student_id=person("u2").id) == "key_conflict"


def test_p19_a_conference_agrees_on_something_and_nothing_is_due_before_it() -> None:
    assert refusal(conference, promises=[]) == "text_missing"
    early = [Promise("home", "Reads aloud", date(2026, 12, 1))]
    assert refusal(conference, promises=early) == "day_passed"
    assert not Conference.objects.exists()
    conference(promises=[Promise("home", "Reads aloud", date(2026, 12, 2))])
    (one,) = queries.agreements_open(student=person("u1").id)
    assert refusal(
        actions.change_agreement, actor=viewer("T1"), agreement_id=one.id, what="", by_on=date(2026, 12, 1), reason="x", at=NOW
    ) == "day_passed"  # fmt: skip


def test_p19_an_agreement_is_done_or_changed_with_a_reason_and_the_old_words_stay() -> None:
    conference()
    first, second = queries.agreements_open(student=person("u1").id)
    actor = viewer("T1")
    assert refusal(
        actions.change_agreement, actor=actor, agreement_id=first.id, what="", by_on=date(2027, 1, 15), reason="", at=NOW
    ) == "reason_missing"  # fmt: skip
    assert refusal(
        actions.change_agreement, actor=actor, agreement_id=first.id, what="", by_on=first.by_on, reason="x", at=NOW
    ) == "nothing_changed"  # fmt: skip
    actions.change_agreement(
        actor=actor,
        agreement_id=first.id,
        what="",
        by_on=date(2027, 1, 15),
        reason="The book is out.",
        at=NOW,
    )
    actions.finish_agreement(actor=actor, agreement_id=second.id, at=NOW)
    assert (
        refusal(actions.finish_agreement, actor=actor, agreement_id=second.id, at=NOW) == "no_such_agreement"
    )
    (held,) = queries.conferences_of(student=person("u1").id)
    assert [(one.what, one.state, one.reason) for one in held.agreements] == [
        ("Reads aloud", "changed", "The book is out."), ("Sends the text", "done", ""), ("Reads aloud", "open", ""),
    ]  # fmt: skip
    assert [one.by_on for one in queries.agreements_open(student=person("u1").id)] == [date(2027, 1, 15)]


@pytest.mark.parametrize(
    ("who", "code"), [("T2", "no_such_person"), ("p1", "forbidden"), ("u1", "forbidden")]
)
def test_p19_only_adults_of_the_school_who_see_the_student_record(who: str, code: str) -> None:
    assert refusal(conference, actor=viewer(who)) == code
    assert refusal(note, actor=viewer(who)) == code
    assert not Conference.objects.exists() and not ContactEntry.objects.exists()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"present": " "}, "name_missing"),
        ({"promises": [Promise("aunt", "Calls")]}, "unknown_word"),
        ({"promises": [Promise("home", " ")]}, "text_missing"),
        ({"promises": [Promise("home", "x")] * 13}, "too_many"),
    ],
)
def test_a_conference_that_says_too_little_is_refused(more: dict[str, Any], code: str) -> None:
    assert refusal(conference, **more) == code


# The contact log.


def test_p19_the_family_reads_the_shared_lines_of_the_log() -> None:
    assert note() == note()
    note("n2", shared=True, about="The trip")
    own = person("u1").id
    assert [one.about for one in queries.entries_of(student=own, shared_only=False)] == [
        "The trip",
        "Reading at home",
    ]
    assert [one.about for one in queries.entries_of(student=own, shared_only=True)] == ["The trip"]


@pytest.mark.parametrize(
    ("more", "code"),
    [({"kind": "letter"}, "unknown_word"), ({"on": date(2026, 12, 4)}, "day_ahead"), ({"about": ""}, "text_missing"),
     ({"with_whom": ""}, "name_missing")],
)  # fmt: skip
def test_a_line_that_says_too_little_is_refused(more: dict[str, Any], code: str) -> None:
    assert refusal(note, **more) == code


# Messages.


def test_p19_messages_go_both_ways_and_are_counted_until_read() -> None:
    write("p1", "How is the reading?")
    write("T1", "Well. See Friday’s text.")
    pair = (person("u1").id, person("p1").id)
    assert queries.unread(students=[pair[0]], home=False) == {pair: 1}
    assert queries.unread(students=[pair[0]], home=True, guardian=pair[1]) == {pair: 1}
    assert [(one.text, one.own) for one in thread(True, "p1").messages] == [
        ("How is the reading?", True), ("Well. See Friday’s text.", False),
    ]  # fmt: skip
    assert actions.mark_read(actor=viewer("T1"), student_id=pair[0], guardian_id=pair[1], at=NOW) == 1
    assert queries.unread(students=[pair[0]], home=False) == {}


def test_p19_a_message_is_taken_back_while_nobody_has_read_it_and_for_ten_minutes_only() -> None:
    first, second, third = (write("p1", text) for text in ("One", "Two", "Three"))
    actor = viewer("p1")
    assert refusal(actions.withdraw, actor=viewer("T1"), message_id=first, at=NOW) == "no_such_message"
    actions.withdraw(actor=actor, message_id=first, at=NOW + timedelta(minutes=9))
    assert Message.objects.get(pk=first).text == ""
    assert (
        refusal(actions.withdraw, actor=actor, message_id=second, at=NOW + timedelta(minutes=10))
        == "too_late"
    )
    actions.mark_read(actor=viewer("T1"), student_id=person("u1").id, guardian_id=person("p1").id, at=NOW)
    assert refusal(actions.withdraw, actor=actor, message_id=third, at=NOW) == "too_late"
    assert [(one.withdrawn, one.text) for one in thread(False, "T1").messages] == [
        (True, ""), (False, "Two"), (False, "Three"),
    ]  # fmt: skip


def test_p19_quiet_hours_say_when_a_message_will_be_read() -> None:
    m = levels.moment(now=NOW)
    for written, read in (
        ("2026-12-03T10:00", None), ("2026-12-03T07:59", "2026-12-03T08:00"), ("2026-12-03T16:00", "2026-12-04T08:00"),
        ("2026-12-04T20:00", "2026-12-07T08:00"), ("2026-12-05T12:00", "2026-12-07T08:00"),
    ):  # fmt: skip
        found = queries.read_from(m, datetime.fromisoformat(written).replace(tzinfo=m.zone))
        assert found == (None if read is None else datetime.fromisoformat(read).replace(tzinfo=m.zone)), (
            written
        )


def test_p19_office_hours_are_the_districts() -> None:
    text = b"[contact]\nopens_hour = 12\ncloses_hour = 13\n"
    body = proficiency.read_policy(text, name="policy.toml")
    proficiency.import_policy(actor=SYSTEM, body=body, name="policy.toml", at=NOW)
    m = levels.moment(now=NOW)
    assert queries.read_from(m, datetime(2026, 12, 3, 10, tzinfo=m.zone)) == datetime(
        2026, 12, 3, 12, tzinfo=m.zone
    )
    with pytest.raises(Refusal):
        proficiency.read_policy(b"[contact]\nopens_hour = 24\n", name="policy.toml")


def test_p19_messages_are_limited_and_a_retry_is_no_second_message() -> None:
    first = write("p1", "Once", key="k")
    assert write("p1", "Once", key="k") == first
    assert refusal(write, "p1", "Other words", key="k") == "key_conflict"
    for n in range(actions.MOST_AN_HOUR - 1):
        write("p1", f"Again {n}")
    assert refusal(write, "p1", "One more") == "too_many"
    assert write("p1", "An hour later", at=NOW + timedelta(hours=1, minutes=1))


def test_p19_a_guardian_kept_away_by_a_court_neither_writes_nor_is_written_to() -> None:
    write("p1", "Before")
    guardian = viewer("p1")
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("p1").id, reason_code="court", at=NOW
    )
    for who in ("p1", "T1"):
        assert refusal(write, who, "After") == "no_such_person"
    pair = {"student_id": person("u1").id, "guardian_id": person("p1").id}
    assert refusal(actions.mark_read, actor=guardian, at=NOW, **pair) == "no_such_person"
    assert write("p1", "About Ben", student="u2")


@pytest.mark.parametrize("who", ["T2", "u1", "u2"])
def test_p19_nobody_else_writes_in_a_thread(who: str) -> None:
    assert refusal(write, who, "Hello") == "no_such_person"
    assert not Message.objects.exists()


# The record, and erasing.


def test_the_record_holds_it_all_and_an_erasure_leaves_nothing() -> None:
    conference()
    first, _ = queries.agreements_open(student=person("u1").id)
    actions.change_agreement(
        actor=viewer("T1"), agreement_id=first.id, what="Reads", by_on=None, reason="Easier.", at=NOW
    )
    note()
    write("p1")
    write("p1", "About Ben", student="u2")
    held = record_of("u1", now=NOW)["contact"]
    assert {name: len(rows) for name, rows in held.items()} == {
        "conferences": 1, "agreements": 3, "log": 1, "messages": 1,
    }  # fmt: skip
    erase("u1", "asked for")
    assert not any(record_of("u1", now=NOW)["contact"].values())
    assert len(record_of("u2", now=NOW)["contact"]["messages"]) == 1
    assert verify(None)["ok"]


def test_two_families_cost_as_few_statements_as_one(django_assert_num_queries) -> None:
    write("p1")
    write("p1", "About Ben", student="u2")
    ids = [person("u1").id, person("u2").id]
    with django_assert_num_queries(1):
        assert len(queries.unread(students=ids, home=False)) == 2
    conference()
    conference("c2")
    with django_assert_num_queries(2):
        assert len(queries.conferences_of(student=ids[0])) == 2
