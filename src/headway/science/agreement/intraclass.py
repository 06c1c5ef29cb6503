"""Intraclass correlations: the six forms of Shrout and Fleiss, each with its exact F interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.agreement.table import RatingTable
from headway.science.estimates import Estimate, EstimateRefused, enough

VERSION = 1
FORMS = ("icc1", "icc2", "icc3", "icc1k", "icc2k", "icc3k")
MEANING = {
    "icc1": "one rating, each target by other raters (one-way random)",
    "icc2": "one rating, raters drawn from many (two-way random, absolute agreement)",
    "icc3": "one rating, these raters only (two-way mixed, consistency)",
    "icc1k": "the mean of k ratings, each target by other raters",
    "icc2k": "the mean of k ratings, raters drawn from many",
    "icc3k": "the mean of k ratings, these raters only",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntraclassCorrelation(Estimate):
    """One intraclass correlation with the table behind it.

    `n` targets, `k` ratings of each. Mean squares between targets, between raters, of the remainder (two-way) and within
    targets (one-way). `f` tests that the correlation is zero, on `df1` and `df2`, with chance `p` of a larger one.
    """

    form: str
    k: int
    ms_targets: float
    ms_raters: float
    ms_remainder: float
    ms_within: float
    f: float
    df1: int
    df2: int
    p: float


def icc(
    ratings: ArrayLike | RatingTable,
    form: str = "icc2",
    *,
    confidence: float = 0.95,
    minimum: int | None = None,
) -> IntraclassCorrelation:
    """Compute an intraclass correlation from the mean squares of a complete table.

    Assumes normal effects of targets (and for icc2 of raters) and remainders with one variance. Complete data only: the
    exact interval holds for nothing else. Unbalanced tables are refused; `g_study` fits them by restricted likelihood.

    Parameters: `ratings`, targets × raters, numbers, in any unit; for icc1 and icc1k a column has no meaning; `form`, one
    of icc1, icc2, icc3, icc1k, icc2k, icc3k; `confidence` 0 to 1; `minimum` as `percent_agreement`.
    Returns: `IntraclassCorrelation`, at most 1; below 0 where targets differ less than their own ratings. Reasons
    `under_minimum`, `negative`, `no_interval` where the degrees of freedom of icc2 are undefined.
    Raises: `EstimateRefused`: `unknown_form`, `unbalanced` for missing ratings, `not_a_number`, `two_needed` for fewer
    than two targets or raters, `no_variance` where all ratings are the same.
    Source: Shrout & Fleiss, Psychological Bulletin 86 (1979): table 4 and the intervals of pages 424 to 426; those of the
    means of k: McGraw & Wong, Psychological Methods 1 (1996), tables 7 and 8.
    When not to use: for ordered levels that are no equal steps; see `gwet_ac`.

    >>> six = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> found = icc(six, "icc2")
    >>> round(found.value, 4), [round(end, 4) for end in found.interval]
    (0.2898, [0.0188, 0.7611])
    """
    if form not in FORMS:
        raise EstimateRefused("unknown_form", f"Forms are: {', '.join(FORMS)}.", form)
    x = _complete(ratings, form)
    n, k = x.shape
    reasons = list(enough(n, minimum))
    msb, msj, mse, msw = _mean_squares(x)
    one_way = form.startswith("icc1")
    error, df2 = (msw, n * (k - 1)) if one_way else (mse, (n - 1) * (k - 1))
    if msb <= 0 and error <= 0:
        raise EstimateRefused("no_variance", "Targets have the same ratings; there is nothing to correlate.")
    if error > 0:
        from scipy.special import fdtrc

        f = msb / error
        p = float(fdtrc(n - 1, df2, f))
    else:
        f, p = math.inf, 0.0
    value, interval = _value(form, n, k, msb, msj, mse, msw, confidence)
    if value < 0:
        reasons.append("negative")
    if interval is None:
        reasons.append("no_interval")
    return IntraclassCorrelation(
        value=value, interval=interval, confidence=confidence,
        method=f"{MEANING[form]}; interval {_source(form)}", n=n, reasons=tuple(reasons), form=form, k=k,
        ms_targets=msb, ms_raters=msj, ms_remainder=mse, ms_within=msw, f=f, df1=n - 1, df2=df2, p=p,
    )  # fmt: skip


def _source(form: str) -> str:
    return "by F with Satterthwaite's degrees of freedom" if form.startswith("icc2") else "by F, exact"


def _complete(ratings: ArrayLike | RatingTable, form: str) -> NDArray[np.float64]:
    if isinstance(ratings, RatingTable):
        x = _from_table(ratings, form)
    else:
        try:
            x = np.asarray(ratings, np.float64)
        except (TypeError, ValueError):
            raise EstimateRefused("not_a_number", "Ratings must be numbers.") from None
    if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 2:
        raise EstimateRefused(
            "two_needed", "An intraclass correlation needs two targets and two ratings of each."
        )
    gaps = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(gaps):
        raise EstimateRefused(
            "unbalanced", f"{len(gaps)} targets lack a rating; g_study takes such data.", int(gaps[0])
        )
    return x


def _from_table(data: RatingTable, form: str) -> NDArray[np.float64]:
    if data.values.dtype.kind not in "fiub":
        raise EstimateRefused("not_a_number", "Ratings must be numbers.", str(data.values[0]))
    sizes = data.sizes
    one_way = form.startswith("icc1")
    raters = np.unique(data.raters)
    width = int(sizes.max()) if one_way or len(raters) < 2 else len(raters)
    if (sizes != width).any():
        short = np.flatnonzero(sizes != width)
        message = f"{len(short)} targets have not {width} ratings; g-study takes such data."
        raise EstimateRefused("unbalanced", message, int(short[0]))
    x: NDArray[np.float64] = data.values[data.codes].astype(np.float64).reshape(-1, width)
    if one_way:
        return x
    who = data.raters.reshape(-1, width)
    order = np.argsort(who, axis=1)
    found: NDArray[np.float64] = np.take_along_axis(x, order, axis=1)
    return found


def _mean_squares(x: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the mean squares between targets, between raters, of the remainder and within targets."""
    n, k = x.shape
    centered = x - x.mean()
    targets = centered.mean(axis=1)
    raters = centered.mean(axis=0)
    between = k * float(targets @ targets)
    of_raters = n * float(raters @ raters)
    inside = centered - targets[:, None]
    within = float(np.einsum("ij,ij->", inside, inside))
    inside -= raters
    remainder = float(np.einsum("ij,ij->", inside, inside))
    floor = (1e-13 * float(np.abs(x).max())) ** 2
    squares = between / (n - 1), of_raters / (k - 1), remainder / ((n - 1) * (k - 1)), within / (n * (k - 1))
    # What is left of equal ratings by rounding is zero.
    msb, msj, mse, msw = (square if square > floor else 0.0 for square in squares)
    return msb, msj, mse, msw


def _value(
    form: str, n: int, k: int, msb: float, msj: float, mse: float, msw: float, confidence: float
) -> tuple[float, tuple[float, float] | None]:
    """Return value and interval of one form. The mean of k follows from one rating by Spearman and Brown."""
    if form.startswith("icc2"):
        below = msb + (k - 1) * mse + k * (msj - mse) / n
        if below <= 0:
            raise EstimateRefused(
                "no_variance", "Neither targets nor raters differ; there is nothing to correlate."
            )
        value = (msb - mse) / below
        interval = _absolute(n, k, msb, msj, mse, value, confidence)
    else:
        one_way = form.startswith("icc1")
        error, df2 = (msw, n * (k - 1)) if one_way else (mse, (n - 1) * (k - 1))
        value = (msb - error) / (msb + (k - 1) * error)
        interval = _by_f(n - 1, df2, k, msb, error, confidence)
    if not form.endswith("k"):
        return value, interval
    return _of_mean(value, k), None if interval is None else (
        _of_mean(interval[0], k),
        _of_mean(interval[1], k),
    )


def _of_mean(one: float, k: int) -> float:
    below = 1 + (k - 1) * one
    return k * one / below if below > 0 else -math.inf


def _by_f(
    df1: int, df2: int, k: int, msb: float, error: float, confidence: float
) -> tuple[float, float] | None:
    if error <= 0:
        return 1.0, 1.0
    from scipy.special import fdtri

    tail = (1 + confidence) / 2
    f = msb / error
    low, high = f / float(fdtri(df1, df2, tail)), f * float(fdtri(df2, df1, tail))
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _absolute(
    n: int, k: int, msb: float, msj: float, mse: float, value: float, confidence: float
) -> tuple[float, float] | None:
    """Shrout & Fleiss, page 425: the degrees of freedom of a sum of mean squares, after Satterthwaite."""
    if mse <= 0:
        return (1.0, 1.0) if msj <= 0 else None
    from scipy.special import fdtri

    fj = msj / mse
    part = n * (1 + (k - 1) * value) - k * value
    above = (k - 1) * (n - 1) * (k * value * fj + part) ** 2
    below = (n - 1) * k**2 * value**2 * fj**2 + part**2
    if not (above > 0 and below > 0):
        return None
    df = above / below
    tail = (1 + confidence) / 2
    upper, lower = float(fdtri(n - 1, df, tail)), float(fdtri(df, n - 1, tail))
    both = k * msj + (k * n - k - n) * mse
    low = n * (msb - upper * mse) / (upper * both + n * msb)
    high = n * (lower * msb - mse) / (both + n * lower * msb)
    return low, high
