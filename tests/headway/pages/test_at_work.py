"""What an adult of the school may do because of the work, and not because a child of theirs goes to school here."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from headway.access import actions as access
from headway.access.types import SYSTEM
from headway.evidence.models import Rating
from headway.rosters import actions as rosters

from .student.world import BEGUN, NOW, build, client, person, rate, read, target

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        rosters.add_guardianship(
            actor=SYSTEM, student_id=person("u1").id, guardian_id=person("T2").id, at=BEGUN
        )
        yield


def test_a_teacher_reads_about_an_own_child_as_family_and_rates_and_decides_nothing() -> None:
    key = rate("u1", "A.1", "2026-11-02", 2)
    before, parent = Rating.objects.count(), client("T2")
    assert read(parent, "/family/children/u1").words
    node = target("A.1")
    for address in ("", f"/decide/{node}", "/contact", "/conference"):
        assert parent.get(f"/teacher/students/u1{address}").status_code == 404
    said = {"key": "page-parent-1", "student": "(u1)", "target": str(node), "level": "4"}
    assert parent.post("/teacher/observe", said).status_code == 422
    sent = {"rating": [key], "act": "withdraw", "reason": "mine"}
    assert parent.post("/teacher/students/u1/correct", sent).status_code == 404
    assert Rating.objects.count() == before


def test_a_teacher_s_token_rates_no_child_of_their_own() -> None:
    from headway.access.queries import account_of

    client("T2")
    owner = account_of(person("T2").uuid)
    secret = access.issue_token(actor=SYSTEM, account=owner, scopes=["ratings.write"], at=NOW, days=1)
    from django.test import Client

    row = {"key": "own-child-1", "student": "u1", "target": "A.1", "level": 4, "observed_at": "2026-11-02"}
    answer = Client().post(
        "/api/v1/ratings", {"ratings": [row]}, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )  # fmt: skip
    assert answer.status_code == 422 and not Rating.objects.filter(key="own-child-1").exists()


@pytest.mark.parametrize("address", ["/teacher/observe", "/account/language"])
def test_a_nul_character_is_dropped_from_every_form(address: str) -> None:
    said = {"key": "page-nul-0001", "student": "(u\x001)", "target": str(target("A.1")), "level": "3", "language": "e\x00n",
            "comment": "fine\x00"}  # fmt: skip
    assert client("T1").post(address, said).status_code == 302
    assert client("u1").get("/student/continuum?line=%001").status_code in (200, 404)
    assert client("p1").get("/family/children/u1%00").status_code == 400


def test_what_is_dropped_leaves_the_rest(tmp_path: Path) -> None:
    said = {
        "key": "page-nul-0002",
        "student": "(u\x001)",
        "target": str(target("A.1")),
        "level": "3",
        "comment": "fi\x00ne",
    }
    client("T1").post("/teacher/observe", said)
    assert Rating.objects.get(key="page-nul-0002").comment == "fine"


def test_a_court_keeps_a_teacher_apart_from_a_student_on_every_page_of_the_class() -> None:
    """The restriction beats the class: no page of it names the student, or shows their work, levels or what helps."""
    from headway.evidence import actions as evidence
    from headway.evidence.types import Task
    from headway.rosters import queries as roster

    teacher, own = client("T1"), person("u1")
    rate("u1", "A.1", "2026-11-02", 3)
    task = Task(key="give-court-1", title="Paint mix", words="", targets=(target("A.1"),), due_on=NOW.date(),
                school_class=roster.class_by_reference("k1").id)  # fmt: skip
    evidence.give(actor=SYSTEM, task=task, students=[own.id, person("u2").id], at=NOW)
    pages = (
        "/teacher/today", "/teacher/classes/k1/grid", "/teacher/give?class=k1", "/teacher/rate?class=k1", "/teacher/rate/waiting",
        "/teacher/rated", "/teacher/classes/k1/given", "/teacher/classes/k1/release", "/teacher/classes/k1/sheet",
        f"/teacher/rate?class=k1&target={target('A.1')}", "/teacher/classes/k1/device", "/teacher/classes/k1/capture",
    )  # fmt: skip
    assert any("Anita" in read(teacher, path).words for path in pages)
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=own.id, guardian_id=person("T1").id, reason_code="court_order", at=NOW
    )
    for path in pages:
        assert "Anita" not in read(teacher, path).words, path
    place = f"/teacher/rate?class=k1&target={target('A.1')}&student={own.id}"
    assert teacher.get(place).status_code == 404
