"""What may be told of the survey and of the ledger by school: which schools stand alone, which together, what is new.

Plain data in and out. Schools are row keys; `NOWHERE` is who works at none, or at several.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from headway.calibration.telling import told
from headway.calibration.types import CAPACITY_LEVELS, FEWEST_ANSWERS, FEWEST_RATERS, ON_OWN, STATEMENTS
from headway.science.equity.shares import share

NOWHERE = 0
Line = dict[str, Any]
"""Answers that are told together: `schools`, `n`, `levels` (counts of each level by statement) and `help` by statement."""
Answer = tuple[int, Mapping[str, int], Collection[str]]
"""School, levels by statement, statements with which help is wanted."""
Count = tuple[int, int]
"""How many of how many."""


def stand_apart(size: Mapping[int, int], enough: Callable[[set[int]], bool]) -> list[set[int]]:
    """Return the sets of schools that are told, those alone first, the smallest first; last what stands together.

    A school that is not enough stands with the others of its kind, and so does who belongs to none. Where they are not enough
    together, the smallest other school joins, until they are; so the whole less its parts tells of nobody.
    """
    left = {one for one in size if one == NOWHERE or not enough({one})}
    apart = sorted((one for one in size if one not in left), key=lambda one: (size[one], one))
    while left and apart and not enough(left):
        left.add(apart.pop(0))
    return [{one} for one in apart] + ([left] if left and enough(left) else [])


def read(answers: Iterable[Answer]) -> list[Line]:
    """Return the answers as lines of five or more."""
    by_school: dict[int, list[Answer]] = {}
    for one in answers:
        by_school.setdefault(one[0], []).append(one)
    size = {school: len(found) for school, found in by_school.items()}
    groups = stand_apart(size, lambda schools: sum(size[one] for one in schools) >= FEWEST_ANSWERS)
    return [
        _counted(sorted(schools), [one for each in schools for one in by_school[each]]) for schools in groups
    ]


def _counted(schools: list[int], answers: list[Answer]) -> Line:
    return {
        "schools": schools,
        "n": len(answers),
        "levels": {
            key: [sum(levels.get(key) == level for _, levels, _ in answers) for level in CAPACITY_LEVELS]
            for key in STATEMENTS
        },
        "help": {key: sum(key in wished for _, _, wished in answers) for key in STATEMENTS},
    }


def renewed(past: list[list[Line]], now: list[Line]) -> list[Line]:
    """Return what is told from now on: the new lines where five more answers or none came, else the ones before.

    `past` are the pages that were told, the newest last; of older ones schools and numbers are enough. Lines that share a
    school, however far round, change together, and nothing changes as long as it does not fit every page before: of two days
    nothing can be subtracted but the growth of such a group, and that is never of one to four answers.
    """
    before = past[-1] if past else []
    kept: list[Line] = []
    for old, new in _linked(before, now):
        kept += new if _grown(old, new) else old
    fits = all(_grown(old, new) for page in past for old, new in _linked(page, kept))
    return kept if fits else before


def _grown(old: list[Line], new: list[Line]) -> bool:
    """Whether five more answers came, or none."""
    grown = _n(new) - _n(old)
    return grown == 0 or grown >= FEWEST_ANSWERS


def _n(lines: list[Line]) -> int:
    return sum(one["n"] for one in lines)


def _linked(before: list[Line], now: list[Line]) -> list[tuple[list[Line], list[Line]]]:
    """Return old and new lines in groups that share no school with another group."""
    groups: list[tuple[set[int], list[Line], list[Line]]] = []
    for at, line in [(1, one) for one in before] + [(2, one) for one in now]:
        schools, sides = set(line["schools"]), ([line], []) if at == 1 else ([], [line])
        for group in [one for one in groups if one[0] & schools]:
            groups.remove(group)
            schools |= group[0]
            sides = (group[1] + sides[0], group[2] + sides[1])
        groups.append((schools, *sides))
    return [(old, new) for _, old, new in groups]


def figures(
    found: Mapping[int, Count], school_of: Mapping[int, int], least: int, *, mean: bool
) -> dict[Any, Any]:
    """Return figures of an indicator by the schools (a frozen set of row keys) that they are of, and of all by None.

    `found` counts by adult (row key). A figure rests on `least` or more, and on three adults.
    """
    adults: dict[int, set[int]] = {}
    for adult, (_, n) in found.items():
        if n:
            adults.setdefault(school_of.get(adult, NOWHERE), set()).add(adult)

    def enough(schools: set[int]) -> bool:
        who = set().union(*(adults[one] for one in schools))
        return len(who) >= FEWEST_RATERS and sum(found[one][1] for one in who) >= least

    groups = stand_apart({school: len(who) for school, who in adults.items()}, enough)
    told_ = {
        frozenset(one): _figure(found, set().union(*(adults[each] for each in one)), mean) for one in groups
    }
    everybody = set().union(*adults.values())
    return told_ | ({None: _figure(found, everybody, mean)} if groups else {})


def _figure(found: Mapping[int, Count], who: Collection[int], mean: bool) -> dict[str, Any]:
    some, n = (sum(found[one][at] for one in who) for at in (0, 1))
    if mean:
        return {"value": some / n, "low": None, "high": None, "n": n, "method": "mean", "reasons": []}
    return told(share(some, n))


def summed(lines: list[Line]) -> Line:
    """Return lines put together."""
    return {
        "schools": sorted({one for line in lines for one in line["schools"]}),
        "n": _n(lines),
        "levels": {
            key: [sum(counts) for counts in zip(*(one["levels"][key] for one in lines), strict=True)]
            for key in STATEMENTS
        },
        "help": {key: sum(one["help"][key] for one in lines) for key in STATEMENTS},
    }


def shares(line: Line) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return by statement the share that does it without help, and the share that would like help."""
    on_own = {key: told(share(sum(line["levels"][key][ON_OWN - 1 :]), line["n"])) for key in STATEMENTS}
    return on_own, {key: told(share(line["help"][key], line["n"])) for key in STATEMENTS}
