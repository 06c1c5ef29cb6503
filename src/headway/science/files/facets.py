"""Questions on files about raters: many-facet Rasch, the hierarchical rater model, and who is to score what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.facets.design import VERSION as DESIGN_VERSION
from headway.science.facets.design import rating_design
from headway.science.facets.estimates import Differences, ElementEstimates, FacetsFit
from headway.science.facets.fitting import ESTIMATORS, MODELS, VERSION
from headway.science.facets.fitting import facets as fitted
from headway.science.facets.hierarchical import VERSION as HIERARCHICAL_VERSION
from headway.science.facets.hierarchical import hierarchical_rater
from headway.science.facets.ratings import CONTEXT, MAIN, STUDENT, FacetsRefused
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, one_of, only, share, whole

FACETS = (STUDENT, *MAIN, *CONTEXT)
ENDS: Mapping[int, str | None] = {0: None, -1: "lowest", 1: "highest"}


def facets(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Scale ratings by many raters: students, raters, tasks, criteria on one scale: `--model --estimator --anchors FILE`."""
    model = one_of(options, "model", MODELS, "rating-scale")
    estimator = one_of(options, "estimator", ESTIMATORS, "marginal")
    interval, alarm = share(options, "interval", 0.95), share(options, "false-alarm", 0.05)
    floating = one_of(options, "floating", FACETS, "") if "floating" in options else None
    by = one_of(options, "thresholds", MAIN, "") if "thresholds" in options else None
    corrected = one_of(options, "bias-corrected", ("yes", "no"), "no") == "yes"
    nodes = whole(options, "nodes", 15, 3, 101)
    given = read_columns(only(paths, "facets"), (STUDENT, "rating"), (*MAIN, *CONTEXT))
    rating = given.numbers("rating")
    columns = {name: given.cells[name] for name in FACETS if name in given.cells and any(given.cells[name])}
    anchors = _anchors(options["anchors"]) if "anchors" in options else None
    try:
        found = fitted(
            rating, columns, model=model, estimator=estimator, thresholds_by=by, anchors=anchors, floating=floating,
            interval=interval, false_alarm=alarm, bias_corrected=corrected, nodes=nodes,
        )  # fmt: skip
    except FacetsRefused as refused:
        raise _refusal(refused, given) from None
    # The rows of a large file are as much again as the answer.
    del given, rating, columns
    return _answer(found)


def hierarchical(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say how well raters detect true categories, and which category each piece has: hierarchical rater model."""
    interval = share(options, "interval", 0.95)
    given = read_columns(only(paths, "hierarchical-rater"), (STUDENT, "item", "rater", "rating"))
    cells = given.cells
    try:
        found = hierarchical_rater(
            given.numbers("rating"), cells[STUDENT], cells["item"], cells["rater"], interval=interval
        )
    except FacetsRefused as refused:
        raise _refusal(refused, given) from None
    levels = np.array(found.levels)
    return {
        "name": "hierarchical-rater",
        "estimates": [
            {"rater": one.rater, "count": one.n, "detection": one.detection, "standard_error": number(one.detection_error),
             "interval": pair(*one.interval), "criteria": list(one.criteria),
             "criteria_errors": [number(each) for each in one.criteria_errors], "severity_levels": one.severity_levels,
             "severity_levels_error": number(one.severity_error), "reason": one.reason}
            for one in found.raters
        ],
        "items": [
            {"item": one.item, "works": one.works, "steps": list(one.steps),
             "step_errors": [number(each) for each in one.step_errors], "shares": list(one.shares)}
            for one in found.items
        ],
        "works": [
            {"student": found.students[student], "item": found.items[item].item, "level": level, "chance": chance,
             "expected": expected}
            for student, item, level, chance, expected in zip(
                found.work_student.tolist(), found.work_item.tolist(), levels[found.chance.argmax(axis=1)].tolist(),
                found.chance.max(axis=1).tolist(), (found.chance @ levels).tolist(), strict=True)
        ],
        "students": [
            {"student": name, "measure": measure, "standard_error": error}
            for name, measure, error in zip(found.students, found.theta.tolist(), found.theta_error.tolist(), strict=True)
        ] if found.deviation > 0 else [],
        "student_deviation": found.deviation, "student_deviation_error": number(found.deviation_error),
        "certainty": found.certainty, "levels": list(found.levels), "interval": interval, "n": found.n,
        "excluded": found.excluded, "method": found.method, "version": HIERARCHICAL_VERSION,
        "log_likelihood": found.log_likelihood, "rounds": found.rounds, "converged": found.converged,
        "reasons": list(found.reasons),
    }  # fmt: skip


def _refusal(refused: FacetsRefused, given: Columns) -> ScienceRefusal:
    found = ScienceRefusal(refused.code, str(refused), file=given.file)
    if refused.details:
        found.where["sets"] = refused.details
    return found


def _anchors(path: Any) -> dict[str, dict[str, float]]:
    """Return anchored measures of a file with the columns facet, element, measure."""
    given = read_columns(str(path), ("facet", "element", "measure"))
    measures = given.numbers("measure")
    found: dict[str, dict[str, float]] = {}
    for row, (facet, element) in enumerate(zip(given.cells["facet"], given.cells["element"], strict=True)):
        if facet not in FACETS:
            raise given.refuse("unknown_word", f"facet is one of: {', '.join(FACETS)}.", "facet", row)
        if math.isnan(measures[row]):
            raise given.refuse("not_a_number", "An anchored element has a measure.", "measure", row)
        found.setdefault(facet, {})[element] = float(measures[row])
    return found


def _answer(found: FacetsFit) -> dict[str, Any]:
    rows = [row for name in found.elements for row in _rows(found.elements[name])]
    return {
        "name": "facets", "estimates": rows, "interval": found.interval, "n": found.n, "used": found.used,
        "excluded": found.excluded, "method": found.method, "version": VERSION, "model": found.model,
        "estimator": found.estimator, "floating": found.floating,
        "thresholds": [
            {"of": each.of, "category": each.category, "measure": number(each.measure),
             "standard_error": number(each.standard_error), "interval": pair(each.low, each.high), "count": each.count}
            for each in found.thresholds
        ],
        "summary": {
            name: {
                "n": each.n, "mean": number(each.mean), "deviation": number(each.deviation), "error": number(each.error),
                "separation": number(each.separation), "strata": number(each.strata), "reliability": number(each.reliability),
                "chi_square": number(each.chi_square), "degrees": each.degrees, "p": number(each.p),
            }
            for name, each in found.summaries.items()
        },
        "population": [
            {"of": each.of, "n": each.n, "mean": number(each.mean), "standard_error": number(each.mean_error)}
            for each in found.populations
        ],
        "student_deviation": number(found.student_deviation),
        "student_deviation_error": number(found.student_deviation_error),
        "student_reliability": number(found.student_reliability),
        "agreement": None if found.agreement is None else {
            "pairs": found.agreement.pairs, "observed": found.agreement.observed, "expected": found.agreement.expected,
            "kappa": number(found.agreement.kappa),
        },
        "drift": _differences(found.differences.get("window")),
        "differential": _differences(found.differences.get("group")),
        "log_likelihood": found.log_likelihood, "parameters": found.parameters, "converged": found.converged,
        "rounds": found.rounds, "residual": found.residual, "reasons": list(found.reasons),
    }  # fmt: skip


def _rows(each: ElementEstimates) -> list[dict[str, Any]]:
    plain = {
        "measure": each.measure, "standard_error": each.standard_error, "total": each.total,
        "observed_average": each.observed_average, "fair_average": each.fair_average, "infit": each.infit,
        "infit_z": each.infit_z, "outfit": each.outfit, "outfit_z": each.outfit_z, **each.extra,
    }  # fmt: skip
    ends = [ENDS[end] for end in each.extreme.tolist()]
    intervals = [pair(low, high) for low, high in zip(each.low.tolist(), each.high.tolist(), strict=True)]
    names = ("facet", "element", "count", "interval", *plain, "extreme", "anchored")
    columns = (repeat(each.facet), each.labels, each.count.tolist(), intervals, *map(numbers, plain.values()), ends,
               each.anchored.tolist())  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=False)]


def _differences(found: Differences | None) -> dict[str, Any] | None:
    if found is None:
        return None
    key = found.facet
    rows = [
        {"rater": each.rater, key: each.context, "count": each.count, "value": number(each.value),
         "standard_error": number(each.standard_error), "interval": pair(each.low, each.high),
         "shrunken": number(each.shrunken), "levels": number(each.levels), "p": number(each.p),
         "p_adjusted": number(each.p_adjusted), "flagged": each.flagged, "reason": each.reason}
        for each in found.rows
    ]  # fmt: skip
    return {
        "estimates": rows, "deviation": number(found.deviation), "chi_square": number(found.chi_square),
        "degrees": found.degrees, "p": number(found.p), "false_alarm": found.false_alarm,
        "flagged": sum(each.flagged for each in found.rows),
        "flagged_by_chance": found.false_alarm * sum(not each.reason for each in found.rows),
    }  # fmt: skip


def numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers, None where they are not finite."""
    found: list[float | None] = values.tolist()
    if not np.isfinite(values).all():
        found = [number(value) for value in values.tolist()]
    return found


def number(value: float) -> float | None:
    """Return a number, None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def pair(low: float, high: float) -> list[float] | None:
    """Return an interval, None where it is not known."""
    return [float(low), float(high)] if math.isfinite(low) and math.isfinite(high) else None


def design(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Plan who scores which piece, all raters tied, loads balanced: `--pieces N --per-piece K --seed S`."""
    if "pieces" not in options or "per-piece" not in options:
        raise ScienceRefusal("bad_parameter", "A plan takes --pieces N and --per-piece K.")
    pieces, per_piece = whole(options, "pieces", 1, 1, 1_000_000), whole(options, "per-piece", 2, 1, 50)
    seed, categories = whole(options, "seed", 1, 0, 2**31), whole(options, "categories", 4, 2, 31)
    given = read_columns(only(paths, "rating-design"), ("rater",), ("capacity", "school"))
    names = given.cells["rater"]
    _require_names(given)
    capacity = None
    if "capacity" in given.cells:
        numbers = given.numbers("capacity")
        for row in np.flatnonzero(~np.isnan(numbers) & ((numbers < 0) | (numbers % 1 != 0))).tolist():
            raise given.refuse(
                "out_of_range", "capacity is a whole number, zero or more, or empty.", "capacity", row
            )
        capacity = np.where(np.isnan(numbers), pieces, numbers).astype(np.int64)
    try:
        plan = rating_design(
            len(names), pieces, per_piece, np.random.default_rng(seed), capacity=capacity,
            school=given.cells.get("school"), categories=categories,
        )  # fmt: skip
    except FacetsRefused as refused:
        raise _refusal(refused, given) from None
    rows = zip(names, plan.load.tolist(), plan.partners.tolist(), plan.standard_error.tolist(), strict=True)
    return {
        "name": "rating-design",
        "estimates": [
            {"rater": name, "load": load, "partners": partners, "standard_error": number(error)}
            for name, load, partners, error in rows
        ],
        "assignments": [
            {"piece": at, "raters": [names[place] for place in chosen]} for at, chosen in enumerate(plan.raters_of.tolist(), 1)
        ],
        "interval": None, "n": pieces * per_piece, "excluded": int((plan.load == 0).sum()), "pairs_met": plan.met,
        "most_together": plan.repeated, "across_schools": number(plan.crossing), "information": plan.information,
        "seed": seed, "method": "connected design, balanced loads, pairs mixed", "version": DESIGN_VERSION,
        "reasons": list(plan.reasons),
    }  # fmt: skip


def _require_names(given: Columns) -> None:
    seen: set[str] = set()
    for row, name in enumerate(given.cells["rater"]):
        if not name:
            raise given.refuse("no_rater", "A rater has a name.", "rater", row)
        if name in seen:
            raise given.refuse("rater_twice", f"{name} stands twice.", "rater", row)
        seen.add(name)
