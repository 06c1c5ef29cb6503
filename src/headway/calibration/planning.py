"""A session before it opens: what is planned, which works and raters are in it, and who is to score what."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Max

from headway.access.actions import record_act
from headway.access.types import Role, Viewer
from headway.calibration.models import CalibrationSession, Sample, Score, Seat, SessionRater, SessionWork
from headway.calibration.types import (
    CALLED_OFF,
    CONVENERS,
    EVERYBODY,
    FINISHED,
    KINDS,
    LINKED,
    PAIRS,
    PLANNED,
    ROUND_1,
    STAFF,
    TRIADS,
    WAYS,
    NewSession,
    Precision,
)
from headway.calibration.works import published
from headway.kit.refusals import Refusal, Sentence
from headway.rosters import queries as rosters
from headway.science.facets.planning import RatingPlan, least_plan, plan_with
from headway.science.facets.ratings import FacetsRefused

MOST_WORKS, MOST_RATERS = 400, 400
SMALL_ROOM = 160
"""Up to so many scorings of a work, all raters together, everybody scores everything unless the plan says otherwise."""


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
        _audit(actor, "plan_calibration", made, at)
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
        _audit(actor, "change_calibration", row, at)


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
        _audit(actor, "extend_calibration", row, at, closes_on=closes_on.isoformat())


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
        _audit(actor, "call_off_calibration", row, at)


# Works and raters.


def put_in(*, actor: Viewer, session: UUID, samples: Iterable[UUID], at: datetime) -> int:
    """This will put copies of work on the session's task into it; returns how many were new.

    Written: works, audit entry. Who may: who convenes it; its raters, the copies that they took. Raises `Refusal`:
    `no_such_session`, `not_planned`, `no_such_work`, `too_many`.
    """
    with transaction.atomic():
        row, own = _in_it(actor, session)
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
            _audit(actor, "put_into_calibration", row, at, n=len(fresh))
        return len(fresh)


def take_out(*, actor: Viewer, session: UUID, number: int, at: datetime) -> None:
    """This will take a work out of a session that is not open yet; its copy stays.

    Written: work, audit entry. Who may: who convenes it. Raises `Refusal`: `no_such_session`, `not_planned`, `no_such_work`.
    """
    with transaction.atomic():
        row = convened(actor, session, PLANNED)
        if not row.works.filter(number=number).delete()[0]:
            raise Refusal("no_such_work", "There is no such work that you may see.")
        _audit(actor, "take_out_of_calibration", row, at)


def invite(*, actor: Viewer, session: UUID, people: Iterable[int], at: datetime) -> int:
    """This will let people score in a session; returns how many were new. One who comes late gets a share of the works.

    Written: raters, seats where the round is open, audit entry. Who may: who convenes it. Raises `Refusal`:
    `no_such_session`, `not_open`, `no_such_person`, `too_many`, `pairs_are_made`.
    """
    with transaction.atomic():
        row = convened(actor, session, PLANNED, ROUND_1)
        wanted = set(people)
        staff = {one.id for one in rosters.staff(on=actor.today, limit=100_000)} if wanted else set()
        if wanted - staff:
            raise Refusal("no_such_person", "A rater is an adult who works in a school today.")
        known = {one.person_id: one for one in row.raters.all()}
        if row.state == ROUND_1 and row.way in (PAIRS, TRIADS) and wanted - set(known):
            raise Refusal("pairs_are_made", "The pairs and triads are made: somebody new would be alone.")
        if len(known) + len(wanted - set(known)) > MOST_RATERS:
            raise Refusal("too_many", Sentence("A session holds %(most)s raters.", most=MOST_RATERS))
        places = rosters.schools_of_staff(person_ids=sorted(wanted), on=actor.today)
        fresh = []
        for person in sorted(wanted - set(known)):
            # Somebody of several schools counts with the first of them, so that no school counts a rater twice.
            school = min(places.get(person, {None}), key=lambda one: one or 0)
            fresh.append(
                SessionRater.objects.create(session=row, person_id=person, school_id=school, joined_at=at)
            )
        if row.state == ROUND_1:
            for one in fresh:
                _seat_late(row, one)
        if fresh:
            _audit(actor, "invite_raters", row, at, n=len(fresh))
        return len(fresh)


def withdraw_rater(*, actor: Viewer, session: UUID, rater: int, at: datetime) -> None:
    """This will let a rater leave a session before the reveal: the seats and what was scored on them go.

    Written: rater, seats, scores, audit entry. Who may: who convenes it, and the rater. Raises `Refusal`: `no_such_session`,
    `no_such_person`, `not_open`.
    """
    with transaction.atomic():
        row, own = _in_it(actor, session, PLANNED, ROUND_1)
        found = row.raters.filter(pk=rater, withdrawn_at=None).first()
        if found is None or (own and found.person_id != actor.person_id):
            raise Refusal("no_such_person", "There is no such rater in this session.")
        if row.state == PLANNED:
            found.delete()
        else:
            found.withdrawn_at = at
            found.save(update_fields=["withdrawn_at"])
            found.seats.all().delete()
        _audit(actor, "withdraw_rater", row, at)


def _seat_late(row: CalibrationSession, rater: SessionRater) -> None:
    """Give a late rater everything, or as many works as the others have: those that fewest score."""
    works = list(row.works.order_by("number"))
    if row.way != EVERYBODY:
        load = dict.fromkeys((one.pk for one in works), 0)
        for key in Seat.objects.filter(work__session=row).values_list("work_id", flat=True):
            load[key] += 1
        others = max(1, row.raters.filter(withdrawn_at=None).exclude(pk=rater.pk).count())
        mine = -(-sum(load.values()) // others)
        works = sorted(works, key=lambda one: (load[one.pk], one.number))[:mine]
    _seat(row, {rater: works})


# Who scores what.


def precision(
    *, raters: int, works: int, criteria: int, categories: int, way: str, per_work: int, seed: int = 0,
    schools: Sequence[str] | None = None,
) -> Precision:  # fmt: skip
    """Return what a plan is expected to tell, before it is opened. No statement."""
    try:
        plan = _planned(raters, works, criteria, categories, way, per_work, seed, schools)
    except FacetsRefused as refused:
        return Precision(per_work, (0, 0), 0, None, False, refused.code)
    load, errors = plan.design.load, plan.error_levels
    known = errors[np.isfinite(errors)]
    return Precision(
        plan.per_piece, (int(load.min()), int(load.max())), int(load.min()) * criteria,
        float(known.max()) if len(known) and plan.per_piece > 1 else None, plan.tells,
    )  # fmt: skip


def _planned(
    raters: int, works: int, criteria: int, categories: int, way: str, per_work: int, seed: int, schools: Sequence[str] | None
) -> RatingPlan:  # fmt: skip
    fixed = {EVERYBODY: raters, PAIRS: 2, TRIADS: 3}.get(way, min(per_work, raters))
    if way == LINKED and per_work == 0:
        return least_plan(raters, works, criteria, seed, school=schools, categories=categories)
    rng = np.random.default_rng(seed)
    return plan_with(raters, works, fixed, criteria, rng, school=schools, categories=categories)


def usual_way(*, raters: int, works: int) -> str:
    """Return how so many raters score so many works unless somebody chooses otherwise."""
    return EVERYBODY if raters * works <= SMALL_ROOM else LINKED


def open_session(*, actor: Viewer, session: UUID, looked: bool, at: datetime) -> None:
    """This will open the blind round: who scores what is fixed, works are numbered anew, each rater gets an order of their own.

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
        _number_anew(row, works)
        _seat(row, _assigned(row, raters, works))
        row.state, row.opened_at = ROUND_1, at
        row.save(update_fields=["state", "opened_at"])
        _audit(actor, "open_calibration", row, at, raters=len(raters), works=len(works))


def _assigned(
    row: CalibrationSession, raters: list[SessionRater], works: list[SessionWork]
) -> dict[SessionRater, list[SessionWork]]:
    if row.way == EVERYBODY:
        return dict.fromkeys(raters, works)
    version = row.version
    schools = [str(one.school_id or "") for one in raters]
    try:
        plan = _planned(len(raters), len(works), version.criteria.count(), max(2, len(version.levels)), row.way, row.per_work,
                        row.seed, schools)  # fmt: skip
    except FacetsRefused as refused:
        raise Refusal(
            "cannot_link",
            "These works do not tie all raters together: add works, or let each be scored by more raters.",
        ) from refused
    found: dict[SessionRater, list[SessionWork]] = {one: [] for one in raters}
    for work, chosen in zip(works, _apart(row, raters, works, plan.design.raters_of.tolist()), strict=True):
        for place in chosen:
            found[raters[place]].append(work)
    return found


def _apart(
    row: CalibrationSession, raters: list[SessionRater], works: list[SessionWork], seats: list[list[int]]
) -> list[list[int]]:
    """Return the plan with seats exchanged so that nobody scores a student they teach, where an exchange does it."""
    taught = rosters.taught_by(person_ids=[one.person_id for one in raters])
    students = [one.sample.student_id for one in row.works.select_related("sample").order_by("id")]

    def own(place: int, work: int) -> bool:
        return students[work] in taught.get(raters[place].person_id, ())

    for work, chosen in enumerate(seats):
        for seat, place in enumerate(chosen):
            if not own(place, work):
                continue
            for other, taken in enumerate(seats):
                swap = next((n for n, one in enumerate(taken) if one not in chosen and place not in taken
                             and not own(one, work) and not own(place, other)), None)  # fmt: skip
                if swap is not None:
                    chosen[seat], taken[swap] = taken[swap], place
                    break
    return seats


def _number_anew(row: CalibrationSession, works: list[SessionWork]) -> None:
    """Number works at random: neither the order in which they came nor who brought them is told by a number."""
    numbers = list(range(1, len(works) + 1))
    random.Random(row.seed).shuffle(numbers)  # noqa: S311  an order, no secret
    held = set(row.works.filter(sample__anchor=True).values_list("id", flat=True))
    for n, one in enumerate(works, 1):
        one.number, one.as_anchor = -n, one.pk in held
    SessionWork.objects.bulk_update(works, ["number", "as_anchor"])
    for one, number in zip(works, numbers, strict=True):
        one.number = number
    SessionWork.objects.bulk_update(works, ["number"])


def _seat(row: CalibrationSession, assigned: dict[SessionRater, list[SessionWork]]) -> None:
    seats = []
    for rater, works in assigned.items():
        order = sorted(works, key=lambda one: one.number)
        random.Random(f"{row.seed}-{rater.pk}").shuffle(order)  # noqa: S311  an order, no secret
        seats += [Seat(rater=rater, work=one, place=place) for place, one in enumerate(order, 1)]
    Seat.objects.bulk_create(seats, batch_size=500)


# Who may.


def convened(actor: Viewer, session: UUID, *states: str) -> CalibrationSession:
    """Return a session that the actor convenes, locked; in one of these states, where any are named.

    Raises `Refusal`: `no_such_session`, and where the state is another `not_planned` or `not_open`.
    """
    row = CalibrationSession.objects.select_for_update().filter(uuid=session).first()
    if row is None or not convenes(actor, row.made_by_id):
        raise Refusal("no_such_session", "There is no such session.")
    _require_state(row, states)
    return row


def convenes(viewer: Viewer, made_by: int | None) -> bool:
    """Whether the viewer convenes a session that this person planned: its planner, and the district."""
    if viewer.is_a(Role.DISTRICT):
        return True
    return viewer.is_a(*CONVENERS) and made_by is not None and made_by == viewer.person_id


def _in_it(actor: Viewer, session: UUID, *states: str) -> tuple[CalibrationSession, bool]:
    """Return a session that the actor convenes or rates in, locked, and whether they are its rater only."""
    row = CalibrationSession.objects.select_for_update().filter(uuid=session).first()
    if row is not None and convenes(actor, row.made_by_id):
        _require_state(row, states or (PLANNED,))
        return row, False
    rates = row is not None and row.raters.filter(person_id=actor.person_id or 0, withdrawn_at=None).exists()
    if row is None or not rates or not actor.is_a(*STAFF):
        raise Refusal("no_such_session", "There is no such session.")
    _require_state(row, states or (PLANNED,))
    return row, True


def _require_state(row: CalibrationSession, states: Sequence[str]) -> None:
    if not states or row.state in states:
        return
    if PLANNED in states and len(states) == 1:
        raise Refusal("not_planned", "The session is open already: this is changed before it opens.")
    raise Refusal("not_open", "The session does not stand where this can be done.")


def _audit(actor: Viewer, act: str, row: CalibrationSession, at: datetime, **detail: object) -> None:
    record_act(actor=actor, act=act, kind="calibration", object_id=row.uuid, detail=detail, at=at)


def scores_of(seats: Iterable[int], round_: int) -> dict[int, dict[int, Score]]:
    """Return what was given on these seats (row keys) in a round: seat → criterion → score. One statement."""
    found: dict[int, dict[int, Score]] = {}
    for one in Score.objects.filter(seat_id__in=list(seats), round=round_):
        found.setdefault(one.seat_id, {})[one.criterion_id] = one
    return found
