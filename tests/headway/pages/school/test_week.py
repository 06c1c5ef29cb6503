"""This week: who needs a response and why, who may look, and how many statements it takes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from ...plans.school import build, rate
from .reading import NOW, client_of, crowd, lead, principal, read

pytestmark = pytest.mark.django_db
RULE = (
    "A class comes here when a third of its students has a reason (to be ready to move up is none here), a quarter has "
    "shown nothing of late, or work has waited for 5 days."
)


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def stuck(who: str, code: str = "A.1") -> None:
    for day in ("2026-10-01", "2026-10-05", "2026-10-12"):
        rate(who, code, day, 2)


def test_the_heading_is_the_answer_and_each_line_its_reason() -> None:
    stuck("u4")
    page = read(client_of("T2").get("/school/week"))
    assert page.text("h1") == "1 student and 1 class need a response this week."
    ((_a, line),) = [one for one in page.all("li", class_="row") if "=SUM(A1)" in one[1]]
    assert "Name of A.1: 3 pieces since 1 Oct without gain." in line and "Grade 6" in line
    assert "/teacher/students/u4" in page.links()
    assert "1 of 1 students have a reason (100 %)" in page.text()
    assert RULE in page.text()


def test_of_one_reason_the_students_are_counted_and_no_class_that_stands_out_by_all() -> None:
    stuck("u4")
    client = client_of("T2")
    page = read(client.get("/school/week?reason=stuck"))
    assert page.text("h1") == "1 student needs a response this week."
    assert "by title, for all reasons" in page.text()
    assert (
        read(client.get("/school/week?reason=no_evidence")).text("h1") == "Nobody is listed for this reason."
    )
    assert "for all reasons" not in read(client.get("/school/week")).text()


def test_nobody_needs_a_response() -> None:
    rate("u4", "A.1", "2026-10-19", 2)
    page = read(client_of("T2").get("/school/week"))
    assert page.text("h1") == "Nobody needs a response this week."
    assert RULE in page.text()
    assert "No class stands out." in page.text() and "Everybody has shown something of late." in page.text()


def test_a_school_shows_its_own_students_only() -> None:
    stuck("u1"), stuck("u4")
    one = read(principal("s1").get("/school/week"))
    assert "/teacher/students/u1" in one.links() and "/teacher/students/u4" not in one.links()
    assert client_of("T2").get("/school/week?school=s1").status_code == 404


def test_filters_sort_and_look_back() -> None:
    stuck("u1"), stuck("u2", "B.1")
    client = principal("s1")
    assert read(client.get("/school/week?reason=no_evidence")).all("h2", id="r-stuck") == []
    assert "/teacher/students/u1" not in read(client.get("/school/week?reason=stuck&grade=07")).links()
    for sort in ("name", "oldest", "most", "other"):
        assert "/teacher/students/u1" in read(client.get(f"/school/week?sort={sort}")).links()
    past = read(client.get("/school/week?as_of=2026-08-20"))
    assert past.text("h1") == "Nobody needed a response that week." and "Back to today" in past.text()


def test_the_file_holds_the_same_list_and_runs_no_formula() -> None:
    stuck("u4")
    answer = client_of("T2").get("/school/week.csv?reason=stuck")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["student"] for row in rows] == ["u4"] and rows[0]["target"] == "Math:A.1"
    assert rows[0]["name"] == "Dee =SUM(A1)" and answer["Content-Disposition"].startswith("attachment")
    from headway.pages.parts.sheets import safe_cell

    assert [safe_cell(x) for x in ("=1", " +1", "@x", "-2", "Ana")] == ["'=1", "' +1", "'@x", "'-2", "Ana"]


def test_the_district_chooses_a_school() -> None:
    client = lead()
    page = read(client.get("/school/week"))
    assert page.text("h1") == "Which school?" and "?school=s1" in page.links()
    assert "Cedar Middle" in read(client.get("/school/week?school=s2")).text()
    assert client.get("/school/week.csv").status_code == 404


def test_who_may_look() -> None:
    anonymous = Client().get("/school/week")
    assert anonymous.status_code == 302 and anonymous["Location"].startswith("/account/sign-in")
    for who in ("T1", "u1", "p1"):
        client = client_of(who)
        assert client.get("/school/week").status_code == 403
        assert client.get("/school/week.csv").status_code == 403
        assert client.get("/school/cohorts/s1").status_code == 403
        assert client.get("/school/cohorts/none").status_code == 403
    assert client_of("T2").get("/school/cohorts/s1").status_code == 404


def test_a_court_keeps_a_principal_from_a_student() -> None:
    from headway.access.types import SYSTEM
    from headway.rosters import actions
    from headway.rosters.models import Person

    stuck("u4")
    ids = [Person.objects.get(sourced_id=one).id for one in ("u4", "T2")]
    actions.restrict_guardian(
        actor=SYSTEM, student_id=ids[0], guardian_id=ids[1], reason_code="court_order", at=NOW
    )
    page = read(client_of("T2").get("/school/week"))
    assert "/teacher/students/u4" not in page.links() and "SUM" not in page.text()


@pytest.mark.parametrize("n", [10, 100])
def test_statements_do_not_grow_with_the_school(
    tmp_path: Path, n: int, django_assert_max_num_queries
) -> None:
    crowd(tmp_path, n)
    client = principal("s1")
    client.get("/school/week")
    with django_assert_max_num_queries(20):
        assert client.get("/school/week").status_code == 200
