"""What to do next, in words: one step on a line, why it is next, and what one more piece would do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.kit import naming
from headway.pages.parts import tags
from headway.pages.parts.learning import Learner, against_grade, language
from headway.pages.parts.stations import colour
from headway.proficiency import queries
from headway.proficiency.queries import Line, NextStep, Standing
from headway.proficiency.types import REACHED
from headway.science.judgment import Judgment
from headway.science.proficiency import words

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Todo:
    """One next step as a row: `why` its reason; `idle_since` the line's last piece (microseconds) where that is long ago."""

    target: int
    name: str
    told: str
    line: int
    line_name: str
    level: int
    colour: int
    standing: Standing
    why: str
    idle_since: int | None


def todo(learner: Learner, line: Line, step: NextStep, *, now_us: int) -> Todo:
    """Return a step as pages show it."""
    standing = learner.standing(step.node)
    level = step.node.level or 1
    idle = None
    if line.last_observed_us:
        days = (now_us - line.last_observed_us) // DAY_US
        idle = (
            line.last_observed_us if days >= learner.m.book.settings["response"]["no_evidence_days"] else None
        )
    return Todo(
        step.node.id, step.node.called(language()), step.node.told(language()), line.framework.id,
        line.framework.called(language()), level, colour(level, line.levels), standing,
        reason(step) if line.working.level is not None
        else _("a new piece shows where you stand") if line.last_observed_us
        else _("a first piece shows where you stand"), idle,
    )  # fmt: skip


def reason(step: NextStep) -> str:
    """Say why a target is next."""
    if step.reason == "revise":
        if step.standing is not None and step.standing.filled >= step.standing.required:
            return _("enough pieces are in; a stronger one moves it")
        return _("begun and not reached yet")
    if step.reason == "ready":
        return _("everything it builds on is done")
    return _("builds on “%(name)s”, which is not reached yet") % {"name": step.missing[0].called(language())}


def line_reason(learner: Learner, line: Line) -> str:
    """Say why this line comes first."""
    where = against_grade(line, learner.grade)
    said = {"line": line.framework.called(language()), "level": line.working.level, "where": where}
    if line.working.level is None:
        return _("%(line)s has no evidence yet, so any piece helps.") % said
    if where and line.expected is not None and line.working.level < line.expected:
        return _("%(line)s has the longest way to go: you work at level %(level)s, %(where)s.") % said
    return _("%(line)s has waited longest for a new piece.") % said


def remaining(standing: Standing) -> str:
    """Say how much is still asked, for the last column of a table; never as a verdict."""
    state = standing.state
    if state in REACHED:
        return _("Done")
    if state in ("excused", "not_taught", "individual_goal"):
        return tags.state_words()[state]
    left = standing.required - standing.filled
    if left > 0:
        if standing.n_total == 0:
            return _("Not begun")
        return ngettext("%(n)s more piece", "%(n)s more pieces", left) % {"n": left}
    if state == "too_little":
        asked = lacking(standing.lacking)
        return asked[:1].upper() + asked[1:] if asked else _("Something else is still asked")
    return _("A stronger piece")


def bettering(judgment: Judgment, scale: dict[str, Any]) -> tuple[str, str] | None:
    """Return (level of one more piece, what it would make of the target) in words, or None where one piece is too few, or a
    teacher's decision stands, which no piece changes by itself."""
    found = None if judgment.decided else words.bettering(judgment.would_change, judgment.state)
    if found is None:
        return None
    # Where any level is enough, more work is asked and no better one: nobody is told to do worse.
    least = words.at_any(judgment.would_change, judgment.state, len(scale["levels"]))
    level = _("any level") if least else tags.say("level", round(found.level * 100), scale)
    return level, tags.say(found.state, found.shown, scale)


def would_change(judgment: Judgment, scale: dict[str, Any]) -> str:
    """Say what one more piece would do, with the names of the levels."""
    if judgment.decided:
        return naming.say(words.DECIDED[language()])
    found = bettering(judgment, scale)
    if found:
        said = _("One more piece at %(level)s makes this %(result)s.") % {
            "level": found[0],
            "result": found[1],
        }
        also = lacking((name, *pair) for name, pair in judgment.missing.items() if name != "pieces")
        return (
            f"{said} {_('It has to bring what is still asked: %(asked)s.') % {'asked': also}}"
            if also
            else said
        )
    if judgment.state in REACHED:
        return _("This target is reached. A piece beyond it is always welcome.")
    asked = missing(judgment)
    if asked:
        return _("One piece alone does not change it yet. Still asked: %(asked)s.") % {"asked": asked}
    return _("One piece alone does not change it yet; several at the next level do.")


def lacking(asked: Iterable[Sequence[Any]]) -> str:
    """Say what (name, have, need) is asked and not shown yet, as a standing or a card holds it."""
    return naming.say(words.lacking({name: (have, need) for name, have, need in asked}, language()))


def missing(judgment: Judgment) -> str:
    """Say what is asked and not shown yet."""
    return lacking((name, *pair) for name, pair in judgment.missing.items())


def judged(learner: Learner, target: int) -> queries.Explained:  # type: ignore[name-defined]
    """Return the determination of one target with its reasons. No statement."""
    return queries.judge(learner.m, student=learner.person.id, target=target, rows=learner.rows)
