"""Template tags for the marks of the product: a level, a state, evidence boxes. Built once, reused by every page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from headway.kit.naming import spoken
from headway.kit.times import from_micros
from headway.pages.parts import figures, refused

register = template.Library()
register.filter("said", refused.said)
register.filter("placed", refused.placed)
register.filter("withheld_by", figures.withheld_by)
_CHOSEN = SafeString(' class="on"'), SafeString(' aria-current="true"')
WITH_LEVEL = ("not_yet", "proficient", "beyond", "level")


def state_words() -> dict[str, str]:
    """Return the words of states in the reader's language."""
    return _state_words(spoken())


@lru_cache(maxsize=8)
def _state_words(spoken: tuple[str, int]) -> dict[str, str]:
    return {
        "no_evidence": _("No evidence"),
        "too_little": _("Too little"),
        "not_yet": _("Not yet"),
        "proficient": _("Proficient"),
        "beyond": _("Beyond"),
        "missed": _("Missed"),
        "excused": _("Excused"),
        "not_taught": _("Not taught yet"),
        "individual_goal": _("Individual goal"),
        "carried": _("Carried, to be confirmed"),
    }


def state_letter(state: str) -> tuple[str, str]:
    """Return (kind of outline, letter) of a state without a level."""
    return _state_letters(spoken()).get(state, ("none", "–"))


@lru_cache(maxsize=8)
def _state_letters(spoken: tuple[str, int]) -> dict[str, tuple[str, str]]:
    return {
        "no_evidence": ("none", "–"),
        "too_little": ("thin", "?"),
        "missed": ("missed", _("M")),
        "excused": ("excused", _("Ex")),
        "not_taught": ("untaught", ""),
        "individual_goal": ("goal", _("G")),
        "carried": ("thin", "↷"),
        "not_yet": ("thin", _("N")),
    }


def rank_of(scale: dict[str, Any], hundredths: int) -> int:
    """Return the rank (from 1) of the highest level of the scale that a value reaches; the lowest where it reaches none."""
    rank = 1
    nearest = scale.get("cut") == "nearest"
    for position, level in enumerate(scale["levels"], start=1):
        at = round(level["value"] * 100)
        if hundredths >= at - (50 if nearest else 0):
            rank = position
    return rank


def level_name(level: dict[str, Any], language: str) -> str:
    """Return a level's name in a language, else its number."""
    names = level.get("name") or {}
    return names.get(language) or names.get("en") or f"{level['value']:g}"


def level_letter(level: dict[str, Any], language: str) -> str:
    """Return the one letter of a level: the scale's own in its first language, else the first of its name."""
    if language == "en" and level.get("letter"):
        return level["letter"]
    names = level.get("name") or {}
    if names.get(language):
        # Spanish names begin alike more often: the second word's letter keeps them apart (En desarrollo is D).
        words = names[language].split()
        return words[-1][0].upper()
    return level.get("letter") or f"{level['value']:g}"


@lru_cache(maxsize=4096)
def _mark(rank: int, letter: str, name: str) -> SafeString:
    return format_html(
        '<span class="lv" data-r="{}" aria-hidden="true">{}</span><span class="vh">{}</span>',
        rank,
        letter,
        name,
    )


@lru_cache(maxsize=256)
def _state(kind: str, letter: str, name: str) -> SafeString:
    return format_html(
        '<span class="st" data-s="{}" aria-hidden="true">{}</span><span class="vh">{}</span>',
        kind,
        letter,
        name,
    )


@register.simple_tag
def mark(standing: Any, scale: dict[str, Any]) -> SafeString:
    """Draw the mark of a standing: its level's letter in its silhouette, or its state's outline."""
    return draw(standing.state, standing.value, scale)


def rank_in(state: str, value: int, scale: dict[str, Any]) -> int:
    """Return the rank of a value that never contradicts its state.

    The state was cut from the exact value, and the value shown is rounded: 2.498 is not yet proficient at a cut of 2.5.
    """
    rank, cut = rank_of(scale, value), scale.get("proficient")
    first = next((n for n, level in enumerate(scale["levels"], 1) if level["value"] == cut), None)
    if first is None or state == "level":
        return rank
    return max(1, min(rank, first - 1)) if state == "not_yet" else max(rank, first)


def draw(state: str, value: int | None, scale: dict[str, Any]) -> SafeString:
    """Draw a state, with its level where it has one that may be shown as one; `level` is a rating's, which has no state."""
    language = get_language() or "en"
    if value is not None and state in WITH_LEVEL and len(scale["levels"]) <= 6:
        rank = rank_in(state, value, scale)
        level = scale["levels"][rank - 1]
        return _mark(rank, level_letter(level, language), level_name(level, language))
    if state == "level":
        return _state("thin", number(value), number(value))
    kind, letter = state_letter(state)
    return _state(kind, letter, state_words()[state])


def in_words(standing: Any, scale: dict[str, Any]) -> SafeString:
    """Draw the mark of a standing with its words beside it, for a row of a table."""
    words = say(standing.state, standing.value, scale)
    return in_words_of(draw(standing.state, standing.value, scale), words)


@lru_cache(maxsize=4096)
def in_words_of(drawn: SafeString, words: str) -> SafeString:
    return format_html('<span class="lvw">{}<span aria-hidden="true">{}</span></span>', drawn, words)


@register.simple_tag
def level_mark(value: int, scale: dict[str, Any]) -> SafeString:
    """Draw the mark of one rating's level (hundredths)."""
    return draw("level", value, scale)


@register.simple_tag
def words_of(standing: Any, scale: dict[str, Any]) -> str:
    """Say a standing in words: the level's name, or the state's."""
    return say(standing.state, standing.value, scale)


def say(state: str, value: int | None, scale: dict[str, Any]) -> str:
    """Return the words for a state and value."""
    if value is not None and state in WITH_LEVEL and len(scale["levels"]) <= 6:
        return level_name(scale["levels"][rank_in(state, value, scale) - 1], get_language() or "en")
    if state == "level":
        return number(value)
    return state_words()[state]


@register.simple_tag
def boxes(filled: int, required: int, state: str = "") -> SafeString:
    """Draw one box per required piece, filled as counted; one more, dashed, where all are in and something else is asked."""
    return _boxes(filled, required, state == "too_little" and filled >= required > 0, spoken())


@lru_cache(maxsize=1024)
def _boxes(filled: int, required: int, more: bool, spoken: tuple[str, int]) -> SafeString:
    shown = max(min(required, 8), 1)
    # Of more than eight each box stands for several, and the last is full only when all are in.
    enough = filled >= required > 0
    on = shown if enough else min(max(filled * shown // max(required, 1), int(filled > 0)), shown - 1)
    label = ngettext(
        "%(filled)d of %(required)d required piece is in",
        "%(filled)d of %(required)d required pieces are in",
        required,
    ) % {"filled": filled, "required": required}
    if more:
        label = f"{label}; {_('something else is still asked')}"
    marks = SafeString('<i class="on"></i>' * on + "<i></i>" * (shown - on) + '<i class="more"></i>' * more)
    return format_html('<span class="boxes" role="img" aria-label="{}">{}</span>', label, marks)


@register.simple_tag
def target_rows(targets: Iterable[Any]) -> SafeString:
    """Draw rows of a table of targets: name, level, evidence, and what comes next (None: the table has no such column).

    A long line has a hundred of them.
    """
    return SafeString("\n".join([_target_row(one) for one in targets]))


def _target_row(target: Any) -> str:
    on, here = _CHOSEN if target.chosen else ("", "")
    last = "" if target.next is None else f"<td>{_written(target.next)}</td>"
    return (
        f'<tr{on}><th scope="row"><a href="{_written(target.href)}"{here}>{_written(target.name)}</a></th>'
        f"<td>{target.mark}</td><td>{target.boxes}</td>{last}</tr>"
    )


@lru_cache(maxsize=8192)
def _written(text: str) -> str:
    """Return a text as markup. Names of targets come again with each row of each page."""
    return escape(text)


def from_pieces(n: int) -> str:
    """Say how many pieces of work something rests on."""
    return ngettext("from %(n)s piece of work", "from %(n)s pieces of work", n) % {"n": n}


@register.filter
def day(value: Any) -> str:
    """Say a day shortly in the reader's language and the school's zone: 12 Nov, with the year where it is not this one."""
    if value in (None, ""):
        return ""
    found = local_day(value)
    this_year = timezone.localdate().year
    return date_format(found, _("j M") if found.year == this_year else _("j M Y"))


@register.filter
def long_day(value: Any) -> str:
    """Say a day in full: Thursday 12 November 2026."""
    return date_format(local_day(value), _("l j F Y")) if value else ""


def local_day(value: Any) -> date:
    """Return the day in the active zone of an instant, of microseconds, or of a day."""
    if isinstance(value, int):
        value = from_micros(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).date()
    return value


@register.filter
def number(value: Any) -> str:
    """Say hundredths as a number without idle zeros: 3, 3.5, 3.45."""
    if value is None:
        return ""
    return f"{value / 100:.2f}".rstrip("0").rstrip(".")
