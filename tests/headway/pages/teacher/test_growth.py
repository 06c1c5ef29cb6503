"""Growth: a page asks and weighs the same when the rest of the site is ten times larger and its own class is not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access.types import SYSTEM
from headway.plans import actions as plans
from headway.proficiency import actions, queries
from headway.rosters.models import Enrollment, Person, SchoolClass

from ..student.world import NAMES, NOW, build, client, rate, target

pytestmark = pytest.mark.django_db
PAGES = {
    # address: who opens it, at most so many statements
    "/student/continuum": ("u1", 12),
    "/student/now": ("u1", 13),
    "/teacher/students/u1": ("T1", 21),
    "/teacher/classes/k1/grid": ("T1", 9),
    "/teacher/classes/k1/grid?area=rated": ("T1", 9),
    "/teacher/today": ("T1", 19),
    "/teacher/rate": ("T1", 9),
    "/teacher/rate/waiting": ("T1", 11),
    "/teacher/rated": ("T1", 11),
    "/teacher/rate?class=k1&target={A.1}": ("T1", 13),
    "/family/": ("p1", 9),
}


@pytest.fixture(autouse=True)
def world(tmp_path: Path):
    with time_machine.travel(NOW, tick=False):
        build(tmp_path)
        for who in ("u1", "u2"):
            for n, code in enumerate(NAMES):
                rate(who, code, f"2026-09-{n + 1:02d}", 1 + n % 4)
                rate(who, code, f"2026-10-{n + 1:02d}", 3)
        yield


def elsewhere(first: int, last: int) -> None:
    """Add students of another class with two ratings on every target."""
    other = SchoolClass.objects.get(sourced_id="k3")
    made = Person.objects.bulk_create(
        Person(sourced_id=f"x{n}", given_name=f"X{n}", family_name="Elsewhere") for n in range(first, last)
    )
    Enrollment.objects.bulk_create(
        Enrollment(sourced_id=f"xe{p.sourced_id}", person=p, school_class=other, role="student") for p in made
    )
    rows = [
        {"key": f"{p.sourced_id}-{code}-{m}", "student": p.sourced_id, "target": code, "level": 2 + m,
         "observed_at": f"2026-1{m}-05"}
        for p in made for code in NAMES for m in (0, 1)
    ]  # fmt: skip
    actions.record_rows(actor=SYSTEM, rows=rows, at=NOW, book=queries.book())


def cost(browser: Client, path: str) -> tuple[int, int]:
    path = path.replace("{A.1}", str(target("A.1")))
    browser.get(path)
    with CaptureQueriesContext(connection) as asked:
        response = browser.get(path)
    assert response.status_code == 200
    return len(asked), len(response.content)


def test_the_pages_of_a_class_do_not_grow_with_the_site() -> None:
    browsers = {who: client(who) for who in {who for who, _ in PAGES.values()}}
    elsewhere(0, 10)
    small = {path: cost(browsers[who], path) for path, (who, _) in PAGES.items()}
    elsewhere(10, 110)
    large = {path: cost(browsers[who], path) for path, (who, _) in PAGES.items()}
    assert {path: asked for path, (asked, _) in large.items()} == {
        path: asked for path, (asked, _) in small.items()
    }
    for path, (_, size) in large.items():
        assert abs(size - small[path][1]) < 200, path
    over = {path: large[path][0] for path, (_, most) in PAGES.items() if large[path][0] > most}
    assert over == {}


def test_a_plan_and_work_with_titles_and_comments_cost_the_student_one_statement_more() -> None:
    browser = client("u1")
    bare, _ = cost(browser, "/student/continuum")
    version = plans.make_template(
        actor=SYSTEM, key="P", items=[(target("A.1"), 3), (target("B.1"), 3)], at=NOW
    )
    plans.assign(
        actor=SYSTEM, version=version.id, students=[Person.objects.get(sourced_id="u1").id], at=NOW,
        starts_on=date(2026, 9, 1), ends_on=date(2027, 5, 28),
    )  # fmt: skip
    for code in NAMES:
        rate("u1", code, "2026-11-20", 2, comment="Say how you know.", evidence=f"p-{code}")
    full, _ = cost(browser, "/student/continuum")
    assert b"Say how you know." in browser.get("/student/continuum").content
    assert (bare, full) == (11, 12)
