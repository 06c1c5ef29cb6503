"""Bayesian knowledge tracing: the chance that a skill is known, answer by answer, and the four numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import EstimateRefused
from headway.science.facets.ratings import coded

Floats = NDArray[np.float64]
VERSION = 1
LEAST, MOST = 1e-4, 0.9999
STARTS = ((0.4, 0.1, 0.1, 0.2), (0.2, 0.3, 0.1, 0.2), (0.7, 0.05, 0.2, 0.3))
"""Known at first, learned at a step, slip, guess: the climb begins from each, and the best goes on."""
FIRST_ROUNDS = 6
MOST_ROUNDS = 2_000
compiled: Any = njit(cache=True)


@dataclass(frozen=True, slots=True)
class Step:
    """One answer: the chance that the skill was known before it (`prior`), in its light (`posterior`), and after the chance to
    learn that follows (`next`)."""

    prior: float
    posterior: float
    next: float


@dataclass(frozen=True, slots=True)
class SkillFit:
    """One skill: `known` at first, `learn` at a step, `slip`, `guess`, each with error and interval (nan at an edge).

    `mastery` per student after the last answer, in the order of `students`.
    """

    skill: str
    values: tuple[float, float, float, float]
    errors: tuple[float, float, float, float]
    intervals: tuple[tuple[float, float], ...]
    log_likelihood: float
    n: int
    students: tuple[str, ...]
    mastery: Floats
    rounds: int
    converged: bool
    reasons: tuple[str, ...]


def trace(correct: Sequence[int], *, known: float, learn: float, slip: float, guess: float) -> list[Step]:
    """Follow one student's answers on one skill.

    Assumes a skill that is known or not, and is not forgotten.

    Parameters: `correct`, 0 or 1, oldest first; the four chances, 0 to 1.
    Returns: a `Step` for each answer.
    Raises: `EstimateRefused` `out_of_range`, where a chance is not one, or guess and slip together reach 1.
    Source: Corbett & Anderson, Knowledge tracing, User Modeling and User-Adapted Interaction 4 (1995).
    When not to use: as a mark; it says how sure one can be that a skill is there.

    >>> [round(one.next, 4) for one in trace([0, 1, 1], known=0.4, learn=0.1, slip=0.3, guess=0.2)]
    [0.28, 0.6188, 0.8653]
    """
    if not all(0 <= one <= 1 for one in (known, learn, slip, guess)) or guess + slip >= 1:
        raise EstimateRefused(
            "out_of_range", "Chances lie between 0 and 1, and guess and slip together below 1."
        )
    found, prior = [], known
    for right in correct:
        if_known, if_not = (1 - slip, guess) if right else (slip, 1 - guess)
        whole = prior * if_known + (1 - prior) * if_not
        posterior = prior * if_known / whole if whole > 0 else prior
        after = posterior + (1 - posterior) * learn
        found.append(Step(prior, posterior, after))
        prior = after
    return found


@compiled
def _pass(
    offsets: Any, right: Any, known: float, learn: float, slip: float, guess: float, counts: Any, mastery: Any
) -> Any:
    """Return the log-likelihood; fill expected counts for the next round, and each student's mastery at the end."""
    longest = 1
    for n in range(len(offsets) - 1):
        longest = max(longest, offsets[n + 1] - offsets[n])
    ahead, scale = np.empty(longest), np.empty(longest)
    counts[:] = 0.0
    total = 0.0
    for n in range(len(offsets) - 1):
        first, length = offsets[n], offsets[n + 1] - offsets[n]
        prior = known
        for t in range(length):
            yes, no = (1 - slip, guess) if right[first + t] else (slip, 1 - guess)
            whole = prior * yes + (1 - prior) * no
            scale[t] = whole
            total += math.log(whole)
            ahead[t] = prior * yes / whole
            prior = ahead[t] + (1 - ahead[t]) * learn
        mastery[n] = prior
        later_yes, later_no = 1.0, 1.0
        for t in range(length - 1, -1, -1):
            is_known = ahead[t] * later_yes
            is_not = (1 - ahead[t]) * later_no
            whole = is_known + is_not
            is_known /= whole
            counts[2] += is_known
            counts[4] += 1 - is_known
            if right[first + t]:
                counts[5] += 1 - is_known
            else:
                counts[3] += is_known
            if t == 0:
                counts[0] += is_known
                break
            yes, no = (1 - slip, guess) if right[first + t] else (slip, 1 - guess)
            before = 1 - ahead[t - 1]
            moved = before * learn * yes * later_yes / scale[t]
            stayed = before * (1 - learn) * no * later_no / scale[t]
            kept = ahead[t - 1] * yes * later_yes / scale[t]
            counts[1] += moved / (moved + stayed + kept)
            counts[6] += (moved + stayed) / (moved + stayed + kept)
            later_no = ((1 - learn) * no * later_no + learn * yes * later_yes) / scale[t]
            later_yes = yes * later_yes / scale[t]
    return total


def knowledge_tracing(
    student: Sequence[Any] | NDArray[Any],
    skill: Sequence[Any] | NDArray[Any],
    position: ArrayLike,
    correct: ArrayLike,
    *,
    interval: float = 0.95,
    tolerance: float = 1e-6,
) -> tuple[SkillFit, ...]:
    """Estimate the four numbers of each skill, and each student's mastery.

    Assumes the model of `trace`, students alike in all but what they answer.

    Parameters: `student`, `skill`, labels per row; `position`, float, the order of a student's answers on a skill; `correct`, 0
    or 1, nan = missing (left out); `interval`, chance of the intervals; `tolerance`, largest move at the end.
    Returns: `SkillFit` per skill, in the order of their labels. Chances 0 to 1.
    Raises: `EstimateRefused` `no_rows`, `not_right_or_wrong`, `no_position`, `same_position`.
    Source: Corbett & Anderson (1995); EM of a hidden Markov model with squared steps (Varadhan & Roland 2008), guess and slip
    together held below 1, from three starts; errors from the curvature of the likelihood on logits.
    When not to use: with fewer than some hundred sequences a skill, or sequences of one or two answers: two explanations then
    fit alike (Beck & Chang 2007).

    >>> rng = np.random.default_rng(1)
    >>> knew = np.cumsum(rng.random((600, 8)) < 0.2, axis=1) > 0
    >>> right = rng.random(knew.shape) < np.where(knew, 0.9, 0.2)
    >>> rows = np.indices(right.shape).reshape(2, -1)
    >>> found = knowledge_tracing(rows[0], ["s"] * 4800, rows[1], right.ravel())[0]
    >>> bool(abs(found.values[1] - 0.2) < 0.05)
    True
    """

    right, where = np.asarray(correct, np.float64).ravel(), np.asarray(position, np.float64).ravel()
    (who, students), (what, skills) = coded(student), coded(skill)
    known = np.isfinite(right) & (who >= 0) & (what >= 0)
    if not known.any():
        raise EstimateRefused("no_rows", "No row has a student, a skill and an answer.")
    if not np.isin(right[known], (0, 1)).all():
        raise EstimateRefused("not_right_or_wrong", "Answers are 1 (right) or 0 (wrong).")
    if not np.isfinite(where[known]).all():
        raise EstimateRefused("no_position", "Every answer has a position in its sequence.")
    order = np.flatnonzero(known)
    order = order[np.lexsort((where[order], who[order], what[order]))]
    who, what, where, marks = who[order], what[order], where[order], right[order] > 0
    if ((np.diff(who) == 0) & (np.diff(what) == 0) & (np.diff(where) == 0)).any():
        raise EstimateRefused("same_position", "Two answers of a student on one skill stand at one position.")
    found = []
    for one, name in enumerate(skills):
        part = slice(*np.searchsorted(what, (one, one + 1)))
        if part.stop == part.start:
            continue
        owner, firsts = np.unique(who[part], return_index=True)
        offsets = np.append(firsts, part.stop - part.start)
        labels = tuple(students[at] for at in owner.tolist())
        found.append(_fit(name, offsets, marks[part], labels, interval, tolerance))
    return tuple(found)


def _fit(
    name: str,
    offsets: NDArray[np.int64],
    right: NDArray[np.bool_],
    students: tuple[str, ...],
    interval: float,
    tolerance: float,
) -> SkillFit:
    mastery, counts = np.zeros(len(offsets) - 1), np.zeros(7)

    def look(at: Floats) -> float:
        return float(_pass(offsets, right, at[0], at[1], at[2], at[3], counts, mastery))

    def onward(at: Floats) -> tuple[float, Floats]:
        total = look(at)
        after = np.array([
            counts[0] / (len(offsets) - 1), counts[1] / max(counts[6], 1e-12), counts[3] / max(counts[2], 1e-12),
            counts[5] / max(counts[4], 1e-12),
        ])  # fmt: skip
        return total, _inside(np.where(counts[6] > 0, after, np.array([after[0], at[1], after[2], after[3]])))

    best, value = np.array(STARTS[0]), -np.inf
    for start in STARTS:
        at = np.array(start)
        for _ in range(FIRST_ROUNDS):
            total, at = onward(at)
        if total > value:
            best, value = at, total
    rounds, converged = FIRST_ROUNDS * len(STARTS), False
    while rounds < MOST_ROUNDS and not converged:
        _, one = onward(best)
        value, two = onward(one)
        rounds += 2
        first, second = one - best, two - one
        converged = bool(np.abs(second).max() < tolerance)
        bend = second - first
        length = -math.sqrt(float(first @ first) / max(float(bend @ bend), 1e-300))
        best_before, best = best, two
        if not converged and length < -1:
            ahead = best_before - 2 * length * first + length**2 * bend
            if (
                (ahead > LEAST).all()
                and (ahead < MOST).all()
                and ahead[2] + ahead[3] < MOST
                and look(ahead) > value
            ):
                best = ahead
    errors, ends = _errors(look, best, interval)
    total = look(best)
    reasons = [] if converged else ["not_converged"]
    if np.isnan(errors).any():
        reasons.append("at_the_edge")
    if int(np.diff(offsets).max()) < 3:
        reasons.append("short_sequences")
    return SkillFit(name, _four(best), _four(errors), ends, total, len(right), students, mastery.copy(), rounds, converged,
                    tuple(reasons))  # fmt: skip


def _four(values: Floats) -> tuple[float, float, float, float]:
    known, learn, slip, guess = values.tolist()
    return known, learn, slip, guess


def _inside(at: Floats) -> Floats:
    """Return chances within their bounds, guess and slip together below 1."""
    at = np.clip(at, LEAST, MOST)
    over = at[2] + at[3]
    if over > MOST:
        at[2:] *= MOST / over
    return at


def _errors(look: Any, at: Floats, interval: float) -> tuple[Floats, tuple[tuple[float, float], ...]]:
    """Return errors and intervals, by the curvature of the likelihood on logits; nan where a chance stands at its edge."""
    logit = np.log(at / (1 - at))
    free = np.flatnonzero((at > 2 * LEAST) & (at < 1 - 2 * LEAST))

    def value(move: Floats) -> float:
        moved = logit.copy()
        moved[free] += move
        return float(look(1 / (1 + np.exp(-moved))))

    n, by = len(free), 1e-3
    curve = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            a, b = np.eye(n)[i] * by, np.eye(n)[j] * by
            curve[i, j] = curve[j, i] = -(value(a + b) - value(a - b) - value(b - a) + value(-a - b)) / (
                4 * by * by
            )
    errors, ends = np.full(4, np.nan), [(math.nan, math.nan)] * 4
    if n and np.linalg.eigvalsh(curve)[0] > 1e-8:
        spread = np.sqrt(np.diag(np.linalg.inv(curve)))
        z = NormalDist().inv_cdf(0.5 + interval / 2)
        for place, error in zip(free.tolist(), spread.tolist(), strict=True):
            errors[place] = error * at[place] * (1 - at[place])
            low, high = (
                1 / (1 + math.exp(-max(-700.0, min(700.0, logit[place] + sign * z * error))))
                for sign in (-1, 1)
            )
            ends[place] = (low, high)
    return errors, tuple(ends)
