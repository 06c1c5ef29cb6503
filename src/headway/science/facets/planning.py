"""Who scores what at least cost: the fewest scores with which every rater's severity can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headway.science.facets.design import RatingDesign, expected_errors, expected_information, rating_design
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
    errors = expected_errors(design.raters_of, raters, design.information * criteria, deviation)
    levels = errors * expected_information(categories, 0.0)
    linked = design.load.astype(np.float64) * criteria if per_piece > 1 else np.zeros(raters)
    there = design.load > 0
    tells = bool((linked[there] >= FEWEST_LINKED).all() and (levels[there] <= LARGEST_ERROR_LEVELS).all())
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
    low, high = 2, raters
    while low < high:
        middle = (low + high) // 2
        enough = (
            pieces * (middle - 1) >= raters - 1
            and plan_with(
                raters,
                pieces,
                middle,
                criteria,
                np.random.default_rng(seed),
                school=school,
                categories=categories,
            ).tells
        )
        low, high = (low, middle) if enough else (middle + 1, high)
    return plan_with(
        raters, pieces, max(1, min(low, raters)), criteria, np.random.default_rng(seed), school=school,
        categories=categories,
    )  # fmt: skip
