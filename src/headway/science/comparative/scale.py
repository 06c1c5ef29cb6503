"""The Bradley-Terry model: comparisons become positions on one scale, with standard errors and the fit of judges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.comparative.comparisons import Comparisons, closeness, must_have_maximum
from headway.science.comparative.likelihood import Fit, Model, outcome_chances
from headway.science.estimates import EstimateRefused

VERSION = 1
SEED = 1


@dataclass(frozen=True, slots=True)
class Judges:
    """How each judge's decisions fit the scale: `infit` 1 as expected, above it more surprising; `t` its standardized form.

    `misfit` where infit lies more than two standard deviations of all judges' above their mean.
    """

    judge: NDArray[np.int64]
    n: NDArray[np.float64]
    infit: NDArray[np.float64]
    t: NDArray[np.float64]
    misfit: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """Items on a scale in logits: P(one beats other) = 1 / (1 + exp(other - one)), ties apart.

    `value`, `standard_error` against `reference` (an item; None: against the mean of all). `centered`, `centered_error`
    always against the mean. `infit` of each item; `n` comparisons of each. `order`: advantage of who stands first, in
    logits; `tie`: logarithm of Davidson's ν; each with its standard error, None where not in the model. `reliability`:
    scale separation reliability, the share of the spread that is no error. `log_likelihood` without constant.
    `noise`: largest relative error of the standard errors themselves, 0 where exact.
    """

    value: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    reference: int | None
    centered: NDArray[np.float64]
    centered_error: NDArray[np.float64]
    infit: NDArray[np.float64]
    n: NDArray[np.float64]
    order: tuple[float, float] | None
    tie: tuple[float, float] | None
    judges: Judges
    reliability: float
    log_likelihood: float
    noise: float
    comparisons: int
    method: str
    reasons: tuple[str, ...]


def bradley_terry(
    pairs: Comparisons,
    *,
    ties: bool = True,
    order: bool = False,
    reference: int | None = None,
    prior: float = 0.0,
    adaptive: bool | None = None,
    names: Sequence[str] | None = None,
    rng: np.random.Generator | None = None,
) -> BradleyTerry:
    """Place items on a scale by maximum likelihood.

    Assumes independent comparisons, one scale, and judges who see it alike.

    Parameters: `pairs`; `ties`, Davidson's model where there are ties, else each tie counts as half a win of both; `order`, with
    an effect of standing first; `reference`, the item at 0, None for the mean; `prior`, comparisons that each item is taken to
    have won, and as many lost, against an imaginary item at 0 (0 for none; 0.5 keeps everything finite); `adaptive`, whether
    pairs were chosen by earlier results, None to judge from the pairs; `names` for refusals; `rng` for the probes behind
    standard errors of more than 800 items, None for a fixed one.
    Returns: `BradleyTerry`. Reasons `adaptive_inflation`, `prior`, `few_comparisons` (fewer than 10 an item on average),
    `standard_errors_by_probes`, `reliability_undefined`.
    Raises: `EstimateRefused`: `disconnected` where items fall into groups that never met, `perfect_record` where some items only
    won or only lost against all others, both naming them; `all_ties`; `no_maximum`.
    Source: Bradley & Terry, Biometrika 39 (1952); ties: Davidson, JASA 65 (1970); order: Davidson & Beaver, Biometrics 33
    (1977); existence: Ford, American Mathematical Monthly 64 (1957); infit: Wright & Masters (1982), page 100; reliability
    and its inflation: Bramley, Research Matters (2015); Bramley & Vitello, Assessment in Education 26 (2019).
    When not to use: to judge a student by a place on the scale of one occasion; to compare scales of two occasions without
    items in common.

    >>> won = Comparisons.of([0, 0, 1, 1, 2, 0], [1, 1, 0, 2, 1, 2])
    >>> found = bradley_terry(won, reference=0)
    >>> found.value.round(3).tolist(), found.comparisons
    ([0.0, -1.006, -1.406], 6)
    """
    if prior < 0 or not math.isfinite(prior):
        raise EstimateRefused("bad_prior", "A prior is a number of comparisons, zero or more.")
    model = Model.of(pairs, ties, order, prior)
    if not prior:
        must_have_maximum(pairs, names)
    fit = model.fit()
    generator = np.random.default_rng(SEED) if rng is None else rng
    centered_error, extra, noise = fit.centered_errors(generator)
    centered = fit.ability - fit.ability.mean()
    value, error = centered, centered_error
    if reference is not None:
        value, error = centered - centered[reference], fit.errors_against(reference, centered_error)
    judges, infit = _fit_of(pairs, model, fit)
    observed = float(centered.var(ddof=1)) if pairs.n_items > 1 else math.nan
    spread = observed - float((centered_error**2).mean())
    reliability = max(0.0, spread / observed) if observed > 0 else math.nan
    played = _by_item(pairs, pairs.count)
    reasons = _reasons(pairs, centered, adaptive, prior, played, noise, reliability)
    at, names_of = 0, {}
    for name, present in (("order", model.order), ("tie", model.ties)):
        if present:
            names_of[name] = (float(fit.further[at]), float(extra[at]))
            at += 1
    return BradleyTerry(
        value, error, reference, centered, centered_error, infit, played, names_of.get("order"), names_of.get("tie"), judges,
        reliability, fit.log_likelihood, noise, round(float(pairs.count.sum())), _method(model, prior), reasons,
    )  # fmt: skip


def _method(model: Model, prior: float) -> str:
    parts = ["Bradley-Terry", "Davidson's ties" if model.ties else "", "order effect" if model.order else ""]
    if model.halved:
        parts.append("ties as half wins")
    parts.append(f"a prior of {prior:g} wins and losses" if prior else "maximum likelihood")
    return ", ".join(part for part in parts if part)


def _reasons(
    pairs: Comparisons,
    centered: NDArray[np.float64],
    adaptive: bool | None,
    prior: float,
    played: NDArray[np.float64],
    noise: float,
    reliability: float,
) -> tuple[str, ...]:
    found = []
    if adaptive or (adaptive is None and closeness(pairs, centered) < 0.5):
        found.append("adaptive_inflation")
    if prior:
        found.append("prior")
    if played.mean() < 10:
        found.append("few_comparisons")
    if noise:
        found.append("standard_errors_by_probes")
    if math.isnan(reliability):
        found.append("reliability_undefined")
    return tuple(found)


def _fit_of(pairs: Comparisons, model: Model, fit: Fit) -> tuple[Judges, NDArray[np.float64]]:
    """Return the fit of judges, and the infit of items; a tie scores a half."""
    apart = fit.ability[pairs.winner] - fit.ability[pairs.loser]
    if model.order:
        apart = apart + model.advantage(fit.further) * (
            (pairs.first == pairs.winner).astype(np.float64) - (pairs.first == pairs.loser)
        )
    _, win, loss, tie = outcome_chances(apart, model.nu(fit.further))
    expected = win + tie / 2
    variance = win + tie / 4 - expected**2
    fourth = win * (1 - expected) ** 4 + loss * expected**4 + tie * (0.5 - expected) ** 4
    residual = (np.where(pairs.tie, 0.5, 1.0) - expected) ** 2
    known = pairs.judge >= 0
    who, place = np.unique(pairs.judge[known], return_inverse=True)
    place = place.reshape(-1)

    def by_judge(of: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(place, (of * pairs.count)[known], len(who)).astype(np.float64)

    information = by_judge(variance)
    infit = by_judge(residual) / np.maximum(information, 1e-300)
    q = np.sqrt(np.maximum(by_judge(fourth - variance**2), 1e-300)) / np.maximum(information, 1e-300)
    t = (np.cbrt(infit) - 1) * 3 / q + q / 3
    far = infit.mean() + 2 * infit.std(ddof=1) if len(who) > 2 else math.inf
    judges = Judges(who, by_judge(np.ones(len(apart))), infit, t, infit > far)
    items = _by_item(pairs, residual * pairs.count) / np.maximum(
        _by_item(pairs, variance * pairs.count), 1e-300
    )
    return judges, items


def _by_item(pairs: Comparisons, of: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum over the comparisons of each item."""
    n = pairs.n_items
    return (np.bincount(pairs.winner, of, n) + np.bincount(pairs.loser, of, n)).astype(np.float64)
