"""What this machine does in this minute: durable commits, memory read on one core."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def fsyncs_per_second(folder: Path, seconds: float = 1.0) -> float:
    """Return how many 4 KiB appends a second reach the disk, each with its own fsync."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        block, n = os.urandom(4096), 0
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            n += 1
        return n / (time.perf_counter() - begin)


def read_gb_per_second() -> float:
    """Return gigabytes a second that one core reads from memory."""
    block = np.ones(32 * 1024 * 1024, np.int64)
    block.sum()
    begin = time.perf_counter()
    for _ in range(4):
        block.sum()
    return 4 * block.nbytes / (time.perf_counter() - begin) / 1e9


def interpreter_ms() -> float:
    """Return CPU milliseconds of one fixed loop of the interpreter: on a shared machine it tells fast minutes from slow ones."""
    begin = time.process_time()
    found: dict[int, int] = {}
    for n in range(100_000):
        found[n % 997] = found.get(n % 991, 0) + n
    return 1000 * (time.process_time() - begin)


def machine(folder: Path) -> dict[str, object]:
    """Return the baseline that stands beside every figure."""
    return {
        "fsync_per_s": round(fsyncs_per_second(folder)),
        "read_gb_per_s": round(read_gb_per_second(), 1),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def timed(what: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall seconds, CPU seconds and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = what()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def peak_mib() -> int:
    """The greatest resident memory of this process so far."""
    # Not that of getrusage: it counts what the process was before it became this program.
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
