"""The rule laboratory: another policy on the school's own data. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from headway.access.types import SYSTEM
from headway.frameworks import queries as frameworks
from headway.proficiency import configuration, policies, projecting
from headway.proficiency.types import Standing
from headway.proficiency.working import moment
from headway.rosters import queries as rosters

EDGE = 5
"""Within so many hundredths of a cut a determination sits on the edge."""

REACHED = ("proficient", "beyond")


def try_policy(body: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Return who would move in and out of proficient, and who sits on the edge, if this file were in force today.

    A policy whose day lies ahead is tried as if it had come. Raises `Refusal("policy_invalid")`.
    """
    today = at.date().isoformat()
    trial = dict(body)
    trial["policy"] = [{**p, "in_force": min(str(p["in_force"]), today)} for p in body.get("policy", [])]
    before = projecting.replayed(moment(now=at))
    with transaction.atomic():
        policies.import_policy(actor=SYSTEM, body=trial, name="trial", at=at, determine=False)
        m = moment(now=at)
        after = projecting.replayed(m)
        edges = {
            pair: _edge(m.book.effective(node=pair[1], school=None, on=m.day), s) for pair, s in after.items()
        }
        transaction.set_rollback(True)
    configuration.forget()
    people = rosters.people_by_id(person_ids={student for student, _ in after})

    def named(pair: tuple[int, int]) -> dict[str, Any]:
        old, new = before.get(pair), after[pair]
        return {
            "student": people[pair[0]].sourced_id, "target": frameworks.node(pair[1]).reference,
            "before": None if old is None or old.value is None else old.value / 100,
            "before_state": old.state if old else "no_evidence",
            "after": None if new.value is None else new.value / 100, "after_state": new.state,
        }  # fmt: skip

    def reached(s: Standing | None) -> bool:
        return s is not None and s.state in REACHED

    def moved(pair: tuple[int, int]) -> str:
        now_reached, was = reached(after[pair]), reached(before.get(pair))
        return "in" if now_reached and not was else "out" if was and not now_reached else ""

    order = sorted(after, key=lambda pair: (people[pair[0]].sourced_id, frameworks.node(pair[1]).position))
    changed = [pair for pair in order if edges[pair] or _said(before.get(pair)) != _said(after[pair])]
    rows = [{**named(pair), "moved": moved(pair), "edge": edges[pair]} for pair in changed]
    return {
        "n": len(after),
        "rows": rows,
        "moved_in": sum(row["moved"] == "in" for row in rows),
        "moved_out": sum(row["moved"] == "out" for row in rows),
        "edge": sum(row["edge"] for row in rows),
        "day": date.fromisoformat(today),
    }


def _said(s: Standing | None) -> tuple[str, int | None]:
    return ("no_evidence", None) if s is None else (s.state, s.value)


def _edge(effective: Any, s: Standing) -> bool:
    cut = effective.policy.scale.proficient
    if cut is None or s.value is None or s.state not in ("not_yet", *REACHED):
        return False
    slack = 50 if effective.policy.cut == "nearest" else 0
    return abs(s.value - (round(cut * 100) - slack)) <= EDGE
