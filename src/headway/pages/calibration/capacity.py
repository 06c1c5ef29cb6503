"""The capacity map: what adults say of their assessment practice beside what the ledger says is done, by school."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from headway.access.types import Role
from headway.calibration import queries
from headway.calibration.types import FEWEST_ANSWERS, FEWEST_RATERS, MEANS, STATEMENTS, CapacityLine
from headway.pages.calibration import statements
from headway.pages.calibration.words import nav
from headway.pages.parts import figures
from headway.pages.parts.figures import Figure


def capacity(request: HttpRequest) -> HttpResponse:
    """Show the counts of five answers or more, by statement and by school, and the figures of the last year beside them."""
    view = queries.capacity_map(viewer=request.viewer, at=request.moment)
    assert view is not None  # the door lets nobody else in
    everybody = view.lines[0]
    indicators = statements.indicators()
    context = {
        "nav": nav(request), "view": view, "year": statements.year(view.wave), "heading": _heading(everybody),
        "n": everybody.n, "rows": _statements(everybody), "levels": list(statements.levels().values()),
        "short": [statements.short()[key] for key in STATEMENTS], "indicators": list(indicators.values()),
        "answers": [_answers(one) for one in view.lines],
        "ledger": [(_name(one), [(indicators[key][0], _figure(key, one.indicators[key])) for key in indicators])
                   for one in view.lines],
        "fewest": FEWEST_ANSWERS, "adults": FEWEST_RATERS, "district": request.viewer.is_a(Role.DISTRICT),
    }  # fmt: skip
    return render(request, "pages/calibration/capacity.html", context)


def _heading(everybody: CapacityLine) -> str:
    """Say the page's answer: with what most would like help; else that too few answered."""
    if not everybody.n:
        return _("Too few have answered to say where help is wanted.")
    wanted = max(everybody.help.values())
    if not wanted:
        return _("Nobody asks for help with assessment.")
    most = [statements.short()[key] for key in STATEMENTS if everybody.help[key] == wanted]
    return _("Help is wanted most with: %(what)s.") % {"what": "; ".join(most[:3])}


def _name(line: CapacityLine) -> str:
    return {"all": _("All schools"), "together": _("Other schools together")}.get(line.kind, line.name)


def _statements(everybody: CapacityLine) -> list[dict[str, Any]]:
    """Return the statements with the counts of all schools."""
    if not everybody.n:
        return []
    words = statements.levels().values()
    return [
        {"words": statements.statements()[key], "counts": list(zip(words, everybody.levels[key], strict=True)),
         "own": figures.figure(everybody.own[key], percent=True), "wish": figures.figure(everybody.wish[key], percent=True)}
        for key in STATEMENTS
    ]  # fmt: skip


def _answers(line: CapacityLine) -> dict[str, Any]:
    """Return what a school says it does without help, by statement; `held` says why nothing is told of it alone."""
    short = statements.short()
    cells = (
        [(short[key], figures.figure(line.own[key], percent=True)) for key in STATEMENTS] if line.n else []
    )
    held = figures.reason("not_alone") if line.kind == "school" else ""
    return {"name": _name(line), "n": line.n, "cells": cells, "held": held}


def _figure(key: str, found: Mapping[str, Any]) -> Figure | None:
    return figures.figure(found, percent=key not in MEANS) if found else None
