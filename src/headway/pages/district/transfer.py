"""A student moves to another district: one page to print, and everything held as one file, on the same day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from headway.frameworks import queries as frameworks
from headway.interop.v1.record import hand_out
from headway.kit.refusals import Refusal
from headway.pages.district.roster import role_name
from headway.pages.parts.asked import look_back
from headway.pages.parts.grades import grade_name
from headway.pages.parts.rights import as_file, listed, said
from headway.pages.parts.tags import in_words
from headway.proficiency import queries as proficiency
from headway.report_cards import queries as report_cards
from headway.rights import queries as rights
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class Line:
    """One target with evidence: how it stands, on how many pieces, last seen when."""

    code: str
    name: str
    statement: str
    mark: str
    n: int
    last_us: int | None
    decided: bool
    contested: str


@dataclass(frozen=True, slots=True)
class Part:
    """One continuum: its targets with evidence, and the words of its scale from lowest to highest."""

    name: str
    lines: list[Line]
    scale: str


def transfer(request: HttpRequest, person_id: str, subject: Any) -> HttpResponse:
    """Show a student's levels as one page for another school; give everything held as a file when asked for, and listed."""
    fault = ""
    if request.method == "POST":
        try:
            return _record(request, subject)
        except Refusal as refusal:
            fault = said(refusal)
    look = look_back(request)
    m = proficiency.moment(now=request.moment, as_of=look.as_of, book=request.book)
    day = look.as_of or look.today
    enrollments = [one for one in rosters.enrollments_of(person_id=subject.id) if one.role == "student"]
    context = {
        "nav": "district.roster", "person": subject, "look": look, "district": rosters.district(),
        "grade": grade_name(subject.grade) if subject.grade else "",
        "roles": [(role_name(role), org) for role, org in rosters.roles_on(person_ids=[subject.id], as_of=day)[subject.id]],
        "enrollments": enrollments, "parts": _parts(m, subject.id), "fault": fault,
        "left": listed(rights.disclosures_of(student=subject.id)),
        "form": {name: request.POST.get(name, "") for name in ("to", "purpose")},
    }  # fmt: skip
    return render(request, "pages/district/transfer.html", context, status=422 if fault else 200)


def _record(request: HttpRequest, subject: Any) -> HttpResponse:
    to = request.POST.get("to", "")
    if not to.strip():
        raise Refusal("receiver_missing", "Say who gets the record: the family reads it in its list.")
    found = hand_out(
        actor=request.viewer, student=subject.sourced_id, to_whom=to, purpose=request.POST.get("purpose", ""),
        now=request.moment,
    )  # fmt: skip
    return as_file(request, subject, found)


def _parts(m: proficiency.Moment, student: int) -> list[Part]:
    language = get_language() or "en"
    standings = proficiency.standings(m, students=[student])
    school = proficiency.schools_of(m, [student])[student]
    contested = report_cards.contested_targets(students=[student])
    shown: dict[str, list[tuple[int, Line]]] = {}
    scales: dict[str, dict[str, Any]] = {}
    for (_, target), one in standings.items():
        if not (one.n_counted or one.decided):
            continue
        node = frameworks.node(target)
        scale = m.book.effective(node=target, school=school, on=m.day).scale
        scales.setdefault(node.framework, scale)
        line = Line(
            node.code, node.called(language), node.statement, in_words(one, scale), one.n_counted,
            one.last_observed_us, one.decided, contested.get((student, target), ""),
        )  # fmt: skip
        shown.setdefault(node.framework, []).append((node.position, line))
    return [
        Part(
            view.called(language),
            [line for _, line in sorted(shown[view.key], key=lambda entry: entry[0])],
            " · ".join(_named(level, language) for level in scales[view.key]["levels"]),
        )
        for view in frameworks.frameworks()
        if view.key in shown
    ]


def _named(level: dict[str, Any], language: str) -> str:
    names = level.get("name") or {}
    said = names.get(language) or names.get("en") or ""
    return f"{level['value']:g} {said}".strip()
