"""Questions on files about what students have mastered: attributes behind right and wrong answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.science.diagnosis import VERSION
from headway.science.diagnosis import dina as fitted
from headway.science.estimates import EstimateRefused
from headway.science.files.columns import read_columns
from headway.science.files.facets import number, pair
from headway.science.files.reading import ScienceRefusal, share


def dina(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Estimate guessing, slipping and attributes by the DINA model: a file of scores, a file item,attribute."""
    interval = share(options, "interval", 0.95)
    if len(paths) != 2:
        raise ScienceRefusal(
            "two_files", f"dina takes a file of scores and one of attributes; {len(paths)} were given."
        )
    given = read_columns(paths[0], ("student", "item", "score"))
    needs = read_columns(paths[1], ("item", "attribute"))
    requires: dict[str, list[str]] = {}
    for item, attribute in zip(needs.cells["item"], needs.cells["attribute"], strict=True):
        if item and attribute:
            requires.setdefault(item, []).append(attribute)
    try:
        found = fitted(
            given.cells["student"], given.cells["item"], given.numbers("score"), requires, interval=interval
        )
    except EstimateRefused as refused:
        raise ScienceRefusal(refused.code, str(refused), file=given.file) from None
    return {
        "name": "dina",
        "estimates": [
            {"item": one.item, "n": one.n, "attributes": list(one.attributes), "guess": one.guess,
             "guess_error": number(one.guess_error), "guess_interval": pair(*one.guess_interval), "slip": one.slip,
             "slip_error": number(one.slip_error), "slip_interval": pair(*one.slip_interval), "reason": one.reason}
            for one in found.items
        ],
        "students": [
            {"student": name, **dict(zip(found.attributes, row, strict=True))}
            for name, row in zip(found.students, found.mastery.tolist(), strict=True)
        ],
        "classes": [
            {"attributes": [name for name, has in zip(found.attributes, row, strict=True) if has], "share": part}
            for row, part in zip(found.classes.tolist(), found.shares.tolist(), strict=True)
        ],
        "distinct_classes": found.distinct, "log_likelihood": found.log_likelihood, "parameters": found.parameters,
        "aic": 2 * found.parameters - 2 * found.log_likelihood, "interval": interval, "n": found.n, "excluded": found.excluded,
        "method": "DINA, maximum likelihood by EM", "version": VERSION, "rounds": found.rounds, "converged": found.converged,
        "reasons": list(found.reasons),
    }  # fmt: skip
