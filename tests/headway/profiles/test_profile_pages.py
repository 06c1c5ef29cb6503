"""P14 and P23 on the pages: what each reader meets, in both languages, and what a form that says too much answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.models import AuditEntry
from headway.access.types import SYSTEM
from headway.evidence.models import Rating
from headway.proficiency import queries as levels
from headway.profiles import actions
from headway.profiles.models import (
    Accommodation,
    Consent,
    LanguageStatus,
    Modification,
    ProfileEntry,
    ScreenerResult,
)
from headway.profiles.types import NewEntry
from headway.rosters import actions as rosters
from headway.rosters.models import Person, SchoolClass

from ..pages.student.world import NOW, build, person, rate, target
from .people import browser, viewer
from .test_modified import OWN

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
ABOUT, PROFILE, SUPPORTS = "/student/about", "/teacher/students/u1/profile", "/teacher/students/u1/supports"
HOME = "/family/children/u1/profile"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def say(reader: Any, address: str, words: str, **more: Any) -> Any:
    sent = {
        "act": "entry", "field": "helps", "words": words, "key": f"key-{words}", "expires": (TODAY + timedelta(days=90)),
        "readers": ["family", "teachers"], **more,
    }  # fmt: skip
    return reader.post(address, sent, follow=True)


def text(answer: Any) -> str:
    return answer.content.decode()


def modify(words: str = "Counts a set of things") -> str:
    found = actions.modify_target(
        actor=viewer("T1"), student_id=person("u1").id, key=words, target=target("A.1"), words=words, descriptors=OWN,
        starts_on=TODAY, review_on=None, at=NOW, book=levels.book(),
    )  # fmt: skip
    return str(found)


def test_p23_student_family_and_teacher_write_and_each_reads_what_names_them() -> None:
    student, family, teacher = browser("u1"), browser("p1"), browser("T1")
    assert "Reads maps well" in text(say(student, ABOUT, "Reads maps well", readers=["teachers"]))
    assert "Likes quiet" in text(say(family, HOME, "Likes quiet", readers=[]))
    assert "Draws first" in text(say(teacher, PROFILE, "Draws first", readers=["family"]))
    pages = {"u1": text(student.get(ABOUT)), "p1": text(family.get(HOME)), "T1": text(teacher.get(PROFILE))}
    read = {who: [words for words in ("Reads maps", "Likes quiet", "Draws first") if words in page]
            for who, page in pages.items()}  # fmt: skip
    assert read == {
        "u1": ["Reads maps", "Likes quiet", "Draws first"], "p1": ["Likes quiet", "Draws first"],
        "T1": ["Reads maps", "Draws first"],
    }  # fmt: skip
    assert "Reads maps well" in text(teacher.get("/teacher/students/u1"))
    assert "Likes quiet" not in text(teacher.get("/teacher/students/u1"))


def test_p23_a_diagnosis_is_refused_in_the_readers_language_and_the_words_stay_in_the_form() -> None:
    page = say(browser("u1"), ABOUT, "I have dyslexia")
    assert (
        page.status_code == 422
        and "reads like a diagnosis" in text(page)
        and ">I have dyslexia</textarea>" in text(page)
    )
    spanish = say(browser("u1", "es"), ABOUT, "Tengo TDAH")
    assert "parece un diagnóstico" in text(spanish)
    assert not ProfileEntry.objects.exists()


def test_p23_an_author_takes_an_entry_back_and_nobody_else_can() -> None:
    student, teacher = browser("u1"), browser("T1")
    say(student, ABOUT, "Reads maps well")
    name = ProfileEntry.objects.get().uuid
    refused = teacher.post(PROFILE, {"act": "withdraw", "entry": name})
    assert refused.status_code == 422 and "Take back" not in text(teacher.get(PROFILE))
    assert student.post(ABOUT, {"act": "withdraw", "entry": "x"}).status_code == 422
    assert student.post(ABOUT, {"act": "nothing"}).status_code == 422
    student.post(ABOUT, {"act": "withdraw", "entry": name})
    assert "Reads maps well" not in text(student.get(ABOUT))


def test_p23_the_pages_look_back_to_a_day() -> None:
    say(browser("u1"), ABOUT, "Reads maps well")
    before = (TODAY - timedelta(days=1)).isoformat()
    page = text(browser("u1", "en").get(f"{ABOUT}?as_of={before}"))
    assert "Reads maps well" not in page and "<textarea" not in page


def test_p14_an_accommodation_stands_where_teachers_rate_and_on_a_substitutes_roster_alone() -> None:
    teacher = browser("T1")
    sent = {
        "act": "accommodation",
        "choice": "reads-aloud",
        "words": "Science too",
        "starts": TODAY,
        "key": "a",
    }
    assert "read aloud: Science too" in text(teacher.post(PROFILE, sent, follow=True))
    modify()
    say(teacher, PROFILE, "Draws first")
    rating = text(teacher.get(f"/teacher/rate?class=k1&target={target('A.2')}&student={person('u1').id}"))
    assert "read aloud: Science too" in rating and "Draws first" not in rating
    Person.objects.create(sourced_id="sub", given_name="Sub", family_name="Made")
    rosters.name_substitute(
        actor=SYSTEM, class_id=SchoolClass.objects.get(sourced_id="k1").id, person_id=person("sub").id, starts_on=TODAY,
        ends_on=TODAY + timedelta(days=2), at=NOW,
    )  # fmt: skip
    stands_in = browser("sub")
    page = text(stands_in.get("/teacher/substitute/k1"))
    assert "read aloud: Science too" in page and "Draws first" not in page and "Counts a set" not in page
    for closed in (PROFILE, SUPPORTS, "/teacher/students/u1"):
        assert stands_in.get(closed).status_code == 404
    teacher.post(PROFILE, {"act": "end_accommodation", "accommodation": Accommodation.objects.get().uuid})
    assert "Science too" not in text(teacher.get(PROFILE))


def test_p14_an_own_target_is_given_rated_and_shown_apart_on_the_pages() -> None:
    teacher, student = browser("T1"), browser("u1")
    rate("u1", "A.1", "2026-11-02", 4)
    assert "The continuum says:</span> A.1 at 1" in text(
        teacher.get(f"{SUPPORTS}?code=A.1")
    ) or "A.1 at 1" in text(teacher.get(f"{SUPPORTS}?code=A.1"))
    assert "No target has this code" in text(teacher.get(f"{SUPPORTS}?code=ZZ"))
    sent = {
        "act": "modification", "code": "A.1", "words": "Counts a set of things", "descriptor": OWN[:3], "key": "m",
        "starts": TODAY,
    }  # fmt: skip
    assert teacher.post(SUPPORTS, sent).status_code == 422 and not Modification.objects.exists()
    assert "Counts a set of things" in text(teacher.post(SUPPORTS, {**sent, "descriptor": OWN}, follow=True))
    address = f"/teacher/rate?class=k1&target={target('A.1')}&student={person('u1').id}"
    page = text(teacher.get(address))
    assert "counts to 20" in page and "A.1 at 3" not in page and "never counted as grade level" in page
    other = text(teacher.get(f"/teacher/rate?class=k1&target={target('A.1')}&student={person('u2').id}"))
    assert "A.1 at 3" in other and "counts to 20" not in other
    teacher.post(
        address, {"key": "save-1", f"level-{target('A.1')}": "2", f"comment-{target('A.1')}": "To ten, alone"}
    )
    row = Rating.objects.get(key=f"save-1:{target('A.1')}")
    assert (row.purpose, row.modification, row.level) == (6, str(Modification.objects.get().uuid), 200)
    about = text(student.get(ABOUT))
    assert "Counts a set of things" in about and "To ten, alone" in about and "n = 1" in about
    now = text(student.get("/student/now"))
    assert "To ten, alone" in now and '<span class="tag">own target</span>' in now
    assert "Individual goal" in text(teacher.get(f"/teacher/students/u1?target={target('A.1')}"))
    teacher.post(SUPPORTS, {"act": "end_modification", "modification": row.modification, "reason": "Reached"})
    assert "Counts a set of things" not in text(student.get(ABOUT))
    assert "A.1 at 3" in text(teacher.get(address))


def test_p14_a_held_rating_on_an_own_target_is_on_no_page_at_home() -> None:
    name = modify()
    rate(
        "u1",
        "A.1",
        "2026-12-03",
        2,
        purpose="modified",
        modification=name,
        held=True,
        comment="Still held words",
    )
    for who, address in (("u1", ABOUT), ("p1", HOME), ("u1", "/student/now"), ("p1", "/family/children/u1")):
        assert "Still held words" not in text(browser(who).get(address)), address
    assert "Still held words" in text(browser("T1").get(SUPPORTS))


def test_p14_reading_what_is_sensitive_at_school_leaves_a_trace_and_at_home_none() -> None:
    modify()
    family, student, teacher = browser("p1"), browser("u1"), browser("T1")
    for reader, address in (
        (family, HOME),
        (student, ABOUT),
        (teacher, PROFILE),
        (teacher, "/teacher/students/u1"),
    ):
        assert reader.get(address).status_code == 200
    assert not AuditEntry.objects.filter(act="read_supports").exists()
    teacher.get(SUPPORTS)
    (trace,) = AuditEntry.objects.filter(act="read_supports")
    assert (trace.object_id, trace.actor_name) == (str(person("u1").uuid), "Maria Lopez")


def test_p14_and_p23_status_and_consents_go_by_the_page_and_a_family_withdraws() -> None:
    teacher, family = browser("T1"), browser("p1")
    teacher.post(
        SUPPORTS,
        {"act": "status", "status": "english_learner", "source": "Test", "starts": TODAY, "key": "s"},
    )
    assert LanguageStatus.objects.get().status == "english_learner"
    assert "English learner" in text(family.get(HOME))
    result = {
        "act": "result",
        "consent": "00000000-0000-0000-0000-000000000001",
        "words": "Reads",
        "on": TODAY,
        "key": "r",
    }
    refused = teacher.post(SUPPORTS, result)
    assert refused.status_code == 422 and "Record the consent before anything that a screener found." in text(
        refused
    )
    given = {
        "act": "consent",
        "instrument": "Reading screener",
        "given_by": "Pat Abeyta",
        "starts": TODAY,
        "key": "c",
    }
    teacher.post(SUPPORTS, given)
    yes = Consent.objects.get().uuid
    teacher.post(SUPPORTS, {**result, "consent": yes, "words": "Reads 60 words a minute"})
    assert "Reads 60 words" in text(family.get(HOME))
    assert "Withdrawn" in text(family.post(HOME, {"act": "withdraw_consent", "consent": yes}, follow=True))
    assert "Reads 60 words" not in text(family.get(HOME)) + text(teacher.get(SUPPORTS))
    assert ScreenerResult.objects.count() == 1


def test_p23_the_pages_cost_the_same_for_one_entry_and_for_many() -> None:
    browsers = {ABOUT: browser("u1"), HOME: browser("p1"), PROFILE: browser("T1")}

    def cost() -> dict[str, int]:
        found = {}
        for address, reader in browsers.items():
            reader.get(address)
            with CaptureQueriesContext(connection) as asked:
                assert reader.get(address).status_code == 200
            found[address] = len(asked)
        return found

    def add(first: int, last: int) -> None:
        for n in range(first, last):
            for field in ("helps", "goals"):
                entry = NewEntry(field=field, words=f"{field} {n}", readers=("family", "teachers"))
                actions.add_entry(actor=viewer("u1"), student_id=person("u1").id, key=f"{field}-{n}", entry=entry, at=NOW,
                                  book=levels.book())  # fmt: skip

    add(0, 1)
    few = cost()
    add(1, 20)
    assert cost() == few and max(few.values()) <= 20, few
