"""Notices in words, in the language that is spoken now: the same sentences on the page and in the mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.notices import types
from headway.notices.types import Line


def sentence(line: Line) -> str:
    """Return the sentence of a line. No level, no title and no name stands in it."""
    said = {"n": line.n, "day": _day(line.on)}
    return {
        types.FEEDBACK: ngettext("%(n)s piece has new feedback.", "%(n)s pieces have new feedback.", line.n),
        types.ANSWERED: ngettext("%(n)s request was answered.", "%(n)s requests were answered.", line.n),
        types.MESSAGES: ngettext("%(n)s new message waits.", "%(n)s new messages wait.", line.n),
        types.CARD: ngettext("A report card was issued.", "%(n)s report cards were issued.", line.n),
        types.CONFERENCE: _("A conference was recorded (%(day)s): read what was agreed."),
        types.AGREED: ngettext(
            "%(n)s thing that was agreed is due by %(day)s.", "%(n)s things that were agreed are due by %(day)s.", line.n
        ),
        types.DUE: ngettext("%(n)s piece is due by %(day)s.", "%(n)s pieces are due by %(day)s.", line.n),
        types.HANDED_IN: ngettext(
            "%(n)s piece was handed in and waits for you.", "%(n)s pieces were handed in and wait for you.", line.n
        ),
        types.ASKED: ngettext("%(n)s request of a student waits for an answer.",
                              "%(n)s requests of students wait for an answer.", line.n),
        types.REPORTS: ngettext("%(n)s set of reports came, with figures as of %(day)s.",
                                "%(n)s sets of reports came, with figures as of %(day)s.", line.n),
    }[line.kind] % said  # fmt: skip


def _day(day: date | None) -> str:
    return "" if day is None else date_format(day, "MONTH_DAY_FORMAT")


def grouped(
    lines: Iterable[Line], *, reader: int | None, names: Mapping[int, str]
) -> list[tuple[str, list[Line]]]:
    """Return lines by whom they are about: the name is empty for the reader's own and for a teacher's."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        name = names.get(line.student, "") if line.student is not None and line.student != reader else ""
        found.setdefault(name, []).append(line)
    return sorted(found.items(), key=lambda pair: pair[0])


def digest(
    groups: Iterable[tuple[str, list[Line]]], *, reader: str, district: str, url: str
) -> tuple[str, str]:
    """Return subject and text of a digest's mail. The subject names nobody."""
    said = [_("Good day, %(name)s.") % {"name": reader}]
    for name, lines in groups:
        said.append("\n".join([*([f"{name}:"] if name else []), *(f"- {sentence(line)}" for line in lines)]))
    said += [
        _("Sign in to read it:") + f"\n{url}/account/sign-in?next=/account/notices",
        _("When this comes, and what is in it, you choose here:") + f"\n{url}/account/notices/settings",
        _("Levels and ratings are never sent by mail."),
    ]
    return _subject(_("What is new for you"), district), "\n\n".join(said) + "\n"


def verification(*, reader: str, district: str, link: str) -> tuple[str, str]:
    """Return subject and text of the mail that asks whether an address is the reader's."""
    said = [
        _("Good day, %(name)s.") % {"name": reader},
        _(
            "Somebody signed in with your name asked for notices at this address. If it was you, open this within three days:"
        )
        + f"\n{link}",
        _("If it was not you, do nothing: nothing more will come."),
    ]
    return _subject(_("Is this your address?"), district), "\n\n".join(said) + "\n"


def _subject(text: str, district: str) -> str:
    # A line's end in a name would begin another header.
    return " ".join(f"{text} · {district}".split())
