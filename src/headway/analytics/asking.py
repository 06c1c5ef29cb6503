"""From a metric's definition to the sums of a group: the text that runs on every engine, and that a data lead can run again."""

from __future__ import annotations

from collections.abc import Sequence

from headway.analytics.metrics import (
    EXPLAINED,
    KINDS,
    MEAN,
    RATE,
    RATIO,
    STATES,
    STEPS,
    STUDENT_PARTS,
    WAIT,
    Metric,
)
from headway.analytics.types import DISTRICT, UNKNOWN
from headway.kit.refusals import Refusal, Sentence

_OF_CHANCES = ("hits", "chances", "hits_hits", "hits_chances", "chances_chances")
SUMS = {
    RATIO: _OF_CHANCES,
    RATE: _OF_CHANCES,
    MEAN: ("known", "total", "squares"),
    STATES: ("state",),
    WAIT: ("wait", "ended", "times"),
}
"""The columns behind the parts and `n` (students) of an answer, by kind."""
_YES_NO = ("english_learner", "economically_disadvantaged", "disability")


def question(metric: Metric, by: Sequence[str], *, only: tuple[str, str] | None = None) -> str:
    """Return the text whose answer has a row for each part of `by`: the parts, `n` students, and the sums of the kind.

    Kinds that are worked out from students have a row for each student instead, in the order of their names. Only students in
    a school on the day are in it; `only` (a column of students and a part of it) keeps those of one part. Raises `Refusal`:
    `unknown_part` for a column that the metric cannot be broken down by.
    """
    named = _named(metric, by)
    columns = "".join(f"    {_expression(name, metric)} AS {name},\n" for name in named)
    tail = _joined("unit", metric, only)
    if metric.kind in (STEPS, EXPLAINED):
        own = ", ".join(f"u.{name}" for name in KINDS[metric.kind])
        return (
            f"WITH unit AS (\n{indented(metric.sql)}\n)\nSELECT\n    u.student,\n{columns}    {own}\n"
            f"{tail}ORDER BY u.student"
        )
    head = f"WITH unit AS (\n{indented(metric.sql)}\n),\nperson AS (\n  SELECT\n    u.student,\n{columns}"
    grouped = f"GROUP BY u.student{''.join(', ' + _expression(name, metric) for name in named)}\n"
    return head + _rest(metric.kind, ", ".join(named), indented(tail) + "\n", grouped)


def _named(metric: Metric, by: Sequence[str]) -> list[str]:
    named = [*dict.fromkeys([*metric.apart, *by])]
    for name in named:
        if name not in (*STUDENT_PARTS, DISTRICT, *metric.parts):
            raise Refusal(
                "unknown_part",
                Sentence("%(metric)s is not told apart by %(part)s.", metric=metric.key, part=name),
            )
    return named


def _joined(unit: str, metric: Metric, only: tuple[str, str] | None) -> str:
    kept = f" AND {_expression(only[0], metric)} = {literal(only[1])}" if only else ""
    where = f"p.school IS NOT NULL{kept}"
    return f"FROM {unit} u\nJOIN student p ON p.student = u.student\nWHERE {where}\n"


def _rest(kind: str, parts: str, tail: str, grouped: str) -> str:
    lead, group, order = (f"{parts}, ", f"GROUP BY {parts}\n", f"ORDER BY {parts}") if parts else ("", "", "")
    if kind in (RATIO, RATE):
        return (
            f"    SUM(u.hits) AS h,\n    SUM(u.chances) AS c\n{tail}  {grouped})\n"
            f"SELECT {lead}COUNT(*) AS n, SUM(h) AS hits, SUM(c) AS chances,\n"
            "  SUM(h * h) AS hits_hits, SUM(h * c) AS hits_chances, SUM(c * c) AS chances_chances\n"
            f"FROM person\nWHERE c > 0\n{group}{order}"
        ).rstrip()
    if kind == MEAN:
        return (
            f"    AVG(u.value) AS v\n{tail}  {grouped})\n"
            f"SELECT {lead}COUNT(*) AS n, COUNT(v) AS known, SUM(v) AS total, SUM(v * v) AS squares\n"
            f"FROM person\n{group}{order}"
        ).rstrip()
    if kind == STATES:
        both = f"{parts}, state" if parts else "state"
        return (
            f"    u.state\n{tail})\n"
            f"SELECT {lead}state, COUNT(DISTINCT student) AS n\nFROM person\nGROUP BY {both}\nORDER BY {both}"
        )
    both = f"{parts}, wait, ended" if parts else "wait, ended"
    return (
        f"    u.wait,\n    u.ended\n{tail})\n"
        f"SELECT {lead}wait, ended, COUNT(*) AS times\nFROM person\nGROUP BY {both}\nORDER BY {both}"
    )


def head_count(metric: Metric, by: Sequence[str], *, only: tuple[str, str] | None = None) -> str:
    """Return the text that counts the students behind each part of a metric of kind `wait`."""
    named = _named(metric, by)
    parts = ", ".join(named)
    lead, group = (f"{parts}, ", f"\nGROUP BY {parts}\nORDER BY {parts}") if parts else ("", "")
    # A student waits many times: told apart before anything is joined, there are few to join.
    own = ", ".join(["student", *(name for name in named if name in metric.parts)])
    columns = "".join(f",\n    {_expression(name, metric)} AS {name}" for name in named)
    tail = indented(_joined(f"(SELECT DISTINCT {own} FROM unit)", metric, only))
    return (
        f"WITH unit AS (\n{indented(metric.sql)}\n),\nperson AS (\n  SELECT\n    u.student{columns}\n{tail}\n)\n"
        f"SELECT {lead}COUNT(DISTINCT student) AS n\nFROM person{group}"
    )


def _expression(name: str, metric: Metric) -> str:
    if name in metric.parts:
        return f"COALESCE(u.{name}, '{UNKNOWN}')"
    if name in _YES_NO:
        return f"CASE WHEN p.{name} THEN 'yes' WHEN NOT p.{name} THEN 'no' ELSE '{UNKNOWN}' END"
    return f"COALESCE(p.{name}, '{UNKNOWN}')"


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def indented(text: str) -> str:
    """Return a text two columns further in."""
    return "\n".join(f"  {line}" if line else line for line in text.splitlines())
