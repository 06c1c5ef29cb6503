"""What was given: in a class with its counts, and one task with every student's state, to close many at once and undo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.access.types import Viewer
from headway.evidence import actions as work
from headway.evidence import queries as evidence
from headway.evidence.queries import Chance, Given
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.parts.loop import names_of, state_words
from headway.pages.parts.told import address, told
from headway.pages.teacher.closing import usual_reason
from headway.pages.teacher.give import group_numbers, groups_sent
from headway.pages.teacher.notes import in_words
from headway.proficiency import actions
from headway.rosters import queries as rosters
from headway.tasks import queries as tasks

ORDER = (
    "offered",
    "away",
    "handed_in",
    "again",
    "returned",
    "rated",
    "held",
    "missed",
    "excused",
    "withdrawn",
)
AT_ONCE = "undone at once"


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One task of a class with the counts of its states."""

    uuid: UUID
    title: str
    targets: str
    given_at: Any
    due_on: date | None
    practice: bool
    n: int
    counts: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class StudentRow:
    """One student's state of a task, with the address of the work."""

    chance: str
    name: str
    sourced_id: str
    state: str
    words: str
    reason: str
    at: Any
    url: str
    may: bool
    group: int
    open: bool


def class_list(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Show what was given in a class, newest first, each with how many stand where, and what substitutes noted."""
    found = _seen(request.viewer, evidence.given_in(school_class=subject.id))
    states = states_of([chance for one in found for chance in one.chances])
    rows = [_offer(one, states) for one in found]
    context = {"nav": "teacher.grid", "class": subject, "rows": rows,
               "notes": in_words(evidence.notes_in(viewer=request.viewer, classes=[subject.id], limit=20))}  # fmt: skip
    return render(request, "pages/teacher/given_list.html", context)


def _offer(one: Given, states: dict[UUID, str]) -> OfferRow:
    own = [states[chance.uuid] for chance in one.chances]
    counts = [(state_words(state), own.count(state)) for state in ORDER if state in own]
    return OfferRow(
        one.uuid,
        one.title,
        names_of(one.targets),
        one.given_at,
        one.due_on,
        one.purpose == 1,
        len(own),
        counts,
    )


def _seen(viewer: Viewer, given: list[Given]) -> list[Given]:
    """Return what was given with the students that the viewer may see today; without what nobody of them got."""
    students = {chance.student for one in given for chance in one.chances}
    seen = rosters.visible_ids(viewer, person_ids=students, as_of=viewer.today)
    cut = [replace(one, chances=tuple(c for c in one.chances if c.student in seen)) for one in given]
    return [one for one in cut if one.chances]


def seen_offer(viewer: Viewer, offer_id: UUID, **_: Any) -> Any:
    """Return what was given under this number to students whom the viewer may see today; else None."""
    found = evidence.find_given(offer_id)
    return next(iter(_seen(viewer, [found])), None) if found is not None else None


def states_of(chances: list[Chance]) -> dict[UUID, str]:
    """Return where each chance stands, as a teacher may know it: a held rating is a rating. Five statements at most."""
    taken = [one for one in chances if one.state == "taken"]
    students = {one.student for one in taken}
    waiting = {one.piece_key for one in evidence.waiting(students)} if taken else set()
    back = evidence.returns_of(pieces=[one.piece_key for one in taken])
    attempts = evidence.attempts_of(keys=[one.piece_key for one in taken])
    held = {one.piece for one in evidence.held_ratings(students=list(students))} if taken else set()
    found = {}
    for one in chances:
        key, attempt = one.piece_key, attempts.get(one.piece_key, 1)
        state = one.state
        if state == "taken":
            if any(each.attempt == attempt for each in back.get(key, ())):
                state = "returned"
            elif key in waiting:
                state = "again" if attempt > 1 else "handed_in"
            else:
                state = "held" if key in held else "rated"
        found[one.uuid] = state
    return found


def since_of(chances: list[Chance], states: dict[UUID, str]) -> dict[UUID, datetime]:
    """Return since when each chance stands where it stands: a piece by its own days, else the chance's. Two statements."""
    keys = [one.piece_key for one in chances if one.state == "taken"]
    pieces = evidence.pieces_named(keys=keys) if keys else {}
    back = evidence.returns_of(pieces=keys)
    found = {}
    for one in chances:
        piece, state = pieces.get(one.piece_key), states[one.uuid]
        at = one.changed_at
        if piece is not None and state == "returned":
            at = back[one.piece_key][-1].at
        elif piece is not None:
            at = (
                piece.handed_in_at
                if state in ("handed_in", "again")
                else piece.rated_at or piece.handed_in_at
            )
        found[one.uuid] = at
    return found


def given(request: HttpRequest, offer_id: UUID, subject: Given) -> HttpResponse:
    """Show where every student stands with a task; close, open again or take in what was chosen."""
    fault, sent = "", request.POST
    if request.method == "POST":
        try:
            return _act(request, offer_id, subject)
        except Refusal as refusal:
            fault = _refused(refusal)
    people = rosters.people_by_id(person_ids={one.student for one in subject.chances})
    states = states_of(list(subject.chances))
    since = since_of(list(subject.chances), states)
    rows = [_student(one, people[one.student], states[one.uuid], since[one.uuid]) for one in subject.chances]
    order = {person.sourced_id: person.sort_name().casefold() for person in people.values()}
    rows.sort(key=lambda row: order[row.sourced_id])
    classes = {c.id: c for c in rosters.classes_of(viewer=request.viewer)}
    context = {
        "of_bank": tasks.version_given(version=subject.version) if subject.version is not None else None,
        "nav": "teacher.grid", "task": subject, "targets": names_of(subject.targets), "rows": rows,
        "class": classes.get(subject.school_class or 0), "practice": subject.purpose == 1,
        "counts": [(state_words(s), list(states.values()).count(s)) for s in ORDER if s in states.values()],
        "said": told(request, "said"), "fault": fault, "undo": _undo(request, subject),
        "may_withdraw": all(one.state == "offered" for one in subject.chances),
        "any_open": any(row.may for row in rows), "in_groups": any(row.group for row in rows),
        "regroup": [{"id": row.chance, "name": row.name, "group": str(row.group)} for row in rows if row.open],
        "numbers": group_numbers(len(rows)), "chosen": set(sent.getlist("chance")), "act": sent.get("act", ""),
        "reason": sent.get("reason", ""),
    }  # fmt: skip
    return render(request, "pages/teacher/given.html", context, status=422 if fault else 200)


def _student(one: Chance, person: Any, state: str, since: datetime) -> StudentRow:
    url = f"/teacher/rate?piece={quote(one.piece_key, safe='')}" if one.state == "taken" else ""
    return StudentRow(str(one.uuid), person.name(), person.sourced_id, state, state_words(state), one.reason, since,
                      url, one.state not in ("taken", "withdrawn"), one.group, one.open)  # fmt: skip


def _undo(request: HttpRequest, subject: Given) -> list[str]:
    """Return the chances that the act before this page closed and nothing has changed since."""
    first, last = request.GET.get("first", ""), request.GET.get("last", "")
    if not (is_whole(first) and is_whole(last) and len(first + last) < 36):
        return []
    return [
        str(one.uuid) for one in subject.chances
        if int(first) <= one.sequence <= int(last) and one.state in ("missed", "excused", "away")
    ]  # fmt: skip


def _act(request: HttpRequest, offer_id: UUID, subject: Given) -> HttpResponse:
    here, act = f"/teacher/given/{offer_id}", request.POST.get("act", "")
    own = {str(one.uuid): one.uuid for one in subject.chances}
    chosen = [own[text] for text in dict.fromkeys(request.POST.getlist("chance")) if text in own]
    reason = request.POST.get("reason", "").replace("\0", "").strip() or usual_reason(act)
    who, at = request.viewer, request.moment
    if act == "withdraw":
        work.withdraw_offer(actor=who, offer=offer_id, at=at)
        return redirect(address(here, said=_("Taken back: nobody has it any more.")))
    if act == "group":
        return redirect(address(here, said=_regrouped(request, subject)))
    if act == "paper":
        n = work.hand_in_on_paper(actor=who, opportunities=chosen, at=at)
        said = ngettext(
            "Taken in from paper for %(n)s student.", "Taken in from paper for %(n)s students.", n
        )
        return redirect(address(here, said=said % {"n": n}))
    if act in ("reopen", "undo"):
        actions.reopen_opportunities(
            actor=who, opportunities=chosen, reason=AT_ONCE if act == "undo" else reason, at=at
        )
        said = ngettext("Open again for %(n)s student.", "Open again for %(n)s students.", len(chosen))
        return redirect(address(here, said=said % {"n": len(chosen)}))
    if act not in ("missed", "excused", "away"):
        raise Refusal("unknown_act", "Choose what to do with them.")
    first, last = actions.close_opportunities(
        actor=who, opportunities=chosen, state=act, reason=reason, at=at, book=request.book
    )
    said = ngettext("%(state)s: %(n)s student.", "%(state)s: %(n)s students.", len(chosen))
    said = said % {"state": state_words(act), "n": len(chosen)}
    return redirect(address(here, said=said, first=first, last=last))


def _regrouped(request: HttpRequest, subject: Given) -> str:
    """Put those whose work is open into the groups that were chosen, and say for how many that changed."""
    still = {str(one.uuid): one for one in subject.chances if one.open}
    sent = groups_sent(request.POST, [str(one.uuid) for one in subject.chances])
    wanted = {one.uuid: int(sent.get(key, 0)) for key, one in still.items() if f"group-{key}" in request.POST}
    n = work.regroup(actor=request.viewer, offer=subject.uuid, groups=wanted, at=request.moment)
    return ngettext("%(n)s student works in another group.", "%(n)s students work in other groups.", n) % {
        "n": n
    }


def _refused(refusal: Refusal) -> str:
    return {
        "unknown_opportunity": _("Choose at least one student of the list."),
        "reason_missing": _("Give one reason for all of them."),
        "not_open": _("One of these was handed in, closed or opened since. Choose again."),
        "already_taken": _("Something was handed in or closed already; close the others instead."),
        "unknown_act": _("Choose what to do with them."),
    }.get(refusal.code) or _("This could not be done just now. Please look at the list again.")
