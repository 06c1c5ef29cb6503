"""The page `docs/science/rules.md`, written from the registry, so that the page and the rules cannot
differ."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from headway.science.metrics.bias import selection_bias
from headway.science.proficiency.registry import Rule, Vector, rules

HEAD = """# Rules: how evidence becomes a level

<!-- Written by `python -m headway.science.proficiency.handbook`; a test compares. -->

A rule reads pieces of evidence, oldest first: the newest attempt stands for its piece, several raters of
one attempt combine by policy, practice and the ratings of students do not count unless a policy says so.
Every rule also takes `decimals` (rounding half up; none by default) and `order` (`observed`,
`submitted`, `due`, `recorded`). The exact value is compared with the cut; rounding is for storage and
display.

A linear rule gives each piece a weight that does not depend on its level, so the standard error follows
from the weights. For the others it comes from simulation.
"""

BIAS = """## What picking the best does

By how much the mean of the best pieces overstates a student whose true level does not move, in standard
errors of one piece (expected normal order statistics):

| rule | overstates by |
|---|---|
"""


def text() -> str:
    """Return the whole page."""
    sections = [HEAD, *(section(each) for each in rules().values())]
    rows = [("highest of", 1, n) for n in (2, 3, 5)] + [("best 2 of", 2, 4), ("best 3 of", 3, 6)]
    table = "".join(f"| {name} {of} | {selection_bias(best, of):.2f} |\n" for name, best, of in rows)
    return "\n".join([*sections, BIAS + table])


def section(rule: Rule) -> str:
    """Return one rule's section."""
    example = rule.parameters()
    lines = [f"## `{rule.key}`, version {rule.version}", ""]
    lines += [f"{rule.words(example, 'en')}", "", f"*{rule.words(example, 'es')}*", ""]
    own = [f for f in fields(rule.parameters) if f.name not in ("decimals", "order")]
    if own:
        lines += ["| parameter | default | bounds | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{f.name}` | {_default(f.default)} | {_bounds(f.metadata)} | {f.metadata['en']} |"
            for f in own
        ]
        lines.append("")
    lines += [
        f"{'Linear' if rule.linear else 'Not linear'}. Source: {rule.source}",
        "",
        "Where it fails:",
        "",
    ]
    lines += [f"- {each}" for each in rule.fails]
    if rule.vectors:
        lines += ["", "| levels, oldest first | parameters | value | from |", "|---|---|---|---|"]
        lines += [_row(vector) for vector in rule.vectors]
    return "\n".join(lines) + "\n"


def _row(vector: Vector) -> str:
    levels = ", ".join(f"{level:g}" for level in vector.levels)
    given = ", ".join(f"{name} {value}" for name, value in vector.parameters.items())
    value = "none" if vector.value is None else f"{vector.value:.10g}"
    return f"| {levels} | {given} | {value} | {vector.source} |"


def _default(value: Any) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _bounds(about: Any) -> str:
    if about["low"] is None:
        return "true or false"
    return f"{about['low']:g} to {about['high']:g}{', whole' if about['whole'] else ''}"


if __name__ == "__main__":
    import sys

    sys.stdout.write(text())
