"""What a student asks for on a target: to show it now, or to show it again; and the answer, with its reason and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.evidence import ledger
from headway.evidence.models import StudentRequest
from headway.evidence.offering import check_seen, today_of
from headway.evidence.types import ANSWERS, REQUESTS, YES
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal, Sentence
from headway.kit.times import micros
from headway.rosters import queries as rosters

LONGEST = 2_000
OPEN, ANSWERED, TAKEN_BACK = "open", "answered", "taken_back"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with its answer, where there is one. `student`, `target`, `by` are row keys; `on` is the day of a yes."""

    uuid: UUID
    student: int
    target: int
    kind: str
    words: str
    asked_at: datetime
    state: str
    answer: str
    reason: str
    on: date | None
    answered_at: datetime | None
    by: int | None


def ask(*, actor: Viewer, target: int, kind: str, words: str, at: datetime) -> Asked:
    """This will put a request of the student who acts before their teachers; one that is open already answers for it.

    There is no cap and no wait. Written: event, request, audit entry. Raises `Refusal`: `forbidden`, `unknown_word`,
    `unknown_target`, `too_long`.
    """
    words = words.strip()
    if not actor.is_a(Role.STUDENT) or actor.person_id is None or actor.person is None:
        raise Refusal("forbidden", "Only a student asks for this.")
    if kind not in REQUESTS:
        raise Refusal("unknown_word", Sentence("A request is one of: %(known)s.", known=", ".join(REQUESTS)))
    if len(words) > LONGEST:
        raise Refusal("too_long", Sentence("Up to %(most)s letters fit here.", most=LONGEST))
    node = frameworks.node(target)
    if not node.is_leaf or not node.holds(today_of(actor, at)):
        raise Refusal("unknown_target", "This target is not in force.")
    with transaction.atomic():
        ledger.lock()
        known = StudentRequest.objects.filter(
            student_id=actor.person_id, target_id=target, kind=kind, state=OPEN
        ).first()
        if known is not None:
            return _asked(known)
        own = uuid4()
        body: dict[str, Any] = {"request": str(own), "target": str(node.uuid)} | (
            {"words": words} if words else {}
        )
        sequence, _, _ = ledger.append(
            [ledger.Draft(kind, body, actor.person, actor.person)], at_us=micros(at)
        )
        made = StudentRequest.objects.create(
            uuid=own,
            student_id=actor.person_id,
            target_id=target,
            kind=kind,
            words=words,
            asked_at=at,
            sequence=sequence,
        )
        record_act(
            actor=actor, act="ask", kind="person", object_id=actor.person, at=at, detail={"kind": kind}
        )
        return _asked(made)


def take_back(*, actor: Viewer, request: UUID, at: datetime) -> None:
    """This will take an open request of the student who acts back. Raises `Refusal`: `unknown_request`, `not_open`."""
    with transaction.atomic():
        ledger.lock()
        found = StudentRequest.objects.filter(uuid=request, student_id=actor.person_id or 0).first()
        if found is None:
            raise Refusal("unknown_request", "There is no such request of yours.")
        if found.state == TAKEN_BACK:
            return
        if found.state != OPEN:
            raise Refusal("not_open", "This request was answered already.")
        body = {"request": str(request)}
        sequence, _, _ = ledger.append(
            [ledger.Draft("taken_back", body, actor.person, actor.person)], at_us=micros(at)
        )
        StudentRequest.objects.filter(pk=found.pk).update(state=TAKEN_BACK, sequence=sequence)
        record_act(actor=actor, act="take_back", kind="person", object_id=actor.person, at=at, detail=body)


def answer(
    *, actor: Viewer, request: UUID, answer: str, reason: str, on: date | None, at: datetime
) -> Asked:  # fmt: skip
    """This will answer an open request: yes with a day, or not yet or no with a reason in words.

    Written: event, request, audit entry. Who may: adults who may see the student. Raises `Refusal`: `unknown_request`,
    `forbidden`, `no_such_person`, `unknown_word`, `not_a_day`, `reason_missing`, `too_long`, `not_open`.
    """
    reason = reason.strip()
    if answer not in ANSWERS:
        raise Refusal("unknown_word", Sentence("An answer is one of: %(known)s.", known=", ".join(ANSWERS)))
    if answer == YES and (on is None or not today_of(actor, at) <= on <= date(2100, 12, 31)):
        raise Refusal("not_a_day", "A yes names the day, from today on.")
    if answer != YES and not reason:
        raise Refusal("reason_missing", "Say why, in words the student and the family can use.")
    if len(reason) > LONGEST:
        raise Refusal("too_long", Sentence("Up to %(most)s letters fit here.", most=LONGEST))
    with transaction.atomic():
        ledger.lock()
        found = StudentRequest.objects.filter(uuid=request).first()
        if found is None:
            raise Refusal("unknown_request", "There is no such request.")
        check_seen(actor, [found.student_id], at)
        if found.state != OPEN:
            raise Refusal("not_open", "This request was answered or taken back since.")
        subject = rosters.person_uuids(person_ids=[found.student_id])[found.student_id]
        day = on if answer == YES else None
        body = {
            "request": str(request),
            "answer": answer,
            "reason": reason,
            "on": day.isoformat() if day else "",
        }
        body = {name: value for name, value in body.items() if value}
        sequence, _, _ = ledger.append(
            [ledger.Draft("answered", body, subject, actor.person)], at_us=micros(at)
        )
        StudentRequest.objects.filter(pk=found.pk).update(
            state=ANSWERED, answer=answer, reason=reason, on=day, answered_at=at, answered_by_id=actor.person_id,
            sequence=sequence,
        )  # fmt: skip
        found.refresh_from_db()
        record_act(
            actor=actor, act="answer", kind="person", object_id=subject, at=at, detail={"answer": answer}
        )
        return _asked(found)


def requests_of(*, students: Sequence[int], limit: int = 100) -> list[Asked]:
    """Return the requests of students that were not taken back, newest first. One statement."""
    rows = StudentRequest.objects.filter(student_id__in=list(students)).exclude(state=TAKEN_BACK)
    return [_asked(row) for row in rows.order_by("-asked_at", "-pk")[:limit]]


def open_requests(*, students: Sequence[int]) -> list[Asked]:
    """Return the open requests of students, oldest first. One statement."""
    rows = StudentRequest.objects.filter(student_id__in=list(students), state=OPEN)
    return [_asked(row) for row in rows.order_by("asked_at", "pk")]


def find_request(request: UUID) -> Asked | None:
    """Return a request, or None."""
    found = StudentRequest.objects.filter(uuid=request).first()
    return None if found is None else _asked(found)


def requests_as_data(*, student: int) -> list[dict[str, object]]:
    """Return a student's requests as plain data, oldest first."""
    fields = (
        "uuid",
        "kind",
        "target__uuid",
        "words",
        "asked_at",
        "state",
        "answer",
        "reason",
        "on",
        "answered_at",
    )
    rows = StudentRequest.objects.filter(student_id=student).order_by("pk").values(*fields)
    return [{("target" if name == "target__uuid" else name): row[name] for name in fields} for row in rows]


def _asked(row: StudentRequest) -> Asked:
    return Asked(
        row.uuid, row.student_id, row.target_id, row.kind, row.words, row.asked_at, row.state, row.answer, row.reason,
        row.on, row.answered_at, row.answered_by_id,
    )  # fmt: skip
