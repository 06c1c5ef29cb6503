"""The daily loop through its acts: give, hand in, return, hand in again, rate held, release; requests; chances that passed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from headway.access.queries import account_of
from headway.access.types import SYSTEM, Viewer
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Event, Offer, Opportunity, Return, StudentRequest
from headway.evidence.types import Task, Work
from headway.frameworks import queries as continuums
from headway.frameworks.types import UndoScope
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.kit.times import micros
from headway.proficiency import actions, queries
from headway.rosters import queries as roster

from .conftest import NOW, standing, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("school")]
DAY = timedelta(days=1)


def who(name: str) -> Viewer:
    """Return a person of the roster as a viewer today, with the one account that they have."""
    account = account_of(roster.find_person(name).uuid)
    return viewer(name) if account is None else roster.viewer_for(account, NOW.date(), None)


def target(code: str = "A1") -> int:
    return continuums.find_any(code)[-1].id


def student(name: str) -> int:
    return roster.find_person(name).id


def give(*names: str, actor: Viewer | None = None, key: str = "give-0001", **said: Any) -> Offer:
    task = Task(
        **{"key": key, "title": "Map of our street", "targets": (target(),), "words": "To scale.", **said}
    )
    return evidence.give(
        actor=actor or who("T1"), task=task, students=[student(n) for n in names or ("u1", "u2")], at=NOW
    )


def chance(name: str = "u1") -> ledger.Chance:
    return ledger.chances_of([student(name)])[0]


def hand_in(name: str = "u1", *, words: str = "17 to 1.", key: str = "", at: Any = NOW) -> Any:
    person = roster.find_person(name)
    node = continuums.find_any("A1")[-1]
    work = Work(key=key or chance(name).piece_key, student=person.id, student_uuid=person.uuid, targets=(node.id,),
                target_uuids=(node.uuid,), title="Map of our street", words=words)  # fmt: skip
    return evidence.hand_in(actor=SYSTEM, work=work, at=at)


def close(
    *names: str, state: str = "missed", actor: Viewer | None = None, reason: str = "no work by Friday"
) -> Any:
    return actions.close_opportunities(
        actor=actor or who("T1"), opportunities=[chance(n).uuid for n in names], state=state, reason=reason, at=NOW,
        book=queries.book(),
    )  # fmt: skip


def breaks() -> list[Any]:
    return ledger.loop_breaks(target_uuids=lambda ids: continuums.node_uuids(node_ids=ids))


def kinds() -> list[str]:
    return list(Event.objects.order_by("sequence").values_list("kind", flat=True))


def refused(code: str, act: Any, /, **said: Any) -> None:
    before = ledger.head()
    with pytest.raises(Refusal) as found:
        act(**said)
    assert found.value.code == code
    assert ledger.head() == before, "nothing is half written"


# Giving (P1).


def test_p1_a_task_is_given_once_however_often_it_is_sent() -> None:
    before = len(kinds())
    teacher = who("T1")
    first = give(actor=teacher, due_on=NOW.date() + 3 * DAY)
    again = give(actor=teacher, due_on=NOW.date() + 3 * DAY)
    assert (first.uuid, Offer.objects.count(), kinds()[before:]) == (again.uuid, 1, ["offered", "offered"])
    assert [
        (one.state, one.title, one.due_on, one.targets) for one in ledger.chances_of([student("u2")])
    ] == [("offered", "Map of our street", NOW.date() + 3 * DAY, (target(),))]
    refused("key_conflict", give, actor=teacher, title="Another")
    assert breaks() == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("offer_invalid", {"title": " "}),
        ("offer_invalid", {"targets": ()}),
        ("offer_invalid", {"link": "javascript:alert(1)"}),
        ("offer_invalid", {"due_on": date(2026, 11, 19)}),
        ("offer_invalid", {"depth": 5}),
        ("offer_invalid", {"purpose": 4}),
    ],
)
def test_p1_what_cannot_be_given_is_refused_whole(code: str, said: dict[str, Any]) -> None:
    refused(code, give, actor=who("T1"), **said)
    assert Offer.objects.count() == 0


def test_p1_an_area_is_no_target_and_a_student_out_of_sight_is_given_nothing() -> None:
    teacher = who("T1")
    refused("offer_invalid", give, actor=teacher, targets=(target("CA"),))
    task = Task(key="give-0009", title="x", targets=(target(),))
    for actor, names, code in ((teacher, ("u1", "u4"), "no_such_person"), (who("u1"), ("u1",), "forbidden")):
        refused(code, evidence.give, actor=actor, task=task, students=[student(n) for n in names], at=NOW)


def test_p1_what_was_given_is_taken_back_until_somebody_handed_in() -> None:
    teacher = who("T1")
    offer = give(actor=teacher)
    assert evidence.withdraw_offer(actor=teacher, offer=offer.uuid, at=NOW) == 2
    assert evidence.withdraw_offer(actor=teacher, offer=offer.uuid, at=NOW) == 0
    assert ledger.chances_of([student("u1")]) == []
    other = give(actor=teacher, key="give-0002")
    hand_in("u1")
    refused("already_taken", evidence.withdraw_offer, actor=teacher, offer=other.uuid, at=NOW)
    refused("unknown_offer", evidence.withdraw_offer, actor=teacher, offer=uuid4(), at=NOW)
    assert breaks() == []


# Handing in.


def test_p1_a_piece_takes_the_chance_it_was_made_for() -> None:
    give()
    piece = hand_in("u1")
    assert (piece.key, chance("u1").state, chance("u2").state) == (chance("u1").piece_key, "taken", "offered")
    assert hand_in("u1").attempt == 1, "the same again is the same piece"
    assert hand_in("u1", words="17 to 1, measured.").attempt == 2
    refused("key_conflict", hand_in, name="u2", key=chance("u1").piece_key)
    assert breaks() == []


def test_p1_a_teacher_takes_in_what_lies_on_paper_for_many() -> None:
    give()
    teacher = who("T1")
    both = [chance("u1").uuid, chance("u2").uuid]
    assert evidence.hand_in_on_paper(actor=teacher, opportunities=both, at=NOW) == 2
    waiting = ledger.waiting([student("u1"), student("u2")])
    assert [(one.title, one.target_ids) for one in waiting] == [("Map of our street", (target(),))] * 2
    refused("not_open", evidence.hand_in_on_paper, actor=teacher, opportunities=both, at=NOW)
    refused("unknown_opportunity", evidence.hand_in_on_paper, actor=teacher, opportunities=[uuid4()], at=NOW)
    assert breaks() == []


# Chances that passed (P6).


def test_p6_a_missed_chance_is_a_status_on_the_piece_that_would_have_answered_it() -> None:
    give("u1", "u2", targets=(target("A1"), target("A2")))
    close("u1", "u2")
    assert (standing("u1").state, standing("u1", "A2").state, standing("u2").state) == ("missed",) * 3
    key = chance("u1").piece_key
    rows = [row for row in ledger.all_rows_of(student=student("u1")) if row["to_sequence"] is None]
    assert {(row["piece"], row["status"], row["comment"]) for row in rows} == {(key, 1, "no work by Friday")}
    refused("chance_closed", hand_in, name="u1")
    assert breaks() == []


def test_p6_many_are_opened_again_and_nothing_counts_as_missed() -> None:
    give()
    close("u1", "u2")
    both = [chance("u1").uuid, chance("u2").uuid]
    actions.reopen_opportunities(actor=who("T1"), opportunities=both, reason="they were on a trip", at=NOW)
    assert (chance("u1").state, standing("u1")) == ("offered", None)
    hand_in("u1")
    close("u2", state="excused", actor=SYSTEM)
    assert (chance("u1").state, standing("u2").state) == ("taken", "excused")
    assert breaks() == []


def test_p6_away_writes_no_rating_and_leaves_the_chance_open() -> None:
    give()
    before = kinds().count("rating")
    close("u1", state="away", reason="ill")
    assert (kinds().count("rating"), chance("u1").state, standing("u1")) == (before, "away", None)
    assert ledger.away_since([student("u1"), student("u2")]) == {student("u1"): NOW}
    hand_in("u1")
    assert (chance("u1").state, ledger.away_since([student("u1")])) == ("taken", {})


def test_p6_practice_that_was_missed_counts_for_nothing() -> None:
    give("u1", purpose=1)
    close("u1")
    (row,) = ledger.all_rows_of(student=student("u1"))
    assert (row["status"], row["purpose"]) == (1, 1)


def test_p6_closing_a_class_takes_as_many_statements_as_closing_one(django_assert_max_num_queries) -> None:
    give("u1", "u2", "u3", actor=SYSTEM)
    all_three = [chance(name).uuid for name in ("u1", "u2", "u3")]
    said = {"actor": SYSTEM, "at": NOW, "reason": "trip"}
    counts = []
    for chosen in (all_three[:1], all_three[:1], all_three):
        with django_assert_max_num_queries(40) as asked:
            actions.close_opportunities(**said, opportunities=chosen, state="missed", book=queries.book())
        counts.append(len(asked))
        actions.reopen_opportunities(**said, opportunities=chosen)
    assert counts[2] <= counts[1], "the first of all asks for what is remembered afterwards"


def test_p6_closing_is_refused_whole() -> None:
    give()
    teacher = who("T1")
    said = {"actor": teacher, "state": "missed", "reason": "x", "at": NOW, "book": queries.book()}
    act = actions.close_opportunities
    refused("unknown_opportunity", act, **said, opportunities=[])
    refused("unknown_opportunity", act, **said, opportunities=[chance("u1").uuid, uuid4()])
    refused("reason_missing", act, **{**said, "reason": " "}, opportunities=[chance("u1").uuid])
    refused("unknown_word", act, **{**said, "state": "late"}, opportunities=[chance("u1").uuid])
    refused("no_such_person", act, **{**said, "actor": who("T2")}, opportunities=[chance("u1").uuid])
    hand_in("u1")
    refused("not_open", act, **said, opportunities=[chance("u1").uuid, chance("u2").uuid])
    assert chance("u2").state == "offered"


# Returning.


def test_p1_a_returned_piece_waits_for_the_student_until_the_next_attempt() -> None:
    give("u1")
    piece = hand_in("u1")
    teacher = who("T1")
    said = {
        "actor": teacher,
        "key": piece.key,
        "attempt": 1,
        "words": "Add a scale.",
        "notes": {target(): "Which ratio?"},
    }
    first = evidence.return_piece(**said, at=NOW)
    assert evidence.return_piece(**said, at=NOW) == first
    assert kinds().count("returned") == 1
    assert ledger.waiting([student("u1")]) == []
    assert len(ledger.waiting([student("u1")], by=NOW)) == 0
    ((found, back),) = ledger.returned_pieces(students=[student("u1")])
    assert (found.key, back.words, back.notes) == (piece.key, "Add a scale.", {target(): "Which ratio?"})
    hand_in("u1", words="1 to 500.", at=NOW + DAY)
    assert ledger.returned_pieces(students=[student("u1")]) == []
    assert [one.piece_key for one in ledger.waiting([student("u1")])] == [piece.key]
    # What was said about the first attempt stays readable.
    assert [(one.attempt, one.words) for one in ledger.returns_of(pieces=[piece.key])[piece.key]] == [
        (1, "Add a scale.")
    ]
    assert breaks() == []


def test_p1_a_return_is_taken_back_until_the_student_handed_in_again() -> None:
    give("u1")
    piece = hand_in("u1")
    teacher = who("T1")
    said = {"actor": teacher, "key": piece.key, "words": "Add a scale.", "notes": {}, "at": NOW}
    back = evidence.return_piece(**said, attempt=1)
    evidence.undo_return(actor=teacher, sequence=back.sequence, at=NOW)
    assert (len(ledger.waiting([student("u1")])), ledger.returns_of(pieces=[piece.key])) == (1, {})
    refused("unknown_return", evidence.undo_return, actor=teacher, sequence=back.sequence, at=NOW)
    again = evidence.return_piece(**said, attempt=1)
    hand_in("u1", words="1 to 500.")
    refused("changed_since", evidence.undo_return, actor=teacher, sequence=again.sequence, at=NOW)
    assert breaks() == []


def test_p1_a_return_says_what_to_do_and_names_the_attempt_that_was_read() -> None:
    give("u1")
    piece = hand_in("u1")
    teacher = who("T1")
    said = {"actor": teacher, "key": piece.key, "attempt": 1, "words": "Add a scale.", "notes": {}, "at": NOW}
    refused("words_missing", evidence.return_piece, **{**said, "words": " "})
    refused("unknown_piece", evidence.return_piece, **{**said, "key": "work-none"})
    refused("no_such_person", evidence.return_piece, **{**said, "actor": who("T2")})
    refused("forbidden", evidence.return_piece, **{**said, "actor": who("u1")})
    evidence.return_piece(**said)
    refused("already_returned", evidence.return_piece, **{**said, "words": "Something else."})
    hand_in("u1", words="1 to 500.")
    refused("newer_attempt", evidence.return_piece, **said)


# Requests (P21).


def ask(actor: Viewer, *, kind: str = "ready", words: str = "I practiced.", code: str = "A1") -> Any:
    return evidence.ask(actor=actor, target=target(code), kind=kind, words=words, at=NOW)


def test_p21_one_request_of_a_kind_is_open_and_there_is_no_cap() -> None:
    anita, teacher = who("u1"), who("T1")
    first = ask(anita)
    assert ask(anita).uuid == first.uuid and ask(anita, kind="show_again").uuid != first.uuid
    for _ in range(3):
        (one, *_rest) = [r for r in ledger.open_requests(students=[student("u1")]) if r.kind == "show_again"]
        evidence.answer_request(
            actor=teacher,
            request=one.uuid,
            answer="not_yet",
            reason="First the returned map.",
            on=None,
            at=NOW,
        )
        ask(anita, kind="show_again")
    assert StudentRequest.objects.filter(kind="show_again").count() == 4
    assert [one.kind for one in ledger.open_requests(students=[student("u1")])] == ["ready", "show_again"]
    assert breaks() == []


def test_p21_an_answer_has_its_reason_or_its_day() -> None:
    anita, teacher = who("u1"), who("T1")
    one = ask(anita)
    said = {
        "actor": teacher,
        "request": one.uuid,
        "answer": "yes",
        "reason": "",
        "on": NOW.date() + DAY,
        "at": NOW,
    }
    act = evidence.answer_request
    refused("not_a_day", act, **{**said, "on": None})
    refused("not_a_day", act, **{**said, "on": NOW.date() - 2 * DAY})
    refused("reason_missing", act, **{**said, "answer": "no"})
    refused("unknown_word", act, **{**said, "answer": "maybe"})
    refused("no_such_person", act, **{**said, "actor": who("T2")})
    refused("forbidden", act, **{**said, "actor": anita})
    refused("unknown_request", act, **{**said, "request": uuid4()})
    found = act(**said)
    assert (found.state, found.answer, found.on, found.by) == (
        "answered",
        "yes",
        NOW.date() + DAY,
        student("T1"),
    )
    refused("not_open", act, **said)
    refused("not_open", evidence.take_back_request, actor=anita, request=one.uuid, at=NOW)
    assert breaks() == []


def test_p21_a_student_takes_a_request_back_and_asks_for_nobody_else() -> None:
    anita, ben = who("u1"), who("u2")
    one = ask(anita)
    refused("unknown_request", evidence.take_back_request, actor=ben, request=one.uuid, at=NOW)
    evidence.take_back_request(actor=anita, request=one.uuid, at=NOW)
    evidence.take_back_request(actor=anita, request=one.uuid, at=NOW)
    assert kinds().count("taken_back") == 1
    assert ledger.requests_of(students=[student("u1")]) == []
    refused("forbidden", evidence.ask, actor=who("T1"), target=target(), kind="ready", words="", at=NOW)
    refused("unknown_target", ask, actor=anita, code="CA")
    refused("unknown_word", ask, actor=anita, kind="please")
    assert breaks() == []


# What stands on the events.


def everything() -> None:
    teacher = who("T1")
    give("u1", actor=teacher, key="give-only-u1", title="For Anita alone")
    give(actor=teacher)
    piece = hand_in("u1")
    evidence.return_piece(
        actor=teacher, key=piece.key, attempt=1, words="Add a scale.", notes={target(): "x"}, at=NOW
    )
    ask(who("u1"))
    close("u2", actor=teacher)


def test_verify_names_each_row_that_is_not_what_its_events_say() -> None:
    everything()
    assert breaks() == []
    Opportunity.objects.filter(student_id=student("u2")).update(state="excused")
    StudentRequest.objects.update(words="other")
    Return.objects.update(words="other")
    Offer.objects.filter(key="give-only-u1").update(title="Other")
    ledger.find_piece(Return.objects.get().piece.key).__class__.objects.update(title="Other")
    said = sorted(str(one.what).rsplit(" ", 2)[-1] + " " + one.what.split()[0] for one in breaks())
    assert said == ["state opportunity", "title opportunity", "title piece", "words request", "words return"]
    Opportunity.objects.filter(student_id=student("u2")).delete()
    assert "is missing" in " ".join(one.what for one in breaks())


def test_erase_removes_everything_about_the_student_and_what_was_given_to_nobody_else() -> None:
    everything()
    person = roster.find_person("u1")
    actions.erase_learning(actor=SYSTEM, student=person.id, subject=person.uuid, reason="asked for", at=NOW)
    assert [one.student for one in Opportunity.objects.select_related("student")] == [
        roster.find_person("u2")
    ]
    assert list(Offer.objects.values_list("key", flat=True)) == ["give-0001"]
    assert (Return.objects.count(), StudentRequest.objects.count()) == (0, 0)
    assert breaks() == [] and ledger.breaks() == []


def test_the_record_of_a_student_holds_chances_returns_and_requests() -> None:
    everything()
    found = record_of("u1", now=NOW)
    assert [(one["title"], one["state"]) for one in found["opportunities"]] == [
        ("For Anita alone", "offered"),
        ("Map of our street", "taken"),
    ]
    assert [one["words"] for one in found["work"][0]["returned"]] == ["Add a scale."]
    assert [(one["kind"], one["state"]) for one in found["requests"]] == [("ready", "open")]
    assert {"offered", "handed_in", "returned", "ready"} <= {one["kind"] for one in found["events"]}


def test_an_import_that_made_the_student_is_not_taken_back_under_a_task() -> None:
    assert ledger.in_the_way_of_people([student("u2")]) == []
    give("u2")
    hand_in("u2")
    assert ledger.in_the_way_of_people([student("u2")]) == ["2 tasks, pieces and requests name people of it"]


def test_an_import_that_made_the_target_is_not_taken_back_under_a_task_or_request() -> None:
    scope = UndoScope(run_id=1, added=frozenset({target("A1"), target("A2")}), changed=frozenset(), at=NOW)
    assert ledger.in_the_way_of(scope) == []
    give("u2")
    ask(who("u1"))
    assert [one.message for one in ledger.in_the_way_of(scope)] == ["2 tasks or requests name A1."]


# Statements.


def test_statements_do_not_grow_with_the_class(django_assert_num_queries) -> None:
    give("u1", "u2", "u3", actor=SYSTEM)
    offer = UUID(str(Offer.objects.get().uuid))
    ids = [student(name) for name in ("u1", "u2", "u3")]
    for count, act in (
        (2, lambda: ledger.chances_of(ids)),
        (4, lambda: ledger.find_given(offer)),
        (1, lambda: ledger.open_requests(students=ids)),
        (1, lambda: ledger.returned_pieces(students=ids)),
        (1, lambda: ledger.away_since(ids)),
    ):
        with django_assert_num_queries(count):
            act()


def test_p6_a_missed_chance_is_opened_again_and_not_withdrawn_as_a_rating() -> None:
    give("u1")
    close("u1")
    (key,) = ledger.standing_keys(student=student("u1"))
    said = {"actor": who("T1"), "reason": "came later", "at": NOW}
    refused("chance_closed", actions.withdraw_ratings, keys=[key], **said)
    actions.reopen_opportunities(opportunities=[chance().uuid], **said)
    act = Event.objects.filter(kind="amend").latest("sequence").sequence
    refused("chance_open", actions.undo_act, actor=who("T1"), act=act, at=NOW)
    hand_in("u1")
    refused("chance_open", actions.undo_act, actor=who("T1"), act=act, at=NOW)
    assert ledger.standing_keys(student=student("u1")) == [] and breaks() == []


def test_p6_a_missed_that_stands_beside_work_is_withdrawn() -> None:
    give("u1")
    close("u1")
    Opportunity.objects.update(state="taken")
    keys = ledger.standing_keys(student=student("u1"))
    actions.withdraw_ratings(actor=who("T1"), keys=keys, reason="the work came", at=NOW)
    assert ledger.standing_keys(student=student("u1")) == []


def test_p6_a_missed_chance_is_redated_and_that_is_undone_as_long_as_it_is_closed_so() -> None:
    give("u1")
    close("u1")
    keys = ledger.standing_keys(student=student("u1"))
    before = micros(NOW - DAY)
    said = {"actor": who("T1"), "at": NOW}
    act = actions.redate_ratings(keys=keys, observed_us=before, reason="it was due then", **said)
    actions.undo_act(act=act, **said)
    actions.reopen_opportunities(opportunities=[chance().uuid], reason="came later", **said)
    close("u1")
    refused("chance_open", actions.undo_act, act=act, **said)
