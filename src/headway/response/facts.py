"""Facts of response: who needs one on the day, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headway.frameworks import queries as frameworks
from headway.kit.facts import DAY, TEXT, WHOLE, Column, Fact, Reading
from headway.response.queries import needs


def _needs(reading: Reading) -> Iterator[tuple[Any, ...]]:
    found: dict[tuple[str, str, str], Any] = {}
    times: dict[tuple[str, str, str], int] = {}
    for need in needs(reading.moment, reading.students):
        target = "" if need.target is None else frameworks.node(need.target).reference
        name = (reading.names[need.student], need.reason, target)
        times[name] = times.get(name, 0) + 1
        found[name] = min((day for day in (found.get(name), need.since) if day is not None), default=None)
    for name, since in found.items():
        student, reason, target = name
        yield student, reason, target, since, times[name]


FACTS = (
    Fact(
        "need", "one row per student, reason and target", "Who needs a response on the day, and why.",
        (
            Column("student", TEXT, "sourcedId of the student"),
            Column("reason", TEXT, "no_evidence, stuck, missed_chances, ready_to_advance, waiting or behind"),
            Column("target", TEXT, "the target that it is about, empty where it is about none"),
            Column("since", DAY, "since when", missing="nobody knows"),
            Column("times", WHOLE, "how often it holds: two plans behind are two"),
        ),
        ("student", "reason", "target"), _needs,
    ),
)  # fmt: skip
