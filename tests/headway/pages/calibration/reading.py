"""Browsers of the room's people, and what their pages say."""

from __future__ import annotations

from html.parser import HTMLParser
from uuid import UUID

from django.test import Client

from headway.access import actions as access
from headway.access.models import Account
from headway.access.types import SYSTEM
from headway.rosters.models import Person

from ...calibration.room import NOW


def client(name: str) -> Client:
    """Return a browser that is signed in as somebody of the roster; `root` is the district's administrator."""
    found = Account.objects.filter(username=name).first()
    if found is None:
        person = Person.objects.filter(sourced_id=name).first()
        found, _ = access.open_account(
            actor=SYSTEM,
            username=name,
            name=name,
            at=NOW,
            person=person.uuid if person else None,
            administrator=person is None,
        )
    browser = Client()
    browser.force_login(found)
    return browser


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def words(answer) -> str:
    """Return what a page says, without its markup."""
    parser = _Words()
    parser.feed(answer.content.decode())
    return " ".join(" ".join(parser.said).split())


def page(browser: Client, session: UUID, *parts: object) -> object:
    """Return a page of a session, which must open."""
    answer = browser.get("/".join(["/calibration", str(session), *(str(part) for part in parts)]))
    assert answer.status_code == 200, (parts, answer.status_code)
    return answer
