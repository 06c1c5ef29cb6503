"""Packs between districts: what goes out, what would come in, and taking it in. Nothing comes in half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.rosters import queries as rosters
from headway.tasks import packing, queries
from headway.tasks.models import Exemplar, Task, TaskVersion
from headway.tasks.types import (
    LOCAL,
    RETIRED,
    NewExemplar,
    Pack,
    PackedFile,
    PackedTask,
    PackPlan,
    PlannedTask,
    TaskView,
)
from headway.tasks.wording import check_exemplar, check_whole, checked, in_force
from headway.tasks.writing import new_version

MOVES = (Role.COACH, Role.DISTRICT)


class Store(Protocol):
    """Checks and cleans a file that came in, keeps it where `keep`, and returns it with digest, type, name and size."""

    def __call__(self, data: bytes, name: str, *, keep: bool = True) -> Any: ...


def export_pack(
    *, actor: Viewer, tasks: Sequence[UUID] = (), license: str, at: datetime, content: Callable[[str], bytes]
) -> bytes:  # fmt: skip
    """This will return tasks that are offered (none named: all) as a pack under a license, and note that they went out.

    Written: audit entry. Who may: coaches and the district. Raises `Refusal`: `forbidden`, `license_missing`, `unknown_task`.
    """
    _may(actor)
    said = license.strip()
    if not said or len(said) > packing.LICENSE:
        raise Refusal("license_missing", "Say under which license others may use the tasks, in one line.")
    found = queries.all_offered(viewer=actor)
    wanted = [one for one in found if not tasks or one.task in set(tasks)]
    if not wanted or len({one.task for one in wanted}) < len(set(tasks)):
        raise Refusal("unknown_task", "Choose tasks that the bank offers.")
    district = rosters.district().name
    data = packing.write(wanted, district=district, license=said, on=_day(actor, at), content=content)
    record_act(
        actor=actor, act="export_tasks", kind="task", detail={"n": len(wanted), "license": said}, at=at
    )
    return data


def import_pack(
    *, actor: Viewer, pack: Pack, at: datetime, store: Store, matching: bool = False, plan_only: bool = False
) -> PackPlan:  # fmt: skip
    """This will take the tasks of a pack in, as local tasks of the district; a task that came before gets its next version.

    `matching` leaves out tasks with a fault, such as a target that is not held here; without it one fault refuses all.
    Written: tasks, versions, criteria, exemplars with their files, audit entry; with `plan_only` nothing. Who may: coaches
    and the district. Raises `Refusal`: `forbidden`, `pack_invalid` with a finding for each fault.
    """
    _may(actor)
    day = _day(actor, at)
    with transaction.atomic():
        planned = [(one, *_planned(actor, one, place, day)) for place, one in enumerate(pack.tasks, 1)]
        planned = [
            (one, _tried(actor, pack, one, found, task, f"tasks[{place}]", at, store), task)
            for place, (one, found, task) in enumerate(_once(planned), 1)
        ]
        plan = PackPlan(pack.district, pack.license, tuple(found for _, found, _ in planned))
        if plan_only:
            return plan
        faults = [fault for found in plan.tasks for fault in found.faults]
        if faults and not matching:
            raise Refusal(
                "pack_invalid", "Not every task of the pack fits here; nothing was changed.", faults
            )
        for one, found, task in planned:
            if found.what in ("new", "version") and (faults := _take(actor, pack, one, task, at, store)):
                raise Refusal(
                    "pack_invalid", "Not every task of the pack fits here; nothing was changed.", faults
                )
        detail = {"from": pack.district, "new": plan.count("new"), "version": plan.count("version")}
        record_act(actor=actor, act="import_tasks", kind="task", detail=detail, at=at)
        return plan


def _once(
    planned: list[tuple[PackedTask, PlannedTask, Task | None]],
) -> list[tuple[PackedTask, PlannedTask, Task | None]]:
    """Return the plan in which a task that the pack holds twice is taken once, and the second time is a fault."""
    seen: set[UUID] = set()
    found = []
    for place, (one, plan, task) in enumerate(planned, 1):
        if one.task in seen:
            fault = Finding(
                "task_twice",
                "The pack holds this task twice.",
                column=f"tasks[{place}]",
                value=one.text.title,
            )
            plan = PlannedTask(one.text.title, "left_out", (*plan.faults, fault))
        seen.add(one.task)
        found.append((one, plan, task))
    return found


def _planned(actor: Viewer, one: PackedTask, place: int, day: date) -> tuple[PlannedTask, Task | None]:
    """Return what would happen to a task, and the task here that it goes on from."""
    where, faults = f"tasks[{place}]", list[Finding]()
    known = Task.objects.filter(key=f"pack-{one.task}").first()
    if known is not None and known.versions.filter(origin__digest=one.digest).exists():
        return PlannedTask(one.text.title, "same"), known
    if Task.objects.filter(uuid=one.task).exists():
        faults.append(
            Finding(
                "own_task", "This task came from here; revise it here.", column=where, value=one.text.title
            )
        )
    if known is not None and known.standing == RETIRED:
        faults.append(Finding("task_retired", "This task is retired. Bring it back first.", column=where))
    if known is not None and known.versions.filter(published_at=None).exists():
        why = "A draft of this task stands here; publish it or throw it away first."
        faults.append(Finding("draft_stands", why, column=where))
    for n, (uuid, code, framework, statement) in enumerate(one.targets, 1):
        key = frameworks.node_ids(uuids=[uuid]).get(uuid)
        if key is None or not in_force(key, day):
            why = Sentence("This target is not in force here: %(framework)s %(code)s, “%(statement)s”.",
                           framework=framework, code=code, statement=statement[:120])  # fmt: skip
            faults.append(
                Finding("unknown_target", why, column=f"{where}.criteria[{n}].target", value=str(uuid))
            )
    if not faults:
        faults += _faults_of(one, where, day)
    what = "left_out" if faults else "new" if known is None else "version"
    return PlannedTask(one.text.title, what, tuple(faults)), known


def _tried(
    actor: Viewer, pack: Pack, one: PackedTask, plan: PlannedTask, known: Task | None, where: str, at: datetime, store: Store
) -> PlannedTask:  # fmt: skip
    """Return the plan of a task with what its exemplars, their files and its rubric lack: it is taken in, and taken back."""
    if plan.what not in ("new", "version"):
        return plan
    with transaction.atomic():
        faults = _take(actor, pack, one, known, at, partial(store, keep=False))
        transaction.set_rollback(True)
    if not faults:
        return plan
    return PlannedTask(
        plan.title, "left_out", tuple(replace(fault, column=f"{where}.{fault.column}") for fault in faults)
    )


def _faults_of(one: PackedTask, where: str, day: date) -> list[Finding]:
    """Return what the bank itself refuses about a task whose targets are all held."""
    try:
        checked(_text(one), on=day)
    except Refusal as refusal:
        return [replace(fault, column=f"{where}.{fault.column}") for fault in refusal.findings]
    return []


def _text(one: PackedTask) -> Any:
    held = frameworks.node_ids(uuids=[target[0] for target in one.targets])
    criteria = tuple(
        replace(criterion, target=held[target[0]])
        for criterion, target in zip(one.text.criteria, one.targets, strict=True)
    )
    return replace(one.text, criteria=criteria)


def _take(
    actor: Viewer, pack: Pack, one: PackedTask, known: Task | None, at: datetime, store: Store
) -> list[Finding]:
    """Write a task of a pack as a published version; return what it lacks, whose caller takes it back then."""
    task = known or Task.objects.create(key=f"pack-{one.task}", made_by_id=actor.person_id, made_at=at)
    text = _text(one)
    row = new_version(actor, task, text, checked(text, on=_day(actor, at)), at)
    names = {line.position: str(line.uuid) for line in row.criteria.all()}
    view = queries.view_of(actor, row)
    faults: list[Finding] = []
    for position, (made, file) in enumerate(zip(one.exemplars, one.files, strict=True), 1):
        try:
            _take_exemplar(row, position, made, file, store, names, view)
        except Refusal as refusal:
            faults += _findings(refusal, f"exemplars[{position}]", made.title)
    if faults:
        return faults
    try:
        check_whole(queries.view_of(actor, row))
    except Refusal as refusal:
        return _findings(refusal, "", one.text.title)
    row.published_at = at
    row.origin = {"district": pack.district, "task": str(one.task), "number": str(one.number), "standing": one.standing,
                  "license": pack.license, "digest": one.digest}  # fmt: skip
    row.save()
    Task.objects.filter(pk=task.pk).update(current=row, standing=LOCAL)
    return []


def _findings(refusal: Refusal, place: str, value: str) -> list[Finding]:
    """Return the faults of a refusal at their place in a task; a refusal of a file is one fault of the file."""
    if not refusal.findings:
        return [Finding(refusal.code, refusal.message, column=f"{place}.file", value=value)]
    return [
        replace(one, column=f"{place}.{one.column}" if place else one.column, value=one.value or value)
        for one in refusal.findings
    ]


def _take_exemplar(
    row: TaskVersion, position: int, made: NewExemplar, file: PackedFile | None, store: Store, names: dict[int, str],
    view: TaskView,
) -> None:  # fmt: skip
    if file is not None:
        kept = store(file.data, file.name)
        made = replace(
            made, file_name=kept.name, file_type=kept.type, file_digest=kept.digest, file_size=kept.size
        )
    check_exemplar(made, view)
    said = {name: getattr(made, name) for name in ("title", "words", "link", "why", "file_name", "file_type", "file_digest",
                                                   "file_size")}  # fmt: skip
    levels = {names[place]: level for place, level in made.levels.items()}
    Exemplar.objects.create(version=row, position=position, levels=levels, **said)


def _may(actor: Viewer) -> None:
    if not actor.is_a(*MOVES):
        raise Refusal("forbidden", "Coaches and the district move tasks between districts.")


def _day(actor: Viewer, at: datetime) -> date:
    return actor.today if actor.today.year > 1 else at.date()
