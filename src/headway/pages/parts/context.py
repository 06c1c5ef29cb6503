"""What the frame of every page needs: who looks, where they may go, which day it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access.types import Role, Viewer

ASK_AT_FIRST = "signed_in_as_given"


@dataclass(frozen=True, slots=True)
class Way:
    """One entry of the navigation."""

    name: str
    url: str
    label: str


def only_stands_in(viewer: Viewer) -> bool:
    """Whether a substitute's day is all that the viewer has to do as a teacher today."""
    return bool(viewer.standing_in) and not (viewer.classes or viewer.schools or viewer.is_a(Role.DISTRICT))


def ways(viewer: Viewer) -> list[Way]:
    """Return the viewer's navigation: five words at most for each role, the first role of the list deciding."""
    if only_stands_in(viewer):
        return [Way("teacher.substitute", "/teacher/substitute", _("Today"))]
    if viewer.is_a(Role.TEACHER):
        return [
            Way("teacher.today", "/teacher/today", _("Today")),
            Way("teacher.rate", "/teacher/rate", _("Rate")),
            Way("teacher.grid", "/teacher/classes", _("Grid")),
            Way("teacher.report_cards", "/teacher/report-cards", _("Report cards")),
            Way("tasks.bank", "/tasks/", _("Tasks")),
            *_leading(viewer),
        ]
    if viewer.is_a(Role.STUDENT):
        return [
            Way("student.now", "/student/now", _("Now")),
            Way("student.continuum", "/student/continuum", _("Continuum")),
            Way("student.about", "/student/about", _("About me")),
        ]
    if viewer.is_a(Role.PRINCIPAL, Role.DISTRICT):
        return _leading(viewer)
    if viewer.is_a(Role.COACH, Role.ADVISOR):
        return [
            *(
                [Way("calibration.index", "/calibration/", _("Calibration"))]
                if viewer.is_a(Role.COACH)
                else []
            ),
            Way("tasks.bank", "/tasks/", _("Tasks")),
            Way("teacher.plans", "/teacher/plans", _("Plans")),
        ]
    if viewer.is_a(Role.FAMILY):
        return [Way("family.home", "/family/", _("How is my child"))]
    return []


def _leading(viewer: Viewer) -> list[Way]:
    found = []
    if viewer.is_a(Role.PRINCIPAL):
        found.append(Way("school.week", "/school/week", _("This week")))
        if not viewer.is_a(Role.TEACHER):
            found.append(Way("school.report_cards", "/school/report-cards", _("Report cards")))
            found.append(Way("school.rights", "/school/rights", _("Families")))
            if not viewer.is_a(Role.DISTRICT):
                found.append(Way("reports.index", "/reports/", _("Reports")))
                found.append(Way("tasks.bank", "/tasks/", _("Tasks")))
    if viewer.is_a(Role.DISTRICT):
        found += [
            Way("district.home", "/district/", _("District")),
            Way("district.roster", "/district/roster", _("Roster")),
            Way("district.frameworks", "/district/frameworks", _("Continuums")),
            Way("district.policy", "/district/policy", _("Policies")),
            Way("reports.index", "/reports/", _("Reports")),
        ]
    return found


def home_of(viewer: Viewer) -> str:
    """Return the first page of a viewer."""
    found = ways(viewer)
    return found[0].url if found else "/account/"


def initials(name: str) -> str:
    """Return the letters of the round mark beside a name."""
    words = name.split()
    return (words[0][:1] + words[-1][:1]).upper() if words else "?"


def _ask_for_password(request: HttpRequest, viewer: Viewer) -> bool:
    """Whether this page asks for a password of one's own: the first after signing in with one that was given."""
    if viewer.anonymous or not request.session.get(ASK_AT_FIRST):
        return False
    del request.session[ASK_AT_FIRST]
    return True


def page(request: HttpRequest) -> dict[str, Any]:
    """Give every template the frame's values."""
    viewer: Viewer = getattr(request, "whole_viewer", None) or getattr(request, "viewer", None) or Viewer()
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {
        "request": request,
        "viewer": viewer,
        "ways": ways(viewer) if not viewer.anonymous else [],
        "here": here,
        "initials": initials(viewer.name),
        "ask_for_password": _ask_for_password(request, viewer),
        "language": get_language(),
        "home": home_of(viewer) if not viewer.anonymous else "/class-device" if viewer.device else "/",
        "moment": getattr(request, "moment", None),
        "languages": list(getattr(getattr(request, "book", None), "languages", ["en"])),
    }
