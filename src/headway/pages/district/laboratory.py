"""The rule laboratory: choose what to vary, see who would move on the school's own evidence, and publish it or leave it."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from headway.access import queries as access
from headway.access.types import Role
from headway.kit.refusals import Refusal, Sentence
from headway.pages.district import trial_view
from headway.pages.district.imports import refused
from headway.pages.district.policy import otherwise
from headway.pages.district.rule_form import Form, read_form, rule_book
from headway.pages.parts.news import DAYS as NEWS_DAYS
from headway.pages.parts.sheets import named
from headway.proficiency import actions, queries
from headway.proficiency.types import Trial
from headway.rosters import queries as rosters

MOST = 500_000
"""With more determinations than this a trial looks at one school at a time: an answer must come while a person waits."""
FILE = "laboratory.toml"
PUBLISHING = ("do", "as", "name", "reason", "in_force", "csrfmiddlewaretoken")


def laboratory(request: HttpRequest) -> HttpResponse:
    """Show the settings in force as a form; try others; with a name and a reason publish them as a policy version."""
    today, posted = request.viewer.today, request.method == "POST"
    data = request.POST if posted else request.GET
    whole = request.viewer.is_a(Role.DISTRICT)
    if posted and not whole:
        raise PermissionDenied(_("Only the district publishes a policy."))
    about = {"on": today, "schools": rosters.schools_led(viewer=request.viewer), "whole": whole}
    try:
        form = read_form(data, request.book, **about)
    except Refusal as refusal:
        return _show(request, {"form": read_form({}, request.book, **about), **refused(refusal)}, 422)
    context: dict[str, Any] = {
        "form": form, "otherwise": otherwise(form.basis.applies, today),
        "name": _line(data.get("name", "")), "reason": _line(data.get("reason", "")),
        "news_days": NEWS_DAYS, "day": data.get("in_force") or (today + timedelta(days=NEWS_DAYS)).isoformat(),
    }  # fmt: skip
    if form.moved or form.faults or (not posted and data.get("do") != "try"):
        asked = posted or data.get("do") == "try"
        return _show(
            request,
            {**context, "rules": rule_book(get_language() or "en")},
            422 if form.faults and asked else 200,
        )
    if posted:
        try:
            return _publish(request, form, context)
        except Refusal as refusal:
            # Nothing was written: the trial stands below, with what was typed.
            context |= {"unpublished": refusal, **refused(refusal)}
    return _tried(request, form, context, data)


def _tried(request: HttpRequest, form: Form, context: dict[str, Any], data: Any) -> HttpResponse:
    status, body = 409 if "unpublished" in context else 200, None
    try:
        body = _body(
            form, request.book, name=_free_name(form, request.book), reason="", in_force=request.viewer.today
        )
        if data.get("as") == "toml":
            return _file(queries.policy_text(body), FILE, "application/toml")
        trial = _trial(request, form, body)
    except Refusal as refusal:
        if body is not None and refusal.code == "policy_invalid":
            context["changes"] = queries.scale_changes(body=body, now=request.moment)
        if status == 409:
            return _show(request, context, status)
        if refusal.code == "nothing_new":
            rules = rule_book(get_language() or "en")
            return _show(request, {**context, "same": True, "rules": rules})
        return _show(request, {**context, **refused(refusal)}, 422)
    if data.get("as") == "csv":
        return _csv(trial)
    return _show(request, {**context, **_said(request, form, trial, body, data)}, status)


def _body(form: Form, book: Any, *, name: str, reason: str, in_force: date) -> dict[str, Any]:
    """Return the policy file of the form, checked as one that is handed in would be."""
    scales = book.settings["scales"]
    try:
        body = queries.proposed(
            form.basis, form.chosen, scales=scales, name=name, reason=reason, in_force=in_force
        )
    except Refusal as refusal:
        if refusal.code == "nothing_new":
            raise Refusal(
                "nothing_new", "These settings are the ones in force: nothing would change."
            ) from refusal
        raise
    return actions.read_policy(queries.policy_text(body).encode(), name=FILE)


def _free_name(form: Form, book: Any) -> str:
    """Return the name under which a policy is tried: that of the place, else one that no policy has."""
    taken = {version["name"] for version in book.versions}
    return form.basis.name or next(name for n in range(1, 1000) if (name := f"trial {n}") not in taken)


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:190]


def _publish(request: HttpRequest, form: Form, context: dict[str, Any]) -> HttpResponse:
    name, reason = form.basis.name or context["name"], context["reason"]
    try:
        in_force = date.fromisoformat(context["day"])
    except ValueError as error:
        raise Refusal("not_a_day", "Give the day from which it is in force.") from error
    if not name:
        raise Refusal("name_missing", "Give the policy a name.")
    if not reason:
        raise Refusal("reason_missing", "Say why the rule changes: people are told.")
    newest = max(request.book.versions, key=lambda version: version["id"])
    said = (newest["name"], newest["applies"], newest["in_force_on"], newest["body"].get("reason"))
    if said == (name, form.basis.applies, in_force, reason):
        # The same form sent twice: the first one is in force.
        run = next(one for one in access.import_runs(kind="policy") if one.status == "applied")
        return redirect(f"/district/policy?done={run.pk}")
    if not form.basis.name and any(version["name"] == name for version in request.book.versions):
        raise Refusal("name_taken", "Another policy has this name; give it one of its own.")
    body = _body(form, request.book, name=name, reason=reason, in_force=in_force)
    run = actions.import_policy(actor=request.viewer, body=body, name=f"{name}.toml", at=request.moment)
    # What is in force later has changed nothing yet.
    later = f"&from={in_force.isoformat()}" if in_force > request.viewer.today else ""
    return redirect(f"/district/policy?done={run.pk}{later}")


def _trial(request: HttpRequest, form: Form, body: dict[str, Any]) -> Trial:
    students = None
    if form.of:
        led = rosters.schools_led(viewer=request.viewer)
        school = next((one for one in led if one.sourced_id == form.of), None)
        if school is None:
            raise Refusal("unknown_school", "There is no such school.")
        found = rosters.students_of_school(
            viewer=request.viewer, school_id=school.id, as_of=request.viewer.today
        )
        students = list(found.order_by().values_list("id", flat=True))
    elif queries.determinations_n() > MOST:
        raise Refusal(
            "choose_a_school",
            Sentence(
                "The district has more than %(n)s levels. Choose a school to look at, then another.", n=MOST
            ),
        )
    return actions.try_policy(
        actor=request.viewer, body=body, name=FILE, at=request.moment, students=students
    )


def _said(request: HttpRequest, form: Form, trial: Trial, body: dict[str, Any], data: Any) -> dict[str, Any]:
    settings = request.book.settings
    query = {key: data[key] for key in data if key not in PUBLISHING}
    least = settings["district"]["minimum_cell"]
    return {
        "trial": trial,
        "heading": trial_view.heading(trial),
        "lists": trial_view.lists(trial, language=get_language() or "en"),
        "tables": trial_view.tables(trial, on=trial.day, least=least, groups=form.whole),
        "least": least,
        "students_n": len(trial.students),
        "against": ", ".join(f"{name} {number}" for name, number in trial.against),
        "bias": trial_view.bias(trial, form, request.book),
        "changes": queries.scale_changes(body=body, now=request.moment),
        "fields": list(query.items()),
        "toml": queries.policy_text(body),
        "csv": "?" + urlencode({**query, "do": "try", "as": "csv"}),
        "download": "?" + urlencode({**query, "do": "try", "as": "toml"}),
    }


def _file(text: str, name: str, kind: str) -> HttpResponse:
    return named(HttpResponse(text, content_type=f"{kind}; charset=utf-8"), name)


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
