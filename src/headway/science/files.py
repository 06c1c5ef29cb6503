"""The science on CSV files: one function per name, no server, no district. `run(name, paths, options)`."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from headway.science.codes import Kind, Status
from headway.science.ledger import MISSING, Ratings
from headway.science.metrics.on_track import on_track
from headway.science.pieces import pieces
from headway.science.proficiency.bulk import evaluate
from headway.science.proficiency.registry import parameters, rule


class ScienceRefusal(Exception):
    """A file or an option that cannot be used, or a question that the data cannot answer; `code` names
    which."""

    def __init__(self, code: str, message: str, **where: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.where = code, message, where

    def as_mapping(self) -> dict[str, Any]:
        """Return code, message and where known file, line, column and value."""
        return {"code": self.code, "message": self.message, **self.where}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file, with what is needed to point at it."""

    file: str
    number: int
    cells: Mapping[str, str]

    def refuse(self, code: str, message: str, column: str) -> ScienceRefusal:
        """Return the refusal of one cell."""
        return ScienceRefusal(
            code, message, file=self.file, line=self.number, column=column, value=self.cells.get(column, "")
        )

    def number_in(self, column: str) -> float | None:
        """Return a cell as a number, None where it is empty or not there."""
        text = self.cells.get(column, "")
        if text == "":
            return None
        try:
            value = float(text)
        except ValueError:
            raise self.refuse("not_a_number", f"{column} must be a number or empty.", column) from None
        if not math.isfinite(value):
            raise self.refuse("not_a_number", f"{column} must be a finite number.", column)
        return value

    def word_in(self, column: str, words: Any) -> int:
        """Return the code of a word, 0 where the cell is empty."""
        text = self.cells.get(column, "")
        if text == "":
            return 0
        try:
            return int(words.of(text))
        except ValueError as error:
            raise self.refuse("unknown_word", f"{column}: {error}", column) from None

    def instant_in(self, column: str) -> int:
        """Return a cell as microseconds since 1970, `MISSING` where it is empty; a time without zone is taken
        as UTC."""
        text = self.cells.get(column, "")
        if text == "":
            return int(MISSING)
        try:
            when = (
                datetime.combine(date.fromisoformat(text), datetime.min.time())
                if len(text) == 10
                else datetime.fromisoformat(text)
            )
        except ValueError:
            message = f"{column} must be a day (2026-11-12) or a time (2026-11-12T09:30:00Z)."
            raise self.refuse("not_a_time", message, column) from None
        since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def read(path: Path | str, needed: Sequence[str]) -> list[Line]:
    """Return the rows of a CSV file with a header. Raises `ScienceRefusal` where it cannot be read as
    such."""
    name = str(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(rows, [])]
            lines = [(rows.line_num, cells) for cells in rows if any(cell.strip() for cell in cells)]
    except OSError as error:
        raise ScienceRefusal("unreadable", f"{name} cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise ScienceRefusal("not_utf8", f"{name} is not UTF-8 (byte {error.start}).", file=name) from error
    except csv.Error as error:
        raise ScienceRefusal("not_csv", f"{name} is not CSV: {error}.", file=name) from error
    missing = [column for column in needed if column not in header]
    if missing:
        raise ScienceRefusal(
            "column_missing",
            f"{name} needs the columns: {', '.join(missing)}.",
            file=name,
            line=1,
            column=missing[0],
        )
    for number, cells in lines:
        if len(cells) != len(header):
            message = f"This line has {len(cells)} cells, the header {len(header)}."
            raise ScienceRefusal("cells_differ", message, file=name, line=number)
    return [
        Line(name, number, dict(zip(header, (c.strip() for c in cells), strict=True)))
        for number, cells in lines
    ]


def proficiency(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a rule to ratings in a file: `--rule KEY --set name=value`."""
    key = str(options.get("rule") or "decaying-average")
    try:
        chosen, given = rule(key), parameters(key, _settings(options.get("set")))
    except KeyError as error:
        raise ScienceRefusal("unknown_rule", str(error.args[0]), value=key) from None
    except ValueError as error:
        raise ScienceRefusal("bad_parameter", str(error)) from None
    lines = read(_only(paths, "proficiency"), ("level",))
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
        depth=[int(line.number_in("depth") or 0) for line in lines],
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
    lines = read(_only(paths, "on-track"), columns)
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


def suppress(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Withhold the small counts of a table, and as few others as keep them from being worked out: `--minimum 10`.

    Totals that the file does not list are taken as published elsewhere, and are not withheld.
    """
    # Loaded when asked for: the solver takes longer to load than all other questions.
    from headway.science.disclosure.suppressing import VERSION, suppress
    from headway.science.disclosure.table import TableRefused, table_of

    lines, names, minimum = _table(paths, "suppress", options)
    counts = [line.number_in("count") for line in lines]
    try:
        table = table_of([[line.cells[name] for name in names] for line in lines],
                         [math.nan if one is None else one for one in counts], add_totals=True)  # fmt: skip
        found = suppress(table, minimum=minimum)
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
        "version": VERSION, "reasons": reasons,
    }  # fmt: skip


def attack(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the shown cells and totals of a table tell about those that are withheld (empty): `--minimum 10`."""
    from headway.science.disclosure.attack import VERSION, attack
    from headway.science.disclosure.table import TableRefused, table_of

    lines, names, minimum = _table(paths, "attack", options)
    counts = [line.number_in("count") for line in lines]
    try:
        table = table_of([[line.cells[name] for name in names] for line in lines],
                         [math.nan if one is None else one for one in counts], add_totals=False)  # fmt: skip
        found = attack(table)
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
        "version": VERSION, "reasons": [],
    }  # fmt: skip


def _table(
    paths: Sequence[Path | str], name: str, options: Mapping[str, Any]
) -> tuple[list[Line], list[str], int]:
    """Return the cells of a table in a file, the names of its dimensions, and the smallest count that is shown."""
    text = str(options.get("minimum") or "10")
    if not text.isdecimal() or not 2 <= int(text) <= 10_000:
        raise ScienceRefusal("bad_parameter", "--minimum is a whole number from 2 to 10,000.", value=text)
    path = _only(paths, name)
    lines = read(path, ("count",))
    if not lines:
        raise ScienceRefusal("no_rows", f"{path} has no rows.", file=str(path))
    names = [column for column in lines[0].cells if column != "count"]
    if not names:
        raise ScienceRefusal("column_missing", f"{path} needs a column for each dimension.", file=str(path))
    return lines, names, int(text)


def _placed(refused: Any, lines: Sequence[Line]) -> ScienceRefusal:
    if refused.cell is None or refused.cell >= len(lines):
        return ScienceRefusal(refused.code, str(refused))
    line: Line = lines[refused.cell]
    return line.refuse(refused.code, str(refused), "count")


Question = Callable[[Sequence[Path | str], Mapping[str, Any]], dict[str, Any]]

_NAMES: dict[str, Question] = {
    "proficiency": proficiency,
    "on-track": track,
    "suppress": suppress,
    "attack": attack,
}


def names() -> dict[str, str]:
    """Return every name with one line each.

    >>> sorted(names())
    ['attack', 'on-track', 'proficiency', 'suppress']
    """
    return {name: (question.__doc__ or "").splitlines()[0] for name, question in _NAMES.items()}


def run(name: str, paths: Sequence[Path | str], options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Answer one question about files: name, value or estimates, interval, n, excluded, method, version,
    reasons.

    Parameters: `options` by name without dashes: `rule`, `set` (a mapping, or texts `name=value`).
    Raises: `ScienceRefusal` with a code, and file, line, column and value where they are known.
    """
    if name not in _NAMES:
        raise ScienceRefusal(
            "unknown_name", f"No such name; there are: {', '.join(sorted(_NAMES))}.", value=name
        )
    return _NAMES[name](paths, options or {})


def _only(paths: Sequence[Path | str], name: str) -> Path | str:
    if len(paths) != 1:
        raise ScienceRefusal("one_file", f"{name} takes one file; {len(paths)} were given.")
    return paths[0]


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
