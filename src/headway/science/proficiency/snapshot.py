"""Values and states of a whole snapshot, from levels alone: bounded memory, one or two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.codes import State
from headway.science.ledger import Segments
from headway.science.proficiency.bulk import CHUNK, evaluate
from headway.science.proficiency.parameters import Parameters
from headway.science.proficiency.registry import Rule
from headway.science.rounding import NO_VALUE, TOLERANCE, hundredths


@dataclass(frozen=True, slots=True)
class Levels:
    """Per segment: `shown` hundredths (`NO_VALUE` = none) and `state` (a `State`)."""

    shown: NDArray[np.int32]
    state: NDArray[np.int8]


def determine_levels(
    segments: Segments,
    rule: Rule,
    chosen: Parameters,
    *,
    proficient: float,
    beyond: float | None = None,
    pieces: int = 0,
    threads: int = 1,
    compiled: bool | None = None,
) -> Levels:
    """Determine value and state of very many segments whose pieces are already sorted out.

    Assumes pieces that count, oldest first: what `pieces` gives, or a snapshot that stores them so.

    Parameters: `segments`, levels of any numeric type; `proficient`, `beyond`, the cuts (for the cut
    `nearest` half a level lower than the names); `pieces`, how many are required; `threads`, for compiled
    runs.
    Returns: `Levels`. Memory beyond the input and the answer stays under some megabytes, whatever the size.
    Source: the same loop as `determine`; exact values are compared with the cut, tolerance 1e-9.
    When not to use: where decisions, statuses or other requirements matter; that is `determine`.
    """
    shown = np.full(segments.count, NO_VALUE, np.int32)
    state = np.zeros(segments.count, np.int8)

    def work(first: int) -> None:
        last = min(first + CHUNK, segments.count)
        ends = segments.offsets[first : last + 1]
        inside = slice(int(ends[0]), int(ends[-1]))
        part = Segments(
            segments.levels[inside],
            ends - ends[0],
            {name: column[inside] for name, column in segments.columns.items()},
        )
        values = evaluate(rule, part, chosen, compiled=wide)
        shown[first:last] = hundredths(values)
        found = np.where(values >= proficient - TOLERANCE, State.PROFICIENT, State.NOT_YET).astype(np.int8)
        if beyond is not None:
            found[values >= beyond - TOLERANCE] = State.BEYOND
        sizes = np.diff(ends)
        need = max(1, pieces, rule.least(chosen))
        found[(sizes < need) | (np.isnan(values) & (not rule.no_value_is_not_yet))] = State.TOO_LITTLE
        found[sizes == 0] = State.NO_EVIDENCE
        state[first:last] = found

    wide = True if compiled is None and len(segments.levels) > 1_000_000 else compiled
    starts = range(0, segments.count, CHUNK)
    if threads > 1 and len(starts) > 1:
        work(0)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, starts[1:]))
    else:
        for first in starts:
            work(first)
    return Levels(shown, state)
