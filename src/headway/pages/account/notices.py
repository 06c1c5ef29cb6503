"""What the reader was told, and what they choose about it: the hour, the quiet hours, the kinds, an address for mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings as configured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.access.types import Viewer
from headway.jobs import queries as jobs
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.notices import actions, queries
from headway.notices.types import REPORTS, Chosen
from headway.pages.parts import refused
from headway.pages.parts.told import address, told
from headway.rosters import queries as rosters

HERE = "/account/notices/settings"


def notices(request: HttpRequest) -> HttpResponse:
    """Show what the reader was told, day by day, and note that it was read."""
    viewer = request.viewer
    found = queries.digests(viewer=viewer)
    if request.method == "GET" and any(one.is_new for one in found):
        actions.mark_read(actor=viewer, at=request.moment)
    names = queries.names_of(line for one in found for line in one.lines)
    days = [
        (one, [(name, [(queries.sentence(line), _where(viewer, line)) for line in lines]) for name, lines in
               queries.grouped(one.lines, reader=viewer.person_id, names=names)])
        for one in found
    ]  # fmt: skip
    context = {"days": days, "somebody": viewer.person_id is not None, "nav": "account.notices"}
    return render(request, "pages/account/notices.html", context)


def _where(viewer: Viewer, line: Any) -> str:
    """Return the page on which a line is read further."""
    if line.student is None:
        return "/reports/" if line.kind == REPORTS else "/teacher/today"
    return "/student/now" if line.student == viewer.person_id else "/family/"


def settings(request: HttpRequest) -> HttpResponse:
    """Show what the reader chose, and change it."""
    viewer, fault = request.viewer, ""
    if request.method == "POST":
        try:
            return redirect(address(HERE, said=_act(request)))
        except Refusal as refusal:
            fault = refused.said(refusal)
    person = viewer.person_id
    context = {
        "somebody": person is not None, "said": told(request, "said"), "fault": fault,
        "hours": [(hour, f"{hour}:00") for hour in range(24)], "sends": configured.MAIL.mode != "none" and not jobs.is_copy(),
    }  # fmt: skip
    if person is not None:
        choice = queries.choice_of(person=person, book=request.book)
        own = queries.address_of(person=person)
        words = kind_words()
        context |= {
            "choice": choice, "own": own, "written": request.POST.get("address", own.address if own else _on_roster(person)),
            "kinds": [(kind, words[kind], kind not in choice.without) for kind in queries.kinds_for(viewer)],
        }  # fmt: skip
    return render(request, "pages/account/notice_settings.html", context, status=422 if fault else 200)


def _on_roster(person: int) -> str:
    return rosters.people_by_id(person_ids=[person])[person].email


def _act(request: HttpRequest) -> str:
    """Do what the form asks; return what was done in words."""
    viewer, at, said = request.viewer, request.moment, request.POST
    if said.get("act") == "address":
        actions.give_address(actor=viewer, address=said.get("address", ""), at=at)
        return _(
            "A link is on its way to this address. Open it within three days; until then nothing else is sent there."
        )
    if said.get("act") == "remove":
        actions.remove_address(actor=viewer, at=at)
        return _("The address is removed. You read your notices here.")
    hours = [said.get(name, "") for name in ("hour", "quiet_from", "quiet_to")]
    if not all(is_whole(hour) for hour in hours):
        raise Refusal("out_of_range", "An hour is 0 to 23.")
    # What this person can never be told is no choice of theirs, and stays on.
    without = tuple(kind for kind in queries.kinds_for(viewer) if kind not in said.getlist("kind"))
    hour, quiet_from, quiet_to = map(int, hours)
    actions.choose(actor=viewer, chosen=Chosen(hour, quiet_from, quiet_to, without), at=at)
    return _("Saved.")


def kind_words() -> dict[str, str]:
    """Return what notices are about, in words."""
    return {
        "feedback": _("New feedback on work"),
        "answered": _("Answers to requests"),
        "messages": _("Messages that wait"),
        "card": _("Report cards"),
        "conference": _("Conferences that were recorded"),
        "agreed": _("What was agreed and is due soon"),
        "due": _("Work that is due soon"),
        "handed_in": _("Work that was handed in"),
        "asked": _("Requests of students"),
        "reports": _("Sets of reports that came"),
    }


def linked(viewer: Viewer, token: str) -> Any:
    """Return the address that a link is about, if it is the viewer's; else None."""
    return queries.linked(token, viewer=viewer)


def verify(request: HttpRequest, token: str, subject: Any) -> HttpResponse:
    """Ask whether the address is the reader's, and note that it is: looking at the link alone changes nothing."""
    if request.method == "POST":
        actions.verify_address(actor=request.viewer, token=token, at=request.moment)
        return redirect(address(HERE, said=_("The address is yours. Notices go there from now on.")))
    return render(request, "pages/account/address.html", {"own": subject})
