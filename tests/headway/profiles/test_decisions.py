"""P16: a district names its decision points; who may decides, with day and reason; students and families read it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
import time_machine
from django.conf import LazySettings

from headway.access.types import SYSTEM, Role
from headway.analytics import actions as analytics
from headway.analytics import queries as facts
from headway.evidence import queries as evidence
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.proficiency.configuration import DEFAULT
from headway.proficiency.policy_file import PolicyReader
from headway.profiles import actions, queries
from headway.profiles.models import DecisionTaken
from headway.project.commands import erase, merge, split, verify
from headway.rosters.models import Enrollment, Person, SchoolClass

from ..pages.student.world import NOW, build, person
from .people import browser, refusal, viewer
from .test_profile import leader

pytestmark = [pytest.mark.django_db]
TODAY = NOW.date()
POINTS = [
    {"key": "reading", "name": {"en": "Reading support", "es": "Apoyo de lectura"}, "who": ["teachers"],
     "options": [{"key": "start", "name": {"en": "Start", "es": "Empezar"}},
                 {"key": "stop", "name": {"en": "Stop", "es": "Terminar"}}]},
    {"key": "course", "name": {"en": "Advanced course", "es": "Curso avanzado"}, "who": ["leaders"],
     "options": [{"key": "yes", "name": {"en": "Yes", "es": "Sí"}}, {"key": "no", "name": {"en": "No", "es": "No"}}]},
]  # fmt: skip
SUPPORTS, HOME = "/teacher/students/u1/supports", "/family/children/u1/profile"


@pytest.fixture(autouse=True)
def school(tmp_path: Path, settings: LazySettings):
    settings.HOME = tmp_path / "home"
    build(tmp_path)
    proficiency.import_policy(actor=SYSTEM, body={**DEFAULT, "decision_point": POINTS}, name="points", at=NOW)
    with time_machine.travel(NOW, tick=False):
        yield


def decide(who: str = "T1", **more: Any) -> UUID:
    said = {"student_id": person("u1").id, "point": "reading", "option": "start", "on": TODAY, "key": "d1",
            "reason": "Reads 60 words a minute"}  # fmt: skip
    return actions.record_decision(actor=viewer(who), at=NOW, book=levels.book(), **{**said, **more})


def shown(who: str = "T1") -> list[tuple[str, str]]:
    found = queries.decisions_of(levels.moment(now=NOW), viewer=viewer(who), student=person("u1").id)
    return [(one.point, one.option) for one in found]


def test_p16_who_the_district_names_decides_and_nobody_else() -> None:
    assert decide() == decide()
    assert refusal(decide, reason="other words") == "key_conflict"
    assert refusal(decide, point="course", option="yes", key="d2") == "forbidden"
    decide(leader("pr", Role.PRINCIPAL), point="course", option="no", key="d3")
    for who in ("u1", "p1"):
        assert refusal(decide, who, key="d4") == "forbidden"
    assert refusal(decide, "T2", key="d4") == "no_such_person"
    assert sorted(shown()) == [("course", "no"), ("reading", "start")]
    assert DecisionTaken.objects.count() == 2


def test_p16_what_does_not_fit_is_refused() -> None:
    assert refusal(decide, point="gossip") == "unknown_point"
    assert refusal(decide, option="maybe") == "unknown_option"
    assert refusal(decide, on=TODAY + timedelta(days=1)) == "day_ahead"
    assert refusal(decide, reason=" ") == "text_missing"
    assert refusal(decide, reason="Dyslexia likely") == "reads_like_a_diagnosis"
    assert not DecisionTaken.objects.exists() and shown() == []


def test_p16_a_decision_is_an_event_that_verify_compares_and_its_author_takes_back() -> None:
    name = decide()
    assert "decision_point" in [one[1] for one in evidence.events_about(subjects=[person("u1").uuid])]
    assert verify(None)["ok"]
    DecisionTaken.objects.update(option="stop")
    assert [found["what"] for found in verify(None)["breaks"]] == ["profile"]
    DecisionTaken.objects.update(option="start")
    decide(leader("pr", Role.PRINCIPAL), point="course", option="no", key="d3")
    other = DecisionTaken.objects.get(point="course").uuid
    assert refusal(actions.withdraw_decision, actor=viewer("T1"), decision=other, at=NOW) == "forbidden"
    actions.withdraw_decision(actor=viewer("T1"), decision=name, at=NOW)
    actions.withdraw_decision(actor=viewer("T1"), decision=name, at=NOW)
    assert shown() == [("course", "no")] and verify(None)["ok"]
    assert len(record_of("u1", now=NOW)["profile"]["decisions"]) == 2


def test_p16_it_follows_a_merge_and_goes_with_an_erasure() -> None:
    two = Person.objects.create(sourced_id="n1", given_name="Anita", family_name="New", provisional=True)
    Enrollment.objects.create(
        sourced_id="en1", person=two, school_class=SchoolClass.objects.get(sourced_id="k1"), role="student",
        starts_on=TODAY - timedelta(days=60),
    )  # fmt: skip
    decide(student_id=two.id)
    merge("n1", "u1", "same child")
    assert DecisionTaken.objects.get().student.sourced_id == "u1" and verify(None)["ok"]
    split("n1", "not the same")
    assert DecisionTaken.objects.get().student.sourced_id == "n1"
    erase("n1", "asked for")
    assert not DecisionTaken.objects.exists() and verify(None)["ok"]


def test_p16_decisions_are_facts_without_their_reasons() -> None:
    decide()
    name = decide(key="d2", on=TODAY - timedelta(days=3), option="stop")
    actions.withdraw_decision(actor=viewer("T1"), decision=name, at=NOW)
    taken = analytics.take_snapshot(at=NOW)
    path = facts.folder() / taken.name / "decision.parquet"
    rows = pq.read_table(path).to_pylist()
    assert [(row["student"], row["point"], row["option"], row["on"], row["decided_as"]) for row in rows] == [
        ("u1", "reading", "start", TODAY, "teacher")
    ]
    assert b"60 words" not in path.read_bytes()


def test_p16_on_the_pages_in_both_languages() -> None:
    teacher = browser("T1")
    page = teacher.get(SUPPORTS).content.decode()
    assert "Reading support" in page and "Advanced course" not in page
    sent = {
        "act": "decision",
        "decided": "reading:start",
        "on": TODAY.isoformat(),
        "reason": "Reads slowly",
        "key": "p1",
    }
    assert teacher.post(SUPPORTS, sent).status_code == 302
    assert "Reading support: Start" in teacher.get(SUPPORTS).content.decode()
    assert "Apoyo de lectura: Empezar" in browser("p1", "es").get(HOME).content.decode()
    refused = teacher.post(SUPPORTS, {**sent, "decided": "course:yes", "key": "p2"})
    assert (
        refused.status_code == 422
        and "The district lets others decide at this point." in refused.content.decode()
    )
    taken = DecisionTaken.objects.get().uuid
    teacher.post(SUPPORTS, {"act": "withdraw_decision", "decision": taken})
    assert "Reading support: Start" not in teacher.get(SUPPORTS).content.decode()


def faults(text: str) -> list[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refused:
        PolicyReader(text, "p.toml").read()
    return [(one.code, one.column) for one in refused.value.findings]


def test_p16_the_policy_file_is_read_with_every_fault_by_its_place() -> None:
    good = """
[[decision_point]]
key = "reading"
name = { en = "Reading support", es = "Apoyo" }
who = ["teachers", "leaders"]
options = [ { key = "start", name = { en = "Start", es = "Empezar" } }, { key = "stop", name = { en = "Stop", es = "Fin" } } ]
"""
    assert len(PolicyReader(good, "p.toml").read()["decision_point"]) == 1
    assert faults(good + good) == [("duplicate", "key")]
    assert faults(good.replace('["teachers", "leaders"]', '["cooks"]')) == [("unknown_word", "who")]
    assert faults(good.replace('"stop"', '"start"')) == [("duplicate", "key")]
    assert faults(good.replace('key = "reading"', 'key = "Reading one"')) == [("required", "key")]
    assert faults(good.replace(', es = "Apoyo"', "")) == [("required", "name")]
    assert faults(good + "color = 1\n") == [("unknown_key", "color")]
    assert faults('decision_point = "x"\n') == [("not_a_table", "[[decision_point]]")]
