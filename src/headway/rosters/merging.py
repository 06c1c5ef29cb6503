"""Two rows of the roster that are one person: joined under the one that stays, and split again as they were.

Rows of the roster keep how they stood before, as with an import. What other packages hold about the person follows through
`register_follower`, in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from headway.access.actions import record_act
from headway.access.models import ImportChange, ImportRun
from headway.access.types import Role, Viewer
from headway.kit.refusals import Refusal, Sentence
from headway.rosters.importing import local_day
from headway.rosters.models import (
    HAND,
    Demographics,
    Distinct,
    Enrollment,
    Guardianship,
    Person,
    Restriction,
    RoleGrant,
    SchoolEvent,
)
from headway.rosters.recording import Changes, parts
from headway.rosters.visibility import LEARNER, holds_on

OWN: tuple[type[models.Model], ...] = (
    Enrollment, RoleGrant, Guardianship, Restriction, Demographics, SchoolEvent,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Joining:
    """One merge, or its split (`of` is the run of the merge that is split): what followers are told."""

    actor: Viewer
    at: datetime
    day: date
    reason: str
    person: Person
    into: Person
    changes: Changes
    of: ImportRun | None = None

    def move(self, rows: list[Any], *columns: str) -> None:
        """Point rows of a merge to the person who stays, in these columns, and keep how they stood."""
        for row in rows:
            self.changes.before(row)
            for column in columns:
                if getattr(row, column) == self.person.pk:
                    setattr(row, column, self.into.pk)
        for part in parts(rows):
            self.changes.change(part)

    def put_back(self, model: type[models.Model], *ends: str) -> None:
        """Point what the merge moved back; an end that the merge set goes too, one that came later stays."""
        assert self.of is not None
        kept = ImportChange.objects.filter(run=self.of, model=model._meta.object_name, before__isnull=False)
        before = dict(kept.values_list("row", "before"))
        people = [f.attname for f in model._meta.concrete_fields if f.related_model is Person]
        for part in parts(sorted(before)):
            rows = list(model._default_manager.filter(pk__in=part))
            for row in rows:
                self.changes.before(row)
                for column in people:
                    if before[row.pk][column] == self.person.pk:
                        setattr(row, column, self.person.pk)
                for column in ends:
                    set_here = {"ends_on": self.of.counts["day"], "ended_at": self.of.at.isoformat()}[column]
                    held = getattr(row, column)
                    if held is not None and held.isoformat() == set_here != before[row.pk][column]:
                        field = model._meta.get_field(column)
                        setattr(row, column, field.to_python(before[row.pk][column]))
            self.changes.change(rows)


Follower = Callable[[Joining], None]
_FOLLOWERS: list[Follower] = []


def register_follower(follower: Follower) -> Follower:
    """Register a function that moves what another package holds about a person, with a merge and with its split."""
    if follower not in _FOLLOWERS:
        _FOLLOWERS.append(follower)
    return follower


def merge(*, actor: Viewer, person: Person, into: Person, reason: str, at: datetime) -> ImportRun:
    """Join a person into another; see `actions.merge_people`."""
    with transaction.atomic():
        _check(person, into, reason)
        day = local_day(at)
        said = {
            "person": str(person.uuid),
            "into": str(into.uuid),
            "day": day.isoformat(),
            "on": day.isoformat(),
            "reason": reason.strip(),
        }
        run = _run(actor, "merged", person, into, said, at)
        joining = Joining(actor, at, day, reason.strip(), person, into, Changes(run))
        # The person who stays is named too, so that no earlier run that made either is taken back before the split.
        joining.changes.before(into)
        joining.changes.before(person)
        _end_twins(joining)
        _move_roster(joining)
        person.merged_into = into
        joining.changes.change([person])
        for follower in _FOLLOWERS:
            follower(joining)
        joining.changes.flush()
        return run


def _check(person: Person, into: Person, reason: str) -> None:
    if not reason.strip():
        raise Refusal("reason_missing", "Say why; the audit trail keeps it.")
    if person.pk == into.pk:
        raise Refusal("same_person", "This is one person already.")
    if person.merged_into_id is not None or into.merged_into_id is not None:
        raise Refusal("already_merged", "One of the two was joined to somebody already; split them first.")
    if Person.objects.filter(merged_into=person).exists():
        raise Refusal(
            "already_merged", Sentence(
                "Somebody was joined to %(person)s; split them first, or join the other way "
                "round.",
                person=person.name(),
            )
        )  # fmt: skip
    if person.active and not person.provisional:
        raise Refusal(
            "both_on_roster",
            Sentence(
                "The roster holds %(person)s (%(sourced_id)s) itself; end one of the two there first, "
                "or join the other way round.",
                person=person.name(),
                sourced_id=person.sourced_id,
            ),
        )


def _end_twins(joining: Joining) -> None:
    """End what was put in by hand and the person who stays has from the roster: the roster speaks from now on."""
    day = joining.day
    own = Enrollment.objects.filter(holds_on(day), person=joining.into, role=LEARNER)
    twice = Enrollment.objects.filter(
        holds_on(day), person=joining.person, role=LEARNER, source=HAND,
        school_class_id__in=own.values("school_class_id"),
    )  # fmt: skip
    ending: list[Any] = list(twice)
    if RoleGrant.objects.filter(holds_on(day), person=joining.into, role=Role.STUDENT).exists():
        ending += RoleGrant.objects.filter(
            holds_on(day), person=joining.person, role=Role.STUDENT, source=HAND
        )
    for row in ending:
        joining.changes.before(row)
        row.ends_on = day
    for model in (Enrollment, RoleGrant):
        joining.changes.change([row for row in ending if isinstance(row, model)])


def _move_roster(joining: Joining) -> None:
    person, into = joining.person, joining.into
    joining.move(list(Enrollment.objects.filter(person=person)), "person_id")
    joining.move(list(RoleGrant.objects.filter(person=person)), "person_id")
    cared = set(Guardianship.objects.filter(student=into).values_list("guardian_id", flat=True))
    cares = set(Guardianship.objects.filter(guardian=into).values_list("student_id", flat=True))
    links = Guardianship.objects.filter(Q(student=person) | Q(guardian=person)).order_by("id")
    # A link that the person who stays has already, or to themselves, is not there twice.
    cared.add(into.pk)
    cares.add(into.pk)
    new = [
        link
        for link in links
        if (link.guardian_id not in cared if link.student_id == person.pk else link.student_id not in cares)
    ]
    joining.move(new, "student_id", "guardian_id")
    restrictions = Restriction.objects.filter(Q(student=person) | Q(guardian=person))
    joining.move(list(restrictions.order_by("id")), "student_id", "guardian_id")
    known = set(SchoolEvent.objects.filter(student=into).values_list("kind", "at", "outcome"))
    events = SchoolEvent.objects.filter(student=person).order_by("id")
    joining.move([one for one in events if (one.kind, one.at, one.outcome) not in known], "student_id")
    if not Demographics.objects.filter(person=into).exists():
        joining.move(list(Demographics.objects.filter(person=person)), "person_id")


def split(*, actor: Viewer, person: Person, reason: str, at: datetime) -> ImportRun:
    """Split a person from the one they were joined to; see `actions.split_people`."""
    with transaction.atomic():
        if not reason.strip():
            raise Refusal("reason_missing", "Say why; the audit trail keeps it.")
        runs = ImportRun.objects.select_for_update().filter(kind="merged", status="applied")
        of = runs.filter(counts__person=str(person.uuid)).order_by("-pk").first()
        if of is None or person.merged_into is None:
            raise Refusal("not_merged", Sentence("%(person)s was joined to nobody.", person=person.name()))
        into, day = person.merged_into, local_day(at)
        said = {
            "person": str(person.uuid),
            "into": str(into.uuid),
            "on": day.isoformat(),
            "reason": reason.strip(),
        }
        run = _run(actor, "split", person, into, said, at)
        joining = Joining(actor, at, day, reason.strip(), person, into, Changes(run), of)
        joining.changes.before(into)
        joining.changes.before(person)
        person.merged_into = None
        joining.changes.change([person])
        for model in OWN:
            joining.put_back(model, *(("ends_on",) if model in (Enrollment, RoleGrant) else ()))
        for follower in _FOLLOWERS:
            follower(joining)
        joining.changes.flush()
        ImportRun.objects.filter(pk=of.pk).update(status="undone", undone_at=at)
        return run


def _run(
    actor: Viewer, kind: str, person: Person, into: Person, said: dict[str, str], at: datetime
) -> ImportRun:
    run = ImportRun.objects.create(
        kind=kind, name=f"{person.name()} – {into.name()}"[:200], actor=actor.account, at=at, counts=said,
        digest=hashlib.sha256(repr(said).encode()).hexdigest(),
    )  # fmt: skip
    act = {"merged": "merge_people", "split": "split_people"}[kind]
    for one in (person, into):
        record_act(
            actor=actor, act=act, kind="person", object_id=one.uuid, at=at, detail={"run": run.pk, **said}
        )
    return run


def tell_apart(*, actor: Viewer, person: Person, other: Person, at: datetime) -> None:
    """Note that two are two people; see `actions.tell_apart`."""
    with transaction.atomic():
        Distinct.objects.get_or_create(
            person=person, other=other, defaults={"said_at": at, "said_by": actor.account}
        )
        record_act(
            actor=actor, act="tell_apart", kind="person", object_id=person.uuid, at=at,
            detail={"other": str(other.uuid)},
        )  # fmt: skip


def erase_copies(*, person_id: int) -> int:
    """Remove the copies that runs about a person keep of rows of other packages; see `actions.erase_copies`."""
    uuids = [
        str(one)
        for one in Person.objects.filter(Q(pk=person_id) | Q(merged_into=person_id)).values_list(
            "uuid", flat=True
        )
    ]
    runs = ImportRun.objects.filter(kind__in=("merged", "split"), counts__person__in=uuids)
    copies = ImportChange.objects.filter(run__in=runs)
    kept = [one._meta.object_name for one in (*OWN, Person)]
    return int(copies.exclude(model__in=kept).delete()[0])
