"""A line drawn as stations: the plate where a student works, the ring of the level expected for the grade."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from headway.pages.parts.learning import Learner, against_grade, grade_in_sentence, language
from headway.proficiency.queries import Line

LEFT, RIGHT, MIDDLE = 16.5, 379.5, 17
COLOURS = 12


@dataclass(frozen=True, slots=True)
class Station:
    """One level on the line: where it lies, whether it lies behind, and its ring."""

    x: float
    level: int
    passed: bool
    here: bool
    expected: bool
    colour: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line as a picture with its words: `note` beside it, `label` for those who do not see it."""

    id: int
    name: str
    note: str
    label: str
    stations: tuple[Station, ...]
    here: Station | None
    chosen: bool

    @property
    def done_to(self) -> float:
        return self.here.x if self.here else LEFT


def colour(level: int, levels: tuple[int, ...]) -> int:
    """Return the plate's colour, 1 to 12, spread over a continuum's own levels."""
    if level not in levels:
        return max(1, min(COLOURS, level))
    if len(levels) == 1:
        return COLOURS // 2
    return 1 + round(levels.index(level) * (COLOURS - 1) / (len(levels) - 1))


def drawn(learner: Learner, line: Line, *, note: str = "", chosen: bool = False) -> Drawn:
    """Return the picture of a line for any number of levels."""
    levels, at = line.levels, line.working.level
    gap = (RIGHT - LEFT) / (len(levels) - 1) if len(levels) > 1 else 0.0
    stations = tuple(
        Station(
            x=round(LEFT + gap * n, 1), level=level, passed=at is not None and level < at, here=level == at,
            expected=bool(learner.grade) and level == line.expected, colour=colour(level, levels),
        ) for n, level in enumerate(levels)
    )  # fmt: skip
    here = next((one for one in stations if one.here), None)
    return Drawn(
        line.framework.id, line.framework.called(language()), note or said(learner, line), _label(learner, line),
        stations, here, chosen,
    )  # fmt: skip


def said(learner: Learner, line: Line) -> str:
    """Say where a student works on a line: level, and how that lies beside the grade's level."""
    if line.working.level is None:
        return without_level(line) + _for_grade(learner, line)
    words = against_grade(line, learner.grade)
    level = _("Level %(level)s") % {"level": line.working.level}
    return f"{level}, {words}" if words else level


def without_level(line: Line) -> str:
    """Say why a line shows no level, to everybody in the same words."""
    if line.last_observed_us is None:
        return _("No evidence yet")
    return _("Nothing recent enough to show a level")


def _label(learner: Learner, line: Line) -> str:
    top = line.levels[-1] if line.levels else 0
    if line.working.level is None:
        return said(learner, line)
    label = _("Level %(level)s of %(top)s") % {"level": line.working.level, "top": top}
    return label + _for_grade(learner, line)


def _for_grade(learner: Learner, line: Line) -> str:
    if line.expected is None or not learner.grade:
        return ""
    return "; " + _("level for %(grade)s: %(level)s") % {
        "grade": grade_in_sentence(learner.grade), "level": line.expected}  # fmt: skip
