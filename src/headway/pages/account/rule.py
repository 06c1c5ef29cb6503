"""What a change of a rule means, in the reader's words: from when, why, what was and what is."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from headway.access.types import Role
from headway.pages.parts import news
from headway.pages.parts.context import home_of
from headway.proficiency import queries
from headway.proficiency.types import Chosen

ADULTS = (Role.TEACHER, Role.ADVISOR, Role.COACH, Role.PRINCIPAL, Role.DISTRICT)


def rule(request: HttpRequest, version: int) -> HttpResponse:
    """Explain one policy version beside what held before it."""
    change = queries.rule_change(request.book, version)
    if change is None:
        raise Http404
    ahead = change.in_force_on > request.viewer.today
    before, after = change.before, change.after
    # Families and students read numbers only where these are what changes.
    cuts = request.viewer.is_a(*ADULTS) or (
        before is not None and news.cut_words(before) != news.cut_words(after)
    )
    context = {
        "change": change, "ahead": ahead, "where": news.where(change.applies), "home": home_of(request.viewer),
        "now": _said(after, cuts), "was": _said(before, cuts) if before is not None else None,
        "means": _means(request),
    }  # fmt: skip
    return render(request, "pages/account/rule.html", context)


def _said(chosen: Chosen, cuts: bool) -> dict[str, object]:
    numbers = news.cut_words(chosen) if cuts else {}
    return {"rule": news.rule_words(chosen), "asks": news.asks(chosen.requirement), **numbers}


def _means(request: HttpRequest) -> list[str]:
    """Say what it means for who reads."""
    if request.viewer.is_a(*ADULTS):
        return [
            _(
                "Every rating stays in the ledger as it was given. A level is worked out by the rule of its day."
            ),
            _("Days before keep their levels: the look-back on each page shows them."),
            _("Where a level changes by the rule alone, “why” says so beside it."),
        ]
    if request.viewer.is_a(Role.STUDENT):
        return [
            _("All your work counts as before, and nothing that was said about it changes."),
            _(
                "A level may become another one, because it is worked out in another way. Then “Why this level?” says so."
            ),
            _("If something looks wrong to you, ask your teacher."),
        ]
    return [
        _("All of your child’s work counts as before, and nothing that was said about it changes."),
        _("A level may become another one, because it is worked out in another way. Then “Why?” says so."),
        _("If something looks wrong to you, ask the teacher."),
    ]
