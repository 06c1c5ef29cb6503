"""The continuums in memory: read once per revision, walked by pages without a statement."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID

from django.db import connection

from headway.frameworks.models import Framework, Node, Relation
from headway.frameworks.types import CHILD_OF, HELPS, PRECEDES, REPLACED_BY, FrameworkView, NodeView, Tree

Stamp = tuple[tuple[int, str], ...]

# What this thread saw last, so that a question asked for every cell of a page costs no statement of its own.
_seen = threading.local()


@dataclass(frozen=True, slots=True)
class Forest:
    """All continuums of one moment: `trees` by row key, and what goes across them.

    `crossing` are prerequisites between items of different continuums: by the later item, the earlier ones.
    """

    trees: Mapping[int, Tree]
    by_key: Mapping[str, int]
    framework_of: Mapping[int, int]
    by_uuid: Mapping[UUID, int]
    by_code: Mapping[str, tuple[int, ...]]
    replaced: Mapping[int, tuple[int, ...]]
    crossing: Mapping[int, tuple[int, ...]]
    _before: dict[int, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    def node(self, node_id: int) -> NodeView:
        """Return an item by row key."""
        return self.trees[self.framework_of[node_id]].nodes[node_id]

    def prerequisites(self, node_id: int) -> tuple[int, ...]:
        """Return the targets that must be learned before an item. Remembered."""
        found = self._before.get(node_id)
        if found is None:
            tree = self.trees[self.framework_of[node_id]]
            earlier = [
                one for step in (node_id, *tree.ancestors(node_id))
                for one in (*tree.before.get(step, ()), *self.crossing.get(step, ()))
            ]  # fmt: skip
            leaves = [leaf for one in earlier for leaf in self.trees[self.framework_of[one]].leaves[one]]
            found = self._before[node_id] = tuple(dict.fromkeys(leaf for leaf in leaves if leaf != node_id))
        return found


REVISIONS = "SELECT id, revision FROM headway_framework"
"""What a stamp is made of, for whoever asks it in one statement with more."""


def stamp() -> Stamp:
    """Return what changes when any continuum changes: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"{REVISIONS} ORDER BY id")
        return stamped(cursor.fetchall())


def stamped(rows: Iterable[tuple[int, int]]) -> Stamp:
    """Return the stamp of what `REVISIONS` says, in the order of its first column, and remember it for this thread."""
    found = tuple((row[0], row[1]) for row in rows)
    _seen.stamp = (_database(), found)
    return found


def forest(at: Stamp | None = None) -> Forest:
    """Return all continuums as of a stamp (None: as of now, one statement)."""
    return _forest(_database(), stamp() if at is None else at)


def remembered() -> Forest:
    """Return all continuums as this thread saw them last."""
    return forest(remembered_stamp())


def remembered_stamp() -> Stamp:
    """Return the stamp that this thread saw last; asks only where it never did.

    Every request asks once at its beginning, and so does every import after its work.
    """
    database, found = getattr(_seen, "stamp", (None, None))
    return found if found is not None and database == _database() else stamp()


def _database() -> str:
    return str(connection.settings_dict["NAME"])


@lru_cache(maxsize=4)
def _forest(database: str, at: Stamp) -> Forest:
    trees = {framework_id: _tree(database, framework_id, revision) for framework_id, revision in at}
    trees = {key: tree for key, tree in trees.items() if tree is not None}
    by_code: dict[str, list[int]] = defaultdict(list)
    for tree in trees.values():
        for code, ids in tree.by_code.items():
            by_code[code].extend(ids)
    framework_of = {node: tree.framework.id for tree in trees.values() for node in tree.nodes}
    replaced: dict[int, list[int]] = defaultdict(list)
    crossing: dict[int, list[int]] = defaultdict(list)
    pairs = Relation.objects.filter(
        kind__in=(REPLACED_BY, PRECEDES), origin__isnull=False, target__isnull=False
    )
    for kind, origin, target in pairs.order_by("sequence", "id").values_list(
        "kind", "origin_id", "target_id"
    ):
        if origin not in framework_of or target not in framework_of:
            continue
        if kind == PRECEDES:
            if framework_of[origin] != framework_of[target]:
                crossing[target].append(origin)
        elif target not in replaced[origin]:
            replaced[origin].append(target)
    return Forest(
        trees=MappingProxyType(trees),
        by_key=MappingProxyType({tree.framework.key: key for key, tree in trees.items()}),
        framework_of=MappingProxyType(framework_of),
        by_uuid=MappingProxyType(
            {node.uuid: node.id for tree in trees.values() for node in tree.nodes.values()}
        ),
        by_code=_frozen(by_code),
        replaced=_frozen(replaced),
        crossing=_frozen(crossing),
    )


@lru_cache(maxsize=64)
def _tree(_database: str, framework_id: int, _revision: str) -> Tree | None:
    row = Framework.objects.filter(pk=framework_id).first()
    return None if row is None else build(row)


def build(row: Framework) -> Tree:
    """Read one continuum: two statements."""
    nodes = {
        n.id: _node_view(n, row.key)
        for n in Node.objects.filter(framework=row).defer("extra").order_by("position", "id")
    }
    links: dict[str, dict[int, list[int]]] = {kind: defaultdict(list) for kind in (CHILD_OF, PRECEDES, HELPS)}
    back: dict[str, dict[int, list[int]]] = {kind: defaultdict(list) for kind in (CHILD_OF, PRECEDES, HELPS)}
    pairs = Relation.objects.filter(framework=row, kind__in=links, origin__isnull=False, target__isnull=False)
    for kind, origin, target, _ in sorted(
        pairs.values_list("kind", "origin_id", "target_id", "sequence"),
        key=lambda r: (r[3] is None, r[3] or 0, nodes[r[1]].position if r[1] in nodes else 0, r[1], r[2]),
    ):
        if target not in links[kind][origin]:
            links[kind][origin].append(target)
            back[kind][target].append(origin)
    inside = nodes.keys()
    parents = {i: tuple(p for p in links[CHILD_OF][i] if p in inside) for i in nodes}
    children = {i: tuple(c for c in back[CHILD_OF][i] if c in inside) for i in nodes}
    by_code: dict[str, list[int]] = defaultdict(list)
    for node in nodes.values():
        if node.code:
            by_code[node.code].append(node.id)
    return Tree(
        framework=framework_view(row),
        nodes=MappingProxyType(nodes),
        order=tuple(nodes),
        roots=tuple(i for i in nodes if not parents[i]),
        children=MappingProxyType(children),
        parents=MappingProxyType(parents),
        leaves=_leaves(nodes, children, parents),
        before=_frozen(back[PRECEDES], inside),
        after=_frozen(links[PRECEDES], inside),
        helped_by=_frozen(back[HELPS], inside),
        by_code=_frozen(by_code),
    )


def _leaves(
    nodes: Mapping[int, NodeView],
    children: Mapping[int, tuple[int, ...]],
    parents: Mapping[int, tuple[int, ...]],
) -> Mapping[int, tuple[int, ...]]:
    # From the bottom up without recursion: an item is done when all its children are.
    waiting = {i: len(children[i]) for i in nodes}
    ready = [i for i in nodes if not waiting[i]]
    below: dict[int, dict[int, None]] = {}
    while ready:
        node_id = ready.pop()
        found: dict[int, None] = {node_id: None} if nodes[node_id].is_leaf else {}
        for child in children[node_id]:
            found.update(below[child])
        below[node_id] = found
        for parent in parents[node_id]:
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)
    return MappingProxyType(
        {i: tuple(sorted(below.get(i, ()), key=lambda leaf: nodes[leaf].position)) for i in nodes}
    )


def _frozen(found: Mapping[object, Iterable[int]], keys: Iterable[int] | None = None) -> Mapping:
    named = found if keys is None else {key: found.get(key, ()) for key in keys}
    return MappingProxyType({key: tuple(values) for key, values in named.items()})


def _node_view(n: Node, key: str) -> NodeView:
    return NodeView(
        id=n.id,
        uuid=n.uuid,
        framework_id=n.framework_id,
        framework=key,
        code=n.code,
        name=n.name,
        name_es=n.name_es,
        statement=n.statement,
        family=n.family,
        family_es=n.family_es,
        kind=n.kind,
        is_leaf=n.is_leaf,
        level=n.level,
        depth=n.depth,
        grades=tuple(n.grades),
        descriptors=tuple(n.descriptors),
        requirement=MappingProxyType(n.requirement),
        evidence=n.evidence,
        starts_on=n.starts_on,
        ends_on=n.ends_on,
        position=n.position,
    )


def framework_view(f: Framework) -> FrameworkView:
    """Return a continuum's row as what crosses the border."""
    return FrameworkView(
        id=f.id,
        uuid=f.uuid,
        key=f.key,
        title=f.title,
        title_es=f.title_es,
        kind=f.kind,
        description=f.description,
        language=f.language,
        license_uri=f.license_uri,
        license_title=f.license_title,
        notice=f.notice,
        graduation_level=f.graduation_level,
        expected_levels=MappingProxyType(f.expected_levels),
        levels=tuple(MappingProxyType(level) for level in f.levels),
        active=f.active,
        public=f.public,
        revision=f.revision,
    )
