"""One cell: what its text must be, and what it means. Every check returns the meaning or raises `Fault`.

A value is never guessed. What may be read in more than one way (a day written D/M, an identifier that a
spreadsheet turned into a number) is a fault; what is merely untidy (outer spaces, an uncomposed accent) is
put right and listed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from headway.interop.oneroster.notes import Fault
from headway.kit.refusals import Sentence

Repair = Callable[[str, str], None]
Check = Callable[[str, Repair], Any]

LONGEST = 255
GRADES = frozenset(
    ["IT", "PR", "PK", "TK", "KG", *(f"{n:02d}" for n in range(1, 13)), "PS", "UG", "AE", "Other"]
)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE][+-]?\d+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SLASHED = re.compile(r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_SPREADSHEET_ZERO = date(1899, 12, 30)
_JOINER = "\u200d"


def tidy(text: str, repair: Repair) -> str:
    """Return text without outer spaces and with composed accents; refuse what cannot be seen."""
    if text.isascii() and text.isprintable() and text[0] != " " and text[-1] != " ":
        return text
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        repair("composed", "Accents were composed (NFC).")
    stripped = composed.strip(" \u00a0")
    if stripped != composed:
        repair("trimmed", "Spaces around the value were removed.")
    for at, character in enumerate(stripped):
        if not character.isprintable() and character not in " \u00a0":
            _refuse_unseen(stripped, at, character)
        elif character == "\ufffd":
            raise Fault("lost_character", "A character was lost before the file was written.")
    return stripped


def _refuse_unseen(text: str, at: int, character: str) -> None:
    category = unicodedata.category(character)
    if (
        character == _JOINER
        and 0 < at < len(text) - 1
        and not (text[at - 1].isalpha() or text[at + 1].isalpha())
    ):
        return  # joins two pictures to one
    if character in "\r\n":
        raise Fault("line_break", "A value contains a line break.")
    if category == "Cc":
        raise Fault("control_character", "A value contains a control character (such as a tab).")
    if category in ("Cf", "Zl", "Zp", "Co", "Cn"):
        raise Fault(
            "invisible_character",
            "A value contains a character that is invisible or turns the direction of text.",
        )


def words(text: str, repair: Repair) -> str:
    """Check a name, title or other free text."""
    clean = tidy(text, repair)
    if len(clean) > LONGEST:
        raise Fault("too_long", Sentence("The value is longer than %(most)s characters.", most=LONGEST))
    return clean


def identifier(text: str, repair: Repair) -> str:
    """Check a sourcedId: opaque, taken as it stands, refused where a spreadsheet has been at it."""
    if len(text) > LONGEST:
        raise Fault("too_long", Sentence("An identifier is longer than %(most)s characters.", most=LONGEST))
    if text[0] in " \u00a0\t" or text[-1] in " \u00a0\t":
        raise Fault("space_around", "An identifier has a space before or after it.")
    if not (text.isascii() and text.isprintable()):
        if unicodedata.normalize("NFC", text) != text:
            raise Fault("not_composed", "An identifier is written with uncomposed accents; send it in NFC.")
        tidy(text, repair)
    if text[0].isdigit() and _SCIENTIFIC.fullmatch(text):
        raise Fault(
            "spreadsheet_number",
            "A spreadsheet turned this identifier into a rounded number; its digits are lost.",
        )
    return text


def day(text: str, _repair: Repair) -> str:
    """Check a day, written YYYY-MM-DD; returned as text, because that is how it is staged."""
    found = _days.get(text)
    if found is None:
        found = _read_day(text)
        if len(_days) < 50_000:
            _days[text] = found
    return found


_days: dict[str, str] = {}


def _read_day(text: str) -> str:
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise Fault("no_such_day", "There is no such day.") from None
    if text.isdigit() and len(text) == 5:
        meant = _SPREADSHEET_ZERO + timedelta(days=int(text))
        raise Fault(
            "spreadsheet_date",
            Sentence(
                "A spreadsheet turned this day into a number, perhaps %(meant)s; write YYYY-MM-DD.",
                meant=meant,
            ),
        )
    if _SLASHED.fullmatch(text):
        raise Fault("ambiguous_date", "The order of day and month is not certain; write YYYY-MM-DD.")
    if _TIME.match(text):
        raise Fault("not_a_day", "This is a time, not a day; write YYYY-MM-DD.")
    raise Fault("not_a_day", "This is not a day; write YYYY-MM-DD.")


def instant(text: str, _repair: Repair) -> str:
    """Check a time of change: RFC 3339, or a day alone; returned in UTC, as sortable text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("not_a_time", "This is not a time such as 2026-08-15T06:00:00.000Z.") from None
    if found.tzinfo is not None:
        found = datetime.fromtimestamp(found.timestamp(), tz=found.tzinfo) - (
            found.utcoffset() or timedelta()
        )
    return found.replace(tzinfo=None).isoformat(timespec="milliseconds")


def year(text: str, _repair: Repair) -> int:
    """Check a school year: four digits, the year in which it ends."""
    if len(text) == 4 and text.isdigit() and text.isascii() and int(text) >= 1900:
        return int(text)
    raise Fault("not_a_year", "A school year is the year in which it ends, in four digits.")


def truth(text: str, repair: Repair) -> bool:
    """Check a boolean: true or false."""
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise Fault("not_true_or_false", "Only true and false are read here.")
    if lowered != text:
        repair("case", "Read as lower case.")
    return lowered == "true"


def one_of(*allowed: str, extended: bool = False) -> Check:
    """Return the check that a value is one of the standard's words, or begins with ext: where allowed."""
    known = frozenset(allowed)

    def check(text: str, repair: Repair) -> str:
        if text in known:
            return text
        if extended and text.startswith("ext:"):
            return words(text, repair)
        raise Fault(
            "unknown_value", Sentence("Only these are read here: %(known)s.", known=", ".join(allowed))
        )

    return check


def many(check: Check) -> Check:
    """Return the check for a list in one cell, separated by commas."""

    def check_all(text: str, repair: Repair) -> list[Any]:
        if "," not in text:
            return [check(text, repair)]
        found = []
        for part in text.split(","):
            part = part.strip(" ")
            if not part:
                raise Fault("empty_in_list", "A list has an empty place between its commas.")
            found.append(check(part, repair))
        if len(set(found)) < len(found):
            repair("repeated", "A value that stands twice in a list was taken once.")
        return list(dict.fromkeys(found))

    return check_all


def grade(text: str, _repair: Repair) -> str:
    """Check a grade code of CEDS."""
    if text in GRADES:
        return text
    raise Fault("unknown_grade", "Grades are written PK, KG, 01 to 12 (CEDS codes).")
