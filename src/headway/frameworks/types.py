"""What crosses the border of frameworks: records of a package, and the read-only tree that pages walk.

Needs neither Django nor a database, so that a standard's file can be read without them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

ACADEMIC, LIFELONG = "academic", "lifelong"
KINDS = (ACADEMIC, LIFELONG)

CHILD_OF, PRECEDES, HELPS, REPLACED_BY = "child_of", "precedes", "helps", "replaced_by"
EXACT_MATCH, RELATED, PEER, PART_OF = "exact_match", "related", "peer", "part_of"
SKILL_LEVEL, EXEMPLAR, TRANSLATION = "skill_level", "exemplar", "translation"
RELATION_KINDS = (
    CHILD_OF,
    PRECEDES,
    HELPS,
    REPLACED_BY,
    EXACT_MATCH,
    RELATED,
    PEER,
    PART_OF,
    SKILL_LEVEL,
    EXEMPLAR,
    TRANSLATION,
)
EXTERNAL = "ext:"
"""Other kinds of relation keep the name that their publisher gave them; it starts so."""


@dataclass(frozen=True, slots=True)
class FrameworkRecord:
    """One continuum as a document: identity, rights, levels and what is expected at each grade.

    `title` is the key. `expected_levels` maps a grade code ("KG", "01") to a level; `levels` lists `{"level",
    "name", "statement"}` and may carry `name_es`. `extra` keeps what a standard says beyond these fields.
    """

    uuid: UUID
    title: str
    title_es: str = ""
    kind: str = ACADEMIC
    description: str = ""
    creator: str = ""
    publisher: str = ""
    language: str = ""
    license_uri: str = ""
    license_title: str = ""
    notice: str = ""
    adoption_status: str = ""
    graduation_level: int | None = None
    expected_levels: Mapping[str, int] = field(default_factory=dict)
    levels: tuple[Mapping[str, Any], ...] = ()
    uri: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """One item of a continuum. `descriptors` are in order of rubric rank; `requirement` {} means the
    policy's.

    `is_leaf` says whether students are rated on it; it follows from the relations. The item holds from
    `starts_on` up to, not including, `ends_on`.
    """

    uuid: UUID
    code: str = ""
    name: str = ""
    name_es: str = ""
    statement: str = ""
    family: str = ""
    family_es: str = ""
    kind: str = ""
    is_leaf: bool = False
    level: int | None = None
    depth: int | None = None
    grades: tuple[str, ...] = ()
    descriptors: tuple[str, ...] = ()
    requirement: Mapping[str, int] = field(default_factory=dict)
    evidence: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What people call it: code, else short name, else the beginning of the statement."""
        return self.code or self.name or self.statement[:80] or str(self.uuid)


@dataclass(frozen=True, slots=True)
class RelationRecord:
    """One relation from `origin` to `target`, each named by identifier: an item, the document, or something
    not held.

    `child_of` goes from child to parent, `precedes` from earlier to later, `replaced_by` from old to new.
    `origin_uri` and `target_uri` are set for ends outside the package.
    """

    uuid: UUID
    kind: str
    origin: str
    target: str
    origin_uri: str = ""
    target_uri: str = ""
    sequence: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Package:
    """One version of one continuum, whole: what every reader makes and every writer takes.

    `leftovers` are the parts of a package that belong to no item (definitions, rubrics without an item).
    `dropped` counts by name what the file said and the records cannot keep. `made` holds identifiers that the
    file did not give.
    """

    framework: FrameworkRecord
    nodes: tuple[NodeRecord, ...] = ()
    relations: tuple[RelationRecord, ...] = ()
    leftovers: Mapping[str, Any] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    made: frozenset[UUID] = frozenset()
    source: str = "case"
    file: str | None = None

    def settled(self) -> Package:
        """Return the package with its items in path order and each one's `is_leaf` as its relations say."""
        leaves = leaf_names(self.nodes, self.relations)
        return replace(
            self,
            nodes=tuple(
                node
                if node.is_leaf == (str(node.uuid) in leaves)
                else replace(node, is_leaf=str(node.uuid) in leaves)
                for node in path_order(self.nodes, self.relations)
            ),
        )


def path_order(nodes: Sequence[NodeRecord], relations: Iterable[RelationRecord]) -> list[NodeRecord]:
    """Return the items as a reader meets them going down the document, each where it stands first.

    Siblings go by the sequence of their `child_of`, those without one after, then as the package lists them.
    Items without a parent in the package stand directly under the document, and keep their place among its
    children.
    """
    place = {str(node.uuid): rank for rank, node in enumerate(nodes)}
    children: dict[str, list[tuple[bool, int, int, str]]] = defaultdict(list)
    has_parent: set[str] = set()
    sequence: dict[str, int] = {}
    for relation in relations:
        if relation.kind != CHILD_OF or relation.origin not in place:
            continue
        rank = (relation.sequence is None, relation.sequence or 0, place[relation.origin], relation.origin)
        if relation.target in place:
            children[relation.target].append(rank)
            has_parent.add(relation.origin)
        elif relation.sequence is not None:
            sequence.setdefault(relation.origin, relation.sequence)
    roots = sorted(
        (name not in sequence, sequence.get(name, 0), rank, name)
        for name, rank in place.items()
        if name not in has_parent
    )
    found: dict[str, None] = {}
    stack = [root[-1] for root in reversed(roots)]
    while stack:
        name = stack.pop()
        if name not in found:
            found[name] = None
            stack.extend(child[-1] for child in sorted(children[name], reverse=True))
    # Items of a circle hang from no root; they come last, so that a check can still name them.
    return [nodes[place[name]] for name in dict.fromkeys((*found, *place))]


def leaf_names(nodes: Iterable[NodeRecord], relations: Iterable[RelationRecord]) -> set[str]:
    """Return the identifiers of items that no item of the package is a child of."""
    names = {str(node.uuid) for node in nodes}
    parents = {r.target for r in relations if r.kind == CHILD_OF and r.origin in names}
    return names - parents


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """One continuum as pages and reports see it."""

    id: int
    uuid: UUID
    key: str
    title: str
    title_es: str
    kind: str
    description: str
    language: str
    license_uri: str
    license_title: str
    notice: str
    graduation_level: int | None
    expected_levels: Mapping[str, int]
    levels: tuple[Mapping[str, Any], ...]
    active: bool
    public: bool
    revision: str

    def called(self, language: str) -> str:
        """Return the title in a language."""
        return (self.title_es if language == "es" else self.title) or self.title


@dataclass(frozen=True, slots=True)
class NodeView:
    """One item as pages and rules see it: `framework` is the continuum's key."""

    id: int
    uuid: UUID
    framework_id: int
    framework: str
    code: str
    name: str
    name_es: str
    statement: str
    family: str
    family_es: str
    kind: str
    is_leaf: bool
    level: int | None
    depth: int | None
    grades: tuple[str, ...]
    descriptors: tuple[str, ...]
    requirement: Mapping[str, int]
    evidence: str
    starts_on: date | None
    ends_on: date | None
    position: int

    @property
    def label(self) -> str:
        """What people call it: code, else short name, else the beginning of the statement."""
        return self.code or self.name or self.statement[:80] or str(self.uuid)

    def called(self, language: str) -> str:
        """Return the short name in a language, else in the other, else what people call it."""
        return (self.name_es if language == "es" else self.name) or self.name or self.label

    def told(self, language: str) -> str:
        """Return the statement for families in a language, else the one for teachers."""
        return (self.family_es if language == "es" else self.family) or self.family or self.statement

    def aim(self, language: str) -> str:
        """Return the statement for families without its beginning, as a learner reads it: what one can do then."""
        said = self.told(language)
        for lead in ("My child can ", "Puede "):
            if said.startswith(lead):
                rest = said.removeprefix(lead)
                return rest[:1].upper() + rest[1:]
        return said

    @property
    def reference(self) -> str:
        """The name that is unique in the installation: `FRAMEWORK:CODE`, without a code the identifier."""
        return f"{self.framework}:{self.code}" if self.code else str(self.uuid)

    def holds(self, on: date | None) -> bool:
        """Whether the item is in force on a day; without a day, whether no end is set."""
        if on is None:
            return self.ends_on is None
        return (self.starts_on is None or self.starts_on <= on) and (
            self.ends_on is None or on < self.ends_on
        )


@dataclass(frozen=True, slots=True)
class Tree:
    """One continuum, read-only and whole. An item with several parents stands under each of them, and counts
    once.

    `order` is the path order over the document, retired items included. `leaves` maps every item to the
    leaves below it (a leaf to itself), each once. `before` are hard prerequisites, `after` what they open,
    `helped_by` what eases.
    """

    framework: FrameworkView
    nodes: Mapping[int, NodeView]
    order: tuple[int, ...]
    roots: tuple[int, ...]
    children: Mapping[int, tuple[int, ...]]
    parents: Mapping[int, tuple[int, ...]]
    leaves: Mapping[int, tuple[int, ...]]
    before: Mapping[int, tuple[int, ...]]
    after: Mapping[int, tuple[int, ...]]
    helped_by: Mapping[int, tuple[int, ...]]
    by_code: Mapping[str, tuple[int, ...]]
    _answers: dict[tuple[str, int | None, int], tuple[Any, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def targets(self, node_id: int | None = None, *, on: date | None = None) -> tuple[NodeView, ...]:
        """Return the leaves below an item (None: all) that hold on a day, in path order. Remembered."""
        key = ("targets", node_id, self._era(on))
        found = self._answers.get(key)
        if found is None:
            ids: Iterable[int] = self.order if node_id is None else self.leaves[node_id]
            found = tuple(n for n in map(self.nodes.__getitem__, ids) if n.is_leaf and n.holds(on))
            self._answers[key] = found
        return found

    def levels(self, *, on: date | None = None) -> Mapping[int, int]:
        """Return how many targets each level has on a day, in rising order; what has no level stands at level 1. Remembered."""
        key = ("levels", None, self._era(on))
        found = self._answers.get(key)
        if found is None:
            counted = Counter(node.level or 1 for node in self.targets(on=on))
            found = self._answers[key] = tuple(sorted(counted.items()))
        return dict(found)

    def _era(self, on: date | None) -> int:
        """Return the stretch of days in which a day lies: inside one of them no item begins or ends; -1 without a day."""
        if on is None:
            return -1
        turns = self._answers.get(("turns", None, 0))
        if turns is None:
            days = (day for n in self.nodes.values() for day in (n.starts_on, n.ends_on) if day is not None)
            turns = self._answers["turns", None, 0] = tuple(sorted(set(days)))
        return bisect_right(turns, on)

    def ancestors(self, node_id: int) -> tuple[int, ...]:
        """Return every item above an item, nearest last, each once. Remembered."""
        found = self._answers.get(("ancestors", node_id, 0))
        if found is None:
            found = self._answers["ancestors", node_id, 0] = self._above(node_id)
        return found

    def _above(self, node_id: int) -> tuple[int, ...]:
        seen: dict[int, None] = {}
        stack = list(self.parents[node_id])
        while stack:
            parent = stack.pop()
            if parent not in seen:
                seen[parent] = None
                stack.extend(self.parents[parent])
        return tuple(sorted(seen, key=lambda i: self.nodes[i].position))

    def walk(self, *, on: date | None = None) -> Iterator[tuple[int, NodeView]]:
        """Yield (depth, item) along the document: items that hold on a day, each where it stands first."""
        seen: set[int] = set()
        stack = [(0, i) for i in reversed(self.roots)]
        while stack:
            depth, node_id = stack.pop()
            if node_id in seen:
                continue
            seen.add(node_id)
            if self.nodes[node_id].holds(on):
                yield depth, self.nodes[node_id]
            stack.extend((depth + 1, child) for child in reversed(self.children[node_id]))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands: continuum key, codes from the top down to its own, and its own requirement."""

    framework: str
    path: tuple[str, ...]
    requirement: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of a continuum: what came when, and from which day it holds."""

    number: int
    in_force_on: date
    recorded_at: datetime
    import_run: int | None
    source: str
    digest: str
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PublicPage:
    """What anybody may read: items in force with their depth, and which grades expect which level."""

    framework: FrameworkView
    tree: Tree
    rows: tuple[tuple[int, NodeView], ...]
    grades: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do, by the names of the items: added, changed, retired, carried on."""

    title: str
    new_framework: bool
    number: int
    in_force_on: date
    added: tuple[str, ...]
    changed: tuple[str, ...]
    retired: tuple[str, ...]
    carried: tuple[tuple[str, str], ...]
    unchanged: int
    relations_added: int
    relations_removed: int
    dropped: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the preview as data for `--json`."""
        return {
            "framework": self.title,
            "new": self.new_framework,
            "version": self.number,
            "in_force_on": self.in_force_on.isoformat(),
            "added": list(self.added),
            "changed": list(self.changed),
            "retired": list(self.retired),
            "carried": [{"from": a, "to": b} for a, b in self.carried],
            "unchanged": self.unchanged,
            "relations_added": self.relations_added,
            "relations_removed": self.relations_removed,
            "dropped": dict(self.dropped),
        }


@dataclass(frozen=True, slots=True)
class UndoScope:
    """What taking back an import would touch: given to whoever may object."""

    run_id: int
    at: datetime
    added: frozenset[int]
    changed: frozenset[int]
