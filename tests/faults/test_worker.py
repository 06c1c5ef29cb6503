"""P18: workers killed in the middle of a job: each effect is there once, and no letter goes twice."""

from __future__ import annotations

import random
import signal
import socketserver
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ..headway.project.district import HEADWAY, Home

pytestmark = pytest.mark.postgres
KILLS = 4
PEOPLE = 12


class Letters(socketserver.StreamRequestHandler):
    """A mail server that takes what it is given, slowly, and remembers to whom."""

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        to = ""
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"RCPT":
                to = line.decode().partition("<")[2].partition(">")[0]
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                time.sleep(0.1)
                self.server.taken.append(to)
            self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def server() -> Any:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = allow_reuse_address = True

        def handle_error(self, *_: Any) -> None:
            """A worker that is killed hangs up."""

    with Server(("127.0.0.1", 0), Letters) as found:
        found.taken = []
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


PREPARE = """
import json, sys
from pathlib import Path
from headway.project.home import wake
wake(Path(sys.argv[1]))
from datetime import timedelta
from headway.access import actions as access
from headway.access.types import SYSTEM
from headway.evidence import queries as evidence
from headway.kit.times import now
from headway.notices.models import MailAddress, NoticeChoice
from headway.rosters import actions as rosters, queries
from headway.rosters.models import Person
at, made = now(), []
u1 = queries.person_by_reference("u1")
for n in range(int(sys.argv[2])):
    adult = Person.objects.create(sourced_id=f"g{n}", given_name="G", family_name=str(n))
    rosters.add_guardianship(actor=SYSTEM, student_id=u1.id, guardian_id=adult.id, at=at)
    access.open_account(actor=SYSTEM, username=f"g{n}", name="", at=at, person=adult.uuid)
    MailAddress.objects.create(person=adult, address=f"g{n}@example.org", asked_at=at, verified_at=at)
    NoticeChoice.objects.create(person=adult, hour=0, quiet_from=0, quiet_to=0, changed_at=at)
"""


def prepared(home: Home, port: int) -> None:
    """Have a dozen guardians with an address, to whom there is something to say now, and a mail server on `port`."""
    done = subprocess.run(
        [str(HEADWAY.with_name("python")), "-c", PREPARE, str(home.path), str(PEOPLE)],
        env=home.env(),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    (home.path / "mail.toml").write_text(
        f'host = "127.0.0.1"\nport = {port}\ntls = "none"\nfrom = "school@example.org"\nurl = "http://localhost"\n'
    )


def end_leases(home: Home) -> None:
    """Let the minute pass that a job belongs to who took it; more often than a job is tried."""
    home.write("UPDATE headway_job SET leased_until = '2020-01-01', tries = 0 WHERE state = 'running'")


def test_p18_workers_killed_in_the_middle_leave_each_effect_once(home: Home, server: Any) -> None:
    prepared(home, server.server_address[1])
    chance, kills = random.Random(18), 0
    for _ in range(KILLS):
        worker = subprocess.Popen(
            [str(HEADWAY), "work", "--once", "--home", str(home.path)], env=home.env(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # What a command needs to begin, and then an instant somewhere in its work.
        _until_it_works(home, worker)
        time.sleep(chance.random() * 0.5)
        worker.send_signal(signal.SIGKILL)
        if worker.wait() != -signal.SIGKILL:
            break
        kills += 1
        end_leases(home)
    found = home.json("work", "--once")
    assert found["failed"] == 0
    assert home.rows("SELECT COUNT(*) FROM headway_digest")[0][0] == PEOPLE
    assert home.rows("SELECT COUNT(*) FROM headway_notice")[0][0] >= PEOPLE
    assert home.rows("SELECT COUNT(*) FROM headway_job WHERE state <> 'done'")[0][0] == 0
    states = Counter(dict(home.rows("SELECT address, state FROM headway_letter")).values())
    assert set(states) <= {"sent", "unknown"} and states.total() == PEOPLE
    taken = Counter(server.taken)
    assert max(taken.values()) == 1, "no letter twice"
    # What is marked as sent was taken; what is unknown may have been.
    assert states["sent"] <= len(taken) <= PEOPLE
    assert states["unknown"] <= kills and kills >= 2


def _until_it_works(home: Home, worker: Any) -> None:
    """Wait until the worker has a job, or is at its end."""
    until = time.monotonic() + 60
    while worker.poll() is None and time.monotonic() < until:
        if home.rows("SELECT COUNT(*) FROM headway_job WHERE leased_until > '2020-01-02'")[0][0]:
            return
        time.sleep(0.005)


def test_p18_a_restored_home_sends_nothing_until_it_is_released(
    home: Home, server: Any, tmp_path: Path
) -> None:
    from ..headway.project.district import drop_database, new_database

    prepared(home, server.server_address[1])
    home.json("backup", tmp_path / "b.zip")
    there = Home(tmp_path / "there", new_database() if home.url else "")
    try:
        there.json("restore", tmp_path / "b.zip")
        (there.path / "mail.toml").write_text((home.path / "mail.toml").read_text())
        assert there.json("work", "--once")["copy"] is True
        assert there.json("mail", "status")["letters"] == {"waiting": PEOPLE}
        assert [one["code"] for one in there.refused("mail", "test", "a@example.org")] == ["held_copy"]
        assert server.taken == []
        assert there.json("release-copy")["released"] is True
        there.json("work", "--once")
        there.json("work", "--once")
        assert sorted(server.taken) == sorted(f"g{n}@example.org" for n in range(PEOPLE))
        assert [one["code"] for one in there.refused("release-copy")] == ["no_copy"]
    finally:
        if there.url:
            drop_database(there.url)
