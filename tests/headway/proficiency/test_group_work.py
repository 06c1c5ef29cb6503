"""Group work (P2): one artifact of several students, each with a piece, a rating and a record of their own."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from headway.access.types import SYSTEM
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Attempt, Event, Opportunity, Piece, Rating
from headway.evidence.types import Task, Work
from headway.frameworks import queries as continuums
from headway.interop.v1.record import record_of
from headway.proficiency import actions, queries
from headway.rosters import queries as roster
from headway.rosters.models import Enrollment, Person, SchoolClass

from .conftest import NOW
from .test_loop import DAY, breaks, chance, close, give, hand_in, kinds, refused, student, target, who

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("school")]
THREE = ("u1", "u2", "u3")


@pytest.fixture(autouse=True)
def one_class(school: None) -> None:
    """All three are in the class of u1."""
    k1 = SchoolClass.objects.get(sourced_id="k1")
    Enrollment.objects.create(
        sourced_id="e-u3-k1", person=Person.objects.get(sourced_id="u3"), school_class=k1, role="student"
    )


def give_to_group(*names: str, **said: Any) -> Any:
    return give(*THREE, actor=SYSTEM, groups={student(name): 1 for name in names or THREE}, **said)


def attempts() -> dict[str, int]:
    return dict(Piece.objects.values_list("student__sourced_id", "attempt"))


def rate(name: str, level: float, **said: Any) -> str:
    key = f"rate-{name}-{Rating.objects.count()}"
    row = {"key": key, "student": name, "target": "A1", "level": level, "observed_at": NOW.isoformat(),
           "evidence": chance(name).piece_key, "attempt": attempts()[name], **said}  # fmt: skip
    actions.record_rows(actor=SYSTEM, rows=[row], at=NOW, book=queries.book())
    return key


def counted(name: str) -> int:
    found = queries.standings(queries.moment(now=NOW), students=[student(name)], targets=[target()])
    return sum(one.n_counted for one in found.values())


def test_p2_one_hands_in_for_all_and_who_is_in_no_group_works_alone() -> None:
    give_to_group("u1", "u2")
    before = len(kinds())
    hand_in("u1")
    hand_in("u1")
    assert kinds()[before:] == ["handed_in", "handed_in"], "once, and one event for each student"
    assert {(one.student.sourced_id, one.words) for one in Piece.objects.select_related("student")} == {
        ("u1", "17 to 1."), ("u2", "17 to 1.")
    }  # fmt: skip
    assert [chance(name).state for name in THREE] == ["taken", "taken", "offered"]
    hand_in("u2", words="17 to 1, measured.")
    assert attempts() == {"u1": 2, "u2": 2}, "whoever of them hands in again, does it for all"
    hand_in("u3")
    assert attempts() == {"u1": 2, "u2": 2, "u3": 1}
    assert breaks() == []


def test_p2_one_alone_is_no_group_and_a_form_sent_again_with_other_groups_is_another() -> None:
    give_to_group("u1")
    assert chance("u1").group == 0
    refused("key_conflict", give_to_group)
    task = Task(key="give-0002", title="x", targets=(target(),), groups={student("u2"): 1})
    refused("offer_invalid", evidence.give, actor=SYSTEM, task=task, students=[student("u1")], at=NOW)


def test_p2_how_one_looks_back_on_it_stays_with_them() -> None:
    give_to_group()
    work = _work("u1", "17 to 1.", reflection="I did the corners.", after=0)
    evidence.hand_in(actor=SYSTEM, work=work, at=NOW)
    assert dict(Piece.objects.values_list("student__sourced_id", "reflection")) == {
        "u1": "I did the corners.", "u2": "", "u3": ""
    }  # fmt: skip


def test_p2_a_form_that_was_opened_before_a_mate_handed_in_overtakes_nothing() -> None:
    give_to_group()
    hand_in("u1")
    work = _work("u2", "Other.", after=0)
    refused("newer_attempt", evidence.hand_in, actor=SYSTEM, work=work, at=NOW)


def test_p2_a_group_piece_counts_as_one_piece_for_each_and_is_rated_apart() -> None:
    give_to_group()
    hand_in("u1")
    assert len(ledger.waiting([student(name) for name in THREE])) == 3
    rate("u1", 4)
    rate("u2", 2, held=True)
    assert [counted(name) for name in THREE] == [1, 0, 0], "a held rating counts for nobody"
    assert [one.student for one in ledger.waiting([student(name) for name in THREE])] == [student("u3")]
    subjects = Event.objects.filter(kind="rating").values_list("subject", flat=True)
    assert set(subjects) == {roster.find_person(name).uuid for name in ("u1", "u2")}


def test_p2_one_member_is_excused_or_away_and_the_others_go_on() -> None:
    give_to_group()
    teacher = who("T1")
    close("u2", state="excused", actor=teacher)
    close("u3", state="away", actor=teacher)
    hand_in("u1")
    assert [chance(name).state for name in THREE] == ["taken", "excused", "away"]
    hand_in("u3", words="Mine alone.")
    assert (chance("u3").group, attempts()) == (0, {"u1": 1, "u3": 1}), "who was away makes it up alone"
    assert breaks() == []


def test_p2_who_was_not_with_the_group_when_it_handed_in_overtakes_nothing_later() -> None:
    give_to_group()
    teacher = who("T1")
    close("u2", state="excused", actor=teacher)
    hand_in("u1")
    actions.reopen_opportunities(actor=teacher, opportunities=[chance("u2").uuid], reason="back", at=NOW)
    hand_in("u2", words="Mine alone.")
    assert (attempts(), chance("u2").group) == ({"u1": 1, "u2": 1, "u3": 1}, 0)
    hand_in("u3", words="17 to 1, measured.")
    assert attempts() == {"u1": 2, "u2": 1, "u3": 2}
    assert breaks() == []


def test_p2_a_piece_that_went_over_to_another_person_is_not_handed_in_for() -> None:
    give_to_group()
    hand_in("u1")
    Piece.objects.filter(student=student("u2")).update(student=student("u4"))
    hand_in("u1", words="17 to 1, measured.")
    assert attempts() == {"u1": 2, "u4": 1, "u3": 2}


def test_p2_who_left_the_class_gets_nothing_that_comes_later() -> None:
    offer = give_to_group()
    school_class = Enrollment.objects.filter(person=student("u1"), role="student").first().school_class
    type(offer).objects.filter(pk=offer.pk).update(school_class=SchoolClass.objects.get(pk=school_class.pk))
    Enrollment.objects.filter(person=student("u2"), school_class=school_class).update(
        ends_on=NOW.date() - DAY
    )
    hand_in("u1")
    assert (chance("u2").state, "u2" in attempts()) == ("offered", False)


def test_p2_groups_are_changed_while_work_is_open_and_a_newcomer_gets_the_piece() -> None:
    offer = give_to_group("u1", "u2")
    hand_in("u1")
    teacher = who("T1")
    named = {name: chance(name).uuid for name in THREE}
    refused("not_open", evidence.regroup, actor=teacher, offer=offer.uuid, groups={named["u1"]: 0}, at=NOW)
    refused(
        "unknown_group", evidence.regroup, actor=teacher, offer=offer.uuid, groups={named["u3"]: 100}, at=NOW
    )
    refused(
        "no_such_person", evidence.regroup, actor=who("T2"), offer=offer.uuid, groups={named["u3"]: 1}, at=NOW
    )
    refused("unknown_opportunity", evidence.regroup, actor=teacher, offer=named["u1"], groups={}, at=NOW)
    for n in (1, 0):
        assert evidence.regroup(actor=teacher, offer=offer.uuid, groups={named["u3"]: 1}, at=NOW) == n
    assert (chance("u3").state, attempts()["u3"]) == ("taken", 1)
    assert Piece.objects.get(student=student("u3")).words == "17 to 1."
    assert breaks() == []


def test_p2_a_return_goes_to_each_with_words_of_their_own_and_is_undone_as_one() -> None:
    give_to_group()
    hand_in("u1")
    keys = [chance(name).piece_key for name in THREE]
    said = {"actor": who("T1"), "keys": keys, "attempt": 1, "words": "Add a scale.", "notes": {}, "at": NOW}
    back = evidence.return_pieces(**said, own={keys[1]: "Let the others draw too."})
    assert [one.words for one in back] == [
        "Add a scale.",
        "Add a scale.\n\nLet the others draw too.",
        "Add a scale.",
    ]
    evidence.undo_returns(actor=who("T1"), sequences=[one.sequence for one in back], at=NOW)
    assert len(ledger.waiting([student(name) for name in THREE])) == 3
    evidence.return_pieces(**said, own={})
    hand_in("u3", words="With a scale.")
    refused("newer_attempt", evidence.return_pieces, **said, own={})
    assert breaks() == []


def test_p2_paper_of_a_group_comes_in_once_for_all() -> None:
    give_to_group()
    both = [chance("u1").uuid, chance("u2").uuid]
    assert evidence.hand_in_on_paper(actor=who("T1"), opportunities=both, at=NOW) == 2
    assert attempts() == {"u1": 1, "u2": 1, "u3": 1}


def test_p2_erasing_one_leaves_the_others_their_piece_without_the_name() -> None:
    give_to_group()
    person = roster.find_person("u1")
    evidence.hand_in(actor=who("u1"), work=_work("u1", "17 to 1."), at=NOW)
    evidence.hand_in(actor=who("u1"), work=_work("u1", "17 to 1, measured."), at=NOW)
    assert set(Piece.objects.values_list("handed_in_by", flat=True)) == {person.uuid}
    actions.erase_learning(actor=SYSTEM, student=person.id, subject=person.uuid, reason="asked for", at=NOW)
    assert attempts() == {"u2": 2, "u3": 2}
    assert set(Piece.objects.values_list("words", "handed_in_by")) == {("17 to 1, measured.", None)}
    assert Attempt.objects.count() == 2 and Opportunity.objects.count() == 2
    assert breaks() == [] and ledger.breaks() == []


def test_p2_the_record_of_one_holds_nothing_that_names_another() -> None:
    canary = {"given_name": "Canaryella", "family_name": "Nightingale"}
    Person.objects.filter(sourced_id="u2").update(**canary)
    give_to_group()
    evidence.hand_in(actor=who("u2"), work=_work("u2", "17 to 1."), at=NOW)
    evidence.hand_in(actor=who("u2"), work=_work("u2", "17 to 1, measured."), at=NOW)
    keys = [chance(name).piece_key for name in THREE]
    evidence.return_pieces(
        actor=who("T1"),
        keys=keys,
        attempt=2,
        words="Add a scale.",
        notes={},
        own={keys[1]: "Only for you."},
        at=NOW,
    )
    rate("u2", 3)
    found = json.dumps(record_of("u1", now=NOW), default=str)
    other = roster.find_person("u2")
    for name in (*canary.values(), str(other.uuid), chance("u2").piece_key, "Only for you."):
        assert name not in found
    mine = json.loads(found)
    assert [one["group"] for one in mine["opportunities"]] == [1]
    assert [one["words"] for one in mine["work"][0]["earlier_attempts"]] == ["17 to 1."]


def _work(name: str, words: str, **said: Any) -> Any:
    person, node = roster.find_person(name), continuums.find_any("A1")[-1]
    return Work(
        key=chance(name).piece_key, student=person.id, student_uuid=person.uuid, targets=(node.id,),
        target_uuids=(node.uuid,), title="Map of our street", words=words, **said,
    )  # fmt: skip


def test_earlier_attempts_keep_what_was_handed_in_and_verify_compares_them() -> None:
    give("u1")
    for n in range(3):
        evidence.hand_in(
            actor=SYSTEM, work=_work("u1", f"Try {n}", file_name=f"{n}.txt", file_digest=f"{n}" * 64), at=NOW
        )
    key = chance("u1").piece_key
    assert [(one.attempt, one.words) for one in ledger.earlier_attempts(piece=key)] == [
        (2, "Try 1"),
        (1, "Try 0"),
    ]
    assert {digest[0] for _, digest in ledger.files_kept(student=student("u1"))} == {"0", "1", "2"}
    assert [one for one, _ in ledger.work_with_file(digest="0" * 64)] == [student("u1")]
    assert breaks() == []
    Attempt.objects.filter(attempt=1).update(words="other")
    assert ["words" in one.what for one in breaks()] == [True]
    kept = list(Attempt.objects.order_by("attempt").values_list("attempt", "file_name", "handed_in_at"))
    Attempt.objects.all().delete()
    import_module("headway.migrations.0010_group_work").keep_earlier_attempts(apps, None)
    assert (
        list(Attempt.objects.order_by("attempt").values_list("attempt", "file_name", "handed_in_at")) == kept
    )
    assert breaks() == [], "an older home gets them from its ledger"


def test_p2_statements_of_a_group_do_not_grow_with_other_tasks(django_assert_num_queries) -> None:
    for n in range(3):
        give_to_group(key=f"give-000{n}")
    hand_in("u1")
    mine = chance("u1")
    with django_assert_num_queries(2):
        assert len(ledger.group_of(mine)) == 3
    with django_assert_num_queries(1):
        assert ledger.groups_of(pieces=[mine.piece_key, "work-1"]) == {mine.piece_key: (mine.offer, 1)}


def test_p2_who_is_open_again_after_the_group_handed_in_is_put_into_it_again_and_gets_its_piece() -> None:
    offer, teacher = give_to_group(), who("T1")
    close("u3", state="away", actor=teacher)
    hand_in("u1")
    late = chance("u3").uuid
    actions.reopen_opportunities(actor=teacher, opportunities=[late], reason="back", at=NOW)
    stands = {one.student: one.group for one in ledger.find_given(offer.uuid).chances}
    assert stands == {student("u1"): 1, student("u2"): 1, student("u3"): 0}, "until then they work alone"
    assert evidence.regroup(actor=teacher, offer=offer.uuid, groups={late: 1}, at=NOW) == 1
    assert (chance("u3").state, chance("u3").group, attempts()) == ("taken", 1, {"u1": 1, "u2": 1, "u3": 1})
    assert breaks() == []


def test_p2_of_a_pair_of_whom_one_was_away_each_reads_as_alone() -> None:
    offer, teacher = give_to_group("u1", "u2"), who("T1")
    close("u2", state="away", actor=teacher)
    hand_in("u1")
    actions.reopen_opportunities(actor=teacher, opportunities=[chance("u2").uuid], reason="back", at=NOW)
    assert {one.group for one in ledger.find_given(offer.uuid).chances} == {0}
    evidence.regroup(actor=teacher, offer=offer.uuid, groups={chance("u2").uuid: 0}, at=NOW)
    assert (chance("u2").state, chance("u2").group) == ("offered", 0) and breaks() == []


def test_p2_one_whose_mate_left_the_class_hands_in_alone() -> None:
    give_to_group("u1", "u2", school_class=SchoolClass.objects.get(sourced_id="k1").pk)
    Enrollment.objects.filter(person=student("u2"), role="student").update(ends_on=NOW.date() - DAY)
    hand_in("u1")
    assert (chance("u1").group, attempts()) == (0, {"u1": 1})
    assert breaks() == []


def test_p2_a_form_sent_again_after_groups_changed_is_compared_with_what_was_given() -> None:
    offer = give_to_group()
    evidence.regroup(actor=who("T1"), offer=offer.uuid, groups={chance("u3").uuid: 0}, at=NOW)
    assert give_to_group() == offer
    refused("key_conflict", lambda: give_to_group("u2", "u3"))
