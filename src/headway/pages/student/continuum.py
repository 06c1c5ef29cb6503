"""A student's continuum: every line with its stations, one line's targets, why this level, and the same line four ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.frameworks import queries as frameworks
from headway.frameworks.types import ACADEMIC, NodeView
from headway.kit.numbers import is_whole
from headway.pages.parts import tags, why
from headway.pages.parts.asked import LookBack, look_back
from headway.pages.parts.groups import gather
from headway.pages.parts.growth import GrowthView, growth_of, one_decimal
from headway.pages.parts.learning import (
    Learner,
    first_step,
    grade_in_sentence,
    grade_title,
    language,
    learners,
    level_of,
    tree_of,
)
from headway.pages.parts.news import news
from headway.pages.parts.pace import PaceView, pace_views
from headway.pages.parts.stations import colour, drawn, said
from headway.pages.parts.todo import remaining, would_change
from headway.proficiency.queries import Line, Standing
from headway.proficiency.types import REACHED
from headway.report_cards import queries as report_cards
from headway.science.metrics.working_level import OPENS_SHARE, opens_at

ASIDE = ("excused", "not_taught", "individual_goal")


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the table; `mark` and `boxes` are drawn."""

    name: str
    href: str
    mark: SafeString
    boxes: SafeString
    next: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The targets under one competency: all of them, or how many there are and where to open them."""

    name: str
    targets: list[Target]
    href: str
    n: int


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the chosen line that can be looked at."""

    level: int
    colour: int
    href: str
    chosen: bool


def continuum(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show the lines, and of the chosen one its targets, its why and its four readings."""
    look = look_back(request)
    (learner,) = learners([subject], as_of=look.as_of, now=request.moment, book=request.book)
    line, node = _chosen(request, learner, past=look.past)
    context: dict[str, Any] = {
        "learner": learner, "look": look, "line": line, "grade_title": grade_title(learner.grade),
        "grade": grade_in_sentence(learner.grade),
        "news": [] if look.past else news(request.book, today=look.today, schools={learner.school}),
    }  # fmt: skip
    if line is not None:
        context |= _line(request, learner, look, line, node)
    growth: GrowthView | None = context.get("growth")
    context["lines"] = [
        _drawn(learner, one, line, growth) for one in _by_name(learner) if one.framework.kind == ACADEMIC
    ]
    context["habits"] = [_drawn(learner, one, line, None) for one in learner.habits]
    context["keep"] = {"line": str(line.framework.id)} if line is not None else {}
    context["cards"] = report_cards.cards_of(student=subject.id, before=look.before)
    context["tail"] = f"&as_of={look.as_of}" if look.as_of else ""
    return render(request, "pages/student/continuum.html", context)


def _by_name(learner: Learner) -> list[Line]:
    return sorted(learner.lines, key=lambda one: one.framework.called(language()).casefold())


def _drawn(learner: Learner, line: Line, chosen: Line | None, growth: GrowthView | None) -> Any:
    on = chosen is not None and line.framework.id == chosen.framework.id
    note = said(learner, line)
    if on and growth is not None and growth.rate is not None and growth.rate >= 0.1:
        note = _("%(where)s; growing %(rate)s a year") % {"where": note, "rate": one_decimal(growth.rate)}
    return drawn(learner, line, note=note, chosen=on)


def _chosen(request: HttpRequest, learner: Learner, *, past: bool) -> tuple[Line | None, NodeView | None]:
    """Return the line and target that the address names; a target names its line. Raises Http404 for what is not there."""
    by_id = {line.framework.id: line for line in learner.lines}
    text = request.GET.get("target", "")
    node = None
    if text:
        woods = frameworks.remembered()
        if not (is_whole(text) and len(text) < 12 and int(text) in woods.framework_of):
            raise Http404
        node = woods.node(int(text))
        if not node.is_leaf or not (past or node.framework_id in by_id):
            raise Http404
        if node.framework_id in by_id:
            return by_id[node.framework_id], node
    asked = request.GET.get("line", "")
    if asked:
        if not (is_whole(asked) and len(asked) < 12):
            raise Http404
        if int(asked) in by_id:
            return by_id[int(asked)], None
        # On a day before its first piece a line is not there yet: the page then begins with another.
        if not past or int(asked) not in frameworks.remembered().trees:
            raise Http404
    return next(iter([*learner.academic, *learner.habits]), None), None


def _line(
    request: HttpRequest, learner: Learner, look: LookBack, line: Line, node: NodeView | None
) -> dict[str, Any]:
    level = _level(request, line, node)
    nodes = [one for one in tree_of(line).targets(on=learner.m.day) if (one.level or 1) == level]
    if node is None and nodes:
        first = None if level is None else first_step(learner, line, level)
        node = nodes[0] if first is None else first.node
    keep = {"line": line.framework.id, "level": level, **({"as_of": look.as_of} if look.as_of else {})}
    held = {one.id: learner.standing(one) for one in nodes}
    standings = list(held.values())
    context: dict[str, Any] = {
        "level": level, "groups": _groups(learner, nodes, held, node, keep), "levels": _levels(line, level, look),
        "academic": line.framework.kind == ACADEMIC, "line_name": line.framework.called(language()),
        "summary": _summary(line, level, standings, learner),
    }  # fmt: skip
    if node is not None:
        context["why"] = _why(request, learner, look, node)
        context["asking"] = node.id
        context["hand_in"] = "" if look.past else f"/student/hand-in?target={node.id}"
    if line.framework.kind == ACADEMIC:
        paces = [
            one for one in pace_views([learner])[learner.person.id] if line.framework.id in one.continuums
        ]
        context |= {
            "growth": growth_of(learner, line),
            "four": _four(standings, nodes, learner),
            "pace": _first(paces),
        }
    return context


def _first(paces: list[PaceView]) -> PaceView | None:
    return paces[0] if paces else None


def _level(request: HttpRequest, line: Line, node: NodeView | None) -> int | None:
    if node is not None:
        return node.level or 1
    text = request.GET.get("level", "")
    if is_whole(text) and len(text) < 4 and int(text) in line.levels:
        return int(text)
    return level_of(line)


def _levels(line: Line, level: int | None, look: LookBack) -> list[Level]:
    tail = {"as_of": look.as_of} if look.as_of else {}
    return [
        Level(one, colour(one, line.levels), "?" + urlencode({"line": line.framework.id, "level": one, **tail}), one == level)
        for one in line.levels
    ]  # fmt: skip


def _groups(
    learner: Learner, nodes: list[NodeView], held: dict[int, Standing], chosen: NodeView | None, keep: dict[str, Any]
) -> list[Group]:  # fmt: skip
    if not nodes:
        return []
    tree = frameworks.tree(nodes[0].framework_id, at=frameworks.remembered_stamp())
    said, href = language(), "?" + urlencode(keep)
    begun = {target for _student, target in learner.standings}
    groups = gather(tree, nodes, begun=begun, chosen=chosen.id if chosen else None, language=said)
    drawn_as: dict[tuple[Any, ...], tuple[SafeString, SafeString, str]] = {}
    return [
        Group(
            one.name,
            [
                _target(learner, node, held[node.id], f"{href}&target={node.id}#why", chosen, said, drawn_as)
                for node in one.nodes
            ] if one.open else [],
            "" if one.open else f"{href}&target={one.nodes[0].id}#line", len(one.nodes),
        )
        for one in groups
    ]  # fmt: skip


def _target(
    learner: Learner, node: NodeView, standing: Standing, href: str, chosen: NodeView | None, said: str,
    drawn_as: dict[tuple[Any, ...], tuple[SafeString, SafeString, str]],
) -> Target:  # fmt: skip
    scale = learner.effective(node).scale
    # Most rows of a line look like some row before them.
    key = (
        id(scale),
        standing.state,
        standing.value,
        standing.filled,
        standing.required,
        standing.n_total > 0,
    )
    if key not in drawn_as:
        drawn_as[key] = (
            tags.in_words(standing, scale),
            tags.boxes(standing.filled, standing.required, standing.state),
            remaining(standing),
        )
    return Target(node.called(said), href, *drawn_as[key], chosen is not None and node.id == chosen.id)


def _top_word(learner: Learner, nodes: list[NodeView]) -> str:
    """Return the word of the level that reaches a target, in the scale of the first one."""
    if not nodes:
        return tags.state_words()["proficient"]
    scale = learner.effective(nodes[0]).scale
    return tags.say("proficient", round(scale["proficient"] * 100), scale)


def _summary(line: Line, level: int | None, standings: list[Standing], learner: Learner) -> str:
    reached, n = sum(one.state in REACHED for one in standings), len(standings)
    text = ngettext("%(reached)s of %(n)s target reached", "%(reached)s of %(n)s targets reached", n) % {
        "reached": reached,
        "n": n,
    }
    following = next((one for one in line.levels if level is not None and one > level), None)
    if following is not None and line.framework.kind == ACADEMIC:
        text += " · " + _("level %(next)s opens at %(opens)s") % {
            "next": following,
            "opens": opens_at(n, OPENS_SHARE),
        }
    return text


def _why(request: HttpRequest, learner: Learner, look: LookBack, node: NodeView) -> Any:
    panel = why.panel(
        viewer=request.viewer, student=learner.person, target_id=node.id, as_of=look.as_of, now=request.moment,
        book=request.book, over=_("Why this level?"), rows=learner.rows, pieces="/student/work/",
    )  # fmt: skip
    found = panel.found
    panel.would_change = (
        [] if found.standing.state in ASIDE else [would_change(found.judgment, found.effective.scale)]
    )
    panel.extra["told"] = node.aim(language())
    return panel


def _four(standings: list[Standing], nodes: list[NodeView], learner: Learner) -> dict[str, Any]:
    """Return proficiency and progress at the shown level: counts with what they are counts of."""
    inside = [one for one in standings if one.state not in ASIDE]
    filled = sum(min(one.filled, one.required) for one in inside)
    required = sum(one.required for one in inside)
    beyond = sum(one.state == "beyond" for one in standings)
    left = [s for s in inside if s.required - s.filled > 0 and s.n_total]
    nearest = min(left, key=lambda s: s.required - s.filled, default=None)
    n = ngettext("n = %(n)s target taught or shown so far", "n = %(n)s targets taught or shown so far",
                 sum(s.n_total > 0 for s in standings)) % {"n": sum(s.n_total > 0 for s in standings)}  # fmt: skip
    return {
        "reached": sum(one.state in REACHED for one in standings), "targets": len(standings), "beyond": beyond,
        "word": _top_word(learner, nodes), "filled": filled, "required": required, "n": n,
        "nearest": "" if nearest is None else ngettext(
            "%(n)s more piece fills “%(name)s”", "%(n)s more pieces fill “%(name)s”", nearest.required - nearest.filled
        ) % {"n": nearest.required - nearest.filled, "name": frameworks.node(nearest.target).called(language())},
    }  # fmt: skip
