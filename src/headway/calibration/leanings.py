"""Figures by student group and of named beside blind ratings: a rater's own for that rater, of all raters for leaders.

Columns in, plain data out, as in `figures`; every number is asked of `science`. No figure says how few there were where it is
withheld: a group of which a rater met three would be told by its three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.calibration.gathering import Beside
from headway.calibration.telling import told
from headway.calibration.types import FEWEST_RATERS
from headway.science.agreement.against import leaning
from headway.science.agreement.by_group import FEWEST, GroupLeaning, common_leaning, leaning_by_group

Members = Mapping[str, set[int]]
Leanings = Mapping[str, Mapping[int, GroupLeaning]]
RACES = (
    "american_indian_or_alaska_native", "asian", "black_or_african_american", "native_hawaiian_or_other_pacific_islander",
    "white", "two_or_more_races",
)  # fmt: skip
"""Groups of which a student is in one: those that are shown must not tell the rest by subtraction."""


def least(minimum: int) -> int:
    """Return how many students of a group, and others, a figure needs: the district's least number, never below ten."""
    return max(FEWEST, minimum)


def by_rater(beside: Beside, groups: Members, minimum: int) -> Leanings:
    """Return how each rater leans for each group: made once for all, because each is steadied by the others."""
    return {
        name: {
            one.rater: one
            for one in leaning_by_group(
                beside.rater, beside.student, inside, beside.mine - beside.other, minimum=least(minimum)
            )
        }
        for name, inside in _inside(beside, groups).items()
    }


def own(beside: Beside, rater: int, groups: Members, minimum: int, leanings: Leanings) -> dict[str, Any]:
    """Return what one rater may learn: by group, and of their named beside others' blind levels of the same work."""
    mine = beside.only(beside.rater == rater)
    # A group that the rater never met stands here like one that they met too seldom: which, is not told.
    found = [
        {"group": name, **_hidden(told(rows[rater].found)),
         "others": rows[rater].others_n if rows[rater].found.interval else 0}
        for name, rows in leanings.items() if rater in rows
    ]  # fmt: skip
    return {"groups": found, "named": _named(mine, groups, minimum), "least": least(minimum)}


def common(beside: Beside, groups: Members, minimum: int) -> dict[str, Any]:
    """Return the same of all raters together, for leaders: from levels with a second reading by others than those raters."""
    apart = _by_enough(beside.only(beside.fixed), least(minimum))
    members = _inside(apart, groups)
    shown = _told_apart(apart, members, least(minimum))
    by_group = []
    for name, inside in members.items():
        found = common_leaning(
            apart.rater,
            apart.student,
            inside,
            apart.mine - apart.other,
            minimum=least(minimum),
            fewest_raters=FEWEST_RATERS,
        )
        held = {
            "value": None,
            "low": None,
            "high": None,
            "n": 0,
            "method": found.method,
            "reasons": ["protects"],
        }
        by_group.append(
            {"group": name, **(_hidden(told(found)) if name in shown or found.value is None else held)}
        )
    named = apart.only(apart.named)
    raters = len(np.unique(named.rater))
    return {
        "groups": by_group, "raters": len(np.unique(apart.rater)), "named_raters": raters, "least": least(minimum),
        "named": _named(named, {name: members_of for name, members_of in groups.items() if name in shown}, minimum,
                        fewest=FEWEST_RATERS),
    }  # fmt: skip


def _by_enough(beside: Beside, minimum: int) -> Beside:
    """Return what sessions tell in which three raters or more, and enough students, stand behind each kind of rating: so that
    the figures of two days, one session apart, tell of nobody."""
    kept = np.zeros(len(beside.rater), np.bool_)
    for kind in (False, True):
        for session in np.unique(beside.session[beside.named == kind]).tolist():
            at = (beside.named == kind) & (beside.session == session)
            enough = len(np.unique(beside.rater[at])) >= FEWEST_RATERS
            kept |= at & (enough and len(np.unique(beside.student[at])) >= minimum)
    return beside.only(kept)


def _inside(beside: Beside, groups: Members) -> dict[str, NDArray[np.bool_]]:
    return {name: np.isin(beside.student, list(who)) for name, who in sorted(groups.items())}


def _named(beside: Beside, groups: Members, minimum: int, *, fewest: int = 1) -> list[dict[str, Any]]:
    """Return named less blind levels of the same work: of all students (`group` empty), then of each group."""
    rows = beside.only(beside.named)
    parts = {"": np.ones(len(rows.rater), np.bool_), **_inside(rows, groups)}
    found = []
    for name, inside in parts.items():
        part = rows.only(inside)
        students, raters = len(np.unique(part.student)), len(np.unique(part.rater))
        others = len(np.unique(rows.student[~inside])) if name else least(minimum)
        one = told(leaning(part.mine, part.other, part.student))
        if min(students, others) < least(minimum):
            one |= {"value": None, "low": None, "high": None, "reasons": ["too_few_students"]}
        elif raters < fewest:
            one |= {"value": None, "low": None, "high": None, "reasons": ["raters_too_few"]}
        found.append({"group": name, **_hidden(one)})
    return found


def _hidden(one: dict[str, Any]) -> dict[str, Any]:
    """Return a figure without its n where it is withheld."""
    return one if one["value"] is not None else {**one, "n": 0}


def _told_apart(beside: Beside, members: Mapping[str, NDArray[np.bool_]], minimum: int) -> set[str]:
    """Return the groups that can be shown so that what is left of a whole is nobody or enough."""
    students = np.unique(beside.student)

    def size(name: str) -> int:
        return len(np.unique(beside.student[members[name]]))

    shown = {name for name in members if size(name) >= minimum and len(students) - size(name) >= minimum}
    races = sorted((name for name in shown if name in RACES), key=lambda name: (size(name), name))
    while races:
        covered = np.zeros(len(beside.student), np.bool_)
        for name in races:
            covered |= members[name]
        left = len(np.unique(beside.student[~covered]))
        if left == 0 or left >= minimum:
            break
        shown.discard(races.pop(0))
    return shown
