"""P11, transfer out: one page and the record, the same day; nothing held shows on the page."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.models import AuditEntry
from headway.access.types import SYSTEM
from headway.rosters import actions

from ...plans.school import build, rate, student
from ..school.reading import NOW, client_of, lead, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    rate("u1", "A.1", "2026-09-01", 3, key="a", evidence="p1")
    rate("u1", "A.1", "2026-09-15", 3, key="b", evidence="p2")
    rate("u1", "B.2", "2026-09-20", 2, key="c")
    rate("u1", "B.3", "2026-09-21", 4, key="held", held=True)
    with time_machine.travel(NOW, tick=False):
        yield


def rows(page) -> list[str]:
    return [text for _a, text in page.all("tr")][1:]


def test_p11_one_page_says_how_the_student_stands() -> None:
    client = lead()
    page = read(client.get("/district/transfer/u1"))
    assert page.text("h1") == "Anita Abeyta" and "Juniper Elementary" in page.text("main")
    first, second = rows(page)
    assert first.startswith("A.1") and "Proficient" in first and first.endswith("215 Sep")
    assert second.startswith("B.2") and "Too little" in second
    assert "B.3" not in page.text("main"), "a held rating shows nowhere"
    assert "1 Emerging · 2 Developing · 3 Proficient · 4 Extending" in page.text("main")
    page = read(client.get("/district/transfer/u1?as_of=2026-09-05"))
    assert len(rows(page)) == 1 and "5 September 2026" in page.text("main")


def test_p11_the_record_is_one_file_and_the_audit_trail_notes_it() -> None:
    client = lead()
    assert client.post("/district/transfer/u1").status_code == 422, "a receiver must be named"
    answer = client.post("/district/transfer/u1", {"to": "Mesa District", "purpose": "Transfer"})
    assert answer.status_code == 200 and answer["Content-Disposition"].startswith("attachment; ")
    assert answer["Cache-Control"] == "private, no-store"
    found = json.loads(answer.content)
    assert {row["key"] for row in found["ratings"]} == {"a", "b", "c", "held"}
    assert AuditEntry.objects.get(act="disclose").actor_name == "Dana Lead"


def test_p11_the_same_day_and_after_the_student_left() -> None:
    actions.withdraw_student(
        actor=SYSTEM, person_id=student("u1"), on=date(2026, 10, 20), reason="moved", at=NOW
    )
    client = lead()
    assert len(rows(read(client.get("/district/transfer/u1")))) == 2
    assert client.post("/district/transfer/u1", {"to": "Mesa District"}).status_code == 200
    assert "/district/transfer/u1" in read(client.get("/district/roster/people/u1")).links()


def test_p11_only_the_district_gives_it_out() -> None:
    for other in (client_of("T1"), client_of("u1"), client_of("p1")):
        assert other.post("/district/transfer/u1").status_code == 403


def test_p11_the_page_takes_as_many_statements_for_many_targets_as_for_two(
    django_assert_num_queries,
) -> None:
    client = lead()
    client.get("/district/transfer/u1")
    with CaptureQueriesContext(connection) as few:
        assert len(rows(read(client.get("/district/transfer/u1")))) == 2
    n_few = len(few)
    for n, code in enumerate(("A.2", "A.3", "A.4", "B.1", "B.4")):
        rate("u1", code, "2026-09-22", 3, key=f"more{n}")
    client.get("/district/transfer/u1")
    with django_assert_num_queries(n_few):
        assert len(rows(read(client.get("/district/transfer/u1")))) == 7
