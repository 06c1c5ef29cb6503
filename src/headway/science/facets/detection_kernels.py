# mypy: disable-error-code="no-untyped-def"
"""The passes of the hierarchical rater model, compiled: student by student, work by work."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

compiled: Any = njit(cache=True)


@compiled
def expectation_pass(
    students,
    works,
    item,
    rater,
    x,
    rated,
    true,
    weight,
    rater_counts,
    item_counts,
    posterior,
    mean,
    spread,
    nodes,
):
    """Return the log-likelihood; fill expected counts of raters (true, given) and items (node, true), and posteriors.

    `rated` is P(given | true) by rater, `true` P(true | node) by item, `weight` of the nodes.
    """
    q_n, k_n = len(weight), true.shape[2]
    most = 1
    for n in range(len(students) - 1):
        most = max(most, students[n + 1] - students[n])
    like, mixed, at_node = np.empty((most, k_n)), np.empty((most, q_n)), np.empty(q_n)
    total = 0.0
    for n in range(len(students) - 1):
        first, last = students[n], students[n + 1]
        at_node[:] = 0.0
        for u in range(first, last):
            for k in range(k_n):
                value = 1.0
                for j in range(works[u], works[u + 1]):
                    value *= rated[rater[j], k, x[j]]
                like[u - first, k] = value
            for q in range(q_n):
                value = 0.0
                for k in range(k_n):
                    value += true[item[u], q, k] * like[u - first, k]
                mixed[u - first, q] = max(value, 1e-300)
                at_node[q] += math.log(mixed[u - first, q])
        top, whole = at_node.max(), 0.0
        for q in range(q_n):
            at_node[q] = weight[q] * math.exp(at_node[q] - top)
            whole += at_node[q]
        total += top + math.log(whole)
        middle = 0.0
        for q in range(q_n):
            at_node[q] /= whole
            middle += at_node[q] * nodes[q]
        mean[n], spread[n] = middle, 0.0
        for q in range(q_n):
            spread[n] += at_node[q] * (nodes[q] - middle) ** 2
        for u in range(first, last):
            for k in range(k_n):
                posterior[u, k] = 0.0
            for q in range(q_n):
                share = at_node[q] / mixed[u - first, q]
                for k in range(k_n):
                    value = share * true[item[u], q, k] * like[u - first, k]
                    item_counts[item[u], q, k] += value
                    posterior[u, k] += value
            for j in range(works[u], works[u + 1]):
                for k in range(k_n):
                    rater_counts[rater[j], k, x[j]] += posterior[u, k]
    return total


@compiled
def score_pass(
    students, works, item, rater, x, rated, true, weight, by_rater, by_item, rater_at, item_at, scores
):
    """Fill each student's score by Fisher's identity: the posterior mean of the complete data's.

    `by_rater` (rater, true, given, parameter) and `by_item` (item, node, true, parameter) are derivatives of the logarithms
    of `rated` and `true`; `rater_at` and `item_at` the places of parameters, the last of `item_at` shared by all items.
    """
    q_n, k_n = len(weight), true.shape[2]
    most = 1
    for n in range(len(students) - 1):
        most = max(most, students[n + 1] - students[n])
    like, mixed, at_node = np.empty((most, k_n)), np.empty((most, q_n)), np.empty(q_n)
    posterior = np.empty(k_n)
    for n in range(len(students) - 1):
        first, last = students[n], students[n + 1]
        at_node[:] = 0.0
        for u in range(first, last):
            for k in range(k_n):
                value = 1.0
                for j in range(works[u], works[u + 1]):
                    value *= rated[rater[j], k, x[j]]
                like[u - first, k] = value
            for q in range(q_n):
                value = 0.0
                for k in range(k_n):
                    value += true[item[u], q, k] * like[u - first, k]
                mixed[u - first, q] = max(value, 1e-300)
                at_node[q] += math.log(mixed[u - first, q])
        top, whole = at_node.max(), 0.0
        for q in range(q_n):
            at_node[q] = weight[q] * math.exp(at_node[q] - top)
            whole += at_node[q]
        for u in range(first, last):
            posterior[:] = 0.0
            for q in range(q_n):
                share = at_node[q] / whole / mixed[u - first, q]
                for k in range(k_n):
                    value = share * true[item[u], q, k] * like[u - first, k]
                    posterior[k] += value
                    for p in range(by_item.shape[3]):
                        scores[n, item_at[item[u], p]] += value * by_item[item[u], q, k, p]
            for j in range(works[u], works[u + 1]):
                for k in range(k_n):
                    for p in range(by_rater.shape[3]):
                        scores[n, rater_at[rater[j], p]] += posterior[k] * by_rater[rater[j], k, x[j], p]
