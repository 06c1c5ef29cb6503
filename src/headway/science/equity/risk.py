"""Risk ratios as the federal rule on significant disproportionality asks for them: 34 CFR 300.647."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from headway.science.equity.shares import share
from headway.science.estimates import Estimate, EstimateRefused, normal_quantile

VERSION = 1
CELL_SIZE = 10
N_SIZE = 30


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a district: `affected` of `n` students, with the name that answers carry."""

    name: str
    n: int
    affected: int


@dataclass(frozen=True, slots=True)
class RiskRatio:
    """A group's risk against that of all other groups, and which ratio the rule asks for.

    `risk` and `comparison` are shares; `ratio` the risk ratio with Katz's interval, `score` its score interval; `alternate`
    the ratio to the state's comparison group, where its risk was given. `rule`: `risk_ratio`, `alternate_risk_ratio`, or
    `not_required` (the group is under the cell size or n-size; `reasons` of the ratio says which). `reportable`: whether the
    rule asks for a ratio and its value is known.
    """

    name: str
    risk: Estimate
    comparison: Estimate
    ratio: Estimate
    score: tuple[float, float] | None
    alternate: Estimate | None
    rule: str
    reportable: bool


def risk_ratios(
    groups: Sequence[Group],
    *,
    cell_size: int = CELL_SIZE,
    n_size: int = N_SIZE,
    state_risk: float | None = None,
    chance: float = 0.95,
) -> list[RiskRatio]:
    """Compare each group's risk of an outcome with that of all other groups of the district together.

    Assumes that each student is in one group, and that the groups given are all of them.

    Parameters: `groups`, two or more; `cell_size`, least affected students, and `n_size`, least students, of a group and of
    its comparison group; `state_risk`, share of the state's comparison group, which itself meets both sizes; `chance`.
    Returns: one `RiskRatio` per group, in order. The arithmetic is given even where the rule asks for no ratio: then with
    `under_cell_size` or `under_n_size` among its reasons, and `comparison_under_…` where the comparison group is too small.
    Raises: `EstimateRefused`: `one_group`, `not_a_count`, `bad_size`, `not_a_share`.
    Source: 34 CFR 300.647 (a) to (c); intervals: Katz et al. (1978), Biometrics 34:469; Koopman (1984), Biometrics 40:513.
    When not to use: as a finding. The rule takes up to three years and reasonable progress into account.

    >>> two = [Group("A", 900, 90), Group("B", 6310, 310)]
    >>> found = risk_ratios(two)[0]
    >>> round(found.ratio.value, 6), [round(x, 4) for x in found.ratio.interval], found.rule
    (2.035484, [1.6269, 2.5467], 'risk_ratio')
    """
    if len(groups) < 2:
        raise EstimateRefused(
            "one_group", "A risk ratio compares a group with all others; there is one group."
        )
    if cell_size < 1 or n_size < 1:
        raise EstimateRefused("bad_size", "The cell size and the n-size are 1 or more.")
    if state_risk is not None and not 0 <= state_risk <= 1:
        raise EstimateRefused("not_a_share", "The state's risk is a share from 0 to 1.")
    n, affected = sum(group.n for group in groups), sum(group.affected for group in groups)
    found = []
    for group in groups:
        others = Group("all others", n - group.n, affected - group.affected)
        found.append(_compare(group, others, cell_size, n_size, state_risk, chance))
    return found


def _compare(
    group: Group, others: Group, cell_size: int, n_size: int, state_risk: float | None, chance: float
) -> RiskRatio:
    risk = share(group.affected, group.n, chance=chance)
    comparison = share(others.affected, others.n, chance=chance)
    own = _small(group, cell_size, n_size, "under")
    compared = _small(others, cell_size, n_size, "comparison_under")
    found, score = ratio(group.affected, group.n, others.affected, others.n, chance=chance)
    alternate = None if state_risk is None else _alternate(group, state_risk, chance)
    rule = "not_required" if own else "alternate_risk_ratio" if compared else "risk_ratio"
    asked = alternate if rule == "alternate_risk_ratio" else found
    reportable = rule != "not_required" and asked is not None and asked.value is not None
    reasons = own + compared + found.reasons
    if rule == "alternate_risk_ratio" and alternate is None:
        reasons += ("state_risk_missing",)
    ratio_found = Estimate(found.value, found.interval, found.method, found.n, 0, reasons)
    return RiskRatio(group.name, risk, comparison, ratio_found, score, alternate, rule, reportable)


def _small(group: Group, cell_size: int, n_size: int, word: str) -> tuple[str, ...]:
    cell = (f"{word}_cell_size",) if group.affected < cell_size else ()
    return cell + ((f"{word}_n_size",) if group.n < n_size else ())


def _alternate(group: Group, state_risk: float, chance: float) -> Estimate:
    """Divide by a risk that is taken as known: the interval is the group's own alone."""
    method = "alternate risk ratio, Wilson interval of the group's risk"
    if not group.n or not state_risk:
        return Estimate(
            None, None, method, group.n, reasons=("empty_group" if not group.n else "no_comparison_risk",)
        )
    own = share(group.affected, group.n, chance=chance)
    interval = None if own.interval is None else (own.interval[0] / state_risk, own.interval[1] / state_risk)
    return Estimate(group.affected / group.n / state_risk, interval, method, group.n)


def ratio(
    affected: int, n: int, other: int, other_n: int, *, chance: float = 0.95
) -> tuple[Estimate, tuple[float, float] | None]:
    """Estimate the ratio of two risks with Katz's interval, and return the score interval beside it.

    Assumes two independent groups of independent students.

    Parameters: `affected` of `n` in the first group, `other` of `other_n` in the second; `chance`, coverage.
    Returns: `Estimate` and Koopman's score interval, whose upper end is inf where nobody of the second group is affected.
    No value where a group is empty or the second risk is 0 (`no_comparison_risk`); no Katz interval where nobody of the first
    group is affected (`nobody_affected`).
    Source: Katz et al. (1978), method C; Koopman (1984), equation 4.

    >>> found, score = ratio(36, 40, 16, 80)
    >>> round(found.value, 2), [round(x, 2) for x in found.interval], [round(x, 2) for x in score]
    (4.5, [2.87, 7.06], [2.94, 7.15])
    """
    method = "risk ratio, Katz log interval"
    if not n or not other_n:
        return Estimate(None, None, method, n + other_n, reasons=("empty_group",)), None
    score = _score_interval(affected, n, other, other_n, chance)
    if not other:
        return Estimate(None, None, method, n + other_n, reasons=("no_comparison_risk",)), score
    value = affected / n / (other / other_n)
    if not affected:
        return Estimate(0.0, None, method, n + other_n, reasons=("nobody_affected",)), score
    error = math.sqrt(max(0.0, 1 / affected - 1 / n + 1 / other - 1 / other_n))
    by = math.exp(normal_quantile(chance) * error)
    return Estimate(value, (value / by, value * by), method, n + other_n), score


def _score_interval(x: int, n: int, y: int, m: int, chance: float) -> tuple[float, float] | None:
    """Find both ratios at which the score statistic equals the squared quantile, by bisection of the logarithm."""
    if x == 0 and y == 0:
        return None
    limit = normal_quantile(chance) ** 2
    middle = (
        math.log((x + 0.5) / (n + 0.5) / ((y + 0.5) / (m + 0.5)))
        if not x or not y
        else math.log(x / n / (y / m))
    )
    low = 0.0 if x == 0 else math.exp(_crossing(x, n, y, m, middle, -1.0, limit))
    high = math.inf if y == 0 else math.exp(_crossing(x, n, y, m, middle, 1.0, limit))
    return low, high


def _crossing(x: int, n: int, y: int, m: int, inside: float, sign: float, limit: float) -> float:
    step = 1.0
    while _score(x, n, y, m, inside + sign * step) < limit:
        step *= 2
    near, far = inside, inside + sign * step
    for _ in range(200):
        half = (near + far) / 2
        if half in (near, far):
            break
        if _score(x, n, y, m, half) < limit:
            near = half
        else:
            far = half
    return (near + far) / 2


def _score(x: int, n: int, y: int, m: int, logarithm: float) -> float:
    """Return Koopman's statistic: the chi-square of the data under the most likely risks with this ratio."""
    by = math.exp(logarithm)
    a, b, c = (n + m) * by, -(by * (n + y) + x + m), x + y
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    q = 2 * c / (-b + root)
    p = by * q
    found = 0.0
    for count, of, at in ((x, n, p), (y, m, q)):
        spread = of * at * (1 - at)
        found += (
            (count - of * at) ** 2 / spread
            if spread > 1e-300
            else 0.0
            if count == round(of * at)
            else math.inf
        )
    return found
