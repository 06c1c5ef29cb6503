"""Reports that the district puts together: saved by version, released like the ready ones, withdrawn and brought back."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from headway.access.models import AuditEntry
from headway.reports import queries as reports
from headway.reports.models import OwnReport
from headway.reports.types import Section

from ..school.reading import NOW, lead, principal, read
from .test_reports import release, school  # noqa: F401

pytestmark = pytest.mark.django_db


def put(client: Client, title: str, *picked: str, where: str = "new"):
    return client.post(
        f"/reports/{where}", {"title": title, "question": "Do we?", "pick": picked, "do": "save"}
    )


def test_what_is_put_together_is_released_with_the_next_snapshot_and_protected_alike() -> None:
    client = lead()
    answer = put(
        client, "For the board", "pace", "proficient_share:english_learner", "proficient_share:grade"
    )
    assert answer["Location"] == "/reports/for-the-board"
    assert reports.report("for-the-board").sections == (
        Section("proficient_share", ("english_learner", "grade")), Section("pace"),
    )  # fmt: skip
    assert "There is no snapshot yet." in read(client.get("/reports/for-the-board")).text()
    release()
    page = read(
        client.get("/reports/for-the-board?metric=proficient_share&by=english_learner&school=s1")
    ).text()
    assert "Do we?" in page and "withheld: fewer than 10" in page and "version 1." in page
    ready = read(client.get("/reports/groups?metric=proficient_share&by=english_learner&school=s1"))
    own = read(client.get("/reports/for-the-board?metric=proficient_share&by=english_learner&school=s1"))
    assert ready.all("tbody td") == own.all("tbody td")
    assert client.get("/reports/for-the-board/pdf").content.startswith(b"%PDF-")
    assert "For the board" in read(client.get("/reports/")).text()


def test_a_change_is_the_next_version_and_the_same_again_is_none() -> None:
    client = lead()
    put(client, "For the board", "pace")
    put(client, "For the board", "pace", where="for-the-board/edit")
    put(client, "For the board", "pace:grade", "growth", where="for-the-board/edit")
    kept = OwnReport.objects.order_by("version").values_list("version", "sections", "made_by")
    assert list(kept) == [
        (1, [["pace", []]], "Dana Lead"),
        (2, [["pace", ["grade"]], ["growth", []]], "Dana Lead"),
    ]
    said = (
        AuditEntry.objects.filter(act="save_report")
        .order_by("pk")
        .values_list("object_id", "detail__version")
    )
    assert list(said) == [("for-the-board", 1), ("for-the-board", 2)]
    page = client.get("/reports/for-the-board/edit").content.decode()
    assert set(re.findall(r'name="pick" value="([^"]+)" checked', page)) == {"pace", "pace:grade", "growth"}


def test_withdrawn_it_is_gone_for_everybody_and_undone_it_is_back_as_it_was() -> None:
    client = lead()
    put(client, "For the board", "pace")
    release()
    gone = client.post("/reports/for-the-board/edit", {"do": "withdraw"}, follow=True)
    assert "“For the board” was withdrawn." in read(gone).text()
    assert client.get("/reports/for-the-board").status_code == 404
    assert put(client, "Other", "pace", where="for-the-board/edit").status_code == 422
    client.post("/reports/for-the-board/edit", {"do": "restore"})
    assert "Behind" in read(client.get("/reports/for-the-board")).text()
    assert OwnReport.objects.count() == 3


@pytest.mark.parametrize(
    ("title", "picked", "said"),
    [
        ("", ["pace"], "A report needs a name."),
        ("x" * 81, ["pace"], "A name has at most 80 characters"),
        ("Board", [], "Choose at least one measure."),
        ("Board", ["gossip"], "There is no measure gossip."),
        ("Board", ["pace:framework"], "pace is not told apart by framework."),
        ("Board", ["explained_level:race"], "explained_level is not told apart by race."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_what_was_typed_stays(
    title: str, picked: list[str], said: str
) -> None:
    answer = put(lead(), title, *picked)
    assert answer.status_code == 422 and said in read(answer).text()
    assert f'value="{title}"' in answer.content.decode()
    assert not OwnReport.objects.exists()


def test_names_that_are_taken_are_not_given_twice() -> None:
    client = lead()
    found = [put(client, title, "pace")["Location"] for title in ("Pace", "pace!", "Standing", "New", "¿?")]
    assert found == [
        "/reports/pace-2",
        "/reports/pace-3",
        "/reports/standing-2",
        "/reports/new-2",
        "/reports/report",
    ]


def test_a_principal_reads_it_and_puts_none_together() -> None:
    put(lead(), "For the board", "pace")
    release()
    client = principal("s1")
    assert client.get("/reports/new").status_code == 403
    assert client.get("/reports/for-the-board/edit").status_code in (403, 404)
    text = read(client.get("/reports/for-the-board")).text()
    assert "Put together by Dana Lead" in text and "Change it" not in text
    assert NOW.year == OwnReport.objects.get().made_at.year
