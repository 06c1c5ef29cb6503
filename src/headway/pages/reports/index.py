"""The list of reports, the snapshot that they come from, and a new one on request."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.analytics import queries as analytics
from headway.jobs import actions as jobs
from headway.jobs import queries as job_queries
from headway.pages.reports import words
from headway.pages.reports.scope import Reader
from headway.reports import queries as reports
from headway.reports.types import SNAPSHOT, Set


def index(request: HttpRequest, subject: Reader) -> HttpResponse:
    """Show the reports; a form asks for a new snapshot, which is made beside the server."""
    if request.method == "POST":
        jobs.put(kind=SNAPSHOT, jobs={f"{SNAPSHOT}:{request.moment:%Y-%m-%dT%H:%M}": {}}, at=request.moment)
        return redirect("/reports/?asked=1")
    newest = analytics.newest()
    every = [(one, *words.report_words(one)) for one in reports.every_report().values()]
    context = {
        "nav": "reports.index", "snapshot": newest, "all": subject.all,
        "ready": [(one.key, title, question) for one, title, question in every if not one.version],
        "own": [(one.key, title, question) for one, title, question in every if one.version],
        "gone": reports.find_withdrawn(request.GET.get("withdrawn", "")) if subject.all else None,
        "sets": _sets(subject), "waiting": job_queries.is_waiting(kind=SNAPSHOT),
    }  # fmt: skip
    return render(request, "pages/reports/index.html", context)


def _sets(subject: Reader) -> list[tuple[Set, date | None]]:
    """Return the sets that the reader gets, with the day of the figures that came last."""
    came = reports.last_delivered()
    return [
        (one, came.get(one.key)) for one in reports.sets().values() if subject.all or one.for_schools
    ]  # fmt: skip
