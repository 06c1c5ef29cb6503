"""P18: one digest for each person and day: feedback first, never a level, nothing held, nothing about whom one may not see."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.models import Account
from headway.access.types import SYSTEM
from headway.contact import actions as contact
from headway.contact.types import Promise
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.types import Task, Work
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.notices import actions, gathering, queries
from headway.notices.models import Digest, MailAddress, Notice, NoticeChoice
from headway.notices.types import Chosen
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.project.commands import erase
from headway.report_cards import actions as cards
from headway.rosters import actions as rosters
from headway.rosters.models import Org, Person, SchoolClass, Term

from ..pages.student.world import NOW, build, person, rate, target
from .evening import DAY, EVENING, account, address, digests, said, viewer, work

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def piece(who: str = "u1", key: str = "piece-1", at: Any = NOW) -> Work:
    work_ = Work(key=key, student=person(who).id, student_uuid=person(who).uuid, targets=(target("A.1"),),
                 target_uuids=(levels_uuid("A.1"),), title="Map")  # fmt: skip
    evidence.hand_in(actor=SYSTEM, work=work_, at=at)
    return work_


def levels_uuid(code: str) -> Any:
    from headway.frameworks import queries as frameworks

    return frameworks.target_by_reference(code).uuid


def give(*who: str, due: date | None, key: str = "give-0001", at: Any = NOW) -> None:
    task = Task(key=key, title="Map", targets=(target("A.1"),), due_on=due)
    evidence.give(actor=SYSTEM, task=task, students=[person(one).id for one in who], at=at)


def message(who: str, key: str = "m1") -> None:
    contact.write(
        actor=viewer(who),
        student_id=person("u1").id,
        guardian_id=person("p1").id,
        key=key,
        text="Hello.",
        at=NOW,
    )


def test_p18_feedback_is_told_first_to_student_and_family_and_says_no_level() -> None:
    account("u1"), account("p1")
    message("T1")
    rate("u1", "A.1", "2026-12-02", 4, evidence="piece-1", comment="Clear.")
    rate("u1", "A.2", "2026-12-02", 2, evidence="piece-1")
    rate("u1", "A.3", "2026-12-02", 1, evidence="piece-2")
    work()
    assert said("p1") == [("feedback", 2, "u1"), ("messages", 1, "u1")]
    assert said("u1") == [("feedback", 2, "u1")]
    rows = Notice.objects.values("kind", "n", "on", "student__sourced_id")
    assert {(row["kind"], row["n"], row["on"]) for row in rows if row["kind"] == "feedback"} == {
        ("feedback", 2, None)
    }


def test_p18_a_held_rating_is_told_to_nobody_until_it_is_released() -> None:
    account("u1"), account("p1")
    rate("u1", "A.1", "2026-12-02", 4, key="held-1", held=True)
    work()
    assert digests() == 0
    proficiency.release_ratings(actor=viewer("T1"), keys=["held-1"], at=NOW + DAY)
    work(EVENING + DAY)
    assert said("p1", EVENING + DAY) == [("feedback", 1, "u1")]
    work(EVENING + 2 * DAY)
    assert digests() == 2


def test_p18_work_given_back_is_feedback_and_old_work_of_an_import_is_none() -> None:
    account("u1")
    piece()
    evidence.return_piece(
        actor=viewer("T1"), key="piece-1", attempt=1, words="Add the legend.", notes={}, at=NOW
    )
    rate("u1", "A.2", "2026-09-01", 3, evidence="old")
    work()
    assert [(kind, n) for kind, n, _ in said("u1")] == [("feedback", 1)]


def test_p18_there_is_one_digest_a_day_and_none_without_anything_to_say() -> None:
    account("u1"), account("p1"), account("T1")
    assert work() == ["part", "done"]
    assert digests() == 0
    rate("u1", "A.1", "2026-12-02")
    work(EVENING + timedelta(minutes=20))
    # The hour's job was done before; tomorrow's digest says it.
    assert digests() == 0
    for minutes in (0, 30):
        work(EVENING + DAY + timedelta(minutes=minutes))
    assert sorted(Digest.objects.values_list("person__sourced_id", "on")) == [
        ("p1", date(2026, 12, 4)), ("u1", date(2026, 12, 4)),
    ]  # fmt: skip
    work(EVENING + 2 * DAY)
    assert digests() == 2


def test_p18_nobody_is_told_before_the_hour_they_chose() -> None:
    account("u1"), account("p1")
    rate("u1", "A.1", "2026-12-02")
    actions.choose(actor=viewer("p1"), chosen=Chosen(6, 21, 5, ()), at=NOW)
    actions.choose(actor=viewer("u1"), chosen=Chosen(18, 20, 7, ()), at=NOW)
    work(EVENING - timedelta(hours=12))
    assert digests() == 0
    work(EVENING - timedelta(hours=10))
    assert list(Digest.objects.values_list("person__sourced_id", flat=True)) == ["p1"]
    work(EVENING)
    assert digests() == 1
    work(EVENING + timedelta(hours=1))
    assert digests() == 2


@pytest.mark.parametrize(
    ("chosen", "code"),
    [(Chosen(21, 20, 7, ()), "in_quiet_hours"), (Chosen(3, 20, 7, ()), "in_quiet_hours"), (Chosen(24, 20, 7, ()), "out_of_range"),
     (Chosen(17, 20, 7, ("levels",)), "unknown_word")],
)  # fmt: skip
def test_p18_what_cannot_be_chosen_is_refused(chosen: Chosen, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        actions.choose(actor=viewer("p1"), chosen=chosen, at=NOW)
    assert refused.value.code == code
    assert not NoticeChoice.objects.exists()


def test_p18_the_hours_are_the_districts_until_a_person_chooses() -> None:
    text = b"[notices]\nhour = 6\nquiet_from_hour = 19\nquiet_to_hour = 6\n"
    body = proficiency.read_policy(text, name="p.toml")
    proficiency.import_policy(actor=SYSTEM, body=body, name="p.toml", at=NOW)
    found = queries.choice_of(person=person("p1").id, book=levels.book())
    assert found == Chosen(6, 19, 6, ())
    for text in (b"[notices]\nhour = 22\n", b"[notices]\nhour = 24\n", b"[notices]\nahead_days = 15\n"):
        with pytest.raises(Refusal) as refused:
            proficiency.read_policy(text, name="p.toml")
        assert [one.code for one in refused.value.findings] == ["out_of_range"]


def test_p18_kinds_that_a_person_does_not_want_are_left_out() -> None:
    account("p1")
    actions.choose(actor=viewer("p1"), chosen=Chosen(17, 20, 7, ("messages",)), at=NOW)
    message("T1")
    work()
    assert digests() == 0


def test_p18_due_work_and_what_was_agreed_are_told_two_days_before_and_once() -> None:
    account("u1")
    give("u1", due=date(2026, 12, 6))
    give("u1", due=None, key="give-0002")
    contact.record_conference(
        actor=viewer("T1"), student_id=person("u1").id, key="c1", held_on=date(2026, 12, 1), present="All", interpreter="",
        language="en", promises=[Promise("student", "Reads", date(2026, 12, 5)), Promise("school", "Sends", date(2026, 12, 5))],
        at=NOW,
    )  # fmt: skip
    work()
    assert [(kind, n) for kind, n, _ in said("u1")] == [("conference", 1), ("agreed", 1)]
    work(EVENING + DAY)
    assert [(kind, n) for kind, n, _ in said("u1", EVENING + DAY)] == [("due", 1)]
    work(EVENING + 2 * DAY)
    assert said("u1", EVENING + 2 * DAY) == []


def test_p18_an_answer_and_a_report_card_are_told() -> None:
    account("p1")
    own = viewer("u1")
    asked = evidence.ask(actor=own, target=target("A.1"), kind="ready", words="", at=NOW)
    evidence.answer_request(
        actor=viewer("T1"), request=asked.uuid, answer="yes", reason="", on=date(2026, 12, 8), at=NOW
    )
    run = cards.open_run(
        actor=SYSTEM,
        school_id=Org.objects.get(sourced_id="s1").id,
        term_id=Term.objects.get(sourced_id="t1").id,
        at=NOW,
    )
    cards.freeze(actor=SYSTEM, run=run, as_of=date(2026, 12, 2), at=NOW)
    work()
    told = said("p1")
    assert ("answered", 1, "u1") in told and ("card", 1, "u1") in told


def test_p18_a_teacher_is_told_of_work_requests_and_messages_of_own_classes_together() -> None:
    account("T1"), account("T2")
    piece("u1", "p-1"), piece("u2", "p-2")
    evidence.ask(actor=viewer("u1"), target=target("A.1"), kind="ready", words="", at=NOW)
    message("p1")
    work()
    assert said("T1") == [("messages", 1, ""), ("handed_in", 2, ""), ("asked", 1, "")]
    assert said("T2") == []


def test_p18_a_guardian_whom_a_court_keeps_away_is_told_nothing_and_reads_no_old_notice() -> None:
    account("p1"), account("u1")
    rate("u1", "A.1", "2026-12-02")
    work()
    assert said("p1") == [("feedback", 1, "u1")]
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("p1").id, reason_code="court", at=NOW,
        starts_on=NOW.date(),
    )  # fmt: skip
    assert said("p1") == []
    rate("u1", "A.2", "2026-12-03")
    work(EVENING + DAY)
    assert said("p1", EVENING + DAY) == [] and len(said("u1", EVENING + DAY)) == 1


def test_p18_an_account_that_ended_is_told_nothing() -> None:
    account("p1")
    rate("u1", "A.1", "2026-12-02")
    access.deactivate(actor=SYSTEM, account=Account.objects.get(person=person("p1").uuid), at=NOW)
    work()
    assert digests() == 0


def test_p18_after_holidays_a_digest_looks_back_a_week() -> None:
    account("u1")
    rate("u1", "A.1", "2026-12-02")
    work(EVENING + 9 * DAY)
    assert digests() == 0


def test_p18_in_a_ledger_filled_from_elsewhere_the_place_is_where_all_that_follows_is_later() -> None:
    """Once the last event that was older was taken, and what came before it in the ledger was passed over."""
    rate("u1", "A.1", "2026-09-01")
    before = ledger.head()[0]
    rate("u1", "A.2", "2026-12-02")
    row = {
        "key": "late",
        "student": "u1",
        "target": "A.3",
        "observed_at": "2026-09-02",
        "level": 3,
        "rater": "T1",
    }
    proficiency.record_rows(actor=SYSTEM, rows=[row], at=NOW - 30 * DAY, book=levels.book())
    times = [at for _, _, at, *_ in ledger.events_about(subjects=[person("u1").uuid])]
    assert times != sorted(times)
    assert ledger.place_at(NOW - DAY) == before - 1
    assert ledger.place_at(NOW) == ledger.head()[0]


def test_p18_one_persons_digest_asks_sixteen_statements_at_most() -> None:
    account("T1")
    rate("u1", "A.1", "2026-12-02")
    whole = viewer("T1")
    parent = viewer("p1")
    span = gathering.Span(NOW - DAY, 0, EVENING, date(2026, 12, 3), date(2026, 12, 3), date(2026, 12, 5))
    for who in (whole, parent):
        with CaptureQueriesContext(connection) as asked:
            gathering.lines(who, span, without=())
        assert len(asked) <= 16, [one["sql"] for one in asked]


def test_p18_erasing_a_student_takes_notices_and_address_and_the_record_has_them() -> None:
    account("u1"), account("p1")
    address("u1", "anita@example.org")
    rate("u1", "A.1", "2026-12-02"), rate("u2", "A.1", "2026-12-02")
    work()
    held = record_of("u1", now=EVENING)["notices"]
    assert [one["kind"] for one in held["said_to"]] == ["feedback"]
    assert [one["digest__person__sourced_id"] for one in held["said_about"]] == ["p1"]
    assert held["address"]["address"] == "anita@example.org"
    erase("u1", "asked for")
    left = record_of("u1", now=EVENING)["notices"]
    assert not any(left.values())
    assert said("p1") == [("feedback", 1, "u2")]
    assert not MailAddress.objects.exists()


def test_p18_notices_follow_a_merge_and_come_back_with_its_split() -> None:
    k1 = SchoolClass.objects.get(sourced_id="k1")
    new = rosters.add_provisional_student(
        actor=SYSTEM, class_id=k1.id, given_name="Ann", family_name="New", grade="05", at=NOW
    )
    for_new = Person.objects.get(pk=new.pk).sourced_id
    account(for_new)
    actions.choose(actor=viewer(for_new), chosen=Chosen(17, 20, 7, ("card",)), at=NOW)
    address(for_new, "ann@example.org")
    rate(for_new, "A.1", "2026-12-02")
    work()
    ben = person("u2").id
    held = (
        Notice.objects.filter(student=new),
        Digest.objects.filter(person=new),
        MailAddress.objects.filter(person=new),
    )
    followed = (
        Notice.objects.filter(student=ben),
        Digest.objects.filter(person=ben),
        MailAddress.objects.filter(person=ben),
    )
    assert [rows.count() for rows in (*held, *followed)] == [1, 1, 1, 0, 0, 0]
    rosters.merge_people(actor=SYSTEM, person_id=new.id, into_id=ben, reason="same child", at=EVENING)
    assert [rows.count() for rows in (*held, *followed)] == [0, 0, 0, 1, 1, 1]
    rosters.split_people(actor=SYSTEM, person_id=new.id, reason="two children", at=EVENING)
    assert [rows.count() for rows in (*held, *followed)] == [1, 1, 1, 0, 0, 0]
