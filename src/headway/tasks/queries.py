"""Questions about the task bank. Read only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from headway.access.types import Role, Viewer
from headway.frameworks import queries as frameworks
from headway.frameworks.types import UndoScope
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.rosters import queries as rosters
from headway.tasks import entries, packing, validating
from headway.tasks.models import Criterion, Exemplar, Task, TaskVersion, Validation, ValidityEntry, Verdict
from headway.tasks.scales import register_scale, register_team, scale_of, team
from headway.tasks.types import (
    LOCAL,
    OUTCOMES,
    RETIRED,
    WRITERS,
    Answer,
    BankPage,
    BankRow,
    Colleague,
    CriterionView,
    ExemplarView,
    Level,
    NewCriterion,
    TaskText,
    TaskView,
    ValidationView,
    VerdictView,
    rated_on,
)
from headway.tasks.wording import check_exemplar

read_pack = packing.read
validity_file = entries.validity_file

__all__ = ["check_exemplar", "read_pack", "register_scale", "register_team", "scale_of", "team"]

PAGE = 25
SORTS = {
    "title": ("title", "id"), "newest": ("-published_at", "-id"), "depth": ("depth", "title", "id"),
    "time": ("minutes", "title", "id"),
}  # fmt: skip
_SHOWN = ("task__school", "task__made_by")


def task_version(*, viewer: Viewer, version: UUID) -> TaskView:
    """Return one version of a task with its rubric and exemplars; a draft to those who write it. Three statements.

    Raises `Refusal("unknown_task")`, also for who may not see it.
    """
    row = TaskVersion.objects.select_related(*_SHOWN).filter(uuid=version).first()
    if row is None or not sees(viewer, row):
        raise Refusal("unknown_task", "There is no such task.")
    return view_of(viewer, row)


def all_offered(*, viewer: Viewer) -> list[TaskView]:
    """Return every version that the bank offers, by title. One statement and two for each."""
    return [
        view_of(viewer, row)
        for row in _offered(viewer).exclude(task__standing=RETIRED).order_by("title", "id")
    ]


def offered(*, viewer: Viewer, version: UUID) -> TaskView | None:
    """Return a version if the bank offers it to the viewer now, else None. Three statements."""
    rows = _offered(viewer).exclude(task__standing=RETIRED)
    row = rows.filter(uuid=version).first()
    return view_of(viewer, row) if row is not None else None


def version_given(*, version: UUID) -> TaskView:
    """Return a published version for somebody to whom it was given; the caller has checked. Three statements."""
    row = TaskVersion.objects.select_related(*_SHOWN).get(uuid=version, published_at__isnull=False)
    return view_of(Viewer(), row)


def find_task(*, viewer: Viewer, task: UUID) -> TaskView | None:
    """Return the version of a task that is offered, or the only draft for those who write it; None for who may not see it."""
    row = TaskVersion.objects.select_related(*_SHOWN).filter(task__uuid=task)
    found = row.filter(pk__in=Task.objects.filter(uuid=task).values("current")).first() or row.first()
    return view_of(viewer, found) if found is not None and sees(viewer, found) else None


def versions(*, viewer: Viewer, task: UUID) -> list[TaskView]:
    """Return the versions of a task that the viewer may see, the newest first. Two statements and two for each."""
    rows = TaskVersion.objects.select_related(*_SHOWN).filter(task__uuid=task).order_by("-number")
    return [view_of(viewer, row) for row in rows if sees(viewer, row)]


def drafts(*, viewer: Viewer) -> tuple[BankRow, ...]:
    """Return the drafts that the viewer may write on, the newest first. Two statements."""
    if not viewer.is_a(*WRITERS):
        return ()
    rows = TaskVersion.objects.filter(published_at=None).select_related(*_SHOWN)
    if not viewer.is_a(Role.COACH, Role.DISTRICT):
        rows = rows.filter(Q(task__made_by=viewer.person_id or 0) | Q(task__school__in=viewer.schools))
    return _rows(list(rows.order_by("-written_at", "-id")[:PAGE]))


def bank(
    *, viewer: Viewer, search: str = "", target: int | None = None, depth: int | None = None, language: str = "",
    standing: str = "", certifies: bool = False, sort: str = "title", page: int = 1,
) -> BankPage:  # fmt: skip
    """Return the tasks that are offered, by page; retired ones only where `standing` asks for them. Three statements.

    `search` are words that all stand in title, purpose or prompt; `target` is a row key: of an area, all that lies below it.
    """
    rows = _offered(viewer)
    rows = rows.filter(task__standing=standing) if standing else rows.exclude(task__standing=RETIRED)
    for word in search.split()[:10]:
        rows = rows.filter(Q(title__icontains=word) | Q(purpose__icontains=word) | Q(prompt__icontains=word))
    if target is not None:
        rows = rows.filter(
            Exists(Criterion.objects.filter(version=OuterRef("pk"), target__in=_below(target)))
        )
    for name, value in (("depth", depth), ("language", language), ("certifies", certifies)):
        if value:
            rows = rows.filter(**{name: value})
    total = rows.count()
    pages = max(1, -(-total // PAGE))
    number = min(max(1, page), pages)
    ordered = rows.order_by(*SORTS.get(sort, SORTS["title"]))
    found = list(ordered[(number - 1) * PAGE : number * PAGE])
    return BankPage(_rows(found), total, number, pages)


def schools_for(viewer: Viewer) -> list[Any]:
    """Return the schools for which the viewer may write a task, by name. One statement or two."""
    if viewer.is_a(Role.COACH, Role.DISTRICT):
        return rosters.schools()
    own = rosters.schools_of_staff(person_ids=[viewer.person_id or 0], on=viewer.today)
    wanted = own.get(viewer.person_id or 0, set()) | viewer.schools
    return [one for one in rosters.schools() if one.id in wanted]


def district_for(viewer: Viewer) -> set[int | None]:
    """Return whether the viewer may write a task for the district: the set that holds None, or an empty one."""
    return {None} if viewer.is_a(Role.COACH, Role.DISTRICT) else set()


def may_write(viewer: Viewer, task: Task) -> bool:
    """Whether the viewer revises, publishes and retires a task: its author, who leads its school, coaches, the district."""
    return viewer.is_a(*WRITERS) and (
        viewer.is_a(Role.COACH, Role.DISTRICT)
        or (viewer.person_id is not None and task.made_by_id == viewer.person_id)
        or task.school_id in viewer.schools
    )


def writable(viewer: Viewer, task: Task | None) -> Task:
    """Return a task that the viewer may write. Raises `Refusal`: `unknown_task`, `forbidden`."""
    if task is None or not viewer.is_a(*WRITERS):
        raise Refusal("unknown_task", "There is no such task.")
    if not may_write(viewer, task):
        # A draft of others is not known to be there.
        if task.current_id is None:
            raise Refusal("unknown_task", "There is no such task.")
        raise Refusal(
            "forbidden", "Only its author, who leads its school, coaches and the district change a task."
        )
    return task


def earned(version: int | None) -> str:
    """Return the standing that validations gave a version (row key)."""
    last = Validation.objects.filter(version=version, outcome__in=OUTCOMES[:2]).order_by("-closed_at").first()
    return last.outcome if last is not None else LOCAL


def text_of(view: TaskView) -> TaskText:
    """Return a version as it would be written again, its criteria without their names in the records."""
    return TaskText(
        view.title, view.purpose, view.prompt, view.materials, view.administration, view.accommodations, view.minutes,
        view.language, view.depth, view.certifies,
        tuple(NewCriterion(one.name, one.target, one.descriptors) for one in view.criteria),
    )  # fmt: skip


def view_of(viewer: Viewer, row: TaskVersion) -> TaskView:
    """Return a version's row as pages and other packages read it; the caller has checked. Two statements."""
    task = row.task
    author = task.made_by
    return TaskView(
        task=task.uuid, uuid=row.uuid, id=row.id, number=row.number, standing=task.standing, school=task.school_id,
        school_name=task.school.name if task.school is not None else "", author=author.name() if author is not None else "",
        title=row.title, purpose=row.purpose, prompt=row.prompt, materials=row.materials,
        administration=row.administration, accommodations=row.accommodations, minutes=row.minutes, language=row.language,
        depth=row.depth, certifies=row.certifies, scale=row.scale,
        levels=tuple(Level(one["level"], one["names"]) for one in row.levels),
        criteria=tuple(
            CriterionView(one.uuid, one.position, one.name, one.target_id,
                          {each["level"]: each["words"] for each in one.descriptors})
            for one in row.criteria.order_by("position")
        ),
        exemplars=tuple(
            ExemplarView(
                one.uuid, one.title, one.words, one.link, one.file_name, one.file_type, one.file_digest, one.file_size,
                {UUID(name): level for name, level in one.levels.items()}, one.why,
            )
            for one in row.exemplars.order_by("position")
        ),
        written_at=row.written_at, published_at=row.published_at, current=task.current_id == row.id,
        may_write=may_write(viewer, task), origin=row.origin,
    )  # fmt: skip


def validations(*, viewer: Viewer, task: UUID) -> list[ValidationView]:
    """Return the validations of a task's versions, the newest first. Four statements, and two where one is open."""
    if not viewer.is_a(*WRITERS):
        return []
    rows = Validation.objects.filter(version__task__uuid=task, version__published_at__isnull=False)
    found = rows.select_related("version__task", "opened_by", "closed_by").order_by("-opened_at", "-id")
    return [_validation_view(viewer, row) for row in found]


def verdicts_asked(*, viewer: Viewer) -> list[ValidationView]:
    """Return the open validations that wait for the viewer's verdict, the oldest first."""
    rows = Validation.objects.filter(
        closed_at=None, verdicts__member=viewer.person_id or 0, verdicts__at=None
    )
    found = rows.select_related("version__task", "opened_by", "closed_by").order_by("opened_at", "id")
    return [_validation_view(viewer, row) for row in found] if viewer.is_a(*WRITERS) else []


def colleagues(*, viewer: Viewer, text: str) -> list[Colleague]:
    """Return people who may be asked to judge, by the beginnings of their names. Four statements."""
    if not viewer.is_a(*WRITERS):
        return []
    people = rosters.staff_named(text=text, on=viewer.today)
    keys = [one.id for one in people]
    areas = rosters.areas_taught(person_ids=keys, on=viewer.today)
    schools = rosters.schools_of_staff(person_ids=keys, on=viewer.today)
    names = {one.id: one.name for one in rosters.schools()}
    return [
        Colleague(one.id, one.name(), tuple(sorted(areas.get(one.id, ()))),
                  tuple(sorted(names[key] for key in schools.get(one.id, ()) if key in names)))
        for one in people
    ]  # fmt: skip


def _validation_view(viewer: Viewer, row: Validation) -> ValidationView:
    verdicts = list(row.verdicts.select_related("member").order_by("id"))
    seen = validating.seen_by(viewer, row, verdicts)
    names = {one.sourced_id: one.name for one in rosters.schools()}
    waiting = [one.member_id for one in verdicts if one.at is None and row.closed_at is None]
    # What a member teaches is noted with the verdict; before that the roster says it as of today.
    areas = rosters.areas_taught(person_ids=waiting, on=viewer.today) if waiting else {}
    schools = rosters.schools_of_staff(person_ids=waiting, on=viewer.today) if waiting else {}
    members = tuple(
        VerdictView(
            one.member_id, one.member.name(),
            tuple(one.areas if one.at else sorted(areas.get(one.member_id, ()))),
            tuple(names.get(key, key) for key in
                  (one.schools if one.at else validating.schools_by_name(schools, one.member_id))),
            one.at,
            {name: Answer(said["verdict"], said["reason"]) for name, said in one.answers.items()}
            if seen or one.member_id == viewer.person_id else {},
            one.member_id == viewer.person_id,
        )
        for one in verdicts
    )  # fmt: skip
    judged = [one for one in members if one.given_at is not None] if row.closed_at is not None else members
    return ValidationView(
        uuid=row.uuid, task=row.version.task.uuid, version=row.version.uuid, number=row.version.number,
        title=row.version.title, wanted=row.wanted, opened_by=row.opened_by.name() if row.opened_by is not None else "",
        opened_at=row.opened_at, closed_by=row.closed_by.name() if row.closed_by is not None else "",
        closed_at=row.closed_at, outcome=row.outcome, reason=row.reason, members=members,
        lacks=validating.lacks([one.areas for one in judged], [one.schools for one in judged], len(judged), row.wanted),
        stands_in_the_way=validating.objections(verdicts) if seen and any(one.at for one in verdicts) else (),
        open_to_reader=seen, may_lead=row.closed_at is None and validating.may_lead(viewer, row),
        may_close=row.closed_at is None and validating.may_close(viewer, row, verdicts),
    )  # fmt: skip


def in_the_way_of(scope: UndoScope) -> list[Finding]:
    """Return what keeps an import of a continuum from being taken back: criteria of tasks on items that it made. One statement
    for 500 items.

    For `frameworks.actions.register_blocker`.
    """
    listed, counts = sorted(scope.added), Counter[int]()
    for start in range(0, len(listed), 500):
        counts.update(
            Criterion.objects.filter(target__in=listed[start : start + 500]).values_list(
                "target_id", flat=True
            )
        )
    return [
        Finding("import_in_use", Sentence.counted(
            n, "%(n)s criterion of the task bank names %(target)s.", "%(n)s criteria of the task bank name %(target)s.",
            target=frameworks.node(target).label,
        ), column="target", value=frameworks.node(target).label)
        for target, n in sorted(counts.items())
    ]  # fmt: skip


def in_the_way_of_people(person_ids: Sequence[int]) -> list[str]:
    """Return in words what people wrote and judged: what stands in the way of taking a roster back.

    For `rosters.actions.register_blocker`, with the people that an import made.
    """
    found = 0
    for start in range(0, len(person_ids), 500):
        part = person_ids[start : start + 500]
        written = TaskVersion.objects.filter(Q(written_by__in=part) | Q(task__made_by__in=part))
        asked = Validation.objects.filter(Q(opened_by__in=part) | Q(closed_by__in=part))
        found += written.count() + asked.count() + Verdict.objects.filter(member__in=part).count()
        found += ValidityEntry.objects.filter(written_by__in=part).count()
    return [f"{found} tasks and validations name people of it"] if found else []


def certifying() -> frozenset[tuple[str, int]]:
    """Return what certifies: (the version as ratings name it, target) of each published version whose rubric is whole. One
    statement.
    """
    rows = Criterion.objects.filter(version__certifies=True, version__published_at__isnull=False)
    found = rows.values_list("version__task__uuid", "version__number", "target_id")
    return frozenset((rated_on(task, number), target) for task, number, target in found)


def files_kept() -> set[str]:
    """Return the digests of the files of exemplars. One statement."""
    return set(Exemplar.objects.exclude(file_digest="").values_list("file_digest", flat=True))


def exemplar_with_file(*, viewer: Viewer, digest: str, given: Collection[UUID] = ()) -> ExemplarView | None:
    """Return an exemplar with this file of a version that the viewer may see, or None. Four statements.

    `given` are the versions that the viewer, or a child of theirs, was given.
    """
    rows = TaskVersion.objects.select_related(*_SHOWN).filter(exemplars__file_digest=digest).distinct()
    for row in rows:
        if sees(viewer, row) or row.uuid in given:
            return next(one for one in view_of(viewer, row).exemplars if one.file_digest == digest)
    return None


def sees(viewer: Viewer, row: TaskVersion) -> bool:
    """Whether the viewer may see a version with its task."""
    if not viewer.is_a(*WRITERS):
        return False
    return row.published_at is not None or may_write(viewer, row.task)


def _offered(viewer: Viewer) -> QuerySet[TaskVersion]:
    if not viewer.is_a(*WRITERS):
        return TaskVersion.objects.none()
    current = Task.objects.exclude(current=None).values("current")
    return TaskVersion.objects.filter(pk__in=current).select_related(*_SHOWN)


def _below(item: int) -> tuple[int, ...]:
    """Return the targets at or below an item, with what they once stood for; of none that is known, none."""
    try:
        node = frameworks.node(item)
    except Refusal:
        return ()
    return frameworks.tree(node.framework_id, at=frameworks.remembered_stamp()).leaves[item]


def _rows(found: Sequence[TaskVersion]) -> tuple[BankRow, ...]:
    targets: dict[int, dict[int, None]] = {}
    lines = Criterion.objects.filter(version__in=[one.id for one in found]).order_by("position")
    for version, target in lines.values_list("version_id", "target_id"):
        targets.setdefault(version, {})[target] = None
    return tuple(
        BankRow(
            one.task.uuid, one.uuid, one.number, one.title, one.purpose, one.task.standing,
            one.task.school.name if one.task.school is not None else "", one.depth, one.minutes, one.language,
            one.certifies, one.published_at is None, tuple(targets.get(one.id, ())),
        )
        for one in found
    )  # fmt: skip
