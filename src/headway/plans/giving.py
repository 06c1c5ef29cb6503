"""How plans are written: versions of templates, plans given and ended in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID

from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Sentence
from headway.plans import queries
from headway.plans.changing import handed_on
from headway.plans.models import Plan, PlanTemplate, TemplateItem, TemplateVersion
from headway.plans.pacing import Lessons
from headway.plans.reading import Draft
from headway.plans.types import Assigned, Items
from headway.proficiency import queries as proficiency

_PART = 1_000


def version_asking(
    key: str,
    title: str,
    asked: Items,
    *,
    at: datetime,
    run: int | None,
    any_number: bool,
    due: Mapping[UUID, int] | None = None,
) -> tuple[TemplateVersion, bool]:
    """Return the version of a template that asks just this, and whether it is new; `any_number` admits older ones."""
    template = PlanTemplate.objects.select_for_update().filter(key=key).first()
    if template is None:
        template = PlanTemplate.objects.create(key=key, title=title, made_by_run=run)
    versions = list(TemplateVersion.objects.filter(template=template).order_by("-number"))
    items = queries.items_of([row.pk for row in versions])
    targets = frameworks.node_ids(uuids=asked)
    weeks = due or {}
    wanted = [(targets[target], pieces, weeks.get(target)) for target, pieces in asked.items()]
    for row in versions if any_number else versions[:1]:
        held = [(item.target, item.pieces, item.due_week) for item in items[row.pk]]
        # For a file neither order nor weeks say anything: whoever follows the version follows its own.
        same = {item[:2] for item in held} == {item[:2] for item in wanted}
        if held == wanted or (any_number and same):
            return row, False
    made = TemplateVersion.objects.create(
        template=template, number=versions[0].number + 1 if versions else 1, created_at=at, made_by_run=run
    )
    TemplateItem.objects.bulk_create(
        [
            TemplateItem(version=made, position=n, target_id=target, pieces=pieces, due_week=week)
            for n, (target, pieces, week) in enumerate(wanted, 1)
        ]
    )
    return made, True


def write_plans(
    version: TemplateVersion, drafts: Sequence[Draft], *, at: datetime, run: int | None, source: str
) -> Assigned:
    """Make the plans of one version that do not stand yet, and end those of its template whose place they take."""
    book = proficiency.book()
    lessons = Lessons(proficiency.moment(now=at, book=book))
    made: list[Plan] = []
    ended: dict[datetime, list[int]] = {}
    for start in range(0, len(drafts), _PART):
        part = drafts[start : start + _PART]
        standing = standing_plans(version.template_id, [draft.student for draft in part])
        for draft in part:
            before = standing.get(draft.student)
            own = draft.differences
            if own is None:
                own = (
                    {}
                    if before is None
                    else handed_on(
                        before.differences,
                        was=before.starts_on,
                        starts_on=draft.starts_on,
                        ends_on=draft.ends_on,
                        lessons=lessons,
                    )
                )
            if before is not None:
                same = (before.version_id, before.starts_on, before.ends_on, before.differences)
                if same == (version.pk, draft.starts_on, draft.ends_on, own):
                    continue
                ended.setdefault(ends_at(draft.starts_on, at), []).append(before.pk)
            made.append(
                Plan(
                    student_id=draft.student, version=version, starts_on=draft.starts_on, ends_on=draft.ends_on,
                    differences=own, source=source, created_at=at, made_by_run=run,
                )
            )  # fmt: skip
    for instant, keys in ended.items():
        end(keys, instant, run)
    Plan.objects.bulk_create(made, batch_size=_PART)
    n_ended = sum(map(len, ended.values()))
    return Assigned(made=len(made), kept=len(drafts) - len(made), ended=n_ended)


def standing_plans(template_id: int, students: Sequence[int]) -> dict[int, Plan]:
    rows = Plan.objects.filter(student_id__in=students, version__template_id=template_id, ended_at=None)
    return {row.student_id: row for row in rows.order_by("created_at", "id")}


def end(keys: Sequence[int], instant: datetime, run: int | None) -> None:
    for start in range(0, len(keys), _PART):
        rows = Plan.objects.filter(pk__in=keys[start : start + _PART])
        rows.update(ended_at=instant, ended_by_run=run)


def ends_at(starts_on: date, at: datetime) -> datetime:
    """Return the instant at which a plan ends whose place another takes that is written now and begins on a day."""
    return max(at, datetime.combine(starts_on, time(), proficiency.book().zone))


def commonest(lists: Sequence[Items]) -> Items:
    """Return the list of items that most students have, whatever its order; of equally many the first in the file."""
    n: dict[frozenset[tuple[UUID, int]], int] = {}
    for items in lists:
        same = frozenset(items.items())
        n[same] = n.get(same, 0) + 1
    most = max(n, key=lambda same: n[same])
    return next(items for items in lists if frozenset(items.items()) == most)


def in_the_way(run_id: int) -> list[Finding]:
    changed = Plan.objects.filter(made_by_run=run_id, ended_at__isnull=False)
    follows = Plan.objects.filter(version__made_by_run=run_id).exclude(made_by_run=run_id)
    names = ("version__template__key", "student__sourced_id")
    said = [
        Finding(
            "undo_blocked",
            Sentence("The plan %(plan)s of this student was ended or replaced since.", plan=plan),
            None,
            None,
            "student",
            who,
        )
        for plan, who in changed.order_by("pk").values_list(*names)
    ]
    return said + [
        Finding("undo_blocked", Sentence(
            "This student follows the plan %(plan)s as this import made it.",
            plan=plan,
        ), None, None, "student", who)
        for plan, who in follows.order_by("pk").values_list(*names)
    ]  # fmt: skip
