"""A page as a reader meets it: parsed, with its words, links and forms; and the small school with its people signed in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

from django.test import Client

from headway.access import actions as access
from headway.access.types import SYSTEM, Role
from headway.interop.oneroster.apply import import_roster
from headway.rosters import actions as rosters
from headway.rosters.models import Org, Person

from ...interop.oneroster.small_roster import ROSTER_12, folder
from ...plans import school as small

NOW = datetime(2026, 10, 20, 18, tzinfo=UTC)
TODAY = date(2026, 10, 20)
VOID = {"meta", "link", "input", "br", "hr", "img", "line", "circle", "rect", "path"}


class Page(HTMLParser):
    """Elements as (tag, attributes, text inside), in document order; unclosed tags are a fault."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append(len(self.found) - 1)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        while self._open and self.found[self._open[-1]][0] != tag:
            self._open.pop()
        if self._open:
            self._open.pop()

    def handle_data(self, data):
        for at in self._open:
            self.found[at][2].append(data)

    def all(self, tag: str, **having: str) -> list[tuple[dict[str, str | None], str]]:
        having = {key.rstrip("_"): value for key, value in having.items()}
        return [
            (attrs, " ".join("".join(text).split())) for name, attrs, text in self.found
            if name == tag and all(value in [*(attrs.get(key) or "").split(), attrs.get(key)] for key, value in having.items())
        ]  # fmt: skip

    def text(self, tag: str = "main") -> str:
        return " ".join(text for _attrs, text in self.all(tag))

    def links(self) -> list[str]:
        return [attrs["href"] or "" for attrs, _text in self.all("a") if "href" in attrs]

    @property
    def value(self) -> dict[str, str]:
        return {
            attrs["name"]: attrs.get("value") or "" for attrs, _t in self.all("input") if attrs.get("name")
        }


def read(response) -> Page:
    page = Page(response.content.decode())
    assert not [
        attrs for _tag, attrs, _t in page.found if "style" in attrs or any(k.startswith("on") for k in attrs)
    ]
    assert len(page.all("h1")) == 1
    return page


def client_of(sourced_id: str) -> Client:
    """Return a client in which this person of the roster is signed in."""
    person = Person.objects.get(sourced_id=sourced_id)
    account, _ = access.open_account(
        actor=SYSTEM, username=f"{sourced_id}@x", name="", at=NOW, person=person.uuid, password=""
    )
    client = Client()
    client.force_login(account)
    return client


def lead() -> Client:
    """Return a client in which the district's data lead is signed in."""
    account, _ = access.open_account(
        actor=SYSTEM, username="lead", name="Dana Lead", at=NOW, administrator=True, password=""
    )
    client = Client()
    client.force_login(account)
    return client


def principal(school: str, person: str = "T1") -> Client:
    """Return a client of a principal of the school, appointed by hand."""
    rosters.grant_role(
        actor=SYSTEM, person_id=Person.objects.get(sourced_id=person).id, role=Role.PRINCIPAL, at=small.BEGUN,
        org_id=Org.objects.get(sourced_id=school).id, starts_on=date(2026, 8, 3),
    )  # fmt: skip
    return client_of(person)


def crowd(tmp_path: Path, n: int) -> None:
    """Open the small school with `n` more students of grade 5 in class k1, each rated on two targets."""
    names = [f"x{at}" for at in range(n)]
    more = {
        "users.csv": "".join(f"{x},,,true,{x},,Stu{x},Many,,9{x},,,,,05,,mm{x},,,,,s1,\n" for x in names),
        "roles.csv": "".join(f"r{x},,,{x},primary,student,,,s1,\n" for x in names),
        "enrollments.csv": "".join(f"e{x},,,k1,s1,{x},student,false,2026-08-10,\n" for x in names),
    }
    roster = {**ROSTER_12, **{file: ROSTER_12[file] + text for file, text in more.items()}}
    import_roster(folder(tmp_path / "crowd", roster), actor=SYSTEM, at=small.BEGUN)
    from headway.proficiency import actions, queries

    rows = [
        {"key": f"c{x}{code}{k}", "student": x, "target": code, "observed_at": f"2026-09-0{k + 1}", "level": 2 + k % 2}
        for x in names for code in ("A.1", "B.1") for k in range(3)
    ]  # fmt: skip
    actions.record_rows(actor=SYSTEM, rows=rows, at=small.NOW, book=queries.book())
