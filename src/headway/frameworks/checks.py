"""What a package must keep before it may come in: every fault is named, nothing is mended in silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from headway.frameworks.models import Framework, Node, Relation
from headway.frameworks.structure import circle
from headway.frameworks.types import CHILD_OF, KINDS, LIFELONG, PRECEDES, Package
from headway.kit.refusals import Finding, Refusal, Sentence

_LONGEST = {"code": 200, "kind": 200}
_NAMED = 12
_SEEN = ("id", "uuid", "framework__kind", "framework__key", "code")
_EDGE = (
    "origin__uuid",
    "target__uuid",
    "origin__framework__key",
    "origin__code",
    "target__framework__key",
    "target__code",
)


@dataclass(frozen=True, slots=True)
class Outside:
    """Items of other continuums that the package speaks of: row key, kind of continuum and name, by
    identifier.

    `precedes` are the prerequisites that other continuums state.
    """

    rows: Mapping[str, int]
    kinds: Mapping[str, str]
    labels: Mapping[str, str]
    precedes: tuple[tuple[str, str], ...]


def look_outside(package: Package) -> Outside:
    """Read what the checks need of the other continuums: two statements."""
    own = {str(node.uuid) for node in package.nodes} | {str(package.framework.uuid)}
    named = {end for r in package.relations for end in (r.origin, r.target) if end not in own}
    identifiers = [found for found in map(_uuid, named) if found is not None]
    rows: dict[str, int] = {}
    kinds: dict[str, str] = {}
    labels: dict[str, str] = {}
    for start in range(0, len(identifiers), 500):
        part = Node.objects.filter(uuid__in=identifiers[start : start + 500])
        for row, identifier, kind, key, code in part.values_list(*_SEEN):
            rows[str(identifier)], kinds[str(identifier)] = row, kind
            labels[str(identifier)] = f"{key}:{code}" if code else str(identifier)
    edges = Relation.objects.filter(kind=PRECEDES, origin__isnull=False, target__isnull=False)
    edges = edges.exclude(framework__uuid=package.framework.uuid)
    precedes = []
    for a, b, key, code, key2, code2 in edges.values_list(*_EDGE):
        precedes.append((str(a), str(b)))
        labels.setdefault(str(a), f"{key}:{code}")
        labels.setdefault(str(b), f"{key2}:{code2}")
    return Outside(rows, kinds, labels, tuple(precedes))


def check(package: Package, outside: Outside) -> None:
    """Refuse a package that cannot stand: circles, mixed kinds, keys and identifiers that others hold."""
    _check_framework(package)
    _check_texts(package)
    _check_elsewhere(package)
    _check_mixing(package, outside)
    _check_circles(package, outside)


def _check_framework(package: Package) -> None:
    framework = package.framework
    if not framework.title.strip():
        raise _refuse(package, "no_title", "The document has no title; a continuum is known by it.")
    if len(framework.title) > 200:
        raise _refuse(
            package, "title_too_long", "A continuum's title has at most 200 characters.", framework.title
        )
    if framework.kind not in KINDS:
        raise _refuse(package, "unknown_kind", "A continuum is academic or lifelong.", framework.kind)
    other = Framework.objects.filter(key=framework.title).exclude(uuid=framework.uuid).first()
    if other is not None:
        raise _refuse(
            package,
            "framework_key_taken",
            Sentence(
                "Another continuum has this title under the identifier %(uuid)s; give one of them "
                "another title, or import under its identifier.",
                uuid=other.uuid,
            ),
            framework.title,
        )
    held = Framework.objects.filter(uuid=framework.uuid).first()
    if held is not None and held.kind != framework.kind:
        raise _refuse(
            package,
            "lifelong_and_academic",
            Sentence(
                "%(key)s is %(kind)s; it cannot become %(other)s.",
                key=held.key,
                kind=held.kind,
                other=framework.kind,
            ),
            framework.kind,
        )


def _check_texts(package: Package) -> None:
    faults = [
        Finding(
            "too_long",
            Sentence(
                "%(name)s of %(uuid)s has more than %(most)s characters.",
                name=name,
                uuid=node.uuid,
                most=limit,
            ),
            package.file,
            column=name,
            value=getattr(node, name),
        )
        for node in package.nodes
        for name, limit in _LONGEST.items()
        if len(getattr(node, name)) > limit
    ]
    faults += [
        Finding(
            "too_long", "This kind of association has more than 100 characters.", package.file, value=r.kind
        )
        for r in package.relations
        if len(r.kind) > 100
    ]
    faults += [
        Finding("too_long", "An identifier has more than 200 characters.", package.file, value=end)
        for r in package.relations
        for end in (r.origin, r.target)
        if len(end) > 200
    ]
    if faults:
        raise Refusal(
            "too_long", Sentence("%(n)s values are longer than can be kept.", n=len(faults)), faults
        )


def check_identifiers(package: Package) -> None:
    """Refuse a package in which an identifier stands for two things: nothing else can be told of it."""
    seen: set[UUID] = {package.framework.uuid}
    faults = []
    for records, column in ((package.nodes, "CFItems"), (package.relations, "CFAssociations")):
        for record in records:
            if record.uuid in seen:
                faults.append(
                    Finding(
                        "duplicate_identifier",
                        "This identifier stands for two different things.",
                        package.file,
                        column=column,
                        value=str(record.uuid),
                    )
                )
            seen.add(record.uuid)
    if faults:
        raise Refusal("duplicate_identifier", "An identifier stands for one thing for ever.", faults)


def _check_elsewhere(package: Package) -> None:
    identifiers = [node.uuid for node in package.nodes]
    faults = []
    for start in range(0, len(identifiers), 500):
        held = Node.objects.filter(uuid__in=identifiers[start : start + 500])
        held = held.exclude(framework__uuid=package.framework.uuid)
        faults += [
            Finding(
                "identifier_elsewhere",
                Sentence("This item belongs to %(key)s already.", key=key),
                package.file,
                column="identifier",
                value=str(identifier),
            )
            for identifier, key in held.values_list("uuid", "framework__key")
        ]
    if faults:
        raise Refusal(
            "identifier_elsewhere",
            Sentence("%(n)s items belong to another continuum already.", n=len(faults)),
            faults,
        )


def _check_mixing(package: Package, outside: Outside) -> None:
    kind = package.framework.kind
    own = {str(node.uuid): node.label for node in package.nodes}
    faults = []
    for relation in package.relations:
        if relation.kind not in (CHILD_OF, PRECEDES):
            continue
        for end, other in ((relation.origin, relation.target), (relation.target, relation.origin)):
            if end not in own and outside.kinds.get(end, kind) != kind and other in own:
                lifelong = own[other] if kind == LIFELONG else outside.labels[end]
                faults.append(
                    Finding(
                        "lifelong_and_academic",
                        Sentence(
                            "%(lifelong)s is a lifelong skill and may neither precede nor contain academic work, "
                            "nor the other way round.",
                            lifelong=lifelong,
                        ),
                        package.file,
                        column=relation.kind,
                        value=f"{relation.origin} → {relation.target}",
                    )
                )
    if faults:
        raise Refusal("lifelong_and_academic", "Lifelong skills and academic work are kept apart.", faults)


def _check_circles(package: Package, outside: Outside) -> None:
    labels = {**outside.labels, **{str(node.uuid): node.label for node in package.nodes}}
    say: Callable[[str], str] = lambda name: labels.get(name, name)  # noqa: E731
    parents = [(r.origin, r.target) for r in package.relations if r.kind == CHILD_OF]
    if (found := circle(parents)) is not None:
        raise _refuse(
            package,
            "circle_of_parents",
            Sentence("These items contain one another: %(found)s.", found=_steps(found, say)),
        )
    before = [(r.origin, r.target) for r in package.relations if r.kind == PRECEDES]
    if (found := circle([*before, *outside.precedes])) is not None:
        raise _refuse(
            package,
            "circle_of_prerequisites",
            Sentence("Each of these must come before the next: %(found)s.", found=_steps(found, say)),
        )


def _steps(found: list[str], say: Callable[[str], str]) -> str:
    names = [say(name) for name in [*found, found[0]]]
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 2], f"… {len(names) - _NAMED + 1} more …", names[-1]]
    return " → ".join(names)


def _refuse(package: Package, code: str, message: str, value: str | None = None) -> Refusal:
    return Refusal(code, message, [Finding(code, message, package.file, value=value)])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
