"""Who scores what: what a plan is expected to tell, and the seats that are fixed when a round opens."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from headway.calibration.models import CalibrationSession, Seat, SessionRater, SessionWork
from headway.calibration.types import EVERYBODY, LINKED, PAIRS, TRIADS, Precision
from headway.kit.refusals import Refusal
from headway.rosters import queries as rosters
from headway.science.facets.planning import RatingPlan, least_plan, plan_with
from headway.science.facets.ratings import FacetsRefused

SMALL_ROOM = 160
"""Up to so many scorings of a work, all raters together, everybody scores everything unless the plan says otherwise."""


def precision(
    *, raters: int, works: int, criteria: int, categories: int, way: str, per_work: int, seed: int = 0,
    schools: Sequence[str] | None = None,
) -> Precision:  # fmt: skip
    """Return what a plan is expected to tell, before it is opened. No statement."""
    try:
        plan = _planned(
            raters, works, criteria, categories, way, per_work, seed, tuple(schools) if schools else None
        )
    except FacetsRefused as refused:
        return Precision(per_work, (0, 0), 0, None, False, refused.code)
    load, errors = plan.design.load, plan.error_levels
    known = errors[np.isfinite(errors)]
    return Precision(
        plan.per_piece, (int(load.min()), int(load.max())), int(load.min()) * criteria,
        float(known.max()) if len(known) and plan.per_piece > 1 else None, plan.tells,
    )  # fmt: skip


@lru_cache(maxsize=32)
def _planned(
    raters: int, works: int, criteria: int, categories: int, way: str, per_work: int, seed: int, schools: tuple[str, ...] | None
) -> RatingPlan:  # fmt: skip
    """Return the plan of a design, which all that it depends on names: a page that is opened again works nothing out anew."""
    fixed = {EVERYBODY: raters, PAIRS: 2, TRIADS: 3}.get(way, min(per_work, raters))
    if way == LINKED and per_work == 0:
        return least_plan(raters, works, criteria, seed, school=schools, categories=categories)
    rng = np.random.default_rng(seed)
    return plan_with(raters, works, fixed, criteria, rng, school=schools, categories=categories)


def usual_way(*, raters: int, works: int) -> str:
    """Return how so many raters score so many works unless somebody chooses otherwise."""
    return EVERYBODY if raters * works <= SMALL_ROOM else LINKED


def assigned(
    row: CalibrationSession, raters: list[SessionRater], works: list[SessionWork]
) -> dict[SessionRater, list[SessionWork]]:
    if row.way == EVERYBODY:
        return dict.fromkeys(raters, works)
    version = row.version
    schools = tuple(str(one.school_id or "") for one in raters)
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
    return exchanged(
        seats, lambda place, work: students[work] in taught.get(raters[place].person_id, ())
    )  # fmt: skip


def exchanged(seats: list[list[int]], own: Callable[[int, int], bool]) -> list[list[int]]:
    """Return the raters of each work with places exchanged so that no rater is at a work of their own, where that can be.

    Every rater keeps as many works and every work as many raters, and all stay tied together: an exchange that would cut some
    off from the others is not made.
    """
    for work, chosen in enumerate(seats):
        for seat, place in enumerate(chosen):
            if not own(place, work):
                continue
            for other, taken in enumerate(seats):
                free = [n for n, one in enumerate(taken) if one not in chosen and place not in taken
                        and not own(one, work) and not own(place, other)]  # fmt: skip
                if any(_exchange(seats, (work, seat), (other, swap)) for swap in free):
                    break
    return seats


def _exchange(seats: list[list[int]], here: tuple[int, int], there: tuple[int, int]) -> bool:
    """Exchange two places if all raters stay tied together by works; say whether it was done."""
    (work, seat), (other, swap) = here, there
    before = _parts(seats)
    seats[work][seat], seats[other][swap] = seats[other][swap], seats[work][seat]
    if _parts(seats) <= before:
        return True
    seats[work][seat], seats[other][swap] = seats[other][swap], seats[work][seat]
    return False


def _parts(seats: list[list[int]]) -> int:
    """Return into how many parts raters fall of whom none shares a work with one of another part."""
    return len(_tied(seats))


def _tied(seats: Iterable[Iterable[int]]) -> list[set[int]]:
    """Return the parts into which raters fall, from the raters of each work."""
    parts: list[set[int]] = []
    for own in filter(None, map(set, seats)):
        apart = [one for one in parts if not one & own]
        parts = [*apart, own.union(*(one for one in parts if one & own))]
    return parts


def number_anew(row: CalibrationSession, works: list[SessionWork]) -> None:
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


def seat(row: CalibrationSession, assigned: dict[SessionRater, list[SessionWork]]) -> None:
    seats = []
    for rater, works in assigned.items():
        order = sorted(works, key=lambda one: one.number)
        random.Random(f"{row.seed}-{rater.pk}").shuffle(order)  # noqa: S311  an order, no secret
        seats += [Seat(rater=rater, work=one, place=place) for place, one in enumerate(order, 1)]
    Seat.objects.bulk_create(seats, batch_size=500)


def seat_late(row: CalibrationSession, rater: SessionRater) -> int:
    """Give somebody who comes late, or comes back, everything, or about as many works as the others have; returns how many.

    First one work of each part into which the raters fall, then those that fewest score; of a student they teach last. In pairs
    and triads only works that somebody left, so that each is scored by as many as planned.
    """
    works = list(row.works.select_related("sample").order_by("number"))
    if row.way != EVERYBODY:
        scored: dict[int, set[int]] = {one.pk: set() for one in works}
        for work, who in Seat.objects.filter(work__session=row).values_list("work_id", "rater_id"):
            scored[work].add(who)
        most = {PAIRS: 2, TRIADS: 3}.get(row.way)
        others = max(1, row.raters.filter(withdrawn_at=None).exclude(pk=rater.pk).count())
        planned = sum(map(len, scored.values())) if most is None else most * len(works)
        mine = -(-planned // (others if most is None else others + 1))
        taught = rosters.taught_by(person_ids=[rater.person_id]).get(rater.person_id, ())
        works.sort(key=lambda one: (one.sample.student_id in taught, len(scored[one.pk]), one.number))
        works = [one for one in works if most is None or len(scored[one.pk]) < most]
        works = [*_one_of_each(works, scored), *works]
        works = list({one.pk: one for one in works}.values())[:mine]
    seat(row, {rater: works})
    return len(works)


def _one_of_each(works: list[SessionWork], scored: Mapping[int, set[int]]) -> list[SessionWork]:
    """Return the first work of each part of the raters who are tied by works; nothing where all are tied."""
    parts = _tied(scored.values())
    found = [next((one for one in works if scored[one.pk] & part), None) for part in parts]
    return [one for one in found if one is not None] if len(parts) > 1 else []
