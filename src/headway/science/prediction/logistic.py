"""Logistic regression by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import EstimateRefused

Floats = NDArray[np.float64]
_ROUNDS = 50
_CLOSE = 1e-8
"""Relative change of the deviance at which the rounds end, as R's glm has it."""
_WIDEST, _FARTHEST = 50.0, 50.0
"""Standard error of a coefficient of a column of size 1, and a linear score, that only runaway fits reach."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """Coefficients on the logit scale with their standard errors, the log-likelihood, and each row's linear score."""

    coefficients: Floats
    errors: Floats
    log_likelihood: float
    scores: Floats


def logistic(columns: Floats, outcome: Floats, *, weights: Floats | None = None) -> Logistic:
    """Fit the chance of an outcome of 0 or 1 by a logistic model.

    Assumes finite values, independent rows, a constant among the columns.

    Parameters: `columns`, shape (n, p); `outcome`, 0 or 1; `weights`, how often each row counts (None: once).
    Returns: `Logistic`.
    Raises: `EstimateRefused`: `one_outcome`, `columns_depend`, `separated` (a combination of the columns foretells
    every outcome, so that no finite coefficients are best).
    Source: McCullagh and Nelder (1989), section 4.4: iteratively reweighted least squares. Start,
    end and the weights of the standard errors (those of the last round) are R's glm's, so that its figures are met to 1e-8; the
    errors at the very maximum differ by about 1e-5 of themselves.
    When not to use: with fewer than about 10 of the rarer outcome for each column.

    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> logistic(x, np.array([0.0, 0, 1, 0, 1, 1])).coefficients.round(3).tolist()
    [-0.693, 1.386]
    """
    w = np.ones(len(outcome)) if weights is None else weights
    if not 0 < float(w @ outcome) < float(w.sum()):
        raise EstimateRefused(
            "one_outcome", "Every student has the same outcome: there is nothing to foretell."
        )
    scale = np.sqrt((columns * columns).mean(axis=0))
    if (scale == 0).any() or np.linalg.matrix_rank(
        np.linalg.qr(columns / scale, mode="r"), tol=1e-9
    ) < columns.shape[1]:
        raise EstimateRefused(
            "columns_depend", "The columns are not independent: one follows from the others."
        )
    x = columns / scale
    p = (outcome * w + 0.5) / (w + 1)
    score, beta, now = np.log(p / (1 - p)), np.zeros(x.shape[1]), -np.inf
    for _ in range(_ROUNDS):
        curve = (x * (w * p * (1 - p))[:, None]).T @ x
        pull = x.T @ (w * (p * (1 - p) * score + outcome - p))
        try:
            aim = np.linalg.solve(curve, pull)
        except np.linalg.LinAlgError:
            raise _separated() from None
        size, after = 1.0, _likelihood(x @ aim, outcome, w)
        while after < now - 1e-9 * abs(now) and size > 1e-6:
            size /= 2
            after = _likelihood(x @ (beta + size * (aim - beta)), outcome, w)
        beta, before, now = beta + size * (aim - beta), now, after
        score = x @ beta
        if 2 * abs(now - before) < _CLOSE * (2 * abs(now) + 0.1):
            break
        p = _chance(score)
    errors = np.sqrt(np.diag(np.linalg.pinv(curve)))
    if not np.isfinite(errors).all() or errors.max() > _WIDEST or np.abs(score).max() > _FARTHEST:
        raise _separated()
    return Logistic(beta / scale, errors / scale, now, score)


def _separated() -> EstimateRefused:
    return EstimateRefused(
        "separated", "A combination of the columns foretells every outcome: no finite coefficients are best."
    )


def _chance(score: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(score, -700, 700)))
    return found


def _likelihood(score: Floats, outcome: Floats, weights: Floats) -> float:
    return float(weights @ (outcome * score - np.logaddexp(0, score)))
