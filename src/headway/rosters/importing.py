"""An import of a roster in one transaction: checks against the records, plan, writing, guard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.rosters.applying import MODELS, Work, apply, begin, keys_of
from headway.rosters.belonging import apply_grants, apply_links
from headway.rosters.models import Course, District, Enrollment, Org, Person, RoleGrant, SchoolClass, Term
from headway.rosters.recording import parts, windows
from headway.rosters.showing import in_names
from headway.rosters.taking_over import take_over
from headway.rosters.types import ABSENT, BULK, DELTA, KINDS, Plan, Progress, Staged
from headway.rosters.visibility import LEARNER, holds_on

REMOVAL_SHARE = 0.05
MOST_FINDINGS = 1_000


def run_import(
    *,
    staged: Staged,
    actor: Viewer,
    at: datetime,
    accept_removals: bool,
    plan_only: bool,
    removal_share: float | None,
    progress: Progress | None,
) -> ImportRun | Plan:
    """Apply a staged roster, or only work out what it would do: the same steps, then taken back."""
    with transaction.atomic():
        district = District.objects.select_for_update().filter(pk=1).first()
        if district is None:
            raise Refusal("no_district", "There is no district yet; run: headway init.")
        _refuse_stale(staged)
        run = ImportRun.objects.create(
            kind="roster", name=staged.name[:200], digest=staged.digest, actor=actor.account, at=at
        )
        work = begin(staged, run, at.astimezone(ZoneInfo(district.zone)).date(), progress)
        _refuse_last_year(staged)
        _check_references(work)
        _suspect(work)
        for kind in KINDS:
            if staged.modes.get(kind, ABSENT) != ABSENT:
                take_over(work, kind)
                {"grants": apply_grants, "links": apply_links}.get(kind, lambda w, k=kind: apply(w, k))(work)  # type: ignore[misc]
        work.changes.flush()
        _check_live_children(work)
        _warn_of_leavers(work)
        allowed = removal_share if removal_share is not None else _share(district)
        _guard(work.plan, allowed, accept=accept_removals, plan_only=plan_only)
        if plan_only:
            work.plan.named = in_names(work.shown)
            transaction.set_rollback(True)
            return work.plan
        run.counts = _kept(work)
        run.save(update_fields=["counts"])
        record_act(
            actor=actor,
            act="import_roster",
            kind="import",
            object_id=run.pk,
            at=at,
            detail={"name": run.name, "digest": run.digest, "counts": run.counts["counts"]},
        )
        return run


def _share(district: District) -> float:
    return float(district.settings.get("roster_removal_share", REMOVAL_SHARE))


def _kept(work: Work) -> dict[str, Any]:
    said = work.plan.as_dict()
    return {
        "counts": said["counts"],
        "modes": said["modes"],
        "version": said["version"],
        "newest": work.staged.newest,
        "warnings": len(work.plan.warnings),
        "repairs": len(work.plan.repairs),
    }


def _refuse_stale(staged: Staged) -> None:
    if DELTA not in staged.modes.values():
        return
    if BULK not in staged.modes.values() and not Person.objects.filter(provisional=False).exists():
        raise Refusal(
            "roster_stale",
            "These are changes to a roster, and there is none yet; import a bulk roster first.",
        )
    runs = ImportRun.objects.filter(kind="roster", status="applied").order_by("-pk")
    latest = max((run.counts.get("newest", "") for run in runs[:50]), default="")
    if staged.newest and staged.newest < latest:
        raise Refusal(
            "roster_stale",
            Sentence(
                "These changes end at %(newest)s, but changes up to %(latest)s are applied; send the "
                "newest delta or a bulk roster.",
                newest=staged.newest,
                latest=latest,
            ),
        )


def _refuse_last_year(staged: Staged) -> None:
    """Refuse a whole roster of a year that was rolled already: it would put everybody back."""
    if staged.modes.get("terms", ABSENT) != BULK:
        return
    rolled = ImportRun.objects.filter(kind="year-roll", status="applied").order_by("-pk").first()
    if rolled is None:
        return
    newest = max((row.school_year for row in staged.rows("terms") if not row.deleted), default=0)
    if newest < rolled.counts["year"]:
        raise Refusal(
            "roster_stale",
            Sentence(
                "The roster was rolled to %(name)s, and this file has no session of that year; send "
                "the new year's roster, or take the roll back (import %(run)s).",
                name=rolled.name,
                run=rolled.pk,
            ),
        )


def _refuse(findings: list[Finding]) -> None:
    if findings:
        n = len(findings)
        raise Refusal(
            "roster_invalid",
            Sentence.counted(
                n,
                "The roster has %(n)s fault; nothing was written.",
                "The roster has %(n)s faults; nothing was written.",
                n=f"{n:,}",
            ),
            findings,
        )


def _check_references(work: Work) -> None:
    """Refuse what the files name and neither they nor the active records hold."""
    findings: list[Finding] = []
    for part in parts(work.staged.references()):
        by_kind: dict[str, list[Any]] = {}
        for reference in part:
            by_kind.setdefault(reference.kind, []).append(reference)
        for kind, references in by_kind.items():
            ids = {one.sourced_id for one in references}
            known = set(
                MODELS[kind]
                .objects.filter(active=True, sourced_id__in=ids)
                .values_list("sourced_id", flat=True)
            )
            findings += [
                Finding(
                    "unknown_reference",
                    "Neither the files nor the active records have this sourcedId.",
                    one.file,
                    one.line,
                    one.column,
                    one.sourced_id,
                )
                for one in references
                if one.sourced_id not in known
            ]
        if len(findings) >= MOST_FINDINGS:
            break
    _refuse(findings[:MOST_FINDINGS])


def _suspect(work: Work) -> None:
    """Refuse identifiers that lost case or zeros; warn where a new person may be somebody we know."""
    if work.staged.modes.get("persons", ABSENT) == ABSENT or work.first:
        return
    findings: list[Finding] = []
    for window in windows(Person.objects.filter(provisional=False), "sourced_id"):
        for held, (twin, line) in work.staged.twins(one[1] for one in window).items():
            findings.append(
                Finding(
                    "suspicious_twin",
                    Sentence(
                        "The records have %(held)s, which differs only in case or leading zeros.", held=held
                    ),
                    work.file("persons"),
                    line,
                    "sourcedId",
                    twin,
                )
            )
        if len(findings) >= MOST_FINDINGS:
            break
    _refuse(findings[:MOST_FINDINGS])
    provisional = _provisional_names()
    for rows in parts(work.staged.rows("persons")):
        known = keys_of(Person, (row.sourced_id for row in rows))
        new = [row for row in rows if not row.deleted and row.sourced_id not in known]
        _warn_of_twins(work, new)
        for row in new:
            for waiting in provisional.get((row.given_name.casefold(), row.family_name.casefold()), ()):
                work.warn(
                    "provisional_match",
                    Sentence(
                        "May be %(waiting)s, whom a teacher added before the roster did.", waiting=waiting
                    ),
                    work.file("persons"),
                    row.line,
                    "sourcedId",
                    row.sourced_id,
                )


def _provisional_names() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    waiting = Person.objects.filter(provisional=True, active=True, merged_into=None)
    for given, family, sourced_id in waiting.values_list("given_name", "family_name", "sourced_id"):
        found.setdefault((given.casefold(), family.casefold()), []).append(sourced_id)
    return found


def _warn_of_twins(work: Work, new: Iterable[Any]) -> None:
    for column, said in (("master_identifier", "userMasterIdentifier"), ("identifier", "identifier")):
        by_value = {getattr(row, column): row for row in new if getattr(row, column)}
        if not by_value:
            continue
        held = Person.objects.filter(**{f"{column}__in": list(by_value)}, merged_into=None)
        for value, sourced_id in held.values_list(column, "sourced_id"):
            row = by_value[value]
            work.warn(
                "perhaps_known",
                Sentence(
                    "%(sourced_id)s has the same %(said)s: perhaps one person under a new sourcedId.",
                    sourced_id=sourced_id,
                    said=said,
                ),
                work.file("persons"),
                row.line,
                said,
                value,
            )


def _warn_of_leavers(work: Work) -> None:
    """Warn of students who left here, and whom the roster lists as if they had not: the roster's word stands."""
    last: dict[str, ImportRun] = {}
    for run in ImportRun.objects.filter(kind__in=("left", "returned"), status="applied").order_by("pk"):
        last[run.counts["person"]] = run
    left = {key: run for key, run in last.items() if run.kind == "left"}
    for keys in parts(left):
        learning = RoleGrant.objects.filter(holds_on(work.day), role=Role.STUDENT, person__uuid__in=keys)
        again = Enrollment.objects.filter(
            holds_on(work.day), role=LEARNER, active=True, person__uuid__in=keys
        )
        here = {*learning.values_list("person_id", flat=True), *again.values_list("person_id", flat=True)}
        for person in Person.objects.filter(id__in=here).order_by("sourced_id"):
            day = left[str(person.uuid)].counts["on"]
            work.warn(
                "left_and_listed",
                Sentence(
                    "%(person)s left on %(day)s, and the roster lists them as here. End them in the "
                    "system that sends the roster, or let them leave again afterwards.",
                    person=person.name(), day=day,
                ),
                work.file("persons"), None, "sourcedId", person.sourced_id,
            )  # fmt: skip


def _check_live_children(work: Work) -> None:
    """Refuse to end an organization, session or course that active rows still stand on."""
    above: tuple[tuple[str, Any, str, str], ...] = (
        ("orgs", Org, "parent_id", "organization"),
        ("orgs", SchoolClass, "school_id", "class"),
        ("orgs", Course, "org_id", "course"),
        ("terms", Term, "parent_id", "session"),
        ("terms", SchoolClass, "terms__id", "class"),
        ("courses", SchoolClass, "course_id", "class"),
    )
    findings: list[Finding] = []
    for kind, model, column, said in above:
        for part in parts(work.ended.get(kind, ())):
            rows = model.objects.filter(active=True, **{f"{column}__in": part}).values_list(
                "sourced_id", column
            )
            names = dict(MODELS[kind].objects.filter(pk__in=part).values_list("pk", "sourced_id"))
            findings += [
                Finding(
                    "live_children",
                    Sentence(
                        "This would end, but the %(said)s %(child)s still stands on it.",
                        said=said,
                        child=child,
                    ),
                    work.file(kind),
                    None,
                    "sourcedId",
                    names[parent],
                )
                for child, parent in rows[:MOST_FINDINGS]
            ]
    _refuse(findings[:MOST_FINDINGS])


def _guard(plan: Plan, allowed: float, *, accept: bool, plan_only: bool) -> None:
    share = plan.removal_share()
    if accept or share <= allowed:
        return
    people, enrolled = plan.tallies["persons"], plan.tallies["enrollments"]
    message = Sentence(
        "This would end %(people)s of %(of_people)s people and %(enrollments)s of %(of_enrollments)s "
        "enrollments (%(share)s; allowed is %(allowed)s). If that is meant, repeat with "
        "--accept-removals.",
        people=f"{people.removed:,}",
        of_people=f"{people.active:,}",
        enrollments=f"{enrolled.removed:,}",
        of_enrollments=f"{enrolled.active:,}",
        share=f"{share:.1%}",
        allowed=f"{allowed:.1%}",
    )
    if not plan_only:
        raise Refusal("too_many_removals", message)
    plan.warnings.append(Finding("too_many_removals", message))


def local_day(at: datetime) -> date:
    """Return the day in the district's zone."""
    return at.astimezone(ZoneInfo(District.objects.get(pk=1).zone)).date()
