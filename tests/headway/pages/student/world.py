"""The small school as its students and families meet it: Anita and Ben in the care of Pat, taught by Maria Lopez.

Mathematics has five levels with targets on 4 and 5; grade 5 is expected at level 5. Habits is a lifelong continuum.
Instructed days are every weekday: no calendar is set.
"""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.test import Client

from headway.access import actions as access
from headway.access.types import SYSTEM
from headway.frameworks import actions as frameworks
from headway.frameworks import queries as continuums
from headway.interop.oneroster.apply import import_roster
from headway.proficiency import actions, queries
from headway.rosters import actions as rosters
from headway.rosters.models import Person

from ...frameworks.packages import node, package, under
from ...interop.oneroster.small_roster import ROSTER_12, folder

BEGUN = datetime(2026, 8, 3, 18, tzinfo=UTC)
NOW = datetime(2026, 12, 3, 18, tzinfo=UTC)
NAMES = {
    "A.1": ("Compare ratios", "Comparar razones"), "A.2": ("Use percents", "Usar porcentajes"),
    "A.3": ("Read a graph", "Leer una gráfica"), "B.1": ("Find a rate", "Hallar una tasa"),
    "B.2": ("Judge a sample", "Juzgar una muestra"),
    "H.1": ("Use comments", "Usar comentarios"), "H.2": ("Start in time", "Empezar a tiempo"),
}  # fmt: skip


def build(tmp_path: Path) -> None:
    """Open the school with its two continuums and the policy that holds from the first day: two pieces, newest count most."""
    rosters.begin_district(name="Juniper Valley", at=BEGUN)
    import_roster(folder(tmp_path / "r", ROSTER_12), actor=SYSTEM, at=BEGUN)
    one, two = _targets("A", 4), _targets("B", 5)
    math = package(
        "Math", [node("A", name="Ratios", name_es="Razones"), node("B", name="Rates", name_es="Tasas"), *one, *two],
        *under("Math", "A", "B"), *under("A", *(n.code for n in one)), *under("B", *(n.code for n in two)),
        ("precedes", "A.1", "A.2"), expected_levels={"04": 4, "05": 5}, title_es="Matemáticas",
    )  # fmt: skip
    habits = package(
        "Habits", ["H", *_targets("H", 1)], *under("Habits", "H"), *under("H", "H.1", "H.2"), kind="lifelong",
        expected_levels={"05": 1}, title_es="Hábitos",
    )  # fmt: skip
    for one_package in (math, habits):
        frameworks.apply_package(one_package, actor=SYSTEM, at=BEGUN)
    actions.begin(at=BEGUN)


def _targets(area: str, level: int) -> list[Any]:
    return [
        node(code, name=en, name_es=es, level=level, family=f"My child can {en.lower()}.",
             family_es=f"Mi niño sabe {es.lower()}.",
             descriptors=tuple(f"{code} at {n}" for n in (1, 2, 3, 4)))
        for code, (en, es) in NAMES.items() if code[0] == area
    ]  # fmt: skip


def person(name: str) -> Person:
    return Person.objects.get(sourced_id=name)


def target(code: str) -> int:
    return continuums.target_by_reference(code).id


_made = iter(range(10**9))


def rate(who: str, code: str, day: str, level: float | None = 3, **fields: Any) -> str:
    """Record one rating by Maria Lopez at noon of a day."""
    key = fields.pop("key", f"k{next(_made)}")
    row = {
        "key": key,
        "student": who,
        "target": code,
        "observed_at": day,
        "level": level,
        "rater": "T1",
        **fields,
    }
    if level is None:
        del row["level"]
    actions.record_rows(actor=SYSTEM, rows=[row], at=NOW, book=queries.book())
    return key


def client(name: str, language: str = "en") -> Client:
    """Return a browser in which this person is signed in."""
    account, _ = access.open_account(
        actor=SYSTEM, username=f"{name}-{next(_made)}", name="", at=BEGUN, person=person(name).uuid
    )
    found = Client()
    found.force_login(account)
    found.cookies["language"] = language
    return found


def again(name: str, language: str) -> Client:
    """Return another browser of a person who has an account."""
    from headway.access.queries import account_of

    found = Client()
    found.force_login(account_of(person(name).uuid))
    found.cookies["language"] = language
    return found


class Page(HTMLParser):
    """A page as a reader meets it: its words, its links, its attributes."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self._main = 0
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "main":
            self._main = 1
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._main = 0
        if tag in ("p", "li", "h1", "h2", "h3", "td", "th", "tr", "dd", "dt", "div", "span", "b", "footer"):
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if self._main:
            self.parts.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.parts).split()).replace(" ,", ",").replace(" .", ".").replace(" ;", ";")

    @property
    def links(self) -> list[str]:
        return [str(a["href"]) for tag, a in self.tags if tag == "a" and "href" in a]

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            a for t, a in self.tags if t == tag and all(a.get(k.rstrip("_")) == v for k, v in wanted.items())
        ]


def read(browser: Client, path: str, status: int = 200) -> Page:
    """Open a page; it holds no style and no script of its own."""
    response = browser.get(path)
    assert response.status_code == status, response.content[:400]
    page = Page(response)
    assert not [a for _tag, a in page.tags if "style" in a or any(k.startswith("on") for k in a)]
    assert not [t for t, a in page.tags if t == "style" or (t == "script" and not a.get("src"))]
    return page


def day(text: str) -> date:
    return date.fromisoformat(text)


# Small files by hand.


def jpeg(*, orientation: int = 6, secret: bytes = b"39.7392 N 104.9903 W") -> bytes:
    """Return the frame of a JPEG with Exif (way up and a place), XMP, a comment, and something after its end."""

    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0) + secret
    return (
        b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + segment(0xE1, b"Exif\0\0" + tiff)
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + secret) + segment(0xED, b"Photoshop 3.0\0" + secret)
        + segment(0xFE, secret) + segment(0xE2, b"ICC_PROFILE\0\1\1profile") + segment(0xDB, b"\0" * 65)
        + segment(0xDA, b"\1\1\0\0?\0") + b"\x12\xff\x00\x34\xff\xd0\x56" + b"\xff\xd9" + b"trailer" + secret
    )  # fmt: skip


def png(text: bytes = b"") -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    said = chunk(b"tEXt", b"Comment\0" + text) if text else b""
    return b"\x89PNG\r\n\x1a\n" + head + said + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
