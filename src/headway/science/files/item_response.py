"""Questions on files about items: how hard they are and how sharply they tell students apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.science.estimates import EstimateRefused
from headway.science.files.columns import read_columns
from headway.science.files.reading import ScienceRefusal, one_of, only, share
from headway.science.item_response import (
    MODELS,
    VERSION,
    ItemEstimate,
    bounds,
    item_response,
)


def items(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Estimate items and abilities by marginal maximum likelihood: `--model 1pl|2pl|graded|partial-credit`."""
    model, interval = one_of(options, "model", MODELS, "2pl"), share(options, "interval", 0.95)
    given = read_columns(only(paths, "item-response"), ("student", "item", "score"))
    try:
        found = item_response(
            given.cells["student"],
            given.cells["item"],
            given.numbers("score"),
            model=model,
            interval=interval,
        )
    except EstimateRefused as refused:
        raise ScienceRefusal(refused.code, str(refused), file=given.file) from None
    shared = model in ("1pl", "partial-credit")
    return {
        "name": "item-response",
        "estimates": [_row(each, interval, shared) for each in found.items],
        "students": [
            {"student": name, "measure": measure, "standard_error": error}
            for name, measure, error in zip(found.students, found.abilities.tolist(), found.errors.tolist(), strict=True)
        ],
        "ability_deviation": found.deviation,
        "ability_deviation_error": found.deviation_error if shared else None,
        "reliability": found.reliability, "log_likelihood": found.log_likelihood, "parameters": found.parameters,
        "aic": 2 * found.parameters - 2 * found.log_likelihood, "interval": interval, "n": found.n,
        "excluded": found.excluded, "method": found.method, "version": VERSION, "model": model, "rounds": found.rounds,
        "converged": found.converged, "reasons": list(found.reasons),
    }  # fmt: skip


def _row(each: ItemEstimate, interval: float, shared: bool) -> dict[str, Any]:
    """Return one item; lists where it has several steps, plain numbers where it has one."""
    row: dict[str, Any] = {
        "item": each.item, "n": each.n, "slope": each.slope, "slope_error": None if shared else each.slope_error,
        "slope_interval": None if shared else list(bounds(each.slope, each.slope_error, interval)),
    }  # fmt: skip
    for name, values, errors in (
        ("intercept", each.intercepts, each.intercept_errors),
        ("difficulty", each.difficulties, each.difficulty_errors),
    ):
        ends = [list(bounds(value, error, interval)) for value, error in zip(values, errors, strict=True)]
        plain = len(values) == 1
        row[name] = values[0] if plain else list(values)
        row[f"{name}_error"] = errors[0] if plain else list(errors)
        row[f"{name}_interval"] = ends[0] if plain else ends
    return {**row, "levels": list(each.levels), "reason": each.reason}
