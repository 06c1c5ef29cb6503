"""How sure a rate of growth is: from what was gained in each part of the time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from scipy.special import stdtrit

from headway.science.metrics.on_track import Z80

VERSION = 1
LEAST_PARTS = 3


def rate_error(
    positions: Sequence[float], *, weeks: float, resolution: float, weeks_a_year: float = 36.0
) -> float | None:
    """Return the standard error of a rate of growth whose normal 80 % interval is the t interval over the parts.

    Assumes positions on one line at equal distances of time, the first at the baseline; gains of separate parts are taken
    as independent, so errors of single positions, which make neighboring gains move apart, widen the interval.

    Parameters: `positions` in levels, oldest first; `weeks` instructed from the first to the last; `resolution`, the
    smallest step of a position in levels (one target of a level): half of it at both ends is the least error.
    Returns: levels per instructed year, None below 3 parts or without time between.
    Source: mean of k gains, SE = s / sqrt(k); times t(k - 1) over z at 90 % (one side), so that a reader who multiplies by
    the normal quantile gets Student's interval.
    When not to use: for a group; take each student's rate as one value there.

    >>> round(rate_error([6.0, 6.3, 6.5, 6.9, 7.0], weeks=36, resolution=0.1), 3)
    0.33
    """
    parts = len(positions) - 1
    if parts < LEAST_PARTS or weeks <= 0:
        return None
    gains = [after - before for before, after in itertools.pairwise(positions)]
    mean = sum(gains) / parts
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / (parts - 1))
    wide = float(stdtrit(parts - 1, 0.9)) / Z80
    # The whole gain is the sum of the parts, so its error is sqrt(k) times that of one part.
    whole = max(math.sqrt(parts) * spread * wide, resolution / math.sqrt(2))
    return whole * weeks_a_year / weeks
