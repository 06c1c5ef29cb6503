"""Many-facet Rasch: `python -m bench.facets [--students 2000] [--raters 200] [--estimator marginal]`.

Students x 4 tasks, each rated by `--per-task` raters drawn at random, five categories. Prints one JSON line: CPU seconds of a
second run (compiled code is kept on disk), resident memory, recovery of rater severities and coverage of their intervals; beside
it the floor, one exponential for each rating, node and category in one pass. With the package raschpy installed (the optional
extra `bench`) the same ratings go through it in the same minute; it compares raters only within a task, so give it two.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.baseline import machine


def simulated(
    students: int, raters: int, per_task: int, seed: int
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Return ratings on 4 tasks, their columns, and the severities behind them."""
    rng, tasks = np.random.default_rng(seed), 4
    theta, severity = rng.normal(size=students), rng.normal(0, 0.5, raters)
    severity -= severity.mean()
    student = np.repeat(np.arange(students), tasks * per_task)
    task = np.tile(np.repeat(np.arange(tasks), per_task), students)
    first = rng.integers(0, raters, students * tasks)
    others = rng.integers(1, raters // per_task, (students * tasks, per_task - 1)).cumsum(axis=1)
    rater = (np.column_stack((np.zeros_like(first), others)) + first[:, None]).ravel() % raters
    eta = theta[student] - severity[rater] - np.linspace(-0.6, 0.6, tasks)[task]
    logs = np.cumsum(
        np.column_stack((np.zeros(len(eta)), eta[:, None] - np.array([-1.5, -0.5, 0.5, 1.5]))), axis=1
    )
    chance = np.exp(logs)
    chance /= chance.sum(axis=1, keepdims=True)
    rating = (rng.random(len(eta))[:, None] > np.cumsum(chance, axis=1)).sum(axis=1).astype(float)
    return rating, {"student": student, "rater": rater, "task": task}, severity


def ours(students: int, raters: int, per_task: int, estimator: str, seed: int) -> dict[str, object]:
    """Return our figures."""
    from headway.science.facets.fitting import facets

    facets(*simulated(300, 120, per_task, seed)[:2], estimator=estimator)
    rating, columns, severity = simulated(students, raters, per_task, seed)
    begin = time.process_time()
    found = facets(rating, columns, estimator=estimator)
    seconds = time.process_time() - begin
    rater = found.elements["rater"]
    away = rater.measure - rater.measure.mean() - severity
    begin = time.perf_counter()
    np.exp(np.full(len(rating), 0.5))
    floor = (time.perf_counter() - begin) * 15 * 5
    return {
        "figure": f"facets {estimator}", "unit": "CPU s", "value": round(seconds, 3), "students": students, "raters": raters,
        "ratings": len(rating), "rounds": found.rounds, "residual": found.residual, "converged": found.converged,
        "rmse_rater": round(float(np.sqrt((away**2).mean())), 4),
        "coverage_95": round(float((np.abs(away / rater.standard_error) < 1.96).mean()), 4),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "floor_one_pass_s": round(floor, 4), "multiple_of_floor": round(seconds / floor, 1),
    }  # fmt: skip


def peer(students: int, raters: int, per_task: int, seed: int) -> dict[str, object] | None:
    """Return raschpy's figures, None where it is not installed."""
    try:
        import pandas
        import raschpy
    except ImportError:
        return None
    rating, columns, severity = simulated(students, raters, per_task, seed)
    frame = pandas.DataFrame({**columns, "rating": rating})
    wide = frame.pivot(index=["rater", "student"], columns="task", values="rating")
    wide.index.names, wide.columns = ["Rater", "Person"], [f"t{task}" for task in wide.columns]
    begin = time.process_time()
    model = raschpy.MFRM(wide, max_score=4)
    model.calibrate_global()
    seconds = time.process_time() - begin
    found = model.raters_global
    values = np.array([float(found[rater]) for rater in np.unique(columns["rater"])])
    away = values - values.mean() - severity
    return {"figure": "facets raschpy", "unit": "CPU s", "value": round(seconds, 3), "version": raschpy.__version__,
            "students": students, "raters": raters, "rmse_rater": round(float(np.sqrt((away**2).mean())), 4)}  # fmt: skip


def main() -> None:
    """Print one line for us and one for the peer."""
    import numba

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=2_000)
    parser.add_argument("--raters", type=int, default=200)
    parser.add_argument("--per-task", type=int, default=1)
    parser.add_argument("--estimator", choices=("marginal", "joint"), default="marginal")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    versions = {"python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__}
    with tempfile.TemporaryDirectory() as folder:
        baseline = machine(Path(folder))
    sizes = (given.students, given.raters, given.per_task)
    lines = [
        ours(*sizes, given.estimator, given.seed),
        peer(*sizes, given.seed) if given.per_task > 1 else None,
    ]
    for line in lines:
        if line is not None:
            print(json.dumps({**line, **versions, "machine": baseline}))


if __name__ == "__main__":
    main()
