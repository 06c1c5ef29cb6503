"""Questions about opportunities: what was given to whom, and what became of it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from headway.evidence.models import Offer, Opportunity
from headway.evidence.types import AWAY, CHANCE, OFFERED, TAKEN, WITHDRAWN, Chance
from headway.tasks.types import rated_on

_PART = 500


@dataclass(frozen=True, slots=True)
class Given:
    """What was given in one act, with every student's chance. `by` is the row key of who gave it."""

    uuid: UUID
    title: str
    words: str
    link: str
    targets: tuple[int, ...]
    due_on: object
    depth: int
    purpose: int
    given_at: datetime
    by: int | None
    school_class: int | None
    chances: tuple[Chance, ...]
    version: UUID | None = None


def of_students(
    students: Iterable[int], *, states: Sequence[str] | None = None, limit: int = 200
) -> list[Chance]:
    """Return the chances that students were given and nobody took back, newest first. Two statements."""
    rows = Opportunity.objects.filter(student_id__in=list(students)).exclude(state=WITHDRAWN)
    if states is not None:
        rows = rows.filter(state__in=states)
    return _chances(rows.order_by("-offer__given_at", "-pk")[:limit])


def by_uuid(wanted: Iterable[UUID]) -> list[Chance]:
    """Return chances by their uuid, in order of their rows; unknown ones are missing. Two statements per 500."""
    listed = list(dict.fromkeys(wanted))
    found: list[Chance] = []
    for start in range(0, len(listed), _PART):
        found += _chances(Opportunity.objects.filter(uuid__in=listed[start : start + _PART]).order_by("pk"))
    return found


def of_offer(offer: UUID) -> list[Chance]:
    """Return all chances of an offer, withdrawn ones with them. Two statements."""
    return _chances(Opportunity.objects.filter(offer__uuid=offer).order_by("pk"))


def find_by_key(key: str) -> Chance | None:
    """Return the chance that a piece of this key answers, or None."""
    try:
        wanted = UUID(key.removeprefix(CHANCE)) if key.startswith(CHANCE) else None
    except ValueError:
        return None
    return next(iter(by_uuid([wanted])), None) if wanted else None


def group_of(chance: Chance) -> list[Chance]:
    """Return the chances of a student's group, their own first, as long as they hand in together; else only their own.

    Who was away, excused or missed it is not with the group; nor is, from then on, who was not with it when it handed in.
    Two statements.
    """
    if not chance.group or chance.state not in (OFFERED, TAKEN):
        return [chance]
    rows = Opportunity.objects.filter(
        offer__uuid=chance.offer, group=chance.group, state__in=(OFFERED, TAKEN)
    )
    others = [one for one in _chances(rows.order_by("pk")) if one.uuid != chance.uuid]
    if chance.state == OFFERED and any(one.state == TAKEN for one in others):
        return [chance]
    return [chance, *(one for one in others if one.state == chance.state)]


def between(*, first: int, last: int) -> list[Chance]:
    """Return the chances that events of a span of the ledger brought into the state in which they are. Two statements."""
    return _chances(Opportunity.objects.filter(sequence__range=(first, last)).order_by("pk"))


def groups_of(*, pieces: Iterable[str]) -> dict[str, tuple[UUID, int]]:
    """Return (offer, group) of pieces that a group handed in, by their key; others are missing. One statement per 500."""
    wanted = _answered(pieces)
    found, listed = {}, list(wanted)
    for start in range(0, len(listed), _PART):
        rows = Opportunity.objects.filter(uuid__in=listed[start : start + _PART], group__gt=0)
        for uuid, offer, group in rows.values_list("uuid", "offer__uuid", "group"):
            found[wanted[uuid]] = (offer, group)
    return found


def classes_given_in(*, pieces: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Return key and title of the class in which a task was given, by the key of the piece that answers it.

    Others are missing. One statement per 500.
    """
    wanted = _answered(pieces)
    found, listed = {}, list(wanted)
    for start in range(0, len(listed), _PART):
        rows = Opportunity.objects.filter(uuid__in=listed[start : start + _PART], offer__school_class__gt=0)
        for uuid, school_class, title in rows.values_list(
            "uuid", "offer__school_class", "offer__school_class__title"
        ):
            found[wanted[uuid]] = (school_class, title)
    return found


def _answered(pieces: Iterable[str]) -> dict[UUID, str]:
    """Return the keys of pieces by the chance that they answer."""
    found = {}
    for key in pieces:
        with contextlib.suppress(ValueError):
            if key.startswith(CHANCE):
                found[UUID(key.removeprefix(CHANCE))] = key
    return found


def given_in(*, school_class: int, limit: int = 100) -> list[Given]:
    """Return what was given in a class and not taken back, newest first, with every chance. Four statements."""
    rows = Offer.objects.select_related("task_version").filter(school_class_id=school_class)
    offers = list(rows.order_by("-given_at", "-pk")[:limit])
    return [one for one in _given(offers) if any(chance.state != WITHDRAWN for chance in one.chances)]


def find_given(offer: UUID) -> Given | None:
    """Return what was given in one act, or None. Four statements."""
    return next(iter(_given(list(Offer.objects.select_related("task_version").filter(uuid=offer)))), None)


def _given(offers: list[Offer]) -> list[Given]:
    rows: dict[UUID, list[Chance]] = {offer.uuid: [] for offer in offers}
    for chance in _chances(Opportunity.objects.filter(offer__in=offers).order_by("pk")):
        rows[chance.offer].append(chance)
    targets: dict[int, list[int]] = {}
    for offer, target in _targets([offer.pk for offer in offers]):
        targets.setdefault(offer, []).append(target)
    return [
        Given(
            one.uuid, one.title, one.words, one.link, tuple(targets.get(one.pk, ())), one.due_on, one.depth, one.purpose,
            one.given_at, one.given_by_id, one.school_class_id, _as_they_stand(rows[one.uuid]),
            one.task_version.uuid if one.task_version is not None else None,
        )
        for one in offers
    ]  # fmt: skip


def _as_they_stand(rows: list[Chance]) -> tuple[Chance, ...]:
    """Return the chances of an offer with the groups in which they work now.

    A group of one is none, and who is open while their group handed in works alone.
    """
    n = Counter(one.group for one in rows if one.state != WITHDRAWN)
    taken = {one.group for one in rows if one.state == TAKEN}
    return tuple(
        replace(one, group=0) if n[one.group] < 2 or (one.state == OFFERED and one.group in taken) else one
        for one in rows
    )


def _targets(offers: Sequence[int]) -> Iterable[tuple[int, int]]:
    return (
        Offer.targets.through.objects.filter(offer_id__in=offers)
        .order_by("pk")
        .values_list("offer_id", "node_id")
    )


def _chances(rows: QuerySet[Opportunity]) -> list[Chance]:
    found = list(rows.select_related("offer__task_version__task"))
    targets: dict[int, list[int]] = {}
    for offer, target in _targets(list({row.offer_id for row in found})) if found else ():
        targets.setdefault(offer, []).append(target)
    return [
        Chance(
            uuid=row.uuid, offer=row.offer.uuid, student=row.student_id, title=row.offer.title, words=row.offer.words,
            link=row.offer.link, targets=tuple(targets.get(row.offer_id, ())), due_on=row.offer.due_on,
            depth=row.offer.depth, purpose=row.offer.purpose, given_at=row.offer.given_at, state=row.state,
            reason=row.reason, changed_at=row.changed_at, sequence=row.sequence, school_class=row.offer.school_class_id,
            group=row.group, **_from_bank(row.offer.task_version),
        )
        for row in found
    ]  # fmt: skip


def _from_bank(version: Any) -> dict[str, Any]:
    if version is None:
        return {}
    return {"version": version.uuid, "rated_on": rated_on(version.task.uuid, version.number)}


def versions_given(*, students: Iterable[int]) -> set[UUID]:
    """Return the versions of tasks of the bank that students were given and nobody took back. One statement."""
    rows = Opportunity.objects.filter(student_id__in=list(students), offer__task_version__isnull=False)
    return set(rows.exclude(state=WITHDRAWN).values_list("offer__task_version__uuid", flat=True))


def away_since(students: Sequence[int], *, by: datetime | None = None) -> dict[int, datetime]:
    """Return when each student was last noted as away from a chance; others are missing. One statement per 10,000."""
    found: dict[int, datetime] = {}
    for start in range(0, len(students), 10_000):
        part = Q(student_id__in=students[start : start + 10_000], state=AWAY)
        rows = Opportunity.objects.filter(part if by is None else part & Q(changed_at__lt=by))
        for student, at in rows.values_list("student_id", "changed_at"):
            found[student] = max(at, found.get(student, at))
    return found


def data_of(*, student: int) -> list[dict[str, object]]:
    """Return a student's chances as plain data, oldest first."""
    rows = Opportunity.objects.filter(student_id=student).order_by("pk")
    fields = ("uuid", "offer__title", "offer__words", "offer__link", "offer__due_on", "offer__given_at", "group", "state",
              "reason", "changed_at")  # fmt: skip
    return [{name.removeprefix("offer__"): row[name] for name in fields} for row in rows.values(*fields)]
