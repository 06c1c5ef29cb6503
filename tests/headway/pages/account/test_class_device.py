"""Little children on a class device (P13): in by pictures or a slip, to hand in and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.models import ClassDevice, DeviceVisit, SignInAttempt, SignInSlip
from headway.access.types import PICTURES, Device
from headway.evidence import queries as ledger
from headway.evidence.models import Event, Payload, Piece
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.pages.parts import uploads
from headway.project import commands
from headway.rosters import queries as roster
from headway.rosters.models import Enrollment, Person

from ..student.world import NOW, Page, jpeg, person, rate, read
from .tablet import (
    DAY,
    HOME,
    MINUTE,
    PAGE,
    WORK,
    chance,
    child,
    choose,
    device,
    enter,
    give,
    slip,
    teacher,
    uuids_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


def test_p13_opening_a_device_signs_the_teacher_out_and_shows_the_names_of_the_class() -> None:
    slip("u1")
    slip("u2")
    browser = device()
    page = read(browser, HOME)
    assert "Who are you?" in page.words and "Anita" in page.words and "Ben" in page.words
    assert "Cy" not in page.words, "who left the class has no tile"
    assert "Abeyta" not in page.words, "given names only"
    for path in ("/teacher/today", PAGE, "/account/"):
        assert browser.get(path)["Location"].startswith("/account/sign-in"), path
    assert browser.get("/", follow=True).request["PATH_INFO"] == HOME
    assert "_auth_user_id" not in browser.session


def test_p13_a_child_chooses_three_pictures_in_order_and_finds_them_in_another_order_each_time() -> None:
    made, browser = slip("u1"), device()
    asked = f"{HOME}?who={person('u1').id}"
    orders = {
        tuple(one["value"] for one in read(browser, asked).all("button", name="pick")) for _ in range(6)
    }
    assert len(orders) > 1 and {frozenset(one) for one in orders} == {frozenset(PICTURES)}
    first = browser.post(HOME, {"who": person("u1").id, "picked": "", "pick": made.pictures[0]})
    assert "picture 2 of 3" in Page(first).words
    again_ = choose(browser, "u1", reversed(made.pictures))
    assert again_.status_code == 422 and "These are not your pictures." in Page(again_).words
    assert choose(browser, "u1", made.pictures)["Location"] == WORK
    assert "Hello Anita" in read(browser, WORK).words


def test_p13_a_slip_opens_by_its_code_however_it_is_typed_and_a_link_alone_opens_nothing() -> None:
    made, browser = slip("u1"), device()
    page = read(browser, f"{HOME}?slip={made.code}")
    assert "Is this your slip?" in page.words and "Anita" not in page.words
    assert not DeviceVisit.objects.exists()
    typed = f" {made.code[:3].upper()}-{made.code[3:]} "
    assert browser.post(HOME, {"code": typed})["Location"] == WORK


def test_p13_a_new_slip_ends_the_old_one_and_who_is_signed_in_by_it() -> None:
    old, browser = slip("u1"), device()
    assert browser.post(HOME, {"code": old.code})["Location"] == WORK
    new = slip("u1")
    assert browser.get(WORK)["Location"] == HOME
    assert browser.post(HOME, {"code": old.code}).status_code == 422
    if set(old.pictures) != set(new.pictures):
        assert choose(browser, "u1", old.pictures).status_code == 422
    assert choose(browser, "u1", new.pictures)["Location"] == WORK


def test_p13_a_child_hands_in_what_was_given_and_it_is_marked_and_waits_like_any_other_work() -> None:
    give("Map", "u1", "u2")
    browser = child()
    asked = f"/class-device/hand-in?task={chance('u1').uuid}"
    assert asked in read(browser, WORK).links and "Draw Map." in read(browser, asked).words
    from django.core.files.uploadedfile import SimpleUploadedFile

    for _ in range(2):
        photo = SimpleUploadedFile("map.jpg", jpeg(), "image/jpeg")
        answer = browser.post(
            "/class-device/hand-in", {"task": chance("u1").uuid, "photo": photo}, follow=True
        )
        assert "Handed in: Map" in Page(answer).words
    (piece,) = Piece.objects.all()
    assert (piece.way, piece.attempt, piece.file_type, piece.handed_in_by) == (
        "class_device", 1, "image/jpeg", person("u1").uuid,
    )  # fmt: skip
    (event,) = Event.objects.filter(kind="handed_in")
    assert (event.subject, event.author) == (person("u1").uuid, person("u1").uuid)
    assert '"way":"class_device"' in Payload.objects.get(pk=event.pk).body
    assert [one.piece_key for one in ledger.waiting([person("u1").id])] == [piece.key]
    assert "Nothing is waiting for you." in read(browser, WORK).words
    teacher_page = read(enter("T1"), f"/teacher/rate?piece={piece.key}&class=k1")
    assert "on the class device" in teacher_page.words
    assert ledger.loop_breaks(target_uuids=uuids_of) == []
    Piece.objects.update(way="")
    assert ["way" in one.what for one in ledger.loop_breaks(target_uuids=uuids_of)] == [True]


def test_p13_nothing_else_is_handed_in_by_a_child() -> None:
    give("Map", "u1", "u2")
    give("Elsewhere", "u1", of="k2")
    browser = child()
    assert "Elsewhere" not in read(browser, WORK).words
    for one in (chance("u2"), chance("u1", "Elsewhere")):
        assert browser.get(f"/class-device/hand-in?task={one.uuid}").status_code == 404
        assert browser.post("/class-device/hand-in", {"task": one.uuid, "words": "x"}).status_code == 404
    for bad in ("", "zz", "00000000-0000-0000-0000-000000000000"):
        assert browser.post("/class-device/hand-in", {"task": bad, "words": "x"}).status_code == 404
    own = {"task": chance("u1").uuid}
    assert browser.post("/class-device/hand-in", own).status_code == 422
    assert browser.post("/class-device/hand-in", {**own, "words": "One."}).status_code == 302
    changed = browser.post("/class-device/hand-in", {**own, "words": "Two."})
    assert changed.status_code == 422 and "handed this in already" in Page(changed).words
    assert [piece.words for piece in Piece.objects.all()] == ["One."]


def test_p13_a_child_reads_no_level_no_held_rating_no_other_name_and_reaches_no_other_page() -> None:
    give("Map", "u1", "u2")
    rate("u1", "A.1", "2026-11-02", 4, comment="Seen and rated.")
    rate("u1", "A.2", "2026-11-02", 4, comment="Held words.", held="true")
    slip("u2")
    browser = child()
    for path in (WORK, f"/class-device/hand-in?task={chance('u1').uuid}"):
        page = read(browser, path)
        for word in ("Ben", "Held words", "Seen and rated", "Extending", "Proficient", "Abeyta"):
            assert word not in page.words, (path, word)
        assert not [link for link in page.links if not link.startswith(("/class-device", "#"))]
    for path in (
        "/student/now",
        "/student/hand-in",
        "/student/continuum",
        "/account/",
        "/files/" + "a" * 64,
        PAGE,
    ):
        assert browser.get(path)["Location"].startswith("/account/sign-in"), path
    assert browser.get("/api/v1/determinations").status_code == 401


def test_p13_a_visit_ends_by_the_button_by_idleness_and_when_the_next_child_comes() -> None:
    made = {name: slip(name) for name in ("u1", "u2")}
    browser = device()
    choose(browser, "u1", made["u1"].pictures)
    stolen = browser.cookies["class_child"].value
    assert browser.post("/class-device/done")["Location"] == HOME
    assert "Who are you?" in read(browser, HOME).words
    browser.cookies["class_child"] = stolen
    assert browser.get(WORK)["Location"] == HOME, "what was copied opens nothing after the button"
    choose(browser, "u1", made["u1"].pictures)
    with time_machine.travel(NOW + 9 * MINUTE, tick=False):
        assert browser.get(WORK).status_code == 200
    with time_machine.travel(NOW + 18 * MINUTE, tick=False):
        assert browser.get(WORK).status_code == 200, "each page begins the ten minutes anew"
    with time_machine.travel(NOW + 29 * MINUTE, tick=False):
        assert browser.get(WORK)["Location"] == HOME
    choose(browser, "u1", made["u1"].pictures)
    first = browser.cookies["class_child"].value
    browser.post(HOME, {"code": made["u2"].code})
    assert "Hello Ben" in read(browser, WORK).words
    browser.cookies["class_child"] = first
    assert browser.get(WORK)["Location"] == HOME


def test_p13_the_record_holds_and_erasure_removes_what_a_class_device_knows_of_a_student() -> None:
    give("Map", "u1", "u2")
    browser = child()
    slip("u2")
    choose_wrong = Device(
        ClassDevice.objects.get().uuid, roster.class_by_reference("k1").uuid, person("T1").uuid, "", now()
    )
    with pytest.raises(Refusal):
        access.sign_in_by_pictures(device=choose_wrong, student=person("u1").uuid, pictures=["x"], at=now())
    browser.post("/class-device/hand-in", {"task": chance("u1").uuid, "words": "One."})
    held = record_of("u1", now=now())
    assert len(held["class_device"]["slips"]) == 1 and len(held["class_device"]["visits"]) == 1
    assert held["work"][0]["way"] == "class_device" and "digest" not in str(held["class_device"])
    commands.erase("u1", "asked for")
    assert list(SignInSlip.objects.values_list("student", flat=True)) == [person("u2").uuid]
    assert not DeviceVisit.objects.filter(student=person("u1").uuid).exists()
    assert not SignInAttempt.objects.filter(key__contains=str(person("u1").uuid)).exists()
    assert browser.get(WORK)["Location"] == HOME
    assert record_of("u1", now=now())["class_device"] == {"slips": [], "visits": []}


def test_p13_devices_that_ended_long_ago_are_forgotten_with_their_visits() -> None:
    child()
    with time_machine.travel(ClassDevice.objects.get().ends_at + 31 * DAY, tick=False):
        access.open_device(
            actor=teacher(), class_id=roster.class_by_reference("k1").id,
            school_class=roster.class_by_reference("k1").uuid, label="New", ends_at=now() + DAY, at=now(),
        )  # fmt: skip
    assert [one.label for one in ClassDevice.objects.all()] == ["New"] and not DeviceVisit.objects.exists()


def test_p13_the_pages_of_a_device_cost_the_same_for_any_number_of_children_and_tasks() -> None:
    give("Map", "u1", "u2")
    browser = child()
    lead = enter("T1")

    def statements(one: Client, path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as told:
            assert one.get(path).status_code == 200
        return len(told)

    few = [statements(browser, WORK), statements(lead, PAGE)]
    for n in range(6):
        made = Person.objects.create(sourced_id=f"x{n}", given_name="Ada", family_name=f"Z{n}")
        Enrollment.objects.create(
            sourced_id=f"x{n}", person=made, school_class=roster.class_by_reference("k1"), role="student"
        )
        give(f"Task {n}", "u1")
        slip(f"x{n}")
        device(f"Tablet {n}")
    assert [statements(browser, WORK), statements(lead, PAGE)] == few
    tiles = read(device(), HOME).words
    assert "Ada Z." in tiles, "two of one name are told apart"


def test_p13_the_device_speaks_spanish() -> None:
    slip("u1")
    browser = device()
    browser.cookies["language"] = "es"
    assert "¿Quién eres?" in read(browser, HOME).words
    assert "Sol" in read(browser, f"{HOME}?who={person('u1').id}").words


def test_p13_visits_that_ended_long_ago_are_forgotten() -> None:
    browser = child()
    browser.post("/class-device/done")
    with time_machine.travel(NOW + 31 * DAY, tick=False):
        access.sign_in_by_code(device=found(), code=slip("u2").code, students=[person("u2").uuid], at=now())
    assert [one.student for one in DeviceVisit.objects.all()] == [person("u2").uuid]


def found() -> Device:
    one = ClassDevice.objects.get()
    return Device(one.uuid, one.school_class, one.opened_by, one.label, one.ends_at)


def test_p13_of_two_devices_of_one_group_the_second_overtakes_nothing(monkeypatch) -> None:
    both = [person(name).id for name in ("u1", "u2")]
    give("Poster", "u1", "u2", groups=dict.fromkeys(both, 1))
    first, second = child("u1"), child("u2")
    path, taken = "/class-device/hand-in", uploads.taken

    def meanwhile(upload: Any) -> Any:
        """Let the other device hand in while this one sends its photo."""
        monkeypatch.setattr(uploads, "taken", taken)
        answer = second.post(path, {"task": str(chance("u2", "Poster").uuid), "words": "By Ben."})
        assert answer.status_code == 302
        return taken(upload)

    monkeypatch.setattr(uploads, "taken", meanwhile)
    task = str(chance("u1", "Poster").uuid)
    for _ in range(2):
        photo = SimpleUploadedFile("p.jpg", jpeg(), "image/jpeg")
        answer = first.post(path, {"task": task, "photo": photo})
        assert answer.status_code == 422 and "Your group has handed this in already." in Page(answer).words
    assert set(Piece.objects.values_list("attempt", "words")) == {(1, "By Ben.")}
    answer = second.post(path, {"task": str(chance("u2", "Poster").uuid), "words": "Another."})
    assert "You have handed this in already." in Page(answer).words


def test_p13_a_device_is_opened_for_today_only_unless_the_teacher_says_otherwise() -> None:
    (today,) = read(enter("T1"), PAGE).all("input", name="today")
    assert "checked" in today
