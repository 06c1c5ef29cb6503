"""A class device stays shut (P13): closed, ended, copied, guessed at, of another class, in wrong hands."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from headway.access import actions as access
from headway.access.models import Account, AuditEntry, ClassDevice, DeviceVisit, SignInAttempt, SignInSlip
from headway.access.queries import account_of
from headway.access.types import SYSTEM, Role, Viewer
from headway.kit.refusals import Refusal
from headway.kit.times import now
from headway.rosters import actions as rosters
from headway.rosters import queries as roster
from headway.rosters.models import Enrollment, Person, SchoolClass

from ..student.world import NOW, Page, person, read
from .tablet import (
    DAY,
    HOME,
    MINUTE,
    PAGE,
    WORK,
    child,
    choose,
    device,
    enter,
    slip,
    wrong,
    zone,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("school_with_files")]


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
        page = Page(answer)
        assert answer.status_code == 404 and "No class is open on this device." in page.words
        assert "/account/sign-in" in page.links, "an adult finds the way in"
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
