"""One student's plan as teachers, students and families read it: target by target, week by week, and the pace beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.frameworks import queries as frameworks
from headway.pages.parts import tags
from headway.pages.parts.asked import LookBack
from headway.pages.parts.learning import Learner, language, learners
from headway.pages.parts.pace import PaceView, pace_views
from headway.pages.parts.todo import remaining
from headway.plans import queries as plans
from headway.plans.types import PlanSteps, PlanView, Step, Week


@dataclass(frozen=True, slots=True)
class Row:
    """One target of the plan; `differs` says what the template asks where this student's plan asks something else.

    `asked` says what its level still asks where the pieces of the plan are in.
    """

    step: Step
    name: str
    told: str
    state: str
    boxes: SafeString
    differs: str
    level: SafeString
    asked: str


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One week in the table, with the names of what is due in it."""

    week: Week
    due: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    """What every reader's page of a plan shows."""

    learner: Learner
    plan: PlanView
    others: list[PlanView]
    found: PlanSteps
    pace: PaceView | None
    rows: list[Row]
    weeks: list[WeekRow]
    position: str


def plan_page(request: HttpRequest, person: Any, look: LookBack) -> PlanPage | None:
    """Return the plan that the address names, else the first; None where the student has none. Statements do not grow."""
    (learner,) = learners([person], as_of=look.as_of, now=request.moment, book=request.book)
    held = plans.plans_of([person.id], learner.m.day)[person.id]
    wanted = request.GET.get("plan", "")
    plan = next((one for one in held if one.plan == wanted or not wanted), None)
    if plan is None:
        if wanted:
            raise Http404
        return None
    found = plans.steps_of(learner.m, plan, rows=learner.rows)
    paces = pace_views([learner])[person.id]
    return PlanPage(
        learner=learner, plan=plan, others=[one for one in held if one.id != plan.id], found=found,
        pace=next((one for one in paces if one.row.plan == plan.plan), None),
        rows=[_row(learner, step) for step in found.steps], weeks=[_week(one) for one in found.weeks], position=_position(found),
    )  # fmt: skip


def state_words(state: str) -> str:
    """Say where a target of a plan stands: a plan counts pieces, and says nothing of a level."""
    return {"done": _("Pieces are in"), "late": _("Late"), "due": _("To do"), "waived": _("Waived")}.get(
        state, _("Not counted now")
    )


def _row(learner: Learner, step: Step) -> Row:
    node = frameworks.node(step.target)
    standing = learner.standing(node)
    asked = remaining(standing) if step.state == "done" and standing.state == "too_little" else ""
    return Row(
        step, node.called(language()), node.aim(language()), state_words(step.state), tags.boxes(step.filled, step.pieces),
        differs(step), tags.in_words(standing, learner.effective(node).scale), asked,
    )  # fmt: skip


def differs(step: Step, *, always: bool = False) -> str:
    """Say what the template asks where the plan differs from it; nothing where it does not, unless `always`."""
    if not (step.own or always):
        return ""
    if step.added:
        return _("Added: the template does not ask for it.")
    asked = ngettext("%(n)s piece", "%(n)s pieces", step.template_pieces or 0) % {"n": step.template_pieces}
    return _("Template: %(pieces)s, due %(day)s.") % {"pieces": asked, "day": tags.day(step.template_due_on)}


def _week(one: Week) -> WeekRow:
    return WeekRow(one, ", ".join(frameworks.node(target).called(language()) for target in one.due))


def _position(found: PlanSteps) -> str:
    """Say in which week the plan stands, what is due by its end and what is in."""
    now = next((one for one in found.weeks if one.now), None)
    if now is None:
        return ""
    said = {"n": now.number, "of": len(found.weeks), "asked": now.asked, "filled": now.filled}
    words = _("Week %(n)s of %(of)s. Pieces due by its end: %(asked)s. Pieces in: %(filled)s.") % said
    late = sum(step.state == "late" for step in found.steps)
    if late:
        words += " " + ngettext("%(n)s target is late.", "%(n)s targets are late.", late) % {"n": late}
    return words


def day_of(text: str) -> date | None:
    """Return the day that a field holds, or None."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1951 <= found.year <= 2100 else None
