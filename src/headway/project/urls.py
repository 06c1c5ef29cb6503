"""The root address list: made from doors, so that no page is reached past its rule."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from headway.access.doors import ANYONE, Door
from headway.evidence.queries import head
from headway.interop.case import api as case
from headway.interop.v1 import api as v1
from headway.pages.account.urls import doors as account
from headway.pages.calibration.urls import doors as calibration
from headway.pages.district.urls import doors as district
from headway.pages.family.urls import doors as family
from headway.pages.parts.context import home_of
from headway.pages.public.urls import doors as public
from headway.pages.reports.urls import doors as reports
from headway.pages.school.urls import doors as school
from headway.pages.student.urls import doors as student
from headway.pages.tasks.urls import doors as tasks
from headway.pages.teacher.urls import doors as teacher


def start(request: HttpRequest) -> HttpResponse:
    """Lead to the reader's first page, or to the door."""
    viewer = request.viewer
    if viewer.device is not None:
        return redirect("/class-device")
    return redirect("/account/sign-in" if viewer.anonymous else home_of(viewer))


def health(request: HttpRequest) -> HttpResponse:
    """Say whether the database answers and commits are durable."""
    from headway.evidence.durability import require_durable_commits
    from headway.kit.refusals import Refusal

    try:
        require_durable_commits()
        sequence, _ = head()
    except (Refusal, OSError) as error:
        return JsonResponse({"ok": False, "message": str(error)}, status=503)
    except DatabaseError:
        # What the database says may name its address: the log has it.
        logging.getLogger("headway").exception("the database does not answer")
        return JsonResponse({"ok": False, "message": "The database does not answer."}, status=503)
    return JsonResponse({"ok": True, "events": sequence})


_CASE = "Public continuums may be read by other systems without signing in."
# Tried in their order: those of our own interface first, which systems ask most.
doors: list[Door] = [
    *v1.doors,
    Door("", start, "start", ANYONE, "The start leads everyone to their own first page."),
    Door("healthz", health, "healthz", ANYONE, "Whoever runs the server may ask whether it is well."),
    *account, *student, *teacher, *family, *school, *district, *reports, *tasks, *calibration, *public,
    *(Door(route, view, name, ANYONE, _CASE, api=True) for route, view, name in case.urls),
]  # fmt: skip
urlpatterns = [door.pattern() for door in doors]
handler400 = "headway.pages.public.errors.wrong_request"
handler403 = "headway.pages.public.errors.forbidden"
handler404 = "headway.pages.public.errors.missing"
handler500 = "headway.pages.public.errors.broken"
