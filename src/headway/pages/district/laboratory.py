"""The rule laboratory: choose what to vary, see who would move on the school's own evidence, and publish it or leave it."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access import queries as access
from headway.kit.refusals import Refusal
from headway.pages.district import trial_view
from headway.pages.district.imports import refused
from headway.pages.district.rule_form import Form, read_form, rule_book
from headway.proficiency import actions, queries
from headway.proficiency.types import Trial
from headway.rosters import queries as rosters

MOST = 500_000
"""With more determinations than this a trial looks at one school at a time: an answer must come while a person waits."""
FILE = "laboratory.toml"


def laboratory(request: HttpRequest) -> HttpResponse:
    """Show the settings in force as a form; try others; with a name and a reason publish them as a policy version."""
    today = request.viewer.today
    data = request.POST if request.method == "POST" else request.GET
    try:
        form = read_form(data, request.book, today)
    except Refusal as refusal:
        return _show(request, {"form": read_form({}, request.book, today), **refused(refusal)}, 422)
    context: dict[str, Any] = {
        "form": form,
        "name": form.basis.name or data.get("name", ""),
        "tomorrow": today + timedelta(days=1),
    }
    if request.method == "GET" and (data.get("do") != "try" or form.moved or form.faults):
        context["rules"] = rule_book(get_language() or "en")
        return _show(request, context, 422 if form.faults and data.get("do") == "try" else 200)
    try:
        body = _body(request, form, data)
        if request.method == "POST":
            return _publish(request, body)
        text = queries.policy_text(body)
        if data.get("as") == "toml":
            return _file(text, FILE, "application/toml")
        trial = _trial(request, form, body)
    except Refusal as refusal:
        context |= refused(refusal)
        if refusal.code == "policy_invalid":
            context["changes"] = _scale_changes(request, body)
        return _show(request, context, 409 if request.method == "POST" else 422)
    if data.get("as") == "csv":
        return _csv(trial)
    return _show(request, {**context, **_said(request, form, trial, body), "toml": text})


def _body(request: HttpRequest, form: Form, data: Any) -> dict[str, Any]:
    """Return the policy file of the form, checked as one that is handed in would be."""
    today = request.viewer.today
    name = form.basis.name or _line(data.get("name", "")) or "laboratory"
    in_force = today + timedelta(days=1)
    if request.method == "POST":
        try:
            in_force = date.fromisoformat(data.get("in_force", ""))
        except ValueError as error:
            raise Refusal("not_a_day", _("Give the day from which it is in force.")) from error
        if not form.basis.name and not _line(data.get("name", "")):
            raise Refusal("name_missing", _("Give the policy a name."))
        if not form.basis.name and any(v["name"] == name for v in request.book.versions):
            raise Refusal("name_taken", _("Another policy has this name; give it one of its own."))
        if not _line(data.get("reason", "")):
            raise Refusal("reason_missing", _("Say why the rule changes: people are told."))
    try:
        body = queries.proposed(
            form.basis, form.chosen, scales=request.book.settings["scales"], name=name, reason=_line(data.get("reason", "")),
            in_force=in_force,
        )  # fmt: skip
    except Refusal as refusal:
        if refusal.code == "nothing_new":
            raise Refusal(
                "nothing_new", _("These settings are the ones in force: nothing would change.")
            ) from refusal
        raise
    return actions.read_policy(queries.policy_text(body).encode(), name=FILE)


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:190]


def _publish(request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
    name = f"{body['policy'][0]['name']}.toml"
    try:
        run = actions.import_policy(actor=request.viewer, body=body, name=name, at=request.moment)
    except Refusal as refusal:
        # The same form sent twice: the first one is in force.
        runs = access.import_runs(kind="policy") if refusal.code == "nothing_new" else []
        last = next((one for one in runs if one.status == "applied"), None)
        if last is None:
            raise
        return redirect(f"/district/policy?done={last.pk}")
    return redirect(f"/district/policy?done={run.pk}&moved={run.counts['determinations_changed']}")


def _trial(request: HttpRequest, form: Form, body: dict[str, Any]) -> Trial:
    students = None
    if form.of:
        school = next((one for one in rosters.schools() if one.sourced_id == form.of), None)
        if school is None:
            raise Refusal("unknown_school", _("There is no such school."))
        found = rosters.students_of_school(
            viewer=request.viewer, school_id=school.id, as_of=request.viewer.today
        )
        students = list(found.order_by().values_list("id", flat=True))
    elif queries.determinations_n() > MOST:
        raise Refusal(
            "choose_a_school",
            _("The district has more than %(n)s levels. Choose a school to look at, then another.")
            % {"n": MOST},
        )
    return actions.try_policy(
        actor=request.viewer, body=body, name=FILE, at=request.moment, students=students
    )


def _said(request: HttpRequest, form: Form, trial: Trial, body: dict[str, Any]) -> dict[str, Any]:
    settings, query = request.book.settings, request.GET
    least = settings["district"]["minimum_cell"]
    return {
        "trial": trial,
        "heading": trial_view.heading(trial),
        "lists": trial_view.lists(trial, language=get_language() or "en"),
        "tables": trial_view.tables(trial, on=trial.day, least=least),
        "least": least,
        "students_n": len(trial.students),
        "against": ", ".join(f"{name} {number}" for name, number in trial.against),
        "bias": trial_view.bias(trial, form, request.book),
        "changes": _scale_changes(request, body),
        "fields": [(key, query[key]) for key in query if key not in ("do", "as")],
        "csv": "?" + urlencode([*query.items(), ("as", "csv")]),
        "download": "?" + urlencode([*query.items(), ("as", "toml")]),
    }


def _scale_changes(request: HttpRequest, body: dict[str, Any]) -> list[Any]:
    return queries.scale_changes(body=body, now=request.moment)


def _file(text: str, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _csv(trial: Trial) -> HttpResponse:
    answer = _file("", "laboratory.csv", "text/csv")
    writer = csv.writer(answer)
    writer.writerow(["student", "target", "before", "before_state", "after", "after_state", "moved", "edge"])
    for row in queries.trial_rows(trial):
        writer.writerow(["" if value is None else value for value in row.values()])
    return answer


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(
        request, "pages/district/laboratory.html", {"nav": "district.policy", **context}, status=status
    )
