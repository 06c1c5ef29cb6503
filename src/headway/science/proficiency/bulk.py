"""Runs a rule over many segments: as Python for a page, compiled for a snapshot. One loop, two ways to run
it.

The compiler is loaded only when there is enough to determine; a process that must stay small calls
`never_compile`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.ledger import Segments
from headway.science.proficiency.parameters import Argument, Parameters
from headway.science.proficiency.registry import Kernel, Rule
from headway.science.rounding import half_up

COMPILE_ABOVE = 1_000_000
"""With fewer values than this, loading the compiler costs more than it saves."""

CHUNK = 262_144
"""Segments per piece of work: small enough to balance two threads and to stay in cache."""

_allowed = True
_NOTHING: NDArray[np.float64] = np.empty(0)


def never_compile() -> None:
    """Keep the compiler out of this process, whatever the amount of data: for web workers."""
    global _allowed
    _allowed = False


def evaluate(
    rule: Rule,
    segments: Segments,
    chosen: Parameters,
    *,
    weights: NDArray[np.float64] | None = None,
    compiled: bool | None = None,
    threads: int = 1,
    arguments: tuple[Argument, ...] | None = None,
) -> NDArray[np.float64]:
    """Compute the value of every segment by a rule.

    Assumes levels sorted oldest first inside each segment, missing ones left out.

    Parameters: `segments`, with the columns the rule names; `chosen`, its parameters (`decimals` is applied,
    `order` was applied before); `weights`, float64 of the levels' length, receives each level's weight;
    `compiled`, None to decide by size; `threads`, for compiled runs; `arguments`, in place of the parameters'
    own.
    Returns: float64, one value per segment, in levels; nan where the rule gives none.
    Source: one loop per rule, see the rule.
    When not to use: for states and requirements; that is `determine`.

    >>> from headway.science.proficiency.registry import rule, parameters
    >>> evaluate(rule("mean"), Segments.of([2, 3, 4], [0, 2, 3]), parameters("mean")).tolist()
    [2.5, 4.0]
    """
    passed = rule.arguments(chosen) if arguments is None else arguments
    columns = tuple(segments.columns[name] for name in rule.columns)
    wide = (len(segments.levels) > COMPILE_ABOVE and _allowed) if compiled is None else compiled
    run = _compiled if wide else _interpreted
    values = run(rule.kernel, segments, columns, passed, _NOTHING if weights is None else weights, threads)
    return values if chosen.decimals is None else half_up(values, chosen.decimals)


def _interpreted(
    kernel: Kernel,
    segments: Segments,
    columns: Sequence[NDArray[Any]],
    arguments: tuple[Argument, ...],
    weights: NDArray[np.float64],
    threads: int,
) -> NDArray[np.float64]:
    # Lists of Python numbers are several times faster to walk than arrays.
    levels = segments.levels.astype(np.float64, copy=False).tolist()
    beside = [column.tolist() for column in columns]
    shares = [0.0] * len(weights)
    ends = segments.offsets.tolist()
    values = [
        kernel(levels, shares, ends[i], ends[i + 1], *beside, *arguments) for i in range(segments.count)
    ]
    if len(weights):
        weights[:] = shares
    return np.array(values, dtype=np.float64)


def _compiled(
    kernel: Kernel,
    segments: Segments,
    columns: Sequence[NDArray[Any]],
    arguments: tuple[Argument, ...],
    weights: NDArray[np.float64],
    threads: int,
) -> NDArray[np.float64]:
    values = np.empty(segments.count)
    loop, beside = compiled_loop(kernel), tuple(columns)

    def work(first: int) -> None:
        last = min(first + CHUNK, segments.count)
        loop(segments.levels, segments.offsets, weights, values, first, last, beside + arguments)

    starts = range(0, segments.count, CHUNK)
    if threads > 1 and len(starts) > 1:
        work(0)  # the first piece compiles, so that threads do not wait for each other's compiler
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, starts[1:]))
    else:
        for first in starts:
            work(first)
    return values


def _loop(
    levels: Any, offsets: Any, weights: Any, values: Any, first: int, last: int, arguments: Any
) -> None:
    for i in range(first, last):
        values[i] = kernel(levels, weights, offsets[i], offsets[i + 1], *arguments)  # type: ignore[name-defined]  # noqa: F821


@cache
def compiled_loop(kernel: Kernel) -> Any:
    """Return the compiled loop of a rule's kernel. Loads the compiler.

    The loop is given the kernel's file as its own, so that compiled code is kept beside that file (or under
    `NUMBA_CACHE_DIR`) and thrown away when the file changes.
    """
    import numba

    code = kernel.__code__
    body = _loop.__code__.replace(
        co_filename=code.co_filename,
        co_name=f"{kernel.__name__}_loop",
        co_qualname=f"{kernel.__name__}_loop",
        co_firstlineno=code.co_firstlineno,
    )
    scope = {"kernel": numba.njit(nogil=True)(kernel), "__name__": kernel.__module__}
    return numba.njit(nogil=True, cache=True)(FunctionType(body, scope, f"{kernel.__name__}_loop"))
