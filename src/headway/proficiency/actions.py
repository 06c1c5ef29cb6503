"""Acts on what the evidence amounts to: ratings in, corrections, decisions, policies. Each is one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from headway.access.actions import record_act
from headway.access.models import ImportRun
from headway.access.types import Role, Viewer
from headway.evidence import actions as evidence
from headway.evidence import queries as ledger
from headway.evidence.types import CLOSED, Chance, RatingEntry
from headway.frameworks import actions as adopting
from headway.frameworks import queries as frameworks
from headway.frameworks.types import Package
from headway.kit.refusals import Finding, Refusal, Sentence
from headway.kit.times import from_micros
from headway.proficiency import configuration, policies, projecting, resolving
from headway.proficiency.configuration import Book
from headway.proficiency.levels import on_scale
from headway.proficiency.models import Determination, Tally
from headway.proficiency.resolving import ADULTS, Resolver
from headway.proficiency.types import Determined, Difference, Saved, Standing, Trial
from headway.proficiency.working import Moment, moment
from headway.rosters import actions as rostering
from headway.rosters import queries as rosters
from headway.science.codes import Purpose, Status
from headway.science.pieces import COUNTED_KINDS

begin = policies.begin
import_policy = policies.import_policy
undo_policy = policies.undo_policy
register_check = resolving.register_check


def record_rows(
    *, actor: Viewer, rows: Sequence[Mapping[str, Any]], at: datetime, book: Book, source: str = "page",
    file: str | None = None, lines: Sequence[int] | None = None, plan_only: bool = False,
) -> Saved:  # fmt: skip
    """This will record ratings as the rows say and determine what they touch: all of them, or none.

    Written in one transaction: events, rating rows, determinations, audit entry. Who may: whoever may see the student
    and record that kind of rating. Raises `Refusal`: `ratings_invalid` with every fault, `key_conflict`.
    """
    with transaction.atomic():
        m = moment(now=at, book=book)
        resolver = Resolver(m, actor=actor, now=at, file=file, lines=lines)
        entries = resolver.read(rows)
        findings = [*resolver.findings, *_replacing(entries, resolver)]
        if findings:
            findings.sort(key=lambda f: f.line or 0)
            n = len(findings)
            raise Refusal(
                "ratings_invalid",
                Sentence.counted(
                    n, "%(n)s fault; nothing was written.", "%(n)s faults; nothing was written."
                ),
                findings,
            )
        receipt = evidence.record_ratings(
            actor=actor, entries=_originals_first(entries), at=at, source=source
        )
        pieces = [
            (e.piece, e.student)
            for e in entries
            if e.piece and e.kind in COUNTED_KINDS and e.status != Status.MISSED
        ]
        if pieces and receipt.written:
            evidence.mark_rated(pieces=pieces, at=at)
        pairs = list(dict.fromkeys((entry.student, entry.target) for entry in entries))
        standing: dict[tuple[int, int], Standing] = {}
        if receipt.written:
            touched = [*receipt.written, *_replaced_pairs(entries)]
            standing = {
                (s.student, s.target): s for s in projecting.refresh(m, touched, through=receipt.last)
            }
        missing = [pair for pair in pairs if pair not in standing]
        if missing:
            found = projecting.standing_today(
                m, students=[s for s, _ in missing], targets=list({t for _, t in missing})
            )
            standing.update({pair: found[pair] for pair in missing if pair in found})
        if plan_only:
            transaction.set_rollback(True)
        return Saved(receipt, _determined(rows, entries, standing))


def _determined(
    rows: Sequence[Mapping[str, Any]],
    entries: Sequence[RatingEntry],
    standing: dict[tuple[int, int], Standing],
) -> tuple[Determined, ...]:
    names: dict[tuple[int, int], tuple[str, str]] = {}
    for row, entry in zip(rows, entries, strict=True):
        names.setdefault(
            (entry.student, entry.target), (str(row["student"]).strip(), str(row["target"]).strip())
        )
    return tuple(
        Determined(*names[pair], s.value if s else None, s.state if s else "no_evidence")
        for pair in names
        for s in [standing.get(pair)]
    )


def _replacing(entries: Sequence[RatingEntry], resolver: Resolver) -> list[Finding]:
    """Return a fault for each correction of a rating that is not there, or is another student's."""
    wanted = {entry.replaces: entry for entry in entries if entry.replaces}
    if not wanted:
        return []
    held = ledger.standing_pairs(keys=list(wanted))
    mine = {entry.key for entry in entries}
    known = ledger.recorded(keys=[entry.key for entry in wanted.values()])
    found = []
    for key, entry in wanted.items():
        if entry.key in known or key in mine:
            continue
        if key not in held or held[key][0] != entry.student:
            found.append(
                Finding("unknown_rating", "No standing rating of this student has this key.", resolver.file,
                        resolver.line_of[entry.key], "replaces", key)
            )  # fmt: skip
    return found


def _originals_first(entries: Sequence[RatingEntry]) -> list[RatingEntry]:
    """Return the entries so that a correction stands after the rating it corrects, whatever their order in a file."""
    own = {entry.key for entry in entries}
    waiting = [entry for entry in entries if entry.replaces in own]
    if not waiting:
        return list(entries)
    ordered = [entry for entry in entries if entry.replaces not in own]
    placed = {entry.key for entry in ordered}
    while ready := [entry for entry in waiting if entry.replaces in placed and entry.key not in placed]:
        ordered += ready
        placed |= {entry.key for entry in ready}
    # What corrects itself or one another in a circle stays last, and is refused by name.
    return [*ordered, *(entry for entry in waiting if entry.key not in placed)]


def _replaced_pairs(entries: Sequence[RatingEntry]) -> list[tuple[int, int]]:
    keys = [entry.replaces for entry in entries if entry.replaces]
    return list(ledger.latest_pairs(keys=keys).values()) if keys else []


# Corrections.


def release_ratings(*, actor: Viewer, keys: Sequence[str], at: datetime) -> int:
    """This will release held ratings as a set: from then on they count and show. Returns the act's number.

    Raises `Refusal`: `unknown_rating`, `not_held`, and what a registered check finds.
    """
    with transaction.atomic():
        held = _mine(actor, keys, at)
        standing = [key for key in keys if not held[key].held]
        if standing:
            raise Refusal("not_held", "These ratings are not held.", [
                Finding("not_held", "This rating is not held.", column="key", value=key) for key in standing])  # fmt: skip
        return _amended(actor, "release", {key: {"held": False} for key in keys}, "released", at)


def move_ratings(*, actor: Viewer, keys: Sequence[str], target: str, reason: str, at: datetime) -> int:
    """This will move ratings to another target as one act with one reason. Returns the act's number.

    Raises `Refusal`: `unknown_rating`, `unknown_target`, `ambiguous_target`, `retired_target`, `outside_scale`,
    and what a registered check finds.
    """
    with transaction.atomic():
        rows = _mine(actor, keys, at)
        m = moment(now=at)
        changes: dict[str, dict[str, Any] | None] = {}
        findings = []
        for key in keys:
            day = from_micros(rows[key].observed_us).astimezone(m.zone).date()
            found = frameworks.find_targets([target], on=day, at=frameworks.remembered_stamp())[target]
            if isinstance(found, Finding):
                findings.append(Finding(found.code, found.message, column="target", value=target))
                continue
            scale = m.book.effective(node=found.id, school=None, on=day).scale
            if rows[key].level is not None and not on_scale(scale, rows[key].level or 0):
                findings.append(Finding("outside_scale", "The level does not lie on the other target's scale.",
                                        column="key", value=key))  # fmt: skip
            changes[key] = {"target_id": found.id, "target": str(found.uuid)}
        if findings:
            raise Refusal(findings[0].code, findings[0].message, findings)
        return _amended(actor, "move", changes, reason, at)


def redate_ratings(*, actor: Viewer, keys: Sequence[str], observed_us: int, reason: str, at: datetime) -> int:
    """This will set another observed instant for ratings as one act. Returns the act's number.

    Raises `Refusal`: `unknown_rating`, `observed_in_future`, and what a registered check finds.
    """
    if from_micros(observed_us) > at:
        raise Refusal("observed_in_future", "A rating cannot be observed after now.")
    with transaction.atomic():
        _mine(actor, keys, at)
        return _amended(actor, "redate", {key: {"observed_us": observed_us} for key in keys}, reason, at)


def withdraw_ratings(*, actor: Viewer, keys: Sequence[str], reason: str, at: datetime) -> int:
    """This will withdraw ratings as one act: they stay in the ledger and count no more. Returns the act's number.

    Raises `Refusal`: `unknown_rating`, what a registered check finds, and `chance_closed` for one that closed its chance as
    missed or excused: that chance is opened again instead.
    """
    with transaction.atomic():
        _mine(actor, keys, at)
        closed = [key for key, stands in _closings(keys).items() if stands]
        _refuse_closings(
            closed,
            "chance_closed",
            "What was missed or excused is not withdrawn here: open the task again for the student on its page.",
        )
        return _amended(actor, "withdraw", dict.fromkeys(keys), reason, at)


def undo_act(*, actor: Viewer, act: int, at: datetime) -> int:
    """This will take a correction back by a further event.

    Raises `Refusal`: `unknown_act`, `changed_since`, what a registered check finds, and `chance_open` where a missed or
    excused chance was opened since.
    """
    with transaction.atomic():
        keys = ledger.keys_of_act(act)
        if not keys:
            raise Refusal("unknown_act", Sentence("There is no act %(act)s to undo.", act=act))
        try:
            _mine(actor, keys, at, latest=True)
        except Refusal as refusal:
            raise Refusal("unknown_act", Sentence("There is no act %(act)s to undo.", act=act)) from refusal
        gone = [key for key, stands in _closings(keys).items() if not stands]
        _refuse_closings(
            gone, "chance_open", "The task was opened again for the student since: close it anew on its page."
        )
        number, touched = evidence.undo_amendment(actor=actor, act=act, at=at)
        m = moment(now=at)
        resolving.refuse_misfits(m, keys, corrected=set(keys) - set(ledger.ratings_by_key(keys=keys)))
        projecting.refresh(m, touched, through=ledger.head()[0])
        return number


def _amended(
    actor: Viewer, act: str, changes: dict[str, dict[str, Any] | None], reason: str, at: datetime
) -> int:
    number, touched = evidence.amend_ratings(actor=actor, act=act, changes=changes, reason=reason, at=at)
    m = moment(now=at)
    resolving.refuse_misfits(m, list(changes))
    projecting.refresh(m, touched, through=ledger.head()[0])
    return number


def _mine(actor: Viewer, keys: Sequence[str], at: datetime, *, latest: bool = False) -> dict[str, Any]:
    """Return the standing ratings of keys; unknown ones and those of students out of sight are refused alike."""
    rows = ledger.ratings_by_key(keys=keys, latest=latest)
    seen = rosters.visible_ids(
        actor,
        person_ids={row.student for row in rows.values()},
        as_of=actor.today if actor.today.year > 1 else at.date(),
    )
    missing = [key for key in keys if key not in rows or rows[key].student not in seen]
    if missing or not actor.is_a(*ADULTS):
        raise Refusal("unknown_rating", "No standing rating that you may change has this key.", [
            Finding("unknown_rating", "No standing rating that you may change has this key.", column="key", value=key)
            for key in missing or keys])  # fmt: skip
    return rows


# Chances that passed.


def close_opportunities(
    *, actor: Viewer, opportunities: Sequence[UUID], state: str, reason: str, at: datetime, book: Book
) -> tuple[int, int]:
    """This will close open chances as missed, excused or away, as one act with one reason; return its first and last event.

    A missed or excused chance is a rating with that status on each of its targets, under the key of the piece that would
    have answered it; an absence is none. Where a target has ended since, what took its place is meant. Raises `Refusal`:
    `unknown_opportunity`, `not_open`, `reason_missing`, and what `record_rows` does.
    """
    with transaction.atomic():
        done = evidence.close(actor=actor, opportunities=opportunities, state=state, reason=reason, at=at)
        if state in ("missed", "excused"):
            people = rosters.people_by_id(person_ids={one.student for one in done.chances})
            day = moment(now=at, book=book).day
            now = frameworks.standing_for({t for one in done.chances for t in one.targets}, on=day)
            rows = [
                {
                    "key": _closing_key(one.uuid, one.sequence, node.uuid), "student": people[one.student].sourced_id,
                    "target": str(node.uuid), "status": state, "observed_at": at.isoformat(), "comment": reason.strip(),
                    "evidence": one.piece_key, "task": one.task_name, "purpose": Purpose(one.purpose).word,
                }
                for one in done.chances for node in {n.id: n for t in one.targets for n in now[t]}.values()
            ]  # fmt: skip
            if rows:
                record_rows(actor=actor, rows=rows, at=at, book=book, source="opportunity")
        return done.first, done.last


def reopen_opportunities(
    *, actor: Viewer, opportunities: Sequence[UUID], reason: str, at: datetime
) -> tuple[int, int]:  # fmt: skip
    """This will open closed chances again, and withdraw the ratings that said they were missed or excused, as one act.

    Raises `Refusal`: `unknown_opportunity`, `not_open`, `reason_missing`, `forbidden`, `no_such_person`.
    """
    with transaction.atomic():
        before = ledger.chances_by_uuid(opportunities)
        done = evidence.reopen(actor=actor, opportunities=opportunities, reason=reason, at=at)
        _withdraw_closing(actor, before, reason, at)
        return done.first, done.last


def _withdraw_closing(actor: Viewer, closed: Sequence[Chance], reason: str, at: datetime) -> None:
    lines = frameworks.lineage({target for one in closed for target in one.targets})
    names = frameworks.node_uuids(node_ids={node for line in lines.values() for node in line})
    keys = [
        _closing_key(one.uuid, one.sequence, names[node])
        for one in closed for node in dict.fromkeys(n for target in one.targets for n in lines[target])
    ]  # fmt: skip
    # One that a correction took away already has nothing left to withdraw.
    standing = list(ledger.ratings_by_key(keys=keys))
    if standing:
        _mine(actor, standing, at)
        _amended(actor, "withdraw", dict.fromkeys(standing), reason, at)


CLOSING = "closed:"


def _closing_key(opportunity: UUID, sequence: int, target: UUID) -> str:
    return f"{CLOSING}{opportunity}:{sequence}:{target}"


def _closings(keys: Sequence[str]) -> dict[str, bool]:
    """Return the keys of ratings that closed a chance, and of each whether its chance is closed by that act now."""
    named = {}
    for key in keys:
        with contextlib.suppress(ValueError):
            if key.startswith(CLOSING):
                named[key] = UUID(key.removeprefix(CLOSING).partition(":")[0])
    found = {one.uuid: one for one in ledger.chances_by_uuid(named.values())}
    return {
        key: found[uuid].state in CLOSED and key.startswith(f"{CLOSING}{uuid}:{found[uuid].sequence}:")
        for key, uuid in named.items()
        if uuid in found
    }


def _refuse_closings(keys: Sequence[str], code: str, words: str) -> None:
    if keys:
        raise Refusal(code, words, [Finding(code, words, column="key", value=key) for key in keys])


# Imports and rebuilding.


def import_ratings(
    *, actor: Viewer, rows: Sequence[Mapping[str, Any]], lines: Sequence[int], name: str, digest: str, at: datetime,
    plan_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """This will record the rows of a file as one import run that can be taken back.

    Raises `Refusal`: `ratings_invalid` with file, line, column and value of every fault; nothing is written then.
    """
    with transaction.atomic():
        saved = record_rows(
            actor=actor, rows=rows, at=at, book=configuration.book(), source="file", file=name, lines=lines,
            plan_only=plan_only,
        ) if rows else None  # fmt: skip
        fresh = len(rows) - len(saved.receipt.replayed) if saved else 0
        counts = {
            "ratings": len(rows), "new": fresh, "known_before": len(rows) - fresh,
            "determinations": len(saved.determinations) if saved else 0,
            "first": saved.receipt.first if saved and fresh else None,
            "last": saved.receipt.last if saved and fresh else None,
        }  # fmt: skip
        if plan_only:
            return {"plan": True, **counts, "first": None, "last": None}
        run = ImportRun.objects.create(
            kind="ratings", name=name[:200], digest=digest, counts=counts, actor=actor.account, at=at
        )
        record_act(actor=actor, act="import_ratings", kind="import", object_id=run.pk, detail=counts, at=at)
        return {"run": run.pk, **counts}


def undo_ratings(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """This will take an import of ratings back by withdrawing each that still stands as it came.

    Raises `Refusal`: `no_such_import`, `already_undone`, `undo_blocked` naming ratings that were changed since.
    """
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(pk=run_id, kind="ratings").first()
        if run is None:
            raise Refusal("no_such_import", Sentence("There is no import of ratings %(run)s.", run=run_id))
        if run.status != "applied":
            raise Refusal("already_undone", Sentence("Import %(run)s was taken back already.", run=run_id))
        if run.counts.get("first") is not None:
            keys, changed = ledger.keys_between(first=run.counts["first"], last=run.counts["last"])
            if changed:
                raise Refusal("undo_blocked", Sentence("%(n)s of its ratings were changed since.", n=len(changed)), [
                    Finding("undo_blocked", "This rating was changed since.", column="key", value=key)
                    for key in changed[:1000]])  # fmt: skip
            for start in range(0, len(keys), 5_000):
                _amended(
                    actor,
                    "withdraw",
                    dict.fromkeys(keys[start : start + 5_000]),
                    f"undo of import {run_id}",
                    at,
                )
            corrected = ledger.replaced_between(first=run.counts["first"], last=run.counts["last"])
            for start in range(0, len(corrected), 5_000):
                touched = evidence.stand_again(
                    actor=actor,
                    keys=corrected[start : start + 5_000],
                    reason=f"undo of import {run_id}",
                    at=at,
                )
                m = moment(now=at)
                resolving.refuse_misfits(m, corrected[start : start + 5_000], corrected=())
                projecting.refresh(m, touched, through=ledger.head()[0])
        run.status, run.undone_at = "undone", at
        run.save(update_fields=["status", "undone_at"])
        record_act(actor=actor, act="undo_import", kind="import", object_id=run.pk, at=at)
        return run


def redetermine(*, at: datetime, apply: bool) -> list[Difference]:
    """This will replay the ledger under the policies in force and, with `apply`, rebuild the projection."""
    with transaction.atomic():
        return projecting.differences(_fresh(at), apply=apply, through=ledger.head()[0])


def due(differences: Sequence[Difference], *, at: datetime) -> list[Difference]:
    """Return those differences that the passing of days explains: pages determine them afresh, nothing was altered."""
    m = _fresh(at)
    return [d for d in differences if projecting.is_due(m, d)]


def bring_up_to_date(*, at: datetime) -> int:
    """This will determine again what a new day changed, twenty students at a time; returns the number of pairs.

    Safe while the product runs: each part is one short transaction, and there is none where nothing changed.
    """
    m, n = _fresh(at), 0
    students = ledger.students_rated()
    for start in range(0, len(students), 20):
        part = students[start : start + 20]
        if projecting.is_behind(m, part):
            with transaction.atomic():
                n += projecting.bring_up_to_date(m, part, through=ledger.head()[0])
    return n


def tally_breaks() -> list[tuple[int, str, str]]:
    """Return (student, counted, stored) of every summary row that is not what the determinations count to."""
    return projecting.tally_breaks()


def erase_learning(*, actor: Viewer, student: int, subject: UUID, reason: str, at: datetime) -> int:
    """This will erase what the ledger holds about a student and everything that stands on it; returns the events emptied.

    Who may: the caller has checked. Sequence, pseudonyms, instants and hashes stay, so that the chain still verifies. The
    person stays in the roster.
    """
    with transaction.atomic():
        emptied = evidence.erase_payloads(actor=actor, subject=subject, reason=reason, at=at)
        Determination.objects.filter(student_id=student).delete()
        Tally.objects.filter(student_id=student).delete()
        rostering.erase_events(person_id=student)
        return emptied


def follow(joining: rostering.Joining) -> None:
    """This will move a person's learning with a merge or its split, and determine both people afresh.

    For `rosters.actions.register_follower`; in the caller's transaction.
    """
    touched = evidence.follow(joining)
    if touched:
        projecting.refresh(moment(now=joining.at), touched, through=ledger.head()[0])


def zone() -> ZoneInfo:
    """Return the district's zone."""
    return configuration.book().zone


def _fresh(at: datetime) -> Moment:
    frameworks.stamp()
    return moment(now=at)


# What a page hands in: read, tried, brought in.


def read_policy(text: bytes, *, name: str) -> dict[str, Any]:
    """This will read a policy file's content and check it; nothing is written.

    Raises `Refusal`: `not_utf8`, `policy_invalid` with every fault and its line.
    """
    from headway.proficiency.policy_file import PolicyReader

    try:
        return PolicyReader(text.decode("utf-8-sig"), name).read()
    except UnicodeDecodeError as error:
        raise Refusal(
            "not_utf8", Sentence("%(name)s is not UTF-8 (byte %(start)s).", name=name, start=error.start)
        ) from error


def try_policy(
    *, actor: Viewer, body: Mapping[str, Any], name: str, at: datetime, students: Sequence[int] | None = None
) -> Trial:
    """This will say who would move under a policy file, by determining under it beside what stands, of all or some students.

    Nothing is written. Who may: the district; a principal for students they may see. Raises `Refusal`: `forbidden`,
    `policy_invalid`.
    """
    from headway.proficiency import laboratory

    if not actor.is_a(Role.DISTRICT):
        led = actor.is_a(Role.PRINCIPAL) and students is not None
        if not led or set(students or ()) - rosters.visible_ids(
            actor, person_ids=students or (), as_of=actor.today
        ):
            raise Refusal("forbidden", "Only the district may try its policies.")
    return laboratory.try_policy(body, name=name, at=at, students=students)


def adopt_framework(
    package: Package, *, actor: Viewer, at: datetime, in_force_on: date | None = None
) -> tuple[ImportRun, int]:
    """This will make a package the newest version of its continuum and determine anew what moves, in one transaction.

    Returns the import and how many determinations changed. Who may: the district. Raises `Refusal`: `forbidden`, and what
    `frameworks.actions.apply_package` does.
    """
    if not actor.is_a(Role.DISTRICT):
        raise Refusal("forbidden", "Only the district may bring continuums in.")
    with transaction.atomic():
        run = adopting.apply_package(package, actor=actor, at=at, in_force_on=in_force_on)
        assert isinstance(run, ImportRun)
        return run, len(redetermine(at=at, apply=True))


def undo_framework(*, run_id: int, actor: Viewer, at: datetime) -> ImportRun:
    """This will take an import of a continuum back and determine anew, in one transaction.

    Who may: the district. Raises `Refusal`: `forbidden`, and what `frameworks.actions.undo_import` does.
    """
    if not actor.is_a(Role.DISTRICT):
        raise Refusal("forbidden", "Only the district may take imports back.")
    with transaction.atomic():
        run = adopting.undo_import(run_id, actor=actor, at=at)
        redetermine(at=at, apply=True)
        return run
