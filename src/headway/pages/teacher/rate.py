"""Rate a stack: the work on the left, the rubric on the right, one student after the other, with undo.

Three ways in: work that was handed in (`?piece=`), by a group too; a chance for which nothing came (`?chance=`); or a class
and targets without pieces (`?class=&target=`). A level that was offered and left as it was is saved only with this
student's own save, and is marked as such.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.evidence import actions as work
from headway.evidence import queries as evidence
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import learning, refused, tags
from headway.pages.parts.feedback import STATUS
from headway.pages.parts.loop import given_view, return_views
from headway.pages.parts.profile import help_words, rating_fault
from headway.pages.parts.work import earlier
from headway.pages.teacher import undoing
from headway.pages.teacher.choose import choose
from headway.pages.teacher.closing import nothing_came, onward
from headway.pages.teacher.rows import STATUSES, members_of, observed_on, own_targets, own_words, rows_of
from headway.pages.teacher.stack import Stack, stack_of
from headway.proficiency import actions, queries
from headway.profiles import queries as profiles
from headway.profiles.types import ModificationView
from headway.rosters import queries as rosters
from headway.tasks import queries as tasks
from headway.tasks.types import TaskView

LONGEST_KEPT = 500
USED_UP = ("key_withdrawn", "key_conflict")


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

    `own` names the student's own target where a modification holds: then the levels are its own too. `lines` are the criteria
    of the rubric by which work on a task of the bank is rated here.
    """

    target: int
    key: str
    name: str
    options: list[Option]
    default: str
    comment: str = ""
    fault: str = ""
    own: str = ""
    status: str = ""
    lines: tuple[str, ...] = ()


def _choices(request: HttpRequest, stack: Stack) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Return the targets to choose from for a piece that names none: the student's next steps, then those at their levels."""
    learner = learning.learners([stack.student], as_of=None, now=request.moment, book=request.book)[0]
    return learning.targets_to_choose(learner, learning.steps(learner), "")


def rate(request: HttpRequest) -> HttpResponse:
    """Show one place in the stack, or save it and go on to the next."""
    stack = stack_of(request)
    if stack is None:
        return choose(request)
    if stack.open_chance:
        return nothing_came(request, stack)
    if request.method == "POST":
        _keep(request, stack)
        return _return(request, stack) if request.POST.get("act") == "return" else _save(request, stack)
    return _show(request, stack, {}, status=200)


def _show(
    request: HttpRequest, stack: Stack, faults: dict[str, str], *, status: int, fresh: bool = False
) -> HttpResponse:
    """Show the form with what was sent; `fresh` gives it a new key, where the one that was sent is used up."""
    last = queries.last_levels(
        students=[stack.student.id], targets=[n.id for n in stack.targets], now=request.moment, book=request.book
    )  # fmt: skip
    m = queries.moment(now=request.moment, book=request.book)
    observing = observed_on(request)
    own = own_targets(observing, stack, stack.student.id) if not stack.members else {}
    of_bank = bank_task(stack)
    # A level that is to certify is chosen by the rubric, never confirmed from last time.
    raters = _raters(request, stack)
    # A second rating of the same attempt stands beside the first: nobody gives it by pressing Enter.
    offered = not raters and not (of_bank is not None and of_bank.certifies)
    last = last if offered else {}
    criteria = [
        by_rubric(_criterion(request, m, stack, node, last, faults, own.get(node.id), offered), of_bank)
        for node in stack.targets
    ]
    people = [person for person, _piece in stack.members] or [stack.student]
    lines = profiles.accommodations_of(students=[one.id for one in people], on=m.day)
    context = {
        "nav": "teacher.rate",
        "stack": stack,
        "criteria": criteria,
        "n_criteria": len(criteria),
        "offered": any(
            one.default and any(o.chosen and o.value == one.default for o in one.options) for one in criteria
        ),
        "choices": [] if criteria or stack.piece is None else _choices(request, stack),
        "key": (not fresh and request.POST.get("key")) or f"page-{uuid4()}",
        "attempt": _attempt(stack),
        "depths": [(n, words, request.POST.get("depth") == n) for n, words in _depths()],
        "keep": "keep" in request.POST,
        **undoing.toast(request.GET.get("saved", "")),
        "fault": faults.get(""),
        "statuses": [{"value": s, "said": f"status:{s}", "name": tags.state_words()[s]} for s in STATUSES],
        "skip": stack.skip,
        "here": stack.here,
        "names": ", ".join(person.name() for person, _piece in stack.members) or stack.student.name(),
        "members": members_of(request, m, stack, criteria),
        "helps": [
            (one.name() if stack.members else "", help_words(m, lines[one.id]))
            for one in people
            if lines.get(one.id)
        ],
        "shown_in": request.POST.get("language", ""),
        "seen": _head(),
        "raters": raters,
        "earlier": earlier(stack.piece),
        "today": m.day,
        "observed": request.POST.get("observed", m.day.isoformat()),
        "shown_on": observing.day,
        "task": request.POST.get("task", request.GET.get("task", "")),
        "asked": stack.task and given_view(stack.task, m.day),
        "of_bank": of_bank,
        "returns": _returns(stack),
        "words": request.POST.get("words", ""),
        "hold": "hold" in stack.query,
        "bank": evidence.saved_comments(owner=request.viewer.person_id),
    }
    return render(request, "pages/teacher/rate.html", context, status=status)


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
    offered: bool,
) -> Criterion:
    language = get_language() or "en"
    school = stack.school_class.school.sourced_id if stack.school_class else None
    scale = m.book.effective(node=node.id, school=school, on=m.day).scale
    # The students of a group came from different levels: what is chosen for all of them is nobody's last level.
    known = last.get((stack.student.id, node.id)) if not stack.members else None
    default = f"{known.level / 100:g}" if known is not None else ""
    if own is not None:
        newest = next((one.level for one in own.ratings if one.level is not None), None)
        default = "" if newest is None or not offered else f"{newest / 100:g}"
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
        own=own.words if own is not None else "", status=request.POST.get(f"status-{node.id}", ""),
    )  # fmt: skip


def bank_task(stack: Stack) -> TaskView | None:
    """Return the task of the bank that the piece answers, None for a task of the teacher's own."""
    if stack.piece is None or stack.task is None or stack.task.version is None:
        return None
    return tasks.version_given(version=stack.task.version)


def by_rubric(one: Criterion, view: TaskView | None) -> Criterion:
    """Return a criterion with the words of the task's rubric in the place of the target's, where the task has any for it.

    A student's own target keeps its own words.
    """
    lines = [line for line in view.criteria if line.target == one.target] if view is not None else []
    if not lines or one.own:
        return one

    def words(value: str) -> str:
        level = round(float(value) * 100)
        said = [(line.name, line.descriptors[level]) for line in lines if line.descriptors.get(level)]
        return said[0][1] if len(lines) == 1 and said else "\n".join(f"{name}: {text}" for name, text in said)

    options = [replace(option, text=words(option.value) or option.text) for option in one.options]
    return replace(one, options=options, lines=tuple(line.name for line in lines))


def _save(request: HttpRequest, stack: Stack) -> HttpResponse:
    viewer: Viewer = request.viewer
    rows, order = rows_of(request, stack)
    if not rows:
        return _show(
            request,
            stack,
            {"": _("Choose a level on at least one criterion, or say why there is none.")},
            status=422,
        )
    if any(row.get("status", STATUSES[0]) not in STATUSES for row in rows):
        return _show(request, stack, {"": _("Choose a level or one of the words of the list.")}, status=422)
    if is_whole(attempt := request.POST.get("attempt", "")) and int(attempt[:6]) != _attempt(stack):
        return _show(request, stack, {"": _newer_attempt()}, status=422)
    if said := _meanwhile(request, stack) or _other_words(request, stack):
        return _show(request, stack, {"": said}, status=422)
    try:
        actions.record_rows(actor=viewer, rows=rows, at=request.moment, book=request.book)
    except Refusal as refusal:
        faults = {"": _refused(refusal)}
        for finding in () if refusal.code in USED_UP else refusal.findings:
            if finding.line is not None and finding.line <= len(order):
                faults[str(order[finding.line - 1])] = rating_fault(finding)
        return _show(request, stack, faults, status=422, fresh=refusal.code in USED_UP)
    said = f"{_names(stack)}: {_summary(request, stack, rows)}"
    return redirect(onward(request, stack, {"keys": [row["key"] for row in rows], "said": said}))


def _other_words(request: HttpRequest, stack: Stack) -> str:
    """Return what to say where other own targets held on the observed day than those by which the form was read; else nothing."""
    observed, shown = observed_on(request), observed_on(request, "shown_on")
    if observed.day == shown.day:
        return ""
    for person, _piece in stack.members or [(stack.student, stack.piece)]:
        then, read = (own_targets(m, stack, person.id) for m in (observed, shown))
        if {key: one.uuid for key, one in then.items()} != {key: one.uuid for key, one in read.items()}:
            return _(
                "On that day the levels were read by other words, because of the student’s own target. Those are shown now: "
                "choose the level again."
            )
    return ""


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
    keys = [piece.key for _person, piece in stack.members] or [stack.piece.key]
    own = {piece.key: own_words(request, person.id) for person, piece in stack.members}
    try:
        back = work.return_pieces(
            actor=request.viewer, keys=keys, own=own, attempt=int(attempt) if is_whole(attempt) and len(attempt) < 6 else 0,
            words=request.POST.get("words", "").replace("\r\n", "\n").replace("\0", ""),
            notes={node.id: _comment(request, node) for node in stack.targets}, at=request.moment,
        )  # fmt: skip
    except Refusal as refusal:
        return _show(request, stack, {"": _refused(refusal)}, status=422)
    said = _("%(name)s: returned for revision") % {"name": _names(stack)}
    returned = [one.sequence for one in back]
    return redirect(onward(request, stack, {"returned": returned, "keys": [], "said": said}))


def _newer_attempt() -> str:
    return _("A newer attempt was handed in since. It is shown now.")


def _refused(refusal: Refusal) -> str:
    return {
        "newer_attempt": _newer_attempt(),
        "key_withdrawn": _(
            "What you saved with this form was taken back since. To record it again, save once more."
        ),
        "key_conflict": _(
            "This form was saved before with other content. To add this beside it, save once more; otherwise skip it."
        ),
    }.get(refusal.code) or refused.said(refusal)


def _depths() -> list[tuple[str, str]]:
    words = (_("recall"), _("skill and concept"), _("strategic thinking"), _("extended thinking"))
    return [(str(n), said) for n, said in enumerate(words, 1)]


def _attempt(stack: Stack) -> int:
    """Return the newest attempt at hand, of all of a group; 0 without a piece."""
    pieces = [piece for _person, piece in stack.members] or [stack.piece] if stack.piece else []
    return max((piece.attempt for piece in pieces), default=0)


def _names(stack: Stack) -> str:
    return ", ".join(person.name() for person, _piece in stack.members) or stack.student.name()


def _head() -> int:
    return evidence.head()[0]


def _raters(request: HttpRequest, stack: Stack) -> list[tuple[str, int, str]]:
    """Return who rated this attempt already, when, and how; nobody where no piece is rated."""
    if stack.piece is None:
        return []
    keys = [piece.key for _person, piece in stack.members] or [stack.piece.key]
    found = evidence.rated_by_others(rater=None, pieces=keys, attempt=stack.piece.attempt)
    people = rosters.people_by_id(person_ids={one.rater for one in found if one.rater})
    m = queries.moment(now=request.moment, book=request.book)
    told: dict[str, tuple[int, list[str]]] = {}
    for one in found:
        if one.rater in people:
            scale = m.book.effective(node=one.target, school=None, on=m.day).scale
            state = "level" if one.level is not None else STATUS[one.status]
            _at, words = told.setdefault(people[one.rater].name(), (one.recorded_us, []))
            words.append(tags.say(state, one.level, scale))
    return [(name, at, ", ".join(dict.fromkeys(words))) for name, (at, words) in told.items()]


def _meanwhile(request: HttpRequest, stack: Stack) -> str:
    """Return what somebody else rated here since the form was opened, in words; nothing where nobody did."""
    seen = request.POST.get("seen", "")
    if not (is_whole(seen) and len(seen) < 19):
        return ""
    pieces = [piece.key for _person, piece in stack.members] or [stack.piece.key] if stack.piece else []
    students = [person.id for person, _piece in stack.members] or [stack.student.id]
    found = evidence.rated_by_others(
        rater=request.viewer.person_id, pieces=pieces, students=students, targets=[n.id for n in stack.targets],
        since=int(seen),
    )  # fmt: skip
    if not found:
        return ""
    people = rosters.people_by_id(person_ids={one.rater for one in found if one.rater})
    names = ", ".join(dict.fromkeys(person.name() for person in people.values())) or _("Somebody else")
    return _(
        "%(names)s rated this since you opened the page. To add your rating beside it, save once more; otherwise skip it."
    ) % {"names": names}


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
