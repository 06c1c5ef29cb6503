"""Equity, growth and waiting at district size: `python -m bench.equity [--students N] [--figure NAME]`.

Prints one JSON line per figure: CPU seconds of one process (start BLAS with one thread for figures that can be compared), the
size, the same at a tenth of the size, the peer's where it is installed (`pip install -e ".[bench]"`), and the machine's baseline
of the same minute. Peers get a size that they finish in seconds; ours beside them is at that size.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.baseline import machine


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a second run."""
    work()
    begin = time.process_time()
    work()
    return round(time.process_time() - begin, 4)


def panel(n: int, occasions: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return students, ragged times and levels around lines of their own."""
    rng = np.random.default_rng(1)
    student = np.repeat(np.arange(n), occasions)
    time_ = np.tile(np.arange(float(occasions)), n) + rng.random(n * occasions) / 3
    level = 2 + rng.normal(0, 0.6, n)[student] + (0.5 + rng.normal(0, 0.15, n)[student]) * time_
    return student, time_, level + rng.normal(0, 0.4, n * occasions)


def mixed(n: int) -> Callable[[], object]:
    """Linear mixed model of n students with five occasions."""
    from headway.science.growth.mixed import mixed_growth

    data = panel(n)
    return lambda: mixed_growth(*data)


def mixed_peer(n: int) -> Callable[[], object]:
    """The same by statsmodels."""
    import statsmodels.api as sm

    student, time_, level = panel(n)
    columns = np.column_stack([np.ones(len(time_)), time_])
    return lambda: sm.MixedLM(level, columns, groups=student, exog_re=columns).fit(reml=True)


def scores(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return current levels and two priors on a scale of whole points."""
    rng = np.random.default_rng(2)
    true = rng.normal(0, 1, n)
    priors = np.round(500 + 50 * (true[:, None] + rng.normal(0, 0.4, (n, 2))))
    return np.round(530 + 50 * (true + rng.normal(0, 0.4, n))), priors


def percentiles(n: int) -> Callable[[], object]:
    """Growth percentiles of n students with two priors: 100 quantile regressions on 15 columns."""
    from headway.science.growth.percentiles import growth_percentile

    data = scores(n)
    return lambda: growth_percentile(*data)


def percentiles_peer(n: int) -> Callable[[], object]:
    """Five of the 100 quantile regressions, by statsmodels; its seconds are multiplied by 20."""
    import statsmodels.api as sm

    from headway.science.growth.percentiles import spline_columns

    current, priors = scores(n)
    columns = spline_columns(priors, 4)
    return lambda: [sm.QuantReg(current, columns).fit(q=q) for q in (0.105, 0.305, 0.505, 0.705, 0.905)]


def waits(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return durations in tenths of a week and whether the wait ended."""
    rng = np.random.default_rng(3)
    wait, stop = np.round(rng.exponential(10, n), 1), np.round(rng.uniform(0, 30, n), 1)
    return np.minimum(wait, stop), wait <= stop


def waiting(n: int) -> Callable[[], object]:
    """Kaplan-Meier of n students."""
    from headway.science.growth.waiting import waiting as curve

    data = waits(n)
    return lambda: curve(*data)


def waiting_peer(n: int) -> Callable[[], object]:
    """The same by lifelines."""
    from lifelines import KaplanMeierFitter

    data = waits(n)
    return lambda: KaplanMeierFitter().fit(*data)


def foretold(n: int) -> Callable[[], object]:
    """Predictability of n students by group, entry and both, with 200 permutations."""
    from headway.science.equity.predictability import predictability

    rng = np.random.default_rng(4)
    group, entry = rng.integers(0, 6, n), rng.normal(0, 1, n)
    outcome = 0.2 * group + entry + rng.normal(0, 1, n)
    return lambda: predictability(outcome, group, entry)


def gaps(n: int) -> Callable[[], object]:
    """A gap of n students in 200 schools, with V."""
    from headway.science.equity.gaps import gap

    rng = np.random.default_rng(5)
    level, reference, school = rng.normal(3, 1, n), rng.random(n) < 0.5, rng.integers(0, 200, n)
    return lambda: gap(level, reference, schools=school)


FIGURES = {
    "mixed growth": (mixed, 100_000, mixed_peer, 2_000, 1),
    "growth percentiles": (percentiles, 100_000, percentiles_peer, 7_000, 20),
    "waiting times": (waiting, 1_000_000, waiting_peer, 100_000, 1),
    "predictability": (foretold, 10_000, None, 0, 1),
    "gap": (gaps, 1_000_000, None, 0, 1),
}


def measure(name: str, students: int) -> dict[str, object]:
    """Return the figures of one question."""
    work, n, peer, peer_n, times = FIGURES[name]
    n = students or n
    line: dict[str, object] = {"figure": name, "unit": "cpu_s", "value": cpu(work(n)), "students": n,
                               "at_a_tenth": cpu(work(n // 10))}  # fmt: skip
    if peer is not None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                line |= {
                    "peer_students": peer_n,
                    "peer": round(cpu(peer(peer_n)) * times, 3),
                    "ours_there": cpu(work(peer_n)),
                }
        except ImportError:
            line["peer"] = "not installed"
    return line


def main() -> None:
    """Measure every question, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=0)
    parser.add_argument("--figure", choices=list(FIGURES), default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = machine(Path(folder))
    for name in [given.figure] if given.figure else list(FIGURES):
        print(
            json.dumps({**measure(name, given.students), "machine": base, "numpy": np.__version__}),
            flush=True,
        )


if __name__ == "__main__":
    main()
