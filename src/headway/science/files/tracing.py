"""Questions on files about skills answered again and again: Bayesian knowledge tracing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headway.science.estimates import EstimateRefused
from headway.science.files.columns import Columns, read_columns
from headway.science.files.facets import number, pair
from headway.science.files.reading import ScienceRefusal, only, share
from headway.science.tracing import VERSION, knowledge_tracing, trace

CHANCES = ("known", "learn", "slip", "guess")


def tracing(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Trace knowledge by skill; with `--known --learn --slip --guess` given, follow the answers instead of fitting."""
    interval = share(options, "interval", 0.95)
    given = read_columns(only(paths, "knowledge-tracing"), ("student", "skill", "position", "correct"))
    position, correct = given.numbers("position"), given.numbers("correct")
    chances = {name: _chance(options, name) for name in CHANCES if name in options}
    if chances and len(chances) < len(CHANCES):
        raise ScienceRefusal("bad_parameter", "Give all of --known, --learn, --slip and --guess, or none.")
    try:
        if chances:
            return _followed(given, position, correct, chances)
        found = knowledge_tracing(
            given.cells["student"], given.cells["skill"], position, correct, interval=interval
        )
    except EstimateRefused as refused:
        raise ScienceRefusal(refused.code, str(refused), file=given.file) from None
    estimates = []
    for one in found:
        row: dict[str, Any] = {"skill": one.skill, "n": one.n, "students": len(one.students)}
        for at, name in enumerate(CHANCES):
            row[name], row[f"{name}_error"] = one.values[at], number(one.errors[at])
            row[f"{name}_interval"] = pair(*one.intervals[at])
        estimates.append(
            {
                **row,
                "log_likelihood": one.log_likelihood,
                "converged": one.converged,
                "reasons": list(one.reasons),
            }
        )
    used = sum(one.n for one in found)
    return {
        "name": "knowledge-tracing", "estimates": estimates,
        "mastery": [
            {"student": name, "skill": one.skill, "value": value}
            for one in found for name, value in zip(one.students, one.mastery.tolist(), strict=True)
        ],
        "log_likelihood": sum(one.log_likelihood for one in found), "interval": interval, "n": used,
        "excluded": len(given) - used, "method": "Bayesian knowledge tracing, maximum likelihood by EM", "version": VERSION,
        "reasons": sorted({reason for one in found for reason in one.reasons}),
    }  # fmt: skip


def _chance(options: Mapping[str, Any], name: str) -> float:
    try:
        value = float(str(options[name]))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ScienceRefusal("bad_parameter", f"--{name} is a number from 0 to 1.", value=str(options[name]))
    return value


def _followed(given: Columns, position: Any, correct: Any, chances: dict[str, float]) -> dict[str, Any]:
    """Return every answer with the chance before it, in its light, and after it."""
    sequences: dict[tuple[str, str], list[int]] = {}
    for row in range(len(given)):
        if not np.isnan(correct[row]):
            if correct[row] not in (0, 1):
                raise given.refuse("not_right_or_wrong", "correct is 1 or 0.", "correct", row)
            sequences.setdefault((given.cells["student"][row], given.cells["skill"][row]), []).append(row)
    rows = []
    for (student, skill), places in sequences.items():
        places.sort(key=lambda at: position[at])
        steps = trace([int(correct[at]) for at in places], **chances)
        rows += [
            {"student": student, "skill": skill, "position": number(position[at]), "prior": step.prior,
             "posterior": step.posterior, "next": step.next}
            for at, step in zip(places, steps, strict=True)
        ]  # fmt: skip
    return {
        "name": "knowledge-tracing", "estimates": rows, "interval": None, "n": len(rows), "excluded": len(given) - len(rows),
        "method": "Bayesian knowledge tracing with given chances", "version": VERSION, **chances, "reasons": [],
    }  # fmt: skip
