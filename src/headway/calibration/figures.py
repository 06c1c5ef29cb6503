"""The figures of a session from plain columns of scores: what each rater may learn, and what may be said of many.

Columns in, plain data out; every number is asked of `science`. Estimates are written with value, interval, n, method, reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.calibration.telling import plain as _plain
from headway.calibration.telling import told
from headway.calibration.types import FEWEST_RATERS
from headway.science.agreement.against import Reading, against, among, confusion, farthest, leaning
from headway.science.agreement.rescoring import school_gaps
from headway.science.estimates import EstimateRefused
from headway.science.facets.estimates import FacetsFit
from headway.science.facets.fitting import facets
from headway.science.facets.ratings import FacetsRefused
from headway.science.facets.severity import severity_adjustment

VERSION = 2
OTHERS = ""
"""Stands for the schools that are too few raters each, put together."""
FALSE_ALARM = 0.05


@dataclass(frozen=True, slots=True)
class Scores:
    """Blind scores, one entry each: row keys of `rater`, `work` and `criterion`, `level` in levels (not hundredths)."""

    rater: NDArray[np.int64]
    work: NDArray[np.int64]
    criterion: NDArray[np.int64]
    level: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int]]) -> Scores:
        """Return columns of (rater, work, criterion, level in hundredths)."""
        table = np.array(rows, np.int64).reshape(-1, 4)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3] / 100)

    def only(self, kept: NDArray[np.bool_]) -> Scores:
        """Return the scores where `kept`."""
        return Scores(self.rater[kept], self.work[kept], self.criterion[kept], self.level[kept])


@dataclass(frozen=True, slots=True)
class Pairs:
    """One rater's scores beside another reading of the same: `mine`, `theirs`, `work`, `criterion`."""

    mine: NDArray[np.float64]
    theirs: NDArray[np.float64]
    work: NDArray[np.int64]
    criterion: NDArray[np.int64]

    def reading(self) -> dict[str, Any]:
        """Return how the two agree, as plain data."""
        return read(against(self.mine, self.theirs, self.work, self.criterion))

    def on(self, criterion: int) -> Pairs:
        """Return the pairs on one criterion."""
        at = self.criterion == criterion
        return Pairs(self.mine[at], self.theirs[at], self.work[at], self.criterion[at])


def read(found: Reading) -> dict[str, Any]:
    """Return a reading as plain data."""
    return {
        "exact": told(found.exact), "adjacent": told(found.adjacent), "kappa": told(found.kappa), "alpha": told(found.alpha),
        "chance": _plain(found.chance), "pieces": found.pieces, "scores": found.scores,
    }  # fmt: skip


def beside_peers(scores: Scores, rater: int, others: NDArray[np.bool_] | None = None) -> Pairs:
    """Return a rater's scores beside each other score of the same work and criterion; `others` narrows whose."""
    own = scores.rater == rater
    rest = ~own if others is None else others & ~own
    return joined(scores.only(own), scores.only(rest))


def joined(mine: Scores, theirs: Scores) -> Pairs:
    """Return each score beside each other one of the same work and criterion."""
    top = int(max(mine.criterion.max(initial=0), theirs.criterion.max(initial=0))) + 1
    here, there = mine.work * top + mine.criterion, theirs.work * top + theirs.criterion
    order = np.argsort(there, kind="stable")
    first = np.searchsorted(there[order], here, side="left")
    n = np.searchsorted(there[order], here, side="right") - first
    at = np.repeat(np.arange(len(here)), n)
    place = order[np.repeat(first - np.cumsum(n) + n, n) + np.arange(int(n.sum()))]
    return Pairs(mine.level[at], theirs.level[place], mine.work[at], mine.criterion[at])


def beside_anchors(scores: Scores, rater: int, anchors: Mapping[tuple[int, int], float]) -> Pairs:
    """Return a rater's scores beside the agreed levels of anchors, by (work, criterion)."""
    own = scores.only(scores.rater == rater)
    known = np.array(
        [anchors.get(key, np.nan) for key in zip(own.work.tolist(), own.criterion.tolist(), strict=True)]
    )
    kept = np.isfinite(known) if len(known) else np.zeros(0, np.bool_)
    return Pairs(own.level[kept], known[kept] if len(known) else known, own.work[kept], own.criterion[kept])


# Each rater's own.


def fitted(scores: Scores) -> FacetsFit | str:
    """Return the many-facet model of a session, or the code of why there is none."""
    if len(np.unique(scores.rater)) < 2:
        return "no_raters"
    columns: dict[str, Any] = {"student": scores.work, "rater": scores.rater}
    if len(np.unique(scores.criterion)) > 1:
        columns["criterion"] = scores.criterion
    try:
        return facets(scores.level, columns)
    except FacetsRefused as refused:
        return refused.code


def severity(fit: FacetsFit | str, rater: int) -> dict[str, Any]:
    """Return how severe a rater is, in levels, where definition 16 lets it be said; above zero is more severe than the others."""
    if isinstance(fit, str):
        return _no_severity("", fit)
    try:
        found = severity_adjustment(fit, str(rater), 0.0, blind=True)
    except FacetsRefused as refused:
        return _no_severity(fit.method, refused.code)
    held = [one for one in ("not_linked", "too_few_linked", "too_uncertain") if one in found.reasons]
    shown = not held and found.interval is not None
    low, high = found.interval if shown and found.interval else (None, None)
    return {
        "value": _plain(found.shrunken) if shown else None, "low": _plain(low), "high": _plain(high),
        "error": _plain(found.standard_error), "raw": _plain(found.severity_levels) if shown else None, "n": found.n,
        "method": found.method, "reasons": held,
    }  # fmt: skip


def _no_severity(method: str, why: str) -> dict[str, Any]:
    return {
        "value": None,
        "low": None,
        "high": None,
        "error": None,
        "n": 0,
        "method": method,
        "reasons": [why],
    }


def own_report(
    scores: Scores, rater: int, fit: FacetsFit | str, anchors: Mapping[tuple[int, int], float], levels: Sequence[float],
    criteria: Sequence[int], drift: Mapping[str, Any], second: Mapping[str, int],
) -> dict[str, Any]:  # fmt: skip
    """Return what one rater may learn of their own scores, as plain data; works and criteria by row key."""
    peers, fixed = beside_peers(scores, rater), beside_anchors(scores, rater, anchors)
    whole = Pairs(*(np.concatenate(two) for two in zip(
        (peers.mine, peers.theirs, peers.work, peers.criterion),
        (fixed.mine, fixed.theirs, fixed.work, fixed.criterion), strict=True)))  # fmt: skip
    return {
        "version": VERSION,
        "scores": int((scores.rater == rater).sum()),
        "works": len(np.unique(scores.work[scores.rater == rater])),
        "anchors": fixed.reading(),
        "peers": peers.reading(),
        "leaning": told(leaning(peers.mine, peers.theirs, peers.work)),
        "severity": severity(fit, rater),
        "criteria": [_on_criterion(peers.on(one), one) for one in criteria],
        "scale": {"levels": list(levels), "counts": confusion(peers.mine, peers.theirs, levels).tolist()},
        "drift": dict(drift),
        "reread": [{"work": work, "distance": _plain(far)} for work, far in farthest(whole.mine, whole.theirs, whole.work)],
        "second": dict(second),
    }  # fmt: skip


def _on_criterion(pairs: Pairs, criterion: int) -> dict[str, Any]:
    return {
        "criterion": criterion, "leaning": told(leaning(pairs.mine, pairs.theirs, pairs.work)),
        "exact": pairs.reading()["exact"],
    }  # fmt: skip


def drift(rows: Sequence[tuple[int, int, int, int, int]], rater: int, session: int) -> dict[str, Any]:
    """Return how a rater's severity in this session departs from their own mean over the sessions that share anchors.

    `rows` are (session, person, sample, criterion, level in hundredths) of anchors that several sessions scored; `rater` is
    the person. Reasons: `first_session`, and those of the model.
    """
    table = np.array(rows, np.int64).reshape(-1, 5)
    windows = np.unique(table[table[:, 1] == rater, 0])
    if len(windows) < 2 or session not in windows:
        return {"reasons": ["first_session"], "windows": len(windows)}
    columns: dict[str, Any] = {"student": table[:, 2], "rater": table[:, 1], "window": table[:, 0]}
    if len(np.unique(table[:, 3])) > 1:
        columns["criterion"] = table[:, 3]
    try:
        fit = facets(table[:, 4] / 100, columns, false_alarm=FALSE_ALARM)
    except FacetsRefused as refused:
        return {"reasons": [refused.code], "windows": len(windows)}
    changed = fit.differences.get("window")
    own = [] if changed is None else [
        one for one in changed.rows if one.rater == str(rater) and one.context == str(session)
    ]  # fmt: skip
    if not own:
        return {"reasons": ["window_not_separable"], "windows": len(windows)}
    one = own[0]
    reasons = [one.reason] if one.reason else []
    return {
        "value": _plain(one.levels), "low": _in_levels(one.low, one), "high": _in_levels(one.high, one), "n": one.count,
        "flagged": bool(one.flagged), "false_alarm": FALSE_ALARM, "method": f"{fit.method}, drift by session",
        "reasons": reasons, "windows": len(windows),
    }  # fmt: skip


def _in_levels(bound: float, one: Any) -> float | None:
    """Return a bound of a difference in levels, by the slope that its value was turned with."""
    return _plain(bound * one.levels / one.value) if one.value else None


# What may be said of many.


def group_report(
    scores: Scores, criteria: Sequence[int], area_of: Mapping[int, str], school_of: Mapping[int, str],
    anchors: Mapping[tuple[int, int], float],
) -> dict[str, Any]:  # fmt: skip
    """Return what a session says of its rubric, by area and by school: no figure rests on fewer than three raters."""
    raters = len(np.unique(scores.rater))
    held = raters < FEWEST_RATERS
    areas = sorted(set(area_of.values()))
    by_line = {one: scores.only(scores.criterion == one) for one in criteria}
    by_area = {
        area: scores.only(np.isin(scores.criterion, [c for c in criteria if area_of[c] == area]))
        for area in areas
    }
    own = (
        [beside_anchors(scores, one, anchors) for one in np.unique(scores.rater).tolist()] if not held else []
    )
    return {
        "version": VERSION,
        "raters": raters,
        "withheld": held,
        "all": None if held else _among(scores),
        "anchors": _with_anchors(own) if sum(len(one.mine) > 0 for one in own) >= FEWEST_RATERS else None,
        "criteria": [{"criterion": one, **_among(each)} for one in criteria if _enough(each := by_line[one])],
        "areas": [{"area": area, **_among(each)} for area in areas if _enough(each := by_area[area])],
        "schools": [] if held else _schools(scores, school_of),
    }  # fmt: skip


def _enough(scores: Scores) -> bool:
    """Return whether a figure of these scores rests on three raters who scored what another scored too."""
    _keys, unit, n = np.unique(
        np.column_stack([scores.work, scores.criterion]), axis=0, return_inverse=True, return_counts=True
    )
    return len(np.unique(scores.rater[n[unit.reshape(-1)] > 1])) >= FEWEST_RATERS


def _among(scores: Scores) -> dict[str, Any]:
    return read(among(scores.rater, scores.level, scores.work, scores.criterion))


def _with_anchors(own: Sequence[Pairs]) -> dict[str, Any]:
    return read(
        against(
            *(
                np.concatenate([getattr(one, name) for one in own])
                for name in ("mine", "theirs", "work", "criterion")
            )
        )
    )


def told_apart(raters: Mapping[str, set[int]]) -> list[tuple[str, set[str], int]]:
    """Return, from the raters (row keys) of each school, what may be told: name, its schools, how many raters; by name.

    Schools of fewer than three raters stand together, and so do raters of none. Where what stands together is fewer than
    three too, the school with fewest joins it, so that no subtraction tells one of them.
    """
    left = [name for name, found in raters.items() if name == OTHERS or len(found) < FEWEST_RATERS]
    apart = sorted((name for name in raters if name not in left), key=lambda name: (len(raters[name]), name))

    def behind() -> int:
        return len(set().union(*(raters[name] for name in left)))

    while left and behind() < FEWEST_RATERS and apart:
        left.append(apart.pop(0))
    found = [(name, {name}, len(raters[name])) for name in sorted(apart)]
    return found + ([(OTHERS, set(left), behind())] if behind() >= FEWEST_RATERS else [])


def by_school(school_of: Mapping[int, str]) -> dict[str, set[int]]:
    """Return the raters of each school, from the school of each rater."""
    found: dict[str, set[int]] = {}
    for rater, school in school_of.items():
        found.setdefault(school or OTHERS, set()).add(rater)
    return found


def _schools(scores: Scores, school_of: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return agreement within each school and with raters of other schools."""
    found = []
    raters = by_school({one: school_of.get(one, "") for one in np.unique(scores.rater).tolist()})
    for name, schools, n in told_apart(raters):
        inside = np.isin(scores.rater, list(set().union(*(raters[one] for one in schools))))
        across = joined(scores.only(inside), scores.only(~inside))
        found.append({
            "school": name, "raters": n, "within": _among(scores.only(inside)), "across": across.reading(),
        })  # fmt: skip
    return found


def gaps(
    scores: Scores, local: Mapping[tuple[int, int], float], school_of_work: Mapping[int, str],
    rater_of_work: Mapping[int, set[int]],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return by how much everyday levels lie above the blind second scores, by school, at the stated rate of false alarms.

    `rater_of_work` gave a work its everyday levels: a school of fewer than three of them has no line of its own.
    """
    raters: dict[str, set[int]] = {}
    for work, who in rater_of_work.items():
        if who and school_of_work.get(work):
            raters.setdefault(school_of_work[work], set()).update(who)
    line = {one: name for name, schools, _ in told_apart(raters) for one in schools}
    keys, at = np.unique(np.column_stack([scores.work, scores.criterion]), axis=0, return_inverse=True)
    second = np.bincount(at.reshape(-1), scores.level, len(keys)) / np.maximum(
        1, np.bincount(at.reshape(-1), minlength=len(keys))
    )
    first = np.array([local.get((work, line), np.nan) for work, line in keys.tolist()])
    where = [
        line.get(school_of_work.get(work, "")) if rater_of_work.get(work) else None
        for work in keys[:, 0].tolist()
    ]
    kept = [n for n in range(len(keys)) if np.isfinite(first[n]) and where[n] is not None]
    if not kept:
        return []
    try:
        found = school_gaps(
            first[kept], second[kept], [str(where[n]) for n in kept], keys[kept, 0], false_alarm=FALSE_ALARM
        )
    except EstimateRefused:
        return []
    return [
        {"school": one.school, "gap": told(one.gap), "beside": told(one.beside), "flagged": one.flagged,
         "false_alarm": FALSE_ALARM} for one in found
    ]  # fmt: skip
