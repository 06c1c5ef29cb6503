"""Killed at random instants: no acknowledged rating is lost or doubled, and no import is left half done."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ..headway.project import scale
from ..headway.project.district import HEADWAY, Home, csv_file, day
from .serving import Client, Server

KILLS = (10, pytest.param(60, marks=pytest.mark.soak))
THREADS = 4
TARGETS = ("MATH:A1", "A2", "A3", "B1")


class Writer(threading.Thread):
    """Posts batches of 1 to 25 ratings; writes each acknowledged key into a ledger of its own outside the system.

    A batch without an answer is sent again, the same keys with the same content, until it is acknowledged.
    """

    def __init__(self, number: int, client: Client, up: threading.Event, ledger: Path) -> None:
        super().__init__(daemon=True)
        self.number, self.client, self.up, self.ledger = number, client, up, ledger
        self.chance, self.done = random.Random(number), threading.Event()
        self.wrong: list[Any] = []
        self.retries = self.replays = self.batches = 0

    def run(self) -> None:
        counter = itertools.count()
        with self.ledger.open("a") as ledger:
            while not self.done.is_set():
                self._deliver(self._batch(counter), ledger)

    def _batch(self, counter: Any) -> list[dict[str, Any]]:
        return [
            {"key": f"w{self.number}-{next(counter):06d}", "student": f"u{self.chance.randint(1, 3)}",
             "target": self.chance.choice(TARGETS), "level": self.chance.randint(1, 4),
             "observed_at": day(self.chance.randint(1, 30))}
            for _ in range(self.chance.randint(1, 25))
        ]  # fmt: skip

    def _deliver(self, batch: list[dict[str, Any]], ledger: Any) -> None:
        tried = False
        while True:
            self.up.wait()
            try:
                status, answer = self.client.rate(*batch)
            except ConnectionRefusedError:
                # Nobody was there to hear it.
                time.sleep(0.02)
                continue
            except OSError:
                tried = True
                self.retries += 1
                time.sleep(0.02)
                continue
            if status not in (200, 201) or (status == 200 and not tried):
                self.wrong.append((status, answer))
                self.done.set()
                return
            self.batches += 1
            self.replays += status == 200
            receipt = answer["receipt"]
            if receipt["last"] - receipt["first"] + 1 != len(batch):
                self.wrong.append(answer)
            ledger.writelines(f"{row['key']}\n" for row in batch)
            ledger.flush()
            return


@pytest.mark.postgres
@pytest.mark.parametrize("kills", KILLS)
def test_kills_of_the_server_lose_and_double_nothing(home: Home, tmp_path: Path, kills: int) -> None:
    token = home.json("token", "admin", "--scope", "ratings.write")["token"]
    ((before,),) = home.rows("SELECT COUNT(*) FROM headway_event")
    server, up, chance = Server(home), threading.Event(), random.Random(7)
    ledgers = [tmp_path / f"acknowledged-{n}" for n in range(THREADS)]
    writers = [Writer(n, Client(server.port, token, seconds=10), up, ledgers[n]) for n in range(THREADS)]
    try:
        for kill in range(kills):
            server.start()
            if kill == 0:
                for writer in writers:
                    writer.start()
            up.set()
            time.sleep(chance.uniform(0.3, 1.0))
            server.kill()
            up.clear()
            assert not [writer.wrong for writer in writers if writer.wrong]
        # The last start: what was not acknowledged is delivered, then the writers stop.
        server.start()
        for writer in writers:
            writer.done.set()
        up.set()
        for writer in writers:
            writer.join(60)
            assert not writer.is_alive() and not writer.wrong, writer.wrong
    finally:
        server.kill()

    keys = [key for ledger in ledgers for key in ledger.read_text().split()]
    assert len(keys) == len(set(keys)) > kills, "hardly anything was acknowledged between the kills"
    assert sum(writer.retries for writer in writers) > 0, (
        "no call was ever cut off: the kills did not hit any traffic"
    )
    stored = [row[0] for row in home.rows("SELECT key FROM headway_rating WHERE key LIKE 'w%'")]
    lost, extra = set(keys) - set(stored), set(stored) - set(keys)
    assert (lost, extra) == (set(), set())
    assert len(stored) == len(set(stored))
    ((events, last, digests),) = home.rows(
        "SELECT COUNT(*), MAX(sequence), COUNT(DISTINCT key_digest) FROM headway_event"
    )
    assert events == last == before + len(keys) and digests == 12 + len(keys)
    assert home.rows("SELECT COUNT(*) FROM headway_payload") == [(events,)]
    checked = home.json("verify")
    assert (checked["ok"], checked["events"]) == (True, events)
    if not home.url:
        assert home.rows("PRAGMA integrity_check") == [("ok",)]
    cut_off, replayed = sum(w.retries for w in writers), sum(w.replays for w in writers)
    print(
        f"{kills} kills, {len(keys)} acknowledged, {cut_off} calls cut off, {replayed} answered by the first receipt"
    )


# Imports killed in the middle of their transaction.

POINTS = (0.1, 0.3, 0.5, 0.7, 0.9)


def _writing(home: Home) -> bool:
    """Whether another process holds the lock of a writing transaction."""
    connection = sqlite3.connect(home.database, timeout=0)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
        return False
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()


def _start(home: Home, *words: object) -> subprocess.Popen[bytes]:
    command = [str(HEADWAY), *map(str, words), "--home", str(home.path), "--json"]
    return subprocess.Popen(
        command, env=home.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _until_writing(home: Home, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and not _writing(home):
        time.sleep(0.002)


def _seconds_of_writing(home: Home, *words: object) -> float:
    process = _start(home, *words)
    _until_writing(home, process)
    began = time.monotonic()
    assert process.wait(300) == 0
    return time.monotonic() - began


def _killed(home: Home, words: tuple[object, ...], copies: Path) -> None:
    """Kill the import at five points of its transaction: each leaves the old state, and a further run converges."""
    before = home.dump()
    whole = home.copy(copies / "whole")
    seconds = _seconds_of_writing(whole, *words)
    half = 0
    for point in POINTS:
        process = _start(home, *words)
        _until_writing(home, process)
        time.sleep(seconds * point)
        ended = process.poll() is not None
        os.killpg(process.pid, signal.SIGKILL) if not ended else None
        process.wait()
        if ended or home.dump() != before:
            # The import was quicker than when it was measured and had committed: then it is there whole.
            assert home.json("verify")["ok"] is True
            break
        half += 1
    assert half >= 2, "the kills came after the commit; the transaction is too short to be hit"
    found = home.json(*words)
    assert found["run"] >= 1
    runs = ("headway_importrun", "headway_auditentry", "sqlite_sequence", "headway_importchange")
    counts = {name: _count(home, name) for name in home.dump(without=runs)}
    assert counts == {name: _count(whole, name) for name in whole.dump(without=runs)}
    assert home.json("verify")["ok"] is True and home.rows("PRAGMA integrity_check") == [("ok",)]


def _count(home: Home, table: str) -> int:
    return int(home.rows(f'SELECT COUNT(*) FROM "{table}"')[0][0])


@pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the lock of SQLite tells when the import writes"
)
def test_an_import_of_ratings_killed_half_way_leaves_the_old_state(home: Home, tmp_path: Path) -> None:
    rows = (
        f"k{n:06d},u{n % 3 + 1},{TARGETS[n // 3 % 4]},{1 + n % 4},{day(1 + n % 30)}" for n in range(20_000)
    )
    path = csv_file(tmp_path / "ratings.csv", "key,student,target,level,observed_at", *rows)
    _killed(home, ("import", "ratings", path), tmp_path)
    assert home.rows("SELECT COUNT(*) FROM headway_rating") == [(20_012,)]


@pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the lock of SQLite tells when the import writes"
)
def test_an_import_of_a_roster_killed_half_way_leaves_the_old_state(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.json("init")
    path = scale.roster(tmp_path / "roster", 2_000)
    _killed(home, ("import", "roster", path), tmp_path)
    assert home.rows("SELECT COUNT(*) FROM headway_person") == [(2_080,)]
