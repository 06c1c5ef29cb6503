"""Put a report together, change it, withdraw it: which measures, and by what each is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headway.analytics.queries import METRICS
from headway.kit.refusals import Refusal
from headway.pages.parts.refused import why
from headway.pages.reports import words
from headway.pages.reports.scope import Subject
from headway.reports import actions
from headway.reports import queries as reports
from headway.reports.types import Section


def new(request: HttpRequest) -> HttpResponse:
    """Put a report together."""
    return _answer(request, "", "", "", (), ())


def edit(request: HttpRequest, subject: Subject, name: str) -> HttpResponse:
    """Change a report of the district's own, withdraw it, or bring it back."""
    given = request.POST.get("do")
    if given == "withdraw":
        actions.withdraw_report(actor=request.viewer, key=name, at=request.moment)
        return redirect(f"/reports/?withdrawn={name}")
    if given == "restore":
        actions.restore_report(actor=request.viewer, key=name, at=request.moment)
        return redirect(f"/reports/{name}")
    one = subject.report
    return _answer(request, name, one.title, one.question, one.sections, one.population)


def _answer(
    request: HttpRequest, key: str, title: str, question: str, sections: Sequence[Section], before: Sequence[str]
) -> HttpResponse:  # fmt: skip
    fault, status, population = "", 200, tuple(before)
    if request.method == "POST":
        title, question = request.POST.get("title", ""), request.POST.get("question", "")
        sections = _sections(request.POST.getlist("pick"))
        population = tuple(part for part in request.POST.get("of", "").split(":", 1) if part)
        try:
            saved = actions.save_report(
                actor=request.viewer,
                title=title,
                question=question,
                sections=sections,
                at=request.moment,
                key=key,
                population=population,
            )
            return redirect(f"/reports/{saved}")
        except Refusal as refusal:
            fault, status = why(refusal), 422
    context = {
        "nav": "reports.index", "key": key, "title": title, "question": question, "fault": fault, "most": actions.MOST,
        "measures": _measures(sections), "populations": _populations(population, before),
    }  # fmt: skip
    return render(request, "pages/reports/builder.html", context, status=status)


def _sections(picked: Sequence[str]) -> tuple[Section, ...]:
    """Read `measure` and `measure:column` into sections, in the order of the catalogue; a column takes its measure with it."""
    by: dict[str, list[str]] = {}
    for one in picked:
        metric, _colon, column = one.partition(":")
        by.setdefault(metric, []).extend([column] if column else [])
    order = [*METRICS, *(name for name in by if name not in METRICS)]
    return tuple(Section(name, tuple(dict.fromkeys(by[name]))) for name in order if name in by)


def _measures(sections: Sequence[Section]) -> list[dict[str, Any]]:
    chosen = {one.metric: one.by for one in sections}
    titles = words.part_by()
    return [
        {
            "key": key, "title": words.title(key), "on": key in chosen, "says": words.meaning(key),
            "columns": [(column, titles[column], column in chosen.get(key, ())) for column in reports.columns_of(metric)],
        }
        for key, metric in METRICS.items()
    ]  # fmt: skip


def _populations(
    chosen: Sequence[str], before: Sequence[str]
) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    """Return of which students a report may be, by column; what it was of before stands among them."""
    found = []
    for column, values in reports.populations().items():
        kept = [one for one in before[1:] if before[0] == column and one not in values]
        own = [(value, words.part_word(column, value, {})) for value in (*values, *kept)]
        own.sort(key=lambda one: words.part_rank(column, *one))
        options = [(f"{column}:{value}", word, (column, value) == tuple(chosen)) for value, word in own]
        found.append((words.part_titles()[column], options))
    return [(title, options) for title, options in found if options]
