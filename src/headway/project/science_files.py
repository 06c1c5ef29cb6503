"""`headway science`: arguments of the command line for the functions on files, and what to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headway.kit.refusals import Finding, Refusal
from headway.science import files

MANY = {"set"}


def run(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Answer one question about files, or list the names. Raises `Refusal` with the science's own code."""
    if not name:
        return {"names": files.names()}
    paths, options = _split(arguments)
    try:
        return files.run(name, paths, options)
    except files.ScienceRefusal as refusal:
        where = {key: refusal.where.get(key) for key in ("file", "line", "column", "value")}
        raise Refusal(
            refusal.code, refusal.message, [Finding(refusal.code, refusal.message, **where)]
        ) from refusal


def _split(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    paths: list[str] = []
    options: dict[str, Any] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--"):
            paths.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not waiting:
                raise Refusal("usage", f"{word} needs a value.")
            value = waiting.pop(0)
        name = name.replace("-", "_")
        if name in MANY:
            options.setdefault(name, []).append(value)
        else:
            options[name] = value
    return paths, options


def say(found: dict[str, Any]) -> str:
    """Say an answer in lines."""
    if "names" in found:
        return "\n".join(f"{name:<16} {words}" for name, words in found["names"].items())
    lines = [
        f"{found['name']} by {found['method']}, version {found['version']}, n = {found['n']}, excluded = {found['excluded']}"
    ]
    if "value" in found:
        lines.append(f"value: {found['value']}")
    for row in found.get("estimates", ()):
        lines.append("  " + "  ".join(f"{key}={value}" for key, value in row.items()))
    lines += [f"  {reason}" for reason in found["reasons"][:50]]
    return "\n".join(lines)
