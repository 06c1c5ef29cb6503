"""Acts on continuums: bring a version in, take an import back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from django.db import transaction

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Viewer
from headway.frameworks import adopting, changes, checks, packing, writing
from headway.frameworks.models import Framework, FrameworkVersion, Node
from headway.frameworks.trees import stamp
from headway.frameworks.types import Package, Preview, UndoScope
from headway.kit.refusals import Finding, Refusal, Sentence

KIND = "framework"
Blocker = Callable[[UndoScope], Sequence[Finding]]
_blockers: list[Blocker] = []


def register_blocker(fn: Blocker) -> None:
    """Ask `fn` before an import is taken back; findings that it returns refuse the undo by name.

    `fn(scope)` gets the row keys of the items that the import added and changed, and the instant of the
    import.
    """
    if fn not in _blockers:
        _blockers.append(fn)


def apply_package(
    package: Package, *, actor: Viewer, at: datetime, in_force_on: date | None = None, plan_only: bool = False
) -> ImportRun | Preview:
    """Make a package the newest version of its continuum, or with `plan_only` say what that would
    change.

    Items that the package no longer has are retired from `in_force_on` (default: the day of `at`), never
    deleted. A package that changes nothing makes no version. Written in one transaction: continuum, items,
    relations, version, import run with the rows as they stood, audit entry. Who may: whoever may import; the
    command line. Raises `Refusal`: `no_title`, `title_too_long`, `unknown_kind`, `too_long`,
    `framework_key_taken`, `duplicate_identifier`, `identifier_elsewhere`, `lifelong_and_academic`,
    `circle_of_parents`, `circle_of_prerequisites`.
    """
    checks.check_identifiers(package)
    with transaction.atomic():
        held = _held(package)
        standing = changes.stand(held)
        package = adopting.adopt(package, standing)
        plan = changes.work_out(package, standing, at=at, in_force_on=in_force_on or at.date())
        outside = checks.look_outside(plan.merged)
        checks.check(plan.merged, outside)
        if plan_only:
            return plan.preview()
        body, digest = packing.compress(package)
        run = ImportRun.objects.create(
            kind=KIND,
            name=package.framework.title,
            digest=digest,
            counts=plan.counts(),
            actor=actor.account,
            at=at,
        )
        if not plan.empty:
            writing.write(plan, outside, run=run, at=at, body=body, digest=digest)
        record_act(
            actor=actor,
            act="import_framework",
            kind=KIND,
            object_id=package.framework.uuid,
            detail={"run": run.id, **run.counts},
            at=at,
        )
    stamp()
    return run


def undo_import(run_id: int, *, actor: Viewer, at: datetime) -> ImportRun:
    """Take an import of a continuum back: rows it made go, rows it changed are as they stood.

    Raises `Refusal`: `unknown_import`, `already_undone`, `later_import` (undo that one first),
    `import_in_use` (names what depends on it). Written: the rows, the run, an audit entry. Who may: whoever
    may import; the command line.
    """
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id, kind=KIND).first()
        if run is None:
            raise Refusal(
                "unknown_import",
                Sentence("There is no import of a continuum with number %(run)s.", run=run_id),
            )
        if run.status == "undone":
            raise Refusal(
                "already_undone",
                Sentence(
                    "Import %(run)s was taken back on %(undone_at)s.",
                    run=run_id,
                    undone_at=f"{run.undone_at:%Y-%m-%d}",
                ),
            )
        _refuse_later(run)
        _ask_blockers(run)
        writing.restore(run)
        run.status, run.undone_at = "undone", at
        run.save(update_fields=["status", "undone_at"])
        record_act(
            actor=actor, act="undo_import", kind=KIND, object_id=run.name, detail={"run": run.id}, at=at
        )
    stamp()
    return run


def set_framework(
    framework_id: int, *, actor: Viewer, at: datetime, public: bool | None = None, active: bool | None = None
) -> None:
    """Publish a continuum or keep it inside the district, and put it aside or take it up again.

    Raises `Refusal("unknown_framework")`. Written: the continuum, an audit entry. Who may: the district's
    data lead.
    """
    with transaction.atomic():
        row = Framework.objects.select_for_update().filter(pk=framework_id).first()
        if row is None:
            raise Refusal(
                "unknown_framework",
                Sentence("There is no continuum with number %(number)s.", number=framework_id),
            )
        wanted = {
            name: value for name, value in (("public", public), ("active", active)) if value is not None
        }
        for name, value in wanted.items():
            setattr(row, name, value)
        row.revision = writing.new_revision()
        row.save(update_fields=[*wanted, "revision"])
        record_act(actor=actor, act="set_framework", kind=KIND, object_id=row.uuid, detail=wanted, at=at)
    stamp()


def _held(package: Package) -> Framework | None:
    rows = Framework.objects.select_for_update()
    held = rows.filter(uuid=package.framework.uuid).first()
    if held is None and package.framework.uuid in package.made:
        held = rows.filter(key=package.framework.title).first()
    return held


def _refuse_later(run: ImportRun) -> None:
    own = FrameworkVersion.objects.filter(import_run=run.id).first()
    if own is None:
        return
    later = (
        FrameworkVersion.objects.filter(framework_id=own.framework_id, number__gt=own.number)
        .order_by("-number")
        .first()
    )
    if later is not None:
        raise Refusal(
            "later_import",
            Sentence(
                "Version %(number)s of %(name)s came after it; take back import %(run)s first.",
                number=later.number,
                name=run.name,
                run=later.import_run,
            ),
        )


def _ask_blockers(run: ImportRun) -> None:
    rows = run.changes.filter(model=Node.__name__).values_list("row", "before")
    added = frozenset(row for row, before in rows if before is None)
    changed = frozenset(row for row, before in rows if before is not None)
    scope = UndoScope(run_id=run.id, at=run.at, added=added, changed=changed)
    findings = [finding for fn in _blockers for finding in fn(scope)]
    if findings:
        raise Refusal(
            "import_in_use",
            Sentence(
                "Import %(run)s of %(name)s cannot be taken back: %(message)s",
                run=run.id,
                name=run.name,
                message=findings[0].message,
            ),
            findings,
        )
