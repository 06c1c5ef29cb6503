"""From what is tried to a policy file: one policy more, in the place of the version that holds there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.kit.refusals import Refusal
from headway.proficiency import configuration
from headway.proficiency.configuration import Book
from headway.proficiency.levels import same_levels
from headway.proficiency.types import Basis, Chosen
from headway.science.proficiency import registry
from headway.science.proficiency.requirement import Requirement

REQUIREMENTS = tuple(f.name for f in fields(Requirement))
FIRST = "start"
"""The policy that holds from the first day; a district's own has another name."""
_ALONE = (
    "parent",
    "complete",
    "growth",
    "kinds",
    "requirement_by_level",
    "requirement",
    "same_attempt",
    "order",
)


def basis(book: Book, applies: Mapping[str, str], on: date) -> Basis:
    """Return what holds where a policy would apply, and which policy of that very place is its version before."""
    chain = book.chain(_place(applies), applies.get("school"), on)
    own = next((v for v in reversed(chain) if v["applies"] == dict(applies)), None)
    above = [v for v in chain if configuration.weight(v["applies"]) < configuration.weight(dict(applies))]
    locked = {key: v["name"] for v in above for key in v["body"].get("locked", ())}
    said = configuration.merged(chain)
    name = own["name"] if own and own["name"] != FIRST else ""
    return Basis(
        applies=dict(applies), name=name, own=dict(own["body"]) if own else {}, body=said,
        locked=locked, chosen=_chosen(said),
    )  # fmt: skip


def _place(applies: Mapping[str, str]) -> frameworks.Place:
    if "area" not in applies:
        return frameworks.Place(applies.get("framework", ""), (), {})
    framework, _, code = applies["area"].rpartition(":")
    for tree in frameworks.remembered().trees.values():
        for node in tree.nodes.values():
            if node.code == code and framework in ("", tree.framework.key):
                return frameworks.place(node_id=node.id)
    return frameworks.Place(framework, (code,), {})


def areas() -> list[tuple[str, list[NodeView]]]:
    """Return the continuums in use by key, each with what may be named above its targets."""
    return [
        (tree.framework.key, [node for node in tree.nodes.values() if not node.is_leaf and node.code and node.ends_on is None])
        for tree in frameworks.remembered().trees.values() if tree.framework.active
    ]  # fmt: skip


def _chosen(body: Mapping[str, Any]) -> Chosen:
    scale = body["_scale"]
    return Chosen(
        rule=body["rule"], parameters=dict(body.get("parameters", {})),
        requirement={key: n for key, n in body.get("requirement", {}).items() if n},
        cut=body.get("cut") or scale.get("cut", "reach"),
        scale=body.get("scale", ""), proficient=scale.get("proficient"), beyond=scale.get("beyond"),
    )  # fmt: skip


def proposed(
    at: Basis, chosen: Chosen, *, scales: Mapping[str, Any], name: str, reason: str, in_force: date
) -> dict[str, Any]:
    """Return the policy file of what was chosen: the policy of that place with only what differs changed.

    Raises `Refusal`: `nothing_new` where nothing differs, `bad_parameter` where the rule does not take the parameters.
    """
    now = at.chosen
    policy = {key: value for key, value in at.own.items() if key not in ("_scale", "map", "reason")}
    told = {**scales, **({now.scale: at.body["_scale"]} if now.scale else {})}
    before = dict(policy)
    scale, table = chosen.scale, told[chosen.scale]
    if (chosen.proficient, chosen.beyond) != (table.get("proficient"), table.get("beyond")):
        cuts = {
            key: n
            for key, n in (("proficient", chosen.proficient), ("beyond", chosen.beyond))
            if n is not None
        }
        table = {key: n for key, n in table.items() if key not in ("proficient", "beyond")} | cuts
        scale = next(k for n in range(2, 1000) if (k := f"{scale}-{n}") not in told or told[k] == table)
        told[scale] = table
    if scale != now.scale:
        policy["scale"] = scale
        if not same_levels(at.body["_scale"], table):
            policy["map"] = dict(chosen.mapping)
    if _rule(chosen) != _rule(now):
        if "rule" not in policy:
            policy |= {key: at.body[key] for key in _ALONE if key in at.body and key not in at.locked}
        policy |= {"rule": chosen.rule, "parameters": dict(chosen.parameters)}
    if chosen.requirement != now.requirement:
        policy["requirement"] = dict(chosen.requirement)
    if chosen.cut != now.cut:
        policy["cut"] = chosen.cut
    if policy == before:
        raise Refusal("nothing_new", "These settings are the ones in force.")
    if "scale" in policy and policy["scale"] not in told:
        told[policy["scale"]] = at.body["_scale"]
    head = {"name": name, "in_force": in_force.isoformat(), "applies": dict(at.applies)}
    return {"scales": told, "policy": [{**head, **({"reason": reason} if reason else {}), **policy}]}


def _rule(chosen: Chosen) -> tuple[str, dict[str, Any]]:
    try:
        return chosen.rule, registry.parameters(chosen.rule, chosen.parameters).as_mapping()
    except (KeyError, ValueError) as error:
        raise Refusal("bad_parameter", str(error.args[0])) from error


def text_of(body: Mapping[str, Any]) -> str:
    """Return a policy file of scales and policies as TOML: what `read_policy` reads back."""
    lines: list[str] = []
    for name, scale in body.get("scales", {}).items():
        lines += [f"[scales.{_key(name)}]", *(f"{_key(k)} = {_value(v)}" for k, v in scale.items()), ""]
    for policy in body.get("policy", []):
        lines.append("[[policy]]")
        for key, value in policy.items():
            lines.append(f"{_key(key)} = {value if key == 'in_force' else _value(value)}")
        lines.append("")
    return "\n".join(lines)


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _value(text)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            "{ "
            + ", ".join(f"{_key(str(k))} = {_value(v)}" for k, v in value.items() if v is not None)
            + " }"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
