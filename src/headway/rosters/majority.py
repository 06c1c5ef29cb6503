"""Coming of age: from which birthday the rights of a family are the student's own, and what lets a parent go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db.models import Exists, OuterRef, Q

from headway.rosters.models import Demographics, KeptCare
from headway.rosters.types import BASES, CONSENT, Majority

_RULES: list[Callable[[], Majority]] = []


def register_majority(rule: Callable[[], Majority]) -> None:
    """Register the function that says what the district's policy holds now. It takes no statement within a request."""
    _RULES[:] = [rule]


def majority() -> Majority:
    """Return the district's rule; 18 years and nobody without consent where none is registered."""
    return _RULES[0]() if _RULES else Majority(18, "none")


def born_by(day: date, age: int) -> date:
    """Return the last day of birth on which somebody is `age` years old on `day`; of 29 February on 1 March in common years."""
    try:
        return day.replace(year=day.year - age)
    except ValueError:
        return day.replace(year=day.year - age, day=28)


def bases(rule: Majority) -> tuple[str, ...]:
    """Return what lets a parent go on under a rule."""
    return BASES if rule.parents_keep == "dependents" else (CONSENT,)


def of_age(student: str, day: date) -> Exists:
    """Return the condition that the student in column `student` has come of age by the day."""
    born = born_by(day, majority().age)
    return Exists(Demographics.objects.filter(person_id=OuterRef(student), birth_on__lte=born))


def still_cared(student: str, guardian: str, day: date, holds: Q) -> Q:
    """Return the condition that the link between two columns still opens the record: not of age, or kept on."""
    kept = KeptCare.objects.filter(
        holds, student_id=OuterRef(student), guardian_id=OuterRef(guardian), basis__in=bases(majority())
    )
    return ~Q(of_age(student, day)) | Q(Exists(kept))
