"""A Chromium for journeys: found, else installed by the system's package manager, else Playwright's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "HEADWAY_CHROMIUM"
"""The environment variable in which `tests.run` hands the browser on to the journeys."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL = (
    "no Chromium was found: install the system's package chromium (Debian and Ubuntu: apt-get install chromium "
    "fonts-dejavu-core), or run: .venv/bin/playwright install chromium"
)


@dataclass(frozen=True)
class Found:
    """The browser's path, or None with the words that say what to install; `how` tells where it came from."""

    path: str | None
    how: str


def find(*, install: bool = True) -> Found:
    """Return a Chromium that starts. With `install`, root on a machine with apt gets it from the package manager."""
    given = os.environ.get(VARIABLE)
    if given and _starts(given):
        return Found(given, VARIABLE)
    if path := _on_path():
        return Found(path, "found on this machine")
    words = ""
    if install and os.geteuid() == 0 and shutil.which("apt-get"):
        words = _install()
        if path := _on_path():
            return Found(path, "installed with apt-get")
    if path := _playwrights_own():
        return Found(path, "Playwright's own")
    return Found(None, f"{INSTALL}{words}")


def launch(playwright: Any, **options: Any) -> Any:
    """Return a browser started by Playwright with a fresh profile; raises RuntimeError with what to install."""
    found = find(install=False)
    if found.path is None:
        raise RuntimeError(found.how)
    return playwright.chromium.launch(executable_path=found.path, args=list(FLAGS), **options)


def _on_path() -> str | None:
    for name in NAMES:
        path = shutil.which(name)
        # Ubuntu's package is a stub that only asks for a snap: what does not start is not there.
        if path and _starts(path):
            return path
    return None


def _starts(path: str) -> bool:
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and b"snap install" not in asked.stdout + asked.stderr


def _install() -> str:
    """Install the packages; return nothing, or the last words of what went wrong."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES],
    ):
        print("$", " ".join(command), flush=True)
        try:
            done = subprocess.run(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
            )
        except subprocess.TimeoutExpired:
            return f"\n  ({' '.join(command)} did not end within 300 s)"
        if done.returncode and command[1] == "install":
            return f"\n  ({' '.join(command)} failed: {(done.stdout.strip().splitlines() or ['?'])[-1]})"
    return ""


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    except Exception:  # whatever keeps Playwright from answering, there is no browser of its own
        return None
    return path if Path(path).exists() and _starts(path) else None
