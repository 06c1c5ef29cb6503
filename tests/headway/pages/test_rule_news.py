"""P12 on pages: a rule that changes is announced before and after, explained, and said beside the level that it changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.access.models import Account
from headway.access.types import SYSTEM
from headway.proficiency import actions
from headway.proficiency.configuration import DEFAULT
from headway.proficiency.models import PolicyVersion

from ..plans.school import build, rate, student, target
from .school.reading import NOW, client_of, lead, read

pytestmark = pytest.mark.django_db
PAGES = {
    "u1": ("/student/now", "/student/continuum"), "T1": ("/teacher/classes/k1/grid", "/teacher/students/u1"),
    "p1": ("/family/children/u1",),
}  # fmt: skip


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        rate("u1", "A.1", "2026-10-01", 2)
        rate("u1", "A.1", "2026-10-08", 4)
        yield


def publish(in_force: str, **own) -> int:
    """Bring another rule for everybody into force; return its version."""
    first = DEFAULT["policy"][0]
    changed = {
        **first,
        "name": "district",
        "rule": "mean",
        "parameters": {},
        "in_force": in_force,
        "reason": "Fair to all",
        **own,
    }
    actions.import_policy(actor=SYSTEM, body={**DEFAULT, "policy": [changed]}, name="p", at=datetime.now(UTC))
    return PolicyVersion.objects.order_by("-id")[0].id


def announced(client, address: str) -> str:
    return " ".join(text for _a, text in read(client.get(address)).all("p", class_="was"))


@pytest.mark.parametrize("who", ["u1", "T1", "p1"])
def test_p12_every_page_with_levels_announces_a_change_two_weeks_before_and_after(who: str) -> None:
    version = publish("2026-10-30")
    client = client_of(who)
    for address in PAGES[who]:
        said = announced(client, address)
        assert "From 30 Oct the rule for all targets changes." in said and "See what it means" in said, (
            address
        )
        assert f"/account/rules/{version}" in read(client.get(address)).links()
    account = Account.objects.get(username=f"{who}@x")
    for day, heard in ((date(2026, 11, 13), True), (date(2026, 11, 14), False), (date(2026, 10, 15), False)):
        with time_machine.travel(datetime(day.year, day.month, day.day, 18, tzinfo=UTC), tick=False):
            client.force_login(account)
            assert ("Since 30 Oct a new rule holds" in announced(client, PAGES[who][0])) is heard


def test_p12_a_rule_that_reaches_back_is_announced_from_the_day_of_its_publication() -> None:
    publish("2026-08-20")
    client = client_of("p1")
    assert "a new rule holds" not in announced(client, PAGES["p1"][0]), (
        "at the set-up nobody knew another rule"
    )
    publish("2026-09-01", rule="highest")
    said = announced(client, PAGES["p1"][0])
    assert "Since 1 Sep a new rule holds for all targets." in said and "reaches back" in said
    with time_machine.travel(NOW + timedelta(days=15), tick=False):
        client.force_login(Account.objects.get(username="p1@x"))
        assert "a new rule holds" not in announced(client, PAGES["p1"][0])


def test_p12_what_reaches_back_is_announced_by_what_it_changed_for_people() -> None:
    publish("2026-08-20")
    publish("2026-09-20", rule="highest")
    client = client_of("p1")
    with time_machine.travel(NOW + timedelta(days=20), tick=False):
        client.force_login(Account.objects.get(username="p1@x"))
        publish("2026-09-10", rule="most-recent")
        assert "a new rule holds" not in announced(client, PAGES["p1"][0]), "a newer version still holds"
        publish("2026-09-20", rule="mean")
        said = announced(client, PAGES["p1"][0])
        assert "Since 20 Sep a new rule holds" in said and "the average of all pieces" in said


def test_p12_a_look_back_announces_nothing_and_shows_the_rule_of_its_day() -> None:
    publish("2026-10-20")
    page = read(client_of("T1").get("/teacher/students/u1", {"as_of": "2026-10-19", "target": target("A.1")}))
    assert "a new rule holds" not in page.text() and "Decaying average" in page.text()


def test_p12_a_school_hears_of_its_own_rules_only() -> None:
    publish("2026-10-30", applies={"school": "s2"}, name="cedar")
    assert "30 Oct" not in announced(client_of("u1"), "/student/now")
    said = announced(client_of("u4"), "/student/now")
    assert "From 30 Oct the rule for all targets at this school changes." in said


def test_a_new_version_that_changes_nothing_is_not_announced() -> None:
    first = DEFAULT["policy"][0]
    publish("2026-10-30", rule=first["rule"], parameters=first["parameters"])
    assert "30 Oct" not in announced(client_of("u1"), "/student/now")


def test_the_explanation_speaks_to_its_reader() -> None:
    version = publish("2026-10-30", requirement={"pieces": 3})
    address = f"/account/rules/{version}"
    page = read(client_of("u1").get(address))
    assert page.text("h1") == "From 30 Oct the rule for all targets changes" and "Fair to all" in page.text()
    assert "3 pieces of evidence" in page.text() and "2 pieces of evidence" in page.text()
    assert "Each new piece of work counts 65 %" in page.text() and "ask your teacher" in page.text()
    assert "All of your child’s work counts as before" in read(client_of("p1").get(address)).text()
    client = lead()
    assert "Every rating stays in the ledger" in read(client.get(address)).text()
    assert client.get("/account/rules/99999").status_code == 404
    client.cookies["language"] = "es"
    assert "Desde el 30" in read(client.get(address)).text("h1")


@pytest.mark.parametrize(
    ("who", "address"),
    [("T1", "/teacher/students/u1?target={}"), ("u1", "/student/continuum?target={}"), ("p1", "/family/children/u1/why/{}"),
     ("T1", "/teacher/classes/k1/grid?area=rated&c={who}-{}")],
)  # fmt: skip
def test_p12_why_says_that_the_rule_changed_a_level(who: str, address: str) -> None:
    """2, 4, 2: by the decaying average 0.35 x 3.3 + 0.65 x 2 = 2.455, not yet; by the highest 4."""
    rate("u1", "A.1", "2026-10-12", 2)
    publish("2026-10-20", rule="highest")
    page = read(client_of(who).get(address.format(target("A.1"), who=student("u1"))))
    said = "On 20 Oct the rule changed. On the same evidence the level went from Developing to Extending."
    assert "Changed by the rule" in page.text() and said in page.text()


@pytest.mark.parametrize(
    ("who", "address"),
    [("T1", "/teacher/students/u1?target={}"), ("u1", "/student/continuum?target={}"), ("p1", "/family/children/u1/why/{}"),
     ("T1", "/teacher/classes/k1/grid?area=rated&c={who}-{}")],
)  # fmt: skip
def test_p7_decision_and_engine_stand_side_by_side_with_the_pieces_since(who: str, address: str) -> None:
    rate("u1", "A.1", "2026-10-10", 4, override="decides", comment="Shown in talk")
    rate("u1", "A.1", "2026-10-12", 1)
    page = read(client_of(who).get(address.format(target("A.1"), who=student("u1"))))
    # 0.35 x 3.3 + 0.65 x 1 = 1.805 by the rule; the teacher decided 4.
    assert "Decided by a teacher" in page.text()
    assert "By the rule it would be: Emerging. Pieces since this decision: 1." in page.text()


def test_an_announcement_takes_no_statement() -> None:
    clients = {who: client_of(who) for who in PAGES}

    def counted() -> dict[str, int]:
        found = {}
        for who, addresses in PAGES.items():
            for address in addresses:
                clients[who].get(address)
                with CaptureQueriesContext(connection) as statements:
                    clients[who].get(address)
                found[address] = len(statements)
        return found

    counts = counted()
    publish("2026-10-30")
    assert counted() == counts


def test_p12_two_schools_two_rules_on_pages() -> None:
    publish("2026-10-01", rule="highest", applies={"school": "s2"}, name="cedar")
    rate("u4", "A.1", "2026-10-01", 4)
    rate("u4", "A.1", "2026-10-08", 2)
    rate("u2", "A.1", "2026-10-01", 4)
    rate("u2", "A.1", "2026-10-08", 2)
    with_rule = {
        who: read(client_of(who).get(f"/student/continuum?target={target('A.1')}")).text("section")
        for who in ("u2", "u4")
    }
    assert "Decaying average" in with_rule["u2"] and "policy “cedar”, number 1" in with_rule["u4"]
    assert "Extending" in with_rule["u4"]
