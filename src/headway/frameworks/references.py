"""Names of targets: an identifier, a code unique in the installation, or `FRAMEWORK:CODE`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from uuid import UUID

from headway.frameworks.trees import Forest, Stamp, forest
from headway.frameworks.types import NodeView
from headway.kit.refusals import Finding, Refusal, Sentence

_SHOWN = 6


def target_by_reference(text: str, *, on: date | None = None, any_item: bool = False) -> NodeView:
    """Return the target that a text names; `any_item` also admits areas and competencies. One
    statement.

    `on` is the day of the observation: a target that had ended by then is refused. Without a day, any end
    refuses. Raises `Refusal`: `unknown_target`, `ambiguous_target` (names the candidates), `retired_target`
    (names the new codes).
    """
    found = find_targets([text], on=on, any_item=any_item)[text]
    if isinstance(found, Finding):
        raise Refusal(found.code, found.message, [found])
    return found


def targets_by_reference(
    texts: Iterable[str], *, on: date | None = None, any_item: bool = False
) -> dict[str, NodeView]:
    """Return the target of every text; raises one `Refusal` with a finding per text that names none."""
    found = find_targets(texts, on=on, any_item=any_item)
    faults = [item for item in found.values() if isinstance(item, Finding)]
    if faults:
        raise Refusal(
            faults[0].code,
            faults[0].message
            if len(faults) == 1
            else Sentence("%(n)s targets cannot be used.", n=len(faults)),
            faults,
        )
    return {text: item for text, item in found.items() if isinstance(item, NodeView)}


def find_targets(
    texts: Iterable[str], *, on: date | None = None, any_item: bool = False, at: Stamp | None = None
) -> dict[str, NodeView | Finding]:
    """Return for every text its target, or the finding that says why there is none.

    One statement for all; none where the stamp of the request is given.
    """
    woods = forest(at)
    return {text: _find(woods, text, on, any_item) for text in dict.fromkeys(texts)}


def find_any(text: str) -> tuple[NodeView, ...]:
    """Return every item that a text names, ended ones with them, the newest last."""
    return tuple(
        sorted(
            _named(forest(), text.strip()), key=lambda node: (node.ends_on is None, node.ends_on or date.max)
        )
    )


def retirement(node_id: int, on: date | None = None) -> Finding | None:
    """Return why an item cannot take an observation of a day (it has ended, or not begun), or None."""
    woods = forest()
    return _retired(woods, woods.node(node_id), on)


def standing_for(node_ids: Iterable[int], *, on: date) -> dict[int, tuple[NodeView, ...]]:
    """Return for every item the targets that take an observation of a day for it: itself, or those that took its place.

    Empty where it has ended and nothing replaced it. One statement.
    """
    woods = forest()
    found: dict[int, tuple[NodeView, ...]] = {}
    for one in dict.fromkeys(node_ids):
        itself = woods.node(one)
        later = (itself,) if itself.holds(on) else map(woods.node, _successors(woods, one))
        found[one] = tuple(node for node in later if node.is_leaf and node.holds(on))
    return found


def lineage(node_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return for every item the item itself, then all that ever took its place. One statement."""
    woods = forest()
    result = {}
    for one in dict.fromkeys(node_ids):
        found, queue = {one: None}, [one]
        while queue:
            later = [node for node in woods.replaced.get(queue.pop(), ()) if node not in found]
            found |= dict.fromkeys(later)
            queue += later
        result[one] = tuple(found)
    return result


def _find(woods: Forest, text: str, on: date | None, any_item: bool) -> NodeView | Finding:
    named = list(_named(woods, text.strip()))
    usable = [node for node in named if any_item or node.is_leaf]
    if not usable:
        if named:
            return Finding(
                "unknown_target",
                Sentence(
                    "%(label)s is not a target: students are rated on the targets below it.",
                    label=named[0].label,
                ),
                column="target",
                value=text,
            )
        return Finding(
            "unknown_target", "No target has this identifier or code.", column="target", value=text
        )
    holding = [node for node in usable if node.holds(on)] or usable
    if len(holding) > 1:
        names = [str(node.uuid) if _twin(node, holding) else node.reference for node in holding]
        return Finding(
            "ambiguous_target",
            Sentence(
                "This code stands for %(n)s targets; write one of %(names)s.",
                n=len(names),
                names=_list(names),
            ),
            column="target",
            value=text,
        )
    return _retired(woods, holding[0], on, text) or holding[0]


def _retired(woods: Forest, node: NodeView, on: date | None, text: str | None = None) -> Finding | None:
    shown = node.reference if text is None else text
    if node.holds(on):
        return None
    if node.ends_on is None or (on is not None and on < node.ends_on):
        return Finding(
            "retired_target",
            Sentence("%(label)s begins on %(starts_on)s.", label=node.label, starts_on=node.starts_on),
            column="target",
            value=shown,
        )
    new = [woods.node(i) for i in _successors(woods, node.id)]
    names = _list(
        [(n.code and (n.code if n.framework == node.framework else n.reference)) or str(n.uuid) for n in new]
    )
    message = Sentence(
        "%(label)s ended on %(ends_on)s; it was replaced by %(names)s."
        if new
        else "%(label)s ended on %(ends_on)s and nothing replaces it.",
        label=node.label,
        ends_on=node.ends_on,
        names=names,
    )
    return Finding("retired_target", message, column="target", value=shown)


def _successors(woods: Forest, node_id: int) -> list[int]:
    # Follows replacements of replacements to those that still stand; a circle ends the walk.
    found: dict[int, None] = {}
    seen, queue = {node_id}, list(woods.replaced.get(node_id, ()))
    while queue:
        current = queue.pop(0)
        if current in seen:
            continue
        seen.add(current)
        further = woods.replaced.get(current, ()) if woods.node(current).ends_on is not None else ()
        if further:
            queue.extend(further)
        else:
            found[current] = None
    return list(found)


def _named(woods: Forest, text: str) -> Iterator[NodeView]:
    if (identifier := as_uuid(text)) is not None and identifier in woods.by_uuid:
        yield woods.node(woods.by_uuid[identifier])
        return
    if text in woods.by_code:
        yield from map(woods.node, woods.by_code[text])
        return
    # Titles and codes may both hold a colon, so every place where the text can be cut is tried.
    for cut, letter in enumerate(text):
        if letter == ":" and (tree_id := woods.by_key.get(text[:cut].strip())) is not None:
            tree = woods.trees[tree_id]
            yield from (tree.nodes[i] for i in tree.by_code.get(text[cut + 1 :].strip(), ()))


def as_uuid(text: str) -> UUID | None:
    """Return the UUID that a text spells in its usual form of 36 characters, or None."""
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def _twin(node: NodeView, others: list[NodeView]) -> bool:
    return sum(other.reference == node.reference for other in others) > 1


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
