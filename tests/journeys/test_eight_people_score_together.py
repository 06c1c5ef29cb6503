"""Eight people of three schools score twenty works on five criteria, blind; then they see where they differ, talk, score again,
and each reads what nobody else can. A coach and a teacher do it in a browser, the others' browsers are plain clients.

Every byte that anybody gets before the reveal is kept and searched for others' words, students' names and what a camera wrote.
"""

from __future__ import annotations

import http.cookiejar
import json
import re
import sqlite3
import struct
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import District, command

pytestmark = pytest.mark.browser
WORKS, CRITERIA = 20, 5
CANARY = "GPS-CANARY-35.0844N"
TITLE = "Twenty works, eight people"


class Client:
    """A person with a plain client: signed in, every answer kept whole."""

    def __init__(self, district: District, login: dict[str, str]) -> None:
        self.base, self.kept, self.token = district.base, bytearray(), ""
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)
        self.get("/account/sign-in")
        self.post("/account/sign-in", username=login["username"], password=login["password"])
        self.kept.clear()  # a teacher's own first page names the teacher's own students

    def get(self, path: str) -> str:
        return self._take(urllib.request.Request(f"{self.base}{path}"))

    def post(self, path: str, **form: str) -> str:
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": self.token, **form}).encode()
        heads = {"Referer": f"{self.base}{path}"}
        return self._take(urllib.request.Request(f"{self.base}{path}", data=data, headers=heads))

    def _take(self, request: urllib.request.Request) -> str:
        with self.opener.open(request, timeout=30) as answer:
            body = answer.read()
            self.kept += str(answer.headers).encode() + body
            self.at = answer.geturl()
        text = body.decode(errors="replace")
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        self.token = found[1] if found else self.token
        return text


def test_a_session_from_its_plan_to_its_reports(district: District, sign_in: Any) -> None:
    raters = _raters(district)
    coach, teacher = sign_in("coach"), sign_in("teacher")
    heard = bytearray()
    for page in (coach, teacher):
        page.on("response", lambda answer: heard.extend(_whole(answer)))
    # Plan it: the task, twenty works, eight people of three schools.
    coach.get_by_role("link", name="Plan a session").click()
    coach.fill("#title", TITLE)
    task = coach.locator("#version option", has_text="A problem from your day").get_attribute("value")
    coach.select_option("#version", task)
    coach.get_by_role("button", name="Plan it").click()
    expect(coach.get_by_text("Put works in.").first).to_be_visible()
    session = coach.url.split("?")[0].removeprefix(district.base)
    _invite(coach, district, session, raters)
    _photo(district, sign_in, teacher, session)
    coach.goto(f"{district.base}{session}/works")
    boxes = coach.locator("input[name=sample]")
    for n in range(WORKS - 1):
        boxes.nth(n).check()
    coach.get_by_role("button", name="Put in").click()
    expect(coach.get_by_role("heading", level=1)).to_have_text(f"{WORKS} works")
    coach.goto(f"{district.base}{session}")
    expect(coach.get_by_text("That is enough to speak of severity")).to_be_visible()
    coach.locator("input[name=looked]").check()
    coach.get_by_role("button", name="Open the blind round").click()
    expect(coach.get_by_text("8 raters still score.")).to_be_visible()
    heard.clear()  # from here on nobody may know
    # The teacher scores with the keyboard alone, the others by their clients.
    clients = {name: Client(district, login) for name, login in raters.items() if name != _me(district)}
    for n, (name, client) in enumerate(clients.items(), 1):
        _score(client, session, n)
        assert f"{n} of 8 handed in" in _text(coach, district, session), name
    _by_keys(teacher, district, session)
    for path in ("", "/map", "/report", "/works", "/raters"):
        coach.goto(f"{district.base}{session}{path}")
    before = {name: bytes(client.kept) for name, client in clients.items()} | {"browser": bytes(heard)}
    _nothing_leaks(district, before, clients)
    # Reveal: the map, the talk, what is agreed.
    coach.goto(f"{district.base}{session}")
    coach.get_by_role("button", name="End the blind round and reveal").click()
    expect(coach.locator("table.apartmap tbody tr")).to_have_count(WORKS)
    coach.locator("table.apartmap tbody a").first.click()
    work = coach.url.removeprefix(district.base)
    coach.fill("#words", "Does a table count as a reason?")
    coach.get_by_role("button", name="Keep the note").first.click()
    expect(coach.get_by_text("Does a table count as a reason?")).to_be_visible()
    coach.locator("summary", has_text="Note or agree").first.click()
    coach.select_option("#l1", "300")
    coach.fill("#y1", "The table shows where both plans cost the same.")
    coach.get_by_role("button", name="Keep as agreed").first.click()
    expect(coach.get_by_text("Agreed: Proficient")).to_be_visible()
    first = next(iter(clients.values()))
    said = first.get(work)
    assert (
        "Does a table count as a reason?" in said
        and "×" in said
        and "KEEP-" not in said.replace("KEEP-1-", "")
    )
    # A second round: one changes one work, the others keep theirs.
    coach.goto(f"{district.base}{session}")
    coach.get_by_role("button", name="Open a second round").click()
    expect(coach.get_by_text("The second round is open.").first).to_be_visible()
    first.post(f"{session}/score/1", **{f"level-{line}": "400" for line in range(1, CRITERIA + 1)})
    for client in clients.values():
        client.post(f"{session}/score")
    teacher.goto(f"{district.base}{session}/score")
    teacher.get_by_role("button", name="Hand in").click()
    coach.goto(f"{district.base}{session}")
    coach.get_by_role("button", name="Finish").click()
    expect(coach.get_by_text("Finished. The reports are being made.")).to_be_visible()
    command(district, "work", "--once")
    # Each reads their own report; the group's names nobody; nobody else opens a private one.
    teacher.goto(f"{district.base}{session}/mine")
    expect(teacher.get_by_role("heading", level=1)).to_contain_text("your colleagues")
    expect(teacher.locator("main")).to_contain_text("100 shared scores")
    assert "You score" in first.get(f"{session}/mine") or "too little" in first.get(f"{session}/mine")
    coach.goto(f"{district.base}{session}/report")
    expect(coach.get_by_role("heading", level=1)).to_contain_text("You differ most on")
    principal = sign_in("principal")
    for page in (coach, principal):
        answer = page.goto(f"{district.base}{session}/mine")
        assert answer is not None and answer.status == 404
    principal.goto(f"{district.base}/calibration/consistency")
    shown = principal.locator("main").inner_text()
    assert TITLE in shown and not any(login["name"] in shown for login in raters.values())


def _me(district: District) -> str:
    return district.logins["teacher"]["sourced_id"]


def _raters(district: District) -> dict[str, dict[str, str]]:
    """Return eight teachers of the demonstration's sessions with a way in, the ready-made one among them."""
    with sqlite3.connect(district.home / "headway.sqlite3") as database:
        rows = database.execute(
            "SELECT DISTINCT p.sourced_id, p.given_name || ' ' || p.family_name, p.id FROM headway_sessionrater r "
            "JOIN headway_person p ON p.id = r.person_id ORDER BY p.sourced_id"
        ).fetchall()
    assert len(rows) == 8
    found, invited = {}, _invited(district, [key for key, _, _ in rows if key != _me(district)])
    for key, name, number in rows:
        login = district.logins["teacher"] if key == _me(district) else invited[key]
        found[key] = {
            "username": login["username"],
            "password": login["password"],
            "name": name,
            "id": str(number),
        }
    return found


def _invited(district: District, people: list[str]) -> dict[str, dict[str, str]]:
    """Give people of the roster a way in, all by one process."""
    program = (
        "import json, sys, django; django.setup(); from headway.project.commands.people import invite; "
        "print(json.dumps({key: invite(key) for key in sys.argv[1:]}))"
    )
    env = {
        **district.environment,
        "HEADWAY_HOME": str(district.home),
        "DJANGO_SETTINGS_MODULE": "headway.project.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *people], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _invite(coach: Page, district: District, session: str, raters: dict[str, dict[str, str]]) -> None:
    coach.goto(f"{district.base}{session}/raters")
    token = coach.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    form = urllib.parse.urlencode(
        [("csrfmiddlewaretoken", token), *(("person", one["id"]) for one in raters.values())]
    )
    heads = {"Content-Type": "application/x-www-form-urlencoded", "Referer": coach.url}
    assert coach.request.post(f"{district.base}{session}/raters", data=form, headers=heads).ok
    coach.reload()
    expect(coach.get_by_role("heading", level=1)).to_have_text("8 raters")


def _photo(district: District, sign_in: Any, teacher: Page, session: str) -> None:
    """Let the student hand a photo in that says whose it is in its name and where it was taken; the teacher puts a copy in."""
    name = district.logins["student"]["name"]
    student = sign_in("student")
    student.goto(f"{district.base}/student/hand-in")
    student.fill("#title", f"The shed of {name}")
    student.set_input_files(
        "input[type=file]", {"name": f"{name} at home.jpg", "mimeType": "image/jpeg", "buffer": _jpeg()}
    )
    student.get_by_role("button", name="Hand in").click()
    expect(student.get_by_role("heading", level=1)).to_contain_text("The shed of")
    with sqlite3.connect(district.home / "headway.sqlite3") as database:
        (key,) = database.execute("SELECT key FROM headway_piece WHERE title LIKE 'The shed of %'").fetchone()
    teacher.goto(f"{district.base}{session}/works/take?piece={urllib.parse.quote(key)}")
    teacher.locator("input[name=looked]").check()
    teacher.get_by_role("button", name="Put the copy in").click()
    expect(teacher.get_by_text("The copy is in the session.")).to_be_visible()


def _jpeg() -> bytes:
    def segment(marker: int, body: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    return (
        b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + CANARY.encode()) + segment(0xFE, CANARY.encode()) + segment(0xDB, b"\0" * 65)
        + segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\x34\xff\xd9"
    )  # fmt: skip


def _whole(answer: Any) -> bytes:
    try:
        return str(answer.headers).encode() + answer.body()
    except Exception:  # a redirect has no body
        return str(answer.headers).encode()


def _score(client: Client, session: str, n: int) -> None:
    """Read and score all works as rater n does, with words that nobody else may read, and hand in."""
    read = client.get(f"{session}/score/1")
    for place in range(1, WORKS + 1):
        assert f">{place} of {WORKS}</h1>" in read
        for picture in re.findall(r'src="(/calibration/[^"]+)"', read):
            client.get(picture)
        given = {
            f"level-{line}": str(100 * (1 + (place * 7 + line + n // 3) % 4))
            for line in range(1, CRITERIA + 1)
        }
        words = {f"comment-{line}": f"KEEP-{n}-{place}" for line in range(1, CRITERIA + 1)}
        # The answer leads to the next work.
        read = client.post(f"{session}/score/{place}", **given, **words)
    for place in (1, 10, WORKS):
        client.get(f"{session}/score/{place}")
    client.get(f"{session}/score")
    assert client.at.endswith(f"{session}/score"), "the last work leads to the list"
    for path in ("", "/map", "/mine", "/report"):
        client.get(f"{session}{path}")
    client.post(f"{session}/score")
    assert client.at.endswith("?done=handed")


def _by_keys(page: Page, district: District, session: str) -> None:
    """Score all works by the keys 1 to 4 and Enter."""
    page.goto(f"{district.base}{session}/score")
    page.get_by_role("link", name="Begin").click()
    for place in range(1, WORKS + 1):
        for line in range(CRITERIA):
            page.locator("fieldset.crit").nth(line).locator("input[type=radio]").first.focus()
            page.keyboard.press(str(1 + (place + line) % 4))
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{WORKS} of {WORKS} works saved.")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have handed in.")


def _text(page: Page, district: District, path: str) -> str:
    page.goto(f"{district.base}{path}")
    return page.locator("main").inner_text()


def _students(district: District) -> Iterator[str]:
    """Yield what tells whose the works of sessions are: whole names, sourcedIds, usernames, titles, file names."""
    with sqlite3.connect(district.home / "headway.sqlite3") as database:
        for given, family, key in database.execute(
            "SELECT DISTINCT p.given_name, p.family_name, p.sourced_id FROM headway_sample s "
            "JOIN headway_person p ON p.id = s.student_id"
        ):
            yield from (f"{given} {family}", f"{family}, {given}", key, key.lower())
        for (digest,) in database.execute(
            "SELECT file_digest FROM headway_samplepart WHERE file_digest <> ''"
        ):
            yield digest
    yield from (CANARY, "The shed of", "at home")


def _nothing_leaks(district: District, before: dict[str, bytes], clients: dict[str, Client]) -> None:
    whose = list(_students(district))
    assert len(whose) > 60
    for n, name in enumerate(clients, 1):
        own = before[name]
        assert own.count(f"KEEP-{n}-".encode()) == 3 * CRITERIA, "the scan sees what it looks for"
        others = [other for other in range(1, len(clients) + 1) if other != n]
        assert [other for other in others if f"KEEP-{other}-".encode() in own] == [], name
    assert b"KEEP-" not in before["browser"]
    for name, read in before.items():
        assert [one for one in whose if one.encode() in read] == [], name
    print(
        f"\n{sum(len(read) for read in before.values()):,} bytes of {len(before)} people searched for {len(whose)} names"
    )
