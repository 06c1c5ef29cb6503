"""Acts on plans: make a template, give it to students, change a student's, end plans, bring plans in from a file.

Each is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.frameworks import queries as frameworks
from headway.jobs import actions as jobs
from headway.kit.refusals import Refusal, Sentence
from headway.plans import changing, giving, queries, reading, stepping
from headway.plans.models import Plan, PlanTemplate, TemplateVersion
from headway.plans.pacing import Lessons
from headway.plans.reading import MOST_PIECES, Draft
from headway.plans.types import Assigned, Differences, ItemChange, Items, VersionView
from headway.proficiency import queries as proficiency
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters

KIND = "plans"
ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)
GIVING = "give-plans"
"""The kind of job that gives a template to many."""
AT_ONCE = 200
"""To so many students a template is given in the request; to more in the background, in parts of as many."""
MOST_WEEKS = 200


# Templates.


def make_template(
    *, actor: Viewer, key: str, items: Sequence[tuple[int, int]], at: datetime, title: str = "",
    due_weeks: Mapping[int, int] | None = None,
) -> VersionView:  # fmt: skip
    """This will make a template, or its next version; the newest version is returned where it asks the same already.

    `items` are targets (row keys) with the pieces asked, in order; `due_weeks` the week of the plan, from 1 on, by whose end
    those of a target are due. Written: template, version, items, audit entry. Plans
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
    weeks = {uuids[target]: week for target, week in (due_weeks or {}).items() if target in uuids}
    if any(not 1 <= week <= MOST_WEEKS for week in weeks.values()):
        faults.append(Sentence("a week lies from 1 to %(most)s", most=MOST_WEEKS))
    if faults:
        raise Refusal("plan_invalid", Sentence("This plan cannot be: %(faults)s.", faults=faults))
    with transaction.atomic():
        found, new = giving.version_asking(
            key, title.strip()[:200] or key, asked, at=at, run=None, any_number=False, due=weeks
        )
        if new:
            record_act(actor=actor, act="make_template", kind="plan", object_id=key,
                       detail={"number": found.number, "targets": len(items)}, at=at)  # fmt: skip
        return queries.version(found.pk)


# Students' plans.


def assign(
    *, actor: Viewer, version: int, students: Iterable[int], starts_on: date, ends_on: date, at: datetime
) -> Assigned:
    """This will give students a version of a template from a first to a last day.

    A student with the same standing plan (version and days) keeps it; another plan of the same template is ended by the
    new one, on the day on which that begins, and hands its own differences on. Written: plans, audit entry. Who may:
    adults who may see the students. Raises `Refusal`: `forbidden`, `unknown_version`, `not_a_span`, `no_such_person`.
    """
    with transaction.atomic():
        found, wanted = _may_give(actor, version, students, (starts_on, ends_on), at)
        drafts = [Draft(student, starts_on, ends_on, None) for student in wanted]
        done = giving.write_plans(found, drafts, at=at, run=None, source="page")
        record_act(actor=actor, act="assign_plan", kind="plan", object_id=found.template.key,
                   detail={"number": found.number, "made": done.made, "kept": done.kept, "ended": done.ended}, at=at)  # fmt: skip
        return done


def _may_give(
    actor: Viewer, version: int, students: Iterable[int], span: tuple[date, date], at: datetime
) -> tuple[TemplateVersion, list[int]]:
    _require(actor)
    if span[1] < span[0] or not reading.FIRST <= span[0] <= span[1] <= reading.LAST:
        raise Refusal("not_a_span", "The last day of a plan lies on or after its first, within 1950 to 2100.")
    found = TemplateVersion.objects.select_related("template").filter(pk=version).first()
    if found is None:
        raise Refusal(
            "unknown_version",
            Sentence("There is no version of a plan with number %(version)s.", version=version),
        )
    wanted = list(dict.fromkeys(students))
    missing = len(wanted) - len(rosters.visible_ids(actor, person_ids=wanted, as_of=_today(actor, at)))
    if missing:
        raise Refusal(
            "no_such_person", Sentence("%(n)s of these are no students that you may see.", n=missing)
        )
    return found, wanted


def give_template(
    *,
    actor: Viewer,
    key: str,
    version: int,
    students: Iterable[int],
    starts_on: date,
    ends_on: date,
    at: datetime,
) -> int:
    """This will give a version to many students as one act that can be taken back whole; returns its number.

    What becomes of each student's plans is what `assign` does. Up to `AT_ONCE` students are given it at once; for more a
    job is put in, which gives it in parts, each once. `key` names the act: sent twice it is done once. Written: run, plans
    or job, audit entry. Who may: adults who may see the students. Raises `Refusal`: `forbidden`, `unknown_version`,
    `not_a_span`, `no_such_person`, `nobody_chosen`.
    """
    actor = actor.at_school()
    with transaction.atomic():
        found, wanted = _may_give(actor, version, students, (starts_on, ends_on), at)
        if not wanted:
            raise Refusal("nobody_chosen", "Choose at least one student.")
        # Whoever sends the same form at the same moment waits here.
        PlanTemplate.objects.select_for_update().get(pk=found.template_id)
        known = ImportRun.objects.filter(kind=KIND, digest=key[:64], actor=actor.account).first()
        if known is not None:
            return known.pk
        said = {"version": found.pk, "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat(), "rows": len(wanted),
                "names": 1, "given": 0, "new": 0, "kept": 0, "ended": 0}  # fmt: skip
        run = ImportRun.objects.create(
            kind=KIND,
            name=found.template.title[:200],
            digest=key[:64],
            actor=actor.account,
            counts=said,
            at=at,
        )
        if len(wanted) <= AT_ONCE:
            give_part(run_id=run.pk, students=wanted, at=at)
        else:
            jobs.put(kind=GIVING, jobs={f"{GIVING}-{run.pk}": {"run": run.pk, "students": wanted}}, at=at)
        record_act(actor=actor, act="assign_plan", kind="plan", object_id=found.template.key,
                   detail={"number": found.number, "run": run.pk, "students": len(wanted)}, at=at)  # fmt: skip
        return run.pk


def give_part(*, run_id: int, students: Sequence[int], at: datetime) -> bool:
    """This will give some of the students of an act their plans; False where the act was taken back. In a transaction.

    Written: plans, the run's counts. Who may: `give_template` asked when the act began.
    """
    run = ImportRun.objects.select_for_update().get(pk=run_id, kind=KIND)
    if run.status != "applied":
        return False
    said = run.counts
    version = TemplateVersion.objects.get(pk=said["version"])
    span = (date.fromisoformat(said["starts_on"]), date.fromisoformat(said["ends_on"]))
    drafts = [Draft(student, *span, None) for student in students]
    done = giving.write_plans(version, drafts, at=run.at, run=run.pk, source="page")
    for word, n in (("given", len(drafts)), ("new", done.made), ("kept", done.kept), ("ended", done.ended)):
        said[word] += n
    run.save(update_fields=["counts"])
    return True


def undo_giving(*, actor: Viewer, run_id: int, at: datetime) -> None:
    """This will take back a template that was given to many, also while it is being given: plans it made are gone, those it
    ended stand again.

    Written: plans, run, audit entry. Who may: who gave it, and the district. Raises `Refusal`: `forbidden`,
    `no_such_import`, `already_undone`, `undo_blocked` naming the plans that were changed since.
    """
    if queries.find_giving(viewer=actor, run=run_id) is None:
        raise Refusal("no_such_import", Sentence("There is no import of plans %(run)s.", run=run_id))
    undo_plans(run_id=run_id, actor=actor, at=at)


# One student's plan.


def change_plan(
    *, actor: Viewer, plan: int, changes: Sequence[ItemChange], ends_on: date, at: datetime
) -> int:
    """This will change what a student's plan asks, beside its template: days, pieces, targets waived or added, its last day.

    The plan is not edited: another one, with its differences, takes its place at once; returned is the number of that, or of
    the old one where nothing differs. Written: plans, audit entry. Who may: adults who may see the student because of the
    work at school. Raises `Refusal`: `forbidden`, `no_such_plan`, `plan_changed`, `not_a_span`, `unknown_target`,
    `target_twice`, `plan_invalid`, `out_of_range`, `not_a_day`, `reason_required`, `too_long`, `target_done`.
    """
    with transaction.atomic():
        row = _own_plan(actor, plan, at)
        if row.ended_at is not None:
            raise Refusal("plan_changed", "This plan was changed or ended meanwhile. Look at it anew.")
        if not row.starts_on <= ends_on <= reading.LAST:
            raise Refusal(
                "not_a_span", "The last day of a plan lies on or after its first, within 1950 to 2100."
            )
        m = proficiency.moment(now=at)
        items = queries.items_of([row.version_id])[row.version_id]
        now = queries.steps_of(m, queries.view_of(row))
        before = Differences.read(row.differences)
        own = changing.changed(
            version=items, before=before, changes=changes, done={step.target for step in now.steps if step.state == "done"},
            dues=stepping.planned(items, row.starts_on, ends_on, Lessons(m)), span=(row.starts_on, ends_on),
        )  # fmt: skip
        if (own.stored(), ends_on) == (before.stored(), row.ends_on):
            return row.pk
        giving.end([row.pk], giving.ends_at(row.starts_on, at), None)
        made = Plan.objects.create(
            student_id=row.student_id, version_id=row.version_id, starts_on=row.starts_on, ends_on=ends_on,
            differences=own.stored(), source="page", created_at=at,
        )  # fmt: skip
        record_act(actor=actor, act="change_plan", kind="plan", object_id=row.version.template.key,
                   detail={"before": row.pk, "plan": made.pk, "ends_on": ends_on.isoformat(),
                           "targets": [change.target for change in changes]}, at=at)  # fmt: skip
        return made.pk


def undo_plan_change(*, actor: Viewer, plan: int, at: datetime) -> int:
    """This will take the last change of a student's plan back: the plan before it stands again. Returns its number.

    Written: plans, audit entry. Who may: adults who may see the student because of the work at school. Raises `Refusal`:
    `forbidden`, `no_such_plan`, `plan_changed`, `nothing_to_undo`.
    """
    with transaction.atomic():
        row = _own_plan(actor, plan, at)
        if row.ended_at is not None:
            raise Refusal("plan_changed", "This plan was changed or ended meanwhile. Look at it anew.")
        before = queries.before_change(row)
        if before is None:
            raise Refusal("nothing_to_undo", "No change of this plan can be taken back.")
        row.delete()
        Plan.objects.filter(pk=before.pk).update(ended_at=None)
        record_act(actor=actor, act="undo_plan_change", kind="plan", object_id=before.version.template.key,
                   detail={"plan": plan, "before": before.pk}, at=at)  # fmt: skip
        return before.pk


def _own_plan(actor: Viewer, plan: int, at: datetime) -> Plan:
    actor = actor.at_school()
    _require(actor)
    row = (
        Plan.objects.select_for_update(of=("self",))
        .select_related("version__template")
        .filter(pk=plan)
        .first()
    )
    if row is None or not rosters.visible_ids(actor, person_ids=[row.student_id], as_of=_today(actor, at)):
        raise Refusal("no_such_plan", "There is no such plan that you may change.")
    return row


def erase_reasons(*, student: int) -> None:
    """This will remove the reasons why a student's plans waive targets. In the caller's transaction.

    What the plans ask stays: it holds no words about the student, and neither does the audit trail of it.
    """
    rows = list(Plan.objects.filter(student=student))
    for row in rows:
        row.differences = {name: value for name, value in row.differences.items() if name != "why"}
    Plan.objects.bulk_update(rows, ["differences"])


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
        giving.end(standing, at, None)
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
            asked = giving.commonest([one.items for one in wanted])
            version, fresh = giving.version_asking(plan, plan, asked, at=at, run=key, any_number=True)
            drafts = [
                Draft(one.student, one.starts_on, one.ends_on, Differences.between(asked, one.items).stored())
                for one in wanted
            ]
            done = giving.write_plans(version, drafts, at=at, run=key, source="file")
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
        findings = giving.in_the_way(run_id)
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


def _require(actor: Viewer) -> None:
    if not actor.is_a(*ADULTS):
        raise Refusal("forbidden", "Only adults of the school give, change and end plans.")


def _today(actor: Viewer, at: datetime) -> date:
    return actor.today if actor.today.year > 1 else at.astimezone(proficiency.book().zone).date()
