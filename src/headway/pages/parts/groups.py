"""The targets of one level of a line under their competencies; of a long level only what was begun lies open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView, Tree

FOLDS_FROM = 60
"""More targets than this are too long a page: competencies without evidence then show their count only."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The targets of one competency that stand together. Where it is not `open`, the page shows how many there are."""

    name: str
    nodes: list[NodeView]
    open: bool


def gather(
    tree: Tree, nodes: Sequence[NodeView], *, begun: Collection[int], chosen: int | None, language: str
) -> list[Gathered]:
    """Return the targets by competency in their order. `begun` are keys with evidence; a chosen target's competency is open.

    Where nothing was begun and nothing is chosen, the first competency is open.
    """
    runs: list[tuple[str, list[NodeView]]] = []
    for node in nodes:
        parents = tree.parents[node.id]
        name = tree.nodes[parents[0]].called(language) if parents else tree.framework.called(language)
        if not runs or runs[-1][0] != name:
            runs.append((name, []))
        runs[-1][1].append(node)
    short = len(nodes) <= FOLDS_FROM
    found = [
        Gathered(name, own, short or any(one.id == chosen or one.id in begun for one in own))
        for name, own in runs
    ]
    if found and not any(one.open for one in found):
        found[0] = Gathered(found[0].name, found[0].nodes, True)
    return found


def line_and_level(node: NodeView) -> str:
    """Return the heading under which a target is chosen: its continuum in the reader's language, and its level."""
    tree = frameworks.tree(node.framework_id, at=frameworks.remembered_stamp())
    called = tree.framework.called(get_language() or "en")
    return f"{called} · {_('level')} {node.level}" if node.level else called
