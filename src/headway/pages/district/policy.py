"""Policies in force, in words; and a new policy file: first who would move, then a yes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.access import queries as access
from headway.frameworks import queries as frameworks
from headway.kit.refusals import Refusal
from headway.pages.district import staging, trial_view
from headway.pages.district.imports import refused
from headway.pages.parts import tags
from headway.pages.parts.news import asks
from headway.pages.parts.rules import rule_names
from headway.proficiency import actions
from headway.science.proficiency import registry


@dataclass(frozen=True, slots=True)
class Card:
    """One policy version as the page says it."""

    name: str
    number: int
    in_force_on: date
    ahead: bool
    replaces: str
    where: str
    rule: str
    code: str
    words: str
    parameters: list[tuple[str, str]]
    asks: list[str]
    cut: str
    levels: list[dict[str, Any]]
    locked: str
    reason: str


def policy(request: HttpRequest) -> HttpResponse:
    """Show the policies; a file that is handed in shows who would move, and is applied after a yes."""
    if request.method == "POST":
        return _apply(request) if request.POST.get("token") else _try(request)
    book, today = request.book, request.viewer.today
    standing = _standing(book.versions, today)
    now = [version for version in standing if version["in_force_on"] <= today]
    cards = [
        _card(version, today, next((one for one in now if _replaces(version, one)), None))
        for version in standing
    ]
    settings = book.settings
    try:
        ahead = date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        ahead = today
    run = _run(request.GET.get("done", "")[:12])
    done = str(run.pk) if run is not None and run.status == "applied" else ""
    context = {"nav": "district.policy", "cards": cards, "n_in_force": len(now),
               "settings": settings, "done": done, "ahead": ahead if ahead > today else None,
               "moved": _moved(run) if done and ahead <= today else ""}  # fmt: skip
    return render(request, "pages/district/policy.html", context)


def _run(number: str) -> Any:
    return next((one for one in access.import_runs(kind="policy") if str(one.pk) == number), None)


def _moved(found: Any) -> str:
    """Say what an import of policies changed, as the trial before it said it."""
    if "moved_in" not in found.counts:
        return ""
    n, came, went = (found.counts[key] for key in ("determinations_changed", "moved_in", "moved_out"))
    return _(
        "Determinations that say something else now: %(n)s; became Proficient: %(came)s; no longer: %(went)s."
    ) % {"n": n, "came": came, "went": went}


def _standing(versions: tuple[dict[str, Any], ...], today: date) -> list[dict[str, Any]]:
    """Return the newest version of each policy that is in force, widest first, and after each those that will take its place."""
    newest: dict[str, dict[str, Any]] = {}
    ahead = []
    for version in versions:
        if version["in_force_on"] > today:
            ahead.append(version)
            continue
        kept = newest.get(version["name"])
        if kept is None or (version["in_force_on"], version["number"]) > (
            kept["in_force_on"],
            kept["number"],
        ):
            newest[version["name"]] = version
    found = sorted(newest.values(), key=lambda v: (len(v["applies"]), v["name"]))
    # The rule of the first day is silent as soon as the district has its own for everybody.
    if sum(not v["applies"] for v in found) > 1:
        found = [v for v in found if v["name"] != "start"]
    ahead.sort(key=lambda v: (v["in_force_on"], v["number"]))
    beside = [one for v in found for one in (v, *(a for a in ahead if _replaces(a, v)))]
    return [*beside, *(a for a in ahead if a not in beside)]


def _replaces(ahead: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether a version takes the place of another on its day: the next of its name, or the first for everybody."""
    first = now["name"] == "start" and not now["applies"] and not ahead["applies"]
    return ahead["in_force_on"] > now["in_force_on"] and (ahead["name"] == now["name"] or first)


def _card(version: dict[str, Any], today: date, replaced: dict[str, Any] | None) -> Card:
    body, language = version["body"], get_language() or "en"
    words, parameters = "", []
    if "rule" in body:
        rule = registry.rule(body["rule"])
        chosen = rule.parameters.from_mapping(body.get("parameters", {}))
        words = rule.words(chosen, language)
        names = {each.name: each.metadata[language].rstrip(".") for each in fields(rule.parameters)}
        parameters = [(names[name], f"{value:g}" if isinstance(value, float) else str(value))
                      for name, value in chosen.as_mapping().items()
                      if value is not None and (name, value) != ("order", "observed")]  # fmt: skip
    scale = body.get("_scale") or {"levels": []}
    levels = [
        {"name": tags.level_name(level, language), "value": f"{level['value']:g}"}
        for level in scale["levels"]
    ]
    named = rule_names().get(body["rule"], body["rule"]) if "rule" in body else ""
    code = f"{body['rule']} {registry.rule(body['rule']).version}" if "rule" in body else ""
    return Card(
        version["name"], version["number"], version["in_force_on"], version["in_force_on"] > today,
        _("“%(name)s”, version %(n)s") % {"name": replaced["name"], "n": replaced["number"]} if replaced else "",
        _where(version["applies"]), named, code, words, parameters,
        [*asks(body.get("requirement", {})), *otherwise(version["applies"], today)],
        _cut(body, scale), levels,
        ", ".join(body.get("locked", ())), body.get("reason", ""),
    )  # fmt: skip


def otherwise(applies: dict[str, str], today: date) -> list[str]:
    """Say how many targets ask for something of their own where a policy applies; nothing where none does."""
    n, of = frameworks.asking_otherwise(applies, on=today)
    if not n:
        return []
    said = ngettext(
        "%(n)s of %(of)s targets asks for something of its own instead",
        "%(n)s of %(of)s targets ask for something of their own instead",
        n,
    )
    return [said % {"n": n, "of": of}]


def _cut(body: dict[str, Any], scale: dict[str, Any]) -> str:
    """Say when a value counts as a level: as the policy itself says it, else its scale, else the policy above it."""
    said = body.get("cut") or (scale.get("cut", "reach") if scale["levels"] else "")
    return {
        "nearest": _("A value counts as the level that it is nearest to."),
        "reach": _("A value counts as a level only when it is reached."),
    }.get(said, _("As the next wider policy says."))


def _where(applies: dict[str, str]) -> str:
    if not applies:
        return _("Everywhere, unless a narrower policy speaks")
    said = {
        "school": _("in school %(x)s"),
        "framework": _("on the continuum %(x)s"),
        "area": _("in the area %(x)s"),
    }
    return ", ".join(said[key] % {"x": value} for key, value in applies.items())


def _try(request: HttpRequest) -> HttpResponse:
    try:
        staged = staging.keep(request, kind="policy", at=request.moment)
    except Refusal as refusal:
        return _show(request, refused(refusal), 422)
    try:
        body = actions.read_policy(staged.path.read_bytes(), name=staged.name)
        trial = actions.try_policy(actor=request.viewer, body=body, name=staged.name, at=request.moment)
    except Refusal as refusal:
        staged.discard()
        return _show(request, {"name": staged.name, **refused(refusal)}, 422)
    said = {
        "name": staged.name,
        "token": staged.token,
        "trial": trial,
        "heading": trial_view.heading(trial),
        "lists": trial_view.lists(trial, language=get_language() or "en"),
    }
    return _show(request, said)


def _apply(request: HttpRequest) -> HttpResponse:
    try:
        staged = staging.find(request, kind="policy")
        body = actions.read_policy(staged.path.read_bytes(), name=staged.name)
        run = actions.import_policy(actor=request.viewer, body=body, name=staged.name, at=request.moment)
    except Refusal as refusal:
        return _show(request, refused(refusal), 409)
    staged.discard()
    return redirect(f"/district/policy?done={run.pk}")


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(
        request, "pages/district/policy_trial.html", {"nav": "district.policy", **context}, status=status
    )
