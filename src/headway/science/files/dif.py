"""Questions on files about differential item functioning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.science import dif
from headway.science.dif import MantelHaenszel
from headway.science.estimates import EstimateRefused
from headway.science.files.answers import finite
from headway.science.files.columns import Columns, read_columns
from headway.science.files.reading import ScienceRefusal, only, share, whole

STRATA = ("stratum", "strata", "matching", "score", "total")
"""Names of a column that matches persons, in place of their number of right answers."""
CORRECT = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


def mantel_haenszel(paths: Sequence[Path | str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Compare groups item by item at equal scores: `student,group,item,correct[,stratum,count]`; `--reference VALUE`."""
    confidence = share(options, "interval", 0.95)
    purify = whole(options, "purify", 0, 0, 100)
    rows = read_columns(only(paths, "mantel-haenszel"), ("group", "correct"))
    given = _Answers.of(rows)
    reference, reasons = _reference(given, options.get("reference"))
    estimates: list[dict[str, Any]] = []
    for focal in [name for name in given.groups if name != reference]:
        try:
            part, more = (
                _matched(given, reference, focal, purify, confidence)
                if given.strata is None
                else (_stratified(given, given.strata, reference, focal, confidence), [])
            )
        except EstimateRefused as refused:
            row = refused.place if isinstance(refused.place, int) else None
            raise rows.placed(refused, "correct", row) from None
        estimates += part
        reasons += [reason for reason in more if reason not in reasons]
    return _laid_out(estimates, given, reference, reasons, confidence, purify)


class _Answers:
    """The rows with an answer: codes of group, item, student; strata and counts where the file has them."""

    def __init__(self, rows: Columns) -> None:
        said = rows.cells["correct"]
        right = np.array([CORRECT.get(cell.casefold(), math.nan) for cell in said])
        for row in np.flatnonzero(np.isnan(right)).tolist():
            if said[row]:
                raise rows.refuse("not_right_or_wrong", "correct is 1 or 0, or empty.", "correct", row)
        self.keep = np.flatnonzero(~np.isnan(right))
        if not len(self.keep):
            raise ScienceRefusal("no_rows", f"{rows.file} has no answer.", file=rows.file, column="correct")
        self.missing = len(said) - len(self.keep)
        self.right = right[self.keep]
        self.rows = rows
        self.group, self.groups = self._codes("group")
        self.item, self.items = (
            self._codes("item") if "item" in rows else (np.zeros(len(self.keep), np.int64), [""])
        )
        self.count = self._counts()
        self.strata: NDArray[np.int64] | None = None
        self.person = np.zeros(0, np.int64)
        self.reasons: list[str] = []

    @classmethod
    def of(cls, rows: Columns) -> _Answers:
        """Return the answers with what matches them: a column, else the student's score, else the item itself."""
        found = cls(rows)
        named = [name for name in STRATA if name in rows]
        if named:
            found.strata = found._codes(named[0])[0]
            return found
        if "student" not in rows:
            raise ScienceRefusal(
                "column_missing", f"{rows.file} needs a column student, or one that matches: {', '.join(STRATA)}.",
                file=rows.file, line=1, column="student",
            )  # fmt: skip
        found.person = found._codes("student")[0]
        found._one_group_each()
        if len(found.items) > 1 and np.bincount(found.person).max() == 1:
            # Nobody answered two items, so there is no score; items are what answers have in common.
            found.strata, found.item, found.items = found.item, np.zeros(len(found.item), np.int64), [""]
            found.reasons.append("items_as_strata")
        return found

    def _codes(self, column: str) -> tuple[NDArray[np.int64], list[str]]:
        self.rows.needed(column, self.keep)
        codes, names = self.rows.labels(column)
        used, place = np.unique(codes[self.keep], return_inverse=True)
        return place.reshape(-1).astype(np.int64), [names[at] for at in used.tolist()]

    def _counts(self) -> NDArray[np.float64]:
        if "count" not in self.rows:
            return np.ones(len(self.keep))
        count = self.rows.numbers("count")[self.keep]
        wrong = np.flatnonzero(~(count >= 0))
        if len(wrong):
            raise self.rows.refuse(
                "not_a_count", "count is a number from 0.", "count", int(self.keep[wrong[0]])
            )
        return count

    def _one_group_each(self) -> None:
        first = np.zeros(int(self.person.max()) + 1, np.int64)
        first[self.person[::-1]] = self.group[::-1]
        other = np.flatnonzero(self.group != first[self.person])
        if len(other):
            message = "A student is in one group; an earlier row names another."
            raise self.rows.refuse("group_differs", message, "group", int(self.keep[other[0]]))


def _reference(given: _Answers, named: Any) -> tuple[str, list[str]]:
    if len(given.groups) < 2:
        raise ScienceRefusal(
            "one_group", f"{given.rows.file} has one group only.", file=given.rows.file, column="group"
        )
    if named is not None:
        if str(named) not in given.groups:
            message = f"No group is called {named}; there are: {', '.join(given.groups[:20])}."
            raise ScienceRefusal("unknown_group", message, column="group", value=str(named))
        return str(named), list(given.reasons)
    sizes = np.bincount(given.group, given.count)
    return given.groups[int(sizes.argmax())], [*given.reasons, "largest_group_is_reference"]


def _stratified(
    given: _Answers, strata: NDArray[np.int64], reference: str, focal: str, confidence: float
) -> list[dict[str, Any]]:
    both = _codes_of(given, reference, focal)
    found = []
    for item, name in enumerate(given.items):
        rows = (both >= 0) & (given.item == item)
        _, stratum = np.unique(strata[rows], return_inverse=True)
        cell = stratum.reshape(-1) * 4 + both[rows] * 2 + (1 - given.right[rows]).astype(np.int64)
        size = 4 * (int(stratum.max(initial=-1)) + 1)
        tables = np.bincount(cell, given.count[rows], size).reshape(-1, 2, 2)
        found.append(_row(dif.mantel_haenszel(tables, confidence=confidence), name, focal))
    return found


def _matched(
    given: _Answers, reference: str, focal: str, purify: int, confidence: float
) -> tuple[list[dict[str, Any]], list[str]]:
    if (given.count != 1).any():
        raise EstimateRefused(
            "no_matching", "Counted rows have no student to match by score; give a column stratum."
        )
    both = _codes_of(given, reference, focal)
    rows = np.flatnonzero(both >= 0)
    used, person = np.unique(given.person[rows], return_inverse=True)
    member = np.zeros(len(used), np.bool_)
    member[person.reshape(-1)] = both[rows] == 1
    try:
        answer = dif.item_functioning(
            given.item[rows],
            person.reshape(-1),
            given.right[rows],
            member,
            purify=purify,
            confidence=confidence,
        )
    except EstimateRefused as refused:
        if isinstance(refused.place, int):
            refused.place = int(given.keep[rows[refused.place]])
        raise
    found = [
        _row(one, name, focal) | {"anchor": bool(anchor)}
        for one, name, anchor in zip(answer.items, given.items, answer.anchor.tolist(), strict=False)
    ]
    return found, list(answer.reasons)


def _codes_of(given: _Answers, reference: str, focal: str) -> NDArray[np.int64]:
    """Return 0 for the reference group, 1 for the focal one, -1 for others."""
    one, other = given.groups.index(reference), given.groups.index(focal)
    return np.where(given.group == one, 0, np.where(given.group == other, 1, -1))


def _row(found: MantelHaenszel, item: str, focal: str) -> dict[str, Any]:
    return {
        "item": item, "group": focal, "value": finite(found.value),
        "interval": None if found.interval is None else list(found.interval),
        "log_standard_error": finite(found.standard_error), "chi_square": finite(found.chi_square), "p": finite(found.p),
        "chi_square_corrected": finite(found.chi_square_corrected), "p_corrected": finite(found.p_corrected),
        "delta": finite(found.delta), "delta_standard_error": finite(found.delta_standard_error),
        "delta_interval": None if found.delta_interval is None else list(found.delta_interval),
        "ets_class": found.ets_class or None, "n": found.n, "excluded": found.excluded, "strata": found.strata,
        "n_reference": found.n_reference, "n_focal": found.n_focal, "method": found.method, "reasons": list(found.reasons),
    }  # fmt: skip


def _laid_out(
    estimates: list[dict[str, Any]],
    given: _Answers,
    reference: str,
    reasons: list[str],
    confidence: float,
    purify: int,
) -> dict[str, Any]:
    shared = {
        "name": "mantel-haenszel", "reference": reference, "confidence": confidence, "purify": purify,
        "missing": given.missing, "version": dif.VERSION,
    }  # fmt: skip
    if len(estimates) == 1:
        one = estimates[0]
        return {**shared, **one, "item": one["item"] or None, "reasons": [*reasons, *one["reasons"]]}
    counted = sum(one["n"] for one in estimates)
    return {
        **shared, "estimates": estimates, "interval": None, "n": counted, "excluded": sum(one["excluded"] for one in estimates),
        "classes": {name: sum(one["ets_class"] == name for one in estimates) for name in ("A", "B", "C")},
        "method": estimates[0]["method"], "reasons": reasons,
    }  # fmt: skip
