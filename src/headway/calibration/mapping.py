"""The capacity map: what adults say they can do, beside what the ledger says is done, by school. Read only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from headway.access.types import Role, Viewer
from headway.calibration import capacity
from headway.calibration.capacity import NOWHERE, Count, Line
from headway.calibration.models import CapacityReading, SessionRater
from headway.calibration.surveying import wave_on
from headway.calibration.types import FINISHED, INDICATORS, MEANS, CapacityLine, CapacityView
from headway.evidence import queries as evidence
from headway.rosters import queries as rosters

YEAR = timedelta(days=365)
FEWEST = 10
APART: dict[str, Any] = {"value": None, "n": 0, "reasons": ["not_alone"]}
"""What a school's cell says where its figure stands with other schools', or there is none: which of the two is not told."""
FEW: dict[str, Any] = {"value": None, "n": 0, "reasons": ["too_few_together"]}
Figures = Mapping[str, Mapping[frozenset[int] | None, dict[str, Any]]]


def capacity_map(*, viewer: Viewer, at: datetime) -> CapacityView | None:
    """Return this year's answers beside the figures of the last year, for leaders: the schools they lead, what stands together,
    and all. None for anybody else. Ten statements.

    No answers of fewer than five, no figure of fewer than three adults or below the least number, never by adult.
    """
    if not viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return None
    led = rosters.schools_led(viewer=viewer)
    names = {one.pk: one.name for one in led}
    wave = wave_on(viewer.today)
    told = CapacityReading.objects.filter(wave=wave).values_list("lines", flat=True).first() or []
    least = max(FEWEST, int(rosters.district().settings.get("minimum_cell", FEWEST)))
    found = _figures(at, least)
    rows = [
        _line("all", "", told, {name: found[name].get(None, FEW) for name in INDICATORS}),
        *(_school(key, name, told, found) for key, name in names.items()),
    ]
    together = _line("together", "", _together(told), {name: _joined(found[name]) for name in INDICATORS})
    reads = viewer.is_a(Role.DISTRICT) or any(_stands_together(key, told, found) for key in names)
    if reads and (together.n or any(together.indicators.values())):
        rows.append(together)
    return CapacityView(wave, (at - YEAR).date(), viewer.today, least, tuple(rows))


def _school(key: int, name: str, told: list[Line], found: Figures) -> CapacityLine:
    own = [one for one in told if one["schools"] == [key]]
    return _line("school", name, own, {each: found[each].get(frozenset({key}), APART) for each in INDICATORS})


def _stands_together(key: int, told: list[Line], found: Figures) -> bool:
    return any(key in one["schools"] for one in _together(told)) or any(
        key in schools and len(schools) > 1 for each in found.values() for schools in each if schools
    )


def _together(told: list[Line]) -> list[Line]:
    return [one for one in told if len(one["schools"]) > 1 or one["schools"] == [NOWHERE]]


def _joined(found: Mapping[frozenset[int] | None, dict[str, Any]]) -> dict[str, Any]:
    """Return the figure of what stands together; empty where nothing does."""
    several = (one for schools, one in found.items() if schools and (len(schools) > 1 or NOWHERE in schools))
    return next(several, {})


def _line(kind: str, name: str, told: list[Line], indicators: Mapping[str, Any]) -> CapacityLine:
    if not told:
        return CapacityLine(kind, name, indicators=indicators)
    whole = capacity.summed(told)
    own, wish = capacity.shares(whole)
    levels = {key: tuple(counts) for key, counts in whole["levels"].items()}
    return CapacityLine(kind, name, whole["n"], levels, whole["help"], own, wish, indicators)


# From what is recorded.


def _figures(at: datetime, least: int) -> Figures:
    """Return each indicator of the year before `at` by the schools that it is of."""
    counts = _counts(at)
    adults = set().union(*counts.values())
    school_of = _one_school(adults, at)
    return {name: capacity.figures(counts[name], school_of, least, mean=name in MEANS) for name in INDICATORS}


def _one_school(adults: Iterable[int], at: datetime) -> dict[int, int]:
    """Return where each adult works: nowhere where it is at no school, or at several, for nobody says for which they rated."""
    found = rosters.schools_of_staff(person_ids=adults, on=at.date())
    return {adult: next(iter(schools)) if len(schools) == 1 else NOWHERE for adult, schools in found.items()}


def _counts(at: datetime) -> dict[str, dict[int, Count]]:
    """Return by indicator and adult how many of how many. Four statements."""
    done = evidence.practice(since=at - YEAR, until=at)
    raters = SessionRater.objects.filter(
        session__state=FINISHED, session__finished_at__gt=at - YEAR, session__finished_at__lte=at, withdrawn_at=None,
        submitted_1_at__isnull=False,
    )  # fmt: skip
    took_part = set(raters.values_list("person_id", flat=True))
    return {
        "rubric": {who: (one.by_rubric, one.ratings) for who, one in done.items()},
        "comment": {who: (one.commented, one.ratings) for who, one in done.items()},
        "pieces": {who: (one.pieces, one.decisions) for who, one in done.items()},
        "reason": {who: (one.reasoned, one.decisions) for who, one in done.items()},
        "bank": evidence.given_from_bank(since=at - YEAR, until=at),
        # A rater who gave no everyday rating is in both counts or in neither: here, in neither.
        "sessions": {who: (int(who in took_part), 1) for who, one in done.items() if one.ratings},
    }
