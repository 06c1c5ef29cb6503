"""The survey of assessment practice: one wave a school year, answered once, kept without whose answer it is."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction

from headway.access.actions import record_act
from headway.access.types import SYSTEM, Viewer
from headway.calibration import capacity
from headway.calibration.models import CapacityAnswer, CapacityAnswered, CapacityReading
from headway.calibration.types import ANSWERERS, CAPACITY_LEVELS, STATEMENTS, SurveyView
from headway.kit.refusals import Refusal
from headway.rosters import queries as rosters

TURN = 7
"""The month with which a school year begins where the roster has none for the day."""


def wave_on(day: date) -> int:
    """Return the school year of a day by the calendar year in which it ends. One statement."""
    for one in rosters.terms(kind="schoolYear"):
        if one.starts_on <= day <= one.ends_on:
            return one.school_year
    return day.year + (day.month >= TURN)


def may_answer(viewer: Viewer) -> bool:
    """Whether the viewer is asked: who rates or helps those who do, and stands in the roster."""
    return viewer.is_a(*ANSWERERS) and viewer.person_id is not None


def survey(*, viewer: Viewer) -> SurveyView | None:
    """Return this year's survey as the viewer stands to it; None for who is not asked. Up to five statements."""
    if not may_answer(viewer):
        return None
    wave = wave_on(viewer.today)
    done = CapacityAnswered.objects.filter(person=viewer.person_id, wave=wave).exists()
    return SurveyView(wave, done, tuple((key, name) for key, (_, name) in _schools(viewer).items()))


def _schools(viewer: Viewer) -> dict[str, tuple[int, str]]:
    """Return row key and name of the schools in which the viewer works, by sourcedId, in the order of their names."""
    who = viewer.person_id or 0
    keys = rosters.schools_of_staff(person_ids=[who], on=viewer.today).get(who, set())
    return {one.sourced_id: (one.pk, one.name) for one in rosters.schools() if one.pk in keys} if keys else {}


def answer_survey(
    *, actor: Viewer, levels: Mapping[str, int], help: Collection[str], school: str = "", at: datetime
) -> None:
    """This will keep the actor's answers without the actor, and that they have answered, in one transaction.

    `school` says for which of the actor's schools, where they work in several. Raises `Refusal`: `not_asked`,
    `statements_missing`, `school_missing`, `answered_already`. The audit trail holds no entry of it, because its time and name
    would stand beside the answers; it says when what leaders read was made anew. Who may: teachers, advisors, coaches.
    """
    if not may_answer(actor):
        raise Refusal("not_asked", "The survey asks teachers, advisors and coaches.")
    if set(levels) != set(STATEMENTS) or not set(levels.values()) <= set(CAPACITY_LEVELS):
        raise Refusal("statements_missing", "Choose a level for every statement.")
    place = _place(actor, school)
    wave = wave_on(actor.today)
    with transaction.atomic():
        _once(actor, wave)
        # One answer of a wave at a time: each writes the rows of its school, and the reading, anew.
        CapacityReading.objects.get_or_create(wave=wave)
        reading = CapacityReading.objects.select_for_update().get(wave=wave)
        _keep(
            place, wave, {key: levels[key] for key in STATEMENTS}, [key for key in STATEMENTS if key in help]
        )
        _tell(reading, at)


def _place(actor: Viewer, school: str) -> int | None:
    """Return the row key of the school that is answered for; None for who works at none."""
    found = _schools(actor)
    if len(found) < 2:
        return next((key for key, _ in found.values()), None)
    if school not in found:
        raise Refusal("school_missing", "Choose for which of your schools you answer.")
    return found[school][0]


def _once(actor: Viewer, wave: int) -> None:
    """Note that the actor answers this wave; of two requests at once the database lets one through."""
    try:
        with transaction.atomic():
            CapacityAnswered.objects.create(person_id=actor.person_id, wave=wave)
    except IntegrityError:
        raise Refusal("answered_already", "You have answered this year; answers are kept once.") from None


def _keep(school: int | None, wave: int, levels: dict[str, int], wished: list[str]) -> None:
    """Write all answers of the school anew, with new random keys and in their order.

    A database keeps rows in the order in which they came, whatever their keys: beside who answered in which order, that
    would say whose the newest row is.
    """
    rows = CapacityAnswer.objects.filter(school=school, wave=wave)
    kept = [(one.levels, one.help) for one in rows]
    rows.delete()
    made = [
        CapacityAnswer(id=uuid.uuid4(), school_id=school, wave=wave, levels=one, help=each)
        for one, each in [*kept, (levels, wished)]
    ]
    CapacityAnswer.objects.bulk_create(sorted(made, key=lambda one: one.id))


def _tell(reading: CapacityReading, at: datetime) -> None:
    """Make what leaders read anew where enough came together since."""
    rows = CapacityAnswer.objects.filter(wave=reading.wave).values_list("school_id", "levels", "help")
    now = capacity.read((school or capacity.NOWHERE, levels, wished) for school, levels, wished in rows)
    lines = capacity.renewed([*reading.past, reading.lines], now)
    if lines != reading.lines:
        reading.past = [*reading.past, [{"schools": one["schools"], "n": one["n"]} for one in reading.lines]]
        reading.lines = lines
        reading.save(update_fields=["lines", "past"])
        record_act(actor=SYSTEM, act="tell_capacity", kind="survey", object_id=reading.wave, at=at)
