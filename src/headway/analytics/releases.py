"""The ledger of releases: what was shown of each table before, so that two days together tell no more than one.

A file beside the snapshots. It holds counts as they were shown, and names nobody; it outlives the snapshots, because what was
read once is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from headway.analytics.metrics import EXPLAINED, METRICS, STATES, STEPS
from headway.analytics.queries import folder
from headway.analytics.types import TOTAL, Figures
from headway.kit.disk import write_whole
from headway.science.disclosure.releases import Label, Release

NAME = "releases.json"
DAYS = 400
"""So long a release is held against later ones: a school year, and the beginning of the next."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One table as it left the gate on a day. The first `kept_apart` words of a label name the table."""

    on: date
    release: Release


Key = tuple[str, int, tuple[str, ...]]
"""Metric, its version, and the columns."""


def shown(figures: Figures, *, on: date) -> Shown:
    """Return what a reader of figures knows of their numbers of students.

    Where states are told, a label has the state as its last word; of a state without a number nothing says whether it is small.
    """
    counts: dict[Label, float | None] = {}
    small: set[Label] = set()
    states = METRICS[figures.metric].kind == STATES
    for cell in figures.cells:
        whole = (*cell.part, TOTAL) if states else cell.part
        counts[whole] = cell.n
        if cell.withheld == "small":
            small.add(whole)
        for state in cell.states:
            counts[(*cell.part, state.name)] = state.n
    return Shown(on, Release(counts, frozenset(small)))


def known() -> dict[Key, list[Shown]]:
    """Return every release that is held against later ones, by table."""
    path = folder() / NAME
    if not path.exists():
        return {}
    return {
        (one["metric"], one["version"], tuple(one["names"])): [_read(each) for each in one["shown"]]
        for one in json.loads(path.read_text(encoding="utf-8"))
    }


def note(figures: Iterable[Figures], *, on: date) -> None:
    """This will add what was shown on a day to the ledger; of releases that withhold the same cells the newest is kept."""
    ledger = known()
    for one in figures:
        if METRICS[one.metric].kind in (STEPS, EXPLAINED):
            # No table of counts: the gate looks at its groups alone.
            continue
        own = shown(one, on=on)
        key = (one.metric, one.version, one.names)
        kept = [
            each
            for each in ledger.get(key, [])
            if each.release.withheld != own.release.withheld and each.on > on - timedelta(days=DAYS)
        ]
        ledger[key] = [*kept, own] if own.release.withheld else kept
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(folder() / NAME, _text(ledger).encode())


def _text(ledger: Mapping[Key, Sequence[Shown]]) -> str:
    said = [
        {"metric": metric, "version": version, "names": names, "shown": [_said(one) for one in each]}
        for (metric, version, names), each in ledger.items()
        if each
    ]
    return json.dumps(said, ensure_ascii=False)


def _said(one: Shown) -> dict[str, object]:
    cells = [[*label, count, label in one.release.small] for label, count in one.release.shown.items()]
    return {"on": one.on.isoformat(), "cells": cells}


def _read(said: Mapping[str, list[list[str]]]) -> Shown:
    counts: dict[Label, float | None] = {}
    small = set()
    for *label, count, is_small in said["cells"]:
        counts[tuple(label)] = count
        if is_small:
            small.add(tuple(label))
    return Shown(date.fromisoformat(str(said["on"])), Release(counts, frozenset(small)))
