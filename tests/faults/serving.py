"""The real server in a process group of its own, and a client that speaks to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from typing import Any

from ..headway.project.district import HEADWAY, Home

WITHIN_SECONDS = 60


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """`headway serve` on a home: started until it answers, and killed with everything it started."""

    def __init__(self, home: Home) -> None:
        self.home, self.port = home, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(HEADWAY), "serve", "--port", str(self.port), "--home", str(self.home.path)],
            env=self.home.env(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + WITHIN_SECONDS
        while time.monotonic() < until:
            assert self.process.poll() is None, "the server ended by itself"
            try:
                if Client(self.port, seconds=5).get("/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def kill(self) -> None:
        """Kill -9 for the whole process group, and wait until nobody of it is left."""
        if self.process is None:
            return
        group = self.process.pid
        os.killpg(group, signal.SIGKILL)
        self.process.wait()
        until = time.monotonic() + WITHIN_SECONDS
        while time.monotonic() < until:
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                break
            time.sleep(0.01)
        self.process = None


class Client:
    """One caller with one token; every call is a connection of its own."""

    def __init__(self, port: int, token: str = "", *, seconds: float = 30) -> None:
        self.port, self.token, self.seconds = port, token, seconds

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> tuple[int, Any]:
        """Return status and JSON of an answer. Raises OSError where there is no whole answer."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        sent = raw if raw is not None else None if body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.seconds)
        try:
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode("utf-8", "replace")

    def get(self, path: str) -> tuple[int, Any]:
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        return self.call("POST", path, body)

    def rate(self, *rows: dict[str, Any]) -> tuple[int, Any]:
        return self.post("/api/v1/ratings", {"ratings": list(rows)})
