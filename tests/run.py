"""Everything that CI runs: lint, types and contracts; the ledger's tests on PostgreSQL; all tests on SQLite.

`make test` calls it. A stage that fails does not stop the next one, and makes the exit code 1. What cannot be run here
is printed with the package to install. The last lines are pytest's own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests import browser, postgres

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CHECKS = (
    ("ruff check", ["ruff", "check", "src", "tests", "bench"]),
    ("ruff format", ["ruff", "format", "--check", "src", "tests", "bench"]),
    ("mypy", ["mypy"]),
    ("lint-imports", ["lint-imports"]),
)
WORKERS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
STAGE_SECONDS = 2400


class Run:
    """The stages so far: what each one came to."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.results: list[tuple[str, str, float]] = []

    @property
    def failed(self) -> list[str]:
        return [name for name, result, _ in self.results if result == "FAILED"]

    def stage(self, name: str, command: list[str], env: dict[str, str] | None = None) -> bool:
        """Run one subprocess to its end, with nothing on its standard input."""
        print(f"\n=== {name} · {' '.join(command)}", flush=True)
        started = time.monotonic()
        code = _call([str(BIN / command[0]), *command[1:]], env)
        self.results.append((name, "FAILED" if code else "passed", time.monotonic() - started))
        if code:
            print(f"!!! {name}: FAILED (exit code {code})", flush=True)
        return code == 0

    def not_run(self, name: str, why: str) -> None:
        self.results.append((name, "NOT RUN", 0.0))
        print(f"\n!!! NOT RUN: {name}\n!!! {why}", flush=True)

    def fail(self, name: str, why: str) -> None:
        self.results.append((name, "FAILED", 0.0))
        print(f"\n!!! {name}: FAILED\n!!! {why}", flush=True)

    def summary(self) -> str:
        parts = [
            f"{name} {result}{f' ({seconds:.0f} s)' if seconds else ''}"
            for name, result, seconds in self.results
        ]
        return f"\n=== so far, {time.monotonic() - self.started:.0f} s: " + " · ".join(parts)


def _call(command: list[str], env: dict[str, str] | None) -> int:
    process = subprocess.Popen(
        command, cwd=ROOT, env=env or _environment(), stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return process.wait(STAGE_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"!!! stopped after {STAGE_SECONDS} s", flush=True)
        return 1
    finally:
        if process.poll() is None:
            # The whole group: pytest's workers too. Reached by Control-C and SIGTERM as well.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment(**more: str) -> dict[str, str]:
    """Return the environment of a stage: the records are in SQLite unless the stage says otherwise."""
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**env, **more}


def main() -> int:
    """Run all stages; return the exit code."""
    # So that a server which was started is stopped when somebody ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run = Run()
    for name, command in CHECKS:
        run.stage(name, command)
    found = browser.find()
    only: list[str] = []
    if found.path is None:
        run.not_run("journeys in a browser", found.how)
        only = ["-m", "not browser and not soak"]
    else:
        print(f"\n=== browser: {found.path} ({found.how})", flush=True)
    with_browser = {browser.VARIABLE: found.path} if found.path else {}
    _on_postgres(run, with_browser)
    print(run.summary(), flush=True)
    if run.failed:
        print(
            f"!!! FAILED before the last stage: {', '.join(run.failed)}; the exit code will be 1", flush=True
        )
    print(f"\n=== all tests on SQLite · pytest {' '.join(WORKERS + only)}", flush=True)
    # pytest's closing line ends the run: nothing is printed after it.
    last = _call([sys.executable, "-m", "pytest", *WORKERS, *only], _environment(**with_browser))
    return 1 if last or run.failed else 0


def _on_postgres(run: Run, with_browser: dict[str, str]) -> None:
    name = "tests on PostgreSQL"
    only = "postgres and not soak" if with_browser else "postgres and not browser and not soak"
    try:
        with postgres.server() as url:
            run.stage(
                name,
                ["python", "-m", "pytest", *WORKERS, "-m", only],
                _environment(DATABASE_URL=url, **with_browser),
            )
    except postgres.NoServer as missing:
        run.not_run(name, str(missing))
    except RuntimeError as broken:
        run.fail(name, str(broken))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("!!! interrupted")
