"""Comparability in its three steps, for who joins districts: within a school, across schools, across districts.

The first two are each district's own figures, as its leaders read them. The third rests on anchors that several districts
scored blind, and on sums over three raters or more; it needs no gate, because the facts hold nothing of fewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from headway.analytics.types import Engine
from headway.science.agreement.coefficients import percent_agreement
from headway.science.agreement.places import FEWEST_RATERS, AnchorSums, Apart, agreed_share, places_apart
from headway.science.estimates import Estimate

VERSION = 1
FALSE_ALARM = 0.05
STEPS = (("anchors", "with clear anchors"), ("within", "within a school"), ("across", "across schools"))
ACROSS = "across districts"
ALL = "all"
TEXTS = {
    "steps": "SELECT district, step, year, exact, exact_low, exact_high, near, near_low, near_high, chance, works, scores, "
             "raters, sessions\nFROM agreement_step\nORDER BY district, step",
    "anchors": "SELECT district, common_task, version, anchor, title, raters, scores, exact_total, exact_squares, near_total, "
               "near_squares, departure_total, departure_squares\nFROM anchor\nORDER BY common_task, version, anchor, district",
    "levels": "SELECT district, common_task, version, anchor, criterion, level, agreed, raters\nFROM anchor_level\n"
              "ORDER BY common_task, version, anchor, criterion, level, district",
}  # fmt: skip
"""What is asked of the facts, on every engine."""
WHY = {
    "no_common_anchor": "no anchor was scored by three raters or more in two districts: give the same pack of tasks to both, "
                        "and put its exemplars into sessions as anchors",
    "under_10_pieces": "fewer than 10 common anchors",
    "too_few_anchors": "fewer than 3 common anchors",
    "under_30_scores": "fewer than 30 scores of the common anchors here or elsewhere",
    "no_spread": "all raters gave the same",
    "too_little": "too little to tell in this district",
}  # fmt: skip
Row = dict[str, Any]
Key = tuple[str, int, int]


def compared(engine: Engine, districts: Sequence[str]) -> list[Row]:
    """Return rows of figures of joined districts: of each the first steps, then the third, task by task and over all tasks.

    `measure` is `exact`, `near` (within one level) or `severity` (by how many levels less is given than elsewhere on the same
    anchors). Shares are from 0 to 1; where nothing is told, `reasons` and `why` say so. `districts`: two or more.
    """
    rows = [row for found in engine.rows(TEXTS["steps"]) for row in _own(found)]
    known = {(row["step"], row["district"]) for row in rows}
    rows += [
        _row(words, district, "exact", reasons=("too_little",))
        for _, words in STEPS for district in districts if (words, district) not in known
    ]  # fmt: skip
    order = [words for _, words in STEPS]
    rows.sort(key=lambda row: (order.index(row["step"]), row["district"]))
    return rows + list(_across(engine, districts))


def _row(step: str, district: str, measure: str, **more: Any) -> Row:
    found: Row = {
        "step": step, "task": "", "task_version": None, "title": "", "district": district, "measure": measure, "version": VERSION,
        "value": None, "low": None, "high": None, "confidence": None, "chance": None, "anchors": None, "works": None,
        "raters": None, "scores": None, "flagged": None, "false_alarm": None, "comparisons": None, "year": "", "method": "",
        "reasons": (), **more,
    }  # fmt: skip
    found["reasons"] = list(found["reasons"])
    return {**found, "why": "; ".join(WHY.get(one, one) for one in found["reasons"])}


def _own(found: Mapping[str, Any]) -> Iterator[Row]:
    """Yield a district's own figures of one step; figures of all raters together are no step."""
    words = dict(STEPS).get(found["step"])
    for measure in ("exact", "near") if words else ():
        value = found[measure]
        yield _row(
            words or "", found["district"], measure, value=value, low=found[f"{measure}_low"], high=found[f"{measure}_high"],
            confidence=0.95, chance=found["chance"] if measure == "exact" else None, works=found["works"],
            raters=found["raters"], scores=found["scores"], year=found["year"], method="pairs of raters, works drawn whole",
            reasons=() if value is not None else ("too_little",),
        )  # fmt: skip


def _across(engine: Engine, districts: Sequence[str]) -> Iterator[Row]:
    levels = engine.rows(TEXTS["levels"])
    other = _told_otherwise(levels)
    anchors = [row for row in engine.rows(TEXTS["anchors"]) if _key(row) not in other]
    scored = _scored_in_two(anchors)
    anchors = [row for row in anchors if _key(row) in scored and row["raters"] >= FEWEST_RATERS]
    if not anchors:
        yield _row(ACROSS, ALL, "exact", task=ALL, reasons=("no_common_anchor",))
        return
    tasks = sorted({(row["common_task"], int(row["version"])) for row in anchors})
    columns = _Columns(anchors, tasks, list(districts))
    chance = _by_chance([row for row in levels if _key(row) in scored])
    for task in [*range(len(tasks)), *([None] if len(tasks) > 1 else [])]:
        for place, district in enumerate(districts):
            for measure in ("exact", "near"):
                one = columns.sums(measure, task, place)
                if len(one.anchor):
                    by_chance = chance.get((None if task is None else tasks[task], district))
                    yield columns.told(task, place, measure, agreed_share(one), one, by_chance)
    for found in places_apart(columns.sums("departure"), false_alarm=FALSE_ALARM):
        yield columns.apart(found)


def _key(row: Mapping[str, Any]) -> Key:
    return row["common_task"], int(row["version"]), int(row["anchor"])


def _told_otherwise(levels: Sequence[Mapping[str, Any]]) -> set[Key]:
    """Return the anchors on which districts do not hold the same agreed levels: they are not the same anchors."""
    agreed: dict[Key, dict[str, dict[int, float]]] = {}
    for row in levels:
        agreed.setdefault(_key(row), {}).setdefault(row["district"], {})[int(row["criterion"])] = row[
            "agreed"
        ]
    return {
        key for key, own in agreed.items() if any(one != next(iter(own.values())) for one in own.values())
    }


def _scored_in_two(anchors: Sequence[Mapping[str, Any]]) -> set[Key]:
    places: dict[Key, set[str]] = {}
    for row in anchors:
        if row["raters"] >= FEWEST_RATERS:
            places.setdefault(_key(row), set()).add(row["district"])
    return {key for key, found in places.items() if len(found) >= 2}


def _by_chance(levels: Sequence[Mapping[str, Any]]) -> dict[tuple[tuple[str, int] | None, str], float]:
    """Return the agreement by chance of each district's scores with the agreed levels, by task and over all (None)."""
    pairs: dict[tuple[tuple[str, int] | None, str], list[Any]] = {}
    for row in levels:
        one = np.tile([row["level"], row["agreed"]], (int(row["raters"]), 1))
        for task in ((row["common_task"], int(row["version"])), None):
            pairs.setdefault((task, row["district"]), []).append(one)
    return {key: percent_agreement(np.concatenate(found)).chance for key, found in pairs.items()}


class _Columns:
    """Rows of common anchors as columns of numbers, and the words that stand for the numbers."""

    def __init__(
        self, anchors: Sequence[Mapping[str, Any]], tasks: list[tuple[str, int]], districts: list[str]
    ) -> None:
        self.rows, self.tasks, self.districts = anchors, tasks, districts
        self.titles = {(row["common_task"], int(row["version"])): row["title"] for row in reversed(anchors)}
        self.names = sorted({_key(row) for row in anchors})

    def sums(self, measure: str, task: int | None = None, place: int | None = None) -> AnchorSums:
        """Return the sums of one value, of all rows or those of a task and a district."""
        found = AnchorSums.of([
            (self.tasks.index((row["common_task"], int(row["version"]))), self.districts.index(row["district"]),
             self.names.index(_key(row)), row["raters"], row["scores"], row[f"{measure}_total"], row[f"{measure}_squares"])
            for row in self.rows
        ])  # fmt: skip
        kept = np.ones(len(found.task), np.bool_)
        if task is not None:
            kept &= found.task == task
        if place is not None:
            kept &= found.place == place
        return found.only(kept)

    def told(
        self, task: int | None, place: int, measure: str, found: Estimate, rows: AnchorSums, chance: float | None
    ) -> Row:  # fmt: skip
        held = found.value is None
        return self._named(
            task, place, measure, found, chance=None if held or measure != "exact" else chance, anchors=len(rows.anchor),
            raters=int(rows.raters.max()), scores=int(rows.scores.sum()),
        )  # fmt: skip

    def apart(self, found: Apart) -> Row:
        return self._named(
            found.task, found.place, "severity", found.severity, anchors=found.anchors, raters=found.raters,
            scores=found.scores, flagged=found.flagged, false_alarm=FALSE_ALARM, comparisons=found.comparisons,
        )  # fmt: skip

    def _named(self, task: int | None, place: int, measure: str, found: Estimate, **more: Any) -> Row:
        name, number = (ALL, None) if task is None else self.tasks[task]
        low, high = found.interval or (None, None)
        return _row(
            ACROSS, self.districts[place], measure, task=name, task_version=number,
            title="" if task is None else self.titles[self.tasks[task]], value=found.value, low=low, high=high,
            confidence=found.confidence if found.interval else None, method=found.method, reasons=found.reasons, **more,
        )  # fmt: skip
