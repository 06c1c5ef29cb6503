"""What tests of intervals share: how often an interval holds the truth, and which counts of hits are too far from its chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

Interval = tuple[float, float] | None


def hits(
    draw: Callable[[np.random.Generator], Sequence[tuple[Interval, float]]], runs: int, seed: int
) -> np.ndarray:
    """Return the share of runs in which each interval holds its truth."""
    rng = np.random.default_rng(seed)
    found = [[low_high is not None and low_high[0] <= truth <= low_high[1] for low_high, truth in draw(rng)]
             for _ in range(runs)]  # fmt: skip
    return np.mean(found, axis=0)


def holds(shares: np.ndarray, runs: int, chance: float = 0.95, slack: float = 0.02) -> bool:
    """Return whether every share lies within `slack` of the chance, and three standard errors of so many runs."""
    far = slack + 3 * math.sqrt(chance * (1 - chance) / runs)
    return bool((np.abs(shares - chance) <= far).all())
