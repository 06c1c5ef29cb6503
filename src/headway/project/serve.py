"""Starts the web product with gunicorn in this process."""

from __future__ import annotations

import os
from typing import Any

from gunicorn.app.base import BaseApplication


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

        return application


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
        }
    ).run()
