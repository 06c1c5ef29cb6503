"""How long what is written about work may be, and what a link is: one answer for giving, handing in and their pages."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

TITLE, WORDS, LINK = 200, 20_000, 500
_LINK = URLValidator(schemes=["http", "https"])


def wrong_in(*, title: str = "", words: str = "", link: str = "", reflection: str = "") -> set[str]:
    """Return the names of the fields that cannot be kept as they are; empty ones can.

    >>> sorted(wrong_in(title="x" * 201, words="x", link="javascript:alert(1)"))
    ['link', 'title']
    """
    found = {"title"} if len(title) > TITLE else set()
    found |= {name for name, text in (("words", words), ("reflection", reflection)) if len(text) > WORDS}
    if link and not _is_link(link):
        found.add("link")
    return found


def _is_link(text: str) -> bool:
    try:
        _LINK(text)
    except ValidationError:
        return False
    return len(text) <= LINK
