"""P19 on pages: the sheet in the language of the home, agreements, messages in both directions, and closed doors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from headway import pages
from headway.access.types import SYSTEM
from headway.contact.models import Conference, ContactEntry, Message
from headway.rosters import actions as rosters

from ..student.world import NOW, again, build, client, person, rate, read

pytestmark = pytest.mark.django_db
SHEET = "/teacher/students/u1/conference"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def record(browser: Client, **more: str):
    form = {
        "act": "record", "key": "c1", "held_on": "2026-12-02", "present": "Anita, Pat Abeyta, Maria Lopez",
        "interpreter": "R. Soto", "home_language": "es", "who-1": "home", "what-1": "Reads aloud", "by-1": "2026-12-18",
    }  # fmt: skip
    return browser.post(SHEET, {**form, **more})


def test_p19_the_sheet_speaks_the_language_of_the_home() -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.")
    guardian = person("p1")
    guardian.language = "es"
    guardian.save()
    teacher = client("T1")
    page = read(teacher, SHEET)
    assert "Conference about Anita Abeyta" in page.words
    assert "Trabaja en el nivel 4" in page.words and "Well told." in page.words
    assert "Preguntas para conversar" in page.words and page.all("div", lang="es")
    assert (
        "Works at level 4, one below grade 5. 0 of 3 targets there are reached. Next: Compare ratios."
        in read(teacher, f"{SHEET}?language=en").words
    )
    past = read(teacher, f"{SHEET}?language=en&as_of=2026-10-01").words
    assert "There is no rated work of Anita yet." in past and "Well told." not in past


def test_p19_the_printed_sheet_keeps_its_day() -> None:
    page = read(client("p1"), "/family/children/u1/conference")
    assert "As of Thursday 3 December 2026." in page.words
    static = Path(pages.__file__).parent / "static" / "headway"
    printed = (static / "parts.css").read_text(encoding="utf-8").rsplit("@media print", 1)[1]
    assert ".who, " in printed.split("{ display: none")[0], "whoever prints it is not named on it"
    sheet = static / "pages.css"
    hidden = re.findall(r"([^{}]+){ display: none; }", sheet.read_text(encoding="utf-8"))
    assert not [one for one in hidden if ".say" in one], "the day stands in that line"


def test_p19_an_agreement_reaches_family_and_student_and_changes_with_its_reason() -> None:
    teacher = client("T1")
    assert record(teacher, present="").status_code == 422
    done = record(teacher)
    record(teacher)
    assert Conference.objects.count() == 1, "a form sent twice records once"
    page = read(teacher, done["Location"])
    assert "interpreter: R. Soto" in page.words and "Family : Reads aloud by 18 Dec" in page.words
    family = client("p1", "es")
    sheet = read(family, "/family/children/u1/conference").words
    assert "intérprete: R. Soto" in sheet and "Reads aloud para el 18 dic · por hacer" in sheet
    assert "Reads aloud" in read(client("u1"), "/student/now").words
    number = page.all("input", name="agreement")[0]["value"]
    teacher.post(
        SHEET,
        {"act": "change", "agreement": number, "what": "Reads to Ben", "by": "", "reason": "Ben asked."},
    )
    sheet = read(family, "/family/children/u1/conference").words
    assert "(Ben asked.)" in sheet and "Reads to Ben" in sheet
    number = read(teacher, SHEET).all("input", name="agreement")[0]["value"]
    teacher.post(SHEET, {"act": "done", "agreement": number})
    assert "Reads to Ben hecho" in read(family, "/family/children/u1/conference").words
    assert "Reads to Ben" not in read(again("u1", "en"), "/student/now").words


def test_p19_a_form_without_an_agreement_is_refused_and_kept() -> None:
    teacher = client("T1")
    empty = record(teacher, **{"what-1": "", "by-1": ""})
    assert empty.status_code == 422 and b"Write down at least one agreement" in empty.content
    assert b"R. Soto" in empty.content
    # A day without words is no agreement, and is not dropped in silence.
    assert record(teacher, **{"what-1": ""}).status_code == 422
    early = record(teacher, **{"by-1": "2026-12-01"})
    assert early.status_code == 422 and b"is due on the day of the conference or later" in early.content
    assert b"Reads aloud" in early.content and not Conference.objects.exists()


def test_p19_what_is_still_to_do_stands_on_the_sheet_however_many_conferences_follow() -> None:
    teacher = client("T1")
    record(teacher, held_on="2026-09-01", **{"who-2": "school", "what-2": "Sends the text"})
    number = read(teacher, SHEET).all("input", name="agreement")[0]["value"]
    teacher.post(SHEET, {"act": "done", "agreement": number})
    for n in range(3):
        record(teacher, key=f"later-{n}", held_on=f"2026-11-0{n + 1}", **{"what-1": f"Later {n}"})
    sheet = read(client("p1"), "/family/children/u1/conference").words
    assert "Sends the text to do" in sheet and "Later 0" in sheet
    assert "Reads aloud" not in sheet, "of an older conference only what is open stands"


def test_p19_the_log_is_for_the_school_and_its_shared_lines_for_the_family() -> None:
    teacher, family = client("T1"), client("p1")
    form = {
        "key": "n1",
        "kind": "call",
        "on": "2026-12-01",
        "with_whom": "Pat",
        "about": "Only for us",
        "agreed": "",
    }
    path = "/teacher/students/u1/contact"
    teacher.post(path, form)
    done = teacher.post(
        path, {**form, "key": "n2", "about": "The trip", "agreed": "Bring a coat", "shared": "1"}
    )
    assert "Only for us" in read(teacher, done["Location"]).words
    assert teacher.post(path, {**form, "key": "n3", "on": ""}).status_code == 422
    page = read(family, "/family/children/u1/messages").words
    assert "The trip Agreed: Bring a coat" in page and "Only for us" not in page
    assert ContactEntry.objects.count() == 2
    assert client("u1").get(path).status_code == 403, "the student does not read the log"


def test_p19_a_guardian_writes_and_the_teacher_answers() -> None:
    teacher, family = client("T1"), client("p1")
    here, there = "/family/children/u1/messages", "/teacher/students/u1/messages/p1"
    sent = family.post(here, {"act": "write", "key": "m1", "text": "How is <b>the reading</b>?"})
    family.post(here, {"act": "write", "key": "m1", "text": "How is <b>the reading</b>?"})
    assert "The message is sent." in read(family, sent["Location"]).words and Message.objects.count() == 1
    assert "Messages from home Pat Abeyta 1 Anita Abeyta" in read(teacher, "/teacher/today").words
    assert there in read(teacher, "/teacher/students/u1/contact").links
    page = read(teacher, there)
    assert "How is <b>the reading</b>?" in page.words and "new" in page.words
    assert "Messages from home" not in read(teacher, "/teacher/today").words
    teacher.post(there, {"act": "write", "key": "m2", "text": "Well."})
    assert "Messages 1 unread" in read(family, "/family/children/u1").words
    assert "Maria Lopez" in read(family, here).words
    assert "Messages 1" not in read(family, "/family/children/u1").words
    number = str(Message.objects.get(key="m1").pk)
    late = family.post(here, {"act": "withdraw", "message": number})
    assert late.status_code == 422 and b"It was read, or ten minutes have passed" in late.content


def test_p19_quiet_hours_are_said_in_both_languages() -> None:
    with time_machine.travel(datetime(2026, 12, 6, 3, tzinfo=UTC), tick=False):
        page = read(client("p1"), "/family/children/u1/messages").words
        assert (
            "The office is closed now. What you write will be read from 8:00 on Monday 7 December 2026."
            in page
        )
        spanish = again("p1", "es")
        spanish.post("/family/children/u1/messages", {"act": "write", "key": "m", "text": "Hola"})
        assert (
            "se leerá a partir de las 8:00 del lunes 7 de diciembre de 2026"
            in read(spanish, "/family/children/u1/messages").words
        )


def test_p19_a_court_order_closes_sheet_and_messages_on_both_sides() -> None:
    teacher, family = client("T1"), client("p1")
    family.post("/family/children/u1/messages", {"act": "write", "key": "m1", "text": "Before"})
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("p1").id, reason_code="court", at=NOW
    )
    for path in ("/family/children/u1/conference", "/family/children/u1/messages"):
        assert family.get(path).status_code == 404
    assert (
        family.post("/family/children/u1/messages", {"act": "write", "key": "m2", "text": "x"}).status_code
        == 404
    )
    assert teacher.get("/teacher/students/u1/messages/p1").status_code == 404
    assert family.get("/family/children/u2/messages").status_code == 200
    assert Message.objects.count() == 1


def test_p19_a_teacher_reads_no_notes_of_the_school_about_the_own_child_elsewhere() -> None:
    """A teacher who is family to a student of another class reads the family's pages, not the log."""
    rosters.add_guardianship(actor=SYSTEM, student_id=person("u1").id, guardian_id=person("T2").id, at=NOW)
    parent = client("T2")
    assert parent.get("/family/children/u1/conference").status_code == 200
    for path in (SHEET, "/teacher/students/u1/contact", "/teacher/students/u1/messages/p1"):
        assert parent.get(path).status_code == 404, path


def test_pages_between_home_and_school_cost_few_statements(django_assert_max_num_queries) -> None:
    rate("u1", "A.1", "2026-11-02", 3, comment="Well told.")
    teacher, family = client("T1"), client("p1")
    record(teacher)
    for n in range(12):
        family.post("/family/children/u1/messages", {"act": "write", "key": f"m{n}", "text": f"Line {n}"})
    for browser, path, most in (
        (teacher, SHEET, 26), (teacher, "/teacher/students/u1/messages/p1", 22), (teacher, "/teacher/students/u1/contact", 16),
        (family, "/family/children/u1/conference", 24), (family, "/family/children/u1/messages", 16),
    ):  # fmt: skip
        browser.get("/account/")
        with django_assert_max_num_queries(most):
            assert browser.get(path).status_code == 200, path
