"""Photos of the work of many (P13): a task or target once, a photo for each student, each a piece that waits to be rated."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headway.access.types import SYSTEM, Role, Viewer
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Event, Opportunity, Piece
from headway.evidence.types import Task, Work
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.rosters import actions as rosters
from headway.rosters import queries as roster

from ..student.world import NOW, Page, client, jpeg, person, png, read, target

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]
HERE = "/teacher/classes/k1/capture"


def give(**said: Any) -> Any:
    task = Task(
        key="give-capture",
        title="Map",
        targets=(target("A.1"),),
        school_class=roster.class_by_reference("k1").id,
        **said,
    )
    wanted = [person(name).id for name in ("u1", "u2")]
    return evidence.give(actor=SYSTEM, task=task, students=wanted, at=now())


def uuids_of(nodes: list[int]) -> Any:
    return frameworks.node_uuids(node_ids=nodes)


def send(browser: Client, what: str, photos: dict[str, bytes], key: str = "capture-0001") -> Page:
    files = {
        f"photo-{person(name).id}": SimpleUploadedFile("p.jpg", data, "image/jpeg")
        for name, data in photos.items()
    }
    answer = browser.post(HERE, {"key": key, "what": what, **files}, follow=True)
    assert answer.status_code == 200
    return Page(answer)


def test_p13_photos_for_a_task_become_each_student_s_piece_and_wait_to_be_rated() -> None:
    offer = give()
    browser = client("T1")
    what = f"task:{offer.uuid}"
    page = read(browser, f"{HERE}?what={what}")
    assert len(page.all("input", type="file", capture="environment")) == 2
    said = send(browser, what, {"u1": jpeg(), "u2": png()})
    assert "Taken in for 2 students: Anita Abeyta, Ben" in said.words
    pieces = Piece.objects.order_by("student__sourced_id")
    assert [(one.student.sourced_id, one.title, one.handed_in_by) for one in pieces] == [
        ("u1", "Map", person("T1").uuid),
        ("u2", "Map", person("T1").uuid),
    ]
    assert set(Opportunity.objects.values_list("state", flat=True)) == {"taken"}
    assert set(Event.objects.filter(kind="handed_in").values_list("subject", flat=True)) == {
        person("u1").uuid,
        person("u2").uuid,
    }
    assert (
        len(ledger.waiting([person("u1").id, person("u2").id])) == 2
        and ledger.loop_breaks(target_uuids=uuids_of) == []
    )
    assert "Handed in" in said.words and not said.all("input", type="file")
    assert "Map" in read(browser, "/teacher/today").words


def test_p13_the_same_form_twice_takes_in_once_and_another_photo_for_the_same_task_is_refused() -> None:
    offer = give()
    browser = client("T1")
    for _ in range(2):
        send(browser, f"task:{offer.uuid}", {"u1": jpeg()})
    assert [(one.attempt, one.student.sourced_id) for one in Piece.objects.all()] == [(1, "u1")]
    said = send(browser, f"task:{offer.uuid}", {"u1": png(), "u2": png()})
    assert "handed it in already; nothing was taken in" in said.words and Piece.objects.count() == 1
    for _ in range(2):
        send(browser, f"target:{target('A.2')}", {"u1": jpeg()}, key="capture-0002")
    send(browser, f"target:{target('A.2')}", {"u1": jpeg()}, key="capture-0003")
    assert Piece.objects.filter(targets=target("A.2")).count() == 2


def test_p13_a_photo_that_cannot_be_read_is_named_and_the_others_are_taken_in() -> None:
    what = f"target:{target('A.1')}"
    said = send(client("T1"), what, {"u1": b"\xff\xd8\xff\xe0", "u2": png()})
    assert (
        "Anita Abeyta: This picture is damaged" in said.words and "Taken in for 1 student: Ben" in said.words
    )
    assert [one.student.sourced_id for one in Piece.objects.all()] == ["u2"]


def test_p13_only_students_of_the_class_whom_the_teacher_may_see_and_only_its_tasks() -> None:
    browser = client("T1")
    what = f"target:{target('A.1')}"
    said = send(browser, what, {"u3": png(), "u4": png()})
    assert "Nothing to take in yet" in said.words and not Piece.objects.exists()
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("T1").id, reason_code="court", at=now(),
        starts_on=NOW.date(),
    )  # fmt: skip
    assert "Anita" not in read(browser, f"{HERE}?what={what}").words
    send(browser, what, {"u1": png()})
    assert not Piece.objects.exists()
    page = read(browser, f"{HERE}?what=task:{'0' * 8}-0000-0000-0000-{'0' * 12}")
    assert not page.all("input", type="file")
    one = person("u1")
    work = Work(
        key="capture-x-1", student=one.id, student_uuid=one.uuid, targets=(), target_uuids=(), title="x"
    )
    kept_away = Viewer(
        person=person("T1").uuid, person_id=person("T1").id, roles=frozenset({Role.TEACHER}), today=NOW.date(),
        classes=frozenset({roster.class_by_reference("k1").id}),
    )  # fmt: skip
    with pytest.raises(Refusal) as refused:
        evidence.capture(actor=kept_away, works=[work], at=now())
    assert refused.value.code == "no_such_person"


def test_p13_a_closed_task_takes_no_photo() -> None:
    offer = give()
    Opportunity.objects.update(state="missed")
    said = send(client("T1"), f"task:{offer.uuid}", {"u1": png()})
    assert "This task is closed for one of them." in said.words and not Piece.objects.exists()


def test_p13_one_photo_is_enough_for_a_group_and_a_second_is_refused_by_name() -> None:
    offer = give(groups={person(name).id: 1 for name in ("u1", "u2")})
    browser, what = client("T1"), f"task:{offer.uuid}"
    page = read(browser, f"{HERE}?what={what}")
    assert "One photo is enough for a group." in page.words and page.words.count("Group 1") == 2
    said = send(browser, what, {"u1": jpeg(), "u2": png()}).words
    names = f"{person('u1').name()}, {person('u2').name()}"
    assert f"One photo is enough for a group, and nothing was taken in: {names} hand in together." in said
    assert not Piece.objects.exists() and not Event.objects.filter(kind="handed_in").exists()
    for _ in range(2):
        send(browser, what, {"u1": jpeg()})
    assert [one.attempt for one in Piece.objects.all()] == [1, 1]
    assert len(set(Piece.objects.values_list("file_digest", flat=True))) == 1
