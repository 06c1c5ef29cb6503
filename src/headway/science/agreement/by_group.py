"""Whether a rater departs from a second reading of the same work differently for students of one group than for others.

A group's real level is in both readings, and so in neither difference: what is left is about the rating, not the students.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science import sums
from headway.science.equity.pooling import steadied
from headway.science.estimates import Estimate, t_quantile

VERSION = 1
FEWEST = 10
"""Students of the group, and others, below which nothing is said (house definition 17)."""
FEWEST_RATERS = 3
METHOD = "difference of mean departures, normal hierarchical model, borrows from other raters"
PLAIN = "difference of mean departures, Student's interval, nothing borrowed"
POOLED = "difference of mean departures over students, Welch t interval"


@dataclass(frozen=True, slots=True)
class GroupLeaning:
    """One rater: `found`, departure for the group less departure for others, in levels, above zero where the group is
    scored higher; `raw` before shrinkage; students of the group and others that it rests on."""

    rater: int
    found: Estimate
    raw: float | None
    group_n: int
    others_n: int


def leaning_by_group(
    rater: ArrayLike, student: ArrayLike, in_group: ArrayLike, departure: ArrayLike, *, minimum: int = FEWEST,
    confidence: float = 0.95,
) -> tuple[GroupLeaning, ...]:  # fmt: skip
    """Say for each rater by how many levels more they depart upward for students of a group than for others.

    Assumes a second reading of the same work that does not lean on the rater's; students independent of one another, each
    counted once with the mean of their departures; one spread of students within raters; raters alike beforehand. What all
    who stand behind the second reading share with the rater is not seen.

    Parameters: one entry per score: `rater` and `student`, whole numbers; `in_group`, true or false of the student;
    `departure`, the rater's level less the second reading, levels; `minimum`, least students of the group and of others;
    `confidence`, coverage of the intervals, 0 to 1.
    Returns: one `GroupLeaning` per rater, by number, never by size. Shrunken toward the raters' common value where 3 or more
    have enough students, with the reason `borrows_from_other_raters`; else the plain difference with `few_raters`. Reasons
    for withholding: `too_few_in_group`, `too_few_others`, `no_spread`.
    Source: differential rater functioning as in Myford & Wolfe, Journal of Applied Measurement 5 (2004), 189-227, on
    differences from a second reading in the place of a latent measure; shrinkage as `steadied` (house definition 16).
    When not to use: to rank or to judge raters, or where the second reader knew the rater's level.

    >>> n = 40
    >>> who, pupil = np.repeat(np.arange(4), n), np.tile(np.arange(n), 4)
    >>> noise = np.tile([0.5, -0.5], 2 * n)
    >>> found = leaning_by_group(who, pupil, pupil < 20, noise + 1.0 * ((who == 0) & (pupil < 20)))
    >>> round(found[0].raw, 2), found[0].found.interval[0] > 0, round(abs(found[1].raw), 2)
    (1.0, True, 0.0)
    """
    who, value = np.asarray(rater, np.int64), np.asarray(departure, np.float64)
    cells = _by_student(who, np.asarray(student, np.int64), np.asarray(in_group, np.bool_), value)
    raters = np.unique(who).tolist()
    parts = [cells[one] for one in raters]
    spread, freedom = _spread(parts)
    enough = [min(len(a), len(b)) >= minimum for a, b in parts]
    raw = [float(a.mean() - b.mean()) if ok else None for (a, b), ok in zip(parts, enough, strict=True)]
    lent = _lent(parts, enough, raw, spread, freedom, confidence)
    return tuple(
        GroupLeaning(one, lent.get(at) or _held(parts[at], minimum), raw[at], len(parts[at][0]), len(parts[at][1]))
        for at, one in enumerate(raters)
    )  # fmt: skip


def common_leaning(
    rater: ArrayLike, student: ArrayLike, in_group: ArrayLike, departure: ArrayLike, *, minimum: int = FEWEST,
    fewest_raters: int = FEWEST_RATERS, confidence: float = 0.95,
) -> Estimate:  # fmt: skip
    """Say the same of all raters together, as one figure that names nobody.

    Assumes and takes as `leaning_by_group`. The second reading must not be that of the same raters: where raters are only
    compared with one another their common departure is zero by construction. Raters are these raters, students are drawn.
    Returns: `Estimate` in levels, n in students of the group. Reasons: `raters_too_few` (fewer than `fewest_raters` scored
    students of the group, or others), `too_few_in_group`, `too_few_others`, `no_spread`.
    Source: `headway.science.sums.mean_gap`, each student once with the mean of all their departures.
    When not to use: as a cause: it is associated with the group, and with whatever else differs.

    >>> pupil = np.tile(np.arange(40), 3)
    >>> found = common_leaning(np.repeat([1, 2, 3], 40), pupil, pupil < 20, np.where(pupil < 20, 0.5, 0.0) + pupil % 2)
    >>> round(found.value, 2), found.n
    (0.5, 20)
    """
    who, inside = np.asarray(rater, np.int64), np.asarray(in_group, np.bool_)
    pupils, value = np.asarray(student, np.int64), np.asarray(departure, np.float64)
    few = min(len(np.unique(who[inside])), len(np.unique(who[~inside]))) < fewest_raters
    _, own, others = _cells(pupils, inside, value)
    if few or min(len(own), len(others)) < minimum:
        held = _held((own, others), minimum)
        return Estimate(None, None, POOLED, len(own), reasons=("raters_too_few",) if few else held.reasons)
    found = sums.mean_gap(_sums(own), _sums(others), chance=confidence)
    return Estimate(found.value, found.interval, POOLED, len(own), 0, found.reasons, confidence=confidence)


Cells = dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]


def _by_student(
    who: NDArray[np.int64], pupils: NDArray[np.int64], inside: NDArray[np.bool_], value: NDArray[np.float64]
) -> Cells:
    found: Cells = {}
    for one in np.unique(who).tolist():
        at = who == one
        _, own, others = _cells(pupils[at], inside[at], value[at])
        found[one] = own, others
    return found


def _cells(
    pupils: NDArray[np.int64], inside: NDArray[np.bool_], value: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the students, and the mean departures of those of the group and of the others."""
    known, first, of = np.unique(pupils, return_index=True, return_inverse=True)
    at = of.reshape(-1)
    means = np.bincount(at, value, len(known)) / np.maximum(1, np.bincount(at, minlength=len(known)))
    member = inside[first]
    return known, means[member], means[~member]


def _spread(parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> tuple[float, int]:
    """Return the spread of students within raters and groups, and its degrees of freedom."""
    squares, freedom = 0.0, 0
    for cell in (one for both in parts for one in both if len(one) > 1):
        squares += float(((cell - cell.mean()) ** 2).sum())
        freedom += len(cell) - 1
    return (math.sqrt(squares / freedom) if freedom else 0.0), freedom


def _lent(
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]], enough: list[bool], raw: list[float | None],
    spread: float, freedom: int, confidence: float,
) -> dict[int, Estimate]:  # fmt: skip
    """Return the estimate of each rater who has enough students, by place."""
    places = [at for at, ok in enumerate(enough) if ok]
    if not places:
        return {}
    if not spread > 0:
        return {at: Estimate(None, None, PLAIN, len(parts[at][0]), reasons=("no_spread",)) for at in places}
    y = np.array([raw[at] for at in places], np.float64)
    errors = spread * np.sqrt([1 / len(parts[at][0]) + 1 / len(parts[at][1]) for at in places])
    if len(places) < FEWEST_RATERS:
        half = t_quantile(confidence, freedom) * errors
        values, low, high, method, reason = y, y - half, y + half, PLAIN, "few_raters"
    else:
        values, low, high = steadied(y, errors, confidence)
        method, reason = METHOD, "borrows_from_other_raters"
    return {
        at: Estimate(float(values[n]), (float(low[n]), float(high[n])), method, len(parts[at][0]), 0, (reason,),
                     float(errors[n]), confidence)
        for n, at in enumerate(places)
    }  # fmt: skip


def _held(cells: tuple[NDArray[np.float64], NDArray[np.float64]], minimum: int) -> Estimate:
    own, others = cells
    reason = "too_few_in_group" if len(own) < minimum else "too_few_others"
    return Estimate(
        None,
        None,
        METHOD,
        len(own),
        reasons=(reason if min(len(own), len(others)) < minimum else "no_spread",),
    )


def _sums(values: NDArray[np.float64]) -> dict[str, float]:
    return {"known": len(values), "total": float(values.sum()), "squares": float(values @ values)}
