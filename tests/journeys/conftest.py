"""A real server on a demonstration district, and a real browser. Nothing here touches the test database."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests import browser as chromium

COMMAND = str(Path(sys.executable).parent / "headway")
STUDENTS = 78


@dataclass(frozen=True)
class District:
    """A served demonstration: its address, its home and its ready-made logins by username."""

    base: str
    home: Path
    logins: dict[str, dict[str, str]]
    planted: dict[str, list[str]]
    environment: dict[str, str]


def command(district: District, *words: str) -> Any:
    """Run a command on the district's home and return its JSON."""
    done = subprocess.run([COMMAND, *words, "--home", str(district.home), "--json"], capture_output=True, text=True,
                          env=district.environment, check=False)  # fmt: skip
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def served(home: Path, environment: dict[str, str]) -> Iterator[District]:
    """Build a demonstration and serve it until the test is done."""
    made = subprocess.run([COMMAND, "demo", "--home", str(home), "--students", str(STUDENTS), "--no-serve", "--json"],
                          capture_output=True, text=True, env=environment, check=False)  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    told = json.loads(made.stdout)
    _no_snapshot_tonight(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([COMMAND, "serve", "--home", str(home), "--port", str(port)], env=environment,
                              stdout=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        logins = {one["username"]: one for one in told["logins"]}
        yield District(f"http://127.0.0.1:{port}", home, logins, told["planted"], environment)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _no_snapshot_tonight(home: Path) -> None:
    """Mark the snapshots of these nights as taken: no journey waits for one, and each takes ten seconds of a core."""
    now = datetime.now(UTC)
    days = [(now + timedelta(hours=hours)).date().isoformat() for hours in (-24, 0, 24)]
    with sqlite3.connect(home / "headway.sqlite3") as database:
        database.executemany(
            "INSERT INTO headway_job "
            "(key, kind, arguments, state, due_at, tries, place, done_n, of_n, said, made_at, changed_at) VALUES "
            "(?, 'snapshot', '{}', 'done', ?, 0, 0, 0, 0, '', ?, ?)",
            [(f"snapshot-{day}", *[now.isoformat(" ")] * 3) for day in days],
        )


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer")


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """A demonstration on SQLite."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "HEADWAY_HOME")
    }
    yield from served(tmp_path_factory.mktemp("district") / "home", environment)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A Chromium for one file of tests.

    Its event loop ends with the file: tests of the database that come after it in the same process refuse to run inside one.
    """
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@pytest.fixture
def sign_in(district: District, chrome: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that gives a signed-in page; it fails on script errors, refused policies and foreign requests."""
    opened: list[tuple[Any, list[str]]] = []

    def go(username: str, *, width: int = 1280, height: int = 900, site: District | None = None) -> Page:
        where = site or district
        context = chrome.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                faults.append(request.url) if not request.url.startswith((where.base, "data:")) else None
            ),
        )
        opened.append((context, faults))
        page.goto(f"{where.base}/account/sign-in")
        page.fill("#username", username)
        page.fill("#password", where.logins[username]["password"])
        page.press("#password", "Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    yield go
    for context, faults in opened:
        context.close()
        assert faults == []
