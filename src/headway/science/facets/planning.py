"""Who scores what at least cost: the fewest scores with which every rater's severity can be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.design import (
    RatingDesign,
    expected_errors,
    expected_information,
    rating_design,
    seats_of,
)
from headway.science.facets.ratings import Floats
from headway.science.facets.severity import FEWEST_LINKED, LARGEST_ERROR_LEVELS

VERSION = 1


@dataclass(frozen=True, slots=True)
class RatingPlan:
    """A design with what it is expected to tell: per rater `error_levels`, the standard error of the severity in levels, and
    `linked` ratings; `tells` whether both are enough to speak of severity (definition 16); `per_piece` raters."""

    design: RatingDesign
    per_piece: int
    error_levels: Floats
    linked: Floats
    tells: bool


def plan_with(
    raters: int, pieces: int, per_piece: int, criteria: int, rng: np.random.Generator, *,
    school: Sequence[str] | None = None, categories: int = 4, deviation: float = 1.0,
) -> RatingPlan:  # fmt: skip
    """Plan who scores which piece, each piece on several criteria, and say what severities it is expected to tell.

    Assumes as `rating_design`, and that a rater scores all criteria of a piece, which share the piece's student.

    Parameters: as `rating_design`; `criteria` of the rubric, 1 or more.
    Returns: `RatingPlan`. Errors in levels: logits times the slope of the expected rating of average work, which is
    its variance there.
    Raises: as `rating_design`.
    Source: house definition 16; Muraki, Applied Psychological Measurement 17 (1993): information of a rating is its variance.

    >>> plan = plan_with(8, 20, 8, 5, np.random.default_rng(1))
    >>> plan.tells, bool(plan.error_levels.max() < 0.15), plan.linked.tolist() == [100.0] * 8
    (True, True, True)
    """
    design = rating_design(
        raters, pieces, per_piece, rng, school=school, categories=categories, deviation=deviation
    )
    tells, levels, linked = _tells(design.raters_of, raters, criteria, categories, deviation)
    return RatingPlan(design, per_piece, levels, linked, tells)


def least_plan(
    raters: int, pieces: int, criteria: int, seed: int, *, school: Sequence[str] | None = None, categories: int = 4
) -> RatingPlan:  # fmt: skip
    """Return the plan with the fewest raters a piece that tells every severity; where none does, everybody scores everything.

    Parameters: as `plan_with`; `seed` decides among equals, the same for every number of raters a piece.
    Raises: as `rating_design` where not even everybody is enough to tie all raters together.

    >>> least_plan(40, 60, 5, 1).per_piece
    6
    """

    def tells(per_piece: int) -> bool:
        if pieces * (per_piece - 1) < raters - 1:
            return False
        rng = np.random.default_rng(seed)
        seats = seats_of(raters, pieces, per_piece, rng, school=school)
        return _tells(seats, raters, criteria, categories, 1.0)[0]

    chosen = _first(tells, _least(raters, pieces, criteria, categories), raters)
    return plan_with(
        raters, pieces, max(1, min(chosen, raters)), criteria, np.random.default_rng(seed), school=school,
        categories=categories,
    )  # fmt: skip


def _tells(
    seats: NDArray[np.int64], raters: int, criteria: int, categories: int, deviation: float
) -> tuple[bool, Floats, Floats]:
    """Return whether a design tells every severity, the errors in levels, and the linked ratings of each rater."""
    information = expected_information(categories, deviation)
    errors = expected_errors(seats, raters, information * criteria, deviation)
    levels = errors * expected_information(categories, 0.0)
    load = np.bincount(seats.ravel(), minlength=raters)
    linked = load.astype(np.float64) * criteria if seats.shape[1] > 1 else np.zeros(raters)
    there = load > 0
    enough = (linked[there] >= FEWEST_LINKED).all() and (levels[there] <= LARGEST_ERROR_LEVELS).all()
    return bool(enough), levels, linked


def _least(raters: int, pieces: int, criteria: int, categories: int) -> int:
    """Return a number of raters a piece below which no design tells every severity, however it mixes them.

    The largest variance is the mean one or more, and the mean of the inverses of numbers is the inverse of their mean or more:
    of the centered information only the trace is asked, which all designs with so many raters a piece share.
    """
    information = expected_information(categories, 1.0) * criteria
    slope = expected_information(categories, 0.0)
    for k in range(2, raters):
        shared = information**2 / (k * information + 1)
        own = pieces * k * (information - shared)
        trace = own - (own - shared * pieces * k * (k - 1)) / raters
        best = (raters - 1) * slope / np.sqrt(raters * trace)
        if pieces * k // raters * criteria >= FEWEST_LINKED and best <= LARGEST_ERROR_LEVELS * (1 + 1e-9):
            return k
    return raters


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first number from `low` on for which something holds that goes on holding; `high` where it never does."""
    step = 1
    while low < high and not holds(ahead := min(low + step - 1, high - 1)):
        low, step = ahead + 1, 2 * step
    if low >= high:
        return high
    high = min(high, low + step - 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
