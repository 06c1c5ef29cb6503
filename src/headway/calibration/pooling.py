"""Agreement over the finished sessions of a year, in steps: with clear anchors, within a school, across schools.

Columns in, plain data out, as in `figures`. Sessions of fewer than three raters stay out, and schools stand as in each session's
own figures, so that the whole less its parts tells of nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.calibration.figures import OTHERS, Scores, by_school, joined, read, told_apart
from headway.calibration.gathering import Blind
from headway.calibration.types import FEWEST_RATERS
from headway.science.agreement.against import against, among


def year(scores: Blind, school_name: Mapping[int, str]) -> dict[str, Any]:
    """Return agreement in three steps with how many sessions, works and raters it rests on; by school where three rate there."""
    kept = np.isin(scores.session, [one for one in np.unique(scores.session).tolist()
                                    if len(np.unique(scores.rater[scores.session == one])) >= FEWEST_RATERS])  # fmt: skip
    held_n = len(np.unique(scores.session[~kept]))
    scores = scores.only(kept)
    place = _places(scores, school_name)
    names = sorted(set(place.tolist()) - {OTHERS, None})
    return {
        "held_sessions": held_n,
        "all": _counted(scores, _among(scores, scores.work)),
        "anchors": _anchors(scores),
        "within": _within(scores, place),
        "across": _across(scores, place),
        "schools": [
            {"school": name, "within": _within(scores, place, name), "across": _across(scores, place, name)} for name in names
        ],
    }  # fmt: skip


def of_task(scores: Blind) -> dict[str, Any]:
    """Return agreement over finished sessions of one version of a task, and how often each level was given blind.

    Levels are counted where agreement may be told, and there only.
    """
    whole = year(scores, {})
    found = whole["all"]
    told = found is not None and found["exact"]["value"] is not None
    levels, n = np.unique(scores.level, return_counts=True)
    return {
        "all": found, "anchors": whole["anchors"], "held_sessions": whole["held_sessions"],
        "sessions": len(np.unique(scores.session)), "works": len(np.unique(scores.sample)),
        "levels": [{"level": round(100 * one), "n": each} for one, each in zip(levels.tolist(), n.tolist(), strict=True)]
        if told else [],
    }  # fmt: skip


def _places(scores: Blind, school_name: Mapping[int, str]) -> NDArray[Any]:
    """Return where each score's rater stands in its session: a school, others together, or None where neither may be told."""
    place = np.full(len(scores.rater), None, object)
    for one in np.unique(scores.session).tolist():
        at = np.flatnonzero(scores.session == one)
        school = dict(zip(scores.rater[at].tolist(), scores.school[at].tolist(), strict=True))
        raters = by_school({rater: school_name.get(key, OTHERS) for rater, key in school.items()})
        for name, schools, _ in told_apart(raters):
            who = set().union(*(raters[one] for one in schools))
            place[at[np.isin(scores.rater[at], list(who))]] = name
    return place


def _counted(scores: Blind, found: dict[str, Any]) -> dict[str, Any] | None:
    """Return a reading with the sessions and raters behind it; None where three raters do not stand behind it."""
    raters = len(np.unique(scores.rater))
    if raters < FEWEST_RATERS:
        return None
    return {**found, "raters": raters, "sessions": len(np.unique(scores.session))}


def _among(scores: Blind, unit: NDArray[np.int64]) -> dict[str, Any]:
    return read(among(scores.rater, scores.level, unit, scores.criterion, clusters=scores.sample))


def _anchors(scores: Blind) -> dict[str, Any] | None:
    part = scores.only(np.isfinite(scores.anchor))
    return _counted(
        part, read(against(part.level, part.anchor, part.work, part.criterion, clusters=part.sample))
    )


def _within(scores: Blind, place: NDArray[Any], name: str | None = None) -> dict[str, Any] | None:
    """Return how raters of one school agree with each other, over all schools that may be told, or in one."""
    inside = np.array([one not in (None, OTHERS) and name in (None, one) for one in place], np.bool_)
    part = scores.only(inside)
    # The same work in two schools is two units: nobody is compared with another school here.
    codes = np.unique(place[inside].astype(str), return_inverse=True)[1].reshape(-1)
    return _counted(part, _among(part, part.work * (int(codes.max(initial=0)) + 1) + codes))


def _across(scores: Blind, place: NDArray[Any], name: str | None = None) -> dict[str, Any] | None:
    """Return how raters agree with those who stand in another school, or those of one school with all others."""
    names = sorted(set(place.tolist()) - {None})
    pairs = [(one, other) for one in names for other in names
             if (one < other if name is None else one == name and other != name)]  # fmt: skip
    parts = [joined(*(_plain(scores.only(place == one)) for one in two)) for two in pairs]
    columns = [
        np.concatenate([getattr(one, column) for one in parts]) if parts else np.zeros(0)
        for column in ("mine", "theirs", "work", "criterion")
    ]
    behind = scores.only(np.isin(place.astype(str), names) if len(pairs) else np.zeros(len(place), np.bool_))
    sample = dict(zip(scores.work.tolist(), scores.sample.tolist(), strict=True))
    drawn = np.array([sample[one] for one in columns[2].astype(np.int64).tolist()], np.int64)
    return _counted(behind, read(against(*columns, clusters=drawn)))


def _plain(scores: Blind) -> Scores:
    return Scores(scores.rater, scores.work, scores.criterion, scores.level)
