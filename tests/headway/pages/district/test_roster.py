"""The roster from the district's page: search, a file looked at before it is taken in, taking back, people and classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headway.access.models import Account, AuditEntry, ImportRun
from headway.pages.district import staging
from headway.rosters.models import Enrollment, Person, Restriction, SchoolClass

from ...interop.oneroster.small_roster import ENROLLMENTS, ROSTER_12, changed, zipped
from ...plans.school import build, rate
from ..school.reading import NOW, client_of, lead, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    for path in staging.folder().iterdir():
        path.unlink()
    with time_machine.travel(NOW, tick=False):
        yield


def handed_in(client: Client, tmp_path: Path, roster: dict[str, str], name: str = "new.zip"):
    body = zipped(tmp_path / name, roster).read_bytes()
    return client.post("/district/roster", {"file": SimpleUploadedFile(name, body)})


def with_one_more() -> dict[str, str]:
    roster = changed(
        ROSTER_12,
        "users.csv",
        "u1,,,true,ana,,Ana",
        "u9,,,true,eve,,Eve,New,,9009,,,,,05,,m9,,,,,s1,\nu1,,,true,ana,,Ana",
    )
    return changed(roster, "roles.csv", "r1,,,u1", "rz,,,u9,primary,student,,,s1,\nr1,,,u1")


def test_plan_then_apply_then_take_back(tmp_path: Path) -> None:
    client, before = lead(), ImportRun.objects.count()
    page = read(handed_in(client, tmp_path, with_one_more()))
    assert page.text("h1") == "This is what the roster would do." and ImportRun.objects.count() == before
    assert not Person.objects.filter(sourced_id="u9").exists()
    (people,) = [text for _a, text in page.all("tr") if text.startswith("People")]
    assert people == "People10008"
    done = client.post("/district/roster", {"token": page.value["token"]})
    run = ImportRun.objects.order_by("-pk")[0]
    assert run.name == "new.zip", "an import is called as the file was handed in"
    assert done.status_code == 302 and done["Location"] == f"/district/roster?done={run.pk}"
    assert Person.objects.filter(sourced_id="u9").exists() and not list(staging.folder().iterdir())
    assert AuditEntry.objects.filter(act="import_roster", actor_name="Dana Lead").exists()
    assert f"/district/imports/{run.pk}/undo" in read(client.get(done["Location"])).links()
    # The token is spent with its file.
    assert client.post("/district/roster", {"token": page.value["token"]}).status_code == 409
    asked = read(client.get(f"/district/imports/{run.pk}/undo"))
    assert "Take “" in asked.text("h1") and Person.objects.filter(sourced_id="u9").exists()
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 302
    assert not Person.objects.filter(sourced_id="u9").exists()
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 409


def test_a_plan_names_whom_it_touches_before_the_yes(tmp_path: Path) -> None:
    roster = changed(with_one_more(), "users.csv", "p1,05,,m2", ",05,,m2")
    roster = changed(roster, "users.csv", "cy,,Cy,", "cy,,Cyrus,")
    roster = changed(roster, "enrollments.csv", "e8,,,k2,s1,u1,student,false,,\n", "")
    page = read(handed_in(lead(), tmp_path, roster))
    said = page.text()
    for words in (
        "Family links · Ended: 1", "Pat Abeyta (p1) – Ben Ortiz (u2)", "People · Changed: 1", "Cyrus O'Neil (u3)",
        "People · New: 1", "Eve New (u9)", "Enrollments · Ended: 1", "Anita Abeyta (u1), Reading 5 Lopez",
        "Roles · New: 1", "Eve New (u9), Juniper Elementary, student",
    ):  # fmt: skip
        assert words in said, words


def test_a_bad_roster_shows_every_fault_and_writes_nothing(tmp_path: Path) -> None:
    client, before = (
        lead(),
        (ImportRun.objects.count(), AuditEntry.objects.filter(act="import_roster").count()),
    )
    good = "e1,,,k1,s1,u1,student,false,2026-08-10,"
    bad = changed(
        ROSTER_12, "enrollments.csv", good, good.replace("u1", "u77").replace("2026-08-10", "31.2.2026")
    )
    answer = handed_in(client, tmp_path, bad)
    page = read(answer)
    assert answer.status_code == 422 and page.text("h1") == "This roster cannot be taken in."
    rows = [text for _a, text in page.all("tr")][1:]
    assert any(
        "enrollments.csv" in row and "2" in row and "beginDate" in row and "31.2.2026" in row for row in rows
    ), rows
    assert (ImportRun.objects.count(), AuditEntry.objects.filter(act="import_roster").count()) == before
    assert not list(staging.folder().iterdir()) and "token" not in page.value


def test_what_is_no_zip_and_what_is_no_file(tmp_path: Path) -> None:
    client = lead()
    assert (
        client.post("/district/roster", {"file": SimpleUploadedFile("x.zip", b"nonsense")}).status_code == 422
    )
    said = client.post("/district/roster", {"file": SimpleUploadedFile("my roster.zip", b"nonsense")})
    # The file is named as it was handed in, not as it is kept while it waits.
    assert "my roster.zip" in said.content.decode() and "roster-" not in read(said).text()
    assert client.post("/district/roster", {}).status_code == 422
    assert client.post("/district/roster", {"file": SimpleUploadedFile("x.zip", b"")}).status_code == 422


def test_many_removals_ask(tmp_path: Path) -> None:
    client = lead()
    short = {**ROSTER_12, "enrollments.csv": "\n".join(ENROLLMENTS.splitlines()[:3]) + "\n"}
    page = read(handed_in(client, tmp_path, short))
    assert "of the people or enrollments would end." in page.text() and page.all("input", name="removals")
    refused = client.post("/district/roster", {"token": page.value["token"]})
    assert refused.status_code == 409 and read(refused).value["token"]
    assert (
        client.post("/district/roster", {"token": page.value["token"], "removals": "yes"}).status_code == 302
    )


def test_a_token_is_for_its_own_account_and_kind(tmp_path: Path) -> None:
    client = lead()
    token = read(handed_in(client, tmp_path, with_one_more())).value["token"]
    other = Account.objects.create(username="other", is_administrator=True, created_at=NOW)
    stranger = Client()
    stranger.force_login(other)
    assert stranger.post("/district/roster", {"token": token}).status_code == 409
    assert client.post("/district/policy", {"token": token}).status_code == 409
    assert client.post("/district/roster", {"token": token + "x"}).status_code == 409
    # A file that was changed on the disk is not taken in.
    (path,) = staging.folder().iterdir()
    path.write_bytes(path.read_bytes() + b"x")
    assert client.post("/district/roster", {"token": token}).status_code == 409


def test_taking_back_is_refused_by_name_once_work_depends_on_it() -> None:
    rate("u1", "A.1", "2026-10-01", 3)
    run = ImportRun.objects.filter(kind="roster").first()
    answer = lead().post(f"/district/imports/{run.pk}/undo")
    page = read(answer)
    assert answer.status_code == 409 and "Later work depends on it; nothing was changed." in page.text()
    assert len(page.all("li")) > 5


def test_search(django_assert_max_num_queries) -> None:
    client = lead()
    assert read(client.get("/district/roster")).text("h1") == "8 people on the roster."
    for query, found in (("q=abe", 2), ("q=u1", 1), ("q=Ana+Ab", 1), ("role=teacher", 2), ("role=family", 2), ("school=s2", 2),
                         ("role=principal", 1), ("q=nobody", 0)):  # fmt: skip
        page = read(client.get(f"/district/roster?{query}"))
        assert page.text("h1") == (f"{found} person found." if found == 1 else f"{found} people found."), (
            query
        )
    for sort in ("id", "grade", "name", "x"):
        assert client.get(f"/district/roster?sort={sort}&page=0").status_code == 200
    with django_assert_max_num_queries(12):
        client.get("/district/roster?q=a")


def test_an_invitation_shows_its_password_once() -> None:
    client = lead()
    first = read(client.post("/district/roster/people/u1", {"act": "invite"}))
    ((_a, password),) = first.all("code", class_="pass")
    assert re.fullmatch(r"\w{4}(-\w{4}){3}", password) and Client().login(username="ana", password=password)
    assert password not in client.get("/district/roster/people/u1").content.decode()
    again = read(client.post("/district/roster/people/u1", {"act": "invite"}))
    assert password not in again.text() and not Client().login(username="ana", password=password)
    assert AuditEntry.objects.filter(act="open_account", actor_name="Dana Lead").exists()


def test_a_restriction_is_recorded_and_lifted() -> None:
    client = lead()
    address = "/district/roster/people/u1"
    assert (
        client.post(address, {"act": "restrict", "adult": "nobody", "reason": "court_order"}).status_code
        == 422
    )
    assert client.post(address, {"act": "restrict", "adult": "p1", "reason": "none"}).status_code == 422
    late = {"act": "restrict", "adult": "p1", "reason": "court_order", "through": "2026-10-01"}
    assert client.post(address, late).status_code == 422 and not Restriction.objects.exists()
    assert (
        client.post(address, {"act": "restrict", "adult": "p1", "reason": "court_order"}).status_code == 302
    )
    kept = Restriction.objects.get()
    assert "Pat Abeyta is kept from Anita Abeyta" in read(client.get(address)).text()
    # Another student's page cannot lift it.
    assert (
        client.post("/district/roster/people/u2", {"act": "lift", "restriction": kept.pk}).status_code == 422
    )
    assert client.post(address, {"act": "lift", "restriction": kept.pk}).status_code == 302
    kept.refresh_from_db()
    assert kept.ends_on is not None


def test_a_class_chooses_its_continuums_and_a_substitute() -> None:
    client = client_of("T1")
    said = {"act": "set", "framework": ["Math", "Invented"], "level": ["3", "77"]}
    assert client.post("/district/classes/k1", said).status_code == 302
    k1 = SchoolClass.objects.get(sourced_id="k1")
    assert (k1.frameworks, k1.levels) == (["Math"], ["3"])
    wrong = {"act": "substitute", "person": "T2", "from": "2026-10-21", "through": "2026-10-20"}
    assert client.post("/district/classes/k1", wrong).status_code == 422
    assert client.post("/district/classes/k1", {**wrong, "through": "2026-10-21"}).status_code == 302
    assert Enrollment.objects.get(role="substitute").ends_on.isoformat() == "2026-10-22"
    assert "Sam Reed" in read(client.get("/district/classes/k1")).text()
    assert "Math" in read(lead().get("/district/classes?school=s1")).text()


def test_the_first_page_names_what_the_records_lack() -> None:
    page = read(lead().get("/district/"))
    assert page.text("h1") == "3 things in the records need a hand."
    # Cy left the class on 15 October, and the role at the school goes on.
    assert "1 student is in no class" in page.text() and "/district/roster/people/u3" in page.links()
    assert "3 classes have no continuum" in page.text() and "8 targets have no descriptors" in page.text()
    assert "Roster" in page.text() and page.all("a", href="/district/ledger")
