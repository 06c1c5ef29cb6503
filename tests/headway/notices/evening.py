"""The small school at the hour at which its people are told: what tests of notices share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core import mail

from headway.access import actions as access
from headway.access.queries import account_of
from headway.access.types import SYSTEM, Viewer
from headway.jobs import actions as jobs
from headway.jobs.models import Job
from headway.notices import actions, queries
from headway.notices.jobs import plan
from headway.notices.models import Digest, Letter, MailAddress
from headway.project.mail import Mail
from headway.rosters.queries import viewer_for

from ..pages.student.world import BEGUN, NOW, person

EVENING = datetime.fromisoformat("2026-12-03T17:05-07:00")
"""Five past five in the school's zone: the district's hour has begun."""
DAY = timedelta(days=1)
SENDING = Mail(mode="smtp", sender="school@example.org", url="https://headway.example.org")


def account(name: str, language: str = "en") -> None:
    """Give a person a way in."""
    if account_of(person(name).uuid) is None:
        access.open_account(
            actor=SYSTEM, username=name, name=name, at=BEGUN, person=person(name).uuid, language=language
        )


def viewer(name: str, at: datetime = NOW) -> Viewer:
    account(name)
    found = account_of(person(name).uuid)
    assert found is not None
    return viewer_for(found, at.astimezone(EVENING.tzinfo).date())


def work(at: datetime = EVENING) -> list[str]:
    """Do what a worker does once."""
    plan(at=at)
    ends = []
    while (end := jobs.run_next(at=at)) is not None:
        ends.append(end)
    return ends


def said(name: str, at: datetime = EVENING) -> list[tuple[str, int, str]]:
    """Return what a person was told on a day, as the page shows it: kind, number, about whom."""
    found = [one for one in queries.digests(viewer=viewer(name, at)) if one.on == at.date()]
    names = {person(one).id: one for one in ("u1", "u2", "u4")}
    return [(line.kind, line.n, names.get(line.student or 0, "")) for one in found for line in one.lines]


def address(name: str, text: str = "pat@example.org", at: datetime = NOW) -> None:
    """Give a person an address that is verified."""
    actions.give_address(actor=viewer(name), address=text, at=at)
    MailAddress.objects.filter(person=person(name)).update(verified_at=at)
    Letter.objects.all().delete()
    Job.objects.filter(kind="letter").delete()


def outbox() -> list[Any]:
    return list(mail.outbox)


def digests() -> int:
    return Digest.objects.count()
