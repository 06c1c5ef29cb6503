"""Rubrics and descriptors: a criterion gives its item's descriptors, and finds its way out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from headway.frameworks.types import FrameworkRecord, NodeRecord
from headway.interop.case import shape
from headway.interop.case.cleaning import Reading

_CRITERIA, _LEVELS = "CFRubricCriteria", "CFRubricCriterionLevels"


def attach(
    reading: Reading,
    rubrics: Sequence[dict[str, Any]],
    framework: FrameworkRecord,
    nodes: dict[str, NodeRecord],
    base: str,
) -> tuple[dict[str, NodeRecord], list[dict[str, Any]]]:
    """Return the items with their descriptors, and the rubrics with what belongs to no item.

    The first criterion of an item speaks for it. Identifiers and everything else that a criterion says are
    kept with the item, unless they are what we would write anyway.
    """
    found, shells = dict(nodes), []
    for rubric in rubrics:
        shell = _cleaned(reading, "CFRubrics", rubric)
        left, usual = [], False
        for criterion in shell.pop(_CRITERIA, ()):
            criterion = _criterion(reading, criterion)
            name = criterion.get("CFItemURI", {}).get("identifier")
            if name not in found or found[name].descriptors or not criterion.get(_LEVELS):
                left.append(criterion)
                continue
            found[name], was_usual = _with_descriptors(found[name], criterion, framework, base, shell)
            usual = usual or was_usual
        if left:
            shell[_CRITERIA] = left
        if not usual or shell != shape.default_rubric(framework, base, ""):
            shells.append(shell)
    return found, shells


def build(
    framework: FrameworkRecord,
    nodes: Sequence[NodeRecord],
    shells: Sequence[Mapping[str, Any]],
    base: str,
    at: str,
) -> list[dict[str, Any]]:
    """Return the rubrics of a package as strict 1.1, criteria in the order of their items."""
    written = {shell["identifier"]: {**shell, _CRITERIA: list(shell.get(_CRITERIA, ()))} for shell in shells}
    usual = shape.default_rubric(framework, base, at)
    for node in nodes:
        if node.descriptors:
            criterion = _out(framework, node, base, at)
            name = node.extra.get("criterion", {}).get("rubric", usual["identifier"])
            written.setdefault(name, {**usual, "identifier": name, _CRITERIA: []})[_CRITERIA].append(
                criterion
            )
    for rubric in written.values():
        rubric.setdefault("lastChangeDateTime", at)
        rubric[_CRITERIA].sort(key=lambda c: (c.get("position") is None, c.get("position", 0)))
        if not rubric[_CRITERIA]:
            del rubric[_CRITERIA]
    return list(written.values())


def _with_descriptors(
    node: NodeRecord,
    criterion: dict[str, Any],
    framework: FrameworkRecord,
    base: str,
    shell: Mapping[str, Any],
) -> tuple[NodeRecord, bool]:
    levels = sorted(
        criterion[_LEVELS], key=lambda level: (level.get("position") is None, level.get("position", 0))
    )
    node = replace(node, descriptors=tuple(level.get("description", "") for level in levels))
    if {**criterion, _LEVELS: levels} == shape.default_criterion(framework, node, base, ""):
        return node, True
    kept = {
        **criterion,
        "rubric": shell["identifier"],
        _LEVELS: [{k: v for k, v in level.items() if k != "description"} for level in levels],
    }
    if kept["CFItemURI"] == shape.node_link(node, base):
        del kept["CFItemURI"]
    return replace(node, extra={**node.extra, "criterion": kept}), False


def _out(framework: FrameworkRecord, node: NodeRecord, base: str, at: str) -> dict[str, Any]:
    usual = shape.default_criterion(framework, node, base, at)
    kept = node.extra.get("criterion")
    if kept is None:
        return usual
    stored = kept.get(_LEVELS, [])
    levels = []
    for rank, level in enumerate(usual[_LEVELS]):
        if rank < len(stored):
            level = {
                **stored[rank],
                **({"description": level["description"]} if level["description"] else {}),
            }
            level.setdefault("lastChangeDateTime", usual["lastChangeDateTime"])
        else:
            level = {**level, "rubricCriterionId": kept["identifier"]}
        levels.append(level)
    criterion = {
        "CFItemURI": usual["CFItemURI"],
        "lastChangeDateTime": usual["lastChangeDateTime"],
        **{name: value for name, value in kept.items() if name not in ("rubric", _LEVELS)},
    }
    return {**criterion, _LEVELS: levels}


def _criterion(reading: Reading, found: dict[str, Any]) -> dict[str, Any]:
    criterion = _cleaned(reading, _CRITERIA, found)
    if _LEVELS in criterion:
        criterion[_LEVELS] = [_cleaned(reading, _LEVELS, level) for level in criterion[_LEVELS]]
    return criterion


def _cleaned(reading: Reading, part: str, found: dict[str, Any]) -> dict[str, Any]:
    fits, aside = reading.clean(part, found)
    if "identifier" not in fits:
        reading.fault(
            "identifier_not_uuid",
            "A rubric's parts are known by UUIDs.",
            f"{part}.identifier",
            found.get("identifier"),
            str(found.get("identifier")),
        )
        fits["identifier"] = ""
    fits.setdefault("uri", shape.address(part, fits["identifier"], ""))
    if "lastChangeDateTime" not in fits:
        reading.dropped[f"{part}.lastChangeDateTime (missing)"] += 1
    if aside:
        ours = {"unknown": aside}
        if part == _LEVELS:
            fits["extensions"] = [*fits.get("extensions", ()), {shape.OURS: ours}]
        else:
            fits["extensions"] = {**fits.get("extensions", {}), shape.OURS: ours}
    return fits
