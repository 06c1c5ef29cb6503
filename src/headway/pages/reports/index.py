"""The list of reports, the snapshot that they come from, and a new one on request."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headway.analytics import queries as analytics
from headway.jobs import actions as jobs
from headway.jobs import queries as job_queries
from headway.pages.reports.scope import Reader
from headway.reports import queries as reports
from headway.reports.types import SNAPSHOT


def index(request: HttpRequest, subject: Reader) -> HttpResponse:
    """Show the reports; a form asks for a new snapshot, which is made beside the server."""
    if request.method == "POST":
        jobs.put(kind=SNAPSHOT, jobs={f"{SNAPSHOT}:{request.moment:%Y-%m-%dT%H:%M}": {}}, at=request.moment)
        return redirect("/reports/?asked=1")
    newest = analytics.newest()
    listed = [
        {"key": one.key, "title": _(one.title), "question": _(one.question)}
        for one in reports.REPORTS.values()
    ]
    context = {
        "nav": "reports.index", "reports": listed, "snapshot": newest,
        "waiting": job_queries.is_waiting(kind=SNAPSHOT),
    }  # fmt: skip
    return render(request, "pages/reports/index.html", context)
