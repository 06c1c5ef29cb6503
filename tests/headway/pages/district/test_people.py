"""P10 on the page of a person: left on a day, came back on a day, each with its reason and its way back."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from headway.access.models import ImportRun
from headway.rosters.models import Person

from ...plans.school import build
from ..school.reading import NOW, client_of, lead, read

pytestmark = pytest.mark.django_db
PAGE = "/district/roster/people/u1"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def test_p10_left_and_back_with_reasons_and_a_way_back() -> None:
    client, teacher = lead(), client_of("T1")
    assert teacher.get("/teacher/students/u1").status_code == 200
    answer = client.post(PAGE, {"act": "left", "on": "2026-10-19", "why": "moved away"})
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?saved=left")
    page = read(client.get(answer["Location"]))
    assert "the history stays." in page.text("main")
    assert "Oct. 19, 2026: moved away" in page.text("main") and "No role today." in page.text("main")
    assert "/teacher/students/u1" in page.links()
    assert teacher.get("/teacher/students/u1").status_code == 404
    answer = client.post(PAGE, {"act": "returned", "on": "2026-10-20", "why": "moved back"})
    assert answer["Location"] == f"{PAGE}?saved=returned"
    assert teacher.get("/teacher/students/u1").status_code == 200
    run = ImportRun.objects.get(kind="returned")
    page = read(client.get(PAGE))
    assert f"/district/imports/{run.pk}/undo" in page.links()
    # Among the imports of the district's first page, comings and goings of single people do not stand.
    assert f"/district/imports/{run.pk}/undo" not in read(client.get("/district/")).links()
    assert client.post(f"/district/imports/{run.pk}/undo").status_code == 302
    assert "taken back" in read(client.get(PAGE)).text("main")
    assert teacher.get("/teacher/students/u1").status_code == 404


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"act": "left", "on": "2026-10-21", "why": "x"}, "The day lies ahead"),
        ({"act": "left", "on": "", "why": "x"}, "Say on which day."),
        ({"act": "left", "on": "soon", "why": "x"}, "Write the day as in 2026-11-12."),
        ({"act": "left", "on": "2026-10-19", "why": ""}, "Say why"),
        ({"act": "returned", "on": "2026-10-19", "why": "x"}, "is here on 19 Oct 2026"),
    ],
)
def test_p10_what_cannot_be_is_said_and_not_saved(form: dict[str, str], said: str) -> None:
    client = lead()
    answer = client.post(PAGE, form)
    assert answer.status_code == 422 and said in read(answer).text("main")
    assert Person.objects.get(sourced_id="u1").active
    assert not ImportRun.objects.filter(kind__in=("left", "returned")).exists()


def test_p10_an_adult_has_no_such_act() -> None:
    assert "Leaving and coming back" not in read(lead().get("/district/roster/people/T1")).text("main")
