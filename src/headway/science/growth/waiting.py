"""Waiting times, with those who still wait: Kaplan-Meier, never the mean of the finished."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import Estimate, EstimateRefused, normal_quantile

VERSION = 1
MINIMUM = 10
TRANSFORMS = ("log-log", "log", "plain")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The share still waiting, as it falls: one entry per time at which somebody was done.

    `times` in the unit of the durations; `waiting` the share that still waits after it, with Greenwood's `errors`, and `low`
    and `high` its interval (nan where the curve has reached 0); `at_risk` who waited just before, `events` who
    were done. `median` time until half are done; `restricted_mean` time waited up to `horizon`.
    """

    times: Floats
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    waiting: Floats
    errors: Floats
    low: Floats
    high: Floats
    median: Estimate
    restricted_mean: Estimate
    horizon: float


def waiting(
    duration: Floats,
    event: NDArray[np.bool_],
    *,
    chance: float = 0.95,
    horizon: float | None = None,
    transform: str = "log-log",
    counts: NDArray[np.int64] | None = None,
) -> Waiting:
    """Estimate how long students wait, where some still do.

    Assumes that those who stopped being watched would have waited like the others.

    Parameters: `duration`, shape (n,), 0 or more, finite, in one unit; `event`, whether the wait ended (mastery) or the
    student is still waiting; `chance`, coverage of each interval; `horizon`, end of the restricted mean (None: the longest
    duration); `transform`, the scale on which the curve's interval is even: `log-log`, which stays inside 0 to 1 and keeps its
    chance in small groups, `log` or `plain`; `counts`, how many students each entry stands for (None: one).
    Returns: `Waiting`. A median that half have not reached has no value (`half_not_reached`); one whose upper end is not
    reached has inf there. `few_students` warns below 10.
    Raises: `EstimateRefused`: `no_rows`, `negative`, `unknown_transform`.
    Source: Kaplan and Meier (1958), JASA 53:457; Greenwood (1926); median: Brookmeyer and Crowley (1982), Biometrics 38:29;
    restricted mean: Klein and Moeschberger (2003), section 4.5. Of an event and a stop at one time the event comes first.
    When not to use: where stopping goes with the wait itself (students leave because they wait).

    >>> found = waiting(np.array([2.0, 3, 3, 5, 8]), np.array([1, 1, 0, 1, 0], bool))
    >>> found.waiting.round(3).tolist(), found.median.value
    ([0.8, 0.6, 0.3], 5.0)
    """
    if not len(duration):
        raise EstimateRefused("no_rows", "There is no duration.")
    if duration.min() < 0:
        raise EstimateRefused("negative", "A duration is 0 or more.")
    if transform not in TRANSFORMS:
        raise EstimateRefused(
            "unknown_transform", f"The interval's scale is one of: {', '.join(TRANSFORMS)}."
        )
    times, at = np.unique(duration, return_inverse=True)
    events = np.bincount(at, event if counts is None else event * counts)
    leaving = np.bincount(at, counts)
    n = int(leaving.sum())
    at_risk = n - np.concatenate([[0], np.cumsum(leaving)[:-1]])
    some = events > 0
    times, events, at_risk = times[some], events[some], at_risk[some]
    left = np.cumprod(1 - events / at_risk)
    after = at_risk - events
    parts = np.divide(events, at_risk * after, out=np.full(len(times), np.inf), where=after > 0)
    variance = np.cumsum(parts)
    done = left <= 0
    errors = np.where(done, 0.0, left * np.sqrt(np.where(done, 0.0, variance)))
    low, high = _ends(left, variance, normal_quantile(chance), transform)
    warned = ("few_students",) if n < MINIMUM else ()
    end = float(duration.max()) if horizon is None else horizon
    median = _median(times, left, low, high, n, f"Kaplan-Meier median, {transform} interval", warned)
    mean = _restricted_mean(
        times,
        left,
        events.astype(np.float64),
        at_risk.astype(np.float64),
        end,
        float(duration.max()),
        chance,
        n,
        warned,
    )
    return Waiting(
        times, at_risk.astype(np.int64), events.astype(np.int64), left, errors, low, high, median, mean, end
    )


def _ends(left: Floats, variance: Floats, z: float, transform: str) -> tuple[Floats, Floats]:
    """Return the interval of the curve, even on a scale; nan where the curve has no error to go by."""
    low, high = np.full(len(left), np.nan), np.full(len(left), np.nan)
    inside = (left > 0) & (left < 1)
    share, error = left[inside], np.sqrt(variance[inside])
    if transform == "log-log":
        by = np.exp(z * error / -np.log(share))
        low[inside], high[inside] = share**by, share ** (1 / by)
    elif transform == "log":
        low[inside], high[inside] = share * np.exp(-z * error), np.minimum(share * np.exp(z * error), 1.0)
    else:
        low[inside], high[inside] = (
            np.maximum(share * (1 - z * error), 0.0),
            np.minimum(share * (1 + z * error), 1.0),
        )
    return low, high


def _crossing(times: Floats, curve: Floats) -> float:
    """Return when a falling curve first is at or under a half; the middle of the step where it is exactly a half."""
    under = np.flatnonzero(curve <= 0.5 + 1e-12)
    if not len(under):
        return math.inf
    first = int(under[0])
    if abs(curve[first] - 0.5) < 1e-12:
        below = np.flatnonzero(curve < 0.5 - 1e-12)
        return float((times[first] + times[below[0]]) / 2) if len(below) else float(times[first])
    return float(times[first])


def _median(
    times: Floats, left: Floats, low: Floats, high: Floats, n: int, method: str, warned: tuple[str, ...]
) -> Estimate:
    value = _crossing(times, left)
    ends = [
        _crossing(times, np.where(np.isnan(each), np.where(left <= 0, 0.0, 1.0), each))
        for each in (low, high)
    ]
    # Where the curve ends at 0 its interval is unknown there: it ends no sooner than that time, if it ends.
    if left.size and left[-1] <= 0 and ends[1] == times[-1] and not (high[:-1] <= 0.5).any():
        ends[1] = math.inf
    interval = (ends[0], ends[1]) if math.isfinite(ends[0]) else None
    if not math.isfinite(value):
        return Estimate(None, interval, method, n, reasons=(*warned, "half_not_reached"))
    return Estimate(value, interval, method, n, reasons=warned)


def _restricted_mean(
    times: Floats, left: Floats, events: Floats, at_risk: Floats, end: float, longest: float,
    chance: float, n: int, warned: tuple[str, ...],
) -> Estimate:  # fmt: skip
    method = f"area under the curve up to {end:g}"
    if end > longest and (not left.size or left[-1] > 0):
        return Estimate(None, None, method, n, reasons=(*warned, "beyond_the_longest"))
    inside = times < end
    knots = np.concatenate([[0.0], times[inside], [end]])
    areas = np.concatenate([[1.0], left[inside]]) * np.diff(knots)
    value = float(areas.sum())
    later = areas[::-1].cumsum()[::-1][1:]
    d, r = events[inside], at_risk[inside]
    parts = np.divide(later**2 * d, r * (r - d), out=np.zeros(len(d)), where=r > d)
    half = normal_quantile(chance) * math.sqrt(float(parts.sum()))
    return Estimate(value, (max(0.0, value - half), min(end, value + half)), method, n, reasons=warned)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether groups wait alike: the log-rank test, with done and expected per group."""

    chi_square: float
    freedom: int
    p: float
    observed: Floats
    expected: Floats


def log_rank(duration: Floats, event: NDArray[np.bool_], group: NDArray[np.int64]) -> Comparison:
    """Test whether groups wait alike.

    Assumes that students of all groups stop being watched for reasons of the same kind.

    Parameters: as `waiting`; `group`, identifiers 0 to k - 1, each with a student, two groups or more.
    Returns: `Comparison`, chi-square with k - 1 degrees of freedom.
    Raises: `EstimateRefused`: `one_group`, `nobody_done`.
    Source: Mantel (1966); Peto and Peto (1972), JRSS A 135:185. Cost: n log n and times × groups.
    When not to use: where the curves cross, which it does not see.

    >>> t = np.array([1.0, 2, 3, 4, 5, 6])
    >>> found = log_rank(t, np.ones(6, bool), np.array([0, 0, 0, 1, 1, 1]))
    >>> round(found.chi_square, 3), found.freedom
    (5.052, 1)
    """
    from scipy.special import chdtrc

    done, risk = _by_time(duration, event, group)
    count = done.shape[1]
    d, r = done.sum(axis=1), risk.sum(axis=1)
    share = risk / r[:, None]
    expected = share * d[:, None]
    by = np.where(r > 1, d * (r - d) / np.maximum(r - 1, 1), 0.0)
    spread = np.diag((share * by[:, None]).sum(axis=0)) - (share * by[:, None]).T @ share
    gap = (done - expected).sum(axis=0)[:-1]
    chi = float(gap @ np.linalg.pinv(spread[:-1, :-1]) @ gap)
    return Comparison(chi, count - 1, float(chdtrc(count - 1, chi)), done.sum(axis=0), expected.sum(axis=0))


def _by_time(duration: Floats, event: NDArray[np.bool_], group: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return who was done and who was at risk, times × groups, at the times when somebody was done."""
    count = int(group.max()) + 1 if len(group) else 0
    if count < 2:
        raise EstimateRefused("one_group", "A comparison needs two groups.")
    if not event.any():
        raise EstimateRefused("nobody_done", "Nobody is done: nothing can be compared.")
    times, at = np.unique(duration, return_inverse=True)
    cell, size = at * count + group, len(times) * count
    done = np.bincount(cell, event, size).reshape(-1, count)
    leaving = np.bincount(cell, minlength=size).reshape(-1, count)
    risk = leaving[::-1].cumsum(axis=0)[::-1].astype(np.float64)
    some = done.sum(axis=1) > 0
    return done[some], risk[some]


def hazard_ratios(
    duration: Floats, event: NDArray[np.bool_], group: NDArray[np.int64], *, chance: float = 0.95
) -> list[Estimate]:
    """Estimate each group's rate of being done as a ratio to the first group's, on the log scale.

    Assumes rates in proportion at all times.

    Parameters: as `log_rank`.
    Returns: one `Estimate` of the logarithm for every group but the first, Wald interval; `no_end` where it runs away because
    a group has nobody done.
    Raises: `EstimateRefused`: `one_group`, `nobody_done`.
    Source: Cox (1972), JRSS B 34:187; ties by Efron (1977), JASA 72:557.
    When not to use: where the curves cross.

    >>> t = np.array([1.0, 2, 3, 4, 2, 5, 6, 7])
    >>> found = hazard_ratios(t, np.ones(8, bool), np.array([1, 1, 1, 1, 0, 0, 0, 0]))
    >>> round(found[0].value, 3)
    1.851
    """
    done, risk = _by_time(duration, event, group)
    count = done.shape[1]
    rows = _efron_rows(done, risk)
    beta = np.zeros(count)
    for _ in range(50):
        slope, bend = _partial(beta, rows, done)
        step = np.linalg.lstsq(bend[1:, 1:], slope[1:], rcond=None)[0]
        beta[1:] += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-11 or np.abs(beta).max() > 30:
            break
    curve = _partial(beta, rows, done)[1]
    errors = np.sqrt(np.diag(np.linalg.pinv(curve[1:, 1:])))
    method, z = "Cox regression, ties by Efron", normal_quantile(chance)
    every = done.sum(axis=0)
    found = []
    for value, error, own in zip(beta[1:].tolist(), errors.tolist(), every[1:].tolist(), strict=True):
        if not own or not every[0]:
            found.append(Estimate(None, None, method, len(duration), reasons=("no_end",)))
        else:
            found.append(Estimate(value, (value - z * error, value + z * error), method, len(duration)))
    return found


def _efron_rows(done: Floats, risk: Floats) -> Floats:
    """Return for each who is done the counts at risk by group, less the share of its ties that went before."""
    d = done.sum(axis=1).astype(np.int64)
    at = np.repeat(np.arange(len(d)), d)
    order = np.arange(len(at)) - np.repeat(np.cumsum(d) - d, d)
    found: Floats = risk[at] - (order / d[at])[:, None] * done[at]
    return found


def _partial(beta: Floats, rows: Floats, done: Floats) -> tuple[Floats, Floats]:
    """Return slope and curvature of the partial log-likelihood."""
    weighted = rows * np.exp(beta)
    share = weighted / weighted.sum(axis=1, keepdims=True)
    curve: Floats = np.diag(share.sum(axis=0)) - share.T @ share
    return done.sum(axis=0) - share.sum(axis=0), curve
