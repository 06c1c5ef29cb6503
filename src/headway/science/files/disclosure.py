"""Questions on files about small cells: which to withhold, and what the others tell about them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.science.disclosure.attack import VERSION as ATTACK_VERSION
from headway.science.disclosure.attack import attack as attacked
from headway.science.disclosure.suppressing import VERSION as SUPPRESS_VERSION
from headway.science.disclosure.suppressing import suppress as suppressed
from headway.science.disclosure.table import TableRefused, table_of
from headway.science.files.reading import Line, ScienceRefusal, only, read, whole


def suppress(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Withhold the small counts of a table, and as few others as keep them from being worked out: `--minimum 10`.

    Totals that the file does not list are taken as published elsewhere, and are not withheld.
    """
    lines, names, minimum = _table(paths, "suppress", options)
    counts = [line.number_in("count") for line in lines]
    try:
        table = table_of([[line.cells[name] for name in names] for line in lines],
                         [math.nan if one is None else one for one in counts], add_totals=True)  # fmt: skip
        found = suppressed(table, minimum=minimum)
    except TableRefused as refused:
        raise _placed(refused, lines) from None
    hidden = set(found.withheld.tolist())
    estimates = [
        {
            **{name: line.cells[name] for name in names},
            "count": None if at in hidden else int(counts[at] or 0),
        }
        for at, line in enumerate(lines)
    ]
    reasons = [
        f"line {lines[at].number}: a total that is known elsewhere is too small to protect this cell"
        for at in found.exposed.tolist()
    ]
    return {
        "name": "suppress", "estimates": estimates, "interval": None, "n": len(lines), "excluded": len(hidden),
        "primary": len(found.primary), "complementary": len(found.complementary), "exposed": len(found.exposed),
        "minimum": minimum, "method": "fewest cells by integer programming, tested by the attack" if found.optimal
        else "few cells by integer programming, stopped in time, tested by the attack",
        "version": SUPPRESS_VERSION, "reasons": reasons,
    }  # fmt: skip


def attack(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the shown cells and totals of a table tell about those that are withheld (empty): `--minimum 10`."""
    lines, names, minimum = _table(paths, "attack", options)
    counts = [line.number_in("count") for line in lines]
    try:
        table = table_of([[line.cells[name] for name in names] for line in lines],
                         [math.nan if one is None else one for one in counts], add_totals=False)  # fmt: skip
        found = attacked(table)
    except TableRefused as refused:
        raise _placed(refused, lines) from None
    safe, known = found.safe(minimum), found.recovered
    estimates = [
        {**{name: lines[cell].cells[name] for name in names}, "low": low, "high": high if math.isfinite(high) else None,
         "recovered": bool(known[place]), "safe": bool(safe[place])}
        for place, (cell, low, high) in enumerate(zip(found.cells.tolist(), found.low.tolist(), found.high.tolist(), strict=True))
    ]  # fmt: skip
    return {
        "name": "attack", "estimates": estimates, "interval": None, "n": len(lines), "excluded": len(estimates),
        "recovered": int(known.sum()), "unsafe": int((~safe).sum()), "minimum": minimum,
        "method": "least and most of each withheld cell, by integer programming" if found.whole
        else "least and most of each withheld cell, by linear programming",
        "version": ATTACK_VERSION, "reasons": [],
    }  # fmt: skip


def _table(
    paths: Sequence[Path | str], name: str, options: Mapping[str, Any]
) -> tuple[list[Line], list[str], int]:
    """Return the cells of a table in a file, the names of its dimensions, and the smallest count that is shown."""
    minimum = whole(options, "minimum", 10, 2, 10_000)
    path = only(paths, name)
    lines = read(path, ("count",))
    if not lines:
        raise ScienceRefusal("no_rows", f"{path} has no rows.", file=str(path))
    names = [column for column in lines[0].cells if column != "count"]
    if not names:
        raise ScienceRefusal("column_missing", f"{path} needs a column for each dimension.", file=str(path))
    return lines, names, minimum


def _placed(refused: Any, lines: Sequence[Line]) -> ScienceRefusal:
    if refused.cell is None or refused.cell >= len(lines):
        return ScienceRefusal(refused.code, str(refused))
    line: Line = lines[refused.cell]
    return line.refuse(refused.code, str(refused), "count")
