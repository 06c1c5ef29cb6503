"""Planning a session, and changing it before it opens."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from headway.calibration import actions
from headway.calibration.types import EVERYBODY, PLANNED, TOGETHER, NewSession, SessionView
from headway.kit.numbers import is_whole
from headway.kit.refusals import Refusal
from headway.pages.calibration import words
from headway.pages.calibration.words import nav
from headway.pages.parts import refused
from headway.pages.parts.asked import day_of_form
from headway.tasks import queries as tasks

DAYS = 14
MOST_PAGES = 8


def new(request: HttpRequest) -> HttpResponse:
    """Offer the plan of a session; plan it once, however often it is sent."""
    fault = ""
    if request.method == "POST":
        try:
            made = actions.plan_session(actor=request.viewer, new=_read(request), at=request.moment)
            return redirect(f"/calibration/{made}")
        except Refusal as refusal:
            fault = refused.said(refusal)
    return _page(request, None, fault)


def change(request: HttpRequest, session: UUID, subject: SessionView) -> HttpResponse:
    """Change a session that is not open yet."""
    fault = ""
    if request.method == "POST":
        try:
            actions.change_session(
                actor=request.viewer, session=session, new=_read(request, subject), at=request.moment
            )
            return redirect(f"/calibration/{session}?done=saved")
        except Refusal as refusal:
            fault = refused.said(refusal)
    elif subject.state != PLANNED:
        return redirect(f"/calibration/{session}")
    return _page(request, subject, fault)


def _read(request: HttpRequest, subject: SessionView | None = None) -> NewSession:
    sent = request.POST
    try:
        version = subject.version if subject else UUID(sent.get("version", ""))
    except ValueError:
        raise Refusal("unknown_task", "There is no such task.") from None
    per_work = sent.get("per_work", "")
    opens, closes = day_of_form(request, "opens_on"), day_of_form(request, "closes_on")
    if opens is None or closes is None:
        raise Refusal("days_missing", "Give the first and the last day.")
    return NewSession(
        key=sent.get("key", "")[:190], title=sent.get("title", ""), purpose=sent.get("purpose", ""), version=version,
        opens_on=opens, closes_on=closes, kind=subject.kind if subject else sent.get("kind", TOGETHER),
        way=sent.get("way", EVERYBODY), per_work=int(per_work) if is_whole(per_work) and len(per_work) < 4 else 0,
        moderates="moderates" in sent,
    )  # fmt: skip


def _page(request: HttpRequest, subject: SessionView | None, fault: str) -> HttpResponse:
    today = timezone.localtime(request.moment).date()
    said: dict[str, Any] = {
        "title": "", "purpose": "", "way": EVERYBODY, "per_work": 0, "moderates": False, "kind": TOGETHER,
        "opens_on": today, "closes_on": today + timedelta(days=DAYS), "version": request.GET.get("version", ""),
    }  # fmt: skip
    if subject is not None:
        said |= {name: getattr(subject, name) for name in said}
    if request.method == "POST":
        said |= {name: request.POST.get(name, "") for name in said} | {
            "moderates": "moderates" in request.POST
        }
        said |= {name: _day(said[name]) for name in ("opens_on", "closes_on")}
    context = {
        "nav": nav(request), "session": subject, "said": said, "fault": fault,
        "key": request.POST.get("key") or f"plan-{uuid4()}",
        "tasks": [] if subject else _tasks(request), "shares": words.ways().items(), "kinds": words.kinds().items(),
        "chosen": str(said["version"]),
        "heading": _("Change the plan") if subject else _("Plan a session"),
    }  # fmt: skip
    return render(request, "pages/calibration/plan.html", context, status=422 if fault else 200)


def _day(text: Any) -> Any:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _tasks(request: HttpRequest) -> list[Any]:
    """Return the tasks that are offered, by title, up to two hundred."""
    first = tasks.bank(viewer=request.viewer)
    rows = list(first.rows)
    for page in range(2, min(first.pages, MOST_PAGES) + 1):
        rows += tasks.bank(viewer=request.viewer, page=page).rows
    return rows
