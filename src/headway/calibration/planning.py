"""A session before it opens: what is planned, which works and raters are in it, and who is to score what."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from headway.access.types import Viewer
from headway.calibration.convening import audit, convened, taking_part
from headway.calibration.models import CalibrationSession, Sample, SessionRater, SessionWork
from headway.calibration.seating import assigned, number_anew, seat, seat_late
from headway.calibration.types import (
    CALLED_OFF,
    CONVENERS,
    FINISHED,
    KINDS,
    PLANNED,
    ROUND_1,
    WAYS,
    NewSession,
)
from headway.calibration.works import published
from headway.kit.refusals import Refusal, Sentence
from headway.rosters import queries as rosters

MOST_WORKS, MOST_RATERS = 400, 400


def plan_session(*, actor: Viewer, new: NewSession, at: datetime) -> UUID:
    """This will plan a session; returns its uuid. A key that is known answers with the session that stands.

    Written: session, audit entry. Who may: coaches, principals, the district. Raises `Refusal`: `forbidden`,
    `title_missing`, `text_too_long`, `unknown_word`, `days_turned`, `unknown_task`.
    """
    if not actor.is_a(*CONVENERS):
        raise Refusal(
            "forbidden", "Only coaches, principals and the district plan sessions and keep anchors."
        )
    _check(new)
    with transaction.atomic():
        known = CalibrationSession.objects.filter(key=new.key).first()
        if known is not None:
            return known.uuid
        task = published(actor, new.version)
        made = CalibrationSession.objects.create(
            key=new.key, title=new.title.strip(), purpose=new.purpose.strip(), version_id=task.id, kind=new.kind, way=new.way,
            per_work=new.per_work, moderates=new.moderates, seed=random.SystemRandom().getrandbits(40), opens_on=new.opens_on,
            closes_on=new.closes_on, made_by_id=actor.person_id, made_by_name=actor.name[:200], made_at=at,
        )  # fmt: skip
        audit(actor, "plan_calibration", made, at)
        return made.uuid


def change_session(*, actor: Viewer, session: UUID, new: NewSession, at: datetime) -> None:
    """This will change a session that is not open yet; its task stays.

    Written: session, audit entry. Who may: who convenes it. Raises as `plan_session`, and `no_such_session`, `not_planned`.
    """
    _check(new)
    with transaction.atomic():
        row = convened(actor, session, PLANNED)
        row.title, row.purpose = new.title.strip(), new.purpose.strip()
        for name in ("way", "per_work", "moderates", "opens_on", "closes_on"):
            setattr(row, name, getattr(new, name))
        row.save()
        audit(actor, "change_calibration", row, at)


def _check(new: NewSession) -> None:
    if not new.title.strip():
        raise Refusal("title_missing", "Give the session a name.")
    for text, most in ((new.title, 200), (new.purpose, 1000)):
        if len(text.strip()) > most:
            raise Refusal("text_too_long", Sentence("At most %(most)s characters fit here.", most=most))
    if (
        new.way not in WAYS
        or new.kind not in KINDS
        or not 0 <= new.per_work <= MOST_RATERS
        or not 1 <= len(new.key) <= 190
    ):
        raise Refusal("unknown_word", "Choose one of the ways of the list.")
    if new.closes_on < new.opens_on:
        raise Refusal("days_turned", "The last day lies before the first.")


def extend_session(*, actor: Viewer, session: UUID, closes_on: date, at: datetime) -> None:
    """This will move the last day of the blind round.

    Written: session, audit entry. Who may: who convenes it. Raises `Refusal`: `no_such_session`, `not_open`, `days_turned`.
    """
    with transaction.atomic():
        row = convened(actor, session, PLANNED, ROUND_1)
        if closes_on < max(row.opens_on, actor.today):
            raise Refusal("days_turned", "The last day lies before the first.")
        row.closes_on = closes_on
        row.save(update_fields=["closes_on"])
        audit(actor, "extend_calibration", row, at, closes_on=closes_on.isoformat())


def call_off(*, actor: Viewer, session: UUID, at: datetime) -> None:
    """This will call a session off that is not finished; what was scored stays unread.

    Written: session, audit entry. Who may: who convenes it. Raises `Refusal`: `no_such_session`, `not_open`.
    """
    with transaction.atomic():
        row = convened(actor, session)
        if row.state in (FINISHED, CALLED_OFF):
            raise Refusal("not_open", "This session is over.")
        row.state = CALLED_OFF
        row.save(update_fields=["state"])
        audit(actor, "call_off_calibration", row, at)


def put_in(*, actor: Viewer, session: UUID, samples: Iterable[UUID], at: datetime) -> int:
    """This will put copies of work on the session's task into it; returns how many were new.

    Written: works, audit entry. Who may: who convenes it; its raters, the copies that they took. Raises `Refusal`:
    `no_such_session`, `not_planned`, `no_such_work`, `too_many`.
    """
    with transaction.atomic():
        row, own = taking_part(actor, session, PLANNED)
        wanted = set(samples)
        rows = Sample.objects.filter(uuid__in=wanted, version_id=row.version_id, retired_at=None)
        if own:
            rows = rows.filter(taken_by_id=actor.person_id)
        if len(found := list(rows.order_by("id"))) != len(wanted):
            raise Refusal("no_such_work", "There is no such work that you may see.")
        there = set(row.works.values_list("sample_id", flat=True))
        fresh = [one for one in found if one.pk not in there]
        if len(there) + len(fresh) > MOST_WORKS:
            raise Refusal("too_many", Sentence("A session holds %(most)s works.", most=MOST_WORKS))
        last = row.works.aggregate(last=Max("number"))["last"] or 0
        SessionWork.objects.bulk_create(
            SessionWork(session=row, sample=one, number=last + n) for n, one in enumerate(fresh, 1)
        )
        if fresh:
            audit(actor, "put_into_calibration", row, at, n=len(fresh))
        return len(fresh)


def take_out(*, actor: Viewer, session: UUID, number: int, at: datetime) -> None:
    """This will take a work out of a session that is not open yet; its copy stays.

    Written: work, audit entry. Who may: who convenes it. Raises `Refusal`: `no_such_session`, `not_planned`, `no_such_work`.
    """
    with transaction.atomic():
        row = convened(actor, session, PLANNED)
        if not row.works.filter(number=number).delete()[0]:
            raise Refusal("no_such_work", "There is no such work that you may see.")
        audit(actor, "take_out_of_calibration", row, at)


def invite(*, actor: Viewer, session: UUID, people: Iterable[int], at: datetime) -> int:
    """This will let people score in a session, also those who left it, who begin anew; returns how many came in.

    One who comes late gets a share of the works. Written: raters, seats where the round is open, audit entry. Who may: who
    convenes it. Raises `Refusal`: `no_such_session`, `not_open`, `no_such_person`, `too_many`, `pairs_are_made`.
    """
    with transaction.atomic():
        row = convened(actor, session, PLANNED, ROUND_1)
        wanted = set(people)
        staff = {one.id for one in rosters.staff(on=actor.today, limit=100_000)} if wanted else set()
        if wanted - staff:
            raise Refusal("no_such_person", "A rater is an adult who works in a school today.")
        known = {one.person_id: one for one in row.raters.all()}
        standing = {person for person, one in known.items() if one.withdrawn_at is None}
        if len(standing | wanted) > MOST_RATERS:
            raise Refusal("too_many", Sentence("A session holds %(most)s raters.", most=MOST_RATERS))
        places = rosters.schools_of_staff(person_ids=sorted(wanted), on=actor.today)
        for person in sorted(wanted - standing):
            # Somebody of several schools counts with the first of them, so that no school counts a rater twice.
            school = min(places.get(person, {None}), key=lambda one: one or 0)
            one = known.get(person) or SessionRater(session=row, person_id=person)
            one.school_id, one.joined_at, one.withdrawn_at, one.submitted_1_at = school, at, None, None
            one.save()
            if row.state == ROUND_1 and not seat_late(row, one):
                raise Refusal("pairs_are_made", "The pairs and triads are made: somebody new would be alone.")
        came = wanted - standing
        if came:
            audit(actor, "invite_raters", row, at, n=len(came), again=len(came & set(known)))
        return len(came)


def withdraw_rater(*, actor: Viewer, session: UUID, rater: int, at: datetime) -> None:
    """This will let a rater leave a session before the reveal: the seats and what was scored on them go.

    Written: rater, seats, scores, audit entry. Who may: who convenes it, and the rater. Raises `Refusal`: `no_such_session`,
    `no_such_person`, `not_open`.
    """
    with transaction.atomic():
        row, own = taking_part(actor, session, PLANNED, ROUND_1)
        found = row.raters.filter(pk=rater, withdrawn_at=None).first()
        if found is None or (own and found.person_id != actor.person_id):
            raise Refusal("no_such_person", "There is no such rater in this session.")
        if row.state == PLANNED:
            found.delete()
        else:
            found.withdrawn_at = at
            found.save(update_fields=["withdrawn_at"])
            found.seats.all().delete()
        audit(actor, "withdraw_rater", row, at)


def open_session(*, actor: Viewer, session: UUID, looked: bool, at: datetime) -> None:
    """This will open the blind round: who scores what is fixed, works are numbered anew, each rater gets an order of their own.

    Opened before its first day, that day is the first: who opens it wants it scored now.
    Written: session, works, seats, audit entry. Who may: who convenes it, and says that the copies were looked through.
    Raises `Refusal`: `no_such_session`, `not_planned`, `not_looked`, `no_raters`, `no_works`, `cannot_link`.
    """
    with transaction.atomic():
        row = convened(actor, session, PLANNED)
        if not looked:
            raise Refusal("not_looked", "Look at the copy first: nobody may be known by it.")
        raters, works = (
            list(row.raters.select_related("school").order_by("id")),
            list(row.works.order_by("id")),
        )
        if len(raters) < 2:
            raise Refusal("no_raters", "A session needs two raters or more.")
        if not works:
            raise Refusal("no_works", "A session needs works to score.")
        number_anew(row, works)
        seat(row, assigned(row, raters, works))
        row.state, row.opened_at, row.opens_on = ROUND_1, at, min(row.opens_on, actor.today)
        row.save(update_fields=["state", "opened_at", "opens_on"])
        audit(actor, "open_calibration", row, at, raters=len(raters), works=len(works))
