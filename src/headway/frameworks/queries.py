"""Questions about continuums. Read only; most are answered from memory after one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from headway.frameworks import packing
from headway.frameworks.models import Framework, FrameworkVersion
from headway.frameworks.references import (
    as_uuid,
    find_any,
    find_targets,
    lineage,
    retirement,
    standing_for,
    target_by_reference,
    targets_by_reference,
)
from headway.frameworks.trees import (
    REVISIONS,
    Forest,
    Stamp,
    forest,
    remembered,
    remembered_stamp,
    stamp,
    stamped,
)
from headway.frameworks.types import FrameworkView, NodeView, Package, Place, PublicPage, Tree, VersionView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal, Sentence

__all__ = [
    "REVISIONS",
    "Forest",
    "Place",
    "Stamp",
    "ancestors",
    "as_uuid",
    "asking_otherwise",
    "children",
    "find_any",
    "find_framework",
    "find_targets",
    "forest",
    "framework_by_key",
    "frameworks",
    "leaves",
    "lineage",
    "node",
    "node_ids",
    "node_uuids",
    "nodes",
    "package",
    "place",
    "prerequisites",
    "public_page",
    "remembered",
    "remembered_stamp",
    "replacements",
    "retirement",
    "stamp",
    "stamped",
    "standing_for",
    "target_by_reference",
    "targets_by_reference",
    "tree",
    "version_package",
    "versions",
]


def tree(framework_id: int, *, at: Stamp | None = None) -> Tree:
    """Return a whole continuum, read-only; give the stamp of the request to spend no statement at all."""
    found = forest(at).trees.get(framework_id)
    if found is None:
        raise Refusal(
            "unknown_framework",
            Sentence("There is no continuum with number %(number)s.", number=framework_id),
        )
    return found


def frameworks(*, active: bool = True, at: Stamp | None = None) -> tuple[FrameworkView, ...]:
    """Return the continuums by title as of a stamp (None: as of now, one statement); `active=False` adds those put aside."""
    found = [t.framework for t in forest(at).trees.values() if t.framework.active or not active]
    return tuple(sorted(found, key=lambda f: (f.kind, f.title.casefold())))


def find_framework(key: str) -> FrameworkView | None:
    """Return the continuum with this key (its title) or document identifier, or None. One statement."""
    woods = forest()
    if key in woods.by_key:
        return woods.trees[woods.by_key[key]].framework
    identifier = as_uuid(key)
    return next(
        (t.framework for t in woods.trees.values() if identifier and t.framework.uuid == identifier), None
    )


def framework_by_key(key: str) -> FrameworkView:
    """Return the continuum with this key or identifier, else raise `Refusal("unknown_framework")`."""
    found = find_framework(key)
    if found is None:
        raise Refusal("unknown_framework", Sentence("No continuum is called %(key)s.", key=key))
    return found


def node(node_id: int) -> NodeView:
    """Return one item by row key. Raises `Refusal("unknown_target")`. No statement where it is known."""
    woods = remembered()
    if node_id not in woods.framework_of:
        woods = forest()
    if node_id not in woods.framework_of:
        raise Refusal("unknown_target", Sentence("There is no item with number %(number)s.", number=node_id))
    return woods.node(node_id)


def nodes(framework_id: int, *, on: date | None = None) -> tuple[NodeView, ...]:
    """Return the items of a continuum in path order: those that hold on a day, or without a day all."""
    found = tree(framework_id)
    return tuple(n for n in found.nodes.values() if on is None or n.holds(on))


def leaves(framework_id: int, *, on: date | None = None) -> tuple[NodeView, ...]:
    """Return the targets of a continuum in path order: those that hold on a day, or without a day all."""
    return tuple(n for n in nodes(framework_id, on=on) if n.is_leaf)


def children(framework_id: int) -> Mapping[int, tuple[int, ...]]:
    """Return for every item its children in order."""
    return tree(framework_id).children


def ancestors(node_id: int) -> tuple[NodeView, ...]:
    """Return every item above an item, from the top down, each once. No statement where the item is known."""
    found = _tree_of(node_id)
    return tuple(found.nodes[i] for i in found.ancestors(node_id))


def prerequisites(node_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return what must be learned before each item: its own hard prerequisites and those of items
    above it.

    A prerequisite that is itself an area or competency stands for all targets below it. Edges between
    continuums count.
    """
    woods = remembered()
    return {i: woods.prerequisites(i) for i in node_ids}


def replacements() -> Mapping[int, tuple[int, ...]]:
    """Return for every replaced item the items that took its place: what carried evidence goes by."""
    return forest().replaced


def place(*, node_id: int) -> Place:
    """Return where an item stands. No statement: it goes by what this thread saw last."""
    found = _tree_of(node_id)
    item = found.nodes[node_id]
    path = [found.nodes[i].code for i in found.ancestors(node_id)] + [item.code]
    return Place(found.framework.key, tuple(code for code in path if code), item.requirement)


def asking_otherwise(applies: Mapping[str, str], *, on: date) -> tuple[int, int]:
    """Return (how many targets ask for something of their own, of how many) where a policy applies. No statement."""
    own, _, code = applies.get("area", "").rpartition(":")
    wanted = {applies.get("framework", ""), own} - {""}
    inside = [
        node
        for tree in remembered().trees.values()
        if tree.framework.active and wanted <= {tree.framework.key}
        for node in tree.targets(on=on)
        if not code or code in place(node_id=node.id).path
    ]
    return sum(bool(node.requirement) for node in inside), len(inside)


def node_uuids(*, node_ids: Iterable[int]) -> dict[int, UUID]:
    """Return the identifiers of items. No statement where they are known."""
    return {i: node(i).uuid for i in dict.fromkeys(node_ids)}


def node_ids(*, uuids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the row keys of identifiers that are held; others are missing from the answer. One statement."""
    held = forest().by_uuid
    return {u: held[u] for u in uuids if u in held}


def public_page(key: str, *, on: date) -> PublicPage:
    """Return what anybody may read of a public continuum, else raise `Refusal("unknown_framework")`."""
    found = framework_by_key(key)
    if not found.public:
        raise Refusal("unknown_framework", Sentence("No continuum is called %(key)s.", key=key))
    whole = tree(found.id, at=remembered_stamp())
    grades: dict[int, list[str]] = {}
    for grade, level in found.expected_levels.items():
        grades.setdefault(level, []).append(grade)
    return PublicPage(
        framework=found,
        tree=whole,
        rows=tuple(whole.walk(on=on)),
        grades={level: tuple(sorted(codes, key=_grade_rank)) for level, codes in grades.items()},
    )


def package(framework_id: int) -> Package:
    """Return a continuum as it stands, retired items with it, for export. Four statements."""
    row = Framework.objects.filter(pk=framework_id).first()
    if row is None:
        raise Refusal(
            "unknown_framework",
            Sentence("There is no continuum with number %(number)s.", number=framework_id),
        )
    return packing.unpack(row)


def version_package(framework_id: int, number: int) -> Package:
    """Return a version of a continuum as it came in. Raises `Refusal("unknown_version")`."""
    found = FrameworkVersion.objects.filter(framework_id=framework_id, number=number).first()
    if found is None:
        raise Refusal("unknown_version", Sentence("This continuum has no version %(number)s.", number=number))
    return packing.from_bytes(bytes(found.package))


def versions(framework_id: int) -> tuple[VersionView, ...]:
    """Return the versions of a continuum, oldest first. One statement."""
    fields = ("number", "in_force_on", "recorded_at", "import_run", "source", "digest", "dropped")
    return tuple(
        VersionView(*row)
        for row in FrameworkVersion.objects.filter(framework_id=framework_id)
        .order_by("number")
        .values_list(*fields)
    )


def _grade_rank(code: str) -> tuple[int, int, str]:
    return (1, int(code), "") if is_whole(code) else (0, 0, code)


def _tree_of(node_id: int) -> Tree:
    return tree(node(node_id).framework_id, at=remembered_stamp())


def all_versions() -> dict[int, tuple[VersionView, ...]]:
    """Return the versions of every continuum, oldest first. One statement."""
    fields = ("number", "in_force_on", "recorded_at", "import_run", "source", "digest", "dropped")
    found: dict[int, list[VersionView]] = {}
    for row in FrameworkVersion.objects.order_by("number").values_list("framework_id", *fields):
        found.setdefault(row[0], []).append(VersionView(*row[1:]))
    return {key: tuple(rows) for key, rows in found.items()}
