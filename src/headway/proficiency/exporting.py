"""Determinations as rows of a file: one per target, competency and area with an event for the student."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.proficiency.parents import Summary, summaries
from headway.proficiency.working import Moment, determine_all, rows_of
from headway.rosters import queries as rosters
from headway.science.rounding import half_up

COLUMNS = (
    "student", "target", "value", "state", "rule", "rule_version", "parameters", "n_counted", "n_total", "progress",
    "growth", "baseline", "depth", "reasons", "growth_per_year", "decided", "since_decision", "weakest", "weakest_value",
    "standard_error", "continuum_level", "proposed_level", "framework", "kind", "policy", "policy_version",
)  # fmt: skip
BATCH = 200
Statements = Mapping[tuple[int, int], str]


def exported_rows(
    m: Moment, *, students: Sequence[int] | None = None, statements: Statements = MappingProxyType({})
) -> Iterable[dict[str, Any]]:
    """Yield the rows of students (None: all with events) in order of student and path; memory holds 200 students.

    `statements` are what families state beside a level, by (student, item): they stand among the reasons.
    """
    listed = list(students) if students is not None else evidence.students_rated()
    names = {key: person.sourced_id for key, person in rosters.people_by_id(person_ids=listed).items()}
    for start in range(0, len(listed), BATCH):
        part = sorted(listed[start : start + BATCH], key=lambda key: names[key])
        yield from _part(m, part, names, statements)


def _part(
    m: Moment, students: list[int], names: dict[int, str], statements: Statements
) -> Iterable[dict[str, Any]]:
    rows = rows_of(m, students=students)
    by_framework: dict[int, list[Any]] = {}
    for row in rows:
        by_framework.setdefault(frameworks.node(row[1]).framework_id, []).append(row)
    found: dict[int, list[tuple[tuple[str, int], dict[str, Any]]]] = {student: [] for student in students}
    for framework_id, own in by_framework.items():
        tree = frameworks.tree(framework_id, at=frameworks.remembered_stamp())
        touched = sorted({row[0] for row in own})
        rated = {row[1] for row in own}
        leaves = [n.id for n in tree.nodes.values() if n.is_leaf and (n.holds(m.day) or n.id in rated)]
        pairs = [(student, leaf) for student in touched for leaf in leaves]
        groups = determine_all(m, own, pairs=pairs, errors=True, weigh=True)
        for (student, node), one in summaries(m, tree, groups, touched).items():
            if one.n_total:
                item = tree.nodes[node]
                row = row_of(one, item, names[student])
                if (student, node) in statements:
                    row["reasons"] += f"; the family states: {statements[student, node]}"
                found[student].append(((tree.framework.key, item.position), row))
    for student in students:
        yield from (row for _, row in sorted(found[student], key=lambda entry: entry[0]))


def row_of(one: Summary, item: Any, student: str) -> dict[str, Any]:
    """Return one row: values in levels on the target's scale, shares from 0 to 1, empty where unknown."""
    policy, effective = one.effective.policy, one.effective
    applies = item.depth is not None or not item.is_leaf
    return {
        "student": student,
        "target": item.reference if _ambiguous(item) else (item.code or str(item.uuid)),
        "value": None if one.shown is None else one.shown / 100,
        "state": one.state,
        "rule": policy.rule if item.is_leaf else policy.parent.rule,
        "rule_version": policy.version,
        "parameters": json.dumps(
            policy.parameters.as_mapping() if item.is_leaf else _of_parent(policy.parent), sort_keys=True
        ),
        "n_counted": one.n_counted,
        "n_total": one.n_total,
        "progress": None if not one.required else round(one.filled / one.required, 6),
        "growth": rounded(one.growth),
        "baseline": rounded(one.baseline),
        "depth": one.depth if applies and one.depth else None,
        "reasons": reasons(one),
        "growth_per_year": rounded(one.per_year),
        "decided": one.decided,
        "since_decision": one.since,
        "weakest": None if one.weakest is None else frameworks.node(one.weakest).label,
        "weakest_value": rounded(one.weakest_value),
        "standard_error": None if one.error is None else round(one.error, 6),
        "continuum_level": one.level or None,
        "proposed_level": one.proposed_level or None,
        "framework": item.framework,
        "kind": item.kind or ("target" if item.is_leaf else "area"),
        "policy": effective.name,
        "policy_version": effective.number,
    }


def _of_parent(parent: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in (("decimals", parent.decimals), ("floor", parent.floor))
        if value is not None
    }


def rounded(value: float | None) -> float | None:
    """Return a value rounded half up to hundredths, as it is shown."""
    return None if value is None else float(half_up(value, 2))


def _ambiguous(item: Any) -> bool:
    return bool(item.code) and len(frameworks.remembered().by_code.get(item.code, ())) > 1


def reasons(one: Summary) -> str:
    """Say in a few words why the row reads as it does."""
    parts = [f"{one.n_counted} of {one.n_total} count", f"{one.filled} of {one.required} required"]
    if one.decided:
        parts.append(f"decided by a teacher, {one.since} since")
    if one.weakest is not None:
        parts.append(f"weakest {frameworks.node(one.weakest).label}")
    return "; ".join(parts)
