"""Questions on files about generalizability: variance components, and what other numbers of tasks and raters would give."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headway.science.estimates import EstimateRefused
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, one_of, only, share, whole
from headway.science.generalizability import components, decision
from headway.science.generalizability.components import GStudy
from headway.science.generalizability.design import Design

Options = Mapping[str, Any]
Paths = Sequence[Path | str]
ESTIMATORS = ("auto", "mean-squares", "reml")


def g_study(paths: Paths, options: Options) -> dict[str, Any]:
    """Split the spread of scores by a design: one column per facet, `score`; `--design "p x (r:t)"`."""
    rows, study = _study(paths, "g-study", options)
    return {
        "name": "g-study", "design": study.design.text, "estimates": _estimates(study), "interval": None,
        "confidence": study.confidence, "n": study.n, "excluded": len(rows) - study.n, "mean": study.mean,
        "components": {one.name: one.estimate for one in study.components}, "sizes": dict(study.sizes),
        "balanced": study.complete, "method": study.method,
        "version": components.VERSION, "reasons": list(study.reasons),
    }  # fmt: skip


def d_study(paths: Paths, options: Options) -> dict[str, Any]:
    """Say how dependable other numbers of tasks and raters would be: as g-study; `--sizes r=2,t=3`, `--object p`."""
    sizes = _sizes(options.get("sizes"))
    rows, study = _study(paths, "d-study", options)
    known = {name.casefold(): name for name in study.design.facets}
    named = options.get("object")
    measured = (
        None
        if named is None
        else [known.get(word.strip().casefold(), word.strip()) for word in str(named).split(",")]
    )
    seed = whole(options, "seed", 1, 0, 2**32 - 1)
    try:
        found = decision.d_study(
            study, {known.get(name.casefold(), name): size for name, size in sizes.items()}, object_of=measured,
            confidence=study.confidence, replicates=whole(options, "replicates", 10_000, 100, 1_000_000),
            rng=np.random.default_rng(seed),
        )  # fmt: skip
    except EstimateRefused as refused:
        raise ScienceRefusal(
            refused.code, str(refused), value=None if refused.place is None else str(refused.place)
        ) from None
    ranking = None if found.generalizability_interval is None else list(found.generalizability_interval)
    standard = None if found.dependability_interval is None else list(found.dependability_interval)
    return {
        "name": "d-study", "design": study.design.text, "object": list(found.object), "sizes": dict(found.sizes),
        "value": _number(found.generalizability), "interval": ranking,
        "estimates": [
            {"name": "generalizability", "value": _number(found.generalizability), "interval": ranking},
            {"name": "dependability", "value": _number(found.dependability), "interval": standard},
        ],
        "generalizability": _number(found.generalizability), "dependability": _number(found.dependability),
        "universe_variance": found.universe, "relative_error_variance": found.relative_error,
        "absolute_error_variance": found.absolute_error, "relative_standard_error": math.sqrt(found.relative_error),
        "absolute_standard_error": math.sqrt(found.absolute_error),
        "components": {one.name: one.estimate for one in study.components},
        "confidence": found.confidence, "n": study.n, "excluded": len(rows) - study.n, "method": found.method,
        "version": decision.VERSION, "reasons": list(found.reasons),
    }  # fmt: skip


def _study(paths: Paths, name: str, options: Options) -> tuple[Columns, GStudy]:
    if not options.get("design"):
        raise ScienceRefusal("bad_parameter", f'{name} needs a design, such as --design "p x (r:t)".')
    estimator = one_of(options, "estimator", ESTIMATORS, "auto")
    confidence = share(options, "interval", 0.95)
    try:
        design = Design.of(str(options["design"]))
        rows = read_columns(only(paths, name), ())
        score = _column(rows, design.score, False)
        facets = {facet: _labels(rows, _column(rows, facet, True)) for facet in design.facets}
        study = components.g_study(
            design, facets, rows.numbers(score), confidence=confidence, estimator=estimator
        )
    except EstimateRefused as refused:
        value = None if refused.place is None else str(refused.place)
        raise ScienceRefusal(refused.code, str(refused), value=value) from None
    return rows, study


def _column(rows: Columns, wanted: str, by_initial: bool) -> str:
    """Return the column of a facet: by its name, whatever the case, or the only one that begins with it (p, Person)."""
    said = wanted.casefold()
    for found in (
        [name for name in rows.cells if name == wanted],
        [name for name in rows.cells if name.casefold() == said],
        [
            name
            for name in rows.cells
            if by_initial and name.casefold().startswith(said) and name.casefold() != "score"
        ],
    ):
        if len(found) == 1:
            return found[0]
    message = f"{rows.file} needs a column {wanted}; it has {', '.join(rows.cells)}."
    raise ScienceRefusal("column_missing", message, file=rows.file, line=1, column=wanted)


def _labels(rows: Columns, column: str) -> Any:
    rows.needed(column)
    return rows.labels(column)[0]


def _sizes(text: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in str(text).split(",") if text else ():
        name, equals, value = part.partition("=")
        try:
            found[name.strip()] = float(value) if equals else math.nan
        except ValueError:
            found[name.strip()] = math.nan
        if not 0 < found[name.strip()] < math.inf:
            raise ScienceRefusal(
                "bad_parameter", "--sizes are facets with numbers above 0, such as r=2,t=3.", value=str(text)
            )
    return found


def _estimates(study: GStudy) -> list[dict[str, Any]]:
    return [
        {"effect": one.name, "value": one.estimate, "set_to_zero": one.value, "share": _number(one.share),
         "standard_error": _number(one.standard_error),
         "interval": None if one.interval is None else [_number(end) for end in one.interval],
         "df": _number(one.df), "mean_square": _number(one.mean_square), "levels": one.levels}
        for one in study.components
    ]  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
