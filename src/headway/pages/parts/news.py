"""A rule that changes is announced: one calm sentence, two weeks before its day and two weeks after, or after its publication
where it reaches back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.frameworks import queries as frameworks
from headway.pages.parts import tags
from headway.proficiency import queries
from headway.proficiency.queries import Book, RuleChange
from headway.proficiency.types import Chosen
from headway.science.proficiency import registry

DAYS = 14


@dataclass(frozen=True, slots=True)
class News:
    """One change of a rule: the sentence, and where it is explained."""

    sentence: str
    href: str


def news(book: Book, *, today: date, schools: Collection[str | None]) -> list[News]:
    """Return what is announced to people of some schools on a day, each change once.

    No statement: the book of the request knows.
    """
    changes = queries.rule_changes(book, on=today, days=DAYS)
    return [
        News(sentence(change, today), f"/account/rules/{change.id}")
        for change in sorted(changes, key=lambda one: (one.in_force_on, one.name))
        if change.applies.get("school") in (None, *schools)
    ]


def sentence(change: RuleChange, today: date) -> str:
    """Say from when a rule changes for what, and what is new about it."""
    ahead = change.in_force_on > today
    text = (
        _("From %(day)s the rule for %(where)s changes.")
        if ahead
        else _("Since %(day)s a new rule holds for %(where)s.")
    )
    said = [text % {"day": tags.day(change.in_force_on), "where": where(change.applies)}]
    if change.published_on is not None:
        said.append(
            _("It was published on %(day)s and reaches back.") % {"day": tags.day(change.published_on)}
        )
    return " ".join([*said, *changed(change)])


def where(applies: dict[str, str]) -> str:
    """Say where a policy applies, within a sentence."""
    language = get_language() or "en"
    name = _("all targets")
    if "area" in applies:
        found = frameworks.find_any(applies["area"])
        name = found[-1].called(language) if found else applies["area"]
    elif "framework" in applies:
        view = frameworks.find_framework(applies["framework"])
        name = view.called(language) if view is not None else applies["framework"]
    return _("%(name)s at this school") % {"name": name} if "school" in applies else name


def changed(change: RuleChange) -> list[str]:
    """Say what a change makes new, a sentence for each part."""
    before, after = change.before, change.after
    said = []
    if before is None or (before.rule, before.parameters) != (after.rule, after.parameters):
        said.append(rule_words(after))
    if before is not None and before.requirement != after.requirement:
        said.append(
            _("Asked for from then on: %(asks)s.")
            % {"asks": ", ".join(asks(after.requirement)) or _("nothing more")}
        )
    if before is not None and (before.cut, before.scale, before.proficient, before.beyond) != (
        after.cut, after.scale, after.proficient, after.beyond
    ):  # fmt: skip
        said.append(_("What counts as reached changes."))
    return said


def rule_words(chosen: Chosen) -> str:
    """Say a rule to a parent."""
    rule = registry.rule(chosen.rule)
    return rule.words(rule.parameters.from_mapping(chosen.parameters), get_language() or "en")


def asks(requirement: dict[str, int]) -> list[str]:
    """Say what a requirement asks for, one line each."""
    said = []
    for key, n in requirement.items():
        line = {
            "pieces": ngettext("%(n)s piece of evidence", "%(n)s pieces of evidence", n),
            "at_depth": ngettext("%(n)s of them at the depth asked", "%(n)s of them at the depth asked", n),
            "depth": _("depth %(n)s or deeper"), "days_apart": _("at least %(n)s days between the first and the last"),
            "raters": ngettext("by %(n)s rater", "by %(n)s different raters", n),
            "tasks": ngettext("from %(n)s task", "from %(n)s different tasks", n),
            "settings": ngettext("in %(n)s setting", "in %(n)s different settings", n),
            "observer_types": ngettext("by %(n)s type of observer", "by %(n)s types of observers", n),
            "certifying_pieces": ngettext(
                "%(n)s of them on a task whose rubric may certify", "%(n)s of them on tasks whose rubric may certify", n),
        }.get(key, f"{key} %(n)s")  # fmt: skip
        said.append(line % {"n": n})
    return said


def cut_words(chosen: Chosen) -> dict[str, Any]:
    """Return from which values a target is reached and gone beyond."""
    slack = 0.5 if chosen.cut == "nearest" else 0.0
    return {
        "proficient": None if chosen.proficient is None else f"{chosen.proficient - slack:g}",
        "beyond": None if chosen.beyond is None else f"{chosen.beyond - slack:g}",
    }
