"""What a student's plan differs in after a change, and what it may not differ in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.kit.refusals import Refusal, Sentence
from headway.plans.pacing import DAY, Lessons
from headway.plans.reading import MOST_PIECES
from headway.plans.types import Differences, ItemChange, PlanItem

MOST_LETTERS = 500


def changed(
    *,
    version: Sequence[PlanItem],
    before: Differences,
    changes: Sequence[ItemChange],
    done: set[int],
    dues: dict[int, date],
    span: tuple[date, date],
) -> Differences:
    """Return the differences of a plan after a change; targets that it does not name stay as they are.

    `done` are the targets of which everything asked is in, `dues` the template's days. Raises `Refusal`: `unknown_target`,
    `target_twice`, `plan_invalid`, `not_a_day`, `reason_required`, `target_done`.
    """
    asked: dict[UUID, int] = {frameworks.node(item.target).uuid: item.pieces for item in version}
    own, due, why = before.applied(asked), dict(before.due), dict(before.why)
    if len({change.target for change in changes}) < len(changes):
        raise Refusal("target_twice", "A target stands in a plan once.")
    for change in changes:
        node = _target(change.target)
        if change.waived is not None:
            reason = " ".join(change.waived.replace("\0", "").split())
            if change.target in done:
                raise Refusal(
                    "target_done",
                    Sentence("Everything asked of %(label)s is in: it stays.", label=node.label),
                )
            if node.uuid in asked and not reason and node.uuid not in before.removed:
                raise Refusal("reason_required", Sentence("Say why %(label)s is waived.", label=node.label))
            if len(reason) > MOST_LETTERS:
                raise Refusal(
                    "too_long", Sentence("A reason has at most %(most)s letters.", most=MOST_LETTERS)
                )
            own.pop(node.uuid, None)
            due.pop(node.uuid, None)
            if node.uuid in asked:
                why[node.uuid] = reason
            continue
        if not 1 <= change.pieces <= MOST_PIECES:
            raise Refusal("out_of_range", Sentence("%(label)s: ask for 1 to %(most)s pieces.", label=node.label,
                                                   most=MOST_PIECES))  # fmt: skip
        own[node.uuid] = change.pieces
        why.pop(node.uuid, None)
        due.pop(node.uuid, None)
        if change.due_on is not None and not span[0] <= change.due_on <= span[1]:
            raise Refusal("not_a_day", Sentence("%(label)s: its day lies from %(first)s to %(last)s, as the plan does.",
                                                label=node.label, first=span[0], last=span[1]))  # fmt: skip
        if change.due_on not in (None, dues.get(change.target)):
            assert change.due_on is not None
            due[node.uuid] = change.due_on
    return replace(Differences.between(asked, own), due=tuple(due.items()), why=tuple(why.items()))


def _target(key: int) -> NodeView:
    node = frameworks.node(key)
    if not node.is_leaf:
        raise Refusal("plan_invalid", Sentence("%(label)s is an area, not a target.", label=node.label))
    return node


def handed_on(
    stored: dict[str, Any], *, was: date, starts_on: date, ends_on: date, lessons: Lessons
) -> dict[str, Any]:
    """Return the differences of a plan that begins on another day: its own days move by as many instructed days."""
    own = Differences.read(stored)
    if not own.due or was == starts_on:
        return stored
    days = lessons.taught(starts_on, ends_on)
    moved = []
    for target, day in own.due:
        place = lessons.through(day) - lessons.through(was - DAY) - 1
        moved.append((target, days[place] if 0 <= place < len(days) else ends_on))
    return replace(own, due=tuple(moved)).stored()
