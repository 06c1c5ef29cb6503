"""One student as their adults see them: lines, what stands on every target, the evidence, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Role, Viewer
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.frameworks.types import NodeView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import needs as words
from headway.pages.parts import refused, tags, why
from headway.pages.parts.asked import look_back
from headway.pages.parts.grades import grade_name
from headway.pages.parts.groups import gather
from headway.pages.parts.learning import against_grade
from headway.pages.parts.loop import asked_views, state_of, state_words
from headway.pages.parts.news import news
from headway.pages.parts.profile import help_words
from headway.pages.parts.stations import without_level
from headway.pages.parts.told import address, told
from headway.pages.teacher.correcting import chosen_keys, corrected, goals
from headway.pages.teacher.notes import in_words
from headway.plans import queries as plans
from headway.proficiency import actions, queries
from headway.profiles import queries as profiles
from headway.report_cards import queries as report_cards
from headway.response import queries as response
from headway.rosters import queries as rosters

LISTED = 12
ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target in the table of a line; `mark` and `boxes` are drawn, and `boxes` is empty where there is no evidence."""

    href: str
    name: str
    mark: SafeString
    boxes: str
    chosen: bool
    next: None = None


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """The targets of one competency; where `rows` is empty, they are opened by the link to target `first`."""

    name: str
    rows: list[TargetRow]
    first: str
    n: int


def student(
    request: HttpRequest, student_id: str, subject: Any, *, tried: Any = None, fault: str = ""
) -> HttpResponse:
    """Show the student's lines and needs, one line's targets, and the chosen target's why.

    `tried` is an answer that was refused, `fault` why a correction was: what was sent stands in its form again.
    """
    look = look_back(request)
    now, book = request.moment, request.book
    m = queries.moment(now=now, as_of=look.as_of, book=book)
    standings = queries.standings(m, students=[subject.id])
    lines = queries.lines_of(m, student=subject.id, grade=subject.grade, standings=standings)
    school = queries.schools_of(m, [subject.id])[subject.id]
    chosen = _chosen_line(request, lines)
    level = _level(request, chosen)
    target = _target(request, subject, chosen)
    panel = None
    if target is not None:
        panel = why.panel(viewer=request.viewer, student=subject, target_id=target.id, as_of=look.as_of, now=now, book=book,
                          over=subject.name(), pieces=why.TO_RATE)  # fmt: skip
        if not look.past:
            panel.decide_url = f"/teacher/students/{subject.sourced_id}/decide/{target.id}"
    paces = plans.pace_of(m, [subject.id])
    waiting = response.pieces_waiting(m, [subject.id])
    found = response.needs(m, [subject.id], standings=standings, paces=paces, pieces=waiting)
    tail = f"&as_of={look.as_of}" if look.past else ""
    keep = {k: request.GET[k] for k in ("line", "level", "target") if request.GET.get(k)}
    context = {
        "nav": "teacher.grid",
        "student": subject,
        "grade": grade_name(subject.grade) if subject.grade else "",
        "look": look,
        "lines": [_line(x, chosen, subject.grade) for x in lines if x.framework.kind == "academic"],
        "habits": [_line(x, chosen, subject.grade) for x in lines if x.framework.kind != "academic"],
        "chosen": chosen,
        "level": level,
        "levels": chosen.levels if chosen else (),
        "groups": _groups(m, chosen, level, subject, standings, target.id if target else 0, school, tail),
        "news": [] if look.past else news(book, today=look.today, schools={school}),
        "why": panel,
        "actions": panel is not None and not look.past,
        "needs": [words.say(need) for need in found],
        "pace": paces,
        "target": target,
        "tail": tail,
        "keep": keep,
        "here": f"?{urlencode(keep)}" if keep else "",
        "said": told(request, "said"),
        "fault": fault or told(request, "fault"),
        "sent": request.POST if fault else {},
        "ticked": chosen_keys(request) if fault else [],
        "goals": goals([target], on=m.day, but=target.id) if target is not None and not look.past else {},
        "tried": tried,
        "act": request.GET.get("act", ""),
        "guardians": rosters.guardians_of(student_person_id=subject.id, as_of=m.day),
        "classes": rosters.classes_attended(person_id=subject.id, as_of=m.day),
        "cards": report_cards.cards_of(student=subject.id, before=look.before),
        "helps": _helps(request.viewer, m, subject),
        "mentor": request.viewer.is_a(*profiles.MENTORS),
        "today": look.today,
        **({} if look.past else _work(request.viewer, subject, {one.piece_key for one in waiting})),
        "close": f"/teacher/students/{subject.sourced_id}?{urlencode({'line': chosen.framework.id})}"
        if chosen
        else "",
    }
    return render(request, "pages/teacher/student.html", context, status=422 if tried or fault else 200)


def _helps(viewer: Viewer, m: queries.Moment, subject: Any) -> list[str]:
    """Return what helps the student, as far as the viewer may read it, in words."""
    reads = profiles.reads_as(viewer, student=subject.id, seen=True)
    return help_words(m, profiles.helps_of(m, viewer=viewer, student=subject.id, reads=reads))


def _work(viewer: Viewer, subject: Any, waiting: set[str]) -> dict[str, Any]:
    """Return the newest pieces and chances of a student with their states, what the student asks, and notes of substitutes.

    `waiting` are the pieces that wait for a rating.
    """
    chances = evidence.chances_of([subject.id], limit=LISTED)
    pieces = evidence.pieces_of(students=[subject.id], limit=LISTED)
    back = evidence.returns_of(pieces=[piece.key for piece in pieces])
    held = {one.piece for one in evidence.held_ratings(students=[subject.id])}
    rows = [
        {"title": piece.title, "at": piece.handed_in_at, "url": f"/teacher/rate?piece={quote(piece.key, safe='')}",
         "words": state_words(_state(piece, waiting, held, back.get(piece.key, [])))}
        for piece in pieces
    ]  # fmt: skip
    for one in chances:
        if one.state != "taken":
            rows.append({"title": one.title, "at": one.changed_at, "url": f"/teacher/given/{one.offer}",
                         "words": state_words(one.state)})  # fmt: skip
    rows.sort(key=lambda row: row["at"], reverse=True)
    return {"work": rows[:LISTED], "asked": asked_views(evidence.requests_of(students=[subject.id], limit=8)),
            "notes": in_words(evidence.notes_about(viewer=viewer, student=subject.id))}  # fmt: skip


def _state(piece: Any, waiting: set[str], held: set[str], returns: list[Any]) -> str:
    state = state_of(piece, waits=piece.key in waiting, returns=returns)
    return "held" if state == "rated" and piece.key in held else state


def _line(line: Any, chosen: Any, grade: str) -> dict[str, Any]:
    working = line.working
    if working.level is None:
        note = f"{without_level(line)}."
    elif where := against_grade(line, grade):
        note = _("Level %(level)s, %(where)s.") % {"level": working.level, "where": where}
    else:
        note = _("Level %(level)s.") % {"level": working.level}
    return {
        "id": line.framework.id, "name": line.framework.called(get_language() or "en"), "level": working.level, "note": note,
        "here": chosen is not None and chosen.framework.id == line.framework.id, "reached": working.reached, "n": working.targets,
        "opens_at": working.opens_at,
    }  # fmt: skip


def _chosen_line(request: HttpRequest, lines: list[Any]) -> Any:
    wanted = request.GET.get("line", "")
    found = next((x for x in lines if str(x.framework.id) == wanted), None)
    target = request.GET.get("target", "")
    if found is None and is_whole(target) and len(target) < 19:
        try:
            home = frameworks.node(int(target)).framework_id
        except Refusal:
            home = 0
        found = next((x for x in lines if x.framework.id == home), None)
    return found or next((x for x in lines if x.working.level is not None), lines[0] if lines else None)


def _level(request: HttpRequest, line: Any) -> int | None:
    if line is None:
        return None
    text = request.GET.get("level", "")
    if is_whole(text) and int(text) in line.levels:
        return int(text)
    target = request.GET.get("target", "")
    if is_whole(target) and len(target) < 19:
        try:
            node = frameworks.node(int(target))
        except Refusal:
            node = None
        if node is not None and node.framework_id == line.framework.id and (node.level or 1) in line.levels:
            return node.level or 1
    return line.working.level or line.expected or (line.levels[0] if line.levels else None)


def _target(request: HttpRequest, subject: Any, line: Any) -> NodeView | None:
    text = request.GET.get("target", "")
    if not text:
        return None
    if not is_whole(text) or len(text) > 18:
        raise Http404
    try:
        node = frameworks.node(int(text))
    except Refusal as refusal:
        raise Http404 from refusal
    if not node.is_leaf:
        raise Http404
    return node


def _groups(
    m: queries.Moment,
    line: Any,
    level: int | None,
    subject: Any,
    standings: dict[Any, Any],
    chosen: int,
    school: str | None,
    tail: str,
) -> list[TargetGroup]:
    if line is None:
        return []
    language = get_language() or "en"
    tree = frameworks.tree(line.framework.id, at=frameworks.remembered_stamp())
    nodes = [node for node in tree.targets(on=m.day) if level is None or (node.level or 1) == level]
    begun = {target for _student, target in standings}
    groups = gather(tree, nodes, begun=begun, chosen=chosen or None, language=language)

    nothing = format_html('<span class="small quiet">{}</span>', _("No evidence"))
    tag = format_html(' <span class="tag">{}</span>', _("decided"))

    def row(node: NodeView) -> TargetRow:
        found = standings.get((subject.id, node.id))
        mark, boxes = nothing, ""
        if found is not None:
            scale = m.book.effective(node=node.id, school=school, on=m.day).scale
            mark, boxes = tags.in_words(found, scale), tags.boxes(found.filled, found.required, found.state)
            mark = mark + tag if found.decided else mark
        return TargetRow(
            f"?target={node.id}{tail}#why", node.called(language), mark, boxes, node.id == chosen
        )

    return [
        TargetGroup(one.name, [row(node) for node in one.nodes] if one.open else [], str(one.nodes[0].id), len(one.nodes))
        for one in groups
    ]  # fmt: skip


# Deciding otherwise.


def decide(request: HttpRequest, student_id: str, target: int, subject: Any) -> HttpResponse:
    """Ask for the decided level and its reason, or take a decision back; engine and decision stand side by side."""
    now, book = request.moment, request.book
    m = queries.moment(now=now, book=book)
    try:
        node = frameworks.node(target)
    except Refusal as refusal:
        raise Http404 from refusal
    if not node.is_leaf:
        raise Http404
    fault = ""
    if request.method == "POST":
        fault = _decide(request, subject, node)
        if not fault:
            done = _("The decision is recorded.")
            return redirect(address(f"/teacher/students/{subject.sourced_id}", target=node.id, said=done))
    panel = why.panel(
        viewer=request.viewer,
        student=subject,
        target_id=node.id,
        as_of=None,
        now=now,
        book=book,
        over=subject.name(),
        pieces=why.TO_RATE,
    )
    language = get_language() or "en"
    levels = queries.effective_for(m, student=subject.id, target=node.id).scale["levels"]
    context = {
        "nav": "teacher.grid",
        "student": subject,
        "why": panel,
        "node": node,
        "fault": fault,
        "key": request.POST.get("key") or f"page-{uuid4()}",
        "levels": [
            {"value": f"{lv['value']:g}", "name": (lv.get("name") or {}).get(language) or f"{lv['value']:g}"}
            for lv in levels
        ],
        "act": request.POST.get("act", "decides"),
        "level": request.POST.get("level", ""),
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "pages/teacher/decide.html", context, status=422 if fault else 200)


def _decide(request: HttpRequest, subject: Any, node: NodeView) -> str:
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "").strip()
    if act not in ("decides", "completes", "reverts"):
        return _("Choose what to record.")
    if not reason:
        return _("A decision needs its reason: families may ask for it.")
    row = {
        "key": request.POST.get("key", "")[:100] or f"page-{uuid4()}",
        "student": subject.sourced_id,
        "target": str(node.uuid),
        "override": act,
        "comment": reason,
        "observed_at": request.moment.isoformat(),
    }
    if act == "decides":
        row["level"] = request.POST.get("level", "")
        if not row["level"]:
            return _("Choose the level that you decide.")
    try:
        actions.record_rows(
            actor=request.viewer, rows=[row], at=request.moment, book=request.book, source="decision"
        )
    except Refusal as refusal:
        return refused.why(refusal)
    return ""


# Correcting.


def correct(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Move, re-date or withdraw the chosen ratings in one act with one reason; the old values stay in the ledger."""
    here = f"/teacher/students/{subject.sourced_id}"
    if request.method != "POST":
        # Whoever looks back or changes the language on a page that shows a refusal asks for this address again.
        return redirect(f"{here}?{request.GET.urlencode()}".rstrip("?"))
    done = corrected(request, chosen_keys(request))
    if "fault" in done:
        return student(request, student_id, subject, fault=done["fault"])
    where = {k: request.GET[k] for k in ("target", "line", "level") if request.GET.get(k)}
    return redirect(address(here, **where, **done))


def undo(request: HttpRequest, act: int) -> HttpResponse:
    """Take a correction back and return to where it was made."""
    back, _mark, query = request.POST.get("back", "/teacher/today").partition("?")
    if not back.startswith("/teacher/") or "//" in back:
        back, query = "/teacher/today", ""
    where = {name: value for name, value in parse_qsl(query) if name in ("class", "target", "line", "level")}
    try:
        actions.undo_act(actor=request.viewer, act=act, at=request.moment)
    except Refusal as refusal:
        if refusal.code == "unknown_act":
            raise Http404 from refusal
        return redirect(address(back, **where, fault=refused.said(refusal)))
    return redirect(address(back, **where, said=_("The correction is taken back.")))
