"""What is sensitive about a learner, apart: the student's own targets, English, consents to screeners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.evidence.queries import OwnRating
from headway.frameworks import queries as frameworks
from headway.pages.parts import tags
from headway.proficiency import queries
from headway.proficiency.queries import Moment
from headway.profiles import queries as profiles
from headway.profiles.types import ConsentView, DecisionView, ModificationView, StatusView


@dataclass(frozen=True, slots=True)
class Step:
    """One level of an own target: its mark, its own descriptor, and whether the newest rating is there."""

    mark: Any
    words: str
    here: bool


@dataclass(frozen=True, slots=True)
class Own:
    """A target of the student's own: in the place of which, its levels, its newest rating and how many there are."""

    one: ModificationView
    place: str
    steps: list[Step]
    newest: OwnRating | None
    said: str
    n: int
    due: bool


@dataclass(frozen=True, slots=True)
class Supports:
    """Everything of the page; `line` is the continuum of the language's own development, where the district names one."""

    own: list[Own]
    statuses: list[tuple[StatusView, str]]
    consents: list[ConsentView]
    decisions: list[tuple[DecisionView, str, str]]
    line: int | None


def status_words() -> dict[str, str]:
    """Return what a student is as an English learner, in words."""
    return {
        "english_learner": _("English learner"), "monitored": _("No longer an English learner, monitored"),
        "former": _("Formerly an English learner"),
    }  # fmt: skip


def supports(m: Moment, student: Any, *, viewer: Viewer, at_school: bool) -> Supports:
    """Return what stands on the day. Seven statements; ratings that are held for adults of the school only."""
    words = status_words()
    held = profiles.modifications_of(m, student=student.id, held=at_school)
    return Supports(
        own=[_own(m, student, one) for one in held],
        statuses=[(one, words[one.status]) for one in profiles.language_statuses(student=student.id)
                  if one.starts_on <= m.day],
        consents=profiles.consents_of(m, student=student.id),
        decisions=[(one, *decided(m, one)) for one in profiles.decisions_of(m, viewer=viewer, student=student.id)],
        line=_line(profiles.settings(m.book).language_continuum),
    )  # fmt: skip


def decided(m: Moment, one: DecisionView) -> tuple[str, str]:
    """Return the decision point and what was decided in words; what the district names no longer keeps its key."""
    language = get_language() or "en"
    point = profiles.decision_points(m.book).get(one.point)
    if point is None:
        return one.point, one.option
    return point.name.get(language, point.name["en"]), point.options.get(one.option, {}).get(
        language, one.option
    )


def _own(m: Moment, student: Any, one: ModificationView) -> Own:
    scale = queries.effective_for(m, student=student.id, target=one.target).scale
    newest = next((rating for rating in one.ratings if rating.level is not None), None)
    levels = [round(level["value"] * 100) for level in scale["levels"]]
    steps = [
        Step(tags.draw("level", level, scale), text, newest is not None and newest.level == level)
        for level, text in zip(levels, one.descriptors, strict=False)
    ]
    return Own(
        one, frameworks.node(one.target).called(get_language() or "en"), steps, newest,
        tags.say("level", newest.level, scale) if newest else "", len(one.ratings), _due(one.review_on, m.day),
    )  # fmt: skip


def _due(review_on: date | None, day: date) -> bool:
    return review_on is not None and review_on <= day


def _line(key: str) -> int | None:
    found = frameworks.frameworks(at=frameworks.remembered_stamp()) if key else ()
    return next((one.id for one in found if one.key == key), None)
