"""P10 on the district's page: added by hand and on the roster, side by side, joined, told apart, split."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from headway.access.models import ImportRun
from headway.access.types import SYSTEM
from headway.interop.oneroster.apply import import_roster
from headway.rosters import actions, queries
from headway.rosters.models import Person, SchoolClass

from ...interop.oneroster.small_roster import ROSTER_12, changed, folder
from ...plans.school import build, rate
from ..school.reading import NOW, client_of, lead, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def eve(tmp_path: Path) -> Person:
    """Return Eve New, whom her teacher added and rated; two days later the roster brings u9 of that name."""
    person = actions.add_provisional_student(
        actor=SYSTEM, class_id=SchoolClass.objects.get(sourced_id="k1").id, given_name="Eve", family_name="New",
        at=datetime(2026, 10, 5, 18, tzinfo=UTC), grade="05",
    )  # fmt: skip
    rate(person.sourced_id, "A.1", "2026-10-06", 3)
    users = "u9,,,true,eve,,Eve,New,,9009,,,,,05,,m9,,,,,s1,\nu1,,,true,ana,,Ana"
    roster = changed(ROSTER_12, "users.csv", "u1,,,true,ana,,Ana", users)
    roster = changed(roster, "roles.csv", "r1,,,u1", "rz,,,u9,primary,student,,,s1,\nr1,,,u1")
    plan = import_roster(folder(tmp_path / "next", roster), actor=SYSTEM, at=NOW, plan_only=True)
    assert [one.code for one in plan.warnings].count("provisional_match") == 1
    import_roster(folder(tmp_path / "next", roster), actor=SYSTEM, at=NOW)
    return person


def test_p10_proposed_joined_and_split_again(eve: Person) -> None:
    client, teacher = lead(), client_of("T1")
    page = read(client.get("/district/people"))
    assert "may be Eve New (u9) of the roster · same grade · same school" in page.text("main")
    (link,) = [one for one in page.links() if one.startswith("?person=")]
    page = read(client.get(f"/district/people{link}"))
    assert [text for _a, text in page.all("h3")] == ["Eve New", "Eve New"]
    form = {name: page.value[name] for name in ("person", "into")}
    assert form == {"person": eve.sourced_id, "into": "u9"}
    done = client.post("/district/people", {**form, "act": "merge", "why": "same child"})
    assert done["Location"] == "/district/people?saved=merged"
    assert queries.find_person(eve.sourced_id).sourced_id == "u9"
    # The teacher finds the learning under the roster's student, in the same class.
    assert teacher.get(f"/teacher/students/{eve.sourced_id}").status_code == 404
    assert teacher.get("/teacher/students/u9").status_code == 200
    page = read(client.get(done["Location"]))
    assert "Nobody is proposed." in page.text("main") and "seen under Eve New" in page.text("main")
    # A merge is taken back by its split, and by nothing else.
    run = ImportRun.objects.get(kind="merged")
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 404
    done = client.post("/district/people", {"act": "split", "person": eve.sourced_id, "why": "twins"})
    assert done["Location"] == "/district/people?saved=split"
    assert teacher.get(f"/teacher/students/{eve.sourced_id}").status_code == 200


def test_p10_two_people_are_told_apart_once(eve: Person) -> None:
    client = lead()
    form = {"act": "apart", "person": eve.sourced_id, "into": "u9"}
    assert client.post("/district/people", form)["Location"] == "/district/people?saved=apart"
    assert client.post("/district/people", form).status_code == 302
    assert "Nobody is proposed." in read(client.get("/district/people")).text("main")
    assert queries.find_person(eve.sourced_id) == eve


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"act": "merge", "person": "u1", "into": "u2", "why": "x"}, "end one of the two there first"),
        ({"act": "merge", "person": "nobody", "into": "u2", "why": "x"}, "There is no person nobody"),
        ({"act": "split", "person": "u1", "why": "x"}, "was joined to nobody"),
        ({"act": "dance"}, "Choose what to do."),
    ],
)
def test_p10_what_cannot_be_is_said(form: dict[str, str], said: str) -> None:
    answer = lead().post("/district/people", form)
    assert answer.status_code == 422 and said in read(answer).text("main")
    assert not Person.objects.exclude(merged_into=None).exists()


def test_p10_the_page_takes_as_many_statements_for_many_as_for_one(
    eve: Person, django_assert_max_num_queries
) -> None:
    client = lead()
    client.get("/district/people")
    k1 = SchoolClass.objects.get(sourced_id="k1")
    for n in range(20):
        actions.add_provisional_student(
            actor=SYSTEM, class_id=k1.id, given_name=f"Stu{n}", family_name="Many", at=NOW
        )
    Person.objects.bulk_create(
        Person(sourced_id=f"m{n}", given_name=f"Stu{n}", family_name="Many") for n in range(20)
    )
    with django_assert_max_num_queries(14):
        assert read(client.get("/district/people")).text("main").count("may be") == 21
