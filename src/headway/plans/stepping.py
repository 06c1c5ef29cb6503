"""A student's plan target by target and week by week: due days, what is in, what differs from the template.

Choices:

- A template's due week ends with the last instructed day of the plan's so many-th week; the week of the first day is 1. Where a
  version gives no week, its targets are spread over the instructed days of the plan in order, by the pieces asked. No day lies
  after the plan's last one.
- What is in is counted as the pace counts it (`pacing`); what is beyond the pieces asked fills nothing.
- An override that completes has no piece and no day: it stands in the week that is shown as the present one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date

from headway.frameworks import queries as frameworks
from headway.plans.pacing import DAY, EPOCH, Gathered, Lessons
from headway.plans.types import Differences, PlanItem, Step, Week


def planned(items: Sequence[PlanItem], starts_on: date, ends_on: date, lessons: Lessons) -> dict[int, date]:
    """Return the due day of each target by the template alone."""
    weeks = last_days(lessons, starts_on, max((item.due_week or 0 for item in items), default=0))
    spread: list[date] = []
    if any(item.due_week is None for item in items):
        spread = lessons.taught(starts_on, ends_on)
    found, before, total = {}, 0, sum(item.pieces for item in items)
    for item in items:
        before += item.pieces
        day = ends_on
        if item.due_week is not None:
            day = weeks[item.due_week - 1] if item.due_week <= len(weeks) else ends_on
        elif spread:
            day = spread[max(0, math.ceil(len(spread) * before / total) - 1)]
        found[item.target] = min(day, ends_on)
    return found


def last_days(lessons: Lessons, starts_on: date, weeks: int) -> list[date]:
    """Return the last instructed day of each of the first weeks from a day on; fewer where the calendar ends before."""
    return [last for (_first, last), _n in zip(lessons.weeks(starts_on), range(weeks), strict=False)]


def steps(
    *,
    items: Sequence[PlanItem],
    own: Differences,
    dues: dict[int, date],
    found: dict[int, Gathered],
    ends_on: date,
    today: date,
) -> Iterator[Step]:
    """Yield each target of a plan: the template's in its order, then those that were added.

    `dues` are the template's days, `found` what the ledger holds of each target that is in force.
    """
    days, why, pieces, removed = dict(own.due), dict(own.why), dict(own.pieces), set(own.removed)
    for item in items:
        uuid = frameworks.node(item.target).uuid
        asked = pieces.get(uuid, item.pieces)
        due_on = min(days.get(uuid, dues[item.target]), ends_on)
        held = found.get(item.target)
        if uuid in removed:
            yield Step(
                item.target, asked, 0, due_on, "waived", why.get(uuid, ""), item.pieces, dues[item.target]
            )
        else:
            yield Step(item.target, asked, filled(held, asked), due_on, _state(held, asked, due_on, today), "",
                       item.pieces, dues[item.target])  # fmt: skip
    inside = {item.target for item in items}
    known = frameworks.node_ids(uuids=[uuid for uuid, _n in own.added])
    for uuid, asked in own.added:
        target = known.get(uuid)
        if target is not None and target not in inside:
            held, due_on = found.get(target), min(days.get(uuid, ends_on), ends_on)
            yield Step(
                target, asked, filled(held, asked), due_on, _state(held, asked, due_on, today), "", None, None
            )


def filled(held: Gathered | None, asked: int) -> int:
    """Return how many of the pieces asked are in."""
    if held is None:
        return 0
    return asked if held.fills_all else min(asked, len(held.firsts) + held.completes)


def _state(held: Gathered | None, asked: int, due_on: date, today: date) -> str:
    if held is None or held.aside:
        return "aside"
    if filled(held, asked) >= asked:
        return "done"
    return "late" if due_on < today else "due"


def weeks(
    shown: Sequence[Step],
    found: dict[int, Gathered],
    *,
    starts_on: date,
    ends_on: date,
    today: date,
    lessons: Lessons,
) -> list[Week]:
    """Return the weeks of a plan with what is due and in by the end of each; the last one reaches to the plan's last day."""
    counted = [step for step in shown if step.state not in ("waived", "aside")]
    spans: list[tuple[date, date]] = []
    for first, last in lessons.weeks(starts_on):
        if first > ends_on:
            break
        spans.append((first, min(last, ends_on)))
    if not spans:
        return []
    begun = [n for n, (first, _last) in enumerate(spans) if first <= today]
    now = begun[-1] if begun else -1
    made = []
    for n, (first, last) in enumerate(spans):
        until = max(last, ends_on) if n == len(spans) - 1 else spans[n + 1][0] - DAY
        after = starts_on if n == 0 else first
        due = tuple(step.target for step in counted if after <= step.due_on <= until)
        asked = sum(step.pieces for step in counted if step.due_on <= until)
        held = None
        if n <= now:
            held = sum(
                _by(found.get(step.target), step, min(until, today), whole=n == now) for step in counted
            )
        made.append(Week(n + 1, first, last, asked, held, due, n == now))
    return made


def _by(held: Gathered | None, step: Step, day: date, *, whole: bool) -> int:
    """Return how many of the pieces asked were in on a day; `whole` counts what has no day."""
    if held is None or whole:
        return step.filled
    number = day.toordinal() - EPOCH
    return min(step.pieces, sum(first <= number for first, _lesson in held.firsts))
