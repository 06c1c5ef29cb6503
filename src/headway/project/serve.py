"""Starts the web product with gunicorn in this process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import Any

from gunicorn.app.base import BaseApplication

FIRST_REQUESTS, HALF_AN_HOUR = 30, 1800
BEHIND = 5
"""How far work beside the pages stands behind them. No further: at the lowest priority a busy machine starves it while it holds
the one lock for writing, and every save waits."""
PROGRAM = [sys.executable, "-m", "headway.cli"]


def begin_days(_server: Any) -> None:
    """Start the thread that has each new day's determinations made: a policy comes into force, a window moves on.

    In a process of its own, behind the pages. Pages are right without it, because they determine what is due when
    they are asked; overviews of thousands read what stands stored.
    """
    _again_and_again("days", [*PROGRAM, "determine", "--due"], HALF_AN_HOUR)


def begin_work(_server: Any) -> None:
    """Start the thread that keeps one worker running, for digests and mail; it ends with this process."""
    _again_and_again("work", [*PROGRAM, "work", "--with-parent"], FIRST_REQUESTS)


def _again_and_again(name: str, command: list[str], pause: int) -> None:
    def run() -> None:
        time.sleep(FIRST_REQUESTS)
        while True:
            subprocess.run(  # noqa: S603  our own program, no word of it from outside
                command, preexec_fn=lambda: os.nice(BEHIND), stdout=subprocess.DEVNULL, check=False
            )
            time.sleep(pause)

    threading.Thread(target=run, name=name, daemon=True).start()


def begin_both(server: Any) -> None:
    """Start what runs beside the pages."""
    begin_days(server)
    begin_work(server)


class Server(BaseApplication):
    """gunicorn with our settings instead of a file of its own."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        from headway.project.wsgi import application

        read_ahead()
        return application


def read_ahead() -> None:
    """Read the rules and the continuums before the workers are made: each begins with them, and its first page waits for neither.

    No worker gets a connection that another has: the one that was needed is closed.
    """
    from django.db import connections

    from headway.frameworks import queries as frameworks
    from headway.proficiency import queries as proficiency

    proficiency.book()
    frameworks.remembered()
    connections.close_all()


def run(
    *, port: int, host: str = "127.0.0.1", workers: int | None = None, threads: int = 8, quiet: bool = True
) -> None:
    """Serve until stopped. Two workers of eight threads by default; HEADWAY_WORKERS and HEADWAY_THREADS change that."""
    Server(
        {
            "bind": f"{host}:{port}",
            "workers": int(os.environ.get("HEADWAY_WORKERS", workers or 2)),
            "threads": int(os.environ.get("HEADWAY_THREADS", threads)),
            "worker_class": "gthread",
            "preload_app": True,
            "accesslog": None if quiet else "-",
            "loglevel": "warning",
            "keepalive": 30,
            "timeout": 120,
            "graceful_timeout": 10,
            "control_socket_disable": True,
            "when_ready": begin_both,
        }
    ).run()
