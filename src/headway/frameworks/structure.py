"""Circles in a directed graph. Pure, and without recursion: documents may be very deep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def circle(edges: Iterable[tuple[Key, Key]]) -> list[Key] | None:
    """Return one circle of a directed graph step by step, or None. An edge to itself is a circle of one."""
    onward: dict[Key, list[Key]] = defaultdict(list)
    inward: dict[Key, int] = defaultdict(int)
    for start, end in edges:
        onward[start].append(end)
        inward[end] += 1
        inward.setdefault(start, 0)
    free = [node for node, count in inward.items() if not count]
    while free:
        for end in onward[free.pop()]:
            inward[end] -= 1
            if not inward[end]:
                free.append(end)
    caught = {node for node, count in inward.items() if count}
    return _walk_back(onward, caught) if caught else None


def _walk_back(onward: Mapping[Key, list[Key]], caught: set[Key]) -> list[Key]:
    # Every item left over has a predecessor that is left over too; walking back must meet itself.
    before = {end: start for start in onward if start in caught for end in onward[start] if end in caught}
    node = next(iter(before))
    path: dict[Key, None] = {}
    while node not in path:
        path[node] = None
        node = before[node]
    steps = list(path)
    return steps[steps.index(node) :][::-1]
