"""Questions on files about what a measure adds to a prediction, and what an effect costs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science.files.answers import ask, ends, generator, laid
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, only, share, whole
from headway.science.prediction import adds, costs
from headway.science.prediction.logistic import Logistic

_FACTOR = re.compile(r"factor\((.*)\)$")
_COMPARISON = ("comparison", "control", "not_served", "not served", "none", "0")
_MOST_VALUES = 50


def adds_beyond(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what columns add to the prediction of an outcome: `--baseline a,b,factor(c) --added d --cluster school`."""
    chance, replicates = share(options, "interval", 0.95), whole(options, "replicates", 500, 100, 100_000)
    terms = [
        [term.strip() for term in str(options.get(name) or "").split(",") if term.strip()]
        for name in ("baseline", "added")
    ]
    if not terms[1]:
        raise ScienceRefusal(
            "bad_parameter", "--added names the columns that are added, such as --added habits."
        )
    named = [_FACTOR.sub(r"\1", term) for term in terms[0] + terms[1]]
    twice = next((name for at, name in enumerate(named) if name in named[:at]), None)
    if twice is not None:
        raise ScienceRefusal("column_twice", f"{twice} is named twice.", column=twice)
    cluster = options.get("cluster")
    rows = read_columns(only(paths, "adds-beyond"), ("outcome", *named, *([str(cluster)] if cluster else [])))
    outcome = rows.numbers("outcome")
    bad = np.flatnonzero(~np.isnan(outcome) & ~np.isin(outcome, (0, 1)))
    if len(bad):
        raise rows.refuse("not_yes_or_no", "outcome must be 0 or 1.", "outcome", int(bad[0]))
    known = ~np.isnan(outcome)
    for name in named:
        known &= np.array([cell != "" for cell in rows.cells[name]])
    clusters = rows.names(str(cluster))[0] if cluster else None
    if clusters is not None:
        known &= clusters >= 0
    parts = [[_columns(rows, term, known) for term in side] for side in terms]
    labels = [[label for names, _ in side for label in names] for side in parts]
    matrices = [
        np.hstack([np.zeros((int(known.sum()), 0)), *(values for _, values in side)]) for side in parts
    ]
    found = ask(adds.adds_beyond, outcome[known], matrices[0], matrices[1],
                clusters=None if clusters is None else clusters[known], chance=chance, replicates=replicates,
                rng=generator(options))  # fmt: skip
    return {
        "name": "adds-beyond", "value": found.gained.value, "interval": ends(found.gained),
        "estimates": [
            {"measure": "auc_baseline", **laid(found.baseline_area)}, {"measure": "auc_full", **laid(found.full_area)},
            {"measure": "auc_gained", **laid(found.gained)},
        ],
        "likelihood_ratio": {"chi_square": found.chi_square, "df": found.freedom, "p": found.p},
        "baseline": _model(found.baseline, labels[0]), "full": _model(found.full, labels[0] + labels[1]),
        "n": int(known.sum()), "excluded": int((~known).sum()), "method": found.gained.method, "version": adds.VERSION,
        "reasons": list(found.gained.reasons),
    }  # fmt: skip


def _columns(rows: Columns, term: str, known: NDArray[np.bool_]) -> tuple[list[str], NDArray[np.float64]]:
    """Return a term as columns: a number as it is, a word or factor(…) as one column for every value but the first."""
    wrapped = _FACTOR.match(term)
    name = wrapped.group(1) if wrapped else term
    cells = [cell for cell, kept in zip(rows.cells[name], known.tolist(), strict=True) if kept]
    if wrapped is None:
        try:
            [float(cell) for cell in cells]
        except ValueError:
            pass
        else:
            return [name], rows.numbers(name)[known][:, None]
    values = sorted(set(cells), key=_order)
    if len(values) > _MOST_VALUES:
        message = f"{name} has {len(values)} different values; a category has {_MOST_VALUES} at most."
        raise ScienceRefusal("too_many_values", message, file=rows.file, column=name)
    own = np.array(cells, dtype=object)
    columns = [(own == value).astype(np.float64) for value in values[1:]]
    return [f"{name}{value}" for value in values[1:]], np.column_stack([np.zeros((len(cells), 0)), *columns])


def _order(value: str) -> tuple[int, float, str]:
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)


def _model(found: Logistic, labels: Sequence[str]) -> dict[str, Any]:
    rows = zip(["const", *labels], found.coefficients.tolist(), found.errors.tolist(), strict=True)
    return {
        "coefficients": [
            {"term": term, "value": value, "standard_error": error} for term, value, error in rows
        ],
        "log_likelihood": found.log_likelihood,
    }


def cost_effectiveness(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what one unit of effect costs, or that the effect is not shown: `--reference GROUP` names those not served."""
    chance = share(options, "interval", 0.95)
    rows = read_columns(only(paths, "cost-effectiveness"), ("cost", "effect"))
    cost, effect = rows.numbers("cost"), rows.numbers("effect")
    group, names = rows.names("group") if "group" in rows.cells else (np.zeros(len(rows), np.int64), [""])
    known = ~np.isnan(cost) & ~np.isnan(effect) & (group >= 0)
    reference = _comparison(options, names, rows) if len(names) > 1 else None
    estimates = []
    for at, name in enumerate(names):
        if at == reference:
            continue
        mine = known & (group == at)
        other = known & (group == reference) if reference is not None else None
        found = ask(costs.cost_effectiveness, cost[mine], effect[mine], chance=chance,
                    compared_cost=None if other is None else cost[other],
                    compared_effect=None if other is None else effect[other])  # fmt: skip
        estimates.append({
            "group": name, "reference": None if reference is None else names[reference], **laid(found.ratio),
            "cost": laid(found.cost), "effect": laid(found.effect), "ratio_seen": found.ratio_seen,
        })  # fmt: skip
    one = (
        {"value": estimates[0]["value"], "interval": estimates[0]["interval"]}
        if len(estimates) == 1
        else {"interval": None}
    )
    return {
        "name": "cost-effectiveness", **one, "estimates": estimates, "n": int(known.sum()), "excluded": int((~known).sum()),
        "method": "ratio of means, Fieller interval", "version": costs.VERSION,
        "reasons": sorted({reason for each in estimates for reason in each["reasons"]}),
    }  # fmt: skip


def _comparison(options: Mapping[str, Any], names: Sequence[str], rows: Columns) -> int:
    """Return the group that was not served: the one named, else one with a name that says so, else the first."""
    asked = options.get("reference")
    if asked is not None:
        if str(asked) not in names:
            message = f"No group {asked}; there are: {', '.join(names[:20])}."
            raise ScienceRefusal("unknown_group", message, file=rows.file, column="group", value=str(asked))
        return list(names).index(str(asked))
    return next((at for at, name in enumerate(names) if name.lower() in _COMPARISON), 0)
