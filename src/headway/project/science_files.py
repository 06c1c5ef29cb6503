"""`headway science`: arguments of the command line for the functions on files, and what to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headway.kit.refusals import Finding, Refusal
from headway.science.files import names
from headway.science.files.reading import ScienceRefusal


class Misused(Exception):
    """The words after the name are not what the name takes."""


def split(name: str, arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Return the files and the options of a call. Raises `Misused` for an option that the name does not know."""
    paths: list[str] = []
    options: dict[str, Any] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--"):
            paths.append(word)
            continue
        option, equals, value = word[2:].partition("=")
        asked = names.QUESTIONS.get(name)
        if asked and option not in asked.options:
            known = ", ".join(f"--{one}" for one in asked.options) or "no options"
            raise Misused(f"{name} takes {known}; not --{option}.")
        if not equals:
            if not waiting:
                raise Misused(f"--{option} needs a value.")
            value = waiting.pop(0)
        if asked and option in asked.several:
            options.setdefault(option, []).append(value)
        elif option in options:
            raise Misused(f"--{option} is given twice.")
        else:
            options[option] = value
    return paths, options


def run(name: str, paths: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one question about files, or list the names. Raises `Refusal` with the science's own code."""
    if not name:
        return {"names": names.names()}
    try:
        return names.run(name, paths, options)
    except ScienceRefusal as refusal:
        where = {key: refusal.where.get(key) for key in ("file", "line", "column", "value")}
        raise Refusal(
            refusal.code, refusal.message, [Finding(refusal.code, refusal.message, **where)]
        ) from refusal


def say(found: dict[str, Any]) -> str:
    """Say an answer in lines."""
    if "names" in found:
        return "\n".join(f"{name:<18} {words}" for name, words in found["names"].items())
    lines = [
        f"{found['name']} by {found['method']}, version {found['version']}, n = {found['n']}, excluded = {found['excluded']}"
    ]
    if "value" in found:
        lines.append(f"value: {found['value']}")
    for row in found.get("estimates", ()):
        lines.append("  " + "  ".join(f"{key}={value}" for key, value in row.items()))
    lines += [f"  {reason}" for reason in found["reasons"][:50]]
    return "\n".join(lines)
