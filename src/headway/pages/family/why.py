"""Why a level, in a family's words: what was shown, what counts, what comes next. No plus or minus, no shares."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.pages.parts import feedback, tags
from headway.pages.parts.asked import look_back
from headway.pages.parts.contested import beside
from headway.pages.parts.learning import language, learners
from headway.pages.parts.todo import judged, would_change
from headway.pages.parts.why import by_policy, decision, judged_words, reason_words, rule_line
from headway.proficiency.queries import AT
from headway.science.codes import Purpose

ASIDE = ("excused", "not_taught", "individual_goal")


def why(request: HttpRequest, student_id: str, target: int, subject: Any) -> HttpResponse:
    """Show why a child's level on a target is what it is."""
    look = look_back(request)
    woods = frameworks.remembered()
    if target not in woods.framework_of or not woods.node(target).is_leaf:
        raise Http404
    node = woods.node(target)
    (learner,) = learners([subject], as_of=look.as_of, now=request.moment, book=request.book)
    found = judged(learner, target)
    own = [row for row in found.rows.values() if row[AT["purpose"]] == Purpose.EVIDENCE]
    counted = {one.key for one in found.judgment.counted}
    reasons = {one.key: one.reason for one in found.judgment.excluded}
    said = list(reversed(feedback.about(learner, own))) if own else []
    trail = [
        (one, one.key in counted, "" if one.key in counted else _note(reasons.get(one.key))) for one in said
    ]
    scale, language_now = found.effective.scale, language()
    levels, texts = scale["levels"], node.descriptors
    context = {
        "nav": "family.home", "look": look, "child": subject, "given": learner.given, "scale": scale, "trail": trail,
        "name": node.called(language_now), "told": node.told(language_now),
        "words": judged_words(found.judgment, scale),
        "area": frameworks.tree(node.framework_id, at=frameworks.remembered_stamp()).framework.called(language_now),
        "standing": found.standing, "change": would_change(found.judgment, scale) if found.standing.state not in ASIDE else "",
        "steps": [
            (tags.draw("level", round(level["value"] * 100), scale), text) for level, text in zip(levels, texts, strict=True)
        ] if len(levels) == len(texts) <= 6 else [],
        "rule_line": rule_line(found), "by_policy": by_policy(found),
        "contested": beside(student=subject.id, target=target), "since": decision(found),
        "keep": {}, "tail": f"?as_of={look.as_of}" if look.as_of else "",
    }  # fmt: skip
    return render(request, "pages/family/why.html", context)


def _note(reason: str | None) -> str:
    return reason_words(reason) if reason else _("Does not count here")
