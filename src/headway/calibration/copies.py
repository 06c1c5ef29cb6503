"""What raters see of copies of work, and the files of these. Read only; never the student."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from headway.access.types import Viewer
from headway.calibration.models import (
    AnchorLevel,
    Sample,
    SamplePart,
    Seat,
    SessionWork,
)
from headway.calibration.sessions import MOST, may_convene
from headway.calibration.types import (
    OPENED,
    ROUND_1,
    PartView,
    SampleView,
    SessionView,
)


def samples(*, viewer: Viewer, version: UUID, anchors: bool = False) -> list[SampleView]:
    """Return copies of work on a task's version: for who plans sessions all, for others those that they took. Three statements.

    What was agreed for an anchor is told to who keeps anchors only, not while they score it blind, and never the student.
    """
    rows = Sample.objects.filter(version__uuid=version)
    if anchors:
        rows = rows.filter(anchor=True)
    if not may_convene(viewer):
        rows = rows.filter(taken_by_id=viewer.person_id or 0)
    found = _samples(list(rows.order_by("id")[:MOST]), levels=may_convene(viewer))
    blind = _scored_blind(viewer)
    return [replace(one, anchor=False, levels={}, why={}) if one.uuid in blind else one for one in found]


def _scored_blind(viewer: Viewer) -> set[UUID]:
    """Return the copies that the viewer scores in a blind round now: what is known of them waits. One statement."""
    seats = Seat.objects.filter(
        rater__person_id=viewer.person_id or 0, rater__withdrawn_at=None, work__session__state=ROUND_1
    )
    return set(seats.values_list("work__sample__uuid", flat=True))


def works_of(*, session: SessionView) -> list[SampleView]:
    """Return the copies in a session by their number, for who convenes it; which are anchors is kept from one who scores them
    blind. Three statements."""
    rows = list(SessionWork.objects.filter(session=session.id).select_related("sample").order_by("number"))
    found = _samples([one.sample for one in rows], levels=False)
    blind = session.in_it and session.state == ROUND_1
    return [
        replace(each, number=one.number, anchor=each.anchor and not blind)
        for one, each in zip(rows, found, strict=True)
    ]


def _samples(rows: Sequence[Sample], *, levels: bool) -> list[SampleView]:
    ids = [one.pk for one in rows]
    parts = parts_of(ids)
    agreed: dict[int, list[AnchorLevel]] = {}
    if levels:
        for one in AnchorLevel.objects.filter(sample__in=ids).select_related("criterion"):
            agreed.setdefault(one.sample_id, []).append(one)
    return [
        SampleView(
            one.uuid, n, "student" if one.student_id else "author", one.anchor, parts.get(one.pk, ()),
            {each.criterion.uuid: each.level for each in agreed.get(one.pk, ())},
            {each.criterion.uuid: each.why for each in agreed.get(one.pk, ())}, one.taken_at, one.retired_at is not None,
        )
        for n, one in enumerate(rows, 1)
    ]  # fmt: skip


def parts_of(samples_: Collection[int]) -> dict[int, tuple[PartView, ...]]:
    found: dict[int, list[PartView]] = {}
    for one in SamplePart.objects.filter(sample__in=list(samples_)).order_by("position"):
        found.setdefault(one.sample_id, []).append(PartView(one.position, one.words, bool(one.file_digest)))
    return {key: tuple(parts) for key, parts in found.items()}


def files_kept(*, student: int | None = None) -> list[str]:
    """Return the digests of the files of copies: of one student, or all. One statement."""
    rows = SamplePart.objects.exclude(file_digest="")
    if student is not None:
        rows = rows.filter(sample__student_id=student)
    return list(rows.values_list("file_digest", flat=True))


def part_file(
    *, session: SessionView, position: int, place: int = 0, number: int = 0
) -> tuple[str, str] | None:
    """Return digest and type of a picture: by the rater's own place in a round, or by the work's number. One statement.

    By number for who convenes the session, and for its raters once it is revealed; the caller asks for no other.
    """
    rows = SamplePart.objects.filter(position=position).exclude(file_digest="")
    if place:
        rows = rows.filter(sample__uses__seats__rater=session.rater or 0, sample__uses__seats__place=place)
    else:
        if not (session.convened or session.state in OPENED):
            return None
        rows = rows.filter(sample__uses__session=session.id, sample__uses__number=number)
    return rows.values_list("file_digest", "file_type").first()


def anchor_file(*, version: UUID, sample: UUID, position: int) -> tuple[str, str] | None:
    """Return digest and type of a picture of an anchor; the caller keeps anchors. One statement."""
    rows = SamplePart.objects.filter(
        sample__uuid=sample, sample__version__uuid=version, sample__anchor=True, position=position
    )
    return rows.exclude(file_digest="").values_list("file_digest", "file_type").first()


def work_parts(*, session: SessionView, number: int) -> tuple[PartView, ...]:
    """Return the artifacts of a work by its number: for who convenes it, for its raters once it is revealed. Two statements."""
    if not (session.convened or session.state in OPENED):
        return ()
    sample = (
        SessionWork.objects.filter(session=session.id, number=number)
        .values_list("sample_id", flat=True)
        .first()
    )
    return parts_of([sample]).get(sample, ()) if sample is not None else ()


def as_data(*, student: int) -> list[dict[str, Any]]:
    """Return the copies that were taken of a student's work as plain data: what they hold, whether they are anchors, when."""
    rows = Sample.objects.filter(student_id=student).prefetch_related("parts").order_by("id")
    return [
        {"work": one.piece, "attempt": one.attempt, "anchor": one.anchor, "taken_at": one.taken_at,
         "parts": [{"words": part.words, "file_digest": part.file_digest} for part in one.parts.all()],
         "sessions": one.uses.count()}
        for one in rows
    ]  # fmt: skip
