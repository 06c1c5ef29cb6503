"""The held ratings of a class: read as a set, and released as one act that can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.evidence import queries as evidence
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.parts import tags
from headway.pages.parts.feedback import STATUS
from headway.pages.parts.profile import rating_fault
from headway.pages.parts.told import address, told
from headway.proficiency import actions, queries
from headway.rosters import queries as rosters


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One held rating in words; `own` where the viewer gave it."""

    key: str
    name: str
    target: str
    mark: Any
    words: str
    comment: str
    who: str
    at: int
    own: bool


def release(request: HttpRequest, class_id: str, subject: Any) -> HttpResponse:
    """Show what is held, by task; release the chosen ratings as a set."""
    viewer = request.viewer
    people = rosters.students_in_class(class_id=subject.id, as_of=viewer.today, viewer=viewer)
    seen = rosters.visible_ids(viewer, person_ids=[person.id for person in people], as_of=viewer.today)
    held = evidence.held_ratings(students=sorted(seen))
    here = f"/teacher/classes/{subject.sourced_id}/release"
    if request.method == "POST":
        known = {one.key for one in held}
        keys = [key for key in dict.fromkeys(request.POST.getlist("rating")) if key in known]
        return redirect(_release(request, keys, here))
    context = {
        "nav": "teacher.rate", "class": subject, "groups": _groups(request, held), "n": len(held),
        "said": told(request, "said"), "fault": told(request, "fault"), "act": request.GET.get("act", ""), "here": here,
    }  # fmt: skip
    return render(request, "pages/teacher/release.html", context)


def _release(request: HttpRequest, keys: list[str], here: str) -> str:
    if not keys:
        return address(here, fault=_("Choose at least one rating."))
    try:
        act = actions.release_ratings(actor=request.viewer, keys=keys, at=request.moment)
    except Refusal as refusal:
        if refusal.code in ("not_held", "unknown_rating"):
            return address(here, fault=_("One of these was released or changed since. Choose again."))
        return address(here, fault=rating_fault(refusal))
    said = ngettext(
        "%(n)s rating released: student and family see it now.",
        "%(n)s ratings released: students and families see them now.",
        len(keys),
    ) % {"n": len(keys)}
    return address(here, said=said, act=act)


def _groups(request: HttpRequest, held: list[evidence.Unreleased]) -> list[tuple[str, list[HeldRow]]]:
    m = queries.moment(now=request.moment, book=request.book)
    people = rosters.people_by_id(
        person_ids={one.student for one in held} | {one.rater for one in held if one.rater}
    )
    titles = evidence.piece_titles(keys={one.piece for one in held})
    found: dict[str, list[HeldRow]] = {}
    for one in held:
        node = frameworks.node(one.target)
        scale = m.book.effective(node=node.id, school=None, on=m.day).scale
        state, name = (
            "level" if one.level is not None else STATUS[one.status],
            node.called(get_language() or "en"),
        )
        row = HeldRow(
            one.key, people[one.student].name(), name, tags.draw(state, one.level, scale), tags.say(state, one.level, scale),
            one.comment, people[one.rater].name() if one.rater in people else "", one.observed_us,
            one.rater == request.viewer.person_id,
        )  # fmt: skip
        found.setdefault(titles.get(one.piece) or one.task or name, []).append(row)
    return [(title, sorted(rows, key=lambda row: row.name)) for title, rows in sorted(found.items())]
