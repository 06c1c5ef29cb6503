"""Competencies and areas from the targets below them, for several students at once.

A node's value comes from its own children by the policy that holds for the node; a parent that pools takes all counted
pieces of the targets below it. Targets that have ended drop out. A parent never hides its weakest child.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headway.frameworks.types import Tree
from headway.proficiency.levels import same_levels
from headway.proficiency.types import Effective
from headway.proficiency.working import Group, Moment, Pair, schools_of
from headway.science.codes import State
from headway.science.judgment import Determinations
from headway.science.metrics.growth import Growth, growth, growth_from_stored_or_first, parent_growth
from headway.science.proficiency.parents import pool
from headway.science.rounding import hundredths


@dataclass(frozen=True, slots=True)
class Summary:
    """One student on one item: what is shown of a competency, area or target. Values in levels, None where unknown."""

    student: int
    node: int
    value: float | None
    shown: int | None
    state: str
    n_counted: int
    n_total: int
    filled: int
    required: int
    depth: int
    growth: float | None
    per_year: float | None
    baseline: float | None
    decided: bool
    since: int
    weakest: int | None
    weakest_value: float | None
    error: float | None
    level: int
    proposed_level: int
    effective: Effective


def summaries(m: Moment, tree: Tree, groups: Sequence[Group], students: Iterable[int]) -> dict[Pair, Summary]:
    """Return targets and everything above them, by (student, item), for the items in force on the moment's day.

    Assumes that `groups` hold every target of the tree for every student, with rows or without.
    """
    found: dict[Pair, Summary] = {}
    for group in groups:
        found.update(leaf_summaries(m, group))
    listed = list(students)
    schools = schools_of(m, listed)
    by_school: dict[str | None, list[int]] = {}
    for student in listed:
        by_school.setdefault(schools[student], []).append(student)
    for node_id in _bottom_up(tree):
        children = [c for c in tree.children[node_id] if tree.nodes[c].holds(m.day)]
        if not children:
            continue
        for school, members in by_school.items():
            effective = m.book.effective(node=node_id, school=school, on=m.day)
            found.update(_parent(tree, node_id, children, members, effective, groups, found))
    return found


def _bottom_up(tree: Tree) -> list[int]:
    inner = [node for node in tree.order if not tree.nodes[node].is_leaf]
    rank: dict[int, int] = {}

    def height(node: int) -> int:
        below = [rank.get(child, 0) for child in tree.children[node]]
        return 1 + max(below, default=0)

    # A parent stands before its children in path order, so walking back meets children first; diamonds settle in a second walk.
    for _ in range(2):
        for node in reversed(inner):
            rank[node] = height(node)
    return sorted(inner, key=lambda node: rank[node])


def _none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def grown(m: Moment, group: Group) -> tuple[Growth, NDArray[np.float64], NDArray[np.float64]]:
    """Return growth by the definition in words, and (growth, baseline) in levels as the group's policy counts them."""
    worked = group.worked
    by_definition = growth(
        worked.pieces, worked.answer.value, today=m.today, error_now=worked.answer.standard_error
    )
    if group.effective[0].policy.growth.baseline == "stored-or-first":
        return by_definition, *growth_from_stored_or_first(worked.pieces)
    return by_definition, by_definition.value, by_definition.baseline


def leaf_summaries(m: Moment, group: Group) -> dict[Pair, Summary]:
    """Return the targets of one group, by (student, target)."""
    answer = group.worked.answer
    by_definition, change, baseline = grown(m, group)
    found = {}
    for at, (pair, effective) in enumerate(zip(group.pairs, group.effective, strict=True)):
        value = _none(answer.value[at])
        found[pair] = Summary(
            student=pair[0], node=pair[1], value=value, shown=None if value is None else int(answer.shown[at]),
            state=State(int(answer.state[at])).word, n_counted=int(answer.n_counted[at]), n_total=int(answer.n_total[at]),
            filled=int(answer.filled[at]), required=int(answer.required[at]), depth=int(answer.depth[at]),
            growth=_none(change[at]), per_year=_none(by_definition.per_year[at]), baseline=_none(baseline[at]),
            decided=bool(answer.decided[at]), since=int(answer.since_decision[at]), weakest=None, weakest_value=None,
            error=_none(answer.standard_error[at]), level=int(answer.level[at]),
            proposed_level=int(answer.proposed_level[at]), effective=effective,
        )  # fmt: skip
    return found


def _parent(
    tree: Tree, node_id: int, children: list[int], members: list[int], effective: Effective, groups: Sequence[Group],
    found: dict[Pair, Summary],
) -> dict[Pair, Summary]:  # fmt: skip
    cells = [
        (at, found[student, child])
        for at, student in enumerate(members)
        for child in children
        if (student, child) in found
    ]
    if not cells:
        return {}
    parent = np.array([at for at, _ in cells], np.int64)
    pooled = pool(_as_determinations([one for _, one in cells]), parent, len(members), _mean(effective))
    value, shown, state = pooled.value, pooled.shown, pooled.state
    if effective.policy.parent.rule == "pooled-mean":
        ours = _pooled(tree, node_id, members, effective, groups)
        if ours is not None:
            value, shown, state = ours
    apart = _on_other_scales(cells, effective)
    if apart:
        value, state = np.full(len(members), np.nan), _all_reached(cells, parent, len(members))
    needs = effective.policy.growth.needs_share
    rise = parent_growth(_column(cells, "growth"), parent, len(members), needs_share=needs)
    pace = parent_growth(_column(cells, "per_year"), parent, len(members), needs_share=needs)
    base = parent_growth(_column(cells, "baseline"), parent, len(members), needs_share=needs)
    totals = np.bincount(parent, [one.n_total for _, one in cells], len(members)).astype(int)
    made = {}
    for at, student in enumerate(members):
        weakest = int(pooled.weakest[at])
        known = _none(value[at])
        made[student, node_id] = Summary(
            student=student, node=node_id, value=known, shown=None if known is None else int(shown[at]),
            state=State(int(state[at])).word, n_counted=int(pooled.n_counted[at]), n_total=int(totals[at]),
            filled=int(pooled.filled[at]), required=int(pooled.required[at]),
            depth=max((one.depth for place, one in cells if place == at), default=0), growth=_none(rise[at]),
            per_year=_none(pace[at]), baseline=_none(base[at]), decided=False, since=0,
            weakest=cells[weakest][1].node if weakest >= 0 and not apart else None,
            weakest_value=None if apart else _none(pooled.weakest_value[at]),
            error=None, level=0, proposed_level=0, effective=effective,
        )  # fmt: skip
    return made


def _on_other_scales(cells: list[tuple[int, Summary]], effective: Effective) -> bool:
    """Whether some child stands on another scale than its parent: then there is no mean."""
    scales = {id(one.effective.scale): one.effective.scale for _, one in cells}
    return any(not same_levels(scale, effective.scale) for scale in scales.values())


def _all_reached(cells: list[tuple[int, Summary]], parent: NDArray[np.int64], count: int) -> NDArray[np.int8]:
    """Return the state of parents whose children stand on several scales: reached where every child is."""
    reached = np.array([one.state in ("proficient", "beyond") for _, one in cells], np.bool_)
    seen = np.array([one.value is not None for _, one in cells], np.bool_)
    every = np.bincount(parent[~reached], minlength=count) == 0
    some = np.bincount(parent[seen], minlength=count) > 0
    return np.where(every, State.PROFICIENT, np.where(some, State.NOT_YET, State.NO_EVIDENCE)).astype(np.int8)


def _mean(effective: Effective) -> Any:
    policy = effective.policy
    return (
        policy
        if policy.parent.rule == "mean"
        else replace(policy, parent=replace(policy.parent, rule="mean"))
    )


def _column(cells: list[tuple[int, Summary]], name: str) -> NDArray[np.float64]:
    return np.array(
        [np.nan if getattr(one, name) is None else getattr(one, name) for _, one in cells], np.float64
    )


def _as_determinations(cells: list[Summary]) -> Determinations:
    """Return children as the columns that pooling reads."""
    n = len(cells)
    value = np.array([np.nan if one.value is None else one.value for one in cells], np.float64)
    state = np.array([int(State.of(one.state)) for one in cells], np.int8)
    columns: dict[str, Any] = {f.name: np.zeros(n) for f in fields(Determinations)}
    columns.update(
        value=value, shown=hundredths(value), state=state, engine_value=value, engine_state=state,
        n_counted=np.array([one.n_counted for one in cells], np.int64),
        n_total=np.array([one.n_total for one in cells], np.int64),
        filled=np.array([one.filled for one in cells], np.int64),
        required=np.array([one.required for one in cells], np.int64),
        decided=np.array([one.decided for one in cells], np.bool_),
    )  # fmt: skip
    return Determinations(**columns)


def _pooled(
    tree: Tree, node_id: int, members: list[int], effective: Effective, groups: Sequence[Group]
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int8]] | None:
    """Pool the pieces of all targets below a node; None where they do not share one rule and scale."""
    below = set(tree.leaves[node_id])
    place = {student: at for at, student in enumerate(members)}
    own = [group for group in groups if any(t in below and s in place for s, t in group.pairs)]
    if len(own) != 1:
        return None
    group = own[0]
    parent = np.array([place[s] if t in below and s in place else -1 for s, t in group.pairs], np.int64)
    pooled = pool(
        group.worked.answer, parent, len(members), effective.policy, pieces=group.worked.pieces,
        weights=group.worked.weights,
    )  # fmt: skip
    return pooled.value, pooled.shown, pooled.state
