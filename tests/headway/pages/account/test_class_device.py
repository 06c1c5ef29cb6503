"""Little children on a class device (P13): in by pictures or a slip, to hand in and nothing else."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.models import Account, AuditEntry, ClassDevice, DeviceVisit, SignInAttempt, SignInSlip
from headway.access.queries import account_of
from headway.access.types import PICTURES, SYSTEM, Device, Role, Viewer
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.models import Event, Payload, Piece
from headway.evidence.types import Task
from headway.frameworks import queries as frameworks
from headway.interop.v1.record import record_of
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.project import commands
from headway.rosters import actions as rosters
from headway.rosters import queries as roster
from headway.rosters.models import Enrollment, Person, SchoolClass

from ..student.world import NOW, Page, again, build, client, jpeg, person, rate, read, target

pytestmark = pytest.mark.django_db
PAGE = "/teacher/classes/k1/device"
HOME, WORK = "/class-device", "/class-device/work"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def school(tmp_path: Path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    build(tmp_path)
    with time_machine.travel(NOW, tick=False):
        yield


def enter(name: str) -> Client:
    return client(name) if account_of(person(name).uuid) is None else again(name, "en")


def device(label: str = "Tablet 3", **said: str) -> Client:
    """Return a browser that the teacher of k1 opened for the class."""
    browser = enter("T1")
    answer = browser.post(PAGE, {"act": "open", "label": label, **said})
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    return browser


def teacher() -> Viewer:
    one, k1 = person("T1"), roster.class_by_reference("k1")
    return Viewer(
        person=one.uuid, person_id=one.id, name=one.name(), roles=frozenset({Role.TEACHER}),
        classes=frozenset({k1.id}), today=now().date(),
    )  # fmt: skip


def slip(name: str, *, of: str = "k1") -> Any:
    found = roster.class_by_reference(of)
    who = teacher()
    who = Viewer(person=who.person, roles=who.roles, classes=frozenset({found.id}))
    (made,) = access.issue_slips(
        actor=who, class_id=found.id, school_class=found.uuid, students=[person(name).uuid], at=now()
    )
    return made


def uuids_of(nodes: list[int]) -> Any:
    return frameworks.node_uuids(node_ids=nodes)


def choose(browser: Client, name: str, pictures: Any) -> Any:
    """Choose a child and its pictures one after the other; return the last answer."""
    picked: list[str] = []
    for one in pictures:
        said = {"who": person(name).id, "picked": ",".join(picked), "pick": one}
        answer = browser.post(HOME, said)
        picked.append(one)
    return answer


def wrong(made: Any) -> list[str]:
    return [one for one in PICTURES if one not in made.pictures][:3]


def give(title: str = "Map", *names: str, of: str = "k1") -> Any:
    task = Task(
        key=f"give-{title}-{of}", title=title, words=f"Draw {title}.", targets=(target("A.1"),),
        school_class=roster.class_by_reference(of).id,
    )  # fmt: skip
    wanted = [person(name).id for name in names or ("u1",)]
    return evidence.give(actor=SYSTEM, task=task, students=wanted, at=now())


def chance(name: str, title: str = "Map") -> Any:
    return next(one for one in ledger.chances_of([person(name).id]) if one.title == title)


def child(name: str = "u1") -> Client:
    """Return a class device at which this child is signed in by the pictures of their slip."""
    made, browser = slip(name), device()
    assert choose(browser, name, made.pictures)["Location"] == WORK
    return browser


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


def test_p13_secrets_are_kept_as_digests_and_printed_once() -> None:
    browser = enter("T1")
    answer = browser.post("/teacher/classes/k1/slips", {"student": [person("u1").id, person("u2").id]})
    sheet = Page(answer)
    codes = re.findall(r"\b[a-z2-9]{3}-[a-z2-9]{3}\b", sheet.words)
    assert answer.status_code == 200 and len(codes) == 2 and answer["Cache-Control"] == "no-store"
    assert len(sheet.all("svg", class_="qr", role="img")) == 2
    rows = list(SignInSlip.objects.values_list("code_digest", "pictures_digest"))
    kept = str(rows) + str(list(AuditEntry.objects.values("act", "object_id", "detail")))
    assert not [code for code in codes if code.replace("-", "") in kept]
    assert AuditEntry.objects.filter(act="issue_slip").count() == 2
    assert not re.search(r"\b[a-z2-9]{3}-[a-z2-9]{3}\b", read(browser, PAGE).words)
    other = device()
    assert other.post(HOME, {"code": codes[0]})["Location"] == WORK
    secret = other.cookies["class_device"].value.split(":")[0]
    assert not ClassDevice.objects.filter(digest=secret).exists() and ClassDevice.objects.count() == 1


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


def test_p13_a_closed_device_opens_nothing_also_from_a_copied_cookie() -> None:
    browser = child()
    copy = Client()
    for name in ("class_device", "class_child"):
        copy.cookies[name] = browser.cookies[name].value
    assert copy.get(WORK).status_code == 200
    lead = enter("T1")
    assert "Tablet 3" in read(lead, PAGE).words
    lead.post(PAGE, {"act": "close", "device": ClassDevice.objects.get().uuid})
    for one in (browser, copy):
        answer = one.get(WORK)
        assert answer.status_code == 404 and "No class is open on this device." in Page(answer).words
        assert one.post("/class-device/hand-in", {"task": "x"}).status_code == 404
    assert "No device is open for this class." in read(lead, PAGE).words
    assert list(AuditEntry.objects.filter(act__endswith="_device").values_list("act", flat=True)) == [
        "open_device",
        "close_device",
    ]


def test_p13_an_altered_or_made_up_cookie_is_no_device() -> None:
    browser = device()
    good = browser.cookies["class_device"].value
    for bad in (good[:-1] + ("A" if good[-1] != "A" else "B"), "x", good.split(":")[0], ""):
        browser.cookies["class_device"] = bad
        assert browser.get(HOME).status_code == 404, bad
    browser.cookies["class_device"] = good
    assert browser.get(HOME).status_code == 200


@pytest.mark.parametrize(("said", "last"), [({}, date(2026, 12, 20)), ({"today": "1"}, date(2026, 12, 3))])
def test_p13_a_device_ends_by_itself_with_the_term_or_with_the_day(said: dict[str, str], last: date) -> None:
    slip("u1")
    browser = device(**said)
    end = ClassDevice.objects.get().ends_at
    assert (end - timedelta(seconds=1)).astimezone(zone()).date() == last
    with time_machine.travel(end - MINUTE, tick=False):
        assert browser.get(HOME).status_code == 200
    with time_machine.travel(end, tick=False):
        assert browser.get(HOME).status_code == 404


def zone() -> Any:
    from headway.proficiency.queries import book

    return book().zone


def test_p13_a_device_holds_while_its_teacher_teaches_the_class_and_has_an_account() -> None:
    browser = device()
    Enrollment.objects.filter(person=person("T1"), school_class__sourced_id="k1").update(ends_on=NOW.date())
    assert browser.get(HOME).status_code == 404
    Enrollment.objects.filter(person=person("T1"), school_class__sourced_id="k1").update(ends_on=None)
    assert browser.get(HOME).status_code == 200
    access.deactivate(actor=SYSTEM, account=account_of(person("T1").uuid), at=now())
    assert browser.get(HOME).status_code == 404
    assert ClassDevice.objects.get().closed_at is not None


def test_p13_a_slip_of_another_class_or_child_and_a_child_who_left_do_not_come_in() -> None:
    made, browser = slip("u1"), device()
    elsewhere = slip("u1", of="k2")
    assert browser.post(HOME, {"code": elsewhere.code}).status_code == 422
    assert choose(browser, "u2", made.pictures).status_code == 422
    choose(browser, "u1", made.pictures)
    assert browser.get(WORK).status_code == 200
    Enrollment.objects.filter(person=person("u1"), school_class__sourced_id="k1").update(ends_on=NOW.date())
    assert browser.get(WORK)["Location"] == HOME
    assert browser.post(HOME, {"code": made.code}).status_code == 422
    page = browser.get(f"{HOME}?who={person('u1').id}")
    assert "Anita" not in Page(page).words
    assert browser.post(HOME, {"who": person("u1").id, "picked": "", "pick": "sun"}).status_code == 200
    assert not DeviceVisit.objects.filter(ended_at=None, student=person("u2").uuid).exists()


def test_p13_five_wrong_tries_lock_a_child_on_a_device_until_the_teacher_or_the_next_day_lifts_it() -> None:
    made, browser = slip("u1"), device()
    for _ in range(5):
        assert choose(browser, "u1", wrong(made)).status_code == 422
    locked = choose(browser, "u1", made.pictures)
    assert locked.status_code == 429 and "That was too many tries." in Page(locked).words
    with time_machine.travel(NOW + 16 * MINUTE, tick=False):
        assert choose(browser, "u1", made.pictures).status_code == 429, (
            "a quarter of an hour is no way around"
        )
    other = device("Tablet 4")
    assert choose(other, "u1", made.pictures)["Location"] == WORK, "on another device nobody tried"
    lead = enter("T1")
    assert "locked" in read(lead, PAGE).words
    assert "may try again" in Page(lead.post(PAGE, {"act": "lift"}, follow=True)).words
    assert choose(browser, "u1", made.pictures)["Location"] == WORK
    browser.post("/class-device/done")
    for _ in range(5):
        choose(browser, "u1", wrong(made))
    with time_machine.travel(NOW + DAY + MINUTE, tick=False):
        assert choose(browser, "u1", made.pictures)["Location"] == WORK


def test_p13_guessing_codes_locks_the_device_for_every_way_in() -> None:
    made, browser = slip("u1"), device()
    for n in range(30):
        assert browser.post(HOME, {"code": f"aaa{n:03d}"}).status_code == 422
    assert browser.post(HOME, {"code": made.code}).status_code == 429
    assert choose(browser, "u1", made.pictures).status_code == 429
    assert "locked" in read(enter("T1"), PAGE).words
    with time_machine.travel(NOW + 16 * MINUTE, tick=False):
        assert browser.post(HOME, {"code": made.code})["Location"] == WORK
    assert not SignInAttempt.objects.exclude(key__startswith="device:").exists()


def test_p13_signing_in_with_an_account_closes_the_device_in_that_browser() -> None:
    browser = child()
    access.open_account(
        actor=SYSTEM,
        username="visitor",
        name="Visitor",
        at=now(),
        administrator=True,
        password="a long sentence",
    )
    answer = browser.post("/account/sign-in", {"username": "visitor", "password": "a long sentence"})
    assert answer.status_code == 302
    assert ClassDevice.objects.get().closed_at == NOW
    assert browser.get(HOME).status_code == 404
    browser.post("/account/sign-out")
    assert browser.get(HOME).status_code == 404


def test_p13_a_device_is_none_where_somebody_is_signed_in_with_an_account() -> None:
    """A session that came another way beside the cookie opens no page of the device."""
    browser = child()
    account = Account.objects.get(person=person("T1").uuid)
    browser.force_login(account)
    assert browser.get(HOME).status_code == 404 and browser.get(WORK).status_code == 404


def test_p13_substitutes_leaders_and_other_teachers_open_no_device_and_give_no_slip() -> None:
    sub = Person.objects.create(sourced_id="sub", given_name="Sam", family_name="Ortiz")
    k1 = roster.class_by_reference("k1")
    rosters.name_substitute(
        actor=SYSTEM,
        class_id=k1.id,
        person_id=sub.id,
        starts_on=NOW.date(),
        ends_on=NOW.date() + DAY,
        at=now(),
    )
    lead = Person.objects.create(sourced_id="lead", given_name="Lee", family_name="Ray")
    rosters.grant_role(
        actor=SYSTEM,
        person_id=lead.id,
        role=Role.PRINCIPAL,
        at=now(),
        org_id=k1.school_id,
        starts_on=NOW.date(),
    )
    for name in ("sub", "lead", "T2", "u1", "p1"):
        browser = enter(name)
        assert browser.get(PAGE).status_code == 404, name
        assert browser.post(PAGE, {"act": "open"}).status_code == 404, name
        assert browser.post("/teacher/classes/k1/slips", {"student": person("u1").id}).status_code == 404, (
            name
        )
    assert not ClassDevice.objects.exists() and not SignInSlip.objects.exists()
    standing_in = Viewer(person=sub.uuid, roles=frozenset({Role.TEACHER}), standing_in=frozenset({k1.id}))
    own = {"actor": standing_in, "class_id": k1.id, "school_class": k1.uuid, "at": now()}
    acts: list[Any] = [
        lambda: access.open_device(**own, label="", ends_at=now() + DAY),
        lambda: access.issue_slips(**own, students=[person("u1").uuid]),
        lambda: access.lift_locks(**own),
        lambda: access.close_device(**own, device=k1.uuid),
    ]
    for act in acts:
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == "forbidden"


def test_p13_a_device_of_another_class_is_not_closed_and_a_class_that_is_over_opens_none() -> None:
    device()
    other = SchoolClass.objects.get(sourced_id="k2")
    who = Viewer(person=person("T1").uuid, roles=frozenset({Role.TEACHER}), classes=frozenset({other.id}))
    with pytest.raises(Refusal) as refused:
        access.close_device(
            actor=who,
            class_id=other.id,
            school_class=other.uuid,
            device=ClassDevice.objects.get().uuid,
            at=now(),
        )
    assert refused.value.code == "unknown_device"
    lead = enter("T1")
    SchoolClass.objects.filter(sourced_id="k1").update(active=False)
    assert lead.get(PAGE).status_code == 404


def test_p13_a_student_whom_a_court_keeps_from_the_teacher_gets_no_slip_from_them() -> None:
    lead = enter("T1")
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("T1").id, reason_code="court", at=now(),
        starts_on=NOW.date(),
    )  # fmt: skip
    assert "Abeyta" not in read(lead, PAGE).words and "Ben" in read(lead, PAGE).words
    answer = lead.post("/teacher/classes/k1/slips", {"student": person("u1").id})
    assert answer.status_code == 302 and not SignInSlip.objects.exists()


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
