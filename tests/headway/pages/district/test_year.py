"""P9 on the district's page: the plan by name, a yes to that very plan, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from headway.access.models import ImportRun
from headway.rosters.models import Person, SchoolClass

from ...plans.school import build, rate
from ..school.reading import client_of, lead, read

pytestmark = pytest.mark.django_db
SUMMER = datetime(2027, 7, 1, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(SUMMER, tick=False):
        yield


def test_p9_the_plan_then_the_new_year_then_back() -> None:
    client = lead()
    page = read(client.get("/district/year"))
    assert page.text("h1") == "2027-2028 after 2026-2027"
    said = page.text("main")
    assert "3 students move a grade up." in said and "Abeyta, Anita (u1): 05 → 06" in said
    assert "1 student of the last grade leaves; the record stays." in said
    assert not ImportRun.objects.filter(kind="year-roll").exists()
    done = client.post("/district/year", page.value)
    (run,) = ImportRun.objects.filter(kind="year-roll")
    assert (done.status_code, done["Location"]) == (302, f"/district/year?done={run.pk}")
    page = read(client.get(done["Location"]))
    assert page.text("h1") == "The new school year has begun."
    assert "3 classes, 3 students a grade up, 1 leave. Dana Lead" in page.text("main")
    assert f"/district/imports/{run.pk}/undo" in page.links()
    # Sent once more, it does nothing more.
    assert client.post("/district/year", {"seen": "x"}).status_code == 422
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 302
    assert not SchoolClass.objects.filter(sourced_id__startswith="roll:").exists()


def test_p9_what_is_chosen_is_planned_and_begun() -> None:
    client = lead()
    page = read(client.get("/district/year?retain=u2,+u3&starts=2027-08-16&students=no"))
    assert "2 students stay in their grade." in page.text("main")
    assert client.post("/district/year", page.value).status_code == 302
    assert Person.objects.get(sourced_id="u2").grade == "05"
    assert str(SchoolClass.objects.get(sourced_id="roll:2028:k1").terms.earliest("starts_on").starts_on) == (
        "2027-08-16"
    )


def test_p9_a_plan_that_is_no_longer_the_plan_is_shown_again() -> None:
    client = lead()
    page = read(client.get("/district/year"))
    Person.objects.filter(sourced_id="u2").update(grade="06")
    answer = client.post("/district/year", page.value)
    assert answer.status_code == 422 and not ImportRun.objects.filter(kind="year-roll").exists()
    page = read(answer)
    assert "The roster changed since you looked." in page.text("main")
    assert "2 students of the last grade leave; their records stay." in page.text("main")


def test_p9_before_the_last_day_and_with_wrong_choices_nothing_can_begin() -> None:
    client = lead()
    for query in ("?starts=yesterday", "?retain=nobody", "?last_grade=6", "?ends=2027-01-01"):
        answer = client.get(f"/district/year{query}")
        assert answer.status_code == 422 and not read(answer).all("button", class_="btn first"), query
    with time_machine.travel(datetime(2027, 5, 1, 18, tzinfo=UTC), tick=False):
        answer = client.get("/district/year")
        assert answer.status_code == 200
        assert "ends on 1 Jun 2027" in read(answer).text("main")


def test_p9_last_years_class_reads_as_over_and_is_not_rated_in() -> None:
    rate("u1", "A.1", "2026-10-01", 3)
    client = lead()
    client.post("/district/year", read(client.get("/district/year")).value)
    page = read(client.get("/teacher/classes/k1/grid"))
    assert "This class is over." in page.text("main") and "Rate something" not in page.text("main")
    assert client.get("/teacher/rate?class=k1&target=1").status_code == 404
    assert "Anita" in read(client.get("/teacher/classes/k1/grid?as_of=2027-05-03")).text("main")
    # The teacher opens the new class and no longer the old one.
    teacher = client_of("T1")
    assert teacher.get("/teacher/classes/roll:2028:k1/grid").status_code == 200
    assert teacher.get("/teacher/classes/k1/grid").status_code == 404


def test_p9_the_page_speaks_spanish() -> None:
    client = lead()
    client.post("/account/language", {"language": "es", "next": "/"})
    said = read(client.get("/district/year")).text("main")
    assert "3 estudiantes suben un grado." in said


def test_p9_the_page_takes_as_many_statements_for_many_students_as_for_few(
    django_assert_max_num_queries,
) -> None:
    client = lead()
    Person.objects.bulk_create(
        Person(sourced_id=f"x{n}", given_name="Stu", family_name=f"Many{n}", grade="05") for n in range(100)
    )
    client.get("/district/year")
    with django_assert_max_num_queries(30):
        assert client.get("/district/year").status_code == 200
