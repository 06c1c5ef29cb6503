"""Report cards of a school: the runs, the board of what is missing, the proof of a card, freezing and issuing again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts import refused
from headway.pages.parts.asked import day_of_form
from headway.pages.parts.cards import card_page, settle
from headway.pages.parts.grades import grade_name, grade_rank
from headway.pages.parts.learning import language
from headway.pages.parts.told import address, told
from headway.report_cards import actions, queries
from headway.report_cards.types import Board, RunView
from headway.rosters import queries as rosters

NAV = "school.report_cards"


@dataclass(frozen=True, slots=True)
class Lack:
    """Comments that one class still owes in one area, with the students by name."""

    class_id: str
    title: str
    teachers: str
    area: str
    framework: int
    names: list[str]
    n: int


def report_cards(request: HttpRequest, subject: Any) -> HttpResponse:
    """List the runs of the schools that the viewer leads, and open one."""
    fault = ""
    if request.method == "POST":
        school, term = request.POST.get("school", ""), request.POST.get("term", "")
        try:
            run = actions.open_run(
                actor=request.viewer, school_id=int(school) if is_whole(school) else 0,
                term_id=int(term) if is_whole(term) else 0, at=request.moment,
            )  # fmt: skip
            return redirect(f"/school/report-cards/{run.id}")
        except Refusal as refusal:
            fault = refused.said(refusal)
    context = {
        "nav": NAV, "runs": queries.runs(schools=[one.id for one in subject]), "schools": subject, "fault": fault,
        "terms": [term for term in reversed(rosters.terms()) if term.starts_on <= request.viewer.today],
    }  # fmt: skip
    return render(request, "pages/school/report_cards.html", context, status=422 if fault else 200)


def board(request: HttpRequest, run: int, subject: RunView) -> HttpResponse:
    """Show how far a run is and what is missing; freeze it, or settle an incomplete."""
    here, fault = f"/school/report-cards/{run}", ""
    if request.method == "POST":
        try:
            return redirect(address(here, said=_act(request, subject)))
        except Refusal as refusal:
            fault = refused.said(refusal)
    today = request.viewer.today
    found = queries.board(subject, viewer=request.viewer, today=today)
    people = queries.students_of(subject, viewer=request.viewer, today=today)
    names = {person.id: person for person in people}
    cards = queries.issued(run=subject.id)
    overtaken = queries.overtaken(subject, now=request.moment, book=request.book)
    context = {
        "nav": NAV, "run": subject, "board": found, "lacks": [_lack(one, names) for one in found.missing],
        "unchecked": [
            (names[one.student].name(), queries.title_of(one.framework, language()), one, where)
            for one, where in found.unchecked
        ],
        "expired": _owed(found.expired, names), "standing": _owed(found.incompletes, names),
        "grades": _by_grade(people, cards), "overtaken": [one for one in people if one.id in overtaken],
        "waiting": len(people) - len(cards.keys() & names.keys()),
        "day": request.POST.get("as_of") or (subject.as_of or min(today, subject.ends_on)).isoformat(), "today": today,
        "said": told(request, "said"), "fault": fault, "heading": heading(subject, found),
    }  # fmt: skip
    return render(request, "pages/school/card_board.html", context, status=422 if fault else 200)


def _act(request: HttpRequest, run: RunView) -> str:
    if request.POST.get("act", "").startswith("settle-"):
        return settle(request)
    done = actions.freeze(
        actor=request.viewer, run=run, as_of=day_of_form(request, "as_of") or date.min, at=request.moment
    )
    return ngettext("%(n)s card was issued.", "%(n)s cards were issued.", done.made) % {"n": done.made}


def heading(run: RunView, found: Board) -> str:
    """Say in one sentence how far the run is."""
    lacking = found.asked - found.written
    if not found.students:
        return _("No student belongs to this run.")
    if run.frozen and found.cards >= found.students:
        if lacking:
            return ngettext(
                "Every card is issued, without %(n)s comment.", "Every card is issued, without %(n)s comments.", lacking
            ) % {"n": lacking}  # fmt: skip
        return _("Every card is issued.")
    if found.expired:
        return ngettext(
            "%(n)s incomplete waits for a decision.", "%(n)s incompletes wait for a decision.", len(found.expired)
        ) % {"n": len(found.expired)}  # fmt: skip
    if lacking:
        return ngettext("%(n)s comment is missing.", "%(n)s comments are missing.", lacking) % {"n": lacking}
    return _("Every comment is there.")


def _by_grade(people: Any, cards: dict[int, int]) -> list[tuple[str, list[tuple[Any, int | None]]]]:
    """Return the students of a run under the names of their grades, each with the issue of the card."""
    found: dict[str, list[tuple[Any, int | None]]] = {}
    for person in sorted(people, key=lambda one: (grade_rank(one.grade), one.sort_name().casefold())):
        found.setdefault(grade_name(person.grade) if person.grade else "", []).append(
            (person, cards.get(person.id))
        )
    return list(found.items())


def _lack(one: Any, names: dict[int, Any]) -> Lack:
    return Lack(
        one.class_id, one.title, ", ".join(one.teachers), queries.title_of(one.framework, language()), one.framework,
        [names[key].name() for key in one.students], one.n,
    )  # fmt: skip


def _owed(rows: Any, names: dict[int, Any]) -> list[tuple[str, str, Any]]:
    return [(names[one.student].name(), queries.title_of(one.framework, language()), one) for one in rows]


# One student's card.


def card(request: HttpRequest, run: int, student_id: str, subject: Any) -> HttpResponse:
    """Show the card as it was issued, else its proof; issue it again, or record the family's statement."""
    of, person = subject
    here, fault = f"/school/report-cards/{run}/students/{quote(person.sourced_id, safe='')}", ""
    if request.method == "POST":
        try:
            return redirect(address(here, said=_change(request, of, person)))
        except Refusal as refusal:
            fault = refused.said(refusal)
    issues = queries.issues_of(run=of.id, student=person.id)
    asked = request.GET.get("issue", "")
    if asked and not any(str(one.issue) == asked for one in issues):
        raise Http404
    found = next((one for one in issues if not asked or str(one.issue) == asked), None)
    proof = found is None or request.GET.get("proof") == "1"
    if proof:
        found = queries.proof(of, person, now=request.moment, book=request.book, today=request.viewer.today)
    context = {
        "nav": NAV, "run": of, "person": person, "proof": proof, "card": card_page(found) if found else None, "issues": issues,
        "statement": queries.statements(students=[person.id]).get(person.id), "said": told(request, "said"), "fault": fault,
        "why": request.POST.get("why", ""),
        "overtaken": not proof and found is issues[0]
        and bool(queries.overtaken(of, now=request.moment, book=request.book, student=person.id)),
    }  # fmt: skip
    return render(request, "pages/school/card_proof.html", context, status=422 if fault else 200)


def _change(request: HttpRequest, run: RunView, person: Any) -> str:
    viewer, at = request.viewer, request.moment
    if request.POST.get("act") == "statement":
        actions.record_statement(
            actor=viewer, student_id=person.id, text=request.POST.get("text", ""), said_by=request.POST.get("said_by", ""), at=at
        )  # fmt: skip
        if not request.POST.get("text", "").strip():
            return _("No statement of the family stands on cards that are issued from now on.")
        return _("The statement stands on each card that is issued from now on.")
    done = actions.reissue(
        actor=viewer, run=run, student_id=person.id, why=request.POST.get("why", ""), at=at
    )
    return _("Issue %(n)s is out; it names what changed.") % {"n": done.issue}
