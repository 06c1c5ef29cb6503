"""A student's own plan, to read: what is asked by when, what is in, and where that stands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headway.pages.parts.asked import look_back
from headway.pages.parts.plan import plan_page


def plan(request: HttpRequest, subject: Any) -> HttpResponse:
    """Show the plan that the address names, else the first."""
    look = look_back(request)
    page = plan_page(request, subject, look)
    keep = {"plan": page.plan.plan} if page else {}
    context = {"nav": "student.now", "look": look, "page": page, "keep": keep, "back": "/student/now"}
    return render(request, "pages/parts/plan.html", context)
