"""Many-facet Rasch measurement from ratings to an answer: check, estimate, describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.science.facets.describing import (
    Described,
    agreement,
    average_at,
    describe,
    mean_squares,
    summary,
    warm,
)
from headway.science.facets.differences import differences
from headway.science.facets.estimates import (
    ElementEstimates,
    FacetsFit,
    FacetSummary,
    Population,
    Threshold,
)
from headway.science.facets.estimating import NODES, State, begin, joint, marginal
from headway.science.facets.extremes import Usable, place_outside, usable
from headway.science.facets.layout import Layout, lay_out
from headway.science.facets.linking import connected_sets, require_links
from headway.science.facets.ratings import (
    CONTEXT,
    MAIN,
    STUDENT,
    Codes,
    FacetsRefused,
    Floats,
    RatingTable,
    nested,
    rating_table,
    subset,
)
from headway.science.facets.solving import Equations, Solver

VERSION = 1
MODELS = ("rating-scale", "partial-credit")
ESTIMATORS = ("marginal", "joint")
LARGEST = 15.0
"""Thresholds and deviations beyond this many logits are on their way to infinity."""
START_PRIOR = 0.44
"""Precision of students in the first, rough rounds: a deviation of 1.5 logits."""

WIDEST_SCALE = 1000
"""Levels between the lowest and the highest above which those that nobody gave are not listed: a mistyped number is no scale."""


@dataclass(slots=True)
class _Plan:
    """What is to be fitted: the facets beside the student, the facet of thresholds, anchors, what floats, populations."""

    table: RatingTable
    facets: tuple[str, ...]
    by: str | None
    anchors: Mapping[str, Floats]
    fixed: Mapping[str, NDArray[np.bool_]]
    floating: str
    population: Codes
    population_names: tuple[str, ...]
    estimator: str
    reasons: list[str]

    @property
    def inner_floating(self) -> str:
        """Return the facet that floats while estimating: the student where possible, moved afterward."""
        return self.floating if STUDENT in self.fixed else STUDENT


def facets(
    rating: ArrayLike,
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    *,
    model: str = "rating-scale",
    estimator: str = "marginal",
    thresholds_by: str | None = None,
    anchors: Mapping[str, Mapping[str, float]] | None = None,
    floating: str | None = None,
    interval: float = 0.95,
    false_alarm: float = 0.05,
    bias_corrected: bool = False,
    nodes: int = NODES,
) -> FacetsFit:
    """Estimate how able students are, how severe raters, how hard tasks and criteria, on one scale.

    Assumes ln(P(k) / P(k - 1)) = student - rater - task - criterion - threshold(k), ratings independent given the measures,
    and, for the marginal estimator, students drawn from a normal population (one for each window or group that holds its own
    students). Raters who scored one student's work independently: consensus ratings are one rating.

    Parameters: `rating`, float per row, categories in their order, nan = missing; `columns`, labels per row by facet
    (`student`, and any of `rater`, `task`, `criterion`, `window`, `group`); `model`, one set of thresholds
    (`rating-scale`) or one for each criterion, or task where there is none (`partial-credit`; `thresholds_by` names the facet);
    `estimator`, `marginal` or `joint`; `anchors`, measures in logits that stay, by facet and label; `floating`, the facet whose
    mean is not zero (else: students if marginal; raters if joint); `interval`, chance of the intervals, 0 to 1;
    `false_alarm`, chance that a rater who does not change is flagged; `bias_corrected`, joint only: all measures times
    (L - 1) / L for L ratings a student; `nodes` of the quadrature.
    Returns: `FacetsFit`; measures in logits, averages in units of the rating.
    Raises: `FacetsRefused` `disconnected`, `confounded` (with the sets), `no_repeats`, `one_category`, `all_extreme`,
    `no_finite_estimate`, `too_many_categories`, `no_item`, `unknown_anchor`, `anchored_students`,
    `bad_choice`, and those of `rating_table`.
    Source: Linacre, Many-Facet Rasch Measurement (1989); Andrich (1978); Masters (1982); Bock & Aitkin (1981).
    Where we differ: nodes stand where each student's posterior is; steps are Newton's on the observed information (Louis 1982).
    When not to use: for high stakes on a student without a second rater; to rank teachers; where students grew between the
    ratings that are to tie raters together.

    >>> rated = {"student": list("aabbccddeeff"), "rater": ["x", "y"] * 6}
    >>> found = facets([1, 2, 2, 3, 3, 3, 1, 3, 3, 2, 2, 1], rated, estimator="joint")
    >>> bool(found.elements["rater"].measure[0] > found.elements["rater"].measure[1])
    True
    """
    plan = _plan(rating, columns, model, estimator, thresholds_by, anchors, floating)
    use = _usable(plan)
    laid = lay_out(
        plan.table, use.active, use.found, plan.facets, plan.population, plan.fixed, plan.inner_floating
    )
    try:
        state, equations, solver = _estimate(plan, laid, nodes)
        _require_finite(laid, state)
        found = describe(laid, state, marginal=estimator == "marginal", nodes=nodes)
        answer = _Answer(plan, use, laid, state, equations, solver, found, interval)
    except np.linalg.LinAlgError:
        raise _runaway(laid) from None
    if bias_corrected and estimator == "joint":
        answer.shrink()
    changed = differences(plan.table, laid, state, found, answer.slope, estimator=estimator, interval=interval,
                          false_alarm=false_alarm, nodes=nodes)  # fmt: skip
    return answer.fit(model, changed)


def _plan(
    rating: ArrayLike,
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    model: str,
    estimator: str,
    thresholds_by: str | None,
    anchors: Mapping[str, Mapping[str, float]] | None,
    floating: str | None,
) -> _Plan:
    if model not in MODELS or estimator not in ESTIMATORS:
        raise FacetsRefused(
            "bad_choice", f"Models: {', '.join(MODELS)}; estimators: {', '.join(ESTIMATORS)}."
        )
    table = rating_table(rating, columns)
    reasons: list[str] = []
    main = [name for name in MAIN if name in table.facets]
    population, names = np.zeros(table.count(STUDENT), np.int64), [""]
    for name in CONTEXT:
        if name not in table.facets or table.count(name) < 2:
            continue
        if nested(table, name):
            own = np.zeros(table.count(STUDENT), np.int64)
            own[table.codes[STUDENT]] = table.codes[name]
            mixed, population = np.unique(population * table.count(name) + own, return_inverse=True)
            names = [f"{names[one // table.count(name)]} {table.labels[name][one % table.count(name)]}".strip()
                     for one in mixed.tolist()]  # fmt: skip
        elif all(int(connected_sets(table, name, other).max()) == 0 for other in [STUDENT, *main]):
            main.append(name)
        else:
            reasons.append(f"{name}_not_separable")
    values, fixed = _anchors(table, main, anchors or {}, estimator)
    order = [floating] if floating else [] if estimator == "marginal" else main[:1]
    order += [STUDENT, *main]
    if floating and floating not in (STUDENT, *main):
        raise FacetsRefused("bad_choice", f"{floating} is not a facet of these ratings.")
    by = None
    if model == "partial-credit":
        by = thresholds_by or next((name for name in ("criterion", "task") if name in main), None)
        if by is None or by not in main:
            raise FacetsRefused(
                "no_item", "Partial credit has thresholds for each criterion or task: give that column."
            )
    require_links(table, [STUDENT, *main], fixed)
    loose = next((name for name in order if name not in fixed), order[0])
    return _Plan(
        table, tuple(main), by, values, fixed, loose, population.reshape(-1), tuple(names), estimator, reasons
    )


def _anchors(
    table: RatingTable, main: Sequence[str], anchors: Mapping[str, Mapping[str, float]], estimator: str
) -> tuple[dict[str, Floats], dict[str, NDArray[np.bool_]]]:
    values, fixed = {}, {}
    for name, given in anchors.items():
        if name == STUDENT and estimator == "marginal":
            raise FacetsRefused("anchored_students", "Anchored students take the joint estimator.")
        if name not in (STUDENT, *main):
            raise FacetsRefused("unknown_anchor", f"{name} is not a facet of these ratings.", [name])
        place = {label: at for at, label in enumerate(table.labels[name])}
        unknown = [label for label in given if str(label) not in place]
        if unknown:
            raise FacetsRefused("unknown_anchor", f"No rating names the {name} {unknown[0]}.", unknown)
        values[name] = np.zeros(table.count(name))
        fixed[name] = np.zeros(table.count(name), np.bool_)
        for label, value in given.items():
            values[name][place[str(label)]], fixed[name][place[str(label)]] = value, True
    return {name: each for name, each in values.items() if fixed[name].any()}, {
        name: each for name, each in fixed.items() if each.any()
    }


def _usable(plan: _Plan) -> Usable:
    table = plan.table
    if len(np.unique(table.rating)) < 2:
        raise FacetsRefused(
            "one_category", "All ratings are the same: nothing tells students or raters apart."
        )
    looked = [*plan.facets, STUDENT] if plan.estimator == "joint" else list(plan.facets)
    use = usable(table, plan.by, looked, plan.fixed)
    if not use.active.any():
        raise FacetsRefused(
            "all_extreme", "Every rating belongs to somebody with only lowest or only highest ratings."
        )
    if not use.active.all():
        kept = subset(table, use.active)
        fixed = {}
        for name, which in plan.fixed.items():
            there = np.bincount(table.codes[name][use.active], minlength=table.count(name)) > 0
            fixed[name] = which[there]
        require_links(kept, [STUDENT, *plan.facets], fixed)
    counts = np.bincount(table.codes[STUDENT][use.active])
    if counts.max() < 2:
        raise FacetsRefused(
            "no_repeats", "No student has two ratings, so ability and severity cannot be told apart."
        )
    return use


def _estimate(plan: _Plan, laid: Layout, nodes: int) -> tuple[State, Equations, Solver]:
    state = begin(laid, {name: each for name, each in plan.anchors.items() if name != STUDENT})
    held = np.zeros(len(laid.students), np.bool_)
    if STUDENT in plan.fixed:
        held = plan.fixed[STUDENT][laid.students]
        state.theta[held] = plan.anchors[STUDENT][laid.students][held]
    state, *_ = joint(laid, state, held, prior=START_PRIOR, most=2)
    if plan.estimator == "joint":
        return joint(laid, state, held)
    means = np.bincount(laid.population, state.theta) / np.maximum(1, np.bincount(laid.population))
    state.small[laid.population_at] = means
    state.small[laid.spread_at] = np.log(max(0.3, 1.15 * float((state.theta - means[laid.population]).std())))
    per_student = np.diff(laid.offsets)
    state.width = 1 / np.sqrt(1 + 0.7 * per_student)
    return marginal(laid, state, nodes=nodes)


def _require_finite(laid: Layout, state: State) -> None:
    """Refuse estimates that run away: ratings so few and so orderly that ever larger measures fit them better."""
    steps = np.abs(state.small[laid.step_places]).max(initial=0.0)
    spread = np.exp(state.small[laid.spread_at])
    if max(steps, spread if np.isfinite(spread) else np.inf) > LARGEST:
        raise _runaway(laid)


def _runaway(laid: Layout) -> FacetsRefused:
    return FacetsRefused(
        "no_finite_estimate",
        f"These {len(laid.x)} ratings are too few and too orderly: ever larger measures fit them better.",
    )


class _Answer:
    """Turns estimates into the answer's records."""

    def __init__(self, plan: _Plan, use: Usable, laid: Layout, state: State, equations: Equations, solver: Solver,
                 found: Described, interval: float) -> None:  # fmt: skip
        self.plan, self.use, self.laid, self.state, self.found = plan, use, laid, state, found
        self.solver, self.interval = solver, interval
        self.z = NormalDist().inv_cdf(0.5 + interval / 2)
        self.steps = [
            state.small[start : start + n] for start, n in zip(laid.set_start, laid.set_steps, strict=True)
        ]
        self.covariance, self.big_variance, self.between = solver.covariance(equations)
        self.reasons = list(plan.reasons)
        self.ease, self.error, self.missing = self._measures()
        self._float()

    def _measures(self) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, NDArray[np.bool_]]]:
        laid, table, found = self.laid, self.plan.table, self.found
        marginal_ = self.plan.estimator == "marginal"
        ease, error, missing = {}, {}, {}
        for f, name in enumerate(laid.facets):
            vector = self.state.big if f == laid.big else self.state.small
            ease[name] = vector[laid.span(name)].copy()
            if marginal_:
                variance = self.big_variance if f == laid.big else np.diag(self.covariance)[laid.span(name)]
                error[name] = np.sqrt(np.maximum(variance, 0.0))
            else:
                kept = np.bincount(laid.elements[:, f] - laid.start[name], found.variance, laid.size[name])
                error[name] = 1 / np.sqrt(np.maximum(kept, 1e-12))
            fixed = self.plan.fixed.get(name, np.zeros(laid.size[name], np.bool_))
            error[name][fixed] = 0.0
            missing[name] = ~laid.present[name] & ~fixed
        n = table.count(STUDENT)
        ease[STUDENT], error[STUDENT] = np.zeros(n), np.full(n, np.nan)
        missing[STUDENT] = np.ones(n, np.bool_)
        missing[STUDENT][laid.students] = False
        student = np.repeat(np.arange(len(laid.students)), np.diff(laid.offsets))
        if marginal_:
            ease[STUDENT][laid.students], error[STUDENT][laid.students] = found.mean, found.deviation
            ease[STUDENT][missing[STUDENT]] = self.state.small[laid.population_at][
                self.plan.population[missing[STUDENT]]
            ]
        else:
            ease[STUDENT][laid.students] = self.state.theta
            error[STUDENT][laid.students] = 1 / np.sqrt(
                np.maximum(np.bincount(student, found.variance), 1e-12)
            )
        outside = {name: which for name, which in missing.items() if which.any()}
        if marginal_:
            outside.pop(STUDENT, None)
        for name, errors in place_outside(table, self.use.found, self.steps, ease, outside).items():
            error[name][outside[name]] = errors[outside[name]]
        if marginal_ and missing[STUDENT].any():
            ease[STUDENT][missing[STUDENT]] = np.nan
            self.reasons.append(f"students_without_usable_ratings: {int(missing[STUDENT].sum())}")
        return ease, error, missing

    def _float(self) -> None:
        """Let the chosen facet float: students then have mean zero, and its measures hold what they had."""
        name, laid = self.plan.floating, self.laid
        self.means = self.state.small[laid.population_at].copy()
        if name == STUDENT or STUDENT in self.plan.fixed:
            return
        if self.plan.estimator == "joint":
            shift = float(self.state.theta.mean())
        else:
            share = np.bincount(laid.population) / len(laid.population)
            shift = float(share @ self.means)
            at = laid.population_at
            pooled = share @ self.covariance[np.ix_(at, at)] @ share
            if laid.facets.index(name) == laid.big:
                mixed, variance = self.between[:, at] @ share, self.big_variance
            else:
                mixed = self.covariance[laid.span(name)][:, at] @ share
                variance = np.diag(self.covariance)[laid.span(name)]
            there = laid.present[name]
            self.error[name][there] = np.sqrt(np.maximum(variance + pooled + 2 * mixed, 0.0))[there]
        self.means -= shift
        self.ease[STUDENT] -= shift
        self.ease[name] += shift

    def shrink(self) -> None:
        """Correct joint estimates for their known stretch: all measures times (L - 1) / L (Wright & Douglas 1977)."""
        length = len(self.laid.x) / len(self.laid.students)
        factor = (length - 1) / length
        for each in (self.ease, self.error):
            for name in each:
                each[name] = each[name] * factor
        self.steps = [one * factor for one in self.steps]
        self.covariance = self.covariance * factor**2
        self.reasons.append(f"bias_corrected: {factor:.4f}")

    def _center(self, leaving: str) -> float:
        """Return the logit of an average rating, one facet left out."""
        return sum(self._mean(name) for name in self.ease if name != leaving)

    def _mean(self, name: str) -> float:
        known = np.isfinite(self.ease[name]) & ~self.missing[name]
        return float(self.ease[name][known].mean()) if known.any() else 0.0

    def slope(self, shift: float) -> float:
        """Return by how much the expected rating of average work falls when a rater is more severe by `shift` logits."""
        center = self._center("")
        pair = average_at(np.array([center, center - shift]), self.use.found, self.steps)
        return float(pair[0] - pair[1])

    def elements(self, name: str) -> ElementEstimates:
        """Return one facet's elements."""
        plan, laid, table = self.plan, self.laid, self.plan.table
        n, codes = table.count(name), table.codes[name]
        sign = 1.0 if name == STUDENT else -1.0
        measure, error = sign * self.ease[name], self.error[name]
        count: Codes = np.bincount(codes, minlength=n).astype(np.int64)
        total: Floats = np.bincount(codes, table.rating, n).astype(np.float64)
        sets = np.arange(n) if name == plan.by else None
        fair = average_at(
            np.nan_to_num(self.ease[name]) + self._center(name), self.use.found, self.steps, sets
        )
        fair[~np.isfinite(measure)] = np.nan
        fit = mean_squares(codes[laid.rows], n, self.found)
        ends = self.use.ends.get(name, np.zeros(n, np.int8))
        fixed = plan.fixed.get(name, np.zeros(n, np.bool_))
        return ElementEstimates(
            name, table.labels[name], measure, error, measure - self.z * error, measure + self.z * error, count, total,
            total / np.maximum(count, 1), fair, fit[0], fit[1], fit[2], fit[3], ends, fixed, self._extra(name, fair),
        )  # fmt: skip

    def _extra(self, name: str, fair: Floats) -> dict[str, Floats]:
        laid, table = self.laid, self.plan.table
        if name == STUDENT and self.plan.estimator == "marginal":
            theta, error = np.full(table.count(name), np.nan), np.full(table.count(name), np.nan)
            theta[laid.students], error[laid.students] = warm(laid, self.state)
            return {"weighted_likelihood": theta - (self.state.small[laid.population_at] - self.means)[0],
                    "weighted_likelihood_error": error}  # fmt: skip
        if name != "rater":
            return {}
        center, ease = self._center(name), self.ease[name]
        usual = average_at(np.array([center + self._mean(name)]), self.use.found, self.steps)[0]
        around = average_at(
            np.concatenate((ease + center + 0.01, ease + center - 0.01)), self.use.found, self.steps
        )
        slope = (around[: len(ease)] - around[len(ease) :]) / 0.02
        codes, n = table.codes[name][laid.rows], table.count(name)
        compared = np.bincount(codes, self.found.pairs, n)
        with np.errstate(all="ignore"):
            agreed, hoped = (
                np.bincount(codes, each, n) / compared for each in (self.found.hits, self.found.agreed)
            )
        return {"severity_levels": usual - fair, "severity_levels_error": slope * self.error[name],
                "agreement": agreed, "expected_agreement": hoped, "compared": compared,
                "linked": np.bincount(codes, self.found.pairs > 0, n)}  # fmt: skip

    def thresholds(self) -> tuple[Threshold, ...]:
        """Return the thresholds of each set, as difficulties of its steps."""
        found, rows, table = self.use.found, [], self.plan.table
        for one, levels in enumerate(found.levels):
            inside = table.rating[found.set_of == one]
            for k, ease in enumerate(self.steps[one].tolist()):
                at = int(self.laid.set_start[one]) + k
                error = float(np.sqrt(max(0.0, self.covariance[at, at])))
                category = float(levels[k + 1])
                rows.append(Threshold(found.names[one], category, int((inside == category).sum()), -ease, error,
                                      -ease - self.z * error, -ease + self.z * error))  # fmt: skip
        return tuple(rows)

    def populations(self) -> tuple[Population, ...]:
        """Return the populations of students; empty for the joint estimator."""
        if self.plan.estimator == "joint":
            return ()
        laid, n = self.laid, np.bincount(self.plan.population)
        errors = np.sqrt(np.maximum(np.diag(self.covariance)[laid.population_at], 0.0))
        return tuple(
            map(Population, self.plan.population_names, n.tolist(), self.means.tolist(), errors.tolist())
        )

    def student_summary(self, elements: ElementEstimates) -> tuple[FacetSummary, float]:
        """Return the students' summary (of weighted likelihood estimates if marginal) and the reliability of measures."""
        if self.plan.estimator == "joint":
            known = elements.extreme == 0
            found = summary(STUDENT, elements.measure[known], elements.standard_error[known])
            return found, found.reliability
        extra = elements.extra
        found = summary(STUDENT, extra["weighted_likelihood"], extra["weighted_likelihood_error"])
        spread = float(np.nanvar(elements.measure))
        return found, spread / (spread + float(np.nanmean(elements.standard_error**2)))

    def _say(self, elements: Mapping[str, ElementEstimates]) -> None:
        state, table, use = self.state, self.plan.table, self.use
        for name, each in elements.items():
            count = int((each.extreme != 0).sum())
            if count:
                self.reasons.append(f"extreme_{name}: {count}")
        gaps = [
            f"{name or 'all'}: {', '.join(map(str, missing))}"
            for name, levels in zip(use.found.names, use.found.levels, strict=True)
            if (missing := _unused(levels))
        ]
        self.reasons += [f"category_unused {gap}" for gap in gaps[:20]]
        if self.plan.estimator == "joint":
            self.reasons.append("joint_estimates_stretched")
        elif self.laid.spread_at not in self.solver.places:
            self.reasons.append("students_do_not_differ")
        if not state.converged:
            self.reasons.append("not_converged")
        if "rater" in table.facets:
            few = int((elements["rater"].count < 30).sum())
            if few:
                self.reasons.append(f"raters_below_30_ratings: {few}")

    def fit(self, model: str, changed: Mapping[str, Any]) -> FacetsFit:
        """Return the whole answer."""
        plan, laid, state = self.plan, self.laid, self.state
        elements = {name: self.elements(name) for name in (STUDENT, *laid.facets)}
        summaries = {
            name: summary(name, each.measure[usual], each.standard_error[usual])
            for name, each in elements.items()
            if name != STUDENT and (usual := (each.extreme == 0) & ~each.anchored) is not None
        }
        summaries[STUDENT], reliability = self.student_summary(elements[STUDENT])
        self._say(elements)
        spread, spread_error = np.nan, np.nan
        if plan.estimator == "marginal":
            spread = float(np.exp(state.small[laid.spread_at]))
            spread_error = spread * float(np.sqrt(max(0.0, self.covariance[laid.spread_at, laid.spread_at])))
        free = (
            len(self.solver.places)
            + len(self.solver.free_big)
            - len(self.solver.constraints)
            - self.solver.big_centered
        )
        students = len(laid.students) if plan.estimator == "joint" else 0
        return FacetsFit(
            model, plan.estimator, self.interval, plan.floating, elements, summaries, self.thresholds(), self.populations(),
            spread, spread_error, reliability, agreement(self.found), changed, state.log_likelihood, int(free) + students,
            len(plan.table.rating), len(laid.x), plan.table.excluded, state.converged, state.rounds, state.residual,
            tuple(self.reasons),
        )  # fmt: skip


def _unused(levels: Floats) -> list[float]:
    """Return whole numbers between the lowest and the highest category that nobody gave."""
    if len(levels) < 2 or (levels % 1 != 0).any() or levels[-1] - levels[0] > WIDEST_SCALE:
        return []
    return sorted(set(range(int(levels[0]), int(levels[-1]) + 1)) - set(levels.astype(int).tolist()))
