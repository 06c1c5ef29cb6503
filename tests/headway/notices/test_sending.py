"""P18: mail: to an address that was verified, in quiet hours never, once at most; what nobody knows is said so."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.mail.backends import locmem

from headway.access import actions as access
from headway.access.models import Account
from headway.access.types import SYSTEM, Role
from headway.jobs import queries as jobs
from headway.kit.refusals import Refusal
from headway.notices import actions, queries
from headway.notices.models import Letter, MailAddress
from headway.notices.types import Chosen
from headway.project import mail as configured
from headway.project.commands import mail_status, mail_test, release_copy, say_mail_status
from headway.project.commands import work as command_work
from headway.rosters import actions as rosters

from ..pages.student.world import NOW, build, person, rate
from .evening import DAY, EVENING, SENDING, account, address, outbox, viewer, work

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def school(tmp_path: Path, settings: Any) -> Iterator[None]:
    build(tmp_path)
    settings.MAIL = SENDING
    settings.COPY_MARK = tmp_path / "restored-copy"
    with time_machine.travel(NOW, tick=False):
        yield


def told(name: str = "p1", language: str = "en") -> None:
    """Have a guardian with an address, and something to say."""
    account(name, language)
    address(name)
    rate("u1", "A.1", "2026-12-02", 2, comment="Say how you know.")


def states() -> list[str]:
    return list(Letter.objects.order_by("id").values_list("state", flat=True))


class Server:
    """A mail server that does what the test says, in the place of the one that keeps letters in memory."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, opening: Exception | None = None, taking: Any = None
    ) -> None:
        self.asked = 0

        def open_(_backend: Any) -> None:
            if opening is not None:
                raise opening

        def send(_backend: Any, _messages: Any) -> int:
            self.asked += 1
            raise taking

        monkeypatch.setattr(locmem.EmailBackend, "open", open_)
        if taking is not None:
            monkeypatch.setattr(locmem.EmailBackend, "send_messages", send)


# What a letter says.


def test_p18_a_digest_goes_out_in_the_readers_language_and_says_no_level_and_no_name_in_the_subject() -> None:
    told(language="es")
    work()
    (letter,) = outbox()
    assert letter.to == ["pat@example.org"] and letter.from_email == "school@example.org"
    assert letter.subject == "Lo nuevo para usted · Juniper Valley"
    assert "Anita:\n- 1 trabajo tiene comentarios nuevos." in letter.body
    assert "https://headway.example.org/account/sign-in?next=/account/notices" in letter.body
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"
    lowered = letter.body.lower()
    for word in (
        "say how",
        "developing",
        "proficient",
        "compare ratios",
        "comparar",
        "there is",
        "sign in to read",
    ):
        assert word not in lowered
    assert states() == ["sent"]
    work(EVENING + timedelta(minutes=30))
    assert len(outbox()) == 1


def test_p18_without_an_address_or_a_mail_server_the_digest_stands_on_the_page_only(settings: Any) -> None:
    account("u1")
    told()
    settings.MAIL = configured.Mail()
    work()
    assert states() == [] and outbox() == []
    assert len(queries.digests(viewer=viewer("p1"))) == len(queries.digests(viewer=viewer("u1"))) == 1
    settings.MAIL = SENDING
    work(EVENING + timedelta(hours=1))
    assert outbox() == []


# Addresses.


def link(letter: Any) -> str:
    found = re.search(r"/account/notices/address/(\S+)", letter.body)
    assert found
    return found[1]


def test_p18_an_address_is_used_when_its_owner_opened_the_link_and_not_before() -> None:
    account("p1"), account("T2")
    rate("u1", "A.1", "2026-12-02")
    actions.give_address(actor=viewer("p1"), address=" pat@example.org ", at=NOW)
    work(NOW)
    (letter,) = outbox()
    assert letter.subject == "Is this your address? · Juniper Valley" and letter.to == ["pat@example.org"]
    work()
    assert len(outbox()) == 1, "a digest was made, and no letter"
    for name, token in (("T2", link(letter)), ("p1", link(letter) + "x")):
        with pytest.raises(Refusal) as refused:
            actions.verify_address(actor=viewer(name), token=token, at=NOW)
        assert refused.value.code == "link_ended"
    actions.verify_address(actor=viewer("p1"), token=link(letter), at=EVENING)
    rate("u1", "A.2", "2026-12-03")
    work(EVENING + DAY)
    assert len(outbox()) == 2


def test_p18_a_link_ends_after_three_days_and_with_another_address() -> None:
    account("p1")
    actions.give_address(actor=viewer("p1"), address="one@example.org", at=NOW)
    work(NOW)
    old = link(outbox()[0])
    actions.give_address(actor=viewer("p1"), address="two@example.org", at=NOW + timedelta(minutes=1))
    work(NOW + timedelta(minutes=1))
    assert queries.linked(old, viewer=viewer("p1")) is None
    new = link(outbox()[1])
    assert queries.linked(new, viewer=viewer("p1")) is not None
    with time_machine.travel(NOW + timedelta(days=3, minutes=2), tick=False):
        assert queries.linked(new, viewer=viewer("p1")) is None


def test_p18_links_are_limited_and_a_wrong_address_is_refused() -> None:
    account("p1")
    for n in range(actions.LINKS_A_DAY):
        actions.give_address(actor=viewer("p1"), address=f"a{n}@example.org", at=NOW + timedelta(seconds=n))
    for text, code in (
        ("one-more@example.org", "too_many"),
        ("pat at home", "not_an_address"),
        ("a@b.c\nBcc: x@y.z", "not_an_address"),
    ):
        with pytest.raises(Refusal) as refused:
            actions.give_address(actor=viewer("p1"), address=text, at=NOW + timedelta(minutes=1))
        assert refused.value.code == code


# When.


def test_p18_a_letter_that_is_late_waits_for_the_end_of_the_quiet_hours() -> None:
    told()
    late = EVENING.replace(hour=22)
    assert work(late)[-1] == "later"
    assert outbox() == [] and states() == ["waiting"]
    morning = EVENING.replace(day=4, hour=6, minute=59)
    work(morning)
    assert outbox() == []
    work(morning + timedelta(minutes=1))
    assert len(outbox()) == 1


def test_p18_quiet_hours_are_ones_own() -> None:
    told()
    actions.choose(actor=viewer("p1"), chosen=Chosen(22, 0, 5, ()), at=NOW)
    work(EVENING.replace(hour=22))
    assert len(outbox()) == 1


def test_p18_a_digest_of_the_day_before_yesterday_is_not_sent_any_more(settings: Any) -> None:
    told()
    settings.COPY_MARK.write_text("")
    work()
    settings.COPY_MARK.unlink()
    work(EVENING + 2 * DAY)
    assert states()[0] == "stopped"


# To whom: asked when it is sent.


def blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the digest while the mail server is away, so that the letter waits."""
    with monkeypatch.context() as patched:
        Server(patched, opening=ConnectionRefusedError("away"))
        work()
    assert states() == ["waiting"]


def court() -> None:
    rosters.restrict_guardian(
        actor=SYSTEM, student_id=person("u1").id, guardian_id=person("p1").id, reason_code="court", at=EVENING,
        starts_on=EVENING.date(),
    )  # fmt: skip


def no_care() -> None:
    from headway.rosters.models import Guardianship

    Guardianship.objects.filter(guardian=person("p1")).update(ends_on=EVENING.date())


def no_account() -> None:
    access.deactivate(actor=SYSTEM, account=Account.objects.get(person=person("p1").uuid), at=EVENING)


def no_address() -> None:
    actions.remove_address(actor=viewer("p1"), at=EVENING)


def another_address() -> None:
    actions.give_address(actor=viewer("p1"), address="new@example.org", at=EVENING)


@pytest.mark.parametrize("since", [court, no_care, no_account, no_address])
def test_p18_what_changed_since_a_letter_was_put_in_stops_it(
    monkeypatch: pytest.MonkeyPatch, since: Any
) -> None:
    told()
    blocked(monkeypatch)
    since()
    work(EVENING + timedelta(minutes=2))
    assert outbox() == [] and states() == ["stopped"]


def test_p18_a_letter_to_an_address_that_was_changed_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    told()
    blocked(monkeypatch)
    another_address()
    work(EVENING + timedelta(minutes=2))
    assert [one.to for one in outbox()] == [["new@example.org"]] and states() == ["stopped", "sent"]


# What became of it.


def test_p18_a_server_that_is_away_is_tried_again_and_the_letter_goes_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told()
    blocked(monkeypatch)
    (job,) = jobs.unfinished()
    assert "not reached" in job.said
    for minutes in (2, 10, 60):
        work(EVENING + timedelta(minutes=minutes))
    assert len(outbox()) == 1 and states() == ["sent"]


def test_p18_a_letter_of_which_nobody_knows_whether_it_went_is_named_and_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told()
    with monkeypatch.context() as patched:
        server = Server(patched, taking=smtplib.SMTPServerDisconnected("gone"))
        work()
    assert server.asked == 1 and states() == ["unknown"]
    work(EVENING + timedelta(hours=1))
    assert outbox() == [] and [one.state for one in queries.letters_astray()] == ["unknown"]


def test_p18_a_worker_that_died_while_it_sent_leaves_unknown_and_no_second_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told()
    with monkeypatch.context() as patched:
        Server(patched, taking=SystemExit())
        with pytest.raises(SystemExit):
            work()
    assert states() == ["sending"]
    work(EVENING + timedelta(minutes=2))
    assert outbox() == [] and states() == ["unknown"]


def refused_recipient(code: int) -> Exception:
    return smtplib.SMTPRecipientsRefused({"pat@example.org": (code, b"no such mailbox")})


def test_p18_an_address_that_the_server_refuses_is_used_when_its_owner_gives_it_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told()
    with monkeypatch.context() as patched:
        Server(patched, taking=refused_recipient(550))
        work()
    assert states() == ["refused"]
    rate("u1", "A.2", "2026-12-03")
    work(EVENING + DAY)
    assert outbox() == [] and states() == ["refused"]
    (found,) = queries.bounced(viewer=SYSTEM, as_of=NOW.date())
    assert (found.address, found.why) == ("pat@example.org", "550 no such mailbox")
    actions.give_address(actor=viewer("p1"), address="pat@example.org", at=EVENING + DAY)
    work(EVENING + DAY)
    actions.verify_address(
        actor=viewer("p1"), token=queries.link_of(MailAddress.objects.get()), at=EVENING + DAY
    )
    rate("u1", "A.3", "2026-12-03")
    work(EVENING + 2 * DAY)
    assert len(outbox()) == 2 and queries.bounced(viewer=SYSTEM, as_of=NOW.date()) == []


def test_p18_a_refusal_for_now_and_a_refused_text_are_no_bounce(monkeypatch: pytest.MonkeyPatch) -> None:
    told()
    with monkeypatch.context() as patched:
        Server(patched, taking=refused_recipient(451))
        work()
    assert states() == ["waiting"]
    with monkeypatch.context() as patched:
        Server(patched, taking=smtplib.SMTPDataError(554, b"looks like spam"))
        work(EVENING + timedelta(minutes=2))
    assert states() == ["refused"] and queries.bounced(viewer=SYSTEM, as_of=NOW.date()) == []


def test_p18_a_list_of_bounces_is_taken_whole_or_not(tmp_path: Path) -> None:
    told()
    with pytest.raises(Refusal) as refused:
        actions.note_bounces(actor=SYSTEM, rows=[{"address": "pat@example.org"}, {"address": "no"}], at=NOW)
    assert [(one.line, one.code) for one in refused.value.findings] == [(3, "not_an_address")]
    assert queries.bounced(viewer=SYSTEM, as_of=NOW.date()) == []
    rows = [{"address": "PAT@example.org", "reason": "5.1.1"}, {"address": "nobody@example.org"}]
    found = actions.note_bounces(actor=SYSTEM, rows=rows, at=NOW)
    assert found == {"rows": 2, "bounced": 1, "unknown": 1}
    work()
    assert outbox() == []


def test_p18_a_schools_leader_sees_the_bounces_of_the_own_school_only() -> None:
    from headway.rosters.models import Org

    told()
    actions.note_bounces(actor=SYSTEM, rows=[{"address": "pat@example.org"}], at=NOW)
    for name, school, n in (("T1", "s1", 1), ("T2", "s2", 0)):
        rosters.grant_role(actor=SYSTEM, person_id=person(name).id, role=Role.PRINCIPAL, at=NOW,
                           org_id=Org.objects.get(sourced_id=school).id, starts_on=NOW.date())  # fmt: skip
        assert len(queries.bounced(viewer=viewer(name), as_of=NOW.date())) == n
    assert queries.bounced(viewer=viewer("p1"), as_of=NOW.date()) == []


# Copies and commands.


def test_p18_a_restored_copy_sends_nothing_and_what_waits_once_after_its_release(settings: Any) -> None:
    told()
    settings.COPY_MARK.write_text("2026-12-03")
    work()
    assert outbox() == [] and states() == ["waiting"]
    with pytest.raises(Refusal) as refused:
        mail_test("somebody@example.org")
    assert refused.value.code == "held_copy"
    assert "restored copy" in say_mail_status(mail_status())
    assert release_copy()["letters"] == {"waiting": 1}
    with pytest.raises(Refusal) as refused:
        release_copy()
    assert refused.value.code == "no_copy"
    work(), work()
    assert len(outbox()) == 1


def test_p18_the_worker_and_a_letter_to_try_it() -> None:
    told()
    with time_machine.travel(EVENING, tick=False):
        assert command_work(once=True, with_parent=False) == {
            "copy": False, "done": 3, "part": 1, "later": 0, "failed": 0, "lost": 0,
        }  # fmt: skip
    assert mail_test("somebody@example.org") == {"address": "somebody@example.org", "mode": "smtp"}
    assert [one.to for one in outbox()] == [["pat@example.org"], ["somebody@example.org"]]
    found = mail_status()
    assert found["letters"] == {"sent": 1} and found["bounced"] == 0


GOOD = 'host = "mail.example.org"\nuser = "u"\nfrom = "a@example.org"\nurl = "https://h.example.org/"\n'


def test_p18_mail_toml_says_how_mail_goes_and_without_it_none_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADWAY_MAIL_PASSWORD", raising=False)
    assert configured.read(tmp_path) == configured.Mail()
    file = tmp_path / "mail.toml"
    (tmp_path / "secret").write_text("from the file\n")
    file.write_text(GOOD + 'password_file = "secret"\ntls = "tls"\n')
    found = configured.read(tmp_path)
    assert (found.mode, found.port, found.password, found.url) == (
        "smtp",
        465,
        "from the file",
        "https://h.example.org",
    )
    monkeypatch.setenv("HEADWAY_MAIL_PASSWORD", "from the environment")
    assert configured.read(tmp_path).password == "from the environment"


@pytest.mark.parametrize(
    "text",
    ["host =", GOOD + "prot = 1", GOOD + "port = 0", GOOD + 'tls = "some"', GOOD + 'mode = "pigeon"', GOOD + "password_file = 1",
     GOOD + 'password_file = "none"', GOOD.replace("a@", "a"), GOOD.replace("https", "ftp")],
)  # fmt: skip
def test_p18_a_fault_in_mail_toml_is_said_and_nothing_is_sent(tmp_path: Path, text: str) -> None:
    (tmp_path / "mail.toml").write_text(text)
    found = configured.read(tmp_path)
    assert found.mode == "none" and found.fault.startswith("mail.toml: ")
