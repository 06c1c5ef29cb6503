"""P20: a run of report cards: comments, what is missing, incompletes, cards that never change, reissues that name the change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from headway.access.models import AuditEntry
from headway.access.types import SYSTEM, Role, Viewer
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.project.commands import erase, verify
from headway.report_cards import actions, queries
from headway.report_cards.models import CardComment, Incomplete, ReportCard
from headway.report_cards.types import RunView, Written
from headway.rosters import queries as rosters
from headway.rosters.models import Enrollment, Org, Person, RoleGrant, Term

from ..pages.student.world import NOW, build, person, rate

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
FROZEN_ON = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def opened() -> RunView:
    school, term = Org.objects.get(sourced_id="s1"), Term.objects.get(sourced_id="t1")
    return actions.open_run(actor=SYSTEM, school_id=school.id, term_id=term.id, at=NOW)


def math() -> int:
    return frameworks.framework_by_key("Math").id


def teacher(name: str = "T1") -> Viewer:
    own = person(name)
    classes = frozenset(one.id for one in rosters.classes_taught(person_id=own.id, as_of=NOW.date()))
    return Viewer(
        account=own.uuid, person=own.uuid, person_id=own.id, name=own.name(), roles=frozenset({Role.TEACHER}), classes=classes,
        today=NOW.date(),
    )  # fmt: skip


def write(run: RunView, *, actor: Viewer | None = None, at: datetime = NOW, **texts: Any) -> int:
    comments = {
        person(who).id: said if isinstance(said, Written) else Written(said, "en")
        for who, said in texts.items()
    }
    return actions.write_comments(
        actor=actor or teacher(), run=run, framework=math(), comments=comments, at=at
    )


def frozen(run: RunView) -> RunView:
    actions.freeze(actor=SYSTEM, run=run, as_of=FROZEN_ON, at=NOW)
    found = queries.find_run(run.id)
    assert found is not None
    return found


def card(run: RunView, who: str = "u1") -> Any:
    found = queries.find_card(run=run.id, student=person(who).id)
    assert found is not None
    return found


def area(content: Any, key: str = "Math") -> Any:
    return next(one for one in content["areas"] if one["area"] == key)


def level(content: Any, target: str) -> tuple[str, int | None, int]:
    row = next(row for row in area(content)["rows"] if row["target"] == f"Math:{target}")
    return row["state"], row["value"], row["n"]


# Runs and comments.


def test_p20_a_run_is_one_school_and_one_term() -> None:
    assert opened().id == opened().id
    assert AuditEntry.objects.filter(act="open_card_run").count() == 1
    lead = Viewer(account=person("T2").uuid, roles=frozenset({Role.PRINCIPAL}), today=NOW.date())
    with pytest.raises(Refusal) as refused:
        actions.open_run(
            actor=lead,
            school_id=Org.objects.get(sourced_id="s1").id,
            term_id=Term.objects.get(sourced_id="t1").id,
            at=NOW,
        )
    assert refused.value.code == "forbidden"


def test_where_nobody_was_a_student_no_run_is_opened() -> None:
    school = Org.objects.create(sourced_id="empty", name="Empty", kind="school", active=True)
    with pytest.raises(Refusal, match="Nobody was a student"):
        actions.open_run(actor=SYSTEM, school_id=school.id, term_id=Term.objects.first().id, at=NOW)
    assert not queries.runs()


def test_p20_the_board_names_what_is_missing_by_class() -> None:
    run = opened()
    before = queries.board(run, viewer=SYSTEM, today=NOW.date())
    assert (before.asked, before.written) == (2, 0)
    assert [(one.title, one.teachers, len(one.students), one.n) for one in before.missing] == [
        ("Math 5 Lopez", ("Maria Lopez",), 2, 2), ("Reading 5 Lopez", ("Maria Lopez",), 1, 1),
    ]  # fmt: skip
    assert write(run, u1="Anita explains her steps.") == 1
    after = queries.board(run, viewer=SYSTEM, today=NOW.date())
    assert [(one.title, one.students) for one in after.missing] == [("Math 5 Lopez", (person("u2").id,))]
    assert write(run, u1="Anita explains her steps.") == 0, "the same text is not written again"
    assert write(run, u1="") == 1 and not CardComment.objects.exists()


def test_p20_comments_are_for_adults_who_see_the_student() -> None:
    run = opened()
    for actor, code in (
        (teacher("T2"), "no_such_person"),
        (Viewer(roles=frozenset({Role.FAMILY})), "forbidden"),
    ):
        with pytest.raises(Refusal) as refused:
            write(run, actor=actor, u1="Not mine to say.")
        assert refused.value.code == code
    assert not CardComment.objects.exists()


def test_p20_a_machine_translation_is_marked_until_a_person_has_read_it() -> None:
    run = opened()
    write(run, u1=Written("She explains.", "en", "Ella explica.", machine=True))
    assert [
        one.translation for one, _where in queries.board(run, viewer=SYSTEM, today=NOW.date()).unchecked
    ] == ["Ella explica."]
    write(run, u1=Written("She explains.", "en", "Ella explica.", machine=False))
    row = CardComment.objects.get()
    assert (row.machine, row.checked_by, row.translation_language) == (False, "Maria Lopez", "es")
    write(run, u1=Written("She explains well.", "en", "Ella explica.", machine=False))
    row.refresh_from_db()
    assert (row.translation, row.checked_by) == ("", ""), "a translation of other words is dropped"


def test_a_bank_is_its_owners() -> None:
    actions.keep_saying(actor=teacher(), text="{name} asks good questions.", language="en", at=NOW)
    actions.keep_saying(actor=teacher(), text="{name} asks good questions.", language="en", at=NOW)
    (own,) = queries.sayings(owner=person("T1").id)
    assert queries.sayings(owner=person("T2").id) == []
    with pytest.raises(Refusal):
        actions.drop_saying(actor=teacher("T2"), saying_id=own.id, at=NOW)
    actions.drop_saying(actor=teacher(), saying_id=own.id, at=NOW)
    assert queries.sayings(owner=person("T1").id) == []


# Freezing.


def test_p20_yesterdays_card_prints_yesterdays_levels_whatever_happens_later() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    rate("u1", "A.1", "2026-11-09", 3)
    run = opened()
    write(run, u1="Anita explains her steps.")
    run = frozen(run)
    before = card(run)
    assert level(before.content, "A.1") == ("proficient", 300, 2)
    assert area(before.content)["comment"]["text"] == "Anita explains her steps."
    assert (before.issue, before.as_of, before.digest) == (
        1,
        FROZEN_ON,
        queries.composing.digest_of(before.content),
    )
    rate("u1", "A.1", "2026-11-10", 1)
    write(run, u1="Something else.")
    after = card(run)
    assert (after.content, after.digest) == (before.content, before.digest)
    done = actions.freeze(actor=SYSTEM, run=run, as_of=FROZEN_ON, at=NOW)
    assert (done.made, done.kept) == (0, 3) and ReportCard.objects.count() == 3
    with pytest.raises(Refusal) as refused:
        actions.freeze(actor=SYSTEM, run=run, as_of=date(2026, 12, 1), at=NOW)
    assert refused.value.code == "frozen_on_another_day"


def test_p20_held_ratings_never_reach_a_card() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    key = rate("u1", "A.1", "2026-11-09", 1, held=True)
    run = frozen(opened())
    assert level(card(run).content, "A.1")[2] == 1
    proficiency.release_ratings(actor=SYSTEM, keys=[key], at=NOW)
    assert level(card(run).content, "A.1")[2] == 1
    proof = queries.proof(run, person("u1"), now=NOW, book=levels.book(), today=NOW.date())
    assert level(proof.content, "A.1")[2] == 2


def test_p20_a_student_who_came_later_gets_a_card_as_known_on_the_same_day() -> None:
    rate("u2", "A.1", "2026-11-02", 3)
    run = frozen(opened())
    ReportCard.objects.filter(student=person("u2")).delete()
    rate("u2", "A.1", "2026-11-09", 1)
    done = actions.freeze(actor=SYSTEM, run=run, as_of=FROZEN_ON, at=NOW + timedelta(days=1))
    assert (done.made, done.kept) == (1, 2)
    assert level(card(run, "u2").content, "A.1")[2] == 1, "what the ledger heard since does not count"


def test_p20_a_student_who_left_since_has_the_card_of_the_day_and_it_can_be_corrected() -> None:
    key = rate("u2", "A.1", "2026-11-02", 3)
    Enrollment.objects.filter(person=person("u2")).update(ends_on=date(2026, 12, 2))
    RoleGrant.objects.filter(person=person("u2")).update(ends_on=date(2026, 12, 2))
    Person.objects.filter(sourced_id="u2").update(active=False)
    run = frozen(opened())
    assert level(card(run, "u2").content, "A.1")[2] == 1
    rate("u2", "A.1", "2026-11-02", 2, replaces=key, comment="Read wrongly.")
    assert actions.reissue(actor=SYSTEM, run=run, student_id=person("u2").id, why="x", at=NOW).issue == 2


def test_p20_a_reissue_names_what_was_what_is_and_why() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    key = rate("u1", "A.1", "2026-11-09", 3)
    run = frozen(opened())
    first = card(run)
    with pytest.raises(Refusal) as refused:
        actions.reissue(actor=SYSTEM, run=run, student_id=person("u1").id, why="Nothing", at=NOW)
    assert refused.value.code == "nothing_changed"
    rate("u1", "A.1", "2026-11-09", 1, replaces=key, comment="Read wrongly.")
    rate("u1", "A.1", "2026-12-02", 4)
    second = actions.reissue(
        actor=SYSTEM, run=run, student_id=person("u1").id, why="A rating was read wrongly.", at=NOW
    )
    assert (second.issue, second.as_of, second.change["why"]) == (2, FROZEN_ON, "A rating was read wrongly.")
    (one,) = [each for each in second.change["changes"] if each["what"] == "target"]
    assert (one["was"]["value"], one["was"]["state"], one["is"]["state"]) == (300, "proficient", "not_yet")
    assert level(second.content, "A.1")[2] == 2, "the rating after the day does not count"
    assert queries.find_card(run=run.id, student=person("u1").id, issue=1) == first
    kinds = [kind for _, kind, *_ in evidence.events_about(subjects=[person("u1").uuid])]
    assert kinds.count("card_issued") == 2


def test_p20_a_card_behind_which_the_record_has_changed_is_named() -> None:
    key = rate("u1", "A.1", "2026-11-02", 3)
    rate("u2", "A.1", "2026-11-02", 3)
    run = frozen(opened())
    child = person("u1").id

    def overtaken() -> set[int]:
        return queries.overtaken(run, now=NOW, book=levels.book())

    assert overtaken() == set()
    rate("u1", "A.1", "2026-12-02", 4)
    rate("u1", "A.1", "2026-11-03", 4, held=True)
    gone = rate("u2", "A.1", "2026-11-03", 4)
    assert overtaken() == {person("u2").id}, "neither later days nor what is held"
    proficiency.withdraw_ratings(actor=SYSTEM, keys=[gone], reason="Another student's", at=NOW)
    assert overtaken() == set(), "what came and went leaves nothing"
    rate("u2", "A.1", "2026-11-04", 1, purpose="practice")
    act = proficiency.withdraw_ratings(actor=SYSTEM, keys=[key], reason="Read wrongly", at=NOW)
    proficiency.undo_act(actor=SYSTEM, act=act, at=NOW)
    assert overtaken() == set(), "neither practice nor what was undone: issued again, it would read the same"
    proficiency.withdraw_ratings(actor=SYSTEM, keys=[key], reason="Read wrongly", at=NOW)
    assert overtaken() == {child}
    actions.reissue(actor=SYSTEM, run=run, student_id=child, why="A rating was read wrongly.", at=NOW)
    assert overtaken() == set()


def test_p20_a_card_keeps_level_pace_growth_and_habits_apart() -> None:
    for day, value in (("2026-08-04", 3), ("2026-08-11", 3), ("2026-11-16", 4), ("2026-11-23", 4)):
        rate("u1", "A.1", day, value)
    rate("u1", "H.1", "2026-11-02", 1)
    rate("u1", "H.1", "2026-11-09", 1)
    content = card(frozen(opened())).content
    found = area(content)
    assert (found["level"], found["expected"], found["n"]) == (4, 5, 4)
    assert found["growth"]["rate"] == 0 and found["growth"]["n"] == 4
    assert found["pace"] == []
    assert [(rule["rule"], rule["version"], rule["n"]) for rule in found["rules"]] == [
        ("decaying-average", 1, 4)
    ]
    assert [one["area"] for one in content["areas"]] == ["Math"]
    assert [row["state"] for row in content["habits"][0]["rows"]] == ["not_yet"]


# Incompletes.


def incomplete(run: RunView, expires_on: date = date(2026, 12, 10)) -> int:
    return actions.mark_incomplete(
        actor=teacher(), run=run, student_id=person("u1").id, framework=math(), owner_id=person("T1").id,
        reason="The talk is still to come.", expires_on=expires_on, at=NOW,
    )  # fmt: skip


def test_p20_an_incomplete_has_an_owner_and_a_day_and_never_turns_into_a_level() -> None:
    run = opened()
    key = incomplete(run)
    assert incomplete(run) == key, "one stands for an area"
    found = area(card(frozen(run)).content)
    assert found["incomplete"] == {
        "owner": "Maria Lopez",
        "reason": "The talk is still to come.",
        "expires_on": "2026-12-10",
    }
    assert (found["level"], found["rows"]) == (None, [])
    later = queries.board(run, viewer=SYSTEM, today=date(2026, 12, 20))
    assert [one.id for one in later.expired] == [key] and later.incompletes == ()
    assert not levels.standings(levels.moment(now=NOW + timedelta(days=30)), students=[person("u1").id])


def test_p20_an_expired_incomplete_is_settled_by_a_person_with_a_reason() -> None:
    run = opened()
    key = incomplete(run)
    for how, reason, code in (
        ("extended", "Ill.", "day_passed"), ("forgotten", "Ill.", "unknown_word"), ("closed", " ", "reason_missing"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            actions.settle_incomplete(actor=teacher(), incomplete_id=key, how=how, reason=reason, at=NOW)
        assert refused.value.code == code
    with pytest.raises(Refusal) as refused:
        actions.settle_incomplete(
            actor=teacher("T2"), incomplete_id=key, how="closed", reason="Mine?", at=NOW
        )
    assert refused.value.code == "no_such_incomplete"
    actions.settle_incomplete(
        actor=teacher(),
        incomplete_id=key,
        how="extended",
        reason="Ill.",
        at=NOW,
        expires_on=date(2027, 1, 15),
    )
    assert [(one.settled, one.expires_on) for one in Incomplete.objects.order_by("id")] == [
        ("extended", date(2026, 12, 10)), ("", date(2027, 1, 15)),
    ]  # fmt: skip


# What a family adds.


def test_d2_a_familys_statement_stands_on_each_later_card_and_on_no_earlier_one() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    run = frozen(opened())
    actions.record_statement(
        actor=SYSTEM, student_id=person("u1").id, text="She did this alone.", said_by="Pat Abeyta", at=NOW
    )
    assert card(run).content["statement"] is None
    again = actions.reissue(
        actor=SYSTEM, run=run, student_id=person("u1").id, why="The family’s statement", at=NOW
    )
    assert again.content["statement"] == {
        "text": "She did this alone.",
        "said_by": "Pat Abeyta",
        "day": "2026-12-03",
    }
    with pytest.raises(Refusal) as refused:
        actions.record_statement(actor=teacher(), student_id=person("u1").id, text="x", said_by="y", at=NOW)
    assert refused.value.code == "forbidden"


# The record, erasing, the check.


def test_the_record_holds_it_all_and_an_erasure_leaves_nothing() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    run = opened()
    write(run, u1="Anita explains her steps.", u2="Ben draws.")
    incomplete(run)
    actions.record_statement(
        actor=SYSTEM, student_id=person("u1").id, text="She did this alone.", said_by="Pat", at=NOW
    )
    frozen(run)
    held = record_of("u1", now=NOW)["report_cards"]
    assert {name: len(rows) for name, rows in held.items()} == {
        "comments": 1, "incompletes": 1, "cards": 1, "statements": 1,
    }  # fmt: skip
    assert "Ben" not in str(held)
    erase("u1", "asked for")
    empty = record_of("u1", now=NOW)
    assert not any(empty["report_cards"].values())
    assert all(event["content"] is None for event in empty["events"] if event["kind"] != "erasure")
    assert card(run, "u2") and verify(None)["ok"]


def test_verify_names_a_card_that_was_altered() -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    run = frozen(opened())
    row = ReportCard.objects.get(student=person("u1"))
    row.content["areas"][0]["level"] = 9
    row.digest = queries.composing.digest_of(row.content)
    row.save()
    found = verify(None)
    assert (found["ok"], found["first"]["what"]) == (False, "report_card")
    assert queries.altered_cards() == [(run.id, person("u1").id, 1)]


def test_freezing_costs_the_same_statements_for_one_student_as_for_two(django_assert_max_num_queries) -> None:
    rate("u1", "A.1", "2026-11-02", 3)
    rate("u2", "A.1", "2026-11-02", 3)
    run = opened()
    with django_assert_max_num_queries(40):
        actions.freeze(actor=SYSTEM, run=run, as_of=FROZEN_ON, at=NOW)
    with django_assert_max_num_queries(10):
        queries.board(run, viewer=SYSTEM, today=NOW.date())
