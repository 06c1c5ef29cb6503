"""Sets of reports: what came on which day, all of it as one PDF, and the page on which the district puts a set together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.kit.refusals import Refusal
from headway.pages.parts.refused import why
from headway.pages.parts.sheets import named
from headway.pages.parts.told import address, told
from headway.pages.reports import pdf, words
from headway.pages.reports.scope import SetSubject, Subject
from headway.reports import actions
from headway.reports import queries as reports
from headway.reports.types import COMES, MONTHLY, WEEKLY, Delivery, Set


def one(request: HttpRequest, subject: SetSubject, name: str) -> HttpResponse:
    """Show what came with a set on a day, and on which days it came; a form lets it come now."""
    fault = ""
    if request.method == "POST":
        try:
            actions.send_set(actor=request.viewer, key=name, at=request.moment)
            return redirect(address(f"/reports/sets/{name}", said=_("The newest figures are below.")))
        except Refusal as refusal:
            fault = why(refusal)
    came = reports.deliveries(name)
    shown = _shown(request, came)
    stands = shown.set if shown else subject.set
    listed = _listed(stands, shown.as_of if shown else None)
    context = {
        "nav": "reports.index", "set": subject.set, "came": came, "shown": shown, "fault": fault,
        "said": told(request, "said"), "comes": comes_words()[subject.set.comes], "all": subject.reader.all, "listed": listed,
        "printable": any(there for *_rest, there in listed),
    }  # fmt: skip
    return render(request, "pages/reports/set.html", context, status=422 if fault else 200)


def as_pdf(request: HttpRequest, subject: SetSubject, name: str) -> HttpResponse:
    """Give all reports that came on a day as one PDF, as the reader sees them first."""
    shown = _shown(request, reports.deliveries(name))
    found = [] if shown is None else [
        (released, Subject(report, subject.reader))
        for key in shown.set.reports
        if (report := reports.every_report().get(key)) and (released := reports.find_released(key, shown.as_of))
    ]  # fmt: skip
    if shown is None or not found:
        raise Http404
    made = pdf.bound(shown.set.title, found)
    return named(HttpResponse(made, content_type="application/pdf"), f"{name}-{shown.as_of.isoformat()}.pdf")


def new(request: HttpRequest) -> HttpResponse:
    """Put a set together."""
    return _answer(request, None)


def edit(request: HttpRequest, subject: SetSubject, name: str) -> HttpResponse:
    """Change a set, withdraw it, or bring it back."""
    given = request.POST.get("do")
    if given == "withdraw":
        actions.withdraw_set(actor=request.viewer, key=name, at=request.moment)
        return redirect(f"/reports/sets/{name}")
    if given == "restore":
        actions.restore_set(actor=request.viewer, key=name, at=request.moment)
        return redirect(f"/reports/sets/{name}")
    return _answer(request, subject.set)


def _answer(request: HttpRequest, stands: Set | None) -> HttpResponse:
    fault = ""
    title, comes = (stands.title, stands.comes) if stands else ("", MONTHLY)
    chosen, for_schools = (stands.reports, stands.for_schools) if stands else ((), False)
    if request.method == "POST":
        said = request.POST
        title, comes, for_schools = said.get("title", ""), said.get("comes", ""), "for_schools" in said
        chosen = _in_order(said.getlist("report"), reports.every_report())
        try:
            key = actions.save_set(
                actor=request.viewer, title=title, reports=chosen, comes=comes, for_schools=for_schools, at=request.moment,
                key=stands.key if stands else "",
            )  # fmt: skip
            return redirect(f"/reports/sets/{key}")
        except Refusal as refusal:
            fault = why(refusal)
    context = {
        "nav": "reports.index", "set": stands, "title": title, "for_schools": for_schools, "fault": fault,
        "most": actions.MOST_IN_A_SET,
        "reports": [(one.key, *words.report_words(one), one.key in chosen) for one in reports.every_report().values()],
        "days": [(key, word, key == comes) for key, word in comes_words().items()],
    }  # fmt: skip
    return render(request, "pages/reports/set_edit.html", context, status=422 if fault else 200)


def _in_order(chosen: Sequence[str], known: dict[str, Any]) -> tuple[str, ...]:
    """Return what was chosen in the order of the list of reports; what is not in it, last."""
    return tuple(sorted(chosen, key=lambda key: [*known, key].index(key)))


def _shown(request: HttpRequest, came: Sequence[Delivery]) -> Delivery | None:
    """Return the coming of the day that the address names, else the newest; None where the set never came."""
    try:
        day = date.fromisoformat(request.GET.get("as_of", ""))
    except ValueError:
        day = None
    return next((one for one in came if one.as_of == day), None) or next(iter(came), None)


def _listed(stands: Set, as_of: date | None) -> list[tuple[str, str, str, bool]]:
    """Return key, title and question of the reports of a set that are still there, and whether the day has their figures."""
    known = reports.every_report()
    found = []
    for one in (known[key] for key in stands.reports if key in known):
        released = reports.find_released(one.key, as_of) if as_of is not None else None
        said = words.report_words(one, released.population if released else None)
        found.append((one.key, *said, released is not None))
    return found


def comes_words() -> dict[str, str]:
    """Return when a set comes, in words."""
    said = {
        WEEKLY: _("each week, with its first figures"), MONTHLY: _("each month, with its first figures"),
    }  # fmt: skip
    return {key: said.get(key, _("when somebody sends it")) for key in reversed(COMES)}
