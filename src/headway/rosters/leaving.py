"""A student leaves and comes back: lists, roles and the way in end and begin on a day, the history is one line."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal, Sentence
from headway.rosters.importing import local_day
from headway.rosters.models import Enrollment, Guardianship, Person, RoleGrant
from headway.rosters.recording import Changes
from headway.rosters.visibility import LEARNER, holds_on


def leave(*, actor: Viewer, person: Person, on: date, reason: str, at: datetime) -> ImportRun:
    """Let a student leave; see `actions.withdraw_student`."""
    with transaction.atomic():
        _check(on, reason, at)
        enrollments = list(_lists(person).filter(Q(ends_on=None) | Q(ends_on__gt=on)))
        grants = list(_roles(person).filter(Q(ends_on=None) | Q(ends_on__gt=on)))
        if not enrollments and not grants:
            raise Refusal(
                "not_here",
                Sentence(
                    "%(person)s is in no class and no school from %(on)s on.", person=person.name(), on=on
                ),
            )
        run = _run(actor, "left", person, on, reason, at, {"classes": len(enrollments), "roles": len(grants)})
        changes = Changes(run)
        for row in (*enrollments, *grants):
            changes.before(row)
            # What had not begun by the day never did.
            row.ends_on = on if row.starts_on is None else max(on, row.starts_on)
        for row in enrollments:
            row.active = False
        changes.change(enrollments)
        changes.change(grants)
        if person.active and not _otherwise_here(person, local_day(at)):
            changes.before(person)
            person.active = False
            changes.change([person])
        changes.flush()
        return run


def come_back(*, actor: Viewer, person: Person, on: date, reason: str, at: datetime) -> ImportRun:
    """Let a student come back; see `actions.return_student`."""
    with transaction.atomic():
        _check(on, reason, at)
        if _lists(person).filter(holds_on(on)).exists() or _roles(person).filter(holds_on(on)).exists():
            raise Refusal(
                "still_here", Sentence("%(person)s is here on %(on)s.", person=person.name(), on=on)
            )
        enrollments, grants = _last(_lists(person)), _last(_roles(person))
        if not enrollments and not grants:
            raise Refusal(
                "never_here",
                Sentence("%(person)s was in no class and no school before.", person=person.name()),
            )
        ended = max(row.ends_on for row in (*enrollments, *grants))
        if on < ended:
            raise Refusal(
                "not_a_span",
                Sentence(
                    "%(person)s left on %(ended)s; the return is not before that day.",
                    person=person.name(),
                    ended=ended,
                ),
            )
        open_again = [row for row in enrollments if row.school_class.active]
        counts = {
            "classes": len(open_again),
            "roles": len(grants),
            "classes_over": len(enrollments) - len(open_again),
        }
        run = _run(actor, "returned", person, on, reason, at, counts)
        changes = Changes(run)
        changes.make([_again(row, on) for row in open_again])
        changes.make(
            [RoleGrant(person=person, role=row.role, org_id=row.org_id, starts_on=on, source=row.source) for row in grants]
        )  # fmt: skip
        if not person.active:
            changes.before(person)
            person.active = True
            changes.change([person])
        changes.flush()
        return run


def _check(on: date, reason: str, at: datetime) -> None:
    if not reason.strip():
        raise Refusal("reason_missing", "Say why; the audit trail keeps it.")
    if on > local_day(at):
        raise Refusal("day_ahead", "The day lies ahead; note it when it has come.")


def _lists(person: Person) -> Any:
    return (
        Enrollment.objects.filter(person=person, role=LEARNER).select_related("school_class").order_by("id")
    )


def _roles(person: Person) -> Any:
    return RoleGrant.objects.filter(person=person, role=Role.STUDENT).order_by("id")


def _last(rows: Any) -> list[Any]:
    """Return the rows that ended last, all of that day: what a student comes back to."""
    ended = [row for row in rows if row.ends_on is not None]
    last = max((row.ends_on for row in ended), default=None)
    return [row for row in ended if row.ends_on == last]


def _again(row: Enrollment, on: date) -> Enrollment:
    # A row of its own, so that the days between stay days of absence; the next roster speaks for itself.
    return Enrollment(
        sourced_id=f"hand:{uuid.uuid4()}", person_id=row.person_id, school_class_id=row.school_class_id,
        role=row.role, is_primary=row.is_primary, starts_on=on, source=row.source,
    )  # fmt: skip


def _otherwise_here(person: Person, day: date) -> bool:
    """Whether somebody is more than a student: an adult who learns here keeps the other ways in."""
    roles = RoleGrant.objects.filter(holds_on(day), person=person).exclude(role=Role.STUDENT)
    classes = Enrollment.objects.filter(holds_on(day), person=person).exclude(role=LEARNER)
    return (
        roles.exists()
        or classes.exists()
        or Guardianship.objects.filter(holds_on(day), guardian=person).exists()
    )


def _run(
    actor: Viewer, kind: str, person: Person, on: date, reason: str, at: datetime, counts: dict[str, int]
) -> ImportRun:
    said = {"person": str(person.uuid), "on": on.isoformat(), "reason": reason.strip(), "counts": counts}
    run = ImportRun.objects.create(
        kind=kind, name=person.name()[:200], digest=hashlib.sha256(repr(said).encode()).hexdigest(),
        actor=actor.account, at=at, counts=said,
    )  # fmt: skip
    record_act(
        actor=actor, act={"left": "withdraw_student", "returned": "return_student"}[kind], kind="person",
        object_id=person.uuid, at=at, detail={"run": run.pk, "on": on.isoformat(), "reason": reason.strip()},
    )  # fmt: skip
    return run
