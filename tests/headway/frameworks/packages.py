"""Small packages for tests: a continuum in a few words."""

from uuid import NAMESPACE_OID, UUID, uuid5

from headway.frameworks.types import CHILD_OF, FrameworkRecord, NodeRecord, Package, RelationRecord


def uid(name: str) -> UUID:
    return uuid5(NAMESPACE_OID, name)


def node(code: str, **fields) -> NodeRecord:
    return NodeRecord(
        **{"uuid": uid(code), "code": code, "name": f"Name of {code}", "kind": "target", **fields}
    )


def relation(kind: str, origin: str, target: str, sequence: int | None = None) -> RelationRecord:
    return RelationRecord(
        uuid=uid(f"{kind} {origin} {target}"),
        kind=kind,
        origin=str(uid(origin)),
        target=str(uid(target)),
        sequence=sequence,
    )


def package(title: str, codes: str | list, *links: tuple, kind: str = "academic", **fields) -> Package:
    """Return a package: codes (or records), and links (kind, origin, target) by code; `title` names the
    document.
    """
    nodes = [
        node(c) if isinstance(c, str) else c for c in (codes.split() if isinstance(codes, str) else codes)
    ]
    framework = FrameworkRecord(uuid=uid(title), title=title, kind=kind, **fields)
    return Package(
        framework=framework, nodes=tuple(nodes), relations=tuple(relation(*link) for link in links)
    )


def under(parent: str, *children: str) -> list[tuple]:
    return [(CHILD_OF, child, parent, rank) for rank, child in enumerate(children, 1)]
