"""P14: an accommodation keeps the target and counts; a modification is a target of one's own and never does; English learners."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.types import SYSTEM
from headway.evidence import queries as evidence
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.profiles import actions, queries
from headway.profiles.models import LanguageStatus, Modification
from headway.project.commands import erase, verify
from headway.response import queries as response
from headway.rosters import actions as rosters
from headway.rosters.models import Enrollment, Person, SchoolClass

from ..pages.student.world import NOW, build, person, rate, target
from .people import refusal, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
TODAY = NOW.date()
OWN = ("counts to 5", "counts to 10", "counts to 20", "counts on from any number")


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def modify(who: str = "T1", code: str = "A.1", **more: Any) -> UUID:
    said = {
        "student_id": person("u1").id, "key": f"m-{code}", "target": target(code), "words": "Counts a set of things",
        "descriptors": OWN, "starts_on": TODAY, "review_on": None,
    }  # fmt: skip
    return actions.modify_target(actor=viewer(who), book=levels.book(), **{"at": NOW, **said, **more})


def end(name: UUID, who: str = "T1", reason: str = "Reached") -> None:
    actions.end_modification(actor=viewer(who), modification=name, reason=reason, at=NOW, book=levels.book())


def own(name: UUID, level: float, day: str = "2026-12-03", **more: Any) -> str:
    """Rate the student on the own target."""
    return rate("u1", "A.1", day, level, purpose="modified", modification=str(name), **more)


def state(code: str = "A.1", who: str = "u1", day: date | None = None) -> tuple[str, float | None]:
    m = levels.moment(now=NOW, as_of=day)
    found = levels.standings(m, students=[person(who).id]).get((person(who).id, target(code)))
    return ("no_evidence", None) if found is None else (found.state, found.value)


# Accommodations.


def help_with(choice: str = "reads-aloud", words: str = "", **more: Any) -> UUID:
    said = {
        "actor": viewer("T1"),
        "student_id": person("u1").id,
        "key": f"a-{choice}-{words}",
        "starts_on": TODAY,
    }
    return actions.add_accommodation(
        choice=choice, words=words, at=NOW, book=levels.book(), **{**said, **more}
    )


def test_p14_an_accommodation_keeps_the_target_and_its_ratings_count() -> None:
    help_with()
    for day in ("2026-11-02", "2026-11-20"):
        rate("u1", "A.1", day, 3)
        rate("u2", "A.1", day, 3)
    assert state("A.1") == state("A.1", "u2") and state("A.1")[0] == "proficient"


def test_p14_an_accommodation_is_dated_from_the_list_or_in_own_words_and_no_label() -> None:
    line = help_with(starts_on=TODAY - timedelta(days=5))
    help_with("", "Sits near the board")
    assert refusal(help_with, "", "Dyslexia font") == "reads_like_a_diagnosis"
    assert refusal(help_with, "unknown") == "unknown_word"
    assert refusal(help_with, "") == "text_missing"
    assert refusal(help_with, starts_on=TODAY + timedelta(days=1), key="x") == "day_ahead"
    for who, code in (("u1", "forbidden"), ("p1", "forbidden"), ("T2", "no_such_person")):
        assert refusal(help_with, words="x", actor=viewer(who), key=who) == code
    ask = queries.accommodations_of
    mine, other = person("u1").id, person("u2").id
    with CaptureQueriesContext(connection) as asked:
        found = ask(students=[mine, other], on=TODAY)
    assert len(asked) == 1 and list(found) == [mine]
    assert [(one.choice, one.words) for one in found[mine]] == [
        ("reads-aloud", ""),
        ("", "Sits near the board"),
    ]
    assert len(ask(students=[mine], on=TODAY - timedelta(days=1))[mine]) == 1
    actions.end_accommodation(actor=viewer("T1"), accommodation=line, at=NOW)
    assert [one.words for one in ask(students=[mine], on=TODAY)[mine]] == ["Sits near the board"]
    assert len(ask(students=[mine], on=TODAY - timedelta(days=1))[mine]) == 1


# Modifications.


def test_p14_a_modified_target_is_an_individual_goal_whatever_was_rated() -> None:
    for day in ("2026-11-02", "2026-11-20"):
        rate("u1", "A.1", day, 4)
    assert state()[0] == "beyond"
    name = modify()
    own(name, 4)
    own(name, 4)
    assert state() == ("individual_goal", None)
    assert state(day=TODAY - timedelta(days=1))[0] == "beyond"
    (view,) = queries.modifications_of(levels.moment(now=NOW), student=person("u1").id, held=False)
    assert (view.descriptors, [one.level for one in view.ratings]) == (OWN, [400, 400])


def test_p14_ratings_on_an_own_target_count_for_nothing_also_after_it_ends() -> None:
    name = modify()
    for _ in range(5):
        own(name, 4)
    end(name)
    assert state() == ("no_evidence", None)
    rate("u1", "A.1", "2026-12-03", 2)
    found = levels.explained(viewer=SYSTEM, student="u1", target="A.1", as_of=None, now=NOW)
    assert [one["level"] for one in found["counted"]] == [2]
    assert {one["reason"] for one in found["excluded"]} == {"modified", "individual_goal", "reverts_decision"}
    assert verify(None)["ok"]


def test_p14_a_modified_target_is_in_no_count_of_proficient_students() -> None:
    for day in ("2026-10-01", "2026-10-15"):
        rate("u1", "A.1", day, 2)
    name = modify(starts_on=date(2026, 11, 1))
    for day in ("2026-11-05", "2026-11-20"):
        own(name, 4, day)
        rate("u2", "A.1", day, 4)
    m = levels.moment(now=NOW)
    students = [person("u1").id, person("u2").id]
    standings = levels.standings(m, students=students)
    alone = {pair: one for pair, one in standings.items() if pair[0] == students[0]}
    assert {one.state for one in alone.values()} == {"individual_goal"}
    (math,) = levels.cohort(m, students=Person.objects.filter(pk__in=students)).lines
    assert (math.reached, math.judged) == (1, 1)
    reasons = {need.reason for need in response.needs(m, students[:1], standings=alone, paces=[])}
    assert not reasons & {"stuck", "ready_up"}


def test_p14_grade_level_ratings_and_decisions_are_refused_where_the_target_is_modified() -> None:
    name = modify(starts_on=TODAY - timedelta(days=7))
    before = TODAY - timedelta(days=8)
    rate("u1", "A.1", before.isoformat(), 3)
    assert refusal(rate, "u1", "A.1", "2026-12-03", 3) == "target_modified"
    assert refusal(rate, "u1", "A.1", "2026-12-03", 3, override="decides", comment="x") == "target_modified"
    assert refusal(rate, "u1", "A.1", "2026-12-03", None, override="reverts") == "target_modified"
    assert refusal(rate, "u1", "A.1", "2026-12-03", 3, purpose="modified") == "modification_missing"
    assert refusal(rate, "u1", "A.1", "2026-12-03", 3, modification=str(name)) == "modification_missing"
    other = {"purpose": "modified", "modification": str(name)}
    assert refusal(rate, "u1", "A.2", "2026-12-03", 3, **other) == "no_such_modification"
    assert refusal(rate, "u2", "A.1", "2026-12-03", 3, **other) == "no_such_modification"
    assert refusal(rate, "u1", "A.1", before.isoformat(), 3, **other) == "no_such_modification"
    rate("u1", "A.1", "2026-12-03", 3, purpose="practice")
    rate("u1", "A.1", "2026-12-03", None, status="missed")
    rate("u2", "A.1", "2026-12-03", 3)
    assert state()[0] == "individual_goal"


def test_p14_a_rating_that_the_ledger_had_before_answers_with_its_receipt() -> None:
    key = rate("u1", "A.1", "2026-12-01", 3)
    modify(starts_on=TODAY - timedelta(days=7))
    rate("u1", "A.1", "2026-12-01", 3, key=key)


def test_p14_a_modification_needs_every_level_in_words_and_stands_once() -> None:
    assert refusal(modify, descriptors=OWN[:3]) == "descriptors_missing"
    assert refusal(modify, descriptors=(*OWN[:3], " ")) == "descriptors_missing"
    assert refusal(modify, descriptors=(*OWN[:3], "no dyslexia")) == "reads_like_a_diagnosis"
    assert refusal(modify, starts_on=TODAY + timedelta(days=1)) == "day_ahead"
    assert refusal(modify, review_on=TODAY) == "day_passed"
    for who, code in (("u1", "forbidden"), ("p1", "forbidden"), ("T2", "no_such_person")):
        assert refusal(modify, who) == code
    assert not Modification.objects.exists() and evidence.events_about(subjects=[person("u1").uuid]) == []
    name = modify()
    assert modify() == name
    assert refusal(modify, key="again") == "already_modified"
    assert refusal(modify, words="Other words") == "key_conflict"
    assert refusal(end, name, reason=" ") == "reason_missing"
    end(name)
    assert refusal(end, name) == "no_such_entry"
    assert modify(key="again", at=NOW + timedelta(minutes=1)) != name


def test_p14_a_held_rating_on_an_own_target_is_no_ones_at_home() -> None:
    name = modify()
    own(name, 2)
    own(name, 4, held=True)
    m, key = levels.moment(now=NOW), person("u1").id
    at_home, at_school = (queries.modifications_of(m, student=key, held=held)[0] for held in (False, True))
    assert [one.level for one in at_home.ratings] == [200]
    assert sorted(one.level or 0 for one in at_school.ratings) == [200, 400]


def test_p14_a_class_save_costs_one_statement_for_modifications_and_language() -> None:
    rows = [
        {"key": f"c{n}-{code}", "student": f"u{n}", "target": code, "level": 3, "observed_at": "2026-12-03"}
        for n in (1, 2) for code in ("A.1", "A.2", "A.3")
    ]  # fmt: skip
    proficiency.record_rows(actor=SYSTEM, rows=rows[:1], at=NOW, book=levels.book())
    with CaptureQueriesContext(connection) as asked:
        proficiency.record_rows(actor=SYSTEM, rows=rows, at=NOW, book=levels.book())
    assert len([one for one in asked if "headway_modification" in one["sql"]]) == 1


def test_p14_a_modification_is_erased_exported_and_verified() -> None:
    name = modify()
    key = own(name, 3, comment="On her own")
    found = record_of("u1", now=NOW)
    assert [one["words"] for one in found["profile"]["modifications"]] == ["Counts a set of things"]
    rating = next(one for one in found["ratings"] if one["key"] == key)
    assert (rating["purpose"], rating["modification"]) == ("modified", str(name))
    Modification.objects.update(words="Something else")
    assert [one["what"] for one in verify(None)["breaks"]] == ["profile"]
    erase("u1", "asked for")
    assert not Modification.objects.exists() and verify(None)["ok"]


def test_p14_a_joined_person_keeps_the_own_target_and_a_split_gives_it_back() -> None:
    two = Person.objects.create(sourced_id="n1", given_name="Anita", family_name="New", provisional=True)
    Enrollment.objects.create(
        sourced_id="en1", person=two, school_class=SchoolClass.objects.get(sourced_id="k1"), role="student",
        starts_on=date(2026, 8, 1),
    )  # fmt: skip
    name = modify(student_id=two.id)
    rosters.merge_people(actor=SYSTEM, person_id=two.id, into_id=person("u1").id, reason="same", at=NOW)
    assert Modification.objects.get().student_id == person("u1").id and state()[0] == "individual_goal"
    own(name, 2)
    assert verify(None)["ok"]
    rosters.split_people(actor=SYSTEM, person_id=two.id, reason="not the same", at=NOW)
    assert Modification.objects.get().student_id == two.id


# English learners.


def test_p14_evidence_in_any_language_counts_unless_language_is_the_target() -> None:
    for day in ("2026-11-02", "2026-11-20"):
        rate("u1", "A.1", day, 3, language="es")
    assert state()[0] == "proficient"
    body = {"profiles": {"language_targets": {"B": "en"}}}
    proficiency.import_policy(actor=SYSTEM, body=body, name="district.toml", at=NOW)
    rate("u1", "B.1", "2026-11-20", 3, language="en-us")
    rate("u1", "B.1", "2026-11-20", 3)
    assert refusal(rate, "u1", "B.1", "2026-11-20", 3, language="es") == "language_is_target"
    assert refusal(rate, "u1", "A.1", "2026-11-20", 3, language="spanish please") == "unknown_word"
    rate("u1", "A.1", "2026-11-21", 3, language="es")
    with pytest.raises(Refusal) as refused:
        rate("u1", "B.1", "2026-11-20", 3, language="es")
    assert "any language" in refused.value.findings[0].message


def status(word: str, day: date, **more: Any) -> UUID:
    said = {
        "actor": viewer("T1"),
        "student_id": person("u1").id,
        "key": f"s-{word}",
        "source": "Language test",
    }
    return actions.set_language_status(
        status=word, starts_on=day, at=NOW, book=levels.book(), **{**said, **more}
    )


def test_p14_the_status_of_an_english_learner_is_dated_and_the_next_ends_the_one_before() -> None:
    status("english_learner", date(2026, 8, 20))
    status("english_learner", date(2026, 8, 20))
    status("monitored", date(2026, 11, 1), source="State test")
    found = queries.language_statuses(student=person("u1").id)
    assert [(one.status, one.starts_on, one.ends_on) for one in found] == [
        ("monitored", date(2026, 11, 1), None), ("english_learner", date(2026, 8, 20), date(2026, 11, 1)),
    ]  # fmt: skip
    assert refusal(status, "former", date(2026, 10, 1)) == "day_before_last"
    assert refusal(status, "former", TODAY + timedelta(days=1)) == "day_ahead"
    assert refusal(status, "fluent", TODAY) == "unknown_word"
    assert refusal(status, "former", TODAY, source=" ") == "text_missing"
    assert refusal(status, "former", TODAY, actor=viewer("p1")) == "forbidden"
    assert LanguageStatus.objects.count() == 2 and verify(None)["ok"]
