"""The templates of plans, with how many students follow each."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from headway.access.types import Role
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.parts.learning import language
from headway.pages.parts.told import told
from headway.plans import queries

WRITERS = (Role.COACH, Role.PRINCIPAL, Role.DISTRICT)


def plans(request: HttpRequest) -> HttpResponse:
    """List every template with its newest version and the viewer's students on it and on older ones."""
    followers = queries.followers(request.viewer)
    rows: list[dict[str, Any]] = []
    for one in queries.templates():
        newest = followers.get((one.plan, one.number), 0)
        older = sum(n for (plan, number), n in followers.items() if plan == one.plan and number != one.number)
        rows.append({"template": one, "targets_n": len(one.items), "pieces_n": sum(item.pieces for item in one.items),
                     "newest_n": newest, "older_n": older})  # fmt: skip
    context = {
        "nav": "teacher.plans",
        "rows": rows,
        "writes": request.viewer.is_a(*WRITERS),
        "said": told(request, "said"),
    }
    return render(request, "pages/teacher/plans.html", context)


def template(request: HttpRequest) -> HttpResponse:
    """Show what the newest version of a template asks, in order, and how many of the viewer's students follow which."""
    try:
        found = queries.newest_version(request.GET.get("plan", ""))
    except Refusal as refusal:
        raise Http404 from refusal
    rows = []
    for item in found.items:
        node = frameworks.node(item.target)
        rows.append(
            {"item": item, "name": node.called(language()), "told": node.aim(language()), "code": node.code}
        )
    followers = sorted(
        (number, n) for (plan, number), n in queries.followers(request.viewer).items() if plan == found.plan
    )
    context = {
        "nav": "teacher.plans", "template": found, "rows": rows, "followers": followers,
        "writes": request.viewer.is_a(*WRITERS), "said": told(request, "said"),
    }  # fmt: skip
    return render(request, "pages/teacher/plan_template.html", context)
