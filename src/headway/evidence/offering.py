"""Acts on opportunities: give, take back, close many with one reason, open them again. One event per student and act."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.evidence import chances, ledger
from headway.evidence.models import Offer, Opportunity, Payload
from headway.evidence.types import AWAY, CLOSED, OFFERED, TAKEN, WITHDRAWN, Chance, Task
from headway.evidence.wording import LINK, TITLE, WORDS, wrong_in
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal, Sentence
from headway.kit.times import micros
from headway.rosters import queries as rosters
from headway.science.codes import Purpose
from headway.tasks import queries as tasks
from headway.tasks.types import TaskView, rated_on

Key = TypeVar("Key", bound=Hashable)
ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
MOST_TARGETS, REASON, MOST_GROUPS = 6, 500, 99


@dataclass(frozen=True, slots=True)
class Moved:
    """Opportunities as one act left them, and the sequences of its events, `first` to `last`."""

    first: int
    last: int
    chances: tuple[Chance, ...]


def today_of(actor: Viewer, at: datetime) -> date:
    """Return the actor's day; the system has none of its own."""
    return actor.today if actor.today.year > 1 else at.date()


def check_seen(actor: Viewer, students: Iterable[int], at: datetime) -> None:
    """Refuse unless the actor is an adult of the school who may see every one of the students today."""
    if not actor.is_a(*ADULTS):
        raise Refusal("forbidden", "Only adults of the school do this.")
    wanted = set(students)
    seen = rosters.visible_ids(actor, person_ids=wanted, as_of=today_of(actor, at))
    if missing := len(wanted - seen):
        raise Refusal(
            "no_such_person",
            Sentence("%(n)s of these are no students that you may see.", n=missing),
        )


def give(*, actor: Viewer, task: Task, students: Sequence[int], at: datetime) -> Offer:
    """This will give a task or a bare target to students, each a chance of their own; a known key answers with what stands.

    Written: the offer, an event and an opportunity per student, one audit entry. Who may: adults who may see the students.
    A task of the bank is given as it stands there. Raises `Refusal`: `forbidden`, `no_such_person`, `offer_invalid`,
    `key_conflict`.
    """
    wanted = list(dict.fromkeys(students))
    check_seen(actor, wanted, at)
    with transaction.atomic():
        head = ledger.lock()
        known = Offer.objects.filter(key=task.key).first()
        if known is not None:
            _refuse_another(known, task, wanted)
            return known
        _check(task, wanted, today_of(actor, at))
        version = _from_bank(actor, task)
        offer = Offer.objects.create(
            key=task.key, school_class_id=task.school_class, title=task.title, words=task.words, link=task.link,
            due_on=task.due_on, depth=task.depth, purpose=task.purpose, given_at=at, given_by_id=actor.person_id,
            task_version_id=version.id if version is not None else None,
        )  # fmt: skip
        offer.targets.set(task.targets)
        uuids = rosters.person_uuids(person_ids=wanted)
        names = frameworks.node_uuids(node_ids=task.targets)
        own = {student: uuid4() for student in wanted}
        said = {
            "offer": str(offer.uuid), "title": task.title, "words": task.words, "link": task.link,
            "targets": [str(names[target]) for target in task.targets],
            "due_on": task.due_on.isoformat() if task.due_on else "", "depth": task.depth, "purpose": task.purpose,
            "task": rated_on(version.task, version.number) if version is not None else "",
        }  # fmt: skip
        said = {name: value for name, value in said.items() if value not in ("", 0)}
        groups = together(task.groups)
        drafts = [
            ledger.Draft(
                "offered",
                {"opportunity": str(own[student]), **said, **_in_group(groups.get(student, 0))},
                uuids[student],
                actor.person,
            )
            for student in wanted
        ]
        first, _, _ = ledger.append(drafts, at_us=micros(at), head=head)
        Opportunity.objects.bulk_create(
            [
                Opportunity(
                    uuid=own[s],
                    offer=offer,
                    student_id=s,
                    changed_at=at,
                    sequence=first + n,
                    group=groups.get(s, 0),
                )
                for n, s in enumerate(wanted)
            ]
        )
        record_act(
            actor=actor, act="give", kind="offer", object_id=offer.uuid, detail={"n": len(wanted)}, at=at
        )
        return offer


def together(groups: Mapping[Key, int]) -> dict[Key, int]:
    """Return the groups of at least two, by who is in them: one alone is no group."""
    sizes = Counter(groups.values())
    return {one: number for one, number in groups.items() if number and sizes[number] > 1}


def _in_group(number: int) -> dict[str, int]:
    return {"group": number} if number else {}


def _check(task: Task, students: Sequence[int], today: date) -> None:
    faults: list[str] = []
    if not 8 <= len(task.key) <= 190:
        faults.append(Sentence("the form was not whole"))
    wrong = wrong_in(title=task.title, words=task.words, link=task.link)
    if not task.title.strip() or "title" in wrong:
        faults.append(Sentence("a title of up to %(most)s letters", most=TITLE))
    if "words" in wrong:
        faults.append(Sentence("instructions of up to %(most)s letters", most=WORDS))
    if not 1 <= len(set(task.targets)) == len(task.targets) <= MOST_TARGETS:
        faults.append(Sentence("one to %(most)s targets, each once", most=MOST_TARGETS))
    elif not all(_may_be_shown(target, today) for target in task.targets):
        faults.append(Sentence("targets that are in force"))
    if not students:
        faults.append(Sentence("at least one student"))
    if task.due_on is not None and not today <= task.due_on <= date(2100, 12, 31):
        faults.append(Sentence("a due day from today on, or none"))
    if task.depth not in range(5) or task.purpose not in (Purpose.EVIDENCE, Purpose.PRACTICE):
        faults.append(Sentence("a depth of 1 to 4 or none, as evidence or practice"))
    if "link" in wrong:
        faults.append(Sentence("a link of up to %(most)s letters that begins with https://", most=LINK))
    if not set(task.groups) <= set(students) or any(not 0 <= n <= MOST_GROUPS for n in task.groups.values()):
        faults.append(Sentence("groups of its own students, numbered up to %(most)s", most=MOST_GROUPS))
    if faults:
        raise Refusal("offer_invalid", Sentence("A task needs: %(faults)s.", faults=faults))


def _from_bank(actor: Viewer, task: Task) -> TaskView | None:
    """Return the version of a task of the bank that is given; refuse one that is not offered, or that says something else."""
    if task.version is None:
        return None
    view = tasks.offered(viewer=actor, version=task.version)
    if view is None:
        raise Refusal(
            "offer_invalid", "This version of the task is not offered any more. Choose it in the bank again."
        )
    if (task.title, task.words, task.targets, task.depth) != (
        view.title,
        view.prompt,
        view.targets,
        view.depth,
    ):
        raise Refusal("offer_invalid", "A task of the bank is given as it stands there, word for word.")
    return view


def _may_be_shown(target: int, today: date) -> bool:
    try:
        node = frameworks.node(target)
    except Refusal:
        return False
    return node.is_leaf and node.holds(today)


def _refuse_another(known: Offer, task: Task, students: Sequence[int]) -> None:
    same = (known.title, known.words, known.link, known.due_on, known.depth, known.purpose) == (
        task.title, task.words, task.link, task.due_on, task.depth, task.purpose)  # fmt: skip
    targets = set(known.targets.values_list("pk", flat=True))
    wanted = dict.fromkeys(students, 0) | together(task.groups)
    given = known.task_version.uuid if known.task_version is not None else None
    same = same and given == task.version
    same = same and targets == set(task.targets)
    if not same or (
        dict(known.opportunities.values_list("student_id", "group")) != wanted
        and _groups_given(known)
        != {uuid: wanted[one] for one, uuid in rosters.person_uuids(person_ids=wanted).items()}
    ):
        raise Refusal("key_conflict", "This form was sent before with other content; begin a new one.")


def _groups_given(offer: Offer) -> dict[UUID | None, int]:
    """Return the groups in which an offer was given, before anybody was put into another, by student."""
    rows = Payload.objects.filter(event__kind="offered", event__at_us=micros(offer.given_at))
    said = [(subject, json.loads(body)) for subject, body in rows.values_list("event__subject", "body")]
    return {subject: body.get("group", 0) for subject, body in said if body["offer"] == str(offer.uuid)}


def withdraw(*, actor: Viewer, offer: UUID, at: datetime) -> int:
    """This will take back what was given, as long as nobody handed in and nothing was closed; return how many chances.

    Who may: adults who may see all its students. Raises `Refusal`: `unknown_offer`, `forbidden`, `no_such_person`,
    `already_taken`.
    """
    with transaction.atomic():
        ledger.lock()
        rows = chances.of_offer(offer)
        if not rows:
            raise Refusal("unknown_offer", "There is no such task.")
        check_seen(actor, (row.student for row in rows), at)
        if any(row.state not in (OFFERED, WITHDRAWN) for row in rows):
            raise Refusal(
                "already_taken", "Something was handed in or closed already; close the others instead."
            )
        open_ones = [row for row in rows if row.state == OFFERED]
        if not open_ones:
            return 0
        return len(_move(actor, open_ones, WITHDRAWN, "offer_withdrawn", "", at).chances)


def close(
    *, actor: Viewer, opportunities: Sequence[UUID], state: str, reason: str, at: datetime
) -> Moved:  # fmt: skip
    """This will close open chances as missed, excused or away, with one reason, in the caller's transaction.

    The rating that says so is written by `proficiency.actions.close_opportunities`, which calls this. Raises `Refusal`:
    `unknown_opportunity`, `no_such_person`, `forbidden`, `reason_missing`, `not_open`.
    """
    if state not in CLOSED:
        raise Refusal("unknown_word", "A chance is closed as missed, excused or away.")
    return _change(actor, opportunities, (OFFERED, AWAY), state, "closed", reason, at)


def reopen(*, actor: Viewer, opportunities: Sequence[UUID], reason: str, at: datetime) -> Moved:
    """This will open closed chances again, with one reason, in the caller's transaction; see `close`."""
    return _change(actor, opportunities, CLOSED, OFFERED, "reopened", reason, at)


def _change(
    actor: Viewer, wanted: Sequence[UUID], before: Sequence[str], state: str, kind: str, reason: str, at: datetime
) -> Moved:  # fmt: skip
    reason = reason.strip()
    if not reason or len(reason) > REASON:
        raise Refusal(
            "reason_missing",
            Sentence("Give one reason for all of them, of up to %(most)s letters.", most=REASON),
        )
    ledger.lock()
    rows = chances.by_uuid(wanted)
    if not wanted or len(rows) < len(set(wanted)):
        raise Refusal("unknown_opportunity", "Choose at least one student who was given this.")
    check_seen(actor, (row.student for row in rows), at)
    if any(row.state not in before or row.state == state for row in rows):
        raise Refusal(
            "not_open", "One of these was handed in, closed or opened since; look at the list again."
        )
    return _move(actor, rows, state, kind, reason, at)


def _move(actor: Viewer, rows: Sequence[Chance], state: str, kind: str, reason: str, at: datetime) -> Moved:
    uuids = rosters.person_uuids(person_ids={row.student for row in rows})
    drafts = []
    for row in rows:
        body: dict[str, Any] = {"opportunity": str(row.uuid), "state": state, "of": len(rows)}
        drafts.append(
            ledger.Draft(
                kind, body | ({"reason": reason} if reason else {}), uuids[row.student], actor.person
            )
        )
    first, last, _ = ledger.append(drafts, at_us=micros(at))
    place = {row.uuid: first + n for n, row in enumerate(rows)}
    found = list(Opportunity.objects.filter(uuid__in=place))
    for one in found:
        one.state, one.reason, one.changed_at, one.sequence = state, reason, at, place[one.uuid]
    Opportunity.objects.bulk_update(found, ["state", "reason", "changed_at", "sequence"], batch_size=200)
    # The reason may speak of somebody's health: it stands in the ledger, where it can be erased, and not in the audit.
    record_act(actor=actor, act=kind, kind="offer", object_id=rows[0].offer, at=at,
               detail={"n": len(rows), "state": state})  # fmt: skip
    return Moved(first, last, tuple(chances.by_uuid([row.uuid for row in rows])))


def take(*, chance: Chance, at: datetime, sequence: int, group: int = 0) -> None:
    """This will note that a piece was handed in for an open chance, with its group or alone, in the caller's transaction."""
    Opportunity.objects.filter(uuid=chance.uuid).update(
        state=TAKEN, reason="", changed_at=at, sequence=sequence, group=group
    )
