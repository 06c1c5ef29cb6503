"""The list of disclosures: one entry for each student and export, written before anything leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.queries import account_of
from headway.access.types import SYSTEM
from headway.interop.oneroster.results import export_results
from headway.interop.v1.record import hand_out
from headway.project.commands import exports
from headway.rights import actions, queries
from headway.rights.models import Disclosure
from headway.rosters.models import Person

from ..pages.school.reading import lead
from ..pages.student.world import NOW, build, person, rate
from ..profiles.people import browser, refusal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    rate("u1", "A.1", "2026-10-01", 2)
    rate("u2", "A.1", "2026-10-01", 3)
    rate("u2", "A.2", "2026-10-01", 3)
    with time_machine.travel(NOW, tick=False):
        yield


def left(who: str) -> list[tuple[str, str, str]]:
    return [(one.what, one.to_whom, one.purpose) for one in queries.disclosures_of(student=person(who).id)]


def determinations(out: Path | None = None) -> str:
    return exports.export_determinations(
        as_of=None, known_at=None, student=None, form="csv", out=out, to_whom="State", purpose="Report"
    )


def test_rights_each_way_out_enters_each_student_once() -> None:
    determinations()
    assert left("u1") == left("u2") == [("determinations", "State", "Report")]
    export_results(actor=SYSTEM, term="t1", to_whom="SIS", purpose="Term", now=NOW)
    assert left("u2") == [("results", "SIS", "Term"), ("determinations", "State", "Report")]
    hand_out(actor=SYSTEM, student="u1", to_whom="Mesa", purpose="Transfer", now=NOW)
    assert left("u1")[0] == ("record", "Mesa", "Transfer") and len(left("u2")) == 2
    lead().post("/district/transfer/u2", {"to": "Pueblo", "purpose": "Move"})
    assert left("u2")[0] == ("record", "Pueblo", "Move") and len(left("u1")) == 3
    assert left("u4") == [], "of whom nothing left has no entry"


def test_rights_a_token_enters_a_student_once_a_day_and_not_for_the_own_family() -> None:
    for who, listed in (("p1", 0), ("u1", 0), ("T1", 1)):
        client = browser(who)
        account = account_of(person(who).uuid)
        assert account is not None
        token = access.issue_token(actor=SYSTEM, account=account, scopes=["ratings.read"], at=NOW)
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        for address in (
            "determinations?student=u1",
            "explain?student=u1&target=A.1",
            "determinations?student=u1",
        ):
            assert client.get(f"/api/v1/{address}").status_code == 200
        assert len(left("u1")) == listed, who
    assert left("u1") == [("levels", "Maria Lopez", "read with a token")] and left("u2") == []


def test_rights_where_the_list_cannot_be_written_nothing_leaves(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER read_only BEFORE INSERT ON headway_disclosure BEGIN SELECT RAISE(ABORT, 'read-only'); END"
        )
    out = tmp_path / "d.csv"
    assert refusal(determinations, out) == "not_listed" and not out.exists()
    assert (
        refusal(exports.export_results, "t1", tmp_path / "r.zip") == "not_listed"
        and not (tmp_path / "r.zip").exists()
    )
    assert refusal(exports.export_record, "u1") == "not_listed"
    answer = lead().post("/district/transfer/u1", {"to": "Mesa"})
    assert (
        answer.status_code == 422
        and b"attachment" not in answer.headers.get("Content-Disposition", "").encode()
    )
    client = browser("T1")
    account = account_of(person("T1").uuid)
    assert account is not None
    token = access.issue_token(actor=SYSTEM, account=account, scopes=["ratings.read"], at=NOW)
    answer = client.get("/api/v1/determinations?student=u1", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_listed")
    assert not Disclosure.objects.exists()


def test_rights_an_export_of_many_enters_them_in_bulk() -> None:
    people = [
        Person.objects.create(sourced_id=f"m{n}", given_name="M", family_name=str(n)).id for n in range(300)
    ]

    def cost(students: list[int]) -> int:
        with CaptureQueriesContext(connection) as asked:
            actions.disclose(
                actor=SYSTEM, students=students, what="results", to_whom="SIS", purpose="", at=NOW
            )
        return len(asked)

    few, many = cost(people[:3]), cost(people)
    assert many - few <= 3, "one statement for a hundred students or more"
    assert Disclosure.objects.count() == 303


def test_rights_family_and_district_read_the_list() -> None:
    hand_out(actor=SYSTEM, student="u1", to_whom="Mesa District", purpose="Transfer", now=NOW)
    for client, address in ((browser("p1"), "/family/children/u1/rights"), (browser("u1"), "/student/rights"),
                            (lead(), "/district/transfer/u1")):  # fmt: skip
        assert "to Mesa District" in client.get(address).content.decode(), address
