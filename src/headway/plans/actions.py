"""Acts on plans: make a template, give it to students, end plans, bring plans in from a file. Each is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.plans import queries, reading
from headway.plans.models import Plan, PlanTemplate, TemplateItem, TemplateVersion
from headway.plans.reading import MOST_PIECES, Draft
from headway.plans.types import Assigned, Differences, Items, VersionView
from headway.proficiency import queries as proficiency
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters

KIND = "plans"
ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
_PART = 1_000


# Templates.


def make_template(
    *, actor: Viewer, key: str, items: Sequence[tuple[int, int]], at: datetime, title: str = ""
) -> VersionView:
    """This will make a template, or its next version; the newest version is returned where it asks the same already.

    `items` are targets (row keys) with the pieces asked, in order. Written: template, version, items, audit entry. Plans
    that stand stay on their version. Who may: adults of the school. Raises `Refusal`: `forbidden`, `plan_invalid`,
    `unknown_target`.
    """
    _require(actor)
    key = key.strip()
    uuids = {target: frameworks.node(target).uuid for target, _ in items}
    asked: Items = {uuids[target]: pieces for target, pieces in items}
    faults: list[str] = [
        Sentence("%(label)s is an area, not a target", label=frameworks.node(t).label)
        for t, _ in items
        if not frameworks.node(t).is_leaf
    ]
    if not key or len(key) > 190 or not items:
        faults.append(Sentence("a plan has a name of at most 190 characters and at least one target"))
    if len(asked) < len(items) or any(not 1 <= pieces <= MOST_PIECES for _, pieces in items):
        faults.append(Sentence("a target stands once, with 1 to %(most)s pieces", most=MOST_PIECES))
    if faults:
        raise Refusal("plan_invalid", Sentence("This plan cannot be: %(faults)s.", faults=faults))
    with transaction.atomic():
        found, new = _version(key, title.strip()[:200] or key, asked, at=at, run=None, any_number=False)
        if new:
            record_act(actor=actor, act="make_template", kind="plan", object_id=key,
                       detail={"number": found.number, "targets": len(items)}, at=at)  # fmt: skip
        return queries.version(found.pk)


def _version(
    key: str, title: str, asked: Items, *, at: datetime, run: int | None, any_number: bool
) -> tuple[TemplateVersion, bool]:
    """Return the version of a template that asks just this, and whether it is new; `any_number` admits older ones."""
    template = PlanTemplate.objects.select_for_update().filter(key=key).first()
    if template is None:
        template = PlanTemplate.objects.create(key=key, title=title, made_by_run=run)
    versions = list(TemplateVersion.objects.filter(template=template).order_by("-number"))
    items = queries.items_of([row.pk for row in versions])
    targets = frameworks.node_ids(uuids=asked)
    wanted = [(targets[target], pieces) for target, pieces in asked.items()]
    for row in versions if any_number else versions[:1]:
        held = [(item.target, item.pieces) for item in items[row.pk]]
        # For a file the order says nothing: whoever follows the version follows its order.
        if held == wanted or (any_number and sorted(held) == sorted(wanted)):
            return row, False
    made = TemplateVersion.objects.create(
        template=template, number=versions[0].number + 1 if versions else 1, created_at=at, made_by_run=run
    )
    TemplateItem.objects.bulk_create(
        [TemplateItem(version=made, position=n, target_id=t, pieces=p) for n, (t, p) in enumerate(wanted, 1)]
    )
    return made, True


# Students' plans.


def assign(
    *, actor: Viewer, version: int, students: Iterable[int], starts_on: date, ends_on: date, at: datetime
) -> Assigned:
    """This will give students a version of a template from a first to a last day.

    A student with the same standing plan (version and days) keeps it; another plan of the same template is ended by the
    new one, on the day on which that begins, and hands its own differences on. Written: plans, audit entry. Who may:
    adults who may see the students. Raises `Refusal`: `forbidden`, `unknown_version`, `not_a_span`, `no_such_person`.
    """
    _require(actor)
    if ends_on < starts_on or not reading.FIRST <= starts_on <= ends_on <= reading.LAST:
        raise Refusal("not_a_span", "The last day of a plan lies on or after its first, within 1950 to 2100.")
    with transaction.atomic():
        found = TemplateVersion.objects.select_related("template").filter(pk=version).first()
        if found is None:
            raise Refusal(
                "unknown_version",
                Sentence("There is no version of a plan with number %(version)s.", version=version),
            )
        wanted = list(dict.fromkeys(students))
        seen = rosters.visible_ids(actor, person_ids=wanted, as_of=_today(actor, at))
        if len(seen) < len(wanted):
            missing = len(wanted) - len(seen)
            raise Refusal(
                "no_such_person",
                Sentence("%(n)s of these are no students that you may see.", n=missing),
            )
        drafts = [Draft(student, starts_on, ends_on, None) for student in wanted]
        done = _give(found, drafts, at=at, run=None)
        record_act(actor=actor, act="assign_plan", kind="plan", object_id=found.template.key,
                   detail={"number": found.number, "made": done.made, "kept": done.kept, "ended": done.ended}, at=at)  # fmt: skip
        return done


def _give(version: TemplateVersion, drafts: Sequence[Draft], *, at: datetime, run: int | None) -> Assigned:
    """Make the plans of one version that do not stand yet, and end those of its template whose place they take."""
    zone = proficiency.book().zone
    made: list[Plan] = []
    ended: dict[datetime, list[int]] = {}
    for start in range(0, len(drafts), _PART):
        part = drafts[start : start + _PART]
        standing = _standing(version.template_id, [draft.student for draft in part])
        for draft in part:
            before = standing.get(draft.student)
            own = (before.differences if before else {}) if draft.differences is None else draft.differences
            if before is not None:
                same = (before.version_id, before.starts_on, before.ends_on, before.differences)
                if same == (version.pk, draft.starts_on, draft.ends_on, own):
                    continue
                begins = datetime.combine(draft.starts_on, time(), zone)
                ended.setdefault(max(at, begins), []).append(before.pk)
            made.append(
                Plan(
                    student_id=draft.student, version=version, starts_on=draft.starts_on, ends_on=draft.ends_on,
                    differences=own, source="page" if run is None else "file", created_at=at, made_by_run=run,
                )
            )  # fmt: skip
    for instant, keys in ended.items():
        _end(keys, instant, run)
    Plan.objects.bulk_create(made, batch_size=_PART)
    n_ended = sum(map(len, ended.values()))
    return Assigned(made=len(made), kept=len(drafts) - len(made), ended=n_ended)


def _standing(template_id: int, students: Sequence[int]) -> dict[int, Plan]:
    rows = Plan.objects.filter(student_id__in=students, version__template_id=template_id, ended_at=None)
    return {row.student_id: row for row in rows.order_by("created_at", "id")}


def _end(keys: Sequence[int], instant: datetime, run: int | None) -> None:
    for start in range(0, len(keys), _PART):
        rows = Plan.objects.filter(pk__in=keys[start : start + _PART])
        rows.update(ended_at=instant, ended_by_run=run)


def end_plans(*, actor: Viewer, plans: Iterable[int], at: datetime) -> int:
    """This will end plans today, without others in their place; those that have ended stay as they are. Returns how many.

    Written: plans, audit entry. Who may: adults who may see the students. Raises `Refusal`: `forbidden`, `no_such_plan`.
    """
    _require(actor)
    with transaction.atomic():
        wanted = list(dict.fromkeys(plans))
        rows = dict(Plan.objects.filter(pk__in=wanted).values_list("pk", "student_id"))
        seen = rosters.visible_ids(actor, person_ids=set(rows.values()), as_of=_today(actor, at))
        if any(rows.get(key) not in seen for key in wanted):
            raise Refusal("no_such_plan", "There is no such plan that you may end.")
        standing = list(Plan.objects.filter(pk__in=wanted, ended_at=None).values_list("pk", flat=True))
        _end(standing, at, None)
        record_act(actor=actor, act="end_plans", kind="plan", detail={"plans": standing[:1000]}, at=at)
        return len(standing)


# Files.


def import_plans(
    *, actor: Viewer, rows: Sequence[Mapping[str, Any]], lines: Sequence[int], name: str, digest: str, at: datetime,
    plan_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """This will bring plans in from the rows of a file as one import run that can be taken back.

    Rows with the same `plan` and `student` are one plan. Of each plan's item lists the most frequent becomes the version
    (an existing one where it asks the same), which students with that list share; the others hold their differences.
    A student whose plan stands just so keeps it; another plan of that name is ended. Written in one transaction:
    templates, versions, plans, import run, audit entry. Who may: adults, for students they may see; the command line.
    Raises `Refusal`: `forbidden`, `plans_invalid` with file, line, column and value of every fault.
    """
    _require(actor)
    with transaction.atomic():
        found = reading.read(rows, lines=lines, name=name, actor=actor, today=_today(actor, at))
        run = None if plan_only else ImportRun.objects.create(
            kind=KIND, name=name[:200], digest=digest, actor=actor.account, at=at
        )  # fmt: skip
        counts = {"rows": len(rows), "names": len(found), "versions": 0, "new": 0, "kept": 0, "ended": 0}
        key = run.pk if run else 0
        for plan, wanted in found.items():
            asked = _commonest([one.items for one in wanted])
            version, fresh = _version(plan, plan, asked, at=at, run=key, any_number=True)
            drafts = [
                Draft(one.student, one.starts_on, one.ends_on, Differences.between(asked, one.items).stored())
                for one in wanted
            ]
            done = _give(version, drafts, at=at, run=key)
            counts["versions"] += fresh
            counts["new"] += done.made
            counts["kept"] += done.kept
            counts["ended"] += done.ended
        if run is None:
            transaction.set_rollback(True)
            return {"plan": True, **counts}
        run.counts = counts
        run.save(update_fields=["counts"])
        record_act(actor=actor, act="import_plans", kind="import", object_id=run.pk, detail=counts, at=at)
        return {"run": run.pk, **counts}


def _commonest(lists: Sequence[Items]) -> Items:
    """Return the list of items that most students have, whatever its order; of equally many the first in the file."""
    n: dict[frozenset[tuple[UUID, int]], int] = {}
    for items in lists:
        same = frozenset(items.items())
        n[same] = n.get(same, 0) + 1
    most = max(n, key=lambda same: n[same])
    return next(items for items in lists if frozenset(items.items()) == most)


def undo_plans(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """This will take an import of plans back: plans it made are gone, those it ended stand again.

    Raises `Refusal`: `forbidden`, `no_such_import`, `already_undone`, `undo_blocked` naming the plans that were ended or
    replaced since, or that follow a version of this import.
    """
    _require(actor)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id, kind=KIND).first()
        if run is None:
            raise Refusal("no_such_import", Sentence("There is no import of plans %(run)s.", run=run_id))
        if run.status != "applied":
            raise Refusal("already_undone", Sentence("Import %(run)s was taken back already.", run=run_id))
        findings = _in_the_way(run_id)
        if findings:
            raise Refusal(
                "undo_blocked",
                Sentence("%(n)s plans have changed since, or follow this import.", n=len(findings)),
                findings[:1000],
            )
        Plan.objects.filter(made_by_run=run_id).delete()
        Plan.objects.filter(ended_by_run=run_id).update(ended_at=None, ended_by_run=None)
        TemplateVersion.objects.filter(made_by_run=run_id).delete()
        PlanTemplate.objects.filter(made_by_run=run_id, versions=None).delete()
        run.status, run.undone_at = "undone", at
        run.save(update_fields=["status", "undone_at"])
        record_act(actor=actor, act="undo_import", kind="import", object_id=run.pk, at=at)
        return run


def follow(joining: rostering.Joining) -> None:
    """This will move a person's plans with a merge or back with its split.

    A plan that the person who stays has too is ended for the other. For `rosters.actions.register_follower`.
    """
    if joining.of is not None:
        joining.put_back(Plan, "ended_at")
        return
    own = set(Plan.objects.filter(student=joining.into, ended_at=None).values_list("version_id", flat=True))
    rows = list(Plan.objects.filter(student=joining.person).order_by("id"))
    for row in rows:
        if row.ended_at is None and row.version_id in own:
            joining.changes.before(row)
            row.ended_at = joining.at
    joining.move(rows, "student_id")


def _in_the_way(run_id: int) -> list[Finding]:
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


def _require(actor: Viewer) -> None:
    if not actor.is_a(*ADULTS):
        raise Refusal("forbidden", "Only adults of the school give, change and end plans.")


def _today(actor: Viewer, at: datetime) -> date:
    return actor.today if actor.today.year > 1 else at.astimezone(proficiency.book().zone).date()
