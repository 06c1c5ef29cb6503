"""The stack of what needs a rating next: work that came in, and chances for which nothing came; over one class or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest

from headway.access.types import Viewer
from headway.evidence import queries as evidence
from headway.evidence.queries import Chance
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.proficiency import queries
from headway.response import queries as response
from headway.response.types import ToRate
from headway.rosters import queries as rosters

MOST_TARGETS = 6


@dataclass
class Stack:
    """Where the teacher is: class, targets, who is rated now and what comes next. `members` are (student, piece) of a group.
    `picked` are the targets that the address names for a piece that was handed in without one.

    `at` of `n` counts what is like this place: work that came in, or chances for which nothing came; `n` is how many there were
    where the teacher began, so that what was done on the way stays counted. `more` of them wait beside this one. `later` says
    for a piece how many chances without work come after all the work.
    """

    school_class: Any
    targets: list[Any]
    student: Any
    at: int
    n: int
    piece: Any = None
    task: Chance | None = None
    more: int = 0
    later: int = 0
    next_name: str = ""
    next_named: dict[str, str] = field(default_factory=dict)
    members: list[tuple[Any, Any]] = field(default_factory=list)
    picked: list[int] = field(default_factory=list)
    query: dict[str, Any] = field(default_factory=dict)

    @property
    def open_chance(self) -> bool:
        """Whether nothing came for the task."""
        return self.piece is None and self.task is not None

    @property
    def here(self) -> str:
        """The address of this place, with how many there were where the teacher began."""
        return self._address({**self._named, "of": self.n} if "student" not in self._named else self._named)

    @property
    def draft(self) -> str:
        """The name under which words that are not saved wait: the same wherever the teacher began."""
        return self._address(self._named)

    @property
    def _named(self) -> dict[str, Any]:
        if self.piece is not None:
            return {"piece": self.piece.key, **({"target": self.picked} if self.picked else {})}
        return {"chance": str(self.task.uuid)} if self.task else {"student": self.student.id}

    @property
    def skip(self) -> str:
        """The address that leaves this place as it is: what comes next, or at the end what else waits."""
        own = {name: value for name, value in self.query.items() if name == "class"}
        past = {"after": self.piece.key} if self.piece is not None else {}
        return self.next or f"/teacher/rate?{urlencode({'done': '1', **past, **own}, doseq=True)}"

    @property
    def next(self) -> str:
        """The address of what comes next; nothing at the end."""
        return self._address(self.next_named) if self.next_named else ""

    def _address(self, named: dict[str, Any]) -> str:
        return "/teacher/rate?" + urlencode({**self.query, **named}, doseq=True)


def classes_of(viewer: Viewer) -> list[Any]:
    """Return the classes whose work the viewer rates: those they teach, else those in their scope."""
    if viewer.classes:
        return rosters.classes_taught(person_id=viewer.person_id or 0, as_of=viewer.today)
    return rosters.classes_of(viewer=viewer)


def chosen_classes(viewer: Viewer, references: Sequence[str]) -> list[Any]:
    """Return the classes that an address names, all of the viewer's where it names none. Raises Http404 for any other."""
    if not references:
        return classes_of(viewer)
    found = [rosters.class_in_scope(viewer=viewer, reference=one) for one in dict.fromkeys(references)]
    if None in found:
        raise Http404
    return found


def named(one: ToRate) -> dict[str, str]:
    """Return what names a thing of the stack in an address."""
    return {"piece": one.key} if one.chance is None else {"chance": str(one.chance.uuid)}


def stack_of(request: HttpRequest) -> Stack | None:
    """Return the place that the address names; None where it names none. Raises Http404 for one out of sight."""
    if request.GET.get("piece"):
        return _of_piece(request)
    if request.GET.get("chance"):
        return _of_chance(request)
    if request.GET.get("class") and request.GET.getlist("target"):
        return _of_class(request)
    return None


def _of_class(request: HttpRequest) -> Stack:
    viewer: Viewer = request.viewer
    school_class = rosters.class_in_scope(viewer=viewer, reference=request.GET["class"])
    if school_class is None:
        raise Http404
    m = queries.moment(now=request.moment, book=request.book)
    ids = [int(text) for text in dict.fromkeys(request.GET.getlist("target")) if is_whole(text)]
    nodes = _nodes(ids, m)
    students = rosters.students_in_class(class_id=school_class.id, as_of=m.day, viewer=viewer)
    if not students or not nodes:
        raise Http404
    wanted = request.GET.get("student", "")
    at = next((n for n, person in enumerate(students) if str(person.id) == wanted), None)
    if wanted and at is None:
        raise Http404
    place = at or 0
    following = students[place + 1] if place + 1 < len(students) else None
    query = {"class": school_class.sourced_id, "target": [node.id for node in nodes], **_holding(request)}
    found = Stack(school_class, nodes, students[place], place + 1, len(students), query=query)
    if following is not None:
        found.next_name, found.next_named = following.name(), {"student": str(following.id)}
    return found


def _of_piece(request: HttpRequest) -> Stack:
    viewer: Viewer = request.viewer
    piece = evidence.find_piece(request.GET["piece"])
    if piece is None or not rosters.can_see_student(viewer, piece.student_id, viewer.today):
        raise Http404
    m = queries.moment(now=request.moment, book=request.book)
    task = evidence.find_chance(piece.key)
    targets = [target.id for target in piece.targets.all()]
    # Whoever left the choice to the teacher handed it in without a target.
    picked = (
        []
        if targets
        else [int(text) for text in request.GET.getlist("target") if is_whole(text) and len(text) < 12]
    )
    found = _walk(request, m, piece.key, piece.title, piece.student_id, targets or picked)
    found.piece, found.task, found.picked = piece, task, picked
    if task is not None and task.group:
        found.members = _members(viewer, task)
    return found


def _of_chance(request: HttpRequest) -> Stack:
    viewer: Viewer = request.viewer
    try:
        task = next(iter(evidence.chances_by_uuid([UUID(request.GET["chance"])])), None)
    except ValueError as error:
        raise Http404 from error
    if task is None or not rosters.can_see_student(viewer, task.student, viewer.today):
        raise Http404
    m = queries.moment(now=request.moment, book=request.book)
    found = _walk(request, m, task.piece_key, task.title, task.student, task.targets)
    found.task = task
    return found


def _walk(
    request: HttpRequest, m: queries.Moment, key: str, title: str, student: int, targets: Iterable[int]
) -> Stack:  # fmt: skip
    """Return the place of a piece or a chance in the stack of the classes that the address names.

    The stack keeps to one task, which is that of the piece unless the address names another (`title`; empty is every task).
    """
    references = [one for one in request.GET.getlist("class") if one]
    classes = chosen_classes(request.viewer, references)
    members = rosters.members(class_ids=[c.id for c in classes], as_of=m.day, viewer=request.viewer)
    kept = request.GET.get("title", title)
    every = response.to_rate(m, {s for listed in members.values() for s in listed} | {student})
    stack = [one for one in every if kept in ("", one.title)]
    here = next((n for n, one in enumerate(stack) if key == one.key), None)
    if here is None:
        mine = evidence.groups_of(pieces=[key, *(one.key for one in stack)])
        here = next(
            (n for n, one in enumerate(stack) if key in mine and mine.get(one.key) == mine[key]), None
        )
    rest = stack if here is None else stack[here + 1 :] + stack[:here]
    nothing = here is not None and stack[here].chance is not None
    kind = [one for one in stack if (one.chance is not None) == nothing]
    if not nothing:
        own = stack[here].key if here is not None else key
        waits = any(one.chance is None and one.key != own for one in every)
        rest = _onward(rest, own, every if waits or not references else work_of(request.viewer, m))
    people = rosters.people_by_id(person_ids=[student, *(rest[0].students if rest else ())])
    query: dict[str, Any] = {"class": references} if references else {}
    query |= ({"title": kept} if "title" in request.GET else {}) | _holding(request)
    began = max(_begun(request), len(kind), 1)
    found = Stack(
        classes[0] if references and len(classes) == 1 else None, _nodes(targets, m), people[student],
        max(began - len(kind) + (kind.index(stack[here]) + 1 if here is not None else 0), 1), began, query=query,
        more=len(kind) - (here is not None), later=0 if nothing else len(stack) - len(kind),
    )  # fmt: skip
    if rest:
        found.next_name = ", ".join(people[one].name() for one in rest[0].students)
        found.next_named = named(rest[0])
        if (rest[0].chance is not None) == nothing:
            found.next_named["of"] = str(began)
    return found


def _begun(request: HttpRequest) -> int:
    """Return how many there were where the teacher began, as the address says; 0 where this is the beginning."""
    text = request.GET.get("of", "")
    return int(text) if is_whole(text) and len(text) < 6 else 0


def _onward(rest: list[ToRate], here: str, waiting: list[ToRate]) -> list[ToRate]:
    """Return what comes after a piece, of what is left of its stack: work before any chance without work.

    Where the stack's work is done and other work waits, nothing comes next here: the teacher is led on to that work first.
    """
    work = [one for one in rest if one.chance is None]
    if work or not any(one.chance is None and one.key != here for one in waiting):
        return work or rest
    return []


def work_of(viewer: Viewer, m: queries.Moment) -> list[ToRate]:
    """Return the work that waits in the viewer's classes, oldest first. Five statements at most."""
    members = rosters.members(class_ids=[c.id for c in classes_of(viewer)], as_of=m.day, viewer=viewer)
    return response.work_to_rate(m, {s for listed in members.values() for s in listed})


def _members(viewer: Viewer, task: Chance) -> list[tuple[Any, Any]]:
    """Return the students of a group whom the viewer may see, by name, each with their piece; nobody where one is alone."""
    taken = [one for one in evidence.group_of(task) if one.state == "taken"]
    seen = rosters.visible_ids(viewer, person_ids={one.student for one in taken}, as_of=viewer.today)
    pieces = evidence.pieces_named(keys=[one.piece_key for one in taken if one.student in seen])
    if len(pieces) < 2:
        return []
    people = rosters.people_by_id(person_ids=[one.student_id for one in pieces.values()])
    found = [(people[one.student_id], one) for one in pieces.values()]
    return sorted(found, key=lambda pair: pair[0].sort_name().casefold())


def _nodes(targets: Iterable[int], m: queries.Moment) -> list[Any]:
    """Return the targets in force of these, for one that has ended what took its place. Raises Http404 where one is not there."""
    try:
        now = frameworks.standing_for(targets, on=m.day)
    except (Refusal, KeyError) as refusal:
        raise Http404 from refusal
    return list({node.id: node for found in now.values() for node in found}.values())[:MOST_TARGETS]


def _holding(request: HttpRequest) -> dict[str, str]:
    """Return what keeps the choice to hold from one student to the next."""
    held = request.POST.get("hold") if request.method == "POST" else request.GET.get("hold")
    return {"hold": "1"} if held else {}
