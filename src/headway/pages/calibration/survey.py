"""The survey of assessment practice: where an adult stands, once a school year, without whose answer it is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.calibration import actions
from headway.calibration.types import CAPACITY_LEVELS, FEWEST_ANSWERS, STATEMENTS, SurveyView
from headway.kit.refusals import Refusal
from headway.pages.calibration import statements
from headway.pages.calibration.words import nav
from headway.pages.parts import refused

HELP = "help"


def survey(request: HttpRequest, subject: SurveyView) -> HttpResponse:
    """Show the statements until they are answered; keep the answers once, and what was chosen where they are refused."""
    fault = ""
    if request.method == "POST":
        try:
            actions.answer_survey(
                actor=request.viewer, levels=_levels(request), help=request.POST.getlist(HELP),
                school=request.POST.get("school", ""), at=request.moment,
            )  # fmt: skip
            return redirect("/calibration/survey?done=answered")
        except Refusal as refusal:
            fault = refused.said(refusal)
    chosen, wished = _levels(request), request.POST.getlist(HELP)
    words = statements.statements()
    context = {
        "nav": nav(request), "view": subject, "year": statements.year(subject.wave), "fault": fault, "fewest": FEWEST_ANSWERS,
        "levels": statements.levels().items(), "school": request.POST.get("school", ""),
        "asks": [
            {"key": key, "words": words[key], "chosen": chosen.get(key), "help": key in wished,
             "missing": bool(fault) and not subject.answered and key not in chosen} for key in STATEMENTS
        ],
        "thanks": request.GET.get("done") == "answered",
    }  # fmt: skip
    return render(request, "pages/calibration/survey.html", context, status=422 if fault else 200)


def _levels(request: HttpRequest) -> dict[str, int]:
    """Return the levels that were chosen; what is none of the four is left out."""
    known = {str(level): level for level in CAPACITY_LEVELS}
    sent = {key: request.POST.get(key, "") for key in STATEMENTS}
    return {key: known[said] for key, said in sent.items() if said in known}
