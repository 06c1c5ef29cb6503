"""Questions on files about knowledge spaces: fringes of a state, and how often each state is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.science.estimates import EstimateRefused
from headway.science.files.columns import read_columns
from headway.science.files.facets import number
from headway.science.files.reading import Line, ScienceRefusal, one_of, only, read
from headway.science.knowledge import VERSION, fringes, prerequisites
from headway.science.knowledge import blim as fitted


def space(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a student is ready for under prerequisites: columns from,to; `--state a,b,c`."""
    given = read_columns(only(paths, "knowledge-space"), ("from", "to"))
    pairs = [pair for pair in zip(given.cells["from"], given.cells["to"], strict=True) if all(pair)]
    try:
        needs = prerequisites(pairs)
        state = None
        if "state" in options:
            state = [name.strip() for name in str(options["state"]).split(",") if name.strip()]
        found = None if state is None else fringes(needs, state)
    except EstimateRefused as refused:
        raise ScienceRefusal(refused.code, str(refused), file=given.file) from None
    answer: dict[str, Any] = {
        "name": "knowledge-space",
        "estimates": [{"item": name, "needs": sorted(all_of)} for name, all_of in needs.items()],
        "interval": None, "n": len(pairs), "excluded": len(given) - len(pairs), "method": "fringes under prerequisites",
        "version": VERSION, "reasons": [],
    }  # fmt: skip
    if found is not None:
        answer |= {"state": state, "inner": list(found.inner), "outer": list(found.outer)}
    return answer


def blim(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Estimate careless errors, lucky guesses and states: files pattern,count and states; `--method ml|md`."""
    if len(paths) != 2:
        raise ScienceRefusal(
            "two_files", f"blim takes a file of patterns and one of states; {len(paths)} were given."
        )
    method = one_of(options, "method", ("ml", "md"), "ml")
    lines = read(paths[0], ("pattern", "count"))
    counts = [line.number_in("count") or 0.0 for line in lines]
    for line, count in zip(lines, counts, strict=True):
        if count < 0:
            raise line.refuse("out_of_range", "count is zero or more.", "count")
    patterns = [_pattern(line, "pattern") for line in lines]
    states, items = _states(read(paths[1], ()))
    try:
        found = fitted(_even(patterns), counts, _even(states), method=method)
    except EstimateRefused as refused:
        raise ScienceRefusal(refused.code, str(refused), file=str(paths[0])) from None
    names = items or [str(at) for at in range(1, len(found.careless) + 1)]
    distinct = list(dict.fromkeys("".join(map(str, state)) for state in states))
    return {
        "name": "blim",
        "estimates": [
            {"item": name, "careless": number(careless), "lucky": number(lucky)}
            for name, careless, lucky in zip(names, found.careless.tolist(), found.lucky.tolist(), strict=True)
        ],
        "states": [{"state": state, "share": part} for state, part in zip(distinct, found.shares.tolist(), strict=True)],
        "log_likelihood": found.log_likelihood, "g2": found.g2, "degrees": found.degrees, "p": number(found.p),
        "discrepancy": list(found.discrepancy), "interval": None, "n": found.n, "excluded": 0,
        "method": "maximum likelihood by EM" if method == "ml" else "minimum discrepancy", "version": VERSION,
        "rounds": found.rounds, "converged": found.converged, "reasons": [] if found.converged else ["not_converged"],
    }  # fmt: skip


def _pattern(line: Line, column: str) -> list[int]:
    text = line.cells[column]
    if not text or set(text) - {"0", "1"}:
        raise line.refuse("not_a_pattern", f"{column} is zeros and ones, such as 01101.", column)
    return [int(mark) for mark in text]


def _states(lines: Sequence[Line]) -> tuple[list[list[int]], list[str]]:
    """Return states and, where each item has a column, the items' names."""
    if lines and "state" in lines[0].cells:
        return [_pattern(line, "state") for line in lines], []
    items = [name for name in (lines[0].cells if lines else ()) if name]
    for line in lines:
        for name in items:
            if line.cells[name] not in ("0", "1"):
                raise line.refuse("not_a_pattern", f"{name} is 0 or 1.", name)
    return [[int(line.cells[name]) for name in items] for line in lines], items


def _even(rows: list[list[int]]) -> list[list[int]]:
    if not rows:
        raise EstimateRefused("no_rows", "A file has no rows.")
    if len(set(map(len, rows))) > 1:
        raise EstimateRefused("sizes_differ", "Patterns and states have different numbers of items.")
    return rows
