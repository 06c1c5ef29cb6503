"""A student who is here today and not yet on the roster."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.rosters import actions


def new_student(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Ask for the name and add the student to the class; the next import proposes the match."""
    context: dict[str, Any] = {"nav": "teacher.grid", "class": subject, "given": request.POST.get("given", ""),
                               "family": request.POST.get("family", "")}  # fmt: skip
    if request.method != "POST":
        return render(request, "pages/teacher/new_student.html", context)
    grade = subject.grades[0] if subject.grades else ""
    try:
        person = actions.add_provisional_student(
            actor=request.viewer, class_id=subject.id, given_name=request.POST.get("given", "")[:255],
            family_name=request.POST.get("family", "")[:255], at=request.moment, grade=grade,
        )  # fmt: skip
    except Refusal as refusal:
        return render(
            request, "pages/teacher/new_student.html", {**context, "fault": refused.said(refusal)}, status=422
        )
    return redirect(f"/teacher/students/{person.sourced_id}")
