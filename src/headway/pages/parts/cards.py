"""A report card as a reader meets it: words made from frozen content, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from headway.kit.numbers import is_whole
from headway.pages.parts import growth as growing
from headway.pages.parts import pace as pacing
from headway.pages.parts import tags
from headway.pages.parts.asked import day_of_form
from headway.pages.parts.contested import contested_words
from headway.pages.parts.learning import beside_grade, grade_title, language
from headway.pages.parts.rules import policy_name, rule_name
from headway.pages.parts.todo import lacking
from headway.report_cards import actions, queries
from headway.report_cards.types import CardView

LANGUAGE_NAMES = {"en": "English", "es": "Español"}


@dataclass(frozen=True, slots=True)
class CardRow:
    """One target with its level in words."""

    name: str
    mark: SafeString
    from_n: str
    decided: bool
    asked: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A comment as it is read: `text` in `language`, and where that is a translation, the words it was made from."""

    text: str
    language: str
    author: str
    original: str
    original_language: str
    machine: bool
    checked_by: str
    foreign: str


@dataclass(frozen=True, slots=True)
class CardArea:
    """One area of a card: where the student works, levels, pace, growth, comment, each apart."""

    name: str
    where: str
    levels: list[tuple[str, list[CardRow]]]
    rules: list[str]
    paces: list[tuple[str, str, str]]
    growth: str
    growth_detail: str
    comment: Quote | None
    incomplete: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class CardPage:
    """One card. `issued_at` None for a proof; `changed` says what a reissue changed."""

    student: str
    over: str
    term: str
    as_of: date
    areas: list[CardArea]
    habits: list[tuple[str, list[CardRow]]]
    statement: Mapping[str, Any] | None
    contested: list[tuple[str, Mapping[str, Any]]]
    issue: int
    issued_at: datetime | None
    issued_by: str
    through: int
    digest: str
    why: str
    changed: list[str]


def card_page(card: CardView) -> CardPage:
    """Return a card in the reader's language. No statement."""
    content = card.content
    scales = content["scales"]
    statement = content["statement"]
    return CardPage(
        student=content["student"],
        over=" · ".join(part for part in (content["school"], grade_title(content["grade"])) if part),
        term=content["term"],
        as_of=date.fromisoformat(content["as_of"]),
        areas=[_area(one, scales, content["grade"]) for one in content["areas"]],
        habits=[(_name(one["name"]), [_row(row, scales) for row in one["rows"]]) for one in content["habits"]],
        statement=None if statement is None else {**statement, "day": date.fromisoformat(statement["day"])},
        contested=[
            (contested_words(one["kind"], _name(one["target"]) if one["target"] else ""),
             {**one, "day": date.fromisoformat(one["day"])})
            for one in content.get("contested", ())
        ],
        issue=card.issue, issued_at=card.issued_at if card.issue else None, issued_by=card.issued_by, through=card.through,
        digest=card.digest, why=card.change.get("why", ""), changed=changed(card),
    )  # fmt: skip


def show(
    request: HttpRequest, *, student: int, run: int, nav: str, back: str, back_name: str
) -> HttpResponse:
    """Show a card that was issued, the newest issue or the one asked for. The door has checked who may see the student."""
    issues = queries.issues_of(run=run, student=student)
    asked = request.GET.get("issue", "")
    wanted = int(asked) if is_whole(asked) else None
    card = next((one for one in issues if wanted is None or one.issue == wanted), None)
    if card is None:
        raise Http404
    context = {
        "nav": nav, "card": card_page(card), "issues": issues, "newest": issues[0].issue,
        "older": card.issue < issues[0].issue, "back": back, "back_name": back_name,
    }  # fmt: skip
    return render(request, "pages/parts/card.html", context)


def settle(request: HttpRequest) -> str:
    """Settle the incomplete that the button names (`settle-7` with `how-7`), and say so. The act checks who may."""
    number = request.POST.get("act", "").removeprefix("settle-")
    actions.settle_incomplete(
        actor=request.viewer, incomplete_id=int(number) if is_whole(number) else 0, how=request.POST.get(f"how-{number}", ""),
        reason=request.POST.get(f"reason-{number}", ""), at=request.moment,
        expires_on=day_of_form(request, f"expires_on-{number}"),
    )  # fmt: skip
    return _("The incomplete is settled. No level follows from that.")


def _name(names: Mapping[str, str]) -> str:
    return names.get(language()) or names["en"]


def _row(row: Mapping[str, Any], scales: Mapping[str, Any]) -> CardRow:
    scale = scales[row["scale"]]
    words = tags.say(row["state"], row["value"], scale)
    drawn = tags.in_words_of(tags.draw(row["state"], row["value"], scale), words)
    asked = lacking(row.get("lacking", ()))
    return CardRow(
        _name(row["name"]), drawn, tags.from_pieces(row["n"]) if row["n"] else "", row["decided"], asked
    )


def _by_level(one: Mapping[str, Any], scales: Mapping[str, Any]) -> list[tuple[str, list[CardRow]]]:
    """Return the rows under their levels, that of the present work first; without a title where all are of one level."""
    levels: dict[int | None, list[CardRow]] = {}
    for row in one["rows"]:
        levels.setdefault(row["level"], []).append(_row(row, scales))
    if len(levels) == 1:
        return [("", rows) for rows in levels.values()]
    order = sorted(levels, key=lambda level: (level != one["level"], level or 0))
    return [
        (_("Level %(level)s") % {"level": level} if level else _("Without a level"), levels[level])
        for level in order
    ]


def _area(one: Mapping[str, Any], scales: Mapping[str, Any], grade: str) -> CardArea:
    rate, detail = growth_words(one["growth"])
    incomplete = one["incomplete"]
    return CardArea(
        name=_name(one["name"]), where=where(one, grade), levels=_by_level(one, scales),
        rules=[rule_words(rule) for rule in one["rules"]],
        paces=[(pace["title"], pacing.kind(pace["state"]), pace_words(pace)) for pace in one["pace"]], growth=rate,
        growth_detail=detail, comment=quote(one["comment"]),
        incomplete=None if incomplete is None else {**incomplete, "expires_on": date.fromisoformat(incomplete["expires_on"])},
    )  # fmt: skip


def where(one: Mapping[str, Any], grade: str) -> str:
    """Say at which level of the continuum the student works, beside the grade, and how much of it is reached."""
    if one["level"] is None:
        return _("No level yet: too little was rated.")
    beside = beside_grade(one["level"], one["expected"], grade)
    said = {"level": one["level"], "reached": one["reached"], "of": one["targets"], "where": beside}
    if said["where"]:
        return (
            _("Works at level %(level)s, %(where)s; %(reached)s of %(of)s targets there are reached.") % said
        )
    return _("Works at level %(level)s; %(reached)s of %(of)s targets there are reached.") % said


def pace_words(pace: Mapping[str, Any]) -> str:
    """Say a frozen pace: the word, the pieces, and how many of the last weeks it is worked out from."""
    return _("%(word)s: %(filled)s of %(required)s pieces are in (%(n)s in the last weeks)") % {
        "word": pacing.word(pace["state"]), "filled": pace["filled"], "required": pace["required"], "n": pace["n"]}  # fmt: skip


def growth_words(one: Mapping[str, Any]) -> tuple[str, str]:
    """Say a frozen growth, and from what to what it goes, or why it is unknown."""
    if one["rate"] is None:
        return _("Unknown"), growing.unknown(one["reason"], one["weeks"])
    detail = _("from %(from)s in %(day)s to %(to)s, %(pieces)s") % {
        "from": growing.one_decimal(one["from"] / 100), "to": growing.one_decimal(one["to"] / 100),
        "pieces": tags.from_pieces(one["n"]),
        "day": date_format(date.fromisoformat(one["since"]), _("M Y"))}  # fmt: skip
    return growing.per_year(one["rate"] / 100), detail


def rule_words(rule: Mapping[str, Any]) -> str:
    """Say the rule that made levels: in words, then its name and version."""
    said = rule["words"].get(language()) or rule["words"]["en"]
    line = _("Rule: %(rule)s, version %(version)s; policy %(policy)s, number %(number)s, in force since %(day)s; %(pieces)s.") % {
        "rule": rule_name(rule["rule"]), "policy": policy_name(rule["policy"]), "version": rule["version"],
        "number": rule["number"], "pieces": tags.from_pieces(rule["n"]),
        "day": tags.day(date.fromisoformat(rule["in_force_on"])),
    }  # fmt: skip
    return f"{said} {line}"


def quote(one: Mapping[str, Any] | None) -> Quote | None:
    """Return a comment in the reader's language where it was written in it or translated into it, else as it was written."""
    if one is None:
        return None
    own, reader = one["language"], language()
    if own != reader and one.get("translation_language") == reader:
        return Quote(
            one["translation"], reader, one["author"], one["text"], own, one["machine"], one["checked_by"], ""
        )
    foreign = LANGUAGE_NAMES.get(own, own) if own != reader else ""
    return Quote(one["text"], own, one["author"], "", "", False, "", foreign)


# What a reissue changed.


def changed(card: CardView) -> list[str]:
    """Say what this issue changed: what was, what is; not what reads the same on both cards."""
    return [said for one in card.change.get("changes", ()) if (said := _changed(one, card))]


def _changed(one: Mapping[str, Any], card: CardView) -> str:
    area = _name(one["area"]) if "area" in one else ""
    was, now = one["was"], one["is"]
    if one["what"] == "target":
        return _target_changed(one, card, area)
    if one["what"] == "level":
        nothing = _("none")
        return _("%(area)s, level on the continuum: was %(was)s, is %(is)s.") % {
            "area": area, "was": was if was is not None else nothing, "is": now if now is not None else nothing}  # fmt: skip
    if one["what"] == "reached":
        return _("%(area)s, targets reached at the level: was %(was)s, is %(is)s.") % {
            "area": area, "was": was or 0, "is": now or 0}  # fmt: skip
    if one["what"] == "growth":
        pairs = [growth_words(each) if each else (_("none"), "") for each in (was, now)]
        if pairs[0] == pairs[1]:
            return ""
        same = pairs[0][0] == pairs[1][0]
        ends = [", ".join(part for part in pair if part) if same else pair[0] for pair in pairs]
        return _("%(area)s, growth: was %(was)s, is %(is)s.") % {"area": area, "was": ends[0], "is": ends[1]}
    if one["what"] == "pace":
        ends = ["; ".join(pace_words(each) for each in side or ()) or _("none") for side in (was, now)]
        if ends[0] == ends[1]:
            return ""
        return _("%(area)s, pace: was %(was)s, is %(is)s.") % {"area": area, "was": ends[0], "is": ends[1]}
    if one["what"] == "comment":
        ends = [f"“{each['text']}”" if each else _("none") for each in (was, now)]
        return _("%(area)s, comment: was %(was)s, is %(is)s.") % {"area": area, "was": ends[0], "is": ends[1]}
    if one["what"] == "incomplete":
        ends = [f"“{each['reason']}”" if each else _("none") for each in (was, now)]
        return _("%(area)s, incomplete: was %(was)s, is %(is)s.") % {
            "area": area,
            "was": ends[0],
            "is": ends[1],
        }
    if one["what"] == "rules":
        return _(
            "%(area)s: the rule or the number of pieces behind the levels changed; it stands with the area."
        ) % {"area": area}
    if one["what"] == "contested":
        return _("What the family states about a contested entry changed.")
    return {"statement": _("The family’s statement changed."), "student": _("The name of the student changed.")}.get(
        one["what"], _("The grade changed."))  # fmt: skip


def _target_changed(one: Mapping[str, Any], card: CardView, area: str) -> str:
    said = {"area": area, "target": _name(one["target"])}
    if one["was"]:
        said["was"] = _level(one["was"], card.change["scales"])
    if one["is"]:
        said["is"] = _level(one["is"], card.content["scales"])
    if not one["was"]:
        return _("%(area)s, %(target)s: new on the card, %(is)s.") % said
    if not one["is"]:
        return _("%(area)s, %(target)s: no longer on the card, was %(was)s.") % said
    return _("%(area)s, %(target)s: was %(was)s, is %(is)s.") % said


def _level(row: Mapping[str, Any], scales: Mapping[str, Any]) -> str:
    words = tags.say(row["state"], row["value"], scales[row["scale"]])
    if row.get("decided"):
        words = f"{words}, {_('decided by a teacher')}"
    if not row["n"]:
        return words
    return _("%(level)s (%(pieces)s)") % {"level": words, "pieces": tags.from_pieces(row["n"])}
