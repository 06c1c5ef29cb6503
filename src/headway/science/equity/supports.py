"""What students chosen for a low value would have gained without any support: regression to the mean."""

from __future__ import annotations

import math

from headway.science.estimates import Estimate, EstimateRefused, normal_quantile

VERSION = 1


def expected_change(
    at_selection: float,
    population_mean: float,
    reliability: float,
    *,
    population_spread: float | None = None,
    selected: int = 0,
    pairs: int | None = None,
    chance: float = 0.95,
) -> Estimate:
    """Compute the mean change that students chosen by their value show without support: (1 - ρ)(μ - x̄ at selection).

    Assumes the value and its repetition to be about normal with the same mean and spread, and that students were chosen by
    the value alone.

    Parameters: `at_selection`, mean value of those chosen, and `population_mean` of all who could have been, in one unit;
    `reliability`, correlation ρ of the value with its repetition, -1 to 1; `population_spread`, standard deviation of all,
    above 0, and `selected`, how many were chosen: without both no interval; `pairs`, students behind ρ (None: taken as known).
    Returns: `Estimate` of the change, in the unit of the values; its interval is that of the mean change seen in `selected`.
    Raises: `EstimateRefused`: `not_a_correlation`, `no_spread`, `few_students` (ρ from fewer than 4 pairs).
    Source: house definition 18; Davis (1976), Am. J. Epidemiology 104:493; interval of ρ: Fisher's z.
    When not to use: where the trigger was not the value itself, or ρ comes from another span of time.

    >>> expected_change(2.0, 3.0, 0.7, population_spread=0.8, selected=40).value
    0.30000000000000004
    """
    if not -1 <= reliability <= 1:
        raise EstimateRefused("not_a_correlation", "The reliability is a correlation from -1 to 1.")
    method = "regression to the mean, (1 - ρ)(μ - x̄)"
    far = population_mean - at_selection
    value = (1 - reliability) * far
    if population_spread is None or selected < 1:
        return Estimate(value, None, method, selected, reasons=("no_spread_given",))
    if not population_spread > 0:
        raise EstimateRefused("no_spread", "The spread of the population is above zero.")
    variance = population_spread**2 * (1 - reliability**2) / selected
    if pairs is not None:
        if pairs < 4:
            raise EstimateRefused("few_students", "A correlation has an interval from 4 pairs on.")
        variance += (far * (1 - reliability**2)) ** 2 / (pairs - 3)
    half = normal_quantile(chance) * math.sqrt(variance)
    return Estimate(value, (value - half, value + half), method, selected)
