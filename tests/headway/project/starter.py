"""Starts commands quickly: a process that has loaded what the product stands on, and nothing of the product, forks for each.

Each command is a process of its own with its own environment, working directory and pipes, and loads `headway` afresh, its
settings among it. What is saved is the second that Django, NumPy and the like take to load, some hundred times.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache

LOADED = (
    "django.conf", "django.core.management", "django.core.serializers.json", "django.core.files.storage",
    "django.core.cache.backends.locmem", "django.db.models", "django.db.backends.sqlite3.base", "django.db.migrations.executor",
    "django.forms", "django.http", "django.middleware.csrf", "django.template.backends.django", "django.urls",
    "django.utils.translation.trans_real", "django.views.static", "argon2", "cryptography.hazmat.primitives.asymmetric.ed25519",
    "numpy", "numpy.ma", "psycopg", "pydantic", "rich.progress", "segno", "typer", "zoneinfo", "xml.etree.ElementTree",
)  # fmt: skip
PROGRAM = """
import importlib, json, os, signal, socket, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
assert not any(name.partition(".")[0] == "headway" for name in sys.modules)
door = socket.socket(fileno=int(sys.argv[2]))
while True:
    said, pipes, _, _ = socket.recv_fds(door, 4, 3)
    if not said:
        break
    size, body = int.from_bytes(said, "big"), b""
    while len(body) < size:
        body += door.recv(size - len(body))
    given = json.loads(body)
    child = os.fork()
    if child == 0:
        door.close()
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        os.environ.clear()
        os.environ.update(given["env"])
        sys.argv = given["argv"]
        sys.pycache_prefix = given["env"].get("PYTHONPYCACHEPREFIX")
        sys.dont_write_bytecode = False
        code = 1
        try:
            from headway.cli import main
            code = main() or 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    for pipe in pipes:
        os.close(pipe)
    _, status = os.waitpid(child, 0)
    door.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
"""


@cache
def _door() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(LOADED), str(theirs.fileno())], pass_fds=[theirs.fileno()],
        start_new_session=True,
    )  # fmt: skip
    theirs.close()
    atexit.register(os.killpg, process.pid, signal.SIGKILL)
    ours.settimeout(300)
    return ours


def run(command: Sequence[str], *, env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run `headway` with these words to its end; return exit code, standard output and standard error."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(os.devnull, "rb") as nothing:
        body = json.dumps({"argv": list(command), "env": dict(env)}).encode()
        pipes = [nothing.fileno(), out.fileno(), err.fileno()]
        socket.send_fds(_door(), [len(body).to_bytes(4, "big")], pipes)
        _door().sendall(body)
        code = int.from_bytes(_door().recv(4), "big", signed=True)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return code, *texts
