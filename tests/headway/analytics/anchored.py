"""Anchors that a district's raters scored, drawn from a seed, as the facts of its snapshot hold them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

TASK = "6f1c4ea2-0000-4000-8000-00000000000a"


def scored(
    seed: int, *, raters: int = 10, anchors: int = 12, criteria: int = 4, severe: float = 0.0, task: str = TASK,
    shift: float = 0.0, first: int = 1,
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """Return rows of `anchor` and `anchor_level`; `shift` moves what was agreed here, as no pack does."""
    rng = np.random.default_rng(seed)
    habit = rng.normal(-severe, 0.2, raters)
    found: dict[str, list[dict[str, Any]]] = {"anchor": [], "anchor_level": []}
    for anchor in range(first, first + anchors):
        name = {"common_task": task, "version": 1, "anchor": anchor}
        agreed = np.array([1 + (anchor + line) % 4 for line in range(criteria)], float) + shift
        seen = agreed + habit[:, None] + rng.normal(0, 0.5, (raters, criteria))
        given = np.clip(np.rint(seen), 1, 4)
        away = given - agreed
        values = {"exact": (away == 0), "near": np.abs(away) <= 1, "departure": away}
        row: dict[str, Any] = {
            **name,
            "title": f"Task {task[-1]}",
            "raters": raters,
            "scores": raters * criteria,
            "sessions": 1,
        }
        for what, each in values.items():
            own = each.mean(axis=1)
            row |= {f"{what}_total": float(own.sum()), f"{what}_squares": float(own @ own)}
        found["anchor"].append(row)
        for line in range(criteria):
            found["anchor_level"] += [
                {**name, "criterion": line + 1, "level": level, "agreed": float(agreed[line]), "raters": n}
                for level, n in sorted(Counter(given[:, line].tolist()).items())
            ]
    return found


def step(name: str, exact: float | None = 0.7) -> dict[str, Any]:
    ends = {f"{what}_{end}": None if exact is None else exact + by for what in ("exact", "near")
            for end, by in (("low", -0.1), ("high", 0.1))}  # fmt: skip
    return {"step": name, "year": "2026–27", "exact": exact, "near": exact, **ends, "chance": 0.3, "works": 20, "scores": 80,
            "raters": 6, "sessions": 2}  # fmt: skip
