"""A plan given on pages: looked at first, given to a class, to some of it or to a grade, and taken back."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.types import SYSTEM, Role
from headway.jobs import actions as jobs
from headway.plans import actions
from headway.plans import jobs as work  # noqa: F401  registers the work
from headway.plans.models import Plan
from headway.plans.types import ItemChange
from headway.rosters import actions as rosters
from headway.rosters.models import Org

from ..student.world import BEGUN, NOW, Page, client, person, read, target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
GIVE = "/teacher/plans/give"


@pytest.fixture(autouse=True)
def template(school_with_files: None) -> None:
    """Write a template of four weeks."""
    actions.make_template(actor=SYSTEM, key="Ratios", items=[(target("A.1"), 1), (target("A.2"), 2)],
                          at=datetime(2026, 9, 1, 18, tzinfo=UTC), due_weeks={target("A.1"): 2, target("A.2"): 4})  # fmt: skip


def principal() -> Client:
    own = {"person_id": person("T2").id, "org_id": Org.objects.get(sourced_id="s1").id}
    rosters.grant_role(actor=SYSTEM, role=Role.PRINCIPAL, at=BEGUN, starts_on=date(2026, 8, 3), **own)
    return client("T2")


def form(*names: str, **said: Any) -> dict[str, Any]:
    students = [str(person(name).id) for name in names or ("u1", "u2")]
    return {"key": "plan-0001", "whom": "class:k1", "grade": "", "plan": "Ratios", "starts": "2026-12-07", "ends": "",
            "student": students, "act": "look", **said}  # fmt: skip


def looked(browser: Client, said: dict[str, Any]) -> dict[str, Any]:
    """Look at what it would do, and return the form that then gives it."""
    answer = browser.post(GIVE, said)
    assert answer.status_code == 200, Page(answer).words
    mark = re.search(r'name="looked" value="(\w+)"', answer.content.decode())
    assert mark is not None
    return {**said, "act": "give", "looked": mark[1]}


def test_a_teacher_looks_gives_and_takes_back() -> None:
    browser = client("T1")
    said = looked(browser, form())
    words = Page(browser.post(GIVE, form())).words
    assert "Ratios, for 2 students, from Monday 7 December 2026 to Friday 1 January 2027." in words
    assert "gets the plan 2" in words and not Plan.objects.exists()
    answer = browser.post(GIVE, said)
    page = read(browser, answer["Location"])
    assert "The plan is given." in page.words and "2 of 2" in page.words and Plan.objects.count() == 2
    assert browser.post(GIVE, said)["Location"].split("?")[0] == answer["Location"].split("?")[0]
    assert Plan.objects.count() == 2
    assert "has it just so 2" in Page(browser.post(GIVE, form(key="plan-0002"))).words
    page = Page(browser.post(answer["Location"], follow=True))
    assert "It is taken back" in page.words and not Plan.objects.exists()


def test_what_stands_in_the_way_of_taking_it_back_is_named() -> None:
    browser = client("T1")
    path = browser.post(GIVE, looked(browser, form()))["Location"]
    key = Plan.objects.get(student__sourced_id="u2").pk
    change = [ItemChange(target("A.1"), 3)]
    actions.change_plan(actor=SYSTEM, plan=key, changes=change, ends_on=date(2027, 1, 8), at=NOW)
    answer = browser.post(path)
    assert answer.status_code == 409 and "(“u2”)" in Page(answer).words and Plan.objects.count() == 3


def test_what_was_not_looked_at_is_not_given() -> None:
    browser = client("T1")
    said = looked(browser, form())
    answer = browser.post(GIVE, {**said, "starts": "2026-12-14"})
    assert answer.status_code == 200 and "14 December" in Page(answer).words and not Plan.objects.exists()


def test_a_refusal_keeps_what_was_typed() -> None:
    browser = client("T1")
    for wrong, words in [
        ({"plan": ""}, "Choose a template."), ({"starts": ""}, "Give the first day."),
        ({"ends": "2026-11-01"}, "The last day lies on or after the first."), ({"ends": "x"}, "Give the last day of the plan."),
        ({"student": []}, "Choose at least one student."),
    ]:  # fmt: skip
        answer = browser.post(GIVE, form("u2", **wrong))
        assert answer.status_code == 422 and words in Page(answer).words, words
    answer = browser.post(GIVE, form("u2", ends="2026-11-01"))
    text = answer.content.decode()
    assert (
        'value="2026-11-01"' in text
        and 'value="2026-12-07"' in text
        and '<option value="Ratios" selected' in text
    )
    assert f'value="{person("u2").id}" checked' in text and f'value="{person("u1").id}" checked' not in text
    actions.make_template(actor=SYSTEM, key="No weeks", items=[(target("A.1"), 1)], at=NOW)
    answer = looked(browser, form(plan="No weeks"))
    assert answer["looked"]


def test_a_class_or_school_out_of_scope_does_not_exist() -> None:
    browser = client("T1")
    for whom in ("class:k3", "class:zz", "school:s1"):
        assert browser.post(GIVE, form(whom=whom)).status_code == 404
    assert browser.get(GIVE + "?student=u4").status_code == 404
    # A student of another school in the form is nobody of this class.
    assert browser.post(GIVE, form("u4")).status_code == 422
    assert client("p1").get(GIVE).status_code == 403


def test_one_student_comes_ticked_alone_from_the_own_page() -> None:
    text = client("T1").get(GIVE + "?student=u2").content.decode()
    assert f'value="{person("u2").id}" checked' in text and f'value="{person("u1").id}" checked' not in text


def test_a_principal_gives_to_a_grade_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    browser = principal()
    page = read(browser, GIVE + "?whom=school:s1")
    assert "Grade 5" in page.words
    n = len(rosters_of_grade("05"))
    said = looked(browser, form(whom="school:s1", grade="05", student=[]))
    assert "in the background" in Page(browser.post(GIVE, form(whom="school:s1", grade="05"))).words
    answer = browser.post(GIVE, said)
    assert f"0 of {n}" in read(browser, answer["Location"]).words and not Plan.objects.exists()
    while jobs.run_next(at=NOW) is not None:
        pass
    assert Plan.objects.count() == n > 1
    page = read(browser, answer["Location"])
    assert f"{n} of {n}" in page.words and "background" not in page.words


def rosters_of_grade(grade: str) -> list[Any]:
    from headway.rosters.queries import students_of_school

    return list(
        students_of_school(
            viewer=SYSTEM, school_id=Org.objects.get(sourced_id="s1").id, as_of=NOW.date(), grade=grade
        )
    )


def test_the_list_counts_the_own_students() -> None:
    browser = client("T1")
    browser.post(GIVE, looked(browser, form()))
    page = read(browser, "/teacher/plans")
    assert "Ratios version 1 2 targets, 3 pieces, 4 weeks 2" in page.words
    account, _ = access.open_account(actor=SYSTEM, username="root", name="Root", at=NOW, administrator=True)
    root = Client()
    root.force_login(account)
    assert "Write a template" in read(root, "/teacher/plans").words and "Write a template" not in page.words


def test_only_who_gave_it_and_the_district_open_the_act() -> None:
    browser = client("T1")
    path = browser.post(GIVE, looked(browser, form()))["Location"].split("?")[0]
    assert principal().get(path).status_code == 404 and client("u1").get(path).status_code in (403, 404)
    assert browser.get("/teacher/plans/given/99999999999999999999").status_code == 404


def test_statements_do_not_grow_with_the_students() -> None:
    browser = client("T1")

    def statements(*names: str) -> int:
        said = form(*names)
        with CaptureQueriesContext(connection) as found:
            assert browser.post(GIVE, said).status_code == 200
        return len(found)

    statements("u1")
    assert statements("u1", "u2") == statements("u1") <= 22
