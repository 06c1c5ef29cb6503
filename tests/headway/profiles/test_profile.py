"""P23: a learner's profile: who writes, who reads, until when; no diagnosis; no screener without a consent."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.models import AuditEntry
from headway.access.types import SYSTEM, Role, Viewer
from headway.evidence import queries as evidence
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.proficiency import actions as proficiency
from headway.proficiency import queries as levels
from headway.proficiency.policy_file import PolicyReader
from headway.profiles import actions, queries
from headway.profiles.models import Consent, ProfileEntry
from headway.profiles.types import FIELDS, NewEntry
from headway.project.commands import erase, verify
from headway.rosters import actions as rosters
from headway.rosters.models import Person

from ..pages.student.world import NOW, build, person, target
from .people import refusal, viewer

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
TODAY = NOW.date()
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def add(
    who: str = "u1", words: str = "I ask good questions", key: str = "", student: str = "u1", **more: Any
) -> UUID:
    entry = NewEntry(**{"field": "strengths", "words": words, **more})
    return actions.add_entry(
        actor=viewer(who), student_id=person(student).id, key=key or f"{who}-{words}", entry=entry, at=NOW,
        book=levels.book(),
    )  # fmt: skip


def read(who: str, student: str = "u1", day: date | None = None, expired: bool = False) -> list[str]:
    looks, key = viewer(who), person(student).id
    m = levels.moment(now=NOW, as_of=day)
    found = queries.entries_of(
        m, viewer=looks, student=key, reads=queries.reads_as(looks, student=key), expired=expired
    )
    return sorted(one.words for one in found)


def leader(name: str, role: Role, school: str = "s1") -> str:
    """Give the person a role in a school, and return the name."""
    from headway.rosters.models import Org

    found, _ = Person.objects.get_or_create(
        sourced_id=name, defaults={"given_name": name, "family_name": "Made"}
    )
    rosters.grant_role(
        actor=SYSTEM, person_id=found.id, role=role, at=NOW, org_id=Org.objects.get(sourced_id=school).id,
        starts_on=TODAY - timedelta(days=9),
    )  # fmt: skip
    return name


def test_p23_each_entry_is_read_by_whom_it_names_and_always_by_student_and_author() -> None:
    leader("lead", Role.PRINCIPAL)
    add(words="for all", readers=("family", "teachers", "advisor", "leaders"))
    add(words="for home", readers=("family",))
    add(words="for teachers", readers=("teachers",))
    add(words="for leaders", readers=("leaders",))
    add(words="for me")
    add("p1", words="from home")
    add("T1", words="from school", readers=("leaders",))
    assert read("u1") == sorted(
        ["for all", "for home", "for teachers", "for leaders", "for me", "from home", "from school"]
    )
    assert read("p1") == ["for all", "for home", "from home"]
    assert read("T1") == ["for all", "for teachers", "from school"]
    assert read("lead") == ["for all", "for leaders", "from school"]
    assert read("T2") == read("u2") == []


def test_p23_an_advisor_reads_what_names_the_advisor_and_a_substitute_nothing() -> None:
    add(words="my advisor only", readers=("advisor",))
    assert read("T1") == []
    leader("T1", Role.ADVISOR)
    assert read("T1") == ["my advisor only"]
    stands_in = Person.objects.create(sourced_id="sub", given_name="Sub", family_name="Made")
    from headway.rosters.models import SchoolClass

    rosters.name_substitute(
        actor=SYSTEM, class_id=SchoolClass.objects.get(sourced_id="k1").id, person_id=stands_in.id, starts_on=TODAY,
        ends_on=TODAY + timedelta(days=2), at=NOW,
    )  # fmt: skip
    add(words="for teachers", readers=("teachers",))
    assert queries.reads_as(viewer("sub"), student=person("u1").id) == () and read("sub") == []
    assert refusal(add, "sub") == "no_such_person"


def test_p23_the_district_limits_who_may_be_named() -> None:
    assert refusal(add, field="check_in", readers=("leaders",)) == "reader_not_allowed"
    said = {"profiles": {"readers": {"interests": ["teachers"]}, "longest_days": 30, "expires_days": 10}}
    proficiency.import_policy(actor=SYSTEM, body=said, name="district.toml", at=NOW)
    assert refusal(add, field="interests", readers=("family",)) == "reader_not_allowed"
    add(field="interests", readers=("teachers",), words="Bikes")
    assert ProfileEntry.objects.get().expires_on == TODAY + timedelta(days=10)
    assert refusal(add, expires_on=TODAY + timedelta(days=31)) == "expires_too_late"
    assert refusal(add, expires_on=TODAY) == "expires_too_late"
    add(field="strengths", readers=("family",), words="Kind")


def test_p23_an_expired_entry_leaves_pages_and_stays_for_its_author_and_the_record() -> None:
    add(
        words="Fractions", field="goals", readers=("family", "teachers"), expires_on=TODAY + timedelta(days=3)
    )
    assert read("T1") == ["Fractions"]
    later = NOW + timedelta(days=3)
    with time_machine.travel(later, tick=False):
        looks, key = viewer("u1"), person("u1").id
        m = levels.moment(now=later)
        own = {"viewer": looks, "student": key, "reads": ("student",)}
        assert queries.entries_of(m, **own) == []
        assert [one.words for one in queries.entries_of(m, **own, expired=True)] == ["Fractions"]
        family = {"viewer": viewer("p1"), "student": key, "reads": ("family",), "expired": True}
        assert queries.entries_of(m, **family) == []
        assert [one["words"] for one in record_of("u1", now=later)["profile"]["entries"]] == ["Fractions"]


@pytest.mark.parametrize(
    "words",
    [
        "I have ADHD",
        "A.D.H.D.",
        "Tiene dislexia.",
        "my son is áutista",
        "Diagnosticado con TDAH",
        "ad\u200bhd",
        "Anxiety-disorder",
    ],
)
@pytest.mark.parametrize("who", ["u1", "p1", "T1"])
def test_p23_words_that_read_like_a_diagnosis_are_refused_with_the_reason(who: str, words: str) -> None:
    assert refusal(add, who, words) == "reads_like_a_diagnosis"
    assert not ProfileEntry.objects.exists()


@pytest.mark.parametrize(
    "words", ["I like tea and the Great Depression", "I need a quiet place", "Me ayuda leer en voz alta"]
)
def test_p23_words_about_what_helps_pass(words: str) -> None:
    add(words=words, field="helps")
    assert read("u1") == [words]


def test_p23_a_form_sent_twice_adds_once_and_an_author_takes_back() -> None:
    first = add(key="k1", readers=("family",))
    assert add(key="k1", readers=("family",)) == first
    assert refusal(add, key="k1", words="Other") == "key_conflict"
    assert refusal(add, "u2", key="k1", student="u2", words="Other") == "key_conflict"
    assert refusal(actions.withdraw_entry, actor=viewer("p1"), entry=first, at=NOW) == "no_such_entry"
    actions.withdraw_entry(actor=viewer("u1"), entry=first, at=NOW)
    actions.withdraw_entry(actor=viewer("u1"), entry=first, at=NOW)
    assert read("u1") == []
    kinds = [kind for _, kind, *_ in evidence.events_about(subjects=[person("u1").uuid])]
    assert kinds == ["profile_entry", "profile_entry"]
    assert AuditEntry.objects.filter(act="profile_entry").count() == 2


def test_p23_a_goal_names_a_target_and_a_check_in_the_next_day() -> None:
    add(field="goals", words="Percents by spring", target=target("A.2"))
    add(
        "T1",
        field="check_in",
        words="Talked about percents",
        next_on=TODAY + timedelta(days=14),
        readers=("family",),
    )
    goal, check = ProfileEntry.objects.order_by("pk")
    assert (goal.target_id, check.next_on) == (target("A.2"), TODAY + timedelta(days=14))
    assert refusal(add, field="strengths", target=target("A.2")) == "unknown_target"
    assert refusal(add, field="check_in", words="x", next_on=TODAY - timedelta(days=1)) == "day_passed"
    assert refusal(add, field="goals", words="x", next_on=TODAY) == "day_passed"


@pytest.mark.parametrize("field", FIELDS)
def test_p23_student_family_and_school_write_every_field_about_the_student_and_nobody_elses(
    field: str,
) -> None:
    for who in ("u1", "p1", "T1"):
        add(who, field=field, words=f"{who} says")
    assert set(ProfileEntry.objects.values_list("written_as", flat=True)) == {"student", "family", "teacher"}
    for who in ("u2", "u4", "T2"):
        assert refusal(add, who, field=field) == "no_such_person"


def consent(who: str = "T1", **more: Any) -> UUID:
    said = {
        "instrument": "Reading screener",
        "given_by": "Pat Abeyta",
        "given_on": TODAY - timedelta(days=2),
        "key": "c1",
    }
    return actions.record_consent(
        actor=viewer(who), student_id=person("u1").id, at=NOW, book=levels.book(), **{**said, **more}
    )


def result(name: UUID, **more: Any) -> UUID:
    said = {"on": TODAY, "words": "Reads 60 words a minute", "key": "r1"}
    return actions.record_result(
        actor=viewer("T1"), consent=name, at=NOW, book=levels.book(), **{**said, **more}
    )


def test_p23_no_screener_result_without_a_consent_that_stands() -> None:
    assert refusal(result, UUID(int=1)) == "consent_missing"
    yes = consent()
    assert refusal(result, yes, on=TODAY - timedelta(days=3)) == "before_consent"
    assert refusal(result, yes, words="Dyslexia likely") == "reads_like_a_diagnosis"
    assert result(yes) == result(yes)
    (view,) = queries.consents_of(levels.moment(now=NOW), student=person("u1").id)
    assert view.results == ((TODAY, "Reads 60 words a minute"),)
    assert refusal(actions.withdraw_consent, actor=viewer("u1"), consent=yes, at=NOW) == "forbidden"
    actions.withdraw_consent(actor=viewer("p1"), consent=yes, at=NOW)
    (view,) = queries.consents_of(levels.moment(now=NOW), student=person("u1").id)
    assert (view.withdrawn_on, view.results) == (TODAY, ())
    assert refusal(result, yes, key="r2") == "consent_missing"
    assert len(record_of("u1", now=NOW)["profile"]["screener_results"]) == 1


def test_p23_only_the_school_records_a_consent_and_a_coach_has_no_part() -> None:
    for who in ("u1", "p1"):
        assert refusal(consent, who) == "forbidden"
    looks = viewer("T1")
    coach = Viewer(**{**{f: getattr(looks, f) for f in looks.__slots__}, "roles": frozenset({Role.COACH})})
    assert queries.reads_as(coach, student=person("u1").id) == ()
    assert not Consent.objects.exists()


def test_p23_entries_cost_one_statement_and_a_profile_is_erased_and_verified() -> None:
    for n in range(12):
        add(words=f"entry {n}", readers=("teachers",))
    m, looks, key = levels.moment(now=NOW), viewer("T1"), person("u1").id
    with CaptureQueriesContext(connection) as asked:
        reads = queries.reads_as(looks, student=key, seen=True)
        assert len(queries.entries_of(m, viewer=looks, student=key, reads=reads)) == 12
    assert len(asked) == 1
    result(consent())
    assert verify(None)["ok"]
    ProfileEntry.objects.filter(words="entry 3").update(words="changed")
    found = verify(None)
    assert [one["what"] for one in found["breaks"]] == ["profile"]
    erase("u1", "asked for")
    assert not ProfileEntry.objects.exists() and not Consent.objects.exists()
    assert verify(None)["ok"]
    assert record_of("u1", now=NOW)["profile"]["entries"] == []


def test_p23_what_helps_is_one_statement_of_accommodations_and_readable_entries() -> None:
    actions.add_accommodation(
        actor=viewer("T1"), student_id=person("u1").id, key="a1", choice="reads-aloud", words="", starts_on=TODAY, at=NOW,
        book=levels.book(),
    )  # fmt: skip
    add(words="A quiet place", field="helps", readers=("teachers",))
    add(words="For home only", field="helps", readers=("family",))
    add(words="Asks well", readers=("teachers",))
    m, looks, key = levels.moment(now=NOW), viewer("T1"), person("u1").id
    with CaptureQueriesContext(connection) as asked:
        reads = queries.reads_as(looks, student=key, seen=True)
        found = queries.helps_of(m, viewer=looks, student=key, reads=reads)
    assert [(one.accommodation, one.choice or one.words) for one in found] == [
        (True, "reads-aloud"),
        (False, "A quiet place"),
    ]
    assert len(asked) == 1
    assert queries.helps_of(m, viewer=viewer("T2"), student=key, reads=()) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("expires_days = 0", "out_of_range"),
        ("longest_days = 'x'", "out_of_range"),
        ("unknown = 1", "unknown_key"),
        ("readers = { strengths = ['coach'] }", "unknown_word"),
        ("readers = { height = ['family'] }", "unknown_key"),
        ("accommodations = { a = { en = 'x' } }", "required"),
        ("accommodations = 3", "required"),
        ("labels = [3]", "unknown_word"),
        ("language_targets = { ELD = '' }", "required"),
        ("language_continuum = 3", "unknown_word"),
    ],
)
def test_p23_a_faulty_section_of_the_policy_file_is_refused_by_key(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        PolicyReader(f"[profiles]\n{text}\n", "district.toml").read()
    assert code in [one.code for one in refused.value.findings]


def test_p23_the_section_of_the_how_to_is_read() -> None:
    text = (ROOT / "docs" / "how-to" / "say-what-helps.md").read_text(encoding="utf-8")
    block = text.split("```toml\n")[1].split("```")[0].replace("\n   ", "\n").removeprefix("   ")
    body = PolicyReader(block, "district.toml").read()
    proficiency.import_policy(actor=SYSTEM, body=body, name="district.toml", at=NOW)
    found = queries.settings(levels.book())
    assert (found.longest_days, found.readers["check_in"], found.language_targets) == (
        400,
        ("family", "advisor"),
        {"ELD": "en"},
    )
    assert found.readers["goals"] == ("family", "teachers", "advisor", "leaders") and found.labels
