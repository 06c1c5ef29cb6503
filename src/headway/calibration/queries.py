"""Questions about scoring together. Read only.

Before the reveal no answer holds a level that another than the reader gave; after it none says who gave which. A rater's
report is answered to the rater alone: no argument names whose it should be.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from headway.access.types import Viewer
from headway.calibration import copies, mapping, moderating, revealed, seating, surveying, works
from headway.calibration import sessions as kept
from headway.calibration.copies import parts_of
from headway.calibration.models import (
    CalibrationReport,
    CalibrationSession,
    CapacityAnswered,
    DiscussionNote,
    Sample,
    Seat,
    SessionRater,
)
from headway.calibration.scoring import round_of, scores_of
from headway.calibration.sessions import lines_of
from headway.calibration.types import (
    OPENED,
    Given,
    ReportView,
    SeatView,
    SessionView,
)

precision = seating.precision
usual_way = seating.usual_way
masked_words = works.masked_words
seen_pieces = works.seen_pieces
origins = moderating.origins
may_convene = kept.may_convene
sessions = kept.sessions
find_session = kept.find_session
raters = kept.raters
alone_n = kept.alone_n
rater_people = kept.rater_people
expected = kept.expected
ended = kept.ended
waiting_n = kept.waiting_n
waits_for = kept.waits_for
scores_blind = kept.scores_blind
samples = copies.samples
works_of = copies.works_of
files_kept = copies.files_kept
part_file = copies.part_file
anchor_file = copies.anchor_file
work_parts = copies.work_parts
as_data = copies.as_data
map_of = revealed.map_of
notes_of = revealed.notes_of
group_report = revealed.group_report
consistency = revealed.consistency
pooled = revealed.pooled
of_task = revealed.of_task
survey = surveying.survey
capacity_map = mapping.capacity_map


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
    lines = lines_of(session)
    shown = parts_of([one.work.sample_id for one in rows]) if parts else {}
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


def own_report(*, viewer: Viewer, session: SessionView) -> ReportView | None:
    """Return the report of the viewer's own scores; None where there is none yet, or they did not score. One statement."""
    row = CalibrationReport.objects.filter(
        session=session.id, rater__person_id=viewer.person_id or 0, rater__withdrawn_at=None
    ).first()
    return None if row is None else ReportView(row.made_at, row.body)


def own_place(*, session: SessionView, number: int) -> int | None:
    """Return where a work stands in the viewer's own order; None where they do not score it. One statement."""
    return _own_seats(session).filter(work__number=number).values_list("place", flat=True).first()


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
        found += CapacityAnswered.objects.filter(person__in=part).count()
    return [f"{found} copies of work and parts in calibration sessions name people of it"] if found else []
