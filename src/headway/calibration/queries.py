"""Questions about scoring together. Read only.

Before the reveal no answer holds a level that another than the reader gave; after it none says who gave which. A rater's
report is answered to the rater alone: no argument names whose it should be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from headway.access.types import Role, Viewer
from headway.calibration import moderating, planning, works
from headway.calibration.models import (
    AnchorLevel,
    CalibrationReport,
    CalibrationSession,
    DiscussionNote,
    Sample,
    SamplePart,
    Score,
    Seat,
    SessionRater,
    SessionWork,
)
from headway.calibration.planning import convenes, scores_of
from headway.calibration.scoring import SUBMITTED, round_of
from headway.calibration.types import (
    CALLED_OFF,
    CONVENERS,
    FINISHED,
    OPENED,
    PLANNED,
    ROUND_1,
    ROUND_2,
    SCORING,
    STAFF,
    Cell,
    Given,
    MapRow,
    NoteView,
    PartView,
    RaterRow,
    ReportView,
    SampleView,
    SeatView,
    SessionView,
)
from headway.rosters import queries as rosters

precision = planning.precision
usual_way = planning.usual_way
masked_words = works.masked_words
seen_pieces = works.seen_pieces
origins = moderating.origins
MOST = 200


# Sessions.


def may_convene(viewer: Viewer) -> bool:
    """Whether the viewer plans sessions and keeps anchors."""
    return viewer.is_a(*CONVENERS)


def sessions(*, viewer: Viewer) -> list[SessionView]:
    """Return the sessions that the viewer convenes or rates in, the newest first. Six statements."""
    mine = Q(raters__person_id=viewer.person_id or 0, raters__withdrawn_at=None)
    if viewer.is_a(Role.DISTRICT):
        found = CalibrationSession.objects.all()
    elif viewer.is_a(*CONVENERS):
        found = CalibrationSession.objects.filter(mine | Q(made_by=viewer.person_id or 0))
    else:
        found = CalibrationSession.objects.filter(mine)
    rows = list(found.select_related("version").distinct().order_by("-opens_on", "-id")[:MOST])
    return _views(viewer, rows)


def find_session(*, viewer: Viewer, session: UUID) -> SessionView | None:
    """Return one session that the viewer convenes or rates in; None for anybody else. Six statements."""
    row = CalibrationSession.objects.select_related("version").filter(uuid=session).first()
    if row is None or not viewer.is_a(*STAFF):
        return None
    (view,) = _views(viewer, [row])
    return view if view.convened or view.in_it else None


def _views(viewer: Viewer, rows: Sequence[CalibrationSession]) -> list[SessionView]:
    ids = [row.pk for row in rows]
    works_n = _counted(SessionWork.objects.filter(session__in=ids))
    before = Q(session__state=PLANNED, sample__anchor=True)
    anchors = _counted(SessionWork.objects.filter(before | Q(as_anchor=True), session__in=ids))
    standing = SessionRater.objects.filter(session__in=ids, withdrawn_at=None)
    raters = _counted(standing)
    handed: dict[int, int] = {}
    own: dict[int, SessionRater] = {}
    state = {row.pk: row.state for row in rows}
    for one in standing:
        round_ = round_of(state[one.session_id])
        handed[one.session_id] = handed.get(one.session_id, 0) + (getattr(one, SUBMITTED[round_]) is not None)
        if one.person_id == viewer.person_id:
            own[one.session_id] = one
    done = _done({one.pk: round_of(state[one.session_id]) for one in own.values()})
    seats = Counter(Seat.objects.filter(rater__in=own.values()).values_list("rater_id", flat=True))
    views = []
    for row in rows:
        me = own.get(row.pk)
        views.append(SessionView(
            id=row.pk, uuid=row.uuid, title=row.title, purpose=row.purpose, kind=row.kind, way=row.way, per_work=row.per_work,
            state=row.state, version=row.version.uuid, opens_on=row.opens_on, closes_on=row.closes_on, moderates=row.moderates,
            convener=row.made_by_name, convened=convenes(viewer, row.made_by_id), works_n=works_n.get(row.pk, 0),
            anchors_n=anchors.get(row.pk, 0), raters_n=raters.get(row.pk, 0), done_n=handed.get(row.pk, 0),
            revealed_at=row.revealed_at, finished_at=row.finished_at, rater=me.pk if me else None,
            mine_n=seats.get(me.pk, 0) if me else 0, mine_done_n=done.get(me.pk, 0) if me else 0,
            submitted=me is not None and getattr(me, SUBMITTED[round_of(row.state)]) is not None,
        ))  # fmt: skip
    return views


def _counted(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.order_by().values_list("session_id").annotate(n=Count("id")))


def _done(rounds: dict[int, int]) -> dict[int, int]:
    """Return how many works each rater (row key → round) has scored on every criterion. Two statements."""
    given = (
        Score.objects.filter(seat__rater__in=list(rounds)).order_by().values_list("seat__rater_id", "seat_id", "round")
        .annotate(n=Count("id"), of=Count("seat__work__session__version__criteria", distinct=True))
    )  # fmt: skip
    found: dict[int, int] = {}
    # The second join counts every score once for each criterion: n is their product.
    for rater, _seat, round_, n, of in given:
        if round_ == rounds[rater] and n >= of * of:
            found[rater] = found.get(rater, 0) + 1
    return found


def raters(*, session: SessionView) -> list[RaterRow]:
    """Return the raters of a session, by name, with how far they are: for who convenes it. Five statements."""
    rows = list(session_raters(session.id).select_related("person", "school"))
    done = _done({one.pk: round_of(session.state) for one in rows})
    seats = Counter(Seat.objects.filter(rater__in=rows).values_list("rater_id", flat=True))
    found = [
        RaterRow(one.pk, one.person.name(), one.school.name if one.school else "", seats.get(one.pk, 0), done.get(one.pk, 0),
                 getattr(one, SUBMITTED[round_of(session.state)]) is not None, one.withdrawn_at is not None)
        for one in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.withdrawn, one.name))


def rater_people(*, session: SessionView) -> set[int]:
    """Return who is or was a rater of a session (row keys). One statement."""
    return set(session_raters(session.id).values_list("person_id", flat=True))


def session_raters(session: int) -> QuerySet[SessionRater]:
    """Return the raters of a session, as one statement not yet run."""
    return SessionRater.objects.filter(session=session)


def expected(*, session: SessionView) -> Any:
    """Return what the session's plan is expected to tell with the works and raters that it has. Three statements."""
    row = CalibrationSession.objects.select_related("version").get(pk=session.id)
    people = list(session_raters(row.pk).filter(withdrawn_at=None).values_list("school_id", flat=True))
    return precision(
        raters=len(people), works=session.works_n, criteria=row.version.criteria.count(),
        categories=max(2, len(row.version.levels)), way=row.way, per_work=row.per_work, seed=row.seed,
        schools=[str(one or "") for one in people],
    )  # fmt: skip


# Copies.


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
    parts = _parts_of(ids)
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


def _parts_of(samples_: Collection[int]) -> dict[int, tuple[PartView, ...]]:
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


# The rater's own.


def seat(*, viewer: Viewer, session: SessionView, place: int) -> SeatView | None:
    """Return one work in the viewer's own order with what they gave it; None where they have no such place. Five statements.

    In the second round what they gave in the first stands until they give something else.
    """
    found = _own_seats(session).filter(place=place).select_related("work").first()
    if found is None:
        return None
    return _seats(session, [found])[0]


def own_seats(*, session: SessionView) -> list[SeatView]:
    """Return the viewer's own works of a session in their order, without what is in them. Three statements."""
    return _seats(session, list(_own_seats(session).select_related("work").order_by("place")), parts=False)


def _own_seats(session: SessionView) -> QuerySet[Seat]:
    return Seat.objects.filter(rater=session.rater or 0)


def _seats(session: SessionView, rows: Sequence[Seat], *, parts: bool = True) -> list[SeatView]:
    round_ = round_of(session.state)
    keys = [one.pk for one in rows]
    given = scores_of(keys, round_)
    first = scores_of(keys, 1) if round_ == 2 else {}
    lines = _lines(session)
    shown = _parts_of([one.work.sample_id for one in rows]) if parts else {}
    views = []
    for one in rows:
        own = {**first.get(one.pk, {}), **given.get(one.pk, {})}
        views.append(SeatView(
            one.place, session.mine_n, shown.get(one.work.sample_id, ()),
            {lines[key]: Given(score.level, score.comment) for key, score in own.items()},
            len(given.get(one.pk, {})) == len(lines), session.submitted,
            one.work.number if session.state in OPENED else None,
        ))  # fmt: skip
    return views


def _lines(session: SessionView) -> dict[int, UUID]:
    row = CalibrationSession.objects.select_related("version").get(pk=session.id)
    return dict(row.version.criteria.order_by("position").values_list("id", "uuid"))


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


def own_report(*, viewer: Viewer, session: SessionView) -> ReportView | None:
    """Return the report of the viewer's own scores; None where there is none yet, or they did not score. One statement."""
    row = CalibrationReport.objects.filter(
        session=session.id, rater__person_id=viewer.person_id or 0, rater__withdrawn_at=None
    ).first()
    return None if row is None else ReportView(row.made_at, row.body)


# After the reveal.


def map_of(*, session: SessionView, number: int | None = None) -> list[MapRow]:
    """Return the works of a session with how many gave which level, those with the widest disagreement first. Seven statements.

    Nothing before the reveal. A cell that one rater alone scored is left empty: it would tell what that one gave. While the
    second round runs the first is told; after it the second stands, with how many scores changed.
    """
    if session.state not in OPENED:
        return []
    rows = SessionWork.objects.filter(session=session.id).order_by("number")
    if number is not None:
        rows = rows.filter(number=number)
    works_ = list(rows.select_related("sample").prefetch_related("agreed", "sample__levels"))
    lines = _lines(session)
    keys = [one.pk for one in works_]
    scores = list(
        Score.objects.filter(seat__work__in=keys, seat__rater__withdrawn_at=None)
        .annotate(work=F("seat__work_id"), rater=F("seat__rater_id")).order_by("id")
    )  # fmt: skip
    table: dict[tuple[int, int], dict[int, dict[int, int]]] = {}
    for one in scores:
        given = table.setdefault((one.work, one.criterion_id), {}).setdefault(one.rater, {})
        given[one.round] = one.level
    show_second = session.state == FINISHED
    found = []
    for work in works_:
        cells = tuple(
            _cell(session, work, line, lines[line], table.get((work.pk, line), {}), show_second)
            for line in lines
        )
        n = len({rater for (key, _), given in table.items() if key == work.pk for rater in given})
        found.append(MapRow(work.number, work.as_anchor, work.sample.anchor, n, cells))
    return sorted(found, key=lambda one: (-one.asunder, one.number))


def _cell(
    session: SessionView,
    work: SessionWork,
    line: int,
    criterion: UUID,
    given: dict[int, dict[int, int]],
    second: bool,
) -> Cell:
    stands = {rater: each.get(2, each.get(1)) if second else each.get(1) for rater, each in given.items()}
    levels = [one for one in stands.values() if one is not None]
    alone = len(levels) < 2
    agreed = next((one for one in work.agreed.all() if one.criterion_id == line), None)
    known = work.sample.levels.all() if work.as_anchor else ()
    anchor = next((one for one in known if one.criterion_id == line), None)
    changed = sum(1 for each in given.values() if second and 1 in each and each.get(2, each[1]) != each[1])
    return Cell(
        criterion=criterion, counts={} if alone else dict(sorted(Counter(levels).items())),
        asunder=0 if alone else max(levels) - min(levels), own=stands.get(session.rater or 0),
        agreed=agreed.level if agreed else None, agreed_why=agreed.why if agreed else "",
        agreed_by=agreed.said_by_name if agreed else "", anchor=anchor.level if anchor else None,
        changed_n=0 if alone else changed,
    )  # fmt: skip


def work_parts(*, session: SessionView, number: int) -> tuple[PartView, ...]:
    """Return the artifacts of a work by its number: for who convenes it, for its raters once it is revealed. Two statements."""
    if not (session.convened or session.state in OPENED):
        return ()
    sample = (
        SessionWork.objects.filter(session=session.id, number=number)
        .values_list("sample_id", flat=True)
        .first()
    )
    return _parts_of([sample]).get(sample, ()) if sample is not None else ()


def own_place(*, session: SessionView, number: int) -> int | None:
    """Return where a work stands in the viewer's own order; None where they do not score it. One statement."""
    return _own_seats(session).filter(work__number=number).values_list("place", flat=True).first()


def notes_of(*, session: SessionView, number: int) -> list[NoteView]:
    """Return what was noted about a work, the oldest first; nothing before the reveal. One statement."""
    if session.state not in OPENED:
        return []
    rows = DiscussionNote.objects.filter(work__session=session.id, work__number=number).select_related(
        "criterion"
    )
    return [
        NoteView(one.criterion.uuid if one.criterion else None, one.words, one.written_by_name, one.written_at)
        for one in rows.order_by("id")
    ]  # fmt: skip


def group_report(*, session: SessionView) -> ReportView | None:
    """Return the group's report of a session that the viewer is in; None before there is one. One statement."""
    if session.state not in OPENED:
        return None
    row = CalibrationReport.objects.filter(session=session.id, rater=None).first()
    if row is None:
        return None
    # Figures by school are for who leads: colleagues need not compare one school with another.
    body = {key: value for key, value in row.body.items() if key not in ("schools", "gaps")}
    return ReportView(row.made_at, body)


def consistency(*, viewer: Viewer) -> list[tuple[SessionView, ReportView]]:
    """Return the finished sessions with the group's figures as a leader may read them, the newest first. Eight statements.

    Principals read the figures of the schools that they lead beside those of all; the district every school's. No figure rests
    on fewer than three raters, none names a rater, schools stand by name and not by size. Empty for anybody else.
    """
    if not viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return []
    rows = list(
        CalibrationSession.objects.filter(state=FINISHED)
        .select_related("version")
        .order_by("-finished_at")[:MOST]
    )
    bodies = {one.session_id: one for one in CalibrationReport.objects.filter(session__in=rows, rater=None)}
    led = None if viewer.is_a(Role.DISTRICT) else {one.name for one in rosters.schools_led(viewer=viewer)}
    found = []
    for view in _views(viewer, [row for row in rows if row.pk in bodies]):
        row = bodies[view.id]
        body = dict(row.body)
        for name in ("schools", "gaps"):
            body[name] = [one for one in body.get(name, []) if led is None or one["school"] in led]
        found.append((view, ReportView(row.made_at, body)))
    return found


# Everything about a student, and about people who go.


def as_data(*, student: int) -> list[dict[str, Any]]:
    """Return the copies that were taken of a student's work as plain data: what they hold, whether they are anchors, when."""
    rows = Sample.objects.filter(student_id=student).prefetch_related("parts").order_by("id")
    return [
        {"work": one.piece, "attempt": one.attempt, "anchor": one.anchor, "taken_at": one.taken_at,
         "parts": [{"words": part.words, "file_digest": part.file_digest} for part in one.parts.all()],
         "sessions": one.uses.count()}
        for one in rows
    ]  # fmt: skip


def in_the_way_of_people(person_ids: Sequence[int]) -> list[str]:
    """Return in words what keeps people from being taken back: copies of their work, their part in sessions.

    For `rosters.actions.register_blocker`, with the people that an import made.
    """
    found = 0
    for start in range(0, len(person_ids), 500):
        part = person_ids[start : start + 500]
        found += Sample.objects.filter(Q(student__in=part) | Q(taken_by__in=part)).count()
        found += SessionRater.objects.filter(person__in=part).count()
        found += CalibrationSession.objects.filter(made_by__in=part).count()
        found += DiscussionNote.objects.filter(written_by__in=part).count()
    return [f"{found} copies of work and parts in calibration sessions name people of it"] if found else []


def ended(view: SessionView) -> bool:
    """Whether nothing more happens in a session."""
    return view.state in (FINISHED, CALLED_OFF)


def waiting_n(*, viewer: Viewer) -> int:
    """Return how many sessions wait for the viewer's scores today. One statement."""
    own = SessionRater.objects.filter(person_id=viewer.person_id or 0, withdrawn_at=None)
    first = Q(session__state=ROUND_1, submitted_1_at=None, session__opens_on__lte=viewer.today,
              session__closes_on__gte=viewer.today)  # fmt: skip
    return own.filter(first | Q(session__state=ROUND_2, submitted_2_at=None)).count()


def waits_for(view: SessionView) -> bool:
    """Whether the viewer has a round of a session to score."""
    return view.in_it and view.state in SCORING and not view.submitted
