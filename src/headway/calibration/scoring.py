"""The rounds: what a rater gives is kept at once, changed until it is handed in, and read by the rater alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from headway.access.actions import record_act
from headway.access.types import Viewer
from headway.calibration.models import CalibrationSession, Score, Seat, SessionRater
from headway.calibration.types import ROUND_1, ROUND_2, SCORING, STAFF, Given
from headway.kit.refusals import Refusal, Sentence

LONGEST_COMMENT = 1000
SUBMITTED = {1: "submitted_1_at", 2: "submitted_2_at"}


def round_of(state: str) -> int:
    """Return which round a session is in, or was in last: 2 from the second on."""
    return 2 if state == ROUND_2 else 1


def scores_of(seats: Iterable[int], round_: int) -> dict[int, dict[int, Score]]:
    """Return what was given on these seats (row keys) in a round: seat → criterion → score. One statement."""
    found: dict[int, dict[int, Score]] = {}
    for one in Score.objects.filter(seat_id__in=list(seats), round=round_):
        found.setdefault(one.seat_id, {})[one.criterion_id] = one
    return found


def save_scores(
    *, actor: Viewer, session: UUID, place: int, given: Mapping[UUID, Given], at: datetime
) -> bool:
    """This will keep what a rater gives one work, in the place of what they gave it before; returns whether all is given.

    Written: scores; no audit entry, because it is changed until the round is handed in. Who may: the rater. Raises `Refusal`:
    `no_such_session`, `not_open`, `round_over`, `handed_in`, `no_such_work`, `outside_scale`, `text_too_long`.
    """
    with transaction.atomic():
        row, rater = _rating(actor, session)
        round_ = round_of(row.state)
        if getattr(rater, SUBMITTED[round_]) is not None:
            raise Refusal("handed_in", "You handed this round in: what you gave stands.")
        seat = Seat.objects.filter(rater=rater, place=place).first()
        criteria = dict(row.version.criteria.values_list("uuid", "id"))
        if seat is None or set(given) - set(criteria):
            raise Refusal("no_such_work", "There is no such work that you may see.")
        levels = {one["level"] for one in row.version.levels}
        if any(one.level not in levels for one in given.values()):
            raise Refusal("outside_scale", "Choose one of the levels of the rubric.")
        if any(len(one.comment) > LONGEST_COMMENT for one in given.values()):
            raise Refusal(
                "text_too_long", Sentence("At most %(most)s characters fit here.", most=LONGEST_COMMENT)
            )
        rows = [
            Score(seat=seat, criterion_id=criteria[uuid], round=round_, level=one.level, comment=one.comment.strip(), saved_at=at)
            for uuid, one in given.items()
        ]  # fmt: skip
        Score.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["seat", "criterion", "round"],
            update_fields=["level", "comment", "saved_at"],
        )  # fmt: skip
        return Score.objects.filter(seat=seat, round=round_).count() == len(criteria)


def hand_in_round(*, actor: Viewer, session: UUID, at: datetime) -> None:
    """This will hand a rater's round in; from then on nothing in it changes. Again changes nothing.

    In the second round works that the rater did not look at again keep what they had. Written: rater, scores, audit entry.
    Who may: the rater. Raises `Refusal`: `no_such_session`, `not_open`, `round_over`, `not_all_scored`.
    """
    with transaction.atomic():
        row, rater = _rating(actor, session)
        round_ = round_of(row.state)
        if getattr(rater, SUBMITTED[round_]) is not None:
            return
        wanted = rater.seats.count() * row.version.criteria.count()
        if round_ == 2:
            _carry(rater, at)
        missing = wanted - Score.objects.filter(seat__rater=rater, round=round_).count()
        if missing and round_ == 1:
            raise Refusal(
                "not_all_scored",
                Sentence.counted(
                    missing, "%(n)s score is missing: see the list of works.", "%(n)s scores are missing: see the list of works.",
                ),
            )  # fmt: skip
        setattr(rater, SUBMITTED[round_], at)
        rater.save(update_fields=[SUBMITTED[round_]])
        record_act(
            actor=actor,
            act="hand_in_round",
            kind="calibration",
            object_id=row.uuid,
            detail={"round": round_},
            at=at,
        )


def _carry(rater: SessionRater, at: datetime) -> None:
    """Give the second round what the first had, where the rater gave nothing else."""
    there = set(Score.objects.filter(seat__rater=rater, round=2).values_list("seat_id", "criterion_id"))
    first = Score.objects.filter(seat__rater=rater, round=1)
    Score.objects.bulk_create(
        Score(seat_id=one.seat_id, criterion_id=one.criterion_id, round=2, level=one.level, saved_at=at)
        for one in first if (one.seat_id, one.criterion_id) not in there
    )  # fmt: skip


def _rating(actor: Viewer, session: UUID) -> tuple[CalibrationSession, SessionRater]:
    """Return a session that is being scored, locked against its reveal, and the actor's own part in it."""
    row = CalibrationSession.objects.select_for_update().filter(uuid=session).first()
    rater = None
    if row is not None and actor.person_id is not None and actor.is_a(*STAFF):
        rater = row.raters.filter(person_id=actor.person_id, withdrawn_at=None).first()
    if row is None or rater is None:
        raise Refusal("no_such_session", "There is no such session.")
    if row.state not in SCORING:
        raise Refusal("not_open", "The session does not stand where this can be done.")
    if row.state == ROUND_1 and not row.opens_on <= actor.today <= row.closes_on:
        raise Refusal(
            "round_over",
            Sentence(
                "The blind round is open from %(first)s to %(last)s. Ask who convenes it for more days.",
                first=row.opens_on, last=row.closes_on,
            ),
        )  # fmt: skip
    return row, rater
