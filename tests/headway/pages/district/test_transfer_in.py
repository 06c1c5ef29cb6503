"""P11, transfer in: a file kept and proposed start levels, purpose transfer, confirmed by a person; nothing before the yes."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from headway.evidence.models import Event, Piece, Rating
from headway.pages.district import staging
from headway.proficiency import queries as standings
from headway.project.commands.people import erase
from headway.science.codes import Purpose

from ...plans.school import build, student, target
from ..school.reading import NOW, client_of, lead, read

pytestmark = pytest.mark.django_db
PAGE = "/district/transfer-in/u1"


@pytest.fixture(autouse=True)
def school(tmp_path: Path):
    build(tmp_path)
    for path in staging.folder().iterdir():
        path.unlink()
    with time_machine.travel(NOW, tick=False):
        yield


def look(client, levels: str = "A.1 3\nMath:B.2, 2\n", **fields: str):
    file = SimpleUploadedFile("record.txt", b"Cedar District: fractions proficient")
    return client.post(
        PAGE, {"file": file, "school": "Cedar District", "on": "2026-10-01", "levels": levels, **fields}
    )


def test_p11_nothing_is_a_rating_before_the_yes_and_transfer_after_it() -> None:
    client, events = lead(), Event.objects.count()
    page = read(look(client))
    assert page.text("h1") == "These levels would stand as a start." and page.text("dl") == "A.13Math:B.22"
    assert (Event.objects.count(), Rating.objects.count(), Piece.objects.count()) == (events, 0, 0)
    done = client.post(PAGE, page.value)
    assert (done.status_code, done["Location"]) == (302, "/teacher/students/u1")
    rows = Rating.objects.order_by("key").values_list("target", "level", "purpose", "comment")
    assert set(rows) == {
        (target("A.1"), 300, Purpose.TRANSFER.value, "From the record of Cedar District"),
        (target("B.2"), 200, Purpose.TRANSFER.value, "From the record of Cedar District"),
    }
    piece = Piece.objects.get()
    assert (piece.title, piece.student_id, piece.file_name) == (
        "Record of Cedar District",
        student("u1"),
        "record.txt",
    )
    assert not list(staging.folder().iterdir())
    found = standings.standings(standings.moment(now=NOW), students=[student("u1")])
    assert not [one for one in found.values() if one.n_counted], "it counts towards no level"


def test_p11_the_same_file_and_levels_twice_write_once() -> None:
    client = lead()
    for _ in range(2):
        assert client.post(PAGE, read(look(client)).value).status_code == 302
    assert (Rating.objects.count(), Piece.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    ("levels", "fields", "said"),
    [
        ("A.1 9", {}, "Line 1"),
        ("A.1 3\nnothing 2", {}, "Line 2"),
        ("A.1", {}, "Write a target and a level on each line"),
        ("", {}, "Write a target and a level on each line"),
        ("A.1 3", {"school": " "}, "Say which school or district"),
        ("A.1 3", {"on": "2027-10-01"}, "Line 1"),
    ],
)
def test_p11_faults_are_named_and_nothing_is_kept(levels: str, fields: dict[str, str], said: str) -> None:
    answer = look(lead(), levels, **fields)
    assert answer.status_code == 422 and said in read(answer).text("main")
    assert not Rating.objects.exists() and not list(staging.folder().iterdir())


def test_p11_only_the_district_and_erasure_removes_all_of_it() -> None:
    client = lead()
    assert look(client_of("T1")).status_code == 403
    client.post(PAGE, read(look(client)).value)
    assert erase("u1", "asked for")["files"] == 1
    assert not Rating.objects.exists() and not Piece.objects.exists()
