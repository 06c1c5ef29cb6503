"""Scales from raters at size: `python -m bench.scales [--peers]`.

Comparative judgement (10,000 items, 200,000 pairs, 50 judges, with standard errors, judge fit and reliability), variance
components of a balanced and of an unbalanced design, and Mantel-Haenszel statistics of 100 items answered by 10,000 students,
purified. CPU seconds without start and without drawing the data; a compiled kernel is called once before. The floor of
comparisons is one pass of exponentials over the pairs. With `--peers` choix scales the same 1,000 items beside ours
(`pip install -e .[bench]`).
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
from headway.science.comparative import Comparisons, bradley_terry
from headway.science.dif import item_functioning
from headway.science.generalizability import g_study


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds and result."""
    begin = time.process_time()
    result = what()
    return time.process_time() - begin, result


def comparisons(items: int, pairs: int, seed: int = 1) -> tuple[np.ndarray, Comparisons]:
    """Return true positions and comparisons of random pairs."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 0.6, items)
    one = rng.integers(0, items, pairs)
    other = (one + rng.integers(1, items, pairs)) % items
    won = rng.random(pairs) < 1 / (1 + np.exp(truth[other] - truth[one]))
    winner, loser = np.where(won, one, other), np.where(won, other, one)
    return truth, Comparisons.of(winner, loser, n_items=items, judge=rng.integers(0, 50, pairs))


def scores(persons: int, tasks: int, raters: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return scores of persons by tasks, by all raters nested in tasks."""
    rng = np.random.default_rng(2)
    p, t, r = (axis.ravel() for axis in np.indices((persons, tasks, raters)))
    y = (
        rng.normal(size=persons)[p]
        + 0.5 * rng.normal(size=tasks)[t]
        + 0.3 * rng.normal(size=(tasks, raters))[t, r]
    )
    y += 0.6 * rng.normal(size=(persons, tasks))[p, t] + 0.7 * rng.normal(size=len(p))
    return {"p": p, "t": t, "r": r}, y


def figures() -> list[dict[str, Any]]:
    """Return the figures of our own functions."""
    found = []

    def tell(
        name: str, size: dict[str, int], what: Callable[[], Any], answer: Callable[[Any], Any], **more: Any
    ) -> None:
        seconds, result = timed(what)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found.append({"figure": name, "unit": "CPU s", "value": round(seconds, 4), **size, **more,
                      "answer": answer(result), "memory_peak_mib": peak})  # fmt: skip

    bradley_terry(comparisons(1000, 20_000)[1])
    for items, pairs in ((1000, 20_000), (10_000, 200_000)):
        truth, data = comparisons(items, pairs)
        floor = timed(lambda data=data: np.exp(data.count).sum())[0]
        tell(
            "bradley-terry",
            {"items": items, "pairs": pairs},
            lambda data=data: bradley_terry(data, reference=0),
            lambda fit, truth=truth: round(float(np.corrcoef(fit.centered, truth)[0, 1]), 4),
            floor_exponentials_s=round(floor, 5),
        )
    facets, y = scores(10_000, 5, 2)
    tell("g-study, balanced", {"scores": len(y)}, lambda: g_study("p x (r:t)", facets, y), components)
    rng = np.random.default_rng(3)
    for persons in (200, 2000):
        facets, y = scores(persons, 4, 50)
        keep = np.flatnonzero(rng.random(len(y)) < 0.04)
        part = {name: axis[keep] for name, axis in facets.items()}
        g_study("p x (r:t)", part, y[keep])
        tell("g-study, unbalanced", {"persons": persons, "scores": len(keep)},
             lambda part=part, y=y, keep=keep: g_study("p x (r:t)", part, y[keep]), components)  # fmt: skip
    person, item = np.divmod(np.arange(1_000_000), 100)
    ability = rng.normal(size=10_000)
    right = (
        rng.random(1_000_000) < 1 / (1 + np.exp(np.linspace(-2, 2, 100)[item] - ability[person]))
    ).astype(int)
    focal = rng.random(10_000) < 0.4
    tell("mantel-haenszel, purified", {"answers": 1_000_000}, lambda: item_functioning(item, person, right, focal, purify=10),
         lambda done: sum(one.ets_class == "A" for one in done.items))  # fmt: skip
    return found


def components(study: Any) -> dict[str, float]:
    """Return the components, rounded."""
    return {one.name: round(one.estimate, 4) for one in study.components}


def peers() -> list[dict[str, Any]]:
    """Return choix beside ours on 1,000 items, where it is installed."""
    try:
        import choix
    except ImportError:
        return []
    _, data = comparisons(1000, 20_000)
    pairs = list(zip(data.winner.tolist(), data.loser.tolist(), strict=True))
    own, mine = timed(lambda: bradley_terry(data))
    found = []
    for name, ask in (
        ("choix opt_pairwise", choix.opt_pairwise),
        ("choix ilsr_pairwise", choix.ilsr_pairwise),
    ):
        seconds, theirs = timed(lambda ask=ask: ask(1000, pairs))
        found.append({"figure": name, "unit": "CPU s", "value": round(seconds, 3), "ours": round(own, 3),
                      "times": round(seconds / own, 1), "items": 1000, "pairs": len(pairs),
                      "difference": float(np.abs(theirs - theirs.mean() - mine.centered).max())})  # fmt: skip
    return found


def main() -> None:
    """Print one JSON line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = machine(Path(folder))
    for line in figures() + (peers() if given.peers else []):
        print(json.dumps(line | base))


if __name__ == "__main__":
    main()
