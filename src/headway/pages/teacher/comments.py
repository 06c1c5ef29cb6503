"""Comments for report cards: one class and one area at a time, with the teacher's own bank, translations and incompletes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.access import queries as access
from headway.frameworks import queries as frameworks
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.asked import day_of_form
from headway.pages.parts.cards import LANGUAGE_NAMES, settle, show
from headway.pages.parts.learning import beside_grade, language
from headway.pages.parts.told import address, told
from headway.proficiency import queries as proficiency
from headway.report_cards import actions, queries
from headway.report_cards.types import CommentView, IncompleteView, RunView, Written
from headway.rosters import queries as rosters

NAV = "teacher.report_cards"


@dataclass(frozen=True, slots=True)
class Row:
    """One student of the form: what stands, what was written, what is incomplete."""

    person: Any
    stands: str
    comment: CommentView | None
    text: str
    language: str
    translation: str
    machine: bool
    incomplete: IncompleteView | None
    was: str
    home: str
    open: bool


def report_cards(request: HttpRequest) -> HttpResponse:
    """List the runs of the viewer's schools with the classes to comment on."""
    classes = rosters.classes_of(viewer=request.viewer)
    runs = queries.runs(schools={one.school_id for one in classes})
    rows = [(run, [one for one in classes if one.school_id == run.school]) for run in runs[:12]]
    context = {"nav": NAV, "rows": rows, "leads": request.viewer.is_a(*queries.LEADERS)}
    return render(request, "pages/teacher/report_cards.html", context)


def comments(request: HttpRequest, class_id: str, run: int, subject: Any) -> HttpResponse:
    """Show the comments of a class in one area, or save them, the bank, or an incomplete."""
    of, school_class = subject
    areas = queries.areas_of(school_class)
    asked = request.GET.get("area", "")
    area = next((one for one in areas if str(one.id) == asked), areas[0] if areas else None)
    if asked and (area is None or str(area.id) != asked):
        raise Http404
    people = rosters.students_in_class(
        class_id=school_class.id, as_of=queries.day_of(of, request.viewer.today), viewer=request.viewer
    )
    seen = rosters.visible_ids(
        request.viewer, person_ids=[one.id for one in people], as_of=request.viewer.today
    )
    people = [one for one in people if one.id in seen]
    done, fault = told(request, "said"), ""
    if request.method == "POST" and area is not None:
        done, fault = _acts(request, of, area, people)
        if not fault and not _typed_beside(request):
            return redirect(address(request.path, area=area.id, said=done))
    rows = _rows(request, of, area, people, kept=bool(fault)) if area is not None else []
    context = {
        "nav": NAV, "run": of, "class": school_class, "areas": areas, "area": area, "rows": rows,
        "area_name": area.called(language()) if area else "", "sayings": queries.sayings(owner=request.viewer.person_id),
        "teachers": rosters.teachers_of_class(class_id=school_class.id, as_of=request.viewer.today),
        "standing": [(row.person.name(), area.called(language()), row.incomplete) for row in rows if row.incomplete],
        "written": sum(row.comment is not None for row in rows), "said": done, "fault": fault,
        "leads": queries.leads(request.viewer, of), "language": language(), "typed": request.POST,
    }  # fmt: skip
    return render(request, "pages/teacher/comments.html", context, status=422 if fault else 200)


def _acts(request: HttpRequest, run: RunView, area: Any, people: list[Any]) -> tuple[str, str]:
    """Save the comments, then do what the button says; return what was done and what was refused.

    The page is one form, so that whatever button is pressed, nothing that was typed on it is lost.
    """
    said: list[str] = []
    try:
        n = _save(request, run, area, people)
        if n or request.POST.get("act") == "save":
            said.append(ngettext("%(n)s comment saved.", "%(n)s comments saved.", n) % {"n": n})
        said.append(_beside(request, run, area, people))
    except Refusal as refusal:
        return " ".join(said), refused.said(refusal)
    return " ".join(one for one in said if one), ""


def _save(request: HttpRequest, run: RunView, area: Any, people: list[Any]) -> int:
    bank = {str(one.id): one for one in queries.sayings(owner=request.viewer.person_id)}
    handed_in = {one.id: _handed_in(request, one, bank) for one in people if f"text-{one.id}" in request.POST}
    # What the form left as it was is not written: somebody else may have written it since.
    changed = {key: one for key, one in handed_in.items() if mark(one) != request.POST.get(f"was-{key}")}
    return actions.write_comments(
        actor=request.viewer, run=run, framework=area.id, comments=changed, at=request.moment
    )


def _beside(request: HttpRequest, run: RunView, area: Any, people: list[Any]) -> str:
    """Do what stands beside the comments: the bank and incompletes; return what was done, nothing for the comments' own save."""
    act, viewer, at = request.POST.get("act", ""), request.viewer, request.moment
    if act.startswith("settle"):
        return settle(request)
    if act == "keep":
        actions.keep_saying(
            actor=viewer, text=request.POST.get("saying", ""), language=request.POST.get("saying_language", ""), at=at
        )  # fmt: skip
        return _("The sentence is in your bank.")
    if act == "incomplete":
        return _incomplete(request, run, area, people)
    if act.startswith("drop-") and is_whole(act.removeprefix("drop-")):
        actions.drop_saying(actor=viewer, saying_id=int(act.removeprefix("drop-")), at=at)
        return _("The sentence is out of your bank; comments that used it stay.")
    return ""


def _typed_beside(request: HttpRequest) -> bool:
    """Whether words stand in a field beside the comments that this act did not use: they are shown again."""
    used = {"keep": "saying", "incomplete": "reason"}.get(request.POST.get("act", ""))
    return any(request.POST.get(name, "").strip() for name in ("saying", "reason") if name != used)


def mark(one: Written) -> str:
    """Return a short mark of what a form shows, so that it tells what it changed."""
    said = "\x1f".join((one.text.strip(), one.language, one.translation.strip(), str(one.machine)))
    return sha256(said.encode()).hexdigest()[:16]


def _handed_in(request: HttpRequest, person: Any, bank: dict[str, Any]) -> Written:
    """Return what the form says about one student; a sentence of the bank fills a text that is empty."""
    said, key = request.POST, person.id
    text, translation = (
        said.get(f"{name}-{key}", "").replace("\r\n", "\n").strip() for name in ("text", "translation")
    )
    spoken = said.get(f"language-{key}", "")
    given = person.preferred_given_name or person.given_name
    text, translation = text.replace("{name}", given), translation.replace("{name}", given)
    saying = bank.get(said.get(f"bank-{key}", ""))
    if saying is not None:
        sentence = saying.text.replace("{name}", given)
        text, spoken = (
            f"{text} {sentence}".strip(),
            spoken if text else saying.language,
        )
    return Written(text, spoken, translation, f"machine-{key}" in said)


def _incomplete(request: HttpRequest, run: RunView, area: Any, people: list[Any]) -> str:
    who = next((one for one in people if str(one.id) == request.POST.get("student")), None)
    owner, day = request.POST.get("owner", ""), day_of_form(request, "expires_on")
    if who is None:
        raise Refusal("no_such_person", "Choose a student of the class.")
    if day is None:
        raise Refusal("day_passed", "Give a day.")
    actions.mark_incomplete(
        actor=request.viewer, run=run, student_id=who.id, framework=area.id, owner_id=int(owner) if is_whole(owner) else 0,
        reason=request.POST.get("reason", ""), expires_on=day, at=request.moment,
    )  # fmt: skip
    return _("Marked as incomplete. It never turns into a level by itself.")


def _rows(request: HttpRequest, run: RunView, area: Any, people: list[Any], *, kept: bool) -> list[Row]:
    """Return the rows of the form; `kept` shows again what was handed in and refused. Seven statements at most."""
    ids = [one.id for one in people]
    m = proficiency.moment(now=request.moment, book=request.book)
    standings = proficiency.standings(m, students=ids) if ids else {}
    written = queries.comments(run=run.id, students=ids)
    owed = queries.incompletes(run=run.id, students=ids)
    tree = frameworks.tree(area.id, at=frameworks.remembered_stamp())
    homes = languages_at_home(ids, m.day)
    found = []
    for one in people:
        line = proficiency.line_of(m, tree, student=one.id, grade=one.grade, standings=standings)
        level = line.working.level
        where = beside_grade(level, line.expected, one.grade)
        stands = _("No rated work yet.") if level is None else (
            _("Works at level %(level)s, %(where)s.") if where else _("Works at level %(level)s.")
        ) % {"level": level, "where": where}  # fmt: skip
        comment = written.get((one.id, area.id))
        stored = Written("", language())
        if comment is not None:
            stored = Written(comment.text, comment.language, comment.translation, comment.machine)
        again = kept and f"text-{one.id}" in request.POST
        said = _handed_in(request, one, {}) if again else stored
        other = next((code for code in homes.get(one.id, ()) if code != said.language), "")
        found.append(
            Row(one, stands, comment, said.text, said.language, said.translation, said.machine, owed.get((one.id, area.id)),
                mark(stored), LANGUAGE_NAMES.get(other, other), bool(other))
        )  # fmt: skip
    return found


def languages_at_home(students: list[int], day: date) -> dict[int, list[str]]:
    """Return the languages in which the guardians of each student read here, or that the roster gives. Two statements."""
    adults = rosters.guardians_by_student(student_ids=students, as_of=day)
    read = access.languages_of(persons={one.uuid for found in adults.values() for one in found})
    return {
        student: sorted({read.get(one.uuid, one.language) for one in found} - {""}) for student, found in adults.items()
    }  # fmt: skip


def card(request: HttpRequest, student_id: str, run: int, subject: Any) -> HttpResponse:
    """Show a student's card as it was issued."""
    return show(
        request, student=subject.id, run=run, nav=NAV, back=f"/teacher/students/{subject.sourced_id}",
        back_name=subject.name(),
    )  # fmt: skip
