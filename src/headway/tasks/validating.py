"""Validating a task: a team of colleagues judges one version by a protocol, each before seeing the others.

A standing is given by nobody's word alone: it needs a team that is large and mixed enough, verdicts of its members, and no
criterion of the protocol in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.rosters import queries as rosters
from headway.tasks.models import Task, TaskVersion, Validation, Verdict
from headway.tasks.scales import team
from headway.tasks.types import (
    COMMON,
    NO,
    PROTOCOL,
    RETIRED,
    SENT_BACK,
    VALIDATED,
    VERDICTS,
    WRITERS,
    YES,
    Answer,
)

REASON = 1000
LEADS = (Role.COACH, Role.DISTRICT)


def open_validation(*, actor: Viewer, key: str, task: UUID, wanted: str, at: datetime) -> UUID:
    """This will open a validation of the version that is offered; a known key answers with what stands.

    Written: validation, audit entry. Who may: adults of the schools. Raises `Refusal`: `unknown_task`, `unknown_word`,
    `key_missing`, `task_retired`, `already_open`, `has_standing`.
    """
    if wanted not in (VALIDATED, COMMON):
        raise Refusal("unknown_word", "A task is validated as peer-validated or as common.")
    if not 8 <= len(key) <= 190:
        raise Refusal("key_missing", "A form is sent with a key of 8 to 190 characters.")
    with transaction.atomic():
        row = Task.objects.select_for_update().filter(uuid=task).exclude(current=None).first()
        if row is None or not actor.is_a(*WRITERS):
            raise Refusal("unknown_task", "There is no such task.")
        known = Validation.objects.filter(key=key).first()
        if known is not None:
            return known.uuid
        if row.standing == RETIRED:
            raise Refusal("task_retired", "This task is retired. Bring it back first.")
        if row.standing in (wanted, COMMON):
            raise Refusal("has_standing", "This version has that standing already.")
        if Validation.objects.filter(version=row.current, closed_at=None).exists():
            raise Refusal("already_open", "A validation of this version is open; close it first.")
        made = Validation.objects.create(
            key=key, version=row.current, wanted=wanted, opened_by_id=actor.person_id, opened_at=at
        )
        record_act(
            actor=actor,
            act="open_validation",
            kind="task",
            object_id=row.uuid,
            detail={"wanted": wanted},
            at=at,
        )
        return made.uuid


def ask_member(*, actor: Viewer, validation: UUID, person: int, at: datetime) -> None:
    """This will ask a colleague to judge; one who is asked already stays so.

    Written: verdict without answers, audit entry. Who may: who leads the validation. Raises `Refusal`: `unknown_validation`,
    `forbidden`, `validation_closed`, `author_judges`, `no_colleague`.
    """
    with transaction.atomic():
        row = _led(actor, validation)
        if person in authors(row.version):
            raise Refusal("author_judges", "Nobody judges a task that they wrote.")
        if person not in works(person, _day(actor, at)):
            raise Refusal("no_colleague", "Choose somebody who works in a school today.")
        _, made = Verdict.objects.get_or_create(validation=row, member_id=person)
        if made:
            record_act(actor=actor, act="ask_member", kind="task", object_id=row.version.task.uuid, at=at)


def release_member(*, actor: Viewer, validation: UUID, person: int, at: datetime) -> None:
    """This will ask somebody no more who has given no verdict; a verdict that was given stays.

    Written: verdict, audit entry. Who may: who leads the validation. Raises `Refusal`: `unknown_validation`, `forbidden`,
    `validation_closed`, `verdict_given`.
    """
    with transaction.atomic():
        row = _led(actor, validation)
        found = row.verdicts.filter(member=person).first()
        if found is not None and found.at is not None:
            raise Refusal("verdict_given", "This verdict is given: it stays.")
        if found is not None:
            found.delete()
            record_act(actor=actor, act="release_member", kind="task", object_id=row.version.task.uuid, at=at)


def give_verdict(*, actor: Viewer, validation: UUID, answers: Mapping[str, Answer], at: datetime) -> None:
    """This will give a member's verdict, once, on every criterion of the protocol; the same again changes nothing.

    Written: verdict with what the member teaches and where today, audit entry. Who may: the member. Raises `Refusal`:
    `unknown_validation`, `validation_closed`, `verdict_given`, `verdict_invalid` with a finding for each criterion.
    """
    with transaction.atomic():
        row = _open(validation)
        own = row.verdicts.filter(member=actor.person_id or 0).select_for_update().first()
        if own is None or not actor.is_a(*WRITERS):
            raise Refusal("unknown_validation", "There is no such validation that asks you.")
        said = {name: {"verdict": one.verdict, "reason": one.reason.strip()} for name, one in answers.items()}
        if own.at is not None:
            if own.answers != said:
                raise Refusal("verdict_given", "Your verdict is given: it stays.")
            return
        _check(said)
        day = _day(actor, at)
        own.answers, own.at = said, at
        own.areas = sorted(rosters.areas_taught(person_ids=[own.member_id], on=day).get(own.member_id, ()))
        own.schools = sorted(
            schools_by_name(rosters.schools_of_staff(person_ids=[own.member_id], on=day), own.member_id)
        )
        own.save()
        record_act(actor=actor, act="give_verdict", kind="task", object_id=row.version.task.uuid, at=at)


def _check(said: Mapping[str, Mapping[str, str]]) -> None:
    faults = []
    for name in PROTOCOL:
        one = said.get(name, {})
        if one.get("verdict") not in VERDICTS:
            faults.append(Finding("verdict_missing", "Say yes, change or no.", column=name))
        elif one["verdict"] != YES and not one["reason"]:
            faults.append(Finding("reason_missing", "Say why, in one sentence.", column=name))
        elif len(one["reason"]) > REASON:
            faults.append(
                Finding(
                    "text_too_long",
                    Sentence("At most %(most)s characters fit here.", most=REASON),
                    column=name,
                )
            )
    if faults or set(said) - set(PROTOCOL):
        raise Refusal("verdict_invalid", "A verdict says something on every point of the protocol.", faults)


def close_validation(*, actor: Viewer, validation: UUID, outcome: str, reason: str, at: datetime) -> None:
    """This will close a validation: the task gets the standing that was asked for, or is sent back with the reason.

    The standing is given only where the verdicts carry it (`in_the_way`). Written: validation, task, audit entry. Who may:
    members who gave their verdict, coaches, the district, who leads the school; never an author. Raises `Refusal`:
    `unknown_validation`, `validation_closed`, `author_judges`, `forbidden`, `task_retired`, `reason_missing`, `unknown_word`,
    `verdicts_outstanding`, `validation_incomplete` with a finding for everything that is missing.
    """
    said = reason.strip()
    if outcome not in (VALIDATED, COMMON, SENT_BACK):
        raise Refusal("unknown_word", "A validation ends with its standing, or sends the task back.")
    if not said or len(said) > REASON:
        raise Refusal("reason_missing", "Say why, in one sentence.")
    with transaction.atomic():
        row = _open(validation)
        if actor.person_id in authors(row.version):
            raise Refusal("author_judges", "Nobody judges a task that they wrote.")
        verdicts = list(row.verdicts.select_related("member"))
        if not may_close(actor, row, verdicts):
            raise Refusal(
                "forbidden", "Its members, coaches, the district and who leads the school close a validation."
            )
        if outcome != SENT_BACK:
            if row.version.task.standing == RETIRED:
                raise Refusal("task_retired", "This task is retired. Bring it back first.")
            if outcome != row.wanted:
                raise Refusal("unknown_word", "This validation was opened for another standing.")
            if not seen_by(actor, row, verdicts):
                raise Refusal(
                    "verdicts_outstanding",
                    "Wait until every member has given a verdict, or ask them no more.",
                )
            if faults := in_the_way(verdicts, row.wanted):
                raise Refusal("validation_incomplete", "The verdicts do not carry this standing.", faults)
            Task.objects.filter(pk=row.version.task_id, current=row.version).update(standing=outcome)
        row.outcome, row.reason, row.closed_at, row.closed_by_id = outcome, said, at, actor.person_id
        row.save()
        record_act(actor=actor, act="close_validation", kind="task", object_id=row.version.task.uuid,
                   detail={"outcome": outcome}, at=at)  # fmt: skip


def lacks(
    areas: Iterable[Iterable[str]], schools: Iterable[Iterable[str]], n: int, wanted: str
) -> dict[str, tuple[int, int]]:
    """Return what a team of `n` lacks for a standing: (have, need) by `members`, `areas`, `schools`."""
    asked = team()
    have = {"members": n, "areas": len({one for each in areas for one in each}),
            "schools": len({one for each in schools for one in each})}  # fmt: skip
    need = {
        "members": asked.members,
        "areas": asked.areas,
        "schools": asked.schools if wanted == COMMON else 1,
    }
    return {name: (have[name], need[name]) for name in have if have[name] < need[name]}


def objections(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return the criteria of the protocol that do not carry a standing: somebody says no, or not more than half say yes."""
    given = [one.answers for one in verdicts if one.at is not None]
    found = []
    for name in PROTOCOL:
        said = Counter(answers[name]["verdict"] for answers in given)
        if said[NO] or 2 * said[YES] <= len(given):
            found.append(name)
    return tuple(found)


def in_the_way(verdicts: Iterable[Verdict], wanted: str) -> list[Finding]:
    """Return everything that keeps given verdicts from carrying a standing."""
    given = [one for one in verdicts if one.at is not None]
    short = lacks([one.areas for one in given], [one.schools for one in given], len(given), wanted)
    said = {
        "members": "%(have)s of %(need)s members have given a verdict.",
        "areas": "The verdicts come from %(have)s of %(need)s areas.",
        "schools": "The verdicts come from %(have)s of %(need)s schools.",
    }  # fmt: skip
    found = [
        Finding(
            "team_incomplete", Sentence(said[name], have=have, need=need), column=name, value=f"{have}/{need}"
        )
        for name, (have, need) in short.items()
    ]
    why = "Nobody may say no, and more than half must say yes."
    return found + [
        Finding("not_carried", why, column=name, value=name) for name in (objections(given) if given else ())
    ]


def authors(version: TaskVersion) -> set[int]:
    """Return who wrote a version or began its task (row keys)."""
    return {one for one in (version.written_by_id, version.task.made_by_id) if one is not None}


def may_lead(actor: Viewer, row: Validation) -> bool:
    """Whether the viewer asks members: who opened the validation, the author, its school's leaders, coaches, the district."""
    return actor.is_a(*WRITERS) and (
        actor.is_a(*LEADS)
        or row.version.task.school_id in actor.schools
        or (actor.person_id is not None and actor.person_id in {row.opened_by_id, *authors(row.version)})
    )


def may_close(actor: Viewer, row: Validation, verdicts: Iterable[Verdict]) -> bool:
    """Whether the viewer closes a validation: a member who judged, coaches, the district, leaders of its school; no author."""
    if not actor.is_a(*WRITERS) or (actor.person_id is not None and actor.person_id in authors(row.version)):
        return False
    judged = any(one.member_id == actor.person_id and one.at is not None for one in verdicts)
    return judged or actor.is_a(*LEADS) or row.version.task.school_id in actor.schools


def seen_by(actor: Viewer, row: Validation, verdicts: Iterable[Verdict]) -> bool:
    """Whether the viewer sees all verdicts: it is closed, all are given, or the viewer is a member who gave theirs."""
    rows = list(verdicts)
    if row.closed_at is not None or (rows and all(one.at is not None for one in rows)):
        return True
    return any(one.member_id == actor.person_id and one.at is not None for one in rows)


def works(person: int, day: date) -> set[int]:
    """Return the person again where they work in a school on the day, else nobody."""
    return set(rosters.schools_of_staff(person_ids=[person], on=day))


def schools_by_name(found: Mapping[int, set[int]], person: int) -> list[str]:
    """Return the sourcedIds of the schools of a person."""
    names = {one.id: one.sourced_id for one in rosters.schools()}
    return [names[key] for key in found.get(person, ()) if key in names]


def _open(name: UUID) -> Validation:
    rows = Validation.objects.select_for_update(of=("self",)).select_related("version__task")
    row = rows.filter(uuid=name).first()
    if row is None:
        raise Refusal("unknown_validation", "There is no such validation.")
    if row.closed_at is not None:
        raise Refusal("validation_closed", "This validation is closed.")
    return row


def _led(actor: Viewer, name: UUID) -> Validation:
    row = _open(name)
    if not may_lead(actor, row):
        raise Refusal(
            "forbidden", "Who opened it, its author, coaches, leaders and the district ask members."
        )
    return row


def _day(actor: Viewer, at: datetime) -> date:
    return actor.today if actor.today.year > 1 else at.date()
