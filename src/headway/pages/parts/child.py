"""How one child is, in words: a sentence for each subject, the pace, newest work, habits apart, something to try at home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.kit.times import from_micros
from headway.pages.parts import feedback, tags
from headway.pages.parts.feedback import FOR_FAMILY, Said
from headway.pages.parts.growth import growth_of
from headway.pages.parts.learning import (
    Learner,
    against_grade,
    few,
    few_subjects,
    grade_in_sentence,
    grade_title,
    language,
    level_of,
    steps,
    tree_of,
)
from headway.pages.parts.pace import PaceView, pace_views
from headway.pages.parts.stations import without_level
from headway.proficiency.queries import Line, NextStep
from headway.proficiency.types import REACHED

OLD_DAYS = 365


@dataclass(frozen=True, slots=True)
class Area:
    """One subject in words: where the child works, what comes next, the pace where a plan has dates."""

    name: str
    sentence: str
    next: str
    target: int | None
    pace: PaceView | None


@dataclass(frozen=True, slots=True)
class Home:
    """Something to try at home: the next target in a family's words."""

    name: str
    line: str
    told: str


@dataclass(frozen=True, slots=True)
class Habits:
    """Habits of learning, apart: what was shown, what is in practice now."""

    shown: list[tuple[str, str]]
    now: str


@dataclass(frozen=True, slots=True)
class Child:
    """Everything that a family reads about one child."""

    person: Any
    given: str
    over: str
    headline: str
    beside: str
    areas: list[Area]
    habits: Habits | None
    home: Home | None
    said: list[Said]
    paces: list[PaceView]


def children(learners: Sequence[Learner], *, whole: bool) -> list[Child]:
    """Return what families read about children; `whole` adds growth, which takes longer. Statements grow by one a child."""
    paces = pace_views(learners)
    said = feedback.newest(learners, limit=2, purposes=FOR_FAMILY) if learners else {}
    return [_child(one, paces[one.person.id], said[one.person.id], whole) for one in learners]


def _child(learner: Learner, paces: list[PaceView], said: list[Said], whole: bool) -> Child:
    found = steps(learner)
    lines, (said_first, beside) = learner.academic, headline(learner)
    areas = [_area(learner, line, found[line.framework.id], paces, whole) for line in lines]
    first = next(
        (line for line in lines if found[line.framework.id] and line.working.level is not None), None
    )
    home = None
    if first is not None:
        node = found[first.framework.id][0].node
        home = Home(node.called(language()), first.framework.called(language()), node.told(language()))
    return Child(
        person=learner.person, given=learner.given,
        over=" · ".join(part for part in (learner.person.name(), grade_title(learner.grade)) if part),
        headline=said_first, beside=beside, areas=areas, habits=_habits(learner, found), home=home, said=said, paces=paces,
    )  # fmt: skip


def headline(learner: Learner) -> tuple[str, str]:
    """Say how the child is in one short sentence, built around the name; and beside it how long the longest way is, and which
    subjects have no rated work."""
    begun = [line for line in learner.academic if line.working.level is not None]
    said = {"name": learner.given, "grade": grade_in_sentence(learner.grade)}
    if not begun:
        return _("There is no rated work of %(name)s yet.") % said, ""
    bare = [line.framework.called(language()) for line in learner.academic if line.working.level is None]
    more = _("No rated work yet in: %(lines)s.") % {"lines": ", ".join(bare)} if bare else ""
    known = [line for line in begun if line.expected is not None and learner.grade]
    if not known:
        return ngettext("%(name)s is at work in %(n)s subject.", "%(name)s is at work in %(n)s subjects.", len(begun)) % {
            **said, "n": few_subjects(len(begun))}, more  # fmt: skip
    there = [line for line in known if (line.working.level or 0) >= (line.expected or 0)]
    if len(there) == len(known):
        if bare:
            return _(
                "%(name)s works where %(grade)s is now, or above, in every subject with rated work."
            ) % said, more
        return _("%(name)s works where %(grade)s is now, or above, in every subject.") % said, ""
    if not there:
        return _(
            "%(name)s is on the way to where %(grade)s is now. What comes next is named below."
        ) % said, more
    said["of"] = few_subjects(len(known))
    far = _longest(known[0])
    if 2 * len(there) < len(known):
        said["n"] = few_subjects(len(known) - len(there))
        most = _("%(name)s is on the way to where %(grade)s is now in %(n)s of %(of)s subjects.") % said
    else:
        said["n"] = few_subjects(len(there))
        most = _("%(name)s works where %(grade)s is now, or above, in %(n)s of %(of)s subjects.") % said
    return most, f"{far} {more}".strip()


def _longest(line: Line) -> str:
    """Say how many levels the line that most needs work has to go."""
    apart = (line.expected or 0) - (line.working.level or 0)
    said = {"line": line.framework.called(language()), "n": few(apart)}
    return ngettext("%(line)s has one level to go.", "%(line)s has %(n)s levels to go.", apart) % said


def _area(
    learner: Learner, line: Line, next_steps: list[NextStep], paces: list[PaceView], whole: bool
) -> Area:
    step = next_steps[0] if next_steps else None
    pace = next((one for one in paces if line.framework.id in one.continuums), None)
    parts = (_sentence(learner, line, whole), age_of(learner, line), joined(line, pace))
    return Area(
        name=line.framework.called(language()), sentence=" ".join(part for part in parts if part),
        next=step.node.called(language()) if step else "", target=step.node.id if step else None,
        pace=pace,
    )  # fmt: skip


def age_of(learner: Learner, line: Line) -> str:
    """Say from when the newest work of a line is, where that is more than a year ago; nothing where it is newer."""
    if line.working.level is None or not line.last_observed_us:
        return ""
    newest = from_micros(line.last_observed_us).astimezone(learner.m.zone).date()
    if (learner.m.day - newest).days <= OLD_DAYS:
        return ""
    return _("This is from work up to %(month)s.") % {"month": date_format(newest, "YEAR_MONTH_FORMAT")}


def joined(line: Line, pace: PaceView | None) -> str:
    """Say how pace and level go together where they point apart; nothing where they do not."""
    if pace is None or line.working.level is None or line.expected is None:
        return ""
    below = line.working.level < line.expected
    if pace.kind == "ahead" and below:
        return _(
            "Ahead of the plan and below the grade: the plan counts the pieces that are in, the level says what they show."
        )
    if pace.kind == "behind" and not below:
        return _(
            "Behind the plan and not below the grade: the plan counts the pieces that are in, the level says what they show."
        )
    return ""


def _sentence(learner: Learner, line: Line, whole: bool) -> str:
    if line.working.level is None:
        return _("No rated work yet.") if line.last_observed_us is None else f"{without_level(line)}."
    said = {"level": line.working.level, "where": against_grade(line, learner.grade)}
    growth = growth_of(learner, line).rate if whole else None
    if growth is not None and growth >= 1:
        if said["where"]:
            sentence = (
                _("Works at level %(level)s, %(where)s, and grows by a level a school year or more.") % said
            )
        else:
            sentence = _("Works at level %(level)s and grows by a level a school year or more.") % said
    elif said["where"]:
        sentence = _("Works at level %(level)s, %(where)s.") % said
    else:
        sentence = _("Works at level %(level)s.") % said
    reached = ngettext(
        "%(reached)s of %(n)s target there is reached.",
        "%(reached)s of %(n)s targets there are reached.",
        line.working.targets,
    ) % {"reached": line.working.reached, "n": line.working.targets}
    return f"{sentence} {reached}"


def _habits(learner: Learner, found: dict[int, list[NextStep]]) -> Habits | None:
    shown, now = [], ""
    for line in learner.habits:
        for node in tree_of(line).targets(on=learner.m.day):
            standing = learner.standings.get((learner.person.id, node.id))
            if standing is not None and standing.state in REACHED and (node.level or 1) == level_of(line):
                words = tags.say(standing.state, standing.value, learner.effective(node).scale)
                shown.append((node.called(language()), words))
        if found[line.framework.id] and not now:
            now = found[line.framework.id][0].node.called(language())
    return Habits(shown[:3], now) if shown or now else None
