"""Differential item functioning: is an item harder for one group than for another of the same standing?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.estimates import Estimate, EstimateRefused

VERSION = 1
PER_LOGIT = -2.35
"""ETS delta units per logit of the odds ratio (Holland & Thayer 1988)."""
USUAL_MINIMUM = 100
"""Members of the smaller group below which a classification is too unsteady to act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MantelHaenszel(Estimate):
    """The common odds ratio of strata (`value`), above 1 where the reference group does better.

    `standard_error` that of its logarithm. `chi_square` plain and `chi_square_corrected` for continuity, each with one degree
    of freedom and its `p`. `delta` in ETS units, negative where the item is harder for the focal group, with standard error and
    interval; `ets_class` A negligible, B moderate, C large, "" where there is no ratio. `n` persons, `excluded` those in strata
    that cannot compare (one group only, or all right or all wrong); `strata` that can. `n_reference`, `n_focal` counted.
    """

    chi_square: float
    p: float
    chi_square_corrected: float
    p_corrected: float
    delta: float
    delta_standard_error: float
    delta_interval: tuple[float, float] | None
    ets_class: str
    strata: int
    n_reference: int
    n_focal: int


@dataclass(frozen=True, slots=True)
class ItemFunctioning:
    """Every item's Mantel-Haenszel statistics. `anchor` items that matched in the last round; `rounds` of purification, and
    whether it `settled`."""

    items: tuple[MantelHaenszel, ...]
    anchor: NDArray[np.bool_]
    rounds: int
    settled: bool
    reasons: tuple[str, ...]


def mantel_haenszel(tables: ArrayLike, *, confidence: float = 0.95) -> MantelHaenszel:
    """Compute the Mantel-Haenszel odds ratio and tests over strata of 2 × 2 tables.

    Assumes one odds ratio in all strata, and persons who answer independently.

    Parameters: `tables`, strata × 2 × 2 counts: reference then focal group, right then wrong; `confidence` 0 to 1.
    Returns: `MantelHaenszel`. Reasons `no_odds_ratio` where no stratum has a wrong answer of one group beside a right one of the
    other (value inf, 0 or nan), `under_minimum` for fewer than 100 counted persons in a group, `few_expected` where an extreme
    table is within 5 of what is expected, so that chi-square is too rough.
    Raises: `EstimateRefused`: `not_a_count`, `no_strata` where no stratum can compare.
    Source: Mantel & Haenszel, Journal of the National Cancer Institute 22 (1959); variance of the logarithm: Robins, Breslow &
    Greenland, Biometrics 42 (1986); delta and classes: Holland & Thayer (1988), Zieky (1993): A where |delta| < 1 or the
    corrected chi-square is under 3.84; C where |delta| is 1.5 or more and above 1 by 1.645 standard errors; else B. Few expected:
    Mantel & Fleiss, American Journal of Epidemiology 112 (1980).
    When not to use: where the difference changes sign along the scale; the odds ratio then averages to nothing.

    >>> found = mantel_haenszel([[[40, 10], [30, 20]], [[30, 20], [20, 30]]])
    >>> round(found.value, 4), round(found.delta, 4), found.ets_class
    (2.4286, -2.0852, 'B')
    """
    counts = np.asarray(tables, np.float64)
    if (
        counts.ndim != 3
        or counts.shape[1:] != (2, 2)
        or not (np.isfinite(counts).all() and (counts >= 0).all())
    ):
        raise EstimateRefused("not_a_count", "Tables are strata × 2 × 2 counts from 0.")
    usable = (counts.sum(axis=2) > 0).all(axis=1) & (counts.sum(axis=1) > 0).all(axis=1)
    if not usable.any():
        raise EstimateRefused("no_strata", "No stratum has both groups with both right and wrong answers.")
    used = counts[usable]
    a, b, c, d = used[:, 0, 0], used[:, 0, 1], used[:, 1, 0], used[:, 1, 1]
    total = used.sum(axis=(1, 2))
    r, s = a * d / total, b * c / total
    plain, corrected, rough = _chi_squares(used, total)
    reasons = _warnings(used, rough)
    if r.sum() > 0 and s.sum() > 0:
        ratio, error = float(r.sum() / s.sum()), _log_error(a, b, c, d, total, r, s)
    else:
        ratio, error = (math.inf if r.sum() > 0 else 0.0 if s.sum() > 0 else math.nan), math.nan
        reasons.append("no_odds_ratio")
    interval, delta_interval = _intervals(ratio, error, confidence)
    delta = PER_LOGIT * math.log(ratio) if math.isfinite(error) else math.nan
    return MantelHaenszel(
        value=ratio, interval=interval, confidence=confidence, standard_error=error,
        method="Mantel-Haenszel common odds ratio; interval by Robins, Breslow and Greenland over persons",
        n=round(float(total.sum())), excluded=round(float(counts.sum() - total.sum())), reasons=tuple(reasons),
        chi_square=plain, p=_p(plain), chi_square_corrected=corrected, p_corrected=_p(corrected), delta=delta,
        delta_standard_error=abs(PER_LOGIT) * error, delta_interval=delta_interval,
        ets_class=_ets_class(delta, abs(PER_LOGIT) * error, corrected), strata=int(usable.sum()),
        n_reference=round(float((a + b).sum())), n_focal=round(float((c + d).sum())),
    )  # fmt: skip


def item_functioning(
    items: ArrayLike,
    persons: ArrayLike,
    correct: ArrayLike,
    focal: ArrayLike,
    *,
    purify: int = 0,
    confidence: float = 0.95,
) -> ItemFunctioning:
    """Compute Mantel-Haenszel statistics of every item, persons matched by their number of right answers.

    Assumes that the items together measure what each is meant to. The item itself is part of the matching score (Holland & Thayer
    1988). Persons with different numbers of answers are not matched with each other.

    Parameters: one row per answer: `items` and `persons` numbered from 0, `correct` 0 or 1; `focal`, one truth value per person;
    `purify`, most rounds in which items of class B and C leave the matching score of the others, 0 for none.
    Returns: `ItemFunctioning`, in the order of items. An item that no stratum can compare has value nan and reason `no_strata`.
    Reasons `unequal_answers`; `purification_stopped` where it left fewer than two items or did not settle.
    Raises: `EstimateRefused`: `no_matching` for fewer than two items, `one_group`, `not_right_or_wrong`, `duplicate_answer`.
    Source: Holland & Thayer, in Wainer & Braun, Test Validity (1988); purification: Clauser, Mazor & Hambleton, Applied
    Measurement in Education 6 (1993).
    When not to use: with fewer than about 100 persons in a group, or fewer than ten items, whose score matches poorly.

    >>> persons, items = np.divmod(np.arange(12), 3)
    >>> right = [1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1]
    >>> [one.n for one in item_functioning(items, persons, right, [False, True, False, True]).items]
    [2, 2, 0]
    """
    item, person = np.asarray(items, np.int64), np.asarray(persons, np.int64)
    right, other = np.asarray(correct, np.float64), np.asarray(focal, np.bool_)
    count = int(item.max()) + 1 if len(item) else 0
    if count < 2:
        raise EstimateRefused("no_matching", "One item alone cannot match persons; give strata.")
    wrong = np.flatnonzero((right != 0) & (right != 1))
    if len(wrong):
        raise EstimateRefused("not_right_or_wrong", "correct is 1 or 0.", int(wrong[0]))
    pair = person * count + item
    order = np.argsort(pair, kind="stable")
    same = np.flatnonzero(pair[order][1:] == pair[order][:-1])
    if len(same):
        raise EstimateRefused(
            "duplicate_answer", "A person answers an item once.", int(order[same + 1].min())
        )
    if other[person].all() or not other[person].any():
        raise EstimateRefused("one_group", "There is one group only.")
    answers = _Answers.of(item, person, right.astype(np.int64), other)
    return _purified(answers, count, purify, confidence)


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers sorted by item: `starts` bounds of each item; `answered` how many items each person answered."""

    starts: NDArray[np.int64]
    item: NDArray[np.int64]
    person: NDArray[np.int64]
    right: NDArray[np.int64]
    focal: NDArray[np.bool_]
    answered: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        item: NDArray[np.int64],
        person: NDArray[np.int64],
        right: NDArray[np.int64],
        focal: NDArray[np.bool_],
    ) -> _Answers:
        order = np.argsort(item, kind="stable")
        starts = np.concatenate(([0], np.cumsum(np.bincount(item))))
        answered = np.bincount(person, minlength=len(focal))
        return cls(starts, item[order], person[order], right[order], focal, answered)

    def tables(self, anchor: NDArray[np.bool_], which: int) -> NDArray[np.float64]:
        """Return one item's strata: answers given, and right ones among the anchor and the item itself."""
        inside = anchor[self.item]
        scores = np.bincount(self.person[inside], self.right[inside], len(self.focal)).astype(np.int64)
        return self.strata(scores, anchor, which)

    def strata(self, scores: NDArray[np.int64], anchor: NDArray[np.bool_], which: int) -> NDArray[np.float64]:
        """Return the same from scores that are known already."""
        rows = slice(self.starts[which], self.starts[which + 1])
        who, right = self.person[rows], self.right[rows]
        score = scores[who] if anchor[which] else scores[who] + right
        key = self.answered[who] * (int(scores.max()) + 2) + score
        _, stratum = np.unique(key, return_inverse=True)
        stratum = stratum.reshape(-1)
        cell = stratum * 4 + self.focal[who] * 2 + (1 - right)
        return (
            np.bincount(cell, minlength=4 * (int(stratum.max(initial=-1)) + 1))
            .reshape(-1, 2, 2)
            .astype(np.float64)
        )


def _purified(answers: _Answers, count: int, purify: int, confidence: float) -> ItemFunctioning:
    known = answers.answered[answers.answered > 0]
    reasons = ["unequal_answers"] if (known != known[0]).any() else []
    anchor, settled = np.ones(count, np.bool_), False
    found = _round(answers, anchor, count, confidence)
    rounds = 0
    while rounds < purify:
        kept = np.array([one.ets_class in ("A", "") for one in found])
        if (kept == anchor).all():
            settled = True
            break
        if kept.sum() < 2:
            break
        anchor, rounds = kept, rounds + 1
        found = _round(answers, anchor, count, confidence)
    else:
        settled = purify == 0 or bool(
            (np.array([one.ets_class in ("A", "") for one in found]) == anchor).all()
        )
    if not settled:
        reasons.append("purification_stopped")
    return ItemFunctioning(tuple(found), anchor, rounds, settled, tuple(reasons))


def _round(
    answers: _Answers, anchor: NDArray[np.bool_], count: int, confidence: float
) -> list[MantelHaenszel]:
    inside = anchor[answers.item]
    scores = np.bincount(answers.person[inside], answers.right[inside], len(answers.focal)).astype(np.int64)
    found = []
    for which in range(count):
        tables = answers.strata(scores, anchor, which)
        try:
            found.append(mantel_haenszel(tables, confidence=confidence))
        except EstimateRefused:
            found.append(_nothing(tables, confidence))
    return found


def _nothing(tables: NDArray[np.float64], confidence: float) -> MantelHaenszel:
    none = math.nan
    return MantelHaenszel(
        value=none, interval=None, confidence=confidence, method="Mantel-Haenszel common odds ratio", n=0,
        excluded=round(float(tables.sum())), reasons=("no_strata",), chi_square=none, p=none, chi_square_corrected=none,
        p_corrected=none, delta=none, delta_standard_error=none, delta_interval=None, ets_class="", strata=0, n_reference=0,
        n_focal=0,
    )  # fmt: skip


def _chi_squares(used: NDArray[np.float64], total: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Return chi-square plain and corrected, and whether the counts are too few for it."""
    reference, right = used[:, 0].sum(axis=1), used[:, :, 0].sum(axis=1)
    expected = reference * right / total
    spread = reference * (total - reference) * right * (total - right) / (total**2 * (total - 1))
    away, variance = abs(float((used[:, 0, 0] - expected).sum())), float(spread.sum())
    least = float((expected - np.maximum(0, right - (total - reference))).sum())
    most = float((np.minimum(reference, right) - expected).sum())
    corrected = max(0.0, away - 0.5) if away >= 0.5 else away
    return away**2 / variance, corrected**2 / variance, min(least, most) < 5


def _log_error(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    c: NDArray[np.float64],
    d: NDArray[np.float64],
    total: NDArray[np.float64],
    r: NDArray[np.float64],
    s: NDArray[np.float64],
) -> float:
    """Robins, Breslow & Greenland (1986), equation 1."""
    same, cross = (a + d) / total, (b + c) / total
    up, down = float(r.sum()), float(s.sum())
    variance = (
        float((same * r).sum()) / (2 * up**2)
        + float((same * s + cross * r).sum()) / (2 * up * down)
        + float((cross * s).sum()) / (2 * down**2)
    )
    return math.sqrt(variance)


def _warnings(used: NDArray[np.float64], rough: bool) -> list[str]:
    found = ["under_minimum"] if used.sum(axis=(0, 2)).min() < USUAL_MINIMUM else []
    return [*found, "few_expected"] if rough else found


def _intervals(
    ratio: float, error: float, confidence: float
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    if not math.isfinite(error):
        return None, None
    from scipy.special import ndtri

    half = float(ndtri((1 + confidence) / 2)) * error
    low, high = math.log(ratio) - half, math.log(ratio) + half
    return (math.exp(low), math.exp(high)), (PER_LOGIT * high, PER_LOGIT * low)


def _ets_class(delta: float, error: float, corrected: float) -> str:
    if not math.isfinite(delta):
        return ""
    if abs(delta) < 1 or _p(corrected) > 0.05:
        return "A"
    return "C" if abs(delta) >= 1.5 and abs(delta) - 1.645 * error > 1 else "B"


def _p(chi_square: float) -> float:
    """Return the chance of a larger chi-square on one degree of freedom."""
    return math.erfc(math.sqrt(chi_square / 2))
