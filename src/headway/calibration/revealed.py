"""What a session tells once it is revealed: how many gave which level, never who. Read only."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from django.db.models import F

from headway.access.types import Role, Viewer
from headway.calibration.models import (
    CalibrationReport,
    CalibrationSession,
    DiscussionNote,
    Score,
    SessionRater,
    SessionWork,
)
from headway.calibration.sessions import MOST, lines_of, views_of
from headway.calibration.types import (
    FEWEST_RATERS,
    FINISHED,
    OPENED,
    STAFF,
    Cell,
    MapRow,
    NoteView,
    ReportView,
    SessionView,
)
from headway.rosters import queries as rosters


def map_of(*, session: SessionView, number: int | None = None) -> list[MapRow]:
    """Return the works of a session with how many gave which level, those with the widest disagreement first. Seven statements.

    Nothing before the reveal. A cell that one rater alone scored is left empty: it would tell what that one gave. While the
    second round runs the first is told; after it the second stands, with how many scores changed, where three handed it in:
    what one or two changed would be told by the difference.
    """
    if session.state not in OPENED:
        return []
    rows = SessionWork.objects.filter(session=session.id).order_by("number")
    if number is not None:
        rows = rows.filter(number=number)
    works_ = list(rows.select_related("sample").prefetch_related("agreed", "sample__levels"))
    lines = lines_of(session)
    keys = [one.pk for one in works_]
    scores = list(
        Score.objects.filter(seat__work__in=keys, seat__rater__withdrawn_at=None)
        .annotate(work=F("seat__work_id"), rater=F("seat__rater_id")).order_by("id")
    )  # fmt: skip
    table: dict[tuple[int, int], dict[int, dict[int, int]]] = {}
    for one in scores:
        given = table.setdefault((one.work, one.criterion_id), {}).setdefault(one.rater, {})
        given[one.round] = one.level
    show_second = session.state == FINISHED and second_round_told(session.id)
    found = []
    for work in works_:
        cells = tuple(
            _cell(session, work, line, lines[line], table.get((work.pk, line), {}), show_second)
            for line in lines
        )
        n = len({rater for (key, _), given in table.items() if key == work.pk for rater in given})
        found.append(MapRow(work.number, work.as_anchor, work.sample.anchor, n, cells))
    return sorted(found, key=lambda one: (-one.asunder, one.number))


def second_round_told(session: int) -> bool:
    """Return whether enough raters handed in the second round for what it changed to name none of them. One statement."""
    own = SessionRater.objects.filter(session=session, withdrawn_at=None).exclude(submitted_2_at=None)
    return own.count() >= FEWEST_RATERS


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
    body = {key: value for key, value in row.body.items() if key not in ("schools", "gaps", "pooled", "task")}
    return ReportView(row.made_at, body)


def of_task(*, viewer: Viewer, version: UUID) -> ReportView | None:
    """Return what the finished sessions of a version of a task tell, to adults of the schools; None before there is one. One
    statement. Nobody is named, and no figure rests on fewer than three raters."""
    if not viewer.is_a(*STAFF):
        return None
    rows = CalibrationReport.objects.filter(
        rater=None, session__state=FINISHED, session__version__uuid=version
    )
    row = rows.order_by("-session__finished_at", "-session_id").first()
    body = row.body.get("task") if row is not None else None
    return ReportView(row.made_at, body) if row is not None and body else None


def pooled(*, viewer: Viewer) -> ReportView | None:
    """Return what the finished sessions of the newest year tell together, as a leader may read it; None before there is any.

    Principals read the schools that they lead; figures of all raters together are the same for every leader. Three statements.
    """
    if not viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return None
    rows = CalibrationReport.objects.filter(rater=None, session__state=FINISHED)
    row = rows.order_by("-session__finished_at", "-session_id").first()
    body = dict(row.body.get("pooled") or {}) if row else {}
    if row is None or not body:
        return None
    if not viewer.is_a(Role.DISTRICT):
        led = {one.name for one in rosters.schools_led(viewer=viewer)}
        body["schools"] = [one for one in body["schools"] if one["school"] in led]
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
    for view in views_of(viewer, [row for row in rows if row.pk in bodies]):
        row = bodies[view.id]
        body = {key: value for key, value in row.body.items() if key not in ("pooled", "task")}
        for name in ("schools", "gaps"):
            body[name] = [one for one in body.get(name, []) if led is None or one["school"] in led]
        found.append((view, ReportView(row.made_at, body)))
    return found
