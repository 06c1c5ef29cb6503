"""Intervals where students come in schools: by the means of few schools, or robust to clusters where there are ten or more."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import t_quantile

LEAST_CLUSTERS = 10
"""Below this neither a bootstrap of schools nor a normal sandwich holds its chance: three schools cover 76 % for 95 %."""


def interval_of_means(means: NDArray[np.float64], chance: float) -> tuple[float, tuple[float, float] | None]:
    """Return the plain mean of one figure per school and its t interval with one degree less than schools; None for one school.

    Assumes schools drawn from schools like these, one figure each, about normal.

    >>> value, interval = interval_of_means(np.array([1.0, 2.0, 3.0]), 0.95)
    >>> value, [round(x, 3) for x in interval]
    (2.0, [-0.484, 4.484])
    """
    value = float(means.mean())
    if len(means) < 2:
        return value, None
    half = t_quantile(chance, len(means) - 1) * float(means.std(ddof=1)) / math.sqrt(len(means))
    return value, (value - half, value + half)


def means_by_cluster(
    values: NDArray[np.float64], clusters: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Return the mean of each cluster, nan where it has no member.

    >>> means_by_cluster(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 2]), 3).tolist()
    [2.0, nan, 5.0]
    """
    n = np.bincount(clusters, minlength=count)
    found = np.full(count, np.nan)
    np.divide(np.bincount(clusters, values, count), n, out=found, where=n > 0)
    return found


def jackknife_error(left_out: NDArray[np.float64]) -> float:
    """Return the standard error of a figure from its values with each cluster left out once.

    Source: Bell and McCaffrey (2002); MacKinnon, Nielsen and Webb (2023), CV3: nearer its chance in few clusters than the
    sandwich.

    >>> round(jackknife_error(np.array([2.5, 2.0, 1.5])), 4)
    0.5774
    """
    count = len(left_out)
    spread = left_out - left_out.mean()
    return math.sqrt((count - 1) / count * float((spread * spread).sum()))


def mean_left_out(
    values: NDArray[np.float64], clusters: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Return the mean of all members with each cluster left out once; nan where that leaves nobody.

    >>> mean_left_out(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]), 2).tolist()
    [5.0, 2.0]
    """
    n = len(values) - np.bincount(clusters, minlength=count)
    found = np.full(count, np.nan)
    np.divide(values.sum() - np.bincount(clusters, values, count), n, out=found, where=n > 0)
    return found


def clustered_error(influence: NDArray[np.float64], clusters: NDArray[np.int64], count: int) -> float:
    """Return the standard error of a figure whose deviation is a sum of one part for each member.

    Assumes `count` clusters, each with a member.

    >>> round(clustered_error(np.array([0.5, -0.5, 0.0]), np.array([0, 1, 2]), 3), 4)
    0.866
    """
    sums = np.bincount(clusters, influence, count)
    return math.sqrt(count / (count - 1) * float((sums * sums).sum()))
