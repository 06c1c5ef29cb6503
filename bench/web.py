"""Workload W1, the web product: `python -m bench.web [--state A|B|C|D] [--students 1000|5000] [--quick]`.

Builds a home with a continuum of 500 nodes (10 domains, 490 leaves), a 4-level scale, students in classes of 30, and
ratings number i = student floor(i/100), target i mod 100, level 1 + (7i + floor(i/100)) mod 4; starts the real server on
loopback, and measures over HTTP. CPU is that of the server's processes; statements come from the server's own header.
Commands and server find their modules compiled beside the environment, as `make` has them, whatever the shell says of bytecode.
State A 8,550 ratings, B 100,000, C 500,000; D 1,000,000, ten times B, for what must not grow with the site. Prints one JSON
line a figure, with the machine's baseline.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.baseline import interpreter_ms, machine

STATES = {"A": 8_550, "B": 100_000, "C": 500_000, "D": 1_000_000}
BIN = Path(sys.executable).parent
COMPILED = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode")}
LEAVES, PATH_TARGETS, CLASS_SIZE = 490, 100, 30
TARGETS = {"L1": 1.0, "L2": 5.0, "L3": 2.0}


def headway(home: Path, *words: str) -> Any:
    """Run a command and return its JSON; time it from outside."""
    done = subprocess.run(
        [str(BIN / "headway"), *words, "--home", str(home), "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, **COMPILED},
    )
    if done.returncode:
        raise SystemExit(f"headway {' '.join(words)}: {done.stdout} {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and result."""
    begin = time.perf_counter()
    result = what()
    return time.perf_counter() - begin, result


def write(path: Path, columns: list[str], rows: list[list[Any]]) -> Path:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def framework(path: Path) -> Path:
    """Write a continuum of 500 nodes."""
    rows: list[list[Any]] = [["framework", "", "", "BENCH", "academic"]]
    for domain in range(10):
        rows.append(["area", f"D{domain}", "", f"Domain {domain}", ""])
        rows += [
            ["target", f"T{domain * 49 + n:03d}", f"D{domain}", f"Target {domain * 49 + n}", ""]
            for n in range(49)
        ]
    return write(path, ["row", "code", "parents", "name", "kind"], rows)


def roster(folder: Path, students: int) -> Path:
    """Write a OneRoster 1.2 folder: one school, classes of 30, one teacher a class."""
    folder.mkdir(parents=True)
    base = ["", ""]
    write(folder / "orgs.csv", ["sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId"],
          [["D", *base, "District", "district", "", ""], ["S", *base, "School", "school", "", "D"]])  # fmt: skip
    write(folder / "academicSessions.csv",
          ["sourcedId", "status", "dateLastModified", "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"],
          [["Y", *base, "Year", "schoolYear", "2026-08-01", "2027-07-31", "", "2027"]])  # fmt: skip
    write(
        folder / "courses.csv",
        [
            "sourcedId",
            "status",
            "dateLastModified",
            "schoolYearSourcedId",
            "title",
            "courseCode",
            "grades",
            "orgSourcedId",
            "subjects",
            "subjectCodes",
        ],
        [["CO", *base, "Y", "Course", "C", "07", "S", "", ""]],
    )
    n_classes = -(-students // CLASS_SIZE)
    write(
        folder / "classes.csv",
        [
            "sourcedId",
            "status",
            "dateLastModified",
            "title",
            "grades",
            "courseSourcedId",
            "classCode",
            "classType",
            "location",
            "schoolSourcedId",
            "termSourcedIds",
            "subjects",
            "subjectCodes",
            "periods",
        ],
        [
            [f"K{n}", *base, f"Class {n}", "07", "CO", f"K{n}", "scheduled", "", "S", "Y", "", "", ""]
            for n in range(n_classes)
        ],
    )
    people = [[f"u{n}", *base, "true", f"u{n}", f"Given{n}", f"Family{n}", "07"] for n in range(students)]
    people += [[f"t{n}", *base, "true", f"t{n}", f"Teacher{n}", f"Teach{n}", ""] for n in range(n_classes)]
    write(
        folder / "users.csv",
        [
            "sourcedId",
            "status",
            "dateLastModified",
            "enabledUser",
            "username",
            "givenName",
            "familyName",
            "grades",
        ],
        people,
    )
    roles = [
        [
            f"r{row[0]}",
            *base,
            row[0],
            "primary",
            "student" if row[0][0] == "u" else "teacher",
            "",
            "",
            "S",
            "",
        ]
        for row in people
    ]
    write(
        folder / "roles.csv",
        [
            "sourcedId",
            "status",
            "dateLastModified",
            "userSourcedId",
            "roleType",
            "role",
            "beginDate",
            "endDate",
            "orgSourcedId",
            "userProfileSourcedId",
        ],
        roles,
    )
    enrolled = [
        [f"e{n}", *base, f"K{n // CLASS_SIZE}", "S", f"u{n}", "student", "false", "", ""]
        for n in range(students)
    ]
    enrolled += [[f"f{n}", *base, f"K{n}", "S", f"t{n}", "teacher", "true", "", ""] for n in range(n_classes)]
    write(
        folder / "enrollments.csv",
        [
            "sourcedId",
            "status",
            "dateLastModified",
            "classSourcedId",
            "schoolSourcedId",
            "userSourcedId",
            "role",
            "primary",
            "beginDate",
            "endDate",
        ],
        enrolled,
    )
    files = ["academicSessions", "classes", "courses", "enrollments", "orgs", "roles", "users"]
    write(folder / "manifest.csv", ["propertyName", "value"],
          [["manifest.version", "1.0"], ["oneroster.version", "1.2"], *[[f"file.{name}", "bulk"] for name in files]])  # fmt: skip
    return folder


def ratings(path: Path, count: int) -> Path:
    """Write the workload's ratings; dates run through the year so that none ties."""
    start = datetime(2026, 8, 3, 14, tzinfo=UTC)
    rows = []
    for i in range(count):
        observed = start + timedelta(minutes=(i % PATH_TARGETS) * 1200 + i // (PATH_TARGETS * 100))
        rows.append(
            [
                f"b{i}",
                f"u{i // 100}",
                f"T{i % PATH_TARGETS:03d}",
                1 + (7 * i + i // 100) % 4,
                observed.isoformat(),
            ]
        )
    return write(path, ["key", "student", "target", "level", "observed_at"], rows)


def plans(path: Path, students: int) -> Path:
    """Write one plan of ten targets for every student."""
    rows = [
        ["Year", f"u{s}", f"T{t:03d}", 2, "2026-08-03", "2027-06-04"]
        for s in range(students)
        for t in range(10)
    ]
    return write(path, ["plan", "student", "target", "pieces", "starts", "ends"], rows)


class Server:
    """The real server on a home."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = {**os.environ, **COMPILED, "HEADWAY_BENCH": "1"}
        self.process = subprocess.Popen(
            [str(BIN / "headway"), "serve", "--home", str(home), "--port", str(self.port)], env=environment,
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        for _ in range(200):
            try:
                self.get("/healthz")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not start")

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a page."""
        return self.ask("GET", path, None, headers)

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        found = {key.lower(): value for key, value in answer.getheaders()}
        cookies = [value.split(";")[0] for key, value in answer.getheaders() if key.lower() == "set-cookie"]
        found["set-cookie"] = "; ".join(cookies)
        connection.close()
        return answer.status, found, data

    def pids(self) -> list[int]:
        """Return the server's processes."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        ).stdout
        return [self.process.pid, *(int(pid) for pid in found.split())]

    def cpu(self) -> float:
        """Return CPU seconds of all the server's processes so far."""
        ticks = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return proportional memory in MiB of all the server's processes."""
        total = 0
        for pid in self.pids():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])  # type: ignore[index]
        return total / 1024

    def sign_in(self, username: str, password: str) -> str:
        """Return the cookies of a session."""
        _, headers, page = self.get("/account/sign-in")
        cookie = headers["set-cookie"]
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1].decode()  # type: ignore[index]
        body = f"csrfmiddlewaretoken={token}&username={username}&password={password}".encode()
        kind = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": cookie,
            "Referer": f"http://127.0.0.1:{self.port}/",
        }
        status, headers, _ = self.ask("POST", "/account/sign-in", body, kind)
        if status != 302:
            raise SystemExit(f"sign-in answered {status}")
        return headers["set-cookie"]

    def stop(self) -> None:
        """End the server."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def save_load(
    server: Server, token: str, *, clients: int, per_save: int, saves: int, tag: str
) -> dict[str, Any]:
    """Post ratings from several clients on kept connections; return rates and CPU per rating."""
    done: list[int] = []
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for n in range(saves):
            first = (number * saves + n) * per_save
            rows = [
                {"key": f"{tag}-{number}-{n}-{k}", "student": f"u{(first + k) % CLASS_SIZE + (number % 8) * CLASS_SIZE}",
                 "target": f"T{(first // CLASS_SIZE + n) % PATH_TARGETS:03d}", "level": 1 + (first + k) % 4,
                 "observed_at": "2026-11-02T15:00:00Z"} for k in range(per_save)
            ]  # fmt: skip
            connection.request("POST", "/api/v1/ratings", json.dumps({"ratings": rows}), headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 201:
                raise SystemExit(f"save answered {answer.status}: {body[:300]!r}")
            done.append(per_save)
        connection.close()

    before, begin = server.cpu(), time.perf_counter()
    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu = time.perf_counter() - begin, server.cpu() - before
    return {
        "ratings_per_s": round(sum(done) / seconds, 1),
        "cpu_ms_per_rating": round(1000 * cpu / sum(done), 3),
        "ratings": sum(done),
    }


def read_load(server: Server, path: str, cookie: str, times: int) -> dict[str, Any]:
    """Open a page again and again; return CPU, time, statements and size."""
    status, headers, body = server.get(path, {"Cookie": cookie})
    if status != 200:
        raise SystemExit(f"{path} answered {status}")
    server.get(path, {"Cookie": cookie})
    before, begin = server.cpu(), time.perf_counter()
    for _ in range(times):
        _, headers, body = server.get(path, {"Cookie": cookie})
    seconds, cpu = time.perf_counter() - begin, server.cpu() - before
    return {"cpu_ms": round(1000 * cpu / times, 1), "ms": round(1000 * seconds / times, 1),
            "statements": int(headers.get("x-statements", "0")), "kb": round(len(body) / 1000, 1)}  # fmt: skip


def main() -> None:
    """Build, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", choices=list(STATES), default="B")
    parser.add_argument(
        "--students", type=int, default=0, help="default: as many as the state rates, at least 1,000"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    given = parser.parse_args()
    count = STATES[given.state]
    students = given.students or max(1_000, count // 100)
    times = 10 if given.quick else 40
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        base = machine(Path(folder))

        def say(figure: str, unit: str, **values: Any) -> None:
            print(
                json.dumps(
                    {
                        "figure": figure,
                        "unit": unit,
                        "state": given.state,
                        "students": students,
                        **values,
                        "interpreter_ms": round(interpreter_ms(), 1),
                        "machine": base,
                    }
                ),
                flush=True,
            )

        headway(home, "init")
        files = Path(folder)
        seconds, _ = timed(lambda: headway(home, "import", "framework", str(framework(files / "f.csv"))))
        say("L1 framework of 500 imported", "s", value=round(seconds, 2), target=1.0)
        seconds, _ = timed(lambda: headway(home, "import", "roster", str(roster(files / "roster", students))))
        say(
            "L2 users with enrollments imported",
            "s",
            value=round(seconds, 2),
            users=students + -(-students // CLASS_SIZE),
            target=5.0,
        )
        seconds, _ = timed(lambda: headway(home, "import", "ratings", str(ratings(files / "r.csv", count))))
        say("ratings by CSV", "s", value=round(seconds, 2), ratings=count)
        token = headway(home, "token", "admin", "--scope", "admin")["token"]
        teacher = headway(home, "invite", "t0")
        student = headway(home, "invite", "u0")
        leader = headway(home, "invite", "admin")
        server = Server(home)
        try:
            say("memory at rest", "MiB", value=round(server.memory()), target=300)
            saves = 60 if given.quick else 300
            # Each worker's first save loads what it keeps: continuums, policies, a connection for each thread.
            save_load(server, token, clients=8, per_save=1, saves=4, tag="first")
            say(
                "W1 one rating a request, 1 client",
                "1/s",
                target=150,
                **save_load(server, token, clients=1, per_save=1, saves=saves, tag="w1"),
            )
            say(
                "W1 one rating a request, 8 clients",
                "1/s",
                target=250,
                **save_load(server, token, clients=8, per_save=1, saves=saves // 4, tag="w8"),
            )
            say(
                "W2 a class in one save, 8 clients",
                "1/s",
                target=2500,
                **save_load(
                    server, token, clients=8, per_save=CLASS_SIZE, saves=10 if given.quick else 40, tag="c8"
                ),
            )
            cookies = {name: server.sign_in(one["username"], one["password"]) for name, one in
                       (("teacher", teacher), ("student", student), ("district", leader))}  # fmt: skip
            pages = (
                ("R1 student's continuum, 100 targets", "/student/continuum", "student", 15.0, 12),
                ("R1 student as teachers see them", "/teacher/students/u0", "teacher", 15.0, 12),
                ("R2 class grid", "/teacher/classes/K0/grid", "teacher", 60.0, 15),
                ("R3 cohort", "/school/cohorts/S", "district", 50.0, 15),
            )
            for figure, path, who, cpu, statements in pages:
                say(
                    figure,
                    "CPU ms",
                    target_cpu_ms=cpu,
                    target_statements=statements,
                    **read_load(server, path, cookies[who], times),
                )
            say("memory after load", "MiB", value=round(server.memory()), target=500)
        finally:
            server.stop()
        # Last, so that a class has the same of its own at every size of the site.
        if students >= 5_000:
            seconds, _ = timed(lambda: headway(home, "import", "plans", str(plans(files / "p.csv", 5_000))))
            say("L3 plans from one template", "s", value=round(seconds, 2), plans=5_000, target=2.0)


if __name__ == "__main__":
    main()
