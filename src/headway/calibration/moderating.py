"""What a panel agreed on a student's own work, as a moderated rating; and everyday ratings drawn to be scored again."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.calibration.convening import convened
from headway.calibration.models import AgreedScore, CalibrationSession, SessionWork
from headway.calibration.types import FINISHED, PLANNED, RESCORING, Origin
from headway.calibration.works import draw_copy
from headway.evidence import queries as evidence
from headway.kit.refusals import Refusal
from headway.rosters import queries as rosters
from headway.science.codes import Kind, Override, Purpose, Status
from headway.tasks.types import rated_on

Record = Callable[[Viewer, Sequence[Mapping[str, Any]]], object]
"""Records rows of ratings in the caller's transaction: the determinations that follow stand in a package above."""
KEY = "moderated-"
"""What the key of a moderated rating begins with; the uuids of work and target follow."""


@dataclass(frozen=True, slots=True)
class Entered:
    """How many moderated ratings were recorded, and how many agreed scores were not, by reason."""

    n: int
    without: Mapping[str, int]


def enter_moderated(*, actor: Viewer, session: UUID, record: Record, at: datetime) -> Entered:
    """This will record what was agreed on students' own work as moderated ratings, once; they count in the place of single ones.

    A target that several criteria show gets a rating only where they agree. The rating is the panel's: whoever enters it need
    not see the student and learns nothing of them. Written: ratings with their events and levels, session, audit entry. Who
    may: who convenes the session, where it was planned so. Raises `Refusal`: `no_such_session`, `not_open`,
    `does_not_moderate`, `nothing_agreed`, and what the ledger refuses.
    """
    with transaction.atomic():
        row = convened(actor, session, FINISHED)
        if not row.moderates:
            raise Refusal("does_not_moderate", "This session was not planned to give moderated scores.")
        rows, without = _rows(row)
        if not rows:
            raise Refusal("nothing_agreed", "No agreed score belongs to a student’s own piece of work.")
        # The panel decides, not the one who enters: the session is the permission, and is named in the audit trail.
        panel = replace(actor, roles=actor.roles | {Role.DISTRICT})
        record(panel, rows)
        row.entered_at = row.entered_at or at
        row.save(update_fields=["entered_at"])
        record_act(
            actor=actor,
            act="enter_moderated",
            kind="calibration",
            object_id=row.uuid,
            detail={"n": len(rows)},
            at=at,
        )
        return Entered(len(rows), without)


def _rows(row: CalibrationSession) -> tuple[list[dict[str, Any]], dict[str, int]]:
    agreed: dict[tuple[int, int], list[AgreedScore]] = {}
    scores = AgreedScore.objects.filter(work__session=row).select_related(
        "work__sample__student", "criterion__target"
    )
    for one in scores.order_by("id"):
        agreed.setdefault((one.work_id, one.criterion.target_id), []).append(one)
    pieces = evidence.pieces_named(
        keys={one[0].work.sample.piece for one in agreed.values() if one[0].work.sample.piece}
    )
    rows: list[dict[str, Any]] = []
    without: dict[str, int] = {}
    for same in agreed.values():
        sample, piece = same[0].work.sample, pieces.get(same[0].work.sample.piece)
        if sample.student is None or piece is None:
            reason = "no_piece"
        elif len({one.level for one in same}) > 1:
            reason = "criteria_differ"
        else:
            target = same[0].criterion.target
            rows.append({
                "key": f"{KEY}{same[0].work.uuid}-{target.uuid}", "student": sample.student.sourced_id,
                "target": str(target.uuid), "level": same[0].level / 100, "kind": Kind.MODERATED.word,
                "purpose": Purpose.EVIDENCE.word, "observed_at": piece.handed_in_at.isoformat(), "evidence": piece.key,
                "attempt": sample.attempt, "task": rated_on(row.version.task.uuid, row.version.number),
                "comment": " ".join(one.why for one in same),
            })  # fmt: skip
            continue
        without[reason] = without.get(reason, 0) + len(same)
    return rows, without


def origins(*, keys: Collection[str]) -> dict[str, Origin]:
    """Return where moderated ratings come from, by the ratings' keys; those of no session are missing. One statement at most."""
    works: dict[UUID, list[str]] = {}
    for key in keys:
        if key.startswith(KEY) and len(key) >= len(KEY) + 36:
            try:
                works.setdefault(UUID(key[len(KEY) : len(KEY) + 36]), []).append(key)
            except ValueError:
                continue
    if not works:
        return {}
    found: dict[str, Origin] = {}
    agreed = (
        AgreedScore.objects.filter(work__uuid__in=list(works))
        .order_by()
        .values("work__uuid", "work__session__finished_at")
    )
    for one in agreed.annotate(n=Max("raters_n")):
        for key in works[one["work__uuid"]]:
            found[key] = Origin(one["n"], one["work__session__finished_at"])
    return found


# A sample of everyday ratings.


def draw_rescoring(
    *, actor: Viewer, session: UUID, per_school: int, since: date, at: datetime
) -> dict[str, int]:
    """This will draw everyday work of each school at random, by the session's own seed, to be scored again; returns how many
    were drawn by school.

    Drawn are rated pieces of words alone on the task's targets: what carries a file or a link is left out and told. Written:
    samples, works, audit entry. Who may: who convenes the session, for the schools they lead; coaches and the district for all.
    Raises `Refusal`: `no_such_session`, `not_planned`, `not_rescoring`, `nothing_to_draw`.
    """
    with transaction.atomic():
        row = convened(actor, session, PLANNED)
        if row.kind != RESCORING:
            raise Refusal("not_rescoring", "Only a session of second scoring draws from everyday ratings.")
        lines = list(row.version.criteria.values_list("uuid", "target_id"))
        levels = _everyday([target for _, target in lines], since, at)
        pieces = evidence.pieces_named(keys=levels)
        schools = rosters.enrolled_school(
            person_ids={one.student_id for one in pieces.values()}, on=actor.today
        )
        open_to = None if actor.is_a(Role.DISTRICT, Role.COACH) else actor.schools
        by_school: dict[int, list[Any]] = {}
        for piece in sorted(pieces.values(), key=lambda one: one.key):
            school = schools.get(piece.student_id)
            if school is not None and (open_to is None or school in open_to):
                by_school.setdefault(school, []).append(piece)
        drawn = _draw(actor, row, by_school, levels, lines, per_school, at)
        if not drawn:
            raise Refusal(
                "nothing_to_draw", "There is no rated work of words on these targets since that day."
            )
        record_act(
            actor=actor, act="draw_rescoring", kind="calibration", object_id=row.uuid,
            detail={"n": sum(drawn.values()), "schools": len(drawn)}, at=at,
        )  # fmt: skip
        return drawn


def _everyday(targets: Sequence[int], since: date, at: datetime) -> dict[str, dict[int, int]]:
    """Return the newest everyday level of each piece on these targets: piece → target → hundredths."""
    since_us = int(datetime(since.year, since.month, since.day, tzinfo=at.tzinfo).timestamp() * 1_000_000)
    columns = ("piece", "target_id", "level", "observed_us", "kind", "status", "purpose", "override", "id")
    rows = evidence.rating_rows(columns=columns, targets=list(set(targets)))
    found: dict[str, dict[int, int]] = {}
    for piece, target, level, observed, kind, status, purpose, override, _ in sorted(
        rows, key=lambda one: (one[3], one[8])
    ):
        everyday = (kind, status, purpose, override) == (
            Kind.TEACHER,
            Status.RATED,
            Purpose.EVIDENCE,
            Override.NONE,
        )
        if everyday and piece and level is not None and observed >= since_us:
            found.setdefault(piece, {})[target] = level
    return found


def _draw(
    actor: Viewer, row: CalibrationSession, by_school: Mapping[int, Sequence[Any]], levels: Mapping[str, Mapping[int, int]],
    lines: Sequence[tuple[UUID, int]], per_school: int, at: datetime,
) -> dict[str, int]:  # fmt: skip
    names = {one.id: one.name for one in rosters.schools()}
    last = row.works.aggregate(last=Max("number"))["last"] or 0
    there = set(row.works.values_list("sample_id", flat=True))
    drawn: dict[str, int] = {}
    for school, pieces in sorted(by_school.items()):
        order = list(pieces)
        random.Random(f"{row.seed}-{school}").shuffle(order)  # noqa: S311  a stated seed, so that the draw can be repeated
        for piece in order:
            if drawn.get(names[school], 0) >= per_school:
                break
            key = f"rescoring-{row.version.uuid}-{piece.uuid}-{piece.attempt}"
            sample = draw_copy(actor=actor, key=key, version=row.version.uuid, piece=piece, at=at)
            if sample is None or sample.pk in there:
                continue
            there.add(sample.pk)
            last += 1
            local = {
                str(uuid): levels[piece.key][target] for uuid, target in lines if target in levels[piece.key]
            }
            SessionWork.objects.create(session=row, sample=sample, number=last, local=local)
            drawn[names[school]] = drawn.get(names[school], 0) + 1
    return drawn
