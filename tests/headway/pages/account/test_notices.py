"""The page of notices, its settings, the link in a mail; and what the district and the school see of sending."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.access import actions as access
from headway.access.types import SYSTEM
from headway.jobs import actions as jobs
from headway.jobs import queries as queue
from headway.jobs.types import Given
from headway.kit.refusals import Refusal
from headway.notices import actions
from headway.notices.models import MailAddress, NoticeChoice
from headway.rosters import actions as rosters

from ...notices.evening import EVENING, SENDING, work
from ..student.world import BEGUN, NOW, Page, again, build, client, person, rate

pytestmark = pytest.mark.django_db
SETTINGS = "/account/notices/settings"


@pytest.fixture(autouse=True)
def school(tmp_path: Path, settings: Any):
    build(tmp_path)
    settings.MAIL = SENDING
    settings.COPY_MARK = tmp_path / "restored-copy"
    with time_machine.travel(EVENING, tick=False):
        yield


def district() -> Client:
    account, _ = access.open_account(actor=SYSTEM, username="root", name="Root", at=BEGUN, administrator=True)
    found = Client()
    found.force_login(account)
    return found


def words(response: Any) -> str:
    return " ".join("".join(Page(response).parts).split())


def test_p18_notices_stand_on_a_page_new_until_they_were_opened() -> None:
    parent = client("p1")
    rate("u1", "A.1", "2026-12-02", 2), rate("u2", "A.1", "2026-12-02", 4)
    assert "Nothing yet." in words(parent.get("/account/notices"))
    work()
    first = words(parent.get("/account/notices"))
    assert (
        first.count("1 piece has new feedback.") >= 2
        and "new" in first.split()
        and "Anita" in first
        and "Ben" in first
    )
    second = words(parent.get("/account/notices"))
    assert "1 piece has new feedback." in second and "new" not in second.replace("new feedback", "").split()
    spanish = words(again("p1", "es").get("/account/notices"))
    assert "1 trabajo tiene comentarios nuevos." in spanish


def test_p18_the_page_asks_the_same_for_one_day_and_for_many() -> None:
    client("p1")
    counts = []
    for day, code in ((3, "A.1"), (4, "A.2"), (5, "A.3")):
        at = EVENING.replace(day=day)
        with time_machine.travel(at, tick=False):
            rate("u1", code, "2026-12-02")
            work(at)
            parent = again("p1", "en")
            parent.get("/account/notices")
            with CaptureQueriesContext(connection) as asked:
                parent.get("/account/notices")
            counts.append(len(asked))
    assert counts[0] == counts[1] == counts[2] <= 12


def test_p18_hours_and_kinds_are_chosen_and_a_clash_is_said() -> None:
    parent = client("p1")
    page = Page(parent.get(SETTINGS))
    boxes = [a["value"] for tag, a in page.tags if tag == "input" and a.get("name") == "kind"]
    assert boxes == ["feedback", "answered", "messages", "card", "conference", "agreed", "due"]
    form = {"hour": "18", "quiet_from": "21", "quiet_to": "6", "kind": ["feedback", "due"]}
    assert "Saved." in words(parent.post(SETTINGS, form, follow=True))
    row = NoticeChoice.objects.get()
    assert (row.hour, row.quiet_from, row.quiet_to) == (18, 21, 6)
    assert row.without == ["agreed", "answered", "card", "conference", "messages"]
    wrong = parent.post(SETTINGS, {**form, "hour": "22"})
    assert wrong.status_code == 422 and "outside the quiet hours: choose another hour" in words(wrong)
    assert parent.post(SETTINGS, {**form, "hour": "x"}).status_code == 422
    assert NoticeChoice.objects.get().hour == 18


def test_p18_a_teacher_chooses_among_what_teachers_are_told() -> None:
    page = Page(client("T1").get(SETTINGS))
    boxes = [a["value"] for tag, a in page.tags if tag == "input" and a.get("name") == "kind"]
    assert boxes == ["messages", "agreed", "handed_in", "asked"]


def test_p18_an_address_is_verified_by_its_owner_with_a_second_click() -> None:
    parent = client("p1")
    said = words(parent.post(SETTINGS, {"act": "address", "address": "pat@example.org"}, follow=True))
    assert "A link is on its way" in said and "Nothing else is sent there until you open it." in said
    work()
    found = re.search(r"https://headway\.example\.org(/account/notices/address/\S+)", mail.outbox[0].body)
    assert found
    link = found[1]
    stranger = client("T2")
    assert stranger.get(link).status_code == stranger.post(link).status_code == 404
    assert Client().get(link).headers["Location"].startswith("/account/sign-in?next=")
    assert "pat@example.org" in words(parent.get(link))
    assert MailAddress.objects.get().verified_at is None
    assert "The address is yours." in words(parent.post(link, follow=True))
    assert "also goes to pat@example.org" in words(parent.get(SETTINGS))
    assert "The address is removed." in words(parent.post(SETTINGS, {"act": "remove"}, follow=True))
    assert parent.get(link).status_code == 404
    wrong = parent.post(SETTINGS, {"act": "address", "address": "pat"})
    assert wrong.status_code == 422 and "Write an address such as" in words(wrong)


def test_p18_an_account_of_nobody_of_the_roster_is_told_so() -> None:
    root = district()
    for path in ("/account/notices", SETTINGS):
        assert "belongs to nobody of the roster" in words(root.get(path))
    assert root.post(SETTINGS, {"act": "address", "address": "a@example.org"}).status_code == 422


def test_p18_an_address_that_bounced_is_said_to_its_owner_and_the_school() -> None:
    parent = client("p1")
    parent.post(SETTINGS, {"act": "address", "address": "pat@example.org"})
    actions.note_bounces(
        actor=SYSTEM, rows=[{"address": "pat@example.org", "reason": "5.1.1 no mailbox"}], at=EVENING
    )
    assert "Letters to pat@example.org come back." in words(parent.get(SETTINGS))
    root = district()
    assert "1 address that letters do not reach" in words(root.get("/district/sending"))
    said = words(root.get("/school/addresses"))
    assert "pat@example.org" in said and "5.1.1 no mailbox" in said and person("p1").name() in said


def test_p18_the_district_sees_what_failed_and_tries_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(given: Given) -> None:
        raise Refusal("mail_failed", "The mail server was not reached (ConnectionRefusedError).")

    monkeypatch.setitem(jobs._KINDS, "letter", jobs.Kind(no, False))
    jobs.put(kind="letter", jobs={"letter-x": {}}, at=EVENING)
    at = EVENING
    for _ in range(jobs.MOST_TRIES):
        jobs.run_next(at=at)
        at = queue.unfinished()[0].due_at
    root = district()
    page = root.get("/district/sending")
    assert "One letter : failed" in words(page).replace("letter:", "letter :") and "was not reached" in words(
        page
    )
    number = queue.unfinished()[0].id
    assert "tried again" in words(root.post("/district/sending", {"job": number}, follow=True))
    assert root.post("/district/sending", {"job": number}).status_code == 422
    assert root.post("/district/sending", {"job": "x"}).status_code == 422


def test_p18_the_district_is_told_that_nothing_is_sent_and_why(settings: Any) -> None:
    root = district()
    assert "Mail goes out from school@example.org." in words(root.get("/district/sending"))
    settings.COPY_MARK.write_text("")
    assert "this is a restored copy" in words(root.get("/district/sending"))
    assert "This is a restored copy." in words(root.get("/district/"))
    settings.COPY_MARK.unlink()
    from headway.project.mail import Mail

    settings.MAIL = Mail(fault="mail.toml: unknown key prot")
    said = words(root.get("/district/sending"))
    assert "no mail server is set" in said and "unknown key prot" in said
    assert "Your district sends no mail at present" in words(client("p1").get(SETTINGS))


def test_p18_a_child_who_is_kept_from_a_guardian_is_gone_from_their_page() -> None:
    parent = client("p1")
    rate("u1", "A.1", "2026-12-02")
    work()
    assert "Anita" in words(parent.get("/account/notices"))
    rosters.restrict_guardian(actor=SYSTEM, student_id=person("u1").id, guardian_id=person("p1").id, reason_code="court",
                              at=NOW, starts_on=NOW.date())  # fmt: skip
    assert "Anita" not in words(parent.get("/account/notices"))
