"""P16 on the district's page: counts before a yes, kinds without names, the way back; nobody else sees any."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from headway.access.models import ImportRun
from headway.pages.district import staging
from headway.rosters.models import SchoolEvent

from ...plans.school import build
from ..school.reading import NOW, client_of, lead, principal, read

pytestmark = pytest.mark.django_db
HEAD = "student,kind,at,outcome,sensitivity\n"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    for path in staging.folder().iterdir():
        path.unlink()
    with time_machine.travel(NOW, tick=False):
        yield


def handed_in(client, text: str, name: str = "october.csv"):
    return client.post("/district/events", {"file": SimpleUploadedFile(name, text.encode())})


def test_p16_counts_then_a_yes_then_back() -> None:
    client = lead()
    page = read(
        handed_in(client, HEAD + "u1,attendance,2026-10-05,absent,ordinary\nu2,discipline,2026-10-06,,\n")
    )
    assert page.text("h1") == "This is what the file would bring." and not SchoolEvent.objects.exists()
    assert page.text("dl").startswith("Rows2New2Known before0Sensitive1")
    done = client.post("/district/events", {"token": page.value["token"]})
    run = ImportRun.objects.get(kind="events")
    assert done["Location"] == f"/district/events?done={run.pk}" and not list(staging.folder().iterdir())
    page = read(client.get(done["Location"]))
    assert "attendance" in page.text("table") and "Abeyta" not in page.text("main")
    assert "2 school events, 0 known before. Dana Lead" in page.text("main")
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 302
    assert not SchoolEvent.objects.exists()


def test_p16_faults_stand_in_a_table_under_the_files_own_name() -> None:
    client = lead()
    answer = handed_in(client, HEAD + "zz,attendance,2026-10-05,,\n")
    assert answer.status_code == 422
    (row,) = [text for _a, text in read(answer).all("tr") if "october.csv" in text]
    assert row == "october.csv2studentzzNobody of the roster has this identifier."
    answer = handed_in(client, "student,what\nu1,x\n")
    assert answer.status_code == 422 and "october.csv" in read(answer).text("table")
    assert not list(staging.folder().iterdir())


def test_p16_nobody_but_the_district_reads_any() -> None:
    client = lead()
    page = read(handed_in(client, HEAD + "u1,referral,2026-10-05,counselor,\n"))
    client.post("/district/events", {"token": page.value["token"]})
    for other in (principal("s1", "T2"), client_of("T1"), client_of("u1"), client_of("p1")):
        assert other.get("/district/events").status_code == 403
        for address in ("/teacher/students/u1", "/family/children/u1", "/school/week", "/student/now"):
            assert b"counselor" not in other.get(address).content
