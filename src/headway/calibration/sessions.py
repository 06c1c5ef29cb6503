"""Which sessions somebody may know, how far each is, and who is in it. Read only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from headway.access.types import Role, Viewer
from headway.calibration import seating
from headway.calibration.convening import convenes
from headway.calibration.models import (
    CalibrationSession,
    Score,
    Seat,
    SessionRater,
    SessionWork,
)
from headway.calibration.scoring import SUBMITTED, round_of
from headway.calibration.types import (
    CALLED_OFF,
    CONVENERS,
    FINISHED,
    PLANNED,
    ROUND_1,
    ROUND_2,
    SCORING,
    STAFF,
    RaterRow,
    SessionView,
)

MOST = 200


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
    return views_of(viewer, rows)


def find_session(*, viewer: Viewer, session: UUID) -> SessionView | None:
    """Return one session that the viewer convenes or rates in; None for anybody else. Six statements."""
    row = CalibrationSession.objects.select_related("version").filter(uuid=session).first()
    if row is None or not viewer.is_a(*STAFF):
        return None
    (view,) = views_of(viewer, [row])
    return view if view.convened or view.in_it else None


def views_of(viewer: Viewer, rows: Sequence[CalibrationSession]) -> list[SessionView]:
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


def alone_n(*, sessions: Sequence[SessionView]) -> dict[int, int]:
    """Return by session (row key) how many of its works no two raters scored blind on one criterion, so that nothing can be
    compared there: what was saved counts, handed in or not. No work is named. One statement."""
    blind = Score.objects.filter(
        seat__rater__session__in=[one.id for one in sessions], seat__rater__withdrawn_at=None, round=1
    )
    pairs = (
        blind.order_by()
        .values_list("seat__rater__session_id", "seat__work_id", "criterion_id")
        .annotate(n=Count("id"))
        .filter(n__gte=2)
    )
    compared = Counter(session for session, _ in {(session, work) for session, work, _, _ in pairs})
    return {one.id: one.works_n - compared[one.id] for one in sessions}


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
    """Return who is a rater of a session (row keys), without those who left. One statement."""
    return set(session_raters(session.id).filter(withdrawn_at=None).values_list("person_id", flat=True))


def session_raters(session: int) -> QuerySet[SessionRater]:
    """Return the raters of a session, as one statement not yet run."""
    return SessionRater.objects.filter(session=session)


def expected(*, session: SessionView) -> Any:
    """Return what the session's plan is expected to tell with the works and raters that it has. Three statements."""
    row = CalibrationSession.objects.select_related("version").get(pk=session.id)
    people = list(session_raters(row.pk).filter(withdrawn_at=None).values_list("school_id", flat=True))
    return seating.precision(
        raters=len(people), works=session.works_n, criteria=row.version.criteria.count(),
        categories=max(2, len(row.version.levels)), way=row.way, per_work=row.per_work, seed=row.seed,
        schools=[str(one or "") for one in people],
    )  # fmt: skip


def ended(view: SessionView) -> bool:
    """Whether nothing more happens in a session."""
    return view.state in (FINISHED, CALLED_OFF)


def waiting_n(*, viewer: Viewer) -> int:
    """Return how many sessions wait for the viewer's scores today. One statement."""
    own = SessionRater.objects.filter(person_id=viewer.person_id or 0, withdrawn_at=None)
    first = Q(session__state=ROUND_1, submitted_1_at=None, session__opens_on__lte=viewer.today,
              session__closes_on__gte=viewer.today)  # fmt: skip
    return own.filter(first | Q(session__state=ROUND_2, submitted_2_at=None)).count()


def waits_for(view: SessionView, today: date) -> bool:
    """Whether the viewer has a round of a session to score on the day, as `waiting_n` counts."""
    if not view.in_it or view.submitted or view.state not in SCORING:
        return False
    return view.state != ROUND_1 or view.opens_on <= today <= view.closes_on


def scores_blind(*, viewer: Viewer, task: UUID) -> bool:
    """Return whether the viewer is a rater of a session on a task that is not revealed yet. One statement."""
    own = SessionRater.objects.filter(person_id=viewer.person_id or 0, withdrawn_at=None)
    return own.filter(session__version__task__uuid=task, session__state__in=(PLANNED, ROUND_1)).exists()


def lines_of(session: SessionView) -> dict[int, UUID]:
    """Return the criteria of a session by row key, in their order. Two statements."""
    row = CalibrationSession.objects.select_related("version").get(pk=session.id)
    return dict(row.version.criteria.order_by("position").values_list("id", "uuid"))
