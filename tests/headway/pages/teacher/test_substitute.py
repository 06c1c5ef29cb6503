"""A substitute's day on the pages (P8): what they see and do not, and how the class's teachers read what they noted."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access.queries import account_of
from headway.access.types import SYSTEM
from headway.evidence import actions as evidence
from headway.evidence.models import Event, Note, Offer, Rating
from headway.evidence.types import Task
from headway.kit.times import now
from headway.rosters import actions as rosters
from headway.rosters import queries as roster
from headway.rosters.models import Enrollment, Person, SchoolClass

from ..student.world import NOW, Page, again, build, client, person, rate, read, target

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = NOW.date()
HERE = "/teacher/substitute/k1"


@pytest.fixture(autouse=True)
def school(tmp_path: Path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    build(tmp_path)
    rate("u1", "A.1", "2026-11-02", 3)
    with time_machine.travel(NOW, tick=False):
        yield


def enter(name: str, language: str = "en") -> Client:
    """Return a browser in which this person is signed in, whether they have been here before or not."""
    return client(name, language) if account_of(person(name).uuid) is None else again(name, language)


def stand_in(
    *classes: str, starts_on: date = TODAY, ends_on: date = TODAY + DAY, name: str = "sub"
) -> Client:
    """Let somebody with no class of their own stand in, and sign them in."""
    made, _ = Person.objects.get_or_create(sourced_id=name, given_name="Sam", family_name="Ortiz")
    for one in classes or ("k1",):
        rosters.name_substitute(
            actor=SYSTEM, class_id=roster.class_by_reference(one).id, person_id=made.id, starts_on=starts_on,
            ends_on=ends_on, at=now(),
        )  # fmt: skip
    return enter(name)


def give(title: str, *names: str, due: date | None = None) -> Any:
    task = Task(
        key=f"give-{title}", title=title, words=f"Words of {title}.", targets=(target("A.1"),), due_on=due,
        school_class=roster.class_by_reference("k1").id,
    )  # fmt: skip
    return evidence.give(actor=SYSTEM, task=task, students=[person(name).id for name in names], at=now())


def note(
    browser: Client, words: str, *, about: str = "", key: str = "page-note-1", status: int = 200
) -> Page:
    said = {"act": "note", "key": key, "words": words, "student": str(person(about).id) if about else ""}
    answer = browser.post(HERE, said, follow=True)
    assert answer.status_code == status
    return Page(answer)


def test_p8_a_substitute_goes_straight_to_the_one_class_and_chooses_between_several() -> None:
    browser = stand_in()
    for start in ("/", "/teacher/today", "/teacher/substitute"):
        answer = browser.get(start, follow=True)
        assert answer.request["PATH_INFO"] == HERE, start
    other = SchoolClass.objects.exclude(sourced_id="k1").first()
    page = read(stand_in(other.sourced_id), "/teacher/substitute")
    assert "You stand in for 2 classes today." in page.words
    assert {HERE, f"/teacher/substitute/{other.sourced_id}"} <= set(page.links)
    assert "You stand in for no class today." in read(enter("T1"), "/teacher/substitute").words


def test_p8_a_substitute_sees_names_by_family_name_tasks_by_due_day_and_the_teachers() -> None:
    give("Later", "u1", "u2", due=TODAY + 9 * DAY)
    give("Sooner", "u1", due=TODAY + DAY)
    give("Passed", "u1", due=TODAY)
    Offer.objects.filter(title="Passed").update(due_on=TODAY - DAY)
    done = give("Done", "u2")
    done.opportunities.update(state="missed")
    gone = give("Taken back", "u1", "u2")
    gone.opportunities.update(state="withdrawn")
    words = read(stand_in(), HERE).words
    assert words.index("Sooner") < words.index("Words of Sooner.") < words.index("Later")
    assert words.index("Later") < words.index("Passed") < words.index("was due 2 Dec")
    assert "due 4 Dec" in words and "Compare ratios" in words and "Maria Lopez" in words
    assert "Done" not in words and "Taken back" not in words
    names = [
        one.sort_name()
        for one in roster.students_in_class(
            class_id=roster.class_by_reference("k1").id, as_of=TODAY, viewer=None
        )
    ]
    assert len(names) > 1 and [words.rindex(name) for name in names] == sorted(
        words.rindex(name) for name in names
    )


def test_p8_a_substitute_sees_no_level_no_history_and_no_student_s_own_page() -> None:
    give("Map", "u1", "u2")
    browser = stand_in()
    page = read(browser, HERE)
    for word in ("Proficient", "Emerging", "Developing", "missed", "Given"):
        assert word not in page.words
    assert not [link for link in page.links if link.startswith(("/teacher/students/", "/teacher/classes"))]
    for path in ("/teacher/students/u1", "/teacher/classes/k1/grid", "/teacher/classes/k1/given", "/teacher/students/u1/contact",
                 "/family/children/u1", "/teacher/classes/k1/sheet"):  # fmt: skip
        assert browser.get(path).status_code == 404, path
    assert page.links.count("/teacher/substitute") >= 1 and "/teacher/rate" not in page.links


def test_p8_no_other_class_and_no_other_day() -> None:
    browser = stand_in(starts_on=TODAY, ends_on=TODAY + 2 * DAY)
    other = SchoolClass.objects.exclude(sourced_id="k1").first().sourced_id
    assert browser.get(f"/teacher/substitute/{other}").status_code == 404
    assert browser.get("/teacher/substitute/zz").status_code == 404
    for days, status in ((-1, 404), (0, 200), (1, 200), (2, 404)):
        with time_machine.travel(NOW + days * DAY, tick=False):
            assert enter("sub").get(HERE).status_code == status, days
    assert enter("T1").get(HERE).status_code == 404


def test_p8_a_substitute_decides_rates_and_corrects_nothing() -> None:
    browser, before = stand_in(), (Rating.objects.count(), Event.objects.count())
    node = target("A.1")
    forms = (
        (f"/teacher/students/u1/decide/{node}", {"act": "decides", "level": "4", "reason": "Because."}, 404),
        ("/teacher/students/u1/correct", {"act": "withdraw", "rating": Rating.objects.get().key, "reason": "x"}, 404),
        ("/teacher/observe", {"student": "u1 (u1)", "target": node, "level": "4", "key": "page-x"}, 302),
        (f"/teacher/rate?class=k1&student={person('u1').id}&target={node}",
         {"key": "page-y", f"level-{node}": "4", "student": person("u1").id}, None),
        ("/teacher/give", {"key": "give-0123456789", "class": "k1", "title": "x", "target": [node],
                           "student": [person("u1").id], "purpose": "evidence"}, None),
        ("/teacher/classes/k1/release", {}, 404),
    )  # fmt: skip
    for path, said, status in forms:
        answer = browser.post(path, said)
        assert answer.status_code == status or (status is None and answer.status_code in (302, 404, 422)), (
            path
        )
        assert (Rating.objects.count(), Event.objects.count()) == before, path


def test_p8_two_teachers_of_one_class_both_have_all_of_it() -> None:
    Enrollment.objects.create(
        sourced_id="co", person=person("T2"), school_class=roster.class_by_reference("k1"), role="teacher", starts_on=TODAY
    )  # fmt: skip
    stand_in()
    node = target("A.1")
    for n, name in enumerate(("T1", "T2")):
        browser = client(name)
        for path in (
            "/teacher/classes/k1/grid",
            "/teacher/students/u1",
            f"/teacher/students/u1/decide/{node}",
        ):
            read(browser, path)
        said = {"student": "u1 (u1)", "target": node, "level": "4", "key": f"page-{n}"}
        assert browser.post("/teacher/observe", said).status_code == 302
    assert Rating.objects.filter(rater__sourced_id__in=("T1", "T2"), key__startswith="page-").count() == 2


def test_p8_a_note_goes_to_the_teachers_is_put_away_and_stays_with_student_and_class() -> None:
    browser = stand_in()
    for _ in range(2):
        page = note(browser, "Anita helped Ben.\r\nTwice.", about="u1")
    assert "The note is saved." in page.words and Note.objects.get().words == "Anita helped Ben.\nTwice."
    note(browser, "We stopped at exercise four.", key="page-note-2")
    assert "My notes today 2" in read(browser, HERE).words
    teacher = enter("T1")
    words = read(teacher, "/teacher/today").words
    assert "Notes from substitutes 2" in words and words.index("exercise four") < words.index(
        "Anita helped Ben."
    )
    assert "substitute Sam Ortiz, 3 Dec" in words
    for one in Note.objects.all():
        answer = teacher.post(f"/teacher/notes/{one.uuid}", follow=True)
        assert "The note is put away for you." in Page(answer).words
    assert "Notes from substitutes" not in read(teacher, "/teacher/today").words
    assert "Anita helped Ben." in read(teacher, "/teacher/students/u1").words
    assert "exercise four" not in read(teacher, "/teacher/students/u1").words
    assert "exercise four" in read(teacher, "/teacher/classes/k1/given").words
    assert "Anita helped" not in read(teacher, "/teacher/students/u1?as_of=2026-12-01").words
    for name, path in (("u1", "/student/now"), ("p1", "/family/children/u1"), ("p1", "/family/")):
        assert "Anita helped" not in read(enter(name), path).words
    with time_machine.travel(NOW + 15 * DAY, tick=False):
        assert "Notes from substitutes" not in read(enter("T1"), "/teacher/today").words


def test_p8_a_note_is_taken_back_on_the_page_and_refused_in_words() -> None:
    browser = stand_in()
    note(browser, "A slip.", about="u1")
    answer = browser.post(HERE, {"act": "withdraw", "note": Note.objects.get().uuid}, follow=True)
    assert "The note is taken back." in Page(answer).words
    assert "A slip." not in read(browser, HERE).words
    assert "A slip." not in read(enter("T1"), "/teacher/today").words
    page = note(browser, " ", key="page-note-3", status=422)
    assert "Write what you saw; nothing was saved." in page.words
    page = note(browser, "x" * 2_001, key="page-note-3", status=422)
    assert "at most 2,000 letters" in page.words and page.all("input", name="key", value="page-note-3")
    answer = browser.post(HERE, {"act": "withdraw", "note": "x"})
    assert answer.status_code == 422 and "There is no such note of yours." in Page(answer).words
    for wrong in ("9" * 30, "abc", str(person("u4").id)):
        answer = browser.post(HERE, {"act": "note", "key": "page-note-4", "words": "y", "student": wrong})
        assert answer.status_code == 422, wrong
    assert Note.objects.filter(withdrawn_at=None).count() == 0


def test_p8_a_teacher_who_stands_in_elsewhere_finds_the_way_on_today() -> None:
    other = SchoolClass.objects.exclude(sourced_id="k1").first()
    rosters.name_substitute(
        actor=SYSTEM,
        class_id=other.id,
        person_id=person("T1").id,
        starts_on=TODAY,
        ends_on=TODAY + DAY,
        at=now(),
    )
    page = read(enter("T1"), "/teacher/today")
    assert "You stand in for one class today." in page.words and "/teacher/substitute" in page.links


def test_p8_the_page_takes_as_many_statements_for_many_tasks_and_notes_as_for_few() -> None:
    browser = stand_in()

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert browser.get(HERE).status_code == 200
        return len(found)

    give("First", "u1", "u2")
    note(browser, "One.", about="u1")
    few = count()
    for n in range(6):
        give(f"Task {n}", "u1", "u2", due=TODAY + n * DAY)
        note(browser, f"Note {n}.", about="u2", key=f"page-more-{n}")
    assert count() == few


def test_p8_the_page_speaks_spanish() -> None:
    stand_in()
    words = read(enter("sub", "es"), HERE).words
    assert "Tareas abiertas" in words and "Guardar la nota" in words
