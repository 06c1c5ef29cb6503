"""The family's first page, and the page of one child: how is my child."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headway.contact import queries as contact
from headway.pages.parts.asked import look_back
from headway.pages.parts.child import children
from headway.pages.parts.learning import learners
from headway.pages.parts.loop import in_hand
from headway.pages.parts.news import news
from headway.pages.parts.work import recent
from headway.report_cards import queries as report_cards
from headway.rosters import queries as rosters


def home(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show the one child, or each of several with a sentence for each subject."""
    if len(subject) == 1:
        return child(request, subject[0].sourced_id, subject[0], kin=False)
    look = look_back(request)
    found = learners(subject, as_of=look.as_of, now=request.moment, book=request.book) if subject else []
    return render(
        request,
        "pages/family/home.html",
        {
            "look": look,
            "children": children(found, whole=False),
            "keep": {},
            "news": []
            if look.past
            else news(request.book, today=look.today, schools={one.school for one in found}),
        },
    )


def child(request: HttpRequest, student_id: str, subject: Any, *, kin: bool = True) -> HttpResponse:
    """Show how one child is."""
    look = look_back(request)
    found = learners([subject], as_of=look.as_of, now=request.moment, book=request.book)
    (one,) = children(found, whole=True)
    tail = f"?as_of={look.as_of}" if look.as_of else ""
    heard = [] if look.past else news(request.book, today=look.today, schools={found[0].school})
    context = {"nav": "family.home", "look": look, "child": one, "news": heard, "keep": {}, "tail": tail,
               "teachers": _teachers(subject, look.as_of or look.today),
               "hand": None if look.past else in_hand(subject.id, today=look.today),
               "recent": [] if look.past else recent(found[0]),
               "cards": report_cards.cards_of(student=subject.id, before=look.before),
               "unread": _unread(request, subject),
               "kin": kin and len(request.viewer.children) > 1}  # fmt: skip
    return render(request, "pages/family/child.html", context)


def _unread(request: HttpRequest, child: Any) -> int:
    found = contact.unread(students=[child.id], home=True, guardian=request.viewer.person_id)
    return sum(found.values())


def _teachers(student: Any, day: date) -> list[tuple[str, str]]:
    """Return each class of the child with who teaches it. One statement, and one for each class."""
    classes = rosters.classes_attended(person_id=student.id, as_of=day)
    found = [(one.title, rosters.teachers_of_class(class_id=one.id, as_of=day)) for one in classes]
    return [(title, ", ".join(person.name() for person in people)) for title, people in found if people]
