"""Determine levels in bulk by every rule: `python -m bench.rules [--ratings N] [--rule KEY] [--threads 2]`.

Ten ratings a segment on average, levels as uint8, sorted by segment and time as a snapshot holds them. Prints
one JSON line per rule: seconds of a second run (compiled code is kept on disk), the resident memory beyond
the input columns, and the time of one pass over the levels in the same minute as the floor. Value, hundredths
and state are computed for every segment, in pieces of bounded size.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import threading
import time

import numpy as np


def rss_mib() -> float:
    """Resident memory of this process now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


class Peak:
    """The greatest resident memory seen while it runs."""

    def __enter__(self) -> Peak:
        self.start = self.peak = rss_mib()
        self.going = True
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while self.going:
            self.peak = max(self.peak, rss_mib())
            time.sleep(0.005)

    def __exit__(self, *_: object) -> None:
        self.going = False
        self.thread.join()
        self.peak = max(self.peak, rss_mib())


def columns(ratings: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return levels, offsets and settings of `ratings` ratings in a tenth as many segments."""
    rng = np.random.default_rng(seed)
    cuts = rng.integers(0, ratings + 1, ratings // 10 - 1, dtype=np.int64)
    cuts.sort()
    offsets = np.concatenate(([0], cuts, [ratings]))
    return rng.integers(1, 5, ratings, dtype=np.uint8), offsets, rng.integers(0, 4, ratings, dtype=np.int8)


def measure(key: str, ratings: int, threads: int) -> dict[str, object]:
    """Return the figures of one rule."""
    import numba

    from headway.science.ledger import Segments
    from headway.science.proficiency.registry import parameters, rule
    from headway.science.proficiency.snapshot import determine_levels

    levels, offsets, places = columns(ratings)
    segments = Segments(levels, offsets, {"setting": places})
    chosen = parameters(key, {"n": 3} if key == "best-n" else {})
    small = Segments(levels[: offsets[1000]], offsets[:1001], {"setting": places[: offsets[1000]]})
    determine_levels(small, rule(key), chosen, proficient=3, beyond=4, compiled=True)
    begin = time.perf_counter()
    levels.sum(dtype=np.int64)
    offsets.sum()
    floor = time.perf_counter() - begin
    with Peak() as memory:
        begin = time.perf_counter()
        answer = determine_levels(segments, rule(key), chosen, proficient=3, beyond=4, threads=threads)
        seconds = time.perf_counter() - begin
    return {
        "figure": f"determine {key}",
        "unit": "s",
        "value": round(seconds, 3),
        "ratings": ratings,
        "segments": segments.count,
        "threads": threads,
        "memory_mib_beyond_input": round(memory.peak - memory.start),
        "input_mib": round(memory.start),
        "floor_one_pass_s": round(floor, 4),
        "multiple_of_floor": round(seconds / floor, 1),
        "check": int(answer.shown[answer.shown > 0].sum()),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def main() -> None:
    """Measure every rule in a process of its own, so that memory is that rule's."""
    from headway.science.proficiency.registry import keys

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rule", default="")
    given = parser.parse_args()
    if given.rule:
        print(json.dumps(measure(given.rule, given.ratings, given.threads)))
        return
    for key in keys():
        command = [sys.executable, "-m", "bench.rules", "--rule", key, "--ratings", str(given.ratings)]
        subprocess.run([*command, "--threads", str(given.threads)], check=True)


if __name__ == "__main__":
    main()
