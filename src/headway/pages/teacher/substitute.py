"""A substitute's day: the roster and the tasks of a class, and notes for its teachers. No level, no history, no decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.evidence import actions
from headway.evidence import queries as evidence
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.loop import names_of
from headway.pages.parts.profile import help_words
from headway.pages.parts.told import address, told
from headway.pages.teacher.notes import in_words
from headway.proficiency import queries as levels
from headway.profiles import queries as profiles
from headway.rosters import queries as rosters

NAV = "teacher.substitute"


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task that is open in the class, as everybody there has it."""

    title: str
    words: str
    link: str
    targets: str
    due_on: date | None
    late: bool
    practice: bool


def first(request: HttpRequest) -> HttpResponse:
    """Go to the one class of the day, list several, or say that there is none."""
    viewer = request.viewer
    classes = rosters.classes_stood_in(person_id=viewer.person_id or 0, as_of=viewer.today)
    if len(classes) == 1:
        return redirect(_path(classes[0]))
    return render(request, "pages/teacher/substitutes.html", {"nav": NAV, "classes": classes})


def substitute(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Show the class as its substitute needs it today, and take notes."""
    viewer, fault = request.viewer, ""
    if request.method == "POST":
        try:
            return redirect(address(_path(subject), said=_act(request, subject)))
        except Refusal as refusal:
            fault = _refused(refusal)
    students = rosters.students_met(viewer=viewer, class_id=subject.id)
    context = {
        "nav": NAV, "class": subject, "students": students, "helped": _helped(request, students),
        "tasks": _tasks(subject, students, viewer.today),
        "teachers": ", ".join(
            one.name() for one in rosters.teachers_of_class(class_id=subject.id, as_of=viewer.today)
        ), "today": viewer.today,
        "notes": in_words(evidence.own_notes(viewer=viewer, school_class=subject.id)),
        "said": told(request, "said"), "fault": fault, "key": request.POST.get("key") or f"page-{uuid4()}",
        "about": request.POST.get("student", ""), "words": request.POST.get("words", ""), "many": len(viewer.standing_in) > 1,
    }  # fmt: skip
    return render(request, "pages/teacher/substitute.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, subject: Any) -> str:
    """Save a note or take one back; return what to say."""
    if request.POST.get("act") == "withdraw":
        try:
            note = UUID(request.POST.get("note", ""))
        except ValueError as error:
            raise Refusal("unknown_note", "There is no such note of yours.") from error
        actions.withdraw_note(actor=request.viewer, note=note, at=request.moment)
        return _("The note is taken back.")
    about = request.POST.get("student", "")
    if about and not (is_whole(about) and len(about) < 19):
        raise Refusal("no_such_person", "There is no such student in the class.")
    actions.write_note(
        actor=request.viewer, school_class=subject.id, student=int(about) if about else None,
        words=request.POST.get("words", "").replace("\0", "").replace("\r\n", "\n"),
        key=request.POST.get("key", "").replace("\0", ""), at=request.moment,
    )  # fmt: skip
    return _("The note is saved. The teachers of the class find it on their first page.")


def _helped(request: HttpRequest, students: Sequence[Any]) -> list[tuple[Any, str]]:
    """Return the students with their accommodations in words: nothing else about them is a substitute's to know."""
    lines = profiles.accommodations_of(students=[one.id for one in students], on=request.viewer.today)
    m = levels.moment(now=request.moment, book=request.book)
    return [(one, "; ".join(help_words(m, lines.get(one.id, [])))) for one in students]


def _tasks(subject: Any, students: Sequence[Any], today: date) -> list[TaskRow]:
    """Return what one of the students still has to do: by due day, what is past it last; no student's own state."""
    here = {one.id for one in students}
    found = [
        TaskRow(
            one.title,
            one.words,
            one.link,
            names_of(one.targets),
            one.due_on,
            one.due_on is not None and one.due_on < today,
            one.purpose == 1,
        )
        for one in evidence.given_in(school_class=subject.id)
        if any(chance.open and chance.student in here for chance in one.chances)
    ]
    return sorted(found, key=lambda row: (row.late, row.due_on or date.max))


def _path(school_class: Any) -> str:
    return f"/teacher/substitute/{quote(school_class.sourced_id, safe='')}"


def _refused(refusal: Refusal) -> str:
    return {
        "text_missing": _("Write what you saw; nothing was saved."),
        "text_too_long": _("A note has at most 2,000 letters. Say it in fewer words; nothing was saved."),
        "no_such_person": _("Choose a student of the list, or the whole class; nothing was saved."),
        "key_missing": _("Open the page again and write the note once more."),
    }.get(refusal.code) or refused.said(refusal)
