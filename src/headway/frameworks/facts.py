"""Facts of the continuums: the targets that a student can be rated on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headway.frameworks import queries
from headway.kit.facts import DAY, OPEN, TEXT, WHOLE, Column, Fact, Reading


def _targets(reading: Reading) -> Iterator[tuple[Any, ...]]:
    for tree in queries.remembered().trees.values():
        for node_id in tree.order:
            node = tree.nodes[node_id]
            if node.is_leaf:
                yield (
                    node.reference, node.framework, tree.framework.kind, area_of(tree, node_id), node.level, node.depth,
                    node.starts_on, node.ends_on, node.called("en"),
                )  # fmt: skip


def area_of(tree: Any, node_id: int) -> str | None:
    """Return the reference of the area at the top above a target, None where it stands directly under its continuum."""
    above = [item for item in tree.ancestors(node_id) if item in tree.roots]
    return tree.nodes[above[0]].reference if above else None


FACTS = (
    Fact(
        "target", "one row per target of a continuum, retired ones with them", "What students can be rated on.",
        (
            Column("target", TEXT, "FRAMEWORK:CODE, without a code its CASE identifier", OPEN),
            Column("framework", TEXT, "key of the continuum", OPEN),
            Column("kind", TEXT, "academic or lifelong", OPEN),
            Column("area", TEXT, "the area at the top above it", OPEN, missing="it stands directly under its continuum"),
            Column("continuum_level", WHOLE, "level of the continuum at which it stands", OPEN,
                   missing="the continuum has no levels"),
            Column("asks_depth", WHOLE, "depth of knowledge that it asks for", OPEN, "Webb, 1 to 4", "depth does not apply"),
            Column("starts_on", DAY, "first day in force", OPEN, missing="from the beginning"),
            Column("ends_on", DAY, "the day after the last in force", OPEN, missing="it is in force"),
            Column("name", TEXT, "its short name", OPEN),
        ),
        ("target",), _targets,
    ),
)  # fmt: skip
