"""Giving a task or a bare target to a class, to chosen students or to one, in one act that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.access.types import Role, Viewer
from headway.evidence import actions
from headway.evidence import queries as evidence
from headway.evidence.types import Task
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts.groups import line_and_level
from headway.pages.parts.rubric import read
from headway.pages.parts.told import address
from headway.proficiency import queries
from headway.rosters import queries as rosters
from headway.tasks import queries as tasks
from headway.tasks.types import TaskView

MOST_TARGETS = 6
MOST_GROUPS = 15


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it by field."""

    key: str
    title: str = ""
    words: str = ""
    link: str = ""
    due: str = ""
    depth: str = ""
    purpose: str = "evidence"
    targets: list[str] = field(default_factory=list)
    students: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    of_bank: TaskView | None = None
    errors: dict[str, str] = field(default_factory=dict)


def give(request: HttpRequest) -> HttpResponse:
    """Offer the form for a class; give what was sent, once however often it is sent."""
    viewer: Viewer = request.viewer
    asked = request.POST if request.method == "POST" else request.GET
    classes = _classes(viewer)
    chosen, people = _chosen(viewer, classes, asked.get("class", ""), request.GET.get("student", ""))
    m = queries.moment(now=request.moment, book=request.book)
    if request.method != "POST" or chosen is None:
        wanted = request.GET.get("student", "")
        form = Form(f"give-{uuid4()}", targets=[t for t in request.GET.getlist("target") if is_whole(t)])
        form.students = [str(p.id) for p in people if wanted in ("", p.sourced_id)]
        form = from_bank(request, form)
        return _page(request, m, classes, chosen, people, form, 200)
    form = from_bank(request, _read(request, m.day, {str(person.id) for person in people}))
    if not form.errors:
        try:
            offer = actions.give(actor=viewer, task=_task(form, chosen), students=[int(s) for s in form.students],
                                 at=request.moment)  # fmt: skip
            n = len(form.students)
            said = ngettext("Given to %(n)s student.", "Given to %(n)s students.", n) % {"n": n}
            return redirect(address(f"/teacher/given/{offer.uuid}", said=said, fresh=1))
        except Refusal as refusal:
            form.errors["title"] = _refused(refusal)
    return _page(request, m, classes, chosen, people, form, 422)


def from_bank(request: HttpRequest, form: Form) -> Form:
    """Return the form with what a task of the bank says, where the address or the form names one that is offered."""
    text = (request.POST if request.method == "POST" else request.GET).get("bank", "")
    if not text:
        return form
    try:
        form.of_bank = tasks.offered(viewer=request.viewer, version=UUID(text))
    except ValueError:
        form.of_bank = None
    if form.of_bank is None:
        raise Http404
    view = form.of_bank
    form.title, form.words, form.link, form.depth = view.title, view.prompt, "", str(view.depth)
    form.targets = [str(target) for target in view.targets]
    for name in ("title", "words", "link", "targets"):
        form.errors.pop(name, None)
    return form


def _classes(viewer: Viewer) -> list[Any]:
    if viewer.classes:
        return rosters.classes_taught(person_id=viewer.person_id or 0, as_of=viewer.today)
    return rosters.classes_of(viewer=viewer)


def _chosen(viewer: Viewer, classes: list[Any], reference: str, student: str) -> tuple[Any, list[Any]]:
    """Return the class that is given to, with its students: the one named, else the first that holds the named student."""
    if reference:
        found = next((c for c in classes if c.sourced_id == reference), None)
        found = found or rosters.class_in_scope(viewer=viewer, reference=reference)
        if found is None:
            raise Http404
    elif student:
        person = rosters.student_in_scope(viewer=viewer, reference=student)
        if person is None:
            raise Http404
        own = {c.id for c in rosters.classes_attended(person_id=person.id, as_of=viewer.today)}
        found = next((c for c in classes if c.id in own), None)
    else:
        found = classes[0] if classes else None
    return found, rosters.students_in_class(
        class_id=found.id, as_of=viewer.today, viewer=viewer
    ) if found else []


def _read(request: HttpRequest, today: date, members: set[str]) -> Form:
    sent = request.POST
    form = Form(
        key=sent.get("key", "")[:190], title=" ".join(sent.get("title", "").replace("\0", "").split()),
        words=sent.get("words", "").replace("\r\n", "\n").replace("\0", "").strip(), link=sent.get("link", "").strip(),
        due=sent.get("due", ""), depth=sent.get("depth", ""), purpose=sent.get("purpose", "evidence"),
        targets=[t for t in dict.fromkeys(sent.getlist("target")) if is_whole(t) and len(t) < 19],
        students=[s for s in dict.fromkeys(sent.getlist("student")) if s in members],
        groups=groups_sent(sent, members),
    )  # fmt: skip
    if not 1 <= len(form.targets) <= MOST_TARGETS:
        form.errors["targets"] = _("Choose one to %(n)s targets.") % {"n": MOST_TARGETS}
    elif not form.title:
        form.title = _name(form.targets[0])
    wrong = evidence.wrong_in(title=form.title, words=form.words, link=form.link)
    if "title" in wrong:
        form.errors["title"] = _("The name may have up to %(n)s letters.") % {"n": 200}
    if "words" in wrong:
        form.errors["words"] = _("Up to %(n)s letters fit here.") % {"n": 20_000}
    if not form.students:
        form.errors["students"] = _("Choose at least one student.")
    if form.due and not _is_day(form.due, today):
        form.errors["due"] = _("Give a day from today on, or leave it empty.")
    if "link" in wrong:
        form.errors["link"] = _(
            "A link begins with https:// and leads to one page; copy it from the address line."
        )
    return form


def groups_sent(sent: Any, members: Iterable[str]) -> dict[str, str]:
    """Return the number of the group that was chosen for each member; who works alone is missing."""
    found = {one: sent.get(f"group-{one}", "") for one in members}
    return {one: number for one, number in found.items() if number in group_numbers(len(found))}


def group_numbers(members: int) -> list[str]:
    """Return the numbers of as many groups as so many members can make."""
    return [str(n + 1) for n in range(min(members // 2, MOST_GROUPS))]


def _name(target: str) -> str:
    try:
        return frameworks.node(int(target)).called(get_language() or "en")[:200]
    except Refusal as refusal:
        raise Http404 from refusal


def _is_day(text: str, today: date) -> bool:
    try:
        return today <= date.fromisoformat(text) <= date(2100, 12, 31)
    except ValueError:
        return False


def _task(form: Form, school_class: Any) -> Task:
    return Task(
        key=form.key, title=form.title, targets=tuple(int(target) for target in form.targets), words=form.words,
        link=form.link, due_on=date.fromisoformat(form.due) if form.due else None,
        depth=int(form.depth) if form.depth in ("1", "2", "3", "4") else 0,
        purpose=1 if form.purpose == "practice" else 0, school_class=school_class.id,
        groups={int(one): int(number) for one, number in form.groups.items() if one in form.students},
        version=form.of_bank.uuid if form.of_bank is not None else None,
    )  # fmt: skip


def _refused(refusal: Refusal) -> str:
    if refusal.code == "key_conflict":
        return _("This form was sent before with other content. Open it anew.")
    return _(
        "This could not be given just now: a target or a student is no longer there. Open the form anew."
    )


def _page(
    request: HttpRequest, m: queries.Moment, classes: list[Any], chosen: Any, people: list[Any], form: Form, status: int
) -> HttpResponse:  # fmt: skip
    language = get_language() or "en"
    groups: dict[str, list[dict[str, Any]]] = {}
    for node in queries.class_targets(m, chosen) if chosen is not None else ():
        name = line_and_level(node)
        on = str(node.id) in form.targets
        groups.setdefault(name, []).append(
            {"id": node.id, "name": node.called(language), "code": node.code, "on": on}
        )
    context = {
        "nav": "teacher.today", "teaches": request.viewer.is_a(Role.TEACHER), "classes": classes,
        "chosen": chosen, "form": form, "today": m.day, "most": MOST_TARGETS,
        "groups": [(name, rows, any(row["on"] for row in rows)) for name, rows in groups.items()],
        "picked": any(row["on"] for rows in groups.values() for row in rows),
        "people": [{"id": str(p.id), "name": p.name(), "on": str(p.id) in form.students,
                    "group": form.groups.get(str(p.id), "")} for p in people],
        "numbers": group_numbers(len(people)), "in_groups": bool(form.groups),
        "faults": list(form.errors.items()), "of_bank": form.of_bank, **(read(form.of_bank) if form.of_bank else {}),
    }  # fmt: skip
    return render(request, "pages/teacher/give.html", context, status=status)
