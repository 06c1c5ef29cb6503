"""Questions about plans: who has which, and whether the evidence comes in fast enough. Read only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count

from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.frameworks import queries as frameworks
from headway.frameworks.types import UndoScope
from headway.kit.numbers import is_whole
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.plans import pacing, stepping
from headway.plans.models import Plan, PlanTemplate, TemplateItem, TemplateVersion
from headway.plans.types import (
    Differences,
    Giving,
    Items,
    PaceRow,
    PlanItem,
    PlanSteps,
    PlanView,
    VersionView,
)
from headway.proficiency import queries as proficiency
from headway.proficiency.queries import Moment, Row
from headway.rosters import queries as rosters
from headway.rosters.types import GRADES

__all__ = [
    "as_data", "becomes", "find_giving", "find_template", "followers", "in_the_way_of", "in_the_way_of_people", "last_day",
    "newest_version", "pace_of", "plan_targets", "plans_of", "rows_for_report", "steps_of", "templates", "version",
]  # fmt: skip

_PART = 10_000


# Templates.


def templates() -> list[VersionView]:
    """Return the newest version of every template, by name, kindergarten before grade 1 before grade 10. Two statements."""
    newest: dict[int, TemplateVersion] = {}
    for row in TemplateVersion.objects.select_related("template").order_by("number"):
        newest[row.template_id] = row
    return sorted(_views(list(newest.values())), key=lambda one: (_named(one.plan), one.plan))


def _named(name: str) -> list[tuple[int, int, str]]:
    """Return a name as its words are sorted: numbers by their size, and a grade's code as the number that it stands for."""
    early = {code: GRADES.index(code) - GRADES.index("KG") for code in GRADES if not code.isdecimal()}
    found = []
    for word in name.split():
        number = int(word) if is_whole(word) else early.get(word)
        found.append((1, 0, word.casefold()) if number is None else (0, number, ""))
    return found


def find_template(key: str) -> PlanTemplate | None:
    """Return the template of this name, or None. One statement."""
    return PlanTemplate.objects.filter(key=key).first()


def version(version_id: int) -> VersionView:
    """Return a version by row key. Raises `Refusal("unknown_version")`. Two statements."""
    found = TemplateVersion.objects.select_related("template").filter(pk=version_id).first()
    if found is None:
        raise Refusal(
            "unknown_version",
            Sentence("There is no version of a plan with number %(version)s.", version=version_id),
        )
    return _views([found])[0]


def newest_version(key: str) -> VersionView:
    """Return the newest version of a template. Raises `Refusal("unknown_plan")`. Two statements."""
    rows = TemplateVersion.objects.select_related("template").filter(template__key=key)
    found = rows.order_by("-number").first()
    if found is None:
        raise Refusal("unknown_plan", Sentence("No plan is called %(key)s.", key=key))
    return _views([found])[0]


def _views(rows: Sequence[TemplateVersion]) -> list[VersionView]:
    items = items_of([row.pk for row in rows])
    return [
        VersionView(row.pk, row.template.key, row.template.title, row.number, tuple(items[row.pk]))
        for row in rows
    ]


def items_of(version_ids: Iterable[int]) -> dict[int, list[PlanItem]]:
    """Return the items of versions, in order. One statement."""
    found: dict[int, list[PlanItem]] = {version_id: [] for version_id in version_ids}
    rows = TemplateItem.objects.filter(version_id__in=list(found)).order_by("version_id", "position")
    for version_id, *item in rows.values_list("version_id", "target_id", "pieces", "due_week"):
        found[version_id].append(PlanItem(*item))
    return found


# Students' plans.


def plans_of(students: Iterable[int], day: date) -> dict[int, list[PlanView]]:
    """Return the plans of students on a day, by name; a student without one has an empty list.

    A plan holds from its first day until the day on which it is ended: past its last day it still stands, and is late.
    On days on which a student is not here it rests.
    Of two plans of one template the newer speaks, also about days before it was written, because a plan that comes with
    an earlier first day puts right what was thought then. Two statements for up to 10,000 students, and two for the
    district's zone where one of the plans was ended.
    """
    wanted = list(dict.fromkeys(students))
    newest: dict[tuple[int, int], tuple[Any, ...]] = {}
    for row in _plan_rows(wanted, day):
        newest[row[1], row[2]] = row
    standing = [row for row in newest.values() if row[-1] is None or _local_day(row[-1]) > day]
    items = items_of(dict.fromkeys(row[6] for row in standing)) if standing else {}
    found: dict[int, list[PlanView]] = {student: [] for student in wanted}
    for key, student, _, plan, title, number, version_id, starts_on, ends_on, stored, _ in standing:
        own = tuple(_own(items[version_id], stored)) if stored else tuple(items[version_id])
        found[student].append(
            PlanView(key, student, plan, title, number, starts_on, ends_on, own, bool(stored))
        )
    for plans in found.values():
        plans.sort(key=lambda one: (one.plan.casefold(), one.plan))
    return found


def _local_day(instant: datetime) -> date:
    return instant.astimezone(proficiency.book().zone).date()


def _plan_rows(students: list[int], day: date) -> Iterator[tuple[Any, ...]]:
    # Oldest first, so that the newest of a template is met last; a standing plan is newer than any ended one.
    for start in range(0, len(students), _PART):
        part = students[start : start + _PART]
        here, values = rosters.is_here(day, "p.student_id")
        rows = Plan.objects.raw(
            "SELECT p.id, p.student_id, p.version_id, p.starts_on, p.ends_on, p.differences, p.ended_at, v.number, "  # noqa: S608
            'v.template_id, t."key", t.title FROM headway_plan p JOIN headway_templateversion v ON v.id = p.version_id '
            f"JOIN headway_plantemplate t ON t.id = v.template_id WHERE p.student_id IN ({', '.join(['%s'] * len(part))}) "
            f"AND p.starts_on <= %s AND {here} ORDER BY p.created_at, p.id",
            [*part, connection.ops.adapt_datefield_value(day), *values],
        )
        for row in rows:
            one: Any = row
            yield (
                one.id, one.student_id, one.template_id, one.key, one.title, one.number, one.version_id, one.starts_on,
                one.ends_on, one.differences, one.ended_at,
            )  # fmt: skip


def _own(items: Sequence[PlanItem], stored: dict[str, Any]) -> Iterator[PlanItem]:
    woods = frameworks.remembered()
    version: Items = {frameworks.node(item.target).uuid: item.pieces for item in items}
    applied = Differences.read(stored).applied(version)
    known: dict[UUID, int] = {target: woods.by_uuid[target] for target in applied if target in woods.by_uuid}
    if len(known) < len(applied):
        known = frameworks.node_ids(uuids=applied)
    return (PlanItem(known[target], pieces) for target, pieces in applied.items() if target in known)


def plan_targets(students: Iterable[int], day: date) -> dict[int, dict[int, int]]:
    """Return for each student the targets of all plans on the day and the pieces asked, the most where several ask."""
    found: dict[int, dict[int, int]] = {}
    for student, plans in plans_of(students, day).items():
        asked = found.setdefault(student, {})
        for plan in plans:
            for item in plan.items:
                asked[item.target] = max(item.pieces, asked.get(item.target, 0))
    return found


def view_of(row: Plan) -> PlanView:
    """Return a plan as a view. One statement for its items, one for its template where the row does not hold it."""
    items = items_of([row.version_id])[row.version_id]
    own = tuple(_own(items, row.differences)) if row.differences else tuple(items)
    version = row.version
    return PlanView(row.pk, row.student_id, version.template.key, version.template.title, version.number, row.starts_on,
                    row.ends_on, own, bool(row.differences))  # fmt: skip


def before_change(row: Plan) -> Plan | None:
    """Return the plan whose place this one took by a change on a page, or None. One statement."""
    if row.made_by_run is not None or row.source != "page":
        return None
    same = Plan.objects.filter(student=row.student_id, version=row.version_id, starts_on=row.starts_on, pk__lt=row.pk,
                               ended_by_run=None)  # fmt: skip
    found = same.select_related("version__template").order_by("-pk").first()
    if found is None or found.ended_at is None:
        return None
    # A change ends the plan before it at that instant; one that had ended earlier was not changed into this one.
    return found if found.ended_at >= row.created_at else None


def steps_of(m: Moment, plan: PlanView, *, rows: Sequence[Row] | None = None) -> PlanSteps:
    """Return a student's plan target by target and week by week at the moment.

    `rows` are the student's rating rows where the caller has them already. Five statements, four with `rows`; two more
    where policies differ by school.
    """
    row = Plan.objects.select_related("version__template").get(pk=plan.id)
    items = items_of([row.version_id])[row.version_id]
    asked = list(dict.fromkeys(item.target for item in plan.items))
    holding = [target for target in asked if frameworks.node(target).holds(m.day)]
    if rows is None:
        rows = proficiency.rows_of(m, students=[plan.student], targets=asked)
    pairs = pacing.gather(m, rows, [(plan.student, target) for target in holding])
    found = {target: held for (_student, target), held in pairs.items()}
    found |= {target: pacing.NOTHING for target in holding if target not in found}
    lessons = pacing.Lessons(m)
    dues = stepping.planned(items, row.starts_on, row.ends_on, lessons)
    steps = tuple(
        stepping.steps(items=items, own=Differences.read(row.differences), dues=dues, found=found, ends_on=row.ends_on,
                       today=m.day)
    )  # fmt: skip
    weeks = stepping.weeks(
        steps, found, starts_on=row.starts_on, ends_on=row.ends_on, today=m.day, lessons=lessons
    )
    return PlanSteps(plan, steps, tuple(weeks), None if row.ended_at is None else _local_day(row.ended_at),
                     row.ended_at is None and before_change(row) is not None, row.created_at)  # fmt: skip


def as_data(*, student: int) -> list[dict[str, Any]]:
    """Return every plan that a student has or had, with its differences and reasons, oldest first. Two statements."""
    rows = list(Plan.objects.filter(student=student).select_related("version__template").order_by("id"))
    items = items_of(row.version_id for row in rows)
    return [
        {
            "plan": row.version.template.key, "version": row.version.number, "starts_on": row.starts_on,
            "ends_on": row.ends_on, "written_at": row.created_at, "ended_at": row.ended_at, "differences": row.differences,
            "targets": [{"target": str(frameworks.node(item.target).uuid), "pieces": item.pieces, "due_week": item.due_week}
                        for item in items[row.version_id]],
        }
        for row in rows
    ]  # fmt: skip


# Giving to many.


def last_day(m: Moment, found: VersionView, starts_on: date) -> date | None:
    """Return the last day of a plan of this version that begins on a day: that of its last week; None where the version
    names no weeks, or the calendar ends before. No statement."""
    if found.weeks is None:
        return None
    days = stepping.last_days(pacing.Lessons(m), starts_on, found.weeks)
    return days[-1] if len(days) == found.weeks else None


def becomes(found: VersionView, students: Iterable[int], *, starts_on: date, ends_on: date) -> dict[int, str]:
    """Return what giving a version would do to each student: `new`, `kept` (stands just so), `replaced` (another plan of the
    template ends), `own` (so too, and its differences are handed on). One statement for 10,000."""
    wanted = list(dict.fromkeys(students))
    told = dict.fromkeys(wanted, "new")
    for start in range(0, len(wanted), _PART):
        rows = Plan.objects.filter(
            student_id__in=wanted[start : start + _PART], version__template__key=found.plan, ended_at=None
        )
        for student, version_id, first, last, own in rows.values_list(
            "student_id", "version_id", "starts_on", "ends_on", "differences"
        ):
            same = (version_id, first, last) == (found.id, starts_on, ends_on)
            told[student] = "kept" if same else "own" if own else "replaced"
    return told


def find_giving(*, viewer: Viewer, run: int) -> Giving | None:
    """Return a template given to many, if the viewer gave it or is the district; else None. Two statements."""
    row = ImportRun.objects.filter(pk=run, kind="plans").first()
    if row is None or "version" not in row.counts:
        return None
    if not viewer.is_a(Role.DISTRICT) and (row.actor is None or row.actor != viewer.account):
        return None
    said, day = row.counts, date.fromisoformat
    number = TemplateVersion.objects.filter(pk=said["version"]).values_list("number", flat=True).first()
    return Giving(row.pk, row.name, number or 0, day(said["starts_on"]), day(said["ends_on"]), said["rows"], said["given"],
                  said["new"], said["kept"], said["ended"], row.status, row.at)  # fmt: skip


def followers(viewer: Viewer) -> dict[tuple[str, int], int]:
    """Return how many students whom the viewer may see stand on each version, by template and number. One statement."""
    seen = rosters.students_visible_to(viewer, as_of=viewer.today).order_by().values("pk")
    rows = Plan.objects.filter(student_id__in=seen, ended_at=None).order_by()
    counted = rows.values("version__template__key", "version__number").annotate(
        n=Count("student_id", distinct=True)
    )
    return {(row["version__template__key"], row["version__number"]): row["n"] for row in counted}


# Pace.


def pace_of(
    m: Moment, students: Iterable[int], *, rows: Sequence[Row] | None = None,
    held: Mapping[int, list[PlanView]] | None = None,
) -> list[PaceRow]:  # fmt: skip
    """Return the pace of every plan that students have at the moment, in the order of students, then by plan.

    What counts, and which weeks, is said in `pacing`. `rows` are the students' rating rows and `held` their plans where
    the caller has them already. Three statements for any number of students up to 10,000, one less with `rows` and two
    less with `held`; two more where policies differ by school.
    """
    own = plans_of(students, m.day) if held is None else held
    plans = [plan for found in own.values() for plan in found]
    if not plans:
        return []
    if rows is None:
        rows = proficiency.rows_of(
            m,
            students=list(dict.fromkeys(plan.student for plan in plans)),
            targets=list(dict.fromkeys(item.target for plan in plans for item in plan.items)),
        )
    return pacing.paces(m, plans, rows)


def rows_for_report(m: Moment, students: Iterable[int]) -> list[dict[str, Any]]:
    """Return the pace of students as plain rows by sourcedId: what `headway report pace` prints."""
    found = pace_of(m, students)
    people = rosters.people_by_id(person_ids={row.student for row in found})
    return [
        {
            "student": people[row.student].sourced_id, "plan": row.plan, "progress": row.progress,
            "filled": row.filled, "required": row.required, "rate": row.rate, "low": row.low, "high": row.high,
            "weeks_needed": row.weeks_needed, "margin_weeks": row.margin_weeks, "state": row.state,
            "reason": row.reason, "color": row.color, "n": row.n,
        }
        for row in found
    ]  # fmt: skip


# What depends on others.


def in_the_way_of(scope: UndoScope) -> list[Finding]:
    """Return what stands in the way of taking an import of a continuum back: plans that ask for its items.

    For `frameworks.actions.register_blocker`.
    """
    rows = TemplateItem.objects.filter(target_id__in=scope.added).order_by("version__template__key")
    names = list(dict.fromkeys(rows.values_list("version__template__key", flat=True)))
    return [
        Finding(
            "import_in_use",
            Sentence("The plan %(name)s asks for targets of this import.", name=name),
            column="plan",
            value=name,
        )
        for name in names
    ]


def in_the_way_of_people(person_ids: Iterable[int]) -> list[str]:
    """Return which of the people have plans, in words: what stands in the way of taking a roster back.

    For `rosters.actions.register_blocker`, with the people that an import made.
    """
    wanted = list(person_ids)
    found: list[str] = []
    for start in range(0, len(wanted), _PART):
        rows = Plan.objects.filter(student_id__in=wanted[start : start + _PART]).order_by(
            "student__sourced_id"
        )
        found += rows.values_list("student__sourced_id", flat=True).distinct()
    return [f"student {name} has a plan" for name in found]
