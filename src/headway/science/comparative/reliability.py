"""Would other judges have found the same scale? Judges are split in halves, each half scales the items alone."""

from __future__ import annotations

import math

import numpy as np

from headway.science.comparative.comparisons import Comparisons
from headway.science.comparative.scale import bradley_terry
from headway.science.estimates import Estimate, EstimateRefused

VERSION = 1
PRIOR = 0.5


def split_half(
    pairs: Comparisons, rng: np.random.Generator, *, replicates: int = 20, confidence: float = 0.95
) -> Estimate:
    """Correlate the scales of two random halves of the judges, averaged over `replicates` splits.

    Assumes judges who are alike. Where fewer than four judges are noted, comparisons are split. Halves are fitted with a
    prior of half a win and half a loss, as a half alone may leave items without a place.

    Parameters: `rng`, the only source of chance; `replicates`, splits.
    Returns: `Estimate`, -1 to 1: the mean correlation between halves, not stepped up to the whole; `interval` the
    central share of splits, which is no confidence interval; `n` judges or comparisons. Reasons `split_by_comparison`.
    Raises: `EstimateRefused("too_few_to_split")` for fewer than two comparisons.
    Source: Bisson, Gilmore, Inglis & Jones, International Journal of Research in Undergraduate Mathematics Education 2
    (2016); Verhavert, De Maeyer, Donche & Coertjens, Applied Psychological Measurement 42 (2018).
    When not to use: as the reliability of the whole scale; that is about 2r / (1 + r).

    >>> rng = np.random.default_rng(1)
    >>> one, other = (rng.integers(0, 10, 400) for _ in range(2))
    >>> apart = one != other
    >>> high, low = np.maximum(one, other)[apart], np.minimum(one, other)[apart]
    >>> split_half(Comparisons.of(high, low, judge=np.arange(len(high)) % 8), rng).value > 0.95
    True
    """
    judged = np.unique(pairs.judge[pairs.judge >= 0])
    by_judge = len(judged) >= 4 and bool((pairs.judge >= 0).all())
    units = np.searchsorted(judged, pairs.judge) if by_judge else np.arange(len(pairs.winner))
    n = len(judged) if by_judge else len(units)
    if n < 2:
        raise EstimateRefused("too_few_to_split", "There is nothing to split.")
    found = []
    for _ in range(replicates):
        half = np.zeros(n, np.bool_)
        half[rng.permutation(n)[: n // 2]] = True
        scales = [
            bradley_terry(pairs.only(rows), prior=PRIOR).centered for rows in (half[units], ~half[units])
        ]
        if min(scale.std() for scale in scales) > 0:
            found.append(float(np.corrcoef(scales[0], scales[1])[0, 1]))
    if not found:
        raise EstimateRefused("too_few_to_split", "The halves do not tell items apart.")
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(
        value=float(np.mean(found)), interval=(float(low), float(high)), confidence=confidence,
        method=f"split-half correlation, {replicates} splits of {'judges' if by_judge else 'comparisons'}", n=n,
        reasons=() if by_judge else ("split_by_comparison",),
        standard_error=float(np.std(found, ddof=1)) if len(found) > 1 else math.nan,
    )  # fmt: skip
