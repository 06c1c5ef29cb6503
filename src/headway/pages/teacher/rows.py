"""What a form of the stack says, as ratings: of one student, or of each student of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import HttpRequest

from headway.pages.parts.asked import day_of_form
from headway.pages.teacher.stack import Stack
from headway.proficiency import queries
from headway.profiles import queries as profiles
from headway.profiles.types import ModificationView
from headway.science.codes import Purpose

STATUSES = ("missed", "excused", "too_little", "not_taught")
"""What the form offers in the place of a level."""


@dataclass(frozen=True, slots=True)
class Member:
    """One student of a group: what was chosen for them alone, by target, and the words for them alone.

    `own` are the student's own targets here, in words: their levels are read by these.
    """

    id: str
    name: str
    cells: list[dict[str, Any]]
    words: str
    own: list[str]


def members_of(
    request: HttpRequest, m: queries.Moment, stack: Stack, criteria: Sequence[Any]
) -> list[Member]:
    """Return the students of a group as their rows of the form; nobody where one is rated alone."""
    return [
        Member(
            str(person.id),
            person.name(),
            [
                {"criterion": one, "chosen": request.POST.get(f"own-{person.id}-{one.key}", "")}
                for one in criteria
            ],
            own_words(request, person.id),
            [one.words for one in own_targets(observed_on(request), stack, person.id).values()],
        )
        for person, _piece in stack.members
    ]


def own_targets(m: queries.Moment, stack: Stack, student: int) -> dict[int, ModificationView]:
    """Return a student's own targets that stand in the place of those of the stack."""
    targets = [node.id for node in stack.targets]
    found = profiles.modifications_of(m, student=student, held=True, targets=targets)
    return {target: one for target in targets for one in found if target in one.places}


def observed_on(request: HttpRequest, name: str = "observed") -> queries.Moment:
    """Return the moment of the day that the form says was observed; of today where it says none that has been."""
    day, today = day_of_form(request, name), request.moment.astimezone(request.zone).date()
    past = day if day is not None and day < today else None
    return queries.moment(now=request.moment, as_of=past, book=request.book)


def own_words(request: HttpRequest, student: int) -> str:
    """Return what was written to one student of a group."""
    return request.POST.get(f"own-words-{student}", "").replace("\0", "").strip()


def rows_of(request: HttpRequest, stack: Stack) -> tuple[list[dict[str, Any]], list[int]]:
    """Return one row per student and criterion that has a level or a status, and the target of each."""
    base = request.POST.get("key", "")[:80] or f"page-{uuid4()}"
    m = queries.moment(now=request.moment, book=request.book)
    observing = observed_on(request)
    rows, order = [], []
    for person, piece in stack.members or [(stack.student, stack.piece)]:
        words = own_words(request, person.id) if stack.members else ""
        own = own_targets(observing, stack, person.id)
        for node in stack.targets:
            said = _said(request, person.id, node.id, alone=not stack.members)
            if said is None:
                continue
            name = f"{base}:{person.id}:{node.id}" if stack.members else f"{base}:{node.id}"
            comment = request.POST.get(f"comment-{node.id}", "").strip()
            row: dict[str, Any] = {
                "key": name, "student": person.sourced_id, "target": str(node.uuid), **said,
                "comment": "\n\n".join(text for text in (comment, words) if text), **_where(request, stack, node, piece, m.day),
            }  # fmt: skip
            if piece is None:
                row["evidence"] = base
            if node.id in own and "status" not in said:
                row |= {"purpose": "modified", "modification": str(own[node.id].uuid)}
            words = ""
            rows.append(row)
            order.append(node.id)
    return rows, order


def _said(request: HttpRequest, student: int, target: int, *, alone: bool) -> dict[str, Any] | None:
    """Return the level or the status of a student on a target; None where nothing was said."""
    own = "" if alone else request.POST.get(f"own-{student}-{target}", "")
    if own.startswith("status:"):
        return {"status": own.removeprefix("status:")}
    if own:
        return {"level": own}
    level, status = request.POST.get(f"level-{target}", ""), request.POST.get(f"status-{target}", "")
    if status:
        return {"status": status}
    if not level:
        return None
    # Sent with this student's own save: a default that was left as it was is confirmed by it, and marked.
    return {"level": level, "by_default": level == request.POST.get(f"default-{target}")}


def _where(request: HttpRequest, stack: Stack, node: Any, piece: Any, today: Any) -> dict[str, Any]:
    """Return day, depth, task and piece of a row."""
    observed = request.POST.get("observed", "")
    found: dict[str, Any] = {
        "observed_at": request.moment.isoformat() if observed in ("", today.isoformat()) else observed,
        "task": request.POST.get("task", "").strip()[:190],
    }
    asked = stack.task.depth if stack.task is not None else 0
    if asked or node.depth:
        found["depth"] = request.POST.get("depth") or str(asked or node.depth)
    if request.POST.get("hold"):
        found["held"] = True
    if request.POST.get("language", "").strip():
        found["language"] = request.POST["language"].strip()
    if piece is not None:
        named = stack.task.task_name if stack.task is not None and stack.task.version else piece.title[:190]
        found |= {"evidence": piece.key, "attempt": piece.attempt, "task": named,
                  "submitted_at": piece.handed_in_at.isoformat()}  # fmt: skip
        if stack.task is not None:
            found["purpose"] = Purpose(stack.task.purpose).word
            found["due_at"] = stack.task.due_on.isoformat() if stack.task.due_on else ""
    return found
