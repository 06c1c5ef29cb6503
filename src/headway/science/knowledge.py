"""Knowledge spaces: which states prerequisites allow, what a student in one is ready for, and how often each state is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.diagnosis import LatentClasses
from headway.science.estimates import EstimateRefused

Floats = NDArray[np.float64]
VERSION = 1
MOST_STATES = 4_096


@dataclass(frozen=True, slots=True)
class Fringes:
    """`inner`: what was learned last, each of which could be taken away; `outer`: what the student is ready for."""

    inner: tuple[str, ...]
    outer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlimFit:
    """A fitted basic local independence model: per item `careless` and `lucky`, per state its `shares`.

    `g2` against the saturated table, with `degrees`; nan degrees below 1. `discrepancy`: how many patterns lie how far from the
    nearest state.
    """

    method: str
    careless: Floats
    lucky: Floats
    shares: Floats
    log_likelihood: float
    g2: float
    degrees: int
    p: float
    discrepancy: tuple[int, ...]
    n: int
    rounds: int
    converged: bool


def prerequisites(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return all that each item needs, at any distance, from pairs (earlier, later).

    Assumes that who knows the later knows the earlier one.

    Parameters: `pairs`, labels; an item that needs nothing stands as an earlier one.
    Returns: items in order of appearance, each with all its prerequisites.
    Raises: `EstimateRefused` `circle` where an item would need itself.
    Source: surmise relations, Doignon & Falmagne, Knowledge Spaces (1999), chapter 3.
    When not to use: where either of two ways leads to an item; such spaces need their states listed.

    >>> sorted(prerequisites([("count", "add"), ("add", "multiply")])["multiply"])
    ['add', 'count']
    """
    direct: dict[str, set[str]] = {}
    for earlier, later in pairs:
        direct.setdefault(earlier, set())
        direct.setdefault(later, set()).add(earlier)
    found: dict[str, frozenset[str]] = {}
    waiting = {name: len(needs) for name, needs in direct.items()}
    later_of: dict[str, list[str]] = {name: [] for name in direct}
    for name, needs in direct.items():
        for one in needs:
            later_of[one].append(name)
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        found[name] = frozenset(direct[name]).union(*(found[one] for one in direct[name]))
        for one in later_of[name]:
            waiting[one] -= 1
            if waiting[one] == 0:
                ready.append(one)
    if len(found) < len(direct):
        around = next(name for name in direct if name not in found)
        raise EstimateRefused("circle", f"The prerequisites go around in a circle, through {around}.")
    return {name: found[name] for name in direct}


def fringes(needs: Mapping[str, frozenset[str]], state: Iterable[str]) -> Fringes:
    """Return the fringes of a state under prerequisites.

    Assumes a state that holds all prerequisites of what it holds.

    Parameters: `needs`, as by `prerequisites`; `state`, the items known.
    Returns: `Fringes`, in the order of the items.
    Raises: `EstimateRefused` `unknown_item`, `not_a_state` (with what is lacking).
    Source: Falmagne & Doignon, Learning Spaces (2011), chapter 4.
    When not to use: on a state guessed from a single answer.

    >>> fringes(prerequisites([("count", "add"), ("add", "multiply")]), ["count"])
    Fringes(inner=('count',), outer=('add',))
    """
    known = frozenset(state)
    for name in sorted(known):
        if name not in needs:
            raise EstimateRefused("unknown_item", f"{name} is not an item of the structure.")
        if needs[name] - known:
            lacking = ", ".join(sorted(needs[name] - known))
            raise EstimateRefused("not_a_state", f"{name} is known without what it needs: {lacking}.")
    inner = tuple(
        name for name in needs if name in known and not any(name in needs[other] for other in known)
    )
    outer = tuple(name for name in needs if name not in known and needs[name] <= known)
    return Fringes(inner, outer)


def state_fringes(states: Sequence[frozenset[str]], state: frozenset[str]) -> Fringes:
    """Return the fringes of a state in a structure given by its states: what one item more or less leads to a state.

    >>> listed = [frozenset(one) for one in ("", "a", "b", "ab")]
    >>> state_fringes(listed, frozenset("a"))
    Fringes(inner=('a',), outer=('b',))
    """
    there = set(states)
    if state not in there:
        raise EstimateRefused("not_a_state", "The items given are not a state of the structure.")
    items = sorted(frozenset().union(*states))
    inner = tuple(name for name in items if name in state and state - {name} in there)
    return Fringes(inner, tuple(name for name in items if name not in state and state | {name} in there))


def blim(
    patterns: ArrayLike, counts: ArrayLike, states: ArrayLike, *, method: str = "ml", tolerance: float = 1e-9
) -> BlimFit:
    """Estimate careless errors, lucky guesses and the shares of states.

    Assumes a knowledge state for each student; answers independent given it; one careless and one lucky chance for each item.

    Parameters: `patterns` (pattern, item), 0 or 1; `counts` of students; `states` (state, item), 0 or 1; `method`, `ml` (maximum
    likelihood by EM) or `md` (minimum discrepancy: every pattern to its nearest states); `tolerance`, largest move at the end.
    Returns: `BlimFit`. Chances 0 to 1.
    Raises: `EstimateRefused` `sizes_differ`, `no_rows`, `too_many_states`, `bad_choice`.
    Source: Doignon & Falmagne (1999), chapter 7; Heller & Wickelmaier, Minimum discrepancy estimation in probabilistic knowledge
    structures, Electronic Notes in Discrete Mathematics 42 (2013).
    When not to use: to compare structures by discrepancy alone: the one with all states always wins.

    >>> found = blim([[0, 0], [1, 0], [1, 1], [0, 1]], [40, 30, 40, 2], [[0, 0], [1, 0], [1, 1]])
    >>> bool(found.shares.argmax() in (0, 2)), found.n
    (True, 112)
    """
    seen, weight = np.asarray(patterns, np.int8), np.asarray(counts, np.float64)
    able = _kept_order(np.asarray(states, np.int8)) > 0
    if method not in ("ml", "md"):
        raise EstimateRefused("bad_choice", "Methods: ml, md.")
    if weight.sum() <= 0:
        raise EstimateRefused("no_rows", "No pattern has a student.")
    if seen.ndim != 2 or seen.shape[1] != able.shape[1] or len(seen) != len(weight):
        raise EstimateRefused("sizes_differ", "Patterns and states have different numbers of items.")
    if len(able) > MOST_STATES:
        raise EstimateRefused("too_many_states", f"At most {MOST_STATES:,} states; there are {len(able):,}.")
    model = LatentClasses(seen, weight, able, np.ones(len(able), np.int64))
    distance = (seen[:, None, :] != able[None]).sum(axis=2)
    least = distance.min(axis=1)
    if method == "ml":
        lucky, careless, shares, total, rounds, converged = model.climb(0.1, 0.1, tolerance)
    else:
        near = (distance == least[:, None]).astype(np.float64)
        near *= (weight / near.sum(axis=1))[:, None]
        held, free = near.sum(axis=0) @ able, near.sum(axis=0) @ ~able
        with np.errstate(invalid="ignore"):
            careless = np.einsum("rk,ki,ri->i", near, able, seen == 0) / held
            lucky = np.einsum("rk,ki,ri->i", near, ~able, seen == 1) / free
        shares, rounds, converged = near.sum(axis=0) / weight.sum(), 1, True
        inside = (
            np.clip(np.nan_to_num(lucky), 1e-9, 1 - 1e-9),
            np.clip(np.nan_to_num(careless), 1e-9, 1 - 1e-9),
        )
        total = model.posterior(*inside, shares)[1]
    n = int(weight.sum())
    g2, degrees, p = _fit(weight, total, seen.shape[1], len(able))
    apart = tuple(np.bincount(least, weight).astype(int).tolist())
    return BlimFit(method, careless, lucky, shares, total, g2, degrees, p, apart, n, rounds, converged)


def _kept_order(states: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the distinct states in the order given."""
    _, first = np.unique(states, axis=0, return_index=True)
    return states[np.sort(first)]


def _fit(weight: Floats, log_likelihood: float, items: int, states: int) -> tuple[float, int, float]:
    """Return the likelihood ratio against the saturated table, its degrees of freedom and its p."""
    from scipy.stats import chi2

    positive = weight[weight > 0]
    saturated = float(positive @ np.log(positive / weight.sum()))
    g2 = 2 * (saturated - log_likelihood)
    degrees = 2**items - 1 - (2 * items + states - 1)
    return g2, degrees, float(chi2.sf(g2, degrees)) if degrees > 0 else np.nan
