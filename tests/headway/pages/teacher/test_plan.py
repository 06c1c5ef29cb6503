"""A student's plan on the pages of teacher, student and family: read, changed with what was typed kept, and taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access.types import SYSTEM
from headway.plans import actions
from headway.plans.models import Plan
from headway.rosters.models import Person

from ..student.world import Page, again, client, rate, read, target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
TEACHER = "/teacher/students/u1/plan"
FIRST, LAST = date(2026, 8, 17), date(2027, 1, 29)


@pytest.fixture
def plan(school_with_files: None) -> int:
    """Give u1 a plan of three targets, on one of which the piece asked is in."""
    at = datetime(2026, 8, 17, 18, tzinfo=UTC)
    version = actions.make_template(
        actor=SYSTEM, key="Ratios / fall", items=[(target(code), 1 if code == "A.1" else 2) for code in ("A.1", "A.2", "B.1")],
        at=at, due_weeks={target("A.1"): 4, target("A.2"): 8, target("B.1"): 20},
    )  # fmt: skip
    own = Person.objects.get(sourced_id="u1").id
    actions.assign(actor=SYSTEM, version=version.id, students=[own], starts_on=FIRST, ends_on=LAST, at=at)
    rate("u1", "A.1", "2026-09-01", 3)
    return Plan.objects.get().pk


def form(key: int, **said: Any) -> dict[str, Any]:
    two, three = target("A.2"), target("B.1")
    return {"state": key, "act": "change", f"due-{two}": "2026-10-09", f"pieces-{two}": "2", f"due-{three}": "2027-01-01",
            f"pieces-{three}": "2", "ends": LAST.isoformat(), **said}  # fmt: skip


def test_teacher_student_and_family_read_the_same_plan(plan: int) -> None:
    for who, path in (("T1", TEACHER), ("u1", "/student/plan"), ("p1", "/family/children/u1/plan")):
        page = read(client(who), path)
        assert "Ratios / fall" in page.words and "Compare ratios" in page.words
        assert "Week 16 of 24. Pieces due by its end: 3. Pieces in: 1. 1 target is late." in page.words
        assert "9 Oct 0 of 2" in page.words and "Late" in page.words and "Pieces are in" in page.words
        assert ("Change this plan" in page.words) is (who == "T1")
        spanish = read(again(who, "es"), path).words
        assert "Comparar razones" in spanish and "Semana 16 de 24" in spanish


def test_the_pace_lines_lead_to_it(plan: int) -> None:
    name = "plan?plan=Ratios%20%2F%20fall"
    for who, path in (("T1", "/teacher/students/u1"), ("u1", "/student/now"), ("p1", "/family/children/u1")):
        assert name in client(who).get(path).content.decode()


@pytest.mark.parametrize(("days", "weeks"), [(2, False), (3, True)])
def test_a_rate_of_fewer_than_three_pieces_says_no_number_of_weeks(plan: int, days: int, weeks: bool) -> None:
    for n in range(days):
        rate("u1", ("A.2", "B.1", "B.1")[n], f"2026-11-{16 + n}", 3)
    words = read(client("p1"), "/family/children/u1").words
    assert ("At the rate of the last weeks the rest takes about" in words) is weeks, words
    few = "2 pieces came in during the last weeks, too few to say when the rest will be in."
    assert (few in words) is not weeks


def test_only_those_who_see_the_student_open_it(plan: int) -> None:
    assert client("T2").get(TEACHER).status_code == 404
    assert client("u2").get(TEACHER).status_code == 404
    own = client("u1")
    assert own.get(TEACHER).status_code == 403
    assert client("p1").post("/family/children/u1/plan", form(plan)).status_code == 405
    assert own.post("/student/plan", form(plan)).status_code == 405
    teacher = client("T1")
    assert teacher.get(TEACHER + "?plan=Another").status_code == 404
    assert "No plan yet" in read(teacher, "/teacher/students/u2/plan").words


def test_a_look_back_shows_what_was_in_on_that_day(plan: int) -> None:
    page = read(client("T1"), TEACHER + "?as_of=2026-08-20")
    assert "Pieces in: 0." in page.words and "Change this plan" not in page.words


def test_a_teacher_writes_differences_and_takes_them_back(plan: int) -> None:
    browser, two, three = client("T1"), target("A.2"), target("B.1")
    said = form(plan, **{f"due-{two}": "2026-12-18", f"pieces-{two}": "3", f"waive-{three}": "1", f"why-{three}": "Next year.",
                         "add": target("B.2"), "add-pieces": "1", "add-due": "2027-01-15"})  # fmt: skip
    page = Page(browser.post(TEACHER, said, follow=True))
    for words in ("The plan is changed.", "Template: 2 pieces, due 9 Oct.", "Waived because: Next year.", "Judge a sample",
                  "It differs from its template on 3 targets."):  # fmt: skip
        assert words in page.words, words
    assert "Next year." in read(client("p1"), "/family/children/u1/plan").words
    made = Plan.objects.get(ended_at=None).pk
    page = Page(browser.post(TEACHER, {"state": made, "act": "undo"}, follow=True))
    assert "The change is taken back." in page.words and "It asks what its template asks." in page.words
    assert Plan.objects.get(ended_at=None).pk == plan


def test_a_refusal_keeps_what_was_typed(plan: int) -> None:
    browser, two, three = client("T1"), target("A.2"), target("B.1")
    path = TEACHER + "?change=1"
    said = form(plan, **{f"pieces-{two}": "5", f"due-{two}": "2026-12-24", f"waive-{three}": "1", "add": target("B.2"),
                         "add-pieces": "7"})  # fmt: skip
    answer = browser.post(path, said)
    assert answer.status_code == 422
    text, page = answer.content.decode(), Page(answer)
    assert "Say why B.1 is waived." in page.words
    for kept in ('value="5"', 'value="2026-12-24"', 'value="7"', f'name="waive-{three}" value="1" checked',
                 f'<option value="{target("B.2")}" selected'):  # fmt: skip
        assert kept in text, kept
    for wrong, words in [
        ({f"pieces-{two}": "0"}, "ask for 1 to 999 pieces"), ({f"due-{two}": "2026-99-01"}, "give its day"),
        ({f"due-{two}": "2027-06-01"}, "its day lies from"), ({"ends": ""}, "Give the last day of the plan."),
        ({"add": "x"}, "Choose a target of the list."), ({"state": "999"}, "changed or ended meanwhile"),
    ]:  # fmt: skip
        answer = browser.post(path, form(plan, **wrong))
        assert answer.status_code == 422 and words in Page(answer).words, words
    assert Plan.objects.count() == 1


def test_what_is_done_has_no_fields_and_stays(plan: int) -> None:
    browser, one = client("T1"), target("A.1")
    assert f"pieces-{one}" not in browser.get(TEACHER + "?change=1").content.decode()
    browser.post(TEACHER, form(plan, **{f"pieces-{one}": "4", f"waive-{one}": "1", f"why-{one}": "x"}))
    assert Plan.objects.get(ended_at=None).pk == plan


def test_statements_do_not_grow_with_the_pieces(plan: int) -> None:
    def statements(browser: Client, path: str) -> int:
        browser.get(path)
        with CaptureQueriesContext(connection) as found:
            assert browser.get(path).status_code == 200
        return len(found)

    who = [
        (client("T1"), TEACHER),
        (client("u1"), "/student/plan"),
        (client("p1"), "/family/children/u1/plan"),
    ]
    few = [statements(*one) for one in who]
    for day in range(1, 20):
        rate("u1", "A.2", f"2026-10-{day:02}", 2)
        rate("u1", "B.2", f"2026-10-{day:02}", 2)
    assert [statements(*one) for one in who] == few and max(few) <= 24
