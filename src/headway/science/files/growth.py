"""Questions on files about growth over time, growth beside students with the same past, and waiting times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.estimates import Estimate
from headway.science.files.answers import ask, ends, laid, number
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, one_of, only, share, whole
from headway.science.growth import mixed, percentiles, waiting


def mixed_growth(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Fit growth over time with a line for each student (REML): columns student,time,level[,school]."""
    chance = share(options, "interval", 0.95)
    rows = read_columns(only(paths, "mixed-growth"), ("student", "time", "level"))
    student, names = rows.names("student")
    school = rows.names("school")[0] if "school" in rows.cells else None
    found = ask(
        mixed.mixed_growth, student, rows.numbers("time"), rows.numbers("level"), school=school, chance=chance
    )
    fixed = (("intercept", found.intercept, found.errors[0]), ("slope", found.slope, found.errors[1]))
    lines = zip(
        found.students.tolist(), found.intercepts.tolist(), found.slopes.tolist(), found.slope_low.tolist(),
        found.slope_high.tolist(), found.occasions.tolist(), strict=True,
    )  # fmt: skip
    return {
        "name": "mixed-growth", "value": found.slope.value, "interval": ends(found.slope),
        "estimates": [{"term": term, **laid(each), "standard_error": error} for term, each, error in fixed],
        "fixed": [found.intercept.value, found.slope.value], "var_intercept": float(found.covariance[0, 0]),
        "var_slope": float(found.covariance[1, 1]), "cov": float(found.covariance[0, 1]), "var_residual": found.residual,
        "loglik_reml": found.log_likelihood, "school_covariance": None if found.school_covariance is None
        else found.school_covariance.tolist(),
        "students": [{"student": names[at], "intercept": start, "slope": slope, "interval": [low, high], "n": n}
                     for at, start, slope, low, high, n in lines],
        "n": found.slope.n, "excluded": found.slope.excluded, "method": found.slope.method, "version": mixed.VERSION,
        "reasons": list(found.slope.reasons),
    }  # fmt: skip


def time_to_mastery(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say how long students wait, with those still waiting (Kaplan-Meier): columns duration,event[,group]."""
    chance, horizon = share(options, "interval", 0.95), number(options, "horizon")
    if horizon is not None and horizon <= 0:
        raise ScienceRefusal("bad_parameter", "--horizon is above 0.", value=str(options["horizon"]))
    transform = one_of(options, "transform", waiting.TRANSFORMS, "log-log")
    rows = read_columns(only(paths, "time-to-mastery"), ("duration", "event"))
    duration, event = rows.numbers("duration"), rows.numbers("event")
    for column, bad, words in (
        ("duration", duration < 0, "must be 0 or more"), ("event", ~np.isnan(event) & ~np.isin(event, (0, 1)), "must be 0 or 1"),
    ):  # fmt: skip
        if bad.any():
            code = "negative" if column == "duration" else "not_yes_or_no"
            raise rows.refuse(code, f"{column} {words}.", column, int(np.flatnonzero(bad)[0]))
    group, names = rows.names("group") if "group" in rows.cells else (np.zeros(len(rows), np.int64), ["all"])
    known = ~np.isnan(duration) & ~np.isnan(event) & (group >= 0)
    d, e, g = duration[known], event[known] > 0, group[known]
    if not len(d):
        raise ScienceRefusal(
            "no_rows", f"{rows.file} has no row with a duration and an event.", file=rows.file
        )
    present = np.unique(g)
    estimates = []
    for at in present.tolist():
        curve = ask(
            waiting.waiting, d[g == at], e[g == at], chance=chance, horizon=horizon, transform=transform
        )
        estimates.append({"group": names[at], **_curve(curve)})
    g = np.searchsorted(present, g)
    answer: dict[str, Any] = {
        "name": "time-to-mastery", "value": estimates[0]["value"] if len(estimates) == 1 else None,
        "interval": estimates[0]["interval"] if len(estimates) == 1 else None, "estimates": estimates,
        **(_compared(d, e, g, [names[at] for at in present.tolist()], chance) if len(present) > 1 and e.any() else {}),
        "n": len(d), "excluded": int((~known).sum()), "method": f"Kaplan-Meier, Greenwood, {transform} interval",
        "version": waiting.VERSION, "reasons": sorted({reason for each in estimates for reason in each["reasons"]}),
    }  # fmt: skip
    if len(estimates) > 1:
        del answer["value"]
    return answer


def _curve(found: waiting.Waiting) -> dict[str, Any]:
    points = zip(
        found.times.tolist(), found.at_risk.tolist(), found.events.tolist(), found.waiting.tolist(), found.errors.tolist(),
        found.low.tolist(), found.high.tolist(), strict=True,
    )  # fmt: skip
    mean = found.restricted_mean
    return {
        "value": found.median.value, "interval": ends(found.median), "median": found.median.value,
        "restricted_mean": mean.value, "restricted_mean_interval": ends(mean), "horizon": found.horizon,
        "n": found.median.n, "events": int(found.events.sum()),
        "reasons": list(dict.fromkeys(found.median.reasons + mean.reasons)),
        "curve": [{"time": time, "at_risk": risk, "events": events, "waiting": left, "standard_error": error,
                   "interval": None if np.isnan(low) else [low, high]}
                  for time, risk, events, left, error, low, high in points],
    }  # fmt: skip


def _compared(
    d: NDArray[np.float64], e: NDArray[np.bool_], g: NDArray[np.int64], names: Sequence[str], chance: float
) -> dict[str, Any]:
    test = ask(waiting.log_rank, d, e, g)
    ratios: list[Estimate] = ask(waiting.hazard_ratios, d, e, g, chance=chance)
    groups = zip(names, test.observed.tolist(), test.expected.tolist(), strict=True)
    return {
        "log_rank": {
            "chi_square": test.chi_square, "df": test.freedom, "p": test.p,
            "groups": [{"group": name, "done": done, "expected": expected} for name, done, expected in groups],
        },
        "hazard_ratios": [{"group": name, "reference": names[0], "log_value": each.value, "log_interval": ends(each),
                           "method": each.method, "reasons": list(each.reasons)}
                          for name, each in zip(names[1:], ratios, strict=True)],
    }  # fmt: skip


def growth_percentile(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Place each student among students with the same past: columns student,current,prior1[,prior2 …], `--knots 4`."""
    chance = share(options, "interval", 0.95)
    knots, error = whole(options, "knots", percentiles.KNOTS, 0, 20), number(options, "standard-error")
    if error is not None and error <= 0:
        raise ScienceRefusal(
            "bad_parameter", "--standard-error is above 0.", value=str(options["standard-error"])
        )
    rows = read_columns(only(paths, "growth-percentile"), ("student", "current", "prior1"))
    priors = np.column_stack([rows.numbers(column) for column in _priors(rows)])
    found = ask(percentiles.growth_percentile, rows.numbers("current"), priors,
                knots=knots, standard_error=error, chance=chance)  # fmt: skip
    lines = zip(
        rows.cells["student"], found.percentile.tolist(), found.low.tolist(), found.high.tolist(), found.priors.tolist(),
        strict=True,
    )  # fmt: skip
    known = int((found.percentile > 0).sum())
    return {
        "name": "growth-percentile",
        "estimates": [{"student": name, "value": value or None, "interval": [low, high] if low else None, "priors": order}
                      for name, value, low, high, order in lines],
        "interval": chance if error is not None else None, "n": known, "excluded": len(rows) - known, "knots": knots,
        "cohorts": [{"priors": order, "n": n} for order, n in found.cohorts.items()],
        "method": "100 quantile regressions on cubic B-splines (Betebenner 2009)", "version": percentiles.VERSION,
        "reasons": list(found.reasons),
    }  # fmt: skip


def _priors(rows: Columns) -> list[str]:
    """Return the columns prior1, prior2 … that follow each other."""
    found: list[str] = []
    while (column := f"prior{len(found) + 1}") in rows.cells:
        found.append(column)
    for column in rows.cells:
        if column.startswith("prior") and column not in found:
            message = f"{column} has no prior{len(found) + 1} before it."
            raise ScienceRefusal("column_missing", message, file=rows.file, line=1, column=column)
    return found
