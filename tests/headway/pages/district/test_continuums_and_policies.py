"""Continuums, policies and the ledger from the district's pages: looked at first, then in force, then taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from headway.access.actions import open_account, record_act
from headway.access.models import AuditEntry, ImportRun
from headway.access.types import SYSTEM, Viewer
from headway.frameworks import queries as continuums
from headway.interop.case import exchange
from headway.proficiency import queries as proficiency
from headway.rosters.models import Person

from ...plans.school import build, rate
from ..school.reading import NOW, lead, read

pytestmark = pytest.mark.django_db
POLICY = """
[scales.four]
step = 1
levels = [{value = 1}, {value = 2}, {value = 3}, {value = 4}]
proficient = 3
beyond = 4

[[policy]]
name = "plain"
in_force = 2026-10-01
scale = "four"
rule = "highest"
requirement = {pieces = 1}
"""


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def post(client, address: str, name: str, text: str, **more: str):
    return client.post(address, {"file": SimpleUploadedFile(name, text.encode()), **more})


def test_a_continuum_is_looked_at_then_taken_in_then_back() -> None:
    client = lead()
    text = exchange.export_framework("Math", "csv").replace("Name of A.1", "Add like fractions")
    page = read(post(client, "/district/frameworks", "math.csv", text, in_force="2026-10-20"))
    assert page.text("h1") == "Math would have version 2." and "Changed 1" in page.text()
    assert continuums.find_any("A.1")[-1].name == "Name of A.1"
    done = client.post("/district/frameworks", {"token": page.value["token"], "in_force": "2026-10-20"})
    assert done.status_code == 302 and "moved=0" in done["Location"]
    assert continuums.find_any("A.1")[-1].name == "Add like fractions"
    whole = read(client.get("/district/frameworks/Math"))
    assert (
        "Add like fractions" in whole.text() and "Version 2" in whole.text() and "Entry point" in whole.text()
    )
    run = ImportRun.objects.filter(kind="framework").order_by("-pk")[0]
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 302
    assert continuums.find_any("A.1")[-1].name == "Name of A.1"


def test_a_continuum_that_cannot_be_read() -> None:
    client, before = lead(), ImportRun.objects.count()
    for name, text in (("x.json", '{"CFDocument": 3'), ("x.csv", "a,b\n1,2\n"), ("x.csv", "PK\x03\x04")):
        answer = post(client, "/district/frameworks", name, text)
        assert answer.status_code == 422 and "Nothing was written." in read(answer).text()
    answer = post(
        client, "/district/frameworks", "x.csv", exchange.export_framework("Math", "csv"), in_force="soon"
    )
    assert answer.status_code == 422 and ImportRun.objects.count() == before


def test_export_and_publishing() -> None:
    client = lead()
    case, sheet = (client.get(f"/district/frameworks/Math?form={form}") for form in ("case", "csv"))
    assert case.json()["CFDocument"]["title"] == "Math" and b"A.1" in sheet.content
    assert case["Content-Disposition"] == 'attachment; filename="Math.json"'
    assert client.post("/district/frameworks/Math", {"public": "yes"}).status_code == 302
    assert continuums.framework_by_key("Math").public
    client.post("/district/frameworks/Math", {"public": "no"})
    assert not continuums.framework_by_key("Math").public
    assert AuditEntry.objects.filter(act="set_framework").count() == 2


def test_a_policy_shows_who_would_move_before_it_is_in_force() -> None:
    for day, level in (("2026-10-01", 3), ("2026-10-08", 1)):
        rate("u1", "A.1", day, level)
    client = lead()
    before = read(client.get("/district/policy"))
    assert "Each new piece of work counts 65 %" in before.text() and "2 pieces of evidence" in before.text()
    page = read(post(client, "/district/policy", "plain.toml", POLICY))
    assert page.text("h1") == "1 level would become Proficient, none would fall back."
    assert any("Abeyta" in text and "Not yet" in text and "Proficient" in text for _a, text in page.all("tr"))
    assert "highest" not in {v["body"].get("rule") for v in proficiency.book().versions}
    done = client.post("/district/policy", {"token": page.value["token"]})
    assert done.status_code == 302
    assert "became Proficient: 1; no longer: 0" in read(client.get(done["Location"])).text()
    assert "plain" in read(client.get("/district/policy")).text()
    run = ImportRun.objects.filter(kind="policy").order_by("-pk")[0]
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 302
    assert "highest" not in {v["body"].get("rule") for v in proficiency.book().versions}


def test_a_policy_with_faults_says_where() -> None:
    client, before = lead(), ImportRun.objects.count()
    bad = POLICY.replace('"highest"', '"guess"').replace("pieces = 1", "piece = 1")
    answer = post(client, "/district/policy", "bad.toml", bad)
    rows = [text for _a, text in read(answer).all("tr")][1:]
    assert answer.status_code == 422 and len(rows) == 2 and ImportRun.objects.count() == before
    assert any("bad.toml" in row and "guess" in row for row in rows)
    assert post(client, "/district/policy", "bad.toml", "not = = toml").status_code == 422


def test_the_ledger_is_checked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from headway.pages.district import ledger

    for n in range(5):
        rate("u1", "A.1", f"2026-10-0{n + 1}", 3)
    client = lead()
    page = read(client.get("/district/ledger"))
    assert page.text("h1") == "The ledger holds 6 events." and "Ratings" in page.text()
    monkeypatch.setattr(ledger, "PART", 4)
    first = read(client.post("/district/ledger", {"after": "0"}))
    assert "So far the chain holds." in first.text() and "Checked events 1 to 4 of 6." in first.text()
    last = read(client.post("/district/ledger", {"after": "4"}))
    assert (
        "The chain holds to its end." in last.text()
        and AuditEntry.objects.filter(act="verify_ledger").count() == 1
    )
    assert "Last checked on" in read(client.get("/district/")).text()


def test_an_altered_event_is_named(without_triggers) -> None:
    from django.db import connection

    for n in range(3):
        rate("u1", "A.1", f"2026-10-0{n + 1}", 3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE headway_payload SET body = replace(body, '300', '400') WHERE event_id = 3")
        cursor.execute("UPDATE headway_event SET at_us = at_us + 1 WHERE sequence = 4")
    page = read(lead().post("/district/ledger", {"after": "0"}))
    assert "event 3" in page.text() and "event 4" in page.text() and "The chain holds" not in page.text()


def test_the_trail_is_filtered_and_paged(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries
) -> None:
    from headway.pages.district import ledger

    monkeypatch.setattr(ledger, "SIZE", 2)
    client = lead()
    page = read(client.get("/district/ledger"))
    (older,) = [link for link in page.links() if "before=" in link]
    assert read(client.get(f"/district/ledger{older}")).all("a", class_="btn")
    assert "No act is found." in read(client.get("/district/ledger?who=nobody-here")).text()
    assert "imported policies" in read(client.get("/district/ledger?act=import_policy")).text("tbody")
    with django_assert_max_num_queries(14):
        client.get("/district/ledger?before=x&act=zz")


def test_the_trail_says_lists_and_yes_and_no_in_words() -> None:
    from django.utils import timezone

    detail = {
        "sections": ["proficient_share", ["race", "grade"]],
        "column": None,
        "withdrawn": False,
        "whole": True,
    }
    who = AuditEntry.objects.order_by("-pk").first()
    AuditEntry.objects.create(
        at=timezone.now(),
        actor_name="Nobody",
        act="save_report",
        object_kind="report",
        object_id="board",
        detail=detail,
    )
    assert who is not None
    client = lead()
    page = read(client.get("/district/ledger?act=save_report")).text("tbody")
    assert "sections: proficient_share, race, grade; column: –; withdrawn: no; whole: yes" in page
    client.cookies["language"] = "es"
    assert "withdrawn: no; whole: sí" in read(client.get("/district/ledger?act=save_report")).text("tbody")


def test_the_trail_names_who_stands_in_it_by_a_code_and_whom_it_is_about() -> None:
    at, one = NOW, Person.objects.get(sourced_id="T1")
    child = Person.objects.get(sourced_id="u1")
    for number in range(20):
        record_act(
            actor=Viewer(name="T1"),
            act="hand_in",
            kind="person",
            object_id=child.uuid,
            at=at,
            detail={"n": number},
        )
    client = lead()
    page = read(client.get("/district/ledger?act=hand_in"))
    rows = [text for _a, text in page.all("tr") if "handed in work" in text]
    assert len(rows) == 12, "on a phone each line is as tall as a card"
    assert all(f"{one.name()} T1" in text and f"person {child.name()}" in text for text in rows)
    older = next(a["href"] for a, text in page.all("a") if text == "Older")
    page = read(client.get(f"/district/ledger{older}"))
    assert len([text for _a, text in page.all("tr") if "handed in work" in text]) == 8


def test_what_families_ask_stands_at_the_head_of_the_districts_page() -> None:
    page = read(lead().get("/district/"))
    assert "What families ask: No request waits for an answer." in page.text("p")
    assert page.links().count("/school/rights") == 1


def test_the_trail_is_searched_by_who_acted_and_by_whom_it_is_about() -> None:
    child, other, teacher = (Person.objects.get(sourced_id=name) for name in ("u1", "u2", "T1"))
    account, _shown = open_account(
        actor=SYSTEM, username="t", name=teacher.name(), at=NOW, person=teacher.uuid, password=""
    )
    for one in (child, other):
        # The trail keeps the name of the day: who is called otherwise now is found all the same.
        actor = Viewer(account=account.id, name="Toni Before")
        record_act(actor=actor, act="hand_in", kind="person", object_id=one.uuid, at=NOW, detail={})
    client = lead()

    def rows(query: str) -> list[str]:
        page = read(client.get(f"/district/ledger?act=hand_in&{query}"))
        return [text for _a, text in page.all("tr") if "handed in work" in text]

    for text in (child.name().split()[0], "u1"):
        (row,) = rows(f"about={text}")
        assert child.name() in row
    assert rows("about=nobody-here") == []
    by_name = rows(f"who={teacher.name()}")
    assert len(by_name) == 2 and rows("who=T1") == rows("who=Toni") == by_name and rows("who=Sam") == []
    merged = Person.objects.get(sourced_id="u2")
    merged.merged_into = child
    merged.save()
    assert len(rows("about=u1")) == 2, (
        "what was done about whoever was joined to a person is about the person"
    )
