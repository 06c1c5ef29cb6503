"""The plan of a child in care, to read: what is asked by when, what is in, and where that stands."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headway.pages.parts.asked import look_back
from headway.pages.parts.plan import plan_page


def plan(request: HttpRequest, student_id: str, subject: Any) -> HttpResponse:
    """Show the plan that the address names, else the first."""
    look = look_back(request)
    page = plan_page(request, subject, look)
    back = f"/family/children/{quote(subject.sourced_id, safe='')}"
    keep = {"plan": page.plan.plan} if page else {}
    context = {"nav": "family.home", "look": look, "page": page, "keep": keep, "back": back, "child": subject}
    return render(request, "pages/parts/plan.html", context)
