"""A student's first page: what to do next and why, what was said about the work, what waits, the pace."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.contact import queries as contact
from headway.evidence import queries as evidence
from headway.kit.times import micros
from headway.pages.parts import feedback, tags
from headway.pages.parts.child import joined
from headway.pages.parts.conference import agreed
from headway.pages.parts.learning import ADULTS, Learner, learners, steps
from headway.pages.parts.loop import in_hand
from headway.pages.parts.news import news
from headway.pages.parts.pace import PaceView, pace_views
from headway.pages.parts.todo import Todo, bettering, judged, line_reason, missing, todo
from headway.pages.parts.told import told
from headway.pages.parts.work import waits
from headway.proficiency.queries import AT

THEN, SAID, WAITING = 4, 4, 6
LATELY_US = 14 * 86_400_000_000


def now(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show what to do next, and what came back."""
    (learner,) = learners([subject], as_of=None, now=request.moment, book=request.book)
    pieces = evidence.pieces_of(students=[subject.id])
    titles = {piece.key: piece.title for piece in pieces}
    said = feedback.newest([learner], limit=40, titles=titles)[subject.id]
    hand = in_hand(subject.id, today=learner.m.day)
    back = {one.key for one in hand.returned}
    waiting = [piece for piece in pieces if waits(learner, piece) and quote(piece.key, safe="") not in back]
    todos = _todos(learner, micros(request.moment))
    # What waits for a rating is done for now: the next thing to do is another.
    handed_in = {target.id for piece in waiting for target in piece.targets.all()}
    todos.sort(key=lambda one: one.target in handed_in)
    first = todos[0] if todos else None
    context = {
        "learner": learner,
        "heading": _("Welcome, %(name)s. Your first piece begins your line.") % {"name": learner.given},
        "first": None,
        "then": todos[1 : THEN + 1],
        "said": said[:SAID],
        "silent": _silent(learner, pieces, {one.work for one in said}, micros(request.moment))[:SAID],
        "waiting": waiting[:WAITING],
        "waiting_more": max(0, len(waiting) - WAITING),
        "paces": [(pace, _joined(learner, pace)) for pace in pace_views([learner])[subject.id]],
        "news": news(request.book, today=learner.m.day, schools={learner.school}),
        "hand": hand,
        "asked_on": {one.target for one in hand.asked if one.open},
        "told": told(request, "said"),
        "fault": told(request, "fault"),
        "agreed": agreed(contact.agreements_open(student=subject.id), learner.m.day),
    }
    if first:
        context |= _first(learner, first, [one for one in said if one.target == first.target])
    if hand.returned:
        context["heading"] = _("“%(title)s” came back to you, %(name)s.") % {
            "title": hand.returned[0].title, "name": learner.given}  # fmt: skip
    return render(request, "pages/student/now.html", context)


def _silent(learner: Learner, pieces: list[Any], told: set[str], now_us: int) -> list[dict[str, Any]]:
    """Return work that was rated of late without a word: it is named, so that it does not vanish, and its level is not."""
    rated = {
        row[AT["piece"]]: row[AT["observed_us"]] for row in learner.rows
        if row[AT["kind"]] in ADULTS and row[AT["purpose"]] in feedback.FOR_STUDENT
    }  # fmt: skip
    return [
        {"key": one.key, "title": one.title, "observed_us": rated[one.key]} for one in pieces
        if one.key in rated and one.key not in told and rated[one.key] >= now_us - LATELY_US and not waits(learner, one)
    ]  # fmt: skip


def _joined(learner: Learner, pace: PaceView) -> str:
    """Return the sentence that joins a plan's pace with the levels of its lines, where they point apart."""
    lines = [line for line in learner.academic if line.framework.id in pace.continuums]
    return next((said for line in lines if (said := joined(line, pace))), "")


def _todos(learner: Learner, now_us: int) -> list[Todo]:
    """Return one step of each line, the line with the longest way first, then the first line's second step."""
    found, lines = steps(learner), [*learner.academic, *learner.habits]
    first = [
        todo(learner, line, found[line.framework.id][0], now_us=now_us)
        for line in lines
        if found[line.framework.id]
    ]
    if first:
        line = next(one for one in lines if one.framework.id == first[0].line)
        first[1:1] = [todo(learner, line, step, now_us=now_us) for step in found[first[0].line][1:2]]
    return first


def _first(learner: Learner, first: Todo, said: list[Any]) -> dict[str, Any]:
    """Return the sentence of the page and its first card."""
    explained = judged(learner, first.target)
    better = bettering(explained.judgment, explained.effective.scale)
    names = {"name": learner.given, "target": first.name}
    begun = first.standing.n_counted > 0
    if begun and better:
        heading = _("One more piece at %(level)s, and “%(target)s” is yours, %(name)s.") % {
            **names,
            "level": better[0],
        }
        title = _("Hand in one more piece on “%(target)s”") % names
        why = _("One more at %(level)s makes it %(result)s.") % {"level": better[0], "result": better[1]}
        if first.standing.filled >= first.standing.required and missing(explained.judgment):
            why += " " + _("Still asked: %(asked)s.") % {"asked": missing(explained.judgment)}
    elif begun:
        heading = _("Keep going with “%(target)s”, %(name)s.") % names
        title = _("Hand in a new piece on “%(target)s”") % names
        left = first.standing.required - first.standing.filled
        why = (
            ngettext("%(n)s more piece is asked.", "%(n)s more pieces are asked.", left) % {"n": left} if left > 0
            else _("As many pieces as asked are in; a stronger one moves the level.")
        )  # fmt: skip
    else:
        heading = _("Next is “%(target)s”, %(name)s.") % names
        title = _("Begin “%(target)s”") % names
        why = first.why[:1].upper() + first.why[1:] + "."
    line = next(one for one in learner.lines if one.framework.id == first.line)
    return {
        "heading": heading, "first": first, "title": title, "why_line": line_reason(learner, line), "why": why,
        "stands": tags.say(first.standing.state, first.standing.value, explained.effective.scale) if begun else "",
        "last": said[0] if said else None,
    }  # fmt: skip
