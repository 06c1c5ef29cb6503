"""Agreement of raters at size: `python -m bench.agreement [--units 1000000] [--peers]`.

Coefficients of `--units` units by five raters in five levels with a tenth of ratings missing, each with a bootstrap of 1,000
replicates; alpha of real values; intraclass correlations of a tenth as many targets by four raters. CPU seconds of one thread,
without start and without drawing the data. The floor is one pass over the ratings in the same minute. With `--peers` the same
data go through krippendorff, irrCAC and pingouin where they are installed (`pip install -e .[bench]`, and `pip install
--no-deps "irrCAC>=0.4"`, which asks for an older SciPy than it needs), at a size they can hold.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.baseline import machine
from headway.science.agreement import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    icc,
    krippendorff_alpha,
    percent_agreement,
)

REPLICATES = 1000


def ratings(units: int, raters: int, seed: int = 1) -> np.ndarray:
    """Return levels 1 to 5 with a tenth missing."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, (units, 1))
    found = np.clip(truth + rng.choice(np.array([-1, 0, 0, 0, 1]), (units, raters)), 1, 5).astype(float)
    found[rng.random(found.shape) < 0.1] = np.nan
    return found


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds and result."""
    begin = time.process_time()
    result = what()
    return time.process_time() - begin, result


def figures(units: int) -> list[dict[str, Any]]:
    """Return the figures of our own functions."""
    matrix = ratings(units, 5)
    real = np.exp(np.random.default_rng(2).normal(size=(units, 3)))
    table = np.random.default_rng(3).normal(size=(units // 10, 4))
    floor = timed(lambda: np.nansum(matrix))[0]
    resampled: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
        ("percent agreement", percent_agreement, {}),
        ("Cohen's kappa", cohen_kappa, {}),
        ("Fleiss' kappa", fleiss_kappa, {}),
        ("AC2 quadratic", gwet_ac, {"weights": "quadratic"}),
        ("alpha ordinal", krippendorff_alpha, {"level": "ordinal"}),
        ("alpha interval", krippendorff_alpha, {"level": "interval"}),
    ]
    asked: list[tuple[str, int, Callable[[], Any]]] = []
    for name, ask, more in resampled:
        of = matrix[:, :2] if ask is cohen_kappa else matrix
        drawn = {"replicates": REPLICATES, **more}
        asked.append(
            (
                f"{name} with {REPLICATES} replicates",
                units,
                lambda ask=ask, of=of, drawn=drawn: ask(of, rng=np.random.default_rng(1), **drawn),
            )
        )
    asked += [
        (f"alpha {level}, real values", units, lambda level=level: krippendorff_alpha(real, level=level))
        for level in ("ordinal", "interval", "ratio")
    ]
    asked.append(("icc2", units // 10, lambda: icc(table, "icc2")))
    icc(table[:10])
    found = []
    for name, size, what in asked:
        seconds, result = timed(what)
        found.append(
            {"figure": name, "unit": "CPU s", "value": round(seconds, 4), "units": size, "answer": result.value,
             "floor_one_pass_s": round(floor, 4), "memory_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
        )  # fmt: skip
    return found


def peers(units: int) -> list[dict[str, Any]]:
    """Return the same of the peers that are installed, each beside ours on the same data."""
    found: list[dict[str, Any]] = []
    matrix = ratings(units, 5)

    def beside(name: str, theirs: Callable[[], float], ours: Callable[[], float], size: int) -> None:
        try:
            seconds, value = timed(theirs)
        except ImportError:
            return
        own, mine = timed(ours)
        found.append(
            {"figure": name, "unit": "CPU s", "value": round(seconds, 4), "ours": round(own, 4), "units": size,
             "times": round(seconds / max(own, 1e-6), 1), "difference": abs(float(value) - mine)}
        )  # fmt: skip

    def by_krippendorff() -> float:
        import krippendorff

        return krippendorff.alpha(reliability_data=matrix.T, level_of_measurement="ordinal")

    def by_irrcac() -> float:
        import pandas as pd
        from irrCAC.raw import CAC

        return CAC(pd.DataFrame(matrix), weights="quadratic").gwet()["est"]["coefficient_value"]

    targets = min(units // 10, 1000)
    table = np.random.default_rng(3).normal(size=(targets, 4))

    def by_pingouin() -> float:
        import pandas as pd
        import pingouin

        rows = pd.DataFrame(
            {"t": np.repeat(np.arange(targets), 4), "r": np.tile(np.arange(4), targets), "y": table.ravel()}
        )
        answer = pingouin.intraclass_corr(rows, "t", "r", "y")
        return answer["ICC"].iloc[1]

    beside(
        "krippendorff ordinal alpha",
        by_krippendorff,
        lambda: krippendorff_alpha(matrix, level="ordinal").value,
        units,
    )
    beside("irrCAC AC2 quadratic", by_irrcac, lambda: gwet_ac(matrix, weights="quadratic").value, units)
    beside("pingouin icc2", by_pingouin, lambda: icc(table, "icc2").value, targets)
    return found


def main() -> None:
    """Print one JSON line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = machine(Path(folder))
    for line in figures(given.units) + (peers(min(given.units, 100_000)) if given.peers else []):
        print(json.dumps(line | base))


if __name__ == "__main__":
    main()
