"""Small groups steadied by others: partial pooling of means and shares, labelled, and never below the minimum."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import Estimate, EstimateRefused

VERSION = 1
MINIMUM = 10
LABEL = "borrows from similar groups"
POINTS = 201


def pooled_means(
    means: NDArray[np.float64],
    sizes: NDArray[np.int64],
    spread: float,
    *,
    chance: float = 0.95,
    minimum: int = MINIMUM,
) -> list[Estimate]:
    """Steady the means of small groups by those of the others.

    Assumes groups that are alike beforehand, with means spread normally around a common one, and one spread of students.

    Parameters: `means`, shape (groups,), nan = none; `sizes`, students per group; `spread`, standard deviation of students
    within groups, in the unit of the means, above 0; `chance`, coverage; `minimum`, least students of a group.
    Returns: one `Estimate` per group, each with the reason `borrows_from_similar_groups`; below the minimum no value
    (`below_minimum`), nor does such a group lend. Fewer than 3 groups: the plain mean and `few_groups`.
    Raises: `EstimateRefused("no_spread")`.
    Source: house definition 19; Gelman et al. (2013), Bayesian Data Analysis, section 5.4: flat prior on the spread between
    groups, summed over a grid, so that the interval holds what is not known about it.
    When not to use: to test or rank groups, or where groups are known to differ in kind.

    >>> found = pooled_means(np.array([2.0, 3.0, 3.2, 2.8]), np.array([10, 200, 300, 250]), 1.0)
    >>> 2.0 < found[0].value < 2.7 and abs(found[2].value - 3.2) < 0.05
    True
    """
    if not spread > 0:
        raise EstimateRefused("no_spread", "The spread of students within groups is above zero.")
    method = f"normal hierarchical model, {LABEL}"
    lends = (sizes >= max(minimum, 1)) & ~np.isnan(means)
    y, errors = means[lends], spread / np.sqrt(sizes[lends])
    if len(y) < 3:
        return _plain(means, sizes, lends, spread, chance, method)
    values, low, high = steadied(y, errors, chance)
    return _placed(lends, sizes, values, low, high, method)


def steadied(
    y: NDArray[np.float64], errors: NDArray[np.float64], chance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Steady estimates that are alike beforehand by one another: value, low and high of each.

    Assumes normal errors of known size, true values spread normally around a common one.

    Parameters: `y`, shape (n,), n >= 3; `errors`, standard errors in the unit of `y`, above 0; `chance`, coverage.
    Returns: three arrays of shape (n,), in the unit of `y`.
    Source: Gelman et al. (2013), Bayesian Data Analysis, section 5.4: flat prior on the spread between them, over a grid.
    When not to use: where they are known to differ in kind, or to rank them.

    >>> value, low, high = steadied(np.array([0.0, 0.1, -0.1, 1.0]), np.full(4, 0.3), 0.95)
    >>> bool(0 < value[3] < 1.0 and low[3] < value[3] < high[3])
    True
    """
    top = 3 * (float(y.max() - y.min()) + float(errors.max()))
    between = np.linspace(top / (2 * POINTS), top, POINTS)[:, None]
    precision = 1 / (errors**2 + between**2)
    known = precision.sum(axis=1, keepdims=True)
    middle = (precision * y).sum(axis=1, keepdims=True) / known
    log = 0.5 * (
        np.log(precision).sum(axis=1) - np.log(known[:, 0]) - (precision * (y - middle) ** 2).sum(axis=1)
    )
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    keep = between**2 * precision
    centers = keep * y + (1 - keep) * middle
    spreads = np.sqrt(keep * errors**2 + (1 - keep) ** 2 / known)
    values = weight @ centers
    parts = centers, spreads
    ends = (centers - 12 * spreads).min(axis=0), (centers + 12 * spreads).max(axis=0)
    low, high = (_mixture_quantile(_normal, weight, parts, ends, p) for p in _tails(chance))
    return values, low, high


def pooled_shares(
    affected: NDArray[np.int64], sizes: NDArray[np.int64], *, chance: float = 0.95, minimum: int = MINIMUM
) -> list[Estimate]:
    """Steady the shares of small groups by those of the others.

    Assumes groups that are alike beforehand, with shares spread as a beta distribution.

    Parameters: `affected` of `sizes` students per group, shape (groups,); `chance`, coverage; `minimum`, least students.
    Returns: as `pooled_means`, shares from 0 to 1; fewer than 3 groups: the plain share and `few_groups`.
    Raises: `EstimateRefused("not_a_count")` where a count lies outside its group.
    Source: Gelman et al. (2013), section 5.3: the beta-binomial with prior (a + b)^(-5/2), summed over a grid.
    When not to use: as `pooled_means`.

    >>> found = pooled_shares(np.array([1, 60, 90, 75]), np.array([12, 200, 300, 250]))
    >>> 1 / 12 < found[0].value < 0.3
    True
    """
    from scipy.special import betainc, betaln

    if (affected < 0).any() or (affected > sizes).any():
        raise EstimateRefused("not_a_count", "The affected students of a group are a part of it.")
    method = f"beta-binomial hierarchical model, {LABEL}"
    lends = sizes >= max(minimum, 1)
    x, n = affected[lends].astype(np.float64), sizes[lends].astype(np.float64)
    if len(x) < 3:
        shares = np.divide(affected, sizes, out=np.full(len(sizes), np.nan), where=sizes > 0)
        return _plain(shares, sizes, lends, 0.0, chance, method)
    total = (x.sum() + 0.5) / (n.sum() + 1)
    width = max(4 * math.sqrt(1 / (n.sum() * total * (1 - total)) + _log_spread(x, n) / len(x)), 0.2)
    logits = np.log(total / (1 - total)) + np.linspace(-width, width, 21)
    sizes_of = np.exp(np.linspace(math.log(0.5), math.log(20 * n.max()), 31))
    center, size = (one.reshape(-1, 1) for one in np.meshgrid(1 / (1 + np.exp(-logits)), sizes_of))
    a, b = center * size, (1 - center) * size
    log = (betaln(a + x, b + n - x) - betaln(a, b)).sum(axis=1)
    # (a + b)^(-5/2) in a and b is a b (a + b)^(-5/2) in the grid's logit and logarithm.
    log += (np.log(a) + np.log(b) - 2.5 * np.log(size))[:, 0]
    weight = np.exp(log - log.max())
    keep = weight > 1e-3
    weight, a, b = weight[keep] / weight[keep].sum(), a[keep], b[keep]
    at = a + x, b + n - x
    values = weight @ (at[0] / (at[0] + at[1]))

    def below(p: NDArray[np.float64], parts: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = betainc(parts[0], parts[1], p)
        return found

    ends = np.zeros(len(x)), np.ones(len(x))
    low, high = (_mixture_quantile(below, weight, at, ends, p) for p in _tails(chance))
    return _placed(lends, sizes, values, low, high, method)


def _log_spread(x: NDArray[np.float64], n: NDArray[np.float64]) -> float:
    return float(np.var(np.log((x + 0.5) / (n - x + 0.5))))


def _tails(chance: float) -> tuple[float, float]:
    return (1 - chance) / 2, (1 + chance) / 2


def _normal(x: NDArray[np.float64], parts: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    from scipy.special import ndtr

    found: NDArray[np.float64] = ndtr((x - parts[0]) / parts[1])
    return found


def _mixture_quantile(
    below: Callable[[NDArray[np.float64], tuple[NDArray[np.float64], ...]], NDArray[np.float64]],
    weight: NDArray[np.float64], parts: tuple[NDArray[np.float64], ...],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]], wanted: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the quantile of a mixture of distributions for each group, by bisection between `ends`."""
    low, high = ends
    for _ in range(30):
        half = (low + high) / 2
        more = weight @ below(half[None, :], parts) < wanted
        low, high = np.where(more, half, low), np.where(more, high, half)
    found: NDArray[np.float64] = (low + high) / 2
    return found


def _placed(
    lends: NDArray[np.bool_], sizes: NDArray[np.int64], values: NDArray[np.float64],
    low: NDArray[np.float64], high: NDArray[np.float64], method: str,
) -> list[Estimate]:  # fmt: skip
    found = iter(zip(values.tolist(), low.tolist(), high.tolist(), strict=True))
    answer = []
    for lent, size in zip(lends.tolist(), sizes.tolist(), strict=True):
        if not lent:
            answer.append(Estimate(None, None, method, size, reasons=("below_minimum",)))
            continue
        value, from_, to = next(found)
        answer.append(Estimate(value, (from_, to), method, size, reasons=("borrows_from_similar_groups",)))
    return answer


def _plain(
    values: NDArray[np.float64], sizes: NDArray[np.int64], lends: NDArray[np.bool_], spread: float,
    chance: float, method: str,
) -> list[Estimate]:  # fmt: skip
    """Return the groups' own figures where too few could lend."""
    from headway.science.equity.shares import wilson
    from headway.science.estimates import normal_quantile

    answer = []
    for value, size, lent in zip(values.tolist(), sizes.tolist(), lends.tolist(), strict=True):
        if not lent:
            answer.append(Estimate(None, None, method, size, reasons=("below_minimum",)))
            continue
        half = normal_quantile(chance) * spread / math.sqrt(size)
        interval = (value - half, value + half) if spread else wilson(value * size, size, chance)
        answer.append(Estimate(value, interval, "plain, no pooling", size, reasons=("few_groups",)))
    return answer
