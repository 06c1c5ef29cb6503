# mypy: disable-error-code="no-untyped-def"
"""The passes over ratings, compiled: one student after the other, never a dense table of students by raters.

All parameters are held as easiness, the negative of severity, difficulty and thresholds: a rating's logit is the
student's measure plus the easiness of its elements. Probabilities are polynomials in exp(logit), so that a rating costs
one exponential and a node of the quadrature a few multiplications.

The big facet (usually raters) may stand in sparse form: its information in rows of `pair_values`, its crossing with all
else in `cross`; what is small stands in `small`. Without a big facet everything is small.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

FAST = {"reassoc", "contract", "nsz", "arcp"}
"""Reorderings that let sums over nodes use wide registers; numbers stay numbers."""

compiled: Any = njit(cache=True, fastmath=FAST)


@compiled
def _chances(power, ease, odds, first, steps, chance, mean, spread):
    """Fill the probabilities of each category at each node, the expected category and its variance."""
    nodes = len(power)
    element = math.exp(ease)
    most = math.exp(690.0 / max(1, steps))
    for q in range(nodes):
        spread[q] = power[q] * element
        chance[0, q] = 1.0
        mean[q] = 1.0
    for k in range(1, steps + 1):
        step = odds[first + k - 1]
        for q in range(nodes):
            value = chance[k - 1, q] * min(spread[q] * step, most)
            chance[k, q] = value
            mean[q] += value
    for q in range(nodes):
        part = 1.0 / mean[q]
        chance[0, q] *= part
        spread[q] = part
        mean[q] = 0.0
    for k in range(1, steps + 1):
        for q in range(nodes):
            chance[k, q] *= spread[q]
            mean[q] += k * chance[k, q]
    for q in range(nodes):
        spread[q] = chance[0, q] * mean[q] * mean[q]
    for k in range(1, steps + 1):
        for q in range(nodes):
            away = k - mean[q]
            spread[q] += chance[k, q] * away * away


@compiled
def _ease_of(j, elements, ease, big, big_ease):
    total = 0.0
    for f in range(elements.shape[1]):
        at = elements[j, f]
        total += big_ease[at] if f == big else ease[at]
    return total


@compiled
def _add_pairs(first, last, elements, big, places, base, own, factor, small, cross, values):
    """Add the information of pairs of a student's ratings to the elements they belong to."""
    nodes, n = factor.shape[1], last - first
    facets = elements.shape[1]
    for i in range(n):
        for j in range(i + 1):
            shared = 0.0
            for q in range(nodes):
                shared += factor[i, q] * factor[j, q]
            value = own[i] - shared if i == j else -shared
            for f in range(facets):
                a = elements[first + i, f]
                for h in range(facets):
                    b = elements[first + j, h]
                    if f == big and h == big:
                        values[places[base + i * n + j]] += value
                        if i != j:
                            values[places[base + j * n + i]] += value
                    elif f == big:
                        cross[a, b] += value
                    elif h == big:
                        if i != j:
                            cross[b, a] += value
                    else:
                        small[a, b] += value
                        if i != j:
                            small[b, a] += value


@compiled
def _add_slots(first, last, elements, big, factor, slots, slot_at, count, small, cross):
    """Take what the student's measure shares out of the information of steps and population, and of their crossings."""
    nodes = factor.shape[1]
    for s in range(count):
        a = slot_at[s]
        for t in range(s + 1):
            b = slot_at[t]
            shared = 0.0
            for q in range(nodes):
                shared += slots[s, q] * slots[t, q]
            small[a, b] -= shared
            if s != t:
                small[b, a] -= shared
        for i in range(last - first):
            shared = 0.0
            for q in range(nodes):
                shared += slots[s, q] * factor[i, q]
            for f in range(elements.shape[1]):
                b = elements[first + i, f]
                if f == big:
                    cross[b, a] -= shared
                else:
                    small[a, b] -= shared
                    small[b, a] -= shared


@compiled
def _steps_of(
    j, x, m, start, slot, chance, mean, weight, elements, big, slots, tails, gradient, small, cross
):
    """Add one rating's part to the gradient and the information of its steps, and its residuals to the slots."""
    nodes = len(weight)
    for q in range(nodes):
        tails[m + 1, q] = 0.0
        tails[0, q] = 0.0
    for k in range(m, 0, -1):
        score, tied = 0.0, 0.0
        for q in range(nodes):
            tails[k, q] = tails[k + 1, q] + chance[k, q]
            tails[0, q] += k * chance[k, q]
            residual = (1.0 if x >= k else 0.0) - tails[k, q]
            slots[slot + k - 1, q] += residual
            score += weight[q] * residual
            tied += weight[q] * (tails[0, q] - mean[q] * tails[k, q])
        gradient[start + k - 1] += score
        for f in range(elements.shape[1]):
            a = elements[j, f]
            if f == big:
                cross[a, start + k - 1] += tied
            else:
                small[a, start + k - 1] += tied
                small[start + k - 1, a] += tied
    for k in range(1, m + 1):
        for h in range(1, k + 1):
            tied = 0.0
            for q in range(nodes):
                tied += weight[q] * (tails[k, q] - tails[k, q] * tails[h, q])
            small[start + k - 1, start + h - 1] += tied
            if h != k:
                small[start + h - 1, start + k - 1] += tied


@compiled
def marginal_pass(
    offsets, x, elements, sets, places, bases, set_start, set_steps, odds,
    ease, big, big_ease, population, population_at, means, spread_at, deviation,
    centers, widths, nodes, log_weights, moving, gradient, big_gradient, small, cross, values,
):  # fmt: skip
    """Return the marginal log-likelihood; fill its gradient and observed information (Louis 1982).

    `centers` and `widths` place each student's nodes; with `moving` they become the posterior mean and deviation found.
    """
    q_n = len(nodes)
    most = 1
    for n in range(len(offsets) - 1):
        most = max(most, offsets[n + 1] - offsets[n])
    m_most = set_steps.max()
    chance = np.empty((most, m_most + 1, q_n))
    mean, spread = np.empty((most, q_n)), np.empty((most, q_n))
    slots, slot_at = (
        np.zeros((len(set_steps) * m_most + 2, q_n)),
        np.zeros(len(set_steps) * m_most + 2, np.int64),
    )
    slot_of = np.full(len(set_steps), -1)
    tails, own = np.empty((m_most + 2, q_n)), np.empty(most)
    theta, power, weight, like, u = np.empty(q_n), np.empty(q_n), np.empty(q_n), np.empty(q_n), np.empty(q_n)
    total = 0.0
    for n in range(len(offsets) - 1):
        first, last = offsets[n], offsets[n + 1]
        center = means[population[n]]
        for q in range(q_n):
            theta[q] = centers[n] + widths[n] * nodes[q]
            power[q] = math.exp(theta[q])
            u[q] = (theta[q] - center) / deviation
            weight[q] = log_weights[q] + math.log(widths[n] / deviation) - 0.5 * u[q] * u[q]
            like[q] = 1.0
        for i in range(last - first):
            j = first + i
            g = sets[j]
            _chances(power, _ease_of(j, elements, ease, big, big_ease), odds, set_start[g], set_steps[g],
                     chance[i], mean[i], spread[i])  # fmt: skip
            for q in range(q_n):
                like[q] *= chance[i, x[j], q]
            if i % 8 == 7 or j == last - 1:
                for q in range(q_n):
                    weight[q] += math.log(max(like[q], 1e-300))
                    like[q] = 1.0
        top = weight.max()
        whole, center_new, width_new = 0.0, 0.0, 0.0
        for q in range(q_n):
            weight[q] = math.exp(weight[q] - top)
            whole += weight[q]
        for q in range(q_n):
            weight[q] /= whole
            center_new += weight[q] * theta[q]
        for q in range(q_n):
            away = theta[q] - center_new
            width_new += weight[q] * away * away
        total += top + math.log(whole)
        if moving:
            centers[n], widths[n] = center_new, math.sqrt(max(width_new, 1e-6))
        used = 0
        for i in range(last - first):
            j = first + i
            bar, kept = 0.0, 0.0
            for q in range(q_n):
                bar += weight[q] * mean[i, q]
                kept += weight[q] * spread[i, q]
            own[i] = kept
            for f in range(elements.shape[1]):
                if f == big:
                    big_gradient[elements[j, f]] += x[j] - bar
                else:
                    gradient[elements[j, f]] += x[j] - bar
            g = sets[j]
            if slot_of[g] < 0:
                slot_of[g] = used
                for k in range(set_steps[g]):
                    slot_at[used + k] = set_start[g] + k
                    slots[used + k] = 0.0
                used += set_steps[g]
            _steps_of(j, x[j], set_steps[g], set_start[g], slot_of[g], chance[i], mean[i], weight, elements, big,
                      slots, tails, gradient, small, cross)  # fmt: skip
            for q in range(q_n):
                mean[i, q] = math.sqrt(weight[q]) * (bar - mean[i, q])
        for i in range(first, last):
            slot_of[sets[i]] = -1
        m_at = population_at[population[n]]
        first_u, second_u = 0.0, 0.0
        for q in range(q_n):
            slots[used, q], slots[used + 1, q] = u[q] / deviation, u[q] * u[q] - 1.0
            first_u += weight[q] * u[q]
            second_u += weight[q] * u[q] * u[q]
        slot_at[used], slot_at[used + 1] = m_at, spread_at
        gradient[m_at] += first_u / deviation
        gradient[spread_at] += second_u - 1.0
        small[m_at, m_at] += 1.0 / (deviation * deviation)
        small[m_at, spread_at] += 2.0 * first_u / deviation
        small[spread_at, m_at] += 2.0 * first_u / deviation
        small[spread_at, spread_at] += 2.0 * second_u
        for s in range(used + 2):
            bar = 0.0
            for q in range(q_n):
                bar += weight[q] * slots[s, q]
            for q in range(q_n):
                slots[s, q] = math.sqrt(weight[q]) * (slots[s, q] - bar)
        _add_pairs(first, last, elements, big, places, bases[n], own, mean, small, cross, values)
        _add_slots(first, last, elements, big, mean, slots, slot_at, used + 2, small, cross)
    return total


@compiled
def joint_pass(
    offsets, x, elements, sets, places, bases, set_start, set_steps, odds,
    ease, big, big_ease, prior, fixed, theta, gradient, big_gradient, small, cross, values,
):  # fmt: skip
    """Return the joint log-likelihood at its best over students; fill gradient and information of all else.

    `theta` enters as a start and leaves solved, where not `fixed`. `prior` is the precision of a normal prior around
    zero that keeps all students finite; zero is none.
    """
    most = 1
    for n in range(len(offsets) - 1):
        most = max(most, offsets[n + 1] - offsets[n])
    m_most = set_steps.max()
    chance = np.empty((most, m_most + 1, 1))
    mean, spread = np.empty((most, 1)), np.empty((most, 1))
    slots, slot_at = (
        np.zeros((len(set_steps) * m_most + 2, 1)),
        np.zeros(len(set_steps) * m_most + 2, np.int64),
    )
    slot_of = np.full(len(set_steps), -1)
    tails, own = np.empty((m_most + 2, 1)), np.empty(most)
    power, weight = np.empty(1), np.ones(1)
    eases = np.empty(most)
    total = 0.0
    for n in range(len(offsets) - 1):
        first, last = offsets[n], offsets[n + 1]
        for i in range(last - first):
            eases[i] = _ease_of(first + i, elements, ease, big, big_ease)
        information = 0.0
        for _ in range(40):
            power[0] = math.exp(theta[n])
            score, information = -prior * theta[n], prior
            for i in range(last - first):
                g = sets[first + i]
                _chances(power, eases[i], odds, set_start[g], set_steps[g], chance[i], mean[i], spread[i])
                score += x[first + i] - mean[i, 0]
                information += spread[i, 0]
            if fixed[n] or abs(score) < 1e-13 * (1.0 + last - first):
                break
            theta[n] += max(-1.5, min(1.5, score / max(information, 1e-9)))
        total -= 0.5 * prior * theta[n] * theta[n]
        used = 0
        for i in range(last - first):
            j = first + i
            g = sets[j]
            total += math.log(chance[i, x[j], 0])
            own[i] = spread[i, 0]
            for f in range(elements.shape[1]):
                if f == big:
                    big_gradient[elements[j, f]] += x[j] - mean[i, 0]
                else:
                    gradient[elements[j, f]] += x[j] - mean[i, 0]
            if slot_of[g] < 0:
                slot_of[g] = used
                for k in range(set_steps[g]):
                    slot_at[used + k] = set_start[g] + k
                    slots[used + k] = 0.0
                used += set_steps[g]
            start, slot = set_start[g], slot_of[g]
            kept = slots[slot : slot + set_steps[g], 0].copy()
            _steps_of(j, x[j], set_steps[g], start, slot, chance[i], mean[i], weight, elements, big,
                      slots, tails, gradient, small, cross)  # fmt: skip
            above, counted = 0.0, 0.0
            for k in range(set_steps[g], 0, -1):
                above += chance[i, k, 0]
                counted += k * chance[i, k, 0]
                slots[slot + k - 1, 0] = kept[k - 1] + counted - mean[i, 0] * above
        for i in range(first, last):
            slot_of[sets[i]] = -1
        scale = 0.0 if fixed[n] else 1.0 / math.sqrt(max(information, 1e-12))
        for s in range(used):
            slots[s, 0] *= scale
        for i in range(last - first):
            mean[i, 0] = own[i] * scale
        _add_pairs(first, last, elements, big, places, bases[n], own, mean, small, cross, values)
        _add_slots(first, last, elements, big, mean, slots, slot_at, used, small, cross)
    return total


@compiled
def describe_pass(
    offsets, x, elements, sets, works, set_start, set_steps, odds, ease, big, big_ease,
    population, means, deviation, centers, widths, nodes, log_weights, residual, variance, squared, standard,
    kurtosis, peaked, agreed, pairs, hits, posterior_mean, posterior_deviation,
):  # fmt: skip
    """Fill what fit and agreement need, per rating, averaged over each student's posterior.

    With `deviation` zero there is one node, at `centers`: the estimate itself. `works` numbers what two raters of one
    student share; ratings of one work stand together.
    """
    q_n = len(nodes)
    most = 1
    for n in range(len(offsets) - 1):
        most = max(most, offsets[n + 1] - offsets[n])
    m_most = set_steps.max()
    chance = np.empty((most, m_most + 1, q_n))
    mean, spread = np.empty((most, q_n)), np.empty((most, q_n))
    theta, power, weight, together = np.empty(q_n), np.empty(q_n), np.empty(q_n), np.empty((m_most + 1, q_n))
    seen = np.zeros(m_most + 1)
    for n in range(len(offsets) - 1):
        first, last = offsets[n], offsets[n + 1]
        for q in range(q_n):
            theta[q] = centers[n] + widths[n] * nodes[q]
            power[q] = math.exp(theta[q])
            weight[q] = 0.0
            if deviation > 0:
                u = (theta[q] - means[population[n]]) / deviation
                weight[q] = log_weights[q] - 0.5 * u * u
        for i in range(last - first):
            j = first + i
            g = sets[j]
            _chances(power, _ease_of(j, elements, ease, big, big_ease), odds, set_start[g], set_steps[g],
                     chance[i], mean[i], spread[i])  # fmt: skip
            if deviation > 0:
                for q in range(q_n):
                    weight[q] += math.log(max(chance[i, x[j], q], 1e-300))
        top, whole = weight.max(), 0.0
        for q in range(q_n):
            weight[q] = math.exp(weight[q] - top)
            whole += weight[q]
        at, width = 0.0, 0.0
        for q in range(q_n):
            weight[q] /= whole
            at += weight[q] * theta[q]
        for q in range(q_n):
            width += weight[q] * (theta[q] - at) ** 2
        posterior_mean[n], posterior_deviation[n] = at, math.sqrt(width)
        for i in range(last - first):
            j = first + i
            r, v, s, z, c, p = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for q in range(q_n):
                away, least = x[j] - mean[i, q], max(spread[i, q], 1e-12)
                fourth = 0.0
                for k in range(set_steps[sets[j]] + 1):
                    fourth += chance[i, k, q] * (k - mean[i, q]) ** 4
                r += weight[q] * away
                v += weight[q] * spread[i, q]
                s += weight[q] * away * away
                z += weight[q] * away * away / least
                c += weight[q] * (fourth / (least * least) - 1.0)
                p += weight[q] * (fourth - spread[i, q] * spread[i, q])
            residual[j], variance[j], squared[j], standard[j], kurtosis[j], peaked[j] = r, v, s, z, c, p
        begin = 0
        while begin < last - first:
            end = begin + 1
            while end < last - first and works[first + end] == works[first + begin]:
                end += 1
            if end - begin > 1:
                m = set_steps[sets[first + begin]]
                for k in range(m + 1):
                    seen[k] = 0.0
                    for q in range(q_n):
                        together[k, q] = 0.0
                for i in range(begin, end):
                    seen[x[first + i]] += 1.0
                    for k in range(m + 1):
                        for q in range(q_n):
                            together[k, q] += chance[i, k, q]
                for i in range(begin, end):
                    j, value = first + i, 0.0
                    for k in range(m + 1):
                        for q in range(q_n):
                            value += weight[q] * chance[i, k, q] * (together[k, q] - chance[i, k, q])
                    agreed[j], pairs[j], hits[j] = value, end - begin - 1, seen[x[j]] - 1.0
            begin = end


@compiled
def warm_pass(offsets, x, elements, sets, set_start, set_steps, odds, ease, big, big_ease, theta, error):
    """Solve Warm's weighted likelihood (1989) for each student, from `theta`; fill its standard error."""
    m_most = set_steps.max()
    chance, mean, spread, power = np.empty((m_most + 1, 1)), np.empty(1), np.empty(1), np.empty(1)
    for n in range(len(offsets) - 1):
        information, step = 0.0, 0.0
        for _ in range(100):
            power[0] = math.exp(theta[n])
            score, information, third = 0.0, 0.0, 0.0
            for j in range(offsets[n], offsets[n + 1]):
                g = sets[j]
                _chances(power, _ease_of(j, elements, ease, big, big_ease), odds, set_start[g], set_steps[g],
                         chance, mean, spread)  # fmt: skip
                score += x[j] - mean[0]
                information += spread[0]
                for k in range(set_steps[g] + 1):
                    third += chance[k, 0] * (k - mean[0]) ** 3
            step = (score + third / (2.0 * max(information, 1e-12))) / max(information, 1e-3)
            theta[n] += max(-0.7, min(0.7, step))
            if abs(step) < 1e-9:
                break
        error[n] = 1.0 / math.sqrt(max(information, 1e-12))


@compiled
def least_pivot(matrix):
    """Return the least pivot of a Cholesky factor, zero where there is none; `matrix` is overwritten.

    For a few hundred rows this is far cheaper than waking a threaded library.
    """
    n = len(matrix)
    least = np.inf
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i == j:
                if total <= 0.0:
                    return 0.0
                matrix[i, i] = math.sqrt(total)
                least = min(least, matrix[i, i])
            else:
                matrix[i, j] = total / matrix[j, j]
    return least
