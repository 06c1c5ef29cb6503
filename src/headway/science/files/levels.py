"""Questions on files about one student's levels: a rule applied to ratings, and who is on track."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headway.science.codes import Kind, Status
from headway.science.files.reading import Line, ScienceRefusal, only, read
from headway.science.ledger import Ratings
from headway.science.metrics.on_track import on_track
from headway.science.pieces import pieces
from headway.science.proficiency.bulk import evaluate
from headway.science.proficiency.registry import parameters, rule


def proficiency(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a rule to ratings in a file: `--rule KEY --set name=value`."""
    key = str(options.get("rule") or "decaying-average")
    try:
        chosen, given = rule(key), parameters(key, _settings(options.get("set")))
    except KeyError as error:
        raise ScienceRefusal("unknown_rule", str(error.args[0]), value=key) from None
    except ValueError as error:
        raise ScienceRefusal("bad_parameter", str(error)) from None
    lines = read(only(paths, "proficiency"), ("level",))
    levels = [line.number_in("level") for line in lines]
    names = [(line.cells.get("student", ""), line.cells.get("target", "")) for line in lines]
    unique = {name: at for at, name in enumerate(dict.fromkeys(names))}
    segment = np.array([unique[name] for name in names], np.int64)
    rows = Ratings.of(
        segment=segment,
        count=max(1, len(unique)),
        level=[math.nan if level is None else level for level in levels],
        status=[line.word_in("status", Status) for line in lines],
        kind=[line.word_in("kind", Kind) for line in lines],
        depth=[line.whole_in("depth", 1, 4) for line in lines],
        setting=_identifiers(lines, "setting"),
        rater=_identifiers(lines, "rater"),
        **{
            name: [line.instant_in(f"{name}_at") for line in lines]
            for name in ("observed", "submitted", "due", "recorded")
        },
    )
    counted = tuple(Kind) if chosen.all_kinds else (Kind.TEACHER, Kind.PANEL, Kind.MODERATED)
    window = 5 * getattr(given, "window_weeks", 0)
    missed = 0.0 if getattr(given, "missed_counts", False) else None
    found = pieces(rows, order=given.order, counted_kinds=counted, window_days=window, missed_level=missed)
    values = evaluate(chosen, found.segments, given)
    reasons = [
        f"line {line.number}: {found_reason}"
        for line, found_reason in zip(lines, _reasons(found.reason), strict=True)
        if found_reason
    ]
    answer: dict[str, Any] = {
        "name": "proficiency",
        "interval": None,
        "n": len(found.row),
        "excluded": len(reasons),
        "method": key,
        "parameters": given.as_mapping(),
        "version": chosen.version,
    }
    if len(unique) > 1:
        answer["estimates"] = [
            {"student": student, "target": target, "value": _value(values[at]), "n": int(found.counts[at])}
            for (student, target), at in unique.items()
        ]
    else:
        answer["value"] = _value(values[0])
        if answer["value"] is None:
            zero = key == "power-law" and (found.segments.levels <= 0).any()
            reasons.append("no_logarithm" if zero else "no_value" if len(found.row) else "no_evidence")
    answer["reasons"] = reasons
    return answer


def track(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say who is on track to graduate: the rate of growth against what is needed, with its 80 % interval."""
    columns = (
        "student",
        "level",
        "expected",
        "graduation",
        "years_left",
        "rate",
        "standard_error",
        "ratings",
    )
    lines = read(only(paths, "on-track"), columns)
    estimates = []
    for line in lines:
        numbers: dict[str, Any] = {name: line.number_in(name) for name in columns[1:]}
        error = numbers["standard_error"]
        if error is not None and error < 0:
            raise line.refuse("out_of_range", "standard_error must be zero or more.", "standard_error")
        numbers["ratings"] = int(numbers["ratings"] or 0)
        found = on_track(**numbers)
        interval = None if found.interval is None else list(found.interval)
        estimates.append(
            {
                "student": line.cells["student"],
                "grade_level": found.grade_level,
                "distance": found.distance,
                "trajectory": found.trajectory,
                "required": found.required,
                "interval": interval,
                "reason": found.reason,
            }
        )
    unknown = sum(each["interval"] is None for each in estimates)
    return {
        "name": "on-track",
        "estimates": estimates,
        "interval": 0.8,
        "n": len(lines),
        "excluded": unknown,
        "method": "lower and upper bound of the rate's 80 % interval against the required rate",
        "version": 1,
        "reasons": [],
    }


def _settings(given: Any) -> dict[str, Any]:
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    found = {}
    for text in [given] if isinstance(given, str) else given:
        name, equals, value = str(text).partition("=")
        if not equals:
            raise ScienceRefusal("bad_parameter", f"--set takes name=value; not {text!r}.", value=str(text))
        found[name.strip()] = value.strip()
    return found


def _identifiers(lines: Sequence[Line], column: str) -> list[int]:
    known: dict[str, int] = {"": -1}
    return [known.setdefault(line.cells.get(column, ""), len(known) - 1) for line in lines]


def _reasons(codes: Any) -> list[str]:
    from headway.science.codes import Reason

    return ["" if code == Reason.COUNTED else Reason(code).word for code in codes.tolist()]


def _value(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
