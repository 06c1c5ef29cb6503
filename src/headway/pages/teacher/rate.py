"""Rate a stack: the work on the left, the rubric on the right, one student after the other, with undo.

Two ways in: work that was handed in (`?piece=`), or a class and targets without pieces (`?class=&target=`). A level that
was offered and left as it was is saved only with this student's own save, and is marked as such.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.evidence import actions as work
from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import tags
from headway.pages.parts.loop import given_view, return_views
from headway.pages.parts.profile import help_words, rating_fault
from headway.pages.teacher import undoing
from headway.proficiency import actions, queries
from headway.profiles import queries as profiles
from headway.profiles.types import ModificationView
from headway.response import queries as response
from headway.rosters import queries as rosters
from headway.science.codes import Purpose

MOST_TARGETS = 6
LONGEST_KEPT = 500
STATUSES = ("missed", "excused", "too_little", "not_taught")


@dataclass(frozen=True, slots=True)
class Option:
    """One level of a criterion."""

    value: str
    rank: int
    mark: Any
    name: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Criterion:
    """One target to rate on, with its levels in words; `default` is the student's last level here.

    `own` names the student's own target where a modification holds: then the levels are its own too.
    """

    target: int
    key: str
    name: str
    options: list[Option]
    default: str
    comment: str = ""
    fault: str = ""
    own: str = ""


@dataclass
class Stack:
    """Where the teacher is: class, targets, who is rated now and who comes next."""

    school_class: Any
    targets: list[Any]
    student: Any
    at: int
    n: int
    following: Any
    piece: Any = None
    next_piece: str = ""
    task: Any = None
    query: dict[str, Any] = field(default_factory=dict)

    def url(self, student: Any = None, piece: str = "") -> str:
        """Return the address of a place in the stack."""
        more = {"piece": piece} if piece else {"student": student.id} if student is not None else {}
        return "/teacher/rate?" + urlencode({**self.query, **more}, doseq=True)


def rate(request: HttpRequest) -> HttpResponse:
    """Show one student's place in the stack, or save it and go on to the next."""
    if request.GET.get("piece"):
        stack = _piece_stack(request)
    elif request.GET.get("class") and request.GET.getlist("target"):
        stack = _target_stack(request)
    else:
        return choose(request)
    if request.method == "POST":
        _keep(request, stack)
        return _return(request, stack) if request.POST.get("act") == "return" else _save(request, stack)
    return _show(request, stack, {}, status=200)


def choose(request: HttpRequest) -> HttpResponse:
    """Ask for class and targets, and list the work that waits."""
    viewer: Viewer = request.viewer
    m = queries.moment(now=request.moment, book=request.book)
    classes = rosters.classes_of(viewer=viewer) if not viewer.classes else rosters.classes_taught(
        person_id=viewer.person_id or 0, as_of=viewer.today)  # fmt: skip
    chosen = next(
        (c for c in classes if c.sourced_id == request.GET.get("class")), classes[0] if classes else None
    )
    language, word = get_language() or "en", _("level")
    groups: dict[str, list[dict[str, Any]]] = {}
    if chosen is not None:
        for node in queries.class_targets(m, chosen):
            name = f"{node.framework} · {word} {node.level}" if node.level else node.framework
            groups.setdefault(name, []).append(
                {"id": node.id, "name": node.called(language), "code": node.code}
            )
    members = rosters.members(class_ids=[c.id for c in classes], as_of=m.day)
    pieces = response.pieces_waiting(m, {s for listed in members.values() for s in listed})
    people = rosters.people_by_id(person_ids={piece.student for piece in pieces})
    context = {
        "nav": "teacher.rate", "classes": classes, "chosen": chosen, "groups": groups, "most": MOST_TARGETS,
        "pieces": [{"key": p.piece_key, "title": p.title, "at": p.handed_in_at, "name": people[p.student].name(),
                    "targets": ", ".join(frameworks.node(t).called(language) for t in p.target_ids)} for p in pieces[:60]],
        "pieces_n": len(pieces), "student": request.GET.get("student", ""), "toast": undoing.said(request.GET.get("saved", "")),
        "toast_token": request.GET.get("saved", ""), "here": "/teacher/rate",
        "nothing_chosen": bool(request.GET.get("begin")) and not request.GET.getlist("target"),
    }  # fmt: skip
    return render(request, "pages/teacher/choose.html", context)


def _nodes(texts: list[str], school_class: Any, m: queries.Moment) -> list[Any]:
    ids = [int(text) for text in dict.fromkeys(texts) if is_whole(text)][:MOST_TARGETS]
    found = []
    for node_id in ids:
        try:
            node = frameworks.node(node_id)
        except Refusal as refusal:
            raise Http404 from refusal
        if node.is_leaf and node.holds(m.day):
            found.append(node)
    if not found:
        raise Http404
    return found


def _target_stack(request: HttpRequest) -> Stack:
    viewer: Viewer = request.viewer
    school_class = rosters.class_in_scope(viewer=viewer, reference=request.GET["class"])
    if school_class is None:
        raise Http404
    m = queries.moment(now=request.moment, book=request.book)
    nodes = _nodes(request.GET.getlist("target"), school_class, m)
    students = rosters.students_in_class(class_id=school_class.id, as_of=m.day)
    if not students:
        raise Http404
    wanted = request.GET.get("student", "")
    at = next((n for n, person in enumerate(students) if str(person.id) == wanted), None)
    if wanted and at is None:
        raise Http404
    place = at or 0
    following = students[place + 1] if place + 1 < len(students) else None
    query = {"class": school_class.sourced_id, "target": [node.id for node in nodes], **_holding(request)}
    return Stack(school_class, nodes, students[place], place + 1, len(students), following, query=query)


def _piece_stack(request: HttpRequest) -> Stack:
    viewer: Viewer = request.viewer
    m = queries.moment(now=request.moment, book=request.book)
    piece = evidence.find_piece(request.GET["piece"])
    if piece is None or not rosters.can_see_student(viewer, piece.student_id, viewer.today):
        raise Http404
    school_class = rosters.class_in_scope(viewer=viewer, reference=request.GET.get("class", ""))
    classes = [school_class] if school_class else rosters.classes_of(viewer=viewer)
    members = rosters.members(class_ids=[c.id for c in classes], as_of=m.day)
    students = {s for listed in members.values() for s in listed} | {piece.student_id}
    waiting = [p for p in response.pieces_waiting(m, students) if p.title == piece.title]
    keys = [p.piece_key for p in waiting]
    place = keys.index(piece.key) if piece.key in keys else 0
    rest = keys[place + 1 :] + keys[:place] if piece.key in keys else keys
    people = rosters.people_by_id(person_ids=[piece.student_id, *(p.student for p in waiting)])
    following = next((people[p.student] for p in waiting if rest and p.piece_key == rest[0]), None)
    # Where a target has ended since it was given, what took its place is rated.
    now = frameworks.standing_for([target.id for target in piece.targets.all()], on=m.day)
    nodes = list({node.id: node for found in now.values() for node in found}.values())[:MOST_TARGETS]
    query = {"class": school_class.sourced_id} if school_class else {}
    query |= _holding(request)
    return Stack(
        school_class, nodes, people[piece.student_id], place + 1, max(len(keys), 1), following, piece=piece,
        next_piece=rest[0] if rest else "", task=evidence.find_chance(piece.key), query=query,
    )  # fmt: skip


def _holding(request: HttpRequest) -> dict[str, str]:
    """Return what keeps the choice to hold from one student to the next."""
    held = request.POST.get("hold") if request.method == "POST" else request.GET.get("hold")
    return {"hold": "1"} if held else {}


def _show(request: HttpRequest, stack: Stack, faults: dict[str, str], *, status: int) -> HttpResponse:
    last = queries.last_levels(
        students=[stack.student.id], targets=[n.id for n in stack.targets], now=request.moment, book=request.book
    )  # fmt: skip
    m = queries.moment(now=request.moment, book=request.book)
    own = _own_targets(m, stack)
    criteria = [_criterion(request, m, stack, node, last, faults, own.get(node.id)) for node in stack.targets]
    lines = profiles.accommodations_of(students=[stack.student.id], on=m.day).get(stack.student.id, [])
    token = request.GET.get("saved", "")
    context = {
        "nav": "teacher.rate",
        "stack": stack,
        "criteria": criteria,
        "n_criteria": len(criteria),
        "key": request.POST.get("key") or f"page-{uuid4()}",
        "toast": undoing.said(token),
        "toast_token": token,
        "fault": faults.get(""),
        "statuses": [{"value": s, "name": tags.state_words()[s]} for s in STATUSES],
        "skip": stack.url(stack.following, stack.next_piece)
        if stack.following is not None
        else "/teacher/rate",
        "here": stack.url(stack.student, stack.piece.key if stack.piece else ""),
        "today": m.day,
        "observed": request.POST.get("observed", m.day.isoformat()),
        "task": request.POST.get("task", request.GET.get("task", "")),
        "asked": stack.task and given_view(stack.task, m.day),
        "returns": _returns(stack),
        "words": request.POST.get("words", ""),
        "hold": "hold" in stack.query,
        "helps": help_words(m, lines),
        "shown_in": request.POST.get("language", ""),
        "bank": evidence.saved_comments(owner=request.viewer.person_id),
    }
    return render(request, "pages/teacher/rate.html", context, status=status)


def _own_targets(m: queries.Moment, stack: Stack) -> dict[int, ModificationView]:
    """Return the student's own targets that stand in the place of those of the stack."""
    found = profiles.modifications_of(
        m, student=stack.student.id, held=True, targets=[node.id for node in stack.targets]
    )
    return {one.target: one for one in found}


def _returns(stack: Stack) -> list[Any]:
    """Return what was said when earlier attempts, or this one, were given back."""
    if stack.piece is None:
        return []
    return return_views(evidence.returns_of(pieces=[stack.piece.key]).get(stack.piece.key, []))


def _criterion(
    request: HttpRequest,
    m: queries.Moment,
    stack: Stack,
    node: Any,
    last: dict[Any, Any],
    faults: dict[str, str],
    own: ModificationView | None,
) -> Criterion:
    language = get_language() or "en"
    school = stack.school_class.school.sourced_id if stack.school_class else None
    scale = m.book.effective(node=node.id, school=school, on=m.day).scale
    known = last.get((stack.student.id, node.id))
    default = f"{known.level / 100:g}" if known is not None else ""
    if own is not None:
        newest = next((one.level for one in own.ratings if one.level is not None), None)
        default = "" if newest is None else f"{newest / 100:g}"
    chosen = request.POST.get(f"level-{node.id}", default)
    texts = node.descriptors if len(node.descriptors) == len(scale["levels"]) else [""] * len(scale["levels"])
    if own is not None and len(own.descriptors) == len(scale["levels"]):
        texts = own.descriptors
    options = [
        Option(
            f"{level['value']:g}", rank, tags.draw("level", round(level["value"] * 100), scale),
            tags.level_name(level, language), text, f"{level['value']:g}" == chosen,
        )
        for rank, (level, text) in enumerate(zip(scale["levels"], texts, strict=True), 1)
    ]  # fmt: skip
    return Criterion(
        node.id, str(node.id), node.called(language), options, default,
        comment=request.POST.get(f"comment-{node.id}", ""), fault=faults.get(str(node.id), ""),
        own=own.words if own is not None else "",
    )  # fmt: skip


def _save(request: HttpRequest, stack: Stack) -> HttpResponse:
    viewer: Viewer = request.viewer
    rows, order = _rows(request, stack)
    if not rows:
        return _show(
            request,
            stack,
            {"": _("Choose a level on at least one criterion, or say why there is none.")},
            status=422,
        )
    try:
        actions.record_rows(actor=viewer, rows=rows, at=request.moment, book=request.book)
    except Refusal as refusal:
        faults = {"": refusal.message}
        for finding in refusal.findings:
            if finding.line is not None and finding.line <= len(order):
                faults[str(order[finding.line - 1])] = rating_fault(finding.code, finding.message)
        return _show(request, stack, faults, status=422)
    said = f"{stack.student.name()}: {_summary(request, stack, rows)}"
    return redirect(_onward(request, stack, {"keys": [row["key"] for row in rows], "said": said}))


def _keep(request: HttpRequest, stack: Stack) -> None:
    """Keep the comments of this save for use again, where that was ticked."""
    for node in stack.targets if request.POST.get("keep") else ():
        text = _comment(request, node)
        if 0 < len(text) <= LONGEST_KEPT:
            # A bank that is full loses nothing: the comment itself is saved either way.
            with contextlib.suppress(Refusal):
                work.keep_comment(actor=request.viewer, text=text, at=request.moment)


def _comment(request: HttpRequest, node: Any) -> str:
    return request.POST.get(f"comment-{node.id}", "").replace("\0", "").strip()


def _return(request: HttpRequest, stack: Stack) -> HttpResponse:
    """Give the piece back for revision with what was written, and go on to the next."""
    if stack.piece is None:
        raise Http404
    attempt = request.POST.get("attempt", "")
    try:
        back = work.return_piece(
            actor=request.viewer, key=stack.piece.key, attempt=int(attempt) if is_whole(attempt) and len(attempt) < 6 else 0,
            words=request.POST.get("words", "").replace("\r\n", "\n").replace("\0", ""),
            notes={node.id: _comment(request, node) for node in stack.targets}, at=request.moment,
        )  # fmt: skip
    except Refusal as refusal:
        fault = {
            "words_missing": _("Say in words what to revise: a returned piece without them helps nobody."),
            "newer_attempt": _("A newer attempt was handed in since. It is shown now."),
            "already_returned": _("This attempt was returned already."),
        }.get(refusal.code) or refusal.message
        return _show(request, stack, {"": fault}, status=422)
    said = _("%(name)s: returned for revision") % {"name": stack.student.name()}
    return redirect(_onward(request, stack, {"returned": back.sequence, "keys": [], "said": said}))


def _onward(request: HttpRequest, stack: Stack, told: dict[str, Any]) -> str:
    """Return the address of the next in the stack, with a signed note of what was done that can be undone."""
    token = undoing.note(request.viewer, told)
    if stack.following is None:
        own = {k: v for k, v in stack.query.items() if k == "class"}
        return f"/teacher/rate?{urlencode({'done': '1', 'saved': token, **own})}"
    return f"{stack.url(stack.following, stack.next_piece)}&{urlencode({'saved': token})}"


def _rows(request: HttpRequest, stack: Stack) -> tuple[list[dict[str, Any]], list[int]]:
    """Return one row per criterion that has a level or a status, and the target of each."""
    base = request.POST.get("key", "")[:80] or f"page-{uuid4()}"
    observed = request.POST.get("observed", "")
    m = queries.moment(now=request.moment, book=request.book)
    own = _own_targets(m, stack)
    rows, order = [], []
    for node in stack.targets:
        level, status = request.POST.get(f"level-{node.id}", ""), request.POST.get(f"status-{node.id}", "")
        if not level and not status:
            continue
        row: dict[str, Any] = {
            "key": f"{base}:{node.id}", "student": stack.student.sourced_id, "target": str(node.uuid),
            "observed_at": request.moment.isoformat() if observed in ("", m.day.isoformat()) else observed,
            "comment": request.POST.get(f"comment-{node.id}", "").strip(), "task": request.POST.get("task", "").strip()[:190],
        }  # fmt: skip
        if status:
            row["status"] = status
        else:
            row["level"] = level
            row["by_default"] = level == request.POST.get(f"default-{node.id}")
        asked = stack.task.depth if stack.task is not None else 0
        if asked or node.depth:
            row["depth"] = request.POST.get("depth") or str(asked or node.depth)
        if request.POST.get("hold"):
            row["held"] = True
        if stack.piece is not None:
            row |= {"evidence": stack.piece.key, "attempt": stack.piece.attempt, "task": stack.piece.title[:190],
                    "submitted_at": stack.piece.handed_in_at.isoformat()}  # fmt: skip
            if stack.task is not None:
                row["purpose"] = Purpose(stack.task.purpose).word
                row["due_at"] = stack.task.due_on.isoformat() if stack.task.due_on else ""
        else:
            row["evidence"] = base
        if request.POST.get("language", "").strip():
            row["language"] = request.POST["language"].strip()
        if node.id in own and not status:
            row |= {"purpose": "modified", "modification": str(own[node.id].uuid)}
        rows.append(row)
        order.append(node.id)
    return rows, order


def _summary(request: HttpRequest, stack: Stack, rows: list[dict[str, Any]]) -> str:
    m = queries.moment(now=request.moment, book=request.book)
    names = []
    for row in rows:
        if row.get("status"):
            names.append(tags.state_words()[row["status"]])
            continue
        node = next(n for n in stack.targets if str(n.uuid) == row["target"])
        scale = m.book.effective(node=node.id, school=None, on=m.day).scale
        names.append(tags.say("level", round(float(row["level"]) * 100), scale))
    return ", ".join(names)
