"""Giving a template of a plan to a class, to chosen students of it, or to a grade of a school: looked at first, then given."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.jobs import queries as jobs
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.grades import grade_name, grade_rank
from headway.pages.parts.plan import day_of
from headway.pages.parts.told import address, told
from headway.plans import actions
from headway.plans import queries as plans
from headway.plans.types import Giving, VersionView
from headway.proficiency import queries
from headway.proficiency.queries import Moment
from headway.rosters import queries as rosters

LISTED = 60
"""So many names a look beforehand lists; of a cohort it counts only."""


@dataclass(slots=True)
class Whom:
    """Whom a plan goes to: `classes` and `schools` to choose from, the one that is chosen, and its students."""

    classes: list[Any]
    schools: list[Any]
    school_class: Any = None
    school: Any = None
    grade: str = ""
    grades: list[tuple[str, str]] = field(default_factory=list)
    people: list[Any] = field(default_factory=list)

    @property
    def reference(self) -> str:
        if self.school_class is not None:
            return f"class:{self.school_class.sourced_id}"
        return f"school:{self.school.sourced_id}" if self.school is not None else ""


@dataclass(slots=True)
class Form:
    """What was chosen and typed, with what is wrong with it."""

    key: str
    plan: str
    starts: str
    ends: str
    students: list[int]
    faults: list[str] = field(default_factory=list)


def give(request: HttpRequest) -> HttpResponse:
    """Offer the form; show what giving would do; give what was looked at, once however often it is sent."""
    m = queries.moment(now=request.moment, book=request.book)
    whom = _whom(request)
    form = _read(request, whom, m.day)
    templates = plans.templates()
    version = next((one for one in templates if one.plan == form.plan), None)
    looked: dict[str, Any] = {}
    if request.method == "POST":
        span = _span(m, form, version)
        if version is not None and span is not None and not form.faults:
            looked = _looked(version, span, whom, form)
            if request.POST.get("act") == "give" and request.POST.get("looked") == looked["looked"]:
                run = _give(request, form, version, span)
                if run:
                    return redirect(address(f"/teacher/plans/given/{run}", said=_("The plan is given.")))
                looked = {}
    context = {
        "nav": "teacher.plans", "whom": whom, "templates": templates, "form": form, "version": version, **looked,
        "people": [] if whom.school is not None else [(str(p.id), p.name(), p.id in form.students) for p in whom.people],
    }  # fmt: skip
    return render(request, "pages/teacher/give_plan.html", context, status=422 if form.faults else 200)


def _give(request: HttpRequest, form: Form, version: VersionView, span: tuple[date, date]) -> int:
    try:
        return actions.give_template(actor=request.viewer, key=form.key, version=version.id, students=form.students,
                                     starts_on=span[0], ends_on=span[1], at=request.moment)  # fmt: skip
    except Refusal as refusal:
        form.faults.append(refused.why(refusal))
        return 0


def _whom(request: HttpRequest) -> Whom:
    """Return whom the viewer may give to: classes taught, else those of the school led that is chosen; schools led and grades."""
    viewer: Viewer = request.viewer
    asked = request.POST if request.method == "POST" else request.GET
    kind, _sep, reference = asked.get("whom", "").partition(":")
    taught = (
        rosters.classes_taught(person_id=viewer.person_id or 0, as_of=viewer.today) if viewer.classes else []
    )
    found = Whom(taught, rosters.schools_led(viewer=viewer))
    if kind == "school":
        found.school = next((one for one in found.schools if one.sourced_id == reference), None)
        if found.school is None:
            raise Http404
        return _of_school(viewer, found, asked.get("grade", ""))
    if kind == "class" or request.GET.get("class"):
        name = reference if kind == "class" else request.GET.get("class", "")
        found.school_class = rosters.class_in_scope(viewer=viewer, reference=name)
        if found.school_class is None:
            raise Http404
        if found.school_class.id not in {one.id for one in found.classes}:
            found.classes = [found.school_class, *found.classes]
    elif request.GET.get("student"):
        found.school_class = _class_of(viewer, request.GET["student"], found)
    if found.school_class is None and found.classes:
        found.school_class = found.classes[0]
    if found.school_class is None and found.schools:
        found.school = found.schools[0]
        return _of_school(viewer, found, "")
    if found.school_class is not None:
        found.people = rosters.students_in_class(
            class_id=found.school_class.id, as_of=viewer.today, viewer=viewer
        )
    return found


def _class_of(viewer: Viewer, student: str, whom: Whom) -> Any:
    """Return a class of the student that the viewer may open: one taught before others."""
    person = rosters.student_in_scope(viewer=viewer, reference=student)
    if person is None:
        raise Http404
    attended = rosters.classes_attended(person_id=person.id, as_of=viewer.today)
    own = {one.id for one in whom.classes}
    found = next((one for one in attended if one.id in own), None)
    if found is None:
        opened = (rosters.class_in_scope(viewer=viewer, reference=one.sourced_id) for one in attended)
        found = next((one for one in opened if one is not None), None)
        if found is not None:
            whom.classes = [found, *whom.classes]
    return found


def _of_school(viewer: Viewer, found: Whom, grade: str) -> Whom:
    students = rosters.students_of_school(viewer=viewer, school_id=found.school.id, as_of=viewer.today)
    codes = {code for code in students.order_by().values_list("grade", flat=True).distinct() if code}
    found.grades = [(code, grade_name(code)) for code in sorted(codes, key=grade_rank)]
    found.grade = grade if grade in codes else ""
    found.people = list(students.filter(grade=found.grade) if found.grade else students)
    return found


def _read(request: HttpRequest, whom: Whom, today: date) -> Form:
    sent, members = request.POST, [person.id for person in whom.people]
    if request.method != "POST":
        wanted = request.GET.get("student", "")
        chosen = [p.id for p in whom.people if wanted in ("", p.sourced_id)]
        return Form(f"plan-{uuid4()}", request.GET.get("plan", ""), today.isoformat(), "", chosen)
    named = set(sent.getlist("student"))
    chosen = members if whom.school is not None else [key for key in members if str(key) in named]
    return Form(
        sent.get("key", "")[:64], sent.get("plan", ""), sent.get("starts", ""), sent.get("ends", ""), chosen
    )


def _span(m: Moment, form: Form, version: VersionView | None) -> tuple[date, date] | None:
    """Return first and last day; without a typed last day that of the template's last week, where it names none that of the
    school year. What is wrong goes to the form."""
    if version is None:
        form.faults.append(_("Choose a template."))
    starts_on, ends_on = day_of(form.starts), day_of(form.ends)
    if starts_on is None:
        form.faults.append(_("Give the first day."))
    if form.ends and ends_on is None:
        form.faults.append(_("Give the last day of the plan."))
    if not form.students:
        form.faults.append(_("Choose at least one student."))
    if form.faults or starts_on is None or version is None:
        return None
    ends_on = ends_on or plans.last_day(m, version, starts_on) or _year_ends(starts_on)
    if ends_on is None:
        form.faults.append(
            _(
                "This template names no weeks, or the calendar ends before they do, and no school year of the roster holds the "
                "first day: give the last day."
            )
        )
        return None
    if ends_on < starts_on:
        form.faults.append(_("The last day lies on or after the first."))
        return None
    return starts_on, ends_on


def _year_ends(day: date) -> date | None:
    found = [one.ends_on for one in rosters.terms(kind="schoolYear") if one.starts_on <= day < one.ends_on]
    return max(found, default=None)


def _looked(version: VersionView, span: tuple[date, date], whom: Whom, form: Form) -> dict[str, Any]:
    """Return what giving would do, and a mark of what was looked at: only that is given."""
    found = plans.becomes(version, form.students, starts_on=span[0], ends_on=span[1])
    counts = Counter(found.values())
    words = {"new": _("gets the plan"), "kept": _("has it just so"), "replaced": _("has it; this one takes its place"),
             "own": _("has it with differences; they go on")}  # fmt: skip
    chosen = set(form.students)
    # A second plan beside a first one counts the same pieces: whoever gives it should know.
    beside = {
        student: [one.title or one.plan for one in held if one.plan != version.plan]
        for student, held in (plans.plans_of(form.students, span[0]) if len(chosen) <= LISTED else {}).items()
    }
    rows = [
        (p.name(), _with(words[found[p.id]], beside.get(p.id, []))) for p in whom.people if p.id in chosen
    ]
    seen = f"{version.id}|{span[0]}|{span[1]}|{','.join(map(str, sorted(form.students)))}"
    return {
        "looked": sha256(seen.encode()).hexdigest(), "first": span[0], "last": span[1], "n": len(form.students),
        "beside": sum(bool(held) for held in beside.values()),
        "counts": [(words[word], counts[word]) for word in words if counts[word]], "rows": rows if len(rows) <= LISTED else [],
        "in_parts": len(form.students) > actions.AT_ONCE,
    }  # fmt: skip


def _with(words: str, held: list[str]) -> str:
    """Say what a student gets, with the other plans that go on beside it."""
    if not held:
        return words
    return _("%(words)s, beside %(plans)s") % {"words": words, "plans": ", ".join(held)}


def given(request: HttpRequest, run_id: int, subject: Giving) -> HttpResponse:
    """Show how far a plan has been given, and take it back."""
    fault, findings = "", []
    if request.method == "POST":
        try:
            actions.undo_giving(actor=request.viewer, run_id=run_id, at=request.moment)
            return redirect(address(request.path, said=_("It is taken back: every plan is as it was.")))
        except Refusal as refusal:
            fault, findings = refused.said(refusal), list(refusal.findings[:LISTED])
    job = jobs.find(key=f"{actions.GIVING}-{run_id}")
    context = {
        "nav": "teacher.plans", "giving": subject, "fault": fault, "findings": findings, "said": told(request, "said"),
        "waits": subject.status == "applied" and subject.done < subject.n, "failed": job is not None and job.state == "failed",
    }  # fmt: skip
    return render(request, "pages/teacher/plan_given.html", context, status=409 if fault else 200)
